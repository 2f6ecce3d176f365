//! How a formula sees a value: one float of any type, or vectors of floats in lockstep.
//!
//! A formula is written once, over a `V:` [`Arithmetic`]. [`Lockstep`] runs it on vectors of `f32` or `f64`, [`Scalar`] on
//! one element of any [`Float`], [`Single`] and [`Double`] on one `f32` or `f64`.

// Where vectors are left out, or the processor has none, what only they use stays without use.
#![cfg_attr(
    any(disable_dispatch_avx2, not(any(target_arch = "x86", target_arch = "x86_64", target_arch = "aarch64")),),
    allow(dead_code, reason = "no vectors")
)]

mod dispatch;
pub(crate) mod element;
pub(crate) mod elementary;
mod lockstep;
mod logit;
mod native;
#[cfg(test)]
mod on_vectors;
mod pair;
mod scalar;

pub(crate) use dispatch::{Task, run};
pub(crate) use lockstep::Lockstep;
pub(crate) use logit::{inverse_odds, logit};
pub(crate) use native::Native;
pub(crate) use pair::Pair;
pub(crate) use scalar::{Double, Scalar, Single, ln_2};

use crate::arithmetic::element::Float;
use std::ops::{Add, BitAnd, BitOr, Div, Mul, Neg, Not, Sub};

/// The answer to a question asked of every lane.
pub trait Mask: Copy + BitAnd<Output = Self> + BitOr<Output = Self> + Not<Output = Self> {
    /// Whether it is yes everywhere.
    fn all(self) -> bool;
}

/// A value that formulas calculate with.
pub trait Arithmetic:
    Copy + Add<Output = Self> + Sub<Output = Self> + Mul<Output = Self> + Div<Output = Self> + Neg<Output = Self>
{
    /// What one lane holds.
    type Element: Float;

    /// One answer per lane.
    type Mask: Mask;

    /// What it takes to make a value from elements: the proof that the processor has the instructions.
    type Context: Copy;

    /// The number of lanes.
    const LANES: usize;

    /// Calls `f`, compiled for the instructions.
    fn vectorized<R>(context: Self::Context, f: impl FnOnce() -> R) -> R;

    /// [`LANES`](Self::LANES) elements from that at `at` on.
    fn load(context: Self::Context, from: &[Self::Element], at: usize) -> Self;

    /// Stores the lanes to as many elements from that at `at` on.
    fn store(self, to: &mut [Self::Element], at: usize);

    /// `x` in every lane.
    fn filled(context: Self::Context, x: Self::Element) -> Self;

    /// `x` in every lane of a value like `self`.
    fn splat(self, x: Self::Element) -> Self;

    /// The nearest element to a constant, in every lane of a value like `self`.
    #[inline(always)]
    fn number(self, x: f64) -> Self {
        self.splat(Self::Element::from_f64(x))
    }

    #[inline(always)]
    fn zero(self) -> Self {
        self.number(0.0)
    }

    #[inline(always)]
    fn one(self) -> Self {
        self.number(1.0)
    }

    /// `self > other`; no where either is NaN.
    fn gt(self, other: Self) -> Self::Mask;

    /// `self ≥ other`; no where either is NaN.
    fn ge(self, other: Self) -> Self::Mask;

    /// `self = other`; no where either is NaN.
    fn eq(self, other: Self) -> Self::Mask;

    /// The larger of two numbers. Where `self` is NaN, either `other` or NaN.
    fn max(self, other: Self) -> Self;

    /// The smaller of two numbers. Where `self` is NaN, either `other` or NaN.
    fn min(self, other: Self) -> Self;

    /// |self|.
    fn abs(self) -> Self;

    /// `yes` where the mask is, else `no`.
    fn select(mask: Self::Mask, yes: Self, no: Self) -> Self;

    /// `self · b + c`; rounded once where that is as fast.
    fn mul_add(self, b: Self, c: Self) -> Self;

    /// `self · b − c`; rounded once where that is as fast.
    fn mul_sub(self, b: Self, c: Self) -> Self;

    /// `self · b − product`, without error where `product` is the rounded `self · b`.
    fn product_error(self, b: Self, product: Self) -> Self;

    /// `c − self · b`, with no more than the rounding of the result.
    fn subtracted_from(self, b: Self, c: Self) -> Self;

    /// n, the whole number nearest to a moderate `self`, and 2^(n + shift) for a whole `shift`, as long as that is normal.
    fn round_exp_2(self, shift: Self) -> (Self, Self);

    /// ln 2 as high + low, where n · high is exact for every exponent n of the type.
    fn ln_2(self) -> [Self; 2];

    /// eʳ⁺ᵗ − 1 for |r| ≤ ½ ln 2 and a t below a rounding error of r.
    fn exp_m1_reduced(r: Self, t: Self) -> Self;

    /// −ln v for v = 1 − u > 0, where whichever of the two is small is accurate.
    fn neg_ln(u: Self, v: Self) -> Self;

    /// ln(1 + t) for 0 ≤ t ≤ 1.
    fn ln_1p(t: Self) -> Self;

    /// ln x for a finite x ≥ 0, its error below half a unit of 1 and not of ln x, because an exponent multiplies it; anything
    /// finite for an x below the smallest normal number.
    fn ln_pair(x: Pair<Self>) -> Pair<Self>;

    /// eˣ for an x at most about the largest exponent times ln 2; 0 where that is far below the smallest normal number.
    fn exp_pair(x: Pair<Self>) -> Self;
}
