//! The settings of the loss that are measured.

use asymmetric_loss::{AsymmetricLoss, Implementation, Reduction};
use yardstick::oracle;

use crate::statistics::Element;

/// One setting, alike for all classes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Setting {
    pub(crate) gamma_neg: f64,
    pub(crate) gamma_pos: f64,
    pub(crate) margin: f64,
    pub(crate) implementation: Implementation,
    pub(crate) detached: bool,
}

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
const IMPLEMENTATIONS: [Implementation; 3] =
    [Implementation::AlibabaMiil, Implementation::DeepPsp, Implementation::Paper];

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

impl Setting {
    /// Whether at this label the loss is the same function of the logit as that of a setting listed before.
    pub(crate) fn repeats_another(&self, y: f64) -> bool {
        let hard = y == 0.0 || y == 1.0;
        if self.gamma_neg == 0.0 && self.gamma_pos == 0.0 {
            // Without a focal weight nothing is left of formulation and detachment.
            return self.detached || self.implementation != Implementation::AlibabaMiil;
        }
        match self.implementation {
            Implementation::AlibabaMiil => false,
            // The unshifted probability weighs negatives only.
            Implementation::DeepPsp => hard && (y == 1.0 || self.margin == 0.0),
            // Without a margin that of `DeepPsp`.
            _ => hard || self.margin == 0.0,
        }
    }

    /// The setting that remains when its numbers are rounded to an element type, as the crate does first.
    pub(crate) fn rounded<T: Element>(self) -> Self {
        let round = |x| T::from_f64(x).into();
        Setting {
            gamma_neg: round(self.gamma_neg),
            gamma_pos: round(self.gamma_pos),
            margin: round(self.margin),
            ..self
        }
    }

    /// The crate's loss, with derivatives that are those of each element.
    pub(crate) fn unreduced(self) -> AsymmetricLoss {
        AsymmetricLoss::builder()
            .gamma_neg(self.gamma_neg)
            .gamma_pos(self.gamma_pos)
            .prob_margin(self.margin)
            .implementation(self.implementation)
            .detach_focal_weight(self.detached)
            .reduction(Reduction::Sum)
            .build()
            .expect("the settings listed here are in range")
    }

    /// The logit of the margin; −∞ for none.
    pub(crate) fn kink(&self) -> f64 {
        (self.margin / (1.0 - self.margin)).ln()
    }

    /// What tables and files call it.
    pub(crate) fn name(&self) -> String {
        let Setting { gamma_neg, gamma_pos, margin, implementation, detached } = self;
        let detached = if *detached { ", detached" } else { "" };
        format!("{implementation:?}, γ₋ {gamma_neg}, γ₊ {gamma_pos}, m {margin}{detached}")
    }
}

impl From<Setting> for oracle::Setting {
    fn from(setting: Setting) -> Self {
        let Setting { gamma_neg, gamma_pos, margin, implementation, detached } = setting;
        Self { gamma_neg, gamma_pos, margin, implementation, detached }
    }
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
            let (repeated, kept): (Vec<_>, Vec<_>) = all().into_iter().partition(|setting| setting.repeats_another(y));
            for setting in repeated {
                let close = |a: f64, b: f64| (a - b).abs() <= 1e-12 * a.abs();
                let same = |other: &Setting| (0..3).all(|k| close(results(setting, y)[k], results(*other, y)[k]));
                assert!(kept.iter().any(same), "y {y}, {setting:?}");
            }
        }
    }
}
