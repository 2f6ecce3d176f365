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
    /// A page for each of some documents in a folder.
    macro_rules! pages {
        ($folder:literal: $($name:ident)*) => {$(
            #[doc = include_str!("../docs/embedded.md")]
            #[doc = include_str!(concat!("../docs/", $folder, stringify!($name), ".md"))]
            pub mod $name {}
        )*};
    }

    pages!("": guide mathematics accuracy performance training design);

    #[doc = include_str!("../docs/embedded.md")]
    #[doc = include_str!("../docs/recipes.md")]
    pub mod recipes {
        pages!("recipes/": choosing_gamma initial_bias probabilities missing_labels soft_labels boosting shards);
        pages!("recipes/": half_precision single_label property_tests solver other_libraries);
    }
}
