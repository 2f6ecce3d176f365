//! What the losses must be in special cases, and how those of several arrays relate.

use crate::common::{IMPLEMENTATIONS, Setting, gammas, hard_targets, logits, settings, targets};
use asymmetric_loss::{AsymmetricLoss, Reduction};
use ndarray::{Array1, s};
use proptest::collection::vec;
use proptest::prelude::*;

/// ln(1 + eᶻ).
fn softplus(z: f64) -> f64 {
    z.max(0.0) + (-z.abs()).exp().ln_1p()
}

fn elements(target: impl Strategy<Value = f64>) -> impl Strategy<Value = (Vec<f64>, Vec<f64>)> {
    vec((logits(), target), 1..300).prop_map(|elements| elements.into_iter().unzip())
}

proptest! {
    #[test]
    fn without_focusing_and_margin_it_is_binary_cross_entropy(
        (z, y) in elements(targets()),
        implementation in proptest::sample::select(IMPLEMENTATIONS.to_vec()),
    ) {
        let setting = Setting { gamma_neg: 0.0, gamma_pos: 0.0, margin: 0.0, implementation, detached: false };
        let [losses, ..] = setting.evaluate(&z, &y);
        for i in 0..z.len() {
            let expected = y[i] * softplus(-z[i]) + (1.0 - y[i]) * softplus(z[i]);
            prop_assert!((losses[i] - expected).abs() <= 1e-15 * expected, "{} instead of {expected}", losses[i]);
        }
    }

    /// Lin et al. (2017): −(1 − p_t)^γ ln p_t, where p_t is the probability of the label.
    #[test]
    fn with_equal_exponents_and_no_margin_it_is_focal_loss((z, y) in elements(hard_targets()), gamma in gammas()) {
        for implementation in IMPLEMENTATIONS {
            let setting = Setting { gamma_neg: gamma, gamma_pos: gamma, margin: 0.0, implementation, detached: false };
            let [losses, ..] = setting.evaluate(&z, &y);
            for i in 0..z.len() {
                let against = if y[i] == 1.0 { -z[i] } else { z[i] };
                let expected = (-gamma * softplus(-against)).exp() * softplus(against);
                // ln of the weight is rounded relative to its size, which may be in the thousands.
                let bound = 4.0 * f64::EPSILON * (4.0 + gamma * softplus(-against));
                let error = (losses[i] - expected).abs();
                prop_assert!(error <= bound * expected + 1e-300, "{} instead of {expected} at {}", losses[i], z[i]);
            }
        }
    }

    #[test]
    fn formulations_agree_on_hard_labels(setting in settings(), (z, y) in elements(hard_targets())) {
        let [alibaba, deep_psp, paper] =
            IMPLEMENTATIONS.map(|implementation| Setting { implementation, ..setting }.evaluate(&z, &y));
        prop_assert_eq!(&alibaba, &paper);
        let positive = |i: &usize| y[*i] == 1.0;
        for i in (0..z.len()).filter(positive) {
            prop_assert_eq!(deep_psp[0][i], paper[0][i]);
            prop_assert_eq!(deep_psp[1][i], paper[1][i]);
        }
        let [deep_psp, paper] = [deep_psp_and_paper_without_margin(setting, 1), deep_psp_and_paper_without_margin(setting, 2)]
            .map(|setting| setting.evaluate(&z, &y));
        prop_assert_eq!(deep_psp, paper);
    }

    /// Vector lanes, neighbours and position must not matter, whatever the labels beside.
    #[test]
    fn order_does_not_change_a_bit(
        setting in settings(),
        (z, y, order) in vec((logits(), targets(), any::<u32>()), 1..300).prop_map(|elements| {
            let mut order: Vec<usize> = (0..elements.len()).collect();
            order.sort_by_key(|&i| elements[i].2);
            let (z, y): (Vec<_>, Vec<_>) = elements.into_iter().map(|(z, y, _)| (z, y)).unzip();
            (z, y, order)
        }),
    ) {
        let permuted = |x: &[f64]| order.iter().map(|&i| x[i]).collect::<Vec<_>>();
        let straight = setting.evaluate(&z, &y);
        let shuffled = setting.evaluate(&permuted(&z), &permuted(&y));
        for (straight, shuffled) in straight.iter().zip(&shuffled) {
            prop_assert_eq!(permuted(straight.as_slice().expect("contiguous")), shuffled.to_vec());
        }
    }

    #[test]
    fn batches_add_up(setting in settings(), (z, y) in elements(targets()), cut in any::<proptest::sample::Index>()) {
        let (z, y) = (Array1::from(z), Array1::from(y));
        let (n, cut) = (z.len(), cut.index(z.len()));
        let sum = setting.builder().reduction(Reduction::Sum).build()?;
        let mean = setting.builder().reduction(Reduction::Mean).build()?;
        let total = sum.forward(&z, &y)?;
        let close = |x: f64| (x - total).abs() <= 1e-14 * total;
        let parts = [s![..cut], s![cut..]];
        let sums = parts.map(|part| sum.forward(&z.slice(part), &y.slice(part)));
        let [left, right] = sums;
        prop_assert!(close(left? + right?));
        prop_assert!(close(mean.forward(&z, &y)? * n as f64));
        let mut weighted = 0.0;
        for part in parts {
            let (z, y) = (z.slice(part), y.slice(part));
            if !z.is_empty() {
                weighted += mean.forward(&z, &y)? * z.len() as f64;
            }
        }
        prop_assert!(close(weighted));
        prop_assert!(close(setting.unreduced().losses(&z, &y)?.sum()));
        let gradient = sum.gradient(&z, &y)?;
        for (mean, sum) in mean.gradient(&z, &y)?.iter().zip(&gradient) {
            prop_assert!((mean * n as f64 - sum).abs() <= 1e-15 * sum.abs() + 1e-300);
        }
    }

    #[test]
    fn a_positive_mirrors_a_negative_without_margin(setting in settings(), (z, _) in elements(Just(0.0))) {
        let setting = Setting { margin: 0.0, ..setting };
        let swapped = Setting { gamma_neg: setting.gamma_pos, gamma_pos: setting.gamma_neg, ..setting };
        let mirrored: Vec<_> = z.iter().map(|z| -z).collect();
        let [losses, gradient, hessian] = setting.evaluate(&z, &vec![0.0; z.len()]);
        let [mirror_losses, mirror_gradient, mirror_hessian] = swapped.evaluate(&mirrored, &vec![1.0; z.len()]);
        // σ(−z) for one label is σ(z) for the other, by another quotient: equal but for roundings.
        let close = |a: f64, b: f64| (a - b).abs() <= 32.0 * f64::EPSILON * a.abs() + 64.0 * f64::MIN_POSITIVE;
        prop_assert!(losses.iter().zip(&mirror_losses).all(|(&a, &b)| close(a, b)));
        prop_assert!(gradient.iter().zip(&mirror_gradient).all(|(&a, &b)| close(a, -b)));
        let scale = |i: usize| losses[i].abs() + gradient[i].abs() + hessian[i].abs();
        let bent = |(i, (a, b)): (usize, (&f64, &f64))| (a - b).abs() <= 64.0 * f64::EPSILON * scale(i) + 1e-300;
        prop_assert!(hessian.iter().zip(&mirror_hessian).enumerate().all(bent));
    }

    #[test]
    fn losses_are_at_least_zero(setting in settings(), (z, y) in elements(targets())) {
        let [losses, ..] = setting.evaluate(&z, &y);
        prop_assert!(losses.iter().all(|&loss| loss >= 0.0));
        let single: Vec<f32> = z.iter().map(|&z| z as f32).collect();
        let [losses, ..] = setting.evaluate(&single, &y.iter().map(|&y| y as f32).collect::<Vec<_>>());
        prop_assert!(losses.iter().all(|&loss| loss >= 0.0));
    }

    #[test]
    fn monotonic_without_focusing(setting in settings(), mut z in vec(logits(), 2..300)) {
        z.sort_by(f64::total_cmp);
        let [negative, positive] = [0.0, 1.0].map(|y| setting.unfocused().evaluate(&z, &vec![y; z.len()])[0].clone());
        for i in 1..z.len() {
            prop_assert!(negative[i] >= negative[i - 1] * (1.0 - 4.0 * f64::EPSILON));
            prop_assert!(positive[i] <= positive[i - 1] * (1.0 + 4.0 * f64::EPSILON));
        }
    }

    #[test]
    fn single_precision_is_double_rounded(setting in settings(), elements in vec((-15.0_f32..15.0, hard_targets()), 1..300)) {
        let setting = Setting {
            gamma_neg: setting.gamma_neg as f32 as f64,
            gamma_pos: setting.gamma_pos as f32 as f64,
            margin: setting.margin as f32 as f64,
            ..setting
        };
        let (z, y): (Vec<f32>, Vec<f64>) = elements.into_iter().unzip();
        let double = setting.evaluate(&z.iter().map(|&z| z as f64).collect::<Vec<_>>(), &y);
        let single = setting.evaluate(&z, &y.iter().map(|&y| y as f32).collect::<Vec<_>>());
        for (single, double) in single.iter().zip(&double).take(2) {
            for i in 0..z.len() {
                let error = (single[i] as f64 - double[i]).abs();
                let bound = 16.0 * f32::EPSILON as f64 * double[i].abs() + 64.0 * f32::MIN_POSITIVE as f64;
                prop_assert!(error <= bound, "{} instead of {} at {} {}", single[i], double[i], z[i], y[i]);
            }
        }
    }
}

fn deep_psp_and_paper_without_margin(setting: Setting, formulation: usize) -> Setting {
    Setting { margin: 0.0, implementation: IMPLEMENTATIONS[formulation], ..setting }
}

/// One array with a setting per class is the columns, each with its own setting.
#[test]
fn classes_are_independent() {
    let (gamma_neg, gamma_pos, margin) = ([4.0, 0.0, 2.5], [1.0, 0.5, 0.0], [0.05, 0.0, 0.3]);
    let z = ndarray::Array2::from_shape_fn((50, 3), |(i, k)| (i * 3 + k) as f64 * 0.13 - 9.0);
    let y = ndarray::Array2::from_shape_fn((50, 3), |(i, k)| ((i + k) % 3) as f64 / 2.0);
    for implementation in IMPLEMENTATIONS {
        let loss = AsymmetricLoss::builder().gamma_neg(gamma_neg).gamma_pos(gamma_pos).prob_margin(margin);
        let loss = loss.implementation(implementation).build().expect("valid settings");
        let losses = loss.losses(&z, &y).expect("valid input");
        for k in 0..3 {
            let (gamma_neg, gamma_pos, margin) = (gamma_neg[k], gamma_pos[k], margin[k]);
            let setting = Setting { gamma_neg, gamma_pos, margin, implementation, detached: false };
            // A whole exponent in every class is raised by multiplication, so the last bits may differ.
            let alone = setting.evaluate(&z.column(k).to_vec(), &y.column(k).to_vec())[0].clone();
            for (together, alone) in losses.column(k).iter().zip(&alone) {
                assert!((together - alone).abs() <= 8.0 * f64::EPSILON * alone);
            }
        }
    }
}
