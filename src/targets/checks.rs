//! What can be wrong with the arrays of a call.

use crate::arithmetic::element::{Element, Float};
use crate::arrays::sum::is_finite;
use crate::error::Error;
use crate::settings::parameter::{LARGEST_WEIGHT, Parameter};
use crate::targets::label::Label;
use crate::targets::labels::{LabelForm, Labels};
use ndarray::{ArrayView, Dimension, IxDyn};
use num_traits::Zero;

/// Fails unless an array has the shape of the logits.
pub(crate) fn check_shape(array: &'static str, expected: &[usize], actual: &[usize]) -> Result<(), Error> {
    // Shapes are short: a loop is quicker than the call that `==` becomes.
    if expected.iter().eq(actual) {
        return Ok(());
    }
    Err(Error::ShapeMismatch { array, expected: expected.to_vec(), actual: actual.to_vec() })
}

/// Fails unless the reciprocal of a divisor is in the range of the logits.
pub(crate) fn check_range<T: Float>(divisor: f64) -> Result<T, Error> {
    let scale = T::from_f64(1.0 / divisor);
    if is_finite(scale) {
        return Ok(scale);
    }
    let expected = "so large that the type of the logits has its reciprocal";
    Err(Error::ParameterOutOfRange { parameter: "reduction", expected, actual: divisor, class: None })
}

/// Fails unless weights are between 0 and 1e12; says whether all are above 0, and what the largest is.
pub(crate) fn check_weights<T: Element>(weights: &ArrayView<'_, T, IxDyn>) -> Result<(bool, f64), Error> {
    let zero = T::Float::from_f64(0.0);
    let largest = T::Float::from_f64(LARGEST_WEIGHT);
    let is_valid = |weight: T::Float| (weight >= zero) & (weight <= largest) & (weight * zero == zero);
    // Without an early end and in several parts, so that it goes in vectors.
    const PARTS: usize = 16;
    let (mut most, mut least, mut nothing) = ([zero; PARTS], [largest; PARTS], [zero; PARTS]);
    let mut check = |i: usize, weight: T| {
        let weight = weight.to_float();
        most[i] = if weight > most[i] { weight } else { most[i] };
        least[i] = if weight < least[i] { weight } else { least[i] };
        // 0, unless the weight is NaN or infinite.
        nothing[i] = nothing[i] + weight * zero;
    };
    match weights.as_slice_memory_order() {
        Some(weights) => {
            let (chunks, rest) = weights.as_chunks::<PARTS>();
            for chunk in chunks {
                chunk.iter().enumerate().for_each(|(i, &weight)| check(i, weight));
            }
            rest.iter().for_each(|&weight| check(0, weight));
        }
        None => weights.iter().for_each(|&weight| check(0, weight)),
    }
    let greatest = most.into_iter().fold(zero, |most, part| if part > most { part } else { most });
    let positive = least.iter().all(|least| *least > zero);
    let valid = nothing.iter().all(|nothing| *nothing == zero)
        && greatest <= largest
        && least.iter().all(|least| *least >= zero);
    if valid {
        return Ok((positive, greatest.to_f64()));
    }
    let invalid = weights.indexed_iter().find(|(_, weight)| !is_valid(weight.to_float()));
    // One that no longer is what it was has no place.
    let (index, actual) =
        invalid.map_or((Vec::new(), f64::NAN), |(index, weight)| (index.slice().to_vec(), weight.to_float().to_f64()));
    Err(Error::InvalidWeight { index, actual })
}

/// Weights in the shape of the logits.
pub(crate) fn broadcast<'a, T, D: Dimension>(
    weights: &'a ArrayView<'_, T, IxDyn>,
    shape: D,
) -> Result<ArrayView<'a, T, D>, Error> {
    weights.broadcast(shape.clone()).ok_or_else(|| {
        let (expected, actual) = (shape.slice().to_vec(), weights.shape().to_vec());
        Error::BroadcastMismatch { expected, actual }
    })
}

/// The first label outside [0, 1] in logical order that is not left out, once the kernel has met one behind some that are
/// `valid`.
pub(crate) fn find_invalid<T: Float, Y: Label, D: Dimension>(
    Labels { form, known }: &Labels<'_, Y, D>,
    is_left_out: impl Fn(&[usize]) -> bool,
    valid: usize,
) -> Error {
    let LabelForm::Dense(labels) = form else { return NOWHERE };
    for (position, &y) in labels.iter().enumerate().skip(valid) {
        let label: T = known.float(y);
        let is_valid = label >= T::zero() && label <= T::one();
        let Some(actual) = known.presence(y).filter(|_| !is_valid) else { continue };
        let index = unravel_index(position, labels.shape());
        if !is_left_out(&index) {
            return Error::InvalidTarget { index, actual };
        }
    }
    NOWHERE
}

/// Where the element with this number in logical order stands.
pub(crate) fn unravel_index(mut number: usize, shape: &[usize]) -> Vec<usize> {
    let mut index = vec![0; shape.len()];
    for (axis, &length) in shape.iter().enumerate().rev() {
        (index[axis], number) = (number % length, number / length);
    }
    index
}

/// The error of a target that no longer is what the kernel met.
pub(crate) const NOWHERE: Error = Error::InvalidTarget { index: Vec::new(), actual: f64::NAN };

/// Whether a factor is 0 at an index.
pub(crate) fn is_left_out<T: Element, D: Dimension>(factors: &[Option<ArrayView<'_, T, D>>], index: &[usize]) -> bool {
    factors.iter().flatten().any(|factor| {
        let factor = factor.view().into_dyn();
        factor.get(index).is_some_and(|factor| factor.to_float().is_zero())
    })
}

/// Whether the class of an index has the weight 0 in a type.
pub(crate) fn is_weightless<T: Float>(class_weight: &Parameter, index: &[usize]) -> bool {
    // A single number has one class.
    let class = index.last().copied().unwrap_or(0);
    class_weight.of_class(class).is_some_and(|weight| T::from_f64(weight).is_zero())
}
