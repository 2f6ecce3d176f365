//! A row of logits, what it is to be, and where its results go.

use super::plan::Plan;
use crate::element::Float;

/// What a row is to be.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Target {
    /// Nothing: the row does not count.
    Absent,
    /// One class.
    Class(usize),
    /// Spread over classes.
    Spread,
}

/// How many derivatives are asked for.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
pub(super) enum Order {
    Value,
    First,
    Second,
}

/// Gradient, diagonal of the Hessian, product of Hessian and vector: those that are asked for.
pub(super) type Results<'a, T> = [Option<&'a mut [T]>; 3];

pub(super) const GRADIENT: usize = 0;
pub(super) const HESSIAN: usize = 1;
pub(super) const PRODUCT: usize = 2;

/// One row of logits and what it is to be.
#[derive(Clone, Copy)]
pub(super) struct Row<'a, T> {
    pub(super) plan: &'a Plan<T>,
    pub(super) logits: &'a [T],
    pub(super) target: Target,
    /// Empty unless the target is spread over classes.
    pub(super) shares: &'a [T],
    /// Empty unless the Hessian is to be multiplied with a vector.
    pub(super) vector: &'a [T],
}

#[inline(always)]
pub(super) fn fill<T: Float>(results: &mut Results<'_, T>, x: T) {
    for output in results.iter_mut().flatten() {
        output.fill(x);
    }
}

impl<T: Float> Row<'_, T> {
    /// The mean of the weights of the classes, by their shares in the target.
    pub(super) fn mean_class_weight(&self) -> T::Sum {
        let weights = &self.plan.class_weight;
        if weights.is_uniform {
            return weights.of(0).into();
        }
        let zero = T::Sum::from_f64(0.0);
        let (mut weighted, mut total) = (zero, zero);
        for (class, &y) in self.shares.iter().enumerate() {
            weighted = weighted + T::Sum::from(y) * T::Sum::from(weights.of(class));
            total = total + T::Sum::from(y);
        }
        weighted / total
    }
}
