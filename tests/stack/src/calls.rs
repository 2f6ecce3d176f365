//! Every public function, on arrays of any kind.

use crate::data::{Element, LAYOUTS, Layout, Record};
use asymmetric_loss::reduction::{Losses, Mean, Reduction, Sum, Unreduced, Upstream};
use asymmetric_loss::{AsymmetricLoss, Builder, Error, Float, Implementation, Target};
use asymmetric_loss::{activation, focal, margin, reduction};
use ndarray::{Array2, ArrayView, ArrayViewMut, Axis, Dimension};

/// A reduction of a user's own that keeps the array of losses: the mean over rows of the sum over classes.
#[derive(Clone, Debug)]
pub(crate) struct RowMean;

impl Reduction for RowMean {
    type Output<T: Float, D: Dimension> = T;

    fn scale(&self, shape: &[usize]) -> Result<f64, Error> {
        Ok(1.0 / shape[0] as f64)
    }

    fn reduce<T: Float, D: Dimension>(&self, losses: Losses<'_, T, D>) -> Result<T, Error> {
        let scale = T::from_f64(self.scale(losses.shape())?);
        Ok(reduction::sum(&losses.into_array()?) * scale)
    }

    fn upstream<'a, T: Float, D: Dimension>(&self, upstream: &'a T) -> Upstream<'a, T, D> {
        Upstream::Scalar(*upstream)
    }
}

/// Settings that take every way through the formula, for so many classes.
pub(crate) fn settings(classes: usize) -> Vec<Builder> {
    let builder = AsymmetricLoss::builder;
    let per_class = |low: f64, step: f64| (0..classes).map(|class| low + step * (class % 5) as f64).collect::<Vec<_>>();
    let mut settings = Vec::new();
    for implementation in [Implementation::AlibabaMiil, Implementation::DeepPsp, Implementation::Paper] {
        settings.extend(
            [
                builder(),
                builder().gamma_neg(2.5).gamma_pos(1.5),
                builder()
                    .gamma_neg(per_class(2.0, 0.5))
                    .gamma_pos(per_class(1.0, 1.0))
                    .prob_margin(per_class(0.0, 0.05)),
                builder().log_floor(1e-8).detach_focal_weight(true),
            ]
            .map(|builder| builder.implementation(implementation)),
        );
    }
    settings
}

/// All methods of a loss.
fn methods<T: Element, Y: Target<T>, R: Reduction, D: Dimension>(
    loss: &AsymmetricLoss<R>,
    logits: &ArrayView<'_, T, D>,
    targets: &ArrayView<'_, Y, D>,
    gradient: &mut ArrayViewMut<'_, T, D>,
    output: impl Fn(&R::Output<T, D>, &mut Record),
    record: &mut Record,
) -> Result<(), Error> {
    let value = loss.forward(logits, targets)?;
    output(&value, record);
    record.elements(&loss.gradient(logits, targets)?);
    let (both, array) = loss.value_and_gradient(logits, targets)?;
    output(&both, record);
    record.elements(&array);
    output(&loss.value_and_gradient_into(logits, targets, gradient)?, record);
    record.elements(gradient);
    // Here the output itself serves as the gradient of some quantity in it.
    record.elements(&loss.vjp(logits, targets, &value)?);
    record.elements(&loss.hessian_diagonal(logits, targets)?);
    Ok(())
}

/// The method for slices.
fn slices<T: Element, Y: Target<T>>(
    loss: &AsymmetricLoss,
    logits: &[T],
    targets: &[Y],
    record: &mut Record,
) -> Result<(), Error> {
    let mut gradient = vec![T::zero(); logits.len()];
    loss.value_and_gradient_into_slice(logits, targets, &mut gradient)?.record(record);
    gradient.iter().for_each(|slope| slope.record(record));
    Ok(())
}

/// All methods of a loss, with every reduction.
pub(crate) fn all_reductions<T: Element, Y: Target<T>, D: Dimension>(
    builder: &Builder,
    logits: ArrayView<'_, T, D>,
    targets: ArrayView<'_, Y, D>,
    mut gradient: ArrayViewMut<'_, T, D>,
) -> Result<Record, Error> {
    let mut record = Record::new();
    let (out, gradient) = (&mut record, &mut gradient);
    let build = || builder.clone();
    methods(&build().reduction(Mean).build()?, &logits, &targets, gradient, T::record, out)?;
    methods(&build().reduction(Sum).build()?, &logits, &targets, gradient, T::record, out)?;
    methods(&build().reduction(RowMean).build()?, &logits, &targets, gradient, T::record, out)?;
    methods(&build().reduction(Unreduced).build()?, &logits, &targets, gradient, |x, out| out.elements(x), out)?;
    if let (Some(logits), Some(targets)) = (logits.as_slice(), targets.as_slice()) {
        slices(&build().build()?, logits, targets, out)?;
    }
    Ok(record)
}

/// All methods of a loss with the mean.
fn mean<T: Element, Y: Target<T>, D: Dimension>(
    builder: &Builder,
    logits: ArrayView<'_, T, D>,
    targets: ArrayView<'_, Y, D>,
    mut gradient: ArrayViewMut<'_, T, D>,
) -> Result<Record, Error> {
    let mut record = Record::new();
    let loss = builder.clone().build()?;
    methods(&loss, &logits, &targets, &mut gradient, T::record, &mut record)?;
    Ok(record)
}

/// All methods of a loss, with every reduction, for arrays in every layout; one in which logits and targets differ, too.
pub(crate) fn all_layouts<T: Element, Y: Target<T>>(
    builder: &Builder,
    logits: &Array2<T>,
    targets: &Array2<Y>,
) -> Result<Vec<Record>, Error> {
    let pairs = LAYOUTS.map(|layout| (layout, layout));
    let pairs = pairs.into_iter().chain([(Layout::Contiguous, Layout::Strided)]);
    pairs
        .map(|(first, second)| {
            let (logits, targets, mut gradient) = (first.of(logits), second.of(targets), second.of(logits));
            all_reductions(builder, logits.view(), targets.view(), gradient.view_mut())
        })
        .collect()
}

/// All methods of a loss with the mean, for arrays in every layout.
pub(crate) fn mean_in_all_layouts<T: Element, Y: Target<T>>(
    builder: &Builder,
    logits: &Array2<T>,
    targets: &Array2<Y>,
) -> Result<Vec<Record>, Error> {
    let in_layout = |layout: Layout| {
        let (logits, targets, mut gradient) = (layout.of(logits), layout.of(targets), layout.of(logits));
        mean(builder, logits.view(), targets.view(), gradient.view_mut())
    };
    LAYOUTS.into_iter().map(in_layout).collect()
}

/// All methods of a loss for six axes and for a number of axes that is not known when compiled.
pub(crate) fn many_axes<T: Element, Y: Target<T>>(
    builder: &Builder,
    logits: &Array2<T>,
    targets: &Array2<Y>,
) -> Result<Vec<Record>, Error> {
    let (logits, targets, mut gradient) =
        (Layout::Strided.of(logits), Layout::Strided.of(targets), Layout::Fortran.of(logits));
    let dynamic = mean(builder, logits.view().into_dyn(), targets.view().into_dyn(), gradient.view_mut().into_dyn())?;
    macro_rules! six_axes {
        ($view:expr) => {{
            let view = $view.insert_axis(Axis(1)).insert_axis(Axis(1));
            view.insert_axis(Axis(1)).insert_axis(Axis(1))
        }};
    }
    let six = mean(builder, six_axes!(logits.view()), six_axes!(targets.view()), six_axes!(gradient.view_mut()))?;
    Ok(vec![dynamic, six])
}

/// Every method must refuse a label that is no label, and say where it is.
pub(crate) fn refuse<T: Element, Y: Target<T>>(logits: &Array2<T>, targets: &Array2<Y>, at: [usize; 2]) -> Record {
    fn refusals<T: Element, Y: Target<T>, R: Reduction>(
        loss: &AsymmetricLoss<R>,
        logits: &Array2<T>,
        targets: &Array2<Y>,
        upstream: &R::Output<T, ndarray::Ix2>,
    ) -> Vec<Option<Error>> {
        let mut gradient = logits.clone();
        vec![
            loss.forward(logits, targets).err(),
            loss.gradient(logits, targets).err(),
            loss.value_and_gradient(logits, targets).err(),
            loss.value_and_gradient_into(logits, targets, &mut gradient).err(),
            loss.vjp(logits, targets, upstream).err(),
            loss.hessian_diagonal(logits, targets).err(),
        ]
    }
    let mut record = Record::new();
    for layout in LAYOUTS {
        let (logits, targets) = (layout.of(logits), layout.of(targets));
        let loss = AsymmetricLoss::default();
        let unreduced = AsymmetricLoss::builder().reduction(Unreduced).build().expect("valid settings");
        let mut errors = refusals(&loss, &logits, &targets, &T::one());
        errors.extend(refusals(&unreduced, &logits, &targets, &logits));
        for error in errors {
            let Some(Error::InvalidTarget { index, actual }) = error else { panic!("{layout:?}: {error:?}") };
            assert_eq!(index, at, "{layout:?}");
            assert!(!(0.0..=1.0).contains(&actual), "{layout:?}: {actual}");
            let message = Error::InvalidTarget { index, actual }.to_string();
            assert!(message.starts_with("targets must lie in [0, 1]"), "{message}");
            record.number(actual);
        }
    }
    record
}

/// The functions of the stages, in every layout.
pub(crate) fn stages<T: Element>(logits: &Array2<T>) -> Vec<Record> {
    LAYOUTS.map(|layout| stages_of(&layout.of(logits))).into()
}

fn stages_of<T: Element>(logits: &Array2<T>) -> Record {
    let mut record = Record::new();
    let p = activation::sigmoid(logits);
    record.elements(&p);
    record.elements(&activation::sigmoid_gradient(logits));
    record.elements(&activation::log_sigmoid(logits));
    record.elements(&activation::log_sigmoid_gradient(logits));
    for prob_margin in [0.0, 0.05] {
        record.elements(&margin::shift(&p, prob_margin).expect("a valid margin"));
        record.elements(&margin::shift_gradient(&p, prob_margin).expect("a valid margin"));
    }
    for gamma in [0.0, 1.0, 2.5, 4.0] {
        record.elements(&focal::weight(&p, gamma).expect("a valid exponent"));
        record.elements(&focal::weight_gradient(&p, gamma).expect("a valid exponent"));
    }
    reduction::sum(&p).record(&mut record);
    record.elements(&reduction::sum_gradient(&p));
    reduction::mean(&p).expect("some elements").record(&mut record);
    record.elements(&reduction::mean_gradient(&p).expect("some elements"));
    record
}

/// All layouts must give the same bits; those of the first.
pub(crate) fn alike(records: Vec<Record>) -> Record {
    let mut records = records.into_iter();
    let first = records.next().expect("one record at least");
    // Only contiguous arrays can be slices, and the results of that method come last.
    for record in records {
        assert!(first.starts_with(&record), "the results depend on the layout");
    }
    first
}
