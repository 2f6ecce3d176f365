//! The time of a step: the least of many, because other programs run too.
//!
//! ```text
//! mpirun -n 2 target/release/examples/scaling ROWS FEATURES LABELS
//! ```

use std::env;
use std::time::{Duration, Instant};

use asymmetric_loss::AsymmetricLoss;
use data_parallel::{Result, SHARDS, generated, shards_of, value_and_gradient};
use mpi::traits::*;
use ndarray::Array2;

const STEPS: usize = 60;

fn main() -> Result<()> {
    let universe = mpi::initialize().ok_or("MPI has been initialized before")?;
    let world = universe.world();
    let numbers: Vec<usize> =
        env::args().skip(1).map(|number| number.parse()).collect::<std::result::Result<_, _>>()?;
    let &[rows, features, labels] = &numbers[..] else { return Err("expected: ROWS FEATURES LABELS".into()) };

    let shards: Vec<_> = shards_of(world.rank(), world.size())
        .map(|number| generated::shard(number, rows.div_ceil(SHARDS), features, labels))
        .collect();
    let mut weights = Array2::zeros((features, labels));
    let loss = AsymmetricLoss::default();
    let mut best = Duration::MAX;
    for _ in 0..STEPS {
        world.barrier();
        let start = Instant::now();
        let (_, gradient) = value_and_gradient(&world, &loss, &shards, &weights)?;
        weights.scaled_add(-1.0, &gradient);
        best = best.min(start.elapsed());
    }
    if world.rank() == 0 {
        println!("{} ranks: {:.2} ms a step (least of {STEPS})", world.size(), 1e3 * best.as_secs_f64());
    }
    Ok(())
}
