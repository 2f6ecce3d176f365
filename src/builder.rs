//! Settings on their way to a loss.

use crate::error::Error;
use crate::parameter::Parameter;
use crate::reduction::Reduction;
use crate::safeguard::Curvature;
use crate::settings::{Implementation, Settings, check_each};
use std::sync::Arc;

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
    /// What is wrong with an α, which is no setting by itself.
    pub(crate) invalid: Option<Error>,
}

impl Settings {
    /// Starts from these settings.
    pub fn to_builder(&self) -> Builder {
        Builder { settings: self.clone(), invalid: None }
    }
}

impl Builder {
    /// γ₋ ≥ 0, the focusing exponent of negatives; 4 by default.
    pub fn gamma_neg(mut self, gamma: impl Into<Parameter>) -> Self {
        self.settings.gamma_neg = Arc::new(gamma.into());
        self
    }

    /// γ₊ ≥ 0, the focusing exponent of positives; 1 by default.
    pub fn gamma_pos(mut self, gamma: impl Into<Parameter>) -> Self {
        self.settings.gamma_pos = Arc::new(gamma.into());
        self
    }

    /// m in [0, 1), the probability up to which a negative costs nothing; 0.05 by default.
    pub fn prob_margin(mut self, margin: impl Into<Parameter>) -> Self {
        self.settings.prob_margin = Arc::new(margin.into());
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

    /// c, what the losses of a class are multiplied by: 0, or between 1e-12 and 1e12; 1 by default. A class of weight 0 is left
    /// out, like elements of weight 0.
    pub fn class_weight(mut self, weight: impl Into<Parameter>) -> Self {
        self.settings.class_weight = Arc::new(weight.into());
        self
    }

    /// π, what the terms of positives are multiplied by: 0, or between 1e-12 and 1e12; 1 by default. One of 0 leaves out labels of 1.
    ///
    /// In [`Implementation::AlibabaMiil`] that is the positive's share of the cross-entropy, in the others its whole term. On
    /// labels 0 and 1 it is the same.
    pub fn pos_weight(mut self, weight: impl Into<Parameter>) -> Self {
        self.settings.pos_weight = Arc::new(weight.into());
        self
    }

    /// α-balancing, α in [0, 1): positives are multiplied by α and negatives by 1 − α. Short for a class weight of 1 − α and a
    /// positive weight of α/(1 − α), which it replaces.
    ///
    /// # Examples
    ///
    /// ```
    /// use asymmetric_loss::AsymmetricLoss;
    /// use ndarray::array;
    ///
    /// let (plain, balanced) = (AsymmetricLoss::default(), AsymmetricLoss::builder().alpha(0.75).build()?);
    /// let (logits, targets) = (array![0.5, 0.5], array![1, 0]);
    /// let (plain, balanced) = (plain.losses(&logits, &targets)?, balanced.losses(&logits, &targets)?);
    /// assert_eq!(balanced, plain * array![0.75, 0.25]);
    /// # Ok::<(), asymmetric_loss::Error>(())
    /// ```
    pub fn alpha(mut self, alpha: impl Into<Parameter>) -> Self {
        let alpha = alpha.into();
        let check = check_each(&alpha, |actual, class| match actual {
            0.0..1.0 => Ok(()),
            _ => {
                let expected = "at least 0 and below 1";
                Err(Error::ParameterOutOfRange { parameter: "alpha", expected, actual, class })
            }
        });
        self.invalid = check.err();
        self.pos_weight(alpha.map(|alpha| alpha / (1.0 - alpha))).class_weight(alpha.map(|alpha| 1.0 - alpha))
    }

    /// α in [0, 1]: a label y counts as y·(1 − α) + α/2; 0 by default. All else sees the smoothed label.
    pub fn label_smoothing(mut self, alpha: f64) -> Self {
        self.settings.label_smoothing = alpha;
        self
    }

    /// What stands for negative curvature; [`Curvature::Exact`] by default.
    pub fn curvature(mut self, curvature: Curvature) -> Self {
        self.settings.curvature = curvature;
        self
    }
}
