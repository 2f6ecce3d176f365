//! What a run goes on from: the number of steps taken and the weights, bit for bit.

use std::fs::{self, File};

use data_parallel::Result;
use ndarray::Array2;

/// The file is renamed when it is whole, so that a run which ends in between leaves the one before.
pub fn save(path: &str, step: u64, weights: &Array2<f64>) -> Result<()> {
    let part = format!("{path}.part");
    fs::write(&part, postcard::to_stdvec(&(step, weights))?)?;
    File::open(&part)?.sync_all()?;
    Ok(fs::rename(part, path)?)
}

/// Nothing, where there is no file.
pub fn load(path: &str) -> Result<Option<(u64, Array2<f64>)>> {
    let refused = |error| format!("{path} is no checkpoint: {error}");
    Ok(if fs::exists(path)? { Some(postcard::from_bytes(&fs::read(path)?).map_err(refused)?) } else { None })
}
