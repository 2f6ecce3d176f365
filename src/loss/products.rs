//! Products of the derivatives with vectors.

use crate::arithmetic::element::Element;
use crate::arrays::results::zeros_like;
use crate::error::Error;
use crate::kernel::kind::Kind;
use crate::kernel::outputs::Outputs;
use crate::loss::Loss;
use crate::loss::pass::evaluate;
use crate::loss::targets::IntoTargets;
use crate::settings::list::SettingsList;
use crate::settings::reduction::Reduction;
use crate::targets::checks::check_shape;
use ndarray::{Array, ArrayBase, Data, Dimension};

impl<K: Kind> Loss<K> {
    /// The vector-Jacobian product: the gradient in the logits of Σ upstream·losses, in one pass. The reduction has no part
    /// in it.
    ///
    /// It continues a chain rule: `upstream` is the gradient of some quantity in the [`losses`](Self::losses), in their shape. One that
    /// is infinite where the loss is flat gives NaN; one of 0 leaves its element or row out, like a weight of 0.
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
    /// let (logits, targets) = (array![1.0, 1.0], array![0, 0]);
    /// let gradient = AsymmetricLoss::default().vjp(&logits, &targets, &array![1.0, 3.0])?;
    /// assert_eq!(gradient[1], 3.0 * gradient[0]);
    ///
    /// let (logits, classes) = (array![[1.0, 0.0], [1.0, 0.0]], array![0, 0]);
    /// let gradient = SingleLabelLoss::default().vjp(&logits, &classes, &array![1.0, 4.0])?;
    /// assert_eq!(gradient[[1, 0]], 4.0 * gradient[[0, 0]]);
    /// # Ok::<(), asymmetric_loss::Error>(())
    /// ```
    pub fn vjp<'a, T: Element, S: Data<Elem = T>, U: Data<Elem = T>, D: Dimension>(
        &self,
        logits: &ArrayBase<S, D>,
        targets: impl IntoTargets<'a, T, D, K>,
        upstream: &ArrayBase<U, K::Losses<D>>,
    ) -> Result<Array<T, D>, Error> {
        check_shape("upstream", K::shape(&logits.view())?.slice(), upstream.shape())?;
        let mut gradient = zeros_like(logits)?;
        let outputs = Outputs::of([Some(gradient.view_mut()), None, None]);
        let upstream = Some(upstream.view());
        evaluate(&self.plans, Reduction::Sum, logits.view(), targets.into_targets(), upstream, outputs)?;
        Ok(gradient)
    }

    /// The Hessian of the reduced loss in the logits, multiplied with a vector in their shape. No matrix is built.
    ///
    /// Of an [`AsymmetricLoss`](crate::AsymmetricLoss) it is the [diagonal](Self::hessian_diagonal) times the vector, element by
    /// element; a 0 in the vector leaves its element out, like a weight of 0. Of a [`SingleLabelLoss`](crate::SingleLabelLoss), with g_c and
    /// h_c as for the diagonal and v̄ = Σ p_c·v_c, row by row, it is (h_j − p_j·Σ g_c)·(v_j − v̄) − p_j·Σ h_c·(v_c − v̄). No row
    /// depends on another one.
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
    /// let (loss, logits, labels) = (AsymmetricLoss::default(), array![0.0, -5.0], array![1, 1]);
    /// let (diagonal, vector) = (loss.hessian_diagonal(&logits, &labels)?, array![2.0, 0.5]);
    /// assert_eq!(loss.hessian_vector_product(&logits, &labels, &vector)?, diagonal * vector);
    ///
    /// let cross_entropy = SingleLabelLoss::builder().label_smoothing(0.0).build()?;
    /// let product = cross_entropy.hessian_vector_product(&array![[1.0, 1.0]], &array![0], &array![[1.0, 0.0]])?;
    /// assert_eq!(product, array![[0.25, -0.25]]); // the first column of diag(p) − p·pᵀ
    /// # Ok::<(), asymmetric_loss::Error>(())
    /// ```
    pub fn hessian_vector_product<'a, T: Element, S: Data<Elem = T>, U: Data<Elem = T>, D: Dimension>(
        &self,
        logits: &ArrayBase<S, D>,
        targets: impl IntoTargets<'a, T, D, K>,
        vector: &ArrayBase<U, D>,
    ) -> Result<Array<T, D>, Error> {
        check_shape("vector", logits.shape(), vector.shape())?;
        let mut product = zeros_like(logits)?;
        let (upstream, outputs) = K::product(vector.view(), product.view_mut());
        let reduction = self.settings().reduction();
        evaluate(&self.plans, reduction, logits.view(), targets.into_targets(), upstream, outputs)?;
        Ok(product)
    }
}
