//! Stretches of a row: what goes through the passes together, and sums that have the same bits for vectors of any width.
//!
//! Sums over classes stand in as many partial sums as a stretch has elements.

use crate::element::Float;

/// The number of classes that go through the passes together: a whole number of vectors of any width.
pub(super) const STRETCH: usize = 64;

/// The elements of a slice that fills a stretch; those of a shorter one, and behind them what was there.
#[inline(always)]
pub(super) fn stretch<'a, T: Float, const N: usize>(slice: &'a [T], padded: &'a mut [T; N]) -> &'a [T; N] {
    if let Ok(stretch) = slice.try_into() {
        return stretch;
    }
    padded[..slice.len()].copy_from_slice(slice);
    padded
}

/// Copies as many elements as both have.
#[inline(always)]
pub(super) fn copy<T: Copy>(from: &[T], to: &mut [T]) {
    let count = from.len().min(to.len());
    to[..count].copy_from_slice(&from[..count]);
}

/// Adds the first terms of a stretch to partial sums.
#[inline(always)]
pub(super) fn add<T: Float, const N: usize>(terms: &[T; N], count: usize, sums: &mut [T; N]) {
    if count == N {
        for i in 0..N {
            sums[i] = sums[i] + terms[i];
        }
        return;
    }
    for i in 0..count {
        sums[i] = sums[i] + terms[i];
    }
}

/// The sum of partial sums.
#[inline(always)]
pub(super) fn total<T: Float, const N: usize>(mut sums: [T; N]) -> T {
    let mut width = N;
    while width > 1 {
        width /= 2;
        for i in 0..width {
            sums[i] = sums[i] + sums[width + i];
        }
    }
    sums[0]
}
