//! The constants of a loss, computed once when it is built.

use crate::activation::Reference;
use crate::float::Float;
use crate::focal;
use crate::loss::Implementation;

/// The largest number below 1 that `f32` and wider types represent.
const LARGEST_MARGIN: f64 = 1.0 - 1.0 / (1 << 24) as f64;

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

    fn at(&self, class: usize) -> f64 {
        match self {
            Parameter::Uniform(value) => *value,
            Parameter::PerClass(values) => values[class],
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

/// The constants of one class.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Class<T> {
    /// The margin of its negatives.
    pub(crate) reference: Reference<T>,
    pub(crate) gamma_neg: T,
    pub(crate) gamma_pos: T,
}

impl<T: Float> Class<T> {
    /// The focusing exponent of a label.
    #[inline(always)]
    pub(crate) fn gamma(&self, present: bool) -> T {
        if present { self.gamma_pos } else { self.gamma_neg }
    }

    /// The margin of a label.
    #[inline(always)]
    pub(crate) fn margin(&self, present: bool) -> T {
        if present { T::zero() } else { self.reference.m }
    }

    /// These constants in another arithmetic.
    #[inline(always)]
    pub(crate) fn map<U: Float>(self, f: impl Fn(T) -> U) -> Class<U> {
        Class { reference: self.reference.map(&f), gamma_neg: f(self.gamma_neg), gamma_pos: f(self.gamma_pos) }
    }
}

/// The number of constants of a class.
const CONSTANTS: usize = Reference::<f64>::LENGTH + 2;

/// The constants of a table of classes, a column each, so that neighbouring classes load as a vector.
#[derive(Clone, Debug)]
pub(crate) struct Table<T> {
    /// The number of classes.
    pub(crate) classes: usize,
    /// The columns, continued periodically by a block.
    columns: Vec<Vec<T>>,
}

impl<T: Float> Table<T> {
    fn new(rows: &[Class<T>], overhang: usize) -> Self {
        let rows: Vec<[T; CONSTANTS]> = rows
            .iter()
            .map(|row| {
                let reference = row.reference.to_array();
                std::array::from_fn(|k| match k {
                    0 => row.gamma_neg,
                    1 => row.gamma_pos,
                    _ => reference[k - 2],
                })
            })
            .collect();
        let column = |k: usize| rows.iter().cycle().take(rows.len() + overhang).map(|row| row[k]).collect();
        Table { classes: rows.len(), columns: (0..CONSTANTS).map(column).collect() }
    }

    /// The constants of `N` consecutive classes from `class` on, starting over after the last one.
    pub(crate) fn window<const N: usize>(&self, class: usize) -> Window<'_, T, N> {
        Window(std::array::from_fn(|k| self.columns[k][class..].first_chunk().expect("columns overhang by a block")))
    }
}

/// Where the stages find the constants of a lane.
pub(crate) trait Classes<T>: Copy {
    fn at(&self, lane: usize) -> Class<T>;
}

impl<T: Float> Classes<T> for &Class<T> {
    #[inline(always)]
    fn at(&self, _lane: usize) -> Class<T> {
        **self
    }
}

/// A stretch of a [`Table`].
#[derive(Clone, Copy, Debug)]
pub(crate) struct Window<'a, T, const N: usize>([&'a [T; N]; CONSTANTS]);

impl<T: Float, const N: usize> Classes<T> for Window<'_, T, N> {
    #[inline(always)]
    fn at(&self, lane: usize) -> Class<T> {
        Class {
            gamma_neg: self.0[0][lane],
            gamma_pos: self.0[1][lane],
            reference: Reference::from_fn(|k| self.0[k + 2][lane]),
        }
    }
}

/// The constants of all classes.
#[derive(Clone, Debug)]
pub(crate) enum Rows<T> {
    Uniform(Class<T>),
    PerClass(Table<T>),
}

/// How the focal weight is raised.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Exponents {
    /// γ₋ and γ₊ are these whole numbers, both at most [`Exponents::LARGEST_WHOLE`], in every class.
    Whole { neg: u32, pos: u32 },
    /// Any others.
    Real,
}

impl Exponents {
    const LARGEST_WHOLE: f64 = 4.0;

    /// The exponent of a label, if both are whole.
    #[inline(always)]
    pub(crate) fn whole(self, present: bool) -> Option<u32> {
        match self {
            Exponents::Whole { neg, pos } => Some(if present { pos } else { neg }),
            Exponents::Real => None,
        }
    }

    fn new(neg: &Parameter, pos: &Parameter) -> Self {
        let whole = |parameter: &Parameter| match parameter.values() {
            [first, rest @ ..]
                if first.fract() == 0.0 && *first <= Self::LARGEST_WHOLE && rest.iter().all(|x| x == first) =>
            {
                Some(*first as u32)
            }
            _ => None,
        };
        match (whole(neg), whole(pos)) {
            (Some(neg), Some(pos)) => Exponents::Whole { neg, pos },
            _ => Exponents::Real,
        }
    }
}

/// A loss in the element type `T`.
#[derive(Clone, Debug)]
pub struct Plan<T> {
    pub(crate) rows: Rows<T>,
    pub(crate) exponents: Exponents,
    pub(crate) implementation: Implementation,
    pub(crate) detached: bool,
    /// ε of max(·, ε) under the logarithm, and −ln ε.
    pub(crate) floor: Option<(T, T)>,
}

impl<T: Float> Plan<T> {
    fn new(settings: &Settings) -> Self {
        let Settings { gamma_neg, gamma_pos, prob_margin, .. } = settings;
        let round = |x: f64| T::from_f64(x).to_f64();
        // A margin may round up to 1, where nothing is left above it, and a γ to ∞.
        let gamma = |gamma: f64| T::from_f64(gamma.min(focal::LARGEST_GAMMA));
        let margin = |m: f64| if round(m) < 1.0 { round(m) } else { LARGEST_MARGIN };
        let row = |class: usize| Class {
            reference: Reference::new(margin(prob_margin.at(class))),
            gamma_neg: gamma(gamma_neg.at(class)),
            gamma_pos: gamma(gamma_pos.at(class)),
        };
        let rows = match settings.classes().next() {
            None => Rows::Uniform(row(0)),
            Some((_, classes)) => {
                let rows: Vec<_> = (0..classes).map(row).collect();
                Rows::PerClass(Table::new(&rows, super::block::LANES))
            }
        };
        let floor = T::from_f64(settings.log_floor);
        Plan {
            rows,
            exponents: Exponents::new(gamma_neg, gamma_pos),
            implementation: settings.implementation,
            detached: settings.detach_focal_weight,
            // A floor below the smallest normal number is none.
            floor: (settings.log_floor >= f64::from(-T::MAX_EXPONENT).exp2())
                .then(|| (floor, T::from_f64(-round(settings.log_floor).ln()))),
        }
    }
}

/// A loss in every element type.
#[derive(Clone, Debug)]
pub struct Plans {
    pub(crate) settings: Settings,
    pub(crate) single: Plan<f32>,
    pub(crate) double: Plan<f64>,
}

impl Plans {
    pub(crate) fn new(settings: Settings) -> Self {
        Plans { single: Plan::new(&settings), double: Plan::new(&settings), settings }
    }

    /// The plan for an element type that has none ready.
    pub(crate) fn round_to<T: Float>(&self) -> Plan<T> {
        Plan::new(&self.settings)
    }
}
