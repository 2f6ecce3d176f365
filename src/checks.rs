//! What can be wrong with the arrays of a call.

use crate::element::Float;
use crate::error::Error;
use crate::settings::Settings;
use crate::target::Target;
use ndarray::{ArrayView, Dimension};

/// What settings per class run along.
pub(crate) enum Rows {
    /// An axis of this length: once.
    Axis(usize),
    /// A slice of this length: over and over.
    Repeated(usize),
}

impl Rows {
    pub(crate) fn check(&self, settings: &Settings) -> Result<(), Error> {
        let Some((parameter, actual)) = settings.classes().next() else { return Ok(()) };
        match *self {
            Rows::Axis(expected) if expected != actual => Err(Error::ParameterLength { parameter, expected, actual }),
            Rows::Repeated(length) if actual == 0 || !length.is_multiple_of(actual) => {
                Err(Error::PartialRow { classes: actual, length })
            }
            _ => Ok(()),
        }
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
pub(crate) fn find_invalid<T: Float, Y: Target<T>, D: Dimension>(targets: &ArrayView<'_, Y, D>, valid: usize) -> Error {
    let invalid = |label: T| !(label >= T::from_f64(0.0) && label <= T::from_f64(1.0));
    let labels = targets.iter().skip(valid).map(|target| target.to_float());
    let found = labels.zip(valid..).find(|&(label, _)| invalid(label));
    // A label that no longer is what the kernel met has no place.
    let Some((label, mut position)) = found else {
        return Error::InvalidTarget { index: Vec::new(), actual: f64::NAN };
    };
    let mut index = vec![0; targets.ndim()];
    for (axis, &length) in targets.shape().iter().enumerate().rev() {
        (index[axis], position) = (position % length, position / length);
    }
    Error::InvalidTarget { index, actual: label.to_f64() }
}
