//! What a loss of many labels is made of.

use crate::error::Error;
use crate::multi_label::MultiLabel;
use crate::names::{Named, parse};
use crate::parameter::Parameter;
use crate::reduction::Reduction;
use crate::safeguard::Curvature;
use crate::setting::{any, check, check_value, settings};
use crate::stages::{focal, margin};
use std::fmt::{self, Display};
use std::str::FromStr;
use std::sync::Arc;

/// The formulation of the loss of one label.
///
/// With s = −ln p, r = −ln(1−u) and u = max(p − m, 0). On labels 0 and 1, `Paper` and `AlibabaMiil` are the same;
/// `DeepPsp` differs on negatives where m > 0. On soft labels all three differ.
///
/// # Examples
///
/// ```
/// use asymmetric_loss::Implementation;
///
/// assert_eq!("DEEP-PSP".parse(), Ok(Implementation::DeepPsp)); // any case, as in the reference; hyphens may be left out
/// assert_eq!(Implementation::DeepPsp.to_string(), "deep-psp");
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Implementation {
    /// bᵉ·(y·s + (1−y)·r) with b = y·(1−p) + (1−y)·u and e = γ₊y + γ₋(1−y): the official code, and the reference's
    /// default.
    #[default]
    AlibabaMiil,
    /// y·(1−p)^γ₊·s + (1−y)·p^γ₋·r, whose negative weight is not shifted: the reference's `deep-psp`.
    DeepPsp,
    /// y·(1−p)^γ₊·s + (1−y)·u^γ₋·r: the equation in the paper, taken literally.
    Paper,
}

impl Implementation {
    const ALL: [Self; 3] = [Self::AlibabaMiil, Self::DeepPsp, Self::Paper];

    fn name(self) -> &'static str {
        match self {
            Self::AlibabaMiil => "alibaba-miil",
            Self::DeepPsp => "deep-psp",
            Self::Paper => "paper",
        }
    }
}

impl Display for Implementation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Implementation {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self, Error> {
        let Named { letters, number } = parse(name);
        let is_named = |implementation: &Self| number.is_none() && parse(implementation.name()).letters == letters;
        let found = Self::ALL.into_iter().find(is_named);
        found.ok_or_else(|| Error::UnknownName {
            parameter: "implementation",
            expected: "alibaba-miil, deep-psp or paper",
            actual: name.to_owned(),
        })
    }
}

settings! {
    MultiLabel;

    /// The settings of a loss: valid, comparable, printable on one line.
    ///
    /// They come from [`AsymmetricLoss::settings`](crate::AsymmetricLoss::settings), or with the feature `serde` from a file, and
    /// [`AsymmetricLoss::from`](crate::AsymmetricLoss) makes a loss of them. To change one, go through
    /// [`to_builder`](crate::AsymmetricLoss::to_builder).
    ///
    /// With the feature `serde` a file may say, in TOML,
    ///
    /// ```toml
    /// gamma_neg = [4, 2.5]          # or one number
    /// gamma_pos = 1
    /// prob_margin = 0.05
    /// implementation = "deep-psp"   # alibaba-miil | deep-psp | paper
    /// detach_focal_weight = false
    /// log_floor = 0.0
    /// reduction = "divisor(128)"    # mean | sum | batch-mean | weighted-mean | positive-mean | divisor(n)
    /// class_weight = 1
    /// pos_weight = [3, 1.5]
    /// label_smoothing = 0.1
    /// curvature = "at-least(0.01)"  # exact | at-least(ε) | magnitude(ε)
    /// ```
    ///
    /// What is not there has its default. An unknown name is an error, and so is what the builder refuses. Formats must keep names, and
    /// `serde_json` reads the last bit of a number only with its feature `float_roundtrip`.
    ///
    /// # Examples
    ///
    /// ```
    /// use asymmetric_loss::{AsymmetricLoss, Parameter};
    ///
    /// let loss = AsymmetricLoss::builder().gamma_neg([4, 2]).build()?;
    /// assert_eq!(*loss.settings().gamma_neg(), Parameter::PerClass(vec![4.0, 2.0]));
    /// assert_eq!(
    ///     loss.settings().to_string(),
    ///     "gamma_neg=[4, 2], gamma_pos=1, prob_margin=0.05, implementation=alibaba-miil, detach_focal_weight=false, \
    ///      log_floor=0, reduction=mean, class_weight=1, pos_weight=1, label_smoothing=0, curvature=exact"
    /// );
    /// # Ok::<(), asymmetric_loss::Error>(())
    /// ```
    Settings;

    /// γ₋ = 4, γ₊ = 1, m = 0.05, [`Implementation::AlibabaMiil`], [`Reduction::Mean`]; no floor, no smoothing, all weights 1.
    Default;

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
    Builder;

    /// The loss with these settings.
    ///
    /// # Errors
    ///
    /// - [`Error::ParameterOutOfRange`] for a γ that is negative, NaN or infinite, for a margin or a floor outside [0, 1), for a
    ///   weight that is neither 0 nor between 1e-12 and 1e12, for an α outside [0, 1), for smoothing outside [0, 1], for a floor
    ///   of the curvature outside [0, 1e12], and for a divisor that is not positive and finite.
    /// - [`Error::EmptyParameter`] for a setting without values.
    /// - [`Error::ParameterLength`] if settings are given for different numbers of classes.
    build;

    /// γ₋, the focusing exponent of negatives.
    gamma_neg: Parameter = 4.0, focal::check;
    /// γ₋ ≥ 0, the focusing exponent of negatives; 4 by default.
    (gamma);

    /// γ₊, the focusing exponent of positives.
    gamma_pos: Parameter = 1.0, focal::check;
    /// γ₊ ≥ 0, the focusing exponent of positives; 1 by default.
    (gamma);

    /// m, the probability up to which a negative costs nothing.
    prob_margin: Parameter = 0.05, margin::check;
    /// m in [0, 1), the probability up to which a negative costs nothing; 0.05 by default.
    (margin);

    /// The formulation.
    implementation: Implementation = Implementation::default(), any;
    /// The formulation; [`Implementation::AlibabaMiil`] by default.
    (implementation);

    /// Whether derivatives treat the focal weight as a constant.
    detach_focal_weight: bool = false, any;
    /// Whether derivatives treat the focal weight as a constant; `false` by default.
    ///
    /// The reference calls it `disable_torch_grad_focal_loss`. Its `deep-psp` implementation then leaves the weight
    /// out of the gradient altogether; this crate keeps it, as a constant.
    (detach);

    /// ε of the logarithms; 0 if there is none.
    log_floor: f64 = 0.0, check_value("at least 0 and below 1", |floor| (0.0..1.0).contains(&floor));
    /// ε in [0, 1): logarithms are taken of max(·, ε); 0, which is off, by default. An ε below the smallest normal
    /// number of the element type counts as 0.
    ///
    /// The reference has ε = 1e-8. It caps the cross-entropy at 18.42 and silences the gradient of predictions that
    /// are badly wrong, so it is of use for reproducing reference runs only.
    (floor);

    /// How the losses of all elements become one value.
    reduction: Reduction = Reduction::default(), |_, reduction: Reduction, _| reduction.check();
    /// How the losses of all elements become one value; [`Reduction::Mean`] by default.
    (reduction);

    /// c, what the losses of a class are multiplied by.
    class_weight: Parameter = 1.0, check_weight;
    /// c, what the losses of a class are multiplied by: 0, or between 1e-12 and 1e12; 1 by default. A class of weight 0 is left
    /// out, like elements of weight 0.
    (weight);

    /// π, what the terms of positives are multiplied by.
    pos_weight: Parameter = 1.0, check_weight;
    /// π, what the terms of positives are multiplied by: 0, or between 1e-12 and 1e12; 1 by default. One of 0 leaves out labels of 1.
    ///
    /// In [`Implementation::AlibabaMiil`] that is the positive's share of the cross-entropy, in the others its whole term. On
    /// labels 0 and 1 it is the same.
    (weight);

    /// α, how far labels are drawn to ½.
    label_smoothing: f64 = 0.0, check_value("between 0 and 1", |alpha| (0.0..=1.0).contains(&alpha));
    /// α in [0, 1]: a label y counts as y·(1 − α) + α/2; 0 by default. All else sees the smoothed label.
    (alpha);

    /// What stands for negative curvature.
    curvature: Curvature = Curvature::default(), |_, curvature: Curvature, _| curvature.check();
    /// What stands for negative curvature; [`Curvature::Exact`] by default.
    (curvature);
}

impl Builder {
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
        let alpha = Arc::new(alpha.into());
        let is_valid = check_value("at least 0 and below 1", |alpha| (0.0..1.0).contains(&alpha));
        self.invalid = check("alpha", &alpha, &mut None, is_valid).err();
        self.pos_weight(alpha.map(|alpha| alpha / (1.0 - alpha))).class_weight(alpha.map(|alpha| 1.0 - alpha))
    }
}

/// The largest weight: the product of three does not take a moderate loss out of the range of `f32`.
pub(crate) const LARGEST_WEIGHT: f64 = 1e12;

/// Fails unless a weight is 0 or moderate.
pub(crate) fn check_weight(name: &'static str, weight: f64, class: Option<usize>) -> Result<(), Error> {
    let is_moderate = |weight| weight == 0.0 || (1.0 / LARGEST_WEIGHT..=LARGEST_WEIGHT).contains(&weight);
    check_value("0, or between 1e-12 and 1e12", is_moderate)(name, weight, class)
}
