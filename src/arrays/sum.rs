//! Sums of losses in a fixed order.

use crate::arithmetic::element::Float;
use crate::arithmetic::{Pair, Scalar};
use std::any::TypeId;

/// The number of partial sums, and so of vector lanes that may add at once.
const PARTIAL_SUMS: usize = 16;

/// A sum with the roundings that it has seen.
pub(crate) type Total<T> = Pair<Scalar<<T as Float>::Sum>>;

/// Adds up a sequence of losses; how the sequence is cut into slices does not change a bit of the sum.
///
/// Element i goes to partial sum i mod [`PARTIAL_SUMS`]. Where there is no wider type to add in, each sum carries its rounding
/// errors along, so that the order in which an array lies in memory does not show.
#[derive(Debug)]
pub(crate) struct Accumulator<T: Float> {
    sums: [T::Sum; PARTIAL_SUMS],
    errors: [T::Sum; PARTIAL_SUMS],
    /// The partial sum of the next element.
    next: usize,
    /// What each loss is multiplied by, where their sum would overflow otherwise.
    scale: Option<T::Sum>,
}

impl<T: Float> Accumulator<T> {
    pub(crate) fn new(scale: Option<T::Sum>) -> Self {
        let zeros = [T::Sum::from_f64(0.0); PARTIAL_SUMS];
        Accumulator { sums: zeros, errors: zeros, next: 0, scale }
    }

    #[inline(always)]
    pub(crate) fn add(&mut self, losses: &[T]) {
        let (head, losses) = losses.split_at(losses.len().min((PARTIAL_SUMS - self.next) % PARTIAL_SUMS));
        self.add_in_turn(head);
        let (chunks, tail) = losses.as_chunks::<PARTIAL_SUMS>();
        // Copies of their own, so that the compiler need not fear that they overlap the losses.
        let (mut sums, mut errors) = (self.sums, self.errors);
        let is_widest = is_widest::<T>();
        for chunk in chunks {
            // Counted by hand, as iterators are calls in an unoptimized build.
            let mut i = 0;
            while i < PARTIAL_SUMS {
                let loss = self.scaled(chunk[i]);
                if is_widest {
                    add_with_error(loss, &mut sums[i], &mut errors[i]);
                } else {
                    sums[i] = sums[i] + loss;
                }
                i += 1;
            }
        }
        (self.sums, self.errors) = (sums, errors);
        self.add_in_turn(tail);
    }

    #[inline(always)]
    fn add_in_turn(&mut self, losses: &[T]) {
        for &loss in losses {
            let loss = self.scaled(loss);
            add::<T>(loss, &mut self.sums[self.next], &mut self.errors[self.next]);
            self.next = (self.next + 1) % PARTIAL_SUMS;
        }
    }

    #[inline(always)]
    fn scaled(&self, loss: T) -> T::Sum {
        match self.scale {
            Some(scale) => T::Sum::from(loss) * scale,
            None => loss.into(),
        }
    }

    #[inline(always)]
    pub(crate) fn total(&self) -> Total<T> {
        let (mut sums, mut errors) = (self.sums, self.errors);
        let mut width = PARTIAL_SUMS;
        while width > 1 {
            width /= 2;
            for i in 0..width {
                let (sum, error) = (sums[width + i], errors[width + i]);
                add::<T>(sum, &mut sums[i], &mut errors[i]);
                if is_widest::<T>() {
                    errors[i] = errors[i] + error;
                }
            }
        }
        Pair { hi: Scalar(sums[0]), lo: Scalar(errors[0]) }
    }
}

/// Whether there is no wider type to add in.
#[inline(always)]
fn is_widest<T: Float>() -> bool {
    TypeId::of::<T>() == TypeId::of::<T::Sum>()
}

/// Adds a loss to a sum; its rounding error, if there is no wider type to add in, to the errors.
#[inline(always)]
fn add<T: Float>(loss: T::Sum, sum: &mut T::Sum, error: &mut T::Sum) {
    if is_widest::<T>() { add_with_error(loss, sum, error) } else { *sum = *sum + loss }
}

/// Adds a loss to a sum and the rounding error to the errors.
#[inline(always)]
fn add_with_error<T: Float>(loss: T, sum: &mut T, error: &mut T) {
    let Pair { hi, lo } = Pair::sum(Scalar(*sum), Scalar(loss));
    (*sum, *error) = (hi.0, *error + lo.0);
}

/// The value of a sum.
pub(crate) fn rounded<T: Float>(total: Total<T>) -> T::Sum {
    // The error of an infinite sum is not a number.
    if is_finite(total.hi.0) { total.round().0 } else { total.hi.0 }
}

pub(crate) fn is_finite<T: Float>(x: T) -> bool {
    x * T::from_f64(0.0) == T::from_f64(0.0)
}
