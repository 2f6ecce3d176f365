//! What can stand as a target.

use crate::float::Float;

/// A label: 1 for present, 0 for absent, anything between for a soft label.
///
/// Implemented for the element type of the logits, and for [`bool`] and [`u8`].
pub trait Target<T: Float>: Copy + Send + Sync + 'static {
    /// The label as a float.
    fn to_float(self) -> T;

    /// The labels as floats: all of them in place, or as many as fit into a buffer.
    #[doc(hidden)]
    fn as_floats<'a>(targets: &'a [Self], buffer: &'a mut [T]) -> &'a [T] {
        let length = targets.len().min(buffer.len());
        let buffer = &mut buffer[..length];
        for (to, from) in buffer.iter_mut().zip(targets) {
            *to = from.to_float();
        }
        buffer
    }
}

impl<T: Float> Target<T> for T {
    #[inline(always)]
    fn to_float(self) -> T {
        self
    }

    fn as_floats<'a>(targets: &'a [T], _buffer: &'a mut [T]) -> &'a [T] {
        targets
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
