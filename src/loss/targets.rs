//! What can stand as targets of a loss, and what they weigh.

use crate::arithmetic::element::Element;
use crate::kernel::Source;
use crate::kernel::kind::{Kind, MultiLabel};
use crate::targets::class_index::ClassIndex;
use crate::targets::label::{IgnoreRule, Label};
use crate::targets::labels::{LabelForm, Labels};
use crate::targets::sparse::{CsrLabels, Lists, Others};
use ndarray::{ArrayBase, ArrayView, Data, Dimension, IxDyn};
use sealed::Sealed;
use std::convert::Infallible;

/// The targets of a call, borrowed from arrays or lists of classes, with what is unknown and what they weigh.
///
/// A reference to an array of labels, or of class indices, is enough where that is all.
///
/// # Examples
///
/// Of an [`AsymmetricLoss`](crate::AsymmetricLoss):
///
/// ```
/// use asymmetric_loss::{AsymmetricLoss, Targets};
/// use ndarray::array;
///
/// let logits = array![[2.0, -1.0, f64::NAN], [-3.0, 0.2, 1.5]];
/// let labels = array![[1, 0, -1], [0, 1, 1]];
/// let of_rows = array![[1.0], [0.5]];
/// let targets = Targets::new(&labels).ignore(-1).weights(&of_rows);
/// let (value, gradient) = AsymmetricLoss::default().value_and_gradient(&logits, targets)?;
/// assert!(value > 0.0 && gradient[[0, 2]] == 0.0);
/// # Ok::<(), asymmetric_loss::Error>(())
/// ```
///
/// Of a [`SingleLabelLoss`](crate::SingleLabelLoss):
///
/// ```
/// use asymmetric_loss::{SingleLabelLoss, Targets};
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
    pub(crate) source: R,
    pub(crate) weights: Option<ArrayView<'a, T, IxDyn>>,
}

impl<'a, T, Y: Label, D: Dimension> Targets<'a, T, Labels<'a, Y, D>> {
    /// The labels of an array in the shape of the logits.
    ///
    /// # Examples
    ///
    /// ```
    /// use asymmetric_loss::{AsymmetricLoss, Targets};
    /// use ndarray::array;
    ///
    /// let (logits, labels) = (array![0.5, -1.0], array![true, false]);
    /// let loss = AsymmetricLoss::default();
    /// assert_eq!(loss.forward(&logits, Targets::new(&labels))?, loss.forward(&logits, &labels)?);
    /// # Ok::<(), asymmetric_loss::Error>(())
    /// ```
    pub fn new<S: Data<Elem = Y>>(labels: &'a ArrayBase<S, D>) -> Self {
        Self::of(LabelForm::Dense(labels.view()))
    }

    fn of(form: LabelForm<'a, Y, D>) -> Self {
        Targets { source: Labels { form, known: IgnoreRule { ignored: None } }, weights: None }
    }

    /// Ignores the elements with this label, which may be NaN: their label is unknown. Labels are compared by their presence, an `f64`.
    ///
    /// Loss and derivatives of an ignored element are exactly 0, even for a NaN logit, and no mean over elements counts it.
    ///
    /// # Examples
    ///
    /// ```
    /// use asymmetric_loss::{AsymmetricLoss, Targets};
    /// use ndarray::array;
    ///
    /// let loss = AsymmetricLoss::default();
    /// let value = loss.forward(&array![0.5, 7.0, -1.0], Targets::new(&array![1, -1, 0]).ignore(-1))?;
    /// assert_eq!(value, loss.forward(&array![0.5, -1.0], &array![1, 0])?);
    /// # Ok::<(), asymmetric_loss::Error>(())
    /// ```
    #[must_use]
    #[doc(alias = "ignore_index")]
    #[doc(alias = "missing")]
    pub fn ignore(mut self, unknown: Y) -> Self {
        self.source.known.ignored = Some(unknown);
        self
    }
}

impl<'a, T, D: Dimension> Targets<'a, T, Labels<'a, Infallible, D>> {
    /// Rows given as lists of present classes, as in CSR; all other classes are absent.
    ///
    /// The classes of row i are `indices[offsets[i]..offsets[i + 1]]`, in increasing order. There is one offset more than there are
    /// rows; a part of the offsets, with all indices, is a batch. Either may be of any integer type. Logits of more than two axes
    /// have their rows in logical order. No label is ever seen as a value, so their type is [`Infallible`].
    ///
    /// # Examples
    ///
    /// ```
    /// use asymmetric_loss::{AsymmetricLoss, Targets};
    /// use ndarray::array;
    ///
    /// let logits = array![[0.5, -1.0, 0.0], [2.0, 0.0, -3.0]];
    /// let (offsets, indices) = ([0_i64, 2, 3], [0_u32, 2, 1]);
    /// let loss = AsymmetricLoss::default();
    /// let value = loss.forward(&logits, Targets::sparse(&offsets, &indices))?;
    /// assert_eq!(value, loss.forward(&logits, &array![[1, 0, 1], [0, 1, 0]])?);
    /// # Ok::<(), asymmetric_loss::Error>(())
    /// ```
    #[doc(alias = "csr")]
    pub fn sparse<O: ClassIndex, I: ClassIndex>(offsets: &'a [O], indices: &'a [I]) -> Self {
        Self::of(LabelForm::Sparse(CsrLabels::new(Lists::new("present", offsets, indices))))
    }

    /// Beside lists of present classes, lists of those whose label is unknown; the rest is absent.
    ///
    /// It replaces what was said of other classes before. No class of a row may be in both lists.
    ///
    /// # Examples
    ///
    /// ```
    /// use asymmetric_loss::{AsymmetricLoss, Targets};
    /// use ndarray::array;
    ///
    /// let logits = array![[0.5, -1.0, 0.0], [2.0, 0.0, -3.0]];
    /// let targets = Targets::sparse(&[0, 1, 2], &[0, 1]).unknown(&[0, 1, 1], &[2]);
    /// let loss = AsymmetricLoss::default();
    /// let dense = array![[Some(1), Some(0), None], [Some(0), Some(1), Some(0)]];
    /// assert_eq!(loss.forward(&logits, targets)?, loss.forward(&logits, &dense)?);
    /// # Ok::<(), asymmetric_loss::Error>(())
    /// ```
    #[must_use]
    pub fn unknown<O: ClassIndex, I: ClassIndex>(self, offsets: &'a [O], indices: &'a [I]) -> Self {
        self.others(Others::Unknown(Lists::new("unknown", offsets, indices)))
    }

    /// Beside lists of present classes, lists of those known to be absent; the rest is unknown.
    ///
    /// It replaces what was said of other classes before. No class of a row may be in both lists.
    ///
    /// # Examples
    ///
    /// ```
    /// use asymmetric_loss::{AsymmetricLoss, Targets};
    /// use ndarray::array;
    ///
    /// let logits = array![[0.5, -1.0, 0.0], [2.0, 0.0, -3.0]];
    /// let verified = Targets::sparse(&[0, 1, 2], &[0, 1]).absent(&[0, 1, 1], &[2]);
    /// let loss = AsymmetricLoss::default();
    /// let dense = array![[Some(1), None, Some(0)], [None, Some(1), None]];
    /// assert_eq!(loss.forward(&logits, verified)?, loss.forward(&logits, &dense)?);
    /// # Ok::<(), asymmetric_loss::Error>(())
    /// ```
    #[must_use]
    pub fn absent<O: ClassIndex, I: ClassIndex>(self, offsets: &'a [O], indices: &'a [I]) -> Self {
        self.others(Others::Known(Lists::new("absent", offsets, indices)))
    }

    fn others(mut self, others: Others<'a>) -> Self {
        if let LabelForm::Sparse(labels) = &mut self.source.form {
            labels.others = others;
        }
        self
    }
}

impl<'a, T: Element, R> Targets<'a, T, R> {
    /// Multiplies the losses by weights ω: numbers between 0 and 1e12, in an array that broadcasts to the shape of the losses. That
    /// is the shape of the logits, where `(n, 1)` has one weight per row; for one label per row it is `(n,)`.
    ///
    /// An element or a row of weight 0 is left out, whatever its logits and its target. Of the reductions, only
    /// [`WeightedMean`](crate::Reduction::WeightedMean) divides by weights. They have the element type of the logits:
    ///
    /// ```compile_fail,E0277
    /// # use asymmetric_loss::{AsymmetricLoss, Targets};
    /// # use ndarray::array;
    /// let (logits, labels, weights) = (array![0.5_f64], array![1], array![2.0_f32]);
    /// let value = AsymmetricLoss::default().forward(&logits, Targets::new(&labels).weights(&weights));
    /// ```
    ///
    /// # Examples
    ///
    /// ```
    /// use asymmetric_loss::{AsymmetricLoss, Reduction, Targets};
    /// use ndarray::array;
    ///
    /// let loss = AsymmetricLoss::builder().reduction(Reduction::Sum).build()?;
    /// let (logits, labels) = (array![[0.5, -1.0], [2.0, 0.0]], array![[1, 0], [0, 1]]);
    /// let (once, twice) = (array![[1.0], [0.0]], array![[2.0], [0.0]]);
    /// let value = loss.forward(&logits, Targets::new(&labels).weights(&once))?;
    /// assert_eq!(value, loss.forward(&array![[0.5, -1.0]], &array![[1, 0]])?);
    /// assert_eq!(loss.forward(&logits, Targets::new(&labels).weights(&twice))?, 2.0 * value);
    /// # Ok::<(), asymmetric_loss::Error>(())
    /// ```
    #[must_use]
    pub fn weights<S: Data<Elem = T>, E: Dimension>(mut self, weights: &'a ArrayBase<S, E>) -> Self {
        self.weights = Some(weights.view().into_dyn());
        self
    }
}

/// New kinds of targets are kinds of [`Targets`].
pub(crate) mod sealed {
    pub trait Sealed {}
}

impl<S: Data, D> Sealed for &ArrayBase<S, D> {}

impl<T, R> Sealed for Targets<'_, T, R> {}

/// What can be given as targets of logits of type `T` and dimension `D`, for a loss of the kind `K`: a reference to an array of
/// [`Label`]s, or of [class indices](ClassIndex); or [`Targets`].
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot stand as targets of logits that are `{T}` in an array of dimension `{D}`, for a loss of the kind `{K}`",
    label = "not targets of these logits",
    note = "an `AsymmetricLoss` takes a reference to an array of labels, of the same ndarray and with as many axes as the logits",
    note = "a `SingleLabelLoss` takes a reference to an array of integers with one axis less than the logits, or \
            `Targets::dense(&array)` of an array with as many",
    note = "weights in `Targets` must have the element type of the logits, `{T}`: convert them, say by `mapv`",
    note = "of an `ArrayRef` pass `&labels.view()`"
)]
pub trait IntoTargets<'a, T, D: Dimension, K: Kind = MultiLabel>: Sealed {
    /// Where the targets come from.
    type Source: Source<D, Kind = K>;

    /// The targets.
    fn into_targets(self) -> Targets<'a, T, Self::Source>;
}

impl<'a, T, Y: Label, S: Data<Elem = Y>, D: Dimension> IntoTargets<'a, T, D> for &'a ArrayBase<S, D> {
    type Source = Labels<'a, Y, D>;

    fn into_targets(self) -> Targets<'a, T, Self::Source> {
        Targets::new(self)
    }
}

impl<'a, T, D: Dimension, R: Source<D>> IntoTargets<'a, T, D, R::Kind> for Targets<'a, T, R> {
    type Source = R;

    fn into_targets(self) -> Self {
        self
    }
}
