//! A setting of the loss, and what the crate says of it.

use asymmetric_loss::{AsymmetricLoss, Builder, Float, Implementation, Reduction};
use ndarray::{Array1, ArrayView1};

/// Every formulation.
pub const IMPLEMENTATIONS: [Implementation; 3] =
    [Implementation::AlibabaMiil, Implementation::DeepPsp, Implementation::Paper];

/// The settings of a loss whose classes are alike.
#[derive(Clone, Copy, Debug)]
pub struct Setting {
    /// γ₋, the exponent of negatives.
    pub gamma_neg: f64,
    /// γ₊, the exponent of positives.
    pub gamma_pos: f64,
    /// The margin m.
    pub margin: f64,
    /// The formulation.
    pub implementation: Implementation,
    /// Whether the focal weight counts as a constant in derivatives.
    pub detached: bool,
}

impl Setting {
    /// The crate's builder with this setting.
    pub fn builder(self) -> Builder {
        AsymmetricLoss::builder()
            .gamma_neg(self.gamma_neg)
            .gamma_pos(self.gamma_pos)
            .prob_margin(self.margin)
            .implementation(self.implementation)
            .detach_focal_weight(self.detached)
    }

    /// The crate's loss, with derivatives that are those of each element.
    ///
    /// # Panics
    ///
    /// If the setting is out of range.
    pub fn unreduced(self) -> AsymmetricLoss {
        self.builder().reduction(Reduction::Sum).build().expect("the setting is valid")
    }

    /// The crate's losses, gradient and Hessian of each element.
    ///
    /// # Panics
    ///
    /// If the setting or a target is out of range.
    pub fn evaluate<T: Float>(self, logits: &[T], targets: &[T]) -> [Array1<T>; 3] {
        let (logits, targets) = (ArrayView1::from(logits), ArrayView1::from(targets));
        let loss = self.unreduced();
        let losses = loss.losses(&logits, &targets).expect("valid input");
        let gradient = loss.gradient(&logits, &targets).expect("valid input");
        let hessian = loss.hessian_diagonal(&logits, &targets).expect("valid input");
        [losses, gradient, hessian]
    }

    /// The same margin and formulation without focusing: the bare cross-entropy.
    pub fn unfocused(self) -> Self {
        Setting { gamma_neg: 0.0, gamma_pos: 0.0, ..self }
    }

    /// The logit of the margin; −∞ for none.
    pub fn kink(self) -> f64 {
        (self.margin / (1.0 - self.margin)).ln()
    }
}
