//! The loss to second order.

use crate::arithmetic::element::Element;
use crate::arrays::results::zeros_like;
use crate::error::Error;
use crate::kernel::kind::Kind;
use crate::kernel::outputs::Outputs;
use crate::loss::Loss;
use crate::loss::targets::IntoTargets;
use crate::targets::checks::check_shape;
use ndarray::{Array, ArrayBase, Data, DataMut, Dimension};

/// Value, gradient and curvature of a loss.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Derivatives<T: Element, D: Dimension> {
    /// The reduced loss.
    pub value: T::Float,
    /// Its gradient in the logits.
    pub gradient: Array<T, D>,
    /// The diagonal of its Hessian in the logits: for [`AsymmetricLoss`](crate::AsymmetricLoss), the whole Hessian.
    pub hessian_diagonal: Array<T, D>,
}

impl<K: Kind> Loss<K> {
    /// The reduced loss, its gradient and the diagonal of its Hessian, in one pass: a step of Newton's method or of
    /// gradient boosting.
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
    /// let (logits, targets) = (array![0.0, -1.0], array![1, 0]);
    /// let d = AsymmetricLoss::default().derivatives(&logits, &targets)?;
    /// let step = -&d.gradient / d.hessian_diagonal.mapv(|h: f64| h.max(0.01)); // curvature may be negative
    /// assert!(AsymmetricLoss::default().forward(&(logits + step), &targets)? < d.value);
    /// # Ok::<(), asymmetric_loss::Error>(())
    /// ```
    pub fn derivatives<'a, T: Element, S: Data<Elem = T>, D: Dimension>(
        &self,
        logits: &ArrayBase<S, D>,
        targets: impl IntoTargets<'a, T, D, K>,
    ) -> Result<Derivatives<T, D>, Error> {
        let (mut gradient, mut hessian_diagonal) = (zeros_like(logits)?, zeros_like(logits)?);
        let value = self.derivatives_into(logits, targets, &mut gradient, &mut hessian_diagonal)?;
        Ok(Derivatives { value, gradient, hessian_diagonal })
    }

    /// The reduced loss; its gradient and the diagonal of its Hessian overwrite the arrays. It allocates what
    /// [`value_and_gradient_into`](Self::value_and_gradient_into) does.
    ///
    /// After an error the content of the arrays is unspecified.
    ///
    /// # Errors
    ///
    /// [Those of every call](Self#errors).
    ///
    /// # Examples
    ///
    /// ```
    /// use asymmetric_loss::AsymmetricLoss;
    /// use ndarray::{Array1, array};
    ///
    /// let (logits, targets) = (array![0.5, -1.0], array![1, 0]);
    /// let (mut gradient, mut hessian) = (Array1::zeros(2), Array1::zeros(2));
    /// let value = AsymmetricLoss::default().derivatives_into(&logits, &targets, &mut gradient, &mut hessian)?;
    /// let d = AsymmetricLoss::default().derivatives(&logits, &targets)?;
    /// assert_eq!((value, gradient, hessian), (d.value, d.gradient, d.hessian_diagonal));
    /// # Ok::<(), asymmetric_loss::Error>(())
    /// ```
    pub fn derivatives_into<
        'a,
        T: Element,
        S: Data<Elem = T>,
        G: DataMut<Elem = T>,
        H: DataMut<Elem = T>,
        D: Dimension,
    >(
        &self,
        logits: &ArrayBase<S, D>,
        targets: impl IntoTargets<'a, T, D, K>,
        gradient: &mut ArrayBase<G, D>,
        hessian_diagonal: &mut ArrayBase<H, D>,
    ) -> Result<T::Float, Error> {
        check_shape("gradient", logits.shape(), gradient.shape())?;
        check_shape("hessian_diagonal", logits.shape(), hessian_diagonal.shape())?;
        let outputs = Outputs::of([Some(gradient.view_mut()), Some(hessian_diagonal.view_mut()), None]);
        self.reduced(logits, targets, outputs)
    }

    /// The diagonal of the Hessian of the reduced loss in the logits.
    ///
    /// Of an [`AsymmetricLoss`](crate::AsymmetricLoss) it is the whole Hessian, because no loss depends on two logits. It is not
    /// positive everywhere: unless γ₋ = 0 and m = 0, a negative has negative curvature above some p*; unless γ₊ = 0, so has a
    /// positive that is badly wrong (for γ₊ = 1 below z ≈ −3.1). A Newton step needs a safeguard there; see
    /// [`Curvature`](crate::Curvature). For 0 < γ₋ < 1 and m > 0 it grows without bound as p falls to the margin.
    ///
    /// Of a [`SingleLabelLoss`](crate::SingleLabelLoss), with g_c and h_c as the first and second derivative of what class c
    /// contributes, in ln p_c, it is h_j·(1 − 2p_j) − p_j·(1 − p_j)·Σ g_c + p_j²·Σ h_c. It need not be positive, either.
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
    /// let curvature = AsymmetricLoss::default().hessian_diagonal(&array![0.0, -5.0], &array![1, 1])?;
    /// assert!(curvature[0] > 0.0 && curvature[1] < 0.0);
    ///
    /// let cross_entropy = SingleLabelLoss::builder().label_smoothing(0.0).build()?;
    /// let curvature = cross_entropy.hessian_diagonal(&array![[1.0, 1.0]], &array![0])?;
    /// assert_eq!(curvature, array![[0.25, 0.25]]); // p(1 − p)
    /// # Ok::<(), asymmetric_loss::Error>(())
    /// ```
    pub fn hessian_diagonal<'a, T: Element, S: Data<Elem = T>, D: Dimension>(
        &self,
        logits: &ArrayBase<S, D>,
        targets: impl IntoTargets<'a, T, D, K>,
    ) -> Result<Array<T, D>, Error> {
        let mut hessian = zeros_like(logits)?;
        self.reduced(logits, targets, Outputs::of([None, Some(hessian.view_mut()), None]))?;
        Ok(hessian)
    }
}
