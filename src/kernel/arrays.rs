//! The arrays of a call: their order in memory, and where they are cut.

use crate::arithmetic::element::{Element, Float};
use crate::arrays::order::by_stride;
use crate::arrays::sum::{Accumulator, Total};
use crate::error::Error;
use crate::kernel::kind::{Kind, Position, Stages};
use crate::kernel::outputs::{Outputs, split};
use crate::kernel::traverse::walk;
use crate::targets::label::Label;
use crate::targets::labels::{LabelForm, Labels};
use ndarray::{ArrayView, Axis, Dimension};

/// The number of elements along the first axis that leaves hold a multiple of, where they can: a cache line or more.
const ROWS: usize = 16;

/// What to evaluate, and where the results go.
#[derive(Debug)]
pub struct Arrays<'a, T, D: Dimension, R: Source<D>> {
    pub(crate) logits: ArrayView<'a, T, D>,
    pub(crate) source: R,
    /// What the losses and their derivatives are multiplied by: weights of the call, and the upstream gradient of a
    /// vector-Jacobian product.
    pub(crate) factors: [Option<ArrayView<'a, T, Losses<R, D>>>; FACTORS],
    pub(crate) outputs: Outputs<'a, T, D, Losses<R, D>>,
}

/// The number of arrays that the results are multiplied by.
pub(crate) const FACTORS: usize = 2;

/// What is the same for all arrays of a call.
#[derive(Debug)]
pub struct Pass<'a, T: Float, K: Kind> {
    pub(crate) plan: &'a K::Plan<T>,
    /// What the weights of the call are multiplied by, if anything.
    pub(crate) weight_scale: Option<T>,
    /// Whether a factor may be 0, which leaves the element out.
    pub(crate) leaves_out: bool,
    /// Whether the derivatives in γ₊, m and γ₋ take the places of losses, gradient and Hessian.
    pub(crate) in_parameters: bool,
    /// What derivatives are multiplied by.
    pub(crate) scale: T,
    /// What losses are multiplied by before they are added up.
    pub(crate) loss_scale: Option<T::Sum>,
}

/// Arrays that are evaluated in sequence.
#[derive(Debug)]
pub struct Leaf<'p, 'a, T: Element, D: Dimension, R: Source<D>> {
    pub(crate) pass: &'p Pass<'p, T::Float, R::Kind>,
    pub(crate) arrays: Arrays<'a, T, D, R>,
    pub(crate) position: Position,
    pub(crate) sum: &'p mut Accumulator<T::Float>,
}

/// Why arrays could not be evaluated.
#[derive(Debug)]
pub enum Fault {
    /// A target is not valid.
    InvalidTarget {
        /// The number of elements before it, in logical order, that are known to be valid.
        valid: usize,
    },
    /// Something else is wrong.
    Other(Error),
}

impl Fault {
    /// The same, behind so many elements that are valid.
    pub(super) fn behind(self, elements: usize) -> Self {
        match self {
            Fault::InvalidTarget { valid } => Fault::InvalidTarget { valid: elements + valid },
            other => other,
        }
    }
}

/// The shape of the losses for logits of dimension `D`.
pub(crate) type Losses<R, D> = <<R as Source<D>>::Kind as Kind>::Losses<D>;

/// What targets come from, and how its elements go through the kernel: [`Labels`],
/// [`Classes`](crate::single_label::Classes) or [`Dense`](crate::single_label::Dense).
///
/// It is not public: the module is private.
pub trait Source<D: Dimension>: Clone + Send + Sync {
    /// The kind of loss.
    type Kind: Kind;

    /// The same, if it fits logits of this shape.
    fn fitted(&self, shape: &[usize]) -> Result<Self, Error>;

    /// How many of the losses are known, given how many there are.
    fn count(&self, losses: usize) -> f64;

    /// The sum of the weights of the known ones, of which none is above the largest.
    fn weight<T: Element>(&self, weights: &ArrayView<'_, T, Losses<Self, D>>, largest: f64) -> f64;

    /// The same, each times the weight of its class: the weights of the call, if there are any, and those of the classes.
    fn weight_by_class<T: Element>(
        &self,
        losses: &Losses<Self, D>,
        weights: Option<&ArrayView<'_, T, Losses<Self, D>>>,
        of_classes: &[f64],
    ) -> Result<f64, Error>;

    /// The sum of the labels.
    fn positives(&self, settings: &<Self::Kind as Kind>::Settings, losses: usize) -> f64;

    /// How present the label of each element is, in logical order: none where that is not known, nothing for rows.
    fn presences(&self) -> impl Iterator<Item = Option<f64>> {
        std::iter::empty()
    }

    /// Both parts, cut at an index of an axis; the first has so many elements.
    fn split_at(self, axis: Axis, index: usize, elements: usize) -> (Self, Self);

    /// Evaluates all arrays, in logical order unless another one is faster.
    fn traverse<T: Element>(
        pass: &Pass<'_, T::Float, Self::Kind>,
        arrays: Arrays<'_, T, D, Self>,
    ) -> Result<Total<T::Float>, Fault> {
        let axis = arrays.logits.ndim().saturating_sub(1);
        walk(pass, arrays, Position { class: 0, axis })
    }

    /// Evaluates arrays in sequence.
    fn evaluate<T: Element>(leaf: Leaf<'_, '_, T, D, Self>) -> Result<(), Fault>;

    /// What is wrong, once the kernel has met a target that is not valid behind some elements that are.
    fn invalid<T: Float>(&self, classes: usize, is_left_out: impl Fn(&[usize]) -> bool, valid: usize) -> Error;
}

impl<T: Element, D: Dimension, R: Source<D>> Arrays<'_, T, D, R> {
    /// Cuts the first axis that is longer than 1 and may be cut.
    pub(super) fn halves(self, position: Position) -> [(Self, Position); 2] {
        let axis = self.cut().unwrap_or(0);
        let middle = middle(self.logits.shape()[axis]);
        let right_class = if axis == position.axis { position.class + middle } else { position.class };
        let axis = Axis(axis);
        let (logits, logits_right) = self.logits.split_at(axis, middle);
        let (source, source_right) = self.source.split_at(axis, middle, logits.len());
        let (factors, factors_right) = split(self.factors, |factor| factor.split_at(axis, middle));
        let (outputs, outputs_right) = self.outputs.split_at(axis, middle);
        let left = Arrays { logits, source, factors, outputs };
        let right =
            Arrays { logits: logits_right, source: source_right, factors: factors_right, outputs: outputs_right };
        [(left, position), (right, Position { class: right_class, ..position })]
    }

    /// The same arrays, borrowed.
    pub(super) fn reborrow(&mut self) -> Arrays<'_, T, D, R> {
        Arrays {
            logits: self.logits.view(),
            source: self.source.clone(),
            factors: self.factors.each_ref().map(|factor| factor.as_ref().map(|factor| factor.view())),
            outputs: self.outputs.reborrow(),
        }
    }

    /// The first axis that is longer than 1 and may be cut.
    pub(crate) fn cut(&self) -> Option<usize> {
        let axes = self.logits.ndim().saturating_sub(R::Kind::AXES);
        self.logits.shape()[..axes].iter().position(|&length| length > 1)
    }
}

impl<T: Element, Y: Label, D: Dimension> Arrays<'_, T, D, Labels<'_, Y, D>> {
    /// The order of axes in which the logits lie in memory, if that suits more of the arrays than their own order does.
    ///
    /// Where settings per class are for a few rows only, their own order does, or every run of one class would be a few
    /// elements; and where labels are sparse, for they come in that order.
    pub(crate) fn memory_order(&self, classes: usize) -> Option<D> {
        let short_runs = classes > 1 && self.logits.len() / classes <= ROWS;
        let is_sparse = matches!(self.source.form, LabelForm::Sparse(_));
        if is_sparse || short_runs || self.logits.is_standard_layout() {
            return None;
        }
        let mut own = self.logits.raw_dim();
        (0..own.ndim()).for_each(|axis| own[axis] = axis);
        let order = by_stride(self.logits.strides(), self.logits.raw_dim());
        (self.contiguous(order.slice()) > self.contiguous(own.slice())).then_some(order)
    }

    /// The arrays with their axes in another order.
    pub(crate) fn permuted(self, order: D) -> Self {
        let Outputs { losses, derivatives, vector } = self.outputs;
        Arrays {
            logits: self.logits.permuted_axes(order.clone()),
            source: match self.source {
                Labels { form: LabelForm::Dense(labels), known } => {
                    Labels { form: LabelForm::Dense(labels.permuted_axes(order.clone())), known }
                }
                sparse => sparse,
            },
            factors: self.factors.map(|factor| factor.map(|factor| factor.permuted_axes(order.clone()))),
            outputs: Outputs {
                losses: losses.map(|array| array.permuted_axes(order.clone())),
                derivatives: derivatives.map(|array| array.map(|array| array.permuted_axes(order.clone()))),
                vector: vector.map(|array| array.permuted_axes(order.clone())),
            },
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
        let Outputs { losses, derivatives, .. } = &self.outputs;
        let outputs = derivatives.iter().chain([losses]).flatten().filter(|output| is_slice(output.strides())).count();
        let factors = self.factors.iter().flatten().filter(|factor| is_slice(factor.strides())).count();
        let labels = match &self.source.form {
            LabelForm::Dense(labels) => is_slice(labels.strides()),
            LabelForm::Sparse(_) => false,
        };
        usize::from(is_slice(self.logits.strides())) + usize::from(labels) + factors + outputs
    }
}

/// About half of a length, at a multiple of [`ROWS`] where there is one.
fn middle(length: usize) -> usize {
    let half = length / 2;
    if half > ROWS { half - half % ROWS } else { half }
}
