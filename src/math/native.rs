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

    /// Coefficients of (f − f²/2 − ln(1 + f)) / f³ on ⅝ ≤ 1 + f < 5/4.
    const LN: &'static [f64];

    /// [`ROUNDER`](Self::ROUNDER) + the exponent bias: a whole number that is added to it stands, biased, in the last bits.
    const POWER_ROUNDER: Self;

    /// The last bits as an exponent: 2ⁿ for `self` = n + [`POWER_ROUNDER`](Self::POWER_ROUNDER).
    fn exponent_from_fraction(self) -> Self;

    /// What [`exponent`](Self::exponent) counts in: 2^−(fraction bits).
    const EXPONENT_UNIT: f64;

    /// (k, 2⁻ᵏ) with ⅝ ≤ self · 2⁻ᵏ < 5/4, for a positive normal `self`; k in units of
    /// [`EXPONENT_UNIT`](Self::EXPONENT_UNIT).
    fn exponent(self) -> (Self, Self);

    /// `self` with the lower half of its fraction cleared.
    fn upper_half(self) -> Self;
}

macro_rules! native {
    ($float:ident, $bits:ident, $signed:ident, $fraction:literal, $ln_2:expr, $grid:expr, $exp:expr, $ln:expr) => {
        impl Native for $float {
            const ROUNDER: $float = 1.5 * (1u64 << $fraction) as $float;
            const LN_2: [$float; 2] = $ln_2;
            const LN_2_GRID: f64 = 1.0 / $grid as f64;
            const EXP: &'static [f64] = $exp;
            const LN: &'static [f64] = $ln;

            const POWER_ROUNDER: $float = Self::ROUNDER + ($float::MAX_EXP - 1) as $float;

            #[inline(always)]
            fn exponent_from_fraction(self) -> $float {
                $float::from_bits(self.to_bits() << $fraction)
            }

            const EXPONENT_UNIT: f64 = 1.0 / (1u64 << $fraction) as f64;

            #[inline(always)]
            fn exponent(self) -> ($float, $float) {
                const EXPONENT_BITS: $bits = $bits::MAX << $fraction;
                const LOWEST: $bits = (0.625 as $float).to_bits();
                let k = self.to_bits().wrapping_sub(LOWEST) & EXPONENT_BITS;
                (k as $signed as $float, $float::from_bits((1.0 as $float).to_bits().wrapping_sub(k)))
            }

            #[inline(always)]
            fn upper_half(self) -> $float {
                $float::from_bits(self.to_bits() & ($bits::MAX << ($fraction / 2 + 1)))
            }
        }
    };
}

native!(f32, u32, i32, 23, [0.693_145_75, 1.428_606_8e-6], 1u64 << 16, &EXP_F32, &LN_F32);
native!(f64, u64, i64, 52, [0.693_147_180_559_890_3, 5.497_923_018_708_371e-14], 1u64 << 42, &EXP_F64, &LN_F64);

// The coefficients minimise the largest relative error of eʳ − 1 and of ln(1 + f) (Remez' algorithm with 50 digits;
// then rounded). What remains is 2^-31 and 2^-27 for f32, 2^-60 and 2^-56 for f64, well below half an ULP each.

const EXP_F32: [f64; 5] = [0.16666667, 0.04166648, 0.008333282, 0.001393333, 0.00019909946];

const LN_F32: [f64; 8] =
    [-0.33333388, 0.2499904, -0.1999386, 0.16736472, -0.14437199, 0.10875585, -0.106354214, 0.2273721];

const EXP_F64: [f64; 10] = [
    0.16666666666666674,
    0.04166666666666667,
    0.008333333333322172,
    0.0013888888888880918,
    0.00019841269886699926,
    2.480158733403087e-05,
    2.755724221351069e-06,
    2.755726422638177e-07,
    2.511009630403349e-08,
    2.091817130916585e-09,
];

const LN_F64: [f64; 19] = [
    -0.3333333333333423,
    0.24999999999993341,
    -0.19999999999549567,
    0.1666666666909998,
    -0.14285714359214166,
    0.12499999645079327,
    -0.11111105474521246,
    0.10000027269460059,
    -0.09091140256115549,
    0.08332120389898355,
    -0.07687137980870025,
    0.0717501528540078,
    -0.06722085138808598,
    0.057510119349259384,
    -0.05826418171040104,
    0.0970543759818036,
    -0.011838943840078421,
    -0.08848400449284531,
    -0.30760695074469335,
];
