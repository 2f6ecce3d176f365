//! exp and ln without branches, once for every vector of native floats.
//!
//! exp: reduction by ln 2 in two parts, polynomials of degree 7 (f32) and 12 (f64). ln: reduction to ⅝ … 5/4, degree 10
//! and 21. Their largest errors stand in `docs/accuracy.md`.

use super::{Arithmetic, Lockstep, Native, Pair};
use fearless_simd::Simd;

/// Horner's scheme, lowest coefficient first.
#[inline(always)]
pub(crate) fn polynomial<S: Simd, T: Native, const U: usize>(
    x: Lockstep<S, T, U>,
    coefficients: &[T],
) -> Lockstep<S, T, U> {
    let last = coefficients.len() - 1;
    let mut sum = x.splat(coefficients[last]);
    // A plain loop: closures are compiled without the caller's instructions.
    for i in (0..last).rev() {
        sum = sum.mul_add(x, x.splat(coefficients[i]));
    }
    sum
}

/// eʳ⁺ᵗ − 1 = r + (r²/2 + r³·P(r) + t) for |r| ≤ ½ ln 2 and a t below a rounding error of r.
#[inline(always)]
pub(crate) fn exp_m1<S: Simd, T: Native, const U: usize>(
    r: Lockstep<S, T, U>,
    t: Lockstep<S, T, U>,
) -> Lockstep<S, T, U> {
    r + (r * r).mul_add(r.mul_add(polynomial(r, T::EXP), r.number(0.5)), t)
}

/// −ln v for v = 1 − u > 0.
///
/// With v = 2ᵏ(1 + f): −ln v = −k ln 2 − f + (f²/2 + f³·P(f)). For k = 0 it is f = −u, which is taken from u
/// because v has lost the digits of a small u.
#[inline(always)]
pub(crate) fn neg_ln<S: Simd, T: Native, const U: usize>(
    u: Lockstep<S, T, U>,
    v: Lockstep<S, T, U>,
) -> Lockstep<S, T, U> {
    let (k, scale) = v.exponent();
    let f = Lockstep::select(k.eq(u.zero()), -u, v.mul_add(scale, -u.one()));
    let tail = (f * f).mul_add(f.mul_add(polynomial(f, T::LN), u.number(0.5)), -f);
    (-k).mul_add(u.number(std::f64::consts::LN_2 * T::EXPONENT_UNIT), tail)
}

/// ln x for x ≥ 0, good to about 2⁻²⁸ (f32) or 2⁻⁵⁷ (f64) absolutely; the smallest normal number stands for any below it.
#[inline(always)]
pub(crate) fn ln<S: Simd, T: Native, const U: usize>(x: Pair<Lockstep<S, T, U>>) -> Pair<Lockstep<S, T, U>> {
    let smallest = Pair::single(x.hi.number(f64::from(-T::MAX_EXPONENT).exp2()));
    let x = Pair::select(smallest.hi.gt(x.hi), smallest, x);
    let (k, scale) = x.hi.exponent();
    let f = Pair::sum_ordered(x.hi.mul_add(scale, -x.hi.one()), x.lo * scale);
    let half = x.hi.number(-0.5);
    let square = Pair::product(f.hi, f.hi);
    let cube = square.hi * f.hi * polynomial(f.hi, T::LN);
    let head = Pair::sum_ordered(f.hi, half * square.hi);
    let tail = head.lo + (half.mul_add(square.lo, (-f.lo).mul_add(f.hi, f.lo)) - cube);
    // In units of the exponent, which are powers of two.
    let [high, low] = x.hi.ln_2();
    let unit = x.hi.number(T::EXPONENT_UNIT);
    let (high, low) = (high * unit, low * unit);
    let sum = Pair::sum_ordered(k * high, head.hi);
    Pair::sum_ordered(sum.hi, sum.lo + k.mul_add(low, tail))
}

/// eˣ; 0 where it is below the smallest normal number, the largest power of two where it would be beyond it.
#[inline(always)]
pub(crate) fn exp<S: Simd, T: Native, const U: usize>(x: Pair<Lockstep<S, T, U>>) -> Lockstep<S, T, U> {
    let bound = Pair::single(x.hi.number(f64::from(T::MAX_EXPONENT) * std::f64::consts::LN_2));
    let below = (-bound.hi).gt(x.hi);
    let x = Pair::select(below, Pair::single(-bound.hi), Pair::select(x.hi.gt(bound.hi), bound, x));
    let (n, power) = (x.hi * x.hi.number(std::f64::consts::LOG2_E)).round_exp_2(x.hi.zero());
    let [high, low] = x.hi.ln_2();
    let r = Pair::sum_ordered((-n).mul_add(high, x.hi), (-n).mul_add(low, x.lo));
    (x.hi.one() + exp_m1(r.hi, r.lo)) * Lockstep::select(below, x.hi.zero(), power)
}
