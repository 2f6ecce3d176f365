//! Derivatives of the loss in its own parameters, to learn them.

use crate::arithmetic::element::{Element, Float};
use crate::error::Error;
use crate::kernel::outputs::Outputs;
use crate::kernel::{Pass, slopes};
use crate::loss::multi_label::AsymmetricLoss;
use crate::loss::pass::Checked;
use crate::loss::targets::IntoTargets;
use crate::settings::parameter::Parameter;
use crate::targets::checks::check_range;
use ndarray::{Array1, ArrayBase, Data, Dimension};

/// The derivatives of the reduced loss in its parameters: one value per class for a parameter given per class, else one.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct ParameterGradients<T> {
    /// ∂/∂γ₋.
    pub gamma_neg: Array1<T>,
    /// ∂/∂γ₊.
    pub gamma_pos: Array1<T>,
    /// ∂/∂m; at p = m, where a loss with γ₋ ≤ 1 has a kink, that from below: 0.
    pub prob_margin: Array1<T>,
}

impl AsymmetricLoss {
    /// The derivatives of the reduced loss in γ₋, γ₊ and m, in one pass.
    ///
    /// For labels 0 and 1 they are the sums of L·ln u over negatives, of L·ln(1 − p) over positives, and of
    /// −γ₋u^(γ₋−1)·r − u^γ₋/(1 − u) over negatives with p > m; all are at most 0. So they are for held-out data, or for a
    /// term that pulls the other way: on the data that a model is trained on, every larger parameter lowers the loss.
    ///
    /// A detached focal weight is none here: it depends on the parameters all the same.
    ///
    /// # Errors
    ///
    /// [Those of every call](Self#errors).
    ///
    /// # Examples
    ///
    /// ```
    /// use asymmetric_loss::AsymmetricLoss;
    /// use ndarray::array;
    ///
    /// let loss = AsymmetricLoss::builder().gamma_neg([4, 2]).build()?;
    /// let slopes = loss.parameter_gradients(&array![[0.5_f64, 1.0], [2.0, -1.0]], &array![[1, 0], [0, 0]])?;
    /// assert_eq!((slopes.gamma_neg.len(), slopes.gamma_pos.len()), (2, 1));
    /// assert!(slopes.gamma_neg.iter().all(|&slope| slope < 0.0));
    /// # Ok::<(), asymmetric_loss::Error>(())
    /// ```
    pub fn parameter_gradients<'a, T: Element, S: Data<Elem = T>, D: Dimension>(
        &self,
        logits: &ArrayBase<S, D>,
        targets: impl IntoTargets<'a, T, D>,
    ) -> Result<ParameterGradients<T::Float>, Error> {
        let (settings, logits, targets) = (self.settings(), logits.view(), targets.into_targets());
        let targets = Checked::new(&logits, &targets)?;
        let (divisor, weight_scale) = targets.scaled_divisor(settings, settings.reduction)?;
        check_range::<T::Float>(divisor)?;
        let (plan, scale, leaves_out) = (self.plans.plan::<T::Float>(), T::Float::from_f64(1.0), targets.leaves_out);
        let pass = Pass { plan: &*plan, leaves_out, in_parameters: true, scale, weight_scale, loss_scale: None };
        let slopes = slopes(&pass, targets.arrays(&logits, None, Outputs::default()))
            .map_err(|fault| targets.error(settings, None, fault))?;
        let divisor = <T::Float as Float>::Sum::from_f64(divisor);
        let reduced = |sums: Vec<<T::Float as Float>::Sum>, parameter: &Parameter| -> Array1<T::Float> {
            let reduced = |sum| T::Float::from_sum(sum / divisor);
            match parameter {
                Parameter::PerClass(_) => sums.into_iter().map(reduced).collect(),
                Parameter::Uniform(_) => {
                    let zero = <T::Float as Float>::Sum::from_f64(0.0);
                    Array1::from_elem(1, reduced(sums.into_iter().fold(zero, |sum, slope| sum + slope)))
                }
            }
        };
        let [gamma_pos, prob_margin, gamma_neg] = slopes.sums;
        Ok(ParameterGradients {
            gamma_neg: reduced(gamma_neg, &settings.gamma_neg),
            gamma_pos: reduced(gamma_pos, &settings.gamma_pos),
            prob_margin: reduced(prob_margin, &settings.prob_margin),
        })
    }
}
