//! What the sum of the losses is divided by: a look at labels and weights, before the pass.

use crate::element::{Element, Float};
use crate::error::Error;
use crate::kernel::Labels;
use crate::label::{Known, Label};
use crate::reduction::Reduction;
use crate::settings::Settings;
use crate::threads::join;
use ndarray::{ArrayView, Dimension};

/// The number of labels that are counted in 32 bits.
const BLOCK: usize = 1 << 12;

/// The number of partial sums: the processor adds one while another waits.
const WIDTH: usize = 8;

/// The divisor of a call.
pub(crate) fn divisor<T: Element, Y: Label, D: Dimension>(
    settings: &Settings,
    reduction: Reduction,
    labels: &Labels<'_, Y, D>,
    known: Known<Y>,
    weights: Option<&ArrayView<'_, T, D>>,
    shape: &[usize],
) -> Result<f64, Error> {
    let count = || count(labels, known, shape.iter().product()) as f64;
    let weight = || weights.map_or_else(count, |weights| weight(labels, known, weights));
    let positives = || match settings.label_smoothing {
        0.0 => positives(labels, known),
        alpha => positives(labels, known) * (1.0 - alpha) + count() * (alpha / 2.0),
    };
    reduction.divisor(shape, count, weight, positives)
}

/// The number of known labels.
fn count<Y: Label, D: Dimension>(labels: &Labels<'_, Y, D>, known: Known<Y>, elements: usize) -> usize {
    let is_known = |&y: &Y| known.presence(y).is_some();
    match labels {
        Labels::Dense(labels) if known.is_in_doubt() => match labels.as_slice_memory_order() {
            Some(labels) => counted(labels, known),
            None => labels.iter().filter(|y| is_known(y)).count(),
        },
        _ => elements,
    }
}

/// The number of known labels of a slice.
fn counted<Y: Label>(labels: &[Y], known: Known<Y>) -> usize {
    if labels.len() <= BLOCK {
        return labels.iter().map(|&y| u32::from(known.presence(y).is_some())).sum::<u32>() as usize;
    }
    let (left, right) = labels.split_at(labels.len() / 2);
    let (left, right) = join(labels.len(), || counted(left, known), || counted(right, known));
    left + right
}

/// The sum of the labels that are known and valid.
fn positives<Y: Label, D: Dimension>(labels: &Labels<'_, Y, D>, known: Known<Y>) -> f64 {
    let presence = |&y: &Y| known.presence(y).filter(|y| (0.0..=1.0).contains(y)).unwrap_or(0.0);
    match labels {
        // In logical order, so that no layout shows.
        Labels::Dense(labels) => sum(labels.iter().map(presence)),
        Labels::Sparse(present) => present.count() as f64,
    }
}

/// The sum of the weights of known labels.
fn weight<T: Element, Y: Label, D: Dimension>(
    labels: &Labels<'_, Y, D>,
    known: Known<Y>,
    weights: &ArrayView<'_, T, D>,
) -> f64 {
    let weight = |&weight: &T| weight.to_float().to_f64();
    match labels {
        Labels::Dense(labels) if known.is_in_doubt() => {
            let known = |(w, &y)| if known.presence(y).is_some() { weight(w) } else { 0.0 };
            sum(weights.iter().zip(labels).map(known))
        }
        _ => sum(weights.iter().map(weight)),
    }
}

/// A sum in several parts.
fn sum(numbers: impl Iterator<Item = f64>) -> f64 {
    let mut sums = [0.0; WIDTH];
    numbers.zip((0..WIDTH).cycle()).for_each(|(number, i)| sums[i] += number);
    sums.iter().sum()
}
