//! The contenders: each computes the mean asymmetric loss and its gradient in the logits.

use crate::common::{self, Plain};
use anyhow::{Context, Result};
use asymmetric_loss::AsymmetricLoss;
use burn::tensor::{self, Device, activation::sigmoid};
use candle_core::{Tensor, Var};
use ndarray::{Array2, ArrayView2};
use rayon::ThreadPool;

/// The autograd libraries keep some twenty arrays, for which larger problems would need too much memory.
const AUTOGRAD_LIMIT: usize = 10_000_000;

/// γ₋ 4, γ₊ 1: the defaults, written out as products by those without a general formula.
const MARGIN: f64 = 0.05;

/// Logits and targets, shared by all contenders.
pub(crate) struct Problem {
    pub(crate) logits: Array2<f32>,
    pub(crate) targets: Array2<f32>,
}

impl Problem {
    pub(crate) fn new(shape: [usize; 2]) -> Self {
        let (logits, labels) = common::data(shape);
        Self { logits, targets: labels.mapv(f32::from) }
    }
}

/// A value and the gradient, in the order of the logits.
pub(crate) type Outcome = (f32, Vec<f32>);

/// A way to compute the loss.
pub(crate) trait Contender {
    /// Computes value and gradient. This is what is measured.
    fn evaluate(&mut self) -> Result<()>;

    /// What was computed last; `None` for what does not compute the loss.
    fn outcome(&self) -> Result<Option<Outcome>>;
}

/// A contender under its name, in the pool it runs on; without one, it is called from outside the global pool.
pub(crate) struct Entry<'a> {
    pub(crate) name: String,
    pub(crate) pool: Option<&'a ThreadPool>,
    pub(crate) contender: Box<dyn Contender + Send + 'a>,
}

/// All contenders for a problem; this crate on all threads comes first.
pub(crate) fn all<'a>(problem: &'a Problem, one_thread: &'a ThreadPool) -> Result<Vec<Entry<'a>>> {
    let entry = |name: &str, contender| Entry { name: name.to_owned(), pool: None, contender };
    let plain = |name, loss| entry(name, Box::new(Plainly { problem, loss, last: empty(problem) }));
    let this = || Box::new(This { problem, loss: AsymmetricLoss::default(), last: empty(problem) });
    let threads = rayon::current_num_threads();
    let mut entries = vec![entry(&format!("this crate, {threads} threads"), this())];
    if threads > 1 {
        entries.push(Entry { pool: Some(one_thread), ..entry("this crate, 1 thread", this()) });
    }
    entries.push(entry("memory floor", Box::new(MemoryFloor { problem, sum: empty(problem).1 })));
    entries.push(plain("plain ndarray, serial", common::plain));
    entries.push(plain("plain ndarray, parallel", common::plain_parallel));
    if problem.logits.len() <= AUTOGRAD_LIMIT {
        #[expect(deprecated, reason = "still what many use")]
        let ndarray = Device::ndarray();
        entries.push(entry("candle", Box::new(Candle::new(problem)?)));
        entries.push(entry("burn, flex", Box::new(Burn::new(problem, Device::flex()))));
        entries.push(entry("burn, ndarray", Box::new(Burn::new(problem, ndarray))));
    }
    Ok(entries)
}

fn empty(problem: &Problem) -> (f32, Array2<f32>) {
    (0.0, Array2::zeros(problem.logits.raw_dim()))
}

fn copy((value, gradient): &(f32, Array2<f32>)) -> Outcome {
    (*value, gradient.iter().copied().collect())
}

struct This<'a> {
    problem: &'a Problem,
    loss: AsymmetricLoss,
    last: (f32, Array2<f32>),
}

impl Contender for This<'_> {
    fn evaluate(&mut self) -> Result<()> {
        let Problem { logits, targets } = self.problem;
        self.last.0 = self.loss.value_and_gradient_into(logits, targets, &mut self.last.1)?;
        Ok(())
    }

    fn outcome(&self) -> Result<Option<Outcome>> {
        Ok(Some(copy(&self.last)))
    }
}

struct Plainly<'a> {
    problem: &'a Problem,
    loss: Plain,
    last: (f32, Array2<f32>),
}

impl Contender for Plainly<'_> {
    fn evaluate(&mut self) -> Result<()> {
        let Problem { logits, targets } = self.problem;
        self.last.0 = (self.loss)(logits.view(), targets.view(), &mut self.last.1);
        Ok(())
    }

    fn outcome(&self) -> Result<Option<Outcome>> {
        Ok(Some(copy(&self.last)))
    }
}

struct MemoryFloor<'a> {
    problem: &'a Problem,
    sum: Array2<f32>,
}

impl Contender for MemoryFloor<'_> {
    fn evaluate(&mut self) -> Result<()> {
        common::memory_floor(self.problem.logits.view(), self.problem.targets.view(), &mut self.sum);
        Ok(())
    }

    fn outcome(&self) -> Result<Option<Outcome>> {
        Ok(None)
    }
}

struct Candle {
    logits: Var,
    targets: Tensor,
    last: Option<(Tensor, Tensor)>,
}

impl Candle {
    fn new(problem: &Problem) -> Result<Self> {
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
        let u = (p - MARGIN)?.relu()?;
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

struct Burn {
    logits: tensor::Tensor<2>,
    targets: tensor::Tensor<2>,
    last: Option<(tensor::Tensor<1>, tensor::Tensor<2>)>,
}

impl Burn {
    fn new(problem: &Problem, device: Device) -> Self {
        let tensor = |array: ArrayView2<'_, f32>, device: &Device| {
            let elements = array.iter().copied().collect::<Vec<_>>();
            tensor::Tensor::from_data(tensor::TensorData::new(elements, [array.nrows(), array.ncols()]), device)
        };
        let logits = tensor(problem.logits.view(), &device.clone().autodiff()).require_grad();
        Self { logits, targets: tensor(problem.targets.view(), &device.autodiff()), last: None }
    }

    fn loss(&self) -> tensor::Tensor<1> {
        let (y, p) = (self.targets.clone(), sigmoid(self.logits.clone()));
        let positive = (1.0 - p.clone()) * p.clone().log();
        let u = (p - MARGIN).clamp_min(0.0);
        let negative = u.clone().square().square() * (1.0 - u).log();
        (y.clone() * positive + (1.0 - y) * negative).mean().neg()
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
        let gradient = gradient.to_data().to_vec().map_err(|error| anyhow::anyhow!("{error:?}"))?;
        Ok(Some((value.clone().into_scalar(), gradient)))
    }
}
