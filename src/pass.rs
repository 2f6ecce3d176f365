//! One pass over the arrays of a call.

use crate::checks::{Rows, check_shape, find_invalid};
use crate::element::Float;
use crate::error::Error;
use crate::kernel::{Arrays, Pass, Plans, traverse};
use crate::reduction::{Losses, Reduction};
use crate::sum::rounded;
use crate::target::Target;
use ndarray::{ArrayView, ArrayViewMut, Dimension};

/// Where derivatives go.
pub(crate) struct Wanted<'a, T, D> {
    pub(crate) gradient: Option<ArrayViewMut<'a, T, D>>,
    pub(crate) hessian: Option<ArrayViewMut<'a, T, D>>,
}

impl<T, D> Default for Wanted<'_, T, D> {
    fn default() -> Self {
        Wanted { gradient: None, hessian: None }
    }
}

/// Evaluates rows of logits, with the reduction's scale passed through `rescale`.
pub(crate) fn evaluate<T: Float, Y: Target<T>, D: Dimension, R: Reduction>(
    plans: &Plans,
    reduction: &R,
    logits: ArrayView<'_, T, D>,
    targets: ArrayView<'_, Y, D>,
    wanted: Wanted<'_, T, D>,
    rescale: impl Fn(T) -> T,
    rows: Rows,
) -> Result<R::Output<T, D>, Error> {
    let Wanted { mut gradient, mut hessian } = wanted;
    let shape = logits.shape();
    check_shape("targets", shape, targets.shape())?;
    for (name, output) in [("gradient", &gradient), ("hessian", &hessian)] {
        if let Some(output) = output {
            check_shape(name, shape, output.shape())?;
        }
    }
    rows.check(&plans.settings)?;
    let scale = rescale(T::from_f64(reduction.scale(shape)?));
    let plan = plans.plan();
    reduction.reduce(Losses {
        shape: logits.raw_dim(),
        pass: &mut |mut losses, loss_scale| {
            let arrays = Arrays {
                logits: logits.view(),
                targets: targets.view(),
                losses: losses.as_mut().map(|losses| losses.view_mut()),
                gradient: gradient.as_mut().map(|gradient| gradient.view_mut()),
                hessian: hessian.as_mut().map(|hessian| hessian.view_mut()),
            };
            let pass = Pass { plan: &plan, scale, loss_scale };
            traverse(&pass, arrays).map(rounded::<T>).map_err(|invalid| find_invalid(&targets, invalid.valid))
        },
    })
}
