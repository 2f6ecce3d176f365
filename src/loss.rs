//! The loss: settings in; value, gradient and curvature out.

use crate::builder::Builder;
use crate::checks::{Rows, check_shape};
use crate::element::Float;
use crate::error::Error;
use crate::kernel::Plans;
use crate::pass::{Wanted, evaluate};
use crate::reduction::{Mean, Reduction, Upstream};
use crate::target::Target;
use ndarray::{Array, ArrayBase, ArrayView, ArrayViewMut, Data, DataMut, Dimension, Ix1};

/// The asymmetric loss of Ridnik et al. (ICCV 2021) for multi-label classification.
///
/// For a logit z, its probability p = 1/(1 + e⁻ᶻ) and a target y:
///
/// L = −(1−p)^γ₊ ln p where y = 1, and −u^γ₋ ln(1−u) with u = max(p − m, 0) where y = 0.
///
/// Arrays may have any number of axes, any layout and any element type with [`Float`]; the last axis is that of the
/// classes. Logits, targets and results have one shape. A NaN logit gives NaN in its element; infinite ones give the
/// limit.
///
/// Source: Ridnik et al., "Asymmetric Loss for Multi-Label Classification", ICCV 2021 (arXiv 2009.14119), as in the
/// class `torch_ecg.models.loss.AsymmetricLoss`.
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
#[derive(Clone, Debug)]
pub struct AsymmetricLoss<R = Mean> {
    plans: Plans,
    reduction: R,
}

impl Default for AsymmetricLoss {
    /// γ₋ = 4, γ₊ = 1, m = 0.05, mean, [`Implementation::AlibabaMiil`](crate::Implementation::AlibabaMiil).
    fn default() -> Self {
        Self::builder().build().expect("the default settings are valid")
    }
}

impl AsymmetricLoss {
    /// Starts from the default settings.
    ///
    /// # Examples
    ///
    /// ```
    /// use asymmetric_loss::AsymmetricLoss;
    ///
    /// let binary_cross_entropy = AsymmetricLoss::builder().gamma_neg(0.0).gamma_pos(0.0).prob_margin(0.0).build()?;
    /// let focal = AsymmetricLoss::builder().gamma_neg(2.0).gamma_pos(2.0).prob_margin(0.0).build()?;
    /// # Ok::<(), asymmetric_loss::Error>(())
    /// ```
    pub fn builder() -> Builder {
        Builder::default()
    }
}

impl<R: Reduction> Builder<R> {
    /// The loss with these settings.
    ///
    /// # Errors
    ///
    /// - [`Error::ParameterOutOfRange`] for a γ that is negative, NaN or infinite, and for a margin or a floor
    ///   outside [0, 1).
    /// - [`Error::ParameterLength`] if settings are given for different numbers of classes.
    pub fn build(self) -> Result<AsymmetricLoss<R>, Error> {
        self.check()?;
        Ok(AsymmetricLoss { plans: Plans::new(self.settings), reduction: self.reduction })
    }
}

impl<R: Reduction> AsymmetricLoss<R> {
    /// The reduced loss.
    ///
    /// # Errors
    ///
    /// - [`Error::ShapeMismatch`] if the targets have another shape than the logits.
    /// - [`Error::ParameterLength`] if a setting per class does not match the last axis.
    /// - [`Error::InvalidTarget`] for a target that is NaN or outside [0, 1].
    /// - [`Error::EmptyMean`] for the mean of no elements.
    ///
    /// # Examples
    ///
    /// ```
    /// use asymmetric_loss::{AsymmetricLoss, reduction::Unreduced};
    /// use ndarray::array;
    ///
    /// let loss = AsymmetricLoss::builder().reduction(Unreduced).build()?;
    /// let losses = loss.forward(&array![-4.0, 0.0], &array![0.0, 1.0])?;
    /// assert_eq!(losses[0], 0.0); // p = 0.018 is below the margin
    /// assert_eq!(losses[1], 0.5 * std::f64::consts::LN_2);
    /// # Ok::<(), asymmetric_loss::Error>(())
    /// ```
    pub fn forward<T, Y, S, V, D>(
        &self,
        logits: &ArrayBase<S, D>,
        targets: &ArrayBase<V, D>,
    ) -> Result<R::Output<T, D>, Error>
    where
        T: Float,
        Y: Target<T>,
        S: Data<Elem = T>,
        V: Data<Elem = Y>,
        D: Dimension,
    {
        self.evaluate(logits.view(), targets.view(), Wanted::default(), |scale| scale)
    }

    /// The gradient of the reduced loss in the logits; of the sum for [`Unreduced`](crate::reduction::Unreduced).
    ///
    /// # Errors
    ///
    /// Those of [`forward`](Self::forward).
    ///
    /// # Examples
    ///
    /// ```
    /// use asymmetric_loss::AsymmetricLoss;
    /// use ndarray::array;
    ///
    /// let gradient = AsymmetricLoss::default().gradient(&array![1.0, -5.0], &array![1.0, 0.0])?;
    /// assert!(gradient[0] < 0.0 && gradient[1] == 0.0);
    /// # Ok::<(), asymmetric_loss::Error>(())
    /// ```
    pub fn gradient<T, Y, S, V, D>(
        &self,
        logits: &ArrayBase<S, D>,
        targets: &ArrayBase<V, D>,
    ) -> Result<Array<T, D>, Error>
    where
        T: Float,
        Y: Target<T>,
        S: Data<Elem = T>,
        V: Data<Elem = Y>,
        D: Dimension,
    {
        self.scaled_gradient(logits, targets, |scale| scale)
    }

    /// The reduced loss and its gradient, in one pass.
    ///
    /// # Errors
    ///
    /// Those of [`forward`](Self::forward).
    ///
    /// # Examples
    ///
    /// ```
    /// use asymmetric_loss::AsymmetricLoss;
    /// use ndarray::array;
    ///
    /// let (logits, targets) = (array![[1.0, -0.5]], array![[0.0, 1.0]]);
    /// let loss = AsymmetricLoss::default();
    /// let (value, gradient) = loss.value_and_gradient(&logits, &targets)?;
    /// assert_eq!(value, loss.forward(&logits, &targets)?);
    /// assert_eq!(gradient, loss.gradient(&logits, &targets)?);
    /// # Ok::<(), asymmetric_loss::Error>(())
    /// ```
    #[expect(clippy::type_complexity, reason = "a value and an array")]
    pub fn value_and_gradient<T, Y, S, V, D>(
        &self,
        logits: &ArrayBase<S, D>,
        targets: &ArrayBase<V, D>,
    ) -> Result<(R::Output<T, D>, Array<T, D>), Error>
    where
        T: Float,
        Y: Target<T>,
        S: Data<Elem = T>,
        V: Data<Elem = Y>,
        D: Dimension,
    {
        let mut gradient = self.zeros(logits, targets.shape())?;
        let value = self.value_and_gradient_into(logits, targets, &mut gradient)?;
        Ok((value, gradient))
    }

    /// The reduced loss; its gradient overwrites `gradient`. One pass, and for [`Mean`] and
    /// [`Sum`](crate::reduction::Sum) no allocation.
    ///
    /// After an error the content of `gradient` is unspecified.
    ///
    /// # Errors
    ///
    /// Those of [`forward`](Self::forward), and [`Error::ShapeMismatch`] if `gradient` has another shape than the
    /// logits.
    ///
    /// # Examples
    ///
    /// ```
    /// use asymmetric_loss::AsymmetricLoss;
    /// use ndarray::{Array2, array};
    ///
    /// let loss = AsymmetricLoss::default();
    /// let mut logits = array![[1.0, -0.5], [0.5, 3.0]];
    /// let targets = array![[0.0, 1.0], [1.0, 0.0]];
    /// let mut gradient = Array2::zeros(logits.raw_dim());
    /// let before = loss.value_and_gradient_into(&logits, &targets, &mut gradient)?;
    /// logits.scaled_add(-0.1, &gradient); // one step downhill
    /// assert!(loss.forward(&logits, &targets)? < before);
    /// # Ok::<(), asymmetric_loss::Error>(())
    /// ```
    pub fn value_and_gradient_into<T, Y, S, V, G, D>(
        &self,
        logits: &ArrayBase<S, D>,
        targets: &ArrayBase<V, D>,
        gradient: &mut ArrayBase<G, D>,
    ) -> Result<R::Output<T, D>, Error>
    where
        T: Float,
        Y: Target<T>,
        S: Data<Elem = T>,
        V: Data<Elem = Y>,
        G: DataMut<Elem = T>,
        D: Dimension,
    {
        let wanted = Wanted { gradient: Some(gradient.view_mut()), hessian: None };
        self.evaluate(logits.view(), targets.view(), wanted, |scale| scale)
    }

    /// [`value_and_gradient_into`](Self::value_and_gradient_into) on slices, for callers with another version of
    /// ndarray or none. Settings per class repeat along the slice.
    ///
    /// # Errors
    ///
    /// Those of [`value_and_gradient_into`](Self::value_and_gradient_into); [`Error::PartialRow`] if settings are given
    /// per class and the length is not a multiple of the number of classes.
    ///
    /// # Examples
    ///
    /// ```
    /// use asymmetric_loss::AsymmetricLoss;
    ///
    /// let mut gradient = [0.0; 2];
    /// let value = AsymmetricLoss::default().value_and_gradient_into_slice(&[1.0, -0.5], &[0.0, 1.0], &mut gradient)?;
    /// assert!(value > 0.0 && gradient[0] > 0.0 && gradient[1] < 0.0);
    /// # Ok::<(), asymmetric_loss::Error>(())
    /// ```
    pub fn value_and_gradient_into_slice<T: Float, Y: Target<T>>(
        &self,
        logits: &[T],
        targets: &[Y],
        gradient: &mut [T],
    ) -> Result<R::Output<T, Ix1>, Error> {
        let wanted = Wanted { gradient: Some(ArrayViewMut::from(gradient)), hessian: None };
        let rows = Rows::Repeated(logits.len());
        evaluate(
            &self.plans,
            &self.reduction,
            ArrayView::from(logits),
            ArrayView::from(targets),
            wanted,
            |scale| scale,
            rows,
        )
    }

    /// The vector-Jacobian product: the gradient of some quantity in the logits, given its gradient `upstream` in
    /// the output of this loss (a number for [`Mean`] and [`Sum`](crate::reduction::Sum), an array for
    /// [`Unreduced`](crate::reduction::Unreduced)).
    ///
    /// # Errors
    ///
    /// Those of [`forward`](Self::forward), and [`Error::ShapeMismatch`] if `upstream` has another shape than the
    /// logits.
    ///
    /// # Examples
    ///
    /// ```
    /// use asymmetric_loss::{AsymmetricLoss, reduction::Unreduced};
    /// use ndarray::array;
    ///
    /// let loss = AsymmetricLoss::builder().reduction(Unreduced).build()?;
    /// let (logits, targets) = (array![1.0, 1.0], array![0.0, 0.0]);
    /// let weighted = loss.vjp(&logits, &targets, &array![1.0, 3.0])?;
    /// assert_eq!(weighted[1], 3.0 * weighted[0]);
    /// # Ok::<(), asymmetric_loss::Error>(())
    /// ```
    pub fn vjp<T, Y, S, V, D>(
        &self,
        logits: &ArrayBase<S, D>,
        targets: &ArrayBase<V, D>,
        upstream: &R::Output<T, D>,
    ) -> Result<Array<T, D>, Error>
    where
        T: Float,
        Y: Target<T>,
        S: Data<Elem = T>,
        V: Data<Elem = Y>,
        D: Dimension,
    {
        match self.reduction.upstream(upstream) {
            Upstream::Scalar(upstream) => self.scaled_gradient(logits, targets, |scale| scale * upstream),
            Upstream::Array(upstream) => {
                check_shape("upstream", logits.shape(), upstream.shape())?;
                let mut gradient = self.gradient(logits, targets)?;
                gradient.zip_mut_with(&upstream, |gradient, &upstream| *gradient = *gradient * upstream);
                Ok(gradient)
            }
        }
    }

    /// The diagonal of the Hessian of the reduced loss in the logits, which is the whole Hessian, because no loss
    /// depends on two logits. For [`Unreduced`](crate::reduction::Unreduced), that of the sum.
    ///
    /// It is not positive everywhere: unless γ₋ = 0 and m = 0, a negative has negative curvature above some p*; unless
    /// γ₊ = 0, so has a positive that
    /// is badly wrong (for γ₊ = 1 below z ≈ −3.1). A Newton step needs a safeguard there. For 0 < γ₋ < 1 and m > 0
    /// it grows without bound as p falls to the margin.
    ///
    /// # Errors
    ///
    /// Those of [`forward`](Self::forward).
    ///
    /// # Examples
    ///
    /// ```
    /// use asymmetric_loss::AsymmetricLoss;
    /// use ndarray::array;
    ///
    /// let curvature = AsymmetricLoss::default().hessian_diagonal(&array![0.0, -5.0], &array![1.0, 1.0])?;
    /// assert!(curvature[0] > 0.0 && curvature[1] < 0.0);
    /// # Ok::<(), asymmetric_loss::Error>(())
    /// ```
    pub fn hessian_diagonal<T, Y, S, V, D>(
        &self,
        logits: &ArrayBase<S, D>,
        targets: &ArrayBase<V, D>,
    ) -> Result<Array<T, D>, Error>
    where
        T: Float,
        Y: Target<T>,
        S: Data<Elem = T>,
        V: Data<Elem = Y>,
        D: Dimension,
    {
        let mut hessian = self.zeros(logits, targets.shape())?;
        let wanted = Wanted { gradient: None, hessian: Some(hessian.view_mut()) };
        self.evaluate(logits.view(), targets.view(), wanted, |scale| scale)?;
        Ok(hessian)
    }

    /// An array for derivatives, once the shapes are known to be right.
    fn zeros<T: Float, S: Data<Elem = T>, D: Dimension>(
        &self,
        logits: &ArrayBase<S, D>,
        targets: &[usize],
    ) -> Result<Array<T, D>, Error> {
        check_shape("targets", logits.shape(), targets)?;
        self.reduction.scale(logits.shape())?;
        Ok(Array::from_elem(logits.raw_dim(), T::zero()))
    }

    fn scaled_gradient<T, Y, S, V, D>(
        &self,
        logits: &ArrayBase<S, D>,
        targets: &ArrayBase<V, D>,
        rescale: impl Fn(T) -> T,
    ) -> Result<Array<T, D>, Error>
    where
        T: Float,
        Y: Target<T>,
        S: Data<Elem = T>,
        V: Data<Elem = Y>,
        D: Dimension,
    {
        let mut gradient = self.zeros(logits, targets.shape())?;
        let wanted = Wanted { gradient: Some(gradient.view_mut()), hessian: None };
        self.evaluate(logits.view(), targets.view(), wanted, rescale)?;
        Ok(gradient)
    }

    fn evaluate<T: Float, Y: Target<T>, D: Dimension>(
        &self,
        logits: ArrayView<'_, T, D>,
        targets: ArrayView<'_, Y, D>,
        wanted: Wanted<'_, T, D>,
        rescale: impl Fn(T) -> T,
    ) -> Result<R::Output<T, D>, Error> {
        let classes = logits.shape().last().copied().unwrap_or(1);
        evaluate(&self.plans, &self.reduction, logits, targets, wanted, rescale, Rows::Axis(classes))
    }
}
