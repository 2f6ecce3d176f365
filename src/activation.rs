//! Logit → probability and log-probability.
//!
//! With z the logit: p = σ(z) = 1/(1 + e⁻ᶻ), q = 1 − p = σ(−z), dp/dz = p·q.

use crate::float::{Float, Pair};
use crate::math::{logit, reciprocal};
use ndarray::{Array, ArrayBase, Data, Dimension};

/// The probability m from which p is measured, so that p − m keeps all its digits near p = m.
///
/// The fields are the constants of [`odds`] and [`sigmoid_above`]; `docs/mathematics.md` derives them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reference<T> {
    /// m.
    pub(crate) m: T,
    /// ln(m / (1 − m)) in three pieces, or 0 for m = 0.
    logit: [T; 3],
    /// j with 1 ≤ c < 2 for c = m·2ʲ, or 0 for m = 0.
    shift: T,
    /// 2⁻ʲ, or 0 for m = 0.
    unit: T,
    /// 1/((1 − m)c), with c = 1 for m = 0.
    alpha: Pair<T>,
    /// 1/(1 − m).
    beta: Pair<T>,
    /// 1/c.
    kappa: T,
    /// The logit that stands for all below it: there e^z would leave the range, or p is below m anyway.
    lowest: T,
}

impl<T: Float> Reference<T> {
    /// The number of constants.
    pub(crate) const LENGTH: usize = 12;

    /// m = 0: p itself.
    #[inline(always)]
    pub(crate) fn zero() -> Self {
        let (zero, one) = (T::zero(), T::one());
        Reference {
            m: zero,
            logit: [zero; 3],
            shift: zero,
            unit: zero,
            alpha: Pair::single(one),
            beta: Pair::single(one),
            kappa: one,
            lowest: -bound::<T>(),
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
        let rest = round(Pair { hi: origin.hi - first, lo: origin.lo });
        let shift = -m.log2().floor();
        let c = m * shift.exp2();
        let beta = reciprocal(Pair::sum(1.0, -m));
        Reference {
            m: T::from_f64(m),
            logit: [T::from_f64(first), rest.hi, rest.lo],
            shift: T::from_f64(shift),
            unit: T::from_f64((-shift).exp2()),
            alpha: round(beta.times(reciprocal(Pair::single(c)))),
            beta: round(beta),
            kappa: T::from_f64(1.0 / c),
            lowest: T::from_f64(first - 2.0),
        }
    }

    /// The constants as an array, for a table with a column each.
    pub(crate) fn to_array(self) -> [T; 12] {
        let Reference { m, logit: [a, b, c], shift, unit, alpha, beta, kappa, lowest } = self;
        [m, a, b, c, shift, unit, alpha.hi, alpha.lo, beta.hi, beta.lo, kappa, lowest]
    }

    /// The inverse of [`to_array`](Self::to_array), constant by constant.
    #[inline(always)]
    pub(crate) fn from_fn(constant: impl Fn(usize) -> T) -> Self {
        Reference {
            m: constant(0),
            logit: [constant(1), constant(2), constant(3)],
            shift: constant(4),
            unit: constant(5),
            alpha: Pair { hi: constant(6), lo: constant(7) },
            beta: Pair { hi: constant(8), lo: constant(9) },
            kappa: constant(10),
            lowest: constant(11),
        }
    }

    /// These constants in another arithmetic.
    #[inline(always)]
    pub(crate) fn map<U: Float>(self, f: impl Fn(T) -> U) -> Reference<U> {
        let pair = |x: Pair<T>| Pair { hi: f(x.hi), lo: f(x.lo) };
        Reference {
            m: f(self.m),
            logit: self.logit.map(&f),
            shift: f(self.shift),
            unit: f(self.unit),
            alpha: pair(self.alpha),
            beta: pair(self.beta),
            kappa: f(self.kappa),
            lowest: f(self.lowest),
        }
    }

    /// The constants for m = 0 where `label` is 1, these where it is 0.
    #[inline(always)]
    pub(crate) fn unless(self, label: T) -> Self {
        let zero = Self::zero();
        let choose = |one: T, zero: T| label.choose(one, zero);
        let pair = |one: Pair<T>, zero: Pair<T>| Pair { hi: choose(one.hi, zero.hi), lo: choose(one.lo, zero.lo) };
        Reference {
            m: choose(zero.m, self.m),
            logit: [0, 1, 2].map(|i| choose(zero.logit[i], self.logit[i])),
            shift: choose(zero.shift, self.shift),
            unit: choose(zero.unit, self.unit),
            alpha: pair(zero.alpha, self.alpha),
            beta: pair(zero.beta, self.beta),
            kappa: choose(zero.kappa, self.kappa),
            lowest: choose(zero.lowest, self.lowest),
        }
    }
}

/// The |z| beyond which e^(−|z|) is not a normal number; [`odds`] is not to be called with a larger z.
#[inline(always)]
pub(crate) fn bound<T: Float>() -> T {
    T::from_f64(f64::from(T::MAX_EXPONENT) * std::f64::consts::LN_2)
}

/// `z`, but at most [`bound`]; NaN stays NaN.
#[inline(always)]
pub(crate) fn clamp<T: Float>(z: T) -> T {
    if z > bound() { bound() } else { z }
}

/// The odds eᵟ relative to those of the reference, δ = z − logit(m), scaled by 2⁻ⁿ.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Odds<T> {
    /// (eᵟ − 1)·2⁻ⁿ, or e^z·2⁻ⁿ for m = 0.
    pub(crate) excess: Pair<T>,
    /// 2^(j − n).
    pub(crate) scale: T,
}

/// eᵟ = 2ⁿ(1 + a): reduced like an ordinary exponential, but nothing is lost near δ = 0.
#[inline(always)]
pub(crate) fn odds<T: Float>(z: T, from: &Reference<T>) -> Odds<T> {
    let [high, low] = T::ln_2();
    let [first, second, third] = from.logit;
    let z = if z < from.lowest { from.lowest } else { z };
    let n = ((z - first) * T::from_f64(std::f64::consts::LOG2_E)).round();
    let r = ((z - n.mul_add(high, first)) - n.mul_add(low, second)) - third;
    let a = T::exp_m1_reduced(r);
    let scale = T::exp_2(from.shift - n);
    let excess = Pair::sum_ordered((-scale).mul_add(from.unit, T::one()), a.hi);
    Odds { excess: Pair { hi: excess.hi, lo: excess.lo + a.lo }, scale }
}

/// p − m and 1 − p.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sigmoid<T> {
    pub(crate) above: Pair<T>,
    pub(crate) q: T,
}

/// p − m = ε/(αs + βε) and 1 − p = κs/(αs + βε) for the odds (ε, s).
#[inline(always)]
pub(crate) fn sigmoid_above<T: Float>(odds: Odds<T>, from: &Reference<T>) -> Sigmoid<T> {
    let Odds { excess, scale } = odds;
    let Reference { alpha, beta, kappa, .. } = *from;
    let product = scale * alpha.hi;
    let divisor = beta.hi.mul_add(excess.hi, product);
    let reciprocal = T::one() / divisor;
    let hi = excess.hi * reciprocal;
    // What the roundings of divisor and quotient left over, as in long division.
    let divisor_lo = beta.hi.mul_add(excess.hi, product - divisor)
        + beta.hi.mul_add(excess.lo, scale.mul_add(alpha.lo, beta.lo * excess.hi));
    let remainder = excess.lo - hi.product_error(divisor, excess.hi);
    Sigmoid { above: Pair { hi, lo: (-hi).mul_add(divisor_lo, remainder) * reciprocal }, q: scale * kappa * reciprocal }
}

/// (σ(z), σ(−z)) for any z.
#[inline(always)]
fn sigmoids<T: Float>(z: T) -> (T, T) {
    let reference = Reference::zero();
    let Sigmoid { above, q } = sigmoid_above(odds(clamp(z), &reference), &reference);
    let (zero, one) = (T::zero(), T::one());
    match (z < -bound::<T>(), z > bound()) {
        (true, _) => (zero, one),
        (_, true) => (one, zero),
        _ => (above.round(), q),
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
