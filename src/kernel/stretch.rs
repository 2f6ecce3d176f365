//! Slices as stretches: arrays of a constant number of elements.

use crate::element::Float;
use crate::label::Label;
use crate::sparse::Places;

/// The elements of a slice that fills a stretch; those of a shorter one, and behind them what was there: zeros.
#[inline(always)]
pub(crate) fn stretch<'a, T: Float, const N: usize>(slice: &'a [T], padded: &'a mut [T; N]) -> &'a [T; N] {
    if let Ok(stretch) = slice.try_into() {
        return stretch;
    }
    padded[..slice.len()].copy_from_slice(slice);
    padded
}

/// The labels of a slice as floats, and behind those of a shorter one zeros.
#[inline(always)]
pub(super) fn convert<'a, T: Float, Y: Label, const N: usize>(slice: &[Y], floats: &'a mut [T; N]) -> &'a [T; N] {
    if let Ok(stretch) = <&[Y; N]>::try_from(slice) {
        for i in 0..N {
            floats[i] = T::from_f64(stretch[i].presence().unwrap_or(f64::NAN));
        }
        return floats;
    }
    // Not the labels of an earlier stretch, whose weights were others.
    *floats = [T::zero(); N];
    for (float, &y) in floats.iter_mut().zip(slice) {
        *float = T::from_f64(y.presence().unwrap_or(f64::NAN));
    }
    floats
}

/// Ones at the places of elements that are present, zeros elsewhere.
#[inline(always)]
pub(super) fn mark<'a, T: Float, const N: usize>(
    places: &mut Option<Places<'_>>,
    range: std::ops::Range<usize>,
    floats: &'a mut [T; N],
) -> &'a [T; N] {
    *floats = [T::zero(); N];
    if let Some(places) = places {
        while let Some(place) = places.next_below(range.end) {
            floats[place - range.start] = T::one();
        }
    }
    floats
}

/// Multiplies results by a factor.
#[inline(always)]
pub(super) fn multiply<T: Float, const N: usize>(results: &mut [T; N], factor: &[T; N]) {
    for i in 0..N {
        results[i] = results[i] * factor[i];
    }
}

/// Where the results of a stretch go: straight to the output if they fill it, else to a buffer.
#[inline(always)]
pub(super) fn place<'a, T, const N: usize>(
    output: &'a mut Option<&mut [T]>,
    range: std::ops::Range<usize>,
    buffer: &'a mut [T; N],
) -> &'a mut [T; N] {
    match output {
        Some(output) => match (&mut output[range]).try_into() {
            Ok(stretch) => stretch,
            Err(_) => buffer,
        },
        None => buffer,
    }
}
