//! The objective is what it says, and input that is wrong is refused.

use std::error::Error;

use asymmetric_loss::{AsymmetricLoss, Curvature, Error as LossError};
use boosting::metric::mean_average_precision;
use boosting::{Model, data};
use lightgbm3::{Booster, Dataset};
use ndarray::{Array2, array, s};
use serde_json::{Value, json};

fn parameters() -> Value {
    json!({"num_iterations": 20, "num_leaves": 6, "num_threads": 1, "verbosity": -1})
}

fn refused(x: &Array2<f32>, y: &Array2<f32>) -> Box<dyn Error> {
    let loss = AsymmetricLoss::builder().curvature(Curvature::AtLeast(0.01)).build().unwrap();
    Model::fit(&loss, (x, y), parameters()).map(|_| ()).unwrap_err()
}

#[test]
fn without_focus_and_margin_it_is_the_logistic_objective() {
    let (x, y) = data::generated(0, 800);
    let cross_entropy = AsymmetricLoss::builder().gamma_neg(0).gamma_pos(0).prob_margin(0.0).build().unwrap();
    let scores = Model::fit(&cross_entropy, (&x, &y), parameters()).unwrap().scores(&x).unwrap();
    for label in 0..y.ncols() {
        let dataset = Dataset::from_slice(x.as_slice().unwrap(), &y.column(label).to_vec(), 8, true).unwrap();
        let mut parameters = parameters();
        parameters["objective"] = "binary".into();
        let booster = Booster::train(dataset, &parameters).unwrap();
        let expected = booster.raw_scores(x.as_slice().unwrap(), 8, true).unwrap();
        let far = scores.column(label).iter().zip(&expected).filter(|(a, b)| (*a - *b).abs() > 1e-3).count();
        assert_eq!(far, 0, "rows of label {label} that differ");
    }
}

#[test]
fn it_learns_and_repeats() {
    let ((x, y), (unseen_x, unseen_y)) = (data::generated(0, 1000), data::generated(1000, 500));
    let loss = AsymmetricLoss::builder().curvature(Curvature::AtLeast(0.01)).build().unwrap();
    let fit = || Model::fit(&loss, (&x, &y), parameters()).unwrap().scores(&unseen_x).unwrap();
    let scores = fit();
    let constant = mean_average_precision(&Array2::zeros(unseen_y.dim()), &unseen_y);
    assert!(mean_average_precision(&scores, &unseen_y) > 3.0 * constant);
    assert_eq!(scores, fit());

    let mut limited = Model::fit(&loss, (&x, &y), parameters()).unwrap();
    limited.booster.set_max_iterations(5).unwrap();
    let mut few = parameters();
    few["num_iterations"] = 5.into();
    assert_eq!(
        limited.scores(&unseen_x).unwrap(),
        Model::fit(&loss, (&x, &y), few).unwrap().scores(&unseen_x).unwrap()
    );
}

#[test]
fn a_label_that_no_row_has_is_no_error() {
    let (x, mut y) = data::generated(0, 300);
    y.column_mut(2).fill(0.0);
    let loss = AsymmetricLoss::builder().curvature(Curvature::AtLeast(0.01)).build().unwrap();
    let scores = Model::fit(&loss, (&x, &y), parameters()).unwrap().scores(&x).unwrap();
    assert!(scores.iter().all(|score| score.is_finite()));
}

#[test]
fn wrong_input_is_refused() {
    let (x, y) = data::generated(0, 100);
    let of_crate = |error: Box<dyn Error>| *error.downcast::<LossError>().unwrap();
    assert!(matches!(of_crate(refused(&x, &y.slice(s![..99, ..]).to_owned())), LossError::ShapeMismatch { .. }));
    for wrong in [-1.0, f32::NAN] {
        let mut labels = y.clone();
        labels[[3, 1]] = wrong;
        assert!(matches!(of_crate(refused(&x, &labels)), LossError::InvalidTarget { .. }));
    }
    let empty = of_crate(refused(&Array2::zeros((0, 8)), &Array2::zeros((0, 6))));
    assert!(matches!(empty, LossError::EmptyMean { .. }));

    let loss = AsymmetricLoss::builder().curvature(Curvature::AtLeast(0.01)).build().unwrap();
    assert!(Model::fit(&loss, (&x, &y), json!("num_leaves=4")).is_err());
    let model = Model::fit(&loss, (&x, &y), parameters()).unwrap();
    assert!(model.scores(&x.slice(s![.., ..7]).to_owned()).is_err());
    assert!(model.scores(&Array2::zeros((0, 8))).is_ok_and(|scores| scores.is_empty()));
}

#[test]
fn average_precision_by_hand() {
    // Positives in ranks 1 and 3; the second label has none.
    let (scores, labels) = (array![[3.0, 0.0], [2.0, 1.0], [1.0, 2.0]], array![[1.0, 0.0], [0.0, 0.0], [1.0, 0.0]]);
    assert!((mean_average_precision(&scores, &labels) - 100.0 * 5.0 / 6.0).abs() < 1e-12);
}
