//! Where a negative pulls hardest.

use crate::arithmetic::{Pair, Scalar};
use crate::error::Error;
use crate::loss::multi_label::AsymmetricLoss;
use crate::settings::multi_label::Implementation;
use crate::settings::parameter::Parameter;
use crate::settings::reduction::Reduction;
use crate::stages::activation::sigmoid;
use crate::stages::focal::{Base, Jet, weighted};
use ndarray::Array1;

/// The logit at which `f64` has p = 1 − p = 0 on either side.
const END: f64 = 750.0;

/// The number of halvings after which the interval is two neighbouring floats.
const HALVINGS: usize = 64;

impl AsymmetricLoss {
    /// The probability p* at which the gradient of a negative in its logit is largest. Above it a negative counts less the more
    /// wrong it is, as if its label were the mistake: that is how the margin tames mislabelled examples.
    ///
    /// It maximises dL/dz, where L is the loss of y = 0; for γ₋ = 0, p* = max((1 + m) − √(m(1 + m)), m). Where the gradient grows
    /// all the way, as that of binary cross-entropy does, it is 1. One value per class; a single one where no setting is given
    /// per class.
    ///
    /// The gradient is the one that training sees: a focal weight that is detached is a constant in it, and p* is another. Weights,
    /// label smoothing and a log floor have no part in p*.
    ///
    /// Source: Ridnik et al. (arXiv 2009.14119), on gradients: mislabelled negatives.
    ///
    /// # Errors
    ///
    /// [`Error::TooLarge`] if there is no memory for the result.
    ///
    /// # Examples
    ///
    /// ```
    /// use asymmetric_loss::AsymmetricLoss;
    /// use ndarray::array;
    ///
    /// let loss = AsymmetricLoss::default();
    /// let peak = loss.negative_gradient_peak()?[0];
    /// assert!((peak - 0.9000698).abs() < 1e-7);
    ///
    /// let logit = |p: f64| (p / (1.0 - p)).ln();
    /// let gradient = loss.gradient(&array![logit(0.7), logit(peak), logit(0.99)], &array![0, 0, 0])?;
    /// assert!(gradient[1] > gradient[0] && gradient[1] > gradient[2]);
    /// # Ok::<(), asymmetric_loss::Error>(())
    /// ```
    pub fn negative_gradient_peak(&self) -> Result<Array1<f64>, Error> {
        let margins = self.per_class(self.settings().prob_margin());
        let entropy = AsymmetricLoss::builder().gamma_neg(0).gamma_pos(0).prob_margin(&margins);
        let entropy = entropy.reduction(Reduction::Sum).build()?;
        // Below the margin there is no gradient; right above it, it may be largest at once.
        let mut low = margins.mapv(|m| (m / (1.0 - m)).ln().max(-END));
        let mut high = Array1::from_elem(low.len(), END);
        for _ in 0..HALVINGS {
            let middle = (&low + &high) / 2.0;
            for (class, &slope) in self.gradient_slope(&entropy, &middle, &margins)?.iter().enumerate() {
                let end = if slope > 0.0 { &mut low[class] } else { &mut high[class] };
                *end = middle[class];
            }
        }
        sigmoid(&((low + high) / 2.0))
    }

    /// The derivative of the gradient in the logit, divided by b^(γ₋−1), which would hide its sign where it underflows; `entropy`
    /// is the loss without its focal weight.
    fn gradient_slope(
        &self,
        entropy: &AsymmetricLoss,
        logits: &Array1<f64>,
        margins: &Array1<f64>,
    ) -> Result<Array1<f64>, Error> {
        let settings = self.settings();
        let gammas = self.per_class(settings.gamma_neg());
        let absent = logits.mapv(|_| false);
        let (entropies, derivatives) = (entropy.losses(logits, &absent)?, entropy.derivatives(logits, &absent)?);
        let (probabilities, complements) = (sigmoid(logits)?, sigmoid(&-logits)?);
        Ok(Array1::from_shape_fn(logits.len(), |class| {
            let (p, q) = (probabilities[class], complements[class]);
            let b = match settings.implementation() {
                Implementation::DeepPsp => p,
                Implementation::AlibabaMiil | Implementation::Paper => p - margins[class],
            };
            let base = Base { value: Pair::single(Scalar(b)), first: Scalar(p * q), second: Scalar(p * q * (q - p)) };
            let (value, first) = (Scalar(entropies[class]), Scalar(derivatives.gradient[class]));
            let second = Scalar(derivatives.hessian_diagonal[class]);
            let (gamma, one) = (Scalar(gammas[class]), Scalar(1.0));
            if settings.detach_focal_weight() {
                // The gradient is a product of this kind itself, bᵞ·C′.
                weighted::<_, 1>(base, Jet { value: first, first: second, second }, one, gamma).first.0
            } else {
                weighted::<_, 2>(base, Jet { value, first, second }, one, gamma).second.0
            }
        }))
    }

    /// One value per class, of one for all or one per class.
    fn per_class(&self, parameter: &Parameter) -> Array1<f64> {
        let classes = self.settings().classes().unwrap_or(1);
        parameter.values().iter().copied().cycle().take(classes).collect()
    }
}
