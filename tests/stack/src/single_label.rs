//! Every method of the single-label loss, on arrays of any kind.

use crate::data::{Element, LAYOUTS, Layout, Record, labels, logits, saturated, soft_labels};
use asymmetric_loss::{Error, IntoTargets, Reduction, SingleLabel, SingleLabelLoss, Targets};
use ndarray::{Array1, Array2, Axis, Ix2};

/// Settings that take every way through the formula.
fn settings(classes: usize) -> Vec<SingleLabelLoss> {
    let per_class = (0..classes).map(|class| 0.5 * (class % 5) as f64).collect::<Vec<_>>();
    let builder = SingleLabelLoss::builder;
    [
        builder(),
        builder().label_smoothing(0.0).reduction(Reduction::Sum),
        builder().gamma_neg(2.5).gamma_pos(1.5).reduction(Reduction::BatchMean),
        builder().gamma_neg(per_class.clone()).gamma_pos(per_class.clone()).class_weight(per_class),
    ]
    .map(|builder| builder.build().expect("valid settings"))
    .into()
}

/// All methods of a loss.
fn methods<'a, T: Element>(
    loss: &SingleLabelLoss,
    logits: &Array2<T>,
    targets: impl IntoTargets<'a, T, Ix2, SingleLabel> + Clone,
    record: &mut Record,
) -> Result<(), Error> {
    loss.forward(logits, targets.clone())?.record(record);
    record.elements(&loss.losses(logits, targets.clone())?);
    record.elements(&loss.gradient(logits, targets.clone())?);
    let (value, mut gradient) = loss.value_and_gradient(logits, targets.clone())?;
    value.record(record);
    record.elements(&gradient);
    loss.value_and_gradient_into(logits, targets.clone(), &mut gradient)?.record(record);
    record.elements(&gradient);
    let d = loss.derivatives(logits, targets.clone())?;
    d.value.record(record);
    record.elements(&d.gradient);
    record.elements(&d.hessian_diagonal);
    let mut hessian = d.hessian_diagonal;
    loss.derivatives_into(logits, targets.clone(), &mut gradient, &mut hessian)?.record(record);
    record.elements(&hessian);
    record.elements(&loss.hessian_diagonal(logits, targets.clone())?);
    record.elements(&loss.hessian_vector_product(logits, targets, &gradient)?);
    Ok(())
}

/// All kinds of targets, in every layout.
pub(crate) fn calls<T: Element>(shape: [usize; 2]) -> Record {
    let all = settings(shape[1]);
    let [moderate, saturated] = [logits::<T>(shape), saturated::<T>(shape)].map(|logits| with(&all, &logits, &LAYOUTS));
    Record::all([moderate.expect("valid input"), saturated.expect("valid input")])
}

/// All kinds of targets of a large array that is no slice.
pub(crate) fn parallel<T: Element>(shape: [usize; 2]) -> Record {
    with(&settings(shape[1])[..1], &saturated::<T>(shape), &[Layout::Strided]).expect("valid input")
}

fn with<T: Element>(settings: &[SingleLabelLoss], logits: &Array2<T>, layouts: &[Layout]) -> Result<Record, Error> {
    let [rows, classes]: [usize; 2] = logits.dim().into();
    let known = Array1::from_shape_fn(rows, |row| row * 7 % classes);
    let unknown = Array1::from_shape_fn(rows, |row| if row % 3 == 1 { -1 } else { (row % classes) as i64 });
    let weights = Array1::from_shape_fn(rows, |row| T::from_f64(0.5 * (row % 4 + 1) as f64));
    let mut shares = soft_labels::<T>([rows, classes]);
    for mut row in shares.rows_mut() {
        let sum = row.iter().map(|y| y.to_f64()).sum::<f64>();
        row.mapv_inplace(|y| T::from_f64(y.to_f64() / sum));
    }
    let mut one_hot = labels([rows, classes]);
    for (mut row, &class) in one_hot.axis_iter_mut(Axis(0)).zip(&known) {
        row.fill(false);
        row[class] = true;
    }
    let mut record = Record::new();
    for &layout in layouts {
        let (logits, shares) = (layout.of(logits), layout.of(&shares));
        for loss in settings {
            methods(loss, &logits, Targets::classes(&known), &mut record)?;
            methods(loss, &logits, Targets::classes(&unknown).ignore(-1).weights(&weights), &mut record)?;
            methods(loss, &logits, Targets::dense(&shares), &mut record)?;
            methods(loss, &logits, Targets::dense(&one_hot).weights(&weights), &mut record)?;
        }
    }
    Ok(record)
}

/// Targets that are none must be refused.
pub(crate) fn refuse<T: Element>(shape: [usize; 2]) -> Record {
    let (logits, loss) = (logits::<T>(shape), SingleLabelLoss::default());
    let mut record = Record::new();
    let too_large = Array1::from_elem(shape[0], shape[1]);
    for error in [loss.forward(&logits, &too_large).err(), loss.gradient(&logits, &too_large).err()] {
        assert!(matches!(error, Some(Error::ClassOutOfRange { .. })), "{error:?}");
    }
    let ones = Array2::from_elem(shape, true);
    let error = loss.derivatives(&logits, Targets::dense(&ones)).err();
    assert!(matches!(error, Some(Error::TargetSum { .. })), "{error:?}");
    let error = loss.forward(&logits, Targets::dense(&logits)).err();
    assert!(matches!(error, Some(Error::InvalidTarget { .. })), "{error:?}");
    record.number(shape[0] as f64);
    record
}
