//! What Newton-CG needs besides: the Hessian, as something that multiplies a direction. No matrix is built.

use crate::Fit;
use argmin::core::{Error, Hessian};
use argmin_math::ArgminDot;
use ndarray::{Array1, Array2};

/// The Hessian at one point: the model, and the curvature of the loss in each logit.
#[derive(Clone, Debug)]
pub struct Product<'a>(Fit<'a>, Array2<f64>);

impl<'a> Hessian for Fit<'a> {
    type Param = Array1<f64>;
    type Hessian = Product<'a>;

    fn hessian(&self, weights: &Array1<f64>) -> Result<Product<'a>, Error> {
        Ok(Product(*self, self.loss.hessian_diagonal(&self.logits(weights)?, self.y)?))
    }
}

impl ArgminDot<Array1<f64>, Array1<f64>> for Product<'_> {
    fn dot(&self, direction: &Array1<f64>) -> Array1<f64> {
        let Self(fit, curvature) = self;
        let shape = (fit.x.ncols(), fit.y.ncols());
        let change = fit.x.dot(&direction.to_shape(shape).expect("a direction is as long as the weights"));
        Array1::from_iter(fit.x.t().dot(&(change * curvature))) + fit.ridge * direction
    }
}
