//! Second-order dual numbers: a value carried along with its first and second derivative in one variable.

use asymmetric_loss::Float;
use num_traits::{One, Zero};
use std::cmp::Ordering;
use std::ops::{Add, Div, Mul, Neg, Sub};

#[derive(Clone, Copy, Debug)]
pub(crate) struct Dual {
    pub(crate) value: f64,
    pub(crate) first: f64,
    pub(crate) second: f64,
}

impl Dual {
    pub(crate) fn constant(value: f64) -> Self {
        Dual { value, first: 0.0, second: 0.0 }
    }

    /// The variable itself.
    pub(crate) fn variable(value: f64) -> Self {
        Dual { value, first: 1.0, second: 0.0 }
    }

    /// f(self), given f and its derivatives at the value: the chain rule.
    fn chain(self, f: f64, f1: f64, f2: f64) -> Self {
        Dual { value: f, first: f1 * self.first, second: f2 * self.first * self.first + f1 * self.second }
    }
}

impl Add for Dual {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Dual { value: self.value + other.value, first: self.first + other.first, second: self.second + other.second }
    }
}

impl Neg for Dual {
    type Output = Self;
    fn neg(self) -> Self {
        Dual { value: -self.value, first: -self.first, second: -self.second }
    }
}

impl Sub for Dual {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        self + -other
    }
}

impl Mul for Dual {
    type Output = Self;
    fn mul(self, other: Self) -> Self {
        Dual {
            value: self.value * other.value,
            first: self.first * other.value + self.value * other.first,
            second: self.second * other.value + 2.0 * self.first * other.first + self.value * other.second,
        }
    }
}

impl Div for Dual {
    type Output = Self;
    fn div(self, other: Self) -> Self {
        // The derivatives of self = quotient · other, solved for those of the quotient.
        let value = self.value / other.value;
        let first = (self.first - value * other.first) / other.value;
        let second = (self.second - 2.0 * first * other.first - value * other.second) / other.value;
        Dual { value, first, second }
    }
}

impl PartialEq for Dual {
    fn eq(&self, other: &Self) -> bool {
        self.value == other.value
    }
}

impl PartialOrd for Dual {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        self.value.partial_cmp(&other.value)
    }
}

impl Zero for Dual {
    fn zero() -> Self {
        Dual::constant(0.0)
    }
    fn is_zero(&self) -> bool {
        self.value == 0.0
    }
}

impl One for Dual {
    fn one() -> Self {
        Dual::constant(1.0)
    }
}

impl Float for Dual {
    type Sum = Self;
    const MAX_EXPONENT: i32 = f64::MAX_EXPONENT;
    fn from_f64(value: f64) -> Self {
        Dual::constant(value)
    }
    fn to_f64(self) -> f64 {
        self.value
    }
    fn from_sum(sum: Self) -> Self {
        sum
    }
    fn exp(self) -> Self {
        let e = self.value.exp();
        self.chain(e, e, e)
    }
    fn exp_m1(self) -> Self {
        let e = self.value.exp();
        self.chain(self.value.exp_m1(), e, e)
    }
    fn ln(self) -> Self {
        let x = self.value;
        self.chain(x.ln(), 1.0 / x, -1.0 / (x * x))
    }
    fn ln_1p(self) -> Self {
        let x = 1.0 + self.value;
        self.chain(self.value.ln_1p(), 1.0 / x, -1.0 / (x * x))
    }
}
