//! The fitted model is a minimum, and bad input is an error.

use asymmetric_loss::{AsymmetricLoss, Reduction};
use linfa::prelude::{Dataset, Fit, Predict};
use ndarray::{Array1, Array2, Axis, concatenate, s};
use with_linfa::Descent;

fn features() -> Array2<f64> {
    Array2::from_shape_fn((40, 3), |(row, feature)| ((row * (feature + 1)) as f64).cos())
}

fn labels() -> Array2<i32> {
    Array2::from_shape_fn((40, 2), |(row, label)| i32::from((7 * row + 3 * label) % 5 == 0))
}

fn descent() -> Descent {
    Descent { loss: AsymmetricLoss::default(), size: 5.0, steps: 2000 }
}

#[test]
fn no_small_step_leads_down_from_the_fit() {
    let (descent, dataset) = (descent(), Dataset::new(features(), labels()));
    let model = descent.fit(&dataset).unwrap();
    let value = descent.loss.forward(&model.predict(&dataset.records), &dataset.targets).unwrap();
    let parameters = model.weights.len() + model.bias.len();
    for index in 0..2 * parameters {
        let (mut moved, step) = (model.clone(), if index < parameters { 1e-2 } else { -1e-2 });
        *moved.weights.iter_mut().chain(&mut moved.bias).nth(index % parameters).unwrap() += step;
        let there = descent.loss.forward(&moved.predict(&dataset.records), &dataset.targets).unwrap();
        assert!(there > value, "parameter {}, step {step}: {there} after {value}", index % parameters);
    }
}

/// A feature that is always 1 gets the same weights as the bias.
#[test]
fn bias_is_the_weight_of_a_constant() {
    let x = concatenate![Axis(1), features(), Array2::ones((40, 1))];
    let model = descent().fit(&Dataset::new(x, labels())).unwrap();
    let difference = &model.weights.row(3) - &model.bias;
    assert!(model.bias.iter().all(|bias| bias.abs() > 0.01) && difference.iter().all(|d| d.abs() < 1e-9));
}

/// With a sum or a mean by weights, a weight of 0 leaves a row out, and one of 2 counts it twice.
#[test]
fn weights_count_rows() {
    for (reduction, size) in [(Reduction::WeightedMean, 5.0), (Reduction::Sum, 0.05)] {
        let loss = AsymmetricLoss::builder().reduction(reduction).build().unwrap();
        let descent = Descent { loss, size, steps: 300 };
        let mut weights = Array1::ones(40);
        weights[39] = 0.0;
        weights.slice_mut(s![..7]).fill(2.0);
        let weighted = descent.fit(&Dataset::new(features(), labels()).with_weights(weights)).unwrap();
        let rows: Vec<_> = (0..7).chain(0..39).collect();
        let listed = Dataset::new(features().select(Axis(0), &rows), labels().select(Axis(0), &rows));
        let listed = descent.fit(&listed).unwrap();
        let difference = weighted.logits(&features()).unwrap() - listed.logits(&features()).unwrap();
        assert!(difference.iter().all(|d| d.abs() < 1e-9), "{reduction:?}: {difference}");

        let unweighted = descent.fit(&Dataset::new(features(), labels())).unwrap();
        assert!((unweighted.weights - weighted.weights).iter().all(|d| d.abs() > 1e-3));
    }
}

fn fails(x: Array2<f64>, y: Array2<i32>, message: &str) {
    refused(Dataset::new(x, y), message);
}

fn refused(dataset: Dataset<f64, i32>, message: &str) {
    let error = descent().fit(&dataset).unwrap_err().to_string();
    assert!(error.contains(message), "{error}");
}

#[test]
fn bad_input_is_an_error() {
    let mut malformed = labels();
    malformed[[2, 1]] = -1;
    fails(features(), malformed, "-1");

    let mut not_a_number = features();
    not_a_number[[2, 1]] = f64::NAN;
    fails(not_a_number.clone(), labels(), "the weights are not finite");
    // In the last step, too, and in a row that weighs nothing.
    let mut weights = Array1::ones(40);
    weights[2] = 0.0;
    let dataset = Dataset::new(not_a_number, labels()).with_weights(weights);
    assert!(Descent { steps: 1, ..descent() }.fit(&dataset).is_err());

    fails(features(), Array2::zeros((39, 2)), "39");
    fails(Array2::zeros((0, 3)), Array2::zeros((0, 2)), "mean");
    fails(features(), Array2::zeros((40, 0)), "mean");

    let weighted = |weights| Dataset::new(features(), labels()).with_weights(weights);
    refused(weighted(Array1::from_elem(40, -1.0)), "-1");
    refused(weighted(Array1::from_elem(40, f32::NAN)), "NaN");
    for number in [1, 39, 41] {
        refused(weighted(Array1::ones(number)), "shape");
    }
}

#[test]
fn other_features_have_no_logits() {
    let model = descent().fit(&Dataset::new(features(), labels())).unwrap();
    assert_eq!(model.logits(&features()).unwrap(), model.predict(&features()));
    assert!(model.logits(&Array2::zeros((0, 3))).unwrap().is_empty());
    for number in [0, 2, 4] {
        let error = model.logits(&Array2::zeros((5, number))).unwrap_err().to_string();
        assert!(error.contains(&format!("{number} features, not 3")), "{error}");
    }
}

/// linfa's trait has no place for an error.
#[test]
#[should_panic = "2 features, not 3"]
fn to_predict_from_other_features_panics() {
    let model = descent().fit(&Dataset::new(features(), labels())).unwrap();
    model.predict(&Array2::zeros((5, 2)));
}
