//! A linear model with many labels, as a problem that basin minimises.

use asymmetric_loss::AsymmetricLoss;
use basin::{CostFunction, Gradient, HessianProduct};
use ndarray::{Array1, Array2};

pub type Error = Box<dyn std::error::Error + Send + Sync>;

/// The loss of the logits x·W, and ridge/2 times the sum of W². The parameters are W in one row.
#[derive(Clone, Debug)]
pub struct Fit {
    pub loss: AsymmetricLoss,
    pub x: Array2<f64>,
    pub y: Array2<i32>,
    pub ridge: f64,
}

impl Fit {
    /// x·W. Not a number is an error here, because the loss passes it on and a solver would stop where it started.
    pub fn logits(&self, weights: &Array1<f64>) -> Result<Array2<f64>, Error> {
        let logits = self.x.dot(&weights.to_shape((self.x.ncols(), self.y.ncols()))?);
        if logits.iter().all(|z| z.is_finite()) { Ok(logits) } else { Err("a logit is not finite".into()) }
    }

    /// The chain rule back to the weights.
    fn back(&self, of_logits: Array2<f64>, weights: &Array1<f64>) -> Array1<f64> {
        Array1::from_iter(self.x.t().dot(&of_logits)) + self.ridge * weights
    }
}

impl CostFunction for Fit {
    type Param = Array1<f64>;
    type Output = f64;
    type Error = Error;

    fn cost(&self, weights: &Array1<f64>) -> Result<f64, Error> {
        Ok(self.loss.forward(&self.logits(weights)?, &self.y)? + 0.5 * self.ridge * weights.dot(weights))
    }
}

impl Gradient for Fit {
    type Gradient = Array1<f64>;

    fn gradient(&self, weights: &Array1<f64>) -> Result<Array1<f64>, Error> {
        Ok(self.back(self.loss.gradient(&self.logits(weights)?, &self.y)?, weights))
    }
}

impl HessianProduct for Fit {
    fn hessian_product(&self, weights: &Array1<f64>, v: &Array1<f64>) -> Result<Array1<f64>, Error> {
        let (logits, change) = (self.logits(weights)?, self.logits(v)?);
        Ok(self.back(self.loss.hessian_vector_product(&logits, &self.y, &change)?, v))
    }
}
