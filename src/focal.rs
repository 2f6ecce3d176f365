//! Focal weight: how much a label that is already right still counts.
//!
//! w = xᵞ, where x is the probability of the wrong answer (shifted, for a negative) and γ the focusing exponent.
//! x⁰ = 1, also for x = 0.

use crate::activation::bound;
use crate::arithmetic::{Arithmetic, Mask, Pair};
use crate::element::Float;
use crate::elementwise::{self, Map, native_map};
use crate::error::Error;
use ndarray::{Array, ArrayBase, Data, Dimension};

/// The largest whole exponent that is raised by multiplication.
const LARGEST_WHOLE: f64 = 4.0;

/// The exponent of all classes, where that is a whole number small enough to be raised by multiplication.
pub(crate) fn whole(gammas: &[f64]) -> Option<u32> {
    match gammas {
        [first, rest @ ..] if first.fract() == 0.0 && *first <= LARGEST_WHOLE && rest.iter().all(|x| x == first) => {
            Some(*first as u32)
        }
        _ => None,
    }
}

/// A γ for which xᵞ is 0 for every x < 1, and which no product with a logarithm takes out of range.
pub(crate) const LARGEST_GAMMA: f64 = 1e30;

/// What is asked for beside the value.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
pub(crate) enum Order {
    Value,
    /// The first derivative in the logit.
    First,
    /// The first and the second.
    Second,
    /// Instead of all three, the derivatives in γ₊, m and γ₋.
    Parameters,
}

/// A quantity with its first and second derivative in the logit, or the derivatives in γ₊, m and γ₋.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Jet<V> {
    pub(crate) value: V,
    pub(crate) first: V,
    pub(crate) second: V,
}

impl<V: Arithmetic> Jet<V> {
    /// Derivatives in −z as derivatives in z.
    #[inline(always)]
    pub(crate) fn mirror(self) -> Self {
        Jet { first: -self.first, ..self }
    }

    /// Derivatives in −z as derivatives in z, where the mask is.
    #[inline(always)]
    pub(crate) fn mirrored(self, mask: V::Mask) -> Self {
        Jet { first: V::select(mask, -self.first, self.first), ..self }
    }

    #[inline(always)]
    pub(crate) fn times(self, factor: V) -> Self {
        Jet { value: self.value * factor, first: self.first * factor, second: self.second * factor }
    }

    /// The derivatives in the parameters of a positive, given that in γ₊ as the last.
    #[inline(always)]
    pub(crate) fn of_positive(self) -> Self {
        let zero = self.value.zero();
        Jet { value: self.second, first: zero, second: zero }
    }

    /// The derivatives in the parameters of a negative, given those in m and γ₋.
    #[inline(always)]
    pub(crate) fn of_negative(self) -> Self {
        Jet { value: self.value.zero(), ..self }
    }

    /// The sum of shares of two losses. A share of 0 is none, whatever the loss.
    #[inline(always)]
    pub(crate) fn mix([of_positive, of_negative]: [V; 2], positive: Self, negative: Self) -> Self {
        let zero = of_positive.zero();
        let positive = Jet::select(of_positive.eq(zero), Jet { value: zero, first: zero, second: zero }, positive);
        let (positive, negative) = (positive.times(of_positive), negative.times(of_negative));
        Jet {
            value: positive.value + negative.value,
            first: positive.first + negative.first,
            second: positive.second + negative.second,
        }
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

/// b^(γ−1), and the base to go with it: where γ is a whole 0 that is 1, or 0 for a b of 0.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Weight<V> {
    pub(crate) base: Pair<V>,
    pub(crate) over_base: V,
}

impl<V: Arithmetic> Weight<V> {
    /// For a whole γ ≤ 4, by multiplication: (h + l)ᵏ = h^(k−1)·(h + k·l), as l is but a rounding error of h.
    #[inline(always)]
    pub(crate) fn whole(base: Pair<V>, gamma: u32) -> Self {
        let Pair { hi, lo } = base;
        let over_base = match gamma {
            0 => return Weight { base: one_above_zero(base), over_base: hi.one() },
            1 => hi.one(),
            2 => hi + lo,
            3 => hi * (lo + lo + hi),
            _ => (hi * hi) * lo.mul_add(hi.number(3.0), hi),
        };
        Weight { base, over_base }
    }

    /// For any γ, given as γ − 1 in two parts, because its rounding error is multiplied by ln b.
    #[inline(always)]
    pub(crate) fn real(base: Pair<V>, gamma_less_one: Pair<V>) -> Self {
        Weight { base, over_base: V::exp_pair(gamma_less_one.times(ln_base(base))) }
    }

    /// `yes` where the mask is, else `no`.
    #[inline(always)]
    pub(crate) fn select(mask: V::Mask, yes: Self, no: Self) -> Self {
        Weight { base: Pair::select(mask, yes.base, no.base), over_base: V::select(mask, yes.over_base, no.over_base) }
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

/// x⁰ for x > 0. Where x is 0 so is the cross-entropy, and the 0 is kept for their product.
#[inline(always)]
fn one_above_zero<V: Arithmetic>(x: Pair<V>) -> Pair<V> {
    Pair::single(V::select(x.hi.gt(x.hi.zero()), x.hi.one(), x.hi))
}

/// The base b of the weight with its derivatives in the logit.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Base<V> {
    pub(crate) value: Pair<V>,
    pub(crate) first: V,
    pub(crate) second: V,
}

/// L = bᵞC with its derivatives as far as `order`, given b, C and V = b^(γ−1):
///
/// L′ = b·VC′ + γ·b′·VC,
/// L″ = b·VC″ + 2γ·b′·VC′ + γ·VC·(b″ + (γ−1)·b′²/b).
///
/// V comes first into every product: it may be huge where the others are tiny, and they would underflow without it.
/// A detached weight is one whose derivative is left out: `gamma` is then 0.
#[inline(always)]
pub(crate) fn weighted<V: Arithmetic>(base: Base<V>, entropy: Jet<V>, over_base: V, gamma: V, order: Order) -> Jet<V> {
    let b = base.value;
    let value = over_base * entropy.value;
    let mut loss = Jet { value: b.scaled(value), first: b.hi.zero(), second: b.hi.zero() };
    if order >= Order::First {
        let first = over_base * entropy.first;
        loss.first = b.hi.mul_add(first, gamma * (base.first * value));
        if order == Order::Second {
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

/// Fails unless γ is finite and at least 0.
pub(crate) fn check(parameter: &'static str, gamma: f64, class: Option<usize>) -> Result<(), Error> {
    if gamma >= 0.0 && gamma.is_finite() {
        return Ok(());
    }
    Err(Error::ParameterOutOfRange { parameter, expected: "finite and at least 0", actual: gamma, class })
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
pub fn weight<T, S, D>(x: &ArrayBase<S, D>, gamma: f64) -> Result<Array<T, D>, Error>
where
    T: Float,
    S: Data<Elem = T>,
    D: Dimension,
{
    check("gamma", gamma, None)?;
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
pub fn weight_gradient<T, S, D>(x: &ArrayBase<S, D>, gamma: f64) -> Result<Array<T, D>, Error>
where
    T: Float,
    S: Data<Elem = T>,
    D: Dimension,
{
    check("gamma", gamma, None)?;
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
                    let weight = Weight::whole(Pair { hi: Scalar(hi), lo: Scalar(lo) }, gamma);
                    let exact = (f64::from(hi) + f64::from(lo)).powi(gamma as i32 - 1);
                    let error = (f64::from(weight.over_base.0) / exact - 1.0).abs() * f64::exp2(24.0);
                    assert!(error <= roundings + 0.01, "{error} · 2⁻²⁴ for {hi} + {lo:e}, γ = {gamma}");
                }
            }
        }
    }
}
