//! Many losses → one number, and what that does to the gradient.
//!
//! The mean is the default: its gradient does not grow with the batch or the number of classes, so a learning rate
//! keeps its meaning. The sum over 80 classes and 128 rows is easily above 100.

use crate::arithmetic::element::Float;
use crate::arrays::results::filled_like;
use crate::arrays::sum::{Accumulator, is_finite, rounded};
use crate::error::Error;
use crate::settings::names::{Choice, by_name};
use crate::settings::parameter::Limits;
use ndarray::{Array, ArrayBase, Data, Dimension};

/// How the losses of all elements become the value of the loss; gradient and Hessian are those of that value.
///
/// The value is their sum, weights included, divided by a number. What other libraries call "none" is
/// [`AsymmetricLoss::losses`](crate::AsymmetricLoss::losses). Gradient boosting needs [`Sum`](Self::Sum), as [`Curvature`](crate::Curvature)
/// explains.
///
/// Elements with an unknown label are not counted. Elements of weight 0 are, except by `WeightedMean`.
///
/// # Examples
///
/// The mean over rows of the sum over classes:
///
/// ```
/// use asymmetric_loss::{AsymmetricLoss, Reduction};
/// use ndarray::array;
///
/// let (logits, targets) = (array![[0.5_f64, -1.0], [2.0, 0.0]], array![[1, 0], [0, 1]]);
/// let loss = AsymmetricLoss::builder().reduction(Reduction::BatchMean).build()?;
/// let mean = AsymmetricLoss::default().forward(&logits, &targets)?;
/// assert!((loss.forward(&logits, &targets)? - 2.0 * mean).abs() < 1e-15);
///
/// assert_eq!("Batch-Mean".parse(), Ok(Reduction::BatchMean));
/// assert_eq!("divisor(128)".parse(), Ok(Reduction::Divisor(128.0)));
/// # Ok::<(), asymmetric_loss::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[non_exhaustive]
pub enum Reduction {
    /// The sum divided by the number of elements: an error if there are none.
    #[default]
    Mean,
    /// The sum; 0 for no elements.
    Sum,
    /// The sum divided by the number of rows, the product of all axes but the last: an error if there are none.
    BatchMean,
    /// The sum divided by that of the weights, each that of the call times that of its class, and 1 where there are none: an error if
    /// that is 0. Weights of positives are not among them: they multiply a term and not an element.
    WeightedMean,
    /// The sum divided by that of the labels, which is the number of positives, or by 1 if that is less.
    PositiveMean,
    /// The sum divided by a positive number: that of all elements on several machines, say.
    Divisor(f64),
}

impl Reduction {
    /// What the sum over logits of this shape is divided by, given what elements and weights add up to, and positives.
    pub(crate) fn divisor(
        self,
        shape: &[usize],
        elements: impl FnOnce() -> f64,
        weights: impl FnOnce() -> Result<f64, Error>,
        positives: impl FnOnce() -> f64,
    ) -> Result<f64, Error> {
        let divisor = match self {
            Reduction::Sum => return Ok(1.0),
            Reduction::Divisor(divisor) => return Ok(divisor),
            Reduction::PositiveMean => return Ok(positives().max(1.0)),
            Reduction::Mean => elements(),
            Reduction::BatchMean => shape.split_last().map_or(1, |(_, rows)| rows.iter().product::<usize>()) as f64,
            Reduction::WeightedMean => weights()?,
        };
        if divisor == 0.0 {
            return Err(Error::EmptyMean { shape: shape.to_vec() });
        }
        Ok(divisor)
    }
}

/// A divisor and its reciprocal must be positive and finite.
const DIVISOR: Limits = Limits {
    expected: "finite and at least 2.3e-308",
    contains: |divisor| divisor >= f64::MIN_POSITIVE && divisor.is_finite(),
};

impl Choice for Reduction {
    const SETTING: &'static str = "reduction";
    const EXPECTED: &'static str = "mean, sum, batch-mean, weighted-mean, positive-mean or divisor(n)";
    const ALL: &'static [Self] = &[
        Reduction::Mean,
        Reduction::Sum,
        Reduction::BatchMean,
        Reduction::WeightedMean,
        Reduction::PositiveMean,
        Reduction::Divisor(1.0),
    ];

    fn name(self) -> &'static str {
        match self {
            Reduction::Mean => "mean",
            Reduction::Sum => "sum",
            Reduction::BatchMean => "batch-mean",
            Reduction::WeightedMean => "weighted-mean",
            Reduction::PositiveMean => "positive-mean",
            Reduction::Divisor(_) => "divisor",
        }
    }

    fn number(&mut self) -> Option<&mut f64> {
        match self {
            Reduction::Divisor(divisor) => Some(divisor),
            _ => None,
        }
    }

    fn check(mut self) -> Result<(), Error> {
        self.number().map_or(Ok(()), |divisor| DIVISOR.check(Self::SETTING, *divisor, None))
    }
}
by_name!(Reduction);

/// The number of elements, unless there are none.
fn count(shape: &[usize]) -> Result<f64, Error> {
    match shape.iter().product::<usize>() {
        0 => Err(Error::EmptyMean { shape: shape.to_vec() }),
        count => Ok(count as f64),
    }
}

/// The sum of all elements of an array; 0 for none.
///
/// # Examples
///
/// ```
/// assert_eq!(asymmetric_loss::reduction::sum(&ndarray::array![[0.5, 0.25], [1.0, 0.0]]), 1.75);
/// ```
pub fn sum<T: Float, S: Data<Elem = T>, D: Dimension>(losses: &ArrayBase<S, D>) -> T {
    T::from_sum(total(losses, None))
}

/// The sum of all elements, each multiplied by a scale if there is one.
fn total<T: Float, S: Data<Elem = T>, D: Dimension>(losses: &ArrayBase<S, D>, scale: Option<T::Sum>) -> T::Sum {
    let mut sum = Accumulator::new(scale);
    match losses.as_slice_memory_order() {
        Some(losses) => sum.add(losses),
        None => losses.iter().for_each(|loss| sum.add(std::slice::from_ref(loss))),
    }
    rounded::<T>(sum.total())
}

/// The sum of losses divided by a number, given their sum when each is multiplied by a scale.
pub(crate) fn divided<T: Float, E>(
    divisor: f64,
    mut sum: impl FnMut(Option<T::Sum>) -> Result<T::Sum, E>,
) -> Result<T, E> {
    let (plain, in_range) = (sum(None)?, T::Sum::from_f64(divisor));
    if divisor <= 1.0 || is_finite(in_range) && !plain.to_f64().is_infinite() {
        return Ok(T::from_sum(plain / in_range));
    }
    // The quotient need not overflow where sum or divisor do. A power of two at most 1/divisor, whose products are exact:
    let scale = (-divisor.log2().ceil()).exp2();
    Ok(T::from_sum(sum(Some(T::Sum::from_f64(scale)))? / T::Sum::from_f64(divisor * scale)))
}

/// The gradient of the sum in each loss: 1.
///
/// # Errors
///
/// [`Error::TooLarge`] if there is no memory for the result.
///
/// # Examples
///
/// ```
/// use ndarray::array;
///
/// assert_eq!(asymmetric_loss::reduction::sum_gradient(&array![0.5, 0.25])?, array![1.0, 1.0]);
/// # Ok::<(), asymmetric_loss::Error>(())
/// ```
pub fn sum_gradient<T: Float, S: Data<Elem = T>, D: Dimension>(losses: &ArrayBase<S, D>) -> Result<Array<T, D>, Error> {
    filled_like(losses, T::one())
}

/// The mean of all elements of an array.
///
/// # Errors
///
/// [`Error::EmptyMean`] if there are none.
///
/// # Examples
///
/// ```
/// assert_eq!(asymmetric_loss::reduction::mean(&ndarray::array![[0.5, 0.25], [1.0, 0.25]])?, 0.5);
/// # Ok::<(), asymmetric_loss::Error>(())
/// ```
pub fn mean<T: Float, S: Data<Elem = T>, D: Dimension>(losses: &ArrayBase<S, D>) -> Result<T, Error> {
    divided(count(losses.shape())?, |scale| Ok(total(losses, scale)))
}

/// The gradient of the mean in each loss: 1 divided by their number.
///
/// # Errors
///
/// [`Error::EmptyMean`] if there are none; [`Error::TooLarge`] if there is no memory for the result.
///
/// # Examples
///
/// ```
/// use ndarray::array;
///
/// assert_eq!(asymmetric_loss::reduction::mean_gradient(&array![0.5, 0.25])?, array![0.5, 0.5]);
/// # Ok::<(), asymmetric_loss::Error>(())
/// ```
pub fn mean_gradient<T: Float, S: Data<Elem = T>, D: Dimension>(
    losses: &ArrayBase<S, D>,
) -> Result<Array<T, D>, Error> {
    filled_like(losses, T::from_f64(1.0 / count(losses.shape())?))
}
