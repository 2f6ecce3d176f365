//! What counts and how much, sparse labels, derivatives in the parameters, and what follows from settings alone.

use crate::data::{Element, LAYOUTS, Layout, Record, labels, logits, soft_labels};
use asymmetric_loss::{AdaptiveAsymmetry, AsymmetricLoss, Builder, Curvature, Error, IntoTargets, Reduction, Targets};
use ndarray::{Array2, Axis, Ix2};

/// Settings that weigh, smooth and safeguard, for so many classes.
fn settings(classes: usize) -> Vec<Builder> {
    let per_class = (0..classes).map(|class| 0.5 + (class % 3) as f64).collect::<Vec<_>>();
    let builder = AsymmetricLoss::builder;
    vec![
        builder().reduction(Reduction::WeightedMean),
        builder().reduction(Reduction::PositiveMean).label_smoothing(0.1).curvature(Curvature::AtLeast(0.25)),
        builder().reduction(Reduction::BatchMean).class_weight(per_class.clone()).pos_weight(per_class.clone()),
        builder().gamma_neg(per_class.clone()).gamma_pos(per_class).curvature(Curvature::Magnitude(0.0)),
    ]
}

/// All methods of a loss that take targets, and the derivatives in the parameters.
fn methods<'a, T: Element>(
    loss: &AsymmetricLoss,
    logits: &Array2<T>,
    targets: impl IntoTargets<'a, T, Ix2> + Clone,
    record: &mut Record,
) -> Result<(), Error> {
    loss.forward(logits, targets.clone())?.record(record);
    let losses = loss.losses(logits, targets.clone())?;
    record.elements(&losses);
    let (value, mut gradient) = loss.value_and_gradient(logits, targets.clone())?;
    value.record(record);
    record.elements(&gradient);
    record.elements(&loss.vjp(logits, targets.clone(), &losses)?);
    let mut hessian = losses;
    loss.derivatives_into(logits, targets.clone(), &mut gradient, &mut hessian)?.record(record);
    record.elements(&hessian);
    record.elements(&loss.hessian_diagonal(logits, targets.clone())?);
    let slopes = loss.parameter_gradients(logits, targets)?;
    record.elements(&slopes.gamma_neg);
    record.elements(&slopes.gamma_pos);
    record.elements(&slopes.prob_margin);
    Ok(())
}

/// The classes that are present, as lists.
fn lists(labels: &Array2<bool>) -> (Vec<usize>, Vec<usize>) {
    let (mut offsets, mut indices) = (vec![0], Vec::new());
    for row in labels.rows() {
        indices.extend(row.iter().enumerate().filter(|(_, is_present)| **is_present).map(|(class, _)| class));
        offsets.push(indices.len());
    }
    (offsets, indices)
}

/// Every kind of targets, in every layout.
pub(crate) fn targets<T: Element>(shape: [usize; 2]) -> Record {
    in_layouts::<T>(shape, &LAYOUTS).expect("valid input")
}

/// Every kind of targets, strided only: for large arrays.
pub(crate) fn strided_targets<T: Element>(shape: [usize; 2]) -> Record {
    in_layouts::<T>(shape, &[Layout::Strided]).expect("valid input")
}

fn in_layouts<T: Element>(shape: [usize; 2], layouts: &[Layout]) -> Result<Record, Error> {
    let mut record = Record::new();
    let (hard, soft) = (labels(shape), soft_labels::<T>(shape));
    let (offsets, indices) = lists(&hard);
    let mut unknown = hard.mapv(i8::from);
    unknown.iter_mut().step_by(5).for_each(|y| *y = -1);
    let weights = Array2::from_shape_fn(shape, |(row, class)| T::from_f64(0.5 * ((row + class) % 4) as f64));
    let per_row = weights.index_axis(Axis(1), 0).insert_axis(Axis(1));
    for &layout in layouts {
        let (z, unknown, soft) = (layout.of(&logits::<T>(shape)), layout.of(&unknown), layout.of(&soft));
        for builder in settings(shape[1]) {
            let loss = builder.build()?;
            methods(&loss, &z, Targets::new(&unknown).ignore(-1), &mut record)?;
            methods(&loss, &z, Targets::new(&unknown).ignore(-1).weights(&weights), &mut record)?;
            methods(&loss, &z, Targets::new(&soft).weights(&per_row), &mut record)?;
            methods(&loss, &z, Targets::sparse(&offsets, &indices), &mut record)?;
            methods(&loss, &z, Targets::sparse(&offsets, &indices).weights(&weights), &mut record)?;
        }
        let mut adaptive = AdaptiveAsymmetry::default();
        let gap = adaptive.update(&z, Targets::new(&unknown).ignore(-1))?;
        record.number(gap.expect("positives and negatives"));
        record.number(adaptive.gamma_neg());
    }
    assert!(record.all_finite());
    Ok(record)
}

/// What follows from settings alone.
pub(crate) fn from_settings() -> Record {
    let mut record = Record::new();
    for builder in crate::calls::settings(5).into_iter().chain(settings(5)) {
        let loss = builder.build().expect("valid settings");
        if let Ok(logits) = loss.initial_logit(0.02) {
            record.elements(&logits);
        }
        if let Ok(peaks) = loss.negative_gradient_peak() {
            record.elements(&peaks);
        }
    }
    record
}
