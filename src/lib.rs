//! The asymmetric loss for multi-label classification, on ndarray arrays, with analytic derivatives.

mod builder;
mod error;
mod float;
mod kernel;
mod loss;
mod math;
mod target;

pub mod activation;
pub mod focal;
pub mod margin;
pub mod reduction;

pub use builder::{Builder, PerClass};
pub use error::Error;
pub use float::{Float, Pair};
pub use loss::{AsymmetricLoss, Implementation};
pub use target::Target;
