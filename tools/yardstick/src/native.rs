//! `f32` and `f64` as measuring sees them.

use asymmetric_loss::Float;

/// What measuring needs to know about a native float.
pub trait Native: Float + Into<f64> {
    /// What the type is called.
    const NAME: &'static str;
    /// The number of its binary digits.
    const DIGITS: i32;
    /// The exponent of the smallest normal number.
    const SMALLEST_EXPONENT: i32;
    /// The |z| up to which e^(−|z|) is a normal number.
    const MODERATE: f64;

    /// The float so many representable steps above, or below for a negative number.
    fn neighbour(self, steps: i32) -> Self;

    /// The spacing of the type at x.
    fn ulp(x: f64) -> f64 {
        let exponent = (x.to_bits() >> 52 & 0x7ff) as i32 - 1023;
        exp_2(exponent.max(Self::SMALLEST_EXPONENT) - Self::DIGITS + 1)
    }

    /// The smallest normal number.
    fn smallest_normal() -> f64 {
        exp_2(Self::SMALLEST_EXPONENT)
    }
}

/// 2ⁿ, without a call where the result is normal: this runs for every float.
fn exp_2(n: i32) -> f64 {
    if n < f64::MIN_EXP { f64::from(n).exp2() } else { f64::from_bits(((n + 1023) as u64) << 52) }
}

macro_rules! native {
    ($float:ident, $moderate:literal) => {
        impl Native for $float {
            const NAME: &'static str = stringify!($float);
            const DIGITS: i32 = $float::MANTISSA_DIGITS as i32;
            const SMALLEST_EXPONENT: i32 = $float::MIN_EXP - 1;
            const MODERATE: f64 = $moderate;

            fn neighbour(self, steps: i32) -> Self {
                let step = if steps < 0 { $float::next_down } else { $float::next_up };
                (0..steps.abs()).fold(self, |x, _| step(x))
            }
        }
    };
}
native!(f32, 87.0);
native!(f64, 708.0);
