//! The constant logit that costs least.

use asymmetric_loss::{AsymmetricLoss, Builder, Error, Implementation, Reduction};
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
fn initial_logits_are_the_known_minima() {
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
                let least = match loss.initial_logit(rate) {
                    Ok(logits) => cost(logits[0]),
                    // It falls to what it costs at an end.
                    Err(_) => cost(f64::NEG_INFINITY).min(cost(f64::INFINITY)),
                };
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
fn each_class_has_its_own_logit() {
    let loss = with(4.0, 1.0, 0.05).gamma_neg([4, 0]).prob_margin([0.05, 0.0]).gamma_pos([1, 0]).build().unwrap();
    let logits = loss.initial_logit([0.01, 0.25]).unwrap();
    assert!((logits[0] + 0.747_149_623_887_889).abs() < 1e-11 && (logits[1] - (0.25_f64 / 0.75).ln()).abs() < 1e-11);
    assert_eq!(loss.initial_logit(0.01).unwrap()[0], logits[0]);
    assert_eq!(AsymmetricLoss::default().initial_logit([0.01, 0.5]).unwrap().len(), 2);
}

/// Rates of many classes, in blocks and on threads, are those of each by itself: where all settings are alike, and where each
/// class has its own.
#[test]
fn logits_of_many_classes_are_those_of_each_alone() {
    let classes = 3000;
    let draw = |seed: usize, class: usize| ((class * 7919 + seed * 104_729) % 10_007) as f64 / 10_007.0;
    let of = |seed| (0..classes).map(|class| draw(seed, class)).collect::<Vec<_>>();
    let rates: Vec<f64> = of(1).iter().map(|rate| 1e-6 + 0.5 * rate * rate).collect();
    let (gamma_neg, gamma_pos): (Vec<f64>, Vec<f64>) = (of(2).iter().map(|x| 5.0 * x).collect(), of(3));
    let (margin, weight): (Vec<f64>, Vec<f64>) = (of(4).iter().map(|x| 0.1 * x).collect(), of(5));
    let weight: Vec<f64> = weight.iter().map(|x| 0.1 + x).collect();
    let alike = AsymmetricLoss::default().initial_logit(&rates).unwrap();
    let each = AsymmetricLoss::builder().gamma_neg(&gamma_neg).gamma_pos(&gamma_pos).prob_margin(&margin);
    let each = each.pos_weight(&weight).class_weight(vec![0; classes]).build().unwrap().initial_logit(&rates).unwrap();
    for class in (0..classes).step_by(37).chain([511, 512, 1499, 1500, classes - 1]) {
        assert_eq!(alike[class], initial(AsymmetricLoss::builder(), rates[class]));
        let alone = with(gamma_neg[class], gamma_pos[class], margin[class]).pos_weight(weight[class]);
        let alone = initial(alone, rates[class]);
        assert!((each[class] - alone).abs() < 1e-11, "{class}: {}, alone {alone}", each[class]);
    }
}

/// Losses with two basins: the lower one counts, whichever it is.
#[test]
fn the_lower_of_two_minima_is_found() {
    let mut basins = [false; 2];
    for weight in [1e-5, 1e-4, 1e-3, 3e-3, 1e-2, 0.1, 1.0] {
        for gamma_pos in [4.0, 20.0, 100.0] {
            let loss = with(0.0, gamma_pos, 0.0).pos_weight(weight).reduction(Reduction::Sum).build().unwrap();
            for rate in [0.3, 0.9, 0.999] {
                let cost = |z: f64| {
                    let losses = loss.losses(&array![z, z], &array![true, false]).unwrap();
                    rate * losses[0] + (1.0 - rate) * losses[1]
                };
                let found = loss.initial_logit(rate).unwrap()[0];
                basins[usize::from(found > -3.0)] = true;
                for z in (-8000..8000).map(|k| f64::from(k) * 0.005) {
                    assert!(cost(found) <= cost(z) * (1.0 + 1e-12), "{loss}, rate {rate}: {found}, but less at {z}");
                }
            }
        }
    }
    assert_eq!(basins, [true; 2]);
    // A narrow one at the margin, below a wide one.
    let loss = with(4.07, 1.95, 0.913).label_smoothing(0.2355).pos_weight(1.1e-4).reduction(Reduction::Sum);
    let found = loss.build().unwrap().initial_logit(0.69).unwrap()[0];
    assert!((2.2..2.4).contains(&found), "{found}");
}

/// Where nothing holds the logit back there is no best one, and the end of `f64` is no answer.
#[test]
fn losses_without_a_minimum_are_errors() {
    for margin in [0.0, 0.05] {
        for implementation in [Implementation::AlibabaMiil, Implementation::DeepPsp, Implementation::Paper] {
            let builder = with(4.0, 1.0, margin).implementation(implementation);
            for smoothing in [0.0, 0.1] {
                let builder = builder.clone().label_smoothing(smoothing);
                let error = builder.clone().pos_weight([1, 0]).build().unwrap().initial_logit(0.1).unwrap_err();
                let is_named =
                    matches!(error, Error::ParameterOutOfRange { parameter: "pos_weight", class: Some(1), .. });
                assert!(is_named, "{error}");
                let error = builder.pos_weight(0).build().unwrap().initial_logit([0.1, 0.2]).unwrap_err();
                assert_eq!(
                    error.to_string(),
                    "pos_weight must be above 0 (and so must alpha), because without positives the loss is least at −∞, \
                     but is 0"
                );
            }
        }
    }
    // A negative that is as wrong as can be costs no more than this, and positives do not care for how near they are.
    let capped = with(0.0, 0.0, 0.3);
    // A positive that is as wrong as can be costs no more than this.
    let floored = with(0.0, 0.0, 0.0).log_floor(1e-4);
    for (builder, rate) in [(capped, 0.8), (floored, 1e-5)] {
        let loss = builder.build().unwrap();
        let error = loss.initial_logit([0.2, rate]).unwrap_err();
        assert!(
            matches!(error, Error::ParameterOutOfRange { parameter: "base_rate", actual, class: Some(1), .. }
                if actual == rate),
            "{error}"
        );
        let error = loss.initial_logit(rate).unwrap_err();
        assert!(
            error.to_string().starts_with("base_rate must be one for which a finite logit has the least loss, but is ")
        );
        assert!(matches!(error, Error::ParameterOutOfRange { class: None, .. }));
        assert!(loss.initial_logit(0.2).is_ok());
    }
    // Powers that are too small for a float leave nothing to compare: γ is told, and not a logit made up.
    let same = |gamma: f64| with(gamma, gamma, 0.0).build().unwrap().initial_logit([0.5]);
    assert!(same(1000.0).unwrap()[0].abs() < 1e-9);
    for gamma in [1100.0, 1e4, 1e6] {
        let error = same(gamma).unwrap_err();
        assert!(matches!(error, Error::ParameterOutOfRange { parameter: "gamma_neg", actual, .. } if actual == gamma));
    }
    let error = with(4.0, 1e6, 0.05).build().unwrap().initial_logit(0.5).unwrap_err();
    assert_eq!(error.to_string(), "gamma_pos must be so small that the least loss does not vanish, but is 1000000");
    // The weight of a class moves no minimum, and one of 0 does not take it away.
    let loss = with(4.0, 1.0, 0.05).class_weight([0, 1]).build().unwrap();
    let logits = loss.initial_logit(0.01).unwrap();
    assert_eq!(logits[0], logits[1]);
}

#[test]
fn invalid_base_rates_are_refused() {
    let loss = with(4.0, 1.0, 0.05).gamma_neg([4, 0]).build().unwrap();
    for rate in [0.0, 1.0, -0.1, 2.0, f64::NAN] {
        let error = loss.initial_logit([0.5, rate]).unwrap_err();
        assert!(matches!(error, Error::ParameterOutOfRange { parameter: "base_rate", class: Some(1), .. }), "{error}");
        let has_hint =
            error.to_string().ends_with(" for class 1 (take (k + 1/2)/(n + 1) if k of n rows have the label)");
        assert_eq!(has_hint, rate == 0.0 || rate == 1.0, "{error}");
    }
    let error = loss.initial_logit([0.5; 3]).unwrap_err();
    assert_eq!(error, Error::ParameterLength { parameter: "base_rate", expected: 2, actual: 3 });
    let none: [f64; 0] = [];
    assert_eq!(loss.initial_logit(none).unwrap_err(), Error::EmptyParameter { parameter: "base_rate" });
}
