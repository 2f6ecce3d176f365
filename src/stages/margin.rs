//! Probability → shifted probability.
//!
//! u = max(p − m, 0): a negative whose probability is at most m costs nothing. At p = m the derivative is 0.

use super::activation::{Reference, Sigmoid};
use super::columns::Terms;
use super::{Column, Steps, for_each_value, stage};
use crate::arithmetic::element::Float;
use crate::arithmetic::{Arithmetic, Pair};
use crate::error::Error;
use crate::settings::parameter::BELOW_ONE;
use crate::stages::elementwise::{self, Map, native_map};
use ndarray::{Array, ArrayBase, Data, Dimension};

/// The margin of a class.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Margin<V> {
    pub(crate) m: V,
    /// 2⁻ʲ; see [`Reference`].
    pub(crate) unit: V,
    /// 1 − m.
    pub(crate) complement: Pair<V>,
}

/// The probability P of the wrong answer to a label that is 0 or 1, shifted by the margin, and its derivatives in the logit.
///
/// A positive is the mirror image of a negative without margin, so one formula serves both labels. What differs are the
/// numerators of the sigmoid, m, and the sign of the derivative.
#[derive(Clone, Copy, Debug)]
pub(crate) struct WrongProbability<V> {
    /// u = max(P − m, 0).
    pub(crate) u: Pair<V>,
    /// P, where it is above the margin.
    pub(crate) p: V,
    /// 1 − P.
    pub(crate) q: V,
    /// v = 1 − u.
    pub(crate) v: V,
    /// m; 0 for a positive.
    pub(crate) m: V,
    /// du/dz = ±PQ; 0 up to the margin.
    pub(crate) slope: V,
}

impl<V: Arithmetic> WrongProbability<V> {
    /// For a negative P = p, and p − m = (1 − m)(e − 2⁻ⁿ)/D; for a positive P = 1 − p = σ/D, which no margin shifts.
    #[inline(always)]
    pub(crate) fn new(a: V, power: V, present: V::Mask, odds: Pair<V>, margin: &Margin<V>) -> Self {
        let sigmoid = Sigmoid::new(a, power, odds);
        let (zero, one, w) = (a.zero(), a.one(), margin.complement);
        let difference = Pair::sum_ordered((-power).mul_add(margin.unit, one), a);
        let above = difference.hi.gt(zero);
        let excess = V::select(above, difference.hi * w.hi, zero);
        let low = difference.lo.mul_add(w.hi, difference.hi.mul_add(w.lo, difference.hi.product_error(w.hi, excess)));
        let excess = Pair { hi: excess, lo: V::select(above, low, zero) };
        let u = sigmoid.quotient(Pair::select(present, sigmoid.sigma, excess));
        let q = V::select(present, sigmoid.e, sigmoid.sigma.hi) * sigmoid.reciprocal;
        let m = V::select(present, zero, margin.m);
        let p = u.hi + m;
        let sign = V::select(present, -one, V::select(above, one, zero));
        // Below the margin q + m is more than 1.
        WrongProbability { u, p, q, v: (q + m).min(one), m, slope: (p * q) * sign }
    }
}

stage! {
    /// The stage, for labels that are 0 or 1; others are of no account. With `SECOND`, also b″ and what C″ needs.
    fn stage[K][SECOND: bool](
        context,
        reference: &Reference<K>,
        labels: &Steps<V::Element, L>,
        a: &Steps<V::Element, L>,
        power: &Steps<V::Element, L>,
        terms: &mut Terms<'_, V::Element, L>,
    ) {
        let steps = labels.len();
        let (a, power) = (&a[..steps], &power[..steps]);
        let (base, base_low) = (&mut terms.base[..steps], &mut terms.base_low[..steps]);
        let (first, v) = (&mut terms.base_first[..steps], &mut terms.v[..steps]);
        let Reference { m, unit, odds, complement, .. } = *reference;
        for_each_value!(V, L, steps, |step, lane| {
            let y = V::load(context, &labels[step], lane);
            let margin = Margin {
                m: m.load(context, step, lane),
                unit: unit.load(context, step, lane),
                complement: Pair {
                    hi: complement.hi.load(context, step, lane),
                    lo: complement.lo.load(context, step, lane),
                },
            };
            let odds = Pair { hi: odds.hi.load(context, step, lane), lo: odds.lo.load(context, step, lane) };
            let (a, power) = (V::load(context, &a[step], lane), V::load(context, &power[step], lane));
            let wrong = WrongProbability::new(a, power, y.gt(y.zero()), odds, &margin);
            wrong.u.hi.store(&mut base[step], lane);
            wrong.u.lo.store(&mut base_low[step], lane);
            wrong.slope.store(&mut first[step], lane);
            wrong.v.store(&mut v[step], lane);
            if SECOND {
                let WrongProbability { p, q, v, m, slope, .. } = wrong;
                q.store(&mut terms.complement[step], lane);
                (slope.abs() * (q - p)).store(&mut terms.base_second[step], lane);
                (q - p * (m / v)).store(&mut terms.entropy_second[step], lane);
            }
        });
    }
}

stage! {
    /// For a focal weight that is not shifted: P instead of u as its base, where P is above the margin.
    fn unshifted_stage[K][](
        context,
        reference: &Reference<K>,
        labels: &Steps<V::Element, L>,
        terms: &mut Terms<'_, V::Element, L>,
    ) {
        for_each_value!(V, L, labels.len(), |step, lane| {
            let (y, u) = (V::load(context, &labels[step], lane), V::load(context, &terms.base[step], lane));
            let is_shifted = y.eq(y.zero()) & u.gt(u.zero());
            let m = V::select(is_shifted, reference.m.load(context, step, lane), u.zero());
            let base = Pair::sum(m, u);
            let low = base.lo + V::load(context, &terms.base_low[step], lane);
            base.hi.store(&mut terms.base[step], lane);
            low.store(&mut terms.base_low[step], lane);
        });
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
pub fn shift<T: Float, S: Data<Elem = T>, D: Dimension>(
    probabilities: &ArrayBase<S, D>,
    prob_margin: f64,
) -> Result<Array<T, D>, Error> {
    BELOW_ONE.check("prob_margin", prob_margin, None)?;
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
pub fn shift_gradient<T: Float, S: Data<Elem = T>, D: Dimension>(
    probabilities: &ArrayBase<S, D>,
    prob_margin: f64,
) -> Result<Array<T, D>, Error> {
    BELOW_ONE.check("prob_margin", prob_margin, None)?;
    elementwise::map(probabilities, ShiftMap::Gradient(prob_margin))
}
