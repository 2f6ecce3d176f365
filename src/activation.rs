//! Logit → probability and log-probability.
//!
//! With z the logit: p = σ(z) = 1/(1 + e⁻ᶻ), q = 1 − p = σ(−z), dp/dz = p·q.

use crate::float::{Float, Pair};
use crate::math::{logit, reciprocal};
use ndarray::{Array, ArrayBase, Data, Dimension};

/// The probability m from which p is measured, so that p − m keeps all its digits near p = m.
///
/// The fields are the constants of the stages; `docs/mathematics.md` derives them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reference<T> {
    /// m.
    pub(crate) m: T,
    /// ln(m / (1 − m)) in three pieces, or 0 for m = 0.
    logit: [T; 3],
    /// The logit divided by ln 2.
    log_2_odds: T,
    /// j with ½ ≤ c < 1 for (1 − m)/m = c·2ʲ, or 0 for m = 0.
    shift: T,
    /// 2⁻ʲ, or 0 for m = 0.
    pub(crate) unit: T,
    /// c, or 1 for m = 0.
    odds: Pair<T>,
    /// 1 − m.
    pub(crate) complement: Pair<T>,
}

impl<T: Float> Reference<T> {
    /// The number of constants.
    pub(crate) const LENGTH: usize = 11;

    /// m = 0: p itself.
    #[inline(always)]
    pub(crate) fn zero() -> Self {
        let (zero, one) = (T::zero(), T::one());
        Reference {
            m: zero,
            logit: [zero; 3],
            log_2_odds: zero,
            shift: zero,
            unit: zero,
            odds: Pair::single(one),
            complement: Pair::single(one),
        }
    }

    /// The constants for an m in [0, 1) that `T` represents; an m below the smallest normal number counts as 0.
    pub(crate) fn new(m: f64) -> Self {
        if m < f64::from(-T::MAX_EXPONENT).exp2() {
            return Self::zero();
        }
        let round = |x: Pair<f64>| {
            let hi = T::from_f64(x.hi);
            Pair { hi, lo: T::from_f64((x.hi - hi.to_f64()) + x.lo) }
        };
        let origin = logit(m);
        // The first piece lies on the grid of ln 2, so that adding a multiple of ln 2 to it is exact.
        let first = (origin.hi / T::ln_2_grid()).round() * T::ln_2_grid();
        let rest = round(Pair::sum(origin.hi - first, origin.lo));
        let complement = Pair::sum(1.0, -m);
        let shift = (complement.hi / m).log2().floor() + 1.0;
        let odds = complement.times(reciprocal(Pair::single(m * shift.exp2())));
        Reference {
            m: T::from_f64(m),
            logit: [T::from_f64(first), rest.hi, rest.lo],
            log_2_odds: T::from_f64(origin.hi * std::f64::consts::LOG2_E),
            shift: T::from_f64(shift),
            unit: T::from_f64((-shift).exp2()),
            odds: round(odds),
            complement: round(complement),
        }
    }

    /// The constants as an array, for a table with a column each.
    pub(crate) fn to_array(self) -> [T; 11] {
        let Reference { m, logit: [a, b, c], log_2_odds, shift, unit, odds, complement } = self;
        [m, a, b, c, log_2_odds, shift, unit, odds.hi, odds.lo, complement.hi, complement.lo]
    }

    /// The inverse of [`to_array`](Self::to_array), constant by constant.
    #[inline(always)]
    pub(crate) fn from_fn(constant: impl Fn(usize) -> T) -> Self {
        Reference {
            m: constant(0),
            logit: [constant(1), constant(2), constant(3)],
            log_2_odds: constant(4),
            shift: constant(5),
            unit: constant(6),
            odds: Pair { hi: constant(7), lo: constant(8) },
            complement: Pair { hi: constant(9), lo: constant(10) },
        }
    }

    /// These constants in another arithmetic.
    #[inline(always)]
    pub(crate) fn map<U: Float>(self, f: impl Fn(T) -> U) -> Reference<U> {
        let pair = |x: Pair<T>| Pair { hi: f(x.hi), lo: f(x.lo) };
        Reference {
            m: f(self.m),
            logit: self.logit.map(&f),
            log_2_odds: f(self.log_2_odds),
            shift: f(self.shift),
            unit: f(self.unit),
            odds: pair(self.odds),
            complement: pair(self.complement),
        }
    }
}

/// The |z| beyond which e^(−|z|) is not a normal number; [`exponential`] is not to be called with a larger one.
#[inline(always)]
pub(crate) fn bound<T: Float>() -> T {
    T::from_f64(f64::from(T::MAX_EXPONENT) * std::f64::consts::LN_2)
}

/// `z`, but within ±[`bound`]; NaN stays NaN.
#[inline(always)]
pub(crate) fn clamp<T: Float>(z: T) -> T {
    let z = if z > bound() { bound() } else { z };
    if z < -bound::<T>() { -bound::<T>() } else { z }
}

/// eᵟ = 2ⁿ(1 + a) for δ = z − logit(m).
#[derive(Clone, Copy, Debug)]
pub(crate) struct Exponential<T> {
    pub(crate) a: T,
    /// 2^(j − n).
    pub(crate) scale: T,
}

/// The exponential of a logit relative to that of the reference; nothing is lost near δ = 0.
#[inline(always)]
pub(crate) fn exponential<T: Float>(z: T, from: &Reference<T>) -> Exponential<T> {
    let [high, low] = T::ln_2();
    let [first, second, third] = from.logit;
    let (minus_n, scale) =
        T::round_exp_2(z.mul_add(T::from_f64(-std::f64::consts::LOG2_E), from.log_2_odds), from.shift);
    let r = (z - (-minus_n).mul_add(high, first)) - (-minus_n).mul_add(low, second);
    Exponential { a: T::exp_m1_reduced(r, -third), scale }
}

/// p = e/D and 1 − p = σ/D with D = σ + e, where σ/e = e⁻ᶻ.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sigmoid<T> {
    pub(crate) e: Pair<T>,
    pub(crate) sigma: Pair<T>,
    pub(crate) divisor: Pair<T>,
    /// 1/D.
    pub(crate) reciprocal: T,
}

/// e = 1 + a and σ = c·2^(j−n).
#[inline(always)]
pub(crate) fn sigmoid_parts<T: Float>(x: Exponential<T>, from: &Reference<T>) -> Sigmoid<T> {
    let e = Pair::sum_ordered(T::one(), x.a);
    let sigma = Pair { hi: from.odds.hi * x.scale, lo: from.odds.lo * x.scale };
    let sum = Pair::sum_positive(sigma.hi, e.hi);
    let divisor = Pair { hi: sum.hi, lo: (sum.lo + e.lo) + sigma.lo };
    Sigmoid { e, sigma, divisor, reciprocal: T::one() / divisor.hi }
}

impl<T: Float> Sigmoid<T> {
    /// `numerator`/D, by one step of long division.
    #[inline(always)]
    pub(crate) fn quotient(&self, numerator: Pair<T>) -> Pair<T> {
        let hi = numerator.hi * self.reciprocal;
        let remainder = (-hi).mul_add(self.divisor.lo, numerator.lo) - hi.product_error(self.divisor.hi, numerator.hi);
        Pair { hi, lo: remainder * self.reciprocal }
    }
}

/// (σ(z), σ(−z)) for any z.
#[inline(always)]
fn sigmoids<T: Float>(z: T) -> (T, T) {
    let reference = Reference::zero();
    let sigmoid = sigmoid_parts(exponential(clamp(z), &reference), &reference);
    let (zero, one) = (T::zero(), T::one());
    match (z < -bound::<T>(), z > bound()) {
        (true, _) => (zero, one),
        (_, true) => (one, zero),
        _ => (sigmoid.quotient(sigmoid.e).round(), sigmoid.quotient(sigmoid.sigma).round()),
    }
}

/// σ(z) = 1/(1 + e⁻ᶻ), element by element.
///
/// Array of any shape in, same shape out. Values below the smallest normal number come out as 0.
///
/// # Examples
///
/// ```
/// use asymmetric_loss::activation::sigmoid;
/// use ndarray::array;
///
/// assert_eq!(sigmoid(&array![0.0, 800.0, -800.0]), array![0.5, 1.0, 0.0]);
/// ```
pub fn sigmoid<T: Float, S: Data<Elem = T>, D: Dimension>(logits: &ArrayBase<S, D>) -> Array<T, D> {
    logits.map(|&z| sigmoids(z).0)
}

/// dσ/dz = σ(z)·σ(−z), element by element.
///
/// # Examples
///
/// ```
/// use asymmetric_loss::activation::sigmoid_gradient;
/// use ndarray::array;
///
/// assert_eq!(sigmoid_gradient(&array![0.0, 800.0]), array![0.25, 0.0]);
/// ```
pub fn sigmoid_gradient<T: Float, S: Data<Elem = T>, D: Dimension>(logits: &ArrayBase<S, D>) -> Array<T, D> {
    logits.map(|&z| {
        let (p, q) = sigmoids(z);
        p * q
    })
}

/// ln σ(z) = −ln(1 + e⁻ᶻ), element by element; accurate for every z, and −|z| for a very negative one.
///
/// # Examples
///
/// ```
/// use asymmetric_loss::activation::log_sigmoid;
/// use ndarray::array;
///
/// assert_eq!(log_sigmoid(&array![-1000.0, 1000.0]), array![-1000.0, 0.0]);
/// ```
pub fn log_sigmoid<T: Float, S: Data<Elem = T>, D: Dimension>(logits: &ArrayBase<S, D>) -> Array<T, D> {
    logits.map(|&z| {
        let (p, q) = sigmoids(-z);
        // −ln σ(z) = −ln(1 − σ(−z)), where 1 − σ(−z) is q.
        if z < -bound::<T>() { z } else { -T::neg_ln(p, q) }
    })
}

/// d ln σ/dz = σ(−z), element by element.
///
/// # Examples
///
/// ```
/// use asymmetric_loss::activation::log_sigmoid_gradient;
/// use ndarray::array;
///
/// assert_eq!(log_sigmoid_gradient(&array![-800.0, 0.0, 800.0]), array![1.0, 0.5, 0.0]);
/// ```
pub fn log_sigmoid_gradient<T: Float, S: Data<Elem = T>, D: Dimension>(logits: &ArrayBase<S, D>) -> Array<T, D> {
    logits.map(|&z| sigmoids(z).1)
}
