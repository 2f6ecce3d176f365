//! Strategies for the property tests of users: what they make is valid, and a failure shrinks to what can be read.

use asymmetric_loss::{AsymmetricLoss, Error, Settings, SingleLabelLoss, Targets, single_label, strategies};
use ndarray::{Array2, array};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{TestCaseError, TestError, TestRunner};

/// Fails unless a call takes settings and arrays. A mean of nothing that counts has no value, whatever the settings.
fn is_taken(settings: Settings, z: &Array2<f64>, y: &Array2<Option<f64>>) -> Result<(), TestCaseError> {
    let built = settings.to_builder().build();
    prop_assert_eq!(built, Ok(AsymmetricLoss::from(settings.clone())));
    match AsymmetricLoss::from(settings).derivatives(z, y) {
        Ok(_) | Err(Error::EmptyMean { .. }) => Ok(()),
        Err(error) => Err(TestCaseError::fail(error.to_string())),
    }
}

fn any_logits() -> impl Strategy<Value = f64> {
    prop_oneof![strategies::logits(), strategies::logits_beside(0.05), strategies::special_logits()]
}

fn any_labels() -> impl Strategy<Value = Option<f64>> {
    proptest::option::of(prop_oneof![strategies::labels(), strategies::soft_labels()])
}

proptest! {
    #[test]
    fn uniform_settings_and_batches_are_valid(
        settings in strategies::settings(),
        (z, y) in strategies::batches(0..5, 0..5, any_logits(), any_labels()),
    ) {
        is_taken(settings, &z, &y)?;
    }

    #[test]
    fn settings_per_class_are_valid(
        settings in strategies::settings_per_class(4),
        (z, y) in strategies::batches(1..5, 4..5, any_logits(), any_labels()),
    ) {
        is_taken(settings, &z, &y)?;
    }

    #[test]
    fn sparse_labels_and_weights_are_valid(
        (offsets, indices) in strategies::sparse_labels(3, 5),
        (z, weights) in strategies::batches(3..4, 5..6, any_logits(), strategies::weights()),
    ) {
        let targets = Targets::sparse(&offsets, &indices).weights(&weights);
        prop_assert!(AsymmetricLoss::default().losses(&z, targets).is_ok());
    }

    /// Valid, and differentiable: the gradient is a difference of the value, the product with the Hessian one of the gradient.
    #[test]
    fn single_label_settings_are_valid_and_smooth(
        settings in single_label::strategies::settings(3),
        (z, direction) in strategies::batches(1..2, 3..4, -8.0..8.0, -1.0..1.0),
        class in 0..3_usize,
    ) {
        prop_assert_eq!(settings.to_builder().build(), Ok(SingleLabelLoss::from(settings.clone())));
        let loss = SingleLabelLoss::from(settings);
        let classes = array![class];
        let at = |step: f64| loss.value_and_gradient(&(&z + step * &direction), &classes).unwrap();
        let ((value, gradient), above, below) = (at(0.0), at(1e-4), at(-1e-4));
        let scale = 1e-3 + value + gradient.fold(0.0, |sum, slope: &f64| sum + slope.abs());
        let (first, slope) = ((above.0 - below.0) / 2e-4, (&gradient * &direction).sum());
        prop_assert!((first - slope).abs() < 1e-6 * scale, "{first} instead of {slope}");
        let product = loss.hessian_vector_product(&z, &classes, &direction).unwrap();
        for (second, product) in ((above.1 - below.1) / 2e-4).iter().zip(&product) {
            prop_assert!((second - product).abs() < 1e-5 * scale, "{second} instead of {product}");
        }
    }

    /// The promise of smooth settings, at moderate logits, where a difference has digits.
    #[test]
    fn gradients_of_smooth_settings_are_differences(
        settings in strategies::smooth_settings(),
        z in -8.0..8.0,
        y in strategies::soft_labels(),
    ) {
        let loss = AsymmetricLoss::from(settings);
        let at = |z: f64| loss.derivatives(&array![z], &array![y]).unwrap();
        let (here, above, below) = (at(z), at(z + 1e-4), at(z - 1e-4));
        let scale = [here.value, above.value, below.value].into_iter().fold(1e-3, f64::max);
        let first = (above.value - below.value) / 2e-4;
        prop_assert!((first - here.gradient[0]).abs() < 1e-6 * scale, "{first} instead of {}", here.gradient[0]);
        let second = (above.gradient[0] - below.gradient[0]) / 2e-4;
        let hessian = here.hessian_diagonal[0];
        prop_assert!((second - hessian).abs() < 1e-5 * scale, "{second} instead of {hessian}");
    }
}

#[test]
fn logits_come_as_near_to_the_margin_as_asked() {
    let mut runner = TestRunner::deterministic();
    let kink = (0.05_f64 / 0.95).ln();
    let distances: Vec<f64> =
        (0..1000).map(|_| strategies::logits_beside(0.05).new_tree(&mut runner).unwrap().current() - kink).collect();
    assert!(distances.iter().any(|d| *d > 0.0 && *d < 1e-9) && distances.iter().any(|d| *d < 0.0 && *d > -1e-9));
    assert!(distances.iter().any(|d| d.abs() > 0.1));
}

/// What a strategy shrinks to when every case fails.
fn simplest<S: Strategy>(strategy: S) -> S::Value {
    let mut runner = TestRunner::new(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() });
    match runner.run(&strategy, |_| Err(TestCaseError::fail("as all"))) {
        Err(TestError::Fail(_, value)) => value,
        outcome => panic!("{outcome:?}"),
    }
}

#[test]
fn settings_shrink_to_the_default() {
    assert_eq!(simplest(strategies::settings()), Settings::default());
    assert_eq!(simplest(strategies::settings_per_class(3)), Settings::default());
    let smooth = AsymmetricLoss::builder().prob_margin(0).build().unwrap();
    assert_eq!(simplest(strategies::smooth_settings()), *smooth.settings());
    assert_eq!(simplest(single_label::strategies::settings(3)), single_label::Settings::default());
}

/// Most faults do not show where a weight is 0.
#[test]
fn weights_shrink_to_1_where_0_does_not_fail() {
    let mut runner = TestRunner::new(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() });
    let outcome = runner.run(&strategies::weights(), |weight| {
        prop_assert_eq!(weight, 0.0);
        Ok(())
    });
    assert!(matches!(outcome, Err(TestError::Fail(_, 1.0))), "{outcome:?}");
}

/// The gradient of a layer, z = x·w, wrong in its last class.
#[test]
fn a_wrong_gradient_shrinks_to_a_few_elements() {
    let batches = strategies::batches(1..20, 1..20, strategies::logits(), strategies::labels());
    let mut runner = TestRunner::new(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() });
    let outcome = runner.run(&batches, |(z, y)| {
        let right = AsymmetricLoss::default().gradient(&z, &y).unwrap();
        let mut wrong = right.clone();
        if wrong.ncols() > 2 {
            wrong.column_mut(2).mapv_inplace(|x| 1.01 * x);
        }
        let is_right = right.iter().zip(&wrong).all(|(a, b)| (a - b).abs() <= 1e-9);
        prop_assert!(is_right);
        Ok(())
    });
    let Err(TestError::Fail(_, (z, _))) = outcome else { panic!("the fault was not found: {outcome:?}") };
    assert!(z.nrows() <= 3 && z.ncols() <= 3, "{z}");
}
