//! What a single-label loss is made of.

use super::loss::SingleLabelLoss;
use crate::error::Error;
use crate::focal;
use crate::parameter::{Parameter, Short};
use crate::reduction::Reduction;
use crate::settings::{check_each, check_weight};
use std::fmt::{self, Display};

/// The settings of a [`SingleLabelLoss`]: valid, comparable, printable on one line.
///
/// # Examples
///
/// ```
/// use asymmetric_loss::single_label::SingleLabelLoss;
///
/// let loss = SingleLabelLoss::builder().gamma_pos(1).build()?;
/// assert_eq!(
///     loss.settings().to_string(),
///     "gamma_neg=4, gamma_pos=1, label_smoothing=0.1, class_weight=1, reduction=mean"
/// );
/// # Ok::<(), asymmetric_loss::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    pub(super) gamma_neg: Parameter,
    pub(super) gamma_pos: Parameter,
    pub(super) label_smoothing: f64,
    pub(super) class_weight: Parameter,
    pub(super) reduction: Reduction,
}

impl Default for Settings {
    /// γ₋ = 4, γ₊ = 0, ε = 0.1, no class weights, [`Reduction::Mean`].
    fn default() -> Self {
        Settings {
            gamma_neg: Parameter::Uniform(4.0),
            gamma_pos: Parameter::Uniform(0.0),
            label_smoothing: 0.1,
            class_weight: Parameter::Uniform(1.0),
            reduction: Reduction::default(),
        }
    }
}

impl Settings {
    /// γ₋, the focusing exponent of all classes but the target.
    pub fn gamma_neg(&self) -> &Parameter {
        &self.gamma_neg
    }

    /// γ₊, the focusing exponent of the target class.
    pub fn gamma_pos(&self) -> &Parameter {
        &self.gamma_pos
    }

    /// ε, the share of the target that all classes have in common.
    pub fn label_smoothing(&self) -> f64 {
        self.label_smoothing
    }

    /// What the loss of a row is multiplied by, for each target class.
    pub fn class_weight(&self) -> &Parameter {
        &self.class_weight
    }

    /// How the losses of all rows become one value.
    pub fn reduction(&self) -> Reduction {
        self.reduction
    }

    /// The number of classes, where a setting says it.
    pub fn classes(&self) -> Option<usize> {
        self.per_class().next().map(|(_, classes)| classes)
    }

    /// Starts from these settings.
    pub fn to_builder(&self) -> Builder {
        Builder { settings: self.clone() }
    }

    /// The name and the number of classes of each setting that is given per class.
    pub(super) fn per_class(&self) -> impl Iterator<Item = (&'static str, usize)> {
        [("gamma_neg", &self.gamma_neg), ("gamma_pos", &self.gamma_pos), ("class_weight", &self.class_weight)]
            .into_iter()
            .filter_map(|(name, parameter)| Some((name, parameter.classes()?)))
    }

    /// Fails if a setting is out of range or empty, or if settings are given for different numbers of classes.
    fn check(&self) -> Result<(), Error> {
        check_each(&self.gamma_neg, |gamma, class| focal::check("gamma_neg", gamma, class))?;
        check_each(&self.gamma_pos, |gamma, class| focal::check("gamma_pos", gamma, class))?;
        let (parameter, actual, class) = ("label_smoothing", self.label_smoothing, None);
        if !(0.0..1.0).contains(&actual) {
            return Err(Error::ParameterOutOfRange { parameter, expected: "at least 0 and below 1", actual, class });
        }
        check_each(&self.class_weight, |weight, class| check_weight("class_weight", weight, class))?;
        self.reduction.check()?;
        if let Some((parameter, _)) = self.per_class().find(|&(_, classes)| classes == 0) {
            return Err(Error::EmptyParameter { parameter });
        }
        self.classes().map_or(Ok(()), |classes| self.check_classes(classes))
    }

    /// Fails unless settings per class are for this many classes.
    pub(super) fn check_classes(&self, expected: usize) -> Result<(), Error> {
        match self.per_class().find(|&(_, classes)| classes != expected) {
            Some((parameter, actual)) => Err(Error::ParameterLength { parameter, expected, actual }),
            None => Ok(()),
        }
    }
}

impl Display for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Settings { gamma_neg, gamma_pos, label_smoothing, class_weight, reduction } = self;
        let label_smoothing = Short(*label_smoothing);
        write!(f, "gamma_neg={gamma_neg}, gamma_pos={gamma_pos}, label_smoothing={label_smoothing}, ")?;
        write!(f, "class_weight={class_weight}, reduction={reduction}")
    }
}

/// Builds a [`SingleLabelLoss`]; see [`SingleLabelLoss::builder`].
///
/// # Examples
///
/// ```
/// use asymmetric_loss::Reduction;
/// use asymmetric_loss::single_label::SingleLabelLoss;
///
/// let loss = SingleLabelLoss::builder()
///     .gamma_neg([4.0, 2.0, 4.0])
///     .gamma_pos(1)
///     .label_smoothing(0.0)
///     .class_weight([1.0, 2.5, 1.0])
///     .reduction(Reduction::Sum)
///     .build()?;
/// # Ok::<(), asymmetric_loss::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
#[must_use]
pub struct Builder {
    settings: Settings,
}

impl Builder {
    /// γ₋ ≥ 0, the focusing exponent of all classes but the target; 4 by default.
    ///
    /// Without label smoothing it has no effect: only the target class then has a share in the loss.
    pub fn gamma_neg(mut self, gamma: impl Into<Parameter>) -> Self {
        self.settings.gamma_neg = gamma.into();
        self
    }

    /// γ₊ ≥ 0, the focusing exponent of the target class; 0 by default, as in the official code. That of timm has 1.
    pub fn gamma_pos(mut self, gamma: impl Into<Parameter>) -> Self {
        self.settings.gamma_pos = gamma.into();
        self
    }

    /// ε in [0, 1), the share of the target that all classes have in common; 0.1 by default.
    pub fn label_smoothing(mut self, epsilon: f64) -> Self {
        self.settings.label_smoothing = epsilon;
        self
    }

    /// What the loss of a row is multiplied by: the weight, at least 0, of its target class; 1 by default.
    ///
    /// For a target that is spread over classes it is Σ y_c·weight_c. Where it is 0 the row has no loss and no
    /// derivatives, whatever its logits are.
    pub fn class_weight(mut self, weight: impl Into<Parameter>) -> Self {
        self.settings.class_weight = weight.into();
        self
    }

    /// How the losses of all rows become one value; [`Reduction::Mean`], that over the known rows, by default.
    pub fn reduction(mut self, reduction: Reduction) -> Self {
        self.settings.reduction = reduction;
        self
    }

    /// The loss with these settings.
    ///
    /// # Errors
    ///
    /// - [`Error::ParameterOutOfRange`] for a γ or a class weight that is negative, NaN or infinite, for an ε outside [0, 1),
    ///   and for a divisor that is not positive and finite.
    /// - [`Error::EmptyParameter`] for a setting without values.
    /// - [`Error::ParameterLength`] if settings are given for different numbers of classes.
    pub fn build(self) -> Result<SingleLabelLoss, Error> {
        self.settings.check()?;
        Ok(SingleLabelLoss::new(self.settings))
    }
}
