//! ln(m / (1 − m)) in twice the precision of `f64`.

use super::{Arithmetic, Pair};

/// ln 2 in three pieces of at most 42 bits, whose products with an exponent are exact.
const LN_2: [f64; 3] = [0.693_147_180_559_890_3, 5.497_923_018_707_21e-14, 1.161_222_722_936_253_2e-26];

/// The number of terms after which the series of eʳ, |r| ≤ ½ ln 2, is below 2⁻¹¹⁰.
const TERMS: i32 = 28;

/// x = ln(m / (1 − m)) for a normal number m below 1, with an error of about 2⁻¹⁰⁴ · max(1, |x|).
///
/// One Newton step in pairs from the rounded value x: ln(m/(1−m)) = x + ln(1 + η), where
/// η = (m − (1−m)eˣ) / ((1−m)eˣ).
#[inline(always)]
pub(crate) fn logit<V: Arithmetic<Element = f64>>(m: V) -> Pair<V> {
    let one = m.one();
    let x = V::ln_pair(Pair::single(m)).round() + V::neg_ln(m, one - m);
    let (minus_n, power) = (x * m.number(-std::f64::consts::LOG2_E)).round_exp_2(m.zero());
    let [first, second, third] = LN_2;
    let (first, second, third) = (minus_n * m.number(first), minus_n * m.number(second), minus_n * m.number(third));
    let high = Pair::sum(x + first, second);
    let r = Pair::sum_ordered(high.hi, high.lo + third);
    let mut exp = Pair::single(one);
    for k in (1..=TERMS).rev() {
        exp = plus_one(divided(exp.times(r), m.number(f64::from(k))));
    }
    let estimate = Pair::sum(one, -m).times(exp);
    let eta = ((m * power - estimate.hi) - estimate.lo) / estimate.hi;
    Pair::sum_ordered(x, eta - m.number(0.5) * eta * eta)
}

#[inline(always)]
fn plus_one<V: Arithmetic>(x: Pair<V>) -> Pair<V> {
    let sum = Pair::sum(x.hi.one(), x.hi);
    Pair::sum_ordered(sum.hi, sum.lo + x.lo)
}

#[inline(always)]
fn divided<V: Arithmetic>(x: Pair<V>, k: V) -> Pair<V> {
    let hi = x.hi / k;
    Pair { hi, lo: (hi.subtracted_from(k, x.hi) + x.lo) / k }
}

#[cfg(test)]
mod tests {
    use super::super::Scalar;
    use super::*;

    /// Leading and trailing parts computed with 60 digits.
    #[test]
    fn agrees_with_sixty_digits() {
        for (m, hi, lo) in include!("logit_vectors.in") {
            let Pair { hi: Scalar(a), lo: Scalar(b) } = logit(Scalar(m));
            assert!(((a - hi) + (b - lo)).abs() <= 2f64.powi(-103) * hi.abs().max(1.0), "m = {m}: {a} + {b}");
        }
    }
}
