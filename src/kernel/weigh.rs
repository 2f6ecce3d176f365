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

    /// The elements that do not exist.
    #[inline(always)]
    fn left_out<V: Arithmetic<Element = T>>(&self, context: V::Context, y: V, at: usize) -> V::Mask {
        let mut left_out = y.gt(y);
        if let Some(unknown) = self.unknown {
            let unknown = y.splat(unknown);
            left_out = if unknown.eq(unknown).all() { y.eq(unknown) } else { !y.eq(y) };
        }
        if let Some(pos_weight) = self.pos_weight {
            left_out = left_out | (y.eq(y.one()) & V::load(context, pos_weight, at).eq(y.zero()));
        }
        let mut i = 0;
        while i < self.factors.len() {
            if let Some(factor) = self.factors[i] {
                left_out = left_out | V::load(context, factor, at).eq(y.zero());
            }
            i += 1;
        }
        left_out
    }
}

impl<T: Float, const N: usize> Prepared<T, N> {
    pub(super) fn new() -> Self {
        let zeros = [T::from_f64(0.0); N];
        Prepared { logits: zeros, labels: zeros, factor: zeros }
    }

    /// Takes 0 for logit, label and factor of elements that do not exist, and smooths labels; one that is no label stays as
    /// it is. The factor has the weights of positives: a soft label has its own in the formula.
    #[inline(never)]
    pub(super) fn prepare<V: Arithmetic<Element = T>>(
        &mut self,
        context: V::Context,
        formula: &Formula<T>,
        [logits, labels]: [&[T; N]; 2],
        count: &Count<'_, T, N>,
    ) {
        V::apart(
            context,
            #[inline(always)]
            || {
                let mut at = 0;
                while at < N {
                    let (mut z, mut y) = (V::load(context, logits, at), V::load(context, labels, at));
                    let (zero, one) = (z.zero(), z.one());
                    let mut product = one;
                    if let Some(pos_weight) = count.pos_weight {
                        product = V::select(y.eq(one), V::load(context, pos_weight, at), one);
                    }
                    let mut i = 0;
                    while i < count.factors.len() {
                        if let Some(factor) = count.factors[i] {
                            product = product * V::load(context, factor, at);
                        }
                        i += 1;
                    }
                    if count.leaves_out {
                        let left_out = count.left_out(context, y, at);
                        (z, y) = (V::select(left_out, zero, z), V::select(left_out, zero, y));
                        product = V::select(left_out, zero, product);
                    }
                    if formula.smoothing.is_some() {
                        y = V::select(y.ge(zero) & one.ge(y), formula.smoothed(y), y);
                    }
                    z.store(&mut self.logits, at);
                    y.store(&mut self.labels, at);
                    product.store(&mut self.factor, at);
                    at += V::LANES;
                }
            },
        );
    }
}
