//! Settings as data.

use crate::error::Error;
use crate::kind::Kind;
use crate::loss::Loss;
use crate::reduction::Reduction;
use crate::safeguard::Curvature;
use crate::settings::Implementation;
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
by_name!(Curvature Implementation Reduction);

/// Settings are saved by name, and loaded by name only: a list of numbers could be anything.
macro_rules! saved {
    ($Settings:ident { $($name:ident)* }) => {
        const _: () = {
            use serde::de::{Deserialize, Deserializer, Error, MapAccess, Visitor};
            use serde::ser::{Serialize, SerializeStruct, Serializer};

            const NAMES: &[&str] = &[$(stringify!($name)),*];

            impl Serialize for $Settings {
                fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                    let mut fields = serializer.serialize_struct("Settings", NAMES.len())?;
                    $(fields.serialize_field(stringify!($name), &self.$name)?;)*
                    fields.end()
                }
            }

            struct ByName;

            impl<'de> Visitor<'de> for ByName {
                type Value = $Settings;

                fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                    f.write_str("settings by name")
                }

                fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<$Settings, A::Error> {
                    let (mut settings, mut seen) = ($Settings::default(), Vec::new());
                    while let Some(name) = map.next_key::<String>()? {
                        match &*name {
                            $(stringify!($name) => settings.$name = map.next_value()?,)*
                            _ => return Err(A::Error::unknown_field(&name, NAMES)),
                        }
                        if seen.contains(&name) {
                            return Err(A::Error::custom(format_args!("duplicate field `{name}`")));
                        }
                        seen.push(name);
                    }
                    settings.check().map_err(A::Error::custom)?;
                    Ok(settings)
                }
            }

            impl<'de> Deserialize<'de> for $Settings {
                fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                    deserializer.deserialize_struct("Settings", NAMES, ByName)
                }
            }
        };
    };
}
pub(crate) use saved;

/// A loss is saved as its settings.
impl<K: Kind<Settings: Serialize>> Serialize for Loss<K> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.settings().serialize(serializer)
    }
}

impl<'de, K: Kind<Settings: Deserialize<'de>>> Deserialize<'de> for Loss<K> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        K::Settings::deserialize(deserializer).map(|settings| Loss { plans: crate::plans::Plans::new(settings) })
    }
}
