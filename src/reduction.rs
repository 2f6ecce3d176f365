//! Many losses → one number, and what that does to the gradient.
//!
//! The mean is the default: its gradient does not grow with the batch or the number of classes, so a learning rate
//! keeps its meaning. The sum over 80 classes and 128 rows is easily above 100.

use crate::element::Float;
use crate::error::Error;
use crate::sum::{Accumulator, rounded};
use ndarray::{Array, ArrayBase, ArrayView, ArrayViewMut, Data, Dimension};
use std::fmt::{self, Debug};

/// How the losses of all elements become the value of the loss.
///
/// The output type is part of the reduction: a number for [`Mean`] and [`Sum`], an array for [`Unreduced`].
///
/// # Examples
///
/// A reduction of one's own, the mean over the rows of the sum over the classes:
///
/// ```
/// use asymmetric_loss::reduction::{Losses, Reduction, Upstream};
/// use asymmetric_loss::{AsymmetricLoss, Error, Float};
/// use ndarray::{Dimension, array};
///
/// #[derive(Clone, Debug)]
/// struct RowMean;
///
/// impl Reduction for RowMean {
///     type Output<T: Float, D: Dimension> = T;
///
///     fn scale(&self, shape: &[usize]) -> Result<f64, Error> {
///         match shape.first() {
///             Some(&rows) if rows > 0 => Ok(1.0 / rows as f64),
///             _ => Err(Error::EmptyMean { shape: shape.to_vec() }),
///         }
///     }
///     fn reduce<T: Float, D: Dimension>(&self, losses: Losses<'_, T, D>) -> Result<T, Error> {
///         let scale = self.scale(losses.shape())?;
///         Ok(T::from_sum(losses.sum()? * T::Sum::from_f64(scale)))
///     }
///     fn upstream<'a, T: Float, D: Dimension>(&self, upstream: &'a T) -> Upstream<'a, T, D> {
///         Upstream::Scalar(*upstream)
///     }
/// }
///
/// let loss = AsymmetricLoss::builder().reduction(RowMean).build()?;
/// let (logits, targets) = (array![[0.5_f64, -1.0], [2.0, 0.0]], array![[1.0, 0.0], [0.0, 1.0]]);
/// let mean = AsymmetricLoss::default().forward(&logits, &targets)?;
/// assert!((loss.forward(&logits, &targets)? - 2.0 * mean).abs() < 1e-15);
/// # Ok::<(), Error>(())
/// ```
pub trait Reduction: Clone + Debug + Send + Sync {
    /// The type of the reduced loss.
    type Output<T: Float, D: Dimension>;

    /// The derivative of the output in each single loss, for logits of this shape.
    ///
    /// # Errors
    ///
    /// Where the reduction is not defined for the shape.
    fn scale(&self, shape: &[usize]) -> Result<f64, Error>;

    /// Reduces the losses, which are computed as they are asked for: ask, or the gradient is not computed either.
    ///
    /// # Errors
    ///
    /// Those of computing the losses.
    fn reduce<T: Float, D: Dimension>(&self, losses: Losses<'_, T, D>) -> Result<Self::Output<T, D>, Error>;

    /// What [`vjp`](crate::AsymmetricLoss::vjp) multiplies the gradient by, given the gradient of the output.
    fn upstream<'a, T: Float, D: Dimension>(&self, upstream: &'a Self::Output<T, D>) -> Upstream<'a, T, D>;
}

/// The gradient of some quantity in the output of a [`Reduction`].
#[derive(Clone, Debug)]
pub enum Upstream<'a, T, D: Dimension> {
    /// One number for all elements.
    Scalar(T),
    /// One number per element.
    Array(ArrayView<'a, T, D>),
}

/// The losses of all elements, computed by the one pass that [`sum`](Self::sum) or
/// [`into_array`](Self::into_array) makes.
pub struct Losses<'a, T: Float, D: Dimension> {
    pub(crate) shape: D,
    pub(crate) pass: &'a mut Pass<'a, T, D>,
}

/// Computes the losses, stores them if asked to, and returns their sum, each multiplied by a scale if there is one.
pub(crate) type Pass<'a, T, D> =
    dyn FnMut(Option<ArrayViewMut<'_, T, D>>, Option<<T as Float>::Sum>) -> Result<<T as Float>::Sum, Error> + 'a;

impl<T: Float, D: Dimension> Losses<'_, T, D> {
    /// The shape of the losses.
    pub fn shape(&self) -> &[usize] {
        self.shape.slice()
    }

    /// The sum of the losses, accurate to the precision of `T` and the same bits for any number of threads.
    ///
    /// # Errors
    ///
    /// Those of computing the losses.
    pub fn sum(self) -> Result<T::Sum, Error> {
        (self.pass)(None, None)
    }

    /// The losses.
    ///
    /// # Errors
    ///
    /// Those of computing the losses.
    pub fn into_array(self) -> Result<Array<T, D>, Error> {
        let mut losses = Array::from_elem(self.shape, T::zero());
        (self.pass)(Some(losses.view_mut()), None)?;
        Ok(losses)
    }
}

impl<T: Float, D: Dimension> Debug for Losses<'_, T, D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Losses").field("shape", &self.shape).finish_non_exhaustive()
    }
}

/// The mean over all elements.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Mean;

/// The sum over all elements; 0 for none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sum;

/// No reduction: the loss of each element. The gradient is then that of the sum.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Unreduced;

impl Reduction for Mean {
    type Output<T: Float, D: Dimension> = T;

    fn scale(&self, shape: &[usize]) -> Result<f64, Error> {
        Ok(1.0 / count(shape)?)
    }

    fn reduce<T: Float, D: Dimension>(&self, losses: Losses<'_, T, D>) -> Result<T, Error> {
        let count = count(losses.shape())?;
        mean_of(count, |scale| (losses.pass)(None, scale))
    }

    fn upstream<'a, T: Float, D: Dimension>(&self, upstream: &'a T) -> Upstream<'a, T, D> {
        Upstream::Scalar(*upstream)
    }
}

impl Reduction for Sum {
    type Output<T: Float, D: Dimension> = T;

    fn scale(&self, _shape: &[usize]) -> Result<f64, Error> {
        Ok(1.0)
    }

    fn reduce<T: Float, D: Dimension>(&self, losses: Losses<'_, T, D>) -> Result<T, Error> {
        losses.sum().map(T::from_sum)
    }

    fn upstream<'a, T: Float, D: Dimension>(&self, upstream: &'a T) -> Upstream<'a, T, D> {
        Upstream::Scalar(*upstream)
    }
}

impl Reduction for Unreduced {
    type Output<T: Float, D: Dimension> = Array<T, D>;

    fn scale(&self, _shape: &[usize]) -> Result<f64, Error> {
        Ok(1.0)
    }

    fn reduce<T: Float, D: Dimension>(&self, losses: Losses<'_, T, D>) -> Result<Array<T, D>, Error> {
        losses.into_array()
    }

    fn upstream<'a, T: Float, D: Dimension>(&self, upstream: &'a Array<T, D>) -> Upstream<'a, T, D> {
        Upstream::Array(upstream.view())
    }
}

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

/// The mean of `count` losses, given their sum when each is multiplied by a scale.
fn mean_of<T: Float, E>(count: f64, mut sum: impl FnMut(Option<T::Sum>) -> Result<T::Sum, E>) -> Result<T, E> {
    let plain = sum(None)?;
    if !plain.to_f64().is_infinite() {
        return Ok(T::from_sum(plain / T::Sum::from_f64(count)));
    }
    // The mean need not overflow where the sum does. A power of two at most 1/count, whose products are exact:
    let scale = (-count.log2().ceil()).exp2();
    Ok(T::from_sum(sum(Some(T::Sum::from_f64(scale)))? / T::Sum::from_f64(count * scale)))
}

/// The gradient of the sum in each loss: 1.
///
/// # Examples
///
/// ```
/// use ndarray::array;
///
/// assert_eq!(asymmetric_loss::reduction::sum_gradient(&array![0.5, 0.25]), array![1.0, 1.0]);
/// ```
pub fn sum_gradient<T: Float, S: Data<Elem = T>, D: Dimension>(losses: &ArrayBase<S, D>) -> Array<T, D> {
    losses.map(|_| T::one())
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
    mean_of(count(losses.shape())?, |scale| Ok(total(losses, scale)))
}

/// The gradient of the mean in each loss: 1 divided by their number.
///
/// # Errors
///
/// [`Error::EmptyMean`] if there are none.
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
    let scale = T::from_f64(Mean.scale(losses.shape())?);
    Ok(losses.map(|_| scale))
}
