//! The constants of a loss, computed once when it is built.

use super::block::block_length;
use crate::arithmetic::element::Float;
use crate::arithmetic::{Arithmetic, Pair, Task, inverse_odds, ln_2, logit, run};
use crate::settings::curvature::Curvature;
use crate::settings::multi_label::Settings;
use crate::settings::parameter::Parameter;
use crate::stages::activation::Reference;
use crate::stages::focal;
use crate::stages::formula::{Class, Formula};
use crate::stages::{Each, Uniform};

/// The number of margins whose constants are calculated at once.
const MARGINS: usize = 64;

/// The largest number below 1 that `f32` and wider types represent.
const LARGEST_MARGIN: f64 = 1.0 - 1.0 / (1 << 24) as f64;

/// The number of constants of a class that are settings: γ₋, γ₊, π and c.
const SETTINGS: usize = 4;

/// The number of constants of a class.
const CONSTANTS: usize = SETTINGS + 11;

impl<V: Copy> Reference<V> {
    /// The constants in the order of their columns.
    fn into_constants(self) -> [V; CONSTANTS - SETTINGS] {
        let Reference { m, logit: [first, second, third], log_2_odds, shift, unit, odds, complement } = self;
        [m, first, second, third, log_2_odds, shift, unit, odds.hi, odds.lo, complement.hi, complement.lo]
    }
}

impl<V: Copy> Class<V> {
    /// The constants of the columns.
    #[inline(always)]
    fn from_columns(column: impl Fn(usize) -> V) -> Self {
        Class {
            gamma_neg: column(0),
            gamma_pos: column(1),
            pos_weight: column(2),
            class_weight: column(3),
            reference: Reference {
                m: column(4),
                logit: [column(5), column(6), column(7)],
                log_2_odds: column(8),
                shift: column(9),
                unit: column(10),
                odds: Pair { hi: column(11), lo: column(12) },
                complement: Pair { hi: column(13), lo: column(14) },
            },
        }
    }
}

/// Constants of classes, a column each, so that those of neighbouring classes load as a vector.
#[derive(Clone, Debug)]
pub(crate) struct Columns<T> {
    /// The number of classes; 1 where all are alike.
    period: usize,
    /// The length of a column: where some settings are per class, it continues periodically by a block.
    length: usize,
    /// The columns one behind the other.
    constants: Vec<T>,
}

impl<T: Float> Columns<T> {
    fn zeros(columns: usize, period: usize, continuation: usize) -> Self {
        let length = period + continuation;
        Columns { period, length, constants: vec![T::from_f64(0.0); columns * length] }
    }

    /// Settings of classes.
    pub(crate) fn of<const N: usize>(settings: [&Parameter; N], period: usize, continuation: usize) -> Self {
        let mut columns = Columns::zeros(N, period, continuation);
        // A γ may round up to ∞.
        let rounded = |number: f64| T::from_f64(number.min(focal::LARGEST_GAMMA));
        for (column, parameter) in columns.columns_mut().zip(settings) {
            match parameter {
                Parameter::Uniform(value) => column.fill(rounded(*value)),
                Parameter::PerClass(values) => {
                    column.iter_mut().zip(values).for_each(|(to, from)| *to = rounded(*from));
                }
            }
        }
        columns.continue_periodically()
    }

    fn columns_mut(&mut self) -> impl Iterator<Item = &mut [T]> {
        self.constants.chunks_exact_mut(self.length)
    }

    fn set(&mut self, column: usize, class: usize, constant: T) {
        self.constants[column * self.length + class] = constant;
    }

    /// Writes the first elements of each column once more behind its last.
    fn continue_periodically(mut self) -> Self {
        let (period, length) = (self.period, self.length);
        for column in self.columns_mut() {
            (period..length).for_each(|i| column[i] = column[i - period]);
        }
        self
    }

    /// The elements of a column from that of `class` on.
    #[inline(always)]
    pub(crate) fn column(&self, index: usize, class: usize) -> &[T] {
        let class = if self.period == 1 { 0 } else { class };
        &self.constants[index * self.length..][class..self.length]
    }
}

/// The constants of all classes.
#[derive(Clone, Debug)]
pub(crate) struct Table<T> {
    /// The number of classes; 1 where all are alike.
    pub(crate) classes: usize,
    /// The settings as they are, and the weight of the class.
    settings: Columns<T>,
    references: Columns<T>,
}

impl<T: Float> Table<T> {
    fn new(settings: &Settings) -> Self {
        let Settings { gamma_neg, gamma_pos, prob_margin, pos_weight, class_weight, .. } = settings;
        let given: [&Parameter; 4] = [gamma_neg, gamma_pos, pos_weight, class_weight];
        let period = |classes: Option<usize>| classes.unwrap_or(1);
        let classes = period(settings.classes());
        let continuation = if classes > 1 { block_length::<T>() } else { 0 };
        let of_settings = period(given.into_iter().find_map(Parameter::classes));
        let columns = Columns::of(given, of_settings, continuation);
        let mut references = Columns::zeros(CONSTANTS - SETTINGS, period(prob_margin.classes()), continuation);
        // A margin may round up to 1, where nothing is left above it.
        let margin = |m: f64| Some(T::from_f64(m).to_f64()).filter(|m| *m < 1.0).unwrap_or(LARGEST_MARGIN);
        for (block, values) in prob_margin.values().chunks(MARGINS).enumerate() {
            let mut margins = [0.5; MARGINS];
            margins.iter_mut().zip(values).for_each(|(to, from)| *to = margin(*from));
            let [logit, logit_lo, odds, odds_lo] = odds(&margins, values.len());
            for i in 0..values.len() {
                let (logit, odds) = (Pair { hi: logit[i], lo: logit_lo[i] }, Pair { hi: odds[i], lo: odds_lo[i] });
                let constants = Reference::new(margins[i], logit, odds).into_constants();
                for (column, constant) in constants.into_iter().enumerate() {
                    references.set(column, block * MARGINS + i, constant);
                }
            }
        }
        Table { classes, settings: columns, references: references.continue_periodically() }
    }

    /// The constants of so many consecutive steps of classes from `class` on, starting over after the last one.
    #[inline(always)]
    pub(super) fn block<const L: usize>(&self, class: usize, steps: usize) -> Class<Each<'_, T, L>> {
        Class::from_columns(
            #[inline(always)]
            |k| Each(&self.column(k, class).as_chunks().0[..steps]),
        )
    }

    /// The constants of one class.
    pub(super) fn row(&self, class: usize) -> Class<Uniform<T>> {
        Class::from_columns(|k| Uniform(self.column(k, class)[0]))
    }

    #[inline(always)]
    fn column(&self, k: usize, class: usize) -> &[T] {
        if k < SETTINGS { self.settings.column(k, class) } else { self.references.column(k - SETTINGS, class) }
    }

    /// The weights of positives and of classes.
    fn weights(&self) -> &[T] {
        &self.settings.constants[2 * self.settings.length..]
    }
}

impl<T: Float> Reference<T> {
    /// The constants for an m in [0, 1) that `T` represents, its logit and (1 − m)/m; an m below the smallest normal number
    /// counts as 0.
    fn new(m: f64, logit: Pair<f64>, inverse_odds: Pair<f64>) -> Self {
        let zero = T::from_f64(0.0);
        let one = Pair { hi: T::from_f64(1.0), lo: zero };
        if m < smallest::<T>() {
            let (logit, odds, complement) = ([zero; 3], one, one);
            return Reference { m: zero, logit, log_2_odds: zero, shift: zero, unit: zero, odds, complement };
        }
        let round = |hi: f64, lo: f64| {
            let rounded = T::from_f64(hi);
            Pair { hi: rounded, lo: T::from_f64((hi - rounded.to_f64()) + lo) }
        };
        let Pair { hi, lo } = logit;
        // The first piece lies on the grid of ln 2, so that adding a multiple of ln 2 to it is exact. A conversion rounds
        // where `f64::round` is a call.
        let [_, _, grid] = ln_2::<T>();
        let first = (hi / grid + 0.5_f64.copysign(hi)) as i64 as f64 * grid;
        // Renormalized, because the third piece must be below a rounding of what the others leave.
        let rest = (hi - first) + lo;
        let rest = round(rest, ((hi - first) - rest) + lo);
        let (complement, complement_lo) = (1.0 - m, (1.0 - (1.0 - m)) - m);
        let shift = (inverse_odds.hi.to_bits() >> 52) as i32 - 1022;
        let unit = f64::from_bits(((1023 - shift) as u64) << 52);
        Reference {
            m: T::from_f64(m),
            logit: [T::from_f64(first), rest.hi, rest.lo],
            log_2_odds: T::from_f64(hi * std::f64::consts::LOG2_E),
            shift: T::from_f64(f64::from(shift)),
            unit: T::from_f64(unit),
            odds: round(inverse_odds.hi * unit, inverse_odds.lo * unit),
            complement: round(complement, complement_lo),
        }
    }
}

/// The smallest normal number of the range that `T` promises.
fn smallest<T: Float>() -> f64 {
    f64::from(-T::MAX_EXPONENT).exp2()
}

/// The logits of the first margins, high and low parts, and (1 − m)/m, likewise.
fn odds(margins: &[f64; MARGINS], count: usize) -> [[f64; MARGINS]; 4] {
    struct Odds<'a>(&'a [f64; MARGINS], usize);

    impl Task<f64> for Odds<'_> {
        type Output = [[f64; MARGINS]; 4];

        #[inline(always)]
        fn run<V: Arithmetic<Element = f64>>(self, context: V::Context) -> Self::Output {
            let Odds(margins, count) = self;
            let mut columns = [[0.0; MARGINS]; 4];
            for start in (0..count).step_by(V::LANES) {
                let m = V::load(context, margins, start);
                let (logit, odds) = (logit(m), inverse_odds(m));
                for (column, value) in columns.iter_mut().zip([logit.hi, logit.lo, odds.hi, odds.lo]) {
                    value.store(column, start);
                }
            }
            columns
        }
    }
    run(Odds(margins, count))
}

/// A loss in the element type `T`.
#[derive(Clone, Debug)]
pub struct Plan<T> {
    pub(super) formula: Formula<T>,
    pub(crate) table: Table<T>,
    pub(super) curvature: Curvature,
    /// Whether some class has a weight that is not 1.
    pub(super) weighs_classes: bool,
    /// Whether the positives of some class have a weight that is not 1.
    pub(super) weighs_positives: bool,
    /// Whether one of these weights is 0.
    pub(super) leaves_out: bool,
}

impl<T: Float> Plan<T> {
    pub(crate) fn new(settings: &Settings) -> Self {
        let floor = T::from_f64(settings.log_floor);
        let alpha = settings.label_smoothing;
        let table = Table::new(settings);
        let mut gammas = [&settings.gamma_neg, &settings.gamma_pos].into_iter().flat_map(|gamma| gamma.values());
        Plan {
            curvature: settings.curvature,
            weighs_classes: settings.class_weight.values().iter().any(|&weight| weight != 1.0),
            weighs_positives: settings.pos_weight.values().iter().any(|&weight| weight != 1.0),
            leaves_out: table.weights().iter().any(|weight: &T| weight.is_zero()),
            formula: Formula {
                implementation: settings.implementation,
                is_whole: gammas.all(|&gamma| focal::is_whole(gamma)),
                is_detached: settings.detach_focal_weight,
                // A floor below the smallest normal number is none.
                floor: (settings.log_floor >= smallest::<T>()).then(|| (floor, T::from_f64(-floor.to_f64().ln()))),
                smoothing: (alpha > 0.0).then(|| (T::one() - T::from_f64(alpha), T::from_f64(alpha / 2.0))),
            },
            table,
        }
    }
}
