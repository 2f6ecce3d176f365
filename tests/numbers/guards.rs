//! What the guards in the formula keep out: cases where only rounding, or the order of a product, could go wrong.

use crate::common::{IMPLEMENTATIONS, Setting};
use asymmetric_loss::{Float, activation, focal};
use ndarray::Array1;
use yardstick::oracle::{Big, big, loss};

/// Exponents under which a base just above 1 explodes, as far as the largest that is not taken for another.
const HUGE_GAMMAS: [f64; 6] = [1e6, 1e8, 1e12, 1e16, 1e20, 1e30];

/// Whether no weight is above 1, for one label at logits from moderate to saturated ones.
fn check_weights<T: Float + std::fmt::Debug>(y: f64, bound: f64, epsilon: f64) {
    let direction = if y == 1.0 { -1.0 } else { 1.0 };
    let logits: Vec<T> = (0..1500).map(|k| T::from_f64(direction * bound * f64::from(k) / 1500.0)).collect();
    let labels = vec![T::from_f64(y); logits.len()];
    for implementation in IMPLEMENTATIONS {
        for margin in [0.0, 1e-30, 1e-9, 0.05] {
            for gamma in HUGE_GAMMAS {
                let setting = Setting { gamma_neg: gamma, gamma_pos: gamma, margin, implementation, detached: false };
                let [losses, gradient, _] = setting.evaluate(&logits, &labels);
                let [entropies, ..] = setting.unfocused().evaluate(&logits, &labels);
                for (i, z) in logits.iter().enumerate() {
                    let [loss, entropy, slope] = [losses[i], entropies[i], gradient[i]].map(Float::to_f64);
                    let context = format!("at z = {z:?}, y = {y}, {setting:?}");
                    assert!(
                        loss <= entropy * (1.0 + 2.0 * epsilon),
                        "loss {loss:e}, cross-entropy {entropy:e} {context}"
                    );
                    assert!(slope.is_finite(), "gradient {slope} {context}");
                }
            }
        }
    }
}

/// p is 1 but for a rounding error long before e^(−|z|) leaves the range, and the largest exponent makes anything of it.
#[test]
fn no_exponent_lifts_a_loss_above_its_cross_entropy() {
    for y in [0.0, 1.0] {
        check_weights::<f32>(y, 100.0, f32::EPSILON.into());
        check_weights::<f64>(y, 750.0, f64::EPSILON);
    }
}

/// The base of a blend is about max(y, 1 − y), and no more than 1 for any y.
#[test]
fn no_exponent_lifts_a_blend_of_labels_above_its_cross_entropy() {
    for y in [1e-30, 1e-20, 1e-12, 1e-7, 0.5] {
        check_weights::<f32>(y, 100.0, f32::EPSILON.into());
        check_weights::<f64>(y, 750.0, f64::EPSILON);
    }
}

/// The largest error of a loss in `f32` over settings, logits and labels, in units of 2⁻²⁴ of the exact loss, and where it
/// is. A loss that is not a normal number does not count.
fn largest_error(settings: &[Setting], logits: &[f32], labels: &[f32]) -> (f64, String) {
    let mut largest = (0.0, String::new());
    for &setting in settings {
        for &y in labels {
            let [losses, ..] = setting.evaluate(logits, &vec![y; logits.len()]);
            for (&z, &actual) in logits.iter().zip(&losses) {
                assert!(actual.is_finite(), "{actual} at z = {z:?}, y = {y}, {setting:?}");
                let exact = loss(setting, z.into(), y.into()).value;
                if exact < big(f32::MIN_POSITIVE.into()) {
                    continue;
                }
                let error = ((big(actual.into()) - &exact) / exact).to_f64().value().abs() * f64::exp2(24.0);
                if error > largest.0 {
                    largest = (error, format!("{actual:e} at z = {z:?}, y = {y}, {setting:?}"));
                }
            }
        }
    }
    largest
}

fn check(limit: f64, settings: &[Setting], logits: &[f32], labels: &[f32]) {
    let (error, case) = largest_error(settings, logits, labels);
    println!("at most {error:.1} · 2⁻²⁴: {case}");
    assert!(error <= limit, "{error:.1} · 2⁻²⁴: {case}");
}

fn spaced(from: f32, to: f32, count: u16) -> Vec<f32> {
    (0..count).map(|k| from + (to - from) * f32::from(k) / f32::from(count)).collect()
}

/// The formulations with one exponent for both labels, as `f32` has it.
fn with_exponent(gamma: f32, margin: f32) -> [Setting; 3] {
    let (gamma, margin) = (gamma.into(), margin.into());
    IMPLEMENTATIONS.map(|implementation| Setting {
        gamma_neg: gamma,
        gamma_pos: gamma,
        margin,
        implementation,
        detached: false,
    })
}

/// γ − 1 has a rounding error, which the logarithm of a tiny probability multiplies: without its low part the error is 29.
#[test]
fn rounding_of_an_exponent_does_not_count_in_a_tiny_weight() {
    let settings = [0.1, 0.3, 1e-3].map(|gamma| with_exponent(gamma, 0.0)).concat();
    check(5.0, &settings, &spaced(-80.0, -10.0, 40), &[0.0]);
    check(5.0, &settings, &spaced(10.0, 80.0, 40), &[1.0]);
}

/// γ multiplies the rounding error of the base: without its low part the error is 16 and more, without the share in it of
/// any constant of the margin 10 and more.
#[test]
fn rounding_of_a_small_base_does_not_count_under_a_large_exponent() {
    for margin in [0.0, 0.05] {
        let [_, deep_psp, paper] = with_exponent(10.5, margin);
        check(8.0, &[deep_psp], &spaced(-4.0, -0.9, 100), &[0.0]);
        check(10.0, &[paper], &spaced(-4.0, -0.9, 100), &[0.0]);
        check(10.0, &[deep_psp, paper], &spaced(-0.8, 1.0, 100), &[0.0]);
        check(11.0, &[paper], &spaced(0.8, 4.0, 100), &[1.0]);
    }
}

/// Base and exponent of a blend are mixtures, each with its own rounding error.
#[test]
fn rounding_of_a_blend_does_not_count_under_a_large_exponent() {
    for margin in [0.0, 0.05] {
        let settings = &with_exponent(10.3, margin)[..1];
        check(6.0, settings, &spaced(-9.0, -0.5, 60), &[0.03, 0.3, 0.7, 0.97]);
    }
}

/// In units in the last place of the exact number.
fn ulps<T: Float>(digits: i32, actual: T, exact: &Big) -> f64 {
    let exponent = (exact.to_f64().value().to_bits() >> 52) as i32 - 1023;
    ((big(actual.to_f64()) - exact) / big(f64::from(exponent - digits + 1).exp2())).to_f64().value().abs()
}

/// The largest errors of p, of p·q and of q = 1 − p.
fn check_sigmoid<T: Float>(digits: i32, bound: f64) {
    let z: Array1<T> = (-500..500).map(|k| T::from_f64(bound * (f64::from(k) / 500.0).powi(3))).collect();
    let actual = [
        activation::sigmoid(&z).expect("memory"),
        activation::sigmoid_gradient(&z).expect("memory"),
        activation::log_sigmoid_gradient(&z).expect("memory"),
    ];
    let mut largest = [0.0; 3];
    for i in 0..z.len() {
        let odds = (-big(z[i].to_f64())).exp();
        let p = big(1.0) / (big(1.0) + &odds);
        let q = &odds * &p;
        for (k, exact) in [p.clone(), &p * &q, q].iter().enumerate() {
            largest[k] = f64::max(largest[k], ulps(digits, actual[k][i], exact));
        }
    }
    println!("with {digits} bits: at most {largest:.2?} ULP");
    let [p, product, q] = largest;
    assert!(p <= 1.5 && product <= 2.0 && q <= 1.5, "with {digits} bits: {largest:.2?} ULP");
}

#[test]
fn sigmoid_and_its_gradient_are_within_two_ulp() {
    check_sigmoid::<f32>(24, 87.0);
    check_sigmoid::<f64>(53, 708.0);
}

/// Not merely near them: no logarithm is involved.
#[test]
fn powers_up_to_the_fourth_are_products() {
    let x: Array1<f64> = (1..2000).map(|k| f64::from(k) / 1999.0).collect();
    let products = [x.clone(), &x * &x, &x * &x * &x, (&x * &x) * (&x * &x)];
    for (gamma, product) in [1.0, 2.0, 3.0, 4.0].into_iter().zip(products) {
        assert_eq!(focal::weight(&x, gamma).expect("a valid exponent"), product, "γ = {gamma}");
        let slope = focal::weight_gradient(&x, gamma + 1.0).expect("a valid exponent");
        assert_eq!(slope, product * (gamma + 1.0), "slope for γ = {}", gamma + 1.0);
    }
}

/// The derivatives calculate with a finite cross-entropy there, the loss must not.
#[test]
fn infinitely_wrong_about_a_soft_label_costs_infinity() {
    for implementation in IMPLEMENTATIONS {
        for gamma in [0.0, 0.5, 1.0, 2.5, 4.0] {
            for margin in [0.0, 0.05] {
                let setting = Setting { gamma_neg: gamma, gamma_pos: gamma, margin, implementation, detached: false };
                for y in [0.1, 0.5, 0.9] {
                    // Behind a margin the cross-entropy of a negative is bounded.
                    let logits = [f64::NEG_INFINITY, if margin == 0.0 { f64::INFINITY } else { f64::NEG_INFINITY }];
                    let [losses, gradient, _] = setting.evaluate(&logits, &[y; 2]);
                    let [single, ..] = setting.evaluate(&logits.map(|z| z as f32), &[y as f32; 2]);
                    assert_eq!(losses.to_vec(), [f64::INFINITY; 2], "y = {y}, {setting:?}");
                    assert_eq!(single.to_vec(), [f32::INFINITY; 2], "y = {y}, {setting:?}");
                    assert!(gradient.iter().all(|x| x.is_finite()), "{gradient}, y = {y}, {setting:?}");
                }
            }
        }
    }
}
