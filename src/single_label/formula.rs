//! What one class contributes to the loss of a row, as a function of ln p.
//!
//! With ℓ = ln p and q = 1 − p: −q^γ₊·ℓ for the target class, −p^γ₋·ℓ for any other, and the derivatives of both in ℓ,
//! where dp/dℓ = p and dq/dℓ = −p. The derivatives in the logits follow from them for all classes alike; see the sums
//! in `passes`.

use super::row::Order;
use crate::arithmetic::{Arithmetic, Pair};
use crate::element::Float;
use crate::stages::activation::bound;
use crate::stages::focal::{Jet, ln_base, whole_power};

/// The probability of a class, its complement and its logarithm, each with its digits.
#[derive(Clone, Copy, Debug)]
pub(super) struct Probability<V> {
    pub(super) p: V,
    pub(super) q: V,
    /// −∞ for p = 0.
    pub(super) ln: V,
    pub(super) logit: V,
    /// The largest logit of the row.
    pub(super) largest: V,
    /// The logit less the largest, rounded.
    pub(super) distance: V,
    /// ln Σ e^distance, so that ln p = distance − ln_sum.
    pub(super) ln_sum: Pair<V>,
}

impl<V: Arithmetic> Probability<V> {
    /// ln p, finite: for products with what vanishes faster than it grows.
    #[inline(always)]
    fn finite_ln(&self) -> V {
        self.ln.max(self.ln.number(-f64::from(V::Element::MAX_EXPONENT).exp2()))
    }

    /// What the rounding of ln p has taken from it; of no account for an infinite one.
    #[inline(always)]
    fn ln_low(&self) -> V {
        let low = Pair::sum(self.logit, -self.largest).lo;
        // That of an infinite difference is not a number.
        let low = V::select(low.eq(low), low, low.zero());
        Pair::sum(self.distance, -self.ln_sum.hi).lo + (low - self.ln_sum.lo)
    }
}

/// −p^γ·ln p with its derivatives in ln p as far as `order`.
#[inline(always)]
pub(super) fn other<V: Arithmetic>(class: &Probability<V>, gamma: V, whole: Option<u32>, order: Order) -> Jet<V> {
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
    if order >= Order::First {
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

/// −q^γ·ln p with its derivatives in ln p as far as `order`.
#[inline(always)]
pub(super) fn target<V: Arithmetic>(class: &Probability<V>, gamma: V, whole: Option<u32>, order: Order) -> Jet<V> {
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
    if order >= Order::First {
        let ln = class.finite_ln();
        let slope = p * ln;
        loss.first = (gamma * (over_base * slope)) - weight;
        if order >= Order::Second {
            let bend = p + p + slope - (gamma - one) * (p * (slope / q));
            loss.second = gamma * (over_base * bend);
        }
    }
    loss
}

/// t·(y·target + (1−y)·other): the class has the share y of a target that is spread over classes.
#[inline(always)]
pub(super) fn blended<V: Arithmetic>(y: V, t: V, target: Jet<V>, other: Jet<V>) -> Jet<V> {
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
