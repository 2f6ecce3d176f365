//! A linear model with many labels, fitted from a dataset of linfa.

use asymmetric_loss::{AsymmetricLoss, Label};
use linfa::prelude::{Dataset, Fit, Predict, PredictInplace};
use ndarray::{Array1, Array2, Axis};

/// So many steps of gradient descent, of this size.
#[derive(Clone, Debug)]
pub struct Descent {
    pub loss: AsymmetricLoss,
    pub size: f64,
    pub steps: usize,
}

/// Predicts the logits x·W + b.
#[derive(Clone, Debug)]
pub struct Linear {
    pub weights: Array2<f64>,
    pub bias: Array1<f64>,
}

impl<Y: Label> Fit<Array2<f64>, Array2<Y>, linfa::Error> for Descent {
    type Object = Linear;

    fn fit(&self, dataset: &Dataset<f64, Y>) -> Result<Linear, linfa::Error> {
        let invalid = |error: asymmetric_loss::Error| linfa::Error::Parameters(error.to_string());
        let (x, y) = (&dataset.records, &dataset.targets);
        let mut model = Linear { weights: Array2::zeros((x.ncols(), y.ncols())), bias: Array1::zeros(y.ncols()) };
        for _ in 0..self.steps {
            let (value, gradient) = self.loss.value_and_gradient(&model.predict(x), y).map_err(invalid)?;
            if !value.is_finite() {
                return Err(linfa::Error::NotConverged(format!("the loss is {value}")));
            }
            model.weights.scaled_add(-self.size, &x.t().dot(&gradient));
            model.bias.scaled_add(-self.size, &gradient.sum_axis(Axis(0)));
        }
        Ok(model)
    }
}

impl PredictInplace<Array2<f64>, Array2<f64>> for Linear {
    fn predict_inplace(&self, x: &Array2<f64>, logits: &mut Array2<f64>) {
        logits.assign(&(x.dot(&self.weights) + &self.bias));
    }

    fn default_target(&self, x: &Array2<f64>) -> Array2<f64> {
        Array2::zeros((x.nrows(), self.bias.len()))
    }
}
