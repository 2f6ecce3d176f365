//! Rows of logits, taken through the passes: `f32` and `f64` in vectors, other elements one by one.

use super::plan::Plan;
use super::row::{Results, Row, Target};
use super::stretch::STRETCH;
use crate::arithmetic::{Arithmetic, Native, Scalar, Task, run};
use crate::element::Float;
use crate::kernel::LARGE;
use std::ops::Range;

/// Rows to evaluate, one behind the other, and where the results go.
#[derive(Debug)]
pub struct Rows<'a, T: Float> {
    pub(super) classes: usize,
    pub(super) logits: &'a [T],
    /// One per row.
    pub(super) targets: &'a [Target],
    /// What the results of each row are multiplied by.
    pub(super) weights: &'a [T::Sum],
    /// The shares of the classes in the targets; there if a target is spread.
    pub(super) shares: &'a [T],
    /// What the Hessian is multiplied with.
    pub(super) vector: Option<&'a [T]>,
    /// What all results but the losses are multiplied by.
    pub(super) scale: T,
    /// One per row.
    pub(super) losses: &'a mut [T],
    /// Gradient, diagonal of the Hessian, product of Hessian and vector.
    pub(super) results: Results<'a, T>,
}

/// Evaluates rows, one element after the other.
pub(crate) fn one_by_one<T: Float>(plan: &Plan<T>, rows: Rows<'_, T>) {
    if const { size_of::<T>() > LARGE } { scalars::<T, 1>(plan, rows) } else { scalars::<T, STRETCH>(plan, rows) }
}

/// Not inlined, so that no call but this makes room for it on the stack.
#[inline(never)]
fn scalars<T: Float, const N: usize>(plan: &Plan<T>, rows: Rows<'_, T>) {
    all::<Scalar<T>, N>((), plan, rows);
}

/// Evaluates rows in vectors.
pub(crate) fn in_vectors<T: Native>(plan: &Plan<T>, rows: Rows<'_, T>) {
    run(Evaluate { plan, rows });
}

struct Evaluate<'a, T: Float> {
    plan: &'a Plan<T>,
    rows: Rows<'a, T>,
}

impl<T: Native> Task<T> for Evaluate<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<V: Arithmetic<Element = T>>(self, context: V::Context) {
        all::<V, STRETCH>(context, self.plan, self.rows);
    }
}

#[inline(always)]
fn all<V: Arithmetic, const N: usize>(context: V::Context, plan: &Plan<V::Element>, rows: Rows<'_, V::Element>) {
    let Rows { classes, logits, targets, weights, shares, vector, scale, losses, mut results } = rows;
    let mut row = 0;
    while row < targets.len() {
        let range = row * classes..(row + 1) * classes;
        let [gradient, hessian, product] = &mut results;
        let mut results = [part(gradient, &range), part(hessian, &range), part(product, &range)];
        let input = Row {
            plan,
            logits: &logits[range.clone()],
            target: targets[row],
            shares: if let Target::Spread = targets[row] { &shares[range.clone()] } else { &[] },
            vector: match vector {
                Some(vector) => &vector[range],
                None => &[],
            },
        };
        losses[row] = input.evaluate::<V, N>(context, weights[row], scale, &mut results);
        row += 1;
    }
}

/// The part of an output that belongs to a row.
#[inline(always)]
pub(super) fn part<'a, T>(output: &'a mut Option<&mut [T]>, range: &Range<usize>) -> Option<&'a mut [T]> {
    match output {
        Some(output) => Some(&mut output[range.clone()]),
        None => None,
    }
}
