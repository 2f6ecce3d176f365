//! What can be asked of a loss, whatever its kind: settings in; value and gradient out.

use crate::arithmetic::element::Element;
use crate::arrays::results::zeros_like;
use crate::error::Error;
use crate::kernel::kind::Kind;
use crate::kernel::outputs::Outputs;
use crate::loss::pass::{Checked, evaluate};
use crate::loss::plans::Plans;
use crate::loss::targets::IntoTargets;
use crate::settings::list::SettingsList;
use crate::settings::names::Choice;
use crate::settings::reduction::Reduction;
use crate::targets::checks::check_shape;
use ndarray::{Array, ArrayBase, Data, DataMut, Dimension};
use std::fmt::{self, Debug, Display};

/// A loss: its settings, and the constants that follow from them.
///
/// There are two kinds, [`AsymmetricLoss`](crate::AsymmetricLoss) and [`SingleLabelLoss`](crate::SingleLabelLoss). Both answer the same
/// calls. They differ in their settings, in what can be their targets, and in what has a loss: each element of the logits, or each row.
///
/// A copy of a loss shares its constants, and costs next to nothing whatever the number of classes.
///
/// # Errors
///
/// Every call may fail with
///
/// - [`Error::ShapeMismatch`] if an array has another shape than the logits, or than their rows,
/// - [`Error::NoClassAxis`] for logits without axes, where rows have a label,
/// - [`Error::ParameterLength`] if a setting per class does not match the last axis,
/// - [`Error::InvalidTarget`] for a target that is NaN or outside [0, 1],
/// - [`Error::ClassOutOfRange`] for an index that is no class and not ignored,
/// - [`Error::TargetSum`] for a row of dense targets whose sum is not 1,
/// - [`Error::InvalidOffset`], [`Error::InvalidIndex`] and [`Error::ListedTwice`] for malformed sparse labels,
/// - [`Error::InvalidWeight`] for a weight that is not between 0 and 1e12, [`Error::BroadcastMismatch`] for weights that do not fit,
/// - [`Error::EmptyMean`] for the mean of nothing that counts,
/// - [`Error::ParameterOutOfRange`] for a divisor so small that the type of the logits cannot hold its reciprocal,
/// - [`Error::TooLarge`] if there is no memory for a result.
#[derive(Clone)]
pub struct Loss<K: Kind> {
    pub(crate) plans: Plans<K>,
}

impl<K: Kind> Loss<K> {
    /// Starts from the default settings.
    ///
    /// # Examples
    ///
    /// ```
    /// use asymmetric_loss::{AsymmetricLoss, SingleLabelLoss};
    ///
    /// let binary_cross_entropy = AsymmetricLoss::builder().gamma_neg(0).gamma_pos(0).prob_margin(0).build()?;
    /// let cross_entropy = SingleLabelLoss::builder().gamma_neg(0).gamma_pos(0).label_smoothing(0.0).build()?;
    /// # Ok::<(), asymmetric_loss::Error>(())
    /// ```
    pub fn builder() -> K::Builder {
        K::to_builder(&K::Settings::default())
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
    pub fn to_builder(&self) -> K::Builder {
        K::to_builder(self.settings())
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
    #[doc(alias = "avg_factor")]
    pub fn with_reduction(&self, reduction: Reduction) -> Result<Self, Error> {
        reduction.check()?;
        let mut loss = self.clone();
        *loss.plans.settings.reduction_mut() = reduction;
        Ok(loss)
    }

    /// What the loss is made of.
    pub fn settings(&self) -> &K::Settings {
        &self.plans.settings
    }

    /// What the reduction of this loss divides the sum of the losses by.
    ///
    /// Where a batch is cut into shards, the divisors of a mean add up to that of the batch; but [`Reduction::PositiveMean`] gives at least 1
    /// for each shard, and [`Reduction::Sum`] and [`Reduction::Divisor`] have the same one for any shard.
    ///
    /// # Errors
    ///
    /// Those of every call that are about shapes, sparse labels and weights, and the empty mean. Labels and class indices are checked by the calls
    /// that evaluate them.
    ///
    /// # Examples
    ///
    /// Two machines with a shard each:
    ///
    /// ```
    /// use asymmetric_loss::{AsymmetricLoss, Reduction, Targets};
    /// use ndarray::{array, s};
    ///
    /// let (logits, labels) = (array![[0.5, -1.0], [2.0, 0.0], [0.0, 0.0]], array![[1, -1], [0, 1], [0, 0]]);
    /// let loss = AsymmetricLoss::default();
    /// let shards = [s![..2, ..], s![2.., ..]].map(|rows| (logits.slice(rows), labels.slice(rows)));
    ///
    /// let divisors = shards.each_ref().map(|(logits, labels)| loss.divisor(logits, Targets::new(labels).ignore(-1)));
    /// assert_eq!(divisors, [Ok(3.0), Ok(2.0)]);
    /// let of_batch = loss.with_reduction(Reduction::Divisor(5.0))?;
    /// let mut value: f64 = 0.0;
    /// for (logits, labels) in &shards {
    ///     value += of_batch.forward(logits, Targets::new(labels).ignore(-1))?;
    /// }
    /// assert!((value - loss.forward(&logits, Targets::new(&labels).ignore(-1))?).abs() < 1e-15);
    /// # Ok::<(), asymmetric_loss::Error>(())
    /// ```
    pub fn divisor<'a, T: Element, S: Data<Elem = T>, D: Dimension>(
        &self,
        logits: &ArrayBase<S, D>,
        targets: impl IntoTargets<'a, T, D, K>,
    ) -> Result<f64, Error> {
        let (logits, targets) = (logits.view(), targets.into_targets());
        Checked::new(&logits, &targets)?.divisor(self.settings(), self.settings().reduction())
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
    /// use asymmetric_loss::{AsymmetricLoss, SingleLabelLoss};
    /// use ndarray::array;
    ///
    /// let value = AsymmetricLoss::default().forward(&array![-4.0, 0.0], &array![0, 1])?;
    /// assert_eq!(value, 0.25 * std::f64::consts::LN_2); // the mean; the first is below the margin
    ///
    /// let cross_entropy = SingleLabelLoss::builder().label_smoothing(0.0).build()?;
    /// let value = cross_entropy.forward(&array![[1.0, 1.0], [2.0, 2.0]], &array![0, 1])?;
    /// assert_eq!(value, std::f64::consts::LN_2); // of two equal logits
    /// # Ok::<(), asymmetric_loss::Error>(())
    /// ```
    pub fn forward<'a, T: Element, S: Data<Elem = T>, D: Dimension>(
        &self,
        logits: &ArrayBase<S, D>,
        targets: impl IntoTargets<'a, T, D, K>,
    ) -> Result<T::Float, Error> {
        self.reduced(logits, targets, Outputs::default())
    }

    /// The loss of each element, or of each row, weights included: what other libraries call the reduction "none".
    ///
    /// Those of elements are in the shape of the logits, those of rows in this shape without its last axis.
    ///
    /// # Errors
    ///
    /// [Those of every call](Self#errors), but for the empty mean.
    ///
    /// # Examples
    ///
    /// ```
    /// use asymmetric_loss::{AsymmetricLoss, SingleLabelLoss};
    /// use ndarray::array;
    ///
    /// let losses = AsymmetricLoss::default().losses(&array![-4.0, 0.0], &array![0, 1])?;
    /// assert_eq!(losses[0], 0.0); // p = 0.018 is below the margin
    /// assert_eq!(losses[1], 0.5 * std::f64::consts::LN_2);
    ///
    /// let losses = SingleLabelLoss::default().losses(&array![[9.0, 1.0], [1.0, 9.0]], &array![0, 0])?;
    /// assert!(losses[0] < 0.01 && losses[1] > 7.0);
    /// # Ok::<(), asymmetric_loss::Error>(())
    /// ```
    #[doc(alias = "none")]
    pub fn losses<'a, T: Element, S: Data<Elem = T>, D: Dimension>(
        &self,
        logits: &ArrayBase<S, D>,
        targets: impl IntoTargets<'a, T, D, K>,
    ) -> Result<Array<T, K::Losses<D>>, Error> {
        let mut losses = K::zeros(logits.view())?;
        let outputs = Outputs { losses: Some(losses.view_mut()), ..Outputs::default() };
        evaluate(&self.plans, Reduction::Sum, logits.view(), targets.into_targets(), None, outputs)?;
        Ok(losses)
    }

    /// The gradient of the reduced loss in the logits.
    ///
    /// Of an [`AsymmetricLoss`](crate::AsymmetricLoss): at p = m, where a loss with γ₋ ≤ 1 has a kink, it is that from below: 0.
    /// Differences across a kink are no gradient. Of a [`SingleLabelLoss`](crate::SingleLabelLoss): with g_c = ∂L/∂ln p_c it is
    /// g_j − p_j·Σ g_c, which sums to 0 in each row.
    ///
    /// # Errors
    ///
    /// [Those of every call](Self#errors).
    ///
    /// # Examples
    ///
    /// ```
    /// use asymmetric_loss::{AsymmetricLoss, SingleLabelLoss};
    /// use ndarray::array;
    ///
    /// let gradient = AsymmetricLoss::default().gradient(&array![1.0, -5.0], &array![1, 0])?;
    /// assert!(gradient[0] < 0.0 && gradient[1] == 0.0);
    ///
    /// let cross_entropy = SingleLabelLoss::builder().label_smoothing(0.0).build()?;
    /// let gradient = cross_entropy.gradient(&array![[1.0, 1.0]], &array![0])?;
    /// assert_eq!(gradient, array![[-0.5, 0.5]]); // p less the target
    /// # Ok::<(), asymmetric_loss::Error>(())
    /// ```
    pub fn gradient<'a, T: Element, S: Data<Elem = T>, D: Dimension>(
        &self,
        logits: &ArrayBase<S, D>,
        targets: impl IntoTargets<'a, T, D, K>,
    ) -> Result<Array<T, D>, Error> {
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
    pub fn value_and_gradient<'a, T: Element, S: Data<Elem = T>, D: Dimension>(
        &self,
        logits: &ArrayBase<S, D>,
        targets: impl IntoTargets<'a, T, D, K>,
    ) -> Result<(T::Float, Array<T, D>), Error> {
        let mut gradient = zeros_like(logits)?;
        let value = self.value_and_gradient_into(logits, targets, &mut gradient)?;
        Ok((value, gradient))
    }

    /// The reduced loss; its gradient overwrites `gradient`. One pass, and no allocation for `f32` and `f64`, unless weights
    /// have more than four axes, a weighted mean has weights both of the call and of each class, or rows with one label each are not
    /// row-major or have weights of their classes in a weighted mean.
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
    #[doc(alias = "gradient_into")]
    pub fn value_and_gradient_into<'a, T: Element, S: Data<Elem = T>, G: DataMut<Elem = T>, D: Dimension>(
        &self,
        logits: &ArrayBase<S, D>,
        targets: impl IntoTargets<'a, T, D, K>,
        gradient: &mut ArrayBase<G, D>,
    ) -> Result<T::Float, Error> {
        check_shape("gradient", logits.shape(), gradient.shape())?;
        self.reduced(logits, targets, Outputs::of([Some(gradient.view_mut()), None, None]))
    }

    /// The gradient of the reduced loss, which overwrites `gradient`; else as
    /// [`value_and_gradient_into`](Self::value_and_gradient_into).
    ///
    /// # Errors
    ///
    /// [Those of every call](Self#errors).
    ///
    /// # Examples
    ///
    /// ```
    /// use asymmetric_loss::SingleLabelLoss;
    /// use ndarray::{Array2, array};
    ///
    /// let (loss, logits) = (SingleLabelLoss::default(), array![[1.0, -0.5], [0.5, 3.0]]);
    /// let mut gradient = Array2::zeros(logits.raw_dim());
    /// loss.gradient_into(&logits, &array![1, 0], &mut gradient)?;
    /// assert_eq!(gradient, loss.gradient(&logits, &array![1, 0])?);
    /// # Ok::<(), asymmetric_loss::Error>(())
    /// ```
    pub fn gradient_into<'a, T: Element, S: Data<Elem = T>, G: DataMut<Elem = T>, D: Dimension>(
        &self,
        logits: &ArrayBase<S, D>,
        targets: impl IntoTargets<'a, T, D, K>,
        gradient: &mut ArrayBase<G, D>,
    ) -> Result<(), Error> {
        self.value_and_gradient_into(logits, targets, gradient).map(|_| ())
    }

    pub(crate) fn reduced<'a, T: Element, S: Data<Elem = T>, D: Dimension>(
        &self,
        logits: &ArrayBase<S, D>,
        targets: impl IntoTargets<'a, T, D, K>,
        outputs: Outputs<'_, T, D, K::Losses<D>>,
    ) -> Result<T::Float, Error> {
        let reduction = self.settings().reduction();
        evaluate(&self.plans, reduction, logits.view(), targets.into_targets(), None, outputs)
    }
}

impl<K: Kind> Default for Loss<K> {
    /// The loss with the default settings.
    fn default() -> Self {
        Loss { plans: Plans::new(K::Settings::default()) }
    }
}

/// Equal settings.
impl<K: Kind> PartialEq for Loss<K> {
    fn eq(&self, other: &Self) -> bool {
        self.settings() == other.settings()
    }
}

/// The settings.
impl<K: Kind> Display for Loss<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}({})", K::NAME, self.settings())
    }
}

/// The settings, on one line.
impl<K: Kind> Debug for Loss<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Display::fmt(self, f)
    }
}

/// A loss is saved as its settings.
#[cfg(feature = "serde")]
impl<K: Kind<Settings: serde::Serialize>> serde::Serialize for Loss<K> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.settings().serialize(serializer)
    }
}

#[cfg(feature = "serde")]
impl<'de, K: Kind<Settings: serde::Deserialize<'de>>> serde::Deserialize<'de> for Loss<K> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        serde::Deserialize::deserialize(deserializer).map(|settings| Loss { plans: Plans::new(settings) })
    }
}
