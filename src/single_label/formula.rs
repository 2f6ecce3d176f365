//! What one class contributes to the loss of a row, as a function of ln p.
//!
//! With ℓ = ln p and q = 1 − p: −q^γ₊·ℓ for the target class, −p^γ₋·ℓ for any other, and the derivatives of both in ℓ,
//! where dp/dℓ = p and dq/dℓ = −p. The derivatives in the logits follow from them for all classes alike; see the sums
//! in `row`.

use super::plan::Plan;
use crate::arithmetic::element::Float;
use crate::arithmetic::{Arithmetic, Pair};
use crate::arrays::sum::{Accumulator, Total};
use crate::stages::activation::bound;
use crate::stages::focal::{Jet, ln_base, whole_power};
use crate::stages::softmax::{Probability, Softmax};
use crate::stages::{Steps, for_each_value, stage};
use std::ops::Range;

/// −p^γ·ln p with its derivatives in ln p as far as the order.
#[inline(always)]
fn other<V: Arithmetic>(class: &Probability<V>, gamma: V, whole: Option<u32>, order: usize) -> Jet<V> {
    let p = class.p;
    let weight = match whole {
        Some(0) => return Jet { value: -class.ln, first: -p.one(), second: p.zero() },
        Some(1) => p,
        Some(2) => p * p,
        Some(3) => p * p * p,
        Some(_) => (p * p) * (p * p),
        None => power(class, gamma),
    };
    let weighted = weight * class.finite_ln();
    let mut loss = Jet { value: -weighted, first: p.zero(), second: p.zero() };
    if whole.is_none() {
        // Without focusing the loss of an impossible class is infinite.
        loss.value = -(weight * V::select(gamma.gt(p.zero()), class.finite_ln(), class.ln));
    }
    if order >= 1 {
        // A huge γ comes last into the product: the weight is then 0, or ln p is.
        let bend = gamma * weighted;
        loss.first = -(weight + bend);
        loss.second = -gamma * (weight + weight + bend);
    }
    loss
}

/// p^γ as exp(γ·ln p), 0 below the range. Pairs, because an error of the exponent is a relative error of the power.
#[inline(always)]
fn power<V: Arithmetic>(class: &Probability<V>, gamma: V) -> V {
    let (ln, lowest) = (class.finite_ln(), -bound(gamma));
    let exponent = Pair::product(ln, gamma);
    let in_range = exponent.hi.ge(lowest);
    let low = exponent.lo + V::select(class.distance.ge(lowest), class.ln_low(), gamma.zero()) * gamma;
    let exponent = Pair { hi: exponent.hi.max(lowest), lo: V::select(in_range, low, gamma.zero()) };
    V::select(in_range, V::exp_pair(exponent), gamma.zero())
}

/// −q^γ·ln p with its derivatives in ln p as far as the order.
#[inline(always)]
fn target<V: Arithmetic>(class: &Probability<V>, gamma: V, whole: Option<u32>, order: usize) -> Jet<V> {
    let Probability { p, q, ln, .. } = *class;
    let (zero, one) = (p.zero(), p.one());
    if let Some(0) = whole {
        return Jet { value: -ln, first: -one, second: zero };
    }
    // Where q is not a normal number all products with its powers are 0 in the derivatives, and none may be 0·∞.
    let q = q.max(q.number(f64::from(-V::Element::MAX_EXPONENT).exp2()));
    let over_base = match whole {
        Some(gamma) => whole_power(Pair::single(q), q.number(gamma.into())),
        None => V::exp_pair(Pair::sum(gamma, -one).times(ln_base(Pair::single(q)))),
    };
    let weight = q * over_base;
    let mut loss = Jet { value: -weight * ln, first: zero, second: zero };
    if order >= 1 {
        let ln = class.finite_ln();
        let slope = p * ln;
        loss.first = (gamma * (over_base * slope)) - weight;
        if order >= 2 {
            let bend = p + p + slope - (gamma - one) * (p * (slope / q));
            loss.second = gamma * (over_base * bend);
        }
    }
    loss
}

/// t·(y·target + (1−y)·other): the class has the share y of a target that is spread over classes.
#[inline(always)]
fn blended<V: Arithmetic>(y: V, t: V, target: Jet<V>, other: Jet<V>) -> Jet<V> {
    let (zero, one) = (y.zero(), y.one());
    // A share of 0 of an infinite loss is none.
    let nothing = Jet { value: zero, first: zero, second: zero };
    let (target_share, other_share) = (Jet::select(y.eq(zero), nothing, target).times(y), other.times(one - y));
    let mixed = Jet {
        value: target_share.value + other_share.value,
        first: target_share.first + other_share.first,
        second: target_share.second + other_share.second,
    };
    let mixed = Jet::select(y.eq(zero), other, Jet::select(y.eq(one), target, mixed));
    Jet::select(t.gt(zero), mixed.times(t), nothing)
}

/// What is known of a row when its classes are evaluated.
#[derive(Clone, Copy)]
pub(crate) struct RowConstants<T> {
    pub(super) softmax: Softmax<T>,
    /// How the target is spread: t = keep·y + floor.
    pub(super) keep: T,
    pub(super) floor: T,
    /// The number of derivatives that are asked for.
    pub(super) order: usize,
}

/// What all classes of a row have in common once their sums are known.
#[derive(Clone, Copy)]
pub(crate) struct Totals<T> {
    /// Σ ∂L/∂ln p.
    pub(super) first: T,
    /// Σ ∂²L/∂(ln p)².
    pub(super) second: T,
    /// Σ p·v, where v is measured from that of the largest logit, which is the other.
    pub(super) mean: T,
    pub(super) origin: T,
    /// Σ ∂²L/∂(ln p)²·(v − mean).
    pub(super) bent: T,
    /// What derivatives are multiplied by.
    pub(super) scale: T,
}

/// The number of columns of terms: p; the loss of a class, and its first and second derivative in ln p; the second times v − mean.
pub(super) const TERMS: usize = 5;

/// The columns of a block that its stages read.
pub(crate) struct Block<'a, T, const L: usize> {
    /// The class of the first element.
    pub(super) class: usize,
    pub(super) logits: &'a Steps<T, L>,
    pub(super) powers: &'a Steps<T, L>,
    /// The share of every class in the target, where that is spread.
    pub(super) target_probs: Option<&'a Steps<T, L>>,
}

/// The sum of the terms of the classes of a block, but for one that is left out; what stands behind them becomes 0.
pub(super) fn sum<V: Arithmetic, const L: usize>(
    context: V::Context,
    terms: &mut Steps<V::Element, L>,
    range: &Range<usize>,
    left_out: usize,
) -> Total<V::Element> {
    let (zero, terms) = (V::Element::from_f64(0.0), terms.as_flattened_mut());
    let terms = &mut terms[..range.len().next_multiple_of(L)];
    terms[range.len()..].fill(zero);
    let here = range.contains(&left_out).then(|| std::mem::replace(&mut terms[left_out - range.start], zero));
    let total = V::vectorized(
        context,
        #[inline(always)]
        || {
            let mut sum = Accumulator::new(None);
            sum.add(terms);
            sum.total()
        },
    );
    if let Some(term) = here {
        terms[left_out - range.start] = term;
    }
    total
}

stage! {
    /// What the classes of a block contribute, with derivatives as far as the order.
    fn class_stage[][](
        context,
        plan: &Plan<V::Element>,
        constants: &RowConstants<V::Element>,
        block: &Block<'_, V::Element, L>,
        terms: &mut [&mut Steps<V::Element, L>; TERMS],
    ) {
        let ([neg, pos], [whole_neg, whole_pos]) = (plan.gammas::<L>(block.class), plan.whole);
        let RowConstants { softmax, keep, floor, order } = constants;
        let [p, values, firsts, seconds, _] = terms;
        for_each_value!(V, L, block.logits.len(), |step, lane| {
            let z = V::load(context, &block.logits[step], lane);
            let class = softmax.probability(V::load(context, &block.powers[step], lane), z);
            let other = other(&class, V::load(context, &neg[step], lane), whole_neg, *order);
            let floor = z.splat(*floor);
            let loss = match block.target_probs {
                Some(target_probs) => {
                    let y = V::load(context, &target_probs[step], lane);
                    let target = target(&class, V::load(context, &pos[step], lane), whole_pos, *order);
                    blended(y, y.mul_add(z.splat(*keep), floor), target, other)
                }
                None => other.times(floor),
            };
            class.p.store(&mut p[step], lane);
            loss.value.store(&mut values[step], lane);
            if *order >= 1 {
                loss.first.store(&mut firsts[step], lane);
            }
            if *order >= 2 {
                loss.second.store(&mut seconds[step], lane);
            }
        });
    }
}

stage! {
    /// The probabilities of classes.
    fn probability_stage[][](
        context,
        reciprocal: V::Element,
        powers: &Steps<V::Element, L>,
        p: &mut Steps<V::Element, L>,
    ) {
        for_each_value!(V, L, powers.len(), |step, lane| {
            let e = V::load(context, &powers[step], lane);
            (e * e.splat(reciprocal)).store(&mut p[step], lane);
        });
    }
}

stage! {
    /// p·v.
    fn mean_stage[][](
        context,
        reciprocal: V::Element,
        origin: V::Element,
        powers: &Steps<V::Element, L>,
        vector: &Steps<V::Element, L>,
        means: &mut Steps<V::Element, L>,
    ) {
        for_each_value!(V, L, vector.len(), |step, lane| {
            let (e, v) = (V::load(context, &powers[step], lane), V::load(context, &vector[step], lane));
            ((e * e.splat(reciprocal)) * (v - v.splat(origin))).store(&mut means[step], lane);
        });
    }
}

stage! {
    /// The second derivatives times v − mean.
    fn bent_stage[][](
        context,
        totals: &Totals<V::Element>,
        vector: &Steps<V::Element, L>,
        seconds: &Steps<V::Element, L>,
        bent: &mut Steps<V::Element, L>,
    ) {
        for_each_value!(V, L, seconds.len(), |step, lane| {
            let v = V::load(context, &vector[step], lane);
            let v = v - v.splat(totals.origin) - v.splat(totals.mean);
            (V::load(context, &seconds[step], lane) * v).store(&mut bent[step], lane);
        });
    }
}

stage! {
    /// The last stage: those of gradient, diagonal of the Hessian and product with the vector that are wanted, given p and the first and
    /// second derivatives of the classes.
    fn derivative_stage[][](
        context,
        totals: &Totals<V::Element>,
        wanted: [bool; 3],
        terms: [&Steps<V::Element, L>; 3],
        vector: &Steps<V::Element, L>,
        to: &mut [&mut Steps<V::Element, L>; 3],
    ) {
        for_each_value!(V, L, vector.len(), |step, lane| {
            let [p, own_first, own_second] = terms.map(|terms| V::load(context, &terms[step], lane));
            let (first, scale) = (p.splat(totals.first), p.splat(totals.scale));
            if wanted[0] {
                ((-p).mul_add(first, own_first) * scale).store(&mut to[0][step], lane);
            }
            if wanted[1] {
                let q = p.one() - p;
                let diagonal = p.mul_add((-q).mul_add(first, p * p.splat(totals.second)), own_second * (q - p));
                (diagonal * scale).store(&mut to[1][step], lane);
            }
            if wanted[2] {
                let v = V::load(context, &vector[step], lane);
                let v = v - v.splat(totals.origin) - v.splat(totals.mean);
                let product = (-p).mul_add(first, own_second) * v - p * p.splat(totals.bent);
                (product * scale).store(&mut to[2][step], lane);
            }
        });
    }
}
