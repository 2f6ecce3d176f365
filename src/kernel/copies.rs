//! Evaluates a few elements: in place where an array is a slice, else through a copy.

use super::arrays::{Arrays, FACTORS, Leaf, Pass};
use super::block::{LANES, LARGE};
use super::evaluate::{InvalidLabel, LabelRun, Run, evaluate};
use super::kind::Position;
use crate::arithmetic::element::{Element, Float};
use crate::arrays::slices::{as_floats, direct, is_direct};
use crate::arrays::sum::Accumulator;
use crate::kernel::kind::MultiLabel;
use crate::targets::label::Label;
use crate::targets::labels::{LabelForm, Labels};
use castaway::cast;
use ndarray::{ArrayView, ArrayViewMut, Axis, Dimension, Zip};
use std::hint::black_box;

/// The number of bytes in a copy.
const COPY: usize = 1 << 13;

/// Room for copies in logical order: of logits, labels and factors, and of losses, gradient and Hessian.
type Buffers<'a, T> = [&'a mut [T]; 5 + FACTORS];

/// Evaluates a few elements in sequence.
pub(crate) fn evaluate_leaf<T: Element, Y: Label, D: Dimension>(
    leaf: Leaf<'_, '_, T, D, Labels<'_, Y, D>>,
    one_class: bool,
) -> Result<(), InvalidLabel> {
    let Leaf { pass, mut arrays, position, sum } = leaf;
    let leaf = Evaluation { pass, one_class };
    if are_slices(&arrays) {
        return leaf.evaluate(&mut arrays, position, sum, &mut [(); 5 + FACTORS].map(|()| Default::default()));
    }
    // Known when it is compiled, so that a user's crate has only the copies of its types.
    if const { size_of::<T::Float>() > LARGE } {
        leaf.through_copies::<_, _, _, 1>(arrays, position, sum)
    } else if const { size_of::<T::Float>() > 8 } {
        leaf.through_copies::<_, _, _, { COPY / LARGE }>(arrays, position, sum)
    } else if arrays.logits.len() <= LANES {
        leaf.through_copies::<_, _, _, LANES>(arrays, position, sum)
    } else if const { size_of::<T::Float>() > 4 } {
        leaf.through_copies::<_, _, _, { COPY / 8 }>(arrays, position, sum)
    } else {
        leaf.through_copies::<_, _, _, { COPY / 4 }>(arrays, position, sum)
    }
}

/// Whether all arrays are read and written as they are.
fn are_slices<T: Element, Y: Label, D: Dimension>(arrays: &Arrays<'_, T, D, Labels<'_, Y, D>>) -> bool {
    let Arrays { logits, source, factors, outputs } = arrays;
    let mut inputs = factors.iter().flatten().chain([logits]);
    outputs.derivatives.iter().chain([&outputs.losses]).flatten().all(is_direct)
        && inputs.all(|input| as_floats(input).is_some())
        && as_labels::<T::Float, _, _>(source).is_ok()
}

/// What is the same for all elements of a leaf.
struct Evaluation<'a, F: Float> {
    pass: &'a Pass<'a, F, MultiLabel>,
    one_class: bool,
}

impl<F: Float> Evaluation<'_, F> {
    /// Not inlined, so that the copies take room on the stack only where they are needed, and once.
    #[inline(never)]
    fn through_copies<T: Element<Float = F>, Y: Label, D: Dimension, const N: usize>(
        &self,
        arrays: Arrays<'_, T, D, Labels<'_, Y, D>>,
        position: Position,
        sum: &mut Accumulator<F>,
    ) -> Result<(), InvalidLabel> {
        let mut copies = [[F::from_f64(0.0); N]; 5 + FACTORS];
        self.in_parts(arrays, position, sum, &mut copies.each_mut().map(|copy| &mut copy[..]))
    }

    /// Evaluates arrays, at most as many elements at a time as there is room for.
    fn in_parts<T: Element<Float = F>, Y: Label, D: Dimension>(
        &self,
        mut arrays: Arrays<'_, T, D, Labels<'_, Y, D>>,
        position: Position,
        sum: &mut Accumulator<F>,
        buffers: &mut Buffers<'_, F>,
    ) -> Result<(), InvalidLabel> {
        if arrays.logits.len() > buffers[0].len() {
            let [(left, left_position), (right, right_position)] = arrays.halves(position);
            self.in_parts(left, left_position, sum, buffers)?;
            return self.in_parts(right, right_position, sum, buffers);
        }
        self.evaluate(&mut arrays, position, sum, buffers)?;
        let [.., losses, gradient, hessian] = buffers;
        let [to_gradient, to_hessian, _] = arrays.outputs.derivatives;
        write(losses, arrays.outputs.losses);
        write(gradient, to_gradient);
        write(hessian, to_hessian);
        Ok(())
    }

    /// Evaluates elements, with room for those of arrays that are not slices.
    fn evaluate<T: Element<Float = F>, Y: Label, D: Dimension>(
        &self,
        arrays: &mut Arrays<'_, T, D, Labels<'_, Y, D>>,
        position: Position,
        sum: &mut Accumulator<F>,
        buffers: &mut Buffers<'_, F>,
    ) -> Result<(), InvalidLabel> {
        let [logits, label_buffer, first_copy, second_copy, losses, gradient, hessian] = buffers;
        let ([first, second], outputs) = (&arrays.factors, &mut arrays.outputs);
        let [to_gradient, to_hessian, _] = &mut outputs.derivatives;
        let (labels, unknown) = labels(&arrays.source, label_buffer);
        let run = Run {
            logits: floats(&arrays.logits, logits),
            labels,
            unknown,
            factors: [
                first.as_ref().map(|factor| floats(factor, first_copy)),
                second.as_ref().map(|factor| floats(factor, second_copy)),
            ],
            weight_scale: self.pass.weight_scale,
            leaves_out: self.pass.leaves_out,
            class: position.class,
            one_class: self.one_class,
            in_parameters: self.pass.in_parameters,
            scale: self.pass.scale,
            sum,
            losses: output_slice(&mut outputs.losses, losses),
            gradient: output_slice(to_gradient, gradient),
            hessian: output_slice(to_hessian, hessian),
        };
        evaluate(self.pass.plan, run)
    }
}

/// The elements of an array as floats, as they are or copied to a buffer.
pub(crate) fn floats<'a, T: Element, D: Dimension>(
    array: &'a ArrayView<'_, T, D>,
    buffer: &'a mut [T::Float],
) -> &'a [T::Float] {
    match as_floats(array) {
        Some(floats) => floats,
        None => read(array, buffer, |&x| x.to_float()),
    }
}

/// Labels that the kernel reads, and the float that stands for an unknown one.
type ReadLabels<'a, T> = (LabelRun<'a, T>, Option<T>);

/// Labels as they are; the array itself, if it has to be copied.
fn as_labels<'a, 'b, T: Float, Y: Label, D: Dimension>(
    labels: &'a Labels<'b, Y, D>,
) -> Result<ReadLabels<'a, T>, &'a ArrayView<'b, Y, D>> {
    let dense = match &labels.form {
        LabelForm::Sparse(listed) => {
            return Ok((LabelRun::Sparse(*listed), listed.is_in_doubt().then(|| T::from_f64(f64::NAN))));
        }
        LabelForm::Dense(dense) => dense,
    };
    let slice = dense.as_slice().ok_or(dense)?;
    let run = match (cast!(slice, &[T]), cast!(slice, &[bool]), cast!(slice, &[u8])) {
        (Ok(floats), ..) => LabelRun::Floats(floats),
        (_, Ok(bools), _) => LabelRun::Bools(bools),
        (.., Ok(bytes)) => LabelRun::Bytes(bytes),
        _ => return Err(dense),
    };
    Ok((run, labels.known.marker()))
}

/// The same, with labels copied to a buffer where that has to be.
fn labels<'a, T: Float, Y: Label, D: Dimension>(
    labels: &'a Labels<'_, Y, D>,
    buffer: &'a mut [T],
) -> ReadLabels<'a, T> {
    let known = labels.known;
    as_labels(labels).unwrap_or_else(|dense| {
        let marker = known.is_in_doubt().then(|| T::from_f64(f64::NAN));
        (LabelRun::Floats(read(dense, buffer, |&y| known.float(y))), marker)
    })
}

/// Copies an array to a buffer.
pub(crate) fn read<'a, S, T: Copy, D: Dimension>(
    from: &ArrayView<'_, S, D>,
    to: &'a mut [T],
    convert: impl Fn(&S) -> T,
) -> &'a [T] {
    let to = &mut to[..from.len()];
    copy(from, &mut array_mut(&from.raw_dim(), to), convert);
    to
}

/// Where the results for an array go: itself, or a buffer from which [`write`] takes them.
pub(crate) fn output_slice<'a, T: Element, D: Dimension>(
    array: &'a mut Option<ArrayViewMut<'_, T, D>>,
    buffer: &'a mut [T::Float],
) -> Option<&'a mut [T::Float]> {
    match array {
        Some(array) if !is_direct(array) => Some(&mut buffer[..array.len()]),
        array => array.as_mut().and_then(direct),
    }
}

/// Copies a buffer to an array, if results went there.
pub(crate) fn write<T: Element, D: Dimension>(from: &[T::Float], to: Option<ArrayViewMut<'_, T, D>>) {
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

/// The number of lanes whose memory is asked for at once: as many as the nearest cache holds even if they lie at a distance of a power of
/// two.
const AHEAD: usize = 8;

/// Reads a number of every cache line, so that all are on their way at the same time.
fn ask_for<S, T>(lane: Option<&[S]>, read: impl Fn(&S) -> T) {
    let line = 64 / size_of::<S>().clamp(1, 64);
    lane.into_iter().flat_map(|lane| lane.iter().step_by(line)).for_each(|x| drop(black_box(read(x))));
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
    let mut pairs = to.lanes_mut(Axis(axis)).into_iter().zip(from.lanes(Axis(axis)));
    let lanes = std::iter::from_fn(|| {
        let lanes: [_; AHEAD] = std::array::from_fn(|_| pairs.next());
        for (to, from) in lanes.iter().flatten() {
            ask_for(from.as_slice(), &convert);
            ask_for(to.as_slice(), |&x| x);
        }
        lanes[0].is_some().then_some(lanes)
    });
    for (mut to, from) in lanes.flatten().flatten() {
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
