//! The passes over a row: for the softmax, for the sums of what the classes contribute, and for the results.
//!
//! A row is passed over while it is in the nearest cache.

use super::formula::Probability;
use super::row::{GRADIENT, HESSIAN, Order, PRODUCT, Results, Row, Target, fill};
use super::share::{Room, Shares, Smoothing};
use super::softmax::Softmax;
use super::stretch::copy;
use crate::arithmetic::{Arithmetic, Scalar};
use crate::element::Float;
use crate::stages::focal::Jet;
use crate::sum::{Accumulator, rounded};

/// What all classes of a row have in common once their sums are known.
struct Totals<T> {
    /// Σ ∂L/∂ln p.
    first: T,
    /// Σ ∂²L/∂(ln p)².
    second: T,
    /// Σ p·v, where v is measured from that of the largest logit.
    mean: T,
    /// Σ ∂²L/∂(ln p)²·(v − mean).
    bent: T,
}

impl<T: Float> Row<'_, T> {
    /// The loss of the row; the other results go to slices.
    #[inline(always)]
    pub(super) fn evaluate<V: Arithmetic<Element = T>, const N: usize>(
        &self,
        context: V::Context,
        weight: T::Sum,
        scale: T,
        results: &mut Results<'_, T>,
    ) -> T {
        let (zero, nothing) = (T::from_f64(0.0), T::Sum::from_f64(0.0));
        let weight = match self.target {
            Target::Absent => nothing,
            Target::Class(class) => weight * T::Sum::from(self.plan.class_weight.of(class)),
            Target::Spread => weight * self.mean_class_weight(),
        };
        if weight == nothing {
            fill(results, zero);
            return zero;
        }
        let Some(top) = self.top::<V, N>(context) else {
            let nan = T::from_f64(f64::NAN);
            fill(results, nan);
            return nan;
        };
        let softmax = self.softmax::<V, N>(context, top, results);
        let scale = T::from_sum(weight * T::Sum::from(scale));
        let loss = self.shares_of_classes::<V, N>(context, &softmax, scale, results);
        T::from_sum(weight * T::Sum::from(loss))
    }

    /// The loss of the row, unweighted, and its derivatives, multiplied by a scale.
    ///
    /// The target class, or the largest logit of a target that is spread, is left out of the loops over classes and
    /// evaluated by itself: its complement 1 − p keeps the digits that p has lost.
    #[inline(always)]
    fn shares_of_classes<V: Arithmetic<Element = T>, const N: usize>(
        &self,
        context: V::Context,
        softmax: &Softmax<T>,
        scale: T,
        results: &mut Results<'_, T>,
    ) -> T {
        let zero = T::from_f64(0.0);
        let order = match (&results[GRADIENT], &results[HESSIAN], &results[PRODUCT]) {
            (None, None, None) => Order::Value,
            (_, None, None) => Order::First,
            _ => Order::Second,
        };
        let smoothing = self.smoothing();
        let apart = if let Target::Class(class) = self.target { class } else { softmax.top.class };
        let (own, own_share) = self.share_of(apart, softmax, &smoothing, order);
        let is_alone = matches!(self.target, Target::Class(_)) && smoothing.floor <= zero;
        let mut totals = Totals { first: zero, second: zero, mean: zero, bent: zero };
        if !self.vector.is_empty() {
            totals.mean = self.mean_of_vector::<V, N>(context, softmax, results);
        }
        let mut value = zero;
        let [mut first, mut second, mut bent] = [zero; 3];
        let own_bent = own_share.second * (self.measured(apart, softmax) - totals.mean);
        if !is_alone {
            let mut sums = [(); 4].map(|()| Accumulator::new(None));
            let mut room = Room::<T, N>::new();
            let mut shares = Shares::<T, N>::new();
            let mut start = 0;
            while start < self.logits.len() {
                let range = start..self.logits.len().min(start + N);
                let block = room.block::<V>(context, self, softmax, results, range.clone());
                self.shares::<V, N>(context, softmax, &smoothing, &block, range.len(), order, &mut shares);
                let mut bent = [zero; N];
                if order >= Order::Second && !self.vector.is_empty() {
                    let mut at = 0;
                    while at < range.len() {
                        let v = V::load(context, block.vector, at);
                        let v = v - v.splat(self.vector[softmax.top.class]) - v.splat(totals.mean);
                        (V::load(context, &shares.second, at) * v).store(&mut bent, at);
                        at += V::LANES;
                    }
                }
                let terms = [&mut shares.value, &mut shares.first, &mut shares.second, &mut bent];
                let mut k = 0;
                while k < 4 {
                    if range.contains(&apart) {
                        terms[k][apart - start] = zero;
                    }
                    if k == 0 || k <= order as usize || (k == 3 && !self.vector.is_empty()) {
                        sums[k].add(&terms[k][..range.len()]);
                    }
                    k += 1;
                }
                start += N;
            }
            value = total(&sums[0]);
            if order >= Order::First {
                first = total(&sums[1]);
            }
            if order >= Order::Second {
                second = total(&sums[2]);
                bent = total(&sums[3]);
            }
        }
        value = value + own_share.value;
        if order == Order::Value {
            return value;
        }
        totals.first = first + own_share.first;
        totals.second = second + own_share.second;
        totals.bent = bent + own_bent;

        self.write::<V, N>(context, softmax, &smoothing, &totals, is_alone, order, scale, results);
        let Probability { p: Scalar(p), q: Scalar(q), .. } = own;
        if let Some(gradient) = &mut results[GRADIENT] {
            gradient[apart] = (own_share.first * q - p * first) * scale;
        }
        if let Some(hessian) = &mut results[HESSIAN] {
            hessian[apart] = (own_share.second * q * q - p * q * totals.first + p * p * second) * scale;
            let top = softmax.top.class;
            if top != apart {
                let (Probability { p: Scalar(p), q: Scalar(q), .. }, share) =
                    self.share_of(top, softmax, &smoothing, order);
                let others = totals.second - share.second;
                hessian[top] = (share.second * q * q - p * q * totals.first + p * p * others) * scale;
            }
        }
        if let Some(product) = &mut results[PRODUCT] {
            let v = self.measured(apart, softmax) - totals.mean;
            product[apart] = ((own_share.second * q - p * totals.first) * v - p * bent) * scale;
        }
        value
    }

    /// The vector's element of a class, measured from that of the largest logit; 0 without a vector.
    #[inline(always)]
    fn measured(&self, class: usize, softmax: &Softmax<T>) -> T {
        if self.vector.is_empty() {
            return T::from_f64(0.0);
        }
        self.vector[class] - self.vector[softmax.top.class]
    }

    /// Σ p·v, where v is measured from that of the largest logit.
    #[inline(always)]
    fn mean_of_vector<V: Arithmetic<Element = T>, const N: usize>(
        &self,
        context: V::Context,
        softmax: &Softmax<T>,
        results: &Results<'_, T>,
    ) -> T {
        let zero = T::from_f64(0.0);
        let mut sum = Accumulator::new(None);
        let mut room = Room::<T, N>::new();
        let mut start = 0;
        while start < self.logits.len() {
            let range = start..self.logits.len().min(start + N);
            let mut terms = [zero; N];
            let block = room.block::<V>(context, self, softmax, results, range.clone());
            let mut at = 0;
            while at < range.len() {
                let p =
                    V::load(context, block.powers, at) * V::load(context, block.powers, at).splat(softmax.reciprocal);
                let v = V::load(context, block.vector, at) - p.splat(self.vector[softmax.top.class]);
                (p * v).store(&mut terms, at);
                at += V::LANES;
            }
            sum.add(&terms[..range.len()]);
            start += N;
        }
        total(&sum)
    }

    /// Writes the derivatives of all classes; that which is left out is of no account yet.
    #[inline(always)]
    #[expect(clippy::too_many_arguments, reason = "what a row knows by then")]
    fn write<V: Arithmetic<Element = T>, const N: usize>(
        &self,
        context: V::Context,
        softmax: &Softmax<T>,
        smoothing: &Smoothing<T>,
        totals: &Totals<T>,
        is_alone: bool,
        order: Order,
        scale: T,
        results: &mut Results<'_, T>,
    ) {
        let mut room = Room::<T, N>::new();
        let mut shares = Shares::<T, N>::new();
        let mut start = 0;
        while start < self.logits.len() {
            let range = start..self.logits.len().min(start + N);
            let mut derivatives = [[T::from_f64(0.0); N]; 3];
            let block = room.block::<V>(context, self, softmax, results, range.clone());
            if !is_alone {
                self.shares::<V, N>(context, softmax, smoothing, &block, range.len(), order, &mut shares);
            }
            let mut at = 0;
            while at < range.len() {
                let (p, share) = if is_alone {
                    let e = V::load(context, block.powers, at);
                    (e * e.splat(softmax.reciprocal), Jet { value: e.zero(), first: e.zero(), second: e.zero() })
                } else {
                    let share = Jet {
                        value: V::load(context, &shares.value, at),
                        first: V::load(context, &shares.first, at),
                        second: V::load(context, &shares.second, at),
                    };
                    (V::load(context, &shares.p, at), share)
                };
                let (first, scale) = (p.splat(totals.first), p.splat(scale));
                if results[GRADIENT].is_some() {
                    ((-p).mul_add(first, share.first) * scale).store(&mut derivatives[GRADIENT], at);
                }
                if results[HESSIAN].is_some() {
                    let q = p.one() - p;
                    let own = share.second * (q - p);
                    let diagonal = p.mul_add((-q).mul_add(first, p * p.splat(totals.second)), own);
                    (diagonal * scale).store(&mut derivatives[HESSIAN], at);
                }
                if results[PRODUCT].is_some() {
                    let v = V::load(context, block.vector, at);
                    let v = v - v.splat(self.vector[softmax.top.class]) - v.splat(totals.mean);
                    let product = (-p).mul_add(first, share.second) * v - p * p.splat(totals.bent);
                    (product * scale).store(&mut derivatives[PRODUCT], at);
                }
                at += V::LANES;
            }
            for (output, derivatives) in results.iter_mut().zip(&derivatives) {
                if let Some(output) = output {
                    copy(derivatives, &mut output[range.clone()]);
                }
            }
            start += N;
        }
    }
}

/// A sum of the classes of a row.
#[inline(always)]
fn total<T: Float>(sum: &Accumulator<T>) -> T {
    T::from_sum(rounded::<T>(sum.total()))
}
