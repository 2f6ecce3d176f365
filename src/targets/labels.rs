//! The label of each element.

use crate::targets::label::IgnoreRule;
use crate::targets::sparse::CsrLabels;
use ndarray::{ArrayView, Dimension};

/// The label of each element: an array of labels, or lists of present classes.
#[derive(Clone, Debug)]
pub struct Labels<'a, Y, D: Dimension> {
    pub(crate) form: LabelForm<'a, Y, D>,
    pub(crate) known: IgnoreRule<Y>,
}

/// Where labels come from.
#[derive(Clone, Debug)]
pub(crate) enum LabelForm<'a, Y, D: Dimension> {
    Dense(ArrayView<'a, Y, D>),
    /// Those of elements in logical order.
    Sparse(CsrLabels<'a>),
}
