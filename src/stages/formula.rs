//! Which stages a loss is made of.

use super::activation::{self, Reference};
use super::columns::{GeneralScratch, Results, Scratch, Terms};
use super::weights::{self, Survey};
use super::{Column, Steps, Uniform, cross_entropy, focal, margin, parameters, soft};
use crate::arithmetic::Arithmetic;
use crate::arithmetic::element::Float;
use crate::settings::multi_label::Implementation;

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Order {
    /// The losses alone.
    Value,
    /// With their first derivatives in the logits.
    First,
    /// With the first and the second.
    Second,
    /// Instead, the derivatives in γ₊, m and γ₋.
    Parameters,
}

impl Order {
    /// The number of columns of results.
    pub(crate) fn columns(self) -> usize {
        match self {
            Order::Value => 1,
            Order::First => 2,
            Order::Second | Order::Parameters => 3,
        }
    }
}

/// What is the same for all elements of a call.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Formula<T> {
    pub(crate) implementation: Implementation,
    /// Whether all exponents are raised by multiplication.
    pub(crate) is_whole: bool,
    pub(crate) is_detached: bool,
    /// ε of max(·, ε) under the logarithm, and −ln ε.
    pub(crate) floor: Option<(T, T)>,
    /// 1 − α and α/2 of label smoothing.
    pub(crate) smoothing: Option<(T, T)>,
}

/// The constants of the classes of a block.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Class<K> {
    /// The margin of its negatives.
    pub(crate) reference: Reference<K>,
    pub(crate) gamma_neg: K,
    pub(crate) gamma_pos: K,
    /// π, the weight of positives.
    pub(crate) pos_weight: K,
    /// c, the weight of the class.
    pub(crate) class_weight: K,
}

/// A label is outside [0, 1].
#[derive(Debug)]
pub(crate) struct InvalidLabel;

/// The stages of a block.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stages<'a, V: Arithmetic, K> {
    pub(crate) context: V::Context,
    pub(crate) formula: &'a Formula<V::Element>,
    pub(crate) class: Class<K>,
    pub(crate) order: Order,
    /// What derivatives are multiplied by.
    pub(crate) scale: V::Element,
}

impl<V: Arithmetic, K> Stages<'_, V, K> {
    /// The results of a block, if its labels are all 0 or 1 and its logits moderate.
    pub(crate) fn common<const L: usize, const N: usize>(
        &self,
        logits: &Steps<V::Element, L>,
        labels: &Steps<V::Element, L>,
        scratch: &mut Scratch<V::Element, L, N>,
        results: &mut Results<'_, V::Element, L>,
    ) -> bool
    where
        K: Column<V, L>,
    {
        let steps = logits.len();
        let [a, power] = scratch.activation.each_mut().map(|column| &mut column[..steps]);
        if !activation::stage(self.context, &self.class.reference, logits, labels, a, power) {
            return false;
        }
        let mut terms = Terms::new(&mut scratch.terms, steps);
        self.terms(labels, [a, power], None, &mut terms);
        self.weigh(labels, false, &mut terms);
        self.combine(labels, &terms, results);
        true
    }

    /// The results of any block, and whether it was common. The bits of an element do not depend on its neighbours: it goes
    /// through the same stages.
    #[cold]
    #[inline(never)]
    pub(crate) fn general<const L: usize, const N: usize>(
        &self,
        logits: &Steps<V::Element, L>,
        labels: &Steps<V::Element, L>,
        scratch: &mut Scratch<V::Element, L, N>,
        general: &mut GeneralScratch<V::Element, L, N>,
        results: &mut Results<'_, V::Element, L>,
    ) -> Result<bool, InvalidLabel>
    where
        K: Column<V, L>,
    {
        let Survey { is_valid, is_moderate, has_hard, has_soft } =
            weights::survey::<V, L>(self.context, logits, labels);
        if !is_valid {
            return Err(InvalidLabel);
        }
        let (steps, reference) = (logits.len(), &self.class.reference);
        let [a, power] = scratch.activation.each_mut().map(|column| &mut column[..steps]);
        let clamped = if is_moderate {
            logits
        } else {
            activation::clamp_stage::<V, L>(self.context, logits, &mut general.clamped[..steps]);
            &general.clamped[..steps]
        };
        activation::stage(self.context, reference, clamped, labels, a, power);
        let activation = [&*a, &*power];
        let saturated = (!is_moderate).then_some(logits);
        let mut terms = Terms::new(&mut scratch.terms, steps);
        let [zeros, ones] = general.labels.each_ref().map(|labels| &labels[..steps]);
        let mut spare_terms = Terms::new(&mut general.terms, steps);
        let spare = &mut general.results.each_mut().map(|column| &mut column[..steps]);
        match self.formula.implementation {
            _ if !has_soft => self.hard(labels, activation, saturated, &mut terms, results),
            Implementation::AlibabaMiil => {
                self.terms(zeros, activation, saturated, &mut terms);
                self.terms(ones, activation, saturated, &mut spare_terms);
                self.blended(logits, labels, saturated.is_some(), &spare_terms, &mut terms, results);
                if has_hard {
                    self.hard(labels, activation, saturated, &mut terms, spare);
                    for (hard, results) in spare.iter().zip(&mut *results).take(self.order.columns()) {
                        weights::hard_stage::<V, L>(self.context, labels, hard, results);
                    }
                }
            }
            Implementation::DeepPsp | Implementation::Paper => {
                // Both have one scale; it comes last, because they may cancel each other.
                let unscaled = Stages { scale: V::Element::from_f64(1.0), ..*self };
                unscaled.hard(ones, activation, saturated, &mut terms, spare);
                unscaled.hard(zeros, activation, saturated, &mut terms, results);
                let scales = [unscaled.scale, self.scale, self.scale];
                let columns = spare.iter().zip(&mut *results).zip(scales).take(self.order.columns());
                for ((positive, results), scale) in columns {
                    soft::mixture_stage(self.context, self.class.pos_weight, scale, labels, positive, results);
                }
            }
        }
        if saturated.is_some() && self.order != Order::Parameters {
            self.mend_infinite(logits, labels, results);
        }
        Ok(!has_soft && is_moderate)
    }

    /// The loss of labels that are 0 or 1.
    fn hard<const L: usize>(
        &self,
        labels: &Steps<V::Element, L>,
        activation: [&Steps<V::Element, L>; 2],
        saturated: Option<&Steps<V::Element, L>>,
        terms: &mut Terms<'_, V::Element, L>,
        results: &mut Results<'_, V::Element, L>,
    ) where
        K: Column<V, L>,
    {
        self.terms(labels, activation, saturated, terms);
        self.weigh(labels, false, terms);
        self.combine(labels, terms, results);
    }

    /// `AlibabaMiil` on labels between 0 and 1: base, cross-entropy and exponent are each a mixture of both labels.
    fn blended<const L: usize>(
        &self,
        logits: &Steps<V::Element, L>,
        labels: &Steps<V::Element, L>,
        is_saturated: bool,
        positive: &Terms<'_, V::Element, L>,
        terms: &mut Terms<'_, V::Element, L>,
        results: &mut Results<'_, V::Element, L>,
    ) where
        K: Column<V, L>,
    {
        let (context, pos_weight) = (self.context, self.class.pos_weight);
        match self.order {
            Order::Value => soft::blended_stage::<V, K, L, 0>(context, pos_weight, logits, labels, positive, terms),
            Order::First | Order::Parameters => {
                soft::blended_stage::<V, K, L, 1>(context, pos_weight, logits, labels, positive, terms);
            }
            Order::Second => soft::blended_stage::<V, K, L, 2>(context, pos_weight, logits, labels, positive, terms),
        }
        self.weigh(labels, true, terms);
        self.evaluate(labels, true, terms, results);
        if is_saturated {
            let Class { gamma_pos, gamma_neg, .. } = self.class;
            soft::saturated_stage(context, gamma_pos, gamma_neg, logits, labels, terms, results[0]);
            self.mend_infinite(logits, labels, results);
        }
        self.slopes(labels, terms, results);
    }

    /// Margin and cross-entropy of labels that are 0 or 1.
    fn terms<const L: usize>(
        &self,
        labels: &Steps<V::Element, L>,
        activation: [&Steps<V::Element, L>; 2],
        saturated: Option<&Steps<V::Element, L>>,
        terms: &mut Terms<'_, V::Element, L>,
    ) where
        K: Column<V, L>,
    {
        let (context, reference, [a, power]) = (self.context, &self.class.reference, activation);
        // The derivative in γ of a weight that is not shifted needs 1 − P.
        match self.order {
            Order::Second => margin::stage::<V, K, L, true>(context, reference, labels, a, power, terms),
            Order::Parameters if !self.is_shifted() => {
                margin::stage::<V, K, L, true>(context, reference, labels, a, power, terms);
            }
            _ => margin::stage::<V, K, L, false>(context, reference, labels, a, power, terms),
        }
        match self.order {
            Order::Value | Order::Parameters => cross_entropy::stage::<V, L, 0>(context, terms),
            Order::First => cross_entropy::stage::<V, L, 1>(context, terms),
            Order::Second => cross_entropy::stage::<V, L, 2>(context, terms),
        }
        if let Some(logits) = saturated {
            cross_entropy::saturated_stage(context, reference, logits, labels, terms);
        }
        if self.order == Order::Parameters {
            parameters::margin_stage::<V, L>(context, self.is_shifted(), labels, terms);
        }
        if let Some((floor, neg_ln)) = self.formula.floor {
            cross_entropy::floor_stage::<V, L>(context, floor, neg_ln, terms);
        }
    }

    /// The focal weight.
    fn weigh<const L: usize>(
        &self,
        labels: &Steps<V::Element, L>,
        is_blended: bool,
        terms: &mut Terms<'_, V::Element, L>,
    ) where
        K: Column<V, L>,
    {
        let (context, Class { gamma_pos, gamma_neg, .. }) = (self.context, self.class);
        if !self.is_shifted() {
            margin::unshifted_stage(context, &self.class.reference, labels, terms);
        }
        if self.is_raised_last(is_blended) {
            // A whole power is 0 only where nothing that it multiplies is infinite.
            if self.order == Order::Parameters {
                terms.over_base.fill([V::Element::from_f64(1.0); L]);
            }
        } else {
            focal::logarithm_stage::<V, L>(context, terms);
            if is_blended {
                focal::real_stage::<V, K, L, true>(context, gamma_pos, gamma_neg, labels, terms);
            } else {
                focal::real_stage::<V, K, L, false>(context, gamma_pos, gamma_neg, labels, terms);
            }
        }
        // A detached weight is a constant.
        if self.formula.is_detached && self.order != Order::Parameters {
            let zeros = [V::Element::from_f64(0.0); L];
            terms.base_first.fill(zeros);
            terms.base_second.fill(zeros);
        }
        match self.order {
            Order::Parameters if is_blended => parameters::blended_logarithm_stage::<V, L>(context, terms),
            Order::Parameters => parameters::logarithm_stage::<V, L>(context, self.is_shifted(), terms),
            _ => {}
        }
    }

    /// The product of focal weight and cross-entropy.
    fn combine<const L: usize>(
        &self,
        labels: &Steps<V::Element, L>,
        terms: &Terms<'_, V::Element, L>,
        results: &mut Results<'_, V::Element, L>,
    ) where
        K: Column<V, L>,
    {
        self.evaluate(labels, false, terms, results);
        self.slopes(labels, terms, results);
    }

    /// The derivatives in the parameters, where they are asked for.
    fn slopes<const L: usize>(
        &self,
        labels: &Steps<V::Element, L>,
        terms: &Terms<'_, V::Element, L>,
        results: &mut Results<'_, V::Element, L>,
    ) {
        if self.order == Order::Parameters {
            let [gamma_pos, prob_margin, gamma_neg] = results;
            parameters::slopes_stage::<V, L>(self.context, labels, terms, gamma_pos, prob_margin, gamma_neg);
        }
    }

    fn evaluate<const L: usize>(
        &self,
        labels: &Steps<V::Element, L>,
        is_blended: bool,
        terms: &Terms<'_, V::Element, L>,
        results: &mut Results<'_, V::Element, L>,
    ) where
        K: Column<V, L>,
    {
        if self.is_raised_last(is_blended) {
            self.product::<K, L, true>([self.class.gamma_pos, self.class.gamma_neg], labels, terms, results);
        } else {
            // The powers are there, and the exponents of no account.
            self.product::<_, L, false>([Uniform(V::Element::from_f64(0.0)); 2], labels, terms, results);
        }
    }

    fn product<E: Column<V, L>, const L: usize, const WHOLE: bool>(
        &self,
        exponents: [E; 2],
        labels: &Steps<V::Element, L>,
        terms: &Terms<'_, V::Element, L>,
        results: &mut Results<'_, V::Element, L>,
    ) {
        let (context, scale) = (self.context, self.scale);
        match self.order {
            Order::Value => {
                focal::product_stage::<V, E, L, 0, WHOLE>(context, exponents, labels, terms, scale, results);
            }
            Order::First | Order::Parameters => {
                focal::product_stage::<V, E, L, 1, WHOLE>(context, exponents, labels, terms, scale, results);
            }
            Order::Second => {
                focal::product_stage::<V, E, L, 2, WHOLE>(context, exponents, labels, terms, scale, results);
            }
        }
    }

    /// Whether the exponents are raised by the last stage.
    fn is_raised_last(&self, is_blended: bool) -> bool {
        self.formula.is_whole && !is_blended
    }

    /// Infinite losses, which the stages saw as large ones. Under a floor there are none.
    fn mend_infinite<const L: usize>(
        &self,
        logits: &Steps<V::Element, L>,
        labels: &Steps<V::Element, L>,
        results: &mut Results<'_, V::Element, L>,
    ) where
        K: Column<V, L>,
    {
        if self.formula.floor.is_none() {
            let Class { reference, pos_weight, .. } = self.class;
            cross_entropy::infinite_stage(self.context, reference.m, pos_weight, logits, labels, results[0]);
        }
    }

    /// Whether the base of the focal weight is u, and not P.
    fn is_shifted(&self) -> bool {
        self.formula.implementation != Implementation::DeepPsp
    }
}
