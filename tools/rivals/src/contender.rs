//! The contenders: each computes the mean asymmetric loss and its gradient in the logits.

use anyhow::Result;
use asymmetric_loss::AsymmetricLoss;
use ndarray::Array2;
use rayon::ThreadPool;
use yardstick::baseline::{self, Plain};

/// The autograd libraries keep some twenty arrays, for which larger problems would need too much memory.
const AUTOGRAD_LIMIT: usize = 10_000_000;

/// Logits and targets, shared by all contenders.
pub(crate) struct Problem {
    pub(crate) logits: Array2<f32>,
    pub(crate) targets: Array2<f32>,
}

impl Problem {
    pub(crate) fn new(shape: [usize; 2]) -> Self {
        let (logits, labels) = baseline::data(shape);
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
    entries.push(plain("plain ndarray, serial", baseline::plain));
    entries.push(plain("plain ndarray, parallel", baseline::plain_parallel));
    if problem.logits.len() <= AUTOGRAD_LIMIT {
        #[cfg(feature = "candle")]
        entries.push(entry("candle", Box::new(crate::with_candle::Candle::new(problem)?)));
        #[cfg(feature = "burn")]
        entries.push(entry("burn (flex)", Box::new(crate::with_burn::Burn::new(problem))));
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
        baseline::memory_floor(self.problem.logits.view(), self.problem.targets.view(), &mut self.sum);
        Ok(())
    }

    fn outcome(&self) -> Result<Option<Outcome>> {
        Ok(None)
    }
}
