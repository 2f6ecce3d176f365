//! One float of any type.

use super::{Arithmetic, Mask, Pair};
use crate::element::Float;
use std::ops::{Add, Div, Mul, Neg, Sub};

/// ln 2 as high + low, and the grid on which the high part lies: with so few bits that its product with an exponent is exact.
const LN_2: [[f64; 3]; 2] = [
    [0.693_147_180_559_890_3, 5.497_923_018_708_371e-14, 1.0 / (1u64 << 42) as f64],
    [0.693_145_751_953_125, 1.428_606_820_309_417e-6, 1.0 / (1u64 << 16) as f64],
];

/// The pieces of ln 2 for a type: the longer ones if it represents them.
pub(crate) fn ln_2<T: Float>() -> [f64; 3] {
    let [long, short] = LN_2;
    if T::from_f64(long[0]).to_f64() == long[0] { long } else { short }
}

/// A float that takes part in formulas, with the elementary functions of its [`Float`].
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scalar<T>(pub(crate) T);

/// An `f32`: unlike those of a [`Scalar`], its operations are no calls in an unoptimized build.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Single(pub(crate) f32);

/// An `f64`; see [`Single`].
#[derive(Clone, Copy, Debug)]
pub(crate) struct Double(pub(crate) f64);

impl Mask for bool {
    #[inline(always)]
    fn all(self) -> bool {
        self
    }
}

macro_rules! operator {
    ($trait:ident $method:ident $operator:tt $name:ident [$($T:ident)?]) => {
        impl$(<$T: Float>)? $trait for $name$(<$T>)? {
            type Output = Self;
            #[inline(always)]
            fn $method(self, other: Self) -> Self {
                $name(self.0 $operator other.0)
            }
        }
    };
}

/// The arithmetic of one float: a name, the type parameter if it has one, the element, and the pieces of ln 2.
macro_rules! arithmetic {
    ($($name:ident [$($T:ident)?] $element:ty, $ln_2:expr;)*) => {$(
        operator!(Add add + $name [$($T)?]);
        operator!(Sub sub - $name [$($T)?]);
        operator!(Mul mul * $name [$($T)?]);
        operator!(Div div / $name [$($T)?]);

        impl$(<$T: Float>)? Neg for $name$(<$T>)? {
            type Output = Self;
            #[inline(always)]
            fn neg(self) -> Self {
                $name(-self.0)
            }
        }

        impl$(<$T: Float>)? Arithmetic for $name$(<$T>)? {
            type Element = $element;
            type Mask = bool;
            type Context = ();

            const LANES: usize = 1;

            #[inline(always)]
            fn vectorized<R>((): (), f: impl FnOnce() -> R) -> R {
                f()
            }

            #[inline(always)]
            fn load((): (), from: &[$element], at: usize) -> Self {
                $name(from[at])
            }

            #[inline(always)]
            fn store(self, to: &mut [$element], at: usize) {
                to[at] = self.0;
            }

            #[inline(always)]
            fn filled((): (), x: $element) -> Self {
                $name(x)
            }

            #[inline(always)]
            fn splat(self, x: $element) -> Self {
                $name(x)
            }

            #[inline(always)]
            fn gt(self, other: Self) -> bool {
                self.0 > other.0
            }

            #[inline(always)]
            fn ge(self, other: Self) -> bool {
                self.0 >= other.0
            }

            #[inline(always)]
            fn eq(self, other: Self) -> bool {
                self.0 == other.0
            }

            #[inline(always)]
            fn max(self, other: Self) -> Self {
                if self.0 > other.0 { self } else { other }
            }

            #[inline(always)]
            fn min(self, other: Self) -> Self {
                if self.0 < other.0 { self } else { other }
            }

            #[inline(always)]
            fn abs(self) -> Self {
                if self.0 < self.zero().0 { -self } else { self }
            }

            #[inline(always)]
            fn select(mask: bool, yes: Self, no: Self) -> Self {
                if mask { yes } else { no }
            }

            #[inline(always)]
            fn mul_add(self, b: Self, c: Self) -> Self {
                $name(self.0 * b.0 + c.0)
            }

            #[inline(always)]
            fn mul_sub(self, b: Self, c: Self) -> Self {
                $name(self.0 * b.0 - c.0)
            }

            #[inline(always)]
            fn product_error(self, b: Self, product: Self) -> Self {
                $name(self.0.mul_add(b.0, -product.0))
            }

            #[inline(always)]
            fn subtracted_from(self, b: Self, c: Self) -> Self {
                $name((-self.0).mul_add(b.0, c.0))
            }

            #[inline(always)]
            fn round_exp_2(self, shift: Self) -> (Self, Self) {
                let n = self.0.to_f64().round();
                (self.number(n), self.number((n + shift.0.to_f64()).exp2()))
            }

            #[inline(always)]
            fn ln_2(self) -> [Self; 2] {
                let [high, low, _] = $ln_2;
                [self.number(high), self.number(low)]
            }

            #[inline(always)]
            fn exp_m1_reduced(r: Self, t: Self) -> Self {
                $name((r.0 + t.0).exp_m1())
            }

            #[inline(always)]
            fn neg_ln(u: Self, v: Self) -> Self {
                if u.0 < u.number(0.5).0 { $name(-(-u.0).ln_1p()) } else { $name(-v.0.ln()) }
            }

            #[inline(always)]
            fn ln_1p(t: Self) -> Self {
                $name(t.0.ln_1p())
            }

            #[inline(always)]
            fn ln_pair(x: Pair<Self>) -> Pair<Self> {
                let smallest = x.hi.number(f64::from(-<$element>::MAX_EXPONENT).exp2());
                let x = if x.hi.0 < smallest.0 { x.hi.one() } else { x.round() };
                Pair::single($name(x.0.ln()))
            }

            #[inline(always)]
            fn exp_pair(x: Pair<Self>) -> Self {
                $name(x.round().0.exp())
            }
        }
    )*};
}
arithmetic! {
    Scalar [T] T, ln_2::<T>();
    Single [] f32, LN_2[1];
    Double [] f64, LN_2[0];
}
