//! Published numbers, extreme logits and the identities between formulations.

use asymmetric_loss::{AsymmetricLoss, Builder, Implementation, Reduction};
use ndarray::{Array1, array};
use std::f64::consts::LN_2;

const IMPLEMENTATIONS: [Implementation; 3] =
    [Implementation::AlibabaMiil, Implementation::DeepPsp, Implementation::Paper];

fn with(gamma_neg: f64, gamma_pos: f64, prob_margin: f64) -> Builder {
    AsymmetricLoss::builder().gamma_neg(gamma_neg).gamma_pos(gamma_pos).prob_margin(prob_margin)
}

/// Loss, gradient and curvature of one label.
fn at(settings: &Builder, logit: f64, target: f64) -> (f64, f64, f64) {
    let loss = settings.clone().reduction(Reduction::Sum).build().unwrap();
    let (logits, targets) = (array![logit], array![target]);
    let (value, gradient) = loss.value_and_gradient(&logits, &targets).unwrap();
    (value, gradient[0], loss.hessian_diagonal(&logits, &targets).unwrap()[0])
}

/// The same in `f32`.
fn at_single(settings: &Builder, logit: f32, target: f32) -> (f32, f32, f32) {
    let loss = settings.clone().reduction(Reduction::Sum).build().unwrap();
    let (logits, targets) = (array![logit], array![target]);
    let (value, gradient) = loss.value_and_gradient(&logits, &targets).unwrap();
    (value, gradient[0], loss.hessian_diagonal(&logits, &targets).unwrap()[0])
}

fn logit(p: f64) -> f64 {
    (p / (1.0 - p)).ln()
}

#[track_caller]
fn assert_near(actual: f64, expected: f64, tolerance: f64) {
    assert!((actual - expected).abs() <= tolerance * expected.abs(), "{actual:e} is not {expected:e}");
}

#[test]
fn batch_of_two_has_the_known_losses() {
    let logits = array![[5.0, -5.0, 0.0], [5.0, -5.0, 0.0]];
    let targets = array![[1.0, 0.0, 1.0], [0.0, 1.0, 0.0]];
    for (implementation, margin, expected) in [
        (Implementation::AlibabaMiil, 0.05, 3.808437460956638),
        (Implementation::Paper, 0.05, 3.808437460956638),
        (Implementation::AlibabaMiil, 0.0, 5.118582286035484),
        (Implementation::DeepPsp, 0.05, 4.075613905574947),
    ] {
        let loss = with(4.0, 1.0, margin).implementation(implementation).reduction(Reduction::Sum).build().unwrap();
        let per_sample = loss.forward(&logits, &targets).unwrap() / 2.0;
        assert_near(per_sample, expected, 1e-15);
    }
}

/// Half a unit in the last digit of a decimal number such as `2.9003e-6`.
fn half_unit(decimal: &str) -> f64 {
    let (mantissa, exponent) = decimal.split_once('e').unwrap_or((decimal, "0"));
    let digits = mantissa.split_once('.').map_or(0, |(_, fraction)| fraction.len() as i32);
    0.5 * 10f64.powi(exponent.parse::<i32>().unwrap() - digits)
}

#[test]
fn negative_gradients_are_those_of_the_table() {
    let probabilities = [0.1, 0.25, 0.5, 0.75, 0.9, 0.99];
    for (gamma, margin, gradients) in [
        (0.0, 0.2, ["0", "0.19737", "0.35714", "0.41667", "0.30000", "0.04714"]),
        (2.0, 0.0, ["0.0028965", "0.042595", "0.29829", "0.81177", "1.10202", "1.06057"]),
        (2.0, 0.2, ["0", "0.0014552", "0.085644", "0.29073", "0.29870", "0.053834"]),
        (4.0, 0.05, ["2.9003e-6", "0.0017139", "0.073117", "0.45978", "0.73263", "0.22136"]),
    ] {
        for (p, decimal) in probabilities.into_iter().zip(gradients) {
            let (_, gradient, _) = at(&with(gamma, 1.0, margin), logit(p), 0.0);
            let expected: f64 = decimal.parse().unwrap();
            // Below the margin the gradient is 0 and not merely small.
            let allowed = if expected == 0.0 { 0.0 } else { half_unit(decimal) };
            assert!((gradient - expected).abs() <= allowed, "γ {gamma}, m {margin}, p {p}: {gradient}, not {decimal}");
        }
    }
}

#[test]
fn curvature_of_negatives_changes_sign_at_the_steepest_probability() {
    for (gamma, margin, steepest) in [
        (4.0, 0.05, 0.900069844426711),
        (2.0, 0.2, 0.839399856229810),
        (2.0, 0.0, 0.942153620913975),
        (0.0, 0.2, 0.710102051443364),
        (0.0, 0.05, 0.820871215252208),
    ] {
        let negative = |p: f64| at(&with(gamma, 1.0, margin), logit(p), 0.0);
        let ((_, before, rising), (_, top, _), (_, after, falling)) =
            (negative(steepest - 1e-9), negative(steepest), negative(steepest + 1e-9));
        assert!(rising > 0.0 && falling < 0.0, "γ {gamma}, m {margin}: curvatures {rising}, {falling}");
        // Within 1e-9 of the maximum the gradient differs by no more than its rounding.
        assert_near(before, top, 1e-14);
        assert_near(after, top, 1e-14);
        for p in [steepest - 1e-3, steepest + 1e-3] {
            assert!(negative(p).1 < top);
        }
    }
}

#[test]
fn curvature_of_positives_changes_sign_near_minus_3_098() {
    let positive = |z| at(&with(4.0, 1.0, 0.05), z, 1.0).2;
    assert!(positive(-3.0975) > 0.0 && positive(-3.0985) < 0.0);
}

/// Logits from where e^(−|z|) underflows up to infinity.
const HUGE: [f64; 4] = [800.0, 1e10, f64::MAX, f64::INFINITY];
const HUGE_SINGLE: [f32; 4] = [110.0, 1e10, f32::MAX, f32::INFINITY];

#[test]
fn confident_and_right_costs_nothing() {
    for (gamma_neg, gamma_pos) in [(4.0, 1.0), (0.5, 0.5), (0.0, 0.0), (2.5, 3.5)] {
        for margin in [0.0, 0.05, 0.5] {
            for implementation in IMPLEMENTATIONS {
                let settings = with(gamma_neg, gamma_pos, margin).implementation(implementation);
                for z in HUGE {
                    assert_eq!(at(&settings, -z, 0.0), (0.0, 0.0, 0.0), "negative at {}, {settings:?}", -z);
                    assert_eq!(at(&settings, z, 1.0), (0.0, 0.0, 0.0), "positive at {z}, {settings:?}");
                }
                for z in HUGE_SINGLE {
                    assert_eq!(at_single(&settings, -z, 0.0), (0.0, 0.0, 0.0), "negative at {}, {settings:?}", -z);
                    assert_eq!(at_single(&settings, z, 1.0), (0.0, 0.0, 0.0), "positive at {z}, {settings:?}");
                }
            }
        }
    }
}

#[test]
fn confident_and_wrong_has_the_slope_of_its_cross_entropy() {
    for (gamma_neg, gamma_pos) in [(4.0, 1.0), (0.5, 0.5), (0.0, 0.0), (2.5, 3.5)] {
        for implementation in IMPLEMENTATIONS {
            let settings = with(gamma_neg, gamma_pos, 0.0).implementation(implementation);
            for z in HUGE {
                assert_eq!(at(&settings, -z, 1.0), (z, -1.0, 0.0), "positive at {}, {settings:?}", -z);
                assert_eq!(at(&settings, z, 0.0), (z, 1.0, 0.0), "negative at {z}, {settings:?}");
            }
            for z in HUGE_SINGLE {
                assert_eq!(at_single(&settings, -z, 1.0), (z, -1.0, 0.0), "positive at {}, {settings:?}", -z);
                assert_eq!(at_single(&settings, z, 0.0), (z, 1.0, 0.0), "negative at {z}, {settings:?}");
            }
        }
    }
}

#[test]
fn margin_bounds_the_loss_of_negatives() {
    for margin in [0.05_f64, 0.2, 0.5] {
        for gamma in [0.0, 0.5, 2.0, 4.0, 2.5] {
            for implementation in IMPLEMENTATIONS {
                // The weight of DeepPsp is not shifted, so it ends at 1.
                let base = if implementation == Implementation::DeepPsp { 1.0 } else { 1.0 - margin };
                let limit = -base.powf(gamma) * margin.ln();
                let settings = with(gamma, 1.0, margin).implementation(implementation);
                for z in HUGE {
                    let (loss, gradient, curvature) = at(&settings, z, 0.0);
                    assert_near(loss, limit, 1e-15);
                    assert_eq!((gradient, curvature), (0.0, 0.0), "{settings:?} at {z}");
                }
            }
        }
    }
}

#[test]
fn weight_below_one_is_finite_at_logits_of_100() {
    for implementation in IMPLEMENTATIONS {
        for margin in [0.0, 0.05] {
            let settings = with(0.5, 0.5, margin).implementation(implementation);
            for z in [-100.0, 100.0] {
                for y in [0.0, 1.0, 0.3] {
                    let (loss, gradient, curvature) = at(&settings, z, y);
                    assert!(
                        loss.is_finite() && gradient.is_finite() && curvature.is_finite(),
                        "{settings:?}, {z}, {y}"
                    );
                    let (loss, gradient, curvature) = at_single(&settings, z as f32, y as f32);
                    assert!(
                        loss.is_finite() && gradient.is_finite() && curvature.is_finite(),
                        "{settings:?}, {z}, {y}"
                    );
                }
            }
        }
    }
}

/// For γ₋ < 1 the weight itself has an infinite slope at the margin, the loss has not. With m = ½ the margin is at
/// z = 0 exactly, and just above it u = z/4, L = u^(γ+1), L′ = ¼(γ+1)u^γ, L″ = ¹⁄₁₆γ(γ+1)u^(γ−1).
#[test]
fn weight_below_one_leaves_the_margin_smoothly() {
    let gamma = 0.5;
    let settings = with(gamma, 1.0, 0.5);
    assert_eq!(at(&settings, 0.0, 0.0), (0.0, 0.0, 0.0));
    assert_eq!(at(&settings, -1e-300, 0.0), (0.0, 0.0, 0.0));
    // Every result is a normal number, down to a loss of 1e-301.
    for z in [1e-16, 1e-50, 1e-100, 1e-200] {
        let u: f64 = z / 4.0;
        let (loss, gradient, curvature) = at(&settings, z, 0.0);
        assert_near(loss, u * u.sqrt(), 1e-14);
        assert_near(gradient, 0.25 * 1.5 * u.sqrt(), 1e-14);
        assert_near(curvature, 0.75 / 16.0 / u.sqrt(), 1e-14);
    }
}

/// p − m cancels all leading digits there.
#[test]
fn digits_survive_beside_the_margin() {
    // 2⁻³⁰ above logit(m): u = m(1−m)·δ·(1 + (½−m)·δ) to the next order in δ, and φ = 1 + u/2.
    const DELTA: f64 = 1.0 / (1u64 << 30) as f64;
    let margin = 0.05;
    // logit of the binary number nearest to 0.05, high and low part, from 60 digits.
    let exact = [-2.9444389791664403, -1.393289304256112e-16];
    let z = exact[0] + DELTA;
    let delta = (z - exact[0]) - exact[1];
    let u = margin * (1.0 - margin) * delta * (1.0 + (0.5 - margin) * delta);
    let (loss, gradient, _) = at(&with(4.0, 1.0, margin), z, 0.0);
    assert_near(loss, u.powi(5) * (1.0 + 0.5 * u), 1e-14);
    // L′ = p·q·u⁴·(1/v + 4φ) with p = m + u.
    let d = (margin + u) * (1.0 - margin - u);
    assert_near(gradient, d * u.powi(4) * (1.0 / (1.0 - u) + 4.0 + 2.0 * u), 1e-14);
}

#[test]
fn nan_stays_in_its_own_element() {
    let logits = Array1::from_iter((0..300).map(|i| f64::from(i) * 0.05 - 7.0));
    for soft in [false, true] {
        let targets = logits.mapv(|z| if soft { (z * z * 7.0).fract() } else { f64::from(u8::from(z.sin() > 0.3)) });
        for implementation in IMPLEMENTATIONS {
            for gamma in [4.0, 1.5] {
                let loss =
                    with(gamma, 1.0, 0.05).implementation(implementation).reduction(Reduction::Sum).build().unwrap();
                let whole = |logits: &Array1<f64>| {
                    let losses = loss.losses(logits, &targets).unwrap();
                    [losses, loss.gradient(logits, &targets).unwrap(), loss.hessian_diagonal(logits, &targets).unwrap()]
                };
                let clean = whole(&logits);
                for poisoned in [0, 31, 32, 127, 128, 255, 299] {
                    let mut logits = logits.clone();
                    logits[poisoned] = f64::NAN;
                    for (clean, dirty) in clean.iter().zip(whole(&logits)) {
                        for (i, (clean, dirty)) in clean.iter().zip(&dirty).enumerate() {
                            let as_it_should_be =
                                if i == poisoned { dirty.is_nan() } else { clean.to_bits() == dirty.to_bits() };
                            assert!(as_it_should_be, "{implementation:?}, NaN at {poisoned}: {dirty} at {i}");
                        }
                    }
                }
            }
        }
    }
}

/// A negative below the margin counts 0 whatever its logit, but NaN is not below.
#[test]
fn nan_is_not_hidden_by_the_margin() {
    let (loss, gradient, curvature) = at(&with(4.0, 1.0, 0.5), f64::NAN, 0.0);
    assert!(loss.is_nan() && gradient.is_nan() && curvature.is_nan());
    let value = AsymmetricLoss::default().forward(&array![0.5, f64::NAN], &array![0.0, 0.0]).unwrap();
    assert!(value.is_nan());
}

#[test]
fn log_floor_caps_the_cross_entropy() {
    let cap = 18.420680743952367; // −ln 1e-8
    let floored = |gamma| with(gamma, gamma, 0.0).log_floor(1e-8);

    for z in [18.5, 30.0, 700.0, f64::INFINITY] {
        for (logit, target) in [(-z, 1.0), (z, 0.0)] {
            let (loss, gradient, curvature) = at(&floored(0.0), logit, target);
            assert_near(loss, cap, 1e-15);
            assert_eq!((gradient, curvature), (0.0, 0.0), "at {logit}");
        }
    }
    // A weight keeps its own slope: L = q·18.42, so L′ = −p·q·18.42.
    let (loss, gradient, _) = at(&floored(1.0), -20.0, 1.0);
    let (p, q) = (1.0 / (1.0 + 20f64.exp()), 1.0 / (1.0 + (-20f64).exp()));
    assert_near(loss, q * cap, 1e-15);
    assert_near(gradient, -p * q * cap, 1e-14);
    let (_, detached, _) = at(&floored(1.0).detach_focal_weight(true), -20.0, 1.0);
    assert_eq!(detached, 0.0);
}

#[test]
fn log_floor_changes_nothing_above_itself() {
    for gamma in [0.0, 1.0, 2.5] {
        let exact = with(gamma, gamma, 0.0);
        let floored = exact.clone().log_floor(1e-8);
        for z in [-18.4, -3.0, 0.0, 2.0, 18.4] {
            for y in [0.0, 1.0] {
                assert_eq!(at(&floored, z, y), at(&exact, z, y), "γ {gamma}, z {z}, y {y}");
            }
        }
    }
    // The margin is a floor of its own.
    let exact = with(4.0, 1.0, 0.05);
    assert_eq!(at(&exact.clone().log_floor(1e-8), 700.0, 0.0), at(&exact, 700.0, 0.0));
}

/// Softplus of ±z, and its derivatives.
#[test]
fn without_focus_and_margin_it_is_binary_cross_entropy() {
    for z in [-30.0_f64, -3.0, -0.5, 0.0, 0.5, 3.0, 30.0] {
        let p = 1.0 / (1.0 + (-z).exp());
        let q = 1.0 / (1.0 + z.exp());
        for y in [0.0, 0.3, 1.0] {
            let softplus = |z: f64| z.max(0.0) + (-z.abs()).exp().ln_1p();
            for implementation in IMPLEMENTATIONS {
                let (loss, gradient, curvature) = at(&with(0.0, 0.0, 0.0).implementation(implementation), z, y);
                assert_near(loss, y * softplus(-z) + (1.0 - y) * softplus(z), 1e-15);
                let expected = (1.0 - y) * p - y * q;
                assert!((gradient - expected).abs() <= 1e-15 * p.max(q) * if y == 0.3 { 1.0 } else { expected.abs() });
                assert_near(curvature, p * q, 1e-14);
            }
        }
    }
}

#[test]
fn equal_exponents_without_margin_are_the_focal_loss() {
    for gamma in [1.0, 2.0, 2.5, 5.0] {
        for z in [-5.0_f64, -0.5, 0.5, 5.0] {
            let p = 1.0 / (1.0 + (-z).exp());
            let q = 1.0 / (1.0 + z.exp());
            let (positive, _, _) = at(&with(gamma, gamma, 0.0), z, 1.0);
            let (negative, _, _) = at(&with(gamma, gamma, 0.0), z, 0.0);
            assert_near(positive, q.powf(gamma) * (-z).exp().ln_1p(), 1e-14);
            assert_near(negative, p.powf(gamma) * z.exp().ln_1p(), 1e-14);
        }
    }
}

#[test]
fn formulations_differ_exactly_where_they_should() {
    let losses = |margin, z, y| {
        IMPLEMENTATIONS.map(|implementation| at(&with(4.0, 1.0, margin).implementation(implementation), z, y).0)
    };
    for z in [-1.0, 0.5, 2.0] {
        let [alibaba, deep, paper] = losses(0.05, z, 0.0);
        assert_eq!(alibaba, paper);
        assert!(deep > paper * 1.1, "the weight that is not shifted is larger");
        let [alibaba, deep, paper] = losses(0.05, z, 1.0);
        assert_eq!((alibaba, alibaba), (deep, paper));
        let [alibaba, deep, paper] = losses(0.0, z, 0.0);
        assert_near(alibaba, deep, 1e-15);
        assert_near(alibaba, paper, 1e-15);
        // Soft labels: each as defined.
        let (y, m) = (0.4, 0.05);
        let p = 1.0 / (1.0 + f64::exp(-z));
        let (u, s) = (p - m, -p.ln());
        let r = -(1.0 - u).ln();
        let [alibaba, deep, paper] = losses(m, z, y);
        let blend: f64 = y * (1.0 - p) + (1.0 - y) * u;
        assert_near(alibaba, blend.powf(y + 4.0 * (1.0 - y)) * (y * s + (1.0 - y) * r), 1e-14);
        assert_near(deep, y * (1.0 - p) * s + (1.0 - y) * p.powi(4) * r, 1e-14);
        assert_near(paper, y * (1.0 - p) * s + (1.0 - y) * u.powi(4) * r, 1e-14);
    }
}

#[test]
fn half_a_probability_costs_half_of_ln_2() {
    let loss = at(&with(4.0, 1.0, 0.05), 0.0, 1.0).0;
    if cfg!(disable_dispatch_avx2) {
        // One by one the last bits may differ.
        assert_near(loss, 0.5 * LN_2, 1e-15);
    } else {
        assert_eq!(loss, 0.5 * LN_2);
    }
}
