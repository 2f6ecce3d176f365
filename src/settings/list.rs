//! How settings are listed: once, in a macro that makes of the list what reads, sets, checks, prints and saves them.

use crate::error::Error;
use crate::settings::parameter::Parameter;
use crate::settings::reduction::Reduction;
use std::fmt::{Debug, Display};

/// All settings of a kind of loss. It is not public: the module is private.
pub trait SettingsList: Clone + Debug + Default + Display + PartialEq + Send + Sync + 'static {
    /// How losses become one value.
    fn reduction(&self) -> Reduction;

    fn reduction_mut(&mut self) -> &mut Reduction;

    /// What losses count for, by class.
    fn class_weight(&self) -> &Parameter;

    /// The number of classes, where a setting says it.
    fn classes(&self) -> Option<usize>;

    /// Fails unless settings per class are for this many classes.
    fn check_classes(&self, expected: usize) -> Result<(), Error>;
}

/// Defines the settings of a kind of loss, each listed once: `Settings` with a default, functions that read it, a check, what it prints
/// and how it is saved; and functions of the same names that set it in a `Builder`, whose field `settings` holds them.
///
/// First come settings that may differ from class to class, with their default and [`Limits`](crate::settings::parameter::Limits), then those
/// of all classes, with type and default and, where they need one, a check.
macro_rules! settings {
    (
        $(#[$about:meta])*
        Settings

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
            $(pub(crate) $name: std::sync::Arc<crate::settings::parameter::Parameter>,)*
            $(pub(crate) $plain: $type,)*
        }

        impl Default for Settings {
            /// What [`Builder`] says of each.
            fn default() -> Self {
                Settings {
                    $($name: std::sync::Arc::new(crate::settings::parameter::Parameter::Uniform($default)),)*
                    $($plain: $plain_default,)*
                }
            }
        }

        impl Settings {
            $(#[doc = $purpose]
            pub fn $name(&self) -> &crate::settings::parameter::Parameter {
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
                self.classes().map_or(Ok(()), |classes| crate::settings::list::SettingsList::check_classes(self, classes))
            }

        }

        impl crate::settings::list::SettingsList for Settings {
            fn reduction(&self) -> crate::Reduction {
                self.reduction
            }

            fn reduction_mut(&mut self) -> &mut crate::Reduction {
                &mut self.reduction
            }

            fn class_weight(&self) -> &crate::settings::parameter::Parameter {
                &self.class_weight
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

        /// Settings as `{:#}` prints them; what is not there has its default.
        impl std::str::FromStr for Settings {
            type Err = crate::error::Error;

            fn from_str(line: &str) -> Result<Self, crate::error::Error> {
                let mut settings = Settings::default();
                for (name, text) in crate::settings::names::pairs(line) {
                    match name {
                        $(stringify!($name) => {
                            settings.$name = std::sync::Arc::new(crate::settings::names::FromText::from_text(stringify!($name), text)?);
                        })*
                        $(stringify!($plain) => {
                            settings.$plain = crate::settings::names::FromText::from_text(stringify!($plain), text)?;
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

        /// All settings, on one line: of long lists the first few values, or all with `{:#}`.
        impl std::fmt::Display for Settings {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                let mut separator = "";
                $(write!(f, "{separator}{}=", stringify!($name))?;
                std::fmt::Display::fmt(&self.$name, f)?;
                separator = ", ";)*
                $(write!(f, "{separator}{}={}", stringify!($plain), crate::settings::parameter::Shown(&self.$plain))?;)*
                Ok(())
            }
        }

        impl Builder {
            $(#[doc = $purpose]
            $(#[$more])*
            pub fn $name(mut self, $name: impl Into<crate::settings::parameter::Parameter>) -> Self {
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
        impl crate::settings::saving::Fields for Settings {
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
                let names = <Self as crate::settings::saving::Fields>::NAMES;
                let mut fields = serializer.serialize_struct("Settings", names.len())?;
                $(fields.serialize_field(stringify!($name), &*self.$name)?;)*
                $(fields.serialize_field(stringify!($plain), &self.$plain)?;)*
                fields.end()
            }
        }

        #[cfg(feature = "serde")]
        impl<'de> serde::Deserialize<'de> for Settings {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let names = <Self as crate::settings::saving::Fields>::NAMES;
                deserializer.deserialize_struct("Settings", names, crate::settings::saving::ByName(std::marker::PhantomData))
            }
        }
    };
}
pub(crate) use settings;
