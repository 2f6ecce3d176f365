//! What a single-label loss is made of.

use super::SingleLabel;
use crate::reduction::Reduction;
use crate::setting::{check_value, settings};
use crate::settings::check_weight;
use crate::stages::focal;

settings! {
    SingleLabel;

    /// The settings of a [`SingleLabelLoss`](crate::SingleLabelLoss): valid, comparable, printable on one line.
    ///
    /// # Examples
    ///
    /// ```
    /// use asymmetric_loss::single_label::SingleLabelLoss;
    ///
    /// let loss = SingleLabelLoss::builder().gamma_pos(1).build()?;
    /// assert_eq!(
    ///     loss.settings().to_string(),
    ///     "gamma_neg=4, gamma_pos=1, label_smoothing=0.1, class_weight=1, reduction=mean"
    /// );
    /// # Ok::<(), asymmetric_loss::Error>(())
    /// ```
    Settings;

    /// γ₋ = 4, γ₊ = 0, ε = 0.1, no class weights, [`Reduction::Mean`].
    Default;

    /// Builds a [`SingleLabelLoss`](crate::SingleLabelLoss); see [`SingleLabelLoss::builder`](crate::SingleLabelLoss::builder).
    ///
    /// # Examples
    ///
    /// ```
    /// use asymmetric_loss::Reduction;
    /// use asymmetric_loss::single_label::SingleLabelLoss;
    ///
    /// let loss = SingleLabelLoss::builder()
    ///     .gamma_neg([4.0, 2.0, 4.0])
    ///     .gamma_pos(1)
    ///     .label_smoothing(0.0)
    ///     .class_weight([1.0, 2.5, 1.0])
    ///     .reduction(Reduction::Sum)
    ///     .build()?;
    /// # Ok::<(), asymmetric_loss::Error>(())
    /// ```
    Builder;

    /// The loss with these settings.
    ///
    /// # Errors
    ///
    /// - [`Error::ParameterOutOfRange`](crate::Error::ParameterOutOfRange) for a γ or a class weight that is negative, NaN or infinite, for an ε outside [0, 1),
    ///   and for a divisor that is not positive and finite.
    /// - [`Error::EmptyParameter`](crate::Error::EmptyParameter) for a setting without values.
    /// - [`Error::ParameterLength`](crate::Error::ParameterLength) if settings are given for different numbers of classes.
    build;

    /// γ₋, the focusing exponent of all classes but the target.
    gamma_neg: Parameter = 4.0, focal::check;
    /// γ₋ ≥ 0, the focusing exponent of all classes but the target; 4 by default.
    ///
    /// Without label smoothing it has no effect: only the target class then has a share in the loss.
    (gamma);

    /// γ₊, the focusing exponent of the target class.
    gamma_pos: Parameter = 0.0, focal::check;
    /// γ₊ ≥ 0, the focusing exponent of the target class; 0 by default, as in the official code. That of timm has 1.
    (gamma);

    /// ε, the share of the target that all classes have in common.
    label_smoothing: f64 = 0.1, check_value("at least 0 and below 1", |epsilon| (0.0..1.0).contains(&epsilon));
    /// ε in [0, 1), the share of the target that all classes have in common; 0.1 by default.
    (epsilon);

    /// What the loss of a row is multiplied by, for each target class.
    class_weight: Parameter = 1.0, check_weight;
    /// What the loss of a row is multiplied by: the weight, at least 0, of its target class; 1 by default.
    ///
    /// For a target that is spread over classes it is Σ y_c·weight_c. Where it is 0 the row has no loss and no
    /// derivatives, whatever its logits are.
    (weight);

    /// How the losses of all rows become one value.
    reduction: Reduction = Reduction::default(), |_, reduction: Reduction, _| reduction.check();
    /// How the losses of all rows become one value; [`Reduction::Mean`], that over the known rows, by default.
    (reduction);
}
