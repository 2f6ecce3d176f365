//! Cuts arrays into runs of consecutive elements, and runs over threads.
//!
//! Where an array is cut depends on its shape and the order of its axes in memory, not on the number of threads.

use super::copies;
use super::evaluate::InvalidLabel;
use super::plan::Plan;
use crate::element::Float;
use crate::sum::{Accumulator, Total};
use crate::target::Target;
use ndarray::{ArrayView, ArrayViewMut, Axis, Dimension};
use std::cmp::Reverse;

/// The largest number of elements that are added up in sequence.
const LEAF: usize = 1 << 13;

/// The number of elements along the first axis that leaves hold a multiple of, where they can: a cache line or more.
const ROWS: usize = 16;

/// The number of elements below which a second thread costs more than it saves.
#[cfg(feature = "rayon")]
const PARALLEL: usize = 1 << 15;

/// Arrays of one shape: what to evaluate, and where the results go.
#[derive(Debug)]
pub(crate) struct Arrays<'a, T, Y, D: Dimension> {
    pub(crate) logits: ArrayView<'a, T, D>,
    pub(crate) targets: ArrayView<'a, Y, D>,
    pub(crate) losses: Option<ArrayViewMut<'a, T, D>>,
    pub(crate) gradient: Option<ArrayViewMut<'a, T, D>>,
    pub(crate) hessian: Option<ArrayViewMut<'a, T, D>>,
}

/// What is the same for all arrays of a call.
#[derive(Debug)]
pub(crate) struct Pass<'a, T: Float> {
    pub(crate) plan: &'a Plan<T>,
    /// What gradient and Hessian are multiplied by.
    pub(crate) scale: T,
    /// What losses are multiplied by before they are added up.
    pub(crate) loss_scale: Option<T::Sum>,
}

/// Evaluates all elements and returns the sum of the losses.
pub(crate) fn traverse<T, Y, D>(pass: &Pass<'_, T>, arrays: Arrays<'_, T, Y, D>) -> Result<Total<T>, InvalidLabel>
where
    T: Float,
    Y: Target<T>,
    D: Dimension,
{
    let (arrays, axis, is_logical) = arrays.in_memory_order();
    let total = walk(pass, arrays, Position { class: 0, axis });
    // What was walked before is known to be before only in the logical order.
    total.map_err(|invalid| if is_logical { invalid } else { InvalidLabel { valid: 0 } })
}

/// Where a part of the arrays lies among the classes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Position {
    /// The class of the first element.
    pub(super) class: usize,
    /// The axis of the classes.
    axis: usize,
}

fn walk<T, Y, D>(pass: &Pass<'_, T>, arrays: Arrays<'_, T, Y, D>, position: Position) -> Result<Total<T>, InvalidLabel>
where
    T: Float,
    Y: Target<T>,
    D: Dimension,
{
    let elements = arrays.logits.len();
    // Either classes follow each other, or there is only one.
    let one_class = position.axis + 1 < arrays.logits.ndim() && pass.plan.table.classes > 1;
    let mixes_classes = one_class && arrays.logits.shape()[..=position.axis].iter().any(|&length| length > 1);
    if elements <= LEAF && !mixes_classes {
        let mut sum = Accumulator::new(pass.loss_scale);
        copies::evaluate_leaf(pass, arrays, position, one_class, &mut sum)?;
        return Ok(sum.total());
    }
    let [(left, left_position), (right, right_position)] = arrays.halves(position);
    let before = left.logits.len();
    let left = || walk(pass, left, left_position);
    let right = || walk(pass, right, right_position);
    let (left, right) = join(elements, left, right);
    let (left, right) = (left?, right.map_err(|invalid| InvalidLabel { valid: before + invalid.valid })?);
    Ok(left.plus(right))
}

/// Both results, on two threads where there are elements enough.
#[cfg(feature = "rayon")]
pub(super) fn join<A: Send, B: Send>(
    elements: usize,
    a: impl FnOnce() -> A + Send,
    b: impl FnOnce() -> B + Send,
) -> (A, B) {
    if elements < PARALLEL { (a(), b()) } else { rayon::join(a, b) }
}

#[cfg(not(feature = "rayon"))]
pub(super) fn join<A, B>(_elements: usize, a: impl FnOnce() -> A, b: impl FnOnce() -> B) -> (A, B) {
    (a(), b())
}

impl<'a, T: Float, Y: Target<T>, D: Dimension> Arrays<'a, T, Y, D> {
    /// The arrays with their axes in the order in which the logits lie in memory, if that suits more of them than their
    /// own order does; the axis of the classes; and whether the order is still the logical one.
    fn in_memory_order(self) -> (Self, usize, bool) {
        let last = self.logits.ndim().saturating_sub(1);
        if self.logits.is_standard_layout() {
            return (self, last, true);
        }
        let mut own = self.logits.raw_dim();
        (0..own.ndim()).for_each(|axis| own[axis] = axis);
        let mut order = own.clone();
        let strides = self.logits.strides();
        order.slice_mut().sort_unstable_by_key(|&axis| (Reverse(strides[axis].unsigned_abs()), axis));
        if self.contiguous(order.slice()) <= self.contiguous(own.slice()) {
            return (self, last, true);
        }
        let class_axis = order.slice().iter().position(|&axis| axis == last).unwrap_or(last);
        let permuted = |array: Option<ArrayViewMut<'a, T, D>>| array.map(|array| array.permuted_axes(order.clone()));
        let arrays = Arrays {
            losses: permuted(self.losses),
            gradient: permuted(self.gradient),
            hessian: permuted(self.hessian),
            logits: self.logits.permuted_axes(order.clone()),
            targets: self.targets.permuted_axes(order.clone()),
        };
        (arrays, class_axis, false)
    }

    /// How many of the arrays are slices with their axes in this order.
    fn contiguous(&self, order: &[usize]) -> usize {
        let shape = self.logits.shape();
        let is_slice = |strides: &[isize]| {
            let mut elements = 1;
            order.iter().rev().filter(|&&axis| shape[axis] > 1).all(|&axis| {
                let follows = strides[axis] == elements;
                elements *= shape[axis] as isize;
                follows
            })
        };
        let outputs = [&self.losses, &self.gradient, &self.hessian];
        let outputs = outputs.into_iter().flatten().filter(|output| is_slice(output.strides())).count();
        usize::from(is_slice(self.logits.strides())) + usize::from(is_slice(self.targets.strides())) + outputs
    }

    /// Cuts the first axis that is longer than 1.
    pub(super) fn halves(self, position: Position) -> [(Self, Position); 2] {
        let shape = self.logits.shape();
        let axis = shape.iter().position(|&length| length > 1).unwrap_or(0);
        let middle = middle(shape[axis]);
        let right_class = if axis == position.axis { position.class + middle } else { position.class };
        let axis = Axis(axis);
        let (logits, logits_right) = self.logits.split_at(axis, middle);
        let (targets, targets_right) = self.targets.split_at(axis, middle);
        let split = |array: Option<ArrayViewMut<'a, T, D>>| array.map(|array| array.split_at(axis, middle)).unzip();
        let (losses, losses_right) = split(self.losses);
        let (gradient, gradient_right) = split(self.gradient);
        let (hessian, hessian_right) = split(self.hessian);
        let left = Arrays { logits, targets, losses, gradient, hessian };
        let right = Arrays {
            logits: logits_right,
            targets: targets_right,
            losses: losses_right,
            gradient: gradient_right,
            hessian: hessian_right,
        };
        [(left, position), (right, Position { class: right_class, ..position })]
    }
}

/// About half of a length, at a multiple of [`ROWS`] where there is one.
fn middle(length: usize) -> usize {
    let half = length / 2;
    if half > ROWS { half - half % ROWS } else { half }
}
