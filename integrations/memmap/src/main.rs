//! Trains a linear model on rows of two `.npy` files, which are mapped into memory.
//!
//! ```text
//! cargo run --release -- X.npy Y.npy    # f32 features and i8 labels
//! ```

use std::env;
use std::error::Error;
use std::path::PathBuf;

use asymmetric_loss::AsymmetricLoss;
use larger_than_memory::{generated, value_and_gradient};
use mmap_io::MemoryMappedFile;
use ndarray::{Array2, ArrayView2};
use ndarray_npy::ViewNpyExt;

fn main() -> Result<(), Box<dyn Error>> {
    let paths: Vec<_> = env::args().skip(1).map(PathBuf::from).collect();
    let [x, y] = match <[_; 2]>::try_from(paths) {
        Ok(paths) => paths,
        Err(paths) if paths.is_empty() => generated::files()?,
        Err(_) => return Err("expected two files: X.npy Y.npy".into()),
    };
    let (x, y) = (MemoryMappedFile::open_ro(x)?, MemoryMappedFile::open_ro(y)?);
    let x = ArrayView2::<f32>::view_npy(x.as_slice_bytes(0, x.len())?)?;
    let y = ArrayView2::<i8>::view_npy(y.as_slice_bytes(0, y.len())?)?;
    println!("{} rows, {} features, {} labels", x.nrows(), x.ncols(), y.ncols());

    let loss = AsymmetricLoss::default();
    let mut weights = Array2::zeros((x.ncols(), y.ncols()));
    for step in 0..5 {
        let (value, gradient) = value_and_gradient(&loss, (x, y), &weights)?;
        println!("step {step}: value {value:.5}");
        weights.scaled_add(-20.0, &gradient);
    }
    Ok(())
}
