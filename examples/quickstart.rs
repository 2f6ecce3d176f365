//! The front page as a program: values, gradients, settings and curvature of the loss.
//!
//! ```text
//! cargo run --release --example quickstart
//! ```

use asymmetric_loss::{AsymmetricLoss, Error, Implementation, Reduction};
use ndarray::{Array2, array};

fn main() -> Result<(), Error> {
    // Rows are examples, columns are classes; any number of axes works.
    let logits = array![[2.0_f32, -1.0, 0.5], [-3.0, 0.2, 1.5]];
    // Any integers, bool, or floats; numbers between 0 and 1 are soft labels.
    let targets = array![[1, 0, 0], [0, 1, 1]];

    // γ₋ 4, γ₊ 1, margin 0.05, mean.
    let loss = AsymmetricLoss::default();
    let value: f32 = loss.forward(&logits, &targets)?;
    println!("value\n{value}\n");

    // Both in one pass.
    let (value, gradient) = loss.value_and_gradient(&logits, &targets)?;
    println!("value and gradient\n{value}\n{gradient:.5}\n");

    // A training step: no allocation, the buffer is used again and again.
    let mut buffer = Array2::zeros(logits.raw_dim());
    let mut trained = logits.clone();
    for _ in 0..100 {
        loss.value_and_gradient_into(&trained, &targets, &mut buffer)?;
        trained.scaled_add(-1.0, &buffer);
    }
    println!("value after 100 steps downhill\n{}\n", loss.forward(&trained, &targets)?);

    // Some of the settings.
    let loss = AsymmetricLoss::builder()
        .gamma_neg([4.0, 2.0, 4.0]) // one number, or one per class
        .gamma_pos(1)
        .prob_margin(0.05)
        .implementation(Implementation::DeepPsp)
        .detach_focal_weight(true)
        .log_floor(1e-8)
        .reduction(Reduction::Sum)
        .build()?;
    println!("{loss}\n");
    println!("losses, one per element\n{:.5}\n", loss.losses(&logits, &targets)?);

    // To second order, in one pass. The Hessian is diagonal.
    let d = loss.derivatives(&logits, &targets)?;
    println!("sum of the losses\n{}\n", d.value);
    println!("its gradient\n{:.5}\n", d.gradient);
    println!("its curvature\n{:.5}\n", d.hessian_diagonal);

    // The chain rule for what comes after the loss: here the first row counts twice.
    let upstream = array![[2.0, 2.0, 2.0], [1.0, 1.0, 1.0]];
    println!("gradient of a weighted sum\n{:.5}\n", loss.vjp(&logits, &targets, &upstream)?);

    // What is wrong is an error with the values that are wrong.
    let error = loss.forward(&logits, &array![[1.0, 0.0, 2.0], [0.0, 1.0, 1.0]]).unwrap_err();
    println!("an error\n{error}");
    Ok(())
}
