//! Probability → shifted probability.
//!
//! u = max(p − m, 0): a negative whose probability is at most m costs nothing. At p = m the derivative is 0.

use crate::activation::{Exponential, Reference, Sigmoid};
use crate::error::Error;
use crate::float::{Float, Pair};
use ndarray::{Array, ArrayBase, Data, Dimension};

/// max(x, 0); NaN stays NaN.
#[inline(always)]
fn positive_part<T: Float>(x: T) -> T {
    if T::zero() > x { T::zero() } else { x }
}

/// `value` · d max(x, 0)/dx, which is `value` where x > 0, else 0.
#[inline(always)]
fn positive_part_gradient<T: Float>(x: T, value: T) -> T {
    if x > T::zero() { value } else { T::zero() }
}

/// The probability of the wrong answer, as the loss needs it: that of the label if it is absent, shifted by the margin;
/// that of its absence if it is present, which no margin shifts.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wrong<T> {
    /// u = max(P − m, 0).
    pub(crate) u: Pair<T>,
    /// P, where it is above the margin.
    pub(crate) p: T,
    /// 1 − P, where P is above the margin.
    pub(crate) q: T,
    /// v = 1 − u, where P is above the margin.
    pub(crate) v: T,
}

/// The numerator of p − m = (1 − m)(e − 2⁻ⁿ)/D, or 0 where that is negative.
#[inline(always)]
pub(crate) fn excess<T: Float>(x: Exponential<T>, from: &Reference<T>) -> Pair<T> {
    let w = from.complement;
    let difference = Pair::sum_ordered((-x.scale).mul_add(from.unit, T::one()), x.a);
    let hi = w.hi * difference.hi;
    let lo = w.hi.mul_add(difference.lo, w.lo.mul_add(difference.hi, w.hi.product_error(difference.hi, hi)));
    Pair { hi: positive_part_gradient(difference.hi, hi), lo: positive_part_gradient(difference.hi, lo) }
}

/// The probability of the wrong answer for a label that is present or absent.
#[inline(always)]
pub(crate) fn wrong<T: Float>(present: bool, sigmoid: Sigmoid<T>, excess: Pair<T>, m: T) -> Wrong<T> {
    let choose = |present_value: T, absent_value: T| if present { present_value } else { absent_value };
    let sigma = sigmoid.sigma;
    let u = sigmoid.quotient(Pair { hi: choose(sigma.hi, excess.hi), lo: choose(sigma.lo, excess.lo) });
    let p = choose(u.hi, u.hi + m);
    // 1 − P keeps its digits up to ½; the quotient always does, but carries the roundings of D.
    let quotient = choose(sigmoid.e.hi, sigma.hi) * sigmoid.reciprocal;
    let q = if p > T::from_f64(0.5) { quotient } else { T::one() - p };
    Wrong { u, p, q, v: choose(q, q + m) }
}

/// −ln v, which is 0 at and below the margin.
#[inline(always)]
pub(crate) fn entropy<T: Float>(u: T, v: T) -> T {
    positive_part_gradient(u, T::neg_ln(u, v))
}

/// d(−ln v)/dz = p·q/v above the margin, else 0.
#[inline(always)]
pub(crate) fn entropy_slope<T: Float>(u: T, d: T, v: T) -> T {
    positive_part_gradient(u, d / v)
}

/// Fails unless 0 ≤ m < 1.
pub(crate) fn check(m: f64, class: Option<usize>) -> Result<(), Error> {
    if (0.0..1.0).contains(&m) {
        return Ok(());
    }
    Err(Error::ParameterOutOfRange { parameter: "prob_margin", expected: "at least 0 and below 1", actual: m, class })
}

/// u = max(p − m, 0), element by element.
///
/// # Errors
///
/// [`Error::ParameterOutOfRange`] unless 0 ≤ m < 1.
///
/// # Examples
///
/// ```
/// use asymmetric_loss::margin::shift;
/// use ndarray::array;
///
/// assert_eq!(shift(&array![0.125, 0.25, 0.75], 0.25)?, array![0.0, 0.0, 0.5]);
/// # Ok::<(), asymmetric_loss::Error>(())
/// ```
pub fn shift<T, S, D>(probabilities: &ArrayBase<S, D>, prob_margin: f64) -> Result<Array<T, D>, Error>
where
    T: Float,
    S: Data<Elem = T>,
    D: Dimension,
{
    check(prob_margin, None)?;
    let m = T::from_f64(prob_margin);
    Ok(probabilities.map(|&p| positive_part(p - m)))
}

/// du/dp: 1 where p > m, else 0.
///
/// # Errors
///
/// [`Error::ParameterOutOfRange`] unless 0 ≤ m < 1.
///
/// # Examples
///
/// ```
/// use asymmetric_loss::margin::shift_gradient;
/// use ndarray::array;
///
/// assert_eq!(shift_gradient(&array![0.125, 0.25, 0.75], 0.25)?, array![0.0, 0.0, 1.0]);
/// # Ok::<(), asymmetric_loss::Error>(())
/// ```
pub fn shift_gradient<T, S, D>(probabilities: &ArrayBase<S, D>, prob_margin: f64) -> Result<Array<T, D>, Error>
where
    T: Float,
    S: Data<Elem = T>,
    D: Dimension,
{
    check(prob_margin, None)?;
    let m = T::from_f64(prob_margin);
    Ok(probabilities.map(|&p| positive_part_gradient(p - m, T::one())))
}
