//! Evaluates a few rows in sequence: in place where an array is a slice, else through a copy.

use super::loss::SingleLabel;
use super::row::Target;
use super::rows::{self, Rows, parts};
use crate::arithmetic::element::{Element, Float};
use crate::arrays::results::memory_for;
use crate::arrays::slices::{as_floats, is_direct};
use crate::kernel::{Arrays, Fault, LARGE, Leaf, Source, output_slice, read, write};
use ndarray::{ArrayBase, ArrayView, Dimension, RawData};
use std::borrow::Cow;

/// The number of rows that go to the kernel together.
const TOGETHER: usize = 64;

/// Targets row by row.
pub(super) trait RowTargets<D: Dimension>: Source<D, Kind = SingleLabel> {
    /// What each row is to be; none for one that is not valid.
    fn targets(&self, classes: usize) -> impl Iterator<Item = Option<Target>>;

    /// The target probabilities of all classes in all rows, in logical order: nothing if no target is spread.
    fn target_probs<T: Float>(&self) -> Cow<'_, [T]>;
}

/// Evaluates rows in sequence.
pub(super) fn evaluate_leaf<T: Element, D: Dimension, R: RowTargets<D>>(
    leaf: Leaf<'_, '_, T, D, R>,
) -> Result<(), Fault> {
    if const { size_of::<T::Float>() > LARGE } {
        evaluate::<_, _, _, 1>(leaf)
    } else {
        evaluate::<_, _, _, TOGETHER>(leaf)
    }
}

/// Evaluates rows, so many together.
#[inline(never)]
fn evaluate<T: Element, D: Dimension, R: RowTargets<D>, const N: usize>(
    leaf: Leaf<'_, '_, T, D, R>,
) -> Result<(), Fault> {
    let Leaf { pass, arrays: Arrays { logits, source, factors, mut outputs }, sum, .. } = leaf;
    let (zero, one) = (T::Float::from_f64(0.0), <T::Float as Float>::Sum::from_f64(1.0));
    let shape = logits.shape();
    let (classes, count) = shape.split_last().map_or((0, 0), |(&classes, rows)| (classes, rows.iter().product()));
    let logits = floats(&logits)?;
    let vector = outputs.vector.as_ref().map(floats).transpose()?;
    let mut copies = [const { Vec::new() }; 3];
    for (output, copy) in outputs.derivatives.iter().zip(&mut copies) {
        if let Some(output) = output.as_ref().filter(|output| !is_direct(output)) {
            *copy = room(output)?;
        }
    }
    let target_probs = source.target_probs::<T::Float>();
    let mut losses = outputs.losses.iter_mut().flatten();
    let mut targets = source.targets(classes);
    let mut factors = factors.each_ref().map(|factor| factor.iter().flatten());
    let mut results = {
        let ([a, b, c], [copy_a, copy_b, copy_c]) = (&mut outputs.derivatives, &mut copies);
        [output_slice(a, copy_a), output_slice(b, copy_b), output_slice(c, copy_c)]
    };
    let mut start = 0;
    while start < count {
        let together = N.min(count - start);
        let (mut what, mut weights, mut values) = ([Target::Ignored; N], [one; N], [zero; N]);
        for (target, weight) in what.iter_mut().zip(&mut weights).take(together) {
            let [of_call, upstream] = factors.each_mut().map(|factor| factor.next().map(|factor| factor.to_float()));
            let is_left_out = [of_call, upstream].into_iter().flatten().any(|factor| factor == zero);
            // In the wider type, in which their product has room.
            for factor in [of_call, of_call.and(pass.weight_scale), upstream].into_iter().flatten() {
                *weight = *weight * factor.into();
            }
            match targets.next() {
                _ if is_left_out => {}
                Some(Some(given)) => *target = given,
                _ => return Err(Fault::InvalidTarget { valid: 0 }),
            }
        }
        let range = start * classes..(start + together) * classes;
        let rows = Rows {
            classes,
            results: parts(&mut results, &range),
            logits: &logits[range.clone()],
            targets: &what[..together],
            weights: &weights[..together],
            target_probs: if target_probs.is_empty() { &[] } else { &target_probs[range.clone()] },
            vector: vector.as_ref().map(|vector| &vector[range]),
            scale: pass.scale,
            losses: &mut values[..together],
        };
        rows::evaluate(pass.plan, rows);
        sum.add(&values[..together]);
        for (&loss, to) in values[..together].iter().zip(&mut losses) {
            *to = T::from_float(loss);
        }
        start += together;
    }
    for (output, copy) in outputs.derivatives.into_iter().zip(copies) {
        write(&copy, output);
    }
    Ok(())
}

/// The elements in logical order, as they are or copied.
fn floats<'a, T: Element, D: Dimension>(array: &'a ArrayView<'_, T, D>) -> Result<Cow<'a, [T::Float]>, Fault> {
    if let Some(floats) = as_floats(array) {
        return Ok(Cow::Borrowed(floats));
    }
    let mut copy = room(array)?;
    read(array, &mut copy, |&x| x.to_float());
    Ok(Cow::Owned(copy))
}

/// A float for each element of an array.
fn room<T: Float, S: RawData, D: Dimension>(array: &ArrayBase<S, D>) -> Result<Vec<T>, Fault> {
    let mut floats = memory_for(array).map_err(Fault::Other)?;
    floats.resize(array.len(), T::from_f64(0.0));
    Ok(floats)
}
