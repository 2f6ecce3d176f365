//! A strategy for property tests of code that calls a [`SingleLabelLoss`](super::SingleLabelLoss); with the feature `proptest`.
//!
//! Logits, weights and batches come from [`strategies`](crate::strategies).

use super::{Builder, Settings};
use crate::loss::strategies::{exponents, reductions, uniform_or_per_class, weights};
use proptest::prelude::*;
use proptest::sample::select;

/// Settings with one value for all classes or one for each. The loss is differentiable everywhere, twice and more, with all of them.
///
/// # Examples
///
/// ```
/// use asymmetric_loss::{SingleLabelLoss, single_label, strategies};
/// use ndarray::Array;
/// use proptest::{collection::vec, prelude::*};
///
/// // Five rows of three classes.
/// proptest!(|(
///     settings in single_label::strategies::settings(3),
///     z in vec(strategies::logits(), 15),
///     classes in vec(0..3_usize, 5),
/// )| {
///     let (z, classes) = (Array::from_shape_vec((5, 3), z)?, Array::from(classes));
///     let value = SingleLabelLoss::from(settings).forward(&z, &classes)?;
///     prop_assert!(value >= 0.0);
/// });
/// ```
pub fn settings(classes: usize) -> impl Strategy<Value = Settings> {
    let exponents = |default| uniform_or_per_class(classes, exponents(default));
    let weights = uniform_or_per_class(classes, weights().boxed());
    let smoothings = select(vec![0.1, 0.0, 0.5]);
    (exponents(4.0), exponents(0.0), weights, smoothings, reductions()).prop_map(
        |(gamma_neg, gamma_pos, class_weight, smoothing, reduction)| {
            let builder = Builder::default().gamma_neg(gamma_neg).gamma_pos(gamma_pos);
            builder.class_weight(class_weight).label_smoothing(smoothing).reduction(reduction).settings
        },
    )
}
