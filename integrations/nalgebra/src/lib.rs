//! Newton's method on matrices of nalgebra, which lie in memory column by column.

use asymmetric_loss::{AsymmetricLoss, Label, ndarray::ArrayView2, ndarray::ArrayViewMut2, ndarray::ShapeBuilder};
use nalgebra::{DMatrix, Scalar};

pub type Error = Box<dyn std::error::Error + Send + Sync>;

/// The elements where they are.
pub fn view<T: Scalar>(matrix: &DMatrix<T>) -> Result<ArrayView2<'_, T>, Error> {
    Ok(ArrayView2::from_shape(matrix.shape().f(), matrix.as_slice())?)
}

/// The same, to write to.
pub fn view_mut<T: Scalar>(matrix: &mut DMatrix<T>) -> Result<ArrayViewMut2<'_, T>, Error> {
    Ok(ArrayViewMut2::from_shape(matrix.shape().f(), matrix.as_mut_slice())?)
}

/// A linear model with many labels.
#[derive(Clone, Debug)]
pub struct Fit<Y> {
    pub loss: AsymmetricLoss,
    pub x: DMatrix<f64>,
    pub y: DMatrix<Y>,
    pub ridge: f64,
}

impl<Y: Label + Scalar> Fit<Y> {
    /// x·W.
    pub fn logits(&self, w: &DMatrix<f64>) -> Result<DMatrix<f64>, Error> {
        if w.nrows() == self.x.ncols() { Ok(&self.x * w) } else { Err("W needs a row for each column of x".into()) }
    }

    /// The loss of x·W, and ridge/2 times the sum of W².
    pub fn objective(&self, w: &DMatrix<f64>) -> Result<f64, Error> {
        Ok(self.loss.forward(&view(&self.logits(w)?)?, &view(&self.y)?)? + 0.5 * self.ridge * w.norm_squared())
    }

    /// A step of Newton's method from W, halved until it leads down.
    ///
    /// Each label has a Hessian of its own, xᵀ·diag(h)·x + ridge, where h is the curvature in its logits.
    pub fn step(&self, w: &DMatrix<f64>) -> Result<DMatrix<f64>, Error> {
        let logits = self.logits(w)?;
        let (mut g, mut h) = (logits.clone(), logits.clone());
        let outputs = (&mut view_mut(&mut g)?, &mut view_mut(&mut h)?);
        self.loss.derivatives_into(&view(&logits)?, &view(&self.y)?, outputs.0, outputs.1)?;
        let mut step = self.x.tr_mul(&g) + self.ridge * w;
        for (mut step, h) in step.column_iter_mut().zip(h.column_iter()) {
            let weighted = DMatrix::from_fn(h.nrows(), w.nrows(), |row, feature| h[row] * self.x[(row, feature)]);
            let hessian = self.x.tr_mul(&weighted) + DMatrix::from_diagonal_element(w.nrows(), w.nrows(), self.ridge);
            hessian.cholesky().ok_or("a Hessian is not positive definite")?.solve_mut(&mut step);
        }
        while self.objective(&(w - &step))? > self.objective(w)? {
            step /= 2.0;
        }
        Ok(w - step)
    }
}
