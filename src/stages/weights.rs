//! What happens to elements before and after the loss: unknown labels, smoothing, weights, safeguards of the curvature.

use super::activation::bound;
use super::{Column, Each, Steps, for_each_value, stage};
use crate::arithmetic::element::Float;
use crate::arithmetic::{Arithmetic, Mask};
use crate::settings::curvature::Curvature;

/// What is to be known of the elements of a block, beside logits and labels.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ElementWeights<'a, T, K, const L: usize> {
    /// The label that stands for an unknown one, if there is such.
    pub(crate) unknown: Option<T>,
    /// 1 − α and α/2 of label smoothing.
    pub(crate) smoothing: Option<(T, T)>,
    /// The weights of the classes, and of their positives, where some are not 1.
    pub(crate) class_weight: Option<K>,
    pub(crate) pos_weight: Option<K>,
    /// Weights of the call, and an upstream gradient.
    pub(crate) factors: [Option<&'a Steps<T, L>>; 2],
    /// What the weights of the call are multiplied by, a power of two, where they are so small that their sum has no reciprocal.
    pub(crate) weight_scale: Option<T>,
    /// Whether elements may be left out: those of an unknown label, or of a weight of 0.
    pub(crate) leaves_out: bool,
}

/// A block as the formula sees it.
#[derive(Debug)]
pub(crate) struct Prepared<'a, T, const L: usize> {
    pub(crate) logits: &'a mut Steps<T, L>,
    pub(crate) labels: &'a mut Steps<T, L>,
    /// What the results are multiplied by, one after the other.
    pub(crate) factors: [&'a mut Steps<T, L>; 2],
}

/// What the results of a block are multiplied by.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Factors<'a, T, K, const L: usize> {
    Nothing,
    OfClasses(K),
    OfElements(&'a Steps<T, L>),
    /// The second only where their product is too small for the type.
    Prepared(&'a Steps<T, L>, Option<&'a Steps<T, L>>),
}

impl<T: Float, K: Copy, const L: usize> Factors<'_, T, K, L> {
    /// Multiplies columns of results.
    pub(crate) fn multiply<V: Arithmetic<Element = T>>(self, context: V::Context, columns: &mut [&mut Steps<T, L>])
    where
        K: Column<V, L>,
    {
        match self {
            Factors::Nothing => {}
            Factors::OfClasses(factor) => weighting_stage::<V, _, L>(context, factor, columns),
            Factors::OfElements(factor) => weighting_stage::<V, _, L>(context, Each(factor), columns),
            Factors::Prepared(first, second) => {
                weighting_stage::<V, _, L>(context, Each(first), columns);
                if let Some(second) = second {
                    weighting_stage::<V, _, L>(context, Each(second), columns);
                }
            }
        }
    }
}

impl<'a, T: Float, K: Copy, const L: usize> ElementWeights<'a, T, K, L> {
    /// Whether elements have to go through [`preparation_stage`].
    #[inline(always)]
    pub(crate) fn must_be_prepared(&self) -> bool {
        let weights = usize::from(self.class_weight.is_some()) + self.factors.iter().flatten().count();
        self.leaves_out
            || self.smoothing.is_some()
            || self.pos_weight.is_some()
            || self.weight_scale.is_some()
            || weights > 1
    }

    /// The factor of elements that are not prepared.
    #[inline(always)]
    pub(crate) fn only_factor(&self) -> Factors<'a, T, K, L> {
        match (self.class_weight, self.factors) {
            (Some(weight), _) => Factors::OfClasses(weight),
            (_, [Some(factor), _] | [_, Some(factor)]) => Factors::OfElements(factor),
            _ => Factors::Nothing,
        }
    }

    /// Whether there is any weight, or element to leave out.
    #[inline(always)]
    pub(crate) fn weighs(&self) -> bool {
        self.leaves_out || self.pos_weight.is_some() || !matches!(self.only_factor(), Factors::Nothing)
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

/// Two factors as one, and 1; as they are, where their product is too small for the type.
#[inline(always)]
fn joined<V: Arithmetic>(first: V, second: V) -> (V, V) {
    let product = first * second;
    let smallest = product.number(f64::from(-V::Element::MAX_EXPONENT).exp2());
    let is_small = smallest.gt(product.abs());
    (V::select(is_small, first, product), V::select(is_small, second, product.one()))
}

stage! {
    /// Takes 0 for logit, label and weight of elements that are left out, and smooths labels; one that is no label stays as it
    /// is. The weights have those of positives: a soft label has its own in the formula.
    ///
    /// Weights are joined to one factor, unless their product is too small for the type: then they are two, because a loss may be
    /// large enough to bring it back. Says whether that is so.
    fn preparation_stage[K][](
        context,
        weights: &ElementWeights<'_, V::Element, K, L>,
        logits: &Steps<V::Element, L>,
        labels: &Steps<V::Element, L>,
        to: &mut Prepared<'_, V::Element, L>,
    ) -> bool {
        let zero = V::filled(context, V::Element::from_f64(0.0));
        let mut too_small = zero.gt(zero);
        for_each_value!(V, L, logits.len(), |step, lane| {
            let (mut z, given) = (V::load(context, &logits[step], lane), V::load(context, &labels[step], lane));
            let one = z.one();
            let (mut y, mut first, mut second) = (given, one, one);
            if let Some((share, half)) = weights.smoothing {
                let smoothed = y.mul_add(y.splat(share), y.splat(half));
                y = V::select(y.ge(zero) & one.ge(y), smoothed, y);
            }
            let mut left_out = weights.is_unknown(given);
            if let Some(weight) = weights.class_weight {
                first = weight.load(context, step, lane);
            }
            if let Some(weight) = weights.pos_weight {
                first = first * V::select(y.eq(one), weight.load(context, step, lane), one);
            }
            left_out = left_out | first.eq(zero);
            if let Some(factor) = weights.factors[0] {
                let mut factor = V::load(context, &factor[step], lane);
                left_out = left_out | factor.eq(zero);
                if let Some(scale) = weights.weight_scale {
                    factor = factor * z.splat(scale);
                }
                (first, second) = joined(first, factor);
            }
            if let Some(factor) = weights.factors[1] {
                let factor = V::load(context, &factor[step], lane);
                left_out = left_out | factor.eq(zero);
                (first, second) = joined(first, second * factor);
            }
            too_small = too_small | !(second.eq(one) | left_out);
            if weights.leaves_out {
                (z, y) = (V::select(left_out, zero, z), V::select(left_out, zero, y));
                (first, second) = (V::select(left_out, zero, first), V::select(left_out, one, second));
            }
            z.store(&mut to.logits[step], lane);
            y.store(&mut to.labels[step], lane);
            first.store(&mut to.factors[0][step], lane);
            second.store(&mut to.factors[1][step], lane);
        });
        !(!too_small).all()
    }
}

stage! {
    /// Columns of results times a factor.
    fn weighting_stage[K][](
        context,
        factor: K,
        columns: &mut [&mut Steps<V::Element, L>],
    ) {
        let mut k = 0;
        while k < columns.len() {
            let column = &mut *columns[k];
            for_each_value!(V, L, column.len(), |step, lane| {
                let product = V::load(context, &column[step], lane) * factor.load(context, step, lane);
                product.store(&mut column[step], lane);
            });
            k += 1;
        }
    }
}

stage! {
    /// Results of labels that are 0 or 1 among those of soft labels.
    fn hard_stage[][](
        context,
        labels: &Steps<V::Element, L>,
        hard: &Steps<V::Element, L>,
        results: &mut Steps<V::Element, L>,
    ) {
        for_each_value!(V, L, labels.len(), |step, lane| {
            let y = V::load(context, &labels[step], lane);
            let (hard, here) = (V::load(context, &hard[step], lane), V::load(context, &results[step], lane));
            V::select(y.eq(y.zero()) | y.eq(y.one()), hard, here).store(&mut results[step], lane);
        });
    }
}

stage! {
    /// Replaces negative curvatures, which have been multiplied by a scale.
    fn curvature_stage[][](
        context,
        curvature: Curvature,
        scale: V::Element,
        curvatures: &mut Steps<V::Element, L>,
    ) {
        for_each_value!(V, L, curvatures.len(), |step, lane| {
            let h = V::load(context, &curvatures[step], lane);
            let (magnitude, floor) = match curvature {
                Curvature::Exact => return,
                Curvature::AtLeast(floor) => (h, floor),
                Curvature::Magnitude(floor) => (h.abs(), floor),
            };
            let floor = h.number(floor) * h.splat(scale);
            V::select(floor.gt(magnitude), floor, magnitude).store(&mut curvatures[step], lane);
        });
    }
}

/// What the labels and logits of a block are.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Survey {
    /// All labels are from 0 to 1.
    pub(crate) is_valid: bool,
    /// All logits are within the [`bound`].
    pub(crate) is_moderate: bool,
    /// Some are 0 or 1; some are between.
    pub(crate) has_hard: bool,
    pub(crate) has_soft: bool,
}

stage! {
    /// Surveys a block.
    fn survey[][](
        context,
        logits: &Steps<V::Element, L>,
        labels: &Steps<V::Element, L>,
    ) -> Survey {
        let zero = V::filled(context, V::Element::from_f64(0.0));
        let (mut valid, mut hard, mut soft) = (zero.eq(zero), zero.gt(zero), zero.gt(zero));
        let mut moderate = valid;
        for_each_value!(V, L, labels.len(), |step, lane| {
            let (z, y) = (V::load(context, &logits[step], lane), V::load(context, &labels[step], lane));
            let is_hard = y.eq(zero) | y.eq(y.one());
            moderate = moderate & bound(z).ge(z.abs());
            valid = valid & y.ge(zero) & y.one().ge(y);
            (hard, soft) = (hard | is_hard, soft | !is_hard);
        });
        Survey {
            is_valid: valid.all(),
            is_moderate: moderate.all(),
            has_hard: !(!hard).all(),
            has_soft: !(!soft).all(),
        }
    }
}
