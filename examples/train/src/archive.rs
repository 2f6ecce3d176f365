//! Reads a data set from a NumPy `.npz` archive.

use std::{
    fs::File,
    io::{BufReader, Read, Seek},
    path::Path,
};

use anyhow::{Context, Result, anyhow, bail, ensure};
use ndarray::Array2;
use ndarray_npy::{NpzReader, ReadNpyError, ReadNpzError, ReadableElement};

use crate::data::Dataset;

/// Reads the four arrays.
pub(crate) fn load(path: &Path) -> Result<Dataset> {
    File::open(path)
        .map_err(anyhow::Error::from)
        .and_then(|file| read(BufReader::new(file)))
        .with_context(|| path.display().to_string())
}

fn read(source: impl Read + Seek) -> Result<Dataset> {
    let mut archive = NpzReader::new(source).map_err(|error| anyhow!("not an .npz archive: {error}"))?;
    Ok(Dataset {
        x_train: array(&mut archive, "x_train")?,
        y_train: labels(&mut archive, "y_train")?,
        x_test: array(&mut archive, "x_test")?,
        y_test: labels(&mut archive, "y_test")?,
    })
}

fn labels<R: Read + Seek>(archive: &mut NpzReader<R>, name: &str) -> Result<Array2<u8>> {
    let labels = array(archive, name)?;
    if let Some(((row, column), value)) = labels.indexed_iter().find(|&(_, &value)| value != 0.0 && value != 1.0) {
        bail!("{name} must be 0 or 1, but has {value} at [{row}, {column}]");
    }
    Ok(labels.mapv(|label| label as u8))
}

/// An array of whatever numbers, NumPy's default `float64` and `int64` for instance.
fn array<R: Read + Seek>(archive: &mut NpzReader<R>, name: &str) -> Result<Array2<f32>> {
    let present = archive.names()?;
    ensure!(present.iter().any(|other| other == name), "array {name} is missing; the file has {present:?}");
    let readers = [
        array_of::<f32, R>,
        array_of::<f64, R>,
        array_of::<bool, R>,
        array_of::<u8, R>,
        array_of::<i8, R>,
        array_of::<u16, R>,
        array_of::<i16, R>,
        array_of::<u32, R>,
        array_of::<i32, R>,
        array_of::<u64, R>,
        array_of::<i64, R>,
    ];
    let mut unknown = String::new();
    for reader in readers {
        match reader(archive, name) {
            Ok(array) => return Ok(array),
            Err(ReadNpzError::Npy(ReadNpyError::WrongDescriptor(found))) => unknown = found.to_string(),
            Err(ReadNpzError::Npy(ReadNpyError::WrongNdim(_, found))) => {
                bail!("{name} must have 2 dimensions (rows, columns), but has {found}")
            }
            // The parser's own message has several lines.
            Err(ReadNpzError::Npy(ReadNpyError::ParseHeader(_))) => {
                bail!("{name} cannot be read: its NumPy header is damaged")
            }
            Err(error) => bail!("{name} cannot be read: {error}"),
        }
    }
    bail!("{name} must have numbers of 8 to 64 bits or bool, but has the NumPy type {unknown}")
}

fn array_of<T: Number, R: Read + Seek>(archive: &mut NpzReader<R>, name: &str) -> Result<Array2<f32>, ReadNpzError> {
    let array: Array2<T> = archive.by_name(name)?;
    Ok(array.mapv(T::to_f32))
}

/// An element type that NumPy and Rust have in common.
trait Number: ReadableElement + Copy {
    fn to_f32(self) -> f32;
}

macro_rules! number {
    ($($element:ty)*) => {
        $(impl Number for $element {
            fn to_f32(self) -> f32 {
                self as f32
            }
        })*
    };
}
number!(f32 f64 i8 i16 i32 i64 u8 u16 u32 u64);

impl Number for bool {
    fn to_f32(self) -> f32 {
        f32::from(u8::from(self))
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use ndarray::{Array, Dimension, array};
    use ndarray_npy::{NpzWriter, WritableElement};

    use super::*;

    type Archive = NpzWriter<Cursor<Vec<u8>>>;

    fn archive(fill: impl FnOnce(&mut Archive)) -> Result<Dataset> {
        let mut archive = NpzWriter::new(Cursor::new(Vec::new()));
        fill(&mut archive);
        read(archive.finish().unwrap())
    }

    /// What is said of an archive with this array alone.
    fn fault<T: WritableElement, D: Dimension>(name: &str, array: &Array<T, D>) -> String {
        archive(|archive| archive.add_array(name, array).unwrap()).err().unwrap().to_string()
    }

    #[test]
    fn every_element_type_is_read() {
        let x = array![[0.0, 2.0], [4.0, 2.5]];
        let y = array![[0, 1, 0], [1, 0, 0]];
        let dataset = archive(|archive| {
            archive.add_array("x_train", &x).unwrap();
            archive.add_array("y_train", &y.mapv(i64::from)).unwrap();
            archive.add_array("x_test", &x.mapv(|x: f64| x as f32)).unwrap();
            archive.add_array("y_test", &y.mapv(|y: u8| y == 1)).unwrap();
        })
        .unwrap();
        assert_eq!(dataset.x_train, x.mapv(|x| x as f32));
        assert_eq!(dataset.x_test, dataset.x_train);
        assert_eq!(dataset.y_train, y);
        assert_eq!(dataset.y_test, y);
        let dataset = archive(|archive| {
            archive.add_array("x_train", &array![[-1_i32, 2]]).unwrap();
            archive.add_array("y_train", &array![[1_u8]]).unwrap();
            archive.add_array("x_test", &array![[3_i16, 4]]).unwrap();
            archive.add_array("y_test", &array![[1.0_f64]]).unwrap();
        })
        .unwrap();
        assert_eq!(dataset.x_train, array![[-1.0, 2.0]]);
        assert_eq!(dataset.y_test, array![[1]]);
    }

    #[test]
    fn faulty_archives_are_named() {
        let x = array![[0.0_f32, 2.0]];
        assert_eq!(
            fault("x_train", &array![1.0_f32, 2.0]),
            "x_train must have 2 dimensions (rows, columns), but has 1"
        );
        assert_eq!(fault("x", &x), r#"array x_train is missing; the file has ["x"]"#);
        let labels = archive(|archive| {
            archive.add_array("x_train", &x).unwrap();
            archive.add_array("y_train", &array![[1_i64, -1]]).unwrap();
        });
        assert_eq!(labels.err().unwrap().to_string(), "y_train must be 0 or 1, but has -1 at [0, 1]");
        assert!(read(Cursor::new(b"not a zip file")).is_err());
    }
}
