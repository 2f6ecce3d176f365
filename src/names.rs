//! Settings that are chosen by name.

use crate::error::Error;
use crate::parameter::{Parameter, Short};
use std::fmt;
use std::str::FromStr;

/// A setting that is chosen by name; some choices carry a number, as `divisor(128)` does.
pub(crate) trait Choice: Copy + 'static {
    /// The name of the setting.
    const SETTING: &'static str;

    /// What may be chosen, for messages.
    const EXPECTED: &'static str;

    /// Every choice once, whatever number it carries.
    const ALL: &'static [Self];

    /// The name of the choice, in lower case and with hyphens.
    fn name(self) -> &'static str;

    /// The number that it carries.
    fn number(&mut self) -> Option<&mut f64> {
        None
    }

    /// Fails if the number is out of range.
    fn check(self) -> Result<(), Error> {
        Ok(())
    }
}

pub(crate) fn write<C: Choice>(mut choice: C, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let name = choice.name();
    match choice.number() {
        Some(number) => f.pad(&format!("{name}({})", Short(*number))),
        None => f.pad(name),
    }
}

/// The choice of this name, in any case, whose hyphens may be underscores or left out.
pub(crate) fn read<C: Choice>(text: &str) -> Result<C, Error> {
    let (name, number) = match text.split_once('(') {
        Some((name, rest)) => (name, rest.strip_suffix(')').and_then(|number| number.trim().parse().ok())),
        None => (text, None),
    };
    let name = name.to_ascii_lowercase().replace('_', "-");
    for mut choice in C::ALL.iter().copied() {
        let is_named = name == choice.name() || name == choice.name().replace('-', "");
        match (choice.number(), number) {
            (Some(to), Some(number)) if is_named => *to = number,
            (None, None) if is_named && !text.contains('(') => {}
            _ => continue,
        }
        return choice.check().map(|()| choice);
    }
    Err(Error::UnknownName { parameter: C::SETTING, expected: C::EXPECTED, actual: text.to_owned() })
}

/// A setting that is read from a text.
pub(crate) trait FromText: Sized {
    /// The setting of this name that prints so.
    fn from_text(setting: &'static str, text: &str) -> Result<Self, Error>;
}

impl<C: Choice> FromText for C {
    fn from_text(_: &'static str, text: &str) -> Result<Self, Error> {
        read(text)
    }
}

impl FromText for f64 {
    fn from_text(setting: &'static str, text: &str) -> Result<Self, Error> {
        parsed(setting, "a number", text)
    }
}

impl FromText for bool {
    fn from_text(setting: &'static str, text: &str) -> Result<Self, Error> {
        parsed(setting, "true or false", text)
    }
}

impl FromText for Parameter {
    fn from_text(setting: &'static str, text: &str) -> Result<Self, Error> {
        let number = |text| parsed(setting, "a number, or numbers in brackets", text);
        match text.strip_prefix('[').and_then(|text| text.strip_suffix(']')) {
            Some(list) => list.split(',').map(number).collect::<Result<_, _>>().map(Parameter::PerClass),
            None => number(text).map(Parameter::Uniform),
        }
    }
}

/// What a text says, in the words of a type.
fn parsed<T: FromStr>(parameter: &'static str, expected: &'static str, text: &str) -> Result<T, Error> {
    text.trim().parse().map_err(|_| Error::UnknownName { parameter, expected, actual: text.to_owned() })
}

/// The names and texts of settings that are printed on one line.
pub(crate) fn pairs(line: &str) -> impl Iterator<Item = (&str, &str)> {
    let mut depth = 0;
    let pairs = line.split(move |c| {
        depth += i32::from(matches!(c, '[' | '(')) - i32::from(matches!(c, ']' | ')'));
        c == ',' && depth == 0
    });
    pairs.filter(|pair| !pair.trim().is_empty()).map(|pair| {
        let (name, text) = pair.split_once('=').unwrap_or((pair, ""));
        (name.trim(), text.trim())
    })
}

/// Lets a [`Choice`] be printed, parsed, and with the feature `serde` saved by its name.
macro_rules! by_name {
    ($choice:ident) => {
        impl std::fmt::Display for $choice {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                crate::names::write(*self, f)
            }
        }

        impl std::str::FromStr for $choice {
            type Err = crate::error::Error;

            fn from_str(name: &str) -> Result<Self, crate::error::Error> {
                crate::names::read(name)
            }
        }

        #[cfg(feature = "serde")]
        impl serde::Serialize for $choice {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        #[cfg(feature = "serde")]
        impl<'de> serde::Deserialize<'de> for $choice {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                deserializer.deserialize_str(crate::saving::Name(std::marker::PhantomData))
            }
        }
    };
}
pub(crate) use by_name;
