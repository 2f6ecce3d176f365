//! Sums over rows of the derivatives in the parameters.

use super::arrays::{Arrays, Fault, Leaf, Pass};
use super::kind::Position;
use super::traverse::in_halves;
use crate::arithmetic::element::{Element, Float};
use crate::arrays::sum::{Accumulator, rounded};
use crate::kernel::arrays::Source;
use crate::kernel::kind::MultiLabel;
use crate::kernel::outputs::Outputs;
use ndarray::{Array, ArrayView, Dimension};

/// The largest number of elements whose derivatives are in memory at once: such as fit into the first cache.
const ELEMENTS_IN_LEAF: usize = 1 << 11;

/// The derivatives of a sum of losses in γ₊, m and γ₋ of classes that follow each other.
#[derive(Debug)]
pub(crate) struct Slopes<T> {
    class: usize,
    /// Per class where settings are, else one value.
    pub(crate) sums: [Vec<T>; 3],
}

/// Evaluates the derivatives in the parameters of all elements and adds them up.
pub(crate) fn slopes<T: Element, D: Dimension, R: Source<D, Kind = MultiLabel>>(
    pass: &Pass<'_, T::Float, MultiLabel>,
    arrays: Arrays<'_, T, D, R>,
) -> Result<Slopes<<T::Float as Float>::Sum>, Fault> {
    let axis = arrays.logits.ndim().saturating_sub(1);
    walk(pass, arrays, Position { class: 0, axis })
}

fn walk<T: Element, D: Dimension, R: Source<D, Kind = MultiLabel>>(
    pass: &Pass<'_, T::Float, MultiLabel>,
    arrays: Arrays<'_, T, D, R>,
    position: Position,
) -> Result<Slopes<<T::Float as Float>::Sum>, Fault> {
    if arrays.logits.len() <= ELEMENTS_IN_LEAF {
        return leaf(pass, arrays, position);
    }
    let [left, right] = in_halves(arrays, position, |arrays, position| walk(pass, arrays, position))?;
    Ok(left.plus(right, pass.plan.table.classes > 1))
}

/// Not inlined, because its arrays would take room in every frame of the recursion.
#[inline(never)]
fn leaf<T: Element, D: Dimension, R: Source<D, Kind = MultiLabel>>(
    pass: &Pass<'_, T::Float, MultiLabel>,
    arrays: Arrays<'_, T, D, R>,
    position: Position,
) -> Result<Slopes<<T::Float as Float>::Sum>, Fault> {
    // Sums of a narrow type would lose digits.
    let floats = |array: &ArrayView<'_, T, D>| array.map(|element| element.to_float());
    let logits = floats(&arrays.logits);
    let factors = arrays.factors.each_ref().map(|factor| factor.as_ref().map(floats));
    let mut slopes = [(); 3].map(|()| Array::from_elem(logits.raw_dim(), T::Float::from_f64(0.0)));
    let [gamma_pos, prob_margin, gamma_neg] = &mut slopes;
    let outputs = Outputs {
        losses: Some(gamma_pos.view_mut()),
        ..Outputs::of([Some(prob_margin.view_mut()), Some(gamma_neg.view_mut()), None])
    };
    let factors = factors.each_ref().map(|factor| factor.as_ref().map(|factor| factor.view()));
    let floats = Arrays { logits: logits.view(), source: arrays.source, factors, outputs };
    R::evaluate(Leaf { pass, arrays: floats, position, sum: &mut Accumulator::new(None) })?;
    let per_class = pass.plan.table.classes > 1;
    let width = logits.shape().last().copied().unwrap_or(1);
    let sums = slopes.map(|slopes| {
        let (slopes, _) = slopes.into_raw_vec_and_offset();
        if per_class { columns(&slopes, width) } else { vec![total(&slopes)] }
    });
    Ok(Slopes { class: position.class, sums })
}

/// The sum of all.
fn total<T: Float>(slopes: &[T]) -> T::Sum {
    let mut sum = Accumulator::new(None);
    sum.add(slopes);
    rounded::<T>(sum.total())
}

/// The sums over rows.
fn columns<T: Float>(slopes: &[T], width: usize) -> Vec<T::Sum> {
    let mut sums = vec![T::Sum::from_f64(0.0); width];
    for row in slopes.chunks_exact(width.max(1)) {
        sums.iter_mut().zip(row).for_each(|(sum, &slope)| *sum = *sum + slope.into());
    }
    sums
}

impl<T: Float> Slopes<T> {
    /// Those of the same classes in more rows, or of more classes in the same rows.
    fn plus(mut self, other: Self, per_class: bool) -> Self {
        let follows = per_class && other.class > self.class;
        for (sums, more) in self.sums.iter_mut().zip(other.sums) {
            if follows {
                sums.extend(more);
            } else {
                sums.iter_mut().zip(more).for_each(|(sum, more)| *sum = *sum + more);
            }
        }
        self
    }
}
