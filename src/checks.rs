//! What can be wrong with the arrays of a call.

use crate::element::{Element, Float};
use crate::error::Error;
use crate::kernel::Labels;
use crate::label::{IgnoreRule, Label};
use crate::parameter::{LARGEST_WEIGHT, Parameter};
use crate::settings::Settings;
use crate::sum::is_finite;
use ndarray::{ArrayView, Dimension, IxDyn};
use num_traits::{One, Zero};

/// Fails unless settings per class are as many as the last axis is long.
pub(crate) fn check_classes(settings: &Settings, shape: &[usize]) -> Result<(), Error> {
    settings.check_classes(shape.last().copied().unwrap_or(1))
}

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
pub(crate) fn find_invalid<T: Element, Y: Label, D: Dimension>(
    labels: &Labels<'_, Y, D>,
    known: IgnoreRule<Y>,
    is_left_out: impl Fn(&[usize]) -> bool,
    valid: usize,
) -> Error {
    // A label that no longer is what the kernel met has no place.
    let nowhere = Error::InvalidTarget { index: Vec::new(), actual: f64::NAN };
    let Labels::Dense(labels) = labels else { return nowhere };
    for (position, &y) in labels.iter().enumerate().skip(valid) {
        let label: T::Float = known.float(y);
        let is_valid = label >= T::Float::zero() && label <= T::Float::one();
        let Some(actual) = known.presence(y).filter(|_| !is_valid) else { continue };
        let index = unravel_index(position, labels.shape());
        if !is_left_out(&index) {
            return Error::InvalidTarget { index, actual };
        }
    }
    nowhere
}

/// Where the element with this number in logical order stands.
pub(crate) fn unravel_index(mut number: usize, shape: &[usize]) -> Vec<usize> {
    let mut index = vec![0; shape.len()];
    for (axis, &length) in shape.iter().enumerate().rev() {
        (index[axis], number) = (number % length, number / length);
    }
    index
}

/// Whether an element of this index has a factor of 0.
pub(crate) fn is_left_out<T: Element, D: Dimension>(
    class_weight: &Parameter,
    factors: &[Option<ArrayView<'_, T, D>>],
    index: &[usize],
) -> bool {
    // A single number has one class.
    let class = index.last().copied().unwrap_or(0);
    class_weight.of_class(class).is_some_and(|weight| T::Float::from_f64(weight).is_zero())
        || factors.iter().flatten().any(|factor| {
            let factor = factor.view().into_dyn();
            factor.get(index).is_some_and(|factor| factor.to_float().is_zero())
        })
}
