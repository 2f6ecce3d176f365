//! One pass over the arrays of a call.

use crate::checks::{broadcast, check_classes, check_range, check_shape, check_weights, find_invalid, is_left_out};
use crate::divisor::divisor;
use crate::element::{Element, Float};
use crate::error::Error;
use crate::kernel::{Arrays, Labels, Pass, Plans, traverse};
use crate::label::{IgnoreRule, Label};
use crate::parameter::Parameter;
use crate::reduction::{Reduction, divided};
use crate::settings::Settings;
use crate::sparse::CsrLabels;
use crate::sum::rounded;
use crate::targets::{Source, Targets};
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

/// Targets that fit the logits.
pub(crate) struct Checked<'a, Y, T, D: Dimension> {
    pub(crate) labels: Labels<'a, Y, D>,
    pub(crate) known: IgnoreRule<Y>,
    pub(crate) weights: Option<ArrayView<'a, T, D>>,
    /// Whether a weight may be 0.
    pub(crate) leaves_out: bool,
    /// What no weight is above.
    largest_weight: f64,
}

impl<'a, Y: Label, T: Element, D: Dimension> Checked<'a, Y, T, D> {
    pub(crate) fn new(logits: &ArrayView<'_, T, D>, targets: &'a Targets<'_, Y, T, D>) -> Result<Self, Error> {
        let labels = match &targets.labels {
            Source::Dense(labels) => {
                check_shape("targets", logits.shape(), labels.shape())?;
                Labels::Dense(labels.view())
            }
            Source::Sparse(labels) => Labels::Sparse(CsrLabels::new(*labels, logits.shape())?),
        };
        let (weights, leaves_out, largest_weight) = match &targets.weights {
            Some(weights) => {
                let (all_positive, largest) = check_weights(weights)?;
                (Some(broadcast(weights, logits.raw_dim())?), !all_positive, largest)
            }
            None => (None, false, 1.0),
        };
        Ok(Checked { labels, known: targets.known, weights, leaves_out, largest_weight })
    }

    /// What the sum of the losses is divided by, once the weights of the call have been multiplied by the second number: a
    /// power of two, where they are so small that the reciprocal of their sum is out of range.
    pub(crate) fn divisor(
        &self,
        settings: &Settings,
        reduction: Reduction,
        shape: D,
    ) -> Result<(f64, Option<T::Float>), Error> {
        const SMALL: f64 = 1e-18;
        let weights = self.weights.as_ref().map(|weights| (weights, self.largest_weight));
        let divisor = divisor(settings, reduction, &self.labels, self.known, weights, shape)?;
        if reduction != Reduction::WeightedMean || self.largest_weight >= SMALL {
            return Ok((divisor, None));
        }
        let scale = (-self.largest_weight.log2()).ceil().min(f64::from(T::Float::MAX_EXPONENT)).exp2();
        Ok((divisor * scale, Some(T::Float::from_f64(scale))))
    }

    /// The first invalid label, once one was met behind some that are `valid`.
    pub(crate) fn invalid(
        &self,
        class_weight: &Parameter,
        upstream: Option<&ArrayView<'_, T, D>>,
        valid: usize,
    ) -> Error {
        let factors = [self.weights.as_ref().map(|weights| weights.view()), upstream.map(|upstream| upstream.view())];
        let is_left_out = |index: &[usize]| is_left_out(class_weight, &factors, index);
        find_invalid::<T, _, _>(&self.labels, self.known, is_left_out, valid)
    }
}

/// The reduced loss, each element multiplied by its weight; gradient and Hessian are divided by the same divisor, and
/// multiplied by an upstream gradient.
pub(crate) fn evaluate<T: Element, Y: Label, D: Dimension>(
    plans: &Plans,
    reduction: Reduction,
    logits: ArrayView<'_, T, D>,
    targets: Targets<'_, Y, T, D>,
    upstream: Option<ArrayView<'_, T, D>>,
    mut outputs: Outputs<'_, T, D>,
) -> Result<T::Float, Error> {
    let (settings, targets) = (&plans.settings, Checked::new(&logits, &targets)?);
    check_classes(settings, logits.shape())?;
    let (divisor, weight_scale) = targets.divisor(settings, reduction, logits.raw_dim())?;
    let scale = check_range::<T::Float>(divisor)?;
    let plan = plans.plan();
    divided(divisor, |loss_scale| {
        let Outputs { losses, gradient, hessian } = &mut outputs;
        let arrays = Arrays {
            logits: logits.view(),
            labels: targets.labels.view(),
            factors: [
                targets.weights.as_ref().map(|weights| weights.view()),
                upstream.as_ref().map(|upstream| upstream.view()),
            ],
            losses: losses.as_mut().map(|losses| losses.view_mut()),
            gradient: gradient.as_mut().map(|gradient| gradient.view_mut()),
            hessian: hessian.as_mut().map(|hessian| hessian.view_mut()),
        };
        let leaves_out = targets.leaves_out || upstream.is_some();
        let pass = Pass {
            plan: &plan,
            known: targets.known,
            leaves_out,
            in_parameters: false,
            scale,
            weight_scale,
            loss_scale,
        };
        traverse(&pass, arrays)
            .map(rounded::<T::Float>)
            .map_err(|invalid| targets.invalid(&settings.class_weight, upstream.as_ref(), invalid.valid))
    })
}
