//! Focal weight: how much a label that is already right still counts.
//!
//! w = xᵞ, where x is the probability of the wrong answer (shifted, for a negative) and γ the focusing exponent.
//! x⁰ = 1, also for x = 0.

use super::activation::bound;
use super::columns::{Results, Terms};
use super::{Column, Steps, for_each_value, load_pair, stage};
use crate::arithmetic::element::Float;
use crate::arithmetic::{Arithmetic, Mask, Pair};
use crate::error::Error;
use crate::settings::parameter::FOCUSING;
use crate::stages::elementwise::{self, Map, native_map};
use ndarray::{Array, ArrayBase, Data, Dimension};

/// The largest whole exponent that is raised by multiplication.
const LARGEST_WHOLE: f64 = 4.0;

/// Whether xᵞ is raised by multiplication.
pub(crate) fn is_whole(gamma: f64) -> bool {
    gamma.fract() == 0.0 && gamma <= LARGEST_WHOLE
}

/// A γ for which xᵞ is 0 for every x < 1, and which no product with a logarithm takes out of range.
pub(crate) const LARGEST_GAMMA: f64 = 1e30;

/// A quantity with its first and second derivative.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Jet<V> {
    pub(crate) value: V,
    pub(crate) first: V,
    pub(crate) second: V,
}

impl<V: Arithmetic> Jet<V> {
    #[inline(always)]
    pub(crate) fn times(self, factor: V) -> Self {
        Jet { value: self.value * factor, first: self.first * factor, second: self.second * factor }
    }

    /// `yes` where the mask is, else `no`.
    #[inline(always)]
    pub(crate) fn select(mask: V::Mask, yes: Self, no: Self) -> Self {
        Jet {
            value: V::select(mask, yes.value, no.value),
            first: V::select(mask, yes.first, no.first),
            second: V::select(mask, yes.second, no.second),
        }
    }
}

/// b^(γ−1) for a γ of 1, 2, 3 or 4 by multiplication, which may differ from lane to lane: (h + l)ᵏ = h^(k−1)·(h + k·l), as l
/// is but a rounding error of h. 1 for a γ of 0.
#[inline(always)]
pub(crate) fn whole_power<V: Arithmetic>(base: Pair<V>, gamma: V) -> V {
    let one = gamma.one();
    let linear = (gamma - one).mul_add(base.lo, base.hi);
    let power = V::select(gamma.gt(one), linear, one);
    let square = V::select(gamma.gt(gamma.number(2.0)), base.hi, one);
    power * (square * V::select(gamma.gt(gamma.number(3.0)), base.hi, one))
}

/// The exponent of a label, which in a mixture of labels is one of exponents: e = γ₊y + γ₋(1−y).
#[inline(always)]
pub(crate) fn exponent<V: Arithmetic>(y: V, gamma_pos: V, gamma_neg: V) -> Pair<V> {
    let absence = Pair::sum_ordered(y.one(), -y);
    Pair::product(gamma_pos, y).plus(absence.times_single(gamma_neg))
}

stage! {
    /// ln b as a pair, in the columns of b^(γ−1) and γ: the first half of the stage for exponents that are not whole, whose
    /// operations wait for each other for too long to be one loop.
    fn logarithm_stage[][](
        context,
        terms: &mut Terms<'_, V::Element, L>,
    ) {
        let steps = terms.base.len();
        let (base, low) = (&terms.base[..steps], &terms.base_low[..steps]);
        let (hi, lo) = (&mut terms.over_base[..steps], &mut terms.gamma[..steps]);
        for_each_value!(V, L, steps, |step, lane| {
            let ln = ln_base::<V>(load_pair(context, [base, low], step, lane));
            ln.hi.store(&mut hi[step], lane);
            ln.lo.store(&mut lo[step], lane);
        });
    }
}

stage! {
    /// The second half: b^(γ−1) and γ, for labels that are 0 or 1, or `BLENDED` from 0 to 1; 1 for a γ of 0. The rounding error of
    /// γ − 1 is multiplied by ln b, so it is a pair.
    fn real_stage[K][BLENDED: bool](
        context,
        gamma_pos: K,
        gamma_neg: K,
        labels: &Steps<V::Element, L>,
        terms: &mut Terms<'_, V::Element, L>,
    ) {
        let steps = labels.len();
        let (gammas, powers) = (&mut terms.gamma[..steps], &mut terms.over_base[..steps]);
        for_each_value!(V, L, steps, |step, lane| {
            let y = V::load(context, &labels[step], lane);
            let (pos, neg) = (gamma_pos.load(context, step, lane), gamma_neg.load(context, step, lane));
            let (gamma, less_one) = if BLENDED {
                let gamma = exponent(y, pos, neg);
                (gamma.hi, gamma.plus_single(-y.one()))
            } else {
                let gamma = V::select(y.eq(y.zero()), neg, pos);
                (gamma, Pair::sum(gamma, -y.one()))
            };
            let ln = Pair { hi: V::load(context, &powers[step], lane), lo: V::load(context, &gammas[step], lane) };
            gamma.store(&mut gammas[step], lane);
            let power = V::exp_pair(less_one.times(ln));
            V::select(gamma.eq(gamma.zero()), gamma.one(), power).store(&mut powers[step], lane);
        });
    }
}

stage! {
    /// The last stage: the losses and their derivatives as far as `ORDER`, those multiplied by a scale. `WHOLE` exponents are
    /// raised on the way, which spares the way of their powers through memory.
    fn product_stage[K][ORDER: u8, WHOLE: bool](
        context,
        exponents: [K; 2],
        labels: &Steps<V::Element, L>,
        terms: &Terms<'_, V::Element, L>,
        scale: V::Element,
        results: &mut Results<'_, V::Element, L>,
    ) {
        let steps = labels.len();
        let (base, low) = (&terms.base[..steps], &terms.base_low[..steps]);
        let base_first = &terms.base_first[..steps];
        let (entropy, entropy_first) = (&terms.entropy[..steps], &terms.entropy_first[..steps]);
        let (gammas, powers) = (&terms.gamma[..steps], &terms.over_base[..steps]);
        let [values, firsts, seconds] = results;
        let values = &mut values[..steps];
        let firsts = &mut firsts[..if ORDER >= 1 { steps } else { 0 }];
        let seconds = &mut seconds[..if ORDER >= 2 { steps } else { 0 }];
        let [gamma_pos, gamma_neg] = exponents;
        for_each_value!(V, L, steps, |step, lane| {
            let base = load_pair(context, [base, low], step, lane);
            let (gamma, over_base) = if WHOLE {
                let y = V::load(context, &labels[step], lane);
                let (pos, neg) = (gamma_pos.load(context, step, lane), gamma_neg.load(context, step, lane));
                let gamma = V::select(y.eq(y.zero()), neg, pos);
                (gamma, whole_power(base, gamma))
            } else {
                (V::load(context, &gammas[step], lane), V::load(context, &powers[step], lane))
            };
            // b⁰ = 1, exactly. Where b is 0 so is the cross-entropy, and the 0 is kept for their product; so is a NaN.
            let (zero, one, is_unfocused) = (gamma.zero(), gamma.one(), gamma.eq(gamma.zero()));
            let hi = V::select(is_unfocused & base.hi.gt(zero), one, base.hi);
            let value = Pair { hi, lo: V::select(is_unfocused, zero, base.lo) };
            let mut base = Base { value, first: value.hi, second: value.hi };
            let entropy = V::load(context, &entropy[step], lane);
            let mut entropy = Jet { value: entropy, first: entropy, second: entropy };
            if ORDER >= 1 {
                base.first = V::load(context, &base_first[step], lane);
                entropy.first = V::load(context, &entropy_first[step], lane);
            }
            if ORDER >= 2 {
                base.second = V::load(context, &terms.base_second[step], lane);
                entropy.second = V::load(context, &terms.entropy_second[step], lane);
            }
            let loss = weighted::<V, ORDER>(base, entropy, over_base, gamma);
            loss.value.store(&mut values[step], lane);
            if ORDER >= 1 {
                (loss.first * gamma.splat(scale)).store(&mut firsts[step], lane);
            }
            if ORDER >= 2 {
                (loss.second * gamma.splat(scale)).store(&mut seconds[step], lane);
            }
        });
    }
}

/// ln b.
#[inline(always)]
pub(crate) fn ln_base<V: Arithmetic>(base: Pair<V>) -> Pair<V> {
    let ln = V::ln_pair(base);
    // A probability that rounding has lifted above 1 would explode under a huge exponent.
    let lifted = ln.round().gt(ln.hi.zero());
    Pair::select(lifted, Pair::single(ln.hi.zero()), ln)
}

/// The base b of the weight with its derivatives in the logit.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Base<V> {
    pub(crate) value: Pair<V>,
    pub(crate) first: V,
    pub(crate) second: V,
}

/// L = bᵞC with its derivatives as far as `ORDER`, given b, C and V = b^(γ−1):
///
/// L′ = b·VC′ + γ·b′·VC,
/// L″ = b·VC″ + 2γ·b′·VC′ + γ·VC·(b″ + (γ−1)·b′²/b).
///
/// V comes first into every product: it may be huge where the others are tiny, and they would underflow without it.
#[inline(always)]
pub(crate) fn weighted<V: Arithmetic, const ORDER: u8>(
    base: Base<V>,
    entropy: Jet<V>,
    over_base: V,
    gamma: V,
) -> Jet<V> {
    let b = base.value;
    let value = over_base * entropy.value;
    let mut loss = Jet { value: b.scaled(value), first: b.hi.zero(), second: b.hi.zero() };
    if ORDER >= 1 {
        let first = over_base * entropy.first;
        loss.first = b.hi.mul_add(first, gamma * (base.first * value));
        if ORDER >= 2 {
            let second = over_base * entropy.second;
            // Where b is not a normal number, L is 0, and b′/b must not turn it into NaN.
            let smallest = b.hi.number(f64::from(-V::Element::MAX_EXPONENT).exp2());
            let ratio = V::select(smallest.gt(b.hi), b.hi.zero(), base.first / b.hi);
            // In this order nothing leaves the range before it meets what brings it back.
            let bend = (value * ratio).mul_add((gamma - b.hi.one()) * base.first, value * base.second);
            loss.second = b.hi.mul_add(second, gamma.mul_add(bend, (gamma + gamma) * (base.first * first)));
        }
    }
    loss
}

/// xᵉ as IEEE arithmetic has it, but NaN for NaN; an x below the smallest normal number counts as that number.
#[inline(always)]
fn power<V: Arithmetic>(x: V, e: Pair<V>, whole: Option<i64>) -> V {
    let (zero, one) = (x.zero(), x.one());
    let infinity = one / zero;
    match whole {
        Some(0) => return V::select(x.eq(x), one, x),
        Some(1) => return x,
        Some(2) => return x * x,
        Some(3) => return x * x * x,
        Some(4) => return (x * x) * (x * x),
        _ => {}
    }
    let magnitude = x.max(-x);
    let smallest = x.number(f64::from(-V::Element::MAX_EXPONENT).exp2());
    let ln = e.times(V::ln_pair(Pair::single(magnitude.max(smallest))));
    let power = V::exp_pair(ln);
    if (x.gt(zero) & one.ge(x) & e.hi.gt(zero)).all() {
        return power;
    }
    let (of_zero, of_infinity) = (V::select(e.hi.gt(zero), zero, infinity), V::select(e.hi.gt(zero), infinity, zero));
    let power = V::select(ln.hi.gt(bound(x)), infinity, power);
    let power = V::select(magnitude.eq(zero), of_zero, V::select(magnitude.eq(infinity), of_infinity, power));
    let of_negative = match whole {
        Some(e) if e % 2 == 0 => power,
        Some(_) => -power,
        None => infinity * zero,
    };
    let power = V::select(zero.gt(x), of_negative, power);
    V::select(x.eq(x), power, x)
}

/// The functions of a probability, for arrays.
#[derive(Clone, Copy)]
enum WeightMap {
    Weight(f64),
    Gradient(f64),
}

impl Map for WeightMap {
    native_map!();

    #[inline(always)]
    fn eval<V: Arithmetic>(self, x: V) -> V {
        // A whole exponent up to 2⁵³ says whether it is even.
        let whole = |e: f64| (e.fract() == 0.0 && e.abs() < 9e15).then_some(e as i64);
        match self {
            WeightMap::Weight(gamma) => power(x, Pair::single(x.number(gamma)), whole(gamma)),
            WeightMap::Gradient(0.0) => V::select(x.eq(x), x.zero(), x),
            WeightMap::Gradient(gamma) => {
                let e = Pair::sum(x.number(gamma), -x.one());
                x.number(gamma) * power(x, e, whole(gamma - 1.0))
            }
        }
    }
}

/// w = xᵞ, element by element, for probabilities x; where γ is no whole number up to 4, an x that is not 0 but below the
/// smallest normal number counts as that number.
///
/// # Errors
///
/// [`Error::ParameterOutOfRange`] unless γ is finite and at least 0; [`Error::TooLarge`] if there is no memory for the
/// result.
///
/// # Examples
///
/// ```
/// use asymmetric_loss::focal::weight;
/// use ndarray::array;
///
/// assert_eq!(weight(&array![0.0, 0.5, 1.0], 2.0)?, array![0.0, 0.25, 1.0]);
/// assert_eq!(weight(&array![0.0, 0.5, 1.0], 0.0)?, array![1.0, 1.0, 1.0]);
/// # Ok::<(), asymmetric_loss::Error>(())
/// ```
pub fn weight<T: Float, S: Data<Elem = T>, D: Dimension>(
    x: &ArrayBase<S, D>,
    gamma: f64,
) -> Result<Array<T, D>, Error> {
    FOCUSING.check("gamma", gamma, None)?;
    elementwise::map(x, WeightMap::Weight(gamma.min(LARGEST_GAMMA)))
}

/// dw/dx = γ·x^(γ−1), element by element; infinite at x = 0 for 0 < γ < 1. Tiny x count as in [`weight`].
///
/// # Errors
///
/// [`Error::ParameterOutOfRange`] unless γ is finite and at least 0; [`Error::TooLarge`] if there is no memory for the
/// result.
///
/// # Examples
///
/// ```
/// use asymmetric_loss::focal::weight_gradient;
/// use ndarray::array;
///
/// assert_eq!(weight_gradient(&array![0.0, 0.5, 1.0], 2.0)?, array![0.0, 1.0, 2.0]);
/// # Ok::<(), asymmetric_loss::Error>(())
/// ```
pub fn weight_gradient<T: Float, S: Data<Elem = T>, D: Dimension>(
    x: &ArrayBase<S, D>,
    gamma: f64,
) -> Result<Array<T, D>, Error> {
    FOCUSING.check("gamma", gamma, None)?;
    elementwise::map(x, WeightMap::Gradient(gamma.min(LARGEST_GAMMA)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::arithmetic::Scalar;

    /// (h + l)ᵏ⁻¹, where l is half a unit in the last place or less, has an error of its roundings only; each is at most
    /// 2⁻²⁴. What l contributes is up to (k − 1)·2⁻²⁴.
    #[test]
    fn whole_powers_count_the_low_part_of_the_base() {
        for (gamma, roundings) in [(1, 0.0), (2, 1.0), (3, 2.0), (4, 3.0)] {
            for k in 0..20_000 {
                let hi = 0.25 + 0.75 * k as f32 / 20_000.0;
                for share in [-0.99, -0.5, 0.25, 0.99] {
                    let lo = share * (hi.next_up() - hi) / 2.0;
                    let power = whole_power(Pair { hi: Scalar(hi), lo: Scalar(lo) }, Scalar(gamma as f32));
                    let exact = (f64::from(hi) + f64::from(lo)).powi(gamma - 1);
                    let error = (f64::from(power.0) / exact - 1.0).abs() * f64::exp2(24.0);
                    assert!(error <= roundings + 0.01, "{error} · 2⁻²⁴ for {hi} + {lo:e}, γ = {gamma}");
                }
            }
        }
    }
}
