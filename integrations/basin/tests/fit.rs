//! The derivatives are those of the cost, both solvers find its minimum, and bad input is an error.

use asymmetric_loss::AsymmetricLoss;
use basin::{CostFunction, Executor, FirstOrderState, Gradient, HessianProduct, Lbfgs, TrustRegion};
use ndarray::{Array1, Array2};
use with_basin::{Error, Fit};

fn features() -> Array2<f64> {
    Array2::from_shape_fn((60, 5), |(row, feature)| (row as f64 * (feature as f64 + 0.7)).cos())
}

fn labels() -> Array2<i32> {
    Array2::from_shape_fn((60, 3), |(row, label)| i32::from((7 * row + 3 * label) % 5 == 0))
}

fn weights() -> Array1<f64> {
    Array1::from_shape_fn(15, |index| (index as f64).sin())
}

fn fit(x: Array2<f64>, y: Array2<i32>) -> Fit {
    Fit { loss: AsymmetricLoss::default(), x, y, ridge: 0.01 }
}

fn lbfgs(fit: Fit) -> Result<Array1<f64>, Error> {
    let solver = Lbfgs::new().unbounded().with_absolute_gradient_tolerance(1e-8);
    let run = Executor::new(fit, solver, FirstOrderState::new(Array1::zeros(15))).max_iter(200).run()?;
    Ok(run.param().clone())
}

fn trust_region(fit: Fit) -> Result<Array1<f64>, Error> {
    let solver = TrustRegion::matrix_free().with_absolute_gradient_tolerance(1e-8);
    let run = Executor::new(fit, solver, FirstOrderState::new(Array1::zeros(15))).max_iter(200).run()?;
    Ok(run.param().clone())
}

#[test]
fn gradient_is_the_change_of_the_cost() {
    let (fit, weights) = (fit(features(), labels()), weights());
    let gradient = fit.gradient(&weights).unwrap();
    for index in 0..weights.len() {
        let mut step = Array1::zeros(weights.len());
        step[index] = 1e-5;
        let change = fit.cost(&(&weights + &step)).unwrap() - fit.cost(&(&weights - &step)).unwrap();
        assert!((change / 2e-5 - gradient[index]).abs() < 1e-8, "weight {index}");
    }
}

#[test]
fn product_is_the_change_of_the_gradient() {
    let (fit, weights) = (fit(features(), labels()), weights());
    let direction = weights.mapv(|weight| 1.0 - weight);
    let step = 1e-5 * &direction;
    let change = fit.gradient(&(&weights + &step)).unwrap() - fit.gradient(&(&weights - &step)).unwrap();
    let product = fit.hessian_product(&weights, &direction).unwrap();
    assert!((change / 2e-5 - product).iter().all(|difference| difference.abs() < 1e-7));
}

#[test]
fn both_solvers_find_the_minimum() {
    let fit = fit(features(), labels());
    for weights in [lbfgs(fit.clone()).unwrap(), trust_region(fit.clone()).unwrap()] {
        let gradient = fit.gradient(&weights).unwrap();
        assert!(gradient.dot(&gradient).sqrt() < 1e-8, "{gradient}");
    }
}

/// What both solvers return, each of which must be this error.
fn fails(x: Array2<f64>, y: Array2<i32>, message: &str) {
    let fit = fit(x, y);
    for result in [lbfgs(fit.clone()), trust_region(fit)] {
        let error = result.unwrap_err().to_string();
        assert!(error.contains(message), "{error}");
    }
}

#[test]
fn errors_of_the_loss_come_back_as_they_are() {
    let mut malformed = labels();
    malformed[[2, 1]] = -1;
    for result in [lbfgs(fit(features(), malformed.clone())), trust_region(fit(features(), malformed))] {
        let error = result.unwrap_err().downcast::<asymmetric_loss::Error>().unwrap();
        assert_eq!(*error, asymmetric_loss::Error::InvalidTarget { index: vec![2, 1], actual: -1.0 });
    }
}

#[test]
fn bad_input_is_an_error() {
    let mut malformed = labels();
    malformed[[2, 1]] = -1;
    fails(features(), malformed, "-1");

    let mut not_a_number = features();
    not_a_number[[2, 1]] = f64::NAN;
    fails(not_a_number, labels(), "finite");

    let fewer = |rows| Array2::from_shape_fn((rows, 3), |_| 0);
    fails(features(), fewer(59), "59");
    fails(Array2::zeros((0, 5)), fewer(0), "mean");
    fails(Array2::zeros((60, 4)), labels(), "incompatible");
}
