//! Training and test data: checking, standardising.

use anyhow::{Result, bail, ensure};
use ndarray::{Array1, Array2, ArrayView1, Axis};

/// A multi-label data set, one row per example; labels are 0 or 1.
pub(crate) struct Dataset {
    pub(crate) x_train: Array2<f32>,
    pub(crate) y_train: Array2<u8>,
    pub(crate) x_test: Array2<f32>,
    pub(crate) y_test: Array2<u8>,
}

impl Dataset {
    pub(crate) fn check(&self) -> Result<()> {
        check_part("x_train", &self.x_train, "y_train", &self.y_train)?;
        check_part("x_test", &self.x_test, "y_test", &self.y_test)?;
        let (train, test) = (self.x_train.ncols(), self.x_test.ncols());
        ensure!(train == test, "x_train has {train} features, x_test has {test}");
        let (train, test) = (self.y_train.ncols(), self.y_test.ncols());
        ensure!(train == test, "y_train has {train} labels, y_test has {test}");
        ensure!(self.y_test.iter().any(|&y| y == 1), "y_test has no positive, so average precision is undefined");
        Ok(())
    }

    /// Brings every feature to mean 0 and variance 1 on the training rows, unless all features are
    /// 0/1: those are comparable already, and their zeros mean absence.
    pub(crate) fn standardised(mut self) -> Self {
        if self.x_train.iter().all(|&x| x == 0.0 || x == 1.0) {
            return self;
        }
        for (mut train, mut test) in self.x_train.axis_iter_mut(Axis(1)).zip(self.x_test.axis_iter_mut(Axis(1))) {
            let (mean, deviation) = moments(train.view());
            let standardise = |x: f32| ((f64::from(x) - mean) / deviation) as f32;
            train.mapv_inplace(standardise);
            test.mapv_inplace(standardise);
        }
        self
    }

    /// The share of labels that are positive, over training and test rows.
    pub(crate) fn positive_rate(&self) -> f64 {
        let positives = self.y_train.iter().chain(&self.y_test).filter(|&&y| y == 1).count();
        positives as f64 / (self.y_train.len() + self.y_test.len()) as f64
    }
}

fn check_part(x_name: &str, x: &Array2<f32>, y_name: &str, y: &Array2<u8>) -> Result<()> {
    ensure!(!x.is_empty(), "{x_name} is empty: its shape is {:?}", x.dim());
    ensure!(!y.is_empty(), "{y_name} is empty: its shape is {:?}", y.dim());
    ensure!(x.nrows() == y.nrows(), "{x_name} has {} rows, {y_name} has {}", x.nrows(), y.nrows());
    if let Some(((row, column), value)) = x.indexed_iter().find(|(_, value)| !value.is_finite()) {
        bail!("{x_name} must be finite, but has {value} at [{row}, {column}]");
    }
    Ok(())
}

/// Mean and standard deviation; a constant column has the deviation 1, so that dividing by it does
/// nothing.
fn moments(column: ArrayView1<f32>) -> (f64, f64) {
    let column: Array1<f64> = column.mapv(f64::from);
    let mean = column.sum() / column.len() as f64;
    let deviation = column.std(0.0);
    (mean, if deviation > 0.0 { deviation } else { 1.0 })
}

#[cfg(test)]
mod tests {
    use ndarray::array;

    use super::*;

    fn small() -> Dataset {
        Dataset {
            x_train: array![[0.0, 2.0], [4.0, 2.0]],
            y_train: array![[0, 1, 0], [1, 0, 0]],
            x_test: array![[6.0, 3.0]],
            y_test: array![[0, 1, 1]],
        }
    }

    fn message(change: impl FnOnce(&mut Dataset)) -> String {
        let mut dataset = small();
        change(&mut dataset);
        dataset.check().unwrap_err().to_string()
    }

    #[test]
    fn faults_are_named() {
        assert!(small().check().is_ok());
        assert_eq!(message(|d| d.x_train[[1, 0]] = f32::NAN), "x_train must be finite, but has NaN at [1, 0]");
        assert_eq!(message(|d| d.y_train = array![[0, 1, 0]]), "x_train has 2 rows, y_train has 1");
        assert_eq!(message(|d| d.x_test = array![[1.0]]), "x_train has 2 features, x_test has 1");
        assert_eq!(message(|d| d.y_test = array![[1]]), "y_train has 3 labels, y_test has 1");
        assert_eq!(message(|d| d.x_test = Array2::zeros((0, 2))), "x_test is empty: its shape is (0, 2)");
        assert!(message(|d| d.y_test.fill(0)).starts_with("y_test has no positive"));
    }

    #[test]
    fn standardising_uses_the_training_rows() {
        let dataset = small().standardised();
        assert_eq!(dataset.x_train, array![[-1.0, 0.0], [1.0, 0.0]]);
        assert_eq!(dataset.x_test, array![[2.0, 1.0]]);
    }

    #[test]
    fn indicators_are_left_alone() {
        let mut dataset = small();
        dataset.x_train = array![[0.0, 1.0], [1.0, 1.0]];
        assert_eq!(dataset.standardised().x_train, array![[0.0, 1.0], [1.0, 1.0]]);
    }
}
