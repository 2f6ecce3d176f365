//! What can be wrong with the arrays of a call.

use crate::element::Float;
use crate::error::Error;
use crate::settings::Settings;
use crate::targets::{Label, label};
use ndarray::{ArrayView, Dimension};

/// Fails unless settings per class are as many as the last axis is long.
pub(crate) fn check_classes(settings: &Settings, shape: &[usize]) -> Result<(), Error> {
    let expected = shape.last().copied().unwrap_or(1);
    match settings.per_class().next() {
        Some((parameter, actual)) if actual != expected => Err(Error::ParameterLength { parameter, expected, actual }),
        _ => Ok(()),
    }
}

/// Fails unless an array has the shape of the logits.
pub(crate) fn check_shape(array: &'static str, expected: &[usize], actual: &[usize]) -> Result<(), Error> {
    // Shapes are short: a loop is quicker than the call that `==` becomes.
    if expected.iter().eq(actual) {
        return Ok(());
    }
    Err(Error::ShapeMismatch { array, expected: expected.to_vec(), actual: actual.to_vec() })
}

/// The first label outside [0, 1] in logical order, once the kernel has met one behind some that are `valid`.
pub(crate) fn find_invalid<T: Float, Y: Label, D: Dimension>(labels: &ArrayView<'_, Y, D>, valid: usize) -> Error {
    let is_valid = |y: T| y >= T::zero() && y <= T::one();
    let found = labels.iter().zip(0..).skip(valid).find(|&(&y, _)| !is_valid(label(y)));
    // A label that no longer is what the kernel met has no place.
    let Some((y, mut position)) = found else {
        return Error::InvalidTarget { index: Vec::new(), actual: f64::NAN };
    };
    let mut index = vec![0; labels.ndim()];
    for (axis, &length) in labels.shape().iter().enumerate().rev() {
        (index[axis], position) = (position % length, position / length);
    }
    Error::InvalidTarget { index, actual: y.presence() }
}
