//! Settings and logits where a step on the way to a result leaves the range of the type, but the result does not.

use crate::common::{IMPLEMENTATIONS, Setting};
use asymmetric_loss::reduction;
use asymmetric_loss::{AsymmetricLoss, Implementation, Reduction};
use ndarray::{Array1, array};
use yardstick::oracle::{Big, loss};

/// In units in the last place.
const LARGEST_ERROR: f64 = 32.0;

fn to_f64(x: &Big) -> f64 {
    x.to_f64().value()
}

/// Compares with the true result; one below the smallest normal number may be off by 64 of it.
fn check(what: &str, actual: f64, exact: f64, epsilon: f64, smallest: f64) {
    let allowed = (LARGEST_ERROR * epsilon * exact.abs()).max(64.0 * smallest);
    assert!((actual - exact).abs() <= allowed, "{what}: {actual:e}, exact {exact:e}");
}

fn check_single(setting: Setting, z: f32, y: f32) {
    let [losses, gradient, _] = setting.evaluate(&[z], &[y]);
    let exact = loss(setting, z.into(), y.into());
    let (epsilon, smallest) = (f32::EPSILON.into(), f32::MIN_POSITIVE.into());
    let context = format!("z {z}, y {y}, {setting:?}");
    check(&format!("loss, {context}"), losses[0].into(), to_f64(&exact.value), epsilon, smallest);
    // Terms of a soft label's gradient may cancel.
    let (first, term) = (to_f64(&exact.first), to_f64(&exact.first_term));
    let spread = if y == 0.0 || y == 1.0 { 0.0 } else { LARGEST_ERROR * f64::from(f32::EPSILON) * term.abs() };
    if (f64::from(gradient[0]) - first).abs() > spread {
        check(&format!("gradient, {context}"), gradient[0].into(), first, epsilon, smallest);
    }
}

/// dp/dz = p·q is below the smallest float there, its quotient with v is not.
#[test]
fn saturated_negatives_behind_a_tiny_margin_keep_their_slope() {
    for margin in [1e-19_f32, 1e-20, 1e-25, 1e-30, 1e-37] {
        for gamma_neg in [0.0, 1.0, 2.5, 4.0] {
            for implementation in IMPLEMENTATIONS {
                let margin = margin.into();
                let setting = Setting { gamma_neg, gamma_pos: 1.0, margin, implementation, detached: false };
                for step in 0..240 {
                    check_single(setting, 84.0 + 0.25 * step as f32, 0.0);
                }
            }
        }
    }
}

/// The weight alone is below the smallest float, its product with the cross-entropy is not. So far out, b and C are the
/// shares of the wrong answer, y or 1 − y, times 1 and times the logit.
#[test]
fn tiny_weights_of_soft_labels_survive_until_a_huge_logarithm() {
    for gamma in [20.0, 25.0, 30.0, 40.0] {
        let implementation = Implementation::AlibabaMiil;
        let setting = Setting { gamma_neg: gamma, gamma_pos: gamma, margin: 0.0, implementation, detached: false };
        for size in [100.0_f32, 1e5, 1e10, 1e30, f32::MAX] {
            for y in [0.003_f32, 0.01, 0.1, 0.5, 0.9, 0.99] {
                for (z, share) in [(-size, f64::from(y)), (size, 1.0 - f64::from(y))] {
                    let [losses, gradient, _] = setting.evaluate(&[z], &[y]);
                    let (weight, context) = (share.powf(gamma), format!("z {z}, y {y}, γ {gamma}"));
                    let (epsilon, smallest) = (f32::EPSILON.into(), f32::MIN_POSITIVE.into());
                    check(&context, losses[0].into(), weight * share * f64::from(size), epsilon, smallest);
                    let slope = weight * share * f64::from(z).signum();
                    check(&context, gradient[0].into(), slope, epsilon, smallest);
                }
            }
        }
    }
}

/// Where the weight over the base is above 1, and its product with C out of range.
#[test]
fn largest_logits_of_soft_labels_give_numbers() {
    for gamma in [0.0, 0.5, 1.0, 2.5] {
        for implementation in IMPLEMENTATIONS {
            let setting = Setting { gamma_neg: gamma, gamma_pos: gamma, margin: 0.0, implementation, detached: false };
            for y in (1..1000).map(|k| f64::from(k) / 1000.0) {
                for results in setting.evaluate(&[f64::MAX, -f64::MAX], &[y, y]) {
                    assert!(results.iter().all(|x| x.is_finite()), "{results} at {y}, {setting:?}");
                }
                let y = y as f32;
                for results in setting.evaluate(&[f32::MAX, -f32::MAX], &[y, y]) {
                    assert!(results.iter().all(|x| x.is_finite()), "{results} at {y}, {setting:?}");
                }
            }
        }
    }
}

#[test]
fn means_do_not_overflow_where_sums_do() {
    let loss = AsymmetricLoss::builder().gamma_pos(0.0).reduction(Reduction::Mean).build().expect("valid settings");
    for count in [2, 3, 10, 1000] {
        let logits = Array1::from_elem(count, -1.7e308);
        let targets = Array1::from_elem(count, true);
        let means =
            [loss.forward(&logits, &targets).expect("valid input"), -reduction::mean(&logits).expect("not empty")];
        for mean in means {
            assert!(f64::abs(mean - 1.7e308) <= f64::EPSILON * 1.7e308, "{mean}, of {count}");
        }
    }
    assert_eq!(reduction::mean(&array![f64::MAX, -f64::MAX, f64::MAX]).expect("not empty"), f64::MAX / 3.0);
    assert!(reduction::mean(&array![f64::INFINITY, 1.0]).expect("not empty").is_infinite());
    assert!(loss.forward(&array![f64::NEG_INFINITY, 0.0], &array![true, true]).expect("valid input").is_infinite());
}

/// Where there is no wider type, the sum still rounds once.
#[test]
fn sums_of_doubles_keep_small_terms() {
    let mut losses = vec![1e-16; 1 << 20];
    losses[12345] = 1.0;
    let exact = 1.0 + 1e-16 * ((1 << 20) - 1) as f64;
    assert_eq!(reduction::sum(&Array1::from(losses)), exact);
}

/// Outside [0, 1] the stages give what IEEE arithmetic has, and NaN stays NaN.
#[test]
fn stage_functions_outside_their_domain_follow_ieee() {
    use asymmetric_loss::{activation, focal, margin};
    let (nan, inf) = (f64::NAN, f64::INFINITY);
    let x = array![nan, inf, -inf, 2.0, -2.0, -0.0];
    let same = |actual: Array1<f64>, expected: [f64; 6]| {
        for (actual, expected) in actual.iter().zip(expected) {
            let close = (actual - expected).abs() <= 1e-14 * expected.abs();
            assert!(close || *actual == expected || actual.is_nan() && expected.is_nan(), "{actual}, {expected}");
        }
    };
    let sigma = |z: f64| 1.0 / (1.0 + (-z).exp());
    same(activation::sigmoid(&x).expect("memory"), [nan, 1.0, 0.0, sigma(2.0), sigma(-2.0), 0.5]);
    same(
        activation::log_sigmoid(&x).expect("memory"),
        [nan, 0.0, -inf, sigma(2.0).ln(), sigma(-2.0).ln(), -std::f64::consts::LN_2],
    );
    same(
        activation::sigmoid_gradient(&x).expect("memory"),
        [nan, 0.0, 0.0, sigma(2.0) * sigma(-2.0), sigma(2.0) * sigma(-2.0), 0.25],
    );
    same(activation::log_sigmoid_gradient(&x).expect("memory"), [nan, 0.0, 1.0, sigma(-2.0), sigma(2.0), 0.5]);
    same(margin::shift(&x, 0.25).unwrap(), [nan, inf, 0.0, 1.75, 0.0, 0.0]);
    same(margin::shift_gradient(&x, 0.25).unwrap(), [nan, 1.0, 0.0, 1.0, 0.0, 0.0]);
    for gamma in [0.5, 1.0, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 7.3, 100.0] {
        let power = |x: f64| if x.is_nan() { nan } else { x.powf(gamma) };
        // IEEE has +∞ for a power of −∞ that is no whole number; here as for every negative number it is NaN.
        let of_minus_infinity = if gamma.fract() == 0.0 { power(-inf) } else { nan };
        same(focal::weight(&x, gamma).unwrap(), [nan, inf, of_minus_infinity, power(2.0), power(-2.0), 0.0]);
    }
    same(focal::weight(&x, 0.0).unwrap(), [nan, 1.0, 1.0, 1.0, 1.0, 1.0]);
    same(focal::weight_gradient(&x, 0.0).unwrap(), [nan, 0.0, 0.0, 0.0, 0.0, 0.0]);
    let overflow = focal::weight(&array![1e200_f64, 1e-200, 3.0], 3.0).unwrap();
    assert!(overflow[0].is_infinite() && overflow[1] == 0.0 && (overflow[2] - 27.0).abs() < 1e-13);
    let single = focal::weight(&array![1e30_f32, 1e-30, 0.5], 2.5).unwrap();
    assert!(single[0].is_infinite() && single[1] == 0.0 && (single[2] - 0.5_f32.powf(2.5)).abs() < 1e-7);
}

/// A huge cross-entropy under a positive weight, which a vanishing focal weight leaves nothing of.
#[test]
fn a_weight_that_underflows_silences_an_infinite_product() {
    let loss = AsymmetricLoss::builder().gamma_pos(1000).pos_weight(10).build().unwrap();
    let (logits, labels) = (array![-3e38_f32], array![0.5_f32]);
    assert_eq!(loss.forward(&logits, &labels), Ok(0.0));
    let slopes = loss.parameter_gradients(&logits, &labels).unwrap();
    assert!(slopes.gamma_pos[0] <= 0.0 && slopes.gamma_neg[0] <= 0.0 && slopes.prob_margin[0] <= 0.0);
}
