//! Fits a linear model by eight steps of Newton's method.

use asymmetric_loss::{AsymmetricLoss, Curvature};
use nalgebra::DMatrix;
use with_nalgebra::{Error, Fit};

fn main() -> Result<(), Error> {
    let x = DMatrix::from_fn(400, 6, |row, feature| ((row * feature) as f64).cos());
    let truth = DMatrix::from_fn(6, 4, |feature, label| ((feature + 3 * label) as f64).sin());
    let y = (&x * truth).map(|score| score > 1.0);
    let loss = AsymmetricLoss::builder().curvature(Curvature::AtLeast(0.0)).build()?;
    let fit = Fit { loss, x, y, ridge: 1e-4 };

    let mut w = DMatrix::zeros(6, 4);
    for step in 0..=8 {
        println!("after {step} steps: {:.10}", fit.objective(&w)?);
        w = fit.step(&w)?;
    }
    Ok(())
}
