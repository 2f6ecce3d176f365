//! Cuts arrays into runs of consecutive elements, and runs over threads.
//!
//! Where an array is cut depends on its shape alone, not on its strides or on the number of threads: so neither
//! changes a bit of the sum.

use super::block::Run;
use super::plan::Plan;
use super::sum::Accumulator;
use crate::float::Float;
use crate::target::{Target, Targets};
use ndarray::{ArrayView, ArrayViewMut, Axis, Dimension, Zip};

/// The largest number of elements that are added up in sequence.
const LEAF: usize = 1 << 13;

/// The number of bytes in a copy of a stretch of a strided array.
const COPY: usize = 1 << 13;

/// The number of elements along the first axis that copies hold a multiple of, where they can: a cache line or more.
const ROWS: usize = 16;

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
}

/// About half of a length, at a multiple of [`ROWS`] where there is one.
fn middle(length: usize) -> usize {
    let half = length / 2;
    if half > ROWS { half - half % ROWS } else { half }
}

/// Evaluates a few elements in sequence.
fn leaf<T: Float, Y: Target<T>, D: Dimension>(
    plan: &Plan<T>,
    scale: T,
    class: usize,
    arrays: Arrays<'_, T, Y, D>,
    sum: &mut Accumulator<T>,
) -> Result<(), InvalidTarget> {
    let output = |array: &Option<ArrayViewMut<'_, T, D>>| array.as_ref().is_none_or(|a| a.is_standard_layout());
    let is_contiguous = arrays.logits.is_standard_layout()
        && arrays.targets.as_slice().is_some_and(|targets| Y::as_targets(targets).is_some())
        && output(&arrays.losses)
        && output(&arrays.gradient)
        && output(&arrays.hessian);
    match (is_contiguous, size_of::<T>()) {
        (true, _) => Copies::<T, 0>::new().evaluate(plan, scale, class, arrays, sum),
        (false, ..=4) => leaf_by_copies::<_, _, _, { COPY / 4 }>(plan, scale, class, arrays, sum),
        (false, ..=8) => leaf_by_copies::<_, _, _, { COPY / 8 }>(plan, scale, class, arrays, sum),
        (false, _) => leaf_by_copies::<_, _, _, { COPY / 64 }>(plan, scale, class, arrays, sum),
    }
}

/// Not inlined, so that only those who need the copies make room for them.
#[inline(never)]
fn leaf_by_copies<T: Float, Y: Target<T>, D: Dimension, const N: usize>(
    plan: &Plan<T>,
    scale: T,
    class: usize,
    arrays: Arrays<'_, T, Y, D>,
    sum: &mut Accumulator<T>,
) -> Result<(), InvalidTarget> {
    Copies::<T, N>::new().evaluate(plan, scale, class, arrays, sum)
}

/// Copies in logical order of stretches of those arrays that are not slices in that order.
struct Copies<T, const N: usize> {
    logits: [T; N],
    targets: [T; N],
    losses: [T; N],
    gradient: [T; N],
    hessian: [T; N],
}

impl<T: Float, const N: usize> Copies<T, N> {
    fn new() -> Self {
        let zeros = [T::zero(); N];
        Copies { logits: zeros, targets: zeros, losses: zeros, gradient: zeros, hessian: zeros }
    }

    /// Evaluates arrays, at most `N` elements at a time where any of them is copied.
    fn evaluate<Y: Target<T>, D: Dimension>(
        &mut self,
        plan: &Plan<T>,
        scale: T,
        class: usize,
        mut arrays: Arrays<'_, T, Y, D>,
        sum: &mut Accumulator<T>,
    ) -> Result<(), InvalidTarget> {
        if N > 0 && arrays.logits.len() > N {
            let ([left, right], right_class) = arrays.halves(class);
            self.evaluate(plan, scale, class, left, sum)?;
            return self.evaluate(plan, scale, right_class, right, sum);
        }
        let targets = arrays.targets.as_slice().and_then(Y::as_targets);
        let targets =
            targets.unwrap_or_else(|| Targets::Floats(read(&arrays.targets, &mut self.targets, |y| y.to_float())));
        let run = Run {
            logits: arrays.logits.as_slice().unwrap_or_else(|| read(&arrays.logits, &mut self.logits, |&z| z)),
            targets,
            class,
            scale,
            sum,
            losses: place(&mut arrays.losses, &mut self.losses),
            gradient: place(&mut arrays.gradient, &mut self.gradient),
            hessian: place(&mut arrays.hessian, &mut self.hessian),
        };
        T::evaluate(plan, run).map_err(|_| InvalidTarget)?;
        write(&self.losses, arrays.losses);
        write(&self.gradient, arrays.gradient);
        write(&self.hessian, arrays.hessian);
        Ok(())
    }
}

/// Copies an array to a buffer.
fn read<'a, S, T, D: Dimension>(from: &ArrayView<'_, S, D>, to: &'a mut [T], convert: impl Fn(&S) -> T) -> &'a [T] {
    let to = &mut to[..from.len()];
    copy(from, &mut array_mut(&from.raw_dim(), to), convert);
    to
}

/// Where the results for an array go: itself, or a buffer from which [`write`] takes them.
fn place<'a, T, D: Dimension>(
    array: &'a mut Option<ArrayViewMut<'_, T, D>>,
    buffer: &'a mut [T],
) -> Option<&'a mut [T]> {
    let array = array.as_mut()?;
    let length = array.len();
    if array.is_standard_layout() { array.as_slice_mut() } else { Some(&mut buffer[..length]) }
}

/// Copies a buffer to an array, if results went there.
fn write<T: Copy, D: Dimension>(from: &[T], to: Option<ArrayViewMut<'_, T, D>>) {
    if let Some(mut to) = to.filter(|to| !to.is_standard_layout()) {
        let from = ArrayView::from_shape(to.raw_dim(), &from[..to.len()]).expect(FITS);
        copy(&from, &mut to, |&x| x);
    }
}

const FITS: &str = "a buffer has as many elements as the shape";

/// A buffer as an array in logical order.
fn array_mut<'a, T, D: Dimension>(shape: &D, buffer: &'a mut [T]) -> ArrayViewMut<'a, T, D> {
    ArrayViewMut::from_shape(shape.clone(), buffer).expect(FITS)
}

/// Copies along the axis on which the elements of either array that is not in logical order lie closest together.
fn copy<S, T, D: Dimension>(from: &ArrayView<'_, S, D>, to: &mut ArrayViewMut<'_, T, D>, convert: impl Fn(&S) -> T) {
    let strides = if from.is_standard_layout() { to.strides() } else { from.strides() };
    let closest = |&axis: &usize| (from.shape()[axis] == 1, strides[axis].unsigned_abs());
    let innermost = (0..from.ndim()).min_by_key(closest);
    let (mut from, mut to) = (from.view(), to.view_mut());
    if let Some(axis) = innermost {
        // The last axis is the innermost loop.
        let last = from.ndim() - 1;
        from.swap_axes(axis, last);
        to.swap_axes(axis, last);
    }
    Zip::from(to).and(from).for_each(|to, from| *to = convert(from));
}
