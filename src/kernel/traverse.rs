//! Cuts arrays into runs of consecutive elements, and runs over threads.
//!
//! Where an array is cut depends on its shape alone, not on its strides or on the number of threads: so neither
//! changes a bit of the sum.

use super::block::Run;
use super::plan::Plan;
use super::sum::Accumulator;
use crate::float::Float;
use crate::target::Target;
use ndarray::{ArrayView, ArrayViewMut, Axis, Dimension};

/// The largest number of elements that are added up in sequence.
const LEAF: usize = 1 << 13;

/// The number of elements whose losses, converted targets and copies of strided arrays are on the stack at a time.
const RUN: usize = 1 << 10;

/// The number for which smaller arrays on the stack do, so that a single sample is not spent on clearing them.
const FEW: usize = 1 << 6;

/// The number of elements below which a second thread costs more than it saves.
#[cfg(feature = "rayon")]
const PARALLEL: usize = 1 << 15;

/// Arrays of one shape: what to evaluate, and where the results go.
#[derive(Debug)]
pub(crate) struct Arrays<'a, T, Y, D: Dimension> {
    pub(crate) logits: ArrayView<'a, T, D>,
    pub(crate) targets: ArrayView<'a, Y, D>,
    pub(crate) losses: Option<ArrayViewMut<'a, T, D>>,
    pub(crate) gradient: Option<ArrayViewMut<'a, T, D>>,
    pub(crate) hessian: Option<ArrayViewMut<'a, T, D>>,
}

/// A target is outside [0, 1].
#[derive(Debug)]
pub(crate) struct InvalidTarget;

/// Evaluates all elements and returns the sum of the losses. Gradient and Hessian are multiplied by `scale`.
pub(crate) fn traverse<T, Y, D>(
    plan: &Plan<T>,
    scale: T,
    class: usize,
    arrays: Arrays<'_, T, Y, D>,
) -> Result<T::Sum, InvalidTarget>
where
    T: Float,
    Y: Target<T>,
    D: Dimension,
{
    let elements = arrays.logits.len();
    if elements <= LEAF {
        let mut sum = Accumulator::new();
        leaf(plan, scale, class, arrays, &mut sum)?;
        return Ok(sum.total());
    }
    let ([left, right], right_class) = arrays.halves(class);
    let left = || traverse(plan, scale, class, left);
    let right = || traverse(plan, scale, right_class, right);
    let (left, right) = join(elements, left, right);
    Ok(left? + right?)
}

#[cfg(feature = "rayon")]
fn join<A: Send, B: Send>(elements: usize, a: impl FnOnce() -> A + Send, b: impl FnOnce() -> B + Send) -> (A, B) {
    if elements < PARALLEL { (a(), b()) } else { rayon::join(a, b) }
}

#[cfg(not(feature = "rayon"))]
fn join<A, B>(_elements: usize, a: impl FnOnce() -> A, b: impl FnOnce() -> B) -> (A, B) {
    (a(), b())
}

impl<'a, T: Float, Y: Target<T>, D: Dimension> Arrays<'a, T, Y, D> {
    /// Cuts the first axis that is longer than 1, which leaves the logical order intact. Given the class of the
    /// first element, also returns that of the second half.
    fn halves(self, class: usize) -> ([Self; 2], usize) {
        let shape = self.logits.shape();
        let axis = shape.iter().position(|&length| length > 1).unwrap_or(0);
        let middle = middle(shape[axis]);
        let right_class = if axis + 1 == shape.len() { class + middle } else { class };
        let axis = Axis(axis);
        let (logits, logits_right) = self.logits.split_at(axis, middle);
        let (targets, targets_right) = self.targets.split_at(axis, middle);
        let split = |array: Option<ArrayViewMut<'a, T, D>>| array.map(|array| array.split_at(axis, middle)).unzip();
        let (losses, losses_right) = split(self.losses);
        let (gradient, gradient_right) = split(self.gradient);
        let (hessian, hessian_right) = split(self.hessian);
        let left = Arrays { logits, targets, losses, gradient, hessian };
        let right = Arrays {
            logits: logits_right,
            targets: targets_right,
            losses: losses_right,
            gradient: gradient_right,
            hessian: hessian_right,
        };
        ([left, right], right_class)
    }

    /// Whether every array is one slice in logical order.
    fn is_contiguous(&self) -> bool {
        let output = |array: &Option<ArrayViewMut<'a, T, D>>| array.as_ref().is_none_or(|a| a.is_standard_layout());
        self.logits.is_standard_layout()
            && self.targets.is_standard_layout()
            && output(&self.losses)
            && output(&self.gradient)
            && output(&self.hessian)
    }
}

/// About half of a length, at a multiple of a run where there is one, so that vectors stay full.
fn middle(length: usize) -> usize {
    let half = length / 2;
    if half > RUN { half - half % RUN } else { half }
}

/// Evaluates a few elements in sequence.
fn leaf<T: Float, Y: Target<T>, D: Dimension>(
    plan: &Plan<T>,
    scale: T,
    class: usize,
    arrays: Arrays<'_, T, Y, D>,
    sum: &mut Accumulator<T>,
) -> Result<(), InvalidTarget> {
    let few = arrays.logits.len() <= FEW;
    if arrays.is_contiguous() {
        return match few {
            true => evaluate_slices::<_, _, _, FEW>(plan, scale, class, arrays, sum),
            false => evaluate_slices::<_, _, _, RUN>(plan, scale, class, arrays, sum),
        };
    }
    if arrays.logits.len() > RUN {
        let ([left, right], right_class) = arrays.halves(class);
        leaf(plan, scale, class, left, sum)?;
        return leaf(plan, scale, right_class, right, sum);
    }
    match few {
        true => evaluate_copies::<_, _, _, FEW>(plan, scale, class, arrays, sum),
        false => evaluate_copies::<_, _, _, RUN>(plan, scale, class, arrays, sum),
    }
}

/// Evaluates arrays that are slices; targets that are not floats, `N` at a time.
fn evaluate_slices<'a, T: Float, Y: Target<T>, D: Dimension, const N: usize>(
    plan: &Plan<T>,
    scale: T,
    class: usize,
    arrays: Arrays<'a, T, Y, D>,
    sum: &mut Accumulator<T>,
) -> Result<(), InvalidTarget> {
    let slices = "the arrays are contiguous";
    let slice = |array: Option<ArrayViewMut<'a, T, D>>| array.map(|array| array.into_slice().expect(slices));
    let logits = arrays.logits.as_slice().expect(slices);
    let targets = arrays.targets.as_slice().expect(slices);
    let (mut losses, mut gradient, mut hessian) = (slice(arrays.losses), slice(arrays.gradient), slice(arrays.hessian));
    let mut converted = [T::zero(); N];
    let mut start = 0;
    while start < logits.len() {
        let targets = Y::as_floats(&targets[start..], &mut converted);
        let range = start..start + targets.len();
        let run = Run {
            logits: &logits[range.clone()],
            targets,
            class: class + start,
            scale,
            sum,
            losses: losses.as_deref_mut().map(|losses| &mut losses[range.clone()]),
            gradient: gradient.as_deref_mut().map(|gradient| &mut gradient[range.clone()]),
            hessian: hessian.as_deref_mut().map(|hessian| &mut hessian[range.clone()]),
        };
        T::evaluate(plan, run).map_err(|_| InvalidTarget)?;
        start = range.end;
    }
    Ok(())
}

/// Evaluates at most `N` elements of arrays that are not slices, by way of copies on the stack.
fn evaluate_copies<T: Float, Y: Target<T>, D: Dimension, const N: usize>(
    plan: &Plan<T>,
    scale: T,
    class: usize,
    arrays: Arrays<'_, T, Y, D>,
    sum: &mut Accumulator<T>,
) -> Result<(), InvalidTarget> {
    let (shape, length) = (arrays.logits.raw_dim(), arrays.logits.len());
    let mut buffers = [[T::zero(); N]; 5];
    let [logits, targets, losses, gradient, hessian] = buffers.each_mut().map(|buffer| &mut buffer[..length]);
    copy(&arrays.logits, &mut array_mut(&shape, logits), |&z| z);
    copy(&arrays.targets, &mut array_mut(&shape, targets), |&y| y.to_float());
    let run = Run {
        logits,
        targets,
        class,
        scale,
        sum,
        losses: arrays.losses.is_some().then_some(&mut *losses),
        gradient: arrays.gradient.is_some().then_some(&mut *gradient),
        hessian: arrays.hessian.is_some().then_some(&mut *hessian),
    };
    T::evaluate(plan, run).map_err(|_| InvalidTarget)?;
    for (to, from) in [(arrays.losses, losses), (arrays.gradient, gradient), (arrays.hessian, hessian)] {
        if let Some(mut to) = to {
            copy(&array_mut(&shape, from).view(), &mut to, |&x| x);
        }
    }
    Ok(())
}

/// A buffer as an array in logical order.
fn array_mut<'a, T, D: Dimension>(shape: &D, buffer: &'a mut [T]) -> ArrayViewMut<'a, T, D> {
    ArrayViewMut::from_shape(shape.clone(), buffer).expect("a buffer has as many elements as the shape")
}

/// Copies along the axis on which the elements of either array that is not in logical order lie closest together.
fn copy<S, T, D: Dimension>(from: &ArrayView<'_, S, D>, to: &mut ArrayViewMut<'_, T, D>, convert: impl Fn(&S) -> T) {
    let strides = if from.is_standard_layout() { to.strides() } else { from.strides() };
    let closest = |&axis: &usize| (from.shape()[axis] == 1, strides[axis].unsigned_abs());
    let axis = Axis((0..from.ndim()).min_by_key(closest).unwrap_or(0));
    for (from, mut to) in from.lanes(axis).into_iter().zip(to.lanes_mut(axis)) {
        for (from, to) in from.iter().zip(&mut to) {
            *to = convert(from);
        }
    }
}
