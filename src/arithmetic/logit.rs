//! ln(m / (1 − m)) and (1 − m) / m in twice the precision of `f64`.

use super::{Arithmetic, Pair};

/// ln 2 in three pieces of at most 42 bits, whose products with an exponent are exact.
const LN_2: [f64; 3] = [0.693_147_180_559_890_3, 5.497_923_018_707_21e-14, 1.161_222_722_936_253_2e-26];

/// 1/k! from k = 0, high and low part, as long as the rounding of rᵏ/k! is above 2⁻¹⁰⁶ for |r| ≤ ½ ln 2.
#[rustfmt::skip]
const LEADING: [[f64; 2]; 14] = [
    [1.0, 0.0],
    [1.0, 0.0],
    [0.5, 0.0],
    [0.16666666666666666, 9.25185853854297e-18],
    [0.041666666666666664, 2.3129646346357427e-18],
    [0.008333333333333333, 1.1564823173178714e-19],
    [0.001388888888888889, -5.300543954373577e-20],
    [0.0001984126984126984, 1.7209558293420705e-22],
    [2.48015873015873e-05, 2.1511947866775882e-23],
    [2.7557319223985893e-06, -1.858393274046472e-22],
    [2.755731922398589e-07, 2.3767714622250297e-23],
    [2.505210838544172e-08, -1.448814070935912e-24],
    [2.08767569878681e-09, -1.20734505911326e-25],
    [1.6059043836821613e-10, 1.2585294588752098e-26],
];

/// 1/k! from k = 14, as long as rᵏ/k! is above 2⁻¹¹⁰.
const TRAILING: [f64; 14] = [
    1.1470745597729725e-11,
    7.647163731819816e-13,
    4.779477332387385e-14,
    2.8114572543455206e-15,
    1.5619206968586225e-16,
    8.22063524662433e-18,
    4.110317623312165e-19,
    1.9572941063391263e-20,
    8.896791392450574e-22,
    3.868170170630684e-23,
    1.6117375710961184e-24,
    6.446950284384474e-26,
    2.4795962632247976e-27,
    9.183689863795546e-29,
];

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
    let mut exp = Pair::single(m.zero());
    for coefficient in TRAILING.into_iter().rev() {
        exp.hi = exp.hi.mul_add(r.hi, m.number(coefficient));
    }
    for [high, low] in LEADING.into_iter().rev() {
        let product = exp.times(r);
        let sum = Pair::sum_ordered(m.number(high), product.hi);
        exp = Pair { hi: sum.hi, lo: sum.lo + (product.lo + m.number(low)) };
    }
    let estimate = Pair::sum(one, -m).times(exp);
    let eta = ((m * power - estimate.hi) - estimate.lo) / estimate.hi;
    Pair::sum_ordered(x, eta - m.number(0.5) * eta * eta)
}

/// (1 − m)/m for a normal number m below 1.
#[inline(always)]
pub(crate) fn inverse_odds<V: Arithmetic<Element = f64>>(m: V) -> Pair<V> {
    let complement = Pair::sum(m.one(), -m);
    let hi = complement.hi / m;
    Pair { hi, lo: (hi.subtracted_from(m, complement.hi) + complement.lo) / m }
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
