//! The softmax of a row: its largest logit, Σ e^(z − largest), and the probabilities that follow.

use super::formula::Probability;
use super::row::{Results, Row};
use super::stretch::{copy, stretch};
use crate::arithmetic::{Arithmetic, Mask, Pair};
use crate::element::Float;
use crate::sum::{Accumulator, rounded};

/// The largest logit of a row.
#[derive(Clone, Copy)]
pub(super) struct Top<T> {
    pub(super) logit: T,
    pub(super) class: usize,
    /// Whether it is ∞: all others then count as −∞ beside a 0.
    pub(super) is_infinite: bool,
}

/// The softmax of a row: Σ e^(z − largest) and what is made of it.
#[derive(Clone, Copy)]
pub(super) struct Softmax<T> {
    pub(super) top: Top<T>,
    /// The sum without the largest, whose share is 1.
    pub(super) rest: T,
    pub(super) sum: T,
    pub(super) reciprocal: T,
    pub(super) ln_sum: Pair<T>,
}

/// z − largest, rounded.
#[inline(always)]
fn rounded_distance<V: Arithmetic>(z: V, top: &Top<V::Element>) -> V {
    let largest = z.splat(top.logit);
    if top.is_infinite { V::select(z.eq(largest), z.zero(), z.number(f64::NEG_INFINITY)) } else { z - largest }
}

/// z − largest without error, as long as that is finite.
#[inline(always)]
pub(super) fn distance<V: Arithmetic>(z: V, top: &Top<V::Element>) -> Pair<V> {
    if top.is_infinite {
        return Pair::single(rounded_distance(z, top));
    }
    let Pair { hi, lo } = Pair::sum(z, -z.splat(top.logit));
    let is_finite = hi.ge(hi.number(-f64::from(V::Element::MAX_EXPONENT).exp2()));
    Pair { hi, lo: V::select(is_finite, lo, hi.zero()) }
}

impl<T: Float> Row<'_, T> {
    /// The largest logit, unless the softmax has no limit: NaN, ∞ twice, or nothing but −∞.
    #[inline(always)]
    pub(super) fn top<V: Arithmetic<Element = T>, const N: usize>(&self, context: V::Context) -> Option<Top<T>> {
        let lowest = T::from_f64(f64::NEG_INFINITY);
        let (mut padded, mut largest) = ([lowest; N], [lowest; N]);
        let mut start = 0;
        let mut is_number = true;
        while start < self.logits.len() {
            let range = start..self.logits.len().min(start + N);
            let logits = stretch(&self.logits[range.clone()], &mut padded);
            let mut at = 0;
            while at < range.len() {
                let z = V::load(context, logits, at);
                is_number &= z.eq(z).all();
                z.max(V::load(context, &largest, at)).store(&mut largest, at);
                at += V::LANES;
            }
            start += N;
        }
        let mut width = N;
        while width > 1 {
            width /= 2;
            for i in 0..width {
                largest[i] = if largest[i] > largest[width + i] { largest[i] } else { largest[width + i] };
            }
        }
        let logit = largest[0];
        if !is_number || logit == lowest {
            return None;
        }
        let class = self.find::<V, N>(context, logit, 0)?;
        let is_infinite = logit == T::from_f64(f64::INFINITY);
        if is_infinite && self.find::<V, N>(context, logit, class + 1).is_some() {
            return None;
        }
        Some(Top { logit, class, is_infinite })
    }

    /// The first class from `from` on with this logit.
    #[inline(always)]
    fn find<V: Arithmetic<Element = T>, const N: usize>(
        &self,
        context: V::Context,
        logit: T,
        from: usize,
    ) -> Option<usize> {
        let mut start = from;
        while start + V::LANES <= self.logits.len() {
            let z = V::load(context, self.logits, start);
            if !(!z.eq(z.splat(logit))).all() {
                break;
            }
            start += V::LANES;
        }
        while start < self.logits.len() {
            if self.logits[start] == logit {
                return Some(start);
            }
            start += 1;
        }
        None
    }

    /// The softmax; every e^(z − largest) goes to the first of the outputs that is there.
    #[inline(always)]
    pub(super) fn softmax<V: Arithmetic<Element = T>, const N: usize>(
        &self,
        context: V::Context,
        top: Top<T>,
        results: &mut Results<'_, T>,
    ) -> Softmax<T> {
        let zero = T::from_f64(0.0);
        let mut sum = Accumulator::new(None);
        let mut padded = [T::from_f64(f64::NEG_INFINITY); N];
        let mut start = 0;
        while start < self.logits.len() {
            let range = start..self.logits.len().min(start + N);
            let logits = stretch(&self.logits[range.clone()], &mut padded);
            let mut powers = [zero; N];
            exponentials::<V, N>(context, logits, &top, range.len(), &mut powers);
            if let Some(output) = results.iter_mut().flatten().next() {
                copy(&powers, &mut output[range.clone()]);
            }
            if range.contains(&top.class) {
                powers[top.class - start] = zero;
            }
            sum.add(&powers[..range.len()]);
            start += N;
        }
        let (one, rest) = (T::Sum::from_f64(1.0), rounded::<T>(sum.total()));
        let (sum, ln) = (one + rest, rest.ln_1p());
        let hi = T::from_sum(ln);
        let ln_sum = Pair { hi, lo: T::from_sum(ln - T::Sum::from(hi)) };
        Softmax { top, rest: T::from_sum(rest), sum: T::from_sum(sum), reciprocal: T::from_sum(one / sum), ln_sum }
    }
}

impl<T: Float> Softmax<T> {
    #[inline(always)]
    pub(super) fn probability<V: Arithmetic<Element = T>>(&self, power: V, logit: V) -> Probability<V> {
        let reciprocal = power.splat(self.reciprocal);
        let ln_sum = Pair { hi: power.splat(self.ln_sum.hi), lo: power.splat(self.ln_sum.lo) };
        let distance = rounded_distance(logit, &self.top);
        Probability {
            p: power * reciprocal,
            q: (power.splat(self.sum) - power) * reciprocal,
            ln: distance - ln_sum.hi,
            logit,
            largest: power.splat(self.top.logit),
            distance,
            ln_sum,
        }
    }
}

/// e^(z − largest) of the first `count` classes of a stretch.
#[inline(always)]
pub(super) fn exponentials<V: Arithmetic, const N: usize>(
    context: V::Context,
    logits: &[V::Element; N],
    top: &Top<V::Element>,
    count: usize,
    powers: &mut [V::Element; N],
) {
    let mut at = 0;
    while at < count {
        V::exp_pair(distance(V::load(context, logits, at), top)).store(powers, at);
        at += V::LANES;
    }
}
