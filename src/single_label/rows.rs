//! Rows of logits: `f32` and `f64` in vectors, other elements one by one.

use super::plan::Plan;
use super::row::{Results, Row, Scratch, Target};
use crate::arithmetic::element::{ByType, Float};
use crate::arithmetic::{Arithmetic, Native, Scalar, Task, run};
use crate::kernel::{LANES, LARGE};
use std::ops::Range;

/// The steps of a block, such that most rows are one. Columns at a distance of a power of two would get into each other's way in the cache. An
/// unoptimized build has a stack that may be small.
const STEPS: usize = if cfg!(unoptimized) { 1 } else { 33 };

/// The largest number of classes in a block.
pub(super) const LONGEST: usize = STEPS * LANES;

/// The elements in a step, and the steps of a block, where they go one by one: a row may have few classes.
const FEW: usize = 8;

/// Rows to evaluate, one behind the other, and where the results go.
#[derive(Debug)]
pub(crate) struct Rows<'a, T: Float> {
    pub(super) classes: usize,
    pub(super) logits: &'a [T],
    /// One per row.
    pub(super) targets: &'a [Target],
    /// What the results of each row are multiplied by.
    pub(super) weights: &'a [T::Sum],
    /// The target probabilities of the classes in the targets; there if a target is spread.
    pub(super) target_probs: &'a [T],
    /// What the Hessian is multiplied with.
    pub(super) vector: Option<&'a [T]>,
    /// What all results but the losses are multiplied by.
    pub(super) scale: T,
    /// One per row.
    pub(super) losses: &'a mut [T],
    /// Gradient, diagonal of the Hessian, product of Hessian and vector.
    pub(super) results: Results<'a, T>,
}

/// Evaluates rows: `f32` and `f64` in vectors, other elements one by one.
pub(super) fn evaluate<'a, T: Float>(plan: &'a Plan<T>, rows: Rows<'a, T>) {
    T::evaluate::<InRows>((plan, rows));
}

struct InRows;

impl ByType for InRows {
    type Input<'a, T: Float> = (&'a Plan<T>, Rows<'a, T>);
    type Output<'a, T: Float> = ();

    fn single<'a>((plan, rows): Self::Input<'a, f32>) -> Self::Output<'a, f32> {
        run(Evaluate { plan, rows });
    }

    fn double<'a>((plan, rows): Self::Input<'a, f64>) -> Self::Output<'a, f64> {
        run(Evaluate { plan, rows });
    }

    fn any<'a, T: Float>((plan, rows): Self::Input<'a, T>) -> Self::Output<'a, T> {
        if const { size_of::<T>() > LARGE } {
            scalars::<T, 1, 1>(plan, rows);
        } else {
            scalars::<T, FEW, { LANES / FEW }>(plan, rows);
        }
    }
}

/// Not inlined, so that no call but this makes room for it on the stack.
#[inline(never)]
fn scalars<T: Float, const L: usize, const N: usize>(plan: &Plan<T>, rows: Rows<'_, T>) {
    rows.evaluate::<Scalar<T>, L, N>((), plan);
}

struct Evaluate<'a, T: Float> {
    plan: &'a Plan<T>,
    rows: Rows<'a, T>,
}

impl<T: Native> Task<T> for Evaluate<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<V: Arithmetic<Element = T>>(self, context: V::Context) {
        if const { V::LANES == 1 } {
            self.rows.evaluate::<V, FEW, STEPS>(context, self.plan);
        } else if self.rows.classes <= LANES {
            self.rows.evaluate::<V, LANES, 1>(context, self.plan);
        } else {
            self.rows.evaluate::<V, LANES, STEPS>(context, self.plan);
        }
    }
}

impl<T: Float> Rows<'_, T> {
    #[inline(never)]
    fn evaluate<V: Arithmetic<Element = T>, const L: usize, const N: usize>(
        mut self,
        context: V::Context,
        plan: &Plan<T>,
    ) {
        let mut scratch = Scratch::<T, L, N>::new();
        for (row, &target) in self.targets.iter().enumerate() {
            let range = row * self.classes..(row + 1) * self.classes;
            let mut results = parts(&mut self.results, &range);
            let target_probs = if target == Target::Spread { &self.target_probs[range.clone()] } else { &[] };
            let vector = self.vector.map_or(&[][..], |vector| &vector[range.clone()]);
            let input = Row { plan, logits: &self.logits[range], target, target_probs, vector };
            let weight = self.weights[row];
            self.losses[row] = input.evaluate::<V, L, N>(context, weight, self.scale, &mut scratch, &mut results);
        }
    }
}

/// The parts of outputs that belong to some rows.
pub(super) fn parts<'a, T>(outputs: &'a mut Results<'_, T>, range: &Range<usize>) -> Results<'a, T> {
    outputs.each_mut().map(|output| output.as_mut().map(|output| &mut output[range.clone()]))
}
