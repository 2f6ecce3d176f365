//! The order in which an array lies in memory.

use ndarray::Dimension;
use std::cmp::Reverse;

/// The axes of an array with these strides, from the largest to that along which elements lie closest together.
pub(crate) fn by_stride<D: Dimension>(strides: &[isize], shape: D) -> D {
    let mut order = shape;
    (0..order.ndim()).for_each(|axis| order[axis] = axis);
    order.slice_mut().sort_unstable_by_key(|&axis| (Reverse(strides[axis].unsigned_abs()), axis));
    order
}
