//! A linear model with many labels, fitted from a dataset of linfa.

use asymmetric_loss::{AsymmetricLoss, Label, Targets};
use linfa::Error;
use linfa::prelude::{Dataset, Fit};
use ndarray::{Array1, Array2, Axis};

mod linear;

pub use linear::Linear;

/// So many steps of gradient descent, of this size.
#[derive(Clone, Debug)]
pub struct Descent {
    pub loss: AsymmetricLoss,
    pub size: f64,
    pub steps: usize,
}

impl<Y: Label> Fit<Array2<f64>, Array2<Y>, Error> for Descent {
    type Object = Linear;

    fn fit(&self, dataset: &Dataset<f64, Y>) -> Result<Linear, Error> {
        let (x, y, of_rows) = (&dataset.records, &dataset.targets, &dataset.weights);
        // linfa has one weight per row, or none at all.
        let of_rows = if of_rows.is_empty() { Array1::ones(x.nrows()) } else { of_rows.mapv(f64::from) };
        let of_rows = of_rows.into_shape_with_order((x.nrows(), 1))?;
        let mut model = Linear { weights: Array2::zeros((x.ncols(), y.ncols())), bias: Array1::zeros(y.ncols()) };
        for _ in 0..self.steps {
            let gradient = self.loss.gradient(&model.logits(x)?, Targets::new(y).weights(&of_rows));
            let gradient = gradient.map_err(|error| Error::Parameters(error.to_string()))?;
            model.weights.scaled_add(-self.size, &x.t().dot(&gradient));
            model.bias.scaled_add(-self.size, &gradient.sum_axis(Axis(0)));
            if !model.weights.iter().chain(&model.bias).all(|weight| weight.is_finite()) {
                return Err(Error::NotConverged("the weights are not finite".into()));
            }
        }
        Ok(model)
    }
}
