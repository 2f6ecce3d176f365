//! Trains a linear layer of candle by gradient descent.

use asymmetric_loss::AsymmetricLoss;
use candle_core::{Device, Result, Tensor, Var};
use with_candle::asymmetric_loss;

fn main() -> Result<()> {
    let numbers: Vec<f32> = (0..400 * 6).map(|index| ((index / 6 * (index % 6)) as f32).cos()).collect();
    let x = Tensor::from_vec(numbers, (400, 6), &Device::Cpu)?;
    let y = x.narrow(1, 1, 4)?.gt(0.8)?;

    let loss = AsymmetricLoss::default();
    let weights = Var::zeros((6, 4), x.dtype(), x.device())?;
    for step in 0..=200 {
        let value = asymmetric_loss(&loss, &x.matmul(&weights)?, &y)?;
        if step % 100 == 0 {
            println!("step {step}: loss {:.4}", value.to_scalar::<f32>()?);
        }
        let gradients = value.backward()?;
        let gradient = gradients.get(&weights).expect("the weights are a variable");
        weights.set(&(weights.as_tensor() - (gradient * 5.0)?)?)?;
    }
    Ok(())
}
