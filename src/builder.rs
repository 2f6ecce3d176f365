//! The settings of a loss.

use crate::error::Error;
use crate::reduction::{Mean, Reduction};
use crate::settings::{Implementation, Parameter, Settings};
use crate::{focal, margin};

/// A setting that is one number for all classes, or one number per class.
///
/// Converted from an `f64` or from anything that holds several: an array, a slice, a vector.
#[derive(Clone, Debug, PartialEq)]
pub struct PerClass(pub(crate) Parameter);

impl From<f64> for PerClass {
    fn from(value: f64) -> Self {
        PerClass(Parameter::Uniform(value))
    }
}

impl From<Vec<f64>> for PerClass {
    fn from(values: Vec<f64>) -> Self {
        PerClass(Parameter::PerClass(values))
    }
}

impl From<&[f64]> for PerClass {
    fn from(values: &[f64]) -> Self {
        values.to_vec().into()
    }
}

impl<const N: usize> From<[f64; N]> for PerClass {
    fn from(values: [f64; N]) -> Self {
        values.to_vec().into()
    }
}

impl From<ndarray::Array1<f64>> for PerClass {
    fn from(values: ndarray::Array1<f64>) -> Self {
        values.to_vec().into()
    }
}

/// Builds an [`AsymmetricLoss`](crate::AsymmetricLoss); see [`AsymmetricLoss::builder`](crate::AsymmetricLoss::builder).
///
/// # Examples
///
/// ```
/// use asymmetric_loss::{AsymmetricLoss, Implementation, reduction::Sum};
///
/// let loss = AsymmetricLoss::builder()
///     .gamma_neg([4.0, 2.0, 4.0])
///     .gamma_pos(0.0)
///     .implementation(Implementation::Paper)
///     .reduction(Sum)
///     .build()?;
/// # Ok::<(), asymmetric_loss::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
#[must_use]
pub struct Builder<R = Mean> {
    pub(crate) settings: Settings,
    pub(crate) reduction: R,
}

impl Default for Builder {
    fn default() -> Self {
        let settings = Settings {
            gamma_neg: Parameter::Uniform(4.0),
            gamma_pos: Parameter::Uniform(1.0),
            prob_margin: Parameter::Uniform(0.05),
            implementation: Implementation::default(),
            detach_focal_weight: false,
            log_floor: 0.0,
        };
        Builder { settings, reduction: Mean }
    }
}

impl<R: Reduction> Builder<R> {
    /// γ₋ ≥ 0, the focusing exponent of negatives; 4 by default.
    pub fn gamma_neg(mut self, gamma: impl Into<PerClass>) -> Self {
        self.settings.gamma_neg = gamma.into().0;
        self
    }

    /// γ₊ ≥ 0, the focusing exponent of positives; 1 by default.
    pub fn gamma_pos(mut self, gamma: impl Into<PerClass>) -> Self {
        self.settings.gamma_pos = gamma.into().0;
        self
    }

    /// m in [0, 1), the probability up to which a negative costs nothing; 0.05 by default.
    pub fn prob_margin(mut self, margin: impl Into<PerClass>) -> Self {
        self.settings.prob_margin = margin.into().0;
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

    /// How the losses of all elements become one value; [`Mean`] by default.
    pub fn reduction<S: Reduction>(self, reduction: S) -> Builder<S> {
        Builder { settings: self.settings, reduction }
    }

    /// Fails if a setting is out of range, or if settings are given for different numbers of classes.
    pub(crate) fn check(&self) -> Result<(), Error> {
        let Settings { gamma_neg, gamma_pos, prob_margin, log_floor, .. } = &self.settings;
        check(gamma_neg, |gamma, class| focal::check("gamma_neg", gamma, class))?;
        check(gamma_pos, |gamma, class| focal::check("gamma_pos", gamma, class))?;
        check(prob_margin, margin::check)?;
        if !(0.0..1.0).contains(log_floor) {
            let expected = "at least 0 and below 1";
            return Err(Error::ParameterOutOfRange {
                parameter: "log_floor",
                expected,
                actual: *log_floor,
                class: None,
            });
        }
        check_lengths(&self.settings)
    }
}

fn check(parameter: &Parameter, check: impl Fn(f64, Option<usize>) -> Result<(), Error>) -> Result<(), Error> {
    match parameter {
        Parameter::Uniform(value) => check(*value, None),
        Parameter::PerClass(values) => {
            values.iter().enumerate().try_for_each(|(class, &value)| check(value, Some(class)))
        }
    }
}

/// Fails if settings are given for different numbers of classes.
fn check_lengths(settings: &Settings) -> Result<(), Error> {
    let mut lengths = settings.classes();
    let Some((_, expected)) = lengths.next() else { return Ok(()) };
    match lengths.find(|(_, actual)| *actual != expected) {
        Some((parameter, actual)) => Err(Error::ParameterLength { parameter, expected, actual }),
        None => Ok(()),
    }
}
