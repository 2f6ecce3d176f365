//! Data-parallel evaluation of the loss: every rank ends with the value and the gradient of the whole batch.
//!
//! The batch is cut into [`SHARDS`] shards, however many ranks there are, and what the shards contribute is added up in their order. So
//! the number of ranks shows in no bit of a result.

use asymmetric_loss::{AsymmetricLoss, Reduction as R};
use mpi::{collective::SystemOperation, traits::*};
use ndarray::Array2;
use serde::{Serialize, de::DeserializeOwned};

pub mod generated;

/// The number of shards: the same in runs whose bits are compared. Ranks beyond it have nothing to do.
pub const SHARDS: usize = 8;

/// Features and labels, a row each for every example.
pub type Shard = (Array2<f64>, Array2<f64>);

/// What a call gives: an error of one rank is an error on all.
pub type Result<T, E = Box<dyn std::error::Error>> = std::result::Result<T, E>;

/// The shards that a rank owns.
pub fn shards_of(rank: i32, ranks: i32) -> std::ops::Range<usize> {
    (rank as usize * SHARDS / ranks as usize)..((rank + 1) as usize * SHARDS / ranks as usize)
}

/// The value of the whole batch and its gradient in the weights, on every rank. The loss is a mean whose divisors add up over shards.
pub fn value_and_gradient(
    world: &impl Communicator,
    loss: &AsymmetricLoss,
    shards: &[Shard],
    weights: &Array2<f64>,
) -> Result<(f64, Array2<f64>)> {
    let adds_up = [R::Mean, R::WeightedMean, R::BatchMean].contains(&loss.settings().reduction());
    let sum = loss.with_reduction(adds_up.then_some(R::Sum).ok_or("the divisors of shards do not add up")?)?;
    let of_shard = |(x, y): &Shard| {
        let product = (x.ncols() == weights.nrows()).then(|| x.dot(weights));
        let logits = product.ok_or(format!("no product of {:?} and {:?}", x.shape(), weights.shape()))?;
        let (value, gradient) = sum.value_and_gradient(&logits, y)?;
        let finite = value.is_finite().then_some(value).ok_or(format!("the value of a shard is {value}"))?;
        Ok((loss.divisor(&logits, y)?, finite, x.t().dot(&gradient)))
    };
    let all = gather(world, shards.iter().map(of_shard).collect::<Result<Vec<_>>>())?.into_iter().flatten();
    let (divisor, value, gradient) = all.reduce(|a, b| (a.0 + b.0, a.1 + b.1, a.2 + b.2)).ok_or("no rank has rows")?;
    Ok((value / divisor, gradient / divisor))
}

/// What each rank gives, in the order of the ranks. An error of one is an error of all, so that none waits for another that has given up.
pub fn gather<T: Serialize + DeserializeOwned>(world: &impl Communicator, mine: Result<T>) -> Result<Vec<T>> {
    let mut bytes = postcard::to_stdvec(&mine.as_ref().map_err(|error| format!("rank {}: {error}", world.rank())))?;
    let mut length = 0;
    world.all_reduce_into(&bytes.len(), &mut length, SystemOperation::max());
    bytes.resize(length, 0); // all give equally many bytes; what is read ends before these
    let mut all = vec![0; i32::try_from(length * world.size() as usize)? as usize];
    world.all_gather_into(&bytes[..], &mut all[..]);
    mine?; // the rank itself keeps the error as it was
    all.chunks(length).map(|bytes| Ok(postcard::from_bytes::<Result<T, String>>(bytes)??)).collect()
}
