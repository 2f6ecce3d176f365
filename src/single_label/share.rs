//! What the classes of a row contribute: probability and loss, for one class or for a stretch of them.

use super::formula::{Probability, blended, other, target};
use super::plan::Plan;
use super::row::{Order, Results, Row, Target};
use super::softmax::{Softmax, distance, exponentials};
use super::stretch::{copy, stretch};
use crate::arithmetic::{Arithmetic, Scalar};
use crate::element::Float;
use crate::stages::focal::Jet;
use std::ops::Range;

/// How the target is spread: t = keep·y + floor.
#[derive(Clone, Copy)]
pub(super) struct Smoothing<T> {
    pub(super) keep: T,
    pub(super) floor: T,
    pub(super) whole: T,
}

/// A stretch of the inputs of a row.
pub(super) struct Block<'a, T, const N: usize> {
    pub(super) start: usize,
    pub(super) logits: &'a [T; N],
    pub(super) powers: &'a [T; N],
    pub(super) shares: &'a [T; N],
    pub(super) vector: &'a [T; N],
}

/// Room for a stretch that the row does not fill.
pub(super) struct Room<T, const N: usize> {
    logits: [T; N],
    powers: [T; N],
    shares: [T; N],
    vector: [T; N],
}

impl<T: Float, const N: usize> Room<T, N> {
    #[inline(always)]
    pub(super) fn new() -> Self {
        let zeros = [T::from_f64(0.0); N];
        Room { logits: [T::from_f64(f64::NEG_INFINITY); N], powers: zeros, shares: zeros, vector: zeros }
    }

    /// A stretch. The powers are in the first of the outputs, or are calculated once more.
    #[inline(always)]
    pub(super) fn block<'a, V: Arithmetic<Element = T>>(
        &'a mut self,
        context: V::Context,
        row: &Row<'a, T>,
        softmax: &Softmax<T>,
        results: &Results<'_, T>,
        range: Range<usize>,
    ) -> Block<'a, T, N> {
        let logits = stretch(&row.logits[range.clone()], &mut self.logits);
        match results.iter().flatten().next() {
            Some(powers) => copy(&powers[range.clone()], &mut self.powers),
            None => exponentials::<V, N>(context, logits, &softmax.top, range.len(), &mut self.powers),
        }
        let shares =
            if row.shares.is_empty() { &self.shares } else { stretch(&row.shares[range.clone()], &mut self.shares) };
        let vector =
            if row.vector.is_empty() { &self.vector } else { stretch(&row.vector[range.clone()], &mut self.vector) };
        Block { start: range.start, logits, powers: &self.powers, shares, vector }
    }
}

/// Probabilities of a stretch of classes, and what they contribute.
pub(super) struct Shares<T, const N: usize> {
    pub(super) p: [T; N],
    pub(super) value: [T; N],
    pub(super) first: [T; N],
    pub(super) second: [T; N],
}

impl<T: Float, const N: usize> Shares<T, N> {
    pub(super) fn new() -> Self {
        let zeros = [T::from_f64(0.0); N];
        Shares { p: zeros, value: zeros, first: zeros, second: zeros }
    }
}

impl<T: Float> Row<'_, T> {
    /// How the target is spread. Smoothing that rounds to nothing is none.
    pub(super) fn smoothing(&self) -> Smoothing<T> {
        let epsilon = self.plan.label_smoothing;
        let floor = epsilon / self.logits.len() as f64;
        Smoothing {
            keep: T::from_f64(1.0 - epsilon),
            floor: T::from_f64(floor),
            whole: T::from_f64(1.0 - epsilon + floor),
        }
    }

    /// Probability and share of one class.
    #[inline(never)]
    pub(super) fn share_of(
        &self,
        class: usize,
        softmax: &Softmax<T>,
        smoothing: &Smoothing<T>,
        order: Order,
    ) -> (Probability<Scalar<T>>, Jet<T>) {
        let z = Scalar(self.logits[class]);
        let power = if class == softmax.top.class { z.one() } else { Scalar::exp_pair(distance(z, &softmax.top)) };
        let mut probability = softmax.probability(power, z);
        if class == softmax.top.class {
            probability.q = Scalar(softmax.rest * softmax.reciprocal);
        }
        let Plan { gamma_neg, gamma_pos, .. } = self.plan;
        let other = || other(&probability, Scalar(gamma_neg.column.of(class)), gamma_neg.whole, order);
        let target = || target(&probability, Scalar(gamma_pos.column.of(class)), gamma_pos.whole, order);
        let share = match self.target {
            Target::Class(only) if only == class => target().times(Scalar(smoothing.whole)),
            Target::Spread => {
                let y = Scalar(self.shares[class]);
                blended(y, y * Scalar(smoothing.keep) + Scalar(smoothing.floor), target(), other())
            }
            _ => other().times(Scalar(smoothing.floor)),
        };
        let Jet { value: Scalar(value), first: Scalar(first), second: Scalar(second) } = share;
        (probability, Jet { value, first, second })
    }

    /// Probabilities and shares of the first classes of a stretch; those of the class that is left out are of no account.
    #[inline(never)]
    #[expect(clippy::too_many_arguments, reason = "what a row knows by then")]
    pub(super) fn shares<V: Arithmetic<Element = T>, const N: usize>(
        &self,
        context: V::Context,
        softmax: &Softmax<T>,
        smoothing: &Smoothing<T>,
        block: &Block<'_, T, N>,
        count: usize,
        order: Order,
        to: &mut Shares<T, N>,
    ) {
        V::vectorized(
            context,
            #[inline(always)]
            || {
                let mut at = 0;
                while at < count {
                    let (p, share) = self.share::<V, N>(context, softmax, smoothing, block, at, order);
                    p.store(&mut to.p, at);
                    share.value.store(&mut to.value, at);
                    share.first.store(&mut to.first, at);
                    share.second.store(&mut to.second, at);
                    at += V::LANES;
                }
            },
        );
    }

    /// Those of the lanes.
    #[inline(always)]
    fn share<V: Arithmetic<Element = T>, const N: usize>(
        &self,
        context: V::Context,
        softmax: &Softmax<T>,
        smoothing: &Smoothing<T>,
        block: &Block<'_, T, N>,
        at: usize,
        order: Order,
    ) -> (V, Jet<V>) {
        let z = V::load(context, block.logits, at);
        let probability = softmax.probability(V::load(context, block.powers, at), z);
        let Plan { gamma_neg, gamma_pos, .. } = self.plan;
        let gamma = V::load(context, gamma_neg.column.stretch(block.start), at);
        let other = other(&probability, gamma, gamma_neg.whole, order);
        let floor = z.splat(smoothing.floor);
        let share = if let Target::Spread = self.target {
            let gamma = V::load(context, gamma_pos.column.stretch(block.start), at);
            let target = target(&probability, gamma, gamma_pos.whole, order);
            let y = V::load(context, block.shares, at);
            blended(y, y.mul_add(z.splat(smoothing.keep), floor), target, other)
        } else {
            other.times(floor)
        };
        (probability.p, share)
    }
}
