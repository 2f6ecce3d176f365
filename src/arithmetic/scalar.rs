//! One float of any type.

use super::{Arithmetic, Mask, Pair};
use crate::arithmetic::element::Float;
use std::ops::{Add, Div, Mul, Neg, Sub};

/// ln 2 as high + low, and the grid on which the high part lies: with so few bits that its product with an exponent is exact.
const LN_2: [[f64; 3]; 2] = [
    [0.693_147_180_559_890_3, 5.497_923_018_708_371e-14, 1.0 / (1u64 << 42) as f64],
    [0.693_145_751_953_125, 1.428_606_820_309_417e-6, 1.0 / (1u64 << 16) as f64],
];

/// What the longer pieces leave over: it counts in a type of more digits than `f64`.
const LN_2_REST: f64 = 1.947_045_092_380_75e-31;

/// The pieces of ln 2 for a type: the longer ones if it represents them.
pub(crate) fn ln_2<T: Float>() -> [f64; 3] {
    let [long, short] = LN_2;
    if is_long::<T>() { long } else { short }
}

/// Whether the type has the digits of `f64`, and not only those of `f32`.
fn is_long<T: Float>() -> bool {
    T::from_f64(LN_2[0][0]).to_f64() == LN_2[0][0]
}

/// A float that takes part in formulas, with the elementary functions of its [`Float`].
#[derive(Clone, Copy, Debug)]
pub struct Scalar<T>(pub(crate) T);

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

/// k with ⅝ ≤ x · 2⁻ᵏ < 5/4, for a positive normal x.
#[inline(always)]
fn exponent(x: f64) -> f64 {
    ((x.to_bits() as i64 - 0.625_f64.to_bits() as i64) >> 52) as f64
}

/// x to half of its digits at most, such that the difference has no more than the other half.
///
/// A constant: the difference has the derivatives of x, if it has any.
#[inline(always)]
fn upper_half<T: Float>(x: T) -> T {
    let dropped = if is_long::<T>() { 27 } else { 41 };
    // Rounded, so that what is left has one bit less, which goes into its sign.
    let rounded = x.to_f64().to_bits().wrapping_add(1 << (dropped - 1));
    T::from_f64(f64::from_bits(rounded & (u64::MAX << dropped)))
}

/// a · b − product by halves whose products are exact (Dekker 1971): few floats of users multiply and add with one
/// rounding.
///
/// Not inlined, because each of its values would take room on the stack wherever it is called: a float may be kilobytes.
#[inline(never)]
fn product_error<T: Float>(a: T, b: T, product: T) -> T {
    let (a_high, b_high) = (upper_half(a), upper_half(b));
    let (a_low, b_low) = (a - a_high, b - b_high);
    (((a_high * b_high - product) + a_high * b_low) + a_low * b_high) + a_low * b_low
}

/// c − a · b with a · b as a pair.
#[inline(never)]
fn subtracted_from<T: Float>(a: T, b: T, c: T) -> T {
    let product = a * b;
    (c - product) - product_error(a, b, product)
}

/// The arithmetic of one float: a name, the type parameter if it has one, the element, the pieces of ln 2, and products
/// without error.
macro_rules! arithmetic {
    ($($name:ident [$($T:ident)?] $element:ty, $ln_2:expr, $product_error:expr, $subtracted_from:expr;)*) => {$(
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
                $name($product_error(self.0, b.0, product.0))
            }

            #[inline(always)]
            fn subtracted_from(self, b: Self, c: Self) -> Self {
                $name($subtracted_from(self.0, b.0, c.0))
            }

            #[inline(always)]
            fn round_exp_2(self, shift: Self) -> (Self, Self) {
                let n = self.0.to_f64().round();
                (self.number(n), self.number((n + shift.0.to_f64()).exp2()))
            }

            #[inline(always)]
            fn ln_2(self) -> [Self; 2] {
                let [high, low, _] = $ln_2;
                [self.number(high), self.number(low) + self.number(LN_2_REST)]
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

            // With x = 2ᵏ·m: ln x = k ln 2 + ln(1 + (m − 1)), where k ln 2 and m − 1 are exact, and their sum is a pair. The
            // low part of x counts by its quotient with m. Only k is taken from an `f64`, so derivatives pass. Not inlined for
            // the same reason as `product_error`.
            #[inline(never)]
            fn ln_pair(x: Pair<Self>) -> Pair<Self> {
                let smallest = x.hi.number(f64::from(-<$element>::MAX_EXPONENT).exp2());
                let x = if x.hi.0 < smallest.0 { Pair::single(smallest) } else { x };
                let exponent = exponent(x.hi.0.to_f64());
                let (k, scale) = (x.hi.number(exponent), x.hi.number((-exponent).exp2()));
                let m = x.hi * scale;
                let [high, low] = m.ln_2();
                let sum = Pair::sum_ordered(k * high, $name((m - m.one()).0.ln_1p()));
                Pair::sum_ordered(sum.hi, sum.lo + (k * low + x.lo * scale / m))
            }

            // e^(h + l) = eʰ + eʰ·l, as l is but a rounding error of h. Where eʰ is 0 or infinite l may be anything. Not
            // inlined, either.
            #[inline(never)]
            fn exp_pair(x: Pair<Self>) -> Self {
                let power = x.hi.0.exp();
                let magnitude = power.to_f64();
                if magnitude > 0.0 && magnitude < f64::INFINITY { $name(power + power * x.lo.0) } else { $name(power) }
            }
        }
    )*};
}
arithmetic! {
    Scalar [T] T, ln_2::<T>(), product_error, subtracted_from;
    Single [] f32, LN_2[1], |a: f32, b, product: f32| a.mul_add(b, -product), |a: f32, b, c| (-a).mul_add(b, c);
    Double [] f64, LN_2[0], |a: f64, b, product: f64| a.mul_add(b, -product), |a: f64, b, c| (-a).mul_add(b, c);
}
