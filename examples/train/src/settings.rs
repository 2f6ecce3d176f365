//! The settings of the asymmetric loss that are compared. Binary cross-entropy and the focal loss
//! are among them.

use anyhow::Result;
use asymmetric_loss::{AsymmetricLoss, Reduction};
use ndarray::arr1;

/// A named setting of the loss.
#[derive(Debug, PartialEq)]
pub(crate) struct Setting {
    pub(crate) name: &'static str,
    pub(crate) gamma_neg: f64,
    pub(crate) gamma_pos: f64,
    pub(crate) prob_margin: f64,
}

/// No focusing and no margin leaves binary cross-entropy.
pub(crate) const BCE: Setting = Setting { name: "BCE", gamma_neg: 0.0, gamma_pos: 0.0, prob_margin: 0.0 };
/// The same focusing for positives and negatives is the focal loss.
pub(crate) const FOCAL: Setting = Setting { name: "focal", gamma_neg: 2.0, gamma_pos: 2.0, prob_margin: 0.0 };
/// The defaults of the crate.
pub(crate) const ASYMMETRIC: Setting =
    Setting { name: "asymmetric", gamma_neg: 4.0, gamma_pos: 1.0, prob_margin: 0.05 };
/// Positives keep their full weight, which is the paper's choice.
pub(crate) const ASYMMETRIC_GAMMA_POS_0: Setting =
    Setting { name: "asymmetric, γ₊ 0", gamma_neg: 4.0, gamma_pos: 0.0, prob_margin: 0.05 };

pub(crate) const ALL: [&Setting; 4] = [&BCE, &FOCAL, &ASYMMETRIC, &ASYMMETRIC_GAMMA_POS_0];

impl Setting {
    /// The loss, summed over labels and averaged over rows: the gradient of a label does not shrink
    /// when other labels join. Adam divides by the size of the gradient and hardly sees such a
    /// factor; plain gradient descent would.
    pub(crate) fn loss(&self) -> Result<AsymmetricLoss> {
        Ok(AsymmetricLoss::builder()
            .gamma_neg(self.gamma_neg)
            .gamma_pos(self.gamma_pos)
            .prob_margin(self.prob_margin)
            .reduction(Reduction::BatchMean)
            .build()?)
    }
}

/// Loss and derivative of a single logit: the batch is one element.
pub(crate) fn element(loss: &AsymmetricLoss, logit: f64, positive: bool) -> Result<(f64, f64)> {
    let (value, gradient) = loss.value_and_gradient(&arr1(&[logit]), &arr1(&[positive]))?;
    Ok((value, gradient[0]))
}
