//! Rows to train on, instead of a file: those of a shard are the same on any rank.

use ndarray::Array2;

use crate::Shard;

/// The rows of a shard. A label is present where a fixed linear function of the features is large.
pub fn shard(number: usize, rows: usize, features: usize, labels: usize) -> Shard {
    let first = number * rows * features;
    let mut x = Array2::from_shape_fn((rows, features), |(row, column)| noise(first + row * features + column));
    x.column_mut(0).fill(1.0); // its weights are the bias
    let truth = Array2::from_shape_fn((features, labels), |(row, column)| noise(usize::MAX - row * labels - column));
    let y = x.dot(&truth).mapv(|score| f64::from(score > 3.0));
    (x, y)
}

/// A number in [−1, 1) that looks random: the mixing function of SplitMix64.
fn noise(position: usize) -> f64 {
    let mut bits = (position as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    (bits ^ (bits >> 31)) as f64 / 2_f64.powi(63) - 1.0
}
