//! Trains a linear model with several labels on as many ranks as `mpirun` starts.
//!
//! ```text
//! mpirun -n 4 target/release/data-parallel [CHECKPOINT [STEPS]]
//! ```

use std::{env, process::ExitCode};

use asymmetric_loss::AsymmetricLoss;
use data_parallel::{Result, gather, generated, shards_of, value_and_gradient};
use mpi::{topology::SimpleCommunicator, traits::*};
use ndarray::Array2;

mod checkpoint;

fn main() -> ExitCode {
    let Some(universe) = mpi::initialize() else { return ExitCode::FAILURE };
    // Every rank has an error if one has, and so all of them come to the end.
    let Err(error) = train(&universe.world()) else { return ExitCode::SUCCESS };
    let line = format!("{error}\n"); // written at once: the lines of the ranks do not mix
    eprint!("{line}");
    ExitCode::FAILURE
}

fn train(world: &SimpleCommunicator) -> Result<()> {
    let path = env::args().nth(1).filter(|_| world.rank() == 0); // rank 0 has the checkpoint
    let steps = env::args().nth(2).map_or(Ok(200), |steps| steps.parse())?;
    let [rows, features, labels] = [500, 32, 10];
    let saved = gather(world, path.as_deref().map_or(Ok(None), checkpoint::load))?.into_iter().flatten().next();
    let (mut step, mut weights) = saved.unwrap_or_else(|| (0, Array2::zeros((features, labels))));
    // Each rank reads its own rows.
    let numbers = shards_of(world.rank(), world.size());
    let shards: Vec<_> = numbers.map(|number| generated::shard(number, rows, features, labels)).collect();
    while step < steps {
        let (value, gradient) = value_and_gradient(world, &AsymmetricLoss::default(), &shards, &weights)?;
        weights.scaled_add(-20.0, &gradient);
        step += 1;
        if step % 50 == 0 {
            gather(world, path.as_deref().map_or(Ok(()), |path| checkpoint::save(path, step, &weights)))?;
            if world.rank() == 0 {
                println!("step {step}: value {value:.6}");
            }
        }
    }
    Ok(())
}
