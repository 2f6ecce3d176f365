//! The fitted model is a minimum, and bad input is an error.

use asymmetric_loss::AsymmetricLoss;
use linfa::prelude::{Dataset, Fit, Predict};
use ndarray::{Array2, Axis, concatenate};
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

fn fails(x: Array2<f64>, y: Array2<i32>, message: &str) {
    let error = descent().fit(&Dataset::new(x, y)).unwrap_err().to_string();
    assert!(error.contains(message), "{error}");
}

#[test]
fn bad_input_is_an_error() {
    let mut malformed = labels();
    malformed[[2, 1]] = -1;
    fails(features(), malformed, "-1");

    let mut not_a_number = features();
    not_a_number[[2, 1]] = f64::NAN;
    fails(not_a_number, labels(), "the loss is NaN");

    fails(features(), Array2::zeros((39, 2)), "39");
    fails(Array2::zeros((0, 3)), Array2::zeros((0, 2)), "mean");
    fails(features(), Array2::zeros((40, 0)), "mean");
}
