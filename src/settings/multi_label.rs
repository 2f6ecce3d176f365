//! What a loss is made of.

use crate::error::Error;
use crate::settings::curvature::Curvature;
use crate::settings::list::settings;
use crate::settings::names::{Choice, by_name};
use crate::settings::parameter::{BELOW_ONE, FOCUSING, Limits, Parameter, SHARE, WEIGHT};
use crate::settings::reduction::Reduction;
use std::fmt::Debug;

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

impl Choice for Implementation {
    const SETTING: &'static str = "implementation";
    const EXPECTED: &'static str = "alibaba-miil, deep-psp or paper";
    const ALL: &'static [Self] = &[Self::AlibabaMiil, Self::DeepPsp, Self::Paper];

    fn name(self) -> &'static str {
        match self {
            Self::AlibabaMiil => "alibaba-miil",
            Self::DeepPsp => "deep-psp",
            Self::Paper => "paper",
        }
    }
}
by_name!(Implementation);

settings! {
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
///     "gamma_neg=[4, 2], gamma_pos=1, prob_margin=0.05, class_weight=1, pos_weight=1, implementation=alibaba-miil, \
///      detach_focal_weight=false, log_floor=0, reduction=mean, label_smoothing=0, curvature=exact"
/// );
/// # Ok::<(), asymmetric_loss::Error>(())
/// ```
Settings

per class:

/// γ₋ ≥ 0, the focusing exponent of negatives; 4 by default.
gamma_neg = 4.0, FOCUSING;

/// γ₊ ≥ 0, the focusing exponent of positives; 1 by default.
gamma_pos = 1.0, FOCUSING;

/// m in [0, 1), the probability up to which a negative costs nothing; 0.05 by default.
#[doc(alias = "clip")]
prob_margin = 0.05, BELOW_ONE;

/// c, what the losses of a class are multiplied by: 0, or between 1e-12 and 1e12; 1 by default.
///
/// A class of weight 0 is left out, like elements of weight 0.
class_weight = 1.0, WEIGHT;

/// π, what the terms of positives are multiplied by: 0, or between 1e-12 and 1e12; 1 by default.
///
/// One of 0 leaves out labels of 1. In [`Implementation::AlibabaMiil`] it multiplies the positive's share of the cross-entropy, in the
/// others its whole term. On labels 0 and 1 it is the same.
pos_weight = 1.0, WEIGHT;

of all classes:

/// The formulation; [`Implementation::AlibabaMiil`] by default.
implementation: Implementation = Implementation::AlibabaMiil;

/// Whether derivatives treat the focal weight as a constant; `false` by default.
///
/// The reference calls it `disable_torch_grad_focal_loss`. Its `deep-psp` implementation then leaves the weight
/// out of the gradient altogether; this crate keeps it, as a constant.
#[doc(alias = "disable_torch_grad_focal_loss")]
detach_focal_weight: bool = false;

/// ε in [0, 1): logarithms are taken of max(·, ε); 0, which is no floor, by default.
///
/// An ε below the smallest normal number of the element type counts as 0. The reference has ε = 1e-8. It caps the cross-entropy
/// at 18.42 and silences the gradient of predictions that are badly wrong, so it is of use for reproducing reference runs only.
#[doc(alias = "eps")]
log_floor: f64 = 0.0, |floor| BELOW_ONE.check("log_floor", floor, None);

/// How the losses of all elements become one value; [`Reduction::Mean`] by default.
reduction: Reduction = Reduction::Mean, Reduction::check;

/// s in [0, 1], the share of a label that is smoothed: a label y counts as y·(1 − s) + s/2; 0 by default.
///
/// All else sees the smoothed label.
label_smoothing: f64 = 0.0, |share| SHARE.check("label_smoothing", share, None);

/// How negative curvature is treated in the Hessian diagonal; [`Curvature::Exact`] by default.
curvature: Curvature = Curvature::Exact, Curvature::check;
}

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

    /// The settings, if they are valid.
    pub(crate) fn checked(self) -> Result<Settings, Error> {
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
        Ok(self.settings)
    }
}
