//! What a loss is made of.

use crate::builder::Builder;
use crate::error::Error;
use crate::kind::Kind;
use crate::multi_label::MultiLabel;
use crate::names::{Choice, by_name};
use crate::parameter::{BELOW_ONE, FOCUSING, SHARE, WEIGHT};
use crate::reduction::Reduction;
use crate::safeguard::Curvature;
use std::fmt::{Debug, Display};

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

/// All settings of a kind of loss. It is not public: the module is private.
pub trait SettingsList: Clone + Debug + Default + Display + PartialEq + Send + Sync + 'static {
    /// The kind of loss that they are for.
    type Kind: Kind<Settings = Self>;

    /// Starts from these settings.
    fn to_builder(&self) -> <Self::Kind as Kind>::Builder;

    /// How losses become one value.
    fn reduction(&self) -> Reduction;

    fn reduction_mut(&mut self) -> &mut Reduction;

    /// The number of classes, where a setting says it.
    fn classes(&self) -> Option<usize>;

    /// Fails unless settings per class are for this many classes.
    fn check_classes(&self, expected: usize) -> Result<(), Error>;
}

/// Defines the settings of a kind of loss, each listed once: `Settings` with a default, functions that read it, a check, what it prints
/// and how it is saved; and functions of the same names that set it in a `Builder`, whose field `settings` holds them.
///
/// First come settings that may differ from class to class, with their default and [`Limits`](crate::parameter::Limits), then those
/// of all classes, with type and default and, where they need one, a check.
macro_rules! settings {
    (
        $(#[$about:meta])*
        Settings of $kind:ident

        per class:
        $(#[doc = $purpose:literal] $(#[$more:meta])* $name:ident = $default:expr, $limits:expr;)*

        of all classes:
        $(#[doc = $plain_purpose:literal] $(#[$plain_more:meta])*
        $plain:ident: $type:ty = $plain_default:expr $(, $check:expr)?;)*
    ) => {
        $(#[$about])*
        // Values per class are shared: copies of a loss, and other reductions of it, cost nothing.
        #[derive(Clone, Debug, PartialEq)]
        pub struct Settings {
            $(pub(crate) $name: std::sync::Arc<crate::parameter::Parameter>,)*
            $(pub(crate) $plain: $type,)*
        }

        impl Default for Settings {
            /// What [`Builder`] says of each.
            fn default() -> Self {
                Settings {
                    $($name: std::sync::Arc::new(crate::parameter::Parameter::Uniform($default)),)*
                    $($plain: $plain_default,)*
                }
            }
        }

        impl Settings {
            $(#[doc = $purpose]
            pub fn $name(&self) -> &crate::parameter::Parameter {
                &self.$name
            })*

            $(#[doc = $plain_purpose]
            pub fn $plain(&self) -> $type {
                self.$plain
            })*

            /// The number of classes, where a setting says it.
            pub fn classes(&self) -> Option<usize> {
                self.per_class().next().map(|(_, classes)| classes)
            }

            /// The name and the number of classes of each setting that is given per class.
            pub(crate) fn per_class(&self) -> impl Iterator<Item = (&'static str, usize)> {
                let all = [$((stringify!($name), self.$name.classes())),*];
                all.into_iter().filter_map(|(name, classes)| Some((name, classes?)))
            }

            /// These settings for some of the classes, in this order.
            #[allow(dead_code)] // Not every loss asks for it.
            pub(crate) fn of_classes(&self, classes: &[usize]) -> Self {
                Settings { $($name: self.$name.of_classes(classes).map_or(self.$name.clone(), Into::into),)* ..self.clone() }
            }

            /// Fails if a setting is out of range or empty, or if settings are given for different numbers of classes.
            pub(crate) fn check(&self) -> Result<(), crate::error::Error> {
                $(self.$name.check(stringify!($name), &$limits)?;)*
                $($(($check)(self.$plain)?;)?)*
                if let Some((parameter, _)) = self.per_class().find(|&(_, classes)| classes == 0) {
                    return Err(crate::error::Error::EmptyParameter { parameter });
                }
                self.classes().map_or(Ok(()), |classes| crate::settings::SettingsList::check_classes(self, classes))
            }

        }

        impl crate::settings::SettingsList for Settings {
            type Kind = $kind;

            fn to_builder(&self) -> Builder {
                self.to_builder()
            }

            fn reduction(&self) -> crate::Reduction {
                self.reduction
            }

            fn reduction_mut(&mut self) -> &mut crate::Reduction {
                &mut self.reduction
            }

            fn classes(&self) -> Option<usize> {
                self.classes()
            }

            fn check_classes(&self, expected: usize) -> Result<(), crate::error::Error> {
                match self.per_class().find(|&(_, classes)| classes != expected) {
                    Some((parameter, actual)) => {
                        Err(crate::error::Error::ParameterLength { parameter, expected, actual })
                    }
                    None => Ok(()),
                }
            }
        }

        impl From<Settings> for crate::loss::Loss<$kind> {
            fn from(settings: Settings) -> Self {
                crate::loss::Loss { plans: crate::plans::Plans::new(settings) }
            }
        }

        /// Settings as they print; what is not there has its default.
        impl std::str::FromStr for Settings {
            type Err = crate::error::Error;

            fn from_str(line: &str) -> Result<Self, crate::error::Error> {
                let mut settings = Settings::default();
                for (name, text) in crate::names::pairs(line) {
                    match name {
                        $(stringify!($name) => {
                            settings.$name = std::sync::Arc::new(crate::names::FromText::from_text(stringify!($name), text)?);
                        })*
                        $(stringify!($plain) => {
                            settings.$plain = crate::names::FromText::from_text(stringify!($plain), text)?;
                        })*
                        _ => {
                            let expected = concat!(
                                "name=value, where a name is one of", $(" ", stringify!($name),)* $(" ", stringify!($plain),)*
                            );
                            let (parameter, actual) = ("settings", name.to_owned());
                            return Err(crate::error::Error::UnknownName { parameter, expected, actual });
                        }
                    }
                }
                settings.check().map(|()| settings)
            }
        }

        impl std::fmt::Display for Settings {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                let mut separator = "";
                $(write!(f, "{separator}{}={}", stringify!($name), self.$name)?;
                separator = ", ";)*
                $(write!(f, "{separator}{}={}", stringify!($plain), crate::parameter::Shown(&self.$plain))?;)*
                Ok(())
            }
        }

        impl Builder {
            $(#[doc = $purpose]
            $(#[$more])*
            pub fn $name(mut self, $name: impl Into<crate::parameter::Parameter>) -> Self {
                self.settings.$name = std::sync::Arc::new($name.into());
                self
            })*

            $(#[doc = $plain_purpose]
            $(#[$plain_more])*
            pub fn $plain(mut self, $plain: $type) -> Self {
                self.settings.$plain = $plain;
                self
            })*
        }

        #[cfg(feature = "serde")]
        impl crate::saving::Fields for Settings {
            const NAMES: &'static [&'static str] = &[$(stringify!($name),)* $(stringify!($plain)),*];

            fn read<'de, A: serde::de::MapAccess<'de>>(&mut self, name: &str, map: &mut A) -> Result<(), A::Error> {
                match name {
                    $(stringify!($name) => self.$name = std::sync::Arc::new(map.next_value()?),)*
                    $(stringify!($plain) => self.$plain = map.next_value()?,)*
                    _ => {}
                }
                Ok(())
            }

            fn check(&self) -> Result<(), crate::error::Error> {
                self.check()
            }
        }

        #[cfg(feature = "serde")]
        impl serde::Serialize for Settings {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                use serde::ser::SerializeStruct;
                let names = <Self as crate::saving::Fields>::NAMES;
                let mut fields = serializer.serialize_struct("Settings", names.len())?;
                $(fields.serialize_field(stringify!($name), &*self.$name)?;)*
                $(fields.serialize_field(stringify!($plain), &self.$plain)?;)*
                fields.end()
            }
        }

        #[cfg(feature = "serde")]
        impl<'de> serde::Deserialize<'de> for Settings {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let names = <Self as crate::saving::Fields>::NAMES;
                deserializer.deserialize_struct("Settings", names, crate::saving::ByName(std::marker::PhantomData))
            }
        }
    };
}
pub(crate) use settings;

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
Settings of MultiLabel

per class:

/// γ₋ ≥ 0, the focusing exponent of negatives; 4 by default.
gamma_neg = 4.0, FOCUSING;

/// γ₊ ≥ 0, the focusing exponent of positives; 1 by default.
gamma_pos = 1.0, FOCUSING;

/// m in [0, 1), the probability up to which a negative costs nothing; 0.05 by default.
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
detach_focal_weight: bool = false;

/// ε in [0, 1): logarithms are taken of max(·, ε); 0, which is no floor, by default.
///
/// An ε below the smallest normal number of the element type counts as 0. The reference has ε = 1e-8. It caps the cross-entropy
/// at 18.42 and silences the gradient of predictions that are badly wrong, so it is of use for reproducing reference runs only.
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
