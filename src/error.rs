//! What can be wrong with a call.

use crate::parameter::Short;
use std::error;
use std::fmt;

/// Why a loss could not be built or evaluated.
///
/// Each variant carries what was expected and what came.
///
/// # Examples
///
/// ```
/// use asymmetric_loss::{AsymmetricLoss, Error};
///
/// let error = AsymmetricLoss::builder().gamma_neg(-1.0).build().unwrap_err();
/// assert_eq!(error.to_string(), "gamma_neg must be finite and at least 0, but is -1");
/// assert!(matches!(error, Error::ParameterOutOfRange { parameter: "gamma_neg", .. }));
/// ```
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Error {
    /// An array whose shape differs from that of the logits.
    ShapeMismatch {
        /// Which array: `targets`, `gradient`, `upstream`, …
        array: &'static str,
        /// The shape of the logits.
        expected: Vec<usize>,
        /// The shape of the array.
        actual: Vec<usize>,
    },
    /// A setting outside its range, or not a number.
    ParameterOutOfRange {
        /// The setting's name.
        parameter: &'static str,
        /// The range it must lie in.
        expected: &'static str,
        /// The value it has.
        actual: f64,
        /// The class it was given for, if it was given per class.
        class: Option<usize>,
    },
    /// A setting per class whose number of values is not the length of the last axis (the classes).
    ParameterLength {
        /// The setting's name.
        parameter: &'static str,
        /// The number of classes.
        expected: usize,
        /// The number of values.
        actual: usize,
    },
    /// A setting per class without values.
    EmptyParameter {
        /// The setting's name.
        parameter: &'static str,
    },
    /// A name that no setting has.
    UnknownName {
        /// The setting.
        parameter: &'static str,
        /// The names it knows.
        expected: &'static str,
        /// The name that came.
        actual: String,
    },
    /// A target that is not a label between 0 and 1.
    InvalidTarget {
        /// Where it stands.
        index: Vec<usize>,
        /// Its value.
        actual: f64,
    },
    /// The mean of no elements.
    EmptyMean {
        /// The shape of the empty array.
        shape: Vec<usize>,
    },
    /// A result for which there is no memory.
    TooLarge {
        /// Its shape.
        shape: Vec<usize>,
    },
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::ShapeMismatch { array, expected, actual } => {
                write!(f, "the shape of {array} must be {expected:?}, but is {actual:?}")
            }
            Error::ParameterOutOfRange { parameter, expected, actual, class } => {
                write!(f, "{parameter} must be {expected}, but is {}", Short(*actual))?;
                class.map_or(Ok(()), |class| write!(f, " for class {class}"))
            }
            Error::ParameterLength { parameter, expected, actual } => {
                write!(f, "{parameter} must have one value per class ({expected}), but has {actual}")
            }
            Error::EmptyParameter { parameter } => {
                write!(f, "{parameter} must have at least one value, but has none")
            }
            Error::UnknownName { parameter, expected, actual } => {
                write!(f, "{parameter} must be {expected}, but is {actual:?}")
            }
            Error::InvalidTarget { index, actual } => {
                write!(f, "targets must lie in [0, 1], but the one at {index:?} is {}", Short(*actual))
            }
            Error::EmptyMean { shape } => {
                write!(f, "the mean needs at least one element, but the shape is {shape:?}")
            }
            Error::TooLarge { shape } => {
                write!(f, "a result of shape {shape:?} must fit into memory, but does not")
            }
        }
    }
}

impl error::Error for Error {}
