//! What arrays may hold, and what it is calculated in.

use num_traits::{One, Zero};
use std::fmt::Debug;
use std::ops::{Div, Neg, Sub};

/// What an array may hold: a [`Float`], or a narrower type that is calculated with in one.
///
/// Every [`Float`] is an element. With the feature `half` so are `f16` and `bf16`, which are calculated with in `f32`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an element of logits or weights",
    note = "logits may be `f32`, `f64`, with the feature `half` `f16` and `bf16`, or your own type with `Float`",
    note = "weights must have the element type of the logits: convert them, say by `mapv`"
)]
pub trait Element: Copy + Debug + Send + Sync + 'static {
    /// What is calculated in, and the type of the reduced loss.
    type Float: Float;

    /// The element as a float, without error.
    fn to_float(self) -> Self::Float;

    /// The nearest element to a float.
    fn from_float(float: Self::Float) -> Self;
}

impl<T: Float> Element for T {
    type Float = T;

    #[inline(always)]
    fn to_float(self) -> T {
        self
    }

    #[inline(always)]
    fn from_float(float: T) -> T {
        float
    }
}

#[cfg(feature = "half")]
macro_rules! half_element {
    ($($half:ident)*) => {$(
        impl Element for half::$half {
            type Float = f32;

            #[inline(always)]
            fn to_float(self) -> f32 {
                self.to_f32()
            }

            #[inline(always)]
            fn from_float(float: f32) -> Self {
                Self::from_f32(float)
            }
        }
    )*};
}
#[cfg(feature = "half")]
half_element!(f16 bf16);

/// A type that formulas calculate with: [`f32`], [`f64`], or a float of your own, such as a dual number or a double-double.
///
/// Comparisons ask about the value alone: for a dual number, they ignore the derivative. So a target that is 0 or 1 is a
/// constant, whatever derivative it carries.
///
/// # Examples
///
/// A wrapped `f64`, to show what has to be written:
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
///     const MAX_EXPONENT: i32 = f64::MAX_EXPONENT;
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
#[diagnostic::on_unimplemented(
    message = "`{Self}` is neither a float to calculate with nor a label",
    note = "logits may be `f32`, `f64`, with the feature `half` `f16` and `bf16`, or your own type with `Float`",
    note = "functions of the stages take floats: convert half precision first",
    note = "labels may be any integer, `bool`, `Option<bool>`, any of those floats, or your own type with `Label`"
)]
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

    /// The range: the largest e for which 2ᵉ and 2⁻ᵉ are both normal numbers, but at most 1022; that of `f64`, for a type
    /// made of `f64`. One that is too large for the type gives NaN.
    const MAX_EXPONENT: i32;

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

    #[doc(hidden)]
    fn evaluate<'a, W: ByType>(input: W::Input<'a, Self>) -> W::Output<'a, Self> {
        W::any(input)
    }
}

/// Work that differs from type to type: `f32` and `f64` go in vectors, and through functions that are compiled with this crate and not,
/// unoptimized perhaps, with its user; every other type goes one by one. It is not public: the module is private.
pub trait ByType {
    type Input<'a, T: Float>;
    type Output<'a, T: Float>;

    fn single<'a>(input: Self::Input<'a, f32>) -> Self::Output<'a, f32>;
    fn double<'a>(input: Self::Input<'a, f64>) -> Self::Output<'a, f64>;
    fn any<'a, T: Float>(input: Self::Input<'a, T>) -> Self::Output<'a, T>;
}

/// Functions that the standard library has.
macro_rules! of_std {
    ($float:ident: $($function:ident)*) => {$(
        #[inline(always)]
        fn $function(self) -> Self {
            $float::$function(self)
        }
    )*};
}

macro_rules! native_float {
    ($($float:ident $by_type:ident)*) => {$(
        impl Float for $float {
            type Sum = f64;
            const MAX_EXPONENT: i32 = $float::MAX_EXP - 2;

            #[inline(always)]
            fn from_f64(value: f64) -> Self {
                value as $float
            }
            #[inline(always)]
            fn to_f64(self) -> f64 {
                self.into()
            }
            #[inline(always)]
            fn from_sum(sum: f64) -> Self {
                sum as $float
            }
            of_std!($float: exp exp_m1 ln ln_1p);

            fn evaluate<'a, W: ByType>(input: W::Input<'a, Self>) -> W::Output<'a, Self> {
                W::$by_type(input)
            }
        }
    )*};
}
native_float!(f32 single f64 double);
