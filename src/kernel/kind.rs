//! Kinds of losses: what differs between a loss of elements and a loss of rows.

use crate::arithmetic::element::{Element, Float};
use crate::error::Error;
use crate::kernel::outputs::Outputs;
use crate::settings::list::SettingsList;
use ndarray::{Array, ArrayView, ArrayViewMut, Dimension};
use std::fmt::Debug;

/// Where a part of the arrays lies among the classes.
#[derive(Clone, Copy, Debug)]
pub struct Position {
    /// The class of the first element.
    pub(crate) class: usize,
    /// The axis of the classes.
    pub(crate) axis: usize,
}

/// A kind of loss: [`MultiLabel`](crate::MultiLabel) or [`SingleLabel`](crate::SingleLabel).
pub trait Kind: Stages + Copy + Debug + Send + Sync {
    /// What a loss of this kind is made of.
    type Settings: SettingsList;

    /// What sets it.
    type Builder;

    /// The shape of its losses, given that of the logits.
    type Losses<D: Dimension>: Dimension;
}

/// The kind of [`AsymmetricLoss`](crate::AsymmetricLoss): each element of the logits has a label, and a loss.
#[derive(Clone, Copy, Debug)]
pub enum MultiLabel {}

/// How a kind of loss is evaluated. It is not public: the module is private.
pub trait Stages: Sized + 'static {
    /// The constants of a loss in a type of logits.
    type Plan<T: Float>: Clone + Debug + Send + Sync + 'static;

    /// The name of the loss.
    const NAME: &'static str;

    /// The number of axes at the end of the logits that belong to one loss, and are not cut.
    const AXES: usize;

    fn to_builder(settings: &Self::Settings) -> Self::Builder
    where
        Self: Kind;

    fn plan<T: Float>(settings: &Self::Settings) -> Self::Plan<T>
    where
        Self: Kind;

    /// Whether arrays of this shape are evaluated in sequence.
    fn is_leaf<T: Float>(plan: &Self::Plan<T>, shape: &[usize], position: Position) -> bool;

    /// The shape of the losses of logits.
    fn shape<T, D: Dimension>(logits: &ArrayView<'_, T, D>) -> Result<Self::Losses<D>, Error>
    where
        Self: Kind;

    /// Zeros for the losses of logits.
    fn zeros<T: Element, D: Dimension>(logits: ArrayView<'_, T, D>) -> Result<Array<T, Self::Losses<D>>, Error>
    where
        Self: Kind;

    /// What is evaluated for the product of the Hessian with a vector: an upstream gradient of the losses, and where results go.
    fn product<'a, T, D: Dimension>(
        vector: ArrayView<'a, T, D>,
        product: ArrayViewMut<'a, T, D>,
    ) -> Product<'a, T, D, Self::Losses<D>>
    where
        Self: Kind;
}

/// See [`Stages::product`].
pub(crate) type Product<'a, T, D, E> = (Option<ArrayView<'a, T, E>>, Outputs<'a, T, D, E>);
