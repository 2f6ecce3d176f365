//! The arrays of a call: their order in memory, and where they are cut.

use super::plan::Plan;
use crate::element::{Element, Float};
use crate::label::{IgnoreRule, Label};
use crate::order::by_stride;
use crate::sparse::CsrLabels;
use ndarray::{ArrayView, ArrayViewMut, Axis, Dimension};

/// The number of elements along the first axis that leaves hold a multiple of, where they can: a cache line or more.
const ROWS: usize = 16;

/// The labels of elements.
#[derive(Clone, Debug)]
pub(crate) enum Labels<'a, Y, D: Dimension> {
    Dense(ArrayView<'a, Y, D>),
    /// Those of elements in logical order.
    Sparse(CsrLabels<'a>),
}

impl<Y: Label, D: Dimension> Labels<'_, Y, D> {
    pub(crate) fn view(&self) -> Labels<'_, Y, D> {
        match self {
            Labels::Dense(labels) => Labels::Dense(labels.view()),
            Labels::Sparse(labels) => Labels::Sparse(*labels),
        }
    }
}

/// Arrays of one shape: what to evaluate, and where the results go.
#[derive(Debug)]
pub(crate) struct Arrays<'a, T, Y, D: Dimension> {
    pub(crate) logits: ArrayView<'a, T, D>,
    pub(crate) labels: Labels<'a, Y, D>,
    /// What the losses and their derivatives are multiplied by: weights of the call, and the upstream gradient of a
    /// vector-Jacobian product.
    pub(crate) factors: [Option<ArrayView<'a, T, D>>; FACTORS],
    pub(crate) losses: Option<ArrayViewMut<'a, T, D>>,
    pub(crate) gradient: Option<ArrayViewMut<'a, T, D>>,
    pub(crate) hessian: Option<ArrayViewMut<'a, T, D>>,
}

/// The number of arrays that the results are multiplied by.
pub(crate) const FACTORS: usize = 2;

/// What is the same for all arrays of a call.
#[derive(Debug)]
pub(crate) struct Pass<'a, T: Float, Y> {
    pub(crate) plan: &'a Plan<T>,
    pub(crate) known: IgnoreRule<Y>,
    /// What the weights of the call are multiplied by, if anything.
    pub(crate) weight_scale: Option<T>,
    /// Whether a factor may be 0, which leaves the element out.
    pub(crate) leaves_out: bool,
    /// Whether the derivatives in γ₊, m and γ₋ take the places of losses, gradient and Hessian.
    pub(crate) in_parameters: bool,
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
    /// The order of axes in which the logits lie in memory, if that suits more of the arrays than their own order does.
    ///
    /// Where settings per class are for a few rows only, their own order does, or every run of one class would be a few
    /// elements; and where labels are sparse, for they come in that order.
    pub(super) fn memory_order(&self, classes: usize) -> Option<D> {
        let short_runs = classes > 1 && self.logits.len() / classes <= ROWS;
        let is_sparse = matches!(self.labels, Labels::Sparse(_));
        if is_sparse || short_runs || self.logits.is_standard_layout() {
            return None;
        }
        let mut own = self.logits.raw_dim();
        (0..own.ndim()).for_each(|axis| own[axis] = axis);
        let order = by_stride(self.logits.strides(), self.logits.raw_dim());
        (self.contiguous(order.slice()) > self.contiguous(own.slice())).then_some(order)
    }

    /// The arrays with their axes in another order.
    pub(super) fn permuted(self, order: D) -> Self {
        let permuted = |array: Option<ArrayViewMut<'a, T, D>>| array.map(|array| array.permuted_axes(order.clone()));
        Arrays {
            losses: permuted(self.losses),
            gradient: permuted(self.gradient),
            hessian: permuted(self.hessian),
            logits: self.logits.permuted_axes(order.clone()),
            labels: match self.labels {
                Labels::Dense(labels) => Labels::Dense(labels.permuted_axes(order.clone())),
                sparse => sparse,
            },
            factors: self.factors.map(|factor| factor.map(|factor| factor.permuted_axes(order.clone()))),
        }
    }

    /// The same arrays, borrowed.
    pub(super) fn reborrow(&mut self) -> Arrays<'_, T, Y, D> {
        Arrays {
            logits: self.logits.view(),
            labels: self.labels.view(),
            factors: self.factors.each_ref().map(|factor| factor.as_ref().map(|factor| factor.view())),
            losses: self.losses.as_mut().map(|array| array.view_mut()),
            gradient: self.gradient.as_mut().map(|array| array.view_mut()),
            hessian: self.hessian.as_mut().map(|array| array.view_mut()),
        }
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
        let factors = self.factors.iter().flatten().filter(|factor| is_slice(factor.strides())).count();
        let labels = match &self.labels {
            Labels::Dense(labels) => is_slice(labels.strides()),
            Labels::Sparse(_) => false,
        };
        usize::from(is_slice(self.logits.strides())) + usize::from(labels) + factors + outputs
    }

    /// Cuts the first axis that is longer than 1.
    pub(super) fn halves(self, position: Position) -> [(Self, Position); 2] {
        let shape = self.logits.shape();
        let axis = shape.iter().position(|&length| length > 1).unwrap_or(0);
        let middle = middle(shape[axis]);
        let right_class = if axis == position.axis { position.class + middle } else { position.class };
        let axis = Axis(axis);
        let (logits, logits_right) = self.logits.split_at(axis, middle);
        let (labels, labels_right) = match self.labels {
            Labels::Dense(labels) => {
                let (left, right) = labels.split_at(axis, middle);
                (Labels::Dense(left), Labels::Dense(right))
            }
            Labels::Sparse(labels) => (Labels::Sparse(labels), Labels::Sparse(labels.behind(logits.len()))),
        };
        let split = |array: Option<ArrayViewMut<'a, T, D>>| array.map(|array| array.split_at(axis, middle)).unzip();
        let [first, second] = self.factors.map(|factor| factor.map(|factor| factor.split_at(axis, middle)).unzip());
        let (losses, losses_right) = split(self.losses);
        let (gradient, gradient_right) = split(self.gradient);
        let (hessian, hessian_right) = split(self.hessian);
        let left = Arrays { logits, labels, factors: [first.0, second.0], losses, gradient, hessian };
        let right = Arrays {
            logits: logits_right,
            labels: labels_right,
            factors: [first.1, second.1],
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
