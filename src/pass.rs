//! One pass over the arrays of a call.

use crate::checks::{check_classes, check_shape, find_invalid};
use crate::element::{Element, Float};
use crate::error::Error;
use crate::kernel::{Arrays, Pass, Plans, traverse};
use crate::reduction::{Reduction, divided};
use crate::sum::{is_finite, rounded};
use crate::targets::{Label, Targets};
use ndarray::{ArrayView, ArrayViewMut, Dimension};

/// What is asked for beside the value, and where it goes.
pub(crate) struct Outputs<'a, T, D> {
    pub(crate) losses: Option<ArrayViewMut<'a, T, D>>,
    pub(crate) gradient: Option<ArrayViewMut<'a, T, D>>,
    pub(crate) hessian: Option<ArrayViewMut<'a, T, D>>,
}

impl<T, D> Default for Outputs<'_, T, D> {
    fn default() -> Self {
        Outputs { losses: None, gradient: None, hessian: None }
    }
}

/// The reduced loss, each element multiplied by its weight; gradient and Hessian are divided by the same divisor.
pub(crate) fn evaluate<T: Element, Y: Label, D: Dimension>(
    plans: &Plans,
    reduction: Reduction,
    logits: ArrayView<'_, T, D>,
    targets: Targets<'_, Y, D>,
    weights: Option<ArrayView<'_, T, D>>,
    mut outputs: Outputs<'_, T, D>,
) -> Result<T::Float, Error> {
    check_shape("targets", logits.shape(), targets.labels.shape())?;
    check_classes(&plans.settings, logits.shape())?;
    let divisor = reduction.divisor(logits.shape())?;
    let scale = T::Float::from_f64(1.0 / divisor);
    if !is_finite(scale) {
        let expected = "a divisor whose reciprocal is in the range of the logits";
        return Err(Error::ParameterOutOfRange { parameter: "reduction", expected, actual: divisor, class: None });
    }
    let plan = plans.plan();
    divided(divisor, |loss_scale| {
        let Outputs { losses, gradient, hessian } = &mut outputs;
        let arrays = Arrays {
            logits: logits.view(),
            targets: targets.labels.view(),
            weights: weights.as_ref().map(|weights| weights.view()),
            losses: losses.as_mut().map(|losses| losses.view_mut()),
            gradient: gradient.as_mut().map(|gradient| gradient.view_mut()),
            hessian: hessian.as_mut().map(|hessian| hessian.view_mut()),
        };
        let pass = Pass { plan: &plan, scale, loss_scale };
        traverse(&pass, arrays)
            .map(rounded::<T::Float>)
            .map_err(|invalid| find_invalid::<T::Float, _, _>(&targets.labels, invalid.valid))
    })
}
