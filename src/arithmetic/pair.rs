//! Arithmetic on unevaluated sums of two floats (Dekker 1971; Knuth, TAOCP vol. 2, 4.2.2).

use super::Arithmetic;

/// The unevaluated sum `hi + lo` of two floats, where `lo` is at most about a rounding error of `hi`.
///
/// A pair carries the few quantities whose rounding error a later step would amplify, such as the shifted
/// probability before it is raised to γ₋.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pair<V> {
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

#[cfg(test)]
mod tests {
    use super::super::on_vectors::{Values, Widest, each_in, function};
    use super::super::{Double, Native, Scalar, Single};
    use super::*;

    function!(Product, |a, b, _| Pair::product(a, b));
    function!(Remainder, |a, b, c| Pair::single(a.subtracted_from(b, c)));

    /// A whole number that the type represents, as one of wide range.
    fn whole<T: Native>(x: T) -> i128 {
        let x = x.to_f64();
        assert_eq!(x.fract(), 0.0);
        x as i128
    }

    /// Pseudo-random whole numbers with as many bits as the type has, of both signs.
    fn factors<T: Native>() -> impl Iterator<Item = T> {
        let mut state = 1_u64;
        std::iter::repeat_with(move || {
            // Knuth's generator, whose upper bits are the random ones.
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let magnitude = T::from_f64((state >> (63 - T::FRACTION_BITS)) as f64);
            if state.count_ones().is_multiple_of(2) { magnitude } else { -magnitude }
        })
    }

    /// Pairs of factors; those of random bits, and such as leave the largest remainders.
    fn arguments<T: Native>() -> Vec<[T; 2]> {
        let full = (f64::from(T::FRACTION_BITS + 1)).exp2() - 1.0;
        let ends = [full, -full, full - 1.0, 1.0, 0.0].map(T::from_f64);
        let ends = ends.into_iter().flat_map(|a| ends.map(|b| [a, b]));
        let (a, b) = (factors(), factors().skip(1));
        a.zip(b).map(|(a, b)| [a, b]).take(10_000).chain(ends).collect()
    }

    fn check_products<V: Values<T>, T: Native>() {
        let arguments: Vec<[T; 3]> = arguments().into_iter().map(|[a, b]| [a, b, T::zero()]).collect();
        for ([a, b, _], Pair { hi, lo }) in arguments.iter().zip(each_in::<V, _, _>(Product, &arguments)) {
            let exact = whole(*a) * whole(*b);
            assert_eq!(hi, *a * *b, "{a:?} · {b:?}");
            assert_eq!(whole(hi) + whole(lo), exact, "{a:?} · {b:?}: {hi:?} + {lo:?}");
        }
    }

    #[test]
    fn products_are_exact() {
        check_products::<Widest, f32>();
        check_products::<Widest, f64>();
        check_products::<Single, _>();
        check_products::<Double, _>();
        check_products::<Scalar<f32>, _>();
        check_products::<Scalar<f64>, _>();
    }

    /// As in a long division, where c is about a · b; whole numbers among them.
    fn check_remainders<V: Values<T>, T: Native>(rounded: fn(i128) -> T) {
        let step = f64::from(-(T::FRACTION_BITS as i32)).exp2();
        let arguments: Vec<[T; 3]> = arguments()
            .into_iter()
            .flat_map(|[a, b]: [T; 2]| {
                [-5.0, -1.0, 0.0, 1.0, 2.0].map(|steps| [a, b, a * b * T::from_f64(1.0 + steps * step)])
            })
            .filter(|[_, _, c]| c.to_f64().fract() == 0.0)
            .collect();
        for ([a, b, c], Pair { hi, .. }) in arguments.iter().zip(each_in::<V, _, _>(Remainder, &arguments)) {
            let exact = whole(*c) - whole(*a) * whole(*b);
            assert_eq!(hi, rounded(exact), "{c:?} − {a:?} · {b:?}");
        }
    }

    #[test]
    fn remainders_are_rounded_once() {
        check_remainders::<Widest, f32>(|x| x as f32);
        check_remainders::<Widest, f64>(|x| x as f64);
        check_remainders::<Single, _>(|x| x as f32);
        check_remainders::<Double, _>(|x| x as f64);
        check_remainders::<Scalar<f32>, _>(|x| x as f32);
        check_remainders::<Scalar<f64>, _>(|x| x as f64);
    }
}
