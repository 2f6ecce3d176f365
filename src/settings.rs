//! What a loss is made of.

/// The formulation of the loss of one label.
///
/// With s = −ln p, r = −ln(1−u) and u = max(p − m, 0). On labels 0 and 1, `Paper` and `AlibabaMiil` are the same;
/// `DeepPsp` differs on negatives where m > 0. On soft labels all three differ.
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

/// A number for every class, or one number for all.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Parameter {
    Uniform(f64),
    PerClass(Vec<f64>),
}

impl Parameter {
    pub(crate) fn values(&self) -> &[f64] {
        match self {
            Parameter::Uniform(value) => std::slice::from_ref(value),
            Parameter::PerClass(values) => values,
        }
    }

    /// The number of classes it speaks of, if it does.
    pub(crate) fn classes(&self) -> Option<usize> {
        match self {
            Parameter::Uniform(_) => None,
            Parameter::PerClass(values) => Some(values.len()),
        }
    }
}

/// What the user set.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Settings {
    pub(crate) gamma_neg: Parameter,
    pub(crate) gamma_pos: Parameter,
    pub(crate) prob_margin: Parameter,
    pub(crate) implementation: Implementation,
    pub(crate) detach_focal_weight: bool,
    pub(crate) log_floor: f64,
}

impl Settings {
    /// The name and the number of classes of each setting that is given per class.
    pub(crate) fn classes(&self) -> impl Iterator<Item = (&'static str, usize)> {
        [("gamma_neg", &self.gamma_neg), ("gamma_pos", &self.gamma_pos), ("prob_margin", &self.prob_margin)]
            .into_iter()
            .filter_map(|(name, parameter)| Some((name, parameter.classes()?)))
    }
}
