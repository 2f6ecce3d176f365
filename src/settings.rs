//! What a loss is made of.

use crate::error::Error;
use crate::parameter::{Parameter, Short};
use crate::reduction::Reduction;
use crate::{focal, margin};
use std::fmt::{self, Display};
use std::str::FromStr;

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
        let letters = |name: &str| name.replace(['-', '_'], "").to_ascii_lowercase();
        let found = Self::ALL.into_iter().find(|implementation| letters(implementation.name()) == letters(name));
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
/// reduction = "divisor(128)"    # mean | sum | divisor(n)
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
///      log_floor=0, reduction=mean"
/// );
/// # Ok::<(), asymmetric_loss::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    pub(crate) gamma_neg: Parameter,
    pub(crate) gamma_pos: Parameter,
    pub(crate) prob_margin: Parameter,
    pub(crate) implementation: Implementation,
    pub(crate) detach_focal_weight: bool,
    pub(crate) log_floor: f64,
    pub(crate) reduction: Reduction,
}

impl Default for Settings {
    /// γ₋ = 4, γ₊ = 1, m = 0.05, [`Implementation::AlibabaMiil`], [`Reduction::Mean`].
    fn default() -> Self {
        Settings {
            gamma_neg: Parameter::Uniform(4.0),
            gamma_pos: Parameter::Uniform(1.0),
            prob_margin: Parameter::Uniform(0.05),
            implementation: Implementation::default(),
            detach_focal_weight: false,
            log_floor: 0.0,
            reduction: Reduction::default(),
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

    /// The number of classes, where a setting says it.
    pub fn classes(&self) -> Option<usize> {
        self.per_class().next().map(|(_, classes)| classes)
    }

    /// The name and the number of classes of each setting that is given per class.
    pub(crate) fn per_class(&self) -> impl Iterator<Item = (&'static str, usize)> {
        [("gamma_neg", &self.gamma_neg), ("gamma_pos", &self.gamma_pos), ("prob_margin", &self.prob_margin)]
            .into_iter()
            .filter_map(|(name, parameter)| Some((name, parameter.classes()?)))
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
        self.reduction.check()?;
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

fn check_each(parameter: &Parameter, check: impl Fn(f64, Option<usize>) -> Result<(), Error>) -> Result<(), Error> {
    match parameter {
        Parameter::Uniform(value) => check(*value, None),
        Parameter::PerClass(values) => {
            values.iter().enumerate().try_for_each(|(class, &value)| check(value, Some(class)))
        }
    }
}

impl Display for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Settings { gamma_neg, gamma_pos, prob_margin, implementation, detach_focal_weight, log_floor, reduction } =
            self;
        let log_floor = Short(*log_floor);
        write!(f, "gamma_neg={gamma_neg}, gamma_pos={gamma_pos}, prob_margin={prob_margin}, ")?;
        write!(f, "implementation={implementation}, detach_focal_weight={detach_focal_weight}, ")?;
        write!(f, "log_floor={log_floor}, reduction={reduction}")
    }
}
