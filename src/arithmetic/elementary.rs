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

/// ln x for x ≥ 0, good to about 2⁻²⁷ (f32) or 2⁻⁵⁶ (f64) absolutely; the smallest normal number stands for any below it.
///
/// With x = 2ᵏ(1 + f): k ln 2 + f − f²/2 − f³·P(f), where the leading terms are pairs.
#[inline(always)]
pub(crate) fn ln<S: Simd, T: Native, const U: usize>(x: Pair<Lockstep<S, T, U>>) -> Pair<Lockstep<S, T, U>> {
    let hi = x.hi.max(x.hi.number(f64::from(-T::MAX_EXPONENT).exp2()));
    let (k, scale) = hi.exponent();
    let (f, low) = (hi.mul_add(scale, -hi.one()), x.lo * scale);
    let square = Pair::product(f, f);
    let half = hi.number(-0.5);
    let head = Pair::sum_ordered(f, half * square.hi);
    // The low part of x counts by its quotient with 1 + f, which is about 1 − f.
    let rest = half.mul_add(square.lo, (-low).mul_add(f, low));
    let tail = head.lo + (-(square.hi * f)).mul_add(polynomial(f, T::LN), rest);
    let ([high, low], unit) = (hi.ln_2(), hi.number(T::EXPONENT_UNIT));
    let sum = Pair::sum_ordered(k * (high * unit), head.hi);
    Pair::sum_ordered(sum.hi, sum.lo + k.mul_add(low * unit, tail))
}

/// eˣ for an x at most about the largest exponent times ln 2; 0 where it is far below the smallest normal number.
#[inline(always)]
pub(crate) fn exp<S: Simd, T: Native, const U: usize>(x: Pair<Lockstep<S, T, U>>) -> Lockstep<S, T, U> {
    // The exponent below that of the smallest normal number, whose bits are those of 0.
    let lowest = x.hi.number(f64::from(-T::MAX_EXPONENT - 1) * std::f64::consts::LN_2);
    let (hi, lo) = (x.hi.max(lowest), Lockstep::select(x.hi.ge(lowest), x.lo, lowest.zero()));
    let (n, power) = (hi * hi.number(std::f64::consts::LOG2_E)).round_exp_2(hi.zero());
    let [high, low] = hi.ln_2();
    let r = (-n).mul_add(high, hi) + (-n).mul_add(low, lo);
    (hi.one() + exp_m1(r, r.zero())) * power
}
