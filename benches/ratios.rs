//! The time of a case as a multiple of that of the plain call: `RAYON_NUM_THREADS=1 cargo bench --bench ratios`.
//!
//! The cases take turns, and the fastest twentieth of many short calls counts: what else the machine does only adds to the
//! others. `cargo bench --bench loss` prints means and medians of more cases.

use asymmetric_loss::activation::{log_sigmoid, sigmoid, sigmoid_gradient};
use asymmetric_loss::focal::{weight, weight_gradient};
use asymmetric_loss::{
    AsymmetricLoss, Builder, Element, Implementation, IntoTargets, Kind, Loss, SingleLabelLoss, Targets,
};
use ndarray::{Array1, Array2, ArrayView2, Ix2, s};
use std::hint::black_box;
use std::time::Instant;
use yardstick::baseline::{MARGIN, data};

/// A name, and what is timed.
type Case<'a> = (&'static str, Box<dyn FnMut() + 'a>);

/// Value and gradient in one pass, into an array of its own.
fn step<'a, T: Element, K: Kind>(
    name: &'static str,
    loss: &'a Loss<K>,
    logits: ArrayView2<'a, T>,
    targets: impl IntoTargets<'a, T, Ix2, K> + Clone + 'a,
) -> Case<'a> {
    let mut gradient = logits.to_owned();
    let call = move || {
        black_box(loss.value_and_gradient_into(&logits, targets.clone(), &mut gradient)).expect("valid input");
    };
    (name, Box::new(call))
}

/// A function of the stages, of a whole array.
fn stage<'a, R>(name: &'static str, mut function: impl FnMut() -> R + 'a) -> Case<'a> {
    (name, Box::new(move || drop(black_box(function()))))
}

/// Prints the fastest twentieth of calls in turn, in nanoseconds per element and as a multiple of that of the first case.
fn compare(elements: usize, rounds: usize, mut cases: Vec<Case<'_>>) {
    let mut times = vec![Vec::with_capacity(rounds); cases.len()];
    for _ in 0..rounds {
        for ((_, call), times) in cases.iter_mut().zip(&mut times) {
            let start = Instant::now();
            call();
            times.push(start.elapsed().as_secs_f64() * 1e9 / elements as f64);
        }
    }
    let mut first = None;
    for ((name, _), mut times) in cases.iter().zip(times) {
        times.sort_unstable_by(f64::total_cmp);
        let time = times[rounds / 20];
        println!("  {name:<42}{time:>8.3} ns{:>8.2}", time / *first.get_or_insert(time));
    }
}

fn main() {
    for (shape @ [rows, classes], rounds) in [([4096, 80], 120), ([65536, 80], 12)] {
        let (logits, labels) = data(shape);
        let targets = labels.mapv(f32::from);
        let soft = labels.mapv(|y| if y { 0.95_f32 } else { 0.05 });
        let weights = logits.mapv(|z| z.abs() + 0.5);
        let of_rows = weights.slice(s![.., ..1]).to_owned();
        // Two of five, without a pattern in a row.
        let unknown =
            Array2::from_shape_fn(
                shape,
                |(i, j)| {
                    if (i * 7919 + j * 104_729) % 1009 % 5 < 2 { -1.0 } else { targets[[i, j]] }
                },
            );
        let (mut offsets, mut indices) = (vec![0], Vec::new());
        for row in labels.rows() {
            indices.extend((0..classes).filter(|&class| row[class]));
            offsets.push(indices.len());
        }
        let (doubles, double_targets) = (logits.mapv(f64::from), targets.mapv(f64::from));
        let spread = |array: &Array2<f32>| {
            let mut spread = Array2::zeros((2 * rows, 2 * classes));
            spread.slice_mut(s![..;2, ..;2]).assign(array);
            spread
        };
        let (spread_logits, spread_targets) = (spread(&logits), spread(&targets));
        let strided_targets = spread_targets.slice(s![..;2, ..;2]);
        let saturated = logits.mapv(|z| 100_f32.copysign(z));
        let in_columns = |array: &Array2<f32>| array.t().as_standard_layout().into_owned().reversed_axes();
        let (columns, target_columns) = (in_columns(&logits), in_columns(&targets));
        let probabilities = sigmoid(&logits).expect("memory");

        let with =
            |settings: fn(Builder) -> Builder| settings(AsymmetricLoss::builder()).build().expect("valid settings");
        let default = &with(|builder| builder);
        let smoothed = &with(|builder| builder.label_smoothing(0.1));
        let paper = &with(|builder| builder.label_smoothing(0.1).implementation(Implementation::Paper));
        let fractional = &with(|builder| builder.gamma_neg(2.5).gamma_pos(0.5));
        let every_class = AsymmetricLoss::builder().gamma_neg(vec![4.0; classes]).gamma_pos(vec![1.0; classes]);
        let every_class = &every_class.prob_margin(vec![f64::from(MARGIN); classes]).build().expect("valid settings");
        let weighted = &AsymmetricLoss::builder().class_weight(weights.row(0)).build().expect("valid settings");
        let (mut gradient, mut hessian) = (logits.clone(), logits.clone());
        println!("{rows} × {classes}, value and gradient unless said, {} threads", rayon::current_num_threads());
        compare(
            logits.len(),
            rounds,
            vec![
                step("labels 0 and 1", default, logits.view(), &targets),
                step("bool labels", default, logits.view(), &labels),
                step("soft labels", default, logits.view(), &soft),
                step("smoothed labels", smoothed, logits.view(), &targets),
                step("smoothed labels, Paper", paper, logits.view(), &targets),
                step("fractional exponents", fractional, logits.view(), &targets),
                step("settings per class", every_class, logits.view(), &targets),
                stage("value alone", || default.forward(&logits, &targets)),
                stage("with the Hessian", || default.derivatives_into(&logits, &targets, &mut gradient, &mut hessian)),
                stage("derivatives in the parameters", || default.parameter_gradients(&logits, &targets)),
                step("weights of classes", weighted, logits.view(), &targets),
                step("weights of rows", default, logits.view(), Targets::new(&targets).weights(&of_rows)),
                step("weights of elements", default, logits.view(), Targets::new(&targets).weights(&weights)),
                step("40 % unknown", default, logits.view(), Targets::new(&unknown).ignore(-1.0)),
                step("sparse labels", default, logits.view(), Targets::sparse(&offsets, &indices)),
                step("saturated logits", default, saturated.view(), &targets),
                step("Fortran order", default, columns.view(), &target_columns),
                step("every second row and column", default, spread_logits.slice(s![..;2, ..;2]), &strided_targets),
                step("f64", default, doubles.view(), &double_targets),
                stage("sigmoid", || sigmoid(&logits)),
                stage("sigmoid_gradient", || sigmoid_gradient(&logits)),
                stage("log_sigmoid", || log_sigmoid(&logits)),
                stage("weight, 2.5", || weight(&probabilities, 2.5)),
                stage("weight_gradient, 2.5", || weight_gradient(&probabilities, 2.5)),
            ],
        );
    }
    let (many, one) = (AsymmetricLoss::default(), SingleLabelLoss::default());
    let unsmoothed = SingleLabelLoss::builder().label_smoothing(0.0).build().expect("valid settings");
    for shape @ [rows, classes] in [[4096, 1000], [65536, 10]] {
        let (logits, labels) = data(shape);
        let (targets, indices) = (labels.mapv(f32::from), Array1::from_shape_fn(rows, |row| row * 7 % classes));
        let columns = logits.t().as_standard_layout().into_owned().reversed_axes();
        println!("{rows} × {classes}, value and gradient unless said");
        compare(
            logits.len(),
            40,
            vec![
                step("many labels", &many, logits.view(), &targets),
                step("one label in each row", &one, logits.view(), &indices),
                step("… without smoothing", &unsmoothed, logits.view(), &indices),
                stage("… value alone", || one.forward(&logits, &indices)),
                step("… in Fortran order", &one, columns.view(), &indices),
            ],
        );
    }
    let (logits, labels) = data([1, 20]);
    let targets = labels.mapv(f32::from);
    let (default, mut gradient) = (AsymmetricLoss::default(), logits.clone());
    println!("1 × 20, a thousand calls");
    let calls = || {
        for _ in 0..1000 {
            let value = default.value_and_gradient_into(black_box(&logits), &targets, &mut gradient);
            black_box(value).expect("valid input");
        }
    };
    compare(1000, 2000, vec![("value and gradient, a call", Box::new(calls))]);
}
