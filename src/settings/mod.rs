//! What a loss is made of.

pub(crate) mod curvature;
pub(crate) mod list;
pub(crate) mod multi_label;
pub(crate) mod names;
pub(crate) mod parameter;
pub mod reduction;
#[cfg(feature = "serde")]
pub(crate) mod saving;

pub use curvature::Curvature;
pub use multi_label::{Builder, Implementation, Settings};
pub use parameter::Parameter;
pub use reduction::Reduction;
