//! A linear model with many labels, as a problem that argmin minimises.

mod newton;

use argmin::core::{CostFunction, Error, Gradient};
use asymmetric_loss::AsymmetricLoss;
use ndarray::{Array1, Array2};

pub use newton::Product;

/// The loss of the logits x·W, and ridge/2 times the sum of W².
///
/// The parameters are W in one row: argmin's product of two matrices is a matrix, and its solvers need a number.
#[derive(Clone, Copy, Debug)]
pub struct Fit<'a> {
    pub loss: &'a AsymmetricLoss,
    pub x: &'a Array2<f64>,
    pub y: &'a Array2<i32>,
    pub ridge: f64,
}

impl Fit<'_> {
    /// x·W. Not a number is an error here, because the loss passes it on and argmin's searches would never end.
    pub fn logits(&self, weights: &Array1<f64>) -> Result<Array2<f64>, Error> {
        let logits = self.x.dot(&weights.to_shape((self.x.ncols(), self.y.ncols()))?);
        if logits.iter().all(|z| z.is_finite()) { Ok(logits) } else { Err(Error::msg("a logit is not finite")) }
    }
}

impl CostFunction for Fit<'_> {
    type Param = Array1<f64>;
    type Output = f64;

    fn cost(&self, weights: &Array1<f64>) -> Result<f64, Error> {
        Ok(self.loss.forward(&self.logits(weights)?, self.y)? + 0.5 * self.ridge * weights.dot(weights))
    }
}

impl Gradient for Fit<'_> {
    type Param = Array1<f64>;
    type Gradient = Array1<f64>;

    fn gradient(&self, weights: &Array1<f64>) -> Result<Array1<f64>, Error> {
        let by_logits = self.loss.gradient(&self.logits(weights)?, self.y)?;
        Ok(Array1::from_iter(self.x.t().dot(&by_logits)) + self.ridge * weights)
    }
}
