//! Derivatives of the loss in its parameters γ₊, m and γ₋.
//!
//! ∂L/∂γ = L·ln b, and ∂L/∂m is the derivative of the product like that in the logit, where ∂b/∂m = −1 and ∂C/∂m = −1/v for a
//! negative above the margin, and 0 elsewhere.

use super::columns::Terms;
use super::focal::ln_base;
use super::{Steps, for_each_value, load_pair, stage};
use crate::arithmetic::element::Float;
use crate::arithmetic::{Arithmetic, Pair};

stage! {
    /// Derivatives in m in place of those in the logit. A base that is not shifted has none.
    fn margin_stage[][](
        context,
        is_shifted: bool,
        labels: &Steps<V::Element, L>,
        terms: &mut Terms<'_, V::Element, L>,
    ) {
        for_each_value!(V, L, labels.len(), |step, lane| {
            let (y, u) = (V::load(context, &labels[step], lane), V::load(context, &terms.base[step], lane));
            let (zero, v) = (y.zero(), V::load(context, &terms.v[step], lane));
            let above = y.eq(zero) & u.gt(zero);
            let base = if is_shifted { -y.one() } else { zero };
            V::select(above, base, zero).store(&mut terms.base_first[step], lane);
            V::select(above, -y.one() / v, zero).store(&mut terms.entropy_first[step], lane);
        });
    }
}

stage! {
    /// ln b in place of b″, for labels that are 0 or 1.
    fn logarithm_stage[][](
        context,
        is_shifted: bool,
        terms: &mut Terms<'_, V::Element, L>,
    ) {
        for_each_value!(V, L, terms.base.len(), |step, lane| {
            let b = V::load(context, &terms.base[step], lane);
            // 1 − b, with its digits.
            let complement = if is_shifted { &terms.v[step] } else { &terms.complement[step] };
            let ln = -V::neg_ln(V::load(context, complement, lane), b);
            // With a b that is no normal number the loss is 0.
            let smallest = b.number(f64::from(-V::Element::MAX_EXPONENT).exp2());
            V::select(smallest.gt(b), b.zero(), ln).store(&mut terms.base_second[step], lane);
        });
    }
}

stage! {
    /// ln b in place of b″, for blended terms.
    fn blended_logarithm_stage[][](
        context,
        terms: &mut Terms<'_, V::Element, L>,
    ) {
        for_each_value!(V, L, terms.base.len(), |step, lane| {
            let base: Pair<V> = load_pair(context, [terms.base, terms.base_low], step, lane);
            ln_base(base).round().store(&mut terms.base_second[step], lane);
        });
    }
}

stage! {
    /// The last stage, given losses, their derivatives in m and ln b: the derivatives in γ₊, m and γ₋, of which a label has its
    /// shares.
    fn slopes_stage[][](
        context,
        labels: &Steps<V::Element, L>,
        terms: &Terms<'_, V::Element, L>,
        gamma_pos: &mut Steps<V::Element, L>,
        prob_margin: &mut Steps<V::Element, L>,
        gamma_neg: &mut Steps<V::Element, L>,
    ) {
        for_each_value!(V, L, labels.len(), |step, lane| {
            let y = V::load(context, &labels[step], lane);
            let (zero, one, ln) = (y.zero(), y.one(), V::load(context, &terms.base_second[step], lane));
            let in_gamma = V::load(context, &gamma_pos[step], lane) * ln;
            // A share of 0 is none, of whatever; but NaN stays NaN.
            let is_number = in_gamma.eq(in_gamma);
            let (of_positive, of_negative) = (is_number & y.eq(zero), is_number & y.eq(one));
            V::select(of_positive, zero, y * in_gamma).store(&mut gamma_pos[step], lane);
            V::select(of_negative, zero, (one - y) * in_gamma).store(&mut gamma_neg[step], lane);
            // ∂C/∂m may be infinite where the weight is 0.
            let is_weightless = V::load(context, &terms.over_base[step], lane).eq(zero);
            let in_margin = V::load(context, &prob_margin[step], lane);
            V::select(of_negative | is_weightless, zero, in_margin).store(&mut prob_margin[step], lane);
        });
    }
}
