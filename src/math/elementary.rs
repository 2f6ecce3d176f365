//! exp and ln on reduced arguments, written once for every native float.

use super::native::Native;
use crate::float::Pair;

/// Horner's scheme, lowest coefficient first.
#[inline(always)]
pub(crate) fn polynomial<N: Native>(x: N, coefficients: &[f64]) -> N {
    let Some((&last, rest)) = coefficients.split_last() else { return N::zero() };
    rest.iter().rev().fold(N::from_f64(last), |sum, &c| sum.mul_add(x, N::from_f64(c)))
}

/// eʳ⁺ᵗ − 1 = r + (r²/2 + r³·P(r) + t) for |r| ≤ ½ ln 2 and a t below a rounding error of r.
#[inline(always)]
pub(crate) fn exp_m1<N: Native>(r: N, t: N) -> Pair<N> {
    let half = N::from_f64(0.5);
    Pair::sum_ordered(r, (r * r).mul_add(r.mul_add(polynomial(r, N::EXP), half), t))
}

/// The |x| at which eˣ leaves the powers of two that a float and its inverse both represent.
#[inline(always)]
fn bound<N: Native>() -> N {
    N::from_f64(f64::from(N::MAX_EXPONENT) * std::f64::consts::LN_2)
}

/// (2ⁿ, r) with x = n·ln 2 + r and |r| ≤ ½ ln 2; what is beyond [`bound`] counts as the bound.
#[inline(always)]
fn reduce<N: Native>(x: Pair<N>) -> (N, Pair<N>) {
    let below = x.hi < -bound::<N>();
    let hi = if below { -bound::<N>() } else { x.hi };
    let lo = if below { N::zero() } else { x.lo };
    let hi = if hi > bound() { bound() } else { hi };
    let (n, power) = N::round_exp_2(hi * N::from_f64(std::f64::consts::LOG2_E), N::zero());
    let [high, low] = N::LN_2;
    (power, Pair::sum_ordered((-n).mul_add(high, hi), (-n).mul_add(low, lo)))
}

/// eˣ − 1 = 2ⁿ·(eʳ − 1) + (2ⁿ − 1).
#[inline(always)]
pub(crate) fn exp_m1_full<N: Native>(x: N) -> N {
    let (power, r) = reduce(Pair::single(x));
    power.mul_add(exp_m1(r.hi, r.lo).hi, power - N::one())
}

/// −ln v for v = 1 − u > 0.
///
/// With v = 2ᵏ(1 + f): −ln v = −k ln 2 − f + (f²/2 + f³·P(f)). For k = 0 it is f = −u, which is taken from u
/// because v has lost the digits of a small u.
#[inline(always)]
pub(crate) fn neg_ln<N: Native>(u: N, v: N) -> N {
    let (k, scale) = v.exponent();
    let f = if k == N::zero() { -u } else { v.mul_add(scale, -N::one()) };
    let tail = f * f * f.mul_add(polynomial(f, N::LN), N::from_f64(0.5));
    (-k).mul_add(N::from_f64(std::f64::consts::LN_2 * N::EXPONENT_UNIT), tail - f)
}

/// ln x for x ≥ 0, good to about 2⁻²⁸ (f32) or 2⁻⁵⁷ (f64) absolutely; the smallest normal number stands for any below it.
#[inline(always)]
pub(crate) fn ln<N: Native>(x: Pair<N>) -> Pair<N> {
    let smallest = N::from_f64(f64::from(-N::MAX_EXPONENT).exp2());
    let tiny = x.hi < smallest;
    let x = Pair { hi: if tiny { smallest } else { x.hi }, lo: if tiny { N::zero() } else { x.lo } };
    let (k, scale) = x.hi.exponent();
    let f = Pair::sum_ordered(x.hi.mul_add(scale, -N::one()), x.lo * scale);
    let half = N::from_f64(-0.5);
    let square = Pair::product(f.hi, f.hi);
    let cube = square.hi * f.hi * polynomial(f.hi, N::LN);
    let head = Pair::sum_ordered(f.hi, half * square.hi);
    let tail = head.lo + (half.mul_add(square.lo, (-f.lo).mul_add(f.hi, f.lo)) - cube);
    let [high, low] = N::LN_2.map(|part| part * N::from_f64(N::EXPONENT_UNIT));
    let sum = Pair::sum_ordered(k * high, head.hi);
    Pair::sum_ordered(sum.hi, sum.lo + k.mul_add(low, tail))
}

/// eˣ, 0 where it is below the smallest normal number.
#[inline(always)]
pub(crate) fn exp<N: Native>(x: Pair<N>) -> N {
    let (power, r) = reduce(x);
    let scale = if x.hi < -bound::<N>() { N::zero() } else { power };
    (N::one() + exp_m1(r.hi, r.lo).hi) * scale
}

#[cfg(test)]
mod tests {
    use crate::float::Float;
    use dashu_float::{FBig, round::mode::HalfEven};

    type Big = FBig<HalfEven, 2>;

    /// What a library promises of its elementary functions.
    const LARGEST_ERROR: f64 = 2.0;

    /// Points spaced over an interval, and towards 0.
    fn points(from: f64, to: f64) -> impl Iterator<Item = f64> {
        let spaced = (0..=2000).map(move |k| from + (to - from) * f64::from(k) / 2000.0);
        spaced.chain((1..60).flat_map(move |k| [from, to].map(|end| end * (-f64::from(k) * 0.7).exp2())))
    }

    /// The largest error in units in the last place, and where it is.
    fn largest_error<T: Float>(
        digits: i32,
        points: impl Iterator<Item = f64>,
        f: fn(T) -> T,
        exact: fn(Big) -> Big,
    ) -> (f64, f64) {
        let errors = points.map(|x| {
            let x = T::from_f64(x);
            let exact = exact(Big::try_from(x.to_f64()).expect("a finite number").with_precision(160).value());
            let rounded = exact.to_f64().value();
            let ulp = (f64::from((rounded.abs().to_bits() >> 52) as i32 - 1023 - digits + 1)).exp2();
            let error = Big::try_from(f(x).to_f64()).expect("a finite number").with_precision(160).value() - exact;
            (if rounded == 0.0 { error.to_f64().value().abs() } else { error.to_f64().value().abs() / ulp }, x.to_f64())
        });
        errors.fold((0.0, 0.0), |largest, error| if error.0 > largest.0 { error } else { largest })
    }

    fn check<T: Float>(digits: i32, bound: f64) {
        type Case<T> = (&'static str, [f64; 2], fn(T) -> T, fn(Big) -> Big);
        let cases: [Case<T>; 6] = [
            ("exp", [-bound, bound], T::exp, |x| x.exp()),
            ("exp_m1", [-bound, bound], T::exp_m1, |x| x.exp_m1()),
            ("ln", [1e-12, 3.0], T::ln, |x| x.ln()),
            ("ln_1p", [-0.9, 1.0], T::ln_1p, |x| x.ln_1p()),
            ("neg_ln of u", [1e-12, 0.37], |u| T::neg_ln(u, T::one() - u), |u| -(-u).ln_1p()),
            ("neg_ln of v", [1e-12, 0.62], |v| T::neg_ln(T::one() - v, v), |v| -v.ln()),
        ];
        for (name, [from, to], f, exact) in cases {
            let (error, at) = largest_error(digits, points(from, to), f, exact);
            println!("{name} with {digits} bits: at most {error:.2} ULP, at {at:e}");
            assert!(error <= LARGEST_ERROR, "{name} is {error} ULP off at {at:e}");
        }
    }

    #[test]
    fn single_precision_is_within_two_ulp() {
        check::<f32>(24, 87.0);
    }

    #[test]
    fn double_precision_is_within_two_ulp() {
        check::<f64>(53, 708.0);
    }
}
