//! Settings as data.

use crate::error::Error;
use crate::loss::AsymmetricLoss;
use crate::reduction::Reduction;
use crate::settings::{Implementation, Settings};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

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
by_name!(Implementation Reduction);

impl Serialize for Settings {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Settings::serialize(self, serializer)
    }
}

/// Settings that are not there have their default; those that are no settings, or invalid, are refused.
impl<'de> Deserialize<'de> for Settings {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let settings = Settings::deserialize(deserializer)?;
        settings.check().map_err(D::Error::custom)?;
        Ok(settings)
    }
}

/// A loss is saved as its settings.
impl Serialize for AsymmetricLoss {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Serialize::serialize(self.settings(), serializer)
    }
}

impl<'de> Deserialize<'de> for AsymmetricLoss {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        <Settings as Deserialize>::deserialize(deserializer).map(Self::from)
    }
}
