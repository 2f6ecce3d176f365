//! New arrays for results.

use crate::element::{Element, Float};
use crate::error::Error;
use crate::order::by_stride;
use ndarray::{Array, ArrayBase, Axis, Data, Dimension};

/// An array of zeros in the shape and the memory order of another; row-major if that repeats elements by broadcasting.
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
    let (strides, shape) = (like.strides(), like.shape());
    let is_repeated = |(&length, &stride): (&usize, &isize)| length > 1 && stride == 0;
    if shape.iter().zip(strides).any(is_repeated) {
        return Array::from_shape_vec(like.raw_dim(), elements).map_err(|_| too_large());
    }
    let order = by_stride(strides, like.raw_dim());
    let (mut permuted, mut axes) = (like.raw_dim(), like.raw_dim());
    for (position, &axis) in order.slice().iter().enumerate() {
        permuted[position] = shape[axis];
        axes[axis] = position;
    }
    let mut array = Array::from_shape_vec(permuted, elements).map_err(|_| too_large())?.permuted_axes(axes);
    for axis in (0..like.ndim()).filter(|&axis| strides[axis] < 0 && shape[axis] > 1) {
        array.invert_axis(Axis(axis));
    }
    Ok(array)
}
