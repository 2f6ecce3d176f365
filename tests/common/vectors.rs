//! Numbers recorded from other implementations.

use serde::Deserialize;
use serde::de::DeserializeOwned;

/// Relative, for every single number. The vectors are sound to 2e-13.
const TOLERANCE: f64 = 1e-12;

/// A number, or several.
#[derive(Clone, Deserialize)]
#[serde(untagged)]
pub(crate) enum Numbers {
    One(f64),
    Several(Vec<f64>),
}

impl Numbers {
    pub(crate) fn values(&self) -> &[f64] {
        match self {
            Numbers::One(value) => std::slice::from_ref(value),
            Numbers::Several(values) => values,
        }
    }
}

/// The cases of a file that a script in `vectors/` has written.
pub(crate) fn cases<C: DeserializeOwned>(vectors: &str) -> Vec<C> {
    #[derive(Deserialize)]
    struct Vectors<C> {
        cases: Vec<C>,
    }
    serde_json::from_str::<Vectors<C>>(vectors).expect("as the script has written it").cases
}

/// The first number that differs.
pub(crate) fn disagreement<'a>(ours: impl IntoIterator<Item = &'a f64>, reference: &[f64]) -> Option<String> {
    let ours: Vec<f64> = ours.into_iter().copied().collect();
    assert_eq!(ours.len(), reference.len());
    let agree = |ours: f64, reference: f64| (ours - reference).abs() <= TOLERANCE * reference.abs();
    let mut pairs = ours.iter().zip(reference).enumerate();
    let (i, (ours, reference)) = pairs.find(|&(_, (&ours, &reference))| !agree(ours, reference))?;
    Some(format!("{i}: {ours:e}, but the reference has {reference:e}"))
}
