//! Views show each element where it belongs, steps lead to the minimum, and bad input is an error.

use asymmetric_loss::{AsymmetricLoss, Curvature};
use nalgebra::DMatrix;
use with_nalgebra::{Error, Fit, view, view_mut};

fn features() -> DMatrix<f64> {
    DMatrix::from_fn(60, 5, |row, feature| ((row * feature) as f64).cos())
}

fn labels() -> DMatrix<i32> {
    DMatrix::from_fn(60, 3, |row, label| i32::from((7 * row + 3 * label) % 5 == 0))
}

fn fit(x: DMatrix<f64>, y: DMatrix<i32>) -> Fit<i32> {
    let loss = AsymmetricLoss::builder().curvature(Curvature::AtLeast(0.0)).build().unwrap();
    Fit { loss, x, y, ridge: 0.01 }
}

#[test]
fn views_have_the_elements_of_the_matrix() {
    let mut matrix = DMatrix::from_fn(4, 3, |row, column| 10 * row + column);
    assert!(view(&matrix).unwrap().indexed_iter().all(|((row, column), &element)| element == 10 * row + column));
    view_mut(&mut matrix).unwrap()[[3, 1]] = 99;
    assert_eq!(matrix[(3, 1)], 99);
}

#[test]
fn steps_lead_to_the_minimum() {
    let fit = fit(features(), labels());
    let mut w = DMatrix::zeros(5, 3);
    for _ in 0..20 {
        w = fit.step(&w).unwrap();
    }
    for index in 0..w.len() {
        let (mut above, mut below) = (w.clone(), w.clone());
        above[index] += 1e-5;
        below[index] -= 1e-5;
        let slope = (fit.objective(&above).unwrap() - fit.objective(&below).unwrap()) / 2e-5;
        assert!(slope.abs() < 1e-9, "weight {index}: {slope}");
    }
}

/// With the exact Hessian the error of a step near the minimum is its square, and not a part of it.
#[test]
fn steps_are_those_of_newton() {
    let fit = fit(features(), labels());
    let mut w = DMatrix::zeros(5, 3);
    for _ in 0..20 {
        w = fit.step(&w).unwrap();
    }
    let start = w.map(|weight| weight + 1e-3);
    let after = fit.step(&start).unwrap();
    assert!((after - &w).norm() < 1e-2 * (start - w).norm());
}

fn fails(result: Result<DMatrix<f64>, Error>, message: &str) {
    let error = result.unwrap_err().to_string();
    assert!(error.contains(message), "{error}");
}

#[test]
fn bad_input_is_an_error() {
    let w = DMatrix::zeros(5, 3);
    let mut malformed = labels();
    malformed[(2, 1)] = -1;
    fails(fit(features(), malformed).step(&w), "-1");

    let mut not_a_number = features();
    not_a_number[(2, 1)] = f64::NAN;
    fails(fit(not_a_number, labels()).step(&w), "not positive definite");

    fails(fit(features(), DMatrix::zeros(59, 3)).step(&w), "59");
    fails(fit(features(), labels()).step(&DMatrix::zeros(4, 3)), "W needs a row");
    fails(fit(features(), labels()).step(&DMatrix::zeros(5, 2)), "[60, 2]");
    fails(fit(DMatrix::zeros(0, 5), DMatrix::zeros(0, 3)).step(&w), "mean");
}

#[test]
fn a_hessian_that_bends_down_is_an_error() {
    let mut fit = fit(features(), DMatrix::from_element(60, 3, 1));
    fit.loss = AsymmetricLoss::default();
    fit.ridge = 0.0;
    let w = DMatrix::from_fn(5, 3, |feature, _| if feature == 0 { -9.0 } else { 0.0 });
    fails(fit.step(&w), "not positive definite");
}
