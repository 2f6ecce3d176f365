//! What stands for the curvature where it is negative.

use crate::error::Error;
use crate::names::{Choice, by_name};
use crate::parameter::Limits;

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
