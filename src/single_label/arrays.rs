//! The arrays of a call: checked, cut into rows, and rows over threads.
//!
//! Where an array is cut depends on its shape, not on the number of threads.

use super::plan::{Plan, Plans};
use super::row::{Results, Target};
use super::rows::{Rows, evaluate, part};
use super::target_rows::{InvalidRow, TargetRows};
use super::targets::Targets;
use crate::checks::{broadcast, check_range, check_shape, check_weights};
use crate::element::{Element, Float};
use crate::error::Error;
use crate::kernel::LARGE;
use crate::parameter::Parameter;
use crate::reduction::{Reduction, divided};
use crate::results::memory_for;
use crate::slices::{as_floats, direct, is_direct};
use crate::sum::{Accumulator, Total, rounded};
use crate::threads::join;
use ndarray::{ArrayBase, ArrayView, ArrayViewMut, Axis, Dimension, RawData, RemoveAxis, Zip};
use std::borrow::Cow;

/// The largest number of elements that are evaluated in sequence; a longer row is not cut.
const LEAF: usize = 1 << 13;

/// The number of rows that go to the kernel together.
const TOGETHER: usize = 64;

/// What is asked for beside the value, and where it goes.
pub(super) struct Outputs<'a, T, D: RemoveAxis> {
    pub(super) losses: Option<ArrayViewMut<'a, T, D::Smaller>>,
    pub(super) gradient: Option<ArrayViewMut<'a, T, D>>,
    pub(super) hessian: Option<ArrayViewMut<'a, T, D>>,
    /// The vector by which the Hessian is multiplied, and the product.
    pub(super) product: Option<(ArrayView<'a, T, D>, ArrayViewMut<'a, T, D>)>,
}

impl<T, D: RemoveAxis> Default for Outputs<'_, T, D> {
    fn default() -> Self {
        Outputs { losses: None, gradient: None, hessian: None, product: None }
    }
}

/// The reduced loss; what is asked for beside it is divided by the same divisor, except losses.
pub(super) fn reduce<T: Element, R: TargetRows<D>, D: RemoveAxis>(
    plans: &Plans,
    reduction: Reduction,
    logits: ArrayView<'_, T, D>,
    targets: Targets<'_, T, R>,
    mut outputs: Outputs<'_, T, D>,
) -> Result<T::Float, Error> {
    let Some((&classes, rows)) = logits.shape().split_last() else { return Err(Error::NoClassAxis) };
    check_shape(R::NAME, R::expected_shape(logits.shape()), targets.rows.shape())?;
    plans.settings.check_classes(classes)?;
    if let Some(weights) = &targets.weights {
        check_weights(weights)?;
    }
    let shape_of_rows = logits.raw_dim().remove_axis(Axis(rows.len()));
    let weights = targets.weights.as_ref().map(|weights| broadcast(weights, shape_of_rows)).transpose()?;
    let no_weight = Parameter::Uniform(1.0);
    let class_weight = if reduction == Reduction::WeightedMean { &plans.settings.class_weight } else { &no_weight };
    let survey = targets.rows.survey(classes, row_weights(weights.as_ref()), class_weight)?;
    // A row is one element here, and its target the one positive.
    let known = || survey.known as f64;
    let divisor = reduction.divisor(logits.shape(), known, || Ok(survey.weight), known)?;
    let scale = check_range(divisor)?;
    let plan = plans.plan();
    divided(divisor, |loss_scale| {
        let Outputs { losses, gradient, hessian, product } = &mut outputs;
        let arrays = Arrays {
            logits: logits.view(),
            rows: targets.rows.clone(),
            weights: weights.as_ref().map(|weights| weights.view()),
            losses: losses.as_mut().map(|losses| losses.view_mut()),
            gradient: gradient.as_mut().map(|gradient| gradient.view_mut()),
            hessian: hessian.as_mut().map(|hessian| hessian.view_mut()),
            product: product.as_mut().map(|(vector, product)| (vector.view(), product.view_mut())),
        };
        match walk(&Pass { plan: &plan, scale, loss_scale }, arrays) {
            Ok(total) => Ok(rounded::<T::Float>(total)),
            Err(Fault::Row) => Err(targets.rows.find_invalid(weighted(weights.as_ref()))),
            Err(Fault::Other(error)) => Err(error),
        }
    })
}

/// The weights of the rows, in logical order; ones without end, if there are none.
fn row_weights<'a, T: Element, E: Dimension>(
    weights: Option<&'a ArrayView<'_, T, E>>,
) -> impl Iterator<Item = f64> + use<'a, T, E> {
    let mut weights = weights.map(|weights| weights.iter());
    std::iter::from_fn(move || match &mut weights {
        Some(weights) => weights.next().map(|weight| weight.to_float().to_f64()),
        None => Some(1.0),
    })
}

/// Which rows have a weight that is not 0.
fn weighted<'a, T: Element, E: Dimension>(
    weights: Option<&'a ArrayView<'_, T, E>>,
) -> impl Iterator<Item = bool> + use<'a, T, E> {
    row_weights(weights).map(|weight| weight != 0.0)
}

/// What is the same for all arrays of a call.
struct Pass<'a, T: Float> {
    plan: &'a Plan<T>,
    /// What derivatives are multiplied by.
    scale: T,
    /// What losses are multiplied by before they are added up.
    loss_scale: Option<T::Sum>,
}

/// Why rows could not be evaluated.
enum Fault {
    /// A row of the targets is not valid.
    Row,
    Other(Error),
}

/// Rows of logits, and where the results go.
struct Arrays<'a, T, R, D: RemoveAxis> {
    logits: ArrayView<'a, T, D>,
    rows: R,
    weights: Option<ArrayView<'a, T, D::Smaller>>,
    losses: Option<ArrayViewMut<'a, T, D::Smaller>>,
    gradient: Option<ArrayViewMut<'a, T, D>>,
    hessian: Option<ArrayViewMut<'a, T, D>>,
    product: Option<(ArrayView<'a, T, D>, ArrayViewMut<'a, T, D>)>,
}

impl<T: Element, R: TargetRows<D>, D: RemoveAxis> Arrays<'_, T, R, D> {
    /// Cuts an axis that is not that of the classes.
    fn halves(self, axis: usize) -> [Self; 2] {
        let middle = self.logits.shape()[axis] / 2;
        let axis = Axis(axis);
        let (logits, logits_right) = self.logits.split_at(axis, middle);
        let (rows, rows_right) = self.rows.split_at(axis, middle);
        let (weights, weights_right) = self.weights.map(|weights| weights.split_at(axis, middle)).unzip();
        let (losses, losses_right) = self.losses.map(|losses| losses.split_at(axis, middle)).unzip();
        let (gradient, gradient_right) = self.gradient.map(|gradient| gradient.split_at(axis, middle)).unzip();
        let (hessian, hessian_right) = self.hessian.map(|hessian| hessian.split_at(axis, middle)).unzip();
        let product = self.product.map(|(vector, product)| {
            let (vector, vector_right) = vector.split_at(axis, middle);
            let (product, product_right) = product.split_at(axis, middle);
            ((vector, product), (vector_right, product_right))
        });
        let (product, product_right) = product.unzip();
        let left = Arrays { logits, rows, weights, losses, gradient, hessian, product };
        let right = Arrays {
            logits: logits_right,
            rows: rows_right,
            weights: weights_right,
            losses: losses_right,
            gradient: gradient_right,
            hessian: hessian_right,
            product: product_right,
        };
        [left, right]
    }
}

/// Evaluates all rows and returns the sum of their losses.
fn walk<T: Element, R: TargetRows<D>, D: RemoveAxis>(
    pass: &Pass<'_, T::Float>,
    arrays: Arrays<'_, T, R, D>,
) -> Result<Total<T::Float>, Fault> {
    let shape = arrays.logits.shape();
    let classes = shape[shape.len() - 1];
    let count = shape[..shape.len() - 1].iter().product::<usize>();
    // Rows cost something even without classes.
    let elements = count.saturating_mul(classes.max(1));
    let axis = shape[..shape.len() - 1].iter().position(|&length| length > 1);
    let Some(axis) = axis.filter(|_| elements > LEAF && count > 0) else {
        let mut sum = Accumulator::new(pass.loss_scale);
        if size_of::<T::Float>() > LARGE {
            leaf::<_, _, _, 1>(pass, arrays, count, &mut sum)?;
        } else {
            leaf::<_, _, _, TOGETHER>(pass, arrays, count, &mut sum)?;
        }
        return Ok(sum.total());
    };
    let [left, right] = arrays.halves(axis);
    let (left, right) = join(elements, || walk(pass, left), || walk(pass, right));
    Ok(left?.plus(right?))
}

/// Evaluates rows in sequence, so many together. Not inlined, because its arrays would take room in every frame of the
/// recursion.
#[inline(never)]
fn leaf<T: Element, R: TargetRows<D>, D: RemoveAxis, const N: usize>(
    pass: &Pass<'_, T::Float>,
    arrays: Arrays<'_, T, R, D>,
    count: usize,
    sum: &mut Accumulator<T::Float>,
) -> Result<(), Fault> {
    let Arrays { logits, rows, weights, losses, gradient, hessian, product } = arrays;
    let classes = logits.shape()[logits.ndim() - 1];
    let (vector, product) = product.unzip();
    let logits = floats(&logits)?;
    let vector = vector.as_ref().map(floats).transpose()?;
    let mut outputs = [gradient, hessian, product];
    let mut copies = [None, None, None];
    for (output, copy) in outputs.iter().zip(&mut copies) {
        if let Some(output) = output.as_ref().filter(|output| !is_direct(output)) {
            *copy = Some(room(output)?);
        }
    }
    let shares = rows.shares::<T::Float>();
    {
        let mut results = outputs.each_mut().map(|output| output.as_mut().and_then(direct));
        for (result, copy) in results.iter_mut().zip(&mut copies) {
            if let Some(copy) = copy {
                *result = Some(copy);
            }
        }
        let zero = T::Float::from_f64(0.0);
        let mut losses = losses.map(ArrayViewMut::into_iter);
        let mut targets = rows.targets(classes, weighted(weights.as_ref()));
        let mut row_weights = weights.as_ref().map(|weights| weights.iter());
        let mut start = 0;
        while start < count {
            let together = N.min(count - start);
            let mut what = [Target::Absent; N];
            let mut scales = [T::Float::from_f64(1.0); N];
            let mut values = [zero; N];
            for target in &mut what[..together] {
                *target = match targets.next() {
                    Some(Ok(target)) => target,
                    Some(Err(InvalidRow)) => return Err(Fault::Row),
                    None => Target::Absent,
                };
            }
            if let Some(weights) = &mut row_weights {
                for (scale, weight) in scales[..together].iter_mut().zip(weights) {
                    *scale = weight.to_float();
                }
            }
            let range = start * classes..(start + together) * classes;
            let [gradient, hessian, product] = &mut results;
            let results: Results<'_, _> = [part(gradient, &range), part(hessian, &range), part(product, &range)];
            evaluate(
                pass.plan,
                Rows {
                    classes,
                    logits: &logits[range.clone()],
                    targets: &what[..together],
                    weights: &scales[..together],
                    shares: if shares.is_empty() { &[] } else { &shares[range.clone()] },
                    vector: vector.as_ref().map(|vector| &vector[range]),
                    scale: pass.scale,
                    losses: &mut values[..together],
                    results,
                },
            );
            sum.add(&values[..together]);
            if let Some(losses) = &mut losses {
                for (&loss, to) in values[..together].iter().zip(losses) {
                    *to = T::from_float(loss);
                }
            }
            start += together;
        }
    }
    for (output, copy) in outputs.into_iter().zip(copies) {
        if let (Some(mut output), Some(copy)) = (output, copy) {
            let from = ArrayView::from_shape(output.raw_dim(), &copy).expect(FITS);
            Zip::from(&mut output).and(&from).for_each(|to, &from| *to = T::from_float(from));
        }
    }
    Ok(())
}

const FITS: &str = "a copy has as many elements as the shape";

/// The elements in logical order, as they are or copied.
fn floats<'a, T: Element, D: Dimension>(array: &'a ArrayView<'_, T, D>) -> Result<Cow<'a, [T::Float]>, Fault> {
    if let Some(floats) = array.as_slice().and_then(as_floats) {
        return Ok(Cow::Borrowed(floats));
    }
    let mut copy = room(array)?;
    let mut to = ArrayViewMut::from_shape(array.raw_dim(), &mut copy).expect(FITS);
    Zip::from(&mut to).and(array).for_each(|to, from| *to = from.to_float());
    Ok(Cow::Owned(copy))
}

/// A float for each element of an array.
fn room<T: Float, S: RawData, D: Dimension>(array: &ArrayBase<S, D>) -> Result<Vec<T>, Fault> {
    let mut floats = memory_for(array).map_err(Fault::Other)?;
    floats.resize(array.len(), T::from_f64(0.0));
    Ok(floats)
}
