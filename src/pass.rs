//! One pass over the arrays of a call.

use crate::checks::{broadcast, check_range, check_weights};
use crate::element::{Element, Float};
use crate::error::Error;
use crate::kernel::{Arrays, Fault, Pass};
use crate::kind::{Kind, Stages};
use crate::plans::Plans;
use crate::reduction::{Reduction, divided};
use crate::settings::SettingsList;
use crate::sum::rounded;
use crate::targets::{Losses, Source, Targets};
use ndarray::{ArrayView, ArrayViewMut, Axis, Dimension};

/// What is asked for beside the value, and where it goes.
#[derive(Debug)]
pub struct Outputs<'a, T, D: Dimension, E: Dimension> {
    pub(crate) losses: Option<ArrayViewMut<'a, T, E>>,
    /// Gradient, diagonal of the Hessian, product of the Hessian with the vector.
    pub(crate) derivatives: [Option<ArrayViewMut<'a, T, D>>; 3],
    pub(crate) vector: Option<ArrayView<'a, T, D>>,
}

impl<T, D: Dimension, E: Dimension> Default for Outputs<'_, T, D, E> {
    fn default() -> Self {
        Outputs { losses: None, derivatives: [const { None }; 3], vector: None }
    }
}

impl<'a, T, D: Dimension, E: Dimension> Outputs<'a, T, D, E> {
    /// Derivatives alone.
    pub(crate) fn of(derivatives: [Option<ArrayViewMut<'a, T, D>>; 3]) -> Self {
        Outputs { derivatives, ..Outputs::default() }
    }

    /// The same, borrowed.
    pub(crate) fn reborrow(&mut self) -> Outputs<'_, T, D, E> {
        Outputs {
            losses: self.losses.as_mut().map(|array| array.view_mut()),
            derivatives: self.derivatives.each_mut().map(|array| array.as_mut().map(|array| array.view_mut())),
            vector: self.vector.as_ref().map(|array| array.view()),
        }
    }

    /// Both parts, cut at an index of an axis.
    pub(crate) fn split_at(self, axis: Axis, index: usize) -> (Self, Self) {
        let (losses, losses_right) = self.losses.map(|array| array.split_at(axis, index)).unzip();
        let (derivatives, derivatives_right) = split(self.derivatives, |array| array.split_at(axis, index));
        let (vector, vector_right) = self.vector.map(|array| array.split_at(axis, index)).unzip();
        let right = Outputs { losses: losses_right, derivatives: derivatives_right, vector: vector_right };
        (Outputs { losses, derivatives, vector }, right)
    }
}

/// Both parts of those arrays that are there.
pub(crate) fn split<A, const N: usize>(
    arrays: [Option<A>; N],
    split: impl Fn(A) -> (A, A),
) -> ([Option<A>; N], [Option<A>; N]) {
    let mut right = [const { None }; N];
    let mut rights = right.iter_mut();
    let left = arrays.map(|array| {
        let (left, right) = array.map(&split).unzip();
        if let Some(to) = rights.next() {
            *to = right;
        }
        left
    });
    (left, right)
}

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
            || self.source.weight(settings, &self.losses, self.weights.as_ref(), self.largest_weight),
            || self.source.positives(settings, self.losses.size()),
        )
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
        match fault {
            Fault::InvalidTarget { valid } => self.source.invalid(settings, self.classes(), &factors, valid),
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
