//! Trains a linear layer of burn by gradient descent.

use asymmetric_loss::AsymmetricLoss;
use burn::tensor::{Device, Tensor, TensorData};
use with_burn::{Error, asymmetric_loss};

fn main() -> Result<(), Error> {
    let device = Device::flex().autodiff();
    let numbers: Vec<f32> = (0..400 * 6).map(|index| ((index / 6 * (index % 6)) as f32).cos()).collect();
    let x = Tensor::<2>::from_data(TensorData::new(numbers, [400, 6]), &device);
    let y = x.clone().narrow(1, 1, 4).greater_elem(0.8).float();

    let loss = AsymmetricLoss::default();
    let mut weights = Tensor::<2>::zeros([6, 4], &device).require_grad();
    for step in 0..=200 {
        let value = asymmetric_loss(&loss, x.clone().matmul(weights.clone()), y.clone())?;
        if step % 100 == 0 {
            println!("step {step}: loss {:.4}", value.clone().into_scalar::<f32>());
        }
        let gradient = weights.grad(&value.backward()).ok_or("the weights need no gradient")?;
        weights = Tensor::from_inner(weights.inner() - gradient * 5.0).require_grad();
    }
    Ok(())
}
