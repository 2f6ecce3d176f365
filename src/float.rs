//! What an element type must offer to run through the formulas.
//!
//! [`f32`] and [`f64`] are ready. Another float (a dual number, a double-double) needs its arithmetic, four
//! elementary functions, conversions, and a type for sums; everything else has a default in terms of these.

use crate::kernel::{Plan, Plans, Run};
use num_traits::{One, Zero};
use std::borrow::Cow;
use std::fmt::Debug;
use std::ops::{Div, Neg, Sub};

/// The unevaluated sum `hi + lo` of two floats, where `lo` is at most about a rounding error of `hi`.
///
/// A pair carries the few quantities whose rounding error a later step would amplify, such as the shifted
/// probability before it is raised to γ₋.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pair<T> {
    /// The leading part.
    pub hi: T,
    /// The trailing part.
    pub lo: T,
}

/// ln 2 in two pieces; the first has so few bits that its product with a whole number below 2¹¹ is exact.
const LN_2: [f64; 2] = [0.693_147_180_559_890_3, 5.497_923_018_708_371e-14];

/// An element type: [`f32`], [`f64`], or a float of your own.
///
/// Comparisons ask about the value alone: for a dual number, they ignore the derivative. So a target that is 0 or 1 is a
/// constant, whatever derivative it carries.
///
/// The elementary functions of [`f32`] and [`f64`] have no branches: arguments and results stop at
/// 2^±[`MAX_EXPONENT`](Self::MAX_EXPONENT).
///
/// # Examples
///
/// A float that counts nothing new but shows what has to be written:
///
/// ```
/// use asymmetric_loss::{AsymmetricLoss, Float};
/// use ndarray::array;
/// use num_traits::{One, Zero};
/// use std::ops::{Add, Div, Mul, Neg, Sub};
///
/// #[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
/// struct Real(f64);
/// # impl Add for Real { type Output = Self; fn add(self, other: Self) -> Self { Real(self.0 + other.0) } }
/// # impl Sub for Real { type Output = Self; fn sub(self, other: Self) -> Self { Real(self.0 - other.0) } }
/// # impl Mul for Real { type Output = Self; fn mul(self, other: Self) -> Self { Real(self.0 * other.0) } }
/// # impl Div for Real { type Output = Self; fn div(self, other: Self) -> Self { Real(self.0 / other.0) } }
/// # impl Neg for Real { type Output = Self; fn neg(self) -> Self { Real(-self.0) } }
/// # impl Zero for Real { fn zero() -> Self { Real(0.0) } fn is_zero(&self) -> bool { self.0 == 0.0 } }
/// # impl One for Real { fn one() -> Self { Real(1.0) } }
/// // … Add, Sub, Mul, Div, Neg, Zero and One, and then:
/// impl Float for Real {
///     type Sum = Self;
///     fn from_f64(value: f64) -> Self { Real(value) }
///     fn to_f64(self) -> f64 { self.0 }
///     fn from_sum(sum: Self) -> Self { sum }
///     fn exp(self) -> Self { Real(self.0.exp()) }
///     fn exp_m1(self) -> Self { Real(self.0.exp_m1()) }
///     fn ln(self) -> Self { Real(self.0.ln()) }
///     fn ln_1p(self) -> Self { Real(self.0.ln_1p()) }
/// }
///
/// let value = AsymmetricLoss::default().forward(&array![Real(0.3)], &array![Real(1.0)])?;
/// assert!((value.0 - AsymmetricLoss::default().forward(&array![0.3], &array![1.0])?).abs() < 1e-15);
/// # Ok::<(), asymmetric_loss::Error>(())
/// ```
pub trait Float:
    Copy
    + PartialOrd
    + Zero
    + One
    + Sub<Output = Self>
    + Div<Output = Self>
    + Neg<Output = Self>
    + Debug
    + Send
    + Sync
    + 'static
{
    /// The type in which losses are added up: a wider float where there is one, else `Self`.
    type Sum: Float + From<Self>;

    /// The largest e for which 2ᵉ and 2⁻ᵉ are both normal numbers; at most 1022.
    const MAX_EXPONENT: i32 = f64::MAX_EXP - 2;

    /// The nearest element.
    fn from_f64(value: f64) -> Self;

    /// The nearest `f64`.
    fn to_f64(self) -> f64;

    /// The nearest element to a sum.
    fn from_sum(sum: Self::Sum) -> Self;

    /// eˣ.
    fn exp(self) -> Self;

    /// eˣ − 1, accurate near 0.
    fn exp_m1(self) -> Self;

    /// ln x.
    fn ln(self) -> Self;

    /// ln(1 + x), accurate near 0.
    fn ln_1p(self) -> Self;

    /// `self · factor + addend`; rounded once where the hardware can.
    #[inline(always)]
    fn mul_add(self, factor: Self, addend: Self) -> Self {
        self * factor + addend
    }

    /// `self · factor − product`, without error where `product` is the rounded `self · factor`.
    #[inline(always)]
    fn product_error(self, factor: Self, product: Self) -> Self {
        self.mul_add(factor, -product)
    }

    /// n, the whole number nearest to a moderate `x`, and 2^(n + shift) for a whole `shift`, as long as that is normal.
    #[inline(always)]
    fn round_exp_2(x: Self, shift: Self) -> (Self, Self) {
        let n = x.to_f64().round();
        (Self::from_f64(n), Self::from_f64((n + shift.to_f64()).exp2()))
    }

    /// ln 2 as high + low, where n · high is exact for every exponent n of the type.
    #[inline(always)]
    fn ln_2() -> [Self; 2] {
        LN_2.map(Self::from_f64)
    }

    /// The spacing of the grid on which the high part of [`ln_2`](Self::ln_2) lies.
    #[inline(always)]
    fn ln_2_grid() -> f64 {
        2f64.powi(-42)
    }

    /// eʳ⁺ᵗ − 1 for |r| ≤ ½ ln 2 and a t below a rounding error of r.
    #[inline(always)]
    fn exp_m1_reduced(r: Self, t: Self) -> Self {
        (r + t).exp_m1()
    }

    /// −ln v for v = 1 − u, where whichever of the two is small is accurate.
    #[inline(always)]
    fn neg_ln(u: Self, v: Self) -> Self {
        if u < Self::from_f64(0.5) { -(-u).ln_1p() } else { -v.ln() }
    }

    /// ln x for x ≥ 0, to about twice the precision where the type can. For an x below
    /// 2^−[`MAX_EXPONENT`](Self::MAX_EXPONENT) any finite number will do: what its power is multiplied by is then 0.
    #[inline(always)]
    fn ln_pair(x: Pair<Self>) -> Pair<Self> {
        let smallest = Self::from_f64(f64::from(-Self::MAX_EXPONENT).exp2());
        let x = if x.hi < smallest { Self::one() } else { x.round() };
        Pair::single(x.ln())
    }

    /// eˣ; 0 where that is below 2^−[`MAX_EXPONENT`](Self::MAX_EXPONENT).
    #[inline(always)]
    fn exp_pair(x: Pair<Self>) -> Self {
        x.round().exp()
    }

    /// `base`ᵉ for a base ≥ 0, with the bounds of [`ln_pair`](Self::ln_pair) and [`exp_pair`](Self::exp_pair).
    #[inline(always)]
    fn power(base: Pair<Self>, e: Pair<Self>) -> Self {
        Self::exp_pair(e.times(Self::ln_pair(base)))
    }

    /// Evaluates a run of elements with the vector instructions of the processor, where the type has any.
    #[doc(hidden)]
    fn evaluate(plan: &Plan<Self>, run: Run<'_, Self>) -> Result<(), usize> {
        crate::kernel::evaluate::<Self, Self>(plan, run)
    }

    /// The constants of a loss, rounded to this type.
    #[doc(hidden)]
    fn plan(plans: &Plans) -> Cow<'_, Plan<Self>> {
        Cow::Owned(plans.round_to())
    }
}
