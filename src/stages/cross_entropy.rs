//! Cross-entropy: C = −ln v, where v = 1 − u is the probability of the right answer, shifted by the margin.
//!
//! C′ = ±PQ/v and C″ = |C′|·(Q − P·m/v), for a P above the margin. v, and with it C, is accurate for every P; `docs/mathematics.md`
//! derives the forms.

use super::activation::{Reference, bound};
use super::columns::Terms;
use super::{Column, Steps, for_each_value, replace, stage};
use crate::arithmetic::element::Float;
use crate::arithmetic::{Arithmetic, Pair};

stage! {
    /// The stage, with derivatives as far as `ORDER`.
    fn stage[][ORDER: u8](
        context,
        terms: &mut Terms<'_, V::Element, L>,
    ) {
        let steps = terms.v.len();
        let (u, v) = (&terms.base[..steps], &terms.v[..steps]);
        let slope = &terms.base_first[..steps];
        let (entropy, first) = (&mut terms.entropy[..steps], &mut terms.entropy_first[..steps]);
        for_each_value!(V, L, steps, |step, lane| {
            let v = V::load(context, &v[step], lane);
            V::neg_ln(V::load(context, &u[step], lane), v).store(&mut entropy[step], lane);
            if ORDER >= 1 {
                let slope = V::load(context, &slope[step], lane) / v;
                slope.store(&mut first[step], lane);
                if ORDER >= 2 {
                    let second = slope.abs() * V::load(context, &terms.entropy_second[step], lane);
                    second.store(&mut terms.entropy_second[step], lane);
                }
            }
        });
    }
}

stage! {
    /// Beyond the [`bound`] of the logits the other stages saw them at it. There P is 0 or 1, and only the terms of the
    /// complement are left: Q = e^(−w), where w is the logit of the wrong answer.
    ///
    /// C may be infinite; it is then a large finite number, because the derivatives multiply it by a 0. [`infinite_stage`] mends
    /// the loss.
    fn saturated_stage[K][](
        context,
        reference: &Reference<K>,
        logits: &Steps<V::Element, L>,
        labels: &Steps<V::Element, L>,
        terms: &mut Terms<'_, V::Element, L>,
    ) {
        for_each_value!(V, L, logits.len(), |step, lane| {
            let (z, y) = (V::load(context, &logits[step], lane), V::load(context, &labels[step], lane));
            let (zero, one, bound, present) = (z.zero(), z.one(), bound(z), !y.eq(z.zero()));
            let w = V::select(present, -z, z);
            let (right, wrong) = ((-bound).gt(w), w.gt(bound));
            // Q at the bound, and what it has fallen by.
            let edge = z.number(f64::from(-V::Element::MAX_EXPONENT).exp2());
            let factor = V::exp_pair(Pair::single(bound - w));
            let q = edge * factor;
            let m = V::select(present, zero, reference.m.load(context, step, lane));
            // Without a margin v = Q, both of which may be 0.
            let (v, is_unshifted) = (q + m, m.eq(zero));
            let u = V::load(context, &terms.base[step], lane);
            let largest = z.number(f64::from(V::Element::MAX_EXPONENT).exp2());
            let capped = V::select(w.eq(one / zero), largest, w);
            let entropy = V::select(is_unshifted, capped, V::neg_ln(u, v));
            // In this order Q/v keeps its digits where Q itself has none.
            let slope = V::select(is_unshifted, one, (edge / v) * factor);
            let curve = V::select(is_unshifted, q, slope * (q - m / v));
            let sign = V::select(present, -one, one);
            let beyond = right | wrong;
            replace(context, &mut terms.base[step], lane, right, zero);
            replace(context, &mut terms.base_low[step], lane, right, zero);
            replace(context, &mut terms.base_first[step], lane, beyond, V::select(wrong, sign * q, zero));
            replace(context, &mut terms.base_second[step], lane, beyond, V::select(wrong, -q, zero));
            replace(context, &mut terms.complement[step], lane, beyond, V::select(wrong, q, one));
            replace(context, &mut terms.v[step], lane, beyond, V::select(wrong, v, one));
            replace(context, &mut terms.entropy[step], lane, beyond, V::select(wrong, entropy, zero));
            replace(context, &mut terms.entropy_first[step], lane, beyond, V::select(wrong, sign * slope, zero));
            replace(context, &mut terms.entropy_second[step], lane, beyond, V::select(wrong, curve, zero));
        });
    }
}

stage! {
    /// The loss of a label that is impossible: ∞, where a share of it counts.
    fn infinite_stage[K][](
        context,
        margin: K,
        pos_weight: K,
        logits: &Steps<V::Element, L>,
        labels: &Steps<V::Element, L>,
        losses: &mut Steps<V::Element, L>,
    ) {
        for_each_value!(V, L, logits.len(), |step, lane| {
            let (z, y) = (V::load(context, &logits[step], lane), V::load(context, &labels[step], lane));
            let (zero, infinity) = (z.zero(), z.one() / z.zero());
            let share = y * pos_weight.load(context, step, lane);
            let of_positive = (-z).eq(infinity) & share.gt(zero);
            let of_negative = z.eq(infinity) & margin.load(context, step, lane).eq(zero) & z.one().gt(y);
            let loss = V::load(context, &losses[step], lane);
            V::select(of_positive | of_negative, infinity, loss).store(&mut losses[step], lane);
        });
    }
}

stage! {
    /// −ln max(v, ε), which is constant below ε.
    fn floor_stage[][](
        context,
        floor: V::Element,
        neg_ln: V::Element,
        terms: &mut Terms<'_, V::Element, L>,
    ) {
        for_each_value!(V, L, terms.v.len(), |step, lane| {
            let v = V::load(context, &terms.v[step], lane);
            let below = v.splat(floor).gt(v);
            replace(context, &mut terms.entropy[step], lane, below, v.splat(neg_ln));
            replace(context, &mut terms.entropy_first[step], lane, below, v.zero());
            replace(context, &mut terms.entropy_second[step], lane, below, v.zero());
        });
    }
}
