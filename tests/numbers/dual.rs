//! Dual numbers run through the generic path: exact derivatives, without any formula for a derivative.

use crate::common::dual::Dual;
use crate::common::{Setting, settings, targets};
use ndarray::{Array1, array};
use proptest::collection::vec;
use proptest::prelude::*;

const TOLERANCE: f64 = 1e-12;

/// Logits away from the margin's kink, where p − m in plain `f64` would lose the digits that are compared.
fn smooth(setting: Setting) -> impl Strategy<Value = f64> {
    let kink = setting.kink();
    (-30.0..30.0).prop_filter("next to the kink", move |z: &f64| (z - kink).abs() > 0.05)
}

fn cases() -> impl Strategy<Value = (Setting, Vec<(f64, f64)>)> {
    settings().prop_flat_map(|setting| (Just(setting), vec((smooth(setting), targets()), 1..40)))
}

/// Compares up to rounding errors of terms as large as `term`.
fn close(actual: f64, expected: f64, term: f64) -> bool {
    (actual - expected).abs() <= TOLERANCE * (expected.abs() + term) + 1e-290
}

proptest! {
    #[test]
    fn forward_on_duals_is_gradient_and_hessian((setting, elements) in cases()) {
        let (z, y): (Vec<_>, Vec<_>) = elements.into_iter().unzip();
        let [losses, gradient, hessian] = setting.evaluate(&z, &y);
        let duals: Array1<_> = z.iter().map(|&z| Dual::variable(z)).collect();
        let labels: Array1<_> = y.iter().map(|&y| Dual::constant(y)).collect();
        let dual = setting.unreduced().losses(&duals, &labels)?;
        for i in 0..z.len() {
            let term = losses[i].abs() + gradient[i].abs() + soft_term(setting, z[i], y[i]);
            prop_assert!(close(dual[i].value, losses[i], 0.0), "loss {} at {} {}: {:?}", losses[i], z[i], y[i], dual[i]);
            // As p → 1, the derivative of p is a difference of terms of the size of p, so of the loss.
            let term_first = losses[i].abs() + soft_term(setting, z[i], y[i]);
            prop_assert!(close(dual[i].first, gradient[i], term_first), "gradient {} at {} {}: {:?}", gradient[i], z[i], y[i], dual[i]);
            prop_assert!(close(dual[i].second, hessian[i], term), "Hessian {} at {} {}: {:?}", hessian[i], z[i], y[i], dual[i]);
        }
        let sum = setting.builder().reduction(asymmetric_loss::Reduction::Sum).build()?.forward(&duals, &labels)?;
        let magnitude = |x: &Array1<f64>| x.iter().map(|x| x.abs()).sum::<f64>();
        prop_assert!(close(sum.value, losses.sum(), 0.0));
        prop_assert!(close(sum.first, gradient.sum(), magnitude(&gradient) + losses.sum()));
        prop_assert!(close(sum.second, hessian.sum(), magnitude(&hessian) + magnitude(&gradient) + losses.sum()));
    }

    #[test]
    fn gradient_on_duals_has_the_hessian_as_derivative((setting, elements) in cases()) {
        let (z, y): (Vec<_>, Vec<_>) = elements.into_iter().unzip();
        let [losses, gradient, hessian] = setting.evaluate(&z, &y);
        let duals: Array1<_> = z.iter().map(|&z| Dual::variable(z)).collect();
        let labels: Array1<_> = y.iter().map(|&y| Dual::constant(y)).collect();
        let dual = setting.unreduced().gradient(&duals, &labels)?;
        let curvature = setting.unreduced().hessian_diagonal(&duals, &labels)?;
        for i in 0..z.len() {
            let term = losses[i].abs() + gradient[i].abs() + soft_term(setting, z[i], y[i]);
            prop_assert!(close(dual[i].value, gradient[i], soft_term(setting, z[i], y[i])), "{} at {} {}: {:?}", gradient[i], z[i], y[i], dual[i]);
            prop_assert!(close(dual[i].first, hessian[i], term), "{} at {} {}: {:?}", hessian[i], z[i], y[i], dual[i]);
            prop_assert!(close(curvature[i].value, hessian[i], term), "{} at {} {}: {:?}", hessian[i], z[i], y[i], curvature[i]);
        }
    }
}

/// The size of the terms that may cancel for a soft label.
fn soft_term(setting: Setting, z: f64, y: f64) -> f64 {
    if y == 0.0 || y == 1.0 {
        return 0.0;
    }
    let [_, gradient, _] = setting.evaluate(&[z, z], &[0.0, 1.0]);
    let [entropy, slope, _] = setting.unfocused().evaluate(&[z, z], &[0.0, 1.0]);
    gradient[0] - gradient[1] + (entropy[0] + entropy[1] + slope[0] - slope[1]).min(1.0)
}

/// Where p ≤ m nothing depends on the logit, and no 0 · ∞ may say otherwise.
#[test]
fn below_the_margin_all_derivatives_vanish() {
    for implementation in crate::common::IMPLEMENTATIONS {
        for gamma_neg in [0.0, 0.5, 1.0, 1.5, 2.0, 4.0, 7.3] {
            let setting = Setting { gamma_neg, gamma_pos: 1.0, margin: 0.5, implementation, detached: false };
            for z in [-0.0, -0.25, -20.0, -800.0] {
                let (z, y) = (array![Dual::variable(z)], array![Dual::constant(0.0)]);
                let loss = setting.unreduced().losses(&z, &y).expect("valid input")[0];
                let gradient = setting.unreduced().gradient(&z, &y).expect("valid input")[0];
                let parts = [loss.value, loss.first, loss.second, gradient.value, gradient.first];
                assert_eq!(parts, [0.0; 5], "{setting:?} at {z:?}");
            }
        }
    }
}

/// Equal up to rounding errors, infinite alike or both NaN.
fn same(actual: f64, expected: f64) -> bool {
    actual == expected || close(actual, expected, 0.0) || actual.is_nan() && expected.is_nan()
}

/// Beyond the range of the exponential, and for NaN, a type of the user's gives what `f64` gives.
#[test]
fn ends_of_the_range_are_those_of_f64() {
    let ends = [720.0, 800.0, 1e10, 1e308, f64::INFINITY];
    let logits: Vec<f64> = ends.iter().flat_map(|&z| [z, -z]).chain([f64::NAN, 0.0, -0.0]).collect();
    for implementation in crate::common::IMPLEMENTATIONS {
        for gamma in [0.0, 0.5, 1.0, 2.5, 4.0] {
            for margin in [0.0, 0.05, 0.5] {
                let setting = Setting { gamma_neg: gamma, gamma_pos: gamma, margin, implementation, detached: false };
                for y in [0.0, 0.3, 1.0] {
                    let expected = setting.evaluate(&logits, &vec![y; logits.len()]);
                    let duals: Vec<_> = logits.iter().map(|&z| Dual::constant(z)).collect();
                    let actual = setting.evaluate(&duals, &vec![Dual::constant(y); logits.len()]);
                    for (actual, expected) in actual.iter().zip(&expected) {
                        for (i, z) in logits.iter().enumerate() {
                            let (actual, expected) = (actual[i].value, expected[i]);
                            assert!(same(actual, expected), "{actual:e}, f64 {expected:e} at {z}, {y}, {setting:?}");
                        }
                    }
                }
            }
        }
    }
}

/// Inside and outside [0, 1] a type of the user's gives what `f64` gives.
#[test]
fn stage_functions_are_those_of_f64() {
    use asymmetric_loss::{activation, focal, margin};
    let ends = [0.0, 1e-310, 1e-300, 1e-9, 0.2, 0.5, 1.0, 1.5, 20.0, 800.0, f64::INFINITY];
    let x: Array1<f64> = ends.iter().flat_map(|&x| [x, -x]).chain([f64::NAN]).collect();
    let duals = x.mapv(Dual::constant);
    let check = |what: &str, actual: Array1<Dual>, expected: Array1<f64>| {
        for i in 0..x.len() {
            let (actual, expected) = (actual[i].value, expected[i]);
            assert!(same(actual, expected), "{what} of {:e}: {actual:e}, f64 {expected:e}", x[i]);
        }
    };
    check("sigmoid", activation::sigmoid(&duals).expect("memory"), activation::sigmoid(&x).expect("memory"));
    check(
        "sigmoid′",
        activation::sigmoid_gradient(&duals).expect("memory"),
        activation::sigmoid_gradient(&x).expect("memory"),
    );
    check(
        "log-sigmoid",
        activation::log_sigmoid(&duals).expect("memory"),
        activation::log_sigmoid(&x).expect("memory"),
    );
    check(
        "log-sigmoid′",
        activation::log_sigmoid_gradient(&duals).expect("memory"),
        activation::log_sigmoid_gradient(&x).expect("memory"),
    );
    for m in [0.0, 0.2] {
        let (actual, expected) = (margin::shift(&duals, m), margin::shift(&x, m));
        check("shift", actual.expect("a valid margin"), expected.expect("a valid margin"));
        let (actual, expected) = (margin::shift_gradient(&duals, m), margin::shift_gradient(&x, m));
        check("shift′", actual.expect("a valid margin"), expected.expect("a valid margin"));
    }
    for gamma in [0.0, 0.5, 1.0, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0] {
        let (actual, expected) = (focal::weight(&duals, gamma), focal::weight(&x, gamma));
        check(&format!("weight {gamma}"), actual.expect("a valid exponent"), expected.expect("a valid exponent"));
        let (actual, expected) = (focal::weight_gradient(&duals, gamma), focal::weight_gradient(&x, gamma));
        check(&format!("weight′ {gamma}"), actual.expect("a valid exponent"), expected.expect("a valid exponent"));
    }
}
