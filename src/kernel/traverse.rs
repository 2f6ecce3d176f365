//! Cuts arrays into runs of consecutive elements, and runs over threads.
//!
//! Where an array is cut depends on its shape and the order of its axes in memory, not on the number of threads.

use super::arrays::{Arrays, Fault, Leaf, Pass, Source};
use super::evaluate::InvalidLabel;
use super::kind::{Position, Stages};
use crate::arithmetic::element::Element;
use crate::arrays::sum::{Accumulator, Total};
use crate::arrays::threads::join;
use ndarray::Dimension;

impl From<InvalidLabel> for Fault {
    fn from(InvalidLabel { valid }: InvalidLabel) -> Self {
        Fault::InvalidTarget { valid }
    }
}

/// Evaluates all elements and returns the sum of the losses.
pub(crate) fn walk<T: Element, D: Dimension, R: Source<D>>(
    pass: &Pass<'_, T::Float, R::Kind>,
    arrays: Arrays<'_, T, D, R>,
    position: Position,
) -> Result<Total<T::Float>, Fault> {
    if R::Kind::is_leaf(pass.plan, arrays.logits.shape(), position) {
        return leaf(pass, arrays, position);
    }
    let [left, right] = in_halves(arrays, position, |arrays, position| walk(pass, arrays, position))?;
    Ok(left.plus(right))
}

/// What comes of both halves of arrays, on two threads where there are elements enough.
pub(super) fn in_halves<T: Element, D: Dimension, R: Source<D>, X: Send>(
    arrays: Arrays<'_, T, D, R>,
    position: Position,
    walk: impl Fn(Arrays<'_, T, D, R>, Position) -> Result<X, Fault> + Sync,
) -> Result<[X; 2], Fault> {
    let elements = arrays.logits.len();
    let [(mut left, left_position), (mut right, right_position)] = arrays.halves(position);
    let before = left.logits.len();
    // Borrowed, because an unoptimized build would copy the arrays into every frame on the way to another thread.
    let (left, right) =
        join(elements, || walk(left.reborrow(), left_position), || walk(right.reborrow(), right_position));
    Ok([left?, right.map_err(|fault| fault.behind(before))?])
}

/// Not inlined, because its sum would take room in every frame of the recursion.
#[inline(never)]
fn leaf<T: Element, D: Dimension, R: Source<D>>(
    pass: &Pass<'_, T::Float, R::Kind>,
    arrays: Arrays<'_, T, D, R>,
    position: Position,
) -> Result<Total<T::Float>, Fault> {
    let mut sum = Accumulator::new(pass.loss_scale);
    R::evaluate(Leaf { pass, arrays, position, sum: &mut sum })?;
    Ok(sum.total())
}
