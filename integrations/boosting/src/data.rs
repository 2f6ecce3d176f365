//! Generated rows.

use ndarray::{Array2, s};

/// Features between 0 and 1, and labels that are present where two of them are large: of about 4 % of the rows.
pub fn generated(first: usize, rows: usize) -> (Array2<f32>, Array2<f32>) {
    let x = Array2::from_shape_fn((rows, 8), |(row, column)| noise((first + row) * 8 + column));
    let y = Array2::from_shape_fn((rows, 6), |(row, label)| {
        let chance = noise(usize::MAX - (first + row) * 6 - label);
        f32::from(x.slice(s![row, label..label + 2]).product() + 0.1 * chance > 0.75)
    });
    (x, y)
}

/// A number in [0, 1) that looks random: the mixing function of SplitMix64.
fn noise(position: usize) -> f32 {
    let mut bits = (position as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    ((bits ^ (bits >> 31)) as f64 / 2_f64.powi(64)) as f32
}
