//! The arrays of a call: their order in memory, and where they are cut.

use super::plan::Plan;
use crate::element::{Element, Float};
use crate::order::by_stride;
use crate::targets::Label;
use ndarray::{ArrayView, ArrayViewMut, Axis, Dimension};

/// The number of elements along the first axis that leaves hold a multiple of, where they can: a cache line or more.
const ROWS: usize = 16;

/// Arrays of one shape: what to evaluate, and where the results go.
#[derive(Debug)]
pub(crate) struct Arrays<'a, T, Y, D: Dimension> {
    pub(crate) logits: ArrayView<'a, T, D>,
    pub(crate) targets: ArrayView<'a, Y, D>,
    /// What the losses and their derivatives are multiplied by.
    pub(crate) weights: Option<ArrayView<'a, T, D>>,
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

/// Where a part of the arrays lies among the classes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Position {
    /// The class of the first element.
    pub(super) class: usize,
    /// The axis of the classes.
    pub(super) axis: usize,
}

impl<'a, T: Element, Y: Label, D: Dimension> Arrays<'a, T, Y, D> {
    /// The arrays with their axes in the order in which the logits lie in memory, if that suits more of them than their
    /// own order does; the axis of the classes; and whether the order is still the logical one.
    ///
    /// Where settings per class are for a few rows only, their own order, or every run of one class would be a few elements.
    pub(super) fn in_memory_order(self, classes: usize) -> (Self, usize, bool) {
        let last = self.logits.ndim().saturating_sub(1);
        let short_runs = classes > 1 && self.logits.len() / classes <= ROWS;
        if short_runs || self.logits.is_standard_layout() {
            return (self, last, true);
        }
        let mut own = self.logits.raw_dim();
        (0..own.ndim()).for_each(|axis| own[axis] = axis);
        let order = by_stride(self.logits.strides(), self.logits.raw_dim());
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
            weights: self.weights.map(|weights| weights.permuted_axes(order.clone())),
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
        let inputs =
            [Some(self.logits.strides()), Some(self.targets.strides()), self.weights.as_ref().map(|w| w.strides())];
        outputs + inputs.into_iter().flatten().filter(|strides| is_slice(strides)).count()
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
        let (weights, weights_right) = self.weights.map(|weights| weights.split_at(axis, middle)).unzip();
        let (losses, losses_right) = split(self.losses);
        let (gradient, gradient_right) = split(self.gradient);
        let (hessian, hessian_right) = split(self.hessian);
        let left = Arrays { logits, targets, weights, losses, gradient, hessian };
        let right = Arrays {
            logits: logits_right,
            targets: targets_right,
            weights: weights_right,
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
