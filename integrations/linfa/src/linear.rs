//! What is fitted.

use linfa::Error;
use linfa::prelude::PredictInplace;
use ndarray::{Array1, Array2};

/// Predicts the logits x·W + b.
#[derive(Clone, Debug)]
pub struct Linear {
    pub weights: Array2<f64>,
    pub bias: Array1<f64>,
}

impl Linear {
    /// What `predict` returns, or an error if there are more or fewer features than the model was fitted to.
    pub fn logits(&self, x: &Array2<f64>) -> Result<Array2<f64>, Error> {
        let product = (x.ncols() == self.weights.nrows()).then(|| x.dot(&self.weights) + &self.bias);
        product.ok_or_else(|| Error::Parameters(format!("x: {} features, not {}", x.ncols(), self.weights.nrows())))
    }
}

impl PredictInplace<Array2<f64>, Array2<f64>> for Linear {
    /// Panics where [`Linear::logits`] returns an error, because linfa has no place for one.
    fn predict_inplace(&self, x: &Array2<f64>, logits: &mut Array2<f64>) {
        logits.assign(&self.logits(x).unwrap_or_else(|error| panic!("{error}")));
    }

    fn default_target(&self, x: &Array2<f64>) -> Array2<f64> {
        Array2::zeros((x.nrows(), self.bias.len()))
    }
}
