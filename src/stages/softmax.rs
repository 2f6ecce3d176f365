//! The logits of a row → probabilities and log-probabilities of its classes.
//!
//! With k the class of the largest logit, e_c = e^(z_c − z_k), R = Σ e_c over all other classes, and S = 1 + R: p_c = e_c/S,
//! ln p_c = (z_c − z_k) − ln(1 + R), 1 − p_c = (S − e_c)/S, and 1 − p_k = R/S.

use super::{Steps, for_each_value, stage};
use crate::arithmetic::element::Float;
use crate::arithmetic::{Arithmetic, Mask, Pair};

/// The largest logit of a row.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Top<T> {
    pub(crate) logit: T,
    pub(crate) class: usize,
    /// Whether it is ∞: all others then count as −∞ beside a 0.
    pub(crate) is_infinite: bool,
}

impl<T: Float> Top<T> {
    /// That of some logits, unless their softmax has no limit: NaN, ∞ twice, or nothing but −∞.
    pub(crate) fn of<V: Arithmetic<Element = T>, const L: usize>(context: V::Context, logits: &[T]) -> Option<Self> {
        let lowest = T::from_f64(f64::NEG_INFINITY);
        let mut lanes = [lowest; L];
        let is_number = largest_stage::<V, L>(context, logits, &mut lanes);
        let mut width = L;
        while width > 1 {
            width /= 2;
            for i in 0..width {
                lanes[i] = if lanes[i] > lanes[width + i] { lanes[i] } else { lanes[width + i] };
            }
        }
        let logit = lanes[0];
        if !is_number || logit == lowest {
            return None;
        }
        let class = find_stage::<V, L>(context, logits, logit)?;
        let is_infinite = logit == T::from_f64(f64::INFINITY);
        let is_alone = !is_infinite || find_stage::<V, L>(context, &logits[class + 1..], logit).is_none();
        is_alone.then_some(Top { logit, class, is_infinite })
    }
}

stage! {
    /// The largest logits, as many as fit into a step; whether all are numbers.
    fn largest_stage[][](
        context,
        logits: &[V::Element],
        largest: &mut [V::Element; L],
    ) -> bool {
        let (steps, rest) = logits.as_chunks::<L>();
        let mut last = *largest;
        last[..rest.len()].copy_from_slice(rest);
        let zero = V::filled(context, V::Element::from_f64(0.0));
        let mut numbers = zero.eq(zero);
        for_each_value!(V, L, steps.len() + 1, |step, lane| {
            let z = V::load(context, if step < steps.len() { &steps[step] } else { &last }, lane);
            numbers = numbers & z.eq(z);
            z.max(V::load(context, largest, lane)).store(largest, lane);
        });
        numbers.all()
    }
}

stage! {
    /// The first class with a logit.
    fn find_stage[][](
        context,
        logits: &[V::Element],
        logit: V::Element,
    ) -> Option<usize> {
        let mut start = 0;
        while start + V::LANES <= logits.len() {
            let z = V::load(context, logits, start);
            if !(!z.eq(z.splat(logit))).all() {
                break;
            }
            start += V::LANES;
        }
        while start < logits.len() && logits[start] != logit {
            start += 1;
        }
        (start < logits.len()).then_some(start)
    }
}

/// z − z_k, rounded.
#[inline(always)]
fn rounded_distance<V: Arithmetic>(z: V, top: &Top<V::Element>) -> V {
    let largest = z.splat(top.logit);
    if top.is_infinite { V::select(z.eq(largest), z.zero(), z.number(f64::NEG_INFINITY)) } else { z - largest }
}

/// z − z_k without error, as long as that is finite.
#[inline(always)]
fn distance<V: Arithmetic>(z: V, top: &Top<V::Element>) -> Pair<V> {
    if top.is_infinite {
        return Pair::single(rounded_distance(z, top));
    }
    let Pair { hi, lo } = Pair::sum(z, -z.splat(top.logit));
    let is_finite = hi.ge(hi.number(-f64::from(V::Element::MAX_EXPONENT).exp2()));
    Pair { hi, lo: V::select(is_finite, lo, hi.zero()) }
}

stage! {
    /// The first half of the stage: e_c of every logit.
    fn exponential_stage[][](
        context,
        top: &Top<V::Element>,
        logits: &Steps<V::Element, L>,
        powers: &mut Steps<V::Element, L>,
    ) {
        let powers = &mut powers[..logits.len()];
        for_each_value!(V, L, logits.len(), |step, lane| {
            let z = V::load(context, &logits[step], lane);
            V::exp_pair(distance(z, top)).store(&mut powers[step], lane);
        });
    }
}

/// The softmax of a row.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Softmax<T> {
    pub(crate) top: Top<T>,
    /// R.
    pub(crate) rest: T,
    /// S.
    pub(crate) sum: T,
    /// 1/S.
    pub(crate) reciprocal: T,
    /// ln S.
    pub(crate) ln_sum: Pair<T>,
}

impl<T: Float> Softmax<T> {
    /// From the largest logit, and R.
    pub(crate) fn new(top: Top<T>, rest: T::Sum) -> Self {
        let one = T::Sum::from_f64(1.0);
        let (sum, ln) = (one + rest, rest.ln_1p());
        let hi = T::from_sum(ln);
        let ln_sum = Pair { hi, lo: T::from_sum(ln - T::Sum::from(hi)) };
        Softmax { top, rest: T::from_sum(rest), sum: T::from_sum(sum), reciprocal: T::from_sum(one / sum), ln_sum }
    }

    /// The probability of a class, given its logit and e_c.
    #[inline(always)]
    pub(crate) fn probability<V: Arithmetic<Element = T>>(&self, power: V, logit: V) -> Probability<V> {
        let reciprocal = power.splat(self.reciprocal);
        let ln_sum = Pair { hi: power.splat(self.ln_sum.hi), lo: power.splat(self.ln_sum.lo) };
        let distance = rounded_distance(logit, &self.top);
        // With an R below ½ only class k has an e_c of 1. With a larger one its difference to S costs no digits.
        let (one, rest) = (power.one(), power.splat(self.rest));
        let is_top = power.eq(one) & power.number(0.5).gt(rest);
        let others = V::select(is_top, rest, power.splat(self.sum) - power);
        let (p, q, ln, largest) =
            (power * reciprocal, others * reciprocal, distance - ln_sum.hi, power.splat(self.top.logit));
        Probability { p, q, ln, logit, largest, distance, ln_sum }
    }
}

/// The probability of a class, its complement and its logarithm, each with its digits.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Probability<V> {
    pub(crate) p: V,
    pub(crate) q: V,
    /// −∞ for p = 0.
    pub(crate) ln: V,
    logit: V,
    largest: V,
    /// The logit less the largest, rounded.
    pub(crate) distance: V,
    ln_sum: Pair<V>,
}

impl<V: Arithmetic> Probability<V> {
    /// ln p, finite: for products with what vanishes faster than it grows.
    #[inline(always)]
    pub(crate) fn finite_ln(&self) -> V {
        self.ln.max(self.ln.number(-f64::from(V::Element::MAX_EXPONENT).exp2()))
    }

    /// What the rounding of ln p has taken from it; of no account for an infinite one.
    #[inline(always)]
    pub(crate) fn ln_low(&self) -> V {
        let low = Pair::sum(self.logit, -self.largest).lo;
        // That of an infinite difference is not a number.
        let low = V::select(low.eq(low), low, low.zero());
        Pair::sum(self.distance, -self.ln_sum.hi).lo + (low - self.ln_sum.lo)
    }
}
