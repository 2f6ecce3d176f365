//! Probability → shifted probability.
//!
//! u = max(p − m, 0): a negative whose probability is at most m costs nothing. At p = m the derivative is 0.

use crate::activation::{Reference, Sigmoid};
use crate::arithmetic::{Arithmetic, Pair};
use crate::element::Float;
use crate::elementwise::{self, Map, native_map};
use crate::error::Error;
use ndarray::{Array, ArrayBase, Data, Dimension};

/// What the probability of a wrong answer is made of, over the divisor of the sigmoid.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Numerators<V> {
    /// That of u = max(P − m, 0).
    u: Pair<V>,
    /// That of 1 − P.
    q: V,
    /// m where P is above the margin, else 0.
    m: V,
}

impl<V: Arithmetic> Numerators<V> {
    /// A label that is absent: P = p, shifted by the margin. p − m = (1 − m)(e − 2⁻ⁿ)/D.
    #[inline(always)]
    pub(crate) fn absent(sigmoid: &Sigmoid<V>, reference: &Reference<V>) -> Self {
        let zero = sigmoid.a.zero();
        let w = reference.complement;
        let head = (-sigmoid.scale).mul_add(reference.unit, sigmoid.a.one());
        let difference = Pair::sum_ordered(head, sigmoid.a);
        let hi = w.hi * difference.hi;
        let lo = w.hi.mul_add(difference.lo, w.lo.mul_add(difference.hi, w.hi.product_error(difference.hi, hi)));
        let above = difference.hi.gt(zero);
        Numerators {
            u: Pair::select(above, Pair { hi, lo }, Pair::single(zero)),
            q: sigmoid.sigma.hi,
            m: V::select(above, reference.m, zero),
        }
    }

    /// A label that is present: P = 1 − p, which no margin shifts.
    #[inline(always)]
    pub(crate) fn present(sigmoid: &Sigmoid<V>) -> Self {
        Numerators { u: sigmoid.sigma, q: sigmoid.e, m: sigmoid.a.zero() }
    }

    #[inline(always)]
    pub(crate) fn select(mask: V::Mask, yes: Self, no: Self) -> Self {
        Numerators {
            u: Pair::select(mask, yes.u, no.u),
            q: V::select(mask, yes.q, no.q),
            m: V::select(mask, yes.m, no.m),
        }
    }
}

/// The probability P of the wrong answer, shifted by the margin. Below the margin all of u, P and m are 0.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wrong<V> {
    /// u = max(P − m, 0).
    pub(crate) u: Pair<V>,
    /// P.
    pub(crate) p: V,
    /// 1 − P.
    pub(crate) q: V,
    /// v = 1 − u.
    pub(crate) v: V,
    /// m.
    pub(crate) m: V,
}

impl<V: Arithmetic> Wrong<V> {
    #[inline(always)]
    pub(crate) fn new(sigmoid: &Sigmoid<V>, numerators: Numerators<V>) -> Self {
        let Numerators { u, q, m } = numerators;
        let (u, q) = (sigmoid.quotient(u), q * sigmoid.reciprocal);
        // Selected, because below the margin q + m is not 1 − u.
        let v = V::select(u.hi.gt(q.zero()), q + m, q.one());
        Wrong { u, p: u.hi + m, q, v, m }
    }
}

/// The functions of a probability, for arrays.
#[derive(Clone, Copy)]
enum ShiftMap {
    Shift(f64),
    Gradient(f64),
}

impl Map for ShiftMap {
    native_map!();

    #[inline(always)]
    fn eval<V: Arithmetic>(self, p: V) -> V {
        let zero = p.zero();
        match self {
            // In this order NaN stays NaN.
            ShiftMap::Shift(m) => V::select(zero.gt(p - p.number(m)), zero, p - p.number(m)),
            ShiftMap::Gradient(m) => {
                let slope = V::select(p.gt(p.number(m)), p.one(), zero);
                V::select(p.eq(p), slope, p)
            }
        }
    }
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
/// [`Error::ParameterOutOfRange`] unless 0 ≤ m < 1; [`Error::TooLarge`] if there is no memory for the result.
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
    elementwise::map(probabilities, ShiftMap::Shift(prob_margin))
}

/// du/dp: 1 where p > m, else 0.
///
/// # Errors
///
/// [`Error::ParameterOutOfRange`] unless 0 ≤ m < 1; [`Error::TooLarge`] if there is no memory for the result.
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
    elementwise::map(probabilities, ShiftMap::Gradient(prob_margin))
}
