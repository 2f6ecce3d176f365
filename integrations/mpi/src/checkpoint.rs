//! What a run goes on from: the number of steps taken and the weights, bit for bit.

use std::fs::{self, File};
use std::io::{ErrorKind, Write};
use std::path::Path;

use mpi::traits::*;
use ndarray::Array2;

use crate::{Result, agree};

/// Rank 0 writes the file. It is renamed when it is whole, so that a run which ends in between leaves the one before.
pub fn save(world: &impl Communicator, path: &Path, step: u64, weights: &Array2<f64>) -> Result<()> {
    let write = || {
        let numbers = [step].into_iter().chain(weights.iter().map(|weight| weight.to_bits()));
        let part = path.with_extension("part");
        let mut file = File::create(&part)?;
        file.write_all(&numbers.flat_map(u64::to_le_bytes).collect::<Vec<_>>())?;
        file.sync_all()?;
        Ok(fs::rename(part, path)?)
    };
    agree(world, if world.rank() == 0 { write() } else { Ok(()) })
}

/// Rank 0 reads the file and tells the others; without a file, the weights stay as they are and no step has been taken.
pub fn load(world: &impl Communicator, path: &Path, weights: &mut Array2<f64>) -> Result<u64> {
    let mut numbers: Vec<u64> = [0].into_iter().chain(weights.iter().map(|weight| weight.to_bits())).collect();
    let mut read = || match fs::read(path) {
        Ok(bytes) if bytes.len() == 8 * numbers.len() => {
            let words = bytes.as_chunks().0.iter();
            numbers = words.map(|&word| u64::from_le_bytes(word)).collect();
            Ok(())
        }
        Ok(bytes) => Err(format!("a checkpoint has {} bytes, but this one {}", 8 * numbers.len(), bytes.len()).into()),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error.into()),
    };
    agree(world, if world.rank() == 0 { read() } else { Ok(()) })?;
    world.process_at_rank(0).broadcast_into(&mut numbers[..]);
    weights.iter_mut().zip(&numbers[1..]).for_each(|(weight, &bits)| *weight = f64::from_bits(bits));
    Ok(numbers[0])
}
