//! What a single-label loss is made of.

use crate::settings::list::settings;
use crate::settings::names::Choice;
use crate::settings::parameter::{BELOW_ONE, FOCUSING, WEIGHT};
use crate::settings::reduction::Reduction;

settings! {
/// The settings of a [`SingleLabelLoss`](super::SingleLabelLoss): valid, comparable, printable on one line.
///
/// With the feature `serde` they are read from a file and written to one, as [those of the multi-label loss](crate::Settings) are.
///
/// # Examples
///
/// ```
/// use asymmetric_loss::single_label::SingleLabelLoss;
///
/// let loss = SingleLabelLoss::builder().gamma_pos(1).build()?;
/// assert_eq!(
///     loss.settings().to_string(),
///     "gamma_neg=4, gamma_pos=1, class_weight=1, label_smoothing=0.1, reduction=mean"
/// );
/// # Ok::<(), asymmetric_loss::Error>(())
/// ```
Settings

per class:

/// γ₋ ≥ 0, the focusing exponent of all classes but the target; 4 by default.
///
/// Without label smoothing it has no effect: only the target class then has a share in the loss.
gamma_neg = 4.0, FOCUSING;

/// γ₊ ≥ 0, the focusing exponent of the target class; 0 by default, as in the official code. That of timm has 1.
gamma_pos = 0.0, FOCUSING;

/// What the loss of a row is multiplied by: the weight of its target class, 0 or between 1e-12 and 1e12; 1 by default.
///
/// For a target that is spread over classes it is Σ y_c·weight_c. Where it is 0 the row has no loss and no
/// derivatives, whatever its logits are.
class_weight = 1.0, WEIGHT;

of all classes:

/// ε in [0, 1), the share of the target that all classes have in common; 0.1 by default.
label_smoothing: f64 = 0.1, |share| BELOW_ONE.check("label_smoothing", share, None);

/// How the losses of all rows become one value; [`Reduction::Mean`], that over the known rows, by default.
reduction: Reduction = Reduction::Mean, Reduction::check;
}

impl Settings {
    /// Starts from these settings.
    pub fn to_builder(&self) -> Builder {
        Builder { settings: self.clone() }
    }
}

/// Builds a [`SingleLabelLoss`](super::SingleLabelLoss); see [`SingleLabelLoss::builder`](super::SingleLabelLoss::builder).
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
#[derive(Clone, Debug, Default, PartialEq)]
#[must_use]
pub struct Builder {
    pub(crate) settings: Settings,
}
