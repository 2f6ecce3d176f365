//! Stretches of a row: what goes through the passes together.

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
