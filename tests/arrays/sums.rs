//! The sum of many losses of very different sizes, in kind and in adverse orders.

use asymmetric_loss::{AsymmetricLoss, Reduction};
use ndarray::Array1;

/// As many as a large data set has labels.
const ELEMENTS: usize = 100_000_000;

/// The number of different logits.
const PERIOD: usize = 100_000;

/// Logits from confident ones, where a loss is 1e-13, to badly wrong ones.
fn logit(k: usize) -> f32 {
    let spread = (k * 7919 % PERIOD) as f32 / PERIOD as f32;
    -6.0 + 12.0 * spread * spread
}

/// The sum of the losses of one period, with the error of each addition carried along (Neumaier).
fn exact_period() -> f64 {
    let logits = Array1::from_shape_fn(PERIOD, logit);
    let loss = AsymmetricLoss::builder().prob_margin(0.0).build().expect("valid settings");
    let losses = loss.losses(&logits, &Array1::from_elem(PERIOD, false)).expect("valid input");
    let (mut sum, mut error) = (0.0_f64, 0.0);
    for &loss in &losses {
        let loss = f64::from(loss);
        let next = sum + loss;
        error += if sum.abs() >= loss { (sum - next) + loss } else { (loss - next) + sum };
        sum = next;
    }
    sum + error
}

fn check(order: &str, logits: impl Fn(usize) -> f32) {
    let logits = Array1::from_shape_fn(ELEMENTS, logits);
    let targets = Array1::from_elem(ELEMENTS, false);
    let exact = exact_period() * (ELEMENTS / PERIOD) as f64;
    let builder = AsymmetricLoss::builder().prob_margin(0.0);
    let sum: f32 =
        builder.clone().reduction(Reduction::Sum).build().expect("valid").forward(&logits, &targets).expect("valid");
    let mean: f32 = builder.build().expect("valid").forward(&logits, &targets).expect("valid");
    for (what, value) in [("sum", f64::from(sum)), ("mean", f64::from(mean) * ELEMENTS as f64)] {
        let error = (value - exact).abs() / exact;
        println!("{order}: the {what} is off by a relative {error:.1e}");
        assert!(error <= 1e-6, "{order}: {what} {value}, exact {exact}");
    }
}

#[test]
fn sum_of_1e8_losses_in_mixed_order_keeps_its_digits() {
    check("mixed", logit);
}

/// Equal losses side by side, the largest first: a single running `f32` would drop the small ones altogether.
#[test]
fn sum_of_1e8_losses_from_large_to_small_keeps_its_digits() {
    let mut sorted: Vec<f32> = (0..PERIOD).map(logit).collect();
    sorted.sort_by(|a, b| b.total_cmp(a));
    check("descending", move |k| sorted[k / (ELEMENTS / PERIOD)]);
}
