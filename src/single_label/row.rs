//! Takes rows of logits through the formula.
//!
//! A row is passed over while it is in the nearest cache: for the largest logit, for Σ e^(z − largest), for the sums of
//! what the classes contribute, and for the results. Sums over classes stand in as many partial sums as a stretch has
//! elements, so that they have the same bits for vectors of any width.

use super::formula::{Probability, blended, other, scaled, target};
use super::plan::Plan;
use crate::arithmetic::{Arithmetic, Mask, Native, Pair, Scalar, Task, run};
use crate::element::Float;
use crate::focal::Jet;
use castaway::cast;
use std::ops::Range;

/// The number of classes that are on the way together.
pub(super) const STRETCH: usize = 64;

/// The size of an element, in bytes, above which classes go one by one, or a stretch of them would fill the stack.
const LARGE: usize = 64;

/// What a row is to be.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Target {
    /// Nothing: the row does not count.
    Absent,
    /// One class.
    Class(usize),
    /// Spread over classes.
    Spread,
}

/// Rows to evaluate, one behind the other, and where the results go.
#[derive(Debug)]
pub(super) struct Rows<'a, T> {
    pub(super) classes: usize,
    pub(super) logits: &'a [T],
    /// One per row.
    pub(super) targets: &'a [Target],
    /// What the results of each row are multiplied by.
    pub(super) weights: &'a [T],
    /// The shares of the classes in the targets; there if a target is spread.
    pub(super) shares: &'a [T],
    /// What the Hessian is multiplied with.
    pub(super) vector: Option<&'a [T]>,
    /// What all results but the losses are multiplied by.
    pub(super) scale: T,
    /// One per row.
    pub(super) losses: &'a mut [T],
    /// Gradient, diagonal of the Hessian, product of Hessian and vector.
    pub(super) results: Results<'a, T>,
}

/// Gradient, diagonal of the Hessian, product of Hessian and vector: those that are asked for.
pub(super) type Results<'a, T> = [Option<&'a mut [T]>; 3];

const GRADIENT: usize = 0;
const HESSIAN: usize = 1;
const PRODUCT: usize = 2;

/// Evaluates rows: `f32` and `f64` in vectors, other elements one by one.
pub(super) fn evaluate<T: Float>(plan: &Plan<T>, mut rows: Rows<'_, T>) {
    if let Ok(plan) = cast!(plan, &Plan<f32>)
        && let Some(rows) = rows.reborrow_as()
    {
        return evaluate_single(plan, rows);
    }
    if let Ok(plan) = cast!(plan, &Plan<f64>)
        && let Some(rows) = rows.reborrow_as()
    {
        return evaluate_double(plan, rows);
    }
    if size_of::<T>() > LARGE { scalars::<T, 1>(plan, rows) } else { scalars::<T, STRETCH>(plan, rows) }
}

/// Not inlined, so that no call but this makes room for it on the stack.
#[inline(never)]
fn scalars<T: Float, const N: usize>(plan: &Plan<T>, rows: Rows<'_, T>) {
    all::<Scalar<T>, N>((), plan, rows);
}

// Functions without parameters are compiled with this crate and not, unoptimized perhaps, with its user.

fn evaluate_single(plan: &Plan<f32>, rows: Rows<'_, f32>) {
    run(Evaluate { plan, rows });
}

fn evaluate_double(plan: &Plan<f64>, rows: Rows<'_, f64>) {
    run(Evaluate { plan, rows });
}

struct Evaluate<'a, T> {
    plan: &'a Plan<T>,
    rows: Rows<'a, T>,
}

impl<T: Native> Task<T> for Evaluate<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<V: Arithmetic<Element = T>>(self, context: V::Context) {
        all::<V, STRETCH>(context, self.plan, self.rows);
    }
}

impl<T: Float> Rows<'_, T> {
    /// The same rows, if `U` is `T`.
    fn reborrow_as<U: Float>(&mut self) -> Option<Rows<'_, U>> {
        fn output<'a, T: Float, U: Float>(elements: &'a mut Option<&mut [T]>) -> Option<&'a mut [U]> {
            elements.as_deref_mut().and_then(|elements| cast!(elements, &mut [U]).ok())
        }
        let [gradient, hessian, product] = &mut self.results;
        Some(Rows {
            classes: self.classes,
            logits: cast!(self.logits, &[U]).ok()?,
            targets: self.targets,
            weights: cast!(self.weights, &[U]).ok()?,
            shares: cast!(self.shares, &[U]).ok()?,
            vector: match self.vector {
                Some(vector) => Some(cast!(vector, &[U]).ok()?),
                None => None,
            },
            scale: cast!(self.scale, U).ok()?,
            losses: cast!(&mut *self.losses, &mut [U]).ok()?,
            results: [output(gradient), output(hessian), output(product)],
        })
    }
}

#[inline(always)]
fn all<V: Arithmetic, const N: usize>(context: V::Context, plan: &Plan<V::Element>, rows: Rows<'_, V::Element>) {
    let Rows { classes, logits, targets, weights, shares, vector, scale, losses, mut results } = rows;
    let mut row = 0;
    while row < targets.len() {
        let range = row * classes..(row + 1) * classes;
        let [gradient, hessian, product] = &mut results;
        let mut results = [part(gradient, &range), part(hessian, &range), part(product, &range)];
        let input = Row {
            plan,
            logits: &logits[range.clone()],
            target: targets[row],
            shares: if let Target::Spread = targets[row] { &shares[range.clone()] } else { &[] },
            vector: match vector {
                Some(vector) => &vector[range],
                None => &[],
            },
        };
        losses[row] = input.evaluate::<V, N>(context, weights[row], scale, &mut results);
        row += 1;
    }
}

/// The part of an output that belongs to a row.
#[inline(always)]
fn part<'a, T>(output: &'a mut Option<&mut [T]>, range: &Range<usize>) -> Option<&'a mut [T]> {
    match output {
        Some(output) => Some(&mut output[range.clone()]),
        None => None,
    }
}

#[inline(always)]
fn fill<T: Float>(results: &mut Results<'_, T>, x: T) {
    for output in results.iter_mut().flatten() {
        output.fill(x);
    }
}

/// One row of logits and what it is to be.
#[derive(Clone, Copy)]
struct Row<'a, T> {
    plan: &'a Plan<T>,
    logits: &'a [T],
    target: Target,
    /// Empty unless the target is spread over classes.
    shares: &'a [T],
    /// Empty unless the Hessian is to be multiplied with a vector.
    vector: &'a [T],
}

/// The largest logit of a row.
#[derive(Clone, Copy)]
struct Top<T> {
    logit: T,
    class: usize,
    /// Whether it is ∞: all others then count as −∞ beside a 0.
    is_infinite: bool,
}

/// The softmax of a row: Σ e^(z − largest) and what is made of it.
#[derive(Clone, Copy)]
struct Softmax<T> {
    top: Top<T>,
    /// The sum without the largest, whose share is 1.
    rest: T,
    sum: T,
    reciprocal: T,
    ln_sum: Pair<T>,
}

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

/// How the target is spread: t = keep·y + floor.
#[derive(Clone, Copy)]
struct Smoothing<T> {
    keep: T,
    floor: T,
    whole: T,
}

/// z − largest, rounded.
#[inline(always)]
fn rounded_distance<V: Arithmetic>(z: V, top: &Top<V::Element>) -> V {
    let largest = z.splat(top.logit);
    if top.is_infinite { V::select(z.eq(largest), z.zero(), z.number(f64::NEG_INFINITY)) } else { z - largest }
}

/// z − largest without error, as long as that is finite.
#[inline(always)]
fn distance<V: Arithmetic>(z: V, top: &Top<V::Element>) -> Pair<V> {
    if top.is_infinite {
        return Pair::single(rounded_distance(z, top));
    }
    let Pair { hi, lo } = Pair::sum(z, -z.splat(top.logit));
    let is_finite = hi.ge(hi.number(-f64::from(V::Element::MAX_EXPONENT).exp2()));
    Pair { hi, lo: V::select(is_finite, lo, hi.zero()) }
}

impl<T: Float> Row<'_, T> {
    /// The loss of the row; the other results go to slices.
    #[inline(always)]
    fn evaluate<V: Arithmetic<Element = T>, const N: usize>(
        &self,
        context: V::Context,
        weight: T,
        scale: T,
        results: &mut Results<'_, T>,
    ) -> T {
        let zero = T::from_f64(0.0);
        let weight = match self.target {
            Target::Absent => zero,
            Target::Class(class) => weight * self.plan.class_weight.of(class),
            Target::Spread => weight * self.mean_class_weight(),
        };
        if weight == zero {
            fill(results, zero);
            return zero;
        }
        let Some(top) = self.top::<V, N>(context) else {
            let nan = T::from_f64(f64::NAN);
            fill(results, nan);
            return nan;
        };
        let softmax = self.softmax::<V, N>(context, top, results);
        weight * self.shares_of_classes::<V, N>(context, &softmax, weight * scale, results)
    }

    /// Σ y·weight over the classes.
    fn mean_class_weight(&self) -> T {
        let mut sum = T::from_f64(0.0);
        for (class, &y) in self.shares.iter().enumerate() {
            sum = sum + y * self.plan.class_weight.of(class);
        }
        sum
    }

    /// The largest logit, unless the softmax has no limit: NaN, ∞ twice, or nothing but −∞.
    #[inline(always)]
    fn top<V: Arithmetic<Element = T>, const N: usize>(&self, context: V::Context) -> Option<Top<T>> {
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
    fn softmax<V: Arithmetic<Element = T>, const N: usize>(
        &self,
        context: V::Context,
        top: Top<T>,
        results: &mut Results<'_, T>,
    ) -> Softmax<T> {
        let zero = T::from_f64(0.0);
        let mut sums = [zero; N];
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
            add(&powers, range.len(), &mut sums);
            start += N;
        }
        let rest = total(sums);
        let sum = T::from_f64(1.0) + rest;
        let ln = T::Sum::from(rest).ln_1p();
        let hi = T::from_sum(ln);
        let ln_sum = Pair { hi, lo: T::from_sum(ln - T::Sum::from(hi)) };
        Softmax { top, rest, sum, reciprocal: T::from_f64(1.0) / sum, ln_sum }
    }

    /// How the target is spread. Smoothing that rounds to nothing is none.
    fn smoothing(&self) -> Smoothing<T> {
        let epsilon = self.plan.label_smoothing;
        let floor = epsilon / self.logits.len() as f64;
        Smoothing {
            keep: T::from_f64(1.0 - epsilon),
            floor: T::from_f64(floor),
            whole: T::from_f64(1.0 - epsilon + floor),
        }
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
        let order = if results[HESSIAN].is_some() || results[PRODUCT].is_some() {
            2
        } else {
            u8::from(results[GRADIENT].is_some())
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
            let mut sums = [[zero; N]; 4];
            let mut room = Room::<T, N>::new();
            let mut start = 0;
            while start < self.logits.len() {
                let range = start..self.logits.len().min(start + N);
                let mut terms = [[zero; N]; 4];
                let block = room.block::<V>(context, self, softmax, results, range.clone());
                let mut at = 0;
                while at < range.len() {
                    let (_, share) = self.share::<V, N>(context, softmax, &smoothing, &block, at, order);
                    share.value.store(&mut terms[0], at);
                    if order >= 1 {
                        share.first.store(&mut terms[1], at);
                    }
                    if order >= 2 {
                        share.second.store(&mut terms[2], at);
                        if !self.vector.is_empty() {
                            let v = V::load(context, block.vector, at);
                            let v = v - v.splat(self.vector[softmax.top.class]) - v.splat(totals.mean);
                            (share.second * v).store(&mut terms[3], at);
                        }
                    }
                    at += V::LANES;
                }
                let mut k = 0;
                while k < 4 {
                    if range.contains(&apart) {
                        terms[k][apart - start] = zero;
                    }
                    if k == 0 || k <= usize::from(order) || (k == 3 && !self.vector.is_empty()) {
                        add(&terms[k], range.len(), &mut sums[k]);
                    }
                    k += 1;
                }
                start += N;
            }
            value = total(sums[0]);
            if order >= 1 {
                first = total(sums[1]);
            }
            if order >= 2 {
                second = total(sums[2]);
                bent = total(sums[3]);
            }
        }
        value = value + own_share.value;
        if order == 0 {
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

    /// Probability and share of one class.
    #[inline(always)]
    fn share_of(
        &self,
        class: usize,
        softmax: &Softmax<T>,
        smoothing: &Smoothing<T>,
        order: u8,
    ) -> (Probability<Scalar<T>>, Jet<T>) {
        let z = Scalar(self.logits[class]);
        let power = if class == softmax.top.class { z.one() } else { Scalar::exp_pair(distance(z, &softmax.top)) };
        let mut probability = softmax.probability(power, z);
        if class == softmax.top.class {
            probability.q = Scalar(softmax.rest * softmax.reciprocal);
        }
        let Plan { gamma_neg, gamma_pos, .. } = self.plan;
        let other = || other(&probability, Scalar(gamma_neg.column.of(class)), gamma_neg.whole, order);
        let target = || target(&probability, Scalar(gamma_pos.column.of(class)), gamma_pos.whole, order);
        let share = match self.target {
            Target::Class(only) if only == class => scaled(target(), Scalar(smoothing.whole)),
            Target::Spread => {
                let y = Scalar(self.shares[class]);
                blended(y, y * Scalar(smoothing.keep) + Scalar(smoothing.floor), target(), other())
            }
            _ => scaled(other(), Scalar(smoothing.floor)),
        };
        let Jet { value: Scalar(value), first: Scalar(first), second: Scalar(second) } = share;
        (probability, Jet { value, first, second })
    }

    /// Probabilities of the lanes and their shares; those of the class that is left out are of no account.
    #[inline(always)]
    fn share<V: Arithmetic<Element = T>, const N: usize>(
        &self,
        context: V::Context,
        softmax: &Softmax<T>,
        smoothing: &Smoothing<T>,
        block: &Block<'_, T, N>,
        at: usize,
        order: u8,
    ) -> (V, Jet<V>) {
        let z = V::load(context, block.logits, at);
        let probability = softmax.probability(V::load(context, block.powers, at), z);
        let Plan { gamma_neg, gamma_pos, .. } = self.plan;
        let gamma = V::load(context, gamma_neg.column.stretch(block.start), at);
        let other = other(&probability, gamma, gamma_neg.whole, order);
        let floor = z.splat(smoothing.floor);
        let share = if let Target::Spread = self.target {
            let gamma = V::load(context, gamma_pos.column.stretch(block.start), at);
            let target = target(&probability, gamma, gamma_pos.whole, order);
            let y = V::load(context, block.shares, at);
            blended(y, y.mul_add(z.splat(smoothing.keep), floor), target, other)
        } else {
            scaled(other, floor)
        };
        (probability.p, share)
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
        let mut sums = [zero; N];
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
            add(&terms, range.len(), &mut sums);
            start += N;
        }
        total(sums)
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
        order: u8,
        scale: T,
        results: &mut Results<'_, T>,
    ) {
        let mut room = Room::<T, N>::new();
        let mut start = 0;
        while start < self.logits.len() {
            let range = start..self.logits.len().min(start + N);
            let mut derivatives = [[T::from_f64(0.0); N]; 3];
            let block = room.block::<V>(context, self, softmax, results, range.clone());
            let mut at = 0;
            while at < range.len() {
                let (p, share) = if is_alone {
                    let e = V::load(context, block.powers, at);
                    (e * e.splat(softmax.reciprocal), Jet { value: e.zero(), first: e.zero(), second: e.zero() })
                } else {
                    self.share::<V, N>(context, softmax, smoothing, &block, at, order)
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

impl<T: Float> Softmax<T> {
    #[inline(always)]
    fn probability<V: Arithmetic<Element = T>>(&self, power: V, logit: V) -> Probability<V> {
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
fn exponentials<V: Arithmetic, const N: usize>(
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

/// A stretch of the inputs of a row.
struct Block<'a, T, const N: usize> {
    start: usize,
    logits: &'a [T; N],
    powers: &'a [T; N],
    shares: &'a [T; N],
    vector: &'a [T; N],
}

/// Room for a stretch that the row does not fill.
struct Room<T, const N: usize> {
    logits: [T; N],
    powers: [T; N],
    shares: [T; N],
    vector: [T; N],
}

impl<T: Float, const N: usize> Room<T, N> {
    #[inline(always)]
    fn new() -> Self {
        let zeros = [T::from_f64(0.0); N];
        Room { logits: [T::from_f64(f64::NEG_INFINITY); N], powers: zeros, shares: zeros, vector: zeros }
    }

    /// A stretch. The powers are in the first of the outputs, or are calculated once more.
    #[inline(always)]
    fn block<'a, V: Arithmetic<Element = T>>(
        &'a mut self,
        context: V::Context,
        row: &Row<'a, T>,
        softmax: &Softmax<T>,
        results: &Results<'_, T>,
        range: Range<usize>,
    ) -> Block<'a, T, N> {
        let logits = stretch(&row.logits[range.clone()], &mut self.logits);
        match results.iter().flatten().next() {
            Some(powers) => copy(&powers[range.clone()], &mut self.powers),
            None => exponentials::<V, N>(context, logits, &softmax.top, range.len(), &mut self.powers),
        }
        let shares =
            if row.shares.is_empty() { &self.shares } else { stretch(&row.shares[range.clone()], &mut self.shares) };
        let vector =
            if row.vector.is_empty() { &self.vector } else { stretch(&row.vector[range.clone()], &mut self.vector) };
        Block { start: range.start, logits, powers: &self.powers, shares, vector }
    }
}

/// Copies as many elements as both have.
#[inline(always)]
fn copy<T: Copy>(from: &[T], to: &mut [T]) {
    let count = from.len().min(to.len());
    to[..count].copy_from_slice(&from[..count]);
}

/// The elements of a slice that fills a stretch; those of a shorter one, and behind them what was there.
#[inline(always)]
fn stretch<'a, T: Float, const N: usize>(slice: &'a [T], padded: &'a mut [T; N]) -> &'a [T; N] {
    if let Ok(stretch) = slice.try_into() {
        return stretch;
    }
    copy(slice, padded);
    padded
}

/// Adds the first terms of a stretch to partial sums.
#[inline(always)]
fn add<T: Float, const N: usize>(terms: &[T; N], count: usize, sums: &mut [T; N]) {
    if count == N {
        for i in 0..N {
            sums[i] = sums[i] + terms[i];
        }
        return;
    }
    for i in 0..count {
        sums[i] = sums[i] + terms[i];
    }
}

/// The sum of partial sums.
#[inline(always)]
fn total<T: Float, const N: usize>(mut sums: [T; N]) -> T {
    let mut width = N;
    while width > 1 {
        width /= 2;
        for i in 0..width {
            sums[i] = sums[i] + sums[width + i];
        }
    }
    sums[0]
}
