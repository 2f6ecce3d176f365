//! The time of an element, against the memory floor and the loss written plainly.
//!
//! `cargo bench` prints it for every case; `RAYON_NUM_THREADS=1 cargo bench` for one thread.

use asymmetric_loss::{AsymmetricLoss, Float, Target};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use ndarray::{Array2, ShapeBuilder, Zip, par_azip};
use ndarray_rand::rand::SeedableRng;
use ndarray_rand::rand::rngs::SmallRng;
use ndarray_rand::{RandomExt, rand_distr::Normal, rand_distr::Uniform};
use std::hint::black_box;

/// Rows and classes, from one sample to a large batch.
const SHAPES: [[usize; 2]; 4] = [[1, 20], [256, 80], [4096, 80], [65536, 80]];

/// Logits as of an untrained model and labels of which one in twenty is positive.
fn data(shape: [usize; 2]) -> (Array2<f32>, Array2<f32>) {
    let mut rng = SmallRng::seed_from_u64(0);
    let logits = Array2::random_using(shape, Normal::new(0.0, 3.0).expect("a positive deviation"), &mut rng);
    let uniform = Array2::random_using(shape, Uniform::new(0.0, 1.0).expect("an interval"), &mut rng);
    (logits, uniform.mapv(|x: f32| if x < 0.05 { 1.0 } else { 0.0 }))
}

/// The loss and its gradient in the words of the paper, with the functions of the standard library.
fn plain(logits: &Array2<f32>, targets: &Array2<f32>, gradient: &mut Array2<f32>) -> f32 {
    let scale = 1.0 / logits.len() as f32;
    let mut sum = 0.0;
    Zip::from(gradient).and(logits).and(targets).for_each(|gradient, &z, &y| {
        let p = 1.0 / (1.0 + (-z).exp());
        let (loss, slope) = if y > 0.5 {
            let (q, s) = (1.0 - p, -p.ln());
            (q * s, -q * (q + p * s))
        } else {
            let u = (p - 0.05).max(0.0);
            let (v, d) = (1.0 - u, p * (1.0 - p));
            let r = -v.ln();
            (u.powi(4) * r, if u > 0.0 { d * u.powi(3) * (u / v + 4.0 * r) } else { 0.0 })
        };
        sum += loss;
        *gradient = slope * scale;
    });
    sum * scale
}

fn shapes(criterion: &mut Criterion) {
    for shape @ [rows, classes] in SHAPES {
        let (logits, targets) = data(shape);
        let mut gradient = Array2::zeros(shape);
        let loss = AsymmetricLoss::default();
        let mut group = criterion.benchmark_group(format!("{rows}x{classes}"));
        group.throughput(Throughput::Elements(logits.len() as u64)).sample_size(20);
        group.bench_function("memory floor", |bencher| {
            bencher.iter(|| {
                par_azip!((g in &mut gradient, z in &logits, y in &targets) *g = z + y);
                black_box(&gradient);
            });
        });
        group.bench_function("plain ndarray", |bencher| bencher.iter(|| plain(&logits, &targets, &mut gradient)));
        group.bench_function("value", |bencher| bencher.iter(|| loss.forward(&logits, &targets)));
        group.bench_function("value and gradient", |bencher| {
            bencher.iter(|| loss.value_and_gradient_into(&logits, &targets, &mut gradient));
        });
        group.bench_function("hessian", |bencher| bencher.iter(|| loss.hessian_diagonal(&logits, &targets)));
        group.finish();
    }
}

fn settings(criterion: &mut Criterion) {
    let shape @ [_, classes] = [4096, 80];
    let (logits, targets) = data(shape);
    let mut group = criterion.benchmark_group("settings");
    group.throughput(Throughput::Elements(logits.len() as u64)).sample_size(20);
    let mut bench = |name: &str, loss: &AsymmetricLoss| run(&mut group, name, loss, &logits, &targets);
    bench("default", &AsymmetricLoss::default());
    let build = |builder: asymmetric_loss::Builder| builder.build().expect("valid settings");
    bench("fractional", &build(AsymmetricLoss::builder().gamma_neg(2.5).gamma_pos(0.5)));
    bench(
        "per class",
        &build(AsymmetricLoss::builder().gamma_neg(vec![4.0; classes]).prob_margin(vec![0.05; classes])),
    );
    let loss = AsymmetricLoss::default();
    run(&mut group, "bool targets", &loss, &logits, &targets.mapv(|y| y == 1.0));
    run(&mut group, "soft targets", &loss, &logits, &targets.mapv(|y| 0.05 + 0.9 * y));
    run(&mut group, "f64", &loss, &logits.mapv(f64::from), &targets.mapv(f64::from));
    let fortran = |array: &Array2<f32>| {
        let mut copy = Array2::zeros(shape.f());
        copy.assign(array);
        copy
    };
    run(&mut group, "Fortran order", &loss, &fortran(&logits), &fortran(&targets));
    group.finish();
}

fn run<T: Float, Y: Target<T>>(
    group: &mut criterion::BenchmarkGroup<'_, criterion::measurement::WallTime>,
    name: &str,
    loss: &AsymmetricLoss,
    logits: &Array2<T>,
    targets: &Array2<Y>,
) {
    let mut gradient = logits.clone();
    group.bench_function(name, |bencher| {
        bencher.iter(|| loss.value_and_gradient_into(logits, targets, &mut gradient));
    });
}

criterion_group!(benches, shapes, settings);
criterion_main!(benches);
