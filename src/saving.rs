//! Settings as data.

use crate::error::Error;
use crate::loss::AsymmetricLoss;
use crate::parameter::Parameter;
use crate::reduction::Reduction;
use crate::safeguard::Curvature;
use crate::settings::{Implementation, Settings};
use serde::de::value::MapAccessDeserializer;
use serde::de::{Error as _, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;
use std::sync::Arc;

/// What has a name is saved by it.
macro_rules! by_name {
    ($($named:ident)*) => {$(
        impl Serialize for $named {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $named {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                String::deserialize(deserializer)?.parse().map_err(|error: Error| D::Error::custom(error))
            }
        }
    )*};
}
by_name!(Curvature Implementation Reduction);

/// The fields of [`Settings`], for serde to derive from. The settings themselves would get unchecked functions of that name.
#[derive(Serialize, Deserialize)]
#[serde(remote = "Settings", default = "Settings::default", deny_unknown_fields)]
struct Fields {
    gamma_neg: Arc<Parameter>,
    gamma_pos: Arc<Parameter>,
    prob_margin: Arc<Parameter>,
    implementation: Implementation,
    detach_focal_weight: bool,
    log_floor: f64,
    reduction: Reduction,
    class_weight: Arc<Parameter>,
    pos_weight: Arc<Parameter>,
    label_smoothing: f64,
    curvature: Curvature,
}

impl Serialize for Settings {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Fields::serialize(self, serializer)
    }
}

impl<'de> Deserialize<'de> for Settings {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_struct("Settings", NAMES, ByName)
    }
}

const NAMES: &[&str] = &[
    "gamma_neg",
    "gamma_pos",
    "prob_margin",
    "implementation",
    "detach_focal_weight",
    "log_floor",
    "reduction",
    "class_weight",
    "pos_weight",
    "label_smoothing",
    "curvature",
];

/// Takes settings by name only: a list of numbers could be anything.
struct ByName;

impl<'de> Visitor<'de> for ByName {
    type Value = Settings;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("settings by name")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Settings, A::Error> {
        let settings = Fields::deserialize(MapAccessDeserializer::new(map))?;
        settings.check().map_err(A::Error::custom)?;
        Ok(settings)
    }
}

/// A loss is saved as its settings.
impl Serialize for AsymmetricLoss {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.settings().serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for AsymmetricLoss {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Settings::deserialize(deserializer).map(Self::from)
    }
}
