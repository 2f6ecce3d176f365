//! How well scores rank.

use ndarray::{Array2, ArrayView1, Axis};

/// The mean over labels of the average precision, in per cent. Equal scores are one threshold; a label without positives does not count.
pub fn mean_average_precision(scores: &Array2<f64>, y: &Array2<f32>) -> f64 {
    let of_label = |(scores, labels): (ArrayView1<f64>, ArrayView1<f32>)| {
        let mut ranking: Vec<_> = scores.into_iter().zip(labels).collect();
        ranking.sort_by(|(a, _), (b, _)| b.total_cmp(a));
        let (mut retrieved, mut found, mut sum) = (0, 0, 0.0);
        for ties in ranking.chunk_by(|(a, _), (b, _)| a == b) {
            let positives = ties.iter().filter(|&&(_, &label)| label == 1.0).count();
            retrieved += ties.len();
            found += positives;
            sum += positives as f64 * found as f64 / retrieved as f64;
        }
        (found > 0).then(|| sum / found as f64)
    };
    let precisions: Vec<f64> = scores.axis_iter(Axis(1)).zip(y.axis_iter(Axis(1))).filter_map(of_label).collect();
    100.0 * precisions.iter().sum::<f64>() / precisions.len() as f64
}
