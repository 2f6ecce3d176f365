//! ln(m / (1 − m)) in twice the precision of `f64`.

use crate::float::Pair;

/// ln 2 in three pieces of at most 42 bits, whose products with an exponent are exact.
const LN_2: [f64; 3] = [0.693_147_180_559_890_3, 5.497_923_018_707_21e-14, 1.161_222_722_936_253_2e-26];

/// The number of terms after which the series of eʳ, |r| ≤ ½ ln 2, is below 2⁻¹¹⁰.
const TERMS: i32 = 28;

/// x = ln(m / (1 − m)) for 0 < m < 1, with an error of about 2⁻¹⁰⁴ · max(1, |x|).
///
/// One Newton step in pairs from the rounded value x: ln(m/(1−m)) = x + ln(1 + δ), where
/// δ = (m − (1−m)eˣ) / ((1−m)eˣ).
pub(crate) fn logit(m: f64) -> Pair<f64> {
    let x = m.ln() - (-m).ln_1p();
    let n = (x * std::f64::consts::LOG2_E).round();
    let high = Pair::sum(x - n * LN_2[0], -n * LN_2[1]);
    let r = Pair::sum_ordered(high.hi, high.lo - n * LN_2[2]);
    let mut exp = Pair::single(1.0);
    for k in (1..=TERMS).rev() {
        exp = plus_one(divided(exp.times(r), f64::from(k)));
    }
    let estimate = Pair::sum(1.0, -m).times(exp);
    let delta = ((m * (-n).exp2() - estimate.hi) - estimate.lo) / estimate.hi;
    Pair::sum_ordered(x, delta - 0.5 * delta * delta)
}

fn plus_one(x: Pair<f64>) -> Pair<f64> {
    let sum = Pair::sum(1.0, x.hi);
    Pair::sum_ordered(sum.hi, sum.lo + x.lo)
}

fn divided(x: Pair<f64>, k: f64) -> Pair<f64> {
    let hi = x.hi / k;
    Pair { hi, lo: ((-hi).mul_add(k, x.hi) + x.lo) / k }
}

/// 1 / d.
pub(crate) fn reciprocal(d: Pair<f64>) -> Pair<f64> {
    let hi = 1.0 / d.hi;
    let error = (-hi).mul_add(d.hi, 1.0) - hi * d.lo;
    Pair { hi, lo: error * hi }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Leading and trailing parts computed with 60 digits.
    #[test]
    fn agrees_with_sixty_digits() {
        for (m, hi, lo) in include!("logit_vectors.in") {
            let Pair { hi: a, lo: b } = logit(m);
            assert!(((a - hi) + (b - lo)).abs() <= 2f64.powi(-103) * hi.abs().max(1.0), "m = {m}: {a} + {b}");
        }
    }
}
