//! Fits one model by L-BFGS and by a Newton method with a trust region.

use asymmetric_loss::AsymmetricLoss;
use basin::{Executor, FirstOrderState, Lbfgs, TrustRegion};
use ndarray::{Array1, Array2};
use with_basin::{Error, Fit};

fn main() -> Result<(), Error> {
    let x = Array2::from_shape_fn((400, 6), |(row, feature)| ((row * feature) as f64).cos());
    let truth = Array2::from_shape_fn((6, 4), |(feature, label)| ((feature + 3 * label) as f64).sin());
    let y = x.dot(&truth).mapv(|score| i32::from(score > 1.0));
    println!("{} labels of {} are positive", y.sum(), y.len());
    let fit = Fit { loss: AsymmetricLoss::default(), x, y, ridge: 1e-4 };
    let start = FirstOrderState::new(Array1::zeros(6 * 4));

    let lbfgs = Lbfgs::new().unbounded().with_absolute_gradient_tolerance(1e-8);
    let lbfgs = Executor::new(fit.clone(), lbfgs, start.clone()).max_iter(200).run()?;
    let newton = TrustRegion::matrix_free().with_absolute_gradient_tolerance(1e-8);
    let newton = Executor::new(fit.clone(), newton, start).max_iter(200).run()?;
    for (name, result) in [("L-BFGS", lbfgs), ("trust region", newton)] {
        let predicted = fit.logits(result.param())?.mapv(|logit| i32::from(logit > 0.0));
        let right = predicted.iter().zip(&fit.y).filter(|(predicted, label)| predicted == label).count();
        println!("{name:12}  loss {:.8}, {right} labels are right", result.cost());
    }
    Ok(())
}
