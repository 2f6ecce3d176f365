//! Where targets come from, as the kernel takes them.

use crate::arithmetic::element::Element;
use crate::arrays::sum::Total;
use crate::error::Error;
use crate::kernel::kind::Kind;
use crate::kernel::{Arrays, Fault, Leaf, Pass, Position, walk};
use ndarray::{ArrayView, Axis, Dimension};

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

    /// The sum of the weights of the known ones, each that of the call, of which none is above the largest, times that of its class.
    fn weight<T: Element>(
        &self,
        settings: &<Self::Kind as Kind>::Settings,
        losses: &Losses<Self, D>,
        weights: Option<&ArrayView<'_, T, Losses<Self, D>>>,
        largest: f64,
    ) -> Result<f64, Error>;

    /// The sum of the labels.
    fn positives(&self, settings: &<Self::Kind as Kind>::Settings, losses: usize) -> f64;

    /// How present the label of each element is, in logical order: none where that is not known, nothing for rows.
    fn presences(&self) -> impl Iterator<Item = Option<f64>> {
        std::iter::empty()
    }

    /// Both parts, cut at an index of an axis; the first has so many elements.
    fn split_at(self, axis: Axis, index: usize, elements: usize) -> (Self, Self);

    /// Evaluates all arrays.
    fn traverse<T: Element>(
        pass: &Pass<'_, T::Float, Self::Kind>,
        arrays: Arrays<'_, T, D, Self>,
    ) -> Result<Total<T::Float>, Fault> {
        let axis = arrays.logits.ndim().saturating_sub(1);
        walk(pass, arrays, Position { class: 0, axis })
    }

    /// Evaluates arrays in sequence.
    fn evaluate<T: Element>(leaf: Leaf<'_, '_, T, D, Self>) -> Result<(), Fault>;

    /// What is wrong, once the kernel has met a target that is not valid behind some elements that are, given what the losses are
    /// multiplied by.
    fn invalid<T: Element>(
        &self,
        settings: &<Self::Kind as Kind>::Settings,
        classes: usize,
        factors: &[Option<ArrayView<'_, T, Losses<Self, D>>>],
        valid: usize,
    ) -> Error;
}
