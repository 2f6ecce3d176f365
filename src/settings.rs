//! What a loss is made of.

use crate::error::Error;
use crate::names::{Named, parse};
use crate::parameter::{Parameter, Short};
use crate::reduction::Reduction;
use crate::safeguard::Curvature;
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
// Values per class are shared: copies of a loss, and other reductions of it, cost nothing.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    pub(crate) gamma_neg: Arc<Parameter>,
    pub(crate) gamma_pos: Arc<Parameter>,
    pub(crate) prob_margin: Arc<Parameter>,
    pub(crate) implementation: Implementation,
    pub(crate) detach_focal_weight: bool,
    pub(crate) log_floor: f64,
    pub(crate) reduction: Reduction,
    pub(crate) class_weight: Arc<Parameter>,
    pub(crate) pos_weight: Arc<Parameter>,
    pub(crate) label_smoothing: f64,
    pub(crate) curvature: Curvature,
}

impl Default for Settings {
    /// γ₋ = 4, γ₊ = 1, m = 0.05, [`Implementation::AlibabaMiil`], [`Reduction::Mean`]; no floor, no smoothing, all weights 1.
    fn default() -> Self {
        Settings {
            gamma_neg: Arc::new(Parameter::Uniform(4.0)),
            gamma_pos: Arc::new(Parameter::Uniform(1.0)),
            prob_margin: Arc::new(Parameter::Uniform(0.05)),
            implementation: Implementation::default(),
            detach_focal_weight: false,
            log_floor: 0.0,
            reduction: Reduction::default(),
            class_weight: Arc::new(Parameter::Uniform(1.0)),
            pos_weight: Arc::new(Parameter::Uniform(1.0)),
            label_smoothing: 0.0,
            curvature: Curvature::default(),
        }
    }
}

impl Settings {
    /// γ₋, the focusing exponent of negatives.
    pub fn gamma_neg(&self) -> &Parameter {
        &self.gamma_neg
    }

    /// γ₊, the focusing exponent of positives.
    pub fn gamma_pos(&self) -> &Parameter {
        &self.gamma_pos
    }

    /// m, the probability up to which a negative costs nothing.
    pub fn prob_margin(&self) -> &Parameter {
        &self.prob_margin
    }

    /// The formulation.
    pub fn implementation(&self) -> Implementation {
        self.implementation
    }

    /// Whether derivatives treat the focal weight as a constant.
    pub fn detach_focal_weight(&self) -> bool {
        self.detach_focal_weight
    }

    /// ε of the logarithms; 0 if there is none.
    pub fn log_floor(&self) -> f64 {
        self.log_floor
    }

    /// How the losses of all elements become one value.
    pub fn reduction(&self) -> Reduction {
        self.reduction
    }

    /// c, what the losses of a class are multiplied by.
    pub fn class_weight(&self) -> &Parameter {
        &self.class_weight
    }

    /// π, what the terms of positives are multiplied by.
    pub fn pos_weight(&self) -> &Parameter {
        &self.pos_weight
    }

    /// α, how far labels are drawn to ½.
    pub fn label_smoothing(&self) -> f64 {
        self.label_smoothing
    }

    /// What stands for negative curvature.
    pub fn curvature(&self) -> Curvature {
        self.curvature
    }

    /// The number of classes, where a setting says it.
    pub fn classes(&self) -> Option<usize> {
        self.per_class().next().map(|(_, classes)| classes)
    }

    /// The name and the number of classes of each setting that is given per class.
    pub(crate) fn per_class(&self) -> impl Iterator<Item = (&'static str, usize)> {
        let parameters = [
            ("gamma_neg", &*self.gamma_neg),
            ("gamma_pos", &self.gamma_pos),
            ("prob_margin", &self.prob_margin),
            ("class_weight", &self.class_weight),
            ("pos_weight", &self.pos_weight),
        ];
        parameters.into_iter().filter_map(|(name, parameter)| Some((name, parameter.classes()?)))
    }

    /// Fails if a setting is out of range or empty, or if settings are given for different numbers of classes.
    pub(crate) fn check(&self) -> Result<(), Error> {
        check_each(&self.gamma_neg, |gamma, class| focal::check("gamma_neg", gamma, class))?;
        check_each(&self.gamma_pos, |gamma, class| focal::check("gamma_pos", gamma, class))?;
        check_each(&self.prob_margin, margin::check)?;
        let (parameter, actual, class) = ("log_floor", self.log_floor, None);
        if !(0.0..1.0).contains(&actual) {
            return Err(Error::ParameterOutOfRange { parameter, expected: "at least 0 and below 1", actual, class });
        }
        for (name, parameter) in [("class_weight", &self.class_weight), ("pos_weight", &self.pos_weight)] {
            check_each(parameter, |weight, class| check_weight(name, weight, class))?;
        }
        let (parameter, actual, class) = ("label_smoothing", self.label_smoothing, None);
        if !(0.0..=1.0).contains(&actual) {
            return Err(Error::ParameterOutOfRange { parameter, expected: "between 0 and 1", actual, class });
        }
        self.reduction.check()?;
        self.curvature.check()?;
        self.check_lengths()
    }

    fn check_lengths(&self) -> Result<(), Error> {
        if let Some((parameter, _)) = self.per_class().find(|&(_, classes)| classes == 0) {
            return Err(Error::EmptyParameter { parameter });
        }
        let Some(expected) = self.classes() else { return Ok(()) };
        match self.per_class().find(|&(_, classes)| classes != expected) {
            Some((parameter, actual)) => Err(Error::ParameterLength { parameter, expected, actual }),
            None => Ok(()),
        }
    }
}

/// The largest weight: the product of three does not take a moderate loss out of the range of `f32`.
pub(crate) const LARGEST_WEIGHT: f64 = 1e12;

/// Fails unless a weight is 0 or moderate.
pub(crate) fn check_weight(parameter: &'static str, actual: f64, class: Option<usize>) -> Result<(), Error> {
    if actual == 0.0 || (1.0 / LARGEST_WEIGHT..=LARGEST_WEIGHT).contains(&actual) {
        return Ok(());
    }
    Err(Error::ParameterOutOfRange { parameter, expected: "0, or between 1e-12 and 1e12", actual, class })
}

pub(crate) fn check_each(
    parameter: &Parameter,
    check: impl Fn(f64, Option<usize>) -> Result<(), Error>,
) -> Result<(), Error> {
    match parameter {
        Parameter::Uniform(value) => check(*value, None),
        Parameter::PerClass(values) => {
            values.iter().enumerate().try_for_each(|(class, &value)| check(value, Some(class)))
        }
    }
}

impl Display for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Settings { gamma_neg, gamma_pos, prob_margin, implementation, detach_focal_weight, .. } = self;
        let Settings { reduction, class_weight, pos_weight, curvature, .. } = self;
        let (log_floor, label_smoothing) = (Short(self.log_floor), Short(self.label_smoothing));
        write!(f, "gamma_neg={gamma_neg}, gamma_pos={gamma_pos}, prob_margin={prob_margin}, ")?;
        write!(f, "implementation={implementation}, detach_focal_weight={detach_focal_weight}, ")?;
        write!(f, "log_floor={log_floor}, reduction={reduction}, class_weight={class_weight}, ")?;
        write!(f, "pos_weight={pos_weight}, label_smoothing={label_smoothing}, curvature={curvature}")
    }
}
