//! What can stand as targets.

use crate::element::Float;
use castaway::cast;
use ndarray::{ArrayBase, ArrayView, Data, Dimension};
use sealed::Sealed;

/// A label: 1 for present, 0 for absent, anything between for a soft label.
///
/// Implemented for all integers, [`bool`], and every [`Float`], whatever the type of the logits. `Option<bool>` stands for
/// labels of which some are unknown; `None` is refused like NaN.
///
/// # Examples
///
/// A label of one's own:
///
/// ```
/// use asymmetric_loss::{AsymmetricLoss, Label};
/// use ndarray::array;
///
/// #[derive(Clone, Copy)]
/// enum Tag { Absent, Present }
///
/// impl Label for Tag {
///     fn presence(self) -> f64 {
///         match self { Tag::Absent => 0.0, Tag::Present => 1.0 }
///     }
/// }
///
/// let loss = AsymmetricLoss::default();
/// let value = loss.forward(&array![0.5, -1.0], &array![Tag::Present, Tag::Absent])?;
/// assert_eq!(value, loss.forward(&array![0.5, -1.0], &array![1, 0])?);
/// # Ok::<(), asymmetric_loss::Error>(())
/// ```
///
/// Anything else does not compile:
///
/// ```compile_fail
/// # use asymmetric_loss::AsymmetricLoss;
/// # use ndarray::array;
/// let value = AsymmetricLoss::default().forward(&array![0.5], &array!["yes"]);
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a label",
    label = "not a label",
    note = "labels may be any integer, `bool`, `Option<bool>`, a float, or your own type with `Label`"
)]
pub trait Label: Copy + Send + Sync + 'static {
    /// How present it is, as a number from 0 to 1; NaN if that is unknown.
    fn presence(self) -> f64;
}

impl<T: Float> Label for T {
    #[inline(always)]
    fn presence(self) -> f64 {
        self.to_f64()
    }
}

macro_rules! integer_label {
    ($($integer:ident)*) => {$(
        impl Label for $integer {
            #[inline(always)]
            fn presence(self) -> f64 {
                self as f64
            }
        }
    )*};
}
integer_label!(u8 u16 u32 u64 u128 usize i8 i16 i32 i64 i128 isize);

impl Label for bool {
    #[inline(always)]
    fn presence(self) -> f64 {
        self.into()
    }
}

impl Label for Option<bool> {
    #[inline(always)]
    fn presence(self) -> f64 {
        self.map_or(f64::NAN, f64::from)
    }
}

#[cfg(feature = "half")]
macro_rules! half_label {
    ($($half:ident)*) => {$(
        impl Label for half::$half {
            #[inline(always)]
            fn presence(self) -> f64 {
                self.to_f64()
            }
        }
    )*};
}
#[cfg(feature = "half")]
half_label!(f16 bf16);

/// A number that is no label, and that every type has.
const NO_LABEL: f64 = 2.0;

/// A label in the type of the logits: as it is, if it has that type; [`NO_LABEL`] for one that rounding might make a label.
#[inline(always)]
pub(crate) fn label<T: Float, Y: Label>(y: Y) -> T {
    cast!(y, T).unwrap_or_else(|y| {
        let presence = y.presence();
        T::from_f64(if (0.0..=1.0).contains(&presence) { presence } else { NO_LABEL })
    })
}

/// The labels of a call, borrowed from an array.
///
/// A reference to an array is enough wherever targets are asked for.
#[derive(Clone, Debug)]
pub struct Targets<'a, Y, D: Dimension> {
    pub(crate) labels: ArrayView<'a, Y, D>,
}

impl<'a, Y: Label, D: Dimension> Targets<'a, Y, D> {
    /// Targets with the labels of an array.
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
        Targets { labels: labels.view() }
    }
}

/// New kinds of targets are kinds of [`Targets`].
mod sealed {
    pub trait Sealed {}
}

impl<S: Data, D> Sealed for &ArrayBase<S, D> {}

impl<Y, D: Dimension> Sealed for Targets<'_, Y, D> {}

/// What can be given as targets: a reference to an array of [`Label`]s, or [`Targets`].
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot stand as targets of logits with dimension `{D}`",
    label = "not targets",
    note = "pass a reference to an array of labels, of the same ndarray and with as many axes as the logits",
    note = "of an `ArrayRef` pass `&labels.view()`"
)]
pub trait IntoTargets<'a, D: Dimension>: Sealed {
    /// The type of a label.
    type Label: Label;

    /// The targets.
    fn into_targets(self) -> Targets<'a, Self::Label, D>;
}

impl<'a, Y: Label, S: Data<Elem = Y>, D: Dimension> IntoTargets<'a, D> for &'a ArrayBase<S, D> {
    type Label = Y;

    fn into_targets(self) -> Targets<'a, Y, D> {
        Targets::new(self)
    }
}

impl<'a, Y: Label, D: Dimension> IntoTargets<'a, D> for Targets<'a, Y, D> {
    type Label = Y;

    fn into_targets(self) -> Self {
        self
    }
}
