//! `f32` and `f64`, on the stack of a thread that was made for a small job.

use crate::calls::{alike, all_layouts, all_reductions, many_axes, mean_in_all_layouts, refuse, settings, stages};
use crate::counting;
use crate::data::{Element, Layout, Record, bytes, floats, infinite, labels, logits, saturated, soft_labels};
use crate::single_label;
use crate::threads::{in_small_pool, on_small_stack};
use asymmetric_loss::{AsymmetricLoss, Builder, Error, Implementation, Parameter, Reduction};
use ndarray::{Array1, Array2, Axis, s};
use rayon::prelude::*;

const KIB: usize = 256;

/// Ends within a vector, within a stretch of elements and within a copy, and has more classes than a stretch.
const SHAPE: [usize; 2] = [2, 70];

/// Is cut into several parts, but not over threads.
const ONE_THREAD: [usize; 2] = [120, 91];

/// Is cut over threads.
const THREADS: [usize; 2] = [400, 91];

/// Everything on arrays of one shape, with labels of every type.
fn with_every_label<T: Element>(builder: &Builder, logits: &Array2<T>) -> Result<Record, Error> {
    let shape = logits.dim().into();
    let hard = labels(shape);
    let float = alike(all_layouts(builder, logits, &floats::<T>(&hard))?);
    let bool = alike(all_layouts(builder, logits, &hard)?);
    let byte = alike(all_layouts(builder, logits, &bytes(&hard))?);
    assert!(float == bool && bool == byte, "the results depend on the type of the labels");
    let soft = alike(all_layouts(builder, logits, &soft_labels::<T>(shape))?);
    Ok(Record::all([float, soft]))
}

fn calls<T: Element>() -> Record {
    let (hard, soft) = (labels(SHAPE), soft_labels::<T>(SHAPE));
    let results = settings(SHAPE[1]).into_iter().flat_map(|builder| {
        let moderate = with_every_label(&builder, &logits::<T>(SHAPE)).expect("valid input");
        let [saturated, infinite] = [saturated::<T>(SHAPE), infinite(SHAPE)].map(|logits| {
            let hard = mean_in_all_layouts(&builder, &logits, &hard).expect("valid input");
            let soft = mean_in_all_layouts(&builder, &logits, &soft).expect("valid input");
            Record::all([alike(hard), alike(soft)])
        });
        assert!(moderate.all_finite() && saturated.all_finite(), "{builder:?}");
        [moderate, saturated, infinite]
    });
    Record::all(results)
}

fn axes<T: Element>() -> Record {
    let hard = labels(SHAPE);
    let results = settings(SHAPE[1]).into_iter().flat_map(|builder| {
        let logits = saturated::<T>(SHAPE);
        let mut records = many_axes(&builder, &logits, &hard).expect("valid input");
        records.extend(many_axes(&builder, &logits, &soft_labels::<T>(SHAPE)).expect("valid input"));
        records
    });
    let record = Record::all(results);
    assert!(record.all_finite());
    record
}

/// A NaN logit gives NaN in its element, and no other does.
fn not_numbers<T: Element>() -> Record {
    let (logits, labels) = (infinite::<T>(SHAPE), labels(SHAPE));
    let results = settings(SHAPE[1]).into_iter().map(|builder| {
        let loss = builder.reduction(Reduction::Sum).build().expect("valid settings");
        let losses = loss.losses(&logits, &labels).expect("valid input");
        let gradient = loss.gradient(&logits, &labels).expect("valid input");
        for ((z, loss), slope) in logits.iter().zip(&losses).zip(&gradient) {
            let is_nan = |x: &T| x.to_f64().is_nan();
            assert!(is_nan(z) == is_nan(loss) && is_nan(z) == is_nan(slope), "{z:?}: {loss:?} {slope:?}");
        }
        let mut record = Record::new();
        record.elements(&losses);
        record.elements(&gradient);
        record
    });
    Record::all(results)
}

fn long<T: Element>() -> Record {
    let (logits, labels) = (saturated::<T>(ONE_THREAD), labels(ONE_THREAD));
    let results = settings(ONE_THREAD[1]).into_iter().take(4).map(|builder| {
        let record = alike(mean_in_all_layouts(&builder, &logits, &labels).expect("valid input"));
        assert!(record.all_finite(), "{builder:?}");
        record
    });
    Record::all(results)
}

fn invalid<T: Element>() -> Record {
    let at = [1, 57];
    let logits = logits::<T>(SHAPE);
    let mut targets = bytes(&labels(SHAPE));
    targets[at] = 2;
    let byte = refuse(&logits, &targets, at);
    let with = |label: f64| {
        let mut targets = soft_labels::<T>(SHAPE);
        targets[at] = T::from_f64(label);
        refuse(&logits, &targets, at)
    };
    Record::all([byte, with(f64::NAN), with(-0.5), with(f64::INFINITY)])
}

/// What a user writes before the first call, with every kind of setting.
fn builders() -> Record {
    let gammas = vec![4.0, 2.0, 1.0];
    let per_class: [Parameter; 5] =
        [2.0.into(), [4.0, 2.0, 1.0].into(), gammas[..].into(), Array1::from(gammas.clone()).into(), gammas.into()];
    let mut record = Record::new();
    for gamma in per_class {
        let builder = AsymmetricLoss::builder().gamma_neg(gamma.clone()).prob_margin([0.0, 0.05, 0.5]);
        let loss = builder.implementation(Implementation::Paper).build().expect("valid settings");
        assert!(format!("{:?} {gamma:?}", loss.clone()).contains("paper"));
        let value = loss.forward(&ndarray::array![0.5, -0.5, 1.0], &ndarray::array![true, false, false]);
        record.number(value.expect("valid input"));
    }
    let many = vec![0.05; 10_000];
    assert!(AsymmetricLoss::builder().prob_margin(many).build().is_ok());
    for error in [
        AsymmetricLoss::builder().gamma_neg(-1.0).build().err(),
        AsymmetricLoss::builder().prob_margin([0.0, 1.0]).build().err(),
        AsymmetricLoss::builder().log_floor(1.0).build().err(),
        AsymmetricLoss::builder().gamma_neg([1.0]).gamma_pos([1.0, 2.0]).build().err(),
        AsymmetricLoss::default().forward(&ndarray::array![0.5], &ndarray::array![1.0, 0.0]).err(),
        AsymmetricLoss::default().forward(&Array2::<f64>::zeros((0, 3)), &Array2::<f64>::zeros((0, 3))).err(),
    ] {
        let message = error.expect("an error").to_string();
        assert!(message.contains(" must ") || message.contains("needs"), "{message}");
    }
    assert!(record.all_finite());
    record
}

fn stage_functions<T: Element>(shape: [usize; 2]) -> Record {
    let record = Record::all(stages(&logits::<T>(shape)).into_iter().chain(stages(&infinite::<T>(shape))));
    assert!(Record::all(stages(&logits::<T>(shape))).all_finite());
    record
}

/// Large arrays within the pool; there, waiting for one part of an array while working on another.
fn parallel<T: Element>() -> Record {
    let (logits, hard) = (saturated::<T>(THREADS), labels(THREADS));
    let soft = soft_labels::<T>(THREADS);
    let [default, _, per_class, ..] = &settings(THREADS[1])[..] else { unreachable!("there are more settings") };
    let results = [default, per_class].into_iter().flat_map(|builder| {
        let strided = |labels: bool| {
            let (logits, mut gradient) = (Layout::Strided.of(&logits), Layout::Fortran.of(&logits));
            match labels {
                true => all_reductions(builder, logits.view(), hard.view(), gradient.view_mut()),
                false => all_reductions(builder, logits.view(), soft.view(), gradient.view_mut()),
            }
        };
        let mut gradient = logits.clone();
        [
            all_reductions(builder, logits.view(), hard.view(), gradient.view_mut()).expect("valid input"),
            strided(true).expect("valid input"),
            strided(false).expect("valid input"),
        ]
    });
    let record = Record::all(results);
    assert!(record.all_finite());
    record
}

/// More calls at once than there are threads: each may begin while another waits, on the same stack.
fn nested<T: Element>() -> Record {
    let (logits, labels) = (saturated::<T>(THREADS), labels(THREADS));
    let loss = AsymmetricLoss::default();
    let calls = (0..8_usize).into_par_iter().map(|call| {
        let (logits, labels) = (logits.slice(s![call.., ..]), labels.slice(s![call.., ..]));
        let logits = if call % 2 == 0 { logits.to_owned() } else { Layout::Strided.of(&logits.to_owned()) };
        let (value, gradient) = loss.value_and_gradient(&logits.view(), &labels).expect("valid input");
        let mut record = Record::new();
        value.record(&mut record);
        record.elements(&gradient.index_axis(Axis(0), 0));
        record
    });
    let record = Record::all(calls.collect::<Vec<_>>());
    assert!(record.all_finite());
    record
}

macro_rules! tests {
    ($($float:ident)*) => {$(
        mod $float {
            use super::*;

            #[test]
            fn stages() {
                on_small_stack(KIB, || stage_functions::<$float>(SHAPE));
            }

            #[test]
            fn calls() {
                on_small_stack(KIB, super::calls::<$float>);
            }

            #[test]
            fn axes() {
                on_small_stack(KIB, super::axes::<$float>);
            }

            #[test]
            fn not_numbers() {
                on_small_stack(KIB, super::not_numbers::<$float>);
            }

            #[test]
            fn counting() {
                on_small_stack(KIB, || counting::targets::<$float>(SHAPE));
            }

            #[test]
            fn parallel_counting() {
                in_small_pool(KIB, || counting::strided_targets::<$float>(THREADS));
            }

            #[test]
            fn single_label() {
                on_small_stack(KIB, || single_label::calls::<$float>(SHAPE));
                on_small_stack(KIB, || single_label::refuse::<$float>(SHAPE));
            }

            #[test]
            fn parallel_single_label() {
                in_small_pool(KIB, || single_label::parallel::<$float>(THREADS));
            }

            #[test]
            fn long() {
                on_small_stack(KIB, super::long::<$float>);
            }

            #[test]
            fn invalid() {
                on_small_stack(KIB, super::invalid::<$float>);
            }

            #[test]
            fn parallel_stages() {
                in_small_pool(KIB, || stage_functions::<$float>(THREADS));
            }

            #[test]
            fn parallel() {
                in_small_pool(KIB, super::parallel::<$float>);
            }

            #[test]
            fn nested() {
                in_small_pool(KIB, super::nested::<$float>);
            }
        }
    )*};
}
tests!(f32 f64);

#[test]
fn from_settings() {
    on_small_stack(KIB, counting::from_settings);
}

#[test]
fn builders_and_errors() {
    on_small_stack(KIB, builders);
}
