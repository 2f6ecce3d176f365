//! Arithmetic for processors without a fused multiply-add.

use super::native::Native;
use crate::float::{Float, Pair};
use num_traits::{One, Zero};
use std::ops::{Add, Div, Mul, Neg, Sub};

/// A native float that multiplies and adds in two roundings.
///
/// Without the instruction, `mul_add` is a library call per element, which would cost more than the loss.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
#[repr(transparent)]
pub(crate) struct Unfused<T>(pub(crate) T);

macro_rules! operator {
    ($($trait:ident :: $method:ident),*) => {$(
        impl<T: Native> $trait for Unfused<T> {
            type Output = Self;
            #[inline(always)]
            fn $method(self, other: Self) -> Self {
                Unfused($trait::$method(self.0, other.0))
            }
        }
    )*};
}
operator!(Add::add, Sub::sub, Mul::mul, Div::div);

impl<T: Native> Neg for Unfused<T> {
    type Output = Self;
    #[inline(always)]
    fn neg(self) -> Self {
        Unfused(-self.0)
    }
}

impl<T: Native> Zero for Unfused<T> {
    #[inline(always)]
    fn zero() -> Self {
        Unfused(T::zero())
    }
    #[inline(always)]
    fn is_zero(&self) -> bool {
        self.0.is_zero()
    }
}

impl<T: Native> One for Unfused<T> {
    #[inline(always)]
    fn one() -> Self {
        Unfused(T::one())
    }
}

impl<T: Native> Native for Unfused<T> {
    const ROUNDER: Self = Unfused(T::ROUNDER);
    const LN_2: [Self; 2] = [Unfused(T::LN_2[0]), Unfused(T::LN_2[1])];
    const LN_2_GRID: f64 = T::LN_2_GRID;
    const EXP: &'static [f64] = T::EXP;
    const LN: &'static [f64] = T::LN;

    const POWER_ROUNDER: Self = Unfused(T::POWER_ROUNDER);
    const EXPONENT_UNIT: f64 = T::EXPONENT_UNIT;

    #[inline(always)]
    fn exponent_from_fraction(self) -> Self {
        Unfused(self.0.exponent_from_fraction())
    }
    #[inline(always)]
    fn exponent(self) -> (Self, Self) {
        let (k, scale) = self.0.exponent();
        (Unfused(k), Unfused(scale))
    }
    #[inline(always)]
    fn upper_half(self) -> Self {
        Unfused(self.0.upper_half())
    }
}

impl<T: Native> Float for Unfused<T> {
    type Sum = Self;
    const MAX_EXPONENT: i32 = T::MAX_EXPONENT;

    #[inline(always)]
    fn from_f64(value: f64) -> Self {
        Unfused(T::from_f64(value))
    }
    #[inline(always)]
    fn to_f64(self) -> f64 {
        self.0.to_f64()
    }
    #[inline(always)]
    fn from_sum(sum: Self) -> Self {
        sum
    }

    /// Dekker's product: the halves multiply without error.
    #[inline(always)]
    fn product_error(self, factor: Self, product: Self) -> Self {
        let (a, b) = (self.upper_half(), factor.upper_half());
        let (c, d) = (self - a, factor - b);
        (((a * b - product) + a * d) + c * b) + c * d
    }

    super::native_functions!();
}
