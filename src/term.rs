//! What one label contributes to the loss: the probability of the wrong answer and its cross-entropy.

use crate::activation::bound;
use crate::arithmetic::{Arithmetic, Pair};
use crate::element::Float;
use crate::focal::{Base, Jet, Order};
use crate::margin::Wrong;

/// The terms of one label, with derivatives in the logit w of the wrong answer, or in the margin.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Term<V> {
    pub(crate) wrong: Wrong<V>,
    /// dP/dw = PQ.
    pub(crate) d: V,
    /// C = −ln v.
    pub(crate) entropy: V,
    /// dC/dw = PQ/v.
    pub(crate) slope: V,
}

impl<V: Arithmetic> Term<V> {
    #[inline(always)]
    pub(crate) fn new(wrong: Wrong<V>, order: Order) -> Self {
        let d = wrong.p * wrong.q;
        let slope = if order == Order::Value { d } else { d / wrong.v };
        Term { wrong, d, entropy: V::neg_ln(wrong.u.hi, wrong.v), slope }
    }

    /// The same terms with derivatives in m: dC/dm = −1/v for a negative above it, else 0; and for the base that of u, −1.
    #[inline(always)]
    pub(crate) fn in_margin(self, absent: V::Mask) -> Self {
        let Wrong { u, q, m, .. } = self.wrong;
        let (zero, one) = (m.zero(), m.one());
        let shifted = absent & u.hi.gt(zero);
        Term { d: V::select(shifted, -one, zero), slope: V::select(shifted, -one / (q + m), zero), ..self }
    }

    /// What the stages cannot know of a |w| so large that e^(−|w|) is not a normal number: they saw it at the bound.
    #[inline(always)]
    pub(crate) fn saturated(self, w: V) -> Self {
        let Term { wrong, d, entropy, slope } = self;
        let (zero, one, bound) = (w.zero(), w.one(), bound(w));
        let factor = V::exp_pair(Pair::single(bound - w));
        let (q, m) = (wrong.q * factor, wrong.m);
        let v = q + m;
        let right = Term {
            wrong: Wrong { u: Pair::single(zero), p: zero, q: one, v: one, m: zero },
            d: zero,
            entropy: zero,
            slope: zero,
        };
        // In this order q/v keeps its digits where q itself has none.
        let slope_behind_margin = wrong.p * ((wrong.q / v) * factor);
        let without_margin = m.eq(zero);
        let wrong_by_far = Term {
            // Without a margin v = q, which may be 0; any number below every floor will do.
            wrong: Wrong { q, v: V::select(without_margin, wrong.v * w.number(0.5), v), ..wrong },
            d: d * factor,
            entropy: V::select(without_margin, w, V::neg_ln(wrong.u.hi, v)),
            slope: V::select(without_margin, wrong.p, slope_behind_margin),
        };
        let here = Term { wrong, d, entropy, slope };
        Self::select((-bound).gt(w), right, Self::select(w.gt(bound), wrong_by_far, here))
    }

    #[inline(always)]
    pub(crate) fn select(mask: V::Mask, yes: Self, no: Self) -> Self {
        let (a, b) = (yes.wrong, no.wrong);
        Term {
            wrong: Wrong {
                u: Pair::select(mask, a.u, b.u),
                p: V::select(mask, a.p, b.p),
                q: V::select(mask, a.q, b.q),
                v: V::select(mask, a.v, b.v),
                m: V::select(mask, a.m, b.m),
            },
            d: V::select(mask, yes.d, no.d),
            entropy: V::select(mask, yes.entropy, no.entropy),
            slope: V::select(mask, yes.slope, no.slope),
        }
    }

    /// −ln max(v, ε), which is constant below ε.
    #[inline(always)]
    pub(crate) fn floored(self, (floor, neg_ln): (V::Element, V::Element)) -> Self {
        let v = self.wrong.v;
        let below = v.splat(floor).gt(v);
        Term {
            entropy: V::select(below, v.splat(neg_ln), self.entropy),
            slope: V::select(below, v.zero(), self.slope),
            ..self
        }
    }

    /// C with its derivatives: C′ = PQ/v, C″ = C′·(Q − P·m/v).
    #[inline(always)]
    pub(crate) fn entropy(&self, order: Order) -> Jet<V> {
        let Wrong { p, q, v, m, .. } = self.wrong;
        let second = if order == Order::Second { self.slope * (q - p * (m / v)) } else { self.slope };
        Jet { value: self.entropy, first: self.slope, second }
    }

    /// The derivatives of the base: b′ = PQ and b″ = PQ(Q − P), for u and P alike.
    #[inline(always)]
    pub(crate) fn base(&self, value: Pair<V>) -> Base<V> {
        Base { value, first: self.d, second: self.d * (self.wrong.q - self.wrong.p) }
    }
}

/// Where C is infinite.
#[inline(always)]
pub(crate) fn is_infinite<V: Arithmetic>(c: V) -> V::Mask {
    !(c * c.zero()).eq(c.zero())
}

/// C, but a finite number where it is infinite: the derivatives multiply it by a 0 there.
#[inline(always)]
pub(crate) fn capped<V: Arithmetic>(c: V) -> V {
    V::select(is_infinite(c), c.number(f64::from(V::Element::MAX_EXPONENT).exp2()), c)
}

/// The share of one label in a mixture.
#[derive(Clone, Copy)]
pub(crate) struct Share<V: Arithmetic> {
    pub(crate) base: Base<V>,
    pub(crate) entropy: Jet<V>,
    /// Where C is infinite.
    pub(crate) infinite: V::Mask,
}

impl<V: Arithmetic> Share<V> {
    /// The share of a label in the base, and with a weight in the cross-entropy.
    #[inline(always)]
    pub(crate) fn new(term: Term<V>, share: Pair<V>, weight: V, order: Order, saturated: bool) -> Self {
        let infinite = is_infinite(term.entropy) & (share.hi * weight).gt(weight.zero());
        let (y, mut entropy, base) = (share.hi, term.entropy(order), term.base(term.wrong.u));
        if saturated {
            entropy.value = capped(entropy.value);
        }
        let scaled = entropy.times(y * weight);
        let base = Base { value: base.value.times(share), first: y * base.first, second: y * base.second };
        Share { base, entropy: scaled, infinite }
    }

    /// Derivatives in −z as derivatives in z.
    #[inline(always)]
    pub(crate) fn mirror(self) -> Self {
        Share {
            base: Base { first: -self.base.first, ..self.base },
            entropy: self.entropy.mirror(),
            infinite: self.infinite,
        }
    }
}
