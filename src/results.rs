//! New arrays for results.

use crate::element::{Element, Float};
use crate::error::Error;
use ndarray::{Array, ArrayBase, Data, Dimension};
use std::cmp::Reverse;

/// An array of zeros in the shape of another and, where that has one, in its memory order.
pub(crate) fn zeros_like<T: Element, S: Data<Elem = T>, D: Dimension>(
    like: &ArrayBase<S, D>,
) -> Result<Array<T, D>, Error> {
    let too_large = || Error::TooLarge { shape: like.shape().to_vec() };
    let mut elements = Vec::new();
    elements.try_reserve_exact(like.len()).map_err(|_| too_large())?;
    elements.resize(like.len(), T::from_float(T::Float::from_f64(0.0)));
    if like.is_standard_layout() {
        return Array::from_shape_vec(like.raw_dim(), elements).map_err(|_| too_large());
    }
    let order = memory_order(like);
    let (mut shape, mut axes) = (like.raw_dim(), like.raw_dim());
    for (position, &axis) in order.slice().iter().enumerate() {
        shape[position] = like.shape()[axis];
        axes[axis] = position;
    }
    Ok(Array::from_shape_vec(shape, elements).map_err(|_| too_large())?.permuted_axes(axes))
}

/// The axes from that of the largest strides to that along which elements lie closest together; where elements are repeated
/// by broadcasting, the axes as they are.
fn memory_order<S: Data, D: Dimension>(array: &ArrayBase<S, D>) -> D {
    let mut order = array.raw_dim();
    (0..order.ndim()).for_each(|axis| order[axis] = axis);
    let (shape, strides) = (array.shape(), array.strides());
    let is_repeated = |(&length, &stride): (&usize, &isize)| length > 1 && stride == 0;
    if !shape.iter().zip(strides).any(is_repeated) {
        order.slice_mut().sort_by_key(|&axis| (Reverse(strides[axis].unsigned_abs()), axis));
    }
    order
}
