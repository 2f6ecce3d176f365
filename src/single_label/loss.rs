//! The single-label loss: settings in; value and gradient out.

use super::arrays::{Outputs, reduce};
use super::plan::Plans;
use super::settings::{Builder, Settings};
use super::targets::IntoTargets;
use crate::checks::check_shape;
use crate::element::Element;
use crate::error::Error;
use crate::reduction::Reduction;
use crate::results::zeros_like;
use ndarray::{Array, ArrayBase, Axis, Data, DataMut, RemoveAxis, aview0};
use num_traits::Zero;
use std::fmt::{self, Debug, Display};

/// The asymmetric loss of Ridnik et al. (ICCV 2021) for single-label classification: one class per row of logits.
///
/// With p = softmax(z) over the last axis, C classes and the target class k, a row costs
///
/// L = −Σ t_c·w_c·ln p_c, with t_c = (1−ε)·\[c = k\] + ε/C, w_k = (1−p_k)^γ₊, and w_c = p_c^γ₋ for the other classes.
///
/// The gradient flows through the weights w, as in the official code. Without label smoothing (ε = 0) γ₋ has no effect;
/// with γ₊ = γ₋ = 0 it is cross-entropy. A target that is spread over classes, y in [0, 1] with Σy = 1, has t_c =
/// (1−ε)·y_c + ε/C and w_c = y_c·(1−p_c)^γ₊ + (1−y_c)·p_c^γ₋, which is the same for one class.
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
/// A [`Reduction`] divides the sum over rows: `Mean` by the number of known rows, `PositiveMean` by the same or 1,
/// `BatchMean` by the number of all rows, known or not, `WeightedMean` by the sum over known ones of their weight times that
/// of their class.
///
/// Source: the class `ASLSingleLabel` of the official code, which has these defaults; timm's
/// `AsymmetricLossSingleLabel` is the same with γ₊ = 1.
///
/// # Errors
///
/// Every call may fail with
///
/// - [`Error::NoClassAxis`] for logits without axes,
/// - [`Error::ShapeMismatch`] if an array has another shape than the logits have with or without their last axis,
/// - [`Error::ParameterLength`] if a setting per class does not match the last axis,
/// - [`Error::ClassOutOfRange`] for an index that is no class and not ignored,
/// - [`Error::InvalidTarget`] for a dense target that is NaN or outside [0, 1],
/// - [`Error::TargetSum`] for a row of dense targets whose sum is not 1,
/// - [`Error::InvalidWeight`] for a weight that is negative, NaN or infinite,
/// - [`Error::BroadcastMismatch`] for weights that do not broadcast to the shape of the rows,
/// - [`Error::EmptyMean`] for `Mean` of no known rows, `BatchMean` of no rows, `WeightedMean` of none with a weight,
/// - [`Error::ParameterOutOfRange`] for a divisor so small that the type of the logits cannot hold its reciprocal,
/// - [`Error::TooLarge`] if there is no memory for a result.
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
#[derive(Clone)]
pub struct SingleLabelLoss {
    plans: Plans,
}

impl SingleLabelLoss {
    /// Starts from the default settings.
    ///
    /// # Examples
    ///
    /// ```
    /// use asymmetric_loss::single_label::SingleLabelLoss;
    ///
    /// let cross_entropy = SingleLabelLoss::builder().gamma_neg(0).gamma_pos(0).label_smoothing(0.0).build()?;
    /// let focal = SingleLabelLoss::builder().gamma_pos(2).label_smoothing(0.0).build()?;
    /// # Ok::<(), asymmetric_loss::Error>(())
    /// ```
    pub fn builder() -> Builder {
        Builder::default()
    }

    /// Starts from the settings of this loss.
    ///
    /// # Examples
    ///
    /// ```
    /// use asymmetric_loss::single_label::SingleLabelLoss;
    ///
    /// let loss = SingleLabelLoss::default().to_builder().gamma_pos(1).build()?;
    /// assert_eq!(loss, SingleLabelLoss::builder().gamma_pos(1).build()?);
    /// # Ok::<(), asymmetric_loss::Error>(())
    /// ```
    pub fn to_builder(&self) -> Builder {
        self.settings().to_builder()
    }

    /// What the loss is made of.
    pub fn settings(&self) -> &Settings {
        &self.plans.settings
    }

    pub(super) fn new(settings: Settings) -> Self {
        SingleLabelLoss { plans: Plans::new(settings) }
    }

    /// The reduced loss.
    ///
    /// # Errors
    ///
    /// [Those of every call](Self#errors).
    ///
    /// # Examples
    ///
    /// ```
    /// use asymmetric_loss::single_label::SingleLabelLoss;
    /// use ndarray::array;
    ///
    /// let cross_entropy = SingleLabelLoss::builder().label_smoothing(0.0).build()?;
    /// let value = cross_entropy.forward(&array![[1.0, 1.0], [2.0, 2.0]], &array![0, 1])?;
    /// assert_eq!(value, std::f64::consts::LN_2); // of two equal logits
    /// # Ok::<(), asymmetric_loss::Error>(())
    /// ```
    pub fn forward<'a, T, S, D>(
        &self,
        logits: &ArrayBase<S, D>,
        targets: impl IntoTargets<'a, T, D>,
    ) -> Result<T::Float, Error>
    where
        T: Element,
        S: Data<Elem = T>,
        D: RemoveAxis,
    {
        self.reduced(logits, targets, Outputs::default())
    }

    /// The loss of each row, weighted but not reduced, in the shape of the logits without their last axis: what other
    /// libraries call the reduction "none".
    ///
    /// # Errors
    ///
    /// [Those of every call](Self#errors), but for the empty mean.
    ///
    /// # Examples
    ///
    /// ```
    /// use asymmetric_loss::single_label::SingleLabelLoss;
    /// use ndarray::array;
    ///
    /// let losses = SingleLabelLoss::default().losses(&array![[9.0, 1.0], [1.0, 9.0]], &array![0, 0])?;
    /// assert!(losses[0] < 0.01 && losses[1] > 7.0);
    /// # Ok::<(), asymmetric_loss::Error>(())
    /// ```
    pub fn losses<'a, T, S, D>(
        &self,
        logits: &ArrayBase<S, D>,
        targets: impl IntoTargets<'a, T, D>,
    ) -> Result<Array<T, D::Smaller>, Error>
    where
        T: Element,
        S: Data<Elem = T>,
        D: RemoveAxis,
    {
        let Some(last) = logits.ndim().checked_sub(1) else { return Err(Error::NoClassAxis) };
        let rows = logits.raw_dim().remove_axis(Axis(last));
        let zero = T::from_float(T::Float::zero());
        let one = aview0(&zero);
        let like = one.broadcast(rows).ok_or_else(|| Error::TooLarge { shape: logits.shape()[..last].to_vec() })?;
        let mut losses = zeros_like(&like)?;
        let outputs = Outputs { losses: Some(losses.view_mut()), ..Outputs::default() };
        reduce(&self.plans, Reduction::Sum, logits.view(), targets.into_targets(), outputs)?;
        Ok(losses)
    }

    /// The gradient of the reduced loss in the logits.
    ///
    /// With g_c = ∂L/∂ln p_c it is g_j − p_j·Σ g_c. Its elements sum to 0 in each row.
    ///
    /// # Errors
    ///
    /// [Those of every call](Self#errors).
    ///
    /// # Examples
    ///
    /// ```
    /// use asymmetric_loss::single_label::SingleLabelLoss;
    /// use ndarray::array;
    ///
    /// let cross_entropy = SingleLabelLoss::builder().label_smoothing(0.0).build()?;
    /// let gradient = cross_entropy.gradient(&array![[1.0, 1.0]], &array![0])?;
    /// assert_eq!(gradient, array![[-0.5, 0.5]]); // p less the target
    /// # Ok::<(), asymmetric_loss::Error>(())
    /// ```
    pub fn gradient<'a, T, S, D>(
        &self,
        logits: &ArrayBase<S, D>,
        targets: impl IntoTargets<'a, T, D>,
    ) -> Result<Array<T, D>, Error>
    where
        T: Element,
        S: Data<Elem = T>,
        D: RemoveAxis,
    {
        Ok(self.value_and_gradient(logits, targets)?.1)
    }

    /// The reduced loss and its gradient, in one call.
    ///
    /// # Errors
    ///
    /// [Those of every call](Self#errors).
    ///
    /// # Examples
    ///
    /// ```
    /// use asymmetric_loss::single_label::SingleLabelLoss;
    /// use ndarray::array;
    ///
    /// let (logits, classes) = (array![[1.0, -0.5, 2.0]], array![2]);
    /// let loss = SingleLabelLoss::default();
    /// let (value, gradient) = loss.value_and_gradient(&logits, &classes)?;
    /// assert_eq!(value, loss.forward(&logits, &classes)?);
    /// assert_eq!(gradient, loss.gradient(&logits, &classes)?);
    /// # Ok::<(), asymmetric_loss::Error>(())
    /// ```
    pub fn value_and_gradient<'a, T, S, D>(
        &self,
        logits: &ArrayBase<S, D>,
        targets: impl IntoTargets<'a, T, D>,
    ) -> Result<(T::Float, Array<T, D>), Error>
    where
        T: Element,
        S: Data<Elem = T>,
        D: RemoveAxis,
    {
        let mut gradient = zeros_like(logits)?;
        let value = self.value_and_gradient_into(logits, targets, &mut gradient)?;
        Ok((value, gradient))
    }

    /// The reduced loss; its gradient overwrites `gradient`. No allocation for row-major `f32` and `f64`, with class
    /// indices or dense targets of the type of the logits.
    ///
    /// After an error the content of `gradient` is unspecified.
    ///
    /// # Errors
    ///
    /// [Those of every call](Self#errors).
    ///
    /// # Examples
    ///
    /// ```
    /// use asymmetric_loss::single_label::SingleLabelLoss;
    /// use ndarray::{Array2, array};
    ///
    /// let loss = SingleLabelLoss::default();
    /// let mut logits = array![[1.0, -0.5], [0.5, 3.0]];
    /// let classes = array![1, 0];
    /// let mut gradient = Array2::zeros(logits.raw_dim());
    /// let before = loss.value_and_gradient_into(&logits, &classes, &mut gradient)?;
    /// logits.scaled_add(-0.1, &gradient); // one step downhill
    /// assert!(loss.forward(&logits, &classes)? < before);
    /// # Ok::<(), asymmetric_loss::Error>(())
    /// ```
    pub fn value_and_gradient_into<'a, T, S, G, D>(
        &self,
        logits: &ArrayBase<S, D>,
        targets: impl IntoTargets<'a, T, D>,
        gradient: &mut ArrayBase<G, D>,
    ) -> Result<T::Float, Error>
    where
        T: Element,
        S: Data<Elem = T>,
        G: DataMut<Elem = T>,
        D: RemoveAxis,
    {
        check_shape("gradient", logits.shape(), gradient.shape())?;
        self.reduced(logits, targets, Outputs { gradient: Some(gradient.view_mut()), ..Outputs::default() })
    }

    pub(super) fn reduced<'a, T: Element, S: Data<Elem = T>, D: RemoveAxis>(
        &self,
        logits: &ArrayBase<S, D>,
        targets: impl IntoTargets<'a, T, D>,
        outputs: Outputs<'_, T, D>,
    ) -> Result<T::Float, Error> {
        reduce(&self.plans, self.settings().reduction, logits.view(), targets.into_targets(), outputs)
    }
}

impl Default for SingleLabelLoss {
    /// The loss with the default [`Settings`].
    fn default() -> Self {
        SingleLabelLoss::new(Settings::default())
    }
}

/// Equal settings.
impl PartialEq for SingleLabelLoss {
    fn eq(&self, other: &Self) -> bool {
        self.settings() == other.settings()
    }
}

/// The settings.
impl Display for SingleLabelLoss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SingleLabelLoss({})", self.settings())
    }
}

/// The settings, on one line.
impl Debug for SingleLabelLoss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Display::fmt(self, f)
    }
}
