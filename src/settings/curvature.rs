//! How negative curvature is treated.

use crate::error::Error;
use crate::settings::names::{Choice, by_name};
use crate::settings::parameter::Limits;

/// How negative curvature is treated in the Hessian diagonal: it is returned as it is, or made positive for steps of Newton's method
/// and for boosting.
///
/// Where the curvature h of the loss of an element is negative, a step −g/h goes uphill. A safeguard replaces h before weights and
/// reduction multiply it, except that the positive weight of a soft label is part of its loss. Values and gradients stay as they are.
///
/// Boosting needs [`Reduction::Sum`](crate::Reduction::Sum): its libraries add up the curvature in a leaf and compare the sum to a least
/// weight, often 1. Under the mean over 250 rows, say, all curvature adds up to less than that, and no leaf is ever split.
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

const FLOOR: Limits = Limits { expected: "between 0 and 1e12", contains: |floor| (0.0..=1e12).contains(&floor) };

impl Choice for Curvature {
    const SETTING: &'static str = "curvature";
    const EXPECTED: &'static str = "exact, at-least(ε) or magnitude(ε)";
    const ALL: &'static [Self] = &[Curvature::Exact, Curvature::AtLeast(0.0), Curvature::Magnitude(0.0)];

    fn name(self) -> &'static str {
        match self {
            Curvature::Exact => "exact",
            Curvature::AtLeast(_) => "at-least",
            Curvature::Magnitude(_) => "magnitude",
        }
    }

    fn number(&mut self) -> Option<&mut f64> {
        match self {
            Curvature::Exact => None,
            Curvature::AtLeast(floor) | Curvature::Magnitude(floor) => Some(floor),
        }
    }

    fn check(mut self) -> Result<(), Error> {
        self.number().map_or(Ok(()), |floor| FLOOR.check(Self::SETTING, *floor, None))
    }
}
by_name!(Curvature);
