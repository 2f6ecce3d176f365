//! What can stand as targets: labels, which of them are unknown, weights.

use crate::class_index::ClassIndex;
use crate::element::Element;
use crate::label::{IgnoreRule, Label};
use crate::sparse::{Lists, Others, SparseLabels};
use ndarray::{ArrayBase, ArrayView, Data, Dimension, IxDyn};
use sealed::Sealed;
use std::convert::Infallible;

/// The labels of a call, borrowed from an array or from lists of classes, with what is unknown and what each element weighs.
///
/// A reference to an array is enough where that is all.
///
/// # Examples
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
#[derive(Clone, Debug)]
pub struct Targets<'a, Y, T, D: Dimension> {
    pub(crate) labels: Source<'a, Y, D>,
    pub(crate) known: IgnoreRule<Y>,
    pub(crate) weights: Option<ArrayView<'a, T, IxDyn>>,
}

/// Where labels come from.
#[derive(Clone, Debug)]
pub(crate) enum Source<'a, Y, D: Dimension> {
    Dense(ArrayView<'a, Y, D>),
    Sparse(SparseLabels<'a>),
}

impl<'a, Y: Label, T: Element, D: Dimension> Targets<'a, Y, T, D> {
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
        Self::of(Source::Dense(labels.view()))
    }

    fn of(labels: Source<'a, Y, D>) -> Self {
        Targets { labels, known: IgnoreRule { ignored: None }, weights: None }
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
    pub fn ignore(mut self, unknown: Y) -> Self {
        self.known.ignored = Some(unknown);
        self
    }

    /// Multiplies the losses by weights ω: numbers between 0 and 1e12, in an array that broadcasts to the shape of the
    /// logits, say `(n, 1)` for one per row.
    ///
    /// An element of weight 0 is ignored, whatever its logit and label. Of the reductions, only
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

impl<'a, T: Element, D: Dimension> Targets<'a, Infallible, T, D> {
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
    pub fn sparse<O: ClassIndex, I: ClassIndex>(offsets: &'a [O], indices: &'a [I]) -> Self {
        Self::of(Source::Sparse(SparseLabels {
            present: Lists::new("present", offsets, indices),
            others: Others::Absent,
        }))
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
        if let Source::Sparse(labels) = &mut self.labels {
            labels.others = others;
        }
        self
    }
}

/// New kinds of targets are kinds of [`Targets`].
mod sealed {
    pub trait Sealed {}
}

impl<S: Data, D> Sealed for &ArrayBase<S, D> {}

impl<Y, T, D: Dimension> Sealed for Targets<'_, Y, T, D> {}

/// What can be given as targets of logits of type `T`: a reference to an array of [`Label`]s, or [`Targets`].
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot stand as targets of logits that are `{T}` in an array of dimension `{D}`",
    label = "not targets of these logits",
    note = "pass a reference to an array of labels, of the same ndarray and with as many axes as the logits",
    note = "weights in `Targets` must have the element type of the logits, `{T}`: convert them, say by `mapv`",
    note = "of an `ArrayRef` pass `&labels.view()`"
)]
pub trait IntoTargets<'a, T: Element, D: Dimension>: Sealed {
    /// The type of a label.
    type Label: Label;

    /// The targets.
    fn into_targets(self) -> Targets<'a, Self::Label, T, D>;
}

impl<'a, Y: Label, S: Data<Elem = Y>, T: Element, D: Dimension> IntoTargets<'a, T, D> for &'a ArrayBase<S, D> {
    type Label = Y;

    fn into_targets(self) -> Targets<'a, Y, T, D> {
        Targets::new(self)
    }
}

impl<'a, Y: Label, T: Element, D: Dimension> IntoTargets<'a, T, D> for Targets<'a, Y, T, D> {
    type Label = Y;

    fn into_targets(self) -> Self {
        self
    }
}
