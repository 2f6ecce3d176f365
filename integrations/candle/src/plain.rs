//! The loss with the default settings in candle's own operations, differentiated by candle: what the fused one is compared with.

use candle_core::{Result, Tensor};

/// The mean loss, term by term as the formula has it.
pub fn asymmetric_loss(logits: &Tensor, labels: &Tensor) -> Result<Tensor> {
    let p = (logits.neg()?.exp()? + 1.0)?.recip()?;
    let u = (&p - 0.05)?.relu()?;
    let positive = (p.affine(-1.0, 1.0)? * p.log()?)?;
    let negative = (u.sqr()?.sqr()? * u.affine(-1.0, 1.0)?.log()?)?;
    let losses = ((labels * positive)? + (labels.affine(-1.0, 1.0)? * negative)?)?;
    losses.mean_all()?.neg()
}

/// The same for hard labels in `u8`, which choose a term: one logarithm instead of two. It was the fastest of four ways to write it.
pub fn of_hard_labels(logits: &Tensor, labels: &Tensor) -> Result<Tensor> {
    let p = (logits.neg()?.exp()? + 1.0)?.recip()?;
    let u = (&p - 0.05)?.relu()?;
    let weight = labels.where_cond(&p.affine(-1.0, 1.0)?, &u.sqr()?.sqr()?)?;
    let probability = labels.where_cond(&p, &u.affine(-1.0, 1.0)?)?;
    (weight * probability.log()?)?.mean_all()?.neg()
}
