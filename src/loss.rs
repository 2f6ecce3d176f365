//! The loss: settings in; value, gradient and curvature out.

use crate::builder::Builder;
use crate::checks::check_shape;
use crate::element::Element;
use crate::error::Error;
use crate::kernel::Plans;
use crate::names::Choice;
use crate::pass::{Outputs, evaluate};
use crate::reduction::Reduction;
use crate::results::zeros_like;
use crate::settings::Settings;
use crate::targets::IntoTargets;
use ndarray::{Array, ArrayBase, Data, DataMut, Dimension};
use std::fmt::{self, Debug, Display};

/// The asymmetric loss of Ridnik et al. (ICCV 2021) for multi-label classification.
///
/// For a logit z, its probability p = 1/(1 + e⁻ᶻ) and a target y:
///
/// L = −(1−p)^γ₊ ln p where y = 1, and −u^γ₋ ln(1−u) with u = max(p − m, 0) where y = 0.
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
/// A copy of a loss shares its constants, and costs next to nothing whatever the number of classes.
///
/// # Errors
///
/// Every call may fail with
///
/// - [`Error::ShapeMismatch`] if an array has another shape than the logits,
/// - [`Error::ParameterLength`] if a setting per class does not match the last axis,
/// - [`Error::InvalidTarget`] for a target that is NaN or outside [0, 1],
/// - [`Error::InvalidWeight`] for a weight that is not between 0 and 1e12, [`Error::BroadcastMismatch`] for weights that do not fit,
/// - [`Error::InvalidOffset`] and [`Error::InvalidIndex`] for malformed sparse labels,
/// - [`Error::EmptyMean`] for the mean of no elements that count,
/// - [`Error::ParameterOutOfRange`] for a divisor so small that the type of the logits cannot hold its reciprocal,
/// - [`Error::TooLarge`] if there is no memory for a result.
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
#[derive(Clone)]
pub struct AsymmetricLoss {
    pub(crate) plans: Plans,
}

impl AsymmetricLoss {
    /// Starts from the default settings.
    ///
    /// # Examples
    ///
    /// ```
    /// use asymmetric_loss::AsymmetricLoss;
    ///
    /// let binary_cross_entropy = AsymmetricLoss::builder().gamma_neg(0).gamma_pos(0).prob_margin(0).build()?;
    /// let focal = AsymmetricLoss::builder().gamma_neg(2).gamma_pos(2).prob_margin(0).build()?;
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
    /// use asymmetric_loss::AsymmetricLoss;
    /// let mut loss = AsymmetricLoss::default();
    /// for epoch in 0..5 {
    ///     loss = loss.to_builder().gamma_neg(epoch).build()?; // a schedule changes one thing
    /// }
    /// assert_eq!(loss, AsymmetricLoss::default());
    /// # Ok::<(), asymmetric_loss::Error>(())
    /// ```
    pub fn to_builder(&self) -> Builder {
        self.settings().to_builder()
    }

    /// The same loss with another reduction: a divisor that changes with every batch, say.
    ///
    /// It shares the constants of this loss, which [`to_builder`](Self::to_builder) computes anew.
    ///
    /// # Errors
    ///
    /// [`Error::ParameterOutOfRange`] for a divisor that is not positive and finite.
    ///
    /// # Examples
    ///
    /// ```
    /// use asymmetric_loss::{AsymmetricLoss, Reduction};
    /// use ndarray::array;
    ///
    /// let loss = AsymmetricLoss::builder().prob_margin([0.05, 0.2]).build()?;
    /// let (logits, labels) = (array![[0.5, -1.0], [2.0, 0.0]], array![[1, 0], [0, 1]]);
    /// let sum = loss.with_reduction(Reduction::Sum)?.forward(&logits, &labels)?;
    /// assert_eq!(loss.with_reduction(Reduction::Divisor(8.0))?.forward(&logits, &labels)?, sum / 8.0);
    /// # Ok::<(), asymmetric_loss::Error>(())
    /// ```
    pub fn with_reduction(&self, reduction: Reduction) -> Result<Self, Error> {
        reduction.check()?;
        let mut loss = self.clone();
        loss.plans.settings.reduction = reduction;
        Ok(loss)
    }

    /// What the loss is made of.
    pub fn settings(&self) -> &Settings {
        &self.plans.settings
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
    /// use asymmetric_loss::AsymmetricLoss;
    /// use ndarray::array;
    ///
    /// let value = AsymmetricLoss::default().forward(&array![-4.0, 0.0], &array![0, 1])?;
    /// assert_eq!(value, 0.25 * std::f64::consts::LN_2); // the mean; the first is below the margin
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
        D: Dimension,
    {
        self.reduced(logits, targets, Outputs::default())
    }

    /// The loss of each element, weights included: what other libraries call the reduction "none".
    ///
    /// # Errors
    ///
    /// [Those of every call](Self#errors), but for the empty mean.
    ///
    /// # Examples
    ///
    /// ```
    /// use asymmetric_loss::AsymmetricLoss;
    /// use ndarray::array;
    ///
    /// let losses = AsymmetricLoss::default().losses(&array![-4.0, 0.0], &array![0, 1])?;
    /// assert_eq!(losses[0], 0.0); // p = 0.018 is below the margin
    /// assert_eq!(losses[1], 0.5 * std::f64::consts::LN_2);
    /// # Ok::<(), asymmetric_loss::Error>(())
    /// ```
    pub fn losses<'a, T, S, D>(
        &self,
        logits: &ArrayBase<S, D>,
        targets: impl IntoTargets<'a, T, D>,
    ) -> Result<Array<T, D>, Error>
    where
        T: Element,
        S: Data<Elem = T>,
        D: Dimension,
    {
        let mut losses = zeros_like(logits)?;
        let outputs = Outputs { losses: Some(losses.view_mut()), ..Outputs::default() };
        evaluate(&self.plans, Reduction::Sum, logits.view(), targets.into_targets(), None, outputs)?;
        Ok(losses)
    }

    /// The gradient of the reduced loss in the logits.
    ///
    /// At p = m, where a loss with γ₋ ≤ 1 has a kink, it is that from below: 0. Differences across a kink are no gradient.
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
    /// let gradient = AsymmetricLoss::default().gradient(&array![1.0, -5.0], &array![1, 0])?;
    /// assert!(gradient[0] < 0.0 && gradient[1] == 0.0);
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
        D: Dimension,
    {
        Ok(self.value_and_gradient(logits, targets)?.1)
    }

    /// The reduced loss and its gradient, in one pass.
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
    /// let (logits, targets) = (array![[1.0, -0.5]], array![[0, 1]]);
    /// let loss = AsymmetricLoss::default();
    /// let (value, gradient) = loss.value_and_gradient(&logits, &targets)?;
    /// assert_eq!(value, loss.forward(&logits, &targets)?);
    /// assert_eq!(gradient, loss.gradient(&logits, &targets)?);
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
        D: Dimension,
    {
        let mut gradient = zeros_like(logits)?;
        let value = self.value_and_gradient_into(logits, targets, &mut gradient)?;
        Ok((value, gradient))
    }

    /// The reduced loss; its gradient overwrites `gradient`. One pass, and no allocation for `f32` and `f64`, unless
    /// weights have more than four axes, or a weighted mean has weights both of the call and of each class.
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
    /// use asymmetric_loss::AsymmetricLoss;
    /// use ndarray::{Array2, array};
    ///
    /// let loss = AsymmetricLoss::default();
    /// let mut logits = array![[1.0, -0.5], [0.5, 3.0]];
    /// let targets = array![[0, 1], [1, 0]];
    /// let mut gradient = Array2::zeros(logits.raw_dim());
    /// let before = loss.value_and_gradient_into(&logits, &targets, &mut gradient)?;
    /// logits.scaled_add(-0.1, &gradient); // one step downhill
    /// assert!(loss.forward(&logits, &targets)? < before);
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
        D: Dimension,
    {
        check_shape("gradient", logits.shape(), gradient.shape())?;
        self.reduced(logits, targets, Outputs { gradient: Some(gradient.view_mut()), ..Outputs::default() })
    }

    /// The vector-Jacobian product: the gradient in the logits of Σ upstream·losses, in one pass. The reduction has no part
    /// in it.
    ///
    /// It continues a chain rule: `upstream` is the gradient of some quantity in the [`losses`](Self::losses). One that is
    /// infinite where the loss is flat gives NaN; one of 0 leaves its element out, like a weight of 0.
    ///
    /// # Errors
    ///
    /// [Those of every call](Self#errors), but for the empty mean.
    ///
    /// # Examples
    ///
    /// ```
    /// use asymmetric_loss::AsymmetricLoss;
    /// use ndarray::array;
    ///
    /// let (logits, targets) = (array![1.0, 1.0], array![0, 0]);
    /// let gradient = AsymmetricLoss::default().vjp(&logits, &targets, &array![1.0, 3.0])?;
    /// assert_eq!(gradient[1], 3.0 * gradient[0]);
    /// # Ok::<(), asymmetric_loss::Error>(())
    /// ```
    pub fn vjp<'a, T, S, U, D>(
        &self,
        logits: &ArrayBase<S, D>,
        targets: impl IntoTargets<'a, T, D>,
        upstream: &ArrayBase<U, D>,
    ) -> Result<Array<T, D>, Error>
    where
        T: Element,
        S: Data<Elem = T>,
        U: Data<Elem = T>,
        D: Dimension,
    {
        check_shape("upstream", logits.shape(), upstream.shape())?;
        let mut gradient = zeros_like(logits)?;
        let outputs = Outputs { gradient: Some(gradient.view_mut()), ..Outputs::default() };
        let weights = Some(upstream.view());
        evaluate(&self.plans, Reduction::Sum, logits.view(), targets.into_targets(), weights, outputs)?;
        Ok(gradient)
    }

    pub(crate) fn reduced<'a, T: Element, S: Data<Elem = T>, D: Dimension>(
        &self,
        logits: &ArrayBase<S, D>,
        targets: impl IntoTargets<'a, T, D>,
        outputs: Outputs<'_, T, D>,
    ) -> Result<T::Float, Error> {
        let reduction = self.settings().reduction;
        evaluate(&self.plans, reduction, logits.view(), targets.into_targets(), None, outputs)
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

impl From<Settings> for AsymmetricLoss {
    fn from(settings: Settings) -> Self {
        AsymmetricLoss { plans: Plans::new(settings) }
    }
}

impl Default for AsymmetricLoss {
    /// The loss with the default [`Settings`].
    fn default() -> Self {
        Settings::default().into()
    }
}

/// Equal settings.
impl PartialEq for AsymmetricLoss {
    fn eq(&self, other: &Self) -> bool {
        self.settings() == other.settings()
    }
}

/// The settings.
impl Display for AsymmetricLoss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AsymmetricLoss({})", self.settings())
    }
}

/// The settings, on one line.
impl Debug for AsymmetricLoss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Display::fmt(self, f)
    }
}
