//! Arithmetic on unevaluated sums of two floats (Dekker 1971; Knuth, TAOCP vol. 2, 4.2.2).

use crate::float::{Float, Pair};

impl<T: Float> Pair<T> {
    /// A single float as a pair.
    #[inline(always)]
    pub fn single(hi: T) -> Self {
        Pair { hi, lo: T::zero() }
    }

    /// The rounded sum of both parts.
    #[inline(always)]
    pub fn round(self) -> T {
        self.hi + self.lo
    }

    /// `a + b` without error.
    #[inline(always)]
    pub(crate) fn sum(a: T, b: T) -> Self {
        let hi = a + b;
        let b_seen = hi - a;
        let a_seen = hi - b_seen;
        Pair { hi, lo: (a - a_seen) + (b - b_seen) }
    }

    /// `large + small` without error where |large| ≥ |small| or large = 0.
    #[inline(always)]
    pub(crate) fn sum_ordered(large: T, small: T) -> Self {
        let hi = large + small;
        Pair { hi, lo: (large - hi) + small }
    }

    /// `a + b` without error for positive numbers.
    #[inline(always)]
    pub(crate) fn sum_positive(a: T, b: T) -> Self {
        Self::sum_ordered(if a > b { a } else { b }, if a > b { b } else { a })
    }

    /// `a · b` without error.
    #[inline(always)]
    pub(crate) fn product(a: T, b: T) -> Self {
        let hi = a * b;
        Pair { hi, lo: a.product_error(b, hi) }
    }

    /// `self · other`, good to about twice the precision of `T`.
    #[inline(always)]
    pub(crate) fn times(self, other: Self) -> Self {
        let Pair { hi, lo } = Self::product(self.hi, other.hi);
        Pair { hi, lo: self.hi.mul_add(other.lo, self.lo.mul_add(other.hi, lo)) }
    }

    /// `self + other`, good to about twice the precision of `T` where both have one sign.
    #[inline(always)]
    pub(crate) fn plus(self, other: Self) -> Self {
        let Pair { hi, lo } = Self::sum(self.hi, other.hi);
        Pair { hi, lo: lo + (self.lo + other.lo) }
    }

    /// `self · factor`, rounded to one float.
    #[inline(always)]
    pub(crate) fn scaled(self, factor: T) -> T {
        self.hi.mul_add(factor, self.lo * factor)
    }
}
