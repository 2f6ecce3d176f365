//! The loss with the default settings in burn's own operations, differentiated by burn: what the fused one is compared with.

use burn::tensor::{Bool, Tensor, activation::sigmoid};

/// The mean loss, term by term as the formula has it.
pub fn asymmetric_loss<const D: usize>(logits: Tensor<D>, labels: Tensor<D>) -> Tensor<1> {
    let p = sigmoid(logits);
    let u = (p.clone() - 0.05).clamp_min(0.0);
    let positive = complement(p.clone()) * p.log();
    let negative = u.clone().square().square() * complement(u).log();
    (labels.clone() * positive + complement(labels) * negative).mean().neg()
}

/// The same for hard labels, which choose a term: one logarithm instead of two.
pub fn of_hard_labels<const D: usize>(logits: Tensor<D>, labels: Tensor<D, Bool>) -> Tensor<1> {
    let p = sigmoid(logits);
    let u = (p.clone() - 0.05).clamp_min(0.0);
    let probability = complement(u.clone()).mask_where(labels.clone(), p.clone());
    let weight = u.square().square().mask_where(labels, complement(p));
    (weight * probability.log()).mean().neg()
}

fn complement<const D: usize>(x: Tensor<D>) -> Tensor<D> {
    1.0 - x
}
