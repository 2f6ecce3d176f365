//! The stages composed: value, first and second derivative of the loss of one element.
//!
//! A positive is the mirror image of a negative without margin, so one formula serves both labels: the loss of the
//! probability of the *wrong* answer. What differs are the numerators of the sigmoid, the exponent, and the sign of the
//! derivative.

use crate::activation::{self, Reference, Sigmoid, bound, clamp};
use crate::arithmetic::{Arithmetic, Pair};
use crate::element::Float;
use crate::focal::{Base, Jet, Order, Weight, ln_base, weighted};
use crate::margin::{Numerators, Wrong};
use crate::settings::Implementation;
use crate::term::{Share, Term, capped, is_infinite};

/// How the focal weight is raised.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Exponents {
    /// γ₋ and γ₊ are these whole numbers, both at most 4, in every class.
    Whole { neg: u32, pos: u32 },
    /// Any others.
    Real,
}

/// What is the same for all elements of a call.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Formula<T> {
    pub(crate) implementation: Implementation,
    pub(crate) exponents: Exponents,
    pub(crate) detached: bool,
    /// ε of max(·, ε) under the logarithm, and −ln ε.
    pub(crate) floor: Option<(T, T)>,
    /// 1 − α and α/2 of label smoothing.
    pub(crate) smoothing: Option<(T, T)>,
}

/// The constants of the class of an element.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Class<V> {
    /// The margin of its negatives.
    pub(crate) reference: Reference<V>,
    pub(crate) gamma_neg: V,
    pub(crate) gamma_pos: V,
    /// π, the weight of positives.
    pub(crate) pos_weight: V,
}

impl<T: Float> Formula<T> {
    /// A label that is 0 or 1, without its weight, with derivatives as far as `order`. Unless `saturated`, z is within the [`bound`]; if so, it
    /// may be any number, and anything comes of NaN.
    #[inline(always)]
    pub(crate) fn hard<V: Arithmetic<Element = T>, const PARAMETERS: bool>(
        &self,
        z: V,
        present: V::Mask,
        class: &Class<V>,
        order: Order,
        saturated: bool,
    ) -> Jet<V> {
        let sigmoid = activation::sigmoid_parts(if saturated { clamp(z) } else { z }, &class.reference);
        let absent = Numerators::absent(&sigmoid, &class.reference);
        let numerators = Numerators::select(present, Numerators::present(&sigmoid), absent);
        let mut term = Term::new(Wrong::new(&sigmoid, numerators), order);
        if saturated {
            term = term.saturated(V::select(present, -z, z));
        }
        if PARAMETERS && order == Order::Parameters {
            term = self.in_margin(term, !present);
        }
        self.floor(&mut term);

        let base = self.base(&term);
        let gamma = V::select(present, class.gamma_pos, class.gamma_neg);
        let weight = match self.exponents {
            Exponents::Whole { neg, pos } => {
                Weight::select(present, Weight::whole(base, pos), Weight::whole(base, neg))
            }
            Exponents::Real => Weight::real(base, Pair::sum(gamma, -z.one())),
        };
        let mut loss = self.weighed::<V, PARAMETERS>(&term, weight, gamma, order, saturated).mirrored(present);
        if PARAMETERS && order == Order::Parameters {
            loss = Jet::select(present, loss.of_positive(), loss.of_negative());
        }
        loss
    }

    /// A label between 0 and 1 in `DeepPsp` or `Paper`, otherwise like [`hard`](Self::hard): both labels' losses, mixed.
    #[inline(always)]
    pub(crate) fn mixed<V: Arithmetic<Element = T>>(
        &self,
        z: V,
        y: V,
        class: &Class<V>,
        order: Order,
        saturated: bool,
    ) -> Jet<V> {
        let sigmoid = activation::sigmoid_parts(if saturated { clamp(z) } else { z }, &class.reference);
        let one = z.one();
        let positive = self.positive(z, &sigmoid, order, saturated);
        let base = self.base(&positive);
        let weight = match self.exponents {
            Exponents::Whole { pos, .. } => Weight::whole(base, pos),
            Exponents::Real => Weight::real(base, Pair::sum(class.gamma_pos, -one)),
        };
        let mut positive = self.weighed::<V, true>(&positive, weight, class.gamma_pos, order, saturated).mirror();

        let negative = self.negative(z, &sigmoid, class, order, saturated);
        let base = self.base(&negative);
        let weight = match self.exponents {
            Exponents::Whole { neg, .. } => Weight::whole(base, neg),
            Exponents::Real => Weight::real(base, Pair::sum(class.gamma_neg, -one)),
        };
        let mut negative = self.weighed::<V, true>(&negative, weight, class.gamma_neg, order, saturated);
        if order == Order::Parameters {
            (positive, negative) = (positive.of_positive(), negative.of_negative());
        }
        Jet::mix([y * class.pos_weight, one - y], positive, negative)
    }

    /// A label between 0 and 1 in `AlibabaMiil`, otherwise like [`hard`](Self::hard): base, cross-entropy and exponent are
    /// each a mixture of both labels.
    #[inline(always)]
    pub(crate) fn blended<V: Arithmetic<Element = T>>(
        &self,
        z: V,
        y: V,
        class: &Class<V>,
        order: Order,
        saturated: bool,
    ) -> Jet<V> {
        let sigmoid = &activation::sigmoid_parts(if saturated { clamp(z) } else { z }, &class.reference);
        let absence = Pair::sum_ordered(y.one(), -y);
        let positive = self.positive(z, sigmoid, order, saturated);
        let positive = Share::new(positive, Pair::single(y), class.pos_weight, order, saturated).mirror();
        let negative = self.negative(z, sigmoid, class, order, saturated);
        let negative = Share::new(negative, absence, y.one(), order, saturated);

        let base = Base {
            value: positive.base.value.plus(negative.base.value),
            first: positive.base.first + negative.base.first,
            second: positive.base.second + negative.base.second,
        };
        let mut entropy = Jet {
            value: positive.entropy.value + negative.entropy.value,
            first: positive.entropy.first + negative.entropy.first,
            second: positive.entropy.second + negative.entropy.second,
        };
        let gamma = Pair::product(class.gamma_pos, y).plus(absence.times_single(class.gamma_neg));
        let ln = ln_base(base.value);
        let over_base = V::exp_pair(gamma.plus_single(-y.one()).times(ln));
        let c = entropy.value;
        let beyond = z.gt(bound(z)) | (-bound(z)).gt(z);
        if saturated {
            // Beyond the bound b′ is 0, and no product of C may leave the range before it meets that.
            let largest = z.number(4.0) * bound(z);
            entropy.value = V::select(beyond & c.gt(largest), largest, c);
        }
        let mut loss = weighted(base, entropy, over_base, self.in_derivative(gamma.hi, order), order);
        if saturated {
            // A weight too small for the type may meet a C so large that their product is not. Its root is at most 1.
            let root = V::exp_pair(gamma.times(ln).times_single(z.number(0.5)));
            loss.value = V::select(beyond, (root * c) * root, loss.value);
            loss.value = V::select(positive.infinite | negative.infinite, z.one() / z.zero(), loss.value);
        }
        if order == Order::Parameters {
            let in_gamma = loss.value * ln.round();
            // dC/dm may be infinite where the weight is 0.
            let first = V::select(over_base.eq(z.zero()), z.zero(), loss.first);
            loss = Jet { value: y * in_gamma, first, second: absence.hi * in_gamma };
        }
        loss
    }

    /// The terms of a label that is present. Without a margin PQ/v is P.
    #[inline(always)]
    fn positive<V: Arithmetic<Element = T>>(
        &self,
        z: V,
        sigmoid: &Sigmoid<V>,
        order: Order,
        saturated: bool,
    ) -> Term<V> {
        let wrong = Wrong::new(sigmoid, Numerators::present(sigmoid));
        let mut term = Term { slope: wrong.p, ..Term::new(wrong, Order::Value) };
        if saturated {
            term = term.saturated(-z);
        }
        if order == Order::Parameters {
            term = self.in_margin(term, z.gt(z));
        }
        self.floor(&mut term);
        term
    }

    /// The terms of a label that is absent.
    #[inline(always)]
    fn negative<V: Arithmetic<Element = T>>(
        &self,
        z: V,
        sigmoid: &Sigmoid<V>,
        class: &Class<V>,
        order: Order,
        saturated: bool,
    ) -> Term<V> {
        let wrong = Wrong::new(sigmoid, Numerators::absent(sigmoid, &class.reference));
        let mut term = Term::new(wrong, Order::First);
        if saturated {
            term = term.saturated(z);
        }
        if order == Order::Parameters {
            term = self.in_margin(term, z.eq(z));
        }
        self.floor(&mut term);
        term
    }

    /// Applies the floor under the logarithm, if there is one.
    #[inline(always)]
    fn floor<V: Arithmetic<Element = T>>(&self, term: &mut Term<V>) {
        if let Some(floor) = self.floor {
            *term = term.floored(floor);
        }
    }

    /// The terms with derivatives in m, which the base has not where it is not shifted.
    #[inline(always)]
    fn in_margin<V: Arithmetic<Element = T>>(&self, term: Term<V>, absent: V::Mask) -> Term<V> {
        let term = term.in_margin(absent);
        if self.implementation == Implementation::DeepPsp { Term { d: term.d.zero(), ..term } } else { term }
    }

    /// The base of the focal weight of one label: u, or P where it is not shifted.
    #[inline(always)]
    fn base<V: Arithmetic<Element = T>>(&self, term: &Term<V>) -> Pair<V> {
        let Wrong { u, m, .. } = term.wrong;
        if self.implementation == Implementation::DeepPsp {
            let base = Pair::sum(m, u.hi);
            return Pair { hi: base.hi, lo: base.lo + u.lo };
        }
        u
    }

    /// ln b, where it counts: with a b that is no normal number the loss is 0.
    #[inline(always)]
    fn ln_base<V: Arithmetic<Element = T>>(&self, term: &Term<V>) -> V {
        let (b, Wrong { q, v, m, .. }) = (self.base(term).hi, term.wrong);
        // Without a margin v = q, but beyond the bound v is only small.
        let shifted = self.implementation != Implementation::DeepPsp;
        let complement = if shifted { V::select(m.eq(m.zero()), q, v) } else { q };
        let smallest = b.number(f64::from(-V::Element::MAX_EXPONENT).exp2());
        V::select(smallest.gt(b), b.zero(), -V::neg_ln(complement, b))
    }

    /// The focusing exponent as the derivatives see it.
    #[inline(always)]
    fn in_derivative<V: Arithmetic<Element = T>>(&self, gamma: V, order: Order) -> V {
        if self.detached && order != Order::Parameters { gamma.zero() } else { gamma }
    }

    /// y·(1 − α) + α/2.
    #[inline(always)]
    pub(crate) fn smoothed<V: Arithmetic<Element = T>>(&self, y: V) -> V {
        match self.smoothing {
            Some((share, half)) => y.mul_add(y.splat(share), y.splat(half)),
            None => y,
        }
    }

    /// The loss of one label, with derivatives in the logit of the wrong answer.
    #[inline(always)]
    fn weighed<V: Arithmetic<Element = T>, const PARAMETERS: bool>(
        &self,
        term: &Term<V>,
        weight: Weight<V>,
        gamma: V,
        order: Order,
        saturated: bool,
    ) -> Jet<V> {
        let Weight { base, over_base } = weight;
        let mut entropy = term.entropy(order);
        if saturated {
            entropy.value = capped(entropy.value);
        }
        let mut loss = weighted(term.base(base), entropy, over_base, self.in_derivative(gamma, order), order);
        if PARAMETERS && order == Order::Parameters {
            loss.second = loss.value * self.ln_base(term);
        }
        if saturated {
            loss.value = V::select(is_infinite(term.entropy), term.entropy, loss.value);
        }
        loss
    }
}
