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
    let mut i = coefficients.len() - 1;
    let mut sum = x.splat(coefficients[i]);
    // A plain loop: closures are compiled without the caller's instructions.
    while i > 0 {
        i -= 1;
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
    (-k).mul_add(u.number(std::f64::consts::LN_2 * T::EXPONENT_UNIT), neg_ln_reduced(f))
}

/// −ln(1 + f) for ⅝ ≤ 1 + f ≤ 5/4.
#[inline(always)]
fn neg_ln_reduced<S: Simd, T: Native, const U: usize>(f: Lockstep<S, T, U>) -> Lockstep<S, T, U> {
    (f * f).mul_add(f.mul_add(polynomial(f, T::LN), f.number(0.5)), -f)
}

/// ln(1 + t) for 0 ≤ t ≤ 1; above ¼ it is ln 8/5 + ln(1 + f) with 1 + f = ⅝(1 + t), where the parts are smaller than with
/// ln 2.
#[inline(always)]
pub(crate) fn ln_1p<S: Simd, T: Native, const U: usize>(t: Lockstep<S, T, U>) -> Lockstep<S, T, U> {
    const LN_8_5: f64 = 0.470_003_629_245_735_6;
    let large = t.gt(t.number(0.25));
    let f = Lockstep::select(large, t.mul_add(t.number(0.625), t.number(-0.375)), t);
    Lockstep::select(large, t.number(LN_8_5), t.zero()) - neg_ln_reduced(f)
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

#[cfg(test)]
mod tests {
    use super::super::on_vectors::{Function, Values, Widest, each, each_in, function};
    use super::super::{Double, Scalar, Single};
    use super::*;
    use dashu_float::{FBig, round::mode::HalfEven};
    use std::f64::consts::LN_2;

    type Big = FBig<HalfEven, 2>;

    /// What a library promises of its elementary functions.
    const LARGEST_ERROR: f64 = 2.0;

    fn big(x: f64) -> Big {
        Big::try_from(x).expect("a finite number").with_precision(160).value()
    }

    function!(Exp, |x, low, _| Pair::single(V::exp_pair(Pair { hi: x, lo: low })));
    function!(Ln, |x, low, _| V::ln_pair(Pair { hi: x, lo: low }));
    function!(ExpM1, |r, t, _| Pair::single(V::exp_m1_reduced(r, t)));
    function!(NegLnOfU, |u, _, _| Pair::single(V::neg_ln(u, u.one() - u)));
    function!(Ln1p, |t, _, _| Pair::single(V::ln_1p(t)));
    function!(NegLnOfV, |v, _, _| Pair::single(V::neg_ln(v.one() - v, v)));

    /// Points spaced over an interval, and towards 0.
    fn points(from: f64, to: f64) -> impl Iterator<Item = f64> {
        let spaced = (0..=2000).map(move |k| from + (to - from) * f64::from(k) / 2000.0);
        spaced.chain((1..60).flat_map(move |k| [from, to].map(|end| end * (-f64::from(k) * 0.7).exp2())))
    }

    /// The unit in the last place of a type with so many digits.
    fn ulp(x: f64, digits: i32) -> f64 {
        f64::from((x.abs().to_bits() >> 52) as i32 - 1023 - digits + 1).exp2()
    }

    /// Checks f at points with a low part of as many units in the last place as `low` says, against `exact` of the sum.
    fn check<V: Values<T>, T: Native>(
        name: &str,
        f: impl Function,
        points: impl Iterator<Item = f64>,
        low: &[f64],
        exact: fn(Big) -> Big,
    ) {
        let digits = T::FRACTION_BITS as i32 + 1;
        let point = |x: f64| {
            let x = T::from_f64(x);
            low.iter().map(move |low| [x, T::from_f64(low * ulp(x.to_f64(), digits)), T::zero()])
        };
        let arguments: Vec<[T; 3]> = points.flat_map(point).collect();
        let results = each_in::<V, _, _>(f, &arguments);
        let errors = arguments.iter().zip(results).map(|([x, low, _], result)| {
            let exact = exact(big(x.to_f64()) + big(low.to_f64()));
            let error = (big((result.hi + result.lo).to_f64()) - &exact).to_f64().value().abs();
            let rounded = exact.to_f64().value();
            (if rounded == 0.0 { error } else { error / ulp(rounded, digits) }, x.to_f64(), low.to_f64())
        });
        // In this order NaN is the largest.
        let (error, x, low) = errors.max_by(|a, b| a.0.total_cmp(&b.0)).expect("there are points");
        println!("{name} with {digits} bits: at most {error:.2} ULP, at {x:e} + {low:e}");
        assert!(error <= LARGEST_ERROR, "{name} with {digits} bits is {error} ULP off at {x:e} + {low:e}");
    }

    /// Where eˣ is a normal number, to the ends.
    fn check_all<V: Values<T>, T: Native>() {
        let (bound, half) = (f64::from(T::MAX_EXPONENT) * LN_2, LN_2 / 2.0);
        let (inside, lows) = (bound * (1.0 - 1e-6), [0.0, 0.375, -0.375]);
        check::<V, T>("exp", Exp, points(-inside, inside).chain([bound]), &lows, |x| x.exp());
        check::<V, T>("exp_m1", ExpM1, points(-half, half), &lows, |x| x.exp_m1());
        let powers = (1 - T::MAX_EXPONENT..T::MAX_EXPONENT).map(|k| 1.3 * f64::from(k).exp2());
        check::<V, T>("ln", Ln, points(1e-12, 3.0).chain(powers), &lows, |x| x.ln());
        check::<V, T>("ln_1p", Ln1p, points(1e-12, 1.0), &[0.0], |t| t.ln_1p());
        check::<V, T>("neg_ln of u", NegLnOfU, points(1e-12, 0.37), &[0.0], |u| -(-u).ln_1p());
        check::<V, T>("neg_ln of v", NegLnOfV, points(1e-12, 0.62), &[0.0], |v| -v.ln());
    }

    #[test]
    fn single_precision_is_within_two_ulp() {
        check_all::<Widest, f32>();
    }

    #[test]
    fn double_precision_is_within_two_ulp() {
        check_all::<Widest, f64>();
    }

    #[test]
    fn scalars_are_within_two_ulp() {
        check_all::<Single, _>();
        check_all::<Double, _>();
        check_all::<Scalar<f32>, _>();
        check_all::<Scalar<f64>, _>();
    }

    /// Both parts of ln x together, where γ multiplies their error: at most half a unit of 1.
    fn check_pair<V: Values<T>, T: Native>() {
        let point = |x: f64| {
            [-0.5, -0.3, 0.0, 0.4, 0.5].map(|low| {
                let x = T::from_f64(x);
                [x, T::from_f64(low * ulp(x.to_f64(), T::FRACTION_BITS as i32 + 1)), T::zero()]
            })
        };
        let powers = (1 - T::MAX_EXPONENT..T::MAX_EXPONENT).map(|k| 1.3 * f64::from(k).exp2());
        let arguments: Vec<[T; 3]> = points(1e-12, 3.0).chain(powers).flat_map(point).collect();
        for ([x, low, _], ln) in arguments.iter().zip(each_in::<V, _, _>(Ln, &arguments)) {
            let [x, low, hi, lo] = [*x, *low, ln.hi, ln.lo].map(|part| big(part.to_f64()));
            let error = (hi + lo - (&x + &low).ln()).to_f64().value().abs() * f64::from(T::FRACTION_BITS).exp2();
            assert!(error <= 0.5, "ln of {x} + {low} is off by {error} units of 1");
        }
    }

    #[test]
    fn logarithms_have_twice_the_precision() {
        check_pair::<Widest, f32>();
        check_pair::<Widest, f64>();
        check_pair::<Single, _>();
        check_pair::<Double, _>();
        check_pair::<Scalar<f32>, _>();
        check_pair::<Scalar<f64>, _>();
    }

    #[test]
    fn powers_of_scalars_have_no_low_part_at_the_ends() {
        let infinity = f64::INFINITY;
        let ends = [
            ([-infinity, f64::NAN], 0.0),
            ([-infinity, infinity], 0.0),
            ([-1e30, 1e14], 0.0),
            ([infinity, -1.0], infinity),
            ([infinity, f64::NAN], infinity),
            ([1000.0, -1e-14], infinity),
        ];
        for ([hi, lo], exact) in ends {
            assert_eq!(Double::exp_pair(Pair { hi: Double(hi), lo: Double(lo) }).0, exact, "exp of {hi} + {lo}");
        }
    }

    /// f of numbers without low parts, rounded.
    fn rounded<T: Native>(f: impl Function, x: &[f64]) -> Vec<f64> {
        let arguments: Vec<[T; 3]> = x.iter().map(|&x| [T::from_f64(x), T::zero(), T::zero()]).collect();
        each(f, &arguments).into_iter().map(|result| (result.hi + result.lo).to_f64()).collect()
    }

    fn check_ends<T: Native>() {
        let bound = f64::from(T::MAX_EXPONENT) * LN_2;
        let below = [-bound - 0.7, -bound - 1.0, -2.0 * bound, -1e30, f64::NEG_INFINITY];
        for (x, result) in below.iter().zip(rounded::<T>(Exp, &below)) {
            assert_eq!(result.to_bits(), 0, "exp of {x}: {result}");
        }
        let smallest = f64::from(-T::MAX_EXPONENT).exp2();
        let around: Vec<f64> = (-50..50).map(|k| -bound + 0.01 * f64::from(k)).collect();
        for (x, result) in around.iter().zip(rounded::<T>(Exp, &around)) {
            let error = (result / smallest - (x + bound).exp()).abs();
            assert!(result == 0.0 || error < 1e-4, "exp of {x}: {result}");
            assert!(result > 0.0 || *x < -bound, "exp of {x}: {result}");
        }
        assert_eq!(rounded::<T>(Exp, &[0.0, -0.0]), [1.0, 1.0]);

        let lowest = rounded::<T>(Ln, &[smallest])[0];
        assert!((lowest + bound).abs() < 1e-4, "ln of {smallest}: {lowest}");
        let tiny = [0.0, smallest / 2.0, smallest * 1e-3, smallest * 2.0 * T::ROUNDER.to_f64().recip()];
        assert_eq!(rounded::<T>(Ln, &tiny), [lowest; 4], "ln below the smallest normal number");
        assert_eq!(each(Ln, &[[T::one(), T::zero(), T::zero()]]), [Pair { hi: T::zero(), lo: T::zero() }]);
        assert_eq!(rounded::<T>(NegLnOfU, &[0.0]), [0.0]);
        assert_eq!(rounded::<T>(Ln1p, &[0.0]), [0.0]);
    }

    #[test]
    fn ends_in_single_precision() {
        check_ends::<f32>();
    }

    #[test]
    fn ends_in_double_precision() {
        check_ends::<f64>();
    }
}
