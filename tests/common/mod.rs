//! What the integration tests share.
#![allow(dead_code, unused_imports, reason = "no test file uses all of it")]

pub(crate) mod dual;
pub(crate) mod vectors;
pub(crate) mod wrapped;

use proptest::prelude::*;
use proptest::sample::select;

pub(crate) use asymmetric_loss::strategies::{labels as hard_targets, logits, soft_labels as targets};
pub(crate) use yardstick::{IMPLEMENTATIONS, Setting};

/// The central difference of order 6.
pub(crate) const STENCIL: [(f64, f64); 6] =
    [(-3.0, -1.0 / 60.0), (-2.0, 3.0 / 20.0), (-1.0, -0.75), (1.0, 0.75), (2.0, -3.0 / 20.0), (3.0, 1.0 / 60.0)];

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
