//! LightGBM with the asymmetric loss as its objective: one model for all labels.

use std::error::Error;

use asymmetric_loss::{AsymmetricLoss, Error as LossError, Reduction};
use lightgbm3::{Booster, Dataset};
use ndarray::{Array1, Array2, ArrayView2, ArrayViewMut2, Axis, ShapeBuilder};
use serde_json::Value;

pub mod data;

/// Trees, and the score of each label that they start from.
pub struct Model {
    booster: Booster,
    base: Array1<f64>,
}

impl Model {
    /// Grows a tree for each label in each iteration. The loss needs a `Curvature`, because LightGBM divides by the Hessian.
    pub fn fit(
        loss: &AsymmetricLoss,
        (x, y): (&Array2<f32>, &Array2<f32>),
        mut parameters: Value,
    ) -> Result<Model, Box<dyn Error>> {
        let (rows, labels) = (x.nrows(), y.ncols());
        let loss = loss.with_reduction(Reduction::Sum)?;
        // A label that all rows have, or none, has no best constant.
        let least = 0.5 / rows as f64;
        let rates = y.mapv(f64::from).mean_axis(Axis(0)).ok_or(LossError::EmptyMean { shape: vec![0, labels] })?;
        loss.derivatives(&Array2::<f64>::zeros((rows, labels)), y)?; // what is wrong with the labels is said here
        let base = loss.initial_logit(rates.mapv(|rate| rate.clamp(least, 1.0 - least)))?;

        let named = parameters.as_object_mut().ok_or("the parameters must be a JSON object")?;
        named.insert("num_class".into(), labels.into());
        let evaluate = |scores: &[f64], gradient: &mut [f32], hessian: &mut [f32]| {
            let shape = (rows, labels).f(); // a column after the other
            let scores = &ArrayView2::from_shape(shape, scores)? + &base;
            let derivatives = loss.derivatives(&scores, y)?;
            let narrowed = |array: Array2<f64>| array.mapv(|number| number as f32);
            ArrayViewMut2::from_shape(shape, gradient)?.assign(&narrowed(derivatives.gradient));
            ArrayViewMut2::from_shape(shape, hessian)?.assign(&narrowed(derivatives.hessian_diagonal));
            Ok::<_, Box<dyn Error>>(())
        };
        let mut result = Ok(());
        // LightGBM asks for labels of its own; those of the objective are `y`.
        let features = x.as_standard_layout();
        let dataset =
            Dataset::from_slice(features.as_slice().unwrap_or(&[]), &vec![0.0; rows], x.ncols() as i32, true)?;
        let booster = Booster::train_with_custom_objective(dataset, &parameters, |scores, _, gradient, hessian| {
            result = std::mem::replace(&mut result, Ok(())).and_then(|()| evaluate(scores, gradient, hessian));
        })?;
        result.map(|()| Model { booster, base })
    }

    /// The logits of rows.
    pub fn scores(&self, x: &Array2<f32>) -> Result<Array2<f64>, Box<dyn Error>> {
        let features = x.as_standard_layout();
        let scores = self.booster.raw_scores(features.as_slice().unwrap_or(&[]), x.ncols() as i32, true)?;
        Ok(Array2::from_shape_vec((x.nrows(), self.base.len()), scores)? + &self.base)
    }

    /// Takes the trees of the first iterations only, or all if there are fewer.
    pub fn limit(&mut self, iterations: i32) -> Result<(), Box<dyn Error>> {
        Ok(self.booster.set_max_iterations(iterations.min(self.booster.num_iterations()))?)
    }
}

/// The mean over labels of the average precision, in per cent. Equal scores are one threshold; a label without positives does not count.
pub fn mean_average_precision(scores: &Array2<f64>, y: &Array2<f32>) -> f64 {
    let of_label = |(scores, labels): (ndarray::ArrayView1<f64>, ndarray::ArrayView1<f32>)| {
        let mut ranking: Vec<_> = scores.into_iter().zip(labels).collect();
        ranking.sort_by(|(a, _), (b, _)| b.total_cmp(a));
        let (mut retrieved, mut found, mut sum) = (0, 0, 0.0);
        for ties in ranking.chunk_by(|(a, _), (b, _)| a == b) {
            let positives = ties.iter().filter(|&&(_, &label)| label == 1.0).count();
            retrieved += ties.len();
            found += positives;
            sum += positives as f64 * found as f64 / retrieved as f64;
        }
        (found > 0).then(|| sum / found as f64)
    };
    let precisions: Vec<f64> = scores.axis_iter(Axis(1)).zip(y.axis_iter(Axis(1))).filter_map(of_label).collect();
    100.0 * precisions.iter().sum::<f64>() / precisions.len() as f64
}
