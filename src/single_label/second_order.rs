//! The single-label loss to second order.

use super::arrays::Outputs;
use super::loss::SingleLabelLoss;
use super::targets::IntoTargets;
use crate::checks::check_shape;
use crate::curvature::Derivatives;
use crate::element::Element;
use crate::error::Error;
use crate::results::zeros_like;
use ndarray::{Array, ArrayBase, Data, DataMut, RemoveAxis};

impl SingleLabelLoss {
    /// The reduced loss, its gradient and the diagonal of its Hessian, in one call.
    ///
    /// The Hessian of a row is not diagonal; see [`hessian_vector_product`](Self::hessian_vector_product).
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
    /// let (logits, classes) = (array![[0.0, -1.0, 0.5]], array![0]);
    /// let d = SingleLabelLoss::default().derivatives(&logits, &classes)?;
    /// let step = -&d.gradient / d.hessian_diagonal.mapv(|h: f64| h.max(0.1)); // curvature may be negative
    /// assert!(SingleLabelLoss::default().forward(&(logits + step), &classes)? < d.value);
    /// # Ok::<(), asymmetric_loss::Error>(())
    /// ```
    pub fn derivatives<'a, T, S, D>(
        &self,
        logits: &ArrayBase<S, D>,
        targets: impl IntoTargets<'a, T, D>,
    ) -> Result<Derivatives<T, D>, Error>
    where
        T: Element,
        S: Data<Elem = T>,
        D: RemoveAxis,
    {
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
    /// use asymmetric_loss::single_label::SingleLabelLoss;
    /// use ndarray::{Array2, array};
    ///
    /// let (logits, classes) = (array![[0.5, -1.0]], array![1]);
    /// let (mut gradient, mut hessian) = (Array2::zeros((1, 2)), Array2::zeros((1, 2)));
    /// let value = SingleLabelLoss::default().derivatives_into(&logits, &classes, &mut gradient, &mut hessian)?;
    /// let d = SingleLabelLoss::default().derivatives(&logits, &classes)?;
    /// assert_eq!((value, gradient, hessian), (d.value, d.gradient, d.hessian_diagonal));
    /// # Ok::<(), asymmetric_loss::Error>(())
    /// ```
    pub fn derivatives_into<'a, T, S, G, H, D>(
        &self,
        logits: &ArrayBase<S, D>,
        targets: impl IntoTargets<'a, T, D>,
        gradient: &mut ArrayBase<G, D>,
        hessian_diagonal: &mut ArrayBase<H, D>,
    ) -> Result<T::Float, Error>
    where
        T: Element,
        S: Data<Elem = T>,
        G: DataMut<Elem = T>,
        H: DataMut<Elem = T>,
        D: RemoveAxis,
    {
        check_shape("gradient", logits.shape(), gradient.shape())?;
        check_shape("hessian_diagonal", logits.shape(), hessian_diagonal.shape())?;
        let (gradient, hessian) = (Some(gradient.view_mut()), Some(hessian_diagonal.view_mut()));
        self.reduced(logits, targets, Outputs { gradient, hessian, ..Outputs::default() })
    }

    /// The diagonal of the Hessian of the reduced loss in the logits.
    ///
    /// With g_c and h_c the first and second derivative of what class c contributes, in ln p_c, it is
    /// h_j·(1 − 2p_j) − p_j·(1 − p_j)·Σ g_c + p_j²·Σ h_c. It need not be positive.
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
    /// let curvature = cross_entropy.hessian_diagonal(&array![[1.0, 1.0]], &array![0])?;
    /// assert_eq!(curvature, array![[0.25, 0.25]]); // p(1 − p)
    /// # Ok::<(), asymmetric_loss::Error>(())
    /// ```
    pub fn hessian_diagonal<'a, T, S, D>(
        &self,
        logits: &ArrayBase<S, D>,
        targets: impl IntoTargets<'a, T, D>,
    ) -> Result<Array<T, D>, Error>
    where
        T: Element,
        S: Data<Elem = T>,
        D: RemoveAxis,
    {
        let mut hessian = zeros_like(logits)?;
        self.reduced(logits, targets, Outputs { hessian: Some(hessian.view_mut()), ..Outputs::default() })?;
        Ok(hessian)
    }

    /// The Hessian of the reduced loss in the logits, multiplied with a vector in their shape. No matrix is built.
    ///
    /// With g_c and h_c as for the [diagonal](Self::hessian_diagonal) and v̄ = Σ p_c·v_c, row by row, it is
    /// (h_j − p_j·Σ g_c)·(v_j − v̄) − p_j·Σ h_c·(v_c − v̄). No row depends on another one.
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
    /// let product = cross_entropy.hessian_vector_product(&array![[1.0, 1.0]], &array![0], &array![[1.0, 0.0]])?;
    /// assert_eq!(product, array![[0.25, -0.25]]); // the first column of diag(p) − p·pᵀ
    /// # Ok::<(), asymmetric_loss::Error>(())
    /// ```
    pub fn hessian_vector_product<'a, T, S, U, D>(
        &self,
        logits: &ArrayBase<S, D>,
        targets: impl IntoTargets<'a, T, D>,
        vector: &ArrayBase<U, D>,
    ) -> Result<Array<T, D>, Error>
    where
        T: Element,
        S: Data<Elem = T>,
        U: Data<Elem = T>,
        D: RemoveAxis,
    {
        check_shape("vector", logits.shape(), vector.shape())?;
        let mut product = zeros_like(logits)?;
        let outputs = Outputs { product: Some((vector.view(), product.view_mut())), ..Outputs::default() };
        self.reduced(logits, targets, outputs)?;
        Ok(product)
    }
}
