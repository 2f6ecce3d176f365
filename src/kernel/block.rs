//! Slices of elements as the columns of a block.

use crate::arithmetic::element::Float;
use crate::stages::Steps;
use crate::targets::label::Label;
use crate::targets::sparse::SparseCursor;
use std::ops::Range;

/// The number of elements in a step: a whole number of vectors of any width, as many as are best in lockstep.
pub(crate) const LANES: usize = 32;

/// The size of an element, in bytes, above which elements go one by one, or a block of them would fill the stack.
pub(crate) const LARGE: usize = 64;

/// The largest number of elements in a block of a type, in which its intermediate results fit into the nearest cache.
pub(crate) fn block_length<T>() -> usize {
    match size_of::<T>() {
        ..=8 => 9 * LANES,
        9..=LARGE => LANES,
        _ => 1,
    }
}

/// The elements of a slice that fills whole steps; those of another one in a buffer, and behind them zeros.
#[inline(always)]
pub(crate) fn steps<'a, T: Float, const L: usize>(slice: &'a [T], buffer: &'a mut Steps<T, L>) -> &'a Steps<T, L> {
    match slice.as_chunks() {
        (steps, []) => steps,
        _ => converted(slice, buffer, |x| x),
    }
}

/// The labels of a slice as floats in a buffer, and behind them zeros.
#[inline(always)]
pub(super) fn labels<'a, T: Float, Y: Label, const L: usize>(
    slice: &[Y],
    buffer: &'a mut Steps<T, L>,
) -> &'a Steps<T, L> {
    converted(
        slice,
        buffer,
        #[inline(always)]
        |y| T::from_f64(y.presence().unwrap_or(f64::NAN)),
    )
}

#[inline(always)]
fn converted<'a, S: Copy, T: Float, const L: usize>(
    slice: &[S],
    buffer: &'a mut Steps<T, L>,
    convert: impl Fn(S) -> T,
) -> &'a Steps<T, L> {
    let steps = &mut buffer[..slice.len().div_ceil(L)];
    let (filled, rest) = steps.as_flattened_mut().split_at_mut(slice.len());
    let mut i = 0;
    while i < filled.len() {
        filled[i] = convert(slice[i]);
        i += 1;
    }
    rest.fill(T::from_f64(0.0));
    steps
}

/// Sparse labels as floats in a buffer, and behind them zeros.
#[inline(always)]
pub(super) fn marked<'a, T: Float, const L: usize>(
    cursor: &mut SparseCursor<'_>,
    range: &Range<usize>,
    buffer: &'a mut Steps<T, L>,
) -> &'a Steps<T, L> {
    let steps = &mut buffer[..range.len().div_ceil(L)];
    let (labels, rest) = steps.as_flattened_mut().split_at_mut(range.len());
    cursor.write(range, labels);
    rest.fill(T::from_f64(0.0));
    steps
}

/// Where the results of a block go: straight to the output if they fill it, else to a buffer.
#[inline(always)]
pub(crate) fn output_block<'a, T, const L: usize>(
    output: &'a mut Option<&mut [T]>,
    range: &Range<usize>,
    buffer: &'a mut Steps<T, L>,
) -> &'a mut Steps<T, L> {
    match output.as_deref_mut().map(|output| output[range.clone()].as_chunks_mut()) {
        Some((steps, [])) => steps,
        _ => &mut buffer[..range.len().div_ceil(L)],
    }
}
