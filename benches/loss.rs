//! The time of an element, against the memory floor and the loss written plainly.
//!
//! `cargo bench` prints it for every case; `RAYON_NUM_THREADS=1 cargo bench` for one thread. Part of it:
//! `cargo bench -- 4096x80`. `tools/rivals` compares with other libraries.

use asymmetric_loss::activation::{log_sigmoid, log_sigmoid_gradient, sigmoid, sigmoid_gradient};
use asymmetric_loss::focal::{weight, weight_gradient};
use asymmetric_loss::margin::{shift, shift_gradient};
use asymmetric_loss::reduction::{mean, sum};
use asymmetric_loss::single_label::{self, SingleLabelLoss};
use asymmetric_loss::{AsymmetricLoss, Builder, Curvature, Float, Implementation, IntoTargets, Label, Targets};
use criterion::measurement::WallTime;
use criterion::{BenchmarkGroup, BenchmarkId, Criterion, SamplingMode, Throughput, criterion_group, criterion_main};
use ndarray::{Array1, Array2, Ix2, ShapeBuilder, s};
use std::hint::black_box;
use std::time::Duration;
use yardstick::baseline::{MARGIN, Plain, data, memory_floor, plain, plain_parallel};

/// Rows and classes, from one sample to a large batch.
const SHAPES: [[usize; 2]; 4] = [[1, 20], [256, 80], [4096, 80], [65536, 80]];
/// 10⁸ elements, for which no cache is large enough.
const HUGE: [usize; 2] = [1_250_000, 80];
/// The shape on which settings, targets and layouts are compared.
const REFERENCE: [usize; 2] = [4096, 80];

/// Rows and classes of the single-label loss.
const SINGLE_LABEL: [usize; 2] = [4096, 1000];

type Group<'a> = BenchmarkGroup<'a, WallTime>;

fn shapes(criterion: &mut Criterion) {
    for shape in SHAPES {
        let (logits, labels) = data(shape);
        let targets = labels.mapv(f32::from);
        let mut gradient = Array2::zeros(shape);
        let mut group = group(criterion, shape, "");
        floor(&mut group, &logits, &targets, &mut gradient);
        for (name, plain) in [("plain ndarray", plain as Plain), ("plain ndarray, parallel", plain_parallel)] {
            group.bench_function(name, |bencher| {
                bencher.iter(|| plain(logits.view(), targets.view(), &mut gradient));
            });
        }
        calls(&mut group, "default", &AsymmetricLoss::default(), &logits, &targets);
        group.finish();
    }
}

fn huge(criterion: &mut Criterion) {
    let (logits, labels) = data(HUGE);
    let targets = labels.mapv(f32::from);
    let mut gradient = Array2::zeros(HUGE);
    let mut group = group(criterion, HUGE, "");
    floor(&mut group, &logits, &targets, &mut gradient);
    value_and_gradient(&mut group, "default", &AsymmetricLoss::default(), &logits, &targets, gradient);
    group.finish();
}

fn single(criterion: &mut Criterion) {
    let (logits, labels) = data(REFERENCE);
    cases(&mut group(criterion, REFERENCE, " f32"), &logits, &labels);
}

fn double(criterion: &mut Criterion) {
    let (logits, labels) = data(REFERENCE);
    cases(&mut group(criterion, REFERENCE, " f64"), &logits.mapv(f64::from), &labels);
}

/// One case per line: what differs from whole exponents, hard targets and contiguous arrays.
fn cases<T: Float>(group: &mut Group<'_>, logits: &Array2<T>, labels: &Array2<bool>) {
    let with = |settings: fn(Builder) -> Builder| settings(AsymmetricLoss::builder()).build().expect("valid settings");
    let default = with(|builder| builder);
    let fractional = with(|builder| builder.gamma_neg(2.5).gamma_pos(0.5));
    let per_class = with(|builder| {
        let classes = REFERENCE[1];
        builder.gamma_neg(vec![4.0; classes]).gamma_pos(vec![1.0; classes]).prob_margin(vec![0.05; classes])
    });
    let targets = |negative: f64, positive: f64| labels.mapv(|y| T::from_f64(if y { positive } else { negative }));
    let hard = targets(0.0, 1.0);
    // Beyond the range of the common path in `f32`, of both signs.
    let saturated = logits.mapv(|z| T::from_f64(100.0_f64.copysign(z.to_f64())));
    for (name, loss, logits, targets) in [
        ("default", &default, logits, &hard),
        ("soft targets", &default, logits, &targets(0.05, 0.95)),
        ("fractional exponents", &fractional, logits, &hard),
        ("fractional exponents, soft targets", &fractional, logits, &targets(0.05, 0.95)),
        ("settings per class", &per_class, logits, &hard),
        ("saturated logits", &default, &saturated, &hard),
        ("Fortran order", &default, &fortran(logits), &fortran(&hard)),
        ("Fortran order, settings per class", &per_class, &fortran(logits), &fortran(&hard)),
        ("Fortran order, contiguous targets", &default, &fortran(logits), &hard),
        ("strided", &default, &strided(logits), &strided(&hard)),
    ] {
        calls(group, name, loss, logits, targets);
    }
    value_and_gradient(group, "only the logits transposed", &default, &fortran(logits), &hard, logits.clone());
    calls(group, "bool targets", &default, logits, labels);
    calls(group, "u8 targets", &default, logits, &labels.mapv(u8::from));
}

/// The functions of the stages, each of whole arrays.
fn stages(criterion: &mut Criterion) {
    let (logits, _) = data(REFERENCE);
    stage_functions(&mut group(criterion, REFERENCE, " stages f32"), &logits);
    stage_functions(&mut group(criterion, REFERENCE, " stages f64"), &logits.mapv(f64::from));
}

fn stage_functions<T: Float>(group: &mut Group<'_>, logits: &Array2<T>) {
    const M: f64 = MARGIN as f64;
    type Function<T> = fn(&Array2<T>) -> Array2<T>;
    let probabilities = sigmoid(logits).expect("memory");
    let functions: [(&str, &Array2<T>, Function<T>); 10] = [
        ("sigmoid", logits, |z| sigmoid(z).expect("memory")),
        ("sigmoid_gradient", logits, |z| sigmoid_gradient(z).expect("memory")),
        ("log_sigmoid", logits, |z| log_sigmoid(z).expect("memory")),
        ("log_sigmoid_gradient", logits, |z| log_sigmoid_gradient(z).expect("memory")),
        ("shift", &probabilities, |p| shift(p, M).expect("a margin")),
        ("shift_gradient", &probabilities, |p| shift_gradient(p, M).expect("a margin")),
        ("weight, 4", &probabilities, |p| weight(p, 4.0).expect("an exponent")),
        ("weight, 2.5", &probabilities, |p| weight(p, 2.5).expect("an exponent")),
        ("weight_gradient, 4", &probabilities, |p| weight_gradient(p, 4.0).expect("an exponent")),
        ("weight_gradient, 2.5", &probabilities, |p| weight_gradient(p, 2.5).expect("an exponent")),
    ];
    for (name, array, function) in functions {
        group.bench_function(name, |bencher| bencher.iter(|| function(array)));
    }
    group.bench_function("sum", |bencher| bencher.iter(|| sum(&probabilities)));
    group.bench_function("mean", |bencher| bencher.iter(|| mean(&probabilities)));
}

/// What an element counts: weights, unknown labels, smoothing, sparse labels; and other derivatives.
fn counting(criterion: &mut Criterion) {
    for shape @ [rows, classes] in [REFERENCE, [65536, 80]] {
        let (logits, labels) = data(shape);
        let targets = labels.mapv(f32::from);
        let weights = logits.mapv(|z| z.abs() + 0.5);
        let of_rows = weights.slice(s![.., ..1]).to_owned();
        let per_class: Vec<f32> = weights.row(0).to_vec();
        let unknown = Array2::from_shape_fn(shape, |(i, j)| {
            // Two of five, without a pattern in a row.
            if (i * 7919 + j * 104_729) % 1009 % 5 < 2 { -1.0 } else { targets[[i, j]] }
        });
        let (mut offsets, mut indices) = (vec![0], Vec::new());
        for row in labels.rows() {
            indices.extend((0..classes).filter(|&class| row[class]));
            offsets.push(indices.len());
        }
        let default = AsymmetricLoss::default();
        let with = |builder: Builder| builder.build().expect("valid settings");
        let weighted = with(AsymmetricLoss::builder().class_weight(per_class.clone()));
        let smooth = AsymmetricLoss::builder().label_smoothing(0.1);
        let paper = with(smooth.clone().implementation(Implementation::Paper));
        let mut group = named_group(criterion, format!("counting/{rows}x{classes} f32"), shape);
        let dense = || Targets::new(&targets);
        value_and_gradient(&mut group, "default", &default, &logits, &targets, logits.clone());
        value_and_gradient(&mut group, "class weights", &weighted, &logits, &targets, logits.clone());
        value_and_gradient(&mut group, "weights of rows", &default, &logits, dense().weights(&of_rows), logits.clone());
        value_and_gradient(
            &mut group,
            "weights of elements",
            &default,
            &logits,
            dense().weights(&weights),
            logits.clone(),
        );
        value_and_gradient(
            &mut group,
            "40 % unknown",
            &default,
            &logits,
            Targets::new(&unknown).ignore(-1.0),
            logits.clone(),
        );
        value_and_gradient(&mut group, "smoothed", &with(smooth), &logits, &targets, logits.clone());
        value_and_gradient(&mut group, "smoothed, Paper", &paper, &logits, &targets, logits.clone());
        value_and_gradient(
            &mut group,
            "sparse",
            &default,
            &logits,
            Targets::sparse(&offsets, &indices),
            logits.clone(),
        );
        group.bench_function("parameters", |bencher| bencher.iter(|| default.parameter_gradients(&logits, &targets)));
        let (mut gradient, mut hessian) = (logits.clone(), logits.clone());
        for (name, curvature) in [("hessian", Curvature::Exact), ("hessian, at least", Curvature::AtLeast(0.01))] {
            let loss = with(AsymmetricLoss::builder().curvature(curvature));
            group.bench_function(name, |bencher| {
                bencher.iter(|| loss.derivatives_into(&logits, &targets, &mut gradient, &mut hessian));
            });
        }
        group.finish();
    }
}

/// The loss of one label among many, beside that of many labels on as many elements.
fn single_label(criterion: &mut Criterion) {
    let (logits, labels) = data(SINGLE_LABEL);
    let classes = Array1::from_shape_fn(SINGLE_LABEL[0], |row| row * 7919 % SINGLE_LABEL[1]);
    let shares = Array2::from_shape_fn(SINGLE_LABEL, |(row, class)| {
        if classes[row] == class { 0.75 } else { 0.25 / (SINGLE_LABEL[1] - 1) as f32 }
    });
    let mut gradient = logits.clone();
    let mut group = named_group(criterion, "single label/4096x1000 f32".to_owned(), SINGLE_LABEL);
    value_and_gradient(&mut group, "many labels", &AsymmetricLoss::default(), &logits, &labels, logits.clone());
    let builder = SingleLabelLoss::builder;
    for (case, settings) in [
        ("default", builder()),
        ("no smoothing", builder().label_smoothing(0.0)),
        ("fractional exponents", builder().gamma_neg(2.5).gamma_pos(0.5)),
    ] {
        let loss = settings.build().expect("valid settings");
        group.bench_function(BenchmarkId::new("value", case), |bencher| {
            bencher.iter(|| loss.forward(&logits, &classes));
        });
        group.bench_function(BenchmarkId::new("value and gradient", case), |bencher| {
            bencher.iter(|| loss.value_and_gradient_into(&logits, &classes, &mut gradient));
        });
        group.bench_function(BenchmarkId::new("value and gradient, spread targets", case), |bencher| {
            bencher
                .iter(|| loss.value_and_gradient_into(&logits, single_label::Targets::dense(&shares), &mut gradient));
        });
        group.bench_function(BenchmarkId::new("hessian", case), |bencher| {
            bencher.iter(|| loss.hessian_diagonal(&logits, &classes));
        });
    }
    group.finish();
}

/// Value, value with gradient, and curvature of one case.
fn calls<T: Float, Y: Label>(
    group: &mut Group<'_>,
    case: &str,
    loss: &AsymmetricLoss,
    logits: &Array2<T>,
    targets: &Array2<Y>,
) {
    group.bench_function(BenchmarkId::new("value", case), |bencher| bencher.iter(|| loss.forward(logits, targets)));
    value_and_gradient(group, case, loss, logits, targets, logits.clone());
    group.bench_function(BenchmarkId::new("hessian", case), |bencher| {
        bencher.iter(|| loss.hessian_diagonal(logits, targets));
    });
}

fn value_and_gradient<'a, T: Float>(
    group: &mut Group<'_>,
    case: &str,
    loss: &AsymmetricLoss,
    logits: &Array2<T>,
    targets: impl IntoTargets<'a, T, Ix2> + Clone,
    mut gradient: Array2<T>,
) {
    group.bench_function(BenchmarkId::new("value and gradient", case), |bencher| {
        bencher.iter(|| loss.value_and_gradient_into(logits, targets.clone(), &mut gradient));
    });
}

fn floor(group: &mut Group<'_>, logits: &Array2<f32>, targets: &Array2<f32>, sum: &mut Array2<f32>) {
    group.bench_function("memory floor", |bencher| {
        bencher.iter(|| {
            memory_floor(logits.view(), targets.view(), sum);
            black_box(&sum);
        });
    });
}

fn group<'a>(criterion: &'a mut Criterion, shape @ [rows, classes]: [usize; 2], suffix: &str) -> Group<'a> {
    named_group(criterion, format!("{rows}x{classes}{suffix}"), shape)
}

fn named_group(criterion: &mut Criterion, name: String, shape: [usize; 2]) -> Group<'_> {
    let elements = shape.iter().product::<usize>();
    let mut group = criterion.benchmark_group(name);
    group.throughput(Throughput::Elements(elements as u64));
    if elements > 1_000_000 {
        // Few iterations fit into a sample, so let all samples have the same number.
        group.sampling_mode(SamplingMode::Flat).sample_size(10);
    }
    group
}

fn fortran<T: Float>(array: &Array2<T>) -> Array2<T> {
    like(array, Array2::zeros(array.raw_dim().f()))
}

/// Every second element of every second row of a larger array.
fn strided<T: Float>(array: &Array2<T>) -> Array2<T> {
    let (rows, classes) = array.dim();
    like(array, Array2::zeros((2 * rows, 2 * classes)).slice_move(s![..;2, ..;2]))
}

fn like<T: Float>(array: &Array2<T>, mut layout: Array2<T>) -> Array2<T> {
    layout.assign(array);
    layout
}

criterion_group! {
    name = benches;
    config = Criterion::default()
        .sample_size(20)
        .warm_up_time(Duration::from_millis(200))
        .measurement_time(Duration::from_millis(1000))
        .nresamples(10_000);
    targets = shapes, huge, single, double, counting, stages, single_label
}
criterion_main!(benches);
