//! The time of a call in this build, printed: `cargo test speed -- --nocapture`.

use crate::data::{floats, labels, logits};
use asymmetric_loss::AsymmetricLoss;
use ndarray::{Array2, Zip};
use rayon::ThreadPoolBuilder;
use std::time::{Duration, Instant};

const SHAPE: [usize; 2] = [4096, 80];
const ROUNDS: usize = 7;

/// Loss and slope of one element in the words of the paper, for the default settings.
fn element(z: f32, y: f32) -> (f32, f32) {
    let p = 1.0 / (1.0 + (-z).exp());
    if y > 0.5 {
        let (q, s) = (1.0 - p, -p.ln());
        (q * s, -q * (q + p * s))
    } else {
        let u = (p - 0.05_f32).max(0.0);
        let v = 1.0 - u;
        let s = -v.ln();
        (u.powi(4) * s, p * (1.0 - p) * u.powi(3) * (u / v + 4.0 * s))
    }
}

/// The mean loss as a user writes it.
fn plain(logits: &Array2<f32>, targets: &Array2<f32>, gradient: &mut Array2<f32>) -> f32 {
    let scale = 1.0 / logits.len() as f32;
    let sum = Zip::from(gradient).and(logits).and(targets).fold(0.0, |sum, gradient, &z, &y| {
        let (loss, slope) = element(z, y);
        *gradient = slope * scale;
        sum + f64::from(loss)
    });
    sum as f32 * scale
}

fn time(work: impl FnOnce() -> f32) -> (Duration, f32) {
    let start = Instant::now();
    let value = std::hint::black_box(work());
    (start.elapsed(), value)
}

#[test]
fn speed() {
    let (logits, targets) = (logits::<f32>(SHAPE), floats::<f32>(&labels(SHAPE)));
    let loss = AsymmetricLoss::default();
    for threads in [1, 2] {
        let pool = ThreadPoolBuilder::new().num_threads(threads).build().expect("a pool");
        let mut gradients = [logits.clone(), logits.clone()];
        let mut shortest = [Duration::MAX; 2];
        for _ in 0..ROUNDS {
            let [ours, plainly] = &mut gradients;
            let call = || loss.value_and_gradient_into(&logits, &targets, ours).expect("valid input");
            let (took, value) = pool.install(|| time(call));
            shortest[0] = shortest[0].min(took);
            let (took, plain_value) = time(|| plain(&logits, &targets, plainly));
            shortest[1] = shortest[1].min(took);
            assert!((value - plain_value).abs() <= 1e-4 * value, "{value}, but plainly {plain_value}");
        }
        let [ours, plainly] = shortest.map(|time| time.as_secs_f64() * 1e3);
        println!(
            "value and gradient of {SHAPE:?}, threads: {threads}: {ours:.3} ms; plainly on one: {plainly:.3} ms; ratio {:.2}",
            ours / plainly
        );
    }
}
