//! γ₋ moved from batch to batch.

use asymmetric_loss::{AdaptiveAsymmetry, AsymmetricLoss, Error, Float, Label, Targets};
use ndarray::{Array1, Array2, Axis, array};

fn control() -> AdaptiveAsymmetry {
    AdaptiveAsymmetry::default()
}

fn gap<T: Float, Y: Label>(logits: &Array1<T>, labels: &Array1<Y>) -> Option<f64> {
    AdaptiveAsymmetry::probability_gap(logits, labels).unwrap()
}

/// A model of one feature, in which 1 of 20 examples is positive: features as quantiles of two triangles that overlap.
struct Toy {
    features: Array1<f64>,
    labels: Array1<bool>,
    parameters: [f64; 2],
}

impl Toy {
    fn new() -> Self {
        const COUNT: usize = 400;
        let labels = Array1::from_shape_fn(COUNT, |i| i % 20 == 0);
        let features = Array1::from_shape_fn(COUNT, |i| {
            let quantile = ((i / 20) as f64 + 0.5) / 20.0;
            let triangle =
                if quantile < 0.5 { (2.0 * quantile).sqrt() - 1.0 } else { 1.0 - (2.0 - 2.0 * quantile).sqrt() };
            2.0 * triangle + if labels[i] { 1.0 } else { -0.5 }
        });
        Toy { features, labels, parameters: [0.0; 2] }
    }

    fn logits(&self) -> Array1<f64> {
        &self.features * self.parameters[0] + self.parameters[1]
    }

    /// A step of gradient descent on the mean loss, over which rare positives have little power.
    fn step(&mut self, loss: &AsymmetricLoss) {
        let gradient = loss.gradient(&self.logits(), &self.labels).unwrap();
        self.parameters[0] -= 20.0 * gradient.dot(&self.features);
        self.parameters[1] -= 20.0 * gradient.sum();
    }

    fn gap(&self) -> f64 {
        gap(&self.logits(), &self.labels).unwrap()
    }
}

#[test]
fn a_larger_gamma_neg_makes_a_larger_gap() {
    let settled = |gamma_neg: f64| {
        let loss = AsymmetricLoss::builder().gamma_neg(gamma_neg).build().unwrap();
        let mut toy = Toy::new();
        (0..2000).for_each(|_| toy.step(&loss));
        toy.gap()
    };
    let gaps = [0.0, 1.0, 2.0, 4.0, 6.0].map(settled);
    assert!(gaps.is_sorted_by(|a, b| a + 0.01 < *b), "{gaps:?}");
}

/// The gap comes to its target from either end of the range, and stays there.
#[test]
fn the_gap_is_held() {
    for start in [0.0, 10.0] {
        for target in [-0.3, -0.1, 0.0] {
            let mut control = AdaptiveAsymmetry::new(target).unwrap().starting_at(start).unwrap();
            let (mut toy, mut loss) = (Toy::new(), AsymmetricLoss::default());
            let mut settled = 0.0;
            for step in 0..12_000 {
                control.update(&toy.logits(), &toy.labels).unwrap();
                loss = loss.to_builder().gamma_neg(control.gamma_neg()).build().unwrap();
                toy.step(&loss);
                if step == 6_000 {
                    settled = control.gamma_neg();
                }
                if step >= 6_000 {
                    assert!((toy.gap() - target).abs() < 1e-3, "{control}, step {step}: {}", toy.gap());
                    assert!((control.gamma_neg() - settled).abs() < 0.02, "{control}, at first {settled}");
                }
            }
        }
    }
}

/// p is 1/2 and 1/4 for positives, 3/4 and 1/8 for negatives.
#[test]
fn gap_and_step_are_the_known_ones() {
    let logit = |p: f64| (p / (1.0 - p)).ln();
    let logits = array![[logit(0.5), logit(0.75)], [logit(0.25), logit(0.125)]];
    let labels = array![[1, 0], [1, 0]];
    let exact = 0.375 - 0.5625;
    let mut control = control();
    let found = control.update(&logits, &labels).unwrap().unwrap();
    assert!((found - exact).abs() < 1e-15);
    assert!((control.gamma_neg() - (4.0 + 0.1 * (0.1 - exact))).abs() < 1e-15);

    // Any layout and any number of axes.
    let same = |found: Option<f64>| assert!((found.unwrap() - exact).abs() < 1e-7);
    same(AdaptiveAsymmetry::probability_gap(&logits.t(), &labels.t()).unwrap());
    same(
        AdaptiveAsymmetry::probability_gap(&logits.view().insert_axis(Axis(1)), &labels.insert_axis(Axis(1))).unwrap(),
    );
    let (logits, labels) = (logits.flatten().to_owned(), array![true, false, true, false]);
    same(gap(&logits.mapv(|z| z as f32), &labels));
    same(gap(&logits, &labels.mapv(|y| if y { 1.0_f32 } else { 0.0 })));
}

/// A soft label is a share of a positive and a share of a negative.
#[test]
fn soft_labels_count_by_their_share() {
    let once = gap(&array![0.3, -1.2, 2.0], &array![0.25, 0.0, 0.75]).unwrap();
    let logits = array![0.3, 0.3, 0.3, 0.3, -1.2, -1.2, -1.2, -1.2, 2.0, 2.0, 2.0, 2.0];
    let four_times = gap(&logits, &array![1, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 0]).unwrap();
    assert!((once - four_times).abs() < 1e-15);
    // Half of either: p − (1 − p).
    let p = 1.0 / (1.0 + (-0.3_f64).exp());
    assert!((gap(&array![0.3], &array![0.5]).unwrap() - (2.0 * p - 1.0)).abs() < 1e-15);
}

/// What is unknown, or of weight 0, is not there; whatever its logit and label.
#[test]
fn ignored_elements_have_no_part_in_the_gap() {
    let logits = array![0.3, -0.7, f64::NAN];
    let gap = |targets| AdaptiveAsymmetry::probability_gap(&logits, targets).unwrap();
    let known = AdaptiveAsymmetry::probability_gap(&array![0.3, -0.7], &array![1, 0]).unwrap();
    let (marked, wrong, weights) = (array![1, 0, -1], array![1, 0, 7], array![1.0, 1.0, 0.0]);
    assert_eq!(gap(Targets::new(&marked).ignore(-1)), known);
    assert_eq!(gap(Targets::new(&wrong).weights(&weights)), known);
    let found = AdaptiveAsymmetry::probability_gap(&logits, &array![Some(true), Some(false), None]).unwrap();
    assert_eq!(found, known);
}

#[test]
fn weights_weigh_in_the_gap() {
    let logits = array![[0.3_f64, -0.7], [0.1, 2.0]];
    let (labels, weights) = (array![[1, 0], [0, 1]], array![[1.0], [3.0]]);
    let found = AdaptiveAsymmetry::probability_gap(&logits, Targets::new(&labels).weights(&weights)).unwrap().unwrap();
    let p = |z: f64| 1.0 / (1.0 + (-z).exp());
    let exact = (p(0.3) + 3.0 * p(2.0)) / 4.0 - (p(0.7) + 3.0 * p(-0.1)) / 4.0;
    assert!((found - exact).abs() < 1e-15);
    let below_0 = array![-1.0, 1.0];
    let error = AdaptiveAsymmetry::probability_gap(&logits, Targets::new(&labels).weights(&below_0));
    assert!(matches!(error, Err(Error::InvalidWeight { .. })), "{error:?}");
}

#[test]
fn sparse_labels_have_the_gap_of_dense_ones() {
    let logits = array![[0.5, -1.0, 0.0], [2.0, 0.0, -3.0], [1.0, 1.5, -0.5]];
    let (offsets, indices) = ([0, 2, 2, 3], [0, 2, 1]);
    let dense = AdaptiveAsymmetry::probability_gap(&logits, &array![[1, 0, 1], [0, 0, 0], [0, 1, 0]]);
    assert_eq!(AdaptiveAsymmetry::probability_gap(&logits, Targets::sparse(&offsets, &indices)), dense);
}

#[test]
fn extreme_logits_have_their_limits() {
    assert_eq!(gap(&array![f64::MAX, f64::MIN], &array![1, 0]), Some(0.0));
    assert_eq!(gap(&array![f64::INFINITY, f64::INFINITY], &array![1, 0]), Some(1.0));
    assert_eq!(gap(&array![f64::NEG_INFINITY, -800.0], &array![1, 0]), Some(-1.0));
    assert_eq!(gap(&array![f32::MAX, f32::MIN], &array![0, 1]), Some(0.0));
}

#[test]
fn batches_of_one_kind_change_nothing() {
    let mut control = control();
    let before = control.clone();
    assert_eq!(control.update(&array![1.0, 2.0], &array![1, 1]), Ok(None));
    assert_eq!(control.update(&array![1.0, 2.0], &array![0, 0]), Ok(None));
    assert_eq!(control.update(&Array2::<f32>::zeros((0, 3)), &Array2::<u8>::zeros((0, 3))), Ok(None));
    assert_eq!(control.update(&array![f64::NAN, 2.0], &array![0, 0]), Ok(None));
    assert_eq!(control, before);
}

#[test]
fn nan_leaves_gamma_neg_as_it_was() {
    let mut control = control();
    let before = control.clone();
    for (labels, logits) in [([1, 0], [f64::NAN, 0.0]), ([1, 0], [0.0, f64::NAN]), ([0, 1], [f64::NAN, f64::NAN])] {
        let gap = control.update(&array![logits[0], logits[1]], &array![labels[0], labels[1]]).unwrap();
        assert!(gap.is_some_and(f64::is_nan));
        assert_eq!(control, before);
    }
    control.update(&array![0.0, 0.0], &array![1, 0]).unwrap();
    assert!((control.gamma_neg() - 4.01).abs() < 1e-15);
}

#[test]
fn gamma_neg_stays_in_its_range() {
    let (all_wrong, all_right) = (array![-50.0, 50.0], array![50.0, 50.0]);
    let labels = array![1, 0];
    let mut control = AdaptiveAsymmetry::new(0.5).unwrap().with_range(1.0, 6.0).unwrap().with_rate(1e300).unwrap();
    control.update(&all_wrong, &labels).unwrap();
    assert_eq!(control.gamma_neg(), 6.0);
    control.update(&all_right, &labels).unwrap();
    assert_eq!(control.gamma_neg(), 1.0);
    // At an end nothing winds up: the first batch on the other side moves it away.
    let mut control = control.with_rate(0.1).unwrap();
    for _ in 0..1000 {
        control.update(&all_right, &labels).unwrap();
    }
    assert_eq!(control.gamma_neg(), 1.0);
    control.update(&all_wrong, &labels).unwrap();
    assert!((control.gamma_neg() - 1.05).abs() < 1e-15);
}

/// A step of 0 for a gap at the target, and none without a rate.
#[test]
fn gamma_neg_does_not_drift() {
    let (logits, labels) = (array![0.0, 0.0], array![1, 0]);
    let mut at_target = AdaptiveAsymmetry::new(0.0).unwrap();
    let mut fixed = AdaptiveAsymmetry::new(0.9).unwrap().with_rate(0.0).unwrap();
    for _ in 0..10_000 {
        at_target.update(&logits, &labels).unwrap();
        fixed.update(&logits, &labels).unwrap();
    }
    assert_eq!((at_target.gamma_neg(), fixed.gamma_neg()), (4.0, 4.0));
}

#[test]
fn invalid_settings_are_refused() {
    let out_of_range = |result: Result<AdaptiveAsymmetry, Error>, name: &str, text: &str| {
        let error = result.unwrap_err();
        assert!(matches!(error, Error::ParameterOutOfRange { parameter, .. } if parameter == name), "{error}");
        assert_eq!(error.to_string(), text);
    };
    let text = "target_gap must be above -1 and below 1, but is 1";
    out_of_range(AdaptiveAsymmetry::new(1.0), "target_gap", text);
    let text = "rate must be finite and at least 0, but is inf";
    out_of_range(control().with_rate(f64::INFINITY), "rate", text);
    let text = "highest must be finite and at least the lowest, but is 1";
    out_of_range(control().with_range(2.0, 1.0), "highest", text);
    let text = "gamma_neg must be from the lowest to the highest, but is 10.5";
    out_of_range(control().starting_at(10.5), "gamma_neg", text);
    for wrong in [-1.0, 1.5, f64::NAN, f64::INFINITY] {
        assert!(AdaptiveAsymmetry::new(wrong).is_err(), "{wrong}");
    }
    for wrong in [-0.1, f64::NAN, f64::INFINITY] {
        assert!(control().with_rate(wrong).is_err(), "{wrong}");
        assert!(control().with_range(wrong, 20.0).is_err(), "{wrong}");
        assert!(control().with_range(0.0, wrong).is_err(), "{wrong}");
        assert!(control().starting_at(wrong).is_err(), "{wrong}");
    }

    let mut control = control();
    let error = control.update(&array![[0.0, 1.0]], &array![[1], [0]]).unwrap_err();
    assert_eq!(error, Error::ShapeMismatch { array: "targets", expected: vec![1, 2], actual: vec![2, 1] });
    for wrong in [-0.1, 1.5, f64::INFINITY] {
        let error = control.update(&array![[0.0, 1.0, 2.0]], &array![[1.0, 0.0, wrong]]).unwrap_err();
        assert_eq!(error, Error::InvalidTarget { index: vec![0, 2], actual: wrong });
    }
    assert!(control.update(&array![0.0], &array![f64::NAN]).is_err());
    assert_eq!(control, AdaptiveAsymmetry::default());
}

#[test]
fn settings_are_read_back_and_printed() {
    let control = AdaptiveAsymmetry::new(-0.25).unwrap().with_rate(0.5).unwrap().with_range(1.0, 3.0).unwrap();
    assert_eq!((control.target_gap(), control.rate(), control.range()), (-0.25, 0.5, (1.0, 3.0)));
    assert_eq!(control.gamma_neg(), 3.0, "moved into the range");
    let text = "AdaptiveAsymmetry(target_gap=-0.25, rate=0.5, lowest=1, highest=3, gamma_neg=3)";
    assert_eq!(control.to_string(), text);
    assert_eq!(control.clone().with_range(3.5, 9.0).unwrap().gamma_neg(), 3.5);
}

/// A run that is interrupted goes on where it was, and a file of nonsense is refused.
#[cfg(feature = "serde")]
#[test]
fn saved_states_are_loaded_again() {
    let mut control = AdaptiveAsymmetry::new(0.2).unwrap();
    control.update(&array![0.3, -0.7], &array![1, 0]).unwrap();
    let text = serde_json::to_string(&control).unwrap();
    assert_eq!(serde_json::from_str::<AdaptiveAsymmetry>(&text).unwrap(), control);
    let error = serde_json::from_str::<AdaptiveAsymmetry>(&text.replace("0.2", "2")).unwrap_err();
    assert!(error.to_string().contains("target_gap must be above -1 and below 1, but is 2"), "{error}");
}
