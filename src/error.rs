//! What can be wrong with a call.

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
    /// A weight that is negative, above 1e12, infinite or NaN.
    InvalidWeight {
        /// Where it stands in the array of weights.
        index: Vec<usize>,
        /// Its value.
        actual: f64,
    },
    /// Weights that do not broadcast to the shape of the logits, or of their rows.
    BroadcastMismatch {
        /// The shape of the logits, or of their rows.
        expected: Vec<usize>,
        /// The shape of the weights.
        actual: Vec<usize>,
    },
    /// An offset of sparse labels that is smaller than the one before it, or larger than the number of indices.
    InvalidOffset {
        /// What is listed: the `present`, `unknown` or `absent` classes.
        list: &'static str,
        /// The position among the offsets.
        position: usize,
        /// The offset before it; 0 for the first.
        least: usize,
        /// The number of indices.
        most: usize,
        /// The offset.
        actual: i128,
    },
    /// An index of sparse labels that is that of no class, or does not follow the one before it in its row.
    InvalidIndex {
        /// What is listed: the `present`, `unknown` or `absent` classes.
        list: &'static str,
        /// The position among the indices.
        position: usize,
        /// Its row.
        row: usize,
        /// The least class that may stand here.
        least: usize,
        /// The number of classes.
        classes: usize,
        /// The index.
        actual: i128,
    },
    /// A class of sparse labels that is listed as present and as something else.
    ListedTwice {
        /// The other list: of the `unknown` or the `absent` classes.
        list: &'static str,
        /// The row.
        row: usize,
        /// The class.
        class: usize,
    },
    /// The mean of nothing: no elements, none with a known label, or none with a weight.
    EmptyMean {
        /// The shape of the logits.
        shape: Vec<usize>,
    },
    /// A result for which there is no memory.
    TooLarge {
        /// Its shape.
        shape: Vec<usize>,
    },
    /// A target that names none of the classes.
    ClassOutOfRange {
        /// Where it stands.
        index: Vec<usize>,
        /// The number of classes.
        classes: usize,
        /// The number that came.
        actual: i128,
    },
    /// A target that is spread over classes, but not to a sum of 1.
    TargetSum {
        /// Its row.
        index: Vec<usize>,
        /// The sum.
        actual: f64,
    },
    /// Logits without an axis of classes.
    NoClassAxis,
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::ShapeMismatch { array, expected, actual } => {
                write!(f, "the shape of {array} must be {expected:?}, but is {actual:?}")?;
                let is_column = match (expected.split_last(), actual.split_last()) {
                    (Some((_, rows)), Some((1, axes))) if rows == axes => *array == "targets",
                    (Some((classes, rows)), _) => *array == "targets" && *classes > 1 && rows == actual,
                    _ => false,
                };
                let hint = "class indices, one per row, are targets of `SingleLabelLoss`";
                if is_column { write!(f, " ({hint})") } else { Ok(()) }
            }
            Error::ParameterOutOfRange { parameter, expected, actual, class } => {
                let parameter = match *parameter {
                    "reduction" => "the divisor of the reduction",
                    "curvature" => "the ε of curvature",
                    parameter => parameter,
                };
                write!(f, "{parameter} must be {expected}, but is {}", Short(*actual))?;
                class.map_or(Ok(()), |class| write!(f, " for class {class}"))?;
                let is_never_or_always = parameter == "base_rate" && [0.0, 1.0].contains(actual);
                let hint = "take (k + 1/2)/(n + 1) if k of n rows have the label";
                if is_never_or_always { write!(f, " ({hint})") } else { Ok(()) }
            }
            Error::ParameterLength { parameter, expected, actual } => {
                write!(f, "{parameter} must have one value per class ({expected}), but has {actual}")?;
                if *actual == 1 { write!(f, " (a number without brackets is that of all classes)") } else { Ok(()) }
            }
            Error::EmptyParameter { parameter } => {
                write!(f, "{parameter} must have at least one value, but has none")
            }
            Error::UnknownName { parameter, expected, actual } => {
                write!(f, "{parameter} must be {expected}, but is {actual:?}")?;
                let is_none = *parameter == "reduction" && actual.eq_ignore_ascii_case("none");
                if is_none { write!(f, " (`losses` gives the loss of each element)") } else { Ok(()) }
            }
            Error::InvalidTarget { index, actual } => {
                write!(f, "targets must lie in [0, 1], but the one at {index:?} is {}", Short(*actual))?;
                let may_mean_unknown = actual.is_nan() || *actual == -1.0;
                let hint = "if that means unknown, give it to `Targets::new(&labels).ignore`";
                if may_mean_unknown { write!(f, " ({hint})") } else { Ok(()) }
            }
            Error::InvalidWeight { index, actual } => {
                write!(f, "weights must be between 0 and 1e12, but the one at {index:?} is {}", Short(*actual))
            }
            Error::BroadcastMismatch { expected, actual } => {
                write!(f, "weights must broadcast to the shape {expected:?}, but their shape is {actual:?}")?;
                if actual.len() == expected.len() || !expected.starts_with(actual) {
                    return Ok(());
                }
                let mut of_rows = actual.clone();
                of_rows.resize(expected.len(), 1);
                write!(f, " (one for each row is the shape {of_rows:?})")
            }
            Error::InvalidOffset { list, position, least, most, actual } => {
                write!(f, "the offset at {position} of the {list} classes must not be ")?;
                match (*actual < *least as i128, position) {
                    (true, 0) => write!(f, "negative, but is {actual}"),
                    (true, _) => write!(f, "smaller than the one before it, {least}, but is {actual}"),
                    (false, _) => write!(f, "larger than the number of indices, {most}, but is {actual}"),
                }
            }
            Error::InvalidIndex { list, position, row, least, classes, actual } => {
                write!(f, "the index at {position} of the {list} classes (row {row}) must be ")?;
                match (0..*classes as i128).contains(actual) {
                    true => write!(f, "larger than the one before it, {}, but is {actual}", least.saturating_sub(1)),
                    false => write!(f, "that of a class, below {classes}, but is {actual}"),
                }
            }
            Error::ListedTwice { list, row, class } => {
                write!(
                    f,
                    "the present classes of a row must not be among its {list} ones, but class {class} of row {row} is"
                )
            }
            Error::EmptyMean { shape } => {
                write!(f, "the mean needs at least one element that counts, but has none in the shape {shape:?}")
            }
            Error::TooLarge { shape } => {
                write!(f, "a result of shape {shape:?} must fit into memory, but does not")
            }
            Error::ClassOutOfRange { index, classes, actual } => {
                write!(f, "targets must be classes below {classes}, but the one at {index:?} is {actual}")?;
                let hint = "if that means unknown, `Targets::classes(&classes)";
                if *actual < 0 { write!(f, " ({hint}.ignore({actual})`)") } else { Ok(()) }
            }
            Error::TargetSum { index, actual } => {
                write!(f, "the targets of a row must sum to 1, but those at {index:?} sum to {}", Short(*actual))
            }
            Error::NoClassAxis => {
                write!(f, "logits must have at least one axis, that of the classes, but have none")
            }
        }
    }
}

impl error::Error for Error {}

/// A number as it is shortest: in full, or with an exponent.
pub(crate) struct Short(pub(crate) f64);

impl fmt::Display for Short {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let number = self.0 + 0.0; // −0 is 0
        let moderate = number == 0.0 || !number.is_finite() || (1e-5..1e16).contains(&number.abs());
        if moderate { write!(f, "{number}") } else { write!(f, "{number:e}") }
    }
}
