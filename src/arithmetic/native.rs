//! `f32` and `f64` at the level of their bits, and the coefficients of their elementary functions.

use super::{Arithmetic, Double, Single};
use crate::arithmetic::element::Float;
use fearless_simd::{Bytes, ExtractToken, Simd, SimdBase, SimdFloat, SimdFloatElement, SimdInt};

/// A float whose sign, exponent and fraction can be reached through its bits, in vectors.
pub(crate) trait Native: Float + SimdFloatElement {
    /// One such float.
    type Scalar: Arithmetic<Element = Self, Context = ()>;

    /// The number of bits of the fraction.
    const FRACTION_BITS: u32;

    /// 1.5 · 2^(fraction bits): adding it to a moderate number rounds that number to a whole one.
    const ROUNDER: Self;

    /// [`ROUNDER`](Self::ROUNDER) + the exponent bias: a whole number that is added to it stands, biased, in the last bits.
    const POWER_ROUNDER: Self;

    /// ln 2 as high + low.
    const LN_2: [Self; 2];

    /// What [`exponent`](Self::exponent) counts in.
    const EXPONENT_UNIT: f64;

    /// Coefficients of (eʳ − 1 − r − r²/2) / r³ on |r| ≤ ½ ln 2.
    const EXP: &'static [Self];

    /// Coefficients of (f − f²/2 − ln(1 + f)) / f³ on ⅝ ≤ 1 + f < 5/4.
    const LN: &'static [Self];

    /// (k, 2⁻ᵏ) with ⅝ ≤ x · 2⁻ᵏ < 5/4, for a positive normal x; k in units of [`EXPONENT_UNIT`](Self::EXPONENT_UNIT).
    fn exponent<S: Simd>(x: Self::Native<S>) -> (Self::Native<S>, Self::Native<S>);
}

// The coefficients minimise the largest relative error of eʳ − 1 and of ln(1 + f) (Remez' algorithm with 50 digits;
// then rounded). What remains is 2^-31 and 2^-27 for f32, 2^-60 and 2^-56 for f64, well below half an ULP each.

impl Native for f32 {
    type Scalar = Single;

    const FRACTION_BITS: u32 = 23;
    const ROUNDER: f32 = 1.5 * (1u32 << 23) as f32;
    const POWER_ROUNDER: f32 = Self::ROUNDER + 127.0;
    const LN_2: [f32; 2] = [0.693_145_75, 1.428_606_8e-6];
    const EXPONENT_UNIT: f64 = 1.0 / (1u32 << 23) as f64;
    const EXP: &'static [f32] = &[0.16666667, 0.04166648, 0.008333282, 0.001393333, 0.00019909946];
    const LN: &'static [f32] =
        &[-0.33333388, 0.2499904, -0.1999386, 0.16736472, -0.14437199, 0.10875585, -0.106354214, 0.2273721];

    #[inline(always)]
    fn exponent<S: Simd>(x: S::f32s) -> (S::f32s, S::f32s) {
        let k = (x.to_bits() - 0.625_f32.to_bits()) & 0xff80_0000_u32;
        let signed: S::i32s = k.bitcast();
        (signed.to_float(), S::f32s::from_bits(S::f32s::splat(x.token(), 1.0).to_bits() - k))
    }
}

impl Native for f64 {
    type Scalar = Double;

    const FRACTION_BITS: u32 = 52;
    const ROUNDER: f64 = 1.5 * (1u64 << 52) as f64;
    const POWER_ROUNDER: f64 = Self::ROUNDER + 1023.0;
    const LN_2: [f64; 2] = [0.693_147_180_559_890_3, 5.497_923_018_708_371e-14];
    const EXPONENT_UNIT: f64 = 1.0;
    const EXP: &'static [f64] = &[
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
    const LN: &'static [f64] = &[
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

    #[inline(always)]
    fn exponent<S: Simd>(x: S::f64s) -> (S::f64s, S::f64s) {
        const EXPONENT_BITS: u64 = u64::MAX << 52;
        // Biased, so that it is not negative: few processors turn whole numbers of 64 bits into floats.
        const BIAS: u64 = 1 << 10;
        let k = (x.to_bits() - 0.625_f64.to_bits()) & EXPONENT_BITS;
        let biased = (k + S::f64s::splat(x.token(), f64::from_bits(BIAS << 52)).to_bits()) >> 52;
        let offset = 2f64.powi(52);
        let k_as_float = S::f64s::from_bits(biased | offset.to_bits()) - (offset + BIAS as f64);
        (k_as_float, S::f64s::from_bits(S::f64s::splat(x.token(), 1.0).to_bits() - k))
    }
}
