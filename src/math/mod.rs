//! Elementary functions without branches, so that the compiler turns a loop over them into vector code.

pub(crate) mod elementary;
mod logit;
mod native;
mod pair;
mod unfused;

pub(crate) use logit::{logit, reciprocal};
pub(crate) use native::Native;
pub(crate) use unfused::Unfused;

/// The functions of [`Float`](crate::float::Float) that a native float takes from this module.
macro_rules! native_functions {
    () => {
        #[inline(always)]
        fn exp(self) -> Self {
            $crate::math::elementary::exp(Pair::single(self))
        }
        #[inline(always)]
        fn exp_m1(self) -> Self {
            $crate::math::elementary::exp_m1_full(self)
        }
        #[inline(always)]
        fn ln(self) -> Self {
            let largest = Self::from_f64(f64::from(Self::MAX_EXPONENT).exp2());
            $crate::math::elementary::ln(Pair::single(if self > largest { largest } else { self })).round()
        }
        #[inline(always)]
        fn ln_1p(self) -> Self {
            $crate::math::elementary::ln(Pair::sum(num_traits::one(), self)).round()
        }
        #[inline(always)]
        fn round_exp_2(x: Self, shift: Self) -> (Self, Self) {
            let rounder = Self::POWER_ROUNDER + shift;
            let sum = x + rounder;
            (sum - rounder, sum.exponent_from_fraction())
        }
        #[inline(always)]
        fn ln_2() -> [Self; 2] {
            <Self as $crate::math::Native>::LN_2
        }
        #[inline(always)]
        fn ln_2_grid() -> f64 {
            Self::LN_2_GRID
        }
        #[inline(always)]
        fn exp_m1_reduced(r: Self, t: Self) -> Self {
            $crate::math::elementary::exp_m1(r, t).hi
        }
        #[inline(always)]
        fn neg_ln(u: Self, v: Self) -> Self {
            $crate::math::elementary::neg_ln(u, v)
        }
        #[inline(always)]
        fn ln_pair(x: Pair<Self>) -> Pair<Self> {
            $crate::math::elementary::ln(x)
        }
        #[inline(always)]
        fn exp_pair(x: Pair<Self>) -> Self {
            $crate::math::elementary::exp(x)
        }
    };
}
pub(crate) use native_functions;
