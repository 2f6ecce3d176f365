//! Settings on their way to a loss.

use crate::parameter::Parameter;
use crate::reduction::Reduction;
use crate::settings::{Implementation, Settings};

/// Builds an [`AsymmetricLoss`](crate::AsymmetricLoss); see [`AsymmetricLoss::builder`](crate::AsymmetricLoss::builder).
///
/// # Examples
///
/// ```
/// use asymmetric_loss::{AsymmetricLoss, Implementation, Reduction};
///
/// let loss = AsymmetricLoss::builder()
///     .gamma_neg([4.0, 2.0, 4.0])
///     .gamma_pos(0)
///     .implementation(Implementation::Paper)
///     .reduction(Reduction::Sum)
///     .build()?;
/// # Ok::<(), asymmetric_loss::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
#[must_use]
pub struct Builder {
    pub(crate) settings: Settings,
}

impl Settings {
    /// Starts from these settings.
    pub fn to_builder(&self) -> Builder {
        Builder { settings: self.clone() }
    }
}

impl Builder {
    /// γ₋ ≥ 0, the focusing exponent of negatives; 4 by default.
    pub fn gamma_neg(mut self, gamma: impl Into<Parameter>) -> Self {
        self.settings.gamma_neg = gamma.into();
        self
    }

    /// γ₊ ≥ 0, the focusing exponent of positives; 1 by default.
    pub fn gamma_pos(mut self, gamma: impl Into<Parameter>) -> Self {
        self.settings.gamma_pos = gamma.into();
        self
    }

    /// m in [0, 1), the probability up to which a negative costs nothing; 0.05 by default.
    pub fn prob_margin(mut self, margin: impl Into<Parameter>) -> Self {
        self.settings.prob_margin = margin.into();
        self
    }

    /// The formulation; [`Implementation::AlibabaMiil`] by default.
    pub fn implementation(mut self, implementation: Implementation) -> Self {
        self.settings.implementation = implementation;
        self
    }

    /// Whether derivatives treat the focal weight as a constant; `false` by default.
    ///
    /// The reference calls it `disable_torch_grad_focal_loss`. Its `deep-psp` implementation then leaves the weight
    /// out of the gradient altogether; this crate keeps it, as a constant.
    pub fn detach_focal_weight(mut self, detach: bool) -> Self {
        self.settings.detach_focal_weight = detach;
        self
    }

    /// ε in [0, 1): logarithms are taken of max(·, ε); 0, which is off, by default. An ε below the smallest normal
    /// number of the element type counts as 0.
    ///
    /// The reference has ε = 1e-8. It caps the cross-entropy at 18.42 and silences the gradient of predictions that
    /// are badly wrong, so it is of use for reproducing reference runs only.
    pub fn log_floor(mut self, floor: f64) -> Self {
        self.settings.log_floor = floor;
        self
    }

    /// How the losses of all elements become one value; [`Reduction::Mean`] by default.
    pub fn reduction(mut self, reduction: Reduction) -> Self {
        self.settings.reduction = reduction;
        self
    }
}
