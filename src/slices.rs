//! Slices that formulas read and write as they are.

use crate::element::{Element, Float};
use castaway::cast;
use ndarray::{ArrayViewMut, Dimension};
use std::any::TypeId;

/// Elements that are calculated with as they are.
pub(crate) fn as_floats<T: Element>(elements: &[T]) -> Option<&[T::Float]> {
    cast!(elements, &[T::Float]).ok()
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

/// The same output, if there is one and `U` is `T`.
pub(crate) fn reborrow_as<'a, T: Float, U: Float>(output: &'a mut Option<&mut [T]>) -> Option<&'a mut [U]> {
    output.as_deref_mut().and_then(|elements| cast!(elements, &mut [U]).ok())
}
