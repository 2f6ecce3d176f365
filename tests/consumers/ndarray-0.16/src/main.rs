//! A program on ndarray 0.16.

use asymmetric_loss::AsymmetricLoss;
use ndarray::{Array2, array};

fn main() -> Result<(), asymmetric_loss::Error> {
    let logits = array![[2.0_f32, -1.0, 0.5], [-3.0, 0.2, 1.5]];
    let targets = array![[1, 0, 0], [0, 1, 1]];
    let loss = AsymmetricLoss::builder().gamma_neg(array![4.0, 2.0, 1.0]).build()?;
    let (value, gradient): (f32, Array2<f32>) = loss.value_and_gradient(&logits, &targets)?;
    println!("{value}\n{gradient}");
    Ok(())
}
