//! The derivatives are those of the cost, both solvers find its minimum, and bad input is an error.

use argmin::core::{CostFunction, Error, Executor, Gradient, Hessian};
use argmin::solver::{linesearch::MoreThuenteLineSearch, newton::NewtonCG, quasinewton::LBFGS};
use argmin_math::ArgminDot;
use asymmetric_loss::AsymmetricLoss;
use ndarray::{Array1, Array2};
use with_argmin::Fit;

fn features() -> Array2<f64> {
    Array2::from_shape_fn((60, 5), |(row, feature)| (row as f64 * (feature as f64 + 0.7)).cos())
}

fn labels() -> Array2<i32> {
    Array2::from_shape_fn((60, 3), |(row, label)| i32::from((7 * row + 3 * label) % 5 == 0))
}

fn weights() -> Array1<f64> {
    Array1::from_shape_fn(15, |index| (index as f64).sin())
}

fn lbfgs(fit: Fit<'_>) -> Result<Array1<f64>, Error> {
    let solver = LBFGS::new(MoreThuenteLineSearch::new(), 10);
    let run = Executor::new(fit, solver).configure(|state| state.param(Array1::zeros(15)).max_iters(200)).run()?;
    run.state.best_param.ok_or_else(|| Error::msg("no parameters"))
}

fn newton(fit: Fit<'_>) -> Result<Array1<f64>, Error> {
    let solver = NewtonCG::new(MoreThuenteLineSearch::new());
    let run = Executor::new(fit, solver).configure(|state| state.param(Array1::zeros(15)).max_iters(200)).run()?;
    run.state.best_param.ok_or_else(|| Error::msg("no parameters"))
}

#[test]
fn gradient_is_the_change_of_the_cost() {
    let (loss, x, y, weights) = (AsymmetricLoss::default(), features(), labels(), weights());
    let fit = Fit { loss: &loss, x: &x, y: &y, ridge: 0.01 };
    let gradient = fit.gradient(&weights).unwrap();
    for index in 0..weights.len() {
        let mut step = Array1::zeros(weights.len());
        step[index] = 1e-5;
        let change = fit.cost(&(&weights + &step)).unwrap() - fit.cost(&(&weights - &step)).unwrap();
        assert!((change / 2e-5 - gradient[index]).abs() < 1e-8, "weight {index}");
    }
}

#[test]
fn product_is_that_of_the_crate_and_the_change_of_the_gradient() {
    let (loss, x, y, weights) = (AsymmetricLoss::default(), features(), labels(), weights());
    let fit = Fit { loss: &loss, x: &x, y: &y, ridge: 0.01 };
    let direction = weights.mapv(|weight| 1.0 - weight);
    let product = fit.hessian(&weights).unwrap().dot(&direction);

    let vector = x.dot(&direction.to_shape((5, 3)).unwrap());
    let of_logits = loss.hessian_vector_product(&fit.logits(&weights).unwrap(), &y, &vector).unwrap();
    let of_crate = Array1::from_iter(x.t().dot(&of_logits)) + 0.01 * &direction;
    assert!((&product - &of_crate).iter().all(|difference| difference.abs() < 1e-15));

    let step = 1e-5 * &direction;
    let change = fit.gradient(&(&weights + &step)).unwrap() - fit.gradient(&(&weights - &step)).unwrap();
    assert!((change / 2e-5 - product).iter().all(|difference| difference.abs() < 1e-7));
}

#[test]
fn both_solvers_find_the_minimum() {
    let (loss, x, y) = (AsymmetricLoss::default(), features(), labels());
    let fit = Fit { loss: &loss, x: &x, y: &y, ridge: 0.01 };
    for weights in [lbfgs(fit).unwrap(), newton(fit).unwrap()] {
        let gradient = fit.gradient(&weights).unwrap();
        assert!(gradient.dot(&gradient).sqrt() < 1e-6, "{gradient}");
    }
}

/// What both solvers return, each of which must be this error.
fn fails(x: &Array2<f64>, y: &Array2<i32>, message: &str) {
    let fit = Fit { loss: &AsymmetricLoss::default(), x, y, ridge: 0.01 };
    for result in [lbfgs(fit), newton(fit)] {
        let error = result.unwrap_err().to_string();
        assert!(error.contains(message), "{error}");
    }
}

#[test]
fn bad_input_is_an_error() {
    let mut malformed = labels();
    malformed[[2, 1]] = -1;
    fails(&features(), &malformed, "-1");

    let mut not_a_number = features();
    not_a_number[[2, 1]] = f64::NAN;
    fails(&not_a_number, &labels(), "a logit is not finite");

    let fewer = |rows| Array2::from_shape_fn((rows, 3), |_| 0);
    fails(&features(), &fewer(59), "59");
    fails(&Array2::zeros((0, 5)), &fewer(0), "mean");
    fails(&Array2::zeros((60, 4)), &labels(), "incompatible");
}
