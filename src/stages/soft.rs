//! Labels between 0 and 1: what both labels' losses, or their terms, are joined to.

use super::activation::bound;
use super::columns::Terms;
use super::focal::{exponent, ln_base};
use super::{Column, Steps, for_each_value, load_pair, stage};
use crate::arithmetic::{Arithmetic, Pair};

/// The share of the positive in a mixture. A label of 1 has the weight π of its class as an element; see [`weights`](super::weights).
#[inline(always)]
fn positive_share<V: Arithmetic>(y: V, pos_weight: V) -> V {
    V::select(y.eq(y.one()), y, y * pos_weight)
}

stage! {
    /// `DeepPsp` and `Paper`: both labels' losses, mixed, in place of those of a negative: L = πy·L₊ + (1−y)·L₋. A share of 0
    /// is none, whatever the loss. The result is multiplied by a scale.
    fn mixture_stage[K][](
        context,
        pos_weight: K,
        scale: V::Element,
        labels: &Steps<V::Element, L>,
        positive: &Steps<V::Element, L>,
        negative: &mut Steps<V::Element, L>,
    ) {
        let steps = labels.len();
        let (positive, negative) = (&positive[..steps], &mut negative[..steps]);
        for_each_value!(V, L, steps, |step, lane| {
            let y = V::load(context, &labels[step], lane);
            let share = positive_share(y, pos_weight.load(context, step, lane));
            let (of_positive, of_negative) =
                (V::load(context, &positive[step], lane), V::load(context, &negative[step], lane));
            let weighted = V::select(share.eq(y.zero()), y.zero(), of_positive * share);
            let mixed = of_negative.mul_add(y.one() - y, weighted);
            // Labels of 0 and 1 keep their bits.
            let mixed = V::select(y.eq(y.one()), of_positive, V::select(y.eq(y.zero()), of_negative, mixed));
            (mixed * y.splat(scale)).store(&mut negative[step], lane);
        });
    }
}

/// Shares of the term of a positive and of that of a negative, in place of the latter.
#[inline(always)]
fn mix<V: Arithmetic, const L: usize>(
    context: V::Context,
    [of_positive, of_negative]: [V; 2],
    positive: &[V::Element; L],
    negative: &mut [V::Element; L],
    lane: usize,
) {
    let positive = V::load(context, positive, lane) * of_positive;
    V::load(context, negative, lane).mul_add(of_negative, positive).store(negative, lane);
}

stage! {
    /// `AlibabaMiil`: the terms of both labels, mixed, in place of those of a negative: b = y·b₊ + (1−y)·b₋ and
    /// C = πy·C₊ + (1−y)·C₋, with derivatives as far as `ORDER`.
    ///
    /// v becomes C. Beyond the bound of the logits, the C of the other stages is limited: b′ is 0 there, and no product of C may
    /// leave the range before it meets that. [`saturated_stage`] mends the loss.
    fn blended_stage[K][ORDER: u8](
        context,
        pos_weight: K,
        logits: &Steps<V::Element, L>,
        labels: &Steps<V::Element, L>,
        positive: &Terms<'_, V::Element, L>,
        terms: &mut Terms<'_, V::Element, L>,
    ) {
        for_each_value!(V, L, labels.len(), |step, lane| {
            let (z, y) = (V::load(context, &logits[step], lane), V::load(context, &labels[step], lane));
            let absence = Pair::sum_ordered(y.one(), -y);
            let weight = positive_share(y, pos_weight.load(context, step, lane));
            let of_positive: Pair<V> = load_pair(context, [positive.base, positive.base_low], step, lane);
            let of_negative: Pair<V> = load_pair(context, [terms.base, terms.base_low], step, lane);
            let mixed = of_positive.times_single(y).plus(of_negative.times(absence));
            mixed.hi.store(&mut terms.base[step], lane);
            mixed.lo.store(&mut terms.base_low[step], lane);
            let shares = [weight, absence.hi];
            mix(context, shares, &positive.entropy[step], &mut terms.entropy[step], lane);
            let entropy = V::load(context, &terms.entropy[step], lane);
            entropy.store(&mut terms.v[step], lane);
            let largest = z.number(4.0) * bound(z);
            let is_beyond = z.abs().gt(bound(z)) & entropy.gt(largest);
            V::select(is_beyond, largest, entropy).store(&mut terms.entropy[step], lane);
            if ORDER >= 1 {
                mix(context, [y, absence.hi], &positive.base_first[step], &mut terms.base_first[step], lane);
                mix(context, shares, &positive.entropy_first[step], &mut terms.entropy_first[step], lane);
            }
            if ORDER >= 2 {
                mix(context, [y, absence.hi], &positive.base_second[step], &mut terms.base_second[step], lane);
                mix(context, shares, &positive.entropy_second[step], &mut terms.entropy_second[step], lane);
            }
        });
    }
}

stage! {
    /// The losses of blended terms beyond the bound of the logits, where a weight too small for the type may meet a C so large
    /// that their product is not: the root of the weight is at most 1.
    fn saturated_stage[K][](
        context,
        gamma_pos: K,
        gamma_neg: K,
        logits: &Steps<V::Element, L>,
        labels: &Steps<V::Element, L>,
        terms: &Terms<'_, V::Element, L>,
        losses: &mut Steps<V::Element, L>,
    ) {
        for_each_value!(V, L, labels.len(), |step, lane| {
            let (z, y) = (V::load(context, &logits[step], lane), V::load(context, &labels[step], lane));
            let base: Pair<V> = load_pair(context, [terms.base, terms.base_low], step, lane);
            let gamma = exponent(y, gamma_pos.load(context, step, lane), gamma_neg.load(context, step, lane));
            let root = V::exp_pair(gamma.times(ln_base(base)).times_single(z.number(0.5)));
            // A weight of 0 leaves nothing, of whatever.
            let loss = V::select(root.eq(z.zero()), root, (root * V::load(context, &terms.v[step], lane)) * root);
            let here = V::load(context, &losses[step], lane);
            V::select(z.abs().gt(bound(z)), loss, here).store(&mut losses[step], lane);
        });
    }
}
