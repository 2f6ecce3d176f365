//! The loss of any number of labels among many.

use crate::arithmetic::element::{Element, Float};
use crate::arrays::results::zeros_like;
use crate::arrays::sum::Total;
use crate::error::Error;
use crate::kernel::Source;
use crate::kernel::kind::{Kind, MultiLabel, Product, Stages};
use crate::kernel::outputs::Outputs;
use crate::kernel::{Arrays, Fault, Leaf, Pass, Plan, Position, evaluate_leaf, walk};
use crate::loss::Loss;
use crate::loss::plans::Plans;
use crate::settings::multi_label::{Builder, Settings};
use crate::targets::checks::{check_shape, find_invalid};
use crate::targets::divisor;
use crate::targets::label::Label;
use crate::targets::labels::{LabelForm, Labels};
use ndarray::{Array, ArrayView, ArrayView1, ArrayViewMut, Axis, Dimension};

/// The largest number of elements that are added up in sequence.
const ELEMENTS_IN_LEAF: usize = 1 << 14;

/// The asymmetric loss of Ridnik et al. (ICCV 2021) for multi-label classification.
///
/// For a logit z with the probability p = 1/(1 + e⁻ᶻ), and u = max(p − m, 0):
///
/// ```text
/// label 1   L = −(1 − p)^γ₊ · ln p
/// label 0   L = −u^γ₋ · ln(1 − u)
/// ```
///
/// [`Implementation`](crate::Implementation) says what a label between them costs.
///
/// Arrays may have any number of axes, any layout and any [`Element`] as elements; the last axis is that of the classes.
/// Targets are a reference to an array of [`Label`](crate::Label)s in the shape of the logits; or [`Targets`](crate::Targets), which
/// know unknown labels, weights and lists of present classes. Element losses already include class, positive and call weights.
/// An element with an unknown label, or of weight 0, is ignored: its loss and derivatives are exactly 0, even for a NaN logit.
///
/// Arrays of results have the shape of the logits, and their memory order (row-major where these repeat elements by
/// broadcasting). A NaN logit gives NaN in its element; infinite ones give the limit.
///
/// Source: Ridnik et al., "Asymmetric Loss for Multi-Label Classification", ICCV 2021 (arXiv 2009.14119), as in the
/// class `torch_ecg.models.loss.AsymmetricLoss`.
///
/// # Errors
///
/// [Those of every call](Loss#errors).
///
/// # Examples
///
/// ```
/// use asymmetric_loss::AsymmetricLoss;
/// use ndarray::array;
///
/// let logits = array![[2.0_f32, -1.0, 0.5], [-3.0, 0.2, 1.5]];
/// let targets = array![[true, false, false], [false, true, true]];
/// let (value, gradient) = AsymmetricLoss::default().value_and_gradient(&logits, &targets)?;
/// assert!(value > 0.0 && gradient[[0, 0]] < 0.0);
/// # Ok::<(), asymmetric_loss::Error>(())
/// ```
#[doc(alias = "ASL")]
pub type AsymmetricLoss = Loss<MultiLabel>;

impl From<Settings> for AsymmetricLoss {
    fn from(settings: Settings) -> Self {
        Loss { plans: Plans::new(settings) }
    }
}

impl Builder {
    /// The loss with these settings.
    ///
    /// # Errors
    ///
    /// - [`Error::ParameterOutOfRange`] for a γ that is negative, NaN or infinite, for a margin or a floor outside [0, 1), for a
    ///   weight that is neither 0 nor between 1e-12 and 1e12, for an α outside [0, 1), for smoothing outside [0, 1], for a floor
    ///   of the curvature outside [0, 1e12], and for a divisor that is not positive and finite.
    /// - [`Error::EmptyParameter`] for a setting without values.
    /// - [`Error::ParameterLength`] if settings are given for different numbers of classes.
    pub fn build(self) -> Result<AsymmetricLoss, Error> {
        self.checked().map(AsymmetricLoss::from)
    }
}

impl Kind for MultiLabel {
    type Settings = Settings;
    type Builder = Builder;
    type Losses<D: Dimension> = D;
}

impl Stages for MultiLabel {
    type Plan<T: Float> = Plan<T>;

    const NAME: &'static str = "AsymmetricLoss";
    const AXES: usize = 0;

    fn to_builder(settings: &Settings) -> Builder {
        settings.to_builder()
    }

    fn plan<T: Float>(settings: &Settings) -> Plan<T> {
        Plan::new(settings)
    }

    fn shape<T, D: Dimension>(logits: &ArrayView<'_, T, D>) -> Result<D, Error> {
        Ok(logits.raw_dim())
    }

    fn zeros<T: Element, D: Dimension>(logits: ArrayView<'_, T, D>) -> Result<Array<T, D>, Error> {
        zeros_like(&logits)
    }

    fn is_leaf<T: Float>(plan: &Plan<T>, shape: &[usize], position: Position) -> bool {
        let mixes_classes =
            has_one_class(plan, shape, position) && shape[..=position.axis].iter().any(|&length| length > 1);
        shape.iter().product::<usize>() <= ELEMENTS_IN_LEAF && !mixes_classes
    }

    /// The Hessian is diagonal.
    fn product<'a, T, D: Dimension>(
        vector: ArrayView<'a, T, D>,
        product: ArrayViewMut<'a, T, D>,
    ) -> Product<'a, T, D, D> {
        (Some(vector), Outputs::of([None, Some(product), None]))
    }
}

impl<Y: Label, D: Dimension> Source<D> for Labels<'_, Y, D> {
    type Kind = MultiLabel;

    fn fitted(&self, shape: &[usize]) -> Result<Self, Error> {
        let form = match &self.form {
            LabelForm::Dense(labels) => {
                check_shape("targets", shape, labels.shape())?;
                LabelForm::Dense(labels.clone())
            }
            LabelForm::Sparse(labels) => LabelForm::Sparse(labels.fitted(shape)?),
        };
        Ok(Labels { form, known: self.known })
    }

    fn count(&self, losses: usize) -> f64 {
        let known = self.known;
        match &self.form {
            LabelForm::Dense(labels) if known.is_in_doubt() => divisor::count(labels, |y| known.presence(y).is_some()),
            LabelForm::Dense(_) => losses as f64,
            LabelForm::Sparse(labels) => labels.of_known(|| losses as u128, 0.., |_, _| 1) as f64,
        }
    }

    fn weight<T: Element>(&self, weights: &ArrayView<'_, T, D>, largest: f64) -> f64 {
        let known = self.known;
        match &self.form {
            LabelForm::Dense(labels) => {
                let in_doubt = known.is_in_doubt().then_some(labels);
                divisor::weight(weights, largest, in_doubt, |y| known.presence(y).is_some())
            }
            LabelForm::Sparse(labels) => divisor::listed_weight(weights, largest, *labels),
        }
    }

    fn weight_by_class<T: Element>(
        &self,
        losses: &D,
        weights: Option<&ArrayView<'_, T, D>>,
        of_classes: &[f64],
    ) -> Result<f64, Error> {
        let of_classes = ArrayView1::from(of_classes);
        let Some(of_classes) = of_classes.broadcast(losses.clone()) else { return Ok(0.0) };
        let Some(weights) = weights else {
            let largest = of_classes.iter().fold(0.0_f64, |largest, weight| largest.max(*weight));
            return Ok(self.weight(&of_classes, largest));
        };
        let (products, largest) = divisor::products(losses, Some(weights), of_classes.iter().copied())?;
        Ok(self.weight(&products.view(), largest))
    }

    fn positives(&self, settings: &Settings, losses: usize) -> f64 {
        let known = self.known;
        let positives = match &self.form {
            LabelForm::Dense(labels) => divisor::total(labels, |y| known.presence(y).unwrap_or(0.0)),
            LabelForm::Sparse(labels) => labels.positives() as f64,
        };
        match settings.label_smoothing {
            0.0 => positives,
            share => positives * (1.0 - share) + self.count(losses) * (share / 2.0),
        }
    }

    fn presences(&self) -> impl Iterator<Item = Option<f64>> {
        let (mut dense, mut listed) = match &self.form {
            LabelForm::Dense(labels) => (Some(labels.iter()), None),
            LabelForm::Sparse(labels) => (None, Some(labels.cursor())),
        };
        let (known, mut element, mut y) = (self.known, 0, [0.0_f64]);
        std::iter::from_fn(move || match (&mut dense, &mut listed) {
            (Some(labels), _) => labels.next().map(|&y| known.presence(y)),
            (None, Some(cursor)) => {
                cursor.write(&(element..element + 1), &mut y);
                element += 1;
                Some(Some(y[0]).filter(|y| !y.is_nan()))
            }
            (None, None) => None,
        })
    }

    fn split_at(self, axis: Axis, index: usize, elements: usize) -> (Self, Self) {
        let known = self.known;
        let (left, right) = match self.form {
            LabelForm::Dense(labels) => {
                let (left, right) = labels.split_at(axis, index);
                (LabelForm::Dense(left), LabelForm::Dense(right))
            }
            LabelForm::Sparse(labels) => (LabelForm::Sparse(labels), LabelForm::Sparse(labels.behind(elements))),
        };
        (Labels { form: left, known }, Labels { form: right, known })
    }

    fn traverse<T: Element>(
        pass: &Pass<'_, T::Float, MultiLabel>,
        arrays: Arrays<'_, T, D, Self>,
    ) -> Result<Total<T::Float>, Fault> {
        let last = arrays.logits.ndim().saturating_sub(1);
        let Some(order) = arrays.memory_order(pass.plan.table.classes) else {
            return walk(pass, arrays, Position { class: 0, axis: last });
        };
        let axis = order.slice().iter().position(|&axis| axis == last).unwrap_or(last);
        // What was walked before is known to be before only in the logical order.
        walk(pass, arrays.permuted(order), Position { class: 0, axis }).map_err(|fault| match fault {
            Fault::InvalidTarget { .. } => Fault::InvalidTarget { valid: 0 },
            other => other,
        })
    }

    fn evaluate<T: Element>(leaf: Leaf<'_, '_, T, D, Self>) -> Result<(), Fault> {
        let one_class = has_one_class(leaf.pass.plan, leaf.arrays.logits.shape(), leaf.position);
        Ok(evaluate_leaf(leaf, one_class)?)
    }

    fn invalid<T: Float>(&self, _classes: usize, is_left_out: impl Fn(&[usize]) -> bool, valid: usize) -> Error {
        find_invalid::<T, _, _>(self, is_left_out, valid)
    }
}

/// Whether all elements of arrays of this shape are of one class; else classes follow each other.
fn has_one_class<T: Float>(plan: &Plan<T>, shape: &[usize], position: Position) -> bool {
    position.axis + 1 < shape.len() && plan.table.classes > 1
}
