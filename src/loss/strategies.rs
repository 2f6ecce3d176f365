//! Strategies for property tests of code that calls a loss; with the feature `proptest`.
//!
//! What they make is valid: a loss refuses none of it, but for the mean of a batch in which no element counts, and that
//! [`initial_logit`](crate::AsymmetricLoss::initial_logit) needs a minimum, which a positive weight of 0, say, takes away. It shrinks to few
//! rows and classes, then to logits of 0, absent labels and default settings, as far as it still fails.
//!
//! A test may compare the gradient with differences of the value where it is the derivative of that:
//!
//! | settings | the gradient in the logits is the derivative of the value |
//! |---|---|
//! | [`smooth_settings`]: m = 0, no floor | everywhere, and the Hessian is that of the gradient |
//! | m > 0 | everywhere but where p = m: there it jumps for γ₋ = 0, in `DeepPsp`, and for soft labels in `AlibabaMiil`; the Hessian does for γ₋ ≤ 1 |
//! | `log_floor` | everywhere but where a probability meets the floor |
//! | `detach_focal_weight` | for γ₋ = γ₊ = 0 only: it takes the focal weight for a constant |
//!
//! [A recipe](crate::docs::recipes::property_tests) tests the gradient of a layer. Settings of the other loss are in
//! [`single_label::strategies`](crate::single_label::strategies).

use crate::settings::{Builder, Curvature, Implementation, Parameter, Reduction, Settings};
use ndarray::Array2;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use std::fmt::Debug;
use std::ops::Range;

/// Logits: most of them moderate, some as far from 0 as ±700, where e⁻ᶻ leaves the range of `f32`.
pub fn logits() -> impl Strategy<Value = f64> {
    prop_oneof![4 => -8.0..8.0, 1 => -60.0..60.0, 1 => -700.0..700.0]
}

/// Logits on both sides of the point where p = m, and at distances from it down to 2⁻⁴⁰; m is above 0 and below 1.
pub fn logits_beside(prob_margin: f64) -> impl Strategy<Value = f64> {
    let kink = (prob_margin / (1.0 - prob_margin)).ln();
    (0..40_i32, -1.0..1.0).prop_map(move |(halvings, distance)| kink + distance * f64::from(-halvings).exp2())
}

/// Logits that arithmetic treats apart: zeros of both signs, the smallest and the largest numbers, infinities, NaN.
pub fn special_logits() -> impl Strategy<Value = f64> {
    let positive = [0.0, f64::from_bits(1), f64::MIN_POSITIVE, f64::MAX, f64::INFINITY, f64::NAN];
    select(positive.into_iter().flat_map(|z| [z, -z]).collect::<Vec<_>>())
}

/// Labels that are 0 or 1. In `proptest::option::of` they may be unknown.
pub fn labels() -> impl Strategy<Value = f64> {
    select(vec![0.0, 1.0])
}

/// Labels from 0 to 1, many of them one of both.
pub fn soft_labels() -> impl Strategy<Value = f64> {
    prop_oneof![labels(), 0.0..1.0]
}

/// Weights of elements, rows or classes: 0, 1, and numbers between 0.01 and 20.
pub fn weights() -> impl Strategy<Value = f64> {
    // It shrinks from right to left, past what does not fail: a test that 0 passes ends at 1.
    prop_oneof![1 => Just(1.0), 1 => Just(0.0), 1 => Just(1.0), 4 => 0.01..20.0]
}

/// Offsets and indices for [`Targets::sparse`](crate::Targets::sparse).
pub fn sparse_labels(rows: usize, classes: usize) -> impl Strategy<Value = (Vec<usize>, Vec<usize>)> {
    vec(vec(any::<bool>(), classes), rows).prop_map(|rows| {
        let (mut offsets, mut indices) = (vec![0], Vec::new());
        for row in rows {
            indices.extend(row.iter().enumerate().filter(|(_, present)| **present).map(|(class, _)| class));
            offsets.push(indices.len());
        }
        (offsets, indices)
    })
}

/// Two arrays of one shape, (rows, classes): logits and labels, say.
///
/// Rows and classes are left out before elements shrink. The ranges are those of their numbers; neither may be empty, as in all of proptest.
///
/// # Examples
///
/// ```
/// use asymmetric_loss::{AsymmetricLoss, strategies};
/// use proptest::prelude::*;
///
/// proptest!(|((logits, labels) in strategies::batches(0..6, 1..9, strategies::logits(), strategies::soft_labels()))| {
///     prop_assert!(AsymmetricLoss::default().losses(&logits, &labels).unwrap().iter().all(|loss| *loss >= 0.0));
/// });
/// ```
pub fn batches<A: Clone + Debug, B: Clone + Debug>(
    rows: Range<usize>,
    classes: Range<usize>,
    logits: impl Strategy<Value = A>,
    labels: impl Strategy<Value = B>,
) -> impl Strategy<Value = (Array2<A>, Array2<B>)> {
    // Lists of rows and of classes lose single entries when they shrink, and the others stay what they are.
    let all: Vec<usize> = (0..classes.end.saturating_sub(1)).collect();
    let rows = vec(vec((logits, labels), all.len()), rows);
    (subsequence(all, classes), rows).prop_map(|(classes, rows)| {
        let (shape, element) = ((rows.len(), classes.len()), |row: usize, class: usize| &rows[row][classes[class]]);
        let logits = Array2::from_shape_fn(shape, |(row, class)| element(row, class).0.clone());
        (logits, Array2::from_shape_fn(shape, |(row, class)| element(row, class).1.clone()))
    })
}

/// Settings with one value for all classes. All reductions but the weighted mean, which may have no weight to divide by.
pub fn settings() -> impl Strategy<Value = Settings> {
    settings_of(uniform, margins(), floors())
}

/// Settings with one value for all classes, or one for each.
pub fn settings_per_class(classes: usize) -> impl Strategy<Value = Settings> {
    settings_of(move |values| uniform_or_per_class(classes, values), margins(), floors())
}

/// Settings with which the loss is differentiable everywhere, twice and more: without margin and floor, and without a detached weight.
pub fn smooth_settings() -> impl Strategy<Value = Settings> {
    let settings = settings_of(uniform, Just(0.0).boxed(), Just(0.0).boxed());
    settings.prop_map(|settings| Settings { detach_focal_weight: false, curvature: Curvature::Exact, ..settings })
}

fn uniform(values: BoxedStrategy<f64>) -> BoxedStrategy<Parameter> {
    values.prop_map(Parameter::from).boxed()
}

pub(crate) fn uniform_or_per_class(classes: usize, values: BoxedStrategy<f64>) -> BoxedStrategy<Parameter> {
    let per_class = vec(values.clone(), classes.max(1)).prop_map(Parameter::from);
    prop_oneof![uniform(values), per_class].boxed()
}

/// Focusing exponents: the default, whole ones and others.
pub(crate) fn exponents(default: f64) -> BoxedStrategy<f64> {
    prop_oneof![select(vec![default, 0.0, 1.0, 2.0, 3.0]), 0.0..8.0].boxed()
}

fn margins() -> BoxedStrategy<f64> {
    prop_oneof![Just(0.05), Just(0.0), 1e-3..0.9].boxed()
}

fn floors() -> BoxedStrategy<f64> {
    prop_oneof![3 => Just(0.0), 1 => Just(1e-8)].boxed()
}

pub(crate) fn reductions() -> impl Strategy<Value = Reduction> {
    let divisor = Reduction::Divisor(7.0);
    select(vec![Reduction::Mean, Reduction::Sum, Reduction::BatchMean, Reduction::PositiveMean, divisor])
}

/// Settings, given what makes a parameter of values, and margins and floors.
fn settings_of(
    parameter: impl Fn(BoxedStrategy<f64>) -> BoxedStrategy<Parameter>,
    margins: BoxedStrategy<f64>,
    floors: BoxedStrategy<f64>,
) -> impl Strategy<Value = Settings> {
    let exponents = |default| parameter(exponents(default));
    let weights = || parameter(weights().boxed());
    let implementations = vec![Implementation::AlibabaMiil, Implementation::DeepPsp, Implementation::Paper];
    let curvatures = vec![Curvature::Exact, Curvature::AtLeast(0.01), Curvature::Magnitude(0.01)];
    (
        (exponents(4.0), exponents(1.0), parameter(margins), weights(), weights()),
        (select(implementations), any::<bool>(), floors, reductions()),
        (select(vec![0.0, 0.1, 1.0]), select(curvatures)),
    )
        .prop_map(|((gamma_neg, gamma_pos, prob_margin, class_weight, pos_weight), formula, rest)| {
            let (implementation, detached, floor, reduction) = formula;
            let (smoothing, curvature) = rest;
            let builder = Builder::default().gamma_neg(gamma_neg).gamma_pos(gamma_pos).prob_margin(prob_margin);
            let builder = builder.class_weight(class_weight).pos_weight(pos_weight).reduction(reduction);
            let builder = builder.implementation(implementation).detach_focal_weight(detached).log_floor(floor);
            builder.label_smoothing(smoothing).curvature(curvature).settings
        })
}
