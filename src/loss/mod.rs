//! What can be asked of a loss.

mod adaptive;
mod calls;
mod derivatives;
mod initial_logit;
pub(crate) mod kind;
pub(crate) mod multi_label;
mod parameter_gradients;
pub(crate) mod pass;
mod peak;
pub(crate) mod plans;
mod products;
pub(crate) mod results;

pub use adaptive::AdaptiveAsymmetry;
pub use calls::Loss;
pub use derivatives::Derivatives;
pub use kind::Kind;
pub use multi_label::{AsymmetricLoss, MultiLabel};
pub use parameter_gradients::ParameterGradients;
