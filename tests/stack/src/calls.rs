//! Every public function, on arrays of any kind.

use crate::data::{Element, LAYOUTS, Layout, Record};
use asymmetric_loss::{AsymmetricLoss, Builder, Error, Implementation, Label, Reduction, Targets};
use asymmetric_loss::{activation, focal, margin, reduction};
use ndarray::{Array2, ArrayView, ArrayViewMut, Axis, Dimension};

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
fn methods<T: Element, Y: Label, D: Dimension>(
    loss: &AsymmetricLoss,
    logits: &ArrayView<'_, T, D>,
    targets: &ArrayView<'_, Y, D>,
    gradient: &mut ArrayViewMut<'_, T, D>,
    record: &mut Record,
) -> Result<(), Error> {
    loss.forward(logits, targets)?.record(record);
    let losses = loss.losses(logits, targets)?;
    record.elements(&losses);
    record.elements(&loss.gradient(logits, targets)?);
    let (value, array) = loss.value_and_gradient(logits, Targets::new(targets))?;
    value.record(record);
    record.elements(&array);
    loss.value_and_gradient_into(logits, targets, gradient)?.record(record);
    record.elements(gradient);
    // Here the losses themselves serve as the gradient of some quantity in them.
    record.elements(&loss.vjp(logits, targets, &losses)?);
    record.elements(&loss.hessian_diagonal(logits, targets)?);
    let d = loss.derivatives(logits, targets)?;
    d.value.record(record);
    record.elements(&d.gradient);
    record.elements(&d.hessian_diagonal);
    let mut hessian = losses;
    loss.derivatives_into(logits, targets, gradient, &mut hessian)?.record(record);
    record.elements(gradient);
    record.elements(&hessian);
    Ok(())
}

/// All methods of a loss, with every reduction.
pub(crate) fn all_reductions<T: Element, Y: Label, D: Dimension>(
    builder: &Builder,
    logits: ArrayView<'_, T, D>,
    targets: ArrayView<'_, Y, D>,
    mut gradient: ArrayViewMut<'_, T, D>,
) -> Result<Record, Error> {
    let mut record = Record::new();
    let (out, gradient) = (&mut record, &mut gradient);
    for reduction in [Reduction::Mean, Reduction::Sum, Reduction::Divisor(3.0)] {
        methods(&builder.clone().reduction(reduction).build()?, &logits, &targets, gradient, out)?;
    }
    Ok(record)
}

/// All methods of a loss with the mean.
fn mean<T: Element, Y: Label, D: Dimension>(
    builder: &Builder,
    logits: ArrayView<'_, T, D>,
    targets: ArrayView<'_, Y, D>,
    mut gradient: ArrayViewMut<'_, T, D>,
) -> Result<Record, Error> {
    let mut record = Record::new();
    let loss = builder.clone().build()?;
    methods(&loss, &logits, &targets, &mut gradient, &mut record)?;
    Ok(record)
}

/// All methods of a loss, with every reduction, for arrays in every layout; one in which logits and targets differ, too.
pub(crate) fn all_layouts<T: Element, Y: Label>(
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
pub(crate) fn mean_in_all_layouts<T: Element, Y: Label>(
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
pub(crate) fn many_axes<T: Element, Y: Label>(
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
pub(crate) fn refuse<T: Element, Y: Label>(logits: &Array2<T>, targets: &Array2<Y>, at: [usize; 2]) -> Record {
    fn refusals<T: Element, Y: Label>(logits: &Array2<T>, targets: &Array2<Y>) -> Vec<Option<Error>> {
        let loss = AsymmetricLoss::default();
        let (mut gradient, mut hessian) = (logits.clone(), logits.clone());
        vec![
            loss.forward(logits, targets).err(),
            loss.losses(logits, targets).err(),
            loss.gradient(logits, targets).err(),
            loss.value_and_gradient(logits, targets).err(),
            loss.value_and_gradient_into(logits, targets, &mut gradient).err(),
            loss.derivatives(logits, targets).err(),
            loss.derivatives_into(logits, targets, &mut gradient, &mut hessian).err(),
            loss.vjp(logits, targets, logits).err(),
            loss.hessian_diagonal(logits, targets).err(),
        ]
    }
    let mut record = Record::new();
    for layout in LAYOUTS {
        let (logits, targets) = (layout.of(logits), layout.of(targets));
        for error in refusals(&logits, &targets) {
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
    let p = activation::sigmoid(logits).expect("memory");
    record.elements(&p);
    record.elements(&activation::sigmoid_gradient(logits).expect("memory"));
    record.elements(&activation::log_sigmoid(logits).expect("memory"));
    record.elements(&activation::log_sigmoid_gradient(logits).expect("memory"));
    for prob_margin in [0.0, 0.05] {
        record.elements(&margin::shift(&p, prob_margin).expect("a valid margin"));
        record.elements(&margin::shift_gradient(&p, prob_margin).expect("a valid margin"));
    }
    for gamma in [0.0, 1.0, 2.5, 4.0] {
        record.elements(&focal::weight(&p, gamma).expect("a valid exponent"));
        record.elements(&focal::weight_gradient(&p, gamma).expect("a valid exponent"));
    }
    reduction::sum(&p).record(&mut record);
    record.elements(&reduction::sum_gradient(&p).expect("memory"));
    reduction::mean(&p).expect("some elements").record(&mut record);
    record.elements(&reduction::mean_gradient(&p).expect("some elements"));
    record
}

/// All layouts must give the same bits; those of the first.
pub(crate) fn alike(records: Vec<Record>) -> Record {
    let mut records = records.into_iter();
    let first = records.next().expect("one record at least");
    for record in records {
        assert!(first == record, "the results depend on the layout");
    }
    first
}
