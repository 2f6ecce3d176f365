//! What stands for the curvature where it is negative.

use crate::error::Error;
use crate::names::{Named, parse};
use crate::parameter::Short;
use std::fmt::{self, Display};
use std::str::FromStr;

/// The Hessian diagonal that is given: as it is, or positive, for steps of Newton's method and for boosting.
///
/// Where the curvature h of the loss of an element is negative, a step −g/h goes uphill. A safeguard replaces h, before the
/// reduction and the weights of classes, of positives and of the call multiply it. (The positive weight of a soft label is part of its
/// loss.) Values and gradients are not touched.
///
/// # Examples
///
/// ```
/// use asymmetric_loss::{AsymmetricLoss, Curvature};
/// use ndarray::array;
///
/// let (logits, targets) = (array![0.0, -6.0], array![1, 1]);
/// let loss = AsymmetricLoss::builder().reduction("sum".parse()?).build()?;
/// let exact = loss.hessian_diagonal(&logits, &targets)?;
/// let positive = loss.to_builder().curvature(Curvature::AtLeast(0.1)).build()?.hessian_diagonal(&logits, &targets)?;
/// assert!(exact[1] < 0.0 && positive[1] == 0.1 && positive[0] == exact[0]);
///
/// assert_eq!("magnitude(0.1)".parse(), Ok(Curvature::Magnitude(0.1)));
/// # Ok::<(), asymmetric_loss::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[non_exhaustive]
pub enum Curvature {
    /// h.
    #[default]
    Exact,
    /// max(h, ε): a floor.
    AtLeast(f64),
    /// max(|h|, ε): steps shrink where the loss bends strongly, whichever way.
    Magnitude(f64),
}

const EXPECTED: &str = "exact, at-least(ε) or magnitude(ε)";

impl Curvature {
    /// Fails unless ε is between 0 and 1e12.
    pub(crate) fn check(self) -> Result<(), Error> {
        match self {
            Curvature::AtLeast(actual) | Curvature::Magnitude(actual) if !(0.0..=1e12).contains(&actual) => {
                let expected = "between 0 and 1e12";
                Err(Error::ParameterOutOfRange { parameter: "curvature", expected, actual, class: None })
            }
            _ => Ok(()),
        }
    }
}

impl Display for Curvature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Curvature::Exact => f.pad("exact"),
            Curvature::AtLeast(floor) => f.pad(&format!("at-least({})", Short(*floor))),
            Curvature::Magnitude(floor) => f.pad(&format!("magnitude({})", Short(*floor))),
        }
    }
}

impl FromStr for Curvature {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self, Error> {
        let Named { letters, number } = parse(name);
        let curvature = match (letters.as_str(), number) {
            ("exact", None) => Curvature::Exact,
            ("atleast", Some(floor)) => Curvature::AtLeast(floor),
            ("magnitude", Some(floor)) => Curvature::Magnitude(floor),
            _ => {
                return Err(Error::UnknownName { parameter: "curvature", expected: EXPECTED, actual: name.to_owned() });
            }
        };
        curvature.check()?;
        Ok(curvature)
    }
}
