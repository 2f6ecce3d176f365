//! The loss in the tensor operations of burn on its backend in plain Rust, its gradient by burn's autodiff.

use crate::contender::{Contender, Outcome, Problem};
use anyhow::{Context, Result};
use burn::tensor::{self, Device, activation::sigmoid};
use ndarray::ArrayView2;
use yardstick::baseline::MARGIN;

pub(crate) struct Burn {
    logits: tensor::Tensor<2>,
    targets: tensor::Tensor<2>,
    last: Option<(tensor::Tensor<1>, tensor::Tensor<2>)>,
}

impl Burn {
    pub(crate) fn new(problem: &Problem) -> Self {
        let device = Device::flex();
        let tensor = |array: ArrayView2<'_, f32>, device: &Device| {
            let elements = array.iter().copied().collect::<Vec<_>>();
            tensor::Tensor::from_data(tensor::TensorData::new(elements, [array.nrows(), array.ncols()]), device)
        };
        let logits = tensor(problem.logits.view(), &device.clone().autodiff()).require_grad();
        Self { logits, targets: tensor(problem.targets.view(), &device.autodiff()), last: None }
    }

    fn loss(&self) -> tensor::Tensor<1> {
        let complement = |x: tensor::Tensor<2>| -> tensor::Tensor<2> { 1.0_f32 - x };
        let (y, p) = (self.targets.clone(), sigmoid(self.logits.clone()));
        let positive = complement(p.clone()) * p.clone().log();
        let u = (p - f64::from(MARGIN)).clamp_min(0.0);
        let negative = u.clone().square().square() * complement(u).log();
        (y.clone() * positive + complement(y) * negative).mean().neg()
    }
}

impl Contender for Burn {
    fn evaluate(&mut self) -> Result<()> {
        self.last = None;
        let value = self.loss();
        let gradient = self.logits.grad_remove(&mut value.backward()).context("no gradient")?;
        self.last = Some((value, gradient));
        Ok(())
    }

    fn outcome(&self) -> Result<Option<Outcome>> {
        let (value, gradient) = self.last.as_ref().context("not evaluated")?;
        let gradient = gradient.to_data().try_to_vec()?;
        Ok(Some((value.clone().into_scalar(), gradient)))
    }
}
