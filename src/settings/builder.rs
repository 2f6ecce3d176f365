//! Settings on their way to a loss.

use crate::error::Error;
use crate::loss::multi_label::AsymmetricLoss;
use crate::settings::multi_label::Settings;
use crate::settings::parameter::{Limits, Parameter, WEIGHT};

/// Builds an [`AsymmetricLoss`]; see [`AsymmetricLoss::builder`].
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
    /// α of [`Builder::alpha`], for messages: the settings hold the weights that it stands for.
    alpha: Option<Parameter>,
}

/// An α whose weights are those that the settings may have.
const ALPHA: Limits = Limits {
    expected: "0, or between 1e-12 and 1 - 1e-12",
    contains: |alpha| (0.0..1.0).contains(&alpha) && balance(alpha).iter().all(|&weight| (WEIGHT.contains)(weight)),
};

/// The weights of a class and of its positives that an α stands for.
fn balance(alpha: f64) -> [f64; 2] {
    [1.0 - alpha, alpha / (1.0 - alpha)]
}

impl Settings {
    /// Starts from these settings.
    pub fn to_builder(&self) -> Builder {
        Builder { settings: self.clone(), alpha: None }
    }
}

impl Builder {
    /// α-balancing, α in [0, 1): positives are multiplied by α and negatives by 1 − α. Short for a class weight of 1 − α and a
    /// positive weight of α/(1 − α), which it replaces.
    ///
    /// On soft and smoothed labels it weighs the positive term only, as [`pos_weight`](Self::pos_weight) does; other libraries weigh
    /// the whole element by y·α + (1 − y)·(1 − α).
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
        let [class_weight, pos_weight] = [0, 1].map(|weight| alpha.map(|alpha| balance(alpha)[weight]));
        self.alpha = Some(alpha);
        self.class_weight(class_weight).pos_weight(pos_weight)
    }

    /// The loss with these settings.
    ///
    /// # Errors
    ///
    /// - [`Error::ParameterOutOfRange`] for a γ that is negative, NaN or infinite, for a margin or a floor outside [0, 1), for a
    ///   weight that is neither 0 nor between 1e-12 and 1e12, for an α outside [0, 1), for smoothing outside [0, 1], for a floor
    ///   of the curvature outside [0, 1e12], and for a divisor that is not positive and finite.
    /// - [`Error::EmptyParameter`] for a setting without values.
    /// - [`Error::ParameterLength`] if settings are given for different numbers of classes.
    pub fn build(self) -> Result<AsymmetricLoss, Error> {
        let per_class = self.alpha.as_ref().and_then(Parameter::classes);
        if let Some(alpha) = &self.alpha {
            alpha.check("alpha", &ALPHA)?;
        }
        self.settings.check().map_err(|error| match error {
            Error::EmptyParameter { parameter: "class_weight" | "pos_weight" } if per_class == Some(0) => {
                Error::EmptyParameter { parameter: "alpha" }
            }
            Error::ParameterLength { parameter: "class_weight" | "pos_weight", expected, actual }
                if per_class == Some(actual) =>
            {
                Error::ParameterLength { parameter: "alpha", expected, actual }
            }
            error => error,
        })?;
        Ok(self.settings.into())
    }
}
