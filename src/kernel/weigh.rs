//! What the elements of a stretch count: labels that are unknown or smoothed, weights.
//!
//! All of that is settled in memory before the formula, whose loop only multiplies by one factor.

use super::arrays::FACTORS;
use crate::arithmetic::{Arithmetic, Mask};
use crate::element::Float;
use crate::formula::Formula;

/// What is to be known of the elements of a stretch.
#[derive(Clone, Copy, Debug)]
pub(super) struct Count<'a, T, const N: usize> {
    /// The label that stands for an unknown one, if there is such.
    pub(super) unknown: Option<T>,
    /// What the results are multiplied by: the weight of the class, and the factors of the run.
    pub(super) factors: [Option<&'a [T; N]>; 1 + FACTORS],
    /// π, where positives have a weight.
    pub(super) pos_weight: Option<&'a [T; N]>,
    /// Whether elements may not exist: of an unknown label, or of a factor of 0.
    pub(super) leaves_out: bool,
}

/// A stretch as the formula sees it.
#[derive(Debug)]
pub(super) struct Prepared<T, const N: usize> {
    pub(super) logits: [T; N],
    pub(super) labels: [T; N],
    /// What the results are multiplied by.
    pub(super) factor: [T; N],
}

impl<'a, T: Float, const N: usize> Count<'a, T, N> {
    /// The only factor, if there is nothing else to be known.
    #[inline(always)]
    pub(super) fn only_factor(&self) -> Option<&'a [T; N]> {
        match self.factors {
            _ if self.leaves_out || self.pos_weight.is_some() => None,
            [factor, None, None] | [None, factor, None] | [None, None, factor] => factor,
            _ => None,
        }
    }

    /// Where a label is unknown.
    #[inline(always)]
    fn is_unknown<V: Arithmetic<Element = T>>(&self, y: V) -> V::Mask {
        match self.unknown.map(|unknown| y.splat(unknown)) {
            Some(unknown) if unknown.eq(unknown).all() => y.eq(unknown),
            Some(_) => !y.eq(y),
            None => y.gt(y),
        }
    }
}

impl<T: Float, const N: usize> Prepared<T, N> {
    pub(super) fn new() -> Self {
        let zeros = [T::from_f64(0.0); N];
        Prepared { logits: zeros, labels: zeros, factor: zeros }
    }

    /// Takes 0 for logit, label and factor of elements that do not exist, and smooths labels; one that is no label stays as
    /// it is. The factor has the weights of positives: a soft label has its own in the formula.
    #[inline(always)]
    pub(super) fn prepare<V: Arithmetic<Element = T>>(
        &mut self,
        context: V::Context,
        formula: &Formula<T>,
        [logits, labels]: [&[T; N]; 2],
        count: &Count<'_, T, N>,
    ) {
        let mut at = 0;
        while at < N {
            let (mut z, given) = (V::load(context, logits, at), V::load(context, labels, at));
            let (zero, one) = (z.zero(), z.one());
            let (mut y, mut product) = (given, one);
            if formula.smoothing.is_some() {
                y = V::select(y.ge(zero) & one.ge(y), formula.smoothed(y), y);
            }
            let mut left_out = count.is_unknown(given);
            if let Some(pos_weight) = count.pos_weight {
                product = V::select(y.eq(one), V::load(context, pos_weight, at), one);
                left_out = left_out | product.eq(zero);
            }
            let mut i = 0;
            while i < count.factors.len() {
                if let Some(factor) = count.factors[i] {
                    let factor = V::load(context, factor, at);
                    left_out = left_out | factor.eq(zero);
                    product = product * factor;
                }
                i += 1;
            }
            if count.leaves_out {
                (z, y) = (V::select(left_out, zero, z), V::select(left_out, zero, y));
                product = V::select(left_out, zero, product);
            }
            z.store(&mut self.logits, at);
            y.store(&mut self.labels, at);
            product.store(&mut self.factor, at);
            at += V::LANES;
        }
    }
}
