//! Fits one model by L-BFGS and by Newton-CG.

use argmin::core::{Error, Executor};
use argmin::solver::{linesearch::MoreThuenteLineSearch, newton::NewtonCG, quasinewton::LBFGS};
use asymmetric_loss::AsymmetricLoss;
use ndarray::{Array1, Array2};
use with_argmin::Fit;

fn main() -> Result<(), Error> {
    let x = Array2::from_shape_fn((400, 6), |(row, feature)| ((row * feature) as f64).cos());
    let truth = Array2::from_shape_fn((6, 4), |(feature, label)| ((feature + 3 * label) as f64).sin());
    let y = x.dot(&truth).mapv(|score| i32::from(score > 1.0));
    let fit = Fit { loss: &AsymmetricLoss::default(), x: &x, y: &y, ridge: 1e-4 };
    let start = Array1::zeros(6 * 4);

    let solver = LBFGS::new(MoreThuenteLineSearch::new(), 10);
    let lbfgs = Executor::new(fit, solver).configure(|state| state.param(start.clone()).max_iters(100)).run()?.state;
    let solver = NewtonCG::new(MoreThuenteLineSearch::new());
    let newton = Executor::new(fit, solver).configure(|state| state.param(start).max_iters(100)).run()?.state;

    println!("{} labels of {} are positive", y.sum(), y.len());
    for (name, weights, loss) in
        [("L-BFGS", lbfgs.best_param, lbfgs.best_cost), ("Newton-CG", newton.best_param, newton.best_cost)]
    {
        let predicted = fit.logits(&weights.unwrap_or_default())?.mapv(|logit| i32::from(logit > 0.0));
        let right = predicted.iter().zip(&y).filter(|(predicted, label)| predicted == label).count();
        println!("{name:9}  loss {loss:.8}, {right} labels are right");
    }
    Ok(())
}
