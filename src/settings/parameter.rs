//! A setting that may differ from class to class.

use crate::error::{Error, Short};
use ndarray::{ArrayBase, Data, Ix1};
use num_traits::AsPrimitive;
use std::any::Any;
use std::fmt::{self, Debug, Display};

/// A number for all classes, or one number per class.
///
/// Made from a number of any type, or from an array, a slice, a vector, or an array or view of ndarray that holds such.
///
/// # Examples
///
/// ```
/// use asymmetric_loss::Parameter;
/// use ndarray::array;
///
/// assert_eq!(Parameter::from(4), Parameter::Uniform(4.0));
/// assert_eq!(Parameter::from([4, 2]), Parameter::PerClass(vec![4.0, 2.0]));
/// assert_eq!(Parameter::from(array![0.25_f32, 0.5].view()), Parameter::PerClass(vec![0.25, 0.5]));
/// ```
#[derive(Clone, PartialEq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(untagged, expecting = "expected a number or a list of numbers")
)]
pub enum Parameter {
    /// One number for all classes.
    Uniform(f64),
    /// One number per class.
    PerClass(Vec<f64>),
}

impl Parameter {
    /// All values: one, or one per class.
    pub fn values(&self) -> &[f64] {
        match self {
            Parameter::Uniform(value) => std::slice::from_ref(value),
            Parameter::PerClass(values) => values,
        }
    }

    /// The number of classes, if there is one value for each.
    pub fn classes(&self) -> Option<usize> {
        match self {
            Parameter::Uniform(_) => None,
            Parameter::PerClass(values) => Some(values.len()),
        }
    }

    /// Each value as something else.
    pub(crate) fn map(&self, f: impl Fn(f64) -> f64) -> Self {
        match self {
            Parameter::Uniform(value) => Parameter::Uniform(f(*value)),
            Parameter::PerClass(values) => Parameter::PerClass(values.iter().map(|&value| f(value)).collect()),
        }
    }

    /// The value of a class, if there is one.
    pub(crate) fn of_class(&self, class: usize) -> Option<f64> {
        match self {
            Parameter::Uniform(value) => Some(*value),
            Parameter::PerClass(values) => values.get(class).copied(),
        }
    }

    /// The values of some classes, in this order; `None` if there is one value for all.
    pub(crate) fn of_classes(&self, classes: &[usize]) -> Option<Self> {
        match self {
            Parameter::Uniform(_) => None,
            Parameter::PerClass(values) => {
                Some(Parameter::PerClass(classes.iter().map(|&class| values[class]).collect()))
            }
        }
    }

    /// Fails at the first value outside its limits.
    pub(crate) fn check(&self, name: &'static str, limits: &Limits) -> Result<(), Error> {
        let of_class = |class| self.classes().map(|_| class);
        self.values().iter().enumerate().try_for_each(|(class, &value)| limits.check(name, value, of_class(class)))
    }

    fn per_class<X: AsPrimitive<f64>>(values: impl IntoIterator<Item = X>) -> Self {
        Parameter::PerClass(values.into_iter().map(AsPrimitive::as_).collect())
    }
}

/// The number, or the first few of those per class and how many they are; all of them with `{:#}`.
impl Display for Parameter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let values = match self {
            Parameter::Uniform(value) => return Display::fmt(&Short(*value), f),
            Parameter::PerClass(values) => values,
        };
        let shown = if f.alternate() { values.len() } else { values.len().min(4) };
        f.write_str("[")?;
        for (i, value) in values[..shown].iter().enumerate() {
            write!(f, "{}{}", if i > 0 { ", " } else { "" }, Short(*value))?;
        }
        if shown == values.len() { f.write_str("]") } else { write!(f, ", … {} values]", values.len()) }
    }
}

impl Debug for Parameter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

/// The numbers that a setting may have.
pub(crate) struct Limits {
    /// As a message says it: what the setting must be.
    pub(crate) expected: &'static str,
    pub(crate) contains: fn(f64) -> bool,
}

impl Limits {
    /// Fails for a number outside, which may be that of a class.
    pub(crate) fn check(&self, parameter: &'static str, actual: f64, class: Option<usize>) -> Result<(), Error> {
        if (self.contains)(actual) {
            return Ok(());
        }
        Err(Error::ParameterOutOfRange { parameter, expected: self.expected, actual, class })
    }
}

/// Of focusing exponents.
pub(crate) const FOCUSING: Limits =
    Limits { expected: "finite and at least 0", contains: |gamma| gamma >= 0.0 && gamma.is_finite() };

/// Of a margin, a floor and the like.
pub(crate) const BELOW_ONE: Limits =
    Limits { expected: "at least 0 and below 1", contains: |x| (0.0..1.0).contains(&x) };

/// Of label smoothing.
pub(crate) const SHARE: Limits = Limits { expected: "between 0 and 1", contains: |x| (0.0..=1.0).contains(&x) };

/// The largest weight: the product of three does not take a moderate loss out of the range of `f32`.
pub(crate) const LARGEST_WEIGHT: f64 = 1e12;

/// Of weights that are settings.
pub(crate) const WEIGHT: Limits = Limits {
    expected: "0, or between 1e-12 and 1e12",
    contains: |weight| weight == 0.0 || (1.0 / LARGEST_WEIGHT..=LARGEST_WEIGHT).contains(&weight),
};

/// A setting as it prints: a number as it is shortest.
pub(crate) struct Shown<'a, X>(pub(crate) &'a X);

impl<X: Display + Any> Display for Shown<'_, X> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.0 as &dyn Any).downcast_ref::<f64>() {
            Some(number) => Display::fmt(&Short(*number), f),
            None => Display::fmt(self.0, f),
        }
    }
}

macro_rules! from_number {
    ($($number:ident)*) => {$(
        impl From<$number> for Parameter {
            fn from(value: $number) -> Self {
                Parameter::Uniform(value.as_())
            }
        }
    )*};
}
from_number!(f32 f64 u8 u16 u32 u64 u128 usize i8 i16 i32 i64 i128 isize);

impl<X: AsPrimitive<f64>, const N: usize> From<[X; N]> for Parameter {
    fn from(values: [X; N]) -> Self {
        Self::per_class(values)
    }
}

impl<X: AsPrimitive<f64>, const N: usize> From<&[X; N]> for Parameter {
    fn from(values: &[X; N]) -> Self {
        Self::per_class(values.iter().copied())
    }
}

impl<X: AsPrimitive<f64>> From<&[X]> for Parameter {
    fn from(values: &[X]) -> Self {
        Self::per_class(values.iter().copied())
    }
}

impl<X: AsPrimitive<f64>> From<Vec<X>> for Parameter {
    fn from(values: Vec<X>) -> Self {
        Self::per_class(values)
    }
}

impl<X: AsPrimitive<f64>> From<&Vec<X>> for Parameter {
    fn from(values: &Vec<X>) -> Self {
        values.as_slice().into()
    }
}

impl<X: AsPrimitive<f64>, S: Data<Elem = X>> From<ArrayBase<S, Ix1>> for Parameter {
    fn from(values: ArrayBase<S, Ix1>) -> Self {
        (&values).into()
    }
}

impl<X: AsPrimitive<f64>, S: Data<Elem = X>> From<&ArrayBase<S, Ix1>> for Parameter {
    fn from(values: &ArrayBase<S, Ix1>) -> Self {
        Self::per_class(values.iter().copied())
    }
}
