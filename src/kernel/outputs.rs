//! Where the results of a call go.

use ndarray::{ArrayView, ArrayViewMut, Axis, Dimension};

/// What is asked for beside the value, and where it goes.
#[derive(Debug)]
pub struct Outputs<'a, T, D: Dimension, E: Dimension> {
    pub(crate) losses: Option<ArrayViewMut<'a, T, E>>,
    /// Gradient, diagonal of the Hessian, product of the Hessian with the vector.
    pub(crate) derivatives: [Option<ArrayViewMut<'a, T, D>>; 3],
    pub(crate) vector: Option<ArrayView<'a, T, D>>,
}

impl<T, D: Dimension, E: Dimension> Default for Outputs<'_, T, D, E> {
    fn default() -> Self {
        Outputs { losses: None, derivatives: [const { None }; 3], vector: None }
    }
}

impl<'a, T, D: Dimension, E: Dimension> Outputs<'a, T, D, E> {
    /// Derivatives alone.
    pub(crate) fn of(derivatives: [Option<ArrayViewMut<'a, T, D>>; 3]) -> Self {
        Outputs { derivatives, ..Outputs::default() }
    }

    /// The same, borrowed.
    pub(crate) fn reborrow(&mut self) -> Outputs<'_, T, D, E> {
        Outputs {
            losses: self.losses.as_mut().map(|array| array.view_mut()),
            derivatives: self.derivatives.each_mut().map(|array| array.as_mut().map(|array| array.view_mut())),
            vector: self.vector.as_ref().map(|array| array.view()),
        }
    }

    /// Both parts, cut at an index of an axis.
    pub(crate) fn split_at(self, axis: Axis, index: usize) -> (Self, Self) {
        let (losses, losses_right) = self.losses.map(|array| array.split_at(axis, index)).unzip();
        let (derivatives, derivatives_right) = split(self.derivatives, |array| array.split_at(axis, index));
        let (vector, vector_right) = self.vector.map(|array| array.split_at(axis, index)).unzip();
        let right = Outputs { losses: losses_right, derivatives: derivatives_right, vector: vector_right };
        (Outputs { losses, derivatives, vector }, right)
    }
}

/// Both parts of those arrays that are there.
pub(crate) fn split<A, const N: usize>(
    arrays: [Option<A>; N],
    split: impl Fn(A) -> (A, A),
) -> ([Option<A>; N], [Option<A>; N]) {
    let mut right = [const { None }; N];
    let mut rights = right.iter_mut();
    let left = arrays.map(|array| {
        let (left, right) = array.map(&split).unzip();
        if let Some(to) = rights.next() {
            *to = right;
        }
        left
    });
    (left, right)
}
