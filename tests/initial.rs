//! The constant logit that costs least.

use asymmetric_loss::{AsymmetricLoss, Builder, Error, Implementation};
use ndarray::array;

fn initial(builder: Builder, rate: f64) -> f64 {
    let logits = builder.build().unwrap().initial_logit(rate).unwrap();
    assert_eq!(logits.len(), 1);
    logits[0]
}

fn with(gamma_neg: f64, gamma_pos: f64, margin: f64) -> Builder {
    AsymmetricLoss::builder().gamma_neg(gamma_neg).gamma_pos(gamma_pos).prob_margin(margin)
}

/// Computed with many digits, for a base rate of 1 %.
#[test]
fn known_minima() {
    for (builder, exact) in [
        (with(0.0, 0.0, 0.0), -4.595_119_850_134_59),
        (with(2.0, 2.0, 0.0), -1.706_452_794_114),
        (with(4.0, 1.0, 0.05), -0.747_149_623_887_889),
        (with(4.0, 0.0, 0.05), -0.757_560_592_708_353),
        (with(2.0, 1.0, 0.2), -0.826_969_829_029_797),
    ] {
        let found = initial(builder.clone(), 0.01);
        assert!((found - exact).abs() < 1e-11, "{builder:?}: {found}, exact {exact}");
        let detached = initial(builder.detach_focal_weight(true), 0.01);
        assert_eq!(detached, found, "what is least does not depend on what the gradient leaves out");
    }
}

#[test]
fn cross_entropy_has_its_prior_at_any_rate() {
    for rate in [f64::MIN_POSITIVE, 1e-300, 1e-30, 1e-5, 0.3, 0.5, 0.9, 1.0 - f64::EPSILON / 2.0] {
        let (found, exact) = (initial(with(0.0, 0.0, 0.0), rate), (rate / (1.0 - rate)).ln());
        assert!((found - exact).abs() <= 1e-9 * exact.abs().max(1.0), "{rate:e}: {found}, exact {exact}");
    }
}

/// Nowhere on a grid of logits does it cost less.
#[test]
fn nothing_costs_less() {
    for implementation in [Implementation::AlibabaMiil, Implementation::DeepPsp] {
        for [gamma_neg, gamma_pos, margin] in
            [[4.0, 1.0, 0.05], [0.0, 0.0, 0.3], [1.0, 3.0, 0.1], [0.5, 0.5, 0.02], [7.0, 0.0, 0.0]]
        {
            let loss = with(gamma_neg, gamma_pos, margin).implementation(implementation).build().unwrap();
            for rate in [1e-4, 0.02, 0.3, 0.8] {
                let cost = |z: f64| {
                    let losses = loss.losses(&array![z, z], &array![true, false]).unwrap();
                    rate * losses[0] + (1.0 - rate) * losses[1]
                };
                let least = cost(loss.initial_logit(rate).unwrap()[0]);
                for z in (-3000..3000).map(|k| f64::from(k) * 0.01) {
                    assert!(
                        least <= cost(z) * (1.0 + 1e-12),
                        "{loss}, rate {rate}: {least:e}, but {:e} at {z}",
                        cost(z)
                    );
                }
            }
        }
    }
}

#[test]
fn one_for_each_class() {
    let loss = with(4.0, 1.0, 0.05).gamma_neg([4, 0]).prob_margin([0.05, 0.0]).gamma_pos([1, 0]).build().unwrap();
    let logits = loss.initial_logit([0.01, 0.25]).unwrap();
    assert!((logits[0] + 0.747_149_623_887_889).abs() < 1e-11 && (logits[1] - (0.25_f64 / 0.75).ln()).abs() < 1e-11);
    assert_eq!(loss.initial_logit(0.01).unwrap()[0], logits[0]);
    assert_eq!(AsymmetricLoss::default().initial_logit([0.01, 0.5]).unwrap().len(), 2);
}

#[test]
fn base_rates_that_are_none() {
    let loss = with(4.0, 1.0, 0.05).gamma_neg([4, 0]).build().unwrap();
    for rate in [0.0, 1.0, -0.1, 2.0, f64::NAN] {
        let error = loss.initial_logit([0.5, rate]).unwrap_err();
        assert!(matches!(error, Error::ParameterOutOfRange { parameter: "base_rate", class: Some(1), .. }), "{error}");
    }
    let error = loss.initial_logit([0.5; 3]).unwrap_err();
    assert_eq!(error, Error::ParameterLength { parameter: "base_rate", expected: 2, actual: 3 });
    let none: [f64; 0] = [];
    assert_eq!(loss.initial_logit(none).unwrap_err(), Error::EmptyParameter { parameter: "base_rate" });
}
