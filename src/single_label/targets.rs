//! What can stand as the targets of a single-label loss.

use super::target_rows::{Classes, Dense, TargetRows};
use crate::class_index::ClassIndex;
use crate::element::Element;
use crate::label::Label;
use ndarray::{ArrayBase, ArrayView, Data, Dimension, IxDyn, RemoveAxis};

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
    /// are, and of the reductions only [`BatchMean`](crate::Reduction::BatchMean) counts them.
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
            array with as many",
    note = "weights in `Targets` must have the element type of the logits, `{T}`: convert them, say by `mapv`"
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
