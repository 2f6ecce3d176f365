//! Losses, gradients and Hessians against an oracle of 256 bits, in units in the last place.

use crate::common::wrapped::Wrapped;
use crate::common::{IMPLEMENTATIONS, Setting};
use asymmetric_loss::Implementation;
use proptest::test_runner::TestRng;
use rand_float::uniform;
use yardstick::Native;
use yardstick::oracle::{Big, Jet, big, loss};

/// The largest errors found, in units in the last place, by result and kind of label.
#[derive(Debug, Default)]
struct Largest {
    errors: [(f64, String); 3],
    failures: Vec<String>,
}

const RESULTS: [&str; 3] = ["loss", "gradient", "Hessian"];

impl Largest {
    /// Compares one element's results. Terms of both signs cancel in the Hessian, and for a soft label in the
    /// gradient: there the largest term is the measure.
    fn check<T: Native>(&mut self, setting: Setting, z: T, y: T, actual: [T; 3], exact: &Jet) {
        let (z, y): (f64, f64) = (z.into(), y.into());
        let hard = y == 0.0 || y == 1.0;
        let gradient_term = if hard { &exact.first } else { &exact.first_term };
        let expected =
            [(&exact.value, &exact.value), (&exact.first, gradient_term), (&exact.second, &exact.second_term)];
        // About a fifth above the largest of these points, so that a lost low part of a pair shows. The tool `accuracy`
        // tries every f32 and finds a little more.
        let limits = match hard {
            // The error grows with γ; what is documented for fractional exponents holds far beyond those of the field.
            _ if setting.gamma_neg.max(setting.gamma_pos) > 4.0 => [32.0; 3],
            true => [9.0, 10.0, 21.0],
            false => [8.0, 11.0, 20.0],
        };
        for (k, (exact, measure)) in expected.into_iter().enumerate() {
            let measure = to_f64(measure).abs();
            let actual: f64 = actual[k].into();
            let error = if actual.is_finite() {
                to_f64(&((big(actual) - exact) / big(T::ulp(measure)))).abs()
            } else {
                f64::INFINITY
            };
            let vanishing = z.abs() > T::MODERATE || measure < T::smallest_normal();
            if vanishing && error * T::ulp(measure) <= negligible::<T>() {
                continue;
            }
            let case = || format!("{} {actual:e} at z = {z:?}, y = {y}, {setting:?}", RESULTS[k]);
            if error > self.errors[k].0 {
                self.errors[k] = (error, case());
            }
            if error.is_nan() || error > limits[k] {
                self.failures.push(format!("{error:.1} ULP: {}", case()));
            }
        }
    }

    fn report(self, what: &str) {
        for (error, case) in &self.errors {
            println!("{what}: at most {error:.2} ULP: {case}");
        }
        assert!(
            self.failures.is_empty(),
            "{} failures:\n{}",
            self.failures.len(),
            self.failures[..self.failures.len().min(12)].join("\n")
        );
    }
}

/// The absolute error allowed where a result, or e^(−|z|), is below the smallest normal number.
fn negligible<T: Native>() -> f64 {
    64.0 * T::smallest_normal()
}

fn to_f64(x: &Big) -> f64 {
    x.to_f64().value()
}

/// Spaced, random, tiny and huge logits, and those around the margin's kink.
fn hard_points<T: Native>(margin: f64, rng: &mut TestRng) -> Vec<T> {
    let mut points: Vec<f64> = (-8..=8).map(|k| f64::from(k) * 1.25).collect();
    points.extend((0..12).map(|_| uniform(rng, 12.0)));
    points.extend((0..6).map(|_| uniform(rng, T::MODERATE)));
    points.extend([1e-30, 1e-9, 1e-3, 0.3].iter().flat_map(|&z| [z, -z]));
    points.extend([0.5, 0.9, 0.999, 1.001, 1.1].iter().flat_map(|x| [x * T::MODERATE, -x * T::MODERATE]));
    let mut points: Vec<T> = points.into_iter().map(T::from_f64).collect();
    if margin > 0.0 {
        let kink = (margin / (1.0 - margin)).ln();
        points.extend((-3..=3).map(|steps| T::from_f64(kink).neighbour(steps)));
        points.extend([1e-6, 1e-4, 1e-2, 0.1, 0.3].iter().flat_map(|d| [kink + d, kink - d]).map(T::from_f64));
    }
    points
}

mod rand_float {
    //! Random floats from the generator that proptest brings.
    use proptest::prelude::Rng;
    use proptest::test_runner::TestRng;

    /// Uniform in ±bound.
    pub(crate) fn uniform(rng: &mut TestRng, bound: f64) -> f64 {
        let bits = rng.next_u64() >> 11;
        (bits as f64 * 2f64.powi(-52) - 1.0) * bound
    }
}

/// Losses, gradient and Hessian.
type Evaluate<T> = fn(Setting, &[T], &[T]) -> [Vec<T>; 3];

/// In the type itself: on vectors, where there are any.
fn natively<T: Native>(setting: Setting, z: &[T], y: &[T]) -> [Vec<T>; 3] {
    setting.evaluate(z, y).map(|results| results.to_vec())
}

/// In a type that the crate does not know: element by element, with what a user's float must offer.
fn wrapped<T: Native>(setting: Setting, z: &[T], y: &[T]) -> [Vec<T>; 3] {
    let [z, y] = [z, y].map(|x| x.iter().map(|&x| Wrapped(x)).collect::<Vec<_>>());
    setting.evaluate(&z, &y).map(|results| results.iter().map(|x| x.0).collect())
}

fn check_all<T: Native>(name: &str, evaluate: Evaluate<T>, labels: &[f64], gammas: &[[f64; 2]]) {
    let mut rng = TestRng::deterministic_rng(proptest::test_runner::RngAlgorithm::ChaCha);
    let mut largest = Largest::default();
    for implementation in IMPLEMENTATIONS {
        for &[gamma_neg, gamma_pos] in gammas {
            for margin in [0.0, 1e-3, 0.05, 0.2, 0.9] {
                // The crate rounds its settings to the element type first.
                let margin = T::from_f64(margin).into();
                let setting = Setting { gamma_neg, gamma_pos, margin, implementation, detached: false };
                for &y in labels {
                    let z = hard_points::<T>(margin, &mut rng);
                    let y = T::from_f64(y);
                    let [losses, gradient, hessian] = evaluate(setting, &z, &vec![y; z.len()]);
                    for (i, &z) in z.iter().enumerate() {
                        let exact = loss(setting, z.into(), y.into());
                        largest.check(setting, z, y, [losses[i], gradient[i], hessian[i]], &exact);
                    }
                }
            }
        }
    }
    largest.report(name);
}

const WHOLE: [[f64; 2]; 4] = [[4.0, 1.0], [0.0, 0.0], [1.0, 4.0], [2.0, 2.0]];
const FRACTIONAL: [[f64; 2]; 3] = [[2.5, 0.5], [0.5, 1.5], [1.5, 2.5]];
const LARGE: [[f64; 2]; 1] = [[7.3, 7.3]];
const HARD: [f64; 2] = [0.0, 1.0];
const SOFT: [f64; 3] = [0.1, 0.5, 0.9];

#[test]
fn f64_hard_labels_whole_exponents() {
    check_all::<f64>("f64, hard, whole", natively, &HARD, &WHOLE);
}

#[test]
fn f64_hard_labels_fractional_exponents() {
    check_all::<f64>("f64, hard, fractional", natively, &HARD, &FRACTIONAL);
}

#[test]
fn f64_hard_labels_large_exponents() {
    check_all::<f64>("f64, hard, large", natively, &HARD, &LARGE);
}

#[test]
fn wrapped_f64_hard_labels_large_exponents() {
    check_all::<f64>("wrapped f64, hard, large", wrapped, &HARD, &LARGE);
}

#[test]
fn f64_soft_labels() {
    check_all::<f64>("f64, soft", natively, &SOFT, &[WHOLE[0], FRACTIONAL[0]]);
}

#[test]
fn f32_hard_labels_whole_exponents() {
    check_all::<f32>("f32, hard, whole", natively, &HARD, &WHOLE);
}

#[test]
fn f32_hard_labels_fractional_exponents() {
    check_all::<f32>("f32, hard, fractional", natively, &HARD, &FRACTIONAL);
}

#[test]
fn f32_soft_labels() {
    check_all::<f32>("f32, soft", natively, &SOFT, &[WHOLE[0], FRACTIONAL[0]]);
}

#[test]
fn wrapped_f64_hard_labels_whole_exponents() {
    check_all::<f64>("wrapped f64, hard, whole", wrapped, &HARD, &WHOLE);
}

#[test]
fn wrapped_f64_hard_labels_fractional_exponents() {
    check_all::<f64>("wrapped f64, hard, fractional", wrapped, &HARD, &FRACTIONAL);
}

#[test]
fn wrapped_f64_soft_labels() {
    check_all::<f64>("wrapped f64, soft", wrapped, &SOFT, &[WHOLE[0], FRACTIONAL[0]]);
}

#[test]
fn wrapped_f32_hard_labels_whole_exponents() {
    check_all::<f32>("wrapped f32, hard, whole", wrapped, &HARD, &WHOLE);
}

#[test]
fn wrapped_f32_hard_labels_fractional_exponents() {
    check_all::<f32>("wrapped f32, hard, fractional", wrapped, &HARD, &FRACTIONAL);
}

#[test]
fn wrapped_f32_soft_labels() {
    check_all::<f32>("wrapped f32, soft", wrapped, &SOFT, &[WHOLE[0], FRACTIONAL[0]]);
}

/// The oracle itself, against mpmath: the plain definition in 150 digits, differentiated numerically.
#[test]
#[expect(clippy::type_complexity, reason = "a table")]
fn oracle_agrees_with_mpmath() {
    // Formulation, [γ₋, γ₊, m], [z, y], [L, L′, L″].
    let table: [(Implementation, [f64; 3], [f64; 2], [f64; 3]); 7] = [
        (
            Implementation::AlibabaMiil,
            [4.0, 1.0, 0.05],
            [1.25, 0.0],
            [0.36357249911789696, 0.5237500779537937, 0.4076180036814566],
        ),
        (
            Implementation::AlibabaMiil,
            [4.0, 1.0, 0.05],
            [-3.5, 1.0],
            [3.4262855595175172, -1.0426668183095256, -0.011687289912275899],
        ),
        (
            Implementation::AlibabaMiil,
            [2.5, 1.5, 0.2],
            [0.75, 0.3],
            [0.0902128569488826, 0.07104269127293349, 0.03592805009085846],
        ),
        (
            Implementation::DeepPsp,
            [2.5, 0.5, 0.2],
            [-1.0, 0.9],
            [1.0108460212579513, -0.6971738472144907, 0.2257124620871533],
        ),
        (
            Implementation::Paper,
            [0.5, 3.0, 0.9],
            [3.0, 0.1],
            [0.011145393582698535, 0.014626430790615753, -0.006365946788737028],
        ),
        (
            Implementation::AlibabaMiil,
            [4.0, 2.0, 0.0],
            [-60.0, 0.0],
            [5.148200222412013e-131, 2.574100111206007e-130, 1.2870500556030034e-129],
        ),
        (
            Implementation::Paper,
            [1.5, 1.0, 0.05],
            [-2.9375, 0.0],
            [1.988089713686761e-09, 7.185613637126871e-07, 0.00015648707618711108],
        ),
    ];
    for (implementation, [gamma_neg, gamma_pos, margin], [z, y], expected) in table {
        let setting = Setting { gamma_neg, gamma_pos, margin, implementation, detached: false };
        let Jet { value, first, second, .. } = loss(setting, z, y);
        for (actual, expected) in [value, first, second].iter().zip(expected) {
            let actual = to_f64(actual);
            assert!((actual - expected).abs() <= f64::ulp(expected.abs()), "{actual:?}, mpmath {expected:?}");
        }
    }
}
