//! What is measured: one function of the crate over a list of arguments.

use std::ops::Range;

use indicatif::{ProgressBar, ProgressStyle};
use ndarray::ArrayView1;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use yardstick::{Native, Setting};

use crate::{
    points, reference,
    settings::{name, repeats_another, rounded},
    statistics::{Errors, Exact},
};

/// Arguments evaluated by one call of the crate.
const CHUNK: u64 = 1 << 16;
/// Odd and small enough that soft labels meet some millions of bit patterns.
const SOFT_STRIDE: u32 = 1009;
const HARD_LABELS: [f64; 2] = [0.0, 1.0];
const SOFT_LABELS: [f64; 3] = [0.1, 0.5, 0.9];

/// What tells a task from all others.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct Case {
    pub(crate) element: String,
    /// The setting of the loss, or the name of an elementary function.
    pub(crate) what: String,
    /// The label, or the range of the argument.
    pub(crate) of: String,
    /// Which arguments.
    pub(crate) sampling: String,
}

/// A function of the crate, and its arguments by number.
pub(crate) struct Task {
    pub(crate) case: Case,
    pub(crate) length: u64,
    evaluate: Box<dyn Fn(Range<u64>) -> Vec<Errors> + Send + Sync>,
}

impl Task {
    /// Measures arguments of the given numbers; `None` of none.
    pub(crate) fn run(&self, numbers: Range<u64>) -> Option<Vec<Errors>> {
        let Case { element, what, of, .. } = &self.case;
        let template = "{msg} {wide_bar} {percent} %, {eta} left";
        let style = ProgressStyle::with_template(template).expect("a valid template");
        let length = numbers.end - numbers.start;
        let bar = ProgressBar::new(length).with_style(style);
        bar.set_message(format!("{element}, {what}, {of}"));
        // Short lists are of slow points: enough chunks for many cores.
        let chunk = length.div_ceil(64).clamp(1, CHUNK);
        let errors = (0..length.div_ceil(chunk))
            .into_par_iter()
            .map(|k| {
                let start = numbers.start + k * chunk;
                let end = numbers.end.min(start + chunk);
                let errors = (self.evaluate)(start..end);
                bar.inc(end - start);
                errors
            })
            .reduce_with(merge);
        bar.finish_and_clear();
        errors
    }
}

/// The errors over both lists of arguments.
pub(crate) fn merge(mut all: Vec<Errors>, other: Vec<Errors>) -> Vec<Errors> {
    for (all, other) in all.iter_mut().zip(&other) {
        all.merge(other);
    }
    all
}

/// The arguments of a task.
pub(crate) enum Arguments<T> {
    /// The finite floats among the multiples of `stride`, as bit patterns.
    BitPatterns {
        stride: u32,
        float: fn(u32) -> T,
    },
    List(Vec<T>),
}

impl Arguments<f32> {
    pub(crate) fn bit_patterns(stride: u32) -> Self {
        Arguments::BitPatterns { stride, float: f32::from_bits }
    }
}

impl<T: Native> Arguments<T> {
    fn length(&self) -> u64 {
        match self {
            Arguments::BitPatterns { stride, .. } => (1_u64 << 32).div_ceil((*stride).into()),
            Arguments::List(list) => list.len() as u64,
        }
    }

    fn sampling(&self) -> String {
        match self {
            Arguments::BitPatterns { stride: 1, .. } => "all bit patterns".to_owned(),
            Arguments::BitPatterns { stride, .. } => format!("1 of {stride} bit patterns"),
            Arguments::List(list) => format!("{} points", list.len()),
        }
    }

    fn take(&self, numbers: Range<u64>) -> Vec<T> {
        match self {
            Arguments::BitPatterns { stride, float } => {
                let floats = numbers.map(|k| float((k * u64::from(*stride)) as u32));
                floats.filter(|&x| x.into().is_finite()).collect()
            }
            Arguments::List(list) => list[numbers.start as usize..numbers.end as usize].to_vec(),
        }
    }
}

/// The losses of every setting on every label in `f32`.
pub(crate) fn losses_f32(settings: &[Setting], stride: u32) -> Vec<Task> {
    let of = |(setting, y)| {
        let stride = if SOFT_LABELS.contains(&y) { stride.max(SOFT_STRIDE) } else { stride };
        loss::<f32>(setting, y, Arguments::bit_patterns(stride), reference::loss)
    };
    on_labels(settings).map(of).collect()
}

/// The losses of every setting on every label in `f64`, at hard and at `random` random logits.
pub(crate) fn losses_f64(settings: &[Setting], random: usize) -> Vec<Task> {
    let of = |(setting, y): (Setting, f64)| {
        let logits = points::hard::<f64>(&setting, random);
        loss::<f64>(setting, y, Arguments::List(logits), reference::oracle_loss)
    };
    on_labels(settings).map(of).collect()
}

fn on_labels(settings: &[Setting]) -> impl Iterator<Item = (Setting, f64)> {
    let labels = HARD_LABELS.into_iter().chain(SOFT_LABELS);
    let of = move |&setting: &Setting| labels.clone().map(move |y| (setting, y));
    settings.iter().flat_map(of).filter(|(setting, y)| !repeats_another(setting, *y))
}

fn loss<T: Native>(
    setting: Setting,
    y: f64,
    arguments: Arguments<T>,
    exact: fn(Setting, f64, f64) -> [Exact; 3],
) -> Task {
    let case = Case {
        element: T::NAME.to_owned(),
        what: name(&setting),
        of: format!("y = {y}"),
        sampling: arguments.sampling(),
    };
    let setting = rounded::<T>(setting);
    let target = T::from_f64(y);
    let crate_loss = setting.unreduced();
    let length = arguments.length();
    let evaluate = move |numbers| {
        let logits = arguments.take(numbers);
        let targets = vec![target; logits.len()];
        let (z, y) = (ArrayView1::from(&logits), ArrayView1::from(&targets));
        let losses = crate_loss.losses(&z, &y).expect("labels are in range");
        let derivatives = crate_loss.derivatives(&z, &y).expect("labels are in range");
        let (gradient, hessian) = (derivatives.gradient, derivatives.hessian_diagonal);
        let mut errors = vec![Errors::default(); 3];
        for (i, &z) in logits.iter().enumerate() {
            let z = z.into();
            let exact = exact(setting, z, target.into());
            for ((errors, actual), exact) in errors.iter_mut().zip([losses[i], gradient[i], hessian[i]]).zip(&exact) {
                errors.add::<T>(z, actual.into(), exact);
            }
        }
        errors
    };
    Task { case, length, evaluate: Box::new(evaluate) }
}

/// An elementary function from `low` to `high`, the ends included.
pub(crate) struct Function<T> {
    pub(crate) name: &'static str,
    pub(crate) low: f64,
    pub(crate) high: f64,
    pub(crate) actual: fn(&[T]) -> Vec<T>,
    pub(crate) exact: fn(f64) -> Exact,
}

impl<T: Native> Function<T> {
    pub(crate) fn task(self, arguments: Arguments<T>) -> Task {
        let Function { name, low, high, actual, exact } = self;
        let case = Case {
            element: T::NAME.to_owned(),
            what: name.to_owned(),
            of: format!("{} to {}", short(low), short(high)),
            sampling: arguments.sampling(),
        };
        let length = arguments.length();
        let evaluate = move |numbers| {
            let mut x = arguments.take(numbers);
            x.retain(|&x| (low..=high).contains(&x.into()));
            let mut errors = Errors::default();
            for (&x, actual) in x.iter().zip(actual(&x)) {
                errors.add::<T>(x.into(), actual.into(), &exact(x.into()));
            }
            vec![errors]
        };
        Task { case, length, evaluate: Box::new(evaluate) }
    }
}

/// The number in a few characters.
fn short(x: f64) -> String {
    if (1e-3..1e4).contains(&x.abs()) { format!("{x:.4}") } else { format!("{x:.1e}") }
}
