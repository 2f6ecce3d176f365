//! What can stand as a target.

use crate::element::Float;

/// A label: 1 for present, 0 for absent, anything between for a soft label.
///
/// Implemented for the element type of the logits, and for [`bool`] and [`u8`].
pub trait Target<T: Float>: Copy + Send + Sync + 'static {
    /// The label as a float.
    fn to_float(self) -> T;
}

impl<T: Float> Target<T> for T {
    #[inline(always)]
    fn to_float(self) -> T {
        self
    }
}

impl<T: Float> Target<T> for bool {
    #[inline(always)]
    fn to_float(self) -> T {
        if self { T::one() } else { T::zero() }
    }
}

impl<T: Float> Target<T> for u8 {
    #[inline(always)]
    fn to_float(self) -> T {
        T::from_f64(self.into())
    }
}
