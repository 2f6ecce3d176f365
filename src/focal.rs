//! Focal weight: how much a label that is already right still counts.
//!
//! w = xᵞ, where x is the probability of the wrong answer (shifted, for a negative) and γ the focusing exponent.
//! x⁰ = 1, also for x = 0.

use crate::error::Error;
use crate::float::{Float, Pair};
use ndarray::{Array, ArrayBase, Data, Dimension};

/// A γ for which xᵞ is 0 for every x < 1, and which no product with a logarithm takes out of range.
pub(crate) const LARGEST_GAMMA: f64 = 1e30;

/// A quantity with its first and second derivative in the logit.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Jet<T, V = T> {
    pub(crate) value: V,
    pub(crate) first: T,
    pub(crate) second: T,
}

impl<T: Float> Jet<T> {
    /// Derivatives in −z as derivatives in z.
    #[inline(always)]
    pub(crate) fn mirrored(self) -> Self {
        Jet { first: -self.first, ..self }
    }
}

impl<T: Float> Jet<T, Pair<T>> {
    /// The value as one float.
    #[inline(always)]
    pub(crate) fn rounded(self) -> Jet<T> {
        Jet { value: self.value.round(), first: self.first, second: self.second }
    }
}

/// ln b^(γ−1) and the base to go with it. γ is a pair because its rounding error would be multiplied by ln b.
///
/// For γ = 0, where the weight is 1 whatever b is, the base is 1.
#[inline(always)]
pub(crate) fn ln_weight_over_base<T: Float>(base: Pair<T>, gamma: Pair<T>) -> (Pair<T>, Pair<T>) {
    let one = T::one();
    // A probability that rounding has lifted above 1 would explode under a huge exponent.
    let lifted = (base.hi - one) + base.lo > T::zero();
    let is_one = lifted | (gamma.hi == T::zero());
    let base = Pair { hi: if is_one { one } else { base.hi }, lo: if is_one { T::zero() } else { base.lo } };
    (gamma.plus(Pair::single(-one)).times(T::ln_pair(base)), base)
}

/// b^(γ−1) and the base to go with it, for a whole γ ≤ 4, by multiplication: (h + l)ᵏ = h^(k−1)·(h + k·l), as l is but a rounding error of h.
#[inline(always)]
pub(crate) fn whole_weight_over_base<T: Float>(base: Pair<T>, gamma: u32) -> (T, Pair<T>) {
    let Pair { hi, lo } = base;
    match gamma {
        0 => (T::one(), Pair::single(T::one())),
        1 => (T::one(), base),
        2 => (hi + lo, base),
        3 => (hi * (lo + lo + hi), base),
        _ => (hi * hi * T::from_f64(3.0).mul_add(lo, hi), base),
    }
}

/// L = bᵞC with its derivatives, given b, C and V = b^(γ−1):
///
/// L′ = b·VC′ + γ·b′·VC,
/// L″ = b·VC″ + 2γ·b′·VC′ + γ·VC·(b″ + (γ−1)·b′²/b).
///
/// V comes first into every product: it may be huge where the others are tiny, and they would underflow without it.
/// A detached weight is one whose derivative is left out: `gamma` is then 0.
#[inline(always)]
pub(crate) fn weighted<T: Float>(base: Jet<T, Pair<T>>, entropy: Jet<T>, over_base: T, gamma: T) -> Jet<T> {
    let b = base.value;
    let value = over_base * entropy.value;
    let first = over_base * entropy.first;
    let second = over_base * entropy.second;
    // Where b is not a normal number, L is 0, and b′/b must not turn it into NaN.
    let smallest = T::from_f64(f64::from(-T::MAX_EXPONENT).exp2());
    let ratio = if b.hi < smallest { T::zero() } else { base.first / b.hi };
    // In this order nothing leaves the range before it meets what brings it back.
    let bend = value * base.second + (value * ratio) * ((gamma - T::one()) * base.first);
    Jet {
        value: b.scaled(value),
        first: b.hi.mul_add(first, gamma * (base.first * value)),
        second: b.hi.mul_add(second, gamma.mul_add(bend, (gamma + gamma) * (base.first * first))),
    }
}

/// Fails unless γ is finite and at least 0.
pub(crate) fn check(parameter: &'static str, gamma: f64, class: Option<usize>) -> Result<(), Error> {
    if gamma >= 0.0 && gamma.is_finite() {
        return Ok(());
    }
    Err(Error::ParameterOutOfRange { parameter, expected: "finite and at least 0", actual: gamma, class })
}

/// xᵉ, where x is a probability: 0 stays 0 and 1 stays 1, unlike in [`Float::power`].
fn scalar_power<T: Float>(x: T, e: Pair<T>) -> T {
    if x == T::zero() || e.hi == T::zero() {
        return if e.hi > T::zero() { T::zero() } else { T::one() };
    }
    let smallest = T::from_f64(f64::from(-T::MAX_EXPONENT).exp2());
    T::power(Pair::single(if x < smallest { smallest } else { x }), e)
}

/// w = xᵞ, element by element, for probabilities x; an x below the smallest normal number counts as that number.
///
/// # Errors
///
/// [`Error::ParameterOutOfRange`] unless γ is finite and at least 0.
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
    let gamma = T::from_f64(gamma.min(LARGEST_GAMMA));
    Ok(x.map(|&x| scalar_power(x, Pair::single(gamma))))
}

/// dw/dx = γ·x^(γ−1), element by element; infinite at x = 0 for 0 < γ < 1.
///
/// # Errors
///
/// [`Error::ParameterOutOfRange`] unless γ is finite and at least 0.
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
    let (zero, one) = (T::zero(), T::one());
    let gamma = T::from_f64(gamma.min(LARGEST_GAMMA));
    Ok(x.map(|&x| {
        if gamma == zero {
            return zero;
        }
        if x == zero && gamma < one {
            return one / zero;
        }
        gamma * scalar_power(x, Pair::sum(gamma, -one))
    }))
}
