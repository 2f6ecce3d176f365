//! Where the output biases start, which can matter more than the loss.

use std::fmt;

use anyhow::Result;
use asymmetric_loss::AsymmetricLoss;
use ndarray::{Array1, ArrayView1, Axis};

use crate::{
    data::Dataset,
    settings::{Setting, element},
};

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
        let constants = Constants::new(setting)?;
        let biases: Result<Vec<f32>> = labels
            .map(|label| {
                let rate = base_rate(label);
                Ok(if self == Self::Constant { constants.best(rate)? } else { logit(rate) } as f32)
            })
            .collect();
        Ok(Array1::from(biases?))
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

/// Finds best constants: where ρ·L(z, 1) + (1−ρ)·L(z, 0) is least.
///
/// Focusing losses are not convex, so a stationary point need not be the minimum. A grid shows where
/// the minimum is, bisection of the derivative finds it there. It lies within [`Self::RANGE`]: beyond
/// that, losses differ by less than training would notice.
struct Constants {
    loss: AsymmetricLoss,
    grid: Vec<GridPoint>,
}

struct GridPoint {
    logit: f64,
    positive: f64,
    negative: f64,
}

impl Constants {
    const RANGE: f64 = 20.0;
    const STEPS: i32 = 400;

    fn new(setting: &Setting) -> Result<Self> {
        let loss = setting.loss()?;
        let point = |step| {
            let logit = Self::RANGE * f64::from(step) / f64::from(Self::STEPS);
            Ok(GridPoint { logit, positive: element(&loss, logit, true)?.0, negative: element(&loss, logit, false)?.0 })
        };
        let grid: Result<_> = (-Self::STEPS..=Self::STEPS).map(point).collect();
        Ok(Self { grid: grid?, loss })
    }

    fn best(&self, rate: f64) -> Result<f64> {
        let mean = |point: &GridPoint| rate * point.positive + (1.0 - rate) * point.negative;
        let values = self.grid.iter().map(mean).enumerate();
        let (least, _) = values.min_by(|(_, a), (_, b)| a.total_cmp(b)).expect("a grid has points");
        let last = self.grid.len() - 1;
        let mut low = self.grid[least.saturating_sub(1)].logit;
        let mut high = self.grid[(least + 1).min(last)].logit;
        // Until the two are neighbours among the f32 that the bias will be.
        while high - low > 1e-7 {
            let middle = (low + high) / 2.0;
            if self.slope(middle, rate)? > 0.0 { high = middle } else { low = middle }
        }
        Ok((low + high) / 2.0)
    }

    /// The derivative of the mean loss.
    fn slope(&self, z: f64, rate: f64) -> Result<f64> {
        let (_, positive) = element(&self.loss, z, true)?;
        let (_, negative) = element(&self.loss, z, false)?;
        Ok(rate * positive + (1.0 - rate) * negative)
    }
}

#[cfg(test)]
mod tests {
    use ndarray::{Array2, array};

    use super::*;
    use crate::settings::{ALL, ASYMMETRIC, BCE};

    const RATES: [f64; 7] = [1e-4, 1e-3, 0.015, 0.1, 0.3, 0.5, 0.9];

    #[test]
    fn best_constant_of_cross_entropy_is_the_prior() {
        let constants = Constants::new(&BCE).unwrap();
        for rate in RATES {
            let best = constants.best(rate).unwrap();
            assert!((best - logit(rate)).abs() < 1e-6, "ρ {rate}: {best}");
        }
    }

    #[test]
    fn no_other_constant_has_a_smaller_loss() {
        for setting in ALL {
            let loss = setting.loss().unwrap();
            let constants = Constants::new(setting).unwrap();
            for rate in RATES {
                let mean = |z| {
                    let value = |positive| element(&loss, z, positive).unwrap().0;
                    rate * value(true) + (1.0 - rate) * value(false)
                };
                let best = constants.best(rate).unwrap();
                // Finer than the grid of the search, and no multiple of it.
                for step in -2500..=2500 {
                    let z = 0.01003 * f64::from(step);
                    assert!(mean(best) <= mean(z) + 1e-12, "{}, ρ {rate}: {best} is no better than {z}", setting.name);
                }
                assert!(constants.slope(best, rate).unwrap().abs() < 1e-6, "{}, ρ {rate}", setting.name);
            }
        }
    }

    #[test]
    fn focusing_starts_above_the_prior_where_positives_are_rare() {
        assert!(Constants::new(&ASYMMETRIC).unwrap().best(0.01).unwrap() > logit(0.01) + 1.0);
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
