//! Arithmetic on unevaluated sums of two floats (Dekker 1971; Knuth, TAOCP vol. 2, 4.2.2).

use super::Arithmetic;

/// The unevaluated sum `hi + lo` of two floats, where `lo` is at most about a rounding error of `hi`.
///
/// A pair carries the few quantities whose rounding error a later step would amplify, such as the shifted
/// probability before it is raised to γ₋.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Pair<V> {
    pub(crate) hi: V,
    pub(crate) lo: V,
}

impl<V: Arithmetic> Pair<V> {
    /// A single float as a pair.
    #[inline(always)]
    pub(crate) fn single(hi: V) -> Self {
        Pair { hi, lo: hi.zero() }
    }

    /// The rounded sum of both parts.
    #[inline(always)]
    pub(crate) fn round(self) -> V {
        self.hi + self.lo
    }

    /// `yes` where the mask is, else `no`.
    #[inline(always)]
    pub(crate) fn select(mask: V::Mask, yes: Self, no: Self) -> Self {
        Pair { hi: V::select(mask, yes.hi, no.hi), lo: V::select(mask, yes.lo, no.lo) }
    }

    /// `a + b` without error.
    #[inline(always)]
    pub(crate) fn sum(a: V, b: V) -> Self {
        let hi = a + b;
        let b_seen = hi - a;
        let a_seen = hi - b_seen;
        Pair { hi, lo: (a - a_seen) + (b - b_seen) }
    }

    /// `large + small` without error where |large| ≥ |small| or large = 0.
    #[inline(always)]
    pub(crate) fn sum_ordered(large: V, small: V) -> Self {
        let hi = large + small;
        Pair { hi, lo: (large - hi) + small }
    }

    /// `a · b` without error.
    #[inline(always)]
    pub(crate) fn product(a: V, b: V) -> Self {
        let hi = a * b;
        Pair { hi, lo: a.product_error(b, hi) }
    }

    /// `self · other`, good to about twice the precision of a float.
    #[inline(always)]
    pub(crate) fn times(self, other: Self) -> Self {
        let Pair { hi, lo } = Self::product(self.hi, other.hi);
        Pair { hi, lo: self.hi.mul_add(other.lo, self.lo.mul_add(other.hi, lo)) }
    }

    /// `self · factor`, good to about twice the precision of a float.
    #[inline(always)]
    pub(crate) fn times_single(self, factor: V) -> Self {
        let Pair { hi, lo } = Self::product(self.hi, factor);
        Pair { hi, lo: self.lo.mul_add(factor, lo) }
    }

    /// `self + other`, good to about twice the precision of a float where both have one sign.
    #[inline(always)]
    pub(crate) fn plus(self, other: Self) -> Self {
        let Pair { hi, lo } = Self::sum(self.hi, other.hi);
        Pair { hi, lo: lo + (self.lo + other.lo) }
    }

    /// `self + x`, good to about twice the precision of a float.
    #[inline(always)]
    pub(crate) fn plus_single(self, x: V) -> Self {
        let Pair { hi, lo } = Self::sum(self.hi, x);
        Pair { hi, lo: lo + self.lo }
    }

    /// `self · factor`, rounded to one float.
    #[inline(always)]
    pub(crate) fn scaled(self, factor: V) -> V {
        self.hi.mul_add(factor, self.lo * factor)
    }
}
