//! The asymmetric loss of one label among many: a softmax over the classes, as in the official `ASLSingleLabel`.
//!
//! With p = softmax(z) over the last axis, the target class k and t = (1−ε)·[c = k] + ε/C for C classes, a row of
//! logits costs
//!
//! L = −Σ t_c·w_c·ln p_c, where w_c = (1−p_c)^γ₊ for the target class and p_c^γ₋ for the others.
//!
//! With y in [0, 1] and Σy = 1 in place of the target class, t_c = (1−ε)·y_c + ε/C and w_c = y_c·(1−p_c)^γ₊ +
//! (1−y_c)·p_c^γ₋.
//!
//! [The mathematics](crate::docs::mathematics) derives gradient, diagonal of the Hessian and Hessian-vector product.

mod formula;
mod leaf;
mod loss;
mod plan;
mod row;
mod rows;
mod settings;
#[cfg(feature = "proptest")]
pub mod strategies;
mod targets;

pub use crate::loss::targets::{IntoTargets, Targets};
pub use loss::{SingleLabel, SingleLabelLoss};
pub use settings::{Builder, Settings};
pub use targets::{Classes, Dense};
