//! What is trained, on what, and how: in words, for the terminal and the figure.

use crate::{
    data::Dataset,
    training::{BATCH_ROWS, PEAK_LEARNING_RATE},
};

pub(crate) struct Plan {
    pub(crate) epochs: usize,
    data: String,
    method: String,
}

impl Plan {
    pub(crate) fn new(name: &str, data: &Dataset, epochs: usize, seeds: u16) -> Self {
        let (train, features) = data.x_train.dim();
        let (test, labels) = data.y_test.dim();
        let positive = 100.0 * data.positive_rate();
        let seeds = match seeds {
            1 => "seed 0".to_owned(),
            2 => "seeds 0 and 1".to_owned(),
            _ => format!("seeds 0 to {}", seeds - 1),
        };
        Self {
            epochs,
            data: format!(
                "{name}: {train} training rows, {test} test rows, {features} features, \
                 {labels} labels, {positive:.1} % of them positive"
            ),
            method: format!(
                "AdamW, learning rate {PEAK_LEARNING_RATE} at the top of one cycle, batches of {BATCH_ROWS} rows, \
                 {epochs} epochs, {seeds}"
            ),
        }
    }

    /// The data, and the method.
    pub(crate) fn lines(&self) -> [&str; 2] {
        [&self.data, &self.method]
    }

    /// What must not be concluded.
    pub(crate) fn caveat(&self) -> String {
        format!(
            "\
All losses had the same {} epochs, and a learning rate that was tuned for none of them. Before you conclude anything,
train longer: --epochs {}.",
            self.epochs,
            4 * self.epochs
        )
    }
}
