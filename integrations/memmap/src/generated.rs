//! Files to train on where none are given.

use std::{env, error::Error, path::PathBuf, process};

use ndarray::{Array2, s};
use ndarray_npy::write_npy;

/// Features between −1 and 1, and a label for each of the first ten that is large.
pub fn files() -> Result<[PathBuf; 2], Box<dyn Error>> {
    let x = Array2::from_shape_fn((10_000, 24), |(row, column)| {
        // Multiples of an irrational number are spread evenly.
        (((row * 24 + column) as f64 * 0.618_033_988_749_895).fract() * 2.0 - 1.0) as f32
    });
    let y = x.slice(s![.., ..10]).mapv(|feature| i8::from(feature > 0.8));
    let paths =
        ["x.npy", "y.npy"].map(|name| env::temp_dir().join(format!("larger-than-memory-{}-{name}", process::id())));
    write_npy(&paths[0], &x)?;
    write_npy(&paths[1], &y)?;
    Ok(paths)
}
