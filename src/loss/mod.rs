//! What can be asked of a loss.

mod adaptive;
mod calls;
mod derivatives;
mod initial_logit;
pub(crate) mod multi_label;
mod parameter_gradients;
pub(crate) mod pass;
mod peak;
pub(crate) mod plans;
mod products;
#[cfg(feature = "proptest")]
pub mod strategies;
pub(crate) mod targets;

pub use adaptive::AdaptiveAsymmetry;
pub use calls::Loss;
pub use derivatives::Derivatives;
pub use multi_label::AsymmetricLoss;
pub use parameter_gradients::ParameterGradients;
pub use targets::{IntoTargets, Targets};
