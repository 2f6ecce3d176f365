//! Kinds of losses: what differs between a loss of elements and a loss of rows.

use crate::element::{Element, Float};
use crate::error::Error;
use crate::kernel::Position;
use crate::pass::Outputs;
use crate::setting::SettingsList;
use ndarray::{Array, ArrayView, ArrayViewMut, Dimension};
use sealed::Sealed;
use std::fmt::Debug;

mod sealed {
    pub trait Sealed {}
}

impl Sealed for crate::multi_label::MultiLabel {}

impl Sealed for crate::single_label::SingleLabel {}

/// A kind of loss: [`MultiLabel`](crate::MultiLabel) or [`SingleLabel`](crate::SingleLabel).
pub trait Kind: Sealed + Sized + Copy + Debug + Send + Sync + 'static {
    /// What a loss of this kind is made of.
    type Settings: SettingsList<Kind = Self>;

    /// The shape of its losses, given that of the logits.
    type Losses<D: Dimension>: Dimension;

    /// The constants of a loss in a type of logits.
    #[doc(hidden)]
    type Plan<T: Float>: Clone + Debug + Send + Sync + 'static;

    /// The name of the loss.
    #[doc(hidden)]
    const NAME: &'static str;

    /// The number of axes at the end of the logits that belong to one loss, and are not cut.
    #[doc(hidden)]
    const AXES: usize;

    #[doc(hidden)]
    fn plan<T: Float>(settings: &Self::Settings) -> Self::Plan<T>;

    /// Whether arrays of this shape are evaluated in sequence.
    #[doc(hidden)]
    fn is_leaf<T: Float>(plan: &Self::Plan<T>, shape: &[usize], position: Position) -> bool;

    /// The shape of the losses of logits.
    #[doc(hidden)]
    fn shape<T, D: Dimension>(logits: &ArrayView<'_, T, D>) -> Result<Self::Losses<D>, Error>;

    /// Zeros for the losses of logits.
    #[doc(hidden)]
    fn zeros<T: Element, D: Dimension>(logits: ArrayView<'_, T, D>) -> Result<Array<T, Self::Losses<D>>, Error>;

    /// What is evaluated for the product of the Hessian with a vector: an upstream gradient of the losses, and where results go.
    #[doc(hidden)]
    fn product<'a, T, D: Dimension>(
        vector: ArrayView<'a, T, D>,
        product: ArrayViewMut<'a, T, D>,
    ) -> Product<'a, T, D, Self::Losses<D>>;
}

/// See [`Kind::product`].
pub(crate) type Product<'a, T, D, E> = (Option<ArrayView<'a, T, E>>, Outputs<'a, T, D, E>);
