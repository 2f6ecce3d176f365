//! The settings of the loss that are measured.

use asymmetric_loss::Implementation;
use yardstick::{IMPLEMENTATIONS, Native, Setting};

/// The defaults of the crate.
pub(crate) const DEFAULT: Setting = Setting {
    gamma_neg: 4.0,
    gamma_pos: 1.0,
    margin: 0.05,
    implementation: Implementation::AlibabaMiil,
    detached: false,
};

const MARGINS: [f64; 4] = [0.0, 0.05, 0.2, 0.9];
/// γ₋ and γ₊.
const GAMMAS: [(f64, f64); 9] =
    [(0.0, 0.0), (1.0, 1.0), (2.0, 2.0), (4.0, 1.0), (4.0, 4.0), (0.5, 0.5), (1.5, 1.5), (2.5, 2.5), (10.0, 10.0)];

/// Every combination of margins, exponents and formulations, with and without the derivative of the focal weight.
pub(crate) fn all() -> Vec<Setting> {
    let mut settings = Vec::new();
    for implementation in IMPLEMENTATIONS {
        for detached in [false, true] {
            for margin in MARGINS {
                for (gamma_neg, gamma_pos) in GAMMAS {
                    settings.push(Setting { gamma_neg, gamma_pos, margin, implementation, detached });
                }
            }
        }
    }
    settings
}

/// Whether at this label the loss is the same function of the logit as that of a setting listed before.
pub(crate) fn repeats_another(setting: &Setting, y: f64) -> bool {
    let hard = y == 0.0 || y == 1.0;
    if setting.gamma_neg == 0.0 && setting.gamma_pos == 0.0 {
        // Without a focal weight nothing is left of formulation and detachment.
        return setting.detached || setting.implementation != Implementation::AlibabaMiil;
    }
    match setting.implementation {
        Implementation::AlibabaMiil => false,
        // The unshifted probability weighs negatives only.
        Implementation::DeepPsp => hard && (y == 1.0 || setting.margin == 0.0),
        // Without a margin that of `DeepPsp`.
        _ => hard || setting.margin == 0.0,
    }
}

/// The setting that remains when its numbers are rounded to an element type, as the crate does first.
pub(crate) fn rounded<T: Native>(setting: Setting) -> Setting {
    let round = |x| T::from_f64(x).into();
    Setting {
        gamma_neg: round(setting.gamma_neg),
        gamma_pos: round(setting.gamma_pos),
        margin: round(setting.margin),
        ..setting
    }
}

/// What tables and files call a setting.
pub(crate) fn name(setting: &Setting) -> String {
    let Setting { gamma_neg, gamma_pos, margin, implementation, detached } = setting;
    let detached = if *detached { ", detached" } else { "" };
    format!("{implementation:?}, γ₋ {gamma_neg}, γ₊ {gamma_pos}, m {margin}{detached}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reference;

    /// What is left out must be the same as something that is not.
    #[test]
    fn only_repetitions_are_left_out() {
        let results = |setting, y| reference::loss(setting, 0.7, y).map(|exact| exact.high);
        for y in [0.0, 0.3, 1.0] {
            let (repeated, kept): (Vec<_>, Vec<_>) = all().into_iter().partition(|setting| repeats_another(setting, y));
            for setting in repeated {
                let close = |a: f64, b: f64| (a - b).abs() <= 1e-12 * a.abs();
                let same = |other: &Setting| (0..3).all(|k| close(results(setting, y)[k], results(*other, y)[k]));
                assert!(kept.iter().any(same), "y {y}, {setting:?}");
            }
        }
    }
}
