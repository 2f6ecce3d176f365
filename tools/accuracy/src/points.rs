//! Logits at which rounding errors are large, and random ones.

use ndarray_rand::rand::{Rng, SeedableRng, rngs::StdRng};
use yardstick::{Native, Setting};

/// Spaced, tiny and huge logits, those around the margin's kink, and `random` random ones.
pub(crate) fn hard<T: Native>(setting: &Setting, random: usize) -> Vec<T> {
    let top = 1.05 * T::MODERATE;
    let mut points: Vec<f64> = vec![0.0];
    // Evenly up to the ends of the range, and more of them where results are neither 0 nor linear.
    points.extend((-100..=100).flat_map(|k| [f64::from(k) / 100.0 * top, f64::from(k) / 5.0]));
    // Tiny.
    points
        .extend((1..=T::SMALLEST_EXPONENT.abs()).step_by(7).flat_map(|k| [1.3 * f64::from(-k).exp2()]).flat_map(both));
    if setting.margin > 0.0 {
        let kink = setting.kink();
        points.extend((1..T::DIGITS * 4).map(|k| f64::from(-k).exp2().sqrt()).flat_map(|d| [kink + d, kink - d]));
        points.extend((-64..=64).map(|steps| T::from_f64(kink).neighbour(steps).into()));
    }
    let mut rng = StdRng::seed_from_u64(0);
    points.extend((0..random).map(|k| rng.random_range(-1.0..1.0) * if k % 4 == 0 { top } else { 30.0 }));
    points.into_iter().map(T::from_f64).collect()
}

fn both(x: f64) -> [f64; 2] {
    [x, -x]
}

/// Random numbers from `low` to `high`: half of them uniform, half uniform in the logarithm of their magnitude.
pub(crate) fn random<T: Native>(low: f64, high: f64, count: usize) -> Vec<T> {
    let mut rng = StdRng::seed_from_u64(0);
    let smallest = if low > 0.0 { low } else { T::smallest_normal() };
    let logarithms = smallest.ln()..low.abs().max(high.abs()).ln();
    let mut draw = |k: usize| {
        if k.is_multiple_of(2) {
            return rng.random_range(low..high);
        }
        let x = rng.random_range(logarithms.clone()).exp();
        let x = if rng.random() { x } else { -x };
        if (low..=high).contains(&x) { x } else { -x }
    };
    let points = (0..count).map(|k| T::from_f64(draw(k)));
    // Rounding, and magnitudes that only the other end has, may lead out of the range.
    points.filter(|&x| (low..=high).contains(&x.into())).collect()
}
