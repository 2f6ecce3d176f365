//! Arrays that results can go to as they are calculated.

use crate::arithmetic::element::Element;
use ndarray::{ArrayViewMut, Dimension};

/// Whether results can go to an array as they are calculated.
pub(crate) fn is_direct<T: Element, D: Dimension>(array: &ArrayViewMut<'_, T, D>) -> bool {
    T::as_floats(&[]).is_some() && array.is_standard_layout()
}

/// The elements of an array to which results can go.
pub(crate) fn direct<'a, T: Element, D: Dimension>(
    array: &'a mut ArrayViewMut<'_, T, D>,
) -> Option<&'a mut [T::Float]> {
    T::as_floats_mut(array.as_slice_mut()?)
}
