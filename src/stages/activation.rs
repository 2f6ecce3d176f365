//! Logit → probability and log-probability.
//!
//! With z the logit: p = σ(z) = 1/(1 + e⁻ᶻ), q = 1 − p = σ(−z), dp/dz = p·q.

use super::{Column, Steps, for_each_value, stage};
use crate::arithmetic::element::Float;
use crate::arithmetic::{Arithmetic, Mask, Pair};
use crate::error::Error;
use crate::stages::elementwise::{self, Map, native_map};
use ndarray::{Array, ArrayBase, Data, Dimension};

/// The probability m from which p is measured, so that p − m keeps all its digits near p = m.
///
/// The fields are the constants of the stages; `docs/mathematics.md` derives them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reference<V> {
    /// m.
    pub(crate) m: V,
    /// ln(m / (1 − m)) in three pieces, the first on the grid of ln 2; 0 for m = 0.
    pub(crate) logit: [V; 3],
    /// The logit divided by ln 2.
    pub(crate) log_2_odds: V,
    /// j with ½ ≤ c < 1 for (1 − m)/m = c·2ʲ; 0 for m = 0.
    pub(crate) shift: V,
    /// 2⁻ʲ; 0 for m = 0.
    pub(crate) unit: V,
    /// c; 1 for m = 0.
    pub(crate) odds: Pair<V>,
    /// 1 − m.
    pub(crate) complement: Pair<V>,
}

/// The |z| beyond which e^(−|z|) is not a normal number; [`exponential`] is not to be called with a larger one.
#[inline(always)]
pub(crate) fn bound<V: Arithmetic>(like: V) -> V {
    like.number(f64::from(V::Element::MAX_EXPONENT) * std::f64::consts::LN_2)
}

/// `z`, but within ±[`bound`]; NaN stays NaN.
#[inline(always)]
pub(crate) fn clamp<V: Arithmetic>(z: V) -> V {
    let bound = bound(z);
    let z = V::select(z.gt(bound), bound, z);
    V::select((-bound).gt(z), -bound, z)
}

/// eᵟ = 2ⁿ·(1 + a) for δ = z − logit(m), as a and 2^(j − n); nothing is lost near δ = 0.
#[inline(always)]
pub(crate) fn exponential<V: Arithmetic>(z: V, logit: [V; 3], log_2_odds: V, shift: V) -> (V, V) {
    let [high, low] = z.ln_2();
    let [first, second, third] = logit;
    let (minus_n, power) = z.mul_add(z.number(-std::f64::consts::LOG2_E), log_2_odds).round_exp_2(shift);
    let r = (z - (-minus_n).mul_add(high, first)) - (-minus_n).mul_add(low, second);
    (V::exp_m1_reduced(r, -third), power)
}

stage! {
    /// The stage: a and 2^(j − n) of every logit. Says whether the block is common: all logits are within the [`bound`],
    /// and all labels are 0 or 1.
    ///
    /// A NaN among the logits may count as either; it comes out as NaN.
    fn stage[K][](
        context,
        reference: &Reference<K>,
        logits: &Steps<V::Element, L>,
        labels: &Steps<V::Element, L>,
        a: &mut Steps<V::Element, L>,
        power: &mut Steps<V::Element, L>,
    ) -> bool {
        let steps = logits.len();
        let (labels, a, power) = (&labels[..steps], &mut a[..steps], &mut power[..steps]);
        let Reference { logit: [first, second, third], log_2_odds, shift, .. } = *reference;
        let zero = V::filled(context, V::Element::from_f64(0.0));
        let (mut largest, mut soft) = (zero, zero);
        for_each_value!(V, L, steps, |step, lane| {
            let z = V::load(context, &logits[step], lane);
            largest = z.abs().max(largest);
            let y = V::load(context, &labels[step], lane);
            // 0 for 0 and 1 alone. A sum and not a maximum, which NaN may pass.
            soft = soft + y.mul_sub(y, y).abs();
            let logit =
                [first.load(context, step, lane), second.load(context, step, lane), third.load(context, step, lane)];
            let log_2_odds = log_2_odds.load(context, step, lane);
            let exponential = exponential(z, logit, log_2_odds, shift.load(context, step, lane));
            exponential.0.store(&mut a[step], lane);
            exponential.1.store(&mut power[step], lane);
        });
        (bound(largest).ge(largest) & soft.eq(zero)).all()
    }
}

stage! {
    /// Logits within ±[`bound`].
    fn clamp_stage[][](
        context,
        logits: &Steps<V::Element, L>,
        clamped: &mut Steps<V::Element, L>,
    ) {
        for_each_value!(V, L, logits.len(), |step, lane| {
            clamp(V::load(context, &logits[step], lane)).store(&mut clamped[step], lane);
        });
    }
}

/// p = e/D and 1 − p = σ/D with e = 1 + a and D = σ + e, where σ/e = e⁻ᶻ.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sigmoid<V> {
    pub(crate) a: V,
    pub(crate) e: V,
    /// σ = c·2^(j − n).
    pub(crate) sigma: Pair<V>,
    /// 1/D.
    pub(crate) reciprocal: V,
}

impl<V: Arithmetic> Sigmoid<V> {
    /// From what [`exponential`] gives, and c.
    #[inline(always)]
    pub(crate) fn new(a: V, power: V, odds: Pair<V>) -> Self {
        let e = a + a.one();
        let sigma = Pair { hi: odds.hi * power, lo: odds.lo * power };
        Sigmoid { a, e, sigma, reciprocal: a.one() / (sigma.hi + e) }
    }

    /// That of a logit within the [`bound`], relative to m = 0.
    #[inline(always)]
    fn of(z: V) -> Self {
        let (a, power) = exponential(z, [z.zero(); 3], z.zero(), z.zero());
        Self::new(a, power, Pair::single(z.one()))
    }

    /// `numerator`/D, by one step of long division: the remainder is ((N − uσ) − u) − ua.
    #[inline(always)]
    pub(crate) fn quotient(&self, numerator: Pair<V>) -> Pair<V> {
        let u = numerator.hi * self.reciprocal;
        let rest = u.subtracted_from(self.a, u.subtracted_from(self.sigma.hi, numerator.hi) - u);
        let rest = rest + (-u).mul_add(self.sigma.lo, numerator.lo);
        Pair { hi: u, lo: rest * self.reciprocal }
    }

    /// σ(z), which is e/D.
    #[inline(always)]
    fn p(&self) -> V {
        self.quotient(Pair { hi: self.e, lo: (self.e.one() - self.e) + self.a }).round()
    }

    /// σ(−z), which is σ/D.
    #[inline(always)]
    fn q(&self) -> V {
        self.quotient(self.sigma).round()
    }
}

/// σ(z) for any z.
#[inline(always)]
fn sigmoid_of<V: Arithmetic>(z: V) -> V {
    let p = Sigmoid::of(clamp(z)).p();
    V::select(z.gt(bound(z)), z.one(), V::select((-bound(z)).gt(z), z.zero(), p))
}

/// The functions of a logit, for arrays.
#[derive(Clone, Copy)]
enum LogitMap {
    Sigmoid,
    SigmoidGradient,
    LogSigmoid,
    LogSigmoidGradient,
}

impl Map for LogitMap {
    native_map!();

    #[inline(always)]
    fn eval<V: Arithmetic>(self, z: V) -> V {
        match self {
            LogitMap::Sigmoid => sigmoid_of(z),
            LogitMap::SigmoidGradient => {
                let sigmoid = Sigmoid::of(clamp(z));
                let beyond = z.gt(bound(z)) | (-bound(z)).gt(z);
                V::select(beyond, z.zero(), sigmoid.p() * sigmoid.q())
            }
            // ln σ(z) = min(z, 0) − ln(1 + e^(−|z|)); in this order NaN stays NaN.
            LogitMap::LogSigmoid => {
                let negative = V::select(z.gt(z.zero()), z.zero(), z);
                let magnitude = V::select(z.gt(z.zero()), z, -z);
                negative - V::ln_1p(V::exp_pair(Pair::single(-magnitude)))
            }
            LogitMap::LogSigmoidGradient => sigmoid_of(-z),
        }
    }
}

/// σ(z) = 1/(1 + e⁻ᶻ), element by element.
///
/// Array of any shape in, same shape out. Values below the smallest normal number come out as 0.
///
/// # Errors
///
/// [`Error::TooLarge`] if there is no memory for the result.
///
/// # Examples
///
/// ```
/// use asymmetric_loss::activation::sigmoid;
/// use ndarray::array;
///
/// assert_eq!(sigmoid(&array![0.0, 800.0, -800.0])?, array![0.5, 1.0, 0.0]);
/// # Ok::<(), asymmetric_loss::Error>(())
/// ```
pub fn sigmoid<T: Float, S: Data<Elem = T>, D: Dimension>(logits: &ArrayBase<S, D>) -> Result<Array<T, D>, Error> {
    elementwise::map(logits, LogitMap::Sigmoid)
}

/// dσ/dz = σ(z)·σ(−z), element by element.
///
/// # Errors
///
/// [`Error::TooLarge`] if there is no memory for the result.
///
/// # Examples
///
/// ```
/// use asymmetric_loss::activation::sigmoid_gradient;
/// use ndarray::array;
///
/// assert_eq!(sigmoid_gradient(&array![0.0, 800.0])?, array![0.25, 0.0]);
/// # Ok::<(), asymmetric_loss::Error>(())
/// ```
pub fn sigmoid_gradient<T: Float, S: Data<Elem = T>, D: Dimension>(
    logits: &ArrayBase<S, D>,
) -> Result<Array<T, D>, Error> {
    elementwise::map(logits, LogitMap::SigmoidGradient)
}

/// ln σ(z) = −ln(1 + e⁻ᶻ), element by element; accurate for every z, and −|z| for a very negative one.
///
/// # Errors
///
/// [`Error::TooLarge`] if there is no memory for the result.
///
/// # Examples
///
/// ```
/// use asymmetric_loss::activation::log_sigmoid;
/// use ndarray::array;
///
/// assert_eq!(log_sigmoid(&array![-1000.0, 1000.0])?, array![-1000.0, 0.0]);
/// # Ok::<(), asymmetric_loss::Error>(())
/// ```
pub fn log_sigmoid<T: Float, S: Data<Elem = T>, D: Dimension>(logits: &ArrayBase<S, D>) -> Result<Array<T, D>, Error> {
    elementwise::map(logits, LogitMap::LogSigmoid)
}

/// d ln σ/dz = σ(−z), element by element.
///
/// # Errors
///
/// [`Error::TooLarge`] if there is no memory for the result.
///
/// # Examples
///
/// ```
/// use asymmetric_loss::activation::log_sigmoid_gradient;
/// use ndarray::array;
///
/// assert_eq!(log_sigmoid_gradient(&array![-800.0, 0.0, 800.0])?, array![1.0, 0.5, 0.0]);
/// # Ok::<(), asymmetric_loss::Error>(())
/// ```
pub fn log_sigmoid_gradient<T: Float, S: Data<Elem = T>, D: Dimension>(
    logits: &ArrayBase<S, D>,
) -> Result<Array<T, D>, Error> {
    elementwise::map(logits, LogitMap::LogSigmoidGradient)
}
