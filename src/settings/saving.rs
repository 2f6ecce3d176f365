//! Settings as data: read and written by name.

use serde::de::{DeserializeSeed, Error, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use std::fmt;
use std::marker::PhantomData;

/// The settings of a loss, as the list of them defines.
pub(crate) trait Fields: Default {
    /// Their names.
    const NAMES: &'static [&'static str];

    /// Reads the value of one of them.
    fn read<'de, A: MapAccess<'de>>(&mut self, name: &str, map: &mut A) -> Result<(), A::Error>;

    /// Fails unless they are valid.
    fn check(&self) -> Result<(), crate::Error>;
}

/// Reads settings by name only: a list of numbers could be anything.
pub(crate) struct ByName<F>(pub(crate) PhantomData<F>);

impl<'de, F: Fields> Visitor<'de> for ByName<F> {
    type Value = F;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("settings by name")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<F, A::Error> {
        let (mut settings, mut seen) = (F::default(), Vec::new());
        while let Some(name) = map.next_key_seed(Key::<F>(PhantomData))? {
            if seen.contains(&name) {
                return Err(A::Error::duplicate_field(name));
            }
            settings.read(name, &mut map)?;
            seen.push(name);
        }
        settings.check().map_err(A::Error::custom)?;
        Ok(settings)
    }
}

/// Reads the name of a setting: what is wrong with one is then said where it stands.
struct Key<F>(PhantomData<F>);

impl<'de, F: Fields> DeserializeSeed<'de> for Key<F> {
    type Value = &'static str;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<&'static str, D::Error> {
        let name = String::deserialize(deserializer)?;
        if let Some(known) = F::NAMES.iter().find(|known| **known == name) {
            return Ok(known);
        }
        Err(match ELSEWHERE.iter().find(|(other, here, _)| *other == name && F::NAMES.contains(here)) {
            Some((_, _, hint)) => D::Error::custom(format_args!("unknown field `{name}`, which is {hint}")),
            None => D::Error::unknown_field(&name, F::NAMES),
        })
    }
}

/// What settings are called by other libraries, and here.
const ELSEWHERE: &[(&str, &str, &str)] = &[
    ("clip", "prob_margin", "`prob_margin` here"),
    ("eps", "log_floor", "`log_floor` here"),
    ("eps", "label_smoothing", "`label_smoothing` here"),
    ("smoothing", "label_smoothing", "`label_smoothing` here"),
    ("disable_torch_grad_focal_loss", "detach_focal_weight", "`detach_focal_weight` here"),
    ("alpha", "pos_weight", "`class_weight = 1 - alpha` and `pos_weight = alpha / (1 - alpha)` here"),
];
