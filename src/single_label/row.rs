//! A row of logits, taken through the stages in blocks: for the softmax, for the sums of what the classes contribute, and for the
//! derivatives.

use super::formula::{
    Block, RowConstants, TERMS, Totals, bent_stage, class_stage, derivative_stage, mean_stage, probability_stage, sum,
};
use super::plan::Plan;
use crate::arithmetic::element::Float;
use crate::arithmetic::{Arithmetic, Pair, Scalar};
use crate::arrays::sum::{Total, rounded};
use crate::kernel::{output_block, steps};
use crate::stages::Steps;
use crate::stages::focal::Jet;
use crate::stages::softmax::{Softmax, Top, exponential_stage};
use std::ops::Range;

/// What a row is to be.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Target {
    /// Nothing: the row does not count.
    Ignored,
    /// One class.
    Class(usize),
    /// Spread over classes.
    Spread,
}

/// Gradient, diagonal of the Hessian, product of Hessian and vector: those that are asked for.
pub(super) type Results<'a, T> = [Option<&'a mut [T]>; 3];

/// One row of logits and what it is to be.
#[derive(Clone, Copy)]
pub(super) struct Row<'a, T> {
    pub(super) plan: &'a Plan<T>,
    pub(super) logits: &'a [T],
    pub(super) target: Target,
    /// Empty unless the target is spread over classes.
    pub(super) target_probs: &'a [T],
    /// Empty unless the Hessian is to be multiplied with a vector.
    pub(super) vector: &'a [T],
}

/// Columns of a block of at most `N` steps of `L` classes.
pub(super) struct Scratch<T, const L: usize, const N: usize> {
    /// e_c.
    powers: [[T; L]; N],
    terms: [[[T; L]; N]; TERMS],
    /// Logits, target probabilities, the vector and results, where they do not fill a step.
    inputs: [[[T; L]; 1]; 3],
    outputs: [[[T; L]; 1]; 3],
}

impl<T: Float, const L: usize, const N: usize> Scratch<T, L, N> {
    pub(super) fn new() -> Self {
        let (zeros, step) = ([[T::from_f64(0.0); L]; N], [[[T::from_f64(0.0); L]; 1]; 3]);
        Scratch { powers: zeros, terms: [zeros; TERMS], inputs: step, outputs: step }
    }
}

/// p, 1 − p and the loss of one class.
#[derive(Clone, Copy)]
struct Own<T> {
    p: T,
    q: T,
    loss: Jet<T>,
}

/// Those classes that fill steps, and the rest of them; each with its steps, counted from that of the first class of the block.
fn parts<const L: usize>(
    first: usize,
    classes: &Range<usize>,
) -> impl Iterator<Item = (Range<usize>, Range<usize>)> + use<L> {
    let middle = classes.end - classes.len() % L;
    let parts = [classes.start..middle, middle..classes.end].into_iter().filter(|part| !part.is_empty());
    parts.map(move |part| (part.clone(), (part.start - first) / L..(part.end - first).div_ceil(L)))
}

/// Where derivatives of some classes go: nowhere, if they are not asked for.
fn steps_of<'a, T, const L: usize>(
    output: &'a mut Option<&mut [T]>,
    part: &Range<usize>,
    buffer: &'a mut Steps<T, L>,
) -> &'a mut Steps<T, L> {
    if output.is_none() { &mut [] } else { output_block(output, part, buffer) }
}

/// The sum of no terms.
fn nothing<T: Float>() -> Total<T> {
    Pair::single(Scalar(T::Sum::from_f64(0.0)))
}

impl<T: Float> Row<'_, T> {
    /// The loss of the row; its derivatives go to slices.
    pub(super) fn evaluate<V: Arithmetic<Element = T>, const L: usize, const N: usize>(
        &self,
        context: V::Context,
        weight: T::Sum,
        scale: T,
        scratch: &mut Scratch<T, L, N>,
        results: &mut Results<'_, T>,
    ) -> T {
        let weight = weight * self.class_weight();
        let top = if weight == T::Sum::from_f64(0.0) { None } else { Top::of::<V, L>(context, self.logits) };
        let Some(top) = top else {
            let x = T::from_f64(if weight == T::Sum::from_f64(0.0) { 0.0 } else { f64::NAN });
            results.iter_mut().flatten().for_each(|output| output.fill(x));
            return x;
        };
        let mut blocks = InBlocks::<V, L, N> { context, row: *self, scratch, results };
        let softmax = blocks.softmax(top);
        let loss = blocks.losses_of_classes(&softmax, T::from_sum(weight * T::Sum::from(scale)));
        T::from_sum(weight * T::Sum::from(loss))
    }

    /// The weight of the target: that of its class, or the mean of those of all classes by their probabilities.
    fn class_weight(&self) -> T::Sum {
        let (plan, zero) = (self.plan, T::Sum::from_f64(0.0));
        match self.target {
            Target::Ignored => zero,
            Target::Class(class) => plan.weight(class).into(),
            Target::Spread if plan.has_one_weight => plan.weight(0).into(),
            Target::Spread => {
                let (mut weighted, mut total) = (zero, zero);
                for (class, &y) in self.target_probs.iter().enumerate() {
                    weighted = weighted + T::Sum::from(y) * T::Sum::from(plan.weight(class));
                    total = total + T::Sum::from(y);
                }
                weighted / total
            }
        }
    }
}

/// A row on its way through the stages, and what it takes.
struct InBlocks<'a, 'b, V: Arithmetic, const L: usize, const N: usize> {
    context: V::Context,
    row: Row<'a, V::Element>,
    scratch: &'a mut Scratch<V::Element, L, N>,
    results: &'a mut Results<'b, V::Element>,
}

impl<T: Float, V: Arithmetic<Element = T>, const L: usize, const N: usize> InBlocks<'_, '_, V, L, N> {
    /// Whether the row is a single block.
    fn is_one(&self) -> bool {
        self.row.logits.len() <= L * N
    }

    /// The classes of each block.
    fn ranges(&self) -> impl Iterator<Item = Range<usize>> + use<T, V, L, N> {
        let classes = self.row.logits.len();
        (0..classes).step_by(L * N).map(move |start| start..classes.min(start + L * N))
    }

    /// The softmax. The e_c of a row of more than one block go to the first of the outputs that is there.
    fn softmax(&mut self, top: Top<T>) -> Softmax<T> {
        let mut rest = nothing::<T>();
        let is_one = self.is_one();
        for range in self.ranges() {
            self.exponentials(&top, &range);
            let powers = &mut self.scratch.powers;
            if let Some(output) = self.results.iter_mut().flatten().next().filter(|_| !is_one) {
                output[range.clone()].copy_from_slice(&powers.as_flattened()[..range.len()]);
            }
            rest = rest.plus(sum::<V, L>(self.context, powers, &range, top.class));
        }
        Softmax::new(top, rounded::<T>(rest))
    }

    /// The e_c of a block.
    fn exponentials(&mut self, top: &Top<T>, range: &Range<usize>) {
        for (part, at) in parts::<L>(range.start, range) {
            let logits = steps(&self.row.logits[part], &mut self.scratch.inputs[0]);
            exponential_stage::<V, L>(self.context, top, logits, &mut self.scratch.powers[at]);
        }
    }

    /// The loss of the row, unweighted, and its derivatives, multiplied by a scale.
    ///
    /// The target class, or the largest logit of a target that is spread, is left out of the sums over classes: its complement
    /// 1 − p keeps the digits that p has lost. It goes through the same stages as the others.
    fn losses_of_classes(&mut self, softmax: &Softmax<T>, scale: T) -> T {
        let (context, row, zero) = (self.context, self.row, T::from_f64(0.0));
        let order = match self.results {
            [None, None, None] => 0,
            [_, None, None] => 1,
            _ => 2,
        };
        let epsilon = row.plan.label_smoothing;
        // Smoothing that rounds to nothing is none.
        let floor = T::from_f64(epsilon / row.logits.len() as f64);
        let constants = &RowConstants { softmax: *softmax, keep: T::from_f64(1.0 - epsilon), floor, order };
        let (excluded, is_alone) = match row.target {
            Target::Class(class) => (class, floor <= zero),
            _ => (softmax.top.class, false),
        };
        let (top, no_loss) = (softmax.top.class, Jet { value: zero, first: zero, second: zero });
        let origin = row.vector.get(top).copied().unwrap_or(zero);
        let mut totals = Totals { first: zero, second: zero, mean: zero, origin, bent: zero, scale };
        if !row.vector.is_empty() {
            totals.mean = self.mean_of_vector(softmax, origin);
        }
        let mut classes = [Own { p: softmax.reciprocal, q: softmax.rest * softmax.reciprocal, loss: no_loss }; 2];
        let mut sums = [nothing::<T>(); 4];
        let columns = if row.vector.is_empty() { 1 + order } else { 4 };
        // Where no other class has a loss, the step of the target is enough.
        let start = excluded / L * L;
        let step = is_alone.then(|| start..row.logits.len().min(start + L));
        for range in step.into_iter().chain(self.ranges()) {
            self.terms(&range, constants, true);
            for (own, class) in classes.iter_mut().zip([excluded, top]) {
                if range.contains(&class) && (class == excluded || !is_alone) {
                    *own = self.own(class, &range, softmax);
                }
            }
            if is_alone {
                break;
            }
            if !row.vector.is_empty() {
                for (part, at) in parts::<L>(range.start, &range) {
                    let vector = steps(&row.vector[part], &mut self.scratch.inputs[2]);
                    let [.., second, bent] = &mut self.scratch.terms;
                    bent_stage::<V, L>(context, &totals, vector, &second[at.clone()], &mut bent[at]);
                }
            }
            for (terms, total) in self.scratch.terms[1..].iter_mut().zip(&mut sums).take(columns) {
                *total = total.plus(sum::<V, L>(context, terms, &range, excluded));
            }
        }
        let others = sums.map(|sum| T::from_sum(rounded::<T>(sum)));
        let [Own { p: own_p, q: own_q, loss: own }, of_top] = classes;
        let ([value, first, second, bent], v) = (others, row.vector.get(excluded).copied().unwrap_or(zero) - origin);
        let v = v - totals.mean;
        (totals.first, totals.second) = (first + own.first, second + own.second);
        totals.bent = bent + own.second * v;
        if order > 0 {
            self.write(constants, &totals, is_alone);
        }
        let [gradient, hessian, product] = self.results;
        if let Some(gradient) = gradient {
            gradient[excluded] = (own.first * own_q - own_p * first) * scale;
        }
        if let Some(hessian) = hessian {
            let diagonal =
                |p: T, q: T, own: T, others: T| (own * q * q - p * q * totals.first + p * p * others) * scale;
            hessian[excluded] = diagonal(own_p, own_q, own.second, second);
            if top != excluded {
                let Own { p, q, loss } = of_top;
                hessian[top] = diagonal(p, q, loss.second, totals.second - loss.second);
            }
        }
        if let Some(product) = product {
            product[excluded] = ((own.second * own_q - own_p * totals.first) * v - own_p * bent) * scale;
        }
        value + own.value
    }

    /// p, 1 − p and the loss of one class of a block whose terms are known.
    fn own(&self, class: usize, range: &Range<usize>, softmax: &Softmax<T>) -> Own<T> {
        let offset = class - range.start;
        let [p, value, first, second, _] = self.scratch.terms.each_ref().map(|terms| terms.as_flattened()[offset]);
        let power = self.scratch.powers.as_flattened()[if self.is_one() { class } else { offset }];
        let q = softmax.probability(Scalar(power), Scalar(self.row.logits[class])).q.0;
        Own { p, q, loss: Jet { value, first, second } }
    }

    /// The terms of the classes of a block, the target as such or as any other.
    fn terms(&mut self, range: &Range<usize>, constants: &RowConstants<T>, has_target: bool) {
        self.powers(range, &constants.softmax);
        let (row, first) = (self.row, if self.is_one() { range.start / L } else { 0 });
        // The step of the target goes through the stage by itself: only there both losses are needed.
        let of_target = match row.target {
            Target::Class(class) if has_target && range.contains(&class) => {
                let start = class / L * L;
                start..range.end.min(start + L)
            }
            _ => range.start..range.start,
        };
        for cut in [range.start..of_target.start, of_target.clone(), of_target.end..range.end] {
            for (part, at) in parts::<L>(range.start, &cut) {
                let Scratch { powers, terms, inputs: [logits, target_probs, _], .. } = &mut *self.scratch;
                let target_probs = match row.target {
                    Target::Spread => Some(steps(&row.target_probs[part.clone()], target_probs)),
                    Target::Class(class) if has_target && part.contains(&class) => {
                        target_probs[0].fill(T::from_f64(0.0));
                        target_probs[0][class - part.start] = T::from_f64(1.0);
                        Some(&target_probs[..])
                    }
                    _ => None,
                };
                let logits = steps(&row.logits[part.clone()], logits);
                let powers = &powers[first + at.start..first + at.end];
                let block = Block { class: part.start, logits, powers, target_probs };
                let mut terms = terms.each_mut().map(|term| &mut term[at.clone()]);
                class_stage::<V, L>(self.context, row.plan, constants, &block, &mut terms);
            }
        }
    }

    /// The e_c of a block, unless it is the only one: then they are there.
    fn powers(&mut self, range: &Range<usize>, softmax: &Softmax<T>) {
        if self.is_one() {
            return;
        }
        match self.results.iter().flatten().next() {
            Some(powers) => {
                self.scratch.powers.as_flattened_mut()[..range.len()].copy_from_slice(&powers[range.clone()]);
            }
            None => self.exponentials(&softmax.top, range),
        }
    }

    /// Σ p·v, where v is measured from that of the largest logit.
    fn mean_of_vector(&mut self, softmax: &Softmax<T>, origin: T) -> T {
        let mut mean = nothing::<T>();
        for range in self.ranges() {
            self.powers(&range, softmax);
            let Scratch { powers, terms: [means, ..], inputs, .. } = &mut *self.scratch;
            for (part, at) in parts::<L>(range.start, &range) {
                let vector = steps(&self.row.vector[part], &mut inputs[2]);
                let powers = &powers[at.clone()];
                mean_stage::<V, L>(self.context, softmax.reciprocal, origin, powers, vector, &mut means[at]);
            }
            mean = mean.plus(sum::<V, L>(self.context, means, &range, softmax.top.class));
        }
        T::from_sum(rounded::<T>(mean))
    }

    /// Writes the derivatives of all classes; that which is left out is of no account yet.
    fn write(&mut self, constants: &RowConstants<T>, totals: &Totals<T>, is_alone: bool) {
        let wanted = self.results.each_ref().map(Option::is_some);
        for range in self.ranges() {
            let count = range.len().div_ceil(L);
            if is_alone {
                self.powers(&range, &constants.softmax);
                let Scratch { powers, terms: [p, _, first, second, _], .. } = &mut *self.scratch;
                for terms in [first, second] {
                    terms[..count].fill([T::from_f64(0.0); L]);
                }
                probability_stage::<V, L>(self.context, constants.softmax.reciprocal, &powers[..count], p);
            } else if !self.is_one() {
                self.terms(&range, constants, false);
            }
            for (part, at) in parts::<L>(range.start, &range) {
                let Scratch { powers, terms, inputs, outputs } = &mut *self.scratch;
                let vector = match self.row.vector {
                    [] => &powers[at.clone()],
                    vector => steps(&vector[part.clone()], &mut inputs[2]),
                };
                let [p, _, first, second, _] = terms.each_ref().map(|terms| &terms[at.clone()]);
                let ([a, b, c], [gradient, hessian, product]) = (&mut *outputs, &mut *self.results);
                let mut to = [steps_of(gradient, &part, a), steps_of(hessian, &part, b), steps_of(product, &part, c)];
                derivative_stage::<V, L>(self.context, totals, wanted, [p, first, second], vector, &mut to);
                for (output, column) in self.results.iter_mut().zip(&*outputs) {
                    if let Some(output) = output.as_mut().filter(|_| part.len() < L) {
                        output[part.clone()].copy_from_slice(&column[0][..part.len()]);
                    }
                }
            }
        }
    }
}
