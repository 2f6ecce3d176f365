//! Where the gradient of a negative is largest.

use asymmetric_loss::{AsymmetricLoss, Builder, Curvature, Implementation, Reduction};
use ndarray::{Array1, array};

const IMPLEMENTATIONS: [Implementation; 3] =
    [Implementation::AlibabaMiil, Implementation::DeepPsp, Implementation::Paper];

fn with(gamma_neg: f64, margin: f64) -> Builder {
    AsymmetricLoss::builder().gamma_neg(gamma_neg).prob_margin(margin)
}

fn peak(builder: Builder) -> f64 {
    let peaks = builder.build().unwrap().negative_gradient_peak().unwrap();
    assert_eq!(peaks.len(), 1);
    peaks[0]
}

/// Computed with many digits.
#[test]
fn peaks_are_the_known_ones() {
    for (gamma_neg, margin, exact) in [
        (4.0, 0.05, 0.900069844426711),
        (2.0, 0.2, 0.839399856229810),
        (2.0, 0.0, 0.942153620913975),
        (0.0, 0.2, 0.710102051443364),
        (0.0, 0.05, 0.820871215252208),
    ] {
        for implementation in [Implementation::AlibabaMiil, Implementation::Paper] {
            let found = peak(with(gamma_neg, margin).implementation(implementation));
            assert!((found - exact).abs() < 2e-15, "{gamma_neg}, {margin}: {found}, exact {exact}");
        }
    }
}

/// A closed form where the focal weight is constant: p² − 2(1+m)p + (1+m) = 0, or the margin where that is higher.
#[test]
fn peaks_without_focusing_have_their_closed_form() {
    for margin in [1e-12, 1e-3, 0.05, 0.3, 0.6, 0.61, 0.62, 0.7, 0.95, 0.9999999, 1.0 - f64::EPSILON / 2.0] {
        let exact = f64::max(1.0 + margin - (margin * (1.0 + margin)).sqrt(), margin);
        for implementation in IMPLEMENTATIONS {
            let found = peak(with(0.0, margin).implementation(implementation));
            assert!((found - exact).abs() < 1e-14, "m = {margin}, {implementation}: {found}, exact {exact}");
        }
    }
}

/// A detached p^γ₋ adds γ₋q to the derivative of the logarithm of C′: (γ₋ + 1)·q·v = p·m.
#[test]
fn peaks_of_a_detached_deep_psp_have_their_closed_form() {
    for (gamma, m) in [(1.0, 0.05), (4.0, 0.05), (2.0, 0.2), (0.5, 0.4), (30.0, 0.1)] {
        let k: f64 = gamma + 1.0;
        // k·p² − (2k + (k+1)·m)·p + k·(1+m) = 0
        let half = k + (k + 1.0) * m / 2.0;
        let exact = (half - (half * half - k * k * (1.0 + m)).sqrt()) / k;
        let builder = with(gamma, m).implementation(Implementation::DeepPsp).detach_focal_weight(true);
        let found = peak(builder);
        assert!((found - exact).abs() < 1e-14, "{gamma}, {m}: {found}, exact {exact}");
    }
}

/// Nowhere on a grid of logits is the gradient larger.
#[test]
fn no_gradient_is_larger_than_at_the_peak() {
    let grid: Array1<f64> = (-4000..=4000).map(|k| f64::from(k) * 0.01).collect();
    for implementation in IMPLEMENTATIONS {
        for detach in [false, true] {
            for gamma in [0.0, 0.01, 0.5, 1.0, 2.0, 4.0, 7.5, 40.0] {
                for margin in [0.0, 1e-6, 0.02, 0.05, 0.2, 0.5, 0.9] {
                    let builder = with(gamma, margin).implementation(implementation).detach_focal_weight(detach);
                    let loss = builder.reduction(Reduction::Sum).build().unwrap();
                    let peak = loss.negative_gradient_peak().unwrap()[0];
                    assert!(peak >= margin * (1.0 - 1e-15) && peak <= 1.0, "{loss}: {peak}");
                    // Right above the margin, where that is the peak; and a logit that has one more digit than p near 1.
                    let logit = (peak / (1.0 - peak)).ln().min(40.0) + 1e-12;
                    let gradient = |z: &Array1<f64>| loss.gradient(z, &z.mapv(|_| false)).unwrap();
                    let largest = gradient(&array![logit])[0];
                    for (z, slope) in grid.iter().zip(gradient(&grid)) {
                        assert!(
                            slope <= largest * (1.0 + 1e-9),
                            "{loss}: {largest:e} at {peak}, but {slope:e} at z = {z}"
                        );
                    }
                }
            }
        }
    }
}

#[test]
fn gradients_that_grow_all_the_way_peak_at_1() {
    for implementation in IMPLEMENTATIONS {
        assert_eq!(peak(with(0.0, 0.0).implementation(implementation)), 1.0);
        // Behind a detached weight C′ = p, and so has p^(γ₋+1).
        for gamma in [0.0, 0.5, 2.0, 1e6] {
            assert_eq!(peak(with(gamma, 0.0).implementation(implementation).detach_focal_weight(true)), 1.0);
        }
    }
}

/// Where the weight itself is no number but 0, its peak is still there.
#[test]
fn peaks_rise_to_1_with_the_exponent() {
    let mut before = 0.0;
    for gamma in [1.0, 10.0, 100.0, 1e4, 1e6, 1e9] {
        let found = peak(with(gamma, 0.05));
        assert!(found > before && found < 1.0, "γ₋ = {gamma:e}: {found}");
        before = found;
        // As γ₋ grows, (1 − x/γ₋)^γ₋·x, with x = γ₋q/(1 − m), is largest at x = 1.
        if gamma >= 1e4 {
            let exact = 1.0 - 0.95 / gamma;
            assert!((found - exact).abs() < 5.0 * (1.0 - exact) / gamma.sqrt(), "γ₋ = {gamma:e}: {found}, {exact}");
        }
    }
    for gamma in [1e17, 1e100, f64::MAX] {
        for margin in [0.0, 0.05, 0.999] {
            for implementation in IMPLEMENTATIONS {
                assert_eq!(peak(with(gamma, margin).implementation(implementation)), 1.0, "γ₋ = {gamma:e}");
            }
        }
    }
}

#[test]
fn peaks_lie_above_margins_near_1() {
    for margin in [0.99, 1.0 - 1e-9, 1.0 - f64::EPSILON / 2.0] {
        for implementation in IMPLEMENTATIONS {
            for gamma in [0.0, 0.5, 4.0] {
                let found = peak(with(gamma, margin).implementation(implementation));
                assert!((margin - 1e-15..=1.0).contains(&found), "m = {margin}, γ₋ = {gamma}: {found}");
            }
        }
    }
}

#[test]
fn each_class_has_its_own_peak() {
    let loss = AsymmetricLoss::builder().gamma_neg([4, 2, 0]).prob_margin([0.05, 0.2, 0.0]).build().unwrap();
    let peaks = loss.negative_gradient_peak().unwrap();
    let alone = [peak(with(4.0, 0.05)), peak(with(2.0, 0.2)), 1.0];
    assert_eq!(peaks, array![alone[0], alone[1], alone[2]]);
    // A setting that says how many classes there are.
    let loss = AsymmetricLoss::builder().gamma_pos([1, 2]).build().unwrap();
    assert_eq!(loss.negative_gradient_peak().unwrap(), array![alone[0], alone[0]]);
}

#[test]
fn settings_other_than_gamma_neg_and_margin_move_no_peak() {
    let plain = peak(with(4.0, 0.05));
    assert_eq!(peak(with(4.0, 0.05).gamma_pos(3)), plain);
    assert_eq!(peak(with(4.0, 0.05).log_floor(0.5)), plain);
    assert_eq!(peak(with(4.0, 0.05).class_weight(0).pos_weight(7)), plain);
    assert_eq!(peak(with(4.0, 0.05).label_smoothing(0.3)), plain);
    assert_eq!(peak(with(4.0, 0.05).curvature(Curvature::AtLeast(0.1))), plain);
    assert_eq!(peak(with(4.0, 0.05).reduction(Reduction::Divisor(1e9))), plain);
}
