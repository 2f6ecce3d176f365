//! Evaluates a few elements: in place where an array is a slice, else through a copy.

use super::arrays::{Arrays, FACTORS, Labels, Pass, Position};
use super::block::{LANES, LARGE};
use super::evaluate::{InvalidLabel, LabelRun, Run, evaluate};
use crate::element::{Element, Float};
use crate::label::{IgnoreRule, Label};
use crate::slices::{as_floats, direct, is_direct};
use crate::sum::Accumulator;
use castaway::cast;
use ndarray::{ArrayView, ArrayViewMut, Axis, Dimension, Zip};

/// The number of bytes in a copy.
const COPY: usize = 1 << 13;

/// Evaluates a few elements in sequence.
pub(super) fn evaluate_leaf<T: Element, Y: Label, D: Dimension>(
    pass: &Pass<'_, T::Float, Y>,
    arrays: &mut Arrays<'_, T, Y, D>,
    position: Position,
    one_class: bool,
    sum: &mut Accumulator<T::Float>,
) -> Result<(), InvalidLabel> {
    let outputs = [&arrays.losses, &arrays.gradient, &arrays.hessian];
    if outputs.into_iter().all(|output| output.as_ref().is_none_or(is_direct))
        && let Some(logits) = arrays.logits.as_slice().and_then(as_floats)
        && let Ok((labels, unknown)) = as_labels(&arrays.labels, pass.known)
        && let Some(factors) = slices(&arrays.factors)
    {
        let run = Run {
            logits,
            labels,
            unknown,
            factors,
            weight_scale: pass.weight_scale,
            leaves_out: pass.leaves_out,
            class: position.class,
            one_class,
            in_parameters: pass.in_parameters,
            scale: pass.scale,
            sum,
            losses: arrays.losses.as_mut().and_then(direct),
            gradient: arrays.gradient.as_mut().and_then(direct),
            hessian: arrays.hessian.as_mut().and_then(direct),
        };
        return evaluate(pass.plan, run);
    }
    let arrays = arrays.reborrow();
    // Known when it is compiled, so that a user's crate has only the copies of its types.
    if const { size_of::<T::Float>() > LARGE } {
        through_copies::<_, _, _, 1>(pass, arrays, position, one_class, sum)
    } else if const { size_of::<T::Float>() > 8 } {
        through_copies::<_, _, _, { COPY / LARGE }>(pass, arrays, position, one_class, sum)
    } else if arrays.logits.len() <= LANES {
        through_copies::<_, _, _, LANES>(pass, arrays, position, one_class, sum)
    } else if const { size_of::<T::Float>() > 4 } {
        through_copies::<_, _, _, { COPY / 8 }>(pass, arrays, position, one_class, sum)
    } else {
        through_copies::<_, _, _, { COPY / 4 }>(pass, arrays, position, one_class, sum)
    }
}

/// Not inlined, so that the copies take room on the stack only where they are needed, and once.
#[inline(never)]
fn through_copies<T: Element, Y: Label, D: Dimension, const N: usize>(
    pass: &Pass<'_, T::Float, Y>,
    arrays: Arrays<'_, T, Y, D>,
    position: Position,
    one_class: bool,
    sum: &mut Accumulator<T::Float>,
) -> Result<(), InvalidLabel> {
    let zeros = [T::Float::from_f64(0.0); N];
    let mut copies = Copies {
        logits: zeros,
        labels: zeros,
        factors: [zeros; FACTORS],
        losses: zeros,
        gradient: zeros,
        hessian: zeros,
    };
    copies.evaluate(pass, arrays, position, one_class, sum)
}

/// The elements of an array as floats, as they are or copied to a buffer.
fn floats<'a, T: Element, D: Dimension>(array: &'a ArrayView<'_, T, D>, buffer: &'a mut [T::Float]) -> &'a [T::Float] {
    match array.as_slice().and_then(as_floats) {
        Some(floats) => floats,
        None => read(array, buffer, |&x| x.to_float()),
    }
}

/// Factors that the kernel reads as they are, if those that are there are such.
fn slices<'a, T: Element, D: Dimension>(
    factors: &'a [Option<ArrayView<'_, T, D>>; FACTORS],
) -> Option<[Option<&'a [T::Float]>; FACTORS]> {
    let mut slices = [None; FACTORS];
    for (slice, factor) in slices.iter_mut().zip(factors) {
        if let Some(factor) = factor {
            *slice = Some(factor.as_slice().and_then(as_floats)?);
        }
    }
    Some(slices)
}

/// Labels that the kernel reads, and the float that stands for an unknown one.
type ReadLabels<'a, T> = (LabelRun<'a, T>, Option<T>);

/// Labels as they are; the array, if it has to be copied first.
fn as_labels<'a, 'b, T: Float, Y: Label, D: Dimension>(
    labels: &'a Labels<'b, Y, D>,
    known: IgnoreRule<Y>,
) -> Result<ReadLabels<'a, T>, &'a ArrayView<'b, Y, D>> {
    let labels = match labels {
        Labels::Sparse(labels) => {
            return Ok((LabelRun::Sparse(*labels), labels.is_in_doubt().then(|| T::from_f64(f64::NAN))));
        }
        Labels::Dense(labels) => labels,
    };
    let slice = labels.as_slice().ok_or(labels)?;
    let run = match (cast!(slice, &[T]), cast!(slice, &[bool]), cast!(slice, &[u8])) {
        (Ok(floats), ..) => LabelRun::Floats(floats),
        (_, Ok(bools), _) => LabelRun::Bools(bools),
        (.., Ok(bytes)) => LabelRun::Bytes(bytes),
        _ => return Err(labels),
    };
    Ok((run, known.marker()))
}

/// The same, with labels copied to a buffer where that has to be.
fn labels<'a, T: Float, Y: Label, D: Dimension>(
    labels: &'a Labels<'_, Y, D>,
    known: IgnoreRule<Y>,
    buffer: &'a mut [T],
) -> ReadLabels<'a, T> {
    as_labels(labels, known).unwrap_or_else(|labels| {
        let marker = known.is_in_doubt().then(|| T::from_f64(f64::NAN));
        (LabelRun::Floats(read(labels, buffer, |&y| known.float(y))), marker)
    })
}

/// Copies in logical order of stretches of those arrays that are not slices in that order.
struct Copies<T, const N: usize> {
    logits: [T; N],
    labels: [T; N],
    factors: [[T; N]; FACTORS],
    losses: [T; N],
    gradient: [T; N],
    hessian: [T; N],
}

impl<F: Float, const N: usize> Copies<F, N> {
    /// Evaluates arrays, at most `N` elements at a time.
    fn evaluate<T: Element<Float = F>, Y: Label, D: Dimension>(
        &mut self,
        pass: &Pass<'_, T::Float, Y>,
        mut arrays: Arrays<'_, T, Y, D>,
        position: Position,
        one_class: bool,
        sum: &mut Accumulator<T::Float>,
    ) -> Result<(), InvalidLabel> {
        if arrays.logits.len() > N {
            let [(left, left_position), (right, right_position)] = arrays.halves(position);
            self.evaluate(pass, left, left_position, one_class, sum)?;
            return self.evaluate(pass, right, right_position, one_class, sum);
        }
        let (labels, unknown) = labels(&arrays.labels, pass.known, &mut self.labels);
        let ([first, second], [first_copy, second_copy]) = (&arrays.factors, &mut self.factors);
        let run = Run {
            logits: floats(&arrays.logits, &mut self.logits),
            labels,
            unknown,
            factors: [
                first.as_ref().map(|factor| floats(factor, first_copy)),
                second.as_ref().map(|factor| floats(factor, second_copy)),
            ],
            weight_scale: pass.weight_scale,
            leaves_out: pass.leaves_out,
            class: position.class,
            one_class,
            in_parameters: pass.in_parameters,
            scale: pass.scale,
            sum,
            losses: place(&mut arrays.losses, &mut self.losses),
            gradient: place(&mut arrays.gradient, &mut self.gradient),
            hessian: place(&mut arrays.hessian, &mut self.hessian),
        };
        evaluate(pass.plan, run)?;
        write(&self.losses, arrays.losses);
        write(&self.gradient, arrays.gradient);
        write(&self.hessian, arrays.hessian);
        Ok(())
    }
}

/// Copies an array to a buffer.
fn read<'a, S, T: Copy, D: Dimension>(
    from: &ArrayView<'_, S, D>,
    to: &'a mut [T],
    convert: impl Fn(&S) -> T,
) -> &'a [T] {
    let to = &mut to[..from.len()];
    copy(from, &mut array_mut(&from.raw_dim(), to), convert);
    to
}

/// Where the results for an array go: itself, or a buffer from which [`write`] takes them.
fn place<'a, T: Element, D: Dimension>(
    array: &'a mut Option<ArrayViewMut<'_, T, D>>,
    buffer: &'a mut [T::Float],
) -> Option<&'a mut [T::Float]> {
    match array {
        Some(array) if !is_direct(array) => Some(&mut buffer[..array.len()]),
        array => array.as_mut().and_then(direct),
    }
}

/// Copies a buffer to an array, if results went there.
fn write<T: Element, D: Dimension>(from: &[T::Float], to: Option<ArrayViewMut<'_, T, D>>) {
    if let Some(mut to) = to.filter(|to| !is_direct(to)) {
        let from = ArrayView::from_shape(to.raw_dim(), &from[..to.len()]).expect(FITS);
        copy(&from, &mut to, |&x| T::from_float(x));
    }
}

const FITS: &str = "a buffer has as many elements as the shape";

/// A buffer as an array in logical order.
fn array_mut<'a, T, D: Dimension>(shape: &D, buffer: &'a mut [T]) -> ArrayViewMut<'a, T, D> {
    ArrayViewMut::from_shape(shape.clone(), buffer).expect(FITS)
}

/// Copies slices as such, other arrays along the axis on which the elements of either that is not in logical order lie
/// closest together.
fn copy<S, T: Copy, D: Dimension>(
    from: &ArrayView<'_, S, D>,
    to: &mut ArrayViewMut<'_, T, D>,
    convert: impl Fn(&S) -> T,
) {
    if let (Some(from), Some(to)) = (from.as_slice(), to.as_slice_mut()) {
        to.iter_mut().zip(from).for_each(|(to, from)| *to = convert(from));
        return;
    }
    let strides = if from.is_standard_layout() { to.strides() } else { from.strides() };
    let closest = |&axis: &usize| (from.shape()[axis] == 1, strides[axis].unsigned_abs());
    let Some(axis) = (0..from.ndim()).min_by_key(closest) else {
        Zip::from(to).and(from).for_each(|to, from| *to = convert(from));
        return;
    };
    for (mut to, from) in to.lanes_mut(Axis(axis)).into_iter().zip(from.lanes(Axis(axis))) {
        if let (Some(to), [0]) = (to.as_slice_mut(), from.strides()) {
            // One weight for a whole row.
            from.first().into_iter().for_each(|from| to.fill(convert(from)));
            continue;
        }
        // One of both is most often a slice, and the other then drives the loop: ndarray's fastest over strides.
        if let Some(to) = to.as_slice_mut() {
            let mut to = to.iter_mut();
            from.iter().for_each(|from| {
                if let Some(to) = to.next() {
                    *to = convert(from);
                }
            });
        } else if let Some(from) = from.as_slice() {
            let mut from = from.iter();
            to.iter_mut().for_each(|to| {
                if let Some(from) = from.next() {
                    *to = convert(from);
                }
            });
        } else {
            Zip::from(to).and(from).for_each(|to, from| *to = convert(from));
        }
    }
}
