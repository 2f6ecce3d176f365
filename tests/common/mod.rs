//! What the integration tests share.
#![allow(dead_code, reason = "no test file uses all of it")]

pub(crate) mod dual;

use asymmetric_loss::{AsymmetricLoss, Builder, Float, Implementation, Reduction};
use ndarray::{Array1, ArrayView1};
use proptest::prelude::*;
use proptest::sample::select;

pub(crate) const IMPLEMENTATIONS: [Implementation; 3] =
    [Implementation::AlibabaMiil, Implementation::DeepPsp, Implementation::Paper];

/// The settings of a loss whose classes are alike.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Setting {
    pub(crate) gamma_neg: f64,
    pub(crate) gamma_pos: f64,
    pub(crate) margin: f64,
    pub(crate) implementation: Implementation,
    pub(crate) detached: bool,
}

impl Setting {
    pub(crate) fn builder(self) -> Builder {
        AsymmetricLoss::builder()
            .gamma_neg(self.gamma_neg)
            .gamma_pos(self.gamma_pos)
            .prob_margin(self.margin)
            .implementation(self.implementation)
            .detach_focal_weight(self.detached)
    }

    /// The loss whose gradient is that of each element.
    pub(crate) fn unreduced(self) -> AsymmetricLoss {
        self.builder().reduction(Reduction::Sum).build().expect("the setting is valid")
    }

    /// The same margin and formulation without focusing: the bare cross-entropy.
    pub(crate) fn unfocused(self) -> Self {
        Setting { gamma_neg: 0.0, gamma_pos: 0.0, ..self }
    }

    /// Losses, gradient and Hessian of each element.
    pub(crate) fn evaluate<T: Float>(self, logits: &[T], targets: &[T]) -> [Array1<T>; 3] {
        let (logits, targets) = (ArrayView1::from(logits), ArrayView1::from(targets));
        let loss = self.unreduced();
        let losses = loss.losses(&logits, &targets).expect("valid input");
        let gradient = loss.gradient(&logits, &targets).expect("valid input");
        let hessian = loss.hessian_diagonal(&logits, &targets).expect("valid input");
        [losses, gradient, hessian]
    }

    /// The logit of the margin; −∞ for none.
    pub(crate) fn kink(self) -> f64 {
        (self.margin / (1.0 - self.margin)).ln()
    }
}

impl From<Setting> for yardstick::oracle::Setting {
    fn from(setting: Setting) -> Self {
        let Setting { gamma_neg, gamma_pos, margin, implementation, detached } = setting;
        Self { gamma_neg, gamma_pos, margin, implementation, detached }
    }
}

pub(crate) fn gammas() -> impl Strategy<Value = f64> {
    select(vec![0.0, 0.5, 1.0, 1.5, 2.0, 2.5, 3.0, 4.0, 7.3])
}

pub(crate) fn margins() -> impl Strategy<Value = f64> {
    prop_oneof![Just(0.0), Just(0.05), 1e-3..0.9]
}

pub(crate) fn settings() -> impl Strategy<Value = Setting> {
    (gammas(), gammas(), margins(), select(IMPLEMENTATIONS.to_vec())).prop_map(
        |(gamma_neg, gamma_pos, margin, implementation)| Setting {
            gamma_neg,
            gamma_pos,
            margin,
            implementation,
            detached: false,
        },
    )
}

/// Moderate logits, and saturated ones.
pub(crate) fn logits() -> impl Strategy<Value = f64> {
    prop_oneof![4 => -8.0..8.0, 1 => -60.0..60.0, 1 => -700.0..700.0]
}

pub(crate) fn hard_targets() -> impl Strategy<Value = f64> {
    select(vec![0.0, 1.0])
}

pub(crate) fn targets() -> impl Strategy<Value = f64> {
    prop_oneof![hard_targets(), 0.0..1.0]
}
