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

mod arithmetic;
mod arrays;
mod error;
mod kernel;
mod loss;
mod settings;
mod stages;
mod targets;

pub mod single_label;

pub use arithmetic::element::{Element, Float};
pub use error::Error;
pub use kernel::kind::{Kind, MultiLabel};
#[cfg(feature = "proptest")]
pub use loss::strategies;
pub use loss::{AdaptiveAsymmetry, AsymmetricLoss, Derivatives, IntoTargets, Loss, ParameterGradients, Targets};
pub use settings::reduction;
#[doc(inline)]
pub use settings::{Builder, Curvature, Implementation, Parameter, Reduction, Settings};
pub use single_label::{SingleLabel, SingleLabelLoss};
pub use stages::{activation, focal, margin};
pub use targets::{ClassIndex, Label, Labels};

/// The ndarray whose arrays the calls take: to build views of your own memory, whatever version you use elsewhere.
pub use ndarray;

/// The documents of the crate.
#[cfg(doc)]
pub mod docs {
    /// A page for each of the documents in `docs`.
    macro_rules! pages {
        ($($name:ident = $path:literal;)*) => {$(
            #[doc = include_str!("../docs/embedded.md")]
            #[doc = include_str!(concat!("../docs/", $path))]
            pub mod $name {}
        )*};
    }

    pages! {
        guide = "guide.md";
        mathematics = "mathematics.md";
        accuracy = "accuracy.md";
        performance = "performance.md";
        training = "training.md";
        design = "design.md";
    }

    #[doc = include_str!("../docs/embedded.md")]
    #[doc = include_str!("../docs/recipes.md")]
    pub mod recipes {
        pages! {
            choosing_gamma = "recipes/choosing_gamma.md";
            initial_bias = "recipes/initial_bias.md";
            probabilities = "recipes/probabilities.md";
            missing_labels = "recipes/missing_labels.md";
            soft_labels = "recipes/soft_labels.md";
            boosting = "recipes/boosting.md";
            shards = "recipes/shards.md";
            half_precision = "recipes/half_precision.md";
            single_label = "recipes/single_label.md";
            property_tests = "recipes/property_tests.md";
            solver = "recipes/solver.md";
            other_libraries = "recipes/other_libraries.md";
        }
    }
}
