//! Several seeds in one number.

use std::fmt;

use ndarray::Array1;

use crate::training::Outcome;

/// Mean and sample standard deviation.
pub(crate) struct Summary(Array1<f64>);

impl FromIterator<f64> for Summary {
    fn from_iter<I: IntoIterator<Item = f64>>(values: I) -> Self {
        Self(values.into_iter().collect())
    }
}

impl Summary {
    pub(crate) fn mean(&self) -> f64 {
        self.0.mean().unwrap_or(f64::NAN)
    }
}

/// "mean ± standard deviation", or the value alone if there is only one.
impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A minus as long as that of the table's words.
        write!(f, "{}", format!("{:.1}", self.mean()).replace('-', "−"))?;
        if self.0.len() > 1 { write!(f, " ± {:.1}", self.0.std(1.0)) } else { Ok(()) }
    }
}

/// The macro mAP after so many epochs, over all seeds.
pub(crate) fn after(epoch: usize, outcomes: &[Outcome]) -> Summary {
    outcomes.iter().map(|outcome| outcome.curve[epoch]).collect()
}

/// The epoch after which the mean over seeds was highest.
pub(crate) fn best_epoch(outcomes: &[Outcome]) -> usize {
    let means = (0..outcomes[0].curve.len()).map(|epoch| after(epoch, outcomes).mean());
    means.enumerate().max_by(|(_, a), (_, b)| a.total_cmp(b)).map_or(0, |(epoch, _)| epoch)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spread_is_the_sample_standard_deviation() {
        assert_eq!(Summary::from_iter([1.0, 2.0, 3.0]).to_string(), "2.0 ± 1.0");
        assert_eq!(Summary::from_iter([-4.25]).to_string(), "−4.2");
    }

    #[test]
    fn best_epoch_is_that_of_the_mean() {
        let outcome = |curve: [f64; 3]| Outcome { macro_map: curve[2], micro_map: 0.0, curve: curve.to_vec() };
        assert_eq!(best_epoch(&[outcome([1.0, 9.0, 5.0]), outcome([1.0, 2.0, 8.0])]), 2);
        assert_eq!(best_epoch(&[outcome([1.0, 9.0, 5.0])]), 1);
    }
}
