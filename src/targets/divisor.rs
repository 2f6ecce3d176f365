//! What the sum of the losses is divided by: a look at labels and weights, before the pass.
//!
//! All sums are of whole numbers, so that neither the order in which an array lies in memory nor the number of threads shows:
//! soft labels count in units of 2⁻⁵², weights in units of 2⁻⁵² of a power of two that none exceeds.

use crate::arithmetic::element::{Element, Float};
use crate::arithmetic::{Arithmetic, Task, run};
use crate::arrays::order::by_stride;
use crate::arrays::results::zeros_of;
use crate::arrays::threads::join;
use crate::error::Error;
use crate::targets::sparse::CsrLabels;
use ndarray::{Array, ArrayView, ArrayView1, Axis, Dimension};

/// The number of elements that are counted in 64 bits: 2¹⁰ of at most 2⁵² each.
const COUNTED_IN_U64: usize = 1 << 10;

/// What a number of 1 counts.
const ONE: u64 = 1 << 52;

/// The number of labels that are known; `known` says of which that is not so for certain.
pub(crate) fn count<Y: Copy + Sync, D: Dimension>(
    labels: &ArrayView<'_, Y, D>,
    is_known: impl Fn(Y) -> bool + Copy + Send + Sync,
) -> f64 {
    sum(labels.view(), None::<ArrayView<'_, Y, D>>, |y, _| u64::from(is_known(y))) as f64
}

/// The sum of numbers from 0 to 1; others count as 0.
pub(crate) fn total<Y: Copy + Sync, D: Dimension>(
    labels: &ArrayView<'_, Y, D>,
    number: impl Fn(Y) -> f64 + Copy + Send + Sync,
) -> f64 {
    sum(labels.view(), None::<ArrayView<'_, Y, D>>, |y, _| whole(number(y))) as f64 / ONE as f64
}

/// The sum of weights, of which none is above the largest: where there are labels, of those whose label is known.
pub(crate) fn weight<T: Element, Y: Copy + Sync, D: Dimension>(
    weights: &ArrayView<'_, T, D>,
    largest: f64,
    labels: Option<&ArrayView<'_, Y, D>>,
    is_known: impl Fn(Y) -> bool + Copy + Send + Sync,
) -> f64 {
    in_units(largest, |unit| match labels {
        Some(labels) => sum(labels.view(), Some(weights.view()), |y, weight| match weight {
            Some(weight) if is_known(y) => units(weight, unit),
            _ => 0,
        }),
        None => sum(weights.view(), None::<ArrayView<'_, Y, D>>, |weight, _| units(weight, unit)),
    })
}

/// The same, where labels are listed.
pub(crate) fn listed_weight<T: Element, D: Dimension>(
    weights: &ArrayView<'_, T, D>,
    largest: f64,
    labels: CsrLabels<'_>,
) -> f64 {
    in_units(largest, |unit| {
        let all = || sum(weights.view(), None::<ArrayView<'_, T, D>>, |weight, _| units(weight, unit));
        labels.of_known(all, weights.rows(), |weights, class| units(weights[class], unit))
    })
}

/// Numbers in the shape of the losses, each times the weight of the call if there is one; and the largest of them.
pub(crate) fn products<T: Element, D: Dimension>(
    losses: &D,
    weights: Option<&ArrayView<'_, T, D>>,
    numbers: impl Iterator<Item = f64>,
) -> Result<(Array<f64, D>, f64), Error> {
    let mut products = zeros_of(losses.clone())?;
    products.iter_mut().zip(numbers).for_each(|(product, number)| *product = number);
    if let Some(weights) = weights {
        products.zip_mut_with(weights, |product, weight| *product *= weight.to_float().to_f64());
    }
    let largest = products.iter().fold(0.0_f64, |largest, product| largest.max(*product));
    Ok((products, largest))
}

/// A sum of numbers, of which none is above the largest, given what they add up to in 2⁻⁵² of a unit.
fn in_units(largest: f64, sum: impl FnOnce(f64) -> u128) -> f64 {
    if largest == 0.0 {
        return 0.0;
    }
    // A power of two, so that the quotients are exact.
    let unit = (largest.log2().floor() + 1.0).exp2();
    sum(unit) as f64 / ONE as f64 * unit
}

/// A weight in 2⁻⁵² of a unit.
#[inline(always)]
fn units<T: Element>(weight: T, unit: f64) -> u64 {
    whole(weight.to_float().to_f64() / unit)
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
    if elements <= COUNTED_IN_U64 {
        return u128::from(sum_of_few(&first, second.as_ref(), number));
    }
    let axis = first.shape().iter().position(|&length| length > 1).unwrap_or(0);
    let (axis, middle) = (Axis(axis), first.shape()[axis] / 2);
    let (left, right) = first.split_at(axis, middle);
    let (second_left, second_right) = second.map(|second| second.split_at(axis, middle)).unzip();
    // Borrowed, because an unoptimized build would copy the views into every frame on the way to another thread.
    let (left, right) = join(
        elements,
        || sum_in_order(left.view(), second_left.as_ref().map(|second| second.view()), number),
        || sum_in_order(right.view(), second_right.as_ref().map(|second| second.view()), number),
    );
    left + right
}

/// Not inlined, because it would take room in every frame of the recursion.
#[inline(never)]
fn sum_of_few<A: Copy + Sync, B: Copy + Sync, D: Dimension>(
    first: &ArrayView<'_, A, D>,
    second: Option<&ArrayView<'_, B, D>>,
    number: impl Fn(A, Option<B>) -> u64 + Copy + Send + Sync,
) -> u64 {
    match second {
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
    }
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
