//! [`AsymmetricLoss`]: tyalias@AsymmetricLoss
//! [`Builder`]: struct@Builder
//! [`forward`]: AsymmetricLoss::forward
//! [`losses`]: AsymmetricLoss::losses
//! [`value_and_gradient`]: AsymmetricLoss::value_and_gradient
//! [`…_into`]: AsymmetricLoss::value_and_gradient_into
//! [`derivatives`]: AsymmetricLoss::derivatives
//! [`vjp`]: AsymmetricLoss::vjp
//! [`initial_logit`]: AsymmetricLoss::initial_logit
//! [`parameter_gradients`]: AsymmetricLoss::parameter_gradients
//! [`Targets`]: struct@Targets
//! [`AdaptiveAsymmetry`]: struct@AdaptiveAsymmetry
//! [`SingleLabelLoss`]: tyalias@SingleLabelLoss
//! [`Error`]: enum@Error
//! [`Settings`]: struct@Settings
#![cfg_attr(doc, doc = include_str!("../docs/embedded.md"))]
#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod adaptive;
mod arithmetic;
mod builder;
mod checks;
mod class_index;
mod curvature;
mod divisor;
mod element;
mod elementwise;
mod error;
mod initial;
mod kernel;
mod kind;
mod label;
mod learning;
mod loss;
mod multi_label;
mod names;
mod order;
mod parameter;
mod pass;
mod peak;
mod plans;
mod products;
mod results;
mod safeguard;
#[cfg(feature = "serde")]
mod saving;
mod settings;
mod slices;
mod sparse;
mod stages;
mod sum;
mod targets;
mod threads;

pub mod reduction;
pub mod single_label;

pub use adaptive::AdaptiveAsymmetry;
pub use builder::Builder;
pub use class_index::ClassIndex;
pub use curvature::Derivatives;
pub use element::{Element, Float};
pub use error::Error;
pub use kind::Kind;
pub use label::Label;
pub use learning::ParameterGradients;
pub use loss::Loss;
pub use multi_label::{AsymmetricLoss, MultiLabel};
pub use parameter::Parameter;
#[doc(inline)]
pub use reduction::Reduction;
pub use safeguard::Curvature;
pub use settings::{Implementation, Settings};
pub use single_label::{SingleLabel, SingleLabelLoss};
pub use stages::{activation, focal, margin};
pub use targets::{IntoTargets, Labels, Targets};

/// The ndarray whose arrays the calls take: to build views of your own memory, whatever version you use elsewhere.
pub use ndarray;

/// The documents of the crate.
#[cfg(doc)]
pub mod docs {
    #[doc = include_str!("../docs/embedded.md")]
    #[doc = include_str!("../docs/guide.md")]
    pub mod guide {}

    #[doc = include_str!("../docs/embedded.md")]
    #[doc = include_str!("../docs/mathematics.md")]
    pub mod mathematics {}

    #[doc = include_str!("../docs/embedded.md")]
    #[doc = include_str!("../docs/accuracy.md")]
    pub mod accuracy {}

    #[doc = include_str!("../docs/embedded.md")]
    #[doc = include_str!("../docs/performance.md")]
    pub mod performance {}

    #[doc = include_str!("../docs/embedded.md")]
    #[doc = include_str!("../docs/training.md")]
    pub mod training {}

    #[doc = include_str!("../docs/embedded.md")]
    #[doc = include_str!("../docs/design.md")]
    pub mod design {}
}
