//! Where the output biases start, which can matter more than the loss.

use std::fmt;

use anyhow::Result;
use ndarray::{Array1, ArrayView1, Axis};

use crate::{data::Dataset, settings::Setting};

/// The output biases before the first step.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Start {
    Zero,
    /// The constant logit with the least loss on the label's base rate, a model's best answer before
    /// it looks at any feature. Each loss has its own.
    Constant,
    /// ln(ρ/(1−ρ)), which makes the predicted probability the base rate ρ. This is the best constant
    /// of cross-entropy, and of no other loss.
    Prior,
}

impl fmt::Display for Start {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Zero => "0",
            Self::Constant => "best constant",
            Self::Prior => "ln(ρ/(1−ρ))",
        })
    }
}

impl Start {
    /// One bias for each label.
    pub(crate) fn biases(self, setting: &Setting, data: &Dataset) -> Result<Array1<f32>> {
        let labels = data.y_train.axis_iter(Axis(1));
        if self == Self::Zero {
            return Ok(Array1::zeros(labels.len()));
        }
        let rates: Array1<f64> = labels.map(base_rate).collect();
        let biases = if self == Self::Constant { setting.loss()?.initial_logit(rates)? } else { rates.mapv(logit) };
        Ok(biases.mapv(|bias| bias as f32))
    }
}

/// The share ρ of positives. A label of which all training rows are alike counts as having half a row
/// of the other kind, else its best constant would be infinite.
fn base_rate(label: ArrayView1<u8>) -> f64 {
    let rows = label.len() as f64;
    let positives = label.iter().filter(|&&y| y == 1).count() as f64;
    positives.clamp(0.5, rows - 0.5) / rows
}

fn logit(probability: f64) -> f64 {
    (probability / (1.0 - probability)).ln()
}

#[cfg(test)]
mod tests {
    use ndarray::{Array2, array};

    use super::*;
    use crate::settings::{ALL, ASYMMETRIC, BCE};

    #[test]
    fn best_constant_of_cross_entropy_is_the_prior() {
        let y = array![[0, 1], [0, 1], [1, 0], [0, 1], [0, 1]];
        let x = Array2::zeros((5, 1));
        let data = Dataset { x_train: x.clone(), y_train: y.clone(), x_test: x, y_test: y };
        let [best, prior] = [Start::Constant, Start::Prior].map(|start| start.biases(&BCE, &data).unwrap());
        assert!((&best - &prior).iter().all(|difference| difference.abs() < 1e-6), "{best} {prior}");
        let best = Start::Constant.biases(&ASYMMETRIC, &data).unwrap();
        assert!(best[0] > prior[0] && best[1] < prior[1], "{best} {prior}");
    }

    #[test]
    fn labels_without_positives_start_somewhere_finite() {
        let x = Array2::zeros((4, 1));
        let y = array![[0, 1, 0], [0, 1, 1], [0, 1, 0], [0, 1, 0]];
        let data = Dataset { x_train: x.clone(), y_train: y.clone(), x_test: x, y_test: y };
        let expected = array![(1.0 / 7.0_f32).ln(), 7.0_f32.ln(), (1.0 / 3.0_f32).ln()];
        let prior = Start::Prior.biases(&BCE, &data).unwrap();
        assert!((&prior - &expected).iter().all(|error| error.abs() < 1e-5), "{prior}");
        for setting in ALL {
            let biases = Start::Constant.biases(setting, &data).unwrap();
            assert!(biases.iter().all(|bias| bias.is_finite()), "{}: {biases}", setting.name);
        }
        assert_eq!(Start::Zero.biases(&BCE, &data).unwrap(), Array1::<f32>::zeros(3));
    }
}
