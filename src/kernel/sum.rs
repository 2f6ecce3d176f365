//! Sums of losses in a fixed order.

use crate::float::Float;

/// The number of partial sums, and so of vector lanes that may add at once.
const WIDTH: usize = 16;

/// Adds up a sequence of losses; how the sequence is cut into slices does not change a bit of the sum.
///
/// Element i goes to partial sum i mod [`WIDTH`].
#[derive(Debug)]
pub(crate) struct Accumulator<T: Float> {
    partial: [T::Sum; WIDTH],
    /// The partial sum of the next element.
    next: usize,
}

impl<T: Float> Accumulator<T> {
    pub(crate) fn new() -> Self {
        Accumulator { partial: [num_traits::zero(); WIDTH], next: 0 }
    }

    #[inline(always)]
    pub(crate) fn add<E: Copy>(&mut self, losses: &[E], lower: impl Fn(E) -> T) {
        let (head, losses) = losses.split_at(losses.len().min((WIDTH - self.next) % WIDTH));
        self.add_in_turn(head, &lower);
        let (chunks, tail) = losses.as_chunks::<WIDTH>();
        // A copy of its own, so that the compiler need not fear that it overlaps the losses.
        let mut partials = self.partial;
        for chunk in chunks {
            for (partial, &loss) in partials.iter_mut().zip(chunk) {
                *partial = *partial + lower(loss).into();
            }
        }
        self.partial = partials;
        self.add_in_turn(tail, &lower);
    }

    #[inline(always)]
    fn add_in_turn<E: Copy>(&mut self, losses: &[E], lower: impl Fn(E) -> T) {
        for &loss in losses {
            self.partial[self.next] = self.partial[self.next] + lower(loss).into();
            self.next = (self.next + 1) % WIDTH;
        }
    }

    pub(crate) fn total(self) -> T::Sum {
        self.partial.into_iter().reduce(|sum, partial| sum + partial).expect("there are partial sums")
    }
}
