//! Takes a run of consecutive elements through the stages, block by block.

use super::arrays::FACTORS;
use super::block::{LANES, LARGE, labels, marked, output_block, steps};
use super::plan::Plan;
use crate::arithmetic::element::{ByType, Float};
use crate::arithmetic::{Arithmetic, Native, Scalar, Task, run};
use crate::arrays::sum::Accumulator;
use crate::settings::curvature::Curvature;
use crate::stages::columns::{GeneralScratch, Scratch};
use crate::stages::formula::{Class, Order, Stages};
use crate::stages::weights::{ElementWeights, Factors, Prepared, curvature_stage, preparation_stage};
use crate::stages::{Column, Steps};
use crate::targets::sparse::{CsrLabels, SparseCursor};
use std::ops::Range;

/// The steps of a block: as many as leave room for all columns in the nearest cache. Columns at a distance of a power of two would
/// get into each other's way there. An unoptimized build copies columns as it makes them, on a stack that may be small.
const SINGLE_STEPS: usize = if cfg!(unoptimized) { 1 } else { 9 };
const DOUBLE_STEPS: usize = if cfg!(unoptimized) { 1 } else { 5 };

/// Labels in a form that the kernel reads; every other form is converted first.
#[derive(Clone, Copy, Debug)]
pub(crate) enum LabelRun<'a, T> {
    Floats(&'a [T]),
    Bools(&'a [bool]),
    Bytes(&'a [u8]),
    Sparse(CsrLabels<'a>),
}

/// Consecutive elements to evaluate, and where the results go. All slices have one length.
#[derive(Debug)]
pub(crate) struct Run<'a, T: Float> {
    pub(crate) logits: &'a [T],
    pub(crate) labels: LabelRun<'a, T>,
    /// The label that stands for an unknown one, if there is such.
    pub(crate) unknown: Option<T>,
    /// What the results are multiplied by.
    pub(crate) factors: [Option<&'a [T]>; FACTORS],
    /// What the first of them is multiplied by before, if anything.
    pub(crate) weight_scale: Option<T>,
    /// Whether a factor may be 0, which leaves the element out.
    pub(crate) leaves_out: bool,
    /// The class of the first element.
    pub(crate) class: usize,
    /// Whether the class is that of all elements; otherwise classes follow each other, over and over.
    pub(crate) one_class: bool,
    /// Whether the derivatives in γ₊, m and γ₋ take the places of losses, gradient and Hessian.
    pub(crate) in_parameters: bool,
    /// What gradient and Hessian are multiplied by.
    pub(crate) scale: T,
    pub(crate) sum: &'a mut Accumulator<T>,
    pub(crate) losses: Option<&'a mut [T]>,
    pub(crate) gradient: Option<&'a mut [T]>,
    pub(crate) hessian: Option<&'a mut [T]>,
}

/// A label is outside [0, 1].
#[derive(Debug)]
pub struct InvalidLabel {
    /// The number of elements before it, in logical order, that are known to be valid.
    pub(crate) valid: usize,
}

/// Evaluates a run: `f32` and `f64` in vectors, other elements one by one.
pub(super) fn evaluate<'a, T: Float>(plan: &'a Plan<T>, run: Run<'a, T>) -> Result<(), InvalidLabel> {
    T::evaluate::<Elements>((plan, run))
}

struct Elements;

impl ByType for Elements {
    type Input<'a, T: Float> = (&'a Plan<T>, Run<'a, T>);
    type Output<'a, T: Float> = Result<(), InvalidLabel>;

    fn single<'a>((plan, mut elements): Self::Input<'a, f32>) -> Self::Output<'a, f32> {
        run(Evaluate::<f32, SINGLE_STEPS> { plan, run: &mut elements })
    }

    fn double<'a>((plan, mut elements): Self::Input<'a, f64>) -> Self::Output<'a, f64> {
        run(Evaluate::<f64, DOUBLE_STEPS> { plan, run: &mut elements })
    }

    fn any<'a, T: Float>((plan, run): Self::Input<'a, T>) -> Self::Output<'a, T> {
        if const { size_of::<T>() > LARGE } { scalars::<T, 1>(plan, run) } else { scalars::<T, LANES>(plan, run) }
    }
}

/// Not inlined, so that no call but this makes room for it on the stack.
#[inline(never)]
fn scalars<T: Float, const L: usize>(plan: &Plan<T>, mut run: Run<'_, T>) -> Result<(), InvalidLabel> {
    run.evaluate::<Scalar<T>, L, 1>((), plan)
}

/// A run, in blocks of at most `N` steps.
struct Evaluate<'a, 'b, T: Float, const N: usize> {
    plan: &'a Plan<T>,
    run: &'a mut Run<'b, T>,
}

impl<T: Native, const N: usize> Task<T> for Evaluate<'_, '_, T, N> {
    type Output = Result<(), InvalidLabel>;

    #[inline(always)]
    fn run<V: Arithmetic<Element = T>>(self, context: V::Context) -> Self::Output {
        self.run.evaluate::<V, LANES, N>(context, self.plan)
    }
}

impl<T: Float> Run<'_, T> {
    fn evaluate<V: Arithmetic<Element = T>, const L: usize, const N: usize>(
        &mut self,
        context: V::Context,
        plan: &Plan<T>,
    ) -> Result<(), InvalidLabel> {
        if self.logits.is_empty() {
            return Ok(());
        }
        let (classes, class) = (plan.table.classes, self.class);
        if classes > 1 && !self.one_class {
            return self.blocks::<V, _, L, N>(context, plan, |start, steps| {
                plan.table.block((class + start) % classes, steps)
            });
        }
        let row = plan.table.row(class);
        if self.logits.len() <= L {
            return self.blocks::<V, _, L, 1>(context, plan, |_, _| row);
        }
        self.blocks::<V, _, L, N>(context, plan, |_, _| row)
    }

    /// Evaluates the run, at most `N` steps at a time, given the constants of the classes of a block.
    #[inline(never)]
    fn blocks<V: Arithmetic<Element = T>, K: Column<V, L>, const L: usize, const N: usize>(
        &mut self,
        context: V::Context,
        plan: &Plan<T>,
        classes: impl Fn(usize, usize) -> Class<K>,
    ) -> Result<(), InvalidLabel> {
        let order = self.order();
        let mut inputs = Inputs::<T, L, N>::new(&self.labels);
        let mut results = [[[T::from_f64(0.0); L]; N]; 3];
        let mut scratch = Scratch::<T, L, N>::new();
        let (mut room, mut general) = (None::<Room<T, L, N>>, None);
        let mut is_common = true;
        let leaves_out = self.leaves_out || plan.leaves_out || self.unknown.is_some();
        let mut start = 0;
        while start < self.logits.len() {
            let range = start..self.logits.len().min(start + L * N);
            let steps = range.len().div_ceil(L);
            let class = classes(start, steps);
            let (mut logits, mut labels, factors) = inputs.block(self, &range);
            let weights = ElementWeights {
                unknown: self.unknown,
                smoothing: plan.formula.smoothing,
                class_weight: plan.weighs_classes.then_some(class.class_weight),
                pos_weight: plan.weighs_positives.then_some(class.pos_weight),
                factors,
                weight_scale: self.weight_scale,
                leaves_out,
            };
            let mut factors = weights.only_factor();
            if weights.must_be_prepared() {
                let Room { logits: z, labels: y, factors: [first, second] } = room.get_or_insert_with(Room::new);
                let mut prepared = Prepared {
                    logits: &mut z[..steps],
                    labels: &mut y[..steps],
                    factors: [&mut first[..steps], &mut second[..steps]],
                };
                let are_two = preparation_stage::<V, K, L>(context, &weights, logits, labels, &mut prepared);
                let Prepared { logits: z, labels: y, factors: [first, second] } = prepared;
                (logits, labels) = (z, y);
                factors = match weights.weighs() {
                    true => Factors::Prepared(first, are_two.then_some(second)),
                    false => Factors::Nothing,
                };
            }
            let stages = Stages { context, formula: &plan.formula, class, order, scale: self.scale };
            let [values, first, second] = &mut results;
            let mut columns = [
                output_block(&mut self.losses, &range, values),
                output_block(&mut self.gradient, &range, first),
                output_block(&mut self.hessian, &range, second),
            ];
            ask_for(columns[1]);
            // Where a block was not common, the next is not likely to be.
            is_common = is_common && stages.common(logits, labels, &mut scratch, &mut columns);
            if !is_common {
                let general = general.get_or_insert_with(GeneralScratch::new);
                let result = stages.general(logits, labels, &mut scratch, general, &mut columns);
                is_common = result.map_err(|_| InvalidLabel { valid: start })?;
            }
            if order == Order::Second && plan.curvature != Curvature::Exact {
                curvature_stage::<V, L>(context, plan.curvature, self.scale, columns[2]);
            }
            factors.multiply::<V>(context, &mut columns[..order.columns()]);
            let (sum, losses) = (&mut *self.sum, &columns[0].as_flattened()[..range.len()]);
            V::vectorized(
                context,
                #[inline(always)]
                || sum.add(losses),
            );
            if !range.len().is_multiple_of(L) {
                for (output, results) in
                    [&mut self.losses, &mut self.gradient, &mut self.hessian].into_iter().zip(&results)
                {
                    if let Some(output) = output {
                        output[range.clone()].copy_from_slice(&results.as_flattened()[..range.len()]);
                    }
                }
            }
            start = range.end;
        }
        Ok(())
    }

    /// What is asked for.
    fn order(&self) -> Order {
        match (self.in_parameters, &self.gradient, &self.hessian) {
            (true, ..) => Order::Parameters,
            (_, _, Some(_)) => Order::Second,
            (_, Some(_), _) => Order::First,
            _ => Order::Value,
        }
    }
}

/// Reads a number of every cache line of a column that is about to be written.
///
/// The stages come to the memory of inputs and outputs one after the other, each in a burst. The first stage reads all inputs; asked
/// for at the same time, the outputs are on their way while it waits.
#[inline(always)]
fn ask_for<T: Copy, const L: usize>(column: &Steps<T, L>) {
    for step in column {
        std::hint::black_box((step[0], step[L / 2]));
    }
}

/// The inputs of a block where they are not in steps.
struct Inputs<'a, T, const L: usize, const N: usize> {
    logits: [[T; L]; N],
    labels: [[T; L]; N],
    factors: [Option<[[T; L]; N]>; FACTORS],
    /// Where sparse labels are listed.
    cursor: Option<SparseCursor<'a>>,
}

/// Logits, labels and factors.
type Block<'a, T, const L: usize> = (&'a Steps<T, L>, &'a Steps<T, L>, [Option<&'a Steps<T, L>>; FACTORS]);

impl<'a, T: Float, const L: usize, const N: usize> Inputs<'a, T, L, N> {
    #[inline(always)]
    fn new(labels: &LabelRun<'a, T>) -> Self {
        let zeros = [[T::from_f64(0.0); L]; N];
        let cursor = match labels {
            LabelRun::Sparse(labels) => Some(labels.cursor()),
            _ => None,
        };
        Inputs { logits: zeros, labels: zeros, factors: [None; FACTORS], cursor }
    }

    #[inline(always)]
    fn block<'b>(&'b mut self, run: &Run<'a, T>, range: &Range<usize>) -> Block<'b, T, L> {
        let labels = match run.labels {
            LabelRun::Floats(floats) => steps(&floats[range.clone()], &mut self.labels),
            LabelRun::Bools(bools) => labels(&bools[range.clone()], &mut self.labels),
            LabelRun::Bytes(bytes) => labels(&bytes[range.clone()], &mut self.labels),
            LabelRun::Sparse(labels) => {
                marked(self.cursor.get_or_insert_with(|| labels.cursor()), range, &mut self.labels)
            }
        };
        let [first, second] = &mut self.factors;
        let zeros = || [[T::from_f64(0.0); L]; N];
        let factors = [
            run.factors[0].map(|factor| steps(&factor[range.clone()], first.get_or_insert_with(zeros))),
            run.factors[1].map(|factor| steps(&factor[range.clone()], second.get_or_insert_with(zeros))),
        ];
        (steps(&run.logits[range.clone()], &mut self.logits), labels, factors)
    }
}

/// Room for a block as the formula sees it.
struct Room<T, const L: usize, const N: usize> {
    logits: [[T; L]; N],
    labels: [[T; L]; N],
    factors: [[[T; L]; N]; 2],
}

impl<T: Float, const L: usize, const N: usize> Room<T, L, N> {
    fn new() -> Self {
        let zeros = [[T::from_f64(0.0); L]; N];
        Room { logits: zeros, labels: zeros, factors: [zeros; 2] }
    }
}
