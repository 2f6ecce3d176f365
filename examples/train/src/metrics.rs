//! Average precision, the measure of multi-label ranking.

use ndarray::{Array2, Axis};

/// The area under the precision-recall curve as a sum of steps, Σ (Rₙ − Rₙ₋₁) Pₙ; `None` if there
/// is no positive.
///
/// Equal scores are one threshold, as in scikit-learn: their order carries no information.
fn average_precision<'a>(examples: impl Iterator<Item = (&'a f32, &'a u8)>) -> Option<f64> {
    let mut ranking: Vec<_> = examples.collect();
    ranking.sort_unstable_by(|(a, _), (b, _)| b.total_cmp(a));
    let (mut retrieved, mut found, mut sum) = (0, 0, 0.0);
    for ties in ranking.chunk_by(|(a, _), (b, _)| a == b) {
        let positives = ties.iter().filter(|&&(_, &target)| target == 1).count();
        retrieved += ties.len();
        found += positives;
        sum += positives as f64 * found as f64 / retrieved as f64;
    }
    (found > 0).then(|| sum / found as f64)
}

/// The mean of the average precisions of the labels that have a positive: every label counts the
/// same, however rare.
pub(crate) fn macro_average_precision(scores: &Array2<f32>, targets: &Array2<u8>) -> f64 {
    let labels = scores.axis_iter(Axis(1)).zip(targets.axis_iter(Axis(1)));
    let precisions: Vec<f64> = labels.filter_map(|(s, t)| average_precision(s.iter().zip(t))).collect();
    precisions.iter().sum::<f64>() / precisions.len() as f64
}

/// The average precision of all labels in one ranking: frequent labels count more.
pub(crate) fn micro_average_precision(scores: &Array2<f32>, targets: &Array2<u8>) -> f64 {
    average_precision(scores.iter().zip(targets)).unwrap_or(f64::NAN)
}

#[cfg(test)]
mod tests {
    use ndarray::array;

    use super::*;

    fn of(scores: &[f32], targets: &[u8]) -> Option<f64> {
        average_precision(scores.iter().zip(targets))
    }

    fn assert_close(actual: f64, expected: f64) {
        assert!((actual - expected).abs() < 1e-12, "{actual} {expected}");
    }

    #[test]
    fn by_hand() {
        // Positives in ranks 1 and 3: (1/1 + 2/3) / 2.
        assert_close(of(&[0.1, 0.4, 0.35, 0.8], &[0, 0, 1, 1]).unwrap(), 5.0 / 6.0);
        assert_close(of(&[3.0, 2.0, 1.0], &[0, 0, 1]).unwrap(), 1.0 / 3.0);
        assert_close(of(&[3.0, 2.0, 1.0], &[1, 1, 0]).unwrap(), 1.0);
        assert_eq!(of(&[3.0, 2.0], &[0, 0]), None);
    }

    #[test]
    fn ties_are_one_threshold_in_any_order() {
        // Threshold 2 retrieves three examples with two positives, threshold 1 all four with three.
        let expected = (2.0 * (2.0 / 3.0) + 3.0 / 4.0) / 3.0;
        assert_close(of(&[2.0, 2.0, 2.0, 1.0], &[1, 1, 0, 1]).unwrap(), expected);
        assert_close(of(&[1.0, 2.0, 2.0, 2.0], &[1, 0, 1, 1]).unwrap(), expected);
        assert_close(of(&[0.0, -0.0], &[0, 1]).unwrap(), 0.5);
    }

    #[test]
    fn averages_over_labels() {
        let scores = array![[0.9, 0.8, 0.1], [0.2, 0.7, 0.3]];
        let targets = array![[1, 0, 0], [0, 1, 0]];
        // Labels 1 and 2 have average precision 1 and 1/2; label 3 has no positive and does not
        // count.
        assert_close(macro_average_precision(&scores, &targets), 0.75);
        // One ranking: positives in ranks 1 and 3.
        assert_close(micro_average_precision(&scores, &targets), 5.0 / 6.0);
    }
}
