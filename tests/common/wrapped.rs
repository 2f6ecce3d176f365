//! A float of a user's own: a native one, with nothing but what has to be written.

use asymmetric_loss::Float;
use num_traits::{One, Zero};
use std::ops::{Add, Div, Mul, Neg, Sub};

/// A float whose type the crate does not know.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
pub(crate) struct Wrapped<T>(pub(crate) T);

macro_rules! operator {
    ($($trait:ident $method:ident),*) => {$(
        impl<T: $trait<Output = T>> $trait for Wrapped<T> {
            type Output = Self;
            fn $method(self, other: Self) -> Self {
                Wrapped(self.0.$method(other.0))
            }
        }
    )*};
}
operator!(Add add, Sub sub, Mul mul, Div div);

impl<T: Neg<Output = T>> Neg for Wrapped<T> {
    type Output = Self;
    fn neg(self) -> Self {
        Wrapped(-self.0)
    }
}

impl<T: Zero> Zero for Wrapped<T> {
    fn zero() -> Self {
        Wrapped(T::zero())
    }
    fn is_zero(&self) -> bool {
        self.0.is_zero()
    }
}

impl<T: One> One for Wrapped<T> {
    fn one() -> Self {
        Wrapped(T::one())
    }
}

impl<T: Float> Float for Wrapped<T> {
    type Sum = Self;
    const MAX_EXPONENT: i32 = T::MAX_EXPONENT;
    fn from_f64(value: f64) -> Self {
        Wrapped(T::from_f64(value))
    }
    fn to_f64(self) -> f64 {
        self.0.to_f64()
    }
    fn from_sum(sum: Self) -> Self {
        sum
    }
    fn exp(self) -> Self {
        Wrapped(self.0.exp())
    }
    fn exp_m1(self) -> Self {
        Wrapped(self.0.exp_m1())
    }
    fn ln(self) -> Self {
        Wrapped(self.0.ln())
    }
    fn ln_1p(self) -> Self {
        Wrapped(self.0.ln_1p())
    }
}
