//! Elements that are floats: read and written as they are.

use crate::arithmetic::element::Element;
use castaway::cast;
use ndarray::{ArrayView, ArrayViewMut, Dimension};
use std::any::TypeId;

/// The elements of an array in logical order, if they are floats that lie one behind the other.
#[inline(always)]
pub(crate) fn as_floats<'a, T: Element, D: Dimension>(array: &'a ArrayView<'_, T, D>) -> Option<&'a [T::Float]> {
    cast!(array.as_slice()?, &[T::Float]).ok()
}

/// Whether results can go to an array as they are calculated.
pub(crate) fn is_direct<T: Element, D: Dimension>(array: &ArrayViewMut<'_, T, D>) -> bool {
    TypeId::of::<T>() == TypeId::of::<T::Float>() && array.is_standard_layout()
}

/// The elements of an array to which results can go.
pub(crate) fn direct<'a, T: Element, D: Dimension>(
    array: &'a mut ArrayViewMut<'_, T, D>,
) -> Option<&'a mut [T::Float]> {
    cast!(array.as_slice_mut()?, &mut [T::Float]).ok()
}
