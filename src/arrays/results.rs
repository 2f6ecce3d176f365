//! New arrays for results: in the shape of another array and in its memory order, or row-major if that repeats elements by
//! broadcasting.

use crate::arithmetic::element::{Element, Float};
use crate::arrays::order::by_stride;
use crate::error::Error;
use ndarray::{Array, ArrayBase, Axis, Data, Dimension, RawData, aview0};

/// An array of zeros like another.
pub(crate) fn zeros_like<T: Element, S: Data<Elem = T>, D: Dimension>(
    like: &ArrayBase<S, D>,
) -> Result<Array<T, D>, Error> {
    filled_like(like, T::from_float(T::Float::from_f64(0.0)))
}

/// An array of zeros of a shape.
pub(crate) fn zeros_of<T: Element, D: Dimension>(shape: D) -> Result<Array<T, D>, Error> {
    let zero = T::from_float(T::Float::from_f64(0.0));
    let one = aview0(&zero);
    let like = one.broadcast(shape.clone()).ok_or_else(|| Error::TooLarge { shape: shape.slice().to_vec() })?;
    zeros_like(&like)
}

/// An array like another, full of one element.
pub(crate) fn filled_like<T: Clone, S: Data, D: Dimension>(
    like: &ArrayBase<S, D>,
    element: T,
) -> Result<Array<T, D>, Error> {
    let mut elements = memory_for(like)?;
    elements.resize(like.len(), element);
    arranged(elements, like)
}

/// A copy of an array.
pub(crate) fn copy_of<T: Element, S: Data<Elem = T>, D: Dimension>(
    array: &ArrayBase<S, D>,
) -> Result<Array<T, D>, Error> {
    if let Some(elements) = array.as_slice_memory_order() {
        let mut copy = memory_for(array)?;
        copy.extend_from_slice(elements);
        return arranged(copy, array);
    }
    let mut copy = zeros_like(array)?;
    copy.assign(array);
    Ok(copy)
}

/// Room for as many elements as an array has. It is asked for, not taken: there may be none.
pub(crate) fn memory_for<T, S: RawData, D: Dimension>(array: &ArrayBase<S, D>) -> Result<Vec<T>, Error> {
    let mut elements = Vec::new();
    elements.try_reserve_exact(array.len()).map_err(|_| too_large(array))?;
    Ok(elements)
}

fn too_large<S: RawData, D: Dimension>(array: &ArrayBase<S, D>) -> Error {
    Error::TooLarge { shape: array.shape().to_vec() }
}

/// Elements as an array like another, as it lies in memory.
fn arranged<T, S: Data, D: Dimension>(elements: Vec<T>, like: &ArrayBase<S, D>) -> Result<Array<T, D>, Error> {
    let (shape, strides) = (like.shape(), like.strides());
    let is_repeated = |(&length, &stride): (&usize, &isize)| length > 1 && stride == 0;
    if like.is_standard_layout() || shape.iter().zip(strides).any(is_repeated) {
        return Array::from_shape_vec(like.raw_dim(), elements).map_err(|_| too_large(like));
    }
    let order = by_stride(strides, like.raw_dim());
    let (mut permuted, mut axes) = (like.raw_dim(), like.raw_dim());
    for (position, &axis) in order.slice().iter().enumerate() {
        permuted[position] = shape[axis];
        axes[axis] = position;
    }
    let mut array = Array::from_shape_vec(permuted, elements).map_err(|_| too_large(like))?.permuted_axes(axes);
    for axis in (0..like.ndim()).filter(|&axis| strides[axis] < 0 && shape[axis] > 1) {
        array.invert_axis(Axis(axis));
    }
    Ok(array)
}
