//! The value of the loss and its gradient over rows that do not fit into memory.

use std::error::Error;

use asymmetric_loss::{AsymmetricLoss, Error as LossError, Reduction};
use ndarray::{Array2, ArrayView2, Axis, aview0};

pub mod generated;

/// Rows of a batch.
pub const BATCH: usize = 4096;

/// The value and the gradient in the weights of a linear model, as if all rows were one batch.
pub fn value_and_gradient(
    loss: &AsymmetricLoss,
    (x, y): (ArrayView2<f32>, ArrayView2<i8>),
    weights: &Array2<f32>,
) -> Result<(f64, Array2<f32>), Box<dyn Error>> {
    if x.ncols() != weights.nrows() {
        let expected = vec![x.nrows(), weights.nrows()];
        return Err(LossError::ShapeMismatch { array: "features", expected, actual: x.shape().to_vec() }.into());
    }
    // Of the logits, a divisor needs only the shape.
    let no_logits = aview0(&0_f32);
    let shape = no_logits.broadcast((x.nrows(), weights.ncols())).ok_or("too many elements")?;
    let of_all = loss.with_reduction(Reduction::Divisor(loss.divisor(&shape, &y)?))?;
    let (mut value, mut gradient) = (0.0, Array2::zeros(weights.dim()));
    for (x, y) in x.axis_chunks_iter(Axis(0), BATCH).zip(y.axis_chunks_iter(Axis(0), BATCH)) {
        let (of_batch, in_logits) = of_all.value_and_gradient(&x.dot(weights), &y)?;
        value += f64::from(of_batch);
        gradient += &x.t().dot(&in_logits);
    }
    value.is_finite().then_some((value, gradient)).ok_or_else(|| format!("the value is {value}").into())
}
