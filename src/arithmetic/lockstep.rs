//! Vectors that take every step together.
//!
//! The formula is one long chain of dependent operations. Several vectors side by side, in program order, fill the
//! processor's window of waiting operations, which holds little more than one chain.
//!
//! Every set of instructions that is dispatched to multiplies and adds with one rounding, so products are exact without
//! more ado.

use super::{Arithmetic, Mask, Native, Pair, elementary};
use fearless_simd::{Select, Simd, SimdBase, SimdFloat, SimdMask};
use std::ops::{Add, BitAnd, BitOr, Div, Mul, Neg, Not, Sub};

/// A vector as wide as the processor has them.
type Vector<S, T> = <T as fearless_simd::SimdFloatElement>::Native<S>;

/// `U` vectors of a native float.
#[derive(Clone, Copy)]
pub(crate) struct Lockstep<S: Simd, T: Native, const U: usize> {
    vectors: [Vector<S, T>; U],
    simd: S,
}

/// One answer per lane of a [`Lockstep`].
#[derive(Clone, Copy)]
pub(crate) struct LockstepMask<S: Simd, T: Native, const U: usize>([<Vector<S, T> as SimdBase<S>>::Mask; U]);

/// Does the work for every vector, at most four.
///
/// No closure, which would be compiled without the caller's instructions, and no loop: a build optimized for size leaves
/// loops as they are, and vectors that are indexed in a loop stay in memory.
macro_rules! for_each_vector {
    ($i:ident in $vectors:ident => $work:block) => {
        const { assert!($vectors <= 4) }
        for_each_vector!($i in $vectors => $work; 0 1 2 3);
    };
    ($i:ident in $vectors:ident => $work:block; $($number:literal)*) => {$(
        if $vectors > $number {
            let $i = $number;
            $work
        }
    )*};
}

/// Vectors or masks that are alike. Four are written out, because `[x; U]` is a loop, too; there are no more.
#[inline(always)]
fn alike<X: Copy, const U: usize>(x: X) -> [X; U] {
    match [x, x, x, x].first_chunk() {
        Some(first) => *first,
        None => [x; U],
    }
}

/// Operations of one or two values, vector by vector.
macro_rules! operators {
    ($value:ident.$vectors:tt: $unary:ident $method:ident, $($binary:ident $of_two:ident)*) => {
        impl<S: Simd, T: Native, const U: usize> $unary for $value<S, T, U> {
            type Output = Self;
            #[inline(always)]
            fn $method(mut self) -> Self {
                for_each_vector!(i in U => {
                    self.$vectors[i] = self.$vectors[i].$method();
                });
                self
            }
        }
        $(impl<S: Simd, T: Native, const U: usize> $binary for $value<S, T, U> {
            type Output = Self;
            #[inline(always)]
            fn $of_two(mut self, other: Self) -> Self {
                for_each_vector!(i in U => {
                    self.$vectors[i] = self.$vectors[i].$of_two(other.$vectors[i]);
                });
                self
            }
        })*
    };
}
operators!(Lockstep.vectors: Neg neg, Add add Sub sub Mul mul Div div);
operators!(LockstepMask.0: Not not, BitAnd bitand BitOr bitor);

impl<S: Simd, T: Native, const U: usize> Mask for LockstepMask<S, T, U> {
    #[inline(always)]
    fn all(self) -> bool {
        let mut all = self.0[0];
        for_each_vector!(i in U => {
            all &= self.0[i];
        });
        all.all_true()
    }
}

macro_rules! comparison {
    ($($method:ident: $of_vectors:ident),*) => {$(
        #[inline(always)]
        fn $method(self, other: Self) -> Self::Mask {
            let mut mask = LockstepMask(alike(<Vector<S, T> as SimdBase<S>>::Mask::splat(self.simd, false)));
            for_each_vector!(i in U => {
                mask.0[i] = self.vectors[i].$of_vectors(other.vectors[i]);
            });
            mask
        }
    )*};
}

impl<S: Simd, T: Native, const U: usize> Lockstep<S, T, U> {
    /// (k, 2⁻ᵏ) with ⅝ ≤ self · 2⁻ᵏ < 5/4; k in units of [`Native::EXPONENT_UNIT`].
    #[inline(always)]
    pub(super) fn exponent(mut self) -> (Self, Self) {
        let mut scale = self;
        for_each_vector!(i in U => {
            (self.vectors[i], scale.vectors[i]) = T::exponent::<S>(self.vectors[i]);
        });
        (self, scale)
    }
}

impl<S: Simd, T: Native, const U: usize> Arithmetic for Lockstep<S, T, U> {
    type Element = T;
    type Mask = LockstepMask<S, T, U>;
    type Context = S;

    const LANES: usize = U * Vector::<S, T>::LEN;

    #[inline(always)]
    fn vectorized<R>(simd: S, f: impl FnOnce() -> R) -> R {
        simd.vectorize(f)
    }

    #[inline(always)]
    fn load(simd: S, from: &[T], at: usize) -> Self {
        let from = &from[at..at + Self::LANES];
        let mut vectors = alike(Vector::<S, T>::splat(simd, T::from_f64(0.0)));
        for_each_vector!(i in U => {
            vectors[i] = Vector::<S, T>::from_slice(simd, &from[i * Vector::<S, T>::LEN..][..Vector::<S, T>::LEN]);
        });
        Lockstep { vectors, simd }
    }

    #[inline(always)]
    fn store(self, to: &mut [T], at: usize) {
        let to = &mut to[at..at + Self::LANES];
        for_each_vector!(i in U => {
            self.vectors[i].store_slice(&mut to[i * Vector::<S, T>::LEN..][..Vector::<S, T>::LEN]);
        });
    }

    #[inline(always)]
    fn filled(simd: S, x: T) -> Self {
        Lockstep { vectors: [Vector::<S, T>::splat(simd, x); U], simd }
    }

    #[inline(always)]
    fn splat(self, x: T) -> Self {
        Lockstep { vectors: alike(Vector::<S, T>::splat(self.simd, x)), ..self }
    }

    comparison!(gt: simd_gt, ge: simd_ge, eq: simd_eq);

    #[inline(always)]
    fn max(mut self, other: Self) -> Self {
        for_each_vector!(i in U => {
            self.vectors[i] = self.vectors[i].max(other.vectors[i]);
        });
        self
    }

    #[inline(always)]
    fn min(mut self, other: Self) -> Self {
        let mut i = 0;
        while i < U {
            self.vectors[i] = self.vectors[i].min(other.vectors[i]);
            i += 1;
        }
        self
    }

    #[inline(always)]
    fn abs(mut self) -> Self {
        let mut i = 0;
        while i < U {
            self.vectors[i] = self.vectors[i].abs();
            i += 1;
        }
        self
    }

    #[inline(always)]
    fn select(mask: Self::Mask, mut yes: Self, no: Self) -> Self {
        for_each_vector!(i in U => {
            yes.vectors[i] = mask.0[i].select(yes.vectors[i], no.vectors[i]);
        });
        yes
    }

    #[inline(always)]
    fn mul_add(mut self, b: Self, c: Self) -> Self {
        for_each_vector!(i in U => {
            self.vectors[i] = self.vectors[i].mul_add(b.vectors[i], c.vectors[i]);
        });
        self
    }

    #[inline(always)]
    fn mul_sub(mut self, b: Self, c: Self) -> Self {
        let mut i = 0;
        while i < U {
            self.vectors[i] = self.vectors[i].mul_sub(b.vectors[i], c.vectors[i]);
            i += 1;
        }
        self
    }

    #[inline(always)]
    fn product_error(self, b: Self, product: Self) -> Self {
        self.mul_add(b, -product)
    }

    #[inline(always)]
    fn subtracted_from(self, b: Self, c: Self) -> Self {
        (-self).mul_add(b, c)
    }

    #[inline(always)]
    fn round_exp_2(self, shift: Self) -> (Self, Self) {
        let rounder = self.splat(T::POWER_ROUNDER) + shift;
        let sum = self + rounder;
        let mut power = sum;
        for_each_vector!(i in U => {
            power.vectors[i] = Vector::<S, T>::from_bits(power.vectors[i].to_bits() << T::FRACTION_BITS);
        });
        (sum - rounder, power)
    }

    #[inline(always)]
    fn ln_2(self) -> [Self; 2] {
        let [high, low] = T::LN_2;
        [self.splat(high), self.splat(low)]
    }

    #[inline(always)]
    fn exp_m1_reduced(r: Self, t: Self) -> Self {
        elementary::exp_m1(r, t)
    }

    #[inline(always)]
    fn neg_ln(u: Self, v: Self) -> Self {
        elementary::neg_ln(u, v)
    }

    #[inline(always)]
    fn ln_1p(t: Self) -> Self {
        elementary::ln_1p(t)
    }

    #[inline(always)]
    fn ln_pair(x: Pair<Self>) -> Pair<Self> {
        elementary::ln(x)
    }

    #[inline(always)]
    fn exp_pair(x: Pair<Self>) -> Self {
        elementary::exp(x)
    }
}
