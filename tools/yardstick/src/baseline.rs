//! What the benches of the crate and of its rivals measure against, on which data.

use ndarray::{Array2, ArrayView2, Zip, azip, par_azip};
use ndarray_rand::rand::{SeedableRng, rngs::SmallRng};
use ndarray_rand::{RandomExt, rand_distr::Bernoulli, rand_distr::Normal};

/// The margin of the default settings. Their exponents, 4 and 1, are written out as products.
pub const MARGIN: f32 = 0.05;

/// Elements from which on the memory floor takes several threads, as the crate does.
const PARALLEL_FROM: usize = 32768;

/// The loss written plainly: its value; its gradient overwrites the last argument.
pub type Plain = fn(ArrayView2<'_, f32>, ArrayView2<'_, f32>, &mut Array2<f32>) -> f32;

/// Logits as of an untrained model, and labels of which one in twenty is positive.
pub fn data(shape: [usize; 2]) -> (Array2<f32>, Array2<bool>) {
    let mut rng = SmallRng::seed_from_u64(0);
    let logits = Array2::random_using(shape, Normal::new(0.0, 3.0).expect("a positive deviation"), &mut rng);
    let labels = Array2::random_using(shape, Bernoulli::new(0.05).expect("a probability"), &mut rng);
    (logits, labels)
}

/// What it takes to read both arrays and write one, with the threads of the rayon pool where they pay.
pub fn memory_floor(logits: ArrayView2<'_, f32>, targets: ArrayView2<'_, f32>, sum: &mut Array2<f32>) {
    if logits.len() < PARALLEL_FROM {
        azip!((sum in sum, z in logits, y in targets) *sum = z + y);
    } else {
        par_azip!((sum in sum, z in logits, y in targets) *sum = z + y);
    }
}

/// Loss and slope of one element in the words of the paper, for the default settings.
fn element(z: f32, y: f32) -> (f32, f32) {
    let p = 1.0 / (1.0 + (-z).exp());
    if y > 0.5 {
        let (q, s) = (1.0 - p, -p.ln());
        (q * s, -q * (q + p * s))
    } else {
        let u = (p - MARGIN).max(0.0);
        let v = 1.0 - u;
        let s = -v.ln();
        (u.powi(4) * s, p * (1.0 - p) * u.powi(3) * (u / v + 4.0 * s))
    }
}

/// The mean loss on one thread.
pub fn plain(logits: ArrayView2<'_, f32>, targets: ArrayView2<'_, f32>, gradient: &mut Array2<f32>) -> f32 {
    let scale = 1.0 / logits.len() as f32;
    let sum = Zip::from(gradient).and(logits).and(targets).fold(0.0, |sum, gradient, &z, &y| {
        let (loss, slope) = element(z, y);
        *gradient = slope * scale;
        sum + f64::from(loss)
    });
    sum as f32 * scale
}

/// The mean loss on the threads of the rayon pool.
pub fn plain_parallel(logits: ArrayView2<'_, f32>, targets: ArrayView2<'_, f32>, gradient: &mut Array2<f32>) -> f32 {
    let scale = 1.0 / logits.len() as f32;
    let fold = |sum, gradient: &mut f32, &z: &f32, &y: &f32| {
        let (loss, slope) = element(z, y);
        *gradient = slope * scale;
        sum + f64::from(loss)
    };
    let sum = Zip::from(gradient).and(logits).and(targets).par_fold(|| 0.0, fold, |a, b| a + b);
    sum as f32 * scale
}
