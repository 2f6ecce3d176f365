//! What a loss is made of.

pub(crate) mod builder;
pub(crate) mod curvature;
pub(crate) mod multi_label;
pub(crate) mod names;
pub(crate) mod parameter;
pub mod reduction;
#[cfg(feature = "serde")]
pub(crate) mod saving;

pub use builder::Builder;
pub use curvature::Curvature;
pub use multi_label::{Implementation, Settings};
pub use parameter::Parameter;
pub use reduction::Reduction;
