//! One pass over the arrays of a call.

use crate::arithmetic::element::{Element, Float};
use crate::arrays::sum::rounded;
use crate::error::Error;
use crate::kernel::kind::{Kind, Stages};
use crate::kernel::outputs::Outputs;
use crate::kernel::{Arrays, Fault, Pass};
use crate::kernel::{Losses, Source};
use crate::loss::plans::Plans;
use crate::loss::targets::Targets;
use crate::settings::list::SettingsList;
use crate::settings::parameter::Parameter;
use crate::settings::reduction::{Reduction, divided};
use crate::targets::checks::{broadcast, check_range, check_weights, is_left_out, is_weightless};
use ndarray::{ArrayView, Dimension};

/// Targets that fit the logits.
pub(crate) struct Checked<'a, T, D: Dimension, R: Source<D>> {
    pub(crate) source: R,
    pub(crate) weights: Option<ArrayView<'a, T, Losses<R, D>>>,
    /// Whether a weight may be 0.
    pub(crate) leaves_out: bool,
    /// What no weight is above.
    largest_weight: f64,
    /// The shapes of logits and losses.
    shape: &'a [usize],
    losses: Losses<R, D>,
}

impl<'a, T: Element, D: Dimension, R: Source<D>> Checked<'a, T, D, R> {
    pub(crate) fn new(logits: &'a ArrayView<'_, T, D>, targets: &'a Targets<'_, T, R>) -> Result<Self, Error> {
        let (shape, losses) = (logits.shape(), R::Kind::shape(logits)?);
        let source = targets.source.fitted(shape)?;
        let (weights, leaves_out, largest_weight) = match &targets.weights {
            Some(weights) => {
                let (all_positive, largest) = check_weights(weights)?;
                (Some(broadcast(weights, losses.clone())?), !all_positive, largest)
            }
            None => (None, false, 1.0),
        };
        Ok(Checked { source, weights, leaves_out, largest_weight, shape, losses })
    }

    /// What the sum of the losses is divided by.
    pub(crate) fn divisor(&self, settings: &<R::Kind as Kind>::Settings, reduction: Reduction) -> Result<f64, Error> {
        settings.check_classes(self.classes())?;
        reduction.divisor(
            self.shape,
            || self.source.count(self.losses.size()),
            || self.weight(settings.class_weight()),
            || self.source.positives(settings, self.losses.size()),
        )
    }

    /// The sum of the weights of the known losses, each times that of its class.
    fn weight(&self, of_classes: &Parameter) -> Result<f64, Error> {
        let weights = self.weights.as_ref();
        let one = match of_classes.values() {
            [one] => *one,
            of_classes => return self.source.weight_by_class(&self.losses, weights, of_classes),
        };
        let count = || self.source.count(self.losses.size());
        Ok(one * weights.map_or_else(count, |weights| self.source.weight(weights, self.largest_weight)))
    }

    /// The divisor once the weights of the call have been multiplied by the second number: a power of two, where they are so small that
    /// the reciprocal of their sum is out of range.
    pub(crate) fn scaled_divisor(
        &self,
        settings: &<R::Kind as Kind>::Settings,
        reduction: Reduction,
    ) -> Result<(f64, Option<T::Float>), Error> {
        const SMALL: f64 = 1e-18;
        let divisor = self.divisor(settings, reduction)?;
        if reduction != Reduction::WeightedMean || self.largest_weight >= SMALL {
            return Ok((divisor, None));
        }
        let scale = (-self.largest_weight.log2()).ceil().min(f64::from(T::Float::MAX_EXPONENT)).exp2();
        Ok((divisor * scale, Some(T::Float::from_f64(scale))))
    }

    /// The arrays of a pass.
    pub(crate) fn arrays<'b>(
        &'b self,
        logits: &'b ArrayView<'_, T, D>,
        upstream: Option<&'b ArrayView<'_, T, Losses<R, D>>>,
        outputs: Outputs<'b, T, D, Losses<R, D>>,
    ) -> Arrays<'b, T, D, R> {
        let factors = [self.weights.as_ref().map(|weights| weights.view()), upstream.map(|upstream| upstream.view())];
        Arrays { logits: logits.view(), source: self.source.clone(), factors, outputs }
    }

    /// Why arrays could not be evaluated.
    pub(crate) fn error(
        &self,
        settings: &<R::Kind as Kind>::Settings,
        upstream: Option<&ArrayView<'_, T, Losses<R, D>>>,
        fault: Fault,
    ) -> Error {
        let factors = [self.weights.as_ref().map(|weights| weights.view()), upstream.map(|upstream| upstream.view())];
        // Where each element has a loss, the last index is its class.
        let is_weightless =
            |index: &[usize]| R::Kind::AXES == 0 && is_weightless::<T::Float>(settings.class_weight(), index);
        let is_left_out = |index: &[usize]| is_weightless(index) || is_left_out(&factors, index);
        match fault {
            Fault::InvalidTarget { valid } => self.source.invalid::<T::Float>(self.classes(), is_left_out, valid),
            Fault::Other(error) => error,
        }
    }

    /// The number of classes.
    fn classes(&self) -> usize {
        self.shape.last().copied().unwrap_or(1)
    }
}

/// The reduced loss, each element multiplied by its weight; derivatives are divided by the same divisor, and multiplied by an
/// upstream gradient.
pub(crate) fn evaluate<T: Element, D: Dimension, R: Source<D>>(
    plans: &Plans<R::Kind>,
    reduction: Reduction,
    logits: ArrayView<'_, T, D>,
    targets: Targets<'_, T, R>,
    upstream: Option<ArrayView<'_, T, Losses<R, D>>>,
    mut outputs: Outputs<'_, T, D, Losses<R, D>>,
) -> Result<T::Float, Error> {
    let (settings, targets) = (&plans.settings, Checked::new(&logits, &targets)?);
    let (divisor, weight_scale) = targets.scaled_divisor(settings, reduction)?;
    let scale = check_range::<T::Float>(divisor)?;
    let plan = plans.plan::<T::Float>();
    let leaves_out = targets.leaves_out || upstream.is_some();
    divided(divisor, |loss_scale| {
        let pass = Pass { plan: &*plan, leaves_out, in_parameters: false, scale, weight_scale, loss_scale };
        R::traverse(&pass, targets.arrays(&logits, upstream.as_ref(), outputs.reborrow()))
            .map(rounded::<T::Float>)
            .map_err(|fault| targets.error(settings, upstream.as_ref(), fault))
    })
}
