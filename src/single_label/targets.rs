//! What can stand as the targets of a single-label loss.

use super::row::Target;
use crate::element::{Element, Float};
use crate::error::Error;
use crate::label::Label;
use castaway::cast;
use ndarray::{ArrayBase, ArrayView, ArrayView1, Axis, Data, Dimension, IxDyn, RemoveAxis};
use sealed::Sealed;
use std::borrow::Cow;

/// How far the sum over a row of a dense target may be from 1: as far as rounding to `bf16` can bring it.
const SUM_TOLERANCE: f64 = 1.0 / 256.0;

mod sealed {
    pub trait Sealed {}
}

/// A number that names a class: any integer.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not the index of a class",
    label = "not an integer",
    note = "targets are an array of integers, one per row of logits; targets that are spread over classes are \
            `Targets::dense(&array)`"
)]
pub trait ClassIndex: Sealed + Copy + PartialEq + Send + Sync + 'static {
    /// The class, unless the number is negative or too large.
    fn class(self) -> Option<usize>;

    /// The number, for messages; the nearest one that `i128` has.
    fn number(self) -> i128;
}

macro_rules! class_index {
    ($($integer:ident)*) => {$(
        impl Sealed for $integer {}

        impl ClassIndex for $integer {
            #[inline(always)]
            fn class(self) -> Option<usize> {
                usize::try_from(self).ok()
            }

            #[inline(always)]
            fn number(self) -> i128 {
                i128::try_from(self).unwrap_or(i128::MAX)
            }
        }
    )*};
}
class_index!(u8 u16 u32 u64 u128 usize i8 i16 i32 i64 i128 isize);

/// One class per row.
#[derive(Clone, Debug)]
pub struct Classes<'a, I, E: Dimension> {
    indices: ArrayView<'a, I, E>,
    ignored: Option<I>,
}

/// The share of every class in every row.
#[derive(Clone, Debug)]
pub struct Dense<'a, Y, D: Dimension> {
    shares: ArrayView<'a, Y, D>,
}

/// The targets of a call, borrowed from an array, and what its rows count.
///
/// Of class indices a reference to the array is enough wherever targets are asked for.
///
/// # Examples
///
/// ```
/// use asymmetric_loss::single_label::{SingleLabelLoss, Targets};
/// use ndarray::array;
///
/// let loss = SingleLabelLoss::default();
/// let logits = array![[2.0, -1.0, 0.5], [f64::NAN, 0.0, 0.0], [-3.0, 0.2, 1.5]];
/// let (classes, weights) = (array![0, -1, 2], array![1.0, 1.0, 0.5]);
/// let targets = Targets::classes(&classes).ignore(-1).weights(&weights);
/// let (value, gradient) = loss.value_and_gradient(&logits, targets)?;
/// assert!(value > 0.0);
/// assert_eq!(gradient.row(1), array![0.0, 0.0, 0.0]); // a row that is not known does not count
/// # Ok::<(), asymmetric_loss::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Targets<'a, T, R> {
    pub(super) rows: R,
    pub(super) weights: Option<ArrayView<'a, T, IxDyn>>,
}

impl<'a, T, I: ClassIndex, E: Dimension> Targets<'a, T, Classes<'a, I, E>> {
    /// One class per row: an array of integers in the shape of the logits without their last axis.
    ///
    /// # Examples
    ///
    /// ```
    /// use asymmetric_loss::single_label::{SingleLabelLoss, Targets};
    /// use ndarray::array;
    ///
    /// let (logits, classes) = (array![[2.0, -1.0, 0.5], [-3.0, 0.2, 1.5]], array![0_u8, 2]);
    /// let loss = SingleLabelLoss::default();
    /// assert_eq!(loss.forward(&logits, Targets::classes(&classes))?, loss.forward(&logits, &classes)?);
    /// # Ok::<(), asymmetric_loss::Error>(())
    /// ```
    pub fn classes<S: Data<Elem = I>>(indices: &'a ArrayBase<S, E>) -> Self {
        Targets { rows: Classes { indices: indices.view(), ignored: None }, weights: None }
    }

    /// The same, but rows with this number are not known: they have no loss and no derivatives, whatever their logits
    /// are, and no part in a mean.
    ///
    /// # Examples
    ///
    /// ```
    /// use asymmetric_loss::single_label::{SingleLabelLoss, Targets};
    /// use ndarray::array;
    ///
    /// let loss = SingleLabelLoss::default();
    /// let all = loss.forward(&array![[2.0, -1.0], [0.0, 1.0]], Targets::classes(&array![0, -100]).ignore(-100))?;
    /// assert_eq!(all, loss.forward(&array![[2.0, -1.0]], &array![0])?);
    /// # Ok::<(), asymmetric_loss::Error>(())
    /// ```
    #[must_use]
    pub fn ignore(mut self, index: I) -> Self {
        self.rows.ignored = Some(index);
        self
    }
}

impl<'a, T, Y: Label, D: Dimension> Targets<'a, T, Dense<'a, Y, D>> {
    /// The share y of every class in every row: an array in the shape of the logits, one-hot or spread over classes.
    ///
    /// Every y must lie in [0, 1], and each row must sum to 1 within 1/256, which is what rounding to `bf16` can leave.
    /// Rows are taken as they are, not divided by their sum.
    ///
    /// # Examples
    ///
    /// ```
    /// use asymmetric_loss::single_label::{SingleLabelLoss, Targets};
    /// use ndarray::array;
    ///
    /// let loss = SingleLabelLoss::default();
    /// let logits = array![[2.0, -1.0, 0.5]];
    /// let one_hot = array![[true, false, false]];
    /// assert_eq!(loss.forward(&logits, Targets::dense(&one_hot))?, loss.forward(&logits, &array![0])?);
    /// let teacher = array![[0.75, 0.0, 0.25]];
    /// assert!(loss.forward(&logits, Targets::dense(&teacher))? > 0.0);
    /// # Ok::<(), asymmetric_loss::Error>(())
    /// ```
    pub fn dense<S: Data<Elem = Y>>(shares: &'a ArrayBase<S, D>) -> Self {
        Targets { rows: Dense { shares: shares.view() }, weights: None }
    }
}

impl<'a, T: Element, R> Targets<'a, T, R> {
    /// What loss and derivatives of each row are multiplied by: an array that broadcasts to one number per row.
    ///
    /// Weights are finite and at least 0. A row of weight 0 has no loss and no derivatives, whatever its logits and its
    /// target are; all reductions but [`WeightedMean`](crate::Reduction::WeightedMean) still count it.
    ///
    /// # Examples
    ///
    /// ```
    /// use asymmetric_loss::single_label::{SingleLabelLoss, Targets};
    /// use ndarray::array;
    ///
    /// let loss = SingleLabelLoss::default();
    /// let (logits, classes) = (array![[2.0, -1.0], [0.0, 1.0]], array![0, 0]);
    /// let losses = loss.losses(&logits, Targets::classes(&classes).weights(&array![1.0, 3.0]))?;
    /// assert_eq!(losses[1], 3.0 * loss.losses(&logits, &classes)?[1]);
    /// # Ok::<(), asymmetric_loss::Error>(())
    /// ```
    #[must_use]
    pub fn weights<S: Data<Elem = T>, E: Dimension>(mut self, weights: &'a ArrayBase<S, E>) -> Self {
        self.weights = Some(weights.view().into_dyn());
        self
    }
}

/// What can be given as targets: a reference to an array of class indices, or [`Targets`].
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot stand as targets of logits with dimension `{D}`",
    label = "not targets",
    note = "pass a reference to an array of integers with one axis less than the logits, or `Targets::dense(&array)` of an \
            array with as many"
)]
pub trait IntoTargets<'a, T, D: RemoveAxis>: IsTargets {
    /// Class indices or shares.
    type Rows: TargetRows<D>;

    /// The targets.
    fn into_targets(self) -> Targets<'a, T, Self::Rows>;
}

mod kinds {
    pub trait IsTargets {}
}
use kinds::IsTargets;

impl<S: Data, E> IsTargets for &ArrayBase<S, E> {}

impl<T, R> IsTargets for Targets<'_, T, R> {}

impl<'a, T, I, S, D> IntoTargets<'a, T, D> for &'a ArrayBase<S, D::Smaller>
where
    I: ClassIndex,
    S: Data<Elem = I>,
    D: RemoveAxis,
{
    type Rows = Classes<'a, I, D::Smaller>;

    fn into_targets(self) -> Targets<'a, T, Self::Rows> {
        Targets::classes(self)
    }
}

impl<'a, T, D: RemoveAxis, R: TargetRows<D>> IntoTargets<'a, T, D> for Targets<'a, T, R> {
    type Rows = R;

    fn into_targets(self) -> Self {
        self
    }
}

/// What a survey of the rows of a call has found.
#[derive(Clone, Copy, Debug)]
pub struct Survey {
    /// The number of rows whose target is known.
    pub(super) known: usize,
    /// The sum of their weights.
    pub(super) weight: f64,
}

/// One row of dense targets is not valid.
#[derive(Clone, Copy, Debug)]
pub struct InvalidRow;

/// Rows of targets, as the kernel takes them. It is not public: the module is private.
pub trait TargetRows<D: RemoveAxis>: Clone + Send {
    /// Their shape.
    fn shape(&self) -> &[usize];

    /// The shape that goes with this shape of the logits.
    fn expected_shape(logits: &[usize]) -> &[usize];

    /// Counts and weighs rows, and fails at the first index that is no class.
    fn survey(&self, classes: usize, weights: impl Iterator<Item = f64>) -> Result<Survey, Error>;

    /// Both parts, cut at an index of an axis that is not the last of the logits.
    fn split_at(self, axis: Axis, index: usize) -> (Self, Self);

    /// What each row is to be, given which of them have a weight.
    fn targets(
        &self,
        classes: usize,
        weighted: impl Iterator<Item = bool>,
    ) -> impl Iterator<Item = Result<Target, InvalidRow>>;

    /// The shares of all classes in all rows, in logical order: nothing if no target is spread.
    fn shares<T: Float>(&self) -> Cow<'_, [T]>;

    /// The first row that is not valid.
    fn find_invalid(&self, weighted: impl Iterator<Item = bool>) -> Error;
}

impl<I: ClassIndex, D: RemoveAxis> TargetRows<D> for Classes<'_, I, D::Smaller> {
    fn shape(&self) -> &[usize] {
        self.indices.shape()
    }

    fn expected_shape(logits: &[usize]) -> &[usize] {
        logits.split_last().map_or(&[], |(_, rows)| rows)
    }

    fn survey(&self, classes: usize, weights: impl Iterator<Item = f64>) -> Result<Survey, Error> {
        let mut survey = Survey { known: 0, weight: 0.0 };
        for (row, (&index, weight)) in self.indices.iter().zip(weights).enumerate() {
            if self.ignored == Some(index) {
                continue;
            }
            survey.known += 1;
            survey.weight += weight;
            if weight != 0.0 && index.class().is_none_or(|class| class >= classes) {
                let (actual, index) = (index.number(), place(row, self.indices.shape()));
                return Err(Error::ClassOutOfRange { index, classes, actual });
            }
        }
        Ok(survey)
    }

    fn split_at(self, axis: Axis, index: usize) -> (Self, Self) {
        let (left, right) = self.indices.split_at(axis, index);
        (Classes { indices: left, ..self }, Classes { indices: right, ..self })
    }

    fn targets(
        &self,
        classes: usize,
        weighted: impl Iterator<Item = bool>,
    ) -> impl Iterator<Item = Result<Target, InvalidRow>> {
        self.indices.iter().zip(weighted).map(move |(&index, is_weighted)| {
            Ok(match index.class() {
                Some(class) if is_weighted && self.ignored != Some(index) && class < classes => Target::Class(class),
                _ => Target::Absent,
            })
        })
    }

    fn shares<T: Float>(&self) -> Cow<'_, [T]> {
        Cow::Borrowed(&[])
    }

    fn find_invalid(&self, _weighted: impl Iterator<Item = bool>) -> Error {
        Error::InvalidTarget { index: Vec::new(), actual: f64::NAN }
    }
}

impl<Y: Label, D: RemoveAxis> TargetRows<D> for Dense<'_, Y, D> {
    fn shape(&self) -> &[usize] {
        self.shares.shape()
    }

    fn expected_shape(logits: &[usize]) -> &[usize] {
        logits
    }

    fn survey(&self, _classes: usize, weights: impl Iterator<Item = f64>) -> Result<Survey, Error> {
        let known = self.shares.shape().split_last().map_or(0, |(_, rows)| rows.iter().product());
        Ok(Survey { known, weight: weights.take(known).sum() })
    }

    fn split_at(self, axis: Axis, index: usize) -> (Self, Self) {
        let (left, right) = self.shares.split_at(axis, index);
        (Dense { shares: left }, Dense { shares: right })
    }

    fn targets(
        &self,
        _classes: usize,
        weighted: impl Iterator<Item = bool>,
    ) -> impl Iterator<Item = Result<Target, InvalidRow>> {
        self.shares.rows().into_iter().zip(weighted).map(
            |(row, is_weighted)| {
                if is_weighted { target_of(row) } else { Ok(Target::Absent) }
            },
        )
    }

    fn shares<T: Float>(&self) -> Cow<'_, [T]> {
        if let Some(shares) = self.shares.as_slice()
            && let Ok(shares) = cast!(shares, &[T])
        {
            return Cow::Borrowed(shares);
        }
        if self.shares.rows().into_iter().all(|row| !matches!(target_of(row), Ok(Target::Spread))) {
            return Cow::Borrowed(&[]);
        }
        Cow::Owned(self.shares.iter().map(|&y| cast!(y, T).unwrap_or_else(|y| T::from_f64(share(y)))).collect())
    }

    fn find_invalid(&self, weighted: impl Iterator<Item = bool>) -> Error {
        let rows = &self.shares.shape()[..self.shares.ndim() - 1];
        for (row, (shares, _)) in self.shares.rows().into_iter().zip(weighted).enumerate().filter(|(_, (_, w))| *w) {
            let mut index = place(row, rows);
            if let Some((class, &y)) = shares.iter().enumerate().find(|&(_, &y)| !(0.0..=1.0).contains(&share(y))) {
                index.push(class);
                return Error::InvalidTarget { index, actual: share(y) };
            }
            if target_of(shares).is_err() {
                return Error::TargetSum { index, actual: shares.iter().map(|&y| share(y)).sum() };
            }
        }
        // A label that no longer is what the kernel met has no place.
        Error::InvalidTarget { index: Vec::new(), actual: f64::NAN }
    }
}

/// The share of a class as a number; NaN if it is unknown.
#[inline(always)]
fn share<Y: Label>(y: Y) -> f64 {
    y.presence().unwrap_or(f64::NAN)
}

/// One class if all other shares are 0, else spread; invalid with a share outside [0, 1] or a sum too far from 1.
fn target_of<Y: Label>(row: ArrayView1<'_, Y>) -> Result<Target, InvalidRow> {
    let mut tally = Tally { sums: [0.0; WIDTH], zeros: [0; WIDTH], is_valid: true };
    if let Some(row) = row.as_slice() {
        let (chunks, rest) = row.as_chunks::<WIDTH>();
        for chunk in chunks {
            for (i, &y) in chunk.iter().enumerate() {
                tally.add(i, y);
            }
        }
        for (i, &y) in rest.iter().enumerate() {
            tally.add(i, y);
        }
    } else {
        for (i, &y) in row.iter().enumerate() {
            tally.add(i % WIDTH, y);
        }
    }
    if !tally.is_valid || (tally.sums.iter().sum::<f64>() - 1.0).abs() > SUM_TOLERANCE {
        return Err(InvalidRow);
    }
    let only = (tally.zeros.iter().sum::<usize>() + 1 == row.len()).then(|| row.iter().position(|&y| share(y) == 1.0));
    Ok(only.flatten().map_or(Target::Spread, Target::Class))
}

/// The number of partial sums: the processor adds to one while others wait.
const WIDTH: usize = 8;

/// What is to be known about the shares of a row.
struct Tally {
    sums: [f64; WIDTH],
    zeros: [usize; WIDTH],
    is_valid: bool,
}

impl Tally {
    #[inline(always)]
    fn add<Y: Label>(&mut self, i: usize, y: Y) {
        let y = share(y);
        self.is_valid &= (0.0..=1.0).contains(&y);
        self.sums[i] += y;
        self.zeros[i] += usize::from(y == 0.0);
    }
}

/// Where the element with this number in logical order stands.
fn place(number: usize, shape: &[usize]) -> Vec<usize> {
    let (mut index, mut number) = (vec![0; shape.len()], number);
    for (axis, &length) in shape.iter().enumerate().rev() {
        (index[axis], number) = (number % length, number / length);
    }
    index
}
