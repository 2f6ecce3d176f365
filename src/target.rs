//! What can stand as a target.

use crate::float::Float;

/// A label: 1 for present, 0 for absent, anything between for a soft label.
///
/// Implemented for the element type of the logits, and for [`bool`] and [`u8`].
pub trait Target<T: Float>: Copy + Send + Sync + 'static {
    /// The label as a float.
    fn to_float(self) -> T;

    /// The labels as the kernels read them, if they can.
    #[doc(hidden)]
    fn as_targets(_targets: &[Self]) -> Option<Targets<'_, T>> {
        None
    }
}

/// Labels in a form that the kernels read; every other form is converted first.
#[derive(Clone, Copy, Debug)]
pub enum Targets<'a, T> {
    Floats(&'a [T]),
    Bools(&'a [bool]),
    Bytes(&'a [u8]),
}

impl<T: Float> Target<T> for T {
    #[inline(always)]
    fn to_float(self) -> T {
        self
    }

    fn as_targets(targets: &[T]) -> Option<Targets<'_, T>> {
        Some(Targets::Floats(targets))
    }
}

impl<T: Float> Target<T> for bool {
    #[inline(always)]
    fn to_float(self) -> T {
        if self { T::one() } else { T::zero() }
    }

    fn as_targets(targets: &[bool]) -> Option<Targets<'_, T>> {
        Some(Targets::Bools(targets))
    }
}

impl<T: Float> Target<T> for u8 {
    #[inline(always)]
    fn to_float(self) -> T {
        T::from_f64(self.into())
    }

    fn as_targets(targets: &[u8]) -> Option<Targets<'_, T>> {
        Some(Targets::Bytes(targets))
    }
}
