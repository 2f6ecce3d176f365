//! Files read batch by batch give what the rows give at once, and files that are wrong are refused.

use std::error::Error;
use std::path::PathBuf;
use std::{env, fs, process};

use asymmetric_loss::{AsymmetricLoss, Error as LossError};
use larger_than_memory::{BATCH, value_and_gradient};
use mmap_io::MemoryMappedFile;
use ndarray::{Array2, ArrayView2, ShapeBuilder, s};
use ndarray_npy::{ViewNpyExt, WriteNpyExt, write_npy};

fn rows(rows: usize) -> (Array2<f32>, Array2<i8>) {
    let x = Array2::from_shape_fn((rows, 5), |(row, column)| ((row * 7 + column * 3) % 11) as f32 / 5.0 - 1.0);
    let y = Array2::from_shape_fn((rows, 3), |(row, column)| i8::from((row + column) % 4 == 0));
    (x, y)
}

fn weights() -> Array2<f32> {
    Array2::from_shape_fn((5, 3), |(row, column)| 0.4 * row as f32 - 0.7 * column as f32)
}

fn path(name: &str) -> PathBuf {
    env::temp_dir().join(format!("larger-than-memory-{}-{name}.npy", process::id()))
}

fn refused(x: &Array2<f32>, y: &Array2<i8>) -> Box<dyn Error> {
    value_and_gradient(&AsymmetricLoss::default(), (x.view(), y.view()), &weights()).unwrap_err()
}

fn of_crate<'a>(error: &'a (dyn Error + 'static)) -> &'a LossError {
    error.downcast_ref().unwrap_or_else(|| panic!("{error}"))
}

#[test]
fn batches_add_up_to_the_whole() {
    let (x, y) = rows(2 * BATCH + 77);
    let (expected, in_logits) = AsymmetricLoss::default().value_and_gradient(&x.dot(&weights()), &y).unwrap();
    for fortran in [false, true] {
        let (of_x, of_y) = (path("whole-x"), path("whole-y"));
        let mut columns = Array2::zeros(x.dim().set_f(fortran));
        columns.assign(&x);
        write_npy(&of_x, &columns).unwrap();
        write_npy(&of_y, &y).unwrap();
        let (mapped_x, mapped_y) =
            (MemoryMappedFile::open_ro(&of_x).unwrap(), MemoryMappedFile::open_ro(&of_y).unwrap());
        let view_x = ArrayView2::<f32>::view_npy(mapped_x.as_slice_bytes(0, mapped_x.len()).unwrap()).unwrap();
        let view_y = ArrayView2::<i8>::view_npy(mapped_y.as_slice_bytes(0, mapped_y.len()).unwrap()).unwrap();
        let (value, gradient) = value_and_gradient(&AsymmetricLoss::default(), (view_x, view_y), &weights()).unwrap();
        assert!((value - f64::from(expected)).abs() < 1e-6 * value, "{value} is not {expected}");
        let difference = (gradient - x.t().dot(&in_logits)).mapv(f32::abs).fold(0.0, |a: f32, &b| a.max(b));
        assert!(difference < 1e-6, "the gradients differ by {difference}");
        fs::remove_file(of_x).unwrap();
        fs::remove_file(of_y).unwrap();
    }
}

#[test]
fn wrong_rows_are_refused() {
    let (x, y) = rows(50);
    let mismatch = |error: Box<dyn Error>| matches!(of_crate(&*error), LossError::ShapeMismatch { .. });
    assert!(mismatch(refused(&x.slice(s![.., ..4]).to_owned(), &y)));
    assert!(mismatch(refused(&x, &y.slice(s![..49, ..]).to_owned())));
    assert!(mismatch(refused(&x, &y.slice(s![.., ..2]).to_owned())));
    let empty = refused(&Array2::zeros((0, 5)), &Array2::zeros((0, 3)));
    assert!(matches!(of_crate(&*empty), LossError::EmptyMean { .. }));

    let mut negative = y.clone();
    negative[[3, 1]] = -1;
    assert!(matches!(of_crate(&*refused(&x, &negative)), LossError::InvalidTarget { actual: -1.0, .. }));
    let mut nan = x.clone();
    nan[[3, 1]] = f32::NAN;
    assert_eq!(refused(&nan, &y).to_string(), "the value is NaN");
}

#[test]
fn wrong_files_are_refused() {
    let mut bytes = Vec::new();
    rows(50).0.write_npy(&mut bytes).unwrap();
    assert!(ArrayView2::<i8>::view_npy(&bytes).is_err(), "another type of element");
    let name = path("wrong");
    for kept in [0, 5, 100, bytes.len() - 1] {
        fs::write(&name, &bytes[..kept]).unwrap();
        let read = || -> Result<(), Box<dyn Error>> {
            let file = MemoryMappedFile::open_ro(&name)?;
            ArrayView2::<f32>::view_npy(file.as_slice_bytes(0, file.len())?)?;
            Ok(())
        };
        assert!(read().is_err(), "{kept} bytes of {}", bytes.len());
    }
    fs::remove_file(name).unwrap();
}
