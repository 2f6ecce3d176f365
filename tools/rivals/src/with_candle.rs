//! The loss in the tensor operations of candle, its gradient by candle's autograd.

use crate::contender::{Contender, Outcome, Problem};
use anyhow::{Context, Result};
use candle_core::{Tensor, Var};
use ndarray::Array2;
use yardstick::baseline::MARGIN;

pub(crate) struct Candle {
    logits: Var,
    targets: Tensor,
    last: Option<(Tensor, Tensor)>,
}

impl Candle {
    pub(crate) fn new(problem: &Problem) -> Result<Self> {
        let tensor = |array: &Array2<f32>| {
            let elements = array.as_slice().context("contiguous data")?;
            Ok::<_, anyhow::Error>(Tensor::from_slice(elements, array.dim(), &candle_core::Device::Cpu)?)
        };
        let logits = Var::from_tensor(&tensor(&problem.logits)?)?;
        Ok(Self { logits, targets: tensor(&problem.targets)?, last: None })
    }

    fn loss(&self) -> candle_core::Result<Tensor> {
        let p = (self.logits.neg()?.exp()? + 1.0)?.recip()?;
        let positive = ((1.0 - &p)? * p.log()?)?;
        let u = (p - f64::from(MARGIN))?.relu()?;
        let negative = (u.sqr()?.sqr()? * (1.0 - u)?.log()?)?;
        let losses = ((&self.targets * positive)? + ((1.0 - &self.targets)? * negative)?)?;
        losses.mean_all()?.neg()
    }
}

impl Contender for Candle {
    fn evaluate(&mut self) -> Result<()> {
        self.last = None;
        let value = self.loss()?;
        let gradient = value.backward()?.remove(&self.logits).context("no gradient")?;
        self.last = Some((value, gradient));
        Ok(())
    }

    fn outcome(&self) -> Result<Option<Outcome>> {
        let (value, gradient) = self.last.as_ref().context("not evaluated")?;
        Ok(Some((value.to_scalar()?, gradient.flatten_all()?.to_vec1()?)))
    }
}
