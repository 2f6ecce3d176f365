//! How settings are listed: once, in a macro that makes of the list what reads, sets, checks, prints and saves them.

use crate::error::Error;
use crate::kind::Kind;
use crate::parameter::{Parameter, Short};
use crate::reduction::Reduction;
use crate::safeguard::Curvature;
use crate::settings::Implementation;
use std::convert::identity;
use std::fmt::{Debug, Display};
use std::str::FromStr;
use std::sync::Arc;

/// All settings of a kind of loss: valid, comparable, printable on one line.
pub trait SettingsList: Clone + Debug + Default + Display + PartialEq + Send + Sync + 'static {
    /// The kind of loss that they are for.
    #[doc(hidden)]
    type Kind: Kind<Settings = Self>;

    /// What changes them.
    type Builder;

    /// Starts from these settings.
    fn to_builder(&self) -> Self::Builder;

    /// How losses become one value.
    fn reduction(&self) -> Reduction;

    #[doc(hidden)]
    fn reduction_mut(&mut self) -> &mut Reduction;

    /// The first setting that is given per class, by name, and the number of its classes.
    #[doc(hidden)]
    fn per_class(&self) -> Option<(&'static str, usize)>;

    /// The number of classes, where a setting says it.
    fn classes(&self) -> Option<usize> {
        self.per_class().map(|(_, classes)| classes)
    }

    /// Fails unless settings per class are for this many classes.
    #[doc(hidden)]
    fn check_classes(&self, expected: usize) -> Result<(), Error> {
        match self.per_class() {
            Some((parameter, actual)) if actual != expected => {
                Err(Error::ParameterLength { parameter, expected, actual })
            }
            _ => Ok(()),
        }
    }
}

/// A setting as it is stored.
pub(crate) trait Setting: Sized {
    /// How it is read.
    type Given<'a>
    where
        Self: 'a;

    /// One of its values.
    type Value;

    fn get(&self) -> Self::Given<'_>;

    /// Its values, one per class where there are several.
    fn values(&self) -> impl Iterator<Item = Self::Value>;

    /// The number of classes, if it is given per class.
    fn classes(&self) -> Option<usize> {
        None
    }

    /// As it is printed.
    fn shown(&self) -> impl Display;

    /// The setting that is printed so, if there is one; what can be read otherwise is an error.
    fn parse(name: &'static str, text: &str) -> Result<Self, Error>;
}

/// The names and values of settings that are printed on one line.
pub(crate) fn pairs(line: &str) -> impl Iterator<Item = (&str, &str)> {
    let mut depth = 0;
    let pairs = line.split(move |c| {
        depth += i32::from(matches!(c, '[' | '(')) - i32::from(matches!(c, ']' | ')'));
        c == ',' && depth == 0
    });
    pairs.filter(|pair| !pair.trim().is_empty()).map(|pair| {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        (name.trim(), value.trim())
    })
}

/// What a text says, in the words of a type.
fn parsed<T: FromStr>(parameter: &'static str, expected: &'static str, text: &str) -> Result<T, Error> {
    text.trim().parse().map_err(|_| Error::UnknownName { parameter, expected, actual: text.to_owned() })
}

// Values per class are shared: copies of a loss, and other reductions of it, cost nothing.
impl Setting for Arc<Parameter> {
    type Given<'a> = &'a Parameter;
    type Value = f64;

    fn get(&self) -> &Parameter {
        self
    }

    fn values(&self) -> impl Iterator<Item = f64> {
        Parameter::values(self).iter().copied()
    }

    fn classes(&self) -> Option<usize> {
        Parameter::classes(self)
    }

    fn shown(&self) -> impl Display {
        self
    }

    fn parse(name: &'static str, text: &str) -> Result<Self, Error> {
        let number = |text| parsed(name, "a number, or numbers in brackets", text);
        let list = text.strip_prefix('[').and_then(|text| text.strip_suffix(']'));
        Ok(Arc::new(match list {
            Some(list) => Parameter::PerClass(list.split(',').map(number).collect::<Result<_, _>>()?),
            None => Parameter::Uniform(number(text)?),
        }))
    }
}

macro_rules! single_setting {
    ($($type:ident: $shown:expr, $parse:expr;)*) => {$(
        impl Setting for $type {
            type Given<'a> = $type;
            type Value = $type;

            fn get(&self) -> $type {
                *self
            }

            fn values(&self) -> impl Iterator<Item = $type> {
                std::iter::once(*self)
            }

            fn shown(&self) -> impl Display {
                $shown(*self)
            }

            fn parse(name: &'static str, text: &str) -> Result<Self, Error> {
                $parse(name, text)
            }
        }
    )*};
}
single_setting! {
    f64: Short, |name, text| parsed(name, "a number", text);
    bool: identity, |name, text| parsed(name, "true or false", text);
    Implementation: identity, |_, text: &str| text.parse();
    Reduction: identity, |_, text: &str| text.parse();
    Curvature: identity, |_, text: &str| text.parse();
}

/// Fails unless each value of a setting passes a check, and there are as many as classes.
pub(crate) fn check<S: Setting>(
    name: &'static str,
    setting: &S,
    classes: &mut Option<usize>,
    check: impl Fn(&'static str, S::Value, Option<usize>) -> Result<(), Error>,
) -> Result<(), Error> {
    let actual = setting.classes();
    setting.values().enumerate().try_for_each(|(class, value)| check(name, value, actual.map(|_| class)))?;
    match (actual, *classes) {
        (Some(0), _) => Err(Error::EmptyParameter { parameter: name }),
        (Some(actual), Some(expected)) if actual != expected => {
            Err(Error::ParameterLength { parameter: name, expected, actual })
        }
        (actual, expected) => {
            *classes = expected.or(actual);
            Ok(())
        }
    }
}

/// A check that nothing fails.
pub(crate) fn any<T>(_: &'static str, _: T, _: Option<usize>) -> Result<(), Error> {
    Ok(())
}

/// A check that fails unless a value is valid.
pub(crate) fn check_value(
    expected: &'static str,
    is_valid: impl Fn(f64) -> bool,
) -> impl Fn(&'static str, f64, Option<usize>) -> Result<(), Error> {
    move |parameter, actual, class| match is_valid(actual) {
        true => Ok(()),
        false => Err(Error::ParameterOutOfRange { parameter, expected, actual, class }),
    }
}

/// How a setting is stored.
macro_rules! stored {
    (Parameter) => { std::sync::Arc<$crate::Parameter> };
    ($type:ident) => { $type };
}

/// How a setting is given.
macro_rules! argument {
    (Parameter) => { impl Into<$crate::Parameter> };
    ($type:ident) => { $type };
}

/// How a setting is read.
macro_rules! given {
    (Parameter) => {
        &$crate::Parameter
    };
    ($type:ident) => {
        $type
    };
}

/// A setting to store, of one that is given.
macro_rules! store {
    (Parameter $value:ident) => {
        std::sync::Arc::new($value.into())
    };
    ($type:ident $value:ident) => {
        $value
    };
}

pub(crate) use {argument, given, store, stored};

/// Makes `Settings` and `Builder` of the list of all settings: for each its documentation, its name and type, its default, what checks
/// a value of it, and the documentation of what sets it.
macro_rules! settings {
    (
        $kind:ident;
        $(#[$of_settings:meta])* Settings;
        $(#[$of_default:meta])* Default;
        $(#[$of_builder:meta])* Builder;
        $(#[$of_build:meta])* build;
        $($(#[$get:meta])* $name:ident: $type:ident = $default:expr, $check:expr; $(#[$set:meta])* ($value:ident);)*
    ) => {
        $(#[$of_settings])*
        #[derive(Clone, PartialEq)]
        pub struct Settings {
            $(pub(crate) $name: $crate::setting::stored!($type),)*
        }

        $(#[$of_builder])*
        #[derive(Clone, Debug, Default, PartialEq)]
        #[must_use]
        pub struct Builder {
            settings: Settings,
            /// The error of a value that is not stored as it is given; [`build`](Self::build) reports it.
            invalid: Option<$crate::Error>,
        }

        impl Default for Settings {
            $(#[$of_default])*
            fn default() -> Self {
                $(let $name = $default;)*
                Settings { $($name: $crate::setting::store!($type $name),)* }
            }
        }

        impl Settings {
            $(
                $(#[$get])*
                pub fn $name(&self) -> $crate::setting::given!($type) {
                    $crate::setting::Setting::get(&self.$name)
                }
            )*

            /// The number of classes, where a setting says it.
            pub fn classes(&self) -> Option<usize> {
                $crate::setting::SettingsList::classes(self)
            }

            /// Starts from these settings.
            pub fn to_builder(&self) -> Builder {
                Builder { settings: self.clone(), invalid: None }
            }

            /// Fails if a setting is out of range or empty, or if settings are given for different numbers of classes.
            pub(crate) fn check(&self) -> Result<(), $crate::Error> {
                let mut classes = None;
                $($crate::setting::check(stringify!($name), &self.$name, &mut classes, $check)?;)*
                Ok(())
            }
        }

        impl $crate::setting::SettingsList for Settings {
            type Kind = $kind;
            type Builder = Builder;

            fn to_builder(&self) -> Builder {
                self.to_builder()
            }

            fn reduction(&self) -> $crate::Reduction {
                self.reduction
            }

            fn reduction_mut(&mut self) -> &mut $crate::Reduction {
                &mut self.reduction
            }

            fn per_class(&self) -> Option<(&'static str, usize)> {
                None$(.or_else(|| Some((stringify!($name), $crate::setting::Setting::classes(&self.$name)?))))*
            }
        }

        impl Builder {
            $(
                $(#[$set])*
                pub fn $name(mut self, $value: $crate::setting::argument!($type)) -> Self {
                    self.settings.$name = $crate::setting::store!($type $value);
                    self
                }
            )*

            $(#[$of_build])*
            pub fn build(self) -> Result<$crate::Loss<$kind>, $crate::Error> {
                match self.invalid {
                    Some(error) => Err(error),
                    None => self.settings.check().map(|()| self.settings.into()),
                }
            }
        }

        impl From<Settings> for $crate::Loss<$kind> {
            /// The loss with these settings.
            fn from(settings: Settings) -> Self {
                $crate::Loss { plans: $crate::plans::Plans::new(settings) }
            }
        }

        impl std::fmt::Display for Settings {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                let mut separator = "";
                $(
                    write!(f, "{separator}{}={}", stringify!($name), $crate::setting::Setting::shown(&self.$name))?;
                    separator = ", ";
                )*
                let _ = separator;
                Ok(())
            }
        }

        /// Settings as they are printed; what is not there has its default.
        impl std::str::FromStr for Settings {
            type Err = $crate::Error;

            fn from_str(line: &str) -> Result<Self, $crate::Error> {
                let mut settings = Settings::default();
                for (name, value) in $crate::setting::pairs(line) {
                    match name {
                        $(stringify!($name) => {
                            settings.$name = $crate::setting::Setting::parse(stringify!($name), value)?;
                        })*
                        _ => {
                            let expected = concat!("name=value, where a name is one of" $(, " ", stringify!($name))*);
                            let (parameter, actual) = ("settings", name.to_owned());
                            return Err($crate::Error::UnknownName { parameter, expected, actual });
                        }
                    }
                }
                settings.check().map(|()| settings)
            }
        }

        impl std::fmt::Debug for Settings {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                std::fmt::Display::fmt(self, f)
            }
        }

        #[cfg(feature = "serde")]
        $crate::saving::saved!(Settings { $($name)* });
    };
}
pub(crate) use settings;
