//! What the sum of the losses is divided by: a look at labels and weights, before the pass.
//!
//! All sums are of whole numbers, so that neither the order in which an array lies in memory nor the number of threads shows:
//! soft labels count in units of 2⁻⁵², weights in units of 2⁻⁵² of a power of two that none exceeds.

use crate::arithmetic::{Arithmetic, Task, run};
use crate::element::{Element, Float};
use crate::error::Error;
use crate::kernel::Labels;
use crate::label::{IgnoreRule, Label};
use crate::order::by_stride;
use crate::parameter::Parameter;
use crate::reduction::Reduction;
use crate::results::memory_for;
use crate::settings::Settings;
use crate::threads::join;
use ndarray::{ArrayView, ArrayView1, Axis, Dimension};

/// The number of elements that are counted in 64 bits: 2¹⁰ of at most 2⁵² each.
const COUNTED_IN_U64: usize = 1 << 10;

/// What a number of 1 counts.
const ONE: u64 = 1 << 52;

/// The divisor of a call, whose weights come with the largest of them.
pub(crate) fn divisor<T: Element, Y: Label, D: Dimension>(
    settings: &Settings,
    reduction: Reduction,
    labels: &Labels<'_, Y, D>,
    known: IgnoreRule<Y>,
    weights: Option<(&ArrayView<'_, T, D>, f64)>,
    shape: D,
) -> Result<f64, Error> {
    let count = || count(labels, known, shape.size());
    let weight = || {
        let of_classes = match &*settings.class_weight {
            Parameter::PerClass(weights) if weights.len() > 1 => ArrayView1::from(weights),
            one => {
                let call = weights.map_or_else(count, |(weights, largest)| weight(labels, known, weights, largest));
                return Ok(one.of_class(0).unwrap_or(1.0) * call);
            }
        };
        let largest = |weights: &[f64]| weights.iter().fold(0.0_f64, |largest, weight| largest.max(*weight));
        let largest_of_classes = largest(settings.class_weight.values());
        let Some(of_classes) = of_classes.broadcast(shape.clone()) else { return Ok(0.0) };
        let Some((weights, _)) = weights else {
            return Ok(weight(labels, known, &of_classes, largest_of_classes));
        };
        let mut products = memory_for(weights)?;
        products.extend(weights.iter().zip(of_classes).map(|(weight, of_class)| weight.to_float().to_f64() * of_class));
        // The product of the largest may be far above the largest product, and its unit would leave few digits.
        let largest = largest(&products);
        let products = ArrayView::from_shape(shape.clone(), &products);
        let too_large = |_| Error::TooLarge { shape: shape.slice().to_vec() };
        Ok(weight(labels, known, &products.map_err(too_large)?, largest))
    };
    let positives = || match settings.label_smoothing {
        0.0 => positives(labels, known),
        share => positives(labels, known) * (1.0 - share) + count() * (share / 2.0),
    };
    reduction.divisor(shape.slice(), count, weight, positives)
}

/// The number of known labels.
fn count<Y: Label, D: Dimension>(labels: &Labels<'_, Y, D>, known: IgnoreRule<Y>, elements: usize) -> f64 {
    match labels {
        Labels::Dense(labels) if known.is_in_doubt() => {
            sum(labels.view(), None::<ArrayView<'_, Y, D>>, |y, _| u64::from(known.presence(y).is_some())) as f64
        }
        Labels::Dense(_) => elements as f64,
        Labels::Sparse(labels) => labels.of_known(|| elements as u128, 0.., |_, _| 1) as f64,
    }
}

/// The sum of the labels that are known and valid.
fn positives<Y: Label, D: Dimension>(labels: &Labels<'_, Y, D>, known: IgnoreRule<Y>) -> f64 {
    let number = |y, _| known.presence(y).map_or(0, whole);
    match labels {
        Labels::Dense(labels) => sum(labels.view(), None::<ArrayView<'_, Y, D>>, number) as f64 / ONE as f64,
        Labels::Sparse(labels) => labels.positives() as f64,
    }
}

/// The sum of the weights of known labels.
fn weight<T: Element, Y: Label, D: Dimension>(
    labels: &Labels<'_, Y, D>,
    known: IgnoreRule<Y>,
    weights: &ArrayView<'_, T, D>,
    largest: f64,
) -> f64 {
    if largest == 0.0 {
        return 0.0;
    }
    // A power of two, so that the quotients are exact.
    let unit = (largest.log2().floor() + 1.0).exp2();
    let number = |weight: T| whole(weight.to_float().to_f64() / unit);
    let all = || sum(weights.view(), None::<ArrayView<'_, Y, D>>, |weight, _| number(weight));
    let sum = match labels {
        Labels::Dense(labels) if known.is_in_doubt() => sum(labels.view(), Some(weights.view()), |y, weight| {
            if known.presence(y).is_some() { weight.map_or(0, number) } else { 0 }
        }),
        Labels::Dense(_) => all(),
        Labels::Sparse(labels) => labels.of_known(all, weights.rows(), |weights, class| number(weights[class])),
    };
    sum as f64 / ONE as f64 * unit
}

/// A number in [0, 1] in units of 2⁻⁵², rounded; 0 for others.
#[inline(always)]
fn whole(number: f64) -> u64 {
    if number == 1.0 {
        // Apart, because of an integer it is a comparison of integers.
        ONE
    } else if number > 0.0 && number < 1.0 {
        // Between 1 and 2, floats are a distance of 2⁻⁵² apart.
        (number + 1.0).to_bits() - 1.0_f64.to_bits()
    } else {
        0
    }
}

/// The sum of whole numbers, at most [`ONE`] each: one for each element of an array, or of two of one shape.
fn sum<A: Copy + Sync, B: Copy + Sync, D: Dimension>(
    mut first: ArrayView<'_, A, D>,
    second: Option<ArrayView<'_, B, D>>,
    number: impl Fn(A, Option<B>) -> u64 + Copy + Send + Sync,
) -> u128 {
    let mut copies = 1;
    if second.is_none() {
        // What is repeated by broadcasting need not be added again and again.
        for axis in 0..first.ndim() {
            let length = first.shape()[axis];
            if length > 1 && first.strides()[axis] == 0 {
                first.collapse_axis(Axis(axis), 0);
                copies *= length as u128;
            }
        }
    }
    // As the first lies in memory, so that its parts are slices.
    let order = by_stride(first.strides(), first.raw_dim());
    let second = second.map(|second| second.permuted_axes(order.clone()));
    copies * sum_in_order(first.permuted_axes(order), second, number)
}

fn sum_in_order<A: Copy + Sync, B: Copy + Sync, D: Dimension>(
    first: ArrayView<'_, A, D>,
    second: Option<ArrayView<'_, B, D>>,
    number: impl Fn(A, Option<B>) -> u64 + Copy + Send + Sync,
) -> u128 {
    let elements = first.len();
    if elements > COUNTED_IN_U64 {
        let axis = first.shape().iter().position(|&length| length > 1).unwrap_or(0);
        let (axis, middle) = (Axis(axis), first.shape()[axis] / 2);
        let (left, right) = first.split_at(axis, middle);
        let (second_left, second_right) = second.map(|second| second.split_at(axis, middle)).unzip();
        let left = || sum_in_order(left, second_left, number);
        let (left, right) = join(elements, left, || sum_in_order(right, second_right, number));
        return left + right;
    }
    let sum = match second {
        None => match first.as_slice_memory_order() {
            Some(first) => run(Sum { first, second: None, number }),
            None => first.iter().map(|&x| number(x, None)).sum(),
        },
        Some(second) => match (first.as_slice(), second.as_slice()) {
            (Some(first), Some(second)) => run(Sum { first, second: Some(second), number }),
            _ => first
                .rows()
                .into_iter()
                .zip(second.rows())
                .map(|(first, second)| sum_of_row(first, second, number))
                .sum(),
        },
    };
    u128::from(sum)
}

fn sum_of_row<A: Copy, B: Copy>(
    first: ArrayView1<'_, A>,
    second: ArrayView1<'_, B>,
    number: impl Fn(A, Option<B>) -> u64,
) -> u64 {
    match (first.as_slice(), second.as_slice(), second.first()) {
        (Some(first), Some(second), _) => run(Sum { first, second: Some(second), number }),
        // One for the whole row.
        (Some(first), None, Some(&y)) if second.strides() == [0] => {
            run(Sum { first, second: None::<&[B]>, number: |x, _| number(x, Some(y)) })
        }
        _ => first.iter().zip(second).map(|(&x, &y)| number(x, Some(y))).sum(),
    }
}

/// The sum of whole numbers of the elements of slices: plain loops, for whatever vectors the processor has.
struct Sum<'a, A, B, F> {
    first: &'a [A],
    second: Option<&'a [B]>,
    number: F,
}

impl<A: Copy, B: Copy, F: Fn(A, Option<B>) -> u64> Task<f64> for Sum<'_, A, B, F> {
    type Output = u64;

    #[inline(always)]
    fn run<V: Arithmetic<Element = f64>>(self, _: V::Context) -> u64 {
        let Sum { first, second, number } = self;
        match second {
            None => first.iter().fold(0, |sum, &x| sum + number(x, None)),
            Some(second) => first.iter().zip(second).fold(0, |sum, (&x, &y)| sum + number(x, Some(y))),
        }
    }
}
