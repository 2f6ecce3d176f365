//! Cuts arrays into runs of consecutive elements, and runs over threads.
//!
//! Where an array is cut depends on its shape and the order of its axes in memory, not on the number of threads.

use super::arrays::{Arrays, Pass, Position};
use super::copies;
use super::evaluate::InvalidLabel;
use crate::element::Element;
use crate::label::Label;
use crate::sum::{Accumulator, Total};
use crate::threads::join;
use ndarray::Dimension;

/// The largest number of elements that are added up in sequence.
const LEAF: usize = 1 << 14;

/// Evaluates all elements and returns the sum of the losses.
pub(crate) fn traverse<T, Y, D>(
    pass: &Pass<'_, T::Float, Y>,
    arrays: Arrays<'_, T, Y, D>,
) -> Result<Total<T::Float>, InvalidLabel>
where
    T: Element,
    Y: Label,
    D: Dimension,
{
    let last = arrays.logits.ndim().saturating_sub(1);
    match arrays.memory_order(pass.plan.table.classes) {
        None => walk(pass, arrays, Position { class: 0, axis: last }),
        Some(order) => {
            let axis = order.slice().iter().position(|&axis| axis == last).unwrap_or(last);
            // What was walked before is known to be before only in the logical order.
            walk(pass, arrays.permuted(order), Position { class: 0, axis }).map_err(|_| InvalidLabel { valid: 0 })
        }
    }
}

fn walk<T, Y, D>(
    pass: &Pass<'_, T::Float, Y>,
    mut arrays: Arrays<'_, T, Y, D>,
    position: Position,
) -> Result<Total<T::Float>, InvalidLabel>
where
    T: Element,
    Y: Label,
    D: Dimension,
{
    let elements = arrays.logits.len();
    // Either classes follow each other, or there is only one.
    let one_class = position.axis + 1 < arrays.logits.ndim() && pass.plan.table.classes > 1;
    let mixes_classes = one_class && arrays.logits.shape()[..=position.axis].iter().any(|&length| length > 1);
    if elements <= LEAF && !mixes_classes {
        return leaf(pass, &mut arrays, position, one_class);
    }
    let [left, right] = in_halves(arrays, position, |arrays, position| walk(pass, arrays, position))?;
    Ok(left.plus(right))
}

/// What comes of both halves of arrays, on two threads where there are elements enough.
pub(super) fn in_halves<T, Y, D, R>(
    arrays: Arrays<'_, T, Y, D>,
    position: Position,
    walk: impl Fn(Arrays<'_, T, Y, D>, Position) -> Result<R, InvalidLabel> + Sync,
) -> Result<[R; 2], InvalidLabel>
where
    T: Element,
    Y: Label,
    D: Dimension,
    R: Send,
{
    let elements = arrays.logits.len();
    let [(left, left_position), (right, right_position)] = arrays.halves(position);
    let before = left.logits.len();
    let (left, right) = join(elements, || walk(left, left_position), || walk(right, right_position));
    Ok([left?, right.map_err(|invalid| InvalidLabel { valid: before + invalid.valid })?])
}

/// Not inlined, because its sum would take room in every frame of the recursion.
#[inline(never)]
fn leaf<T, Y, D>(
    pass: &Pass<'_, T::Float, Y>,
    arrays: &mut Arrays<'_, T, Y, D>,
    position: Position,
    one_class: bool,
) -> Result<Total<T::Float>, InvalidLabel>
where
    T: Element,
    Y: Label,
    D: Dimension,
{
    let mut sum = Accumulator::new(pass.loss_scale);
    copies::evaluate_leaf(pass, arrays, position, one_class, &mut sum)?;
    Ok(sum.total())
}
