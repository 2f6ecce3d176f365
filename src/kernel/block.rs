//! Takes a block of elements through the stages, one loop each.
//!
//! Splitting the formula into short loops over arrays in the L1 cache keeps more independent elements in flight
//! than one loop over the whole formula, whose chain of dependent operations fills the processor's window.
//!
//! A positive label is the mirror image of a negative without margin: with w = −z, σ(w) is its probability of
//! being wrong. So one set of stages serves both; `label` picks the constants.

use super::dispatch::prefetch;
use super::plan::{Class, Classes, Exponents, Plan, Rows, Window};
use super::sum::Accumulator;
use crate::activation::{self, Odds, Reference};
use crate::float::{Float, Pair};
use crate::focal::{self, Jet};
use crate::loss::Implementation;
use crate::margin;
use crate::math::{Native, Unfused};

/// The number of elements in a block: as many as leave a block's arrays in the L1 cache.
pub(crate) const LANES: usize = 128;

/// The number in a short block, for the few elements of a single sample.
const FEW_LANES: usize = 32;

/// Consecutive elements to evaluate, and where the results go. All slices have one length.
#[derive(Debug)]
pub struct Run<'a, T: Float> {
    pub(crate) logits: &'a [T],
    pub(crate) targets: &'a [T],
    /// The class of the first element.
    pub(crate) class: usize,
    /// What gradient and Hessian are multiplied by.
    pub(crate) scale: T,
    pub(crate) losses: &'a mut [T],
    pub(crate) sum: &'a mut Accumulator<T>,
    pub(crate) gradient: Option<&'a mut [T]>,
    pub(crate) hessian: Option<&'a mut [T]>,
}

/// A float in which the stages calculate on elements of type `T`.
pub(crate) trait Lane<T>: Float {
    fn lift(element: T) -> Self;
    fn lower(self) -> T;
}

impl<T: Float> Lane<T> for T {
    #[inline(always)]
    fn lift(element: T) -> T {
        element
    }
    #[inline(always)]
    fn lower(self) -> T {
        self
    }
}

impl<T: Native> Lane<T> for Unfused<T> {
    #[inline(always)]
    fn lift(element: T) -> Self {
        Unfused(element)
    }
    #[inline(always)]
    fn lower(self) -> T {
        self.0
    }
}

/// One number per element of a block.
#[derive(Clone, Copy, Debug)]
#[repr(align(64))]
struct Lanes<T, const N: usize>([T; N]);

impl<T: Float, const N: usize> Lanes<T, N> {
    #[inline(always)]
    fn splat(value: T) -> Self {
        Lanes([value; N])
    }

    /// The elements of a slice, then zeros.
    #[inline(always)]
    fn load<S: Copy>(slice: &[S], lift: impl Fn(S) -> T) -> Self {
        let mut lanes = Self::splat(T::zero());
        for (lane, &element) in lanes.0.iter_mut().zip(slice) {
            *lane = lift(element);
        }
        lanes
    }

    #[inline(always)]
    fn map(self, f: impl Fn(T) -> T) -> Self {
        let mut lanes = self;
        for lane in &mut lanes.0 {
            *lane = f(*lane);
        }
        lanes
    }

    /// Whether a property holds in some lane.
    #[inline(always)]
    fn any(&self, property: impl Fn(T) -> bool) -> bool {
        self.0.iter().fold(false, |any, &lane| any | property(lane))
    }

    /// The first lanes, as many as `to` is long.
    #[inline(always)]
    fn store<S>(&self, to: &mut [S], lower: impl Fn(T) -> S) {
        for (to, &lane) in to.iter_mut().zip(&self.0) {
            *to = lower(lane);
        }
    }
}

/// The terms of one label of each element, between the stages.
#[derive(Debug)]
struct Terms<T, const N: usize> {
    /// The base of the focal weight: (p − m)₊, or p. Before the margin: the odds' excess.
    base_hi: Lanes<T, N>,
    base_lo: Lanes<T, N>,
    p: Lanes<T, N>,
    q: Lanes<T, N>,
    /// 1 − (p − m)₊.
    v: Lanes<T, N>,
    /// C = −ln v.
    entropy: Lanes<T, N>,
    /// C for logits beyond the bound, if there are any.
    limit: Lanes<T, N>,
    beyond: bool,
    /// dC/dw.
    slope: Lanes<T, N>,
    /// b^(γ−1).
    weight_hi: Lanes<T, N>,
    weight_lo: Lanes<T, N>,
}

/// The loss of each element with its derivatives.
#[derive(Debug)]
struct Derivatives<T, const N: usize> {
    value: Lanes<T, N>,
    first: Lanes<T, N>,
    second: Lanes<T, N>,
}

impl<T: Float, const N: usize> Derivatives<T, N> {
    #[inline(always)]
    fn zeros() -> Self {
        let zeros = Lanes::splat(T::zero());
        Derivatives { value: zeros, first: zeros, second: zeros }
    }

    #[inline(always)]
    fn set(&mut self, lane: usize, jet: Jet<T>) {
        (self.value.0[lane], self.first.0[lane], self.second.0[lane]) = (jet.value, jet.first, jet.second);
    }

    /// Stores a lane as far as the derivative of this order.
    #[inline(always)]
    fn set_to<const ORDER: u8>(&mut self, lane: usize, jet: Jet<T>) {
        self.value.0[lane] = jet.value;
        if ORDER >= 1 {
            self.first.0[lane] = jet.first;
        }
        if ORDER >= 2 {
            self.second.0[lane] = jet.second;
        }
    }

    /// bᵞC with the limit of C, where that is not C.
    #[inline(always)]
    fn take_limits(&mut self, t: &Terms<T, N>) {
        for i in 0..N {
            if t.limit.0[i] > t.entropy.0[i] {
                let limit = t.limit.0[i];
                let weighted = t.weight_hi.0[i] * t.base_hi.0[i] * limit;
                // The weight may have underflown to 0, but it is never 0.
                let infinite = limit * T::zero() != T::zero();
                self.value.0[i] = if infinite { limit } else { weighted };
            }
        }
    }

    #[inline(always)]
    fn get(&self, lane: usize) -> Jet<T> {
        Jet { value: self.value.0[lane], first: self.first.0[lane], second: self.second.0[lane] }
    }
}

/// What a plan says, in the arithmetic of the stages.
#[derive(Clone, Copy, Debug)]
struct Loss<T, C> {
    classes: C,
    exponents: Exponents,
    implementation: Implementation,
    detached: bool,
    floor: Option<(T, T)>,
    /// The highest derivative asked for.
    order: u8,
}

impl<T: Float, C: Classes<T>> Loss<T, C> {
    /// The reference probability of a lane: the margin for a negative, 0 for a positive.
    #[inline(always)]
    fn reference(&self, lane: usize, label: T) -> Reference<T> {
        self.classes.at(lane).reference.unless(label)
    }

    #[inline(always)]
    fn gamma(&self, lane: usize, label: T) -> T {
        let Class { gamma_neg, gamma_pos, .. } = self.classes.at(lane);
        label.choose(gamma_pos, gamma_neg)
    }

    /// The focusing exponent as the derivatives see it.
    #[inline(always)]
    fn gamma_in_derivative(&self, gamma: T) -> T {
        if self.detached { T::zero() } else { gamma }
    }

    /// Labels that are all 0 or 1.
    #[inline(always)]
    fn hard<const N: usize>(
        &self,
        logits: &Lanes<T, N>,
        labels: &Lanes<T, N>,
        terms: &mut Terms<T, N>,
        out: &mut Derivatives<T, N>,
    ) {
        let mut w = *logits;
        for i in 0..N {
            w.0[i] = labels.0[i].choose(-logits.0[i], logits.0[i]);
        }
        self.evaluate_terms(&w, labels, terms);
        self.raise(labels, terms);
        self.weight(labels, terms, out);
    }

    /// Labels anywhere between 0 and 1.
    #[inline(always)]
    fn soft<const N: usize>(&self, logits: &Lanes<T, N>, targets: &Lanes<T, N>, out: &mut Derivatives<T, N>) {
        let (zeros, ones) = (Lanes::splat(T::zero()), Lanes::splat(T::one()));
        let (mut positive, mut negative) = (Terms::zeros(), Terms::zeros());
        self.evaluate_terms(logits, &zeros, &mut negative);
        self.evaluate_terms(&logits.map(|z| -z), &ones, &mut positive);
        match self.implementation {
            Implementation::AlibabaMiil => self.blend(targets, &mut positive, &negative, out),
            Implementation::DeepPsp | Implementation::Paper => {
                raise_real(|i| Pair::single(self.classes.at(i).gamma_pos), &mut positive);
                raise_real(|i| Pair::single(self.classes.at(i).gamma_neg), &mut negative);
                let mut positive_part = Derivatives::zeros();
                self.weight(&ones, &positive, &mut positive_part);
                self.weight(&zeros, &negative, out);
                for i in 0..N {
                    out.set(i, mix(targets.0[i], positive_part.get(i), out.get(i)));
                }
            }
        }
    }

    /// Activation, margin and cross-entropy for the mirrored logits `w`.
    #[inline(always)]
    fn evaluate_terms<const N: usize>(&self, w: &Lanes<T, N>, labels: &Lanes<T, N>, t: &mut Terms<T, N>) {
        let bound = activation::bound();
        t.beyond = w.any(|w| (w > bound) | (w < -bound));
        if t.beyond {
            self.activate(&w.map(activation::clamp), labels, t);
        } else {
            self.activate(w, labels, t);
        }
        if self.order == 0 {
            for i in 0..N {
                t.entropy.0[i] = T::neg_ln(t.base_hi.0[i], t.v.0[i]);
            }
        } else {
            for i in 0..N {
                t.entropy.0[i] = T::neg_ln(t.base_hi.0[i], t.v.0[i]);
                t.slope.0[i] = margin::entropy_slope(t.base_hi.0[i], t.p.0[i], t.q.0[i], t.v.0[i]);
            }
        }
        if t.beyond {
            self.saturate(w, labels, t);
        }
        if let Some(floor) = self.floor {
            raise_to_floor(floor, t);
        }
        if self.implementation == Implementation::DeepPsp {
            self.add_margin_to_base(labels, t);
        }
    }

    /// Activation and margin for logits within bounds.
    #[inline(always)]
    fn activate<const N: usize>(&self, w: &Lanes<T, N>, labels: &Lanes<T, N>, t: &mut Terms<T, N>) {
        for i in 0..N {
            let odds = activation::odds(w.0[i], &self.reference(i, labels.0[i]));
            (t.base_hi.0[i], t.base_lo.0[i], t.q.0[i]) = (odds.excess.hi, odds.excess.lo, odds.scale);
        }
        for i in 0..N {
            let reference = self.reference(i, labels.0[i]);
            let odds = Odds { excess: t.base(i), scale: t.q.0[i] };
            let sigmoid = activation::sigmoid_above(odds, &reference);
            let shifted = margin::shifted(sigmoid, reference.m);
            (t.base_hi.0[i], t.base_lo.0[i]) = (shifted.u.hi, shifted.u.lo);
            (t.p.0[i], t.q.0[i], t.v.0[i]) = (shifted.p, sigmoid.q, shifted.v);
        }
    }

    /// What the stages cannot know of logits so large that e^(−|w|) is not a normal number. The derivatives keep the
    /// entropy at the bound, because it meets a factor there that vanishes; the value takes it from `limit`.
    #[inline(always)]
    fn saturate<const N: usize>(&self, w: &Lanes<T, N>, labels: &Lanes<T, N>, t: &mut Terms<T, N>) {
        let (zero, one) = (T::zero(), T::one());
        t.limit = t.entropy;
        for i in 0..N {
            if w.0[i] > activation::bound() {
                let factor = (activation::bound::<T>() - w.0[i]).exp();
                t.q.0[i] = t.q.0[i] * factor;
                t.slope.0[i] = t.slope.0[i] * factor;
                if self.reference(i, labels.0[i]).m == zero {
                    (t.limit.0[i], t.slope.0[i]) = (w.0[i], one);
                }
            } else if w.0[i] < -activation::bound::<T>() {
                (t.base_hi.0[i], t.base_lo.0[i], t.q.0[i]) = (zero, zero, one);
                (t.entropy.0[i], t.limit.0[i], t.slope.0[i]) = (zero, zero, zero);
            }
        }
    }

    /// p = u + m, the base of a negative weight that is not shifted.
    #[inline(always)]
    fn add_margin_to_base<const N: usize>(&self, labels: &Lanes<T, N>, t: &mut Terms<T, N>) {
        for i in 0..N {
            let base = Pair::sum(self.reference(i, labels.0[i]).m, t.base_hi.0[i]);
            (t.base_hi.0[i], t.base_lo.0[i]) = (base.hi, base.lo + t.base_lo.0[i]);
        }
    }

    /// b^(γ−1), for labels 0 or 1.
    #[inline(always)]
    fn raise<const N: usize>(&self, labels: &Lanes<T, N>, t: &mut Terms<T, N>) {
        macro_rules! whole {
            ($($neg:literal)*) => {
                match self.exponents {
                    $(
                        Exponents::Whole { neg: $neg, pos: 0 } => raise_whole::<T, N, $neg, 0>(labels, t),
                        Exponents::Whole { neg: $neg, pos: 1 } => raise_whole::<T, N, $neg, 1>(labels, t),
                        Exponents::Whole { neg: $neg, pos: 2 } => raise_whole::<T, N, $neg, 2>(labels, t),
                        Exponents::Whole { neg: $neg, pos: 3 } => raise_whole::<T, N, $neg, 3>(labels, t),
                        Exponents::Whole { neg: $neg, pos: 4 } => raise_whole::<T, N, $neg, 4>(labels, t),
                    )*
                    _ => raise_real(|i| Pair::single(self.gamma(i, labels.0[i])), t),
                }
            };
        }
        whole!(0 1 2 3 4)
    }

    /// Focal weight and cross-entropy together, as far as the derivative asked for.
    #[inline(always)]
    fn weight<const N: usize>(&self, labels: &Lanes<T, N>, t: &Terms<T, N>, out: &mut Derivatives<T, N>) {
        match self.order {
            0 => self.weight_to::<N, 0>(labels, t, out),
            1 => self.weight_to::<N, 1>(labels, t, out),
            _ => self.weight_to::<N, 2>(labels, t, out),
        }
        if t.beyond {
            out.take_limits(t);
        }
    }

    #[inline(always)]
    fn weight_to<const N: usize, const ORDER: u8>(
        &self,
        labels: &Lanes<T, N>,
        t: &Terms<T, N>,
        out: &mut Derivatives<T, N>,
    ) {
        for i in 0..N {
            let label = labels.0[i];
            let gamma = self.gamma_in_derivative(self.gamma(i, label));
            let (base, entropy) = self.jets(i, label, t);
            let mirrored = focal::weighted(base, entropy, t.weight(i), gamma);
            let first = label.choose(-mirrored.first, mirrored.first);
            out.set_to::<ORDER>(i, Jet { first, ..mirrored });
        }
    }

    /// Base and cross-entropy with their derivatives in the mirrored logit: p′ = pq, p″ = pq(q − p), and with
    /// C′ = pq/v, C″ = C′·(q − p·m/v).
    #[inline(always)]
    fn jets<const N: usize>(&self, i: usize, label: T, t: &Terms<T, N>) -> (Jet<T, Pair<T>>, Jet<T>) {
        let (p, q, slope) = (t.p.0[i], t.q.0[i], t.slope.0[i]);
        let m = self.reference(i, label).m;
        let d = p * q;
        let base = Jet { value: t.base(i), first: d, second: d * (q - p) };
        let entropy = Jet { value: t.entropy.0[i], first: slope, second: slope * (q - p * (m / t.v.0[i])) };
        (base, entropy)
    }

    /// AlibabaMiil: base, cross-entropy and exponent are each a mixture of both labels.
    #[inline(always)]
    fn blend<const N: usize>(
        &self,
        targets: &Lanes<T, N>,
        positive: &mut Terms<T, N>,
        negative: &Terms<T, N>,
        out: &mut Derivatives<T, N>,
    ) {
        let (zero, one) = (T::zero(), T::one());
        let gamma = |i: usize| {
            let (y, Class { gamma_neg, gamma_pos, .. }) = (targets.0[i], self.classes.at(i));
            Pair::product(gamma_pos, y).plus(Pair::single(gamma_neg).times(Pair::sum(one, -y)))
        };
        let (mut base, mut entropy) = (Derivatives::<T, N>::zeros(), Derivatives::<T, N>::zeros());
        for i in 0..N {
            let (base_pos, entropy_pos) = self.jets(i, one, positive);
            let (base_neg, entropy_neg) = self.jets(i, zero, negative);
            let above = base_neg.value.hi > zero;
            let base_neg = if above { base_neg } else { Jet { value: Pair::single(zero), first: zero, second: zero } };
            let y = targets.0[i];
            let value = Pair::single(y).times(base_pos.value).plus(Pair::sum(one, -y).times(base_neg.value));
            (positive.base_hi.0[i], positive.base_lo.0[i]) = (value.hi, value.lo);
            base.set(i, mix(y, base_pos.rounded().mirrored(), base_neg.rounded()));
            entropy.set(i, mix(targets.0[i], entropy_pos.mirrored(), entropy_neg));
        }
        raise_real(gamma, positive);
        for i in 0..N {
            let base = Jet { value: positive.base(i), first: base.first.0[i], second: base.second.0[i] };
            let gamma = self.gamma_in_derivative(gamma(i).hi);
            out.set(i, focal::weighted(base, entropy.get(i), positive.weight(i), gamma));
        }
        if positive.beyond || negative.beyond {
            for i in 0..N {
                let limit = |t: &Terms<T, N>| if t.beyond { t.limit.0[i] } else { t.entropy.0[i] };
                let y = targets.0[i];
                positive.limit.0[i] = y * limit(positive) + (one - y) * limit(negative);
            }
            positive.entropy = entropy.value;
            out.take_limits(positive);
        }
    }

    /// One block; the lane of an invalid target is the error.
    #[inline(always)]
    fn evaluate<const N: usize>(
        &self,
        logits: &Lanes<T, N>,
        targets: &Lanes<T, N>,
        terms: &mut Terms<T, N>,
        out: &mut Derivatives<T, N>,
    ) -> Result<(), usize> {
        let (zero, one) = (T::zero(), T::one());
        let is_soft = |y: T| y * (one - y) != zero;
        if !targets.any(is_soft) {
            self.hard(logits, targets, terms, out);
            return Ok(());
        }
        if let Some(lane) = targets.0.iter().position(|&y| !(y >= zero && y <= one)) {
            return Err(lane);
        }
        self.soft(logits, targets, out);
        if !targets.0.iter().all(|&y| is_soft(y)) {
            // A hard label gives the same bits whatever its neighbours are.
            let mut hard = Derivatives::zeros();
            self.hard(logits, &targets.map(|y| if y == one { one } else { zero }), terms, &mut hard);
            for i in 0..N {
                if !is_soft(targets.0[i]) {
                    out.set(i, hard.get(i));
                }
            }
        }
        Ok(())
    }
}

impl<T: Float, const N: usize> Terms<T, N> {
    #[inline(always)]
    fn zeros() -> Self {
        let zeros = Lanes::splat(T::zero());
        Terms {
            base_hi: zeros,
            base_lo: zeros,
            p: zeros,
            q: zeros,
            v: zeros,
            entropy: zeros,
            limit: zeros,
            beyond: false,
            slope: zeros,
            weight_hi: zeros,
            weight_lo: zeros,
        }
    }

    #[inline(always)]
    fn base(&self, lane: usize) -> Pair<T> {
        Pair { hi: self.base_hi.0[lane], lo: self.base_lo.0[lane] }
    }

    #[inline(always)]
    fn weight(&self, lane: usize) -> Pair<T> {
        Pair { hi: self.weight_hi.0[lane], lo: self.weight_lo.0[lane] }
    }

    #[inline(always)]
    fn set_weight(&mut self, lane: usize, (weight, base): (Pair<T>, Pair<T>)) {
        (self.weight_hi.0[lane], self.weight_lo.0[lane]) = (weight.hi, weight.lo);
        (self.base_hi.0[lane], self.base_lo.0[lane]) = (base.hi, base.lo);
    }
}

/// y·positive + (1 − y)·negative.
#[inline(always)]
fn mix<T: Float>(y: T, positive: Jet<T>, negative: Jet<T>) -> Jet<T> {
    let mix = |positive: T, negative: T| y * positive + (T::one() - y) * negative;
    Jet {
        value: mix(positive.value, negative.value),
        first: mix(positive.first, negative.first),
        second: mix(positive.second, negative.second),
    }
}

/// −ln max(v, ε), which is constant below ε.
#[inline(always)]
fn raise_to_floor<T: Float, const N: usize>((floor, neg_ln_floor): (T, T), t: &mut Terms<T, N>) {
    for i in 0..N {
        let below = t.v.0[i] < floor;
        t.entropy.0[i] = if below { neg_ln_floor } else { t.entropy.0[i] };
        t.limit.0[i] = if below { neg_ln_floor } else { t.limit.0[i] };
        t.slope.0[i] = if below { T::zero() } else { t.slope.0[i] };
    }
}

#[inline(always)]
fn raise_whole<T: Float, const N: usize, const NEG: u32, const POS: u32>(labels: &Lanes<T, N>, t: &mut Terms<T, N>) {
    for i in 0..N {
        let choose = |one: Pair<T>, zero: Pair<T>| Pair {
            hi: labels.0[i].choose(one.hi, zero.hi),
            lo: labels.0[i].choose(one.lo, zero.lo),
        };
        let (weight_neg, base_neg) = focal::whole_weight_over_base(t.base(i), NEG);
        let (weight_pos, base_pos) = focal::whole_weight_over_base(t.base(i), POS);
        t.set_weight(i, (choose(weight_pos, weight_neg), choose(base_pos, base_neg)));
    }
}

#[inline(always)]
fn raise_real<T: Float, const N: usize>(gamma: impl Fn(usize) -> Pair<T>, t: &mut Terms<T, N>) {
    for i in 0..N {
        t.set_weight(i, focal::weight_over_base(t.base(i), gamma(i)));
    }
}

/// Evaluates a run in the arithmetic `E`; the position of an invalid target is the error.
#[inline(always)]
pub(crate) fn evaluate<T: Float, E: Lane<T>>(plan: &Plan<T>, run: Run<'_, T>) -> Result<(), usize> {
    if run.logits.len() <= FEW_LANES {
        evaluate_blocks::<T, E, FEW_LANES>(plan, run)
    } else {
        evaluate_blocks::<T, E, LANES>(plan, run)
    }
}

#[inline(always)]
fn evaluate_blocks<T: Float, E: Lane<T>, const N: usize>(plan: &Plan<T>, run: Run<'_, T>) -> Result<(), usize> {
    let Run { logits, targets, class, scale, losses, sum, mut gradient, mut hessian } = run;
    let order = if hessian.is_some() { 2 } else { u8::from(gradient.is_some()) };
    let scale = E::lift(scale);
    let (mut terms, mut out) = (Terms::zeros(), Derivatives::zeros());
    for start in (0..logits.len()).step_by(N) {
        let range = start..logits.len().min(start + N);
        let z = Lanes::<E, N>::load(&logits[range.clone()], E::lift);
        // Adding 0 turns a target −0 into 0.
        let y = Lanes::<E, N>::load(&targets[range.clone()], |y| E::lift(y) + E::zero());
        let next = range.end..logits.len().min(range.end + N);
        prefetch(&logits[next.clone()]);
        prefetch(&targets[next.clone()]);
        if let Some(gradient) = &gradient {
            prefetch(&gradient[next]);
        }
        let result = match &plan.rows {
            Rows::Uniform(class) => {
                let class = class.map(E::lift);
                loss(plan, &class, order).evaluate(&z, &y, &mut terms, &mut out)
            }
            Rows::PerClass(table) => {
                let window = table.window::<N>((class + range.start) % table.classes);
                loss(plan, Lifted(window), order).evaluate(&z, &y, &mut terms, &mut out)
            }
        };
        result.map_err(|lane| range.start + lane)?;
        out.value.store(&mut losses[range.clone()], |x| x.lower());
        sum.add(&losses[range.clone()]);
        if let Some(gradient) = gradient.as_deref_mut() {
            out.first.store(&mut gradient[range.clone()], |x| (x * scale).lower());
        }
        if let Some(hessian) = hessian.as_deref_mut() {
            out.second.store(&mut hessian[range], |x| (x * scale).lower());
        }
    }
    Ok(())
}

#[inline(always)]
fn loss<T: Float, E: Lane<T>, C: Classes<E>>(plan: &Plan<T>, classes: C, order: u8) -> Loss<E, C> {
    Loss {
        classes,
        exponents: plan.exponents,
        implementation: plan.implementation,
        detached: plan.detached,
        floor: plan.floor.map(|(floor, neg_ln)| (E::lift(floor), E::lift(neg_ln))),
        order,
    }
}

/// A table whose constants are taken to another arithmetic as they are read.
#[derive(Clone, Copy)]
struct Lifted<C>(C);

impl<T: Float, E: Lane<T>, const N: usize> Classes<E> for Lifted<Window<'_, T, N>>
where
    for<'a> Window<'a, T, N>: Classes<T>,
{
    #[inline(always)]
    fn at(&self, lane: usize) -> Class<E> {
        self.0.at(lane).map(E::lift)
    }
}
