//! `f32` and `f64` at the level of their bits.

use crate::float::Float;

/// A float whose sign, exponent and fraction can be reached through its bits.
pub(crate) trait Native: Float {
    /// 1.5 · 2^(fraction bits): adding it to a moderate number rounds that number to a whole one.
    const ROUNDER: Self;

    /// ln 2 as high + low.
    const LN_2: [Self; 2];

    /// The spacing of the grid on which the high part of ln 2 lies.
    const LN_2_GRID: f64;

    /// Coefficients of (eʳ − 1 − r − r²/2) / r³ on |r| ≤ ½ ln 2.
    const EXP: &'static [f64];

    /// Coefficients of (f − f²/2 − ln(1 + f)) / f³ on ½√2 ≤ 1 + f ≤ √2.
    const LN: &'static [f64];

    /// `one` where the bits of `self` are those of 1, `zero` where they are those of 0.
    fn choose_by_bits(self, one: Self, zero: Self) -> Self;

    /// 2ⁿ for a whole n.
    fn power_of_two(n: Self) -> Self;

    /// (k, 2⁻ᵏ) with ½√2 ≤ self · 2⁻ᵏ < √2, for a positive normal `self`.
    fn exponent(self) -> (Self, Self);

    /// `self` with the lower half of its fraction cleared.
    fn upper_half(self) -> Self;
}

macro_rules! native {
    ($float:ident, $bits:ident, $fraction:literal, $ln_2:expr, $grid:expr, $exp:expr, $ln:expr) => {
        impl Native for $float {
            const ROUNDER: $float = 1.5 * (1u64 << $fraction) as $float;
            const LN_2: [$float; 2] = $ln_2;
            const LN_2_GRID: f64 = 1.0 / $grid as f64;
            const EXP: &'static [f64] = $exp;
            const LN: &'static [f64] = $ln;

            // Selecting by mask, not by `if`: given a branch, the compiler evaluates the whole formula once
            // for either label and halves the speed.
            #[inline(always)]
            fn choose_by_bits(self, one: $float, zero: $float) -> $float {
                let mask = (self.to_bits() >> ($bits::BITS - 3)).wrapping_neg();
                $float::from_bits(zero.to_bits() ^ ((zero.to_bits() ^ one.to_bits()) & mask))
            }

            #[inline(always)]
            fn power_of_two(n: $float) -> $float {
                const BIASED: $float = $float::ROUNDER + ($float::MAX_EXP - 1) as $float;
                $float::from_bits((n + BIASED).to_bits() << $fraction)
            }

            #[inline(always)]
            fn exponent(self) -> ($float, $float) {
                const BIAS: $bits = $float::MAX_EXP as $bits - 1;
                const UP_TO_ONE: $bits = (1.0 as $float).to_bits() - std::$float::consts::FRAC_1_SQRT_2.to_bits();
                const WHOLE: $float = (1u64 << $fraction) as $float;
                let biased = self.to_bits().wrapping_add(UP_TO_ONE) >> $fraction;
                // An integer in the fraction bits of WHOLE: a conversion that every instruction set has.
                let k = $float::from_bits(biased | WHOLE.to_bits()) - (WHOLE + BIAS as $float);
                (k, $float::from_bits((2 * BIAS).wrapping_sub(biased) << $fraction))
            }

            #[inline(always)]
            fn upper_half(self) -> $float {
                $float::from_bits(self.to_bits() & ($bits::MAX << ($fraction / 2 + 1)))
            }
        }
    };
}

native!(f32, u32, 23, [0.693_145_75, 1.428_606_8e-6], 1u64 << 16, &EXP_F32, &LN_F32);
native!(f64, u64, 52, [0.693_147_180_559_890_3, 5.497_923_018_708_371e-14], 1u64 << 42, &EXP_F64, &LN_F64);

// The coefficients minimise the largest relative error of eʳ − 1 and of ln(1 + f) (Lawson's iteration with 50 digits;
// then rounded). What remains is 2^-31 and 2^-30 for f32, 2^-61 and 2^-59 for f64, well below half an ULP each.

const EXP_F32: [f64; 5] = [0.16666667, 0.04166648, 0.008333282, 0.001393333, 0.00019909946];

const LN_F32: [f64; 9] =
    [-0.3333331, 0.24999987, -0.20002227, 0.16669247, -0.14218655, 0.12384441, -0.11873086, 0.11789254, -0.06914438];

const EXP_F64: [f64; 10] = [
    0.16666666666666677,
    0.041666666666666685,
    0.00833333333332163,
    0.0013888888888872583,
    0.0001984126988614439,
    2.4801587351250537e-05,
    2.755724418341448e-06,
    2.7557249681291645e-07,
    2.5109047249573674e-08,
    2.0922514400392442e-09,
];

const LN_F64: [f64; 20] = [
    -0.3333333333333347,
    0.24999999999999242,
    -0.19999999999939802,
    0.16666666666827826,
    -0.14285714294505683,
    0.1249999999073671,
    -0.111111104851083,
    0.09999999935016823,
    -0.09090934125804159,
    0.08333358923989011,
    -0.07691714338824757,
    0.07141771910450768,
    -0.06674924915627675,
    0.06272063186110274,
    -0.05821884787336342,
    0.05315728241694532,
    -0.05384622266110614,
    0.06285860823183578,
    -0.057875955094665935,
    0.024974510747256654,
];
