//! LightGBM with the asymmetric loss as its objective: one model for all labels.

use asymmetric_loss::{AsymmetricLoss, Reduction};
use lightgbm3::{Booster, Dataset};
use ndarray::{Array1, Array2, ArrayView2, ArrayViewMut2, Axis, ShapeBuilder};
use serde_json::Value;

pub mod data;
pub mod metric;

/// What a call gives: an error of LightGBM, of the loss or of this model.
pub type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

/// Trees, and the score of each label that they start from.
pub struct Model {
    pub booster: Booster,
    pub base: Array1<f64>,
}

impl Model {
    /// Grows a tree for each label in each iteration. The loss needs a `Curvature`, because LightGBM divides by the Hessian.
    pub fn fit(loss: &AsymmetricLoss, (x, y): (&Array2<f32>, &Array2<f32>), mut parameters: Value) -> Result<Model> {
        let (rows, labels) = (x.nrows(), y.ncols());
        parameters.as_object_mut().ok_or("parameters must be an object")?.insert("num_class".into(), labels.into());
        // What is wrong with the labels is said here; that there are none, too.
        loss.with_reduction(Reduction::Mean)?.forward(&Array2::<f64>::zeros((rows, labels)), y)?;
        // A label that all rows have, or none, has no best constant.
        let counts = y.mapv(f64::from).sum_axis(Axis(0)).mapv(|count| count.clamp(0.5, rows as f64 - 0.5));
        let base = loss.initial_logit(counts / rows as f64)?;
        let loss = loss.with_reduction(Reduction::Sum)?;
        let evaluate = |scores: &[f64], gradient: &mut [f32], hessian: &mut [f32]| {
            let shape = (rows, labels).f(); // a column after the other
            let of = loss.derivatives(&(&ArrayView2::from_shape(shape, scores)? + &base), y)?;
            ArrayViewMut2::from_shape(shape, gradient)?.assign(&of.gradient.mapv(|number| number as f32));
            ArrayViewMut2::from_shape(shape, hessian)?.assign(&of.hessian_diagonal.mapv(|number| number as f32));
            Result::Ok(())
        };
        let flat = x.as_standard_layout();
        // LightGBM asks for labels of its own; those of the objective are `y`.
        let dataset = Dataset::from_slice(flat.as_slice().unwrap_or(&[]), &vec![0.0; rows], x.ncols() as i32, true)?;
        let mut error = None;
        let booster = Booster::train_with_custom_objective(dataset, &parameters, |scores, _, gradient, hessian| {
            error = error.take().or_else(|| evaluate(scores, gradient, hessian).err());
        })?;
        error.map_or(Ok(Model { booster, base }), Err)
    }

    /// The logits of rows.
    pub fn scores(&self, x: &Array2<f32>) -> Result<Array2<f64>> {
        let flat = x.as_standard_layout();
        let scores = self.booster.raw_scores(flat.as_slice().unwrap_or(&[]), x.ncols() as i32, true)?;
        Ok(Array2::from_shape_vec((x.nrows(), self.base.len()), scores)? + &self.base)
    }
}
