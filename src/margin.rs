//! Probability → shifted probability.
//!
//! u = max(p − m, 0): a negative whose probability is at most m costs nothing. At p = m the derivative is 0.

use crate::activation::Sigmoid;
use crate::error::Error;
use crate::float::{Float, Pair};
use ndarray::{Array, ArrayBase, Data, Dimension};

/// max(x, 0); NaN stays NaN.
#[inline(always)]
fn positive_part<T: Float>(x: T) -> T {
    if x <= T::zero() { T::zero() } else { x }
}

/// `value` · d max(x, 0)/dx, which is `value` above 0, else 0.
#[inline(always)]
fn positive_part_gradient<T: Float>(x: T, value: T) -> T {
    if x <= T::zero() { T::zero() } else { value }
}

/// The probability above the margin, as the loss needs it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shifted<T> {
    /// u = max(p − m, 0).
    pub(crate) u: Pair<T>,
    /// p, where it is above the margin.
    pub(crate) p: T,
    /// v = 1 − u.
    pub(crate) v: T,
}

/// Takes p − m and q = 1 − p above the margin.
#[inline(always)]
pub(crate) fn shifted<T: Float>(x: Sigmoid<T>, m: T) -> Shifted<T> {
    let Sigmoid { above, q } = x;
    let hi = positive_part(above.hi);
    let lo = positive_part_gradient(hi, above.lo);
    // 1 − u is exact for u ≥ ½, but the error of u weighs ever more as 1 − u shrinks; q + m has no such error.
    let v = if hi > T::from_f64(0.75) { q + m } else { T::one() - hi };
    Shifted { u: Pair { hi, lo }, p: hi + m, v }
}

/// d(−ln v)/dz = p·q/v above the margin, else 0.
#[inline(always)]
pub(crate) fn entropy_slope<T: Float>(u: T, p: T, q: T, v: T) -> T {
    positive_part_gradient(u, p * (q / v))
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
