//! The asymmetric loss for multi-label classification, on [ndarray] arrays, with analytic derivatives.
//!
//! Where most labels are rare, nearly all terms of binary cross-entropy come from easy negatives, and they drown the
//! few positives. The asymmetric loss (Ridnik et al., ICCV 2021) focuses negatives harder than positives and drops
//! negatives whose probability is below a margin. For a logit z with p = 1/(1 + e⁻ᶻ) and u = max(p − m, 0):
//!
//! | label | loss | default |
//! |---|---|---|
//! | y = 1 | −(1 − p)^γ₊ · ln p | γ₊ = 1 |
//! | y = 0 | −u^γ₋ · ln(1 − u) | γ₋ = 4, m = 0.05 |
//!
//! This crate follows `torch_ecg.models.loss.AsymmetricLoss` in its settings. It computes value and gradient in one pass
//! over memory, without losing digits, for every finite logit; curvature in another.
//!
//! ```
//! use asymmetric_loss::AsymmetricLoss;
//! use ndarray::array;
//!
//! let logits = array![[2.0_f32, -1.0, 0.5], [-3.0, 0.2, 1.5]]; // (batch, classes); any dimension works
//! let targets = array![[1.0_f32, 0.0, 0.0], [0.0, 1.0, 1.0]]; // or bool, or u8; soft labels allowed
//!
//! let loss = AsymmetricLoss::default();
//! let value: f32 = loss.forward(&logits, &targets)?;
//! let (value, gradient) = loss.value_and_gradient(&logits, &targets)?; // one pass
//! # Ok::<(), asymmetric_loss::Error>(())
//! ```
//!
//! # In an optimiser
//!
//! ```
//! use asymmetric_loss::AsymmetricLoss;
//! use ndarray::{Array2, array};
//!
//! let features = array![[1.0, 0.0, 1.0], [0.0, 1.0, 1.0]];
//! let targets = array![[true, false], [false, true]];
//! let loss = AsymmetricLoss::default();
//! let mut weights = Array2::zeros((3, 2));
//! let mut gradient = Array2::zeros((2, 2)); // in the logits; reused by every step
//! for _ in 0..100 {
//!     let logits = features.dot(&weights);
//!     loss.value_and_gradient_into(&logits, &targets, &mut gradient)?; // allocates nothing
//!     weights.scaled_add(-5.0, &features.t().dot(&gradient));
//! }
//! assert!(loss.forward(&features.dot(&weights), &targets)? < 0.02);
//! # Ok::<(), asymmetric_loss::Error>(())
//! ```
//!
//! # Settings
//!
//! ```
//! use asymmetric_loss::{AsymmetricLoss, Implementation, reduction::Unreduced};
//! # let (logits, targets) = (ndarray::array![[0.3, -2.0]], ndarray::array![[1.0, 0.0]]);
//!
//! let loss = AsymmetricLoss::builder()
//!     .gamma_neg([4.0, 2.0]) // a number, or one value per class
//!     .gamma_pos(0.0)
//!     .prob_margin(0.05)
//!     .implementation(Implementation::DeepPsp) // AlibabaMiil | DeepPsp | Paper
//!     .detach_focal_weight(true) // the reference's disable_torch_grad_focal_loss
//!     .log_floor(1e-8) // off by default; the reference's eps
//!     .reduction(Unreduced) // Mean | Sum | Unreduced, or your own
//!     .build()?;
//! let losses: ndarray::Array2<f64> = loss.forward(&logits, &targets)?;
//! let curvature = loss.hessian_diagonal(&logits, &targets)?; // the Hessian in the logits is diagonal
//! # Ok::<(), asymmetric_loss::Error>(())
//! ```
//!
//! γ₋ = γ₊ = 0 with m = 0 is binary cross-entropy with logits; equal γ with m = 0 is the focal loss. Start there, then
//! raise γ₋; the README has the recipe.
//!
//! # What to rely on
//!
//! - **Digits.** No value is lost to 1 − p or p − m: `docs/accuracy.md` has the largest errors in units in the last
//!   place. A badly wrong prediction keeps its full gradient, and no finite logit gives a NaN in loss or gradient.
//! - **Bits.** For a given shape, neither strides nor the number of threads nor the `rayon` feature changes a bit of
//!   any result; nor does AVX-512 against AVX2. Processors without a fused multiply-add, and builds without optimization,
//!   may differ in the last bits.
//! - **Errors.** A wrong shape, setting or target is an [`Error`] that says what was expected and what came. No
//!   input makes it panic.
//! - **Speed.** One pass, vector code chosen at run time, threads of the caller's rayon pool for large arrays, no heap
//!   allocation in [`value_and_gradient_into`](AsymmetricLoss::value_and_gradient_into) of `f32` and `f64` (rayon's own
//!   queue aside). `docs/performance.md` has the times.
//!
//! # Stages
//!
//! Data flows one way: logit → [`activation`] → [`margin`] → [`focal`] → [`reduction`]. Each stage is also there for
//! arrays, as a function and its gradient. Element types are [`f32`] and [`f64`]; [`Float`] lets others in.
//!
//! # Features
//!
//! - `rayon` (default): large arrays use the threads of the current rayon pool.

#![forbid(unsafe_code)]

mod arithmetic;
mod builder;
mod checks;
mod curvature;
mod element;
mod elementwise;
mod error;
mod formula;
mod kernel;
mod loss;
mod parameter;
mod pass;
mod results;
#[cfg(feature = "serde")]
mod saving;
mod settings;
mod sum;
mod targets;
mod threads;

pub mod activation;
pub mod focal;
pub mod margin;
pub mod reduction;

pub use builder::Builder;
pub use curvature::Derivatives;
pub use element::Float;
pub use error::Error;
pub use loss::AsymmetricLoss;
pub use parameter::Parameter;
pub use reduction::Reduction;
pub use settings::{Implementation, Settings};
pub use targets::{IntoTargets, Label, Targets};

/// The ndarray whose arrays the calls take: to build views of your own memory, whatever version you use elsewhere.
pub use ndarray;

/// The README's code runs as a test.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
