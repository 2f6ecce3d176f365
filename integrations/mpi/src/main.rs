//! Trains a linear model with several labels on as many ranks as `mpirun` starts.
//!
//! ```text
//! mpirun -n 4 target/release/data-parallel [CHECKPOINT [STEPS]]
//! ```

use std::env;
use std::path::PathBuf;
use std::process::ExitCode;

use asymmetric_loss::AsymmetricLoss;
use data_parallel::{Result, checkpoint, generated, loss_of_batch, shards_of, value_and_gradient};
use mpi::topology::SimpleCommunicator;
use mpi::traits::*;
use ndarray::Array2;

/// Rows of a shard, and the columns of features and labels.
const DIMENSIONS: [usize; 3] = [500, 32, 10];

fn main() -> ExitCode {
    let Some(universe) = mpi::initialize() else { return ExitCode::FAILURE };
    // Every rank has an error if one has, and so all of them come to the end.
    let Err(error) = train(&universe.world()) else { return ExitCode::SUCCESS };
    let line = format!("{error}\n"); // written at once: the lines of the ranks do not mix
    eprint!("{line}");
    ExitCode::FAILURE
}

fn train(world: &SimpleCommunicator) -> Result<()> {
    let path = env::args().nth(1).map(PathBuf::from);
    let steps = env::args().nth(2).map_or(Ok(200), |steps| steps.parse())?;
    let [rows, features, labels] = DIMENSIONS;
    let mut weights = Array2::zeros((features, labels));
    let mut step = path.as_ref().map_or(Ok(0), |path| checkpoint::load(world, path, &mut weights))?;
    // Each rank reads its own rows.
    let shards: Vec<_> =
        shards_of(world.rank(), world.size()).map(|number| generated::shard(number, rows, features, labels)).collect();
    let loss = loss_of_batch(world, &AsymmetricLoss::default(), &shards, &weights)?;
    while step < steps {
        let (value, gradient) = value_and_gradient(world, &loss, &shards, &weights)?;
        weights.scaled_add(-20.0, &gradient);
        step += 1;
        if step % 50 == 0 {
            path.as_ref().map_or(Ok(()), |path| checkpoint::save(world, path, step, &weights))?;
            if world.rank() == 0 {
                println!("step {step}: value {value:.6}");
            }
        }
    }
    Ok(())
}
