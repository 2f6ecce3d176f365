//! What can stand as a label.

use crate::element::Float;
use castaway::cast;
use std::any::TypeId;
use std::convert::Infallible;

/// A label: 1 for present, 0 for absent, anything between for a soft label.
///
/// Implemented for all integers, [`bool`], and every [`Float`], whatever the type of the logits. An `Option` of one is a label
/// that may be unknown: an element whose label is `None` is ignored.
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
///     fn presence(self) -> Option<f64> {
///         match self { Tag::Absent => Some(0.0), Tag::Present => Some(1.0) }
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
    note = "labels may be any integer, `bool`, a float, an `Option` of these, or your own type with `Label`"
)]
pub trait Label: Copy + Send + Sync + 'static {
    /// How present it is, as a number from 0 to 1; `None` if that is unknown.
    fn presence(self) -> Option<f64>;
}

impl<T: Float> Label for T {
    #[inline(always)]
    fn presence(self) -> Option<f64> {
        Some(self.to_f64())
    }
}

macro_rules! known_labels {
    ($($y:ident => $presence:expr; $($(#[$condition:meta])* $label:ty),*;)*) => {
        $($($(#[$condition])* impl Label for $label {
            #[inline(always)]
            fn presence(self) -> Option<f64> {
                let $y = self;
                $presence
            }
        })*)*

        /// Whether all labels of a type are known, so that no call need take the time to look.
        #[inline(always)]
        fn are_known<Y: Label>() -> bool {
            let floats = [TypeId::of::<f32>(), TypeId::of::<f64>()];
            let others = [$($($(#[$condition])* TypeId::of::<$label>(),)*)*];
            floats.contains(&TypeId::of::<Y>()) || others.contains(&TypeId::of::<Y>())
        }
    };
}
known_labels! {
    y => Some(y as f64); u8, u16, u32, u64, u128, usize, i8, i16, i32, i64, i128, isize;
    y => Some(y.into()); bool;
    y => Some(y.to_f64()); #[cfg(feature = "half")] half::f16, #[cfg(feature = "half")] half::bf16;
    // The labels of `Targets::sparse`, none of which is ever seen.
    y => match y {}; Infallible;
}

impl<Y: Label> Label for Option<Y> {
    #[inline(always)]
    fn presence(self) -> Option<f64> {
        self.and_then(Y::presence)
    }
}

/// A number that is no label, and that every type has.
const NO_LABEL: f64 = 2.0;

/// Which labels of a call are unknown: those that say so themselves, and perhaps those of one value.
#[derive(Clone, Copy, Debug)]
pub(crate) struct IgnoreRule<Y> {
    pub(crate) ignored: Option<Y>,
}

impl<Y: Label> IgnoreRule<Y> {
    /// Whether some labels may be unknown.
    #[inline(always)]
    pub(crate) fn is_in_doubt(self) -> bool {
        !are_known::<Y>() || self.ignored.is_some()
    }

    /// How present a label is; `None` if it is unknown.
    #[inline(always)]
    pub(crate) fn presence(self, y: Y) -> Option<f64> {
        let presence = y.presence()?;
        let is_ignored = match self.ignored.and_then(Y::presence) {
            Some(ignored) => presence == ignored || (presence.is_nan() && ignored.is_nan()),
            None => false,
        };
        (!is_ignored).then_some(presence)
    }

    /// A label in the type of the logits: as it is, if it has that type; NaN if it is unknown; [`NO_LABEL`] if it is none,
    /// which rounding might make one.
    #[inline(always)]
    pub(crate) fn float<T: Float>(self, y: Y) -> T {
        match self.presence(y) {
            Some(presence) if (0.0..=1.0).contains(&presence) => cast!(y, T).unwrap_or_else(|_| T::from_f64(presence)),
            Some(_) => T::from_f64(NO_LABEL),
            None => T::from_f64(f64::NAN),
        }
    }

    /// The float that stands for an unknown label where labels are read as they are.
    pub(crate) fn marker<T: Float>(self) -> Option<T> {
        self.ignored.and_then(Y::presence).map(T::from_f64)
    }
}
