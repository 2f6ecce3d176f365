//! The loss of one label among many.

use super::plan::Plan;
use super::settings::{Builder, Settings};
use crate::arithmetic::element::{Element, Float};
use crate::arrays::results::zeros_of;
use crate::error::Error;
use crate::kernel::Position;
use crate::kernel::kind::{Kind, Product, Stages};
use crate::kernel::outputs::Outputs;
use crate::loss::Loss;
use crate::loss::plans::Plans;
use ndarray::{Array, ArrayView, ArrayViewMut, Dimension};

/// The largest number of elements that are evaluated in sequence; a longer row is not cut.
const ELEMENTS_IN_LEAF: usize = 1 << 13;

/// The number of rows that stay together up to a larger number of elements: enough for the cache lines of logits whose rows do not lie one
/// behind the other.
const ROWS_IN_LEAF: usize = 64;
const ELEMENTS_IN_LONG_LEAF: usize = 1 << 16;

/// The asymmetric loss of Ridnik et al. (ICCV 2021) for single-label classification: one class per row of logits.
///
/// With p = softmax(z) over the last axis, C classes, the target class k and label smoothing ε, a row costs
///
/// ```text
/// L = −Σ t_c·w_c·ln p_c
///
/// class k        t = 1 − ε + ε/C   w = (1 − p)^γ₊
/// other classes  t = ε/C           w = p^γ₋
/// ```
///
/// The gradient flows through the weights w, as in the official code. Without label smoothing γ₋ has no effect; with γ₊ = γ₋ = 0 it is
/// cross-entropy. A target that is spread over classes, y in [0, 1] with Σy = 1, has t_c = (1−ε)·y_c + ε/C and
/// w_c = y_c·(1−p_c)^γ₊ + (1−y_c)·p_c^γ₋, which is the same for one class.
///
/// Logits may have any number of axes from 1 on, any layout and any [`Element`] as elements. Targets are a reference to
/// an array of integers in the shape of the logits without the last axis, or [`Targets`](super::Targets): class indices
/// of which some are ignored, dense targets, weights of the rows. Results in the shape of the logits have their memory
/// order (row-major where these repeat elements by broadcasting).
///
/// A NaN logit gives NaN in its row. A logit of −∞ is a class of probability 0: its loss is infinite as a target, and
/// with γ₋ = 0 and ε > 0. One of ∞ is the limit: a class of probability 1 among impossible ones. A row with two of
/// these, or with nothing but −∞, has no limit and gives NaN. A row that is ignored or has a weight of 0 gives zeros,
/// whatever its logits are.
///
/// A [`Reduction`](crate::Reduction) divides the sum over rows: `Mean` by the number of known rows, `PositiveMean` by the same or 1,
/// `BatchMean` by the number of all rows, known or not, `WeightedMean` by the sum over known ones of their weight times that
/// of their class.
///
/// Source: the class `ASLSingleLabel` of the official code, which has these defaults; timm's
/// `AsymmetricLossSingleLabel` is the same with γ₊ = 1.
///
/// # Errors
///
/// [Those of every call](Loss#errors).
///
/// # Examples
///
/// ```
/// use asymmetric_loss::single_label::SingleLabelLoss;
/// use ndarray::array;
///
/// let logits = array![[2.0_f32, -1.0, 0.5], [-3.0, 0.2, 1.5]];
/// let classes = array![0, 2];
/// let (value, gradient) = SingleLabelLoss::default().value_and_gradient(&logits, &classes)?;
/// assert!(value > 0.0 && gradient[[0, 0]] < 0.0);
/// # Ok::<(), asymmetric_loss::Error>(())
/// ```
pub type SingleLabelLoss = Loss<SingleLabel>;

impl From<Settings> for SingleLabelLoss {
    fn from(settings: Settings) -> Self {
        Loss { plans: Plans::new(settings) }
    }
}

impl Builder {
    /// The loss with these settings.
    ///
    /// # Errors
    ///
    /// - [`Error::ParameterOutOfRange`] for a γ or a class weight that is negative, NaN or infinite, for an ε outside [0, 1),
    ///   and for a divisor that is not positive and finite.
    /// - [`Error::EmptyParameter`] for a setting without values.
    /// - [`Error::ParameterLength`] if settings are given for different numbers of classes.
    pub fn build(self) -> Result<SingleLabelLoss, Error> {
        self.settings.check().map(|()| self.settings.into())
    }
}

/// The kind of [`SingleLabelLoss`]: each row of the logits has a label, and a loss.
#[derive(Clone, Copy, Debug)]
pub enum SingleLabel {}

impl Kind for SingleLabel {
    type Settings = Settings;
    type Builder = Builder;
    type Losses<D: Dimension> = D::Smaller;
}

impl Stages for SingleLabel {
    type Plan<T: Float> = Plan<T>;

    const NAME: &'static str = "SingleLabelLoss";
    const AXES: usize = 1;

    fn to_builder(settings: &Settings) -> Builder {
        settings.to_builder()
    }

    fn plan<T: Float>(settings: &Settings) -> Plan<T> {
        Plan::new(settings)
    }

    fn shape<T, D: Dimension>(logits: &ArrayView<'_, T, D>) -> Result<D::Smaller, Error> {
        let (_, lengths) = logits.shape().split_last().ok_or(Error::NoClassAxis)?;
        let mut rows = D::Smaller::zeros(lengths.len());
        rows.slice_mut().copy_from_slice(lengths);
        Ok(rows)
    }

    fn zeros<T: Element, D: Dimension>(logits: ArrayView<'_, T, D>) -> Result<Array<T, D::Smaller>, Error> {
        zeros_of(Self::shape(&logits)?)
    }

    fn is_leaf<T: Float>(_plan: &Plan<T>, shape: &[usize], _position: Position) -> bool {
        let rows = shape.split_last().map_or(1, |(_, rows)| rows.iter().product());
        // Rows cost something even without classes.
        let elements = shape.last().map_or(1, |&classes| classes.max(1)).saturating_mul(rows);
        rows <= 1 || elements <= ELEMENTS_IN_LEAF || (rows <= ROWS_IN_LEAF && elements <= ELEMENTS_IN_LONG_LEAF)
    }

    fn product<'a, T, D: Dimension>(
        vector: ArrayView<'a, T, D>,
        product: ArrayViewMut<'a, T, D>,
    ) -> Product<'a, T, D, D::Smaller> {
        (None, Outputs { vector: Some(vector), ..Outputs::of([None, None, Some(product)]) })
    }
}
