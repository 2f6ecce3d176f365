//! Three steps whose bits every rank prints; or what happens when one rank has input that is wrong.
//!
//! ```text
//! mpirun -n 2 target/release/examples/trial [FAULT RANK]
//! ```

use std::env;
use std::process::ExitCode;

use asymmetric_loss::AsymmetricLoss;
use data_parallel::{Result, Shard, generated, shards_of, value_and_gradient};
use mpi::topology::SimpleCommunicator;
use mpi::traits::*;
use ndarray::{Array2, s};

fn main() -> ExitCode {
    let Some(universe) = mpi::initialize() else { return ExitCode::FAILURE };
    let Err(error) = trial(&universe.world()) else { return ExitCode::SUCCESS };
    let line = format!("{error}\n"); // written at once: the lines of the ranks do not mix
    eprint!("{line}");
    ExitCode::FAILURE
}

fn trial(world: &SimpleCommunicator) -> Result<()> {
    let mut shards: Vec<_> =
        shards_of(world.rank(), world.size()).map(|number| generated::shard(number, 101, 7, 5)).collect();
    let fault: Vec<_> = env::args().skip(1).collect();
    if fault.get(1).is_some_and(|rank| *rank == world.rank().to_string()) {
        break_one(&fault[0], &mut shards)?;
    }
    let mut weights = Array2::zeros((7, 5));
    for step in 0..3 {
        let (value, gradient) = value_and_gradient(world, &AsymmetricLoss::default(), &shards, &weights)?;
        weights.scaled_add(-20.0, &gradient);
        println!(
            "step {step}: value {:016x} gradient {:016x} weights {:016x}",
            value.to_bits(),
            hash(&gradient),
            hash(&weights)
        );
    }
    Ok(())
}

/// Breaks the last shard of this rank.
fn break_one(fault: &str, shards: &mut Vec<Shard>) -> Result<()> {
    let (mut x, mut y) = shards.pop().ok_or("a rank without shards cannot break one")?;
    match fault {
        "features" => x = x.slice(s![.., ..6]).to_owned(),
        "labels" => y = y.slice(s![.., ..4]).to_owned(),
        "rows" => y = y.slice(s![..100, ..]).to_owned(),
        "unknown" => y[[3, 1]] = -1.0,
        "nan-label" => y[[3, 1]] = f64::NAN,
        "nan-feature" => x[[3, 1]] = f64::NAN,
        "empty" => (x, y) = (Array2::zeros((0, 7)), Array2::zeros((0, 5))),
        "panic" => panic!("as was asked for"),
        _ => return Err(format!("no fault is called {fault}").into()),
    }
    shards.push((x, y));
    Ok(())
}

/// FNV-1a of the bits.
fn hash(array: &Array2<f64>) -> u64 {
    array.iter().fold(0xcbf2_9ce4_8422_2325, |hash, number| (hash ^ number.to_bits()).wrapping_mul(0x100_0000_01b3))
}
