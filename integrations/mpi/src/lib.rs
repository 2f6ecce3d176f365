//! Data-parallel evaluation of the loss: every rank ends with the value and the gradient of the whole batch.
//!
//! The batch is cut into [`SHARDS`] shards, however many ranks there are, and what the shards contribute is added up in their order. So
//! the number of ranks shows in no bit of a result.

use std::error::Error;
use std::ops::Range;

use asymmetric_loss::{AsymmetricLoss, Error as LossError, Reduction};
use mpi::datatype::PartitionMut;
use mpi::traits::*;
use ndarray::{Array1, Array2, ArrayView2, Axis};

pub mod checkpoint;
pub mod generated;

/// The number of shards: at least that of the ranks, and the same in runs whose bits are compared.
pub const SHARDS: usize = 8;

/// Features and labels, a row each for every example.
pub type Shard = (Array2<f64>, Array2<f64>);

/// What a call gives: an error of one rank is an error on all.
pub type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// The shards that a rank owns.
pub fn shards_of(rank: i32, ranks: i32) -> Range<usize> {
    let start = |rank| rank as usize * SHARDS / ranks as usize;
    start(rank)..start(rank + 1)
}

/// The loss whose values and gradients of the shards add up to those of the whole batch.
pub fn loss_of_batch(
    world: &impl Communicator,
    loss: &AsymmetricLoss,
    shards: &[Shard],
    weights: &Array2<f64>,
) -> Result<AsymmetricLoss> {
    let divisors = shards.iter().map(|(x, y)| Ok(vec![loss.divisor(&logits(x, weights)?, y)?]));
    // A rank without shards has no elements.
    let nothing = shards.is_empty().then(|| Err(LossError::EmptyMean { shape: vec![0, weights.ncols()] }.into()));
    let divisor = sum_over_shards(world, 1, divisors.chain(nothing).collect())?[0];
    Ok(loss.with_reduction(Reduction::Divisor(divisor))?)
}

/// The value of the whole batch and its gradient in the weights, on every rank.
pub fn value_and_gradient(
    world: &impl Communicator,
    loss: &AsymmetricLoss,
    shards: &[Shard],
    weights: &Array2<f64>,
) -> Result<(f64, Array2<f64>)> {
    let of_shard = |(x, y): &Shard| {
        let (value, gradient) = loss.value_and_gradient(&logits(x, weights)?, y)?;
        let finite = value.is_finite().then_some(value).ok_or(format!("the value of a shard is {value}"))?;
        Ok([finite].into_iter().chain(x.t().dot(&gradient)).collect())
    };
    let sum = sum_over_shards(world, 1 + weights.len(), shards.iter().map(of_shard).collect())?;
    Ok((sum[0], Array2::from_shape_vec(weights.dim(), sum.iter().skip(1).copied().collect())?))
}

/// A product that refuses what `dot` would panic on.
fn logits(x: &Array2<f64>, weights: &Array2<f64>) -> std::result::Result<Array2<f64>, LossError> {
    let expected = vec![x.nrows(), weights.nrows()];
    let fits = x.ncols() == weights.nrows();
    fits.then(|| x.dot(weights)).ok_or(LossError::ShapeMismatch {
        array: "features",
        expected,
        actual: x.shape().to_vec(),
    })
}

/// Adds up what each shard contributes, `width` numbers, in the order of the shards.
fn sum_over_shards(world: &impl Communicator, width: usize, mine: Result<Vec<Vec<f64>>>) -> Result<Array1<f64>> {
    let mine = agree(world, mine)?.concat();
    let owned = (0..world.size()).map(|rank| shards_of(rank, world.size()));
    let (counts, starts): (Vec<_>, Vec<_>) =
        owned.map(|shards| ((shards.len() * width) as i32, (shards.start * width) as i32)).unzip();
    let mut all = vec![0.0; SHARDS * width];
    world.all_gather_varcount_into(&mine[..], &mut PartitionMut::new(&mut all[..], counts, starts));
    Ok(ArrayView2::from_shape((SHARDS, width), &all)?.sum_axis(Axis(0)))
}

/// Makes an error of one rank an error of all, so that none waits for another that has given up.
pub fn agree<T>(world: &impl Communicator, result: Result<T>) -> Result<T> {
    let mut message = result.as_ref().err().map(|error| error.to_string()).unwrap_or_default().into_bytes();
    let mut lengths = vec![0; world.size() as usize];
    world.all_gather_into(&message.len(), &mut lengths[..]);
    let Some(failed) = lengths.iter().position(|&length| length > 0) else { return result };
    message.resize(lengths[failed], 0);
    world.process_at_rank(failed as i32).broadcast_into(&mut message[..]);
    result.and(Err(format!("rank {failed}: {}", String::from_utf8_lossy(&message)).into()))
}
