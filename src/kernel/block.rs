//! Takes a block of elements through the stages, one loop each.
//!
//! Splitting the formula into short loops over arrays in the L1 cache keeps more independent elements in flight
//! than one loop over the whole formula, whose chain of dependent operations fills the processor's window.
//!
//! Every stage after the first sees the probability of the wrong answer: that of a label that is absent, or that of
//! the absence of one that is present. So one set of stages serves both.

use super::plan::{Class, Classes, Exponents, Plan, Rows, Window};
use super::sum::Accumulator;
use crate::activation::{self, Exponential, Sigmoid};
use crate::float::{Float, Pair};
use crate::focal::{self, Jet};
use crate::loss::Implementation;
use crate::margin;
use crate::math::{Native, Unfused};
use crate::target::{Target, Targets};

/// The number of elements in a block: as many as leave a block's arrays in the L1 cache.
pub(crate) const LANES: usize = 128;

/// The number for types of eight bytes: the compiler unrolls a loop over as many vectors, but not over more, and a loop that
/// is not unrolled takes a fifth longer.
const WIDE_LANES: usize = 64;

/// The number in a short block, for the few elements of a single sample.
const FEW_LANES: usize = 32;

/// Consecutive elements to evaluate, and where the results go. All slices have one length.
#[derive(Debug)]
pub struct Run<'a, T: Float> {
    pub(crate) logits: &'a [T],
    pub(crate) targets: Targets<'a, T>,
    /// The class of the first element.
    pub(crate) class: usize,
    /// What gradient and Hessian are multiplied by.
    pub(crate) scale: T,
    pub(crate) sum: &'a mut Accumulator<T>,
    pub(crate) losses: Option<&'a mut [T]>,
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
    fn zeros() -> Self {
        Lanes([T::zero(); N])
    }

    /// The first lanes, as many as `to` is long.
    #[inline(always)]
    fn store<S>(&self, to: &mut [S], lower: impl Fn(T) -> S) {
        for (to, &lane) in to.iter_mut().zip(&self.0) {
            *to = lower(lane);
        }
    }
}

/// What comes in, and the [`Exponential`] and the [`Sigmoid`] of each logit.
#[derive(Debug)]
struct Activations<T, const N: usize> {
    logit: Lanes<T, N>,
    target: Lanes<T, N>,
    a: Lanes<T, N>,
    scale: Lanes<T, N>,
    excess_hi: Lanes<T, N>,
    excess_lo: Lanes<T, N>,
    e: Lanes<T, N>,
    sigma_hi: Lanes<T, N>,
    sigma_lo: Lanes<T, N>,
    divisor_hi: Lanes<T, N>,
    divisor_lo: Lanes<T, N>,
    reciprocal: Lanes<T, N>,
}

/// The terms of one label of each element, between the stages.
#[derive(Debug)]
struct Terms<T, const N: usize> {
    /// The base of the focal weight: u, or P.
    base_hi: Lanes<T, N>,
    base_lo: Lanes<T, N>,
    /// The probability P of the wrong answer, and Q = 1 − P.
    p: Lanes<T, N>,
    q: Lanes<T, N>,
    /// 1 − u.
    v: Lanes<T, N>,
    /// dP/dw = PQ, where w is the logit of the wrong answer.
    d: Lanes<T, N>,
    /// C = −ln v.
    entropy: Lanes<T, N>,
    /// C for logits beyond the bound, if there are any.
    limit: Lanes<T, N>,
    /// dC/dw.
    slope: Lanes<T, N>,
    /// b^(γ−1), or on the way there its logarithm with a low part.
    weight: Lanes<T, N>,
    weight_lo: Lanes<T, N>,
}

/// The loss of each element with its derivatives.
#[derive(Clone, Copy, Debug)]
struct Derivatives<T, const N: usize> {
    value: Lanes<T, N>,
    first: Lanes<T, N>,
    second: Lanes<T, N>,
}

impl<T: Float, const N: usize> Activations<T, N> {
    #[inline(always)]
    fn zeros() -> Self {
        let zeros = Lanes::zeros();
        Activations {
            logit: zeros,
            target: zeros,
            a: zeros,
            scale: zeros,
            excess_hi: zeros,
            excess_lo: zeros,
            e: zeros,
            sigma_hi: zeros,
            sigma_lo: zeros,
            divisor_hi: zeros,
            divisor_lo: zeros,
            reciprocal: zeros,
        }
    }

    /// The label of an element whose target is 0 or 1.
    #[inline(always)]
    fn label(&self, lane: usize) -> bool {
        self.target.0[lane] != T::zero()
    }

    #[inline(always)]
    fn is_hard(&self, lane: usize) -> bool {
        let y = self.target.0[lane];
        y.mul_add(y, -y) == T::zero()
    }

    #[inline(always)]
    fn is_valid(&self, lane: usize) -> bool {
        let y = self.target.0[lane];
        (y >= T::zero()) & (y <= T::one())
    }

    /// Whether e^(−|z|) is a normal number.
    #[inline(always)]
    fn is_within_bounds(&self, lane: usize) -> bool {
        let (z, bound) = (self.logit.0[lane], activation::bound::<T>());
        (z >= -bound) & (z <= bound)
    }

    #[inline(always)]
    fn exponential(&self, lane: usize) -> Exponential<T> {
        Exponential { a: self.a.0[lane], scale: self.scale.0[lane] }
    }

    #[inline(always)]
    fn sigmoid(&self, lane: usize) -> Sigmoid<T> {
        Sigmoid {
            e: Pair::single(self.e.0[lane]),
            sigma: Pair { hi: self.sigma_hi.0[lane], lo: self.sigma_lo.0[lane] },
            divisor: Pair { hi: self.divisor_hi.0[lane], lo: self.divisor_lo.0[lane] },
            reciprocal: self.reciprocal.0[lane],
        }
    }

    #[inline(always)]
    fn set_exponential(&mut self, lane: usize, exponential: Exponential<T>) {
        (self.a.0[lane], self.scale.0[lane]) = (exponential.a, exponential.scale);
    }

    #[inline(always)]
    fn excess(&self, lane: usize) -> Pair<T> {
        Pair { hi: self.excess_hi.0[lane], lo: self.excess_lo.0[lane] }
    }

    #[inline(always)]
    fn set_excess(&mut self, lane: usize, excess: Pair<T>) {
        (self.excess_hi.0[lane], self.excess_lo.0[lane]) = (excess.hi, excess.lo);
    }

    #[inline(always)]
    fn set_sigmoid(&mut self, lane: usize, sigmoid: Sigmoid<T>) {
        let Sigmoid { e, sigma, divisor, reciprocal } = sigmoid;
        (self.e.0[lane], self.reciprocal.0[lane]) = (e.hi, reciprocal);
        (self.sigma_hi.0[lane], self.sigma_lo.0[lane]) = (sigma.hi, sigma.lo);
        (self.divisor_hi.0[lane], self.divisor_lo.0[lane]) = (divisor.hi, divisor.lo);
    }
}

impl<T: Float, const N: usize> Terms<T, N> {
    #[inline(always)]
    fn zeros() -> Self {
        let zeros = Lanes::zeros();
        Terms {
            base_hi: zeros,
            base_lo: zeros,
            p: zeros,
            q: zeros,
            v: zeros,
            d: zeros,
            entropy: zeros,
            limit: zeros,
            slope: zeros,
            weight: zeros,
            weight_lo: zeros,
        }
    }

    #[inline(always)]
    fn base(&self, lane: usize) -> Pair<T> {
        Pair { hi: self.base_hi.0[lane], lo: self.base_lo.0[lane] }
    }

    #[inline(always)]
    fn set_base(&mut self, lane: usize, base: Pair<T>) {
        (self.base_hi.0[lane], self.base_lo.0[lane]) = (base.hi, base.lo);
    }

    #[inline(always)]
    fn set_weight(&mut self, lane: usize, (weight, base): (T, Pair<T>)) {
        self.weight.0[lane] = weight;
        self.set_base(lane, base);
    }

    /// Base and cross-entropy with their derivatives in the logit of the wrong answer: P″ = PQ(Q − P), and with
    /// C′ = PQ/v, C″ = C′·(Q − P·m/v).
    #[inline(always)]
    fn jets(&self, lane: usize, m: T) -> (Jet<T, Pair<T>>, Jet<T>) {
        let (p, q, d, slope) = (self.p.0[lane], self.q.0[lane], self.d.0[lane], self.slope.0[lane]);
        let base = Jet { value: self.base(lane), first: d, second: d * (q - p) };
        let bend = q - p * (m / self.v.0[lane]);
        (base, Jet { value: self.entropy.0[lane], first: slope, second: slope * bend })
    }
}

impl<T: Float, const N: usize> Derivatives<T, N> {
    #[inline(always)]
    fn zeros() -> Self {
        Derivatives { value: Lanes::zeros(), first: Lanes::zeros(), second: Lanes::zeros() }
    }

    #[inline(always)]
    fn get(&self, lane: usize) -> Jet<T> {
        Jet { value: self.value.0[lane], first: self.first.0[lane], second: self.second.0[lane] }
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

    /// Takes lanes over from others.
    #[inline(always)]
    fn replace(&mut self, others: &Self, which: impl Fn(usize) -> bool) {
        let pairs =
            [(&mut self.value, &others.value), (&mut self.first, &others.first), (&mut self.second, &others.second)];
        for (lanes, others) in pairs {
            for i in 0..N {
                lanes.0[i] = if which(i) { others.0[i] } else { lanes.0[i] };
            }
        }
    }

    /// bᵞC with the limit of C, where that is not C.
    #[inline(always)]
    fn take_limits(&mut self, t: &Terms<T, N>) {
        for i in 0..N {
            let limit = t.limit.0[i];
            if limit > t.entropy.0[i] {
                // The weight may have underflown to 0, but it is never 0.
                let infinite = limit * T::zero() != T::zero();
                self.value.0[i] = if infinite { limit } else { t.weight.0[i] * t.base_hi.0[i] * limit };
            }
        }
    }
}

/// The arrays of a block.
#[derive(Debug)]
struct Block<T, const N: usize> {
    activations: Activations<T, N>,
    /// The terms of the label that an element has; of an absent one, where labels are soft.
    terms: Terms<T, N>,
    output: Derivatives<T, N>,
    /// What soft labels need besides, once there is one.
    soft: Option<Soft<T, N>>,
}

/// The terms of a present label, and the results, of a block with soft labels.
#[derive(Debug)]
struct Soft<T, const N: usize> {
    present: Terms<T, N>,
    output: Derivatives<T, N>,
}

impl<T: Float, const N: usize> Block<T, N> {
    #[inline(always)]
    fn zeros() -> Self {
        Block { activations: Activations::zeros(), terms: Terms::zeros(), output: Derivatives::zeros(), soft: None }
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
    /// Whether some logit is beyond the bound, or not a number.
    beyond: bool,
}

impl<T: Float, C: Classes<T>> Loss<T, C> {
    /// The focusing exponent as the derivatives see it.
    #[inline(always)]
    fn gamma_in_derivative(&self, gamma: T) -> T {
        if self.detached { T::zero() } else { gamma }
    }

    /// One block; the lane of an invalid target is the error.
    #[inline(always)]
    fn evaluate<S: Float, const N: usize>(
        &self,
        logits: &[S; N],
        targets: &[S; N],
        block: &mut Block<T, N>,
    ) -> Result<(), usize>
    where
        T: Lane<S>,
    {
        let Block { activations: x, terms, output, soft } = block;
        let (mut all_hard, mut all_within) = (true, true);
        for i in 0..N {
            (x.logit.0[i], x.target.0[i]) = (T::lift(logits[i]), T::lift(targets[i]));
            all_hard &= x.is_hard(i);
            all_within &= x.is_within_bounds(i);
            x.set_exponential(i, activation::exponential(x.logit.0[i], &self.classes.at(i).reference));
        }
        let loss = Loss { beyond: !all_within, ..*self };
        if loss.beyond {
            for i in 0..N {
                let logit = activation::clamp(x.logit.0[i]);
                x.set_exponential(i, activation::exponential(logit, &self.classes.at(i).reference));
            }
        }
        loss.activate(x);
        let any_hard = all_hard || (0..N).fold(false, |any, i| any | x.is_hard(i));
        if any_hard {
            loss.hard(x, terms, output);
        }
        if all_hard {
            return Ok(());
        }
        if !(0..N).fold(true, |all, i| all & x.is_valid(i)) {
            return Err((0..N).position(|i| !x.is_valid(i)).unwrap_or_default());
        }
        let soft = soft.get_or_insert_with(|| Soft { present: Terms::zeros(), output: Derivatives::zeros() });
        loss.soft(x, terms, &mut soft.present, &mut soft.output);
        if any_hard {
            // A hard label gives the same bits whatever its neighbours are.
            soft.output.replace(output, |i| x.is_hard(i));
        }
        *output = soft.output;
        Ok(())
    }

    /// What the probabilities of both labels are quotients of.
    #[inline(always)]
    fn activate<const N: usize>(&self, x: &mut Activations<T, N>) {
        for i in 0..N {
            let (exponential, reference) = (x.exponential(i), self.classes.at(i).reference);
            x.set_sigmoid(i, activation::sigmoid_parts(exponential, &reference));
            x.set_excess(i, margin::excess(exponential, &reference));
        }
    }

    /// The stages after the activation, for labels that are 0 or 1.
    #[inline(always)]
    fn hard<const N: usize>(&self, x: &Activations<T, N>, t: &mut Terms<T, N>, out: &mut Derivatives<T, N>) {
        let label = |i: usize| x.label(i);
        self.shift(label, x, t);
        self.raise(label, t);
        self.weigh(label, t, out);
    }

    /// The stages after the activation, for labels anywhere between 0 and 1.
    #[inline(always)]
    fn soft<const N: usize>(
        &self,
        x: &Activations<T, N>,
        absent: &mut Terms<T, N>,
        present: &mut Terms<T, N>,
        out: &mut Derivatives<T, N>,
    ) {
        self.shift(|_| false, x, absent);
        self.shift(|_| true, x, present);
        match self.implementation {
            Implementation::AlibabaMiil => match self.order {
                0 => self.blend::<N, 0>(|i| x.target.0[i], absent, present, out),
                1 => self.blend::<N, 1>(|i| x.target.0[i], absent, present, out),
                _ => self.blend::<N, 2>(|i| x.target.0[i], absent, present, out),
            },
            Implementation::DeepPsp | Implementation::Paper => {
                self.raise_all(false, absent);
                self.raise_all(true, present);
                let mut positive = Derivatives::zeros();
                self.weigh(|_| true, present, &mut positive);
                self.weigh(|_| false, absent, out);
                for i in 0..N {
                    out.set(i, mix(x.target.0[i], positive.get(i), out.get(i)));
                }
            }
        }
    }

    /// The probability of the wrong answer, shifted by the margin, and its cross-entropy.
    #[inline(always)]
    fn shift<const N: usize>(&self, label: impl Fn(usize) -> bool, x: &Activations<T, N>, t: &mut Terms<T, N>) {
        for i in 0..N {
            let wrong = margin::wrong(label(i), x.sigmoid(i), x.excess(i), self.classes.at(i).reference.m);
            t.set_base(i, wrong.u);
            (t.p.0[i], t.q.0[i], t.v.0[i]) = (wrong.p, wrong.q, wrong.v);
        }
        if self.order == 0 {
            for i in 0..N {
                t.entropy.0[i] = margin::entropy(t.base_hi.0[i], t.v.0[i]);
            }
        } else {
            for i in 0..N {
                t.entropy.0[i] = margin::entropy(t.base_hi.0[i], t.v.0[i]);
                t.d.0[i] = t.p.0[i] * t.q.0[i];
                t.slope.0[i] = margin::entropy_slope(t.base_hi.0[i], t.d.0[i], t.v.0[i]);
            }
        }
        if self.beyond {
            self.saturate(&label, x, t);
        }
        if let Some(floor) = self.floor {
            raise_to_floor(floor, t);
        }
        if self.implementation == Implementation::DeepPsp {
            self.add_margin_to_base(label, t);
        }
    }

    /// What the stages cannot know of logits so large that e^(−|w|) is not a normal number. The derivatives keep the
    /// entropy at the bound, because it meets a factor there that vanishes; the value takes it from `limit`.
    #[inline(always)]
    fn saturate<const N: usize>(&self, label: impl Fn(usize) -> bool, x: &Activations<T, N>, t: &mut Terms<T, N>) {
        let (zero, one, bound) = (T::zero(), T::one(), activation::bound::<T>());
        t.limit = t.entropy;
        for i in 0..N {
            let present = label(i);
            let w = if present { -x.logit.0[i] } else { x.logit.0[i] };
            if w > bound {
                let factor = (bound - w).exp();
                (t.q.0[i], t.d.0[i]) = (t.q.0[i] * factor, t.d.0[i] * factor);
                let m = self.classes.at(i).margin(present);
                if m == zero {
                    (t.limit.0[i], t.slope.0[i]) = (w, one);
                    // Below every floor.
                    t.v.0[i] = t.v.0[i] * T::from_f64(0.5);
                } else {
                    t.v.0[i] = t.q.0[i] + m;
                    t.entropy.0[i] = margin::entropy(t.base_hi.0[i], t.v.0[i]);
                    t.limit.0[i] = t.entropy.0[i];
                    t.slope.0[i] = margin::entropy_slope(t.base_hi.0[i], t.d.0[i], t.v.0[i]);
                }
            } else if w < -bound {
                t.set_base(i, Pair::single(zero));
                (t.p.0[i], t.q.0[i], t.d.0[i]) = (zero, one, zero);
                (t.entropy.0[i], t.limit.0[i], t.slope.0[i]) = (zero, zero, zero);
            } else if w.partial_cmp(&w).is_none() {
                (t.entropy.0[i], t.limit.0[i], t.slope.0[i]) = (w, w, w);
            }
        }
    }

    /// P = u + m, the base of a weight that is not shifted.
    #[inline(always)]
    fn add_margin_to_base<const N: usize>(&self, label: impl Fn(usize) -> bool, t: &mut Terms<T, N>) {
        for i in 0..N {
            let base = Pair::sum(self.classes.at(i).margin(label(i)), t.base_hi.0[i]);
            t.set_base(i, Pair { hi: base.hi, lo: base.lo + t.base_lo.0[i] });
        }
    }

    /// b^(γ−1), for labels 0 or 1.
    #[inline(always)]
    fn raise<const N: usize>(&self, label: impl Fn(usize) -> bool, t: &mut Terms<T, N>) {
        macro_rules! whole {
            ($($neg:literal)*) => {
                match self.exponents {
                    $(
                        Exponents::Whole { neg: $neg, pos: 0 } => raise_whole::<T, N, $neg, 0>(label, t),
                        Exponents::Whole { neg: $neg, pos: 1 } => raise_whole::<T, N, $neg, 1>(label, t),
                        Exponents::Whole { neg: $neg, pos: 2 } => raise_whole::<T, N, $neg, 2>(label, t),
                        Exponents::Whole { neg: $neg, pos: 3 } => raise_whole::<T, N, $neg, 3>(label, t),
                        Exponents::Whole { neg: $neg, pos: 4 } => raise_whole::<T, N, $neg, 4>(label, t),
                    )*
                    _ => raise_real(|i| Pair::single(self.classes.at(i).gamma(label(i))), t),
                }
            };
        }
        whole!(0 1 2 3 4)
    }

    /// b^(γ−1), for one label throughout.
    #[inline(always)]
    fn raise_all<const N: usize>(&self, present: bool, t: &mut Terms<T, N>) {
        match self.exponents.whole(present) {
            Some(0) => raise_whole::<T, N, 0, 0>(|_| present, t),
            Some(1) => raise_whole::<T, N, 1, 1>(|_| present, t),
            Some(2) => raise_whole::<T, N, 2, 2>(|_| present, t),
            Some(3) => raise_whole::<T, N, 3, 3>(|_| present, t),
            Some(_) => raise_whole::<T, N, 4, 4>(|_| present, t),
            None => raise_real(|i| Pair::single(self.classes.at(i).gamma(present)), t),
        }
    }

    /// Focal weight and cross-entropy together, as far as the derivative asked for.
    #[inline(always)]
    fn weigh<const N: usize>(&self, label: impl Fn(usize) -> bool, t: &Terms<T, N>, out: &mut Derivatives<T, N>) {
        match self.order {
            0 => self.weigh_to::<N, 0>(label, t, out),
            1 => self.weigh_to::<N, 1>(label, t, out),
            _ => self.weigh_to::<N, 2>(label, t, out),
        }
        if self.beyond {
            out.take_limits(t);
        }
    }

    #[inline(always)]
    fn weigh_to<const N: usize, const ORDER: u8>(
        &self,
        label: impl Fn(usize) -> bool,
        t: &Terms<T, N>,
        out: &mut Derivatives<T, N>,
    ) {
        for i in 0..N {
            let (present, class) = (label(i), self.classes.at(i));
            let (base, entropy) = t.jets(i, class.margin(present));
            let gamma = self.gamma_in_derivative(class.gamma(present));
            let jet = focal::weighted(base, entropy, t.weight.0[i], gamma);
            let first = if present { -jet.first } else { jet.first };
            out.set_to::<ORDER>(i, Jet { first, ..jet });
        }
    }

    /// AlibabaMiil: base, cross-entropy and exponent are each a mixture of both labels.
    #[inline(always)]
    fn blend<const N: usize, const ORDER: u8>(
        &self,
        target: impl Fn(usize) -> T,
        absent: &Terms<T, N>,
        present: &mut Terms<T, N>,
        out: &mut Derivatives<T, N>,
    ) {
        let (zero, one) = (T::zero(), T::one());
        let gamma = |i: usize| {
            let (y, Class { gamma_neg, gamma_pos, .. }) = (target(i), self.classes.at(i));
            Pair::product(gamma_pos, y).plus(Pair::single(gamma_neg).times(Pair::sum(one, -y)))
        };
        let (mut base, mut entropy) = (Derivatives::<T, N>::zeros(), Derivatives::<T, N>::zeros());
        for i in 0..N {
            let (base_pos, entropy_pos) = present.jets(i, zero);
            let (base_neg, entropy_neg) = absent.jets(i, self.classes.at(i).reference.m);
            let above = base_neg.value.hi > zero;
            let base_neg = if above { base_neg } else { Jet { value: Pair::single(zero), first: zero, second: zero } };
            let y = target(i);
            present.set_base(i, Pair::single(y).times(base_pos.value).plus(Pair::sum(one, -y).times(base_neg.value)));
            base.set_to::<ORDER>(i, mix(y, base_pos.rounded().mirrored(), base_neg.rounded()));
            entropy.set_to::<ORDER>(i, mix(y, entropy_pos.mirrored(), entropy_neg));
        }
        raise_real(gamma, present);
        for i in 0..N {
            let base = Jet { value: present.base(i), first: base.first.0[i], second: base.second.0[i] };
            let gamma = self.gamma_in_derivative(gamma(i).hi);
            out.set_to::<ORDER>(i, focal::weighted(base, entropy.get(i), present.weight.0[i], gamma));
        }
        if self.beyond {
            for i in 0..N {
                let y = target(i);
                present.limit.0[i] = y * present.limit.0[i] + (one - y) * absent.limit.0[i];
            }
            present.entropy = entropy.value;
            out.take_limits(present);
        }
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
fn raise_whole<T: Float, const N: usize, const NEG: u32, const POS: u32>(
    label: impl Fn(usize) -> bool,
    t: &mut Terms<T, N>,
) {
    for i in 0..N {
        let present = label(i);
        let choose = |one: T, zero: T| if present { one } else { zero };
        let (weight_neg, base_neg) = focal::whole_weight_over_base(t.base(i), NEG);
        let (weight_pos, base_pos) = focal::whole_weight_over_base(t.base(i), POS);
        let base = Pair { hi: choose(base_pos.hi, base_neg.hi), lo: choose(base_pos.lo, base_neg.lo) };
        t.set_weight(i, (choose(weight_pos, weight_neg), base));
    }
}

#[inline(always)]
fn raise_real<T: Float, const N: usize>(gamma: impl Fn(usize) -> Pair<T>, t: &mut Terms<T, N>) {
    for i in 0..N {
        let (ln_weight, base) = focal::ln_weight_over_base(t.base(i), gamma(i));
        (t.weight.0[i], t.weight_lo.0[i]) = (ln_weight.hi, ln_weight.lo);
        t.set_base(i, base);
    }
    for i in 0..N {
        t.weight.0[i] = T::exp_pair(Pair { hi: t.weight.0[i], lo: t.weight_lo.0[i] });
    }
}

/// The elements of a slice that fills a block; those of a shorter one, then the last of them over and over.
#[inline(always)]
fn block_of<'a, T: Float, const N: usize>(slice: &'a [T], padded: &'a mut [T; N]) -> &'a [T; N] {
    if let Ok(block) = slice.try_into() {
        return block;
    }
    padded[..slice.len()].copy_from_slice(slice);
    padded[slice.len()..].fill(slice.last().copied().unwrap_or_else(T::zero));
    padded
}

/// The labels of a slice as floats, then zeros.
#[inline(always)]
fn convert<'a, T: Float, Y: Target<T>, const N: usize>(slice: &[Y], floats: &'a mut [T; N]) -> &'a [T; N] {
    if let Ok(block) = <&[Y; N]>::try_from(slice) {
        for (float, &target) in floats.iter_mut().zip(block) {
            *float = target.to_float();
        }
        return floats;
    }
    floats.fill(T::zero());
    for (float, &target) in floats.iter_mut().zip(slice) {
        *float = target.to_float();
    }
    floats
}

/// Evaluates a run in the arithmetic `E`; the position of an invalid target is the error.
#[inline(always)]
pub(crate) fn evaluate<T: Float, E: Lane<T>>(plan: &Plan<T>, run: Run<'_, T>) -> Result<(), usize> {
    let few = run.logits.len() <= FEW_LANES;
    match (few, size_of::<T>()) {
        (true, _) => evaluate_blocks::<T, E, FEW_LANES>(plan, run),
        (false, ..=4) => evaluate_blocks::<T, E, LANES>(plan, run),
        (false, _) => evaluate_blocks::<T, E, WIDE_LANES>(plan, run),
    }
}

#[inline(always)]
fn evaluate_blocks<T: Float, E: Lane<T>, const N: usize>(plan: &Plan<T>, run: Run<'_, T>) -> Result<(), usize> {
    let Run { logits, targets, class, scale, sum, mut losses, mut gradient, mut hessian } = run;
    let order = if hessian.is_some() { 2 } else { u8::from(gradient.is_some()) };
    let scale = E::lift(scale);
    let mut block = Block::<E, N>::zeros();
    let mut padded = ([T::zero(); N], [T::zero(); N]);
    for start in (0..logits.len()).step_by(N) {
        let range = start..logits.len().min(start + N);
        let logits = block_of(&logits[range.clone()], &mut padded.0);
        let targets = match targets {
            Targets::Floats(targets) => block_of(&targets[range.clone()], &mut padded.1),
            Targets::Bools(targets) => convert(&targets[range.clone()], &mut padded.1),
            Targets::Bytes(targets) => convert(&targets[range.clone()], &mut padded.1),
        };
        let result = match &plan.rows {
            Rows::Uniform(class) => {
                let class = class.map(E::lift);
                loss(plan, &class, order).evaluate(logits, targets, &mut block)
            }
            Rows::PerClass(table) => {
                let window = table.window::<N>((class + range.start) % table.classes);
                loss(plan, Lifted(window), order).evaluate(logits, targets, &mut block)
            }
        };
        result.map_err(|lane| range.start + lane)?;
        let Derivatives { value, first, second } = &block.output;
        sum.add(&value.0[..range.len()], |x| x.lower());
        if let Some(losses) = losses.as_deref_mut() {
            value.store(&mut losses[range.clone()], |x| x.lower());
        }
        if let Some(gradient) = gradient.as_deref_mut() {
            first.store(&mut gradient[range.clone()], |x| (x * scale).lower());
        }
        if let Some(hessian) = hessian.as_deref_mut() {
            second.store(&mut hessian[range], |x| (x * scale).lower());
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
        beyond: false,
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
