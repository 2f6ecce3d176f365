//! One training run: minibatches, the crate's gradient, an optimiser step.

use anyhow::{Result, ensure};
use asymmetric_loss::{AsymmetricLoss, Targets};
use ndarray::{Array2, Axis, s};
use ndarray_rand::rand::{SeedableRng, rngs::StdRng, seq::SliceRandom};

use crate::{
    data::Dataset,
    labels::{Labels, UNKNOWN},
    metrics::{macro_average_precision, micro_average_precision},
    network::{Architecture, Network},
    optimiser::AdamW,
    schedule::OneCycle,
    settings::Setting,
    start::Start,
};

pub(crate) const BATCH_ROWS: usize = 128;
pub(crate) const PEAK_LEARNING_RATE: f64 = 3e-3;

/// What is trained.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Case {
    pub(crate) architecture: Architecture,
    pub(crate) setting: &'static Setting,
    pub(crate) start: Start,
    pub(crate) labels: Labels,
}

/// Average precision on the test rows, in %.
#[derive(Debug, PartialEq)]
pub(crate) struct Outcome {
    /// Macro average before the training and after each epoch.
    pub(crate) curve: Vec<f64>,
    /// Macro average at the end.
    pub(crate) macro_map: f64,
    /// Micro average at the end.
    pub(crate) micro_map: f64,
}

/// Optimiser steps are what costs time and what a model learns from, so they are bounded, not the
/// epochs: as many epochs as fit in 600 steps. Small data stops at 40 epochs, because more of the
/// same rows teach little; large data gets 5 in any case.
pub(crate) fn default_epochs(rows: usize) -> usize {
    (600 / rows.div_ceil(BATCH_ROWS)).clamp(5, 40)
}

/// Trains one model with one loss from one start; calls `after_epoch` after each epoch.
pub(crate) fn train(
    data: &Dataset,
    Case { architecture, setting, start, labels: known }: Case,
    seed: u64,
    epochs: usize,
    after_epoch: impl Fn(),
) -> Result<Outcome> {
    let (rows, labels) = data.y_train.dim();
    let mut rng = StdRng::seed_from_u64(seed);
    let mut network = architecture.build(data.x_train.ncols(), labels, &mut rng);
    network.set_output_biases(start.biases(setting, data)?);
    let schedule = OneCycle::new(PEAK_LEARNING_RATE, epochs * rows.div_ceil(BATCH_ROWS));
    let mut trainer = Trainer {
        loss: setting.loss()?,
        optimiser: AdamW::new(network.parameters()),
        network,
        schedule,
        step: 0,
        logit_gradient: Array2::zeros((BATCH_ROWS, labels)),
    };

    let y_train = known.of(&data.y_train, seed);
    let mut order: Vec<usize> = (0..rows).collect();
    let mut test_logits = trainer.network.forward(data.x_test.view()).logits;
    let mut curve = vec![100.0 * macro_average_precision(&test_logits, &data.y_test)];
    for _ in 0..epochs {
        order.shuffle(&mut rng);
        for batch in order.chunks(BATCH_ROWS) {
            let x = data.x_train.select(Axis(0), batch);
            let y = y_train.select(Axis(0), batch);
            let value = trainer.step(&x, &y)?;
            ensure!(value.is_finite(), "the training loss became {value}");
        }
        test_logits = trainer.network.forward(data.x_test.view()).logits;
        curve.push(100.0 * macro_average_precision(&test_logits, &data.y_test));
        after_epoch();
    }
    Ok(Outcome {
        macro_map: curve[epochs],
        curve,
        micro_map: 100.0 * micro_average_precision(&test_logits, &data.y_test),
    })
}

struct Trainer {
    loss: AsymmetricLoss,
    network: Network,
    optimiser: AdamW,
    schedule: OneCycle,
    step: usize,
    /// Written anew by every step, so that the loss allocates nothing.
    logit_gradient: Array2<f32>,
}

impl Trainer {
    /// One optimiser step; returns the value of the loss before it.
    fn step(&mut self, x: &Array2<f32>, y: &Array2<u8>) -> Result<f32> {
        let forward = self.network.forward(x.view());

        // The last batch of an epoch may have fewer rows.
        let mut logit_gradient = self.logit_gradient.slice_mut(s![..y.nrows(), ..]);
        let logits = &forward.logits;
        let targets = Targets::new(y).ignore(UNKNOWN);
        let value = self.loss.value_and_gradient_into(logits, targets, &mut logit_gradient)?;
        let gradient = self.network.backward(&forward, logit_gradient.view());
        let learning_rate = self.schedule.learning_rate(self.step) as f32;
        let parameters = self.network.parameters_mut();
        self.optimiser.step(learning_rate, parameters, gradient.parameters());
        self.step += 1;
        Ok(value)
    }
}

#[cfg(test)]
mod tests {
    use ndarray::Array2;

    use super::*;
    use crate::settings::{ALL, BCE};

    #[test]
    fn epochs_follow_the_number_of_steps() {
        assert_eq!(default_epochs(1), 40);
        assert_eq!(default_epochs(128 * 15), 40);
        assert_eq!(default_epochs(128 * 39), 15);
        assert_eq!(default_epochs(10_000_000), 5);
    }

    /// Each label has a feature that gives it away; 200 rows make a full and a short batch.
    fn separable() -> Dataset {
        let y = Array2::from_shape_fn((200, 3), |(row, label)| u8::from(row % (label + 3) == 0));
        let x = y.mapv(f32::from);
        Dataset { x_train: x.clone(), y_train: y.clone(), x_test: x, y_test: y }
    }

    #[test]
    fn every_loss_learns_separable_labels() {
        for setting in ALL {
            let told =
                [(Start::Zero, Labels::All), (Start::Constant, Labels::All), (Start::Zero, Labels::LeftOut(0.4))];
            for (start, labels) in told {
                let case = Case { architecture: Architecture::Linear, setting, start, labels };
                let outcome = train(&separable(), case, 1, 300, || ()).unwrap();
                assert!(outcome.macro_map > 90.0, "{case:?}: {}", outcome.macro_map);
                assert_eq!(outcome.curve.len(), 301);
            }
        }
    }

    #[test]
    fn a_seed_gives_the_same_run() {
        let architecture = Architecture::Mlp;
        let case = Case { architecture, setting: &BCE, start: Start::Zero, labels: Labels::All };
        let run = |seed| train(&separable(), case, seed, 3, || ()).unwrap();
        assert_eq!(run(5), run(5));
        assert_ne!(run(5).curve, run(6).curve);
    }
}
