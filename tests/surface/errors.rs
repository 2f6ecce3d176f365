//! Every error: how it comes about, what it carries and how it reads.

use asymmetric_loss::reduction::{mean, mean_gradient, sum, sum_gradient};
use asymmetric_loss::{
    AsymmetricLoss, Builder, ClassIndex, Error, Float, Implementation, Label, Labels, Reduction, SingleLabelLoss,
    Targets, activation, focal, margin,
};
use ndarray::{Array1, Array2, Array3, ArrayD, Ix2, array};
use std::convert::Infallible;

fn built(builder: Builder) -> AsymmetricLoss {
    builder.build().unwrap()
}

fn out_of_range(parameter: &'static str, expected: &'static str, actual: f64, class: Option<usize>) -> Error {
    Error::ParameterOutOfRange { parameter, expected, actual, class }
}

/// NaN differs from itself, so errors are compared by how they print.
#[track_caller]
fn assert_error<T>(result: Result<T, Error>, expected: &Error, text: &str) {
    let Err(error) = result else { panic!("no error, but expected: {text}") };
    assert_eq!(format!("{error:?}"), format!("{expected:?}"));
    assert_eq!(error.to_string(), text);
}

#[test]
fn error_is_a_standard_error_and_crosses_threads() {
    fn assert_is_error<E: std::error::Error + Send + Sync + 'static>() {}
    assert_is_error::<Error>();
}

#[test]
fn different_shapes_are_refused() {
    let loss = AsymmetricLoss::default();
    let logits = Array2::<f64>::zeros((4, 3));
    let other = Array2::<f64>::zeros((1, 3)); // would broadcast
    let mismatch = |array| Error::ShapeMismatch { array, expected: vec![4, 3], actual: vec![1, 3] };

    let text = "the shape of targets must be [4, 3], but is [1, 3]";
    assert_error(loss.forward(&logits, &other), &mismatch("targets"), text);
    assert_error(loss.gradient(&logits, &other), &mismatch("targets"), text);
    assert_error(loss.value_and_gradient(&logits, &other), &mismatch("targets"), text);
    assert_error(loss.hessian_diagonal(&logits, &other), &mismatch("targets"), text);
    assert_error(loss.vjp(&logits, &other, &logits), &mismatch("targets"), text);

    let into = loss.value_and_gradient_into(&logits, &logits, &mut other.clone());
    assert_error(into, &mismatch("gradient"), "the shape of gradient must be [4, 3], but is [1, 3]");

    let vjp = loss.vjp(&logits, &logits, &other);
    assert_error(vjp, &mismatch("upstream"), "the shape of upstream must be [4, 3], but is [1, 3]");
}

/// The targets of another loss.
#[test]
fn a_column_of_class_indices_hints_at_the_loss_that_takes_it() {
    let loss = AsymmetricLoss::default();
    let hint = " (class indices, one per row, are targets of `SingleLabelLoss`)";
    let logits = Array2::<f32>::zeros((4, 3));
    let error = loss.forward(&logits, &array![[2], [0], [1], [1]]).unwrap_err();
    assert_eq!(error.to_string(), format!("the shape of targets must be [4, 3], but is [4, 1]{hint}"));
    let error = loss.forward(&logits.clone().into_dyn(), &array![2, 0, 1, 1].into_dyn()).unwrap_err();
    assert_eq!(error.to_string(), format!("the shape of targets must be [4, 3], but is [4]{hint}"));
    // That is no column.
    let error = loss.forward(&logits, &array![[1, 0, 1, 1]]).unwrap_err().to_string();
    assert!(!error.contains("SingleLabelLoss"), "{error}");
    // Nor is one label per row, which has no classes to choose from.
    let error = loss.forward(&Array2::<f32>::zeros((3, 1)).into_dyn(), &array![1, 0, 1].into_dyn()).unwrap_err();
    assert_eq!(error.to_string(), "the shape of targets must be [3, 1], but is [3]");
    // What takes it does not hint at itself.
    let logits = Array3::<f32>::zeros((2, 4, 3));
    let error = SingleLabelLoss::default().forward(&logits, &array![[0], [1]]).unwrap_err();
    assert_eq!(error.to_string(), "the shape of class indices must be [2, 4], but is [2, 1]");
}

#[test]
fn weights_of_rows_are_told_their_shape() {
    let mismatch = |shape: &[usize], weights: &[usize]| {
        let (logits, weights) = (ArrayD::<f64>::zeros(shape), ArrayD::<f64>::ones(weights));
        let targets = Targets::new(&logits).weights(&weights);
        AsymmetricLoss::default().forward(&logits, targets).unwrap_err()
    };
    let error = mismatch(&[4, 3], &[4]);
    assert_eq!(error, Error::BroadcastMismatch { expected: vec![4, 3], actual: vec![4] });
    assert_eq!(
        error.to_string(),
        "weights must broadcast to the shape [4, 3], but their shape is [4] (one for each row is the shape [4, 1])"
    );
    assert!(mismatch(&[2, 4, 3], &[2, 4]).to_string().ends_with(" (one for each row is the shape [2, 4, 1])"));
    for (shape, weights) in [(&[4, 3][..], &[5][..]), (&[4, 3], &[3, 1]), (&[4, 3], &[4, 3, 1])] {
        let error = mismatch(shape, weights).to_string();
        assert!(!error.contains("one for each row"), "{error}");
    }
}

fn sparse_error<'a, O: ClassIndex, I: ClassIndex>(
    targets: Targets<'a, f32, Labels<'a, Infallible, Ix2>>,
    other: (&'a [O], &'a [I]),
) -> Error {
    let logits = Array2::<f32>::zeros((2, 3));
    let loss = AsymmetricLoss::default();
    let error = loss.forward(&logits, targets.clone().unknown(other.0, other.1)).unwrap_err();
    assert!(loss.gradient(&logits, targets.absent(other.0, other.1)).is_err());
    error
}

#[test]
fn malformed_sparse_labels_are_refused() {
    let loss = AsymmetricLoss::default();
    let z = Array2::<f32>::zeros((2, 3));
    fn of<O: ClassIndex, I: ClassIndex>(offsets: &[O], indices: &[I]) -> Error {
        AsymmetricLoss::default().forward(&Array2::<f32>::zeros((2, 3)), Targets::sparse(offsets, indices)).unwrap_err()
    }
    let list = "present";
    let offset = |position, least, most, actual| Error::InvalidOffset { list, position, least, most, actual };
    let index = |position, row, least, actual| Error::InvalidIndex { list, position, row, least, classes: 3, actual };
    let mismatch = Error::ShapeMismatch { array: "offsets", expected: vec![3], actual: vec![2] };
    assert_error::<()>(Err(of(&[0, 1], &[0])), &mismatch, "the shape of offsets must be [3], but is [2]");
    for (error, expected, text) in [
        (
            of(&[0, 2, 1], &[0, 1]),
            offset(2, 2, 2, 1),
            "the offset at 2 of the present classes must not be smaller than the one before it, 2, but is 1",
        ),
        (
            of(&[0, 1, 3], &[0, 1]),
            offset(2, 1, 2, 3),
            "the offset at 2 of the present classes must not be larger than the number of indices, 2, but is 3",
        ),
        // The first that is behind all indices, and not one that follows it.
        (
            of(&[4, 4, 4], &[0, 1]),
            offset(0, 0, 2, 4),
            "the offset at 0 of the present classes must not be larger than the number of indices, 2, but is 4",
        ),
        (
            of(&[-1_i64, 0, 1], &[0_u8]),
            offset(0, 0, 1, -1),
            "the offset at 0 of the present classes must not be negative, but is -1",
        ),
        (
            of(&[0_i8, -1, 1], &[0_u8]),
            offset(1, 0, 1, -1),
            "the offset at 1 of the present classes must not be smaller than the one before it, 0, but is -1",
        ),
        (
            of(&[0, 1, 3], &[0, 2, 2]),
            index(2, 1, 3, 2),
            "the index at 2 of the present classes (row 1) must be larger than the one before it, 2, but is 2",
        ),
        (
            of(&[0, 0, 2], &[2, 1]),
            index(1, 1, 3, 1),
            "the index at 1 of the present classes (row 1) must be larger than the one before it, 2, but is 1",
        ),
        (
            of(&[0, 2, 2], &[1, 3]),
            index(1, 0, 2, 3),
            "the index at 1 of the present classes (row 0) must be that of a class, below 3, but is 3",
        ),
        (
            of(&[0_u16, 1, 1], &[-2_i32]),
            index(0, 0, 0, -2),
            "the index at 0 of the present classes (row 0) must be that of a class, below 3, but is -2",
        ),
        (
            of(&[0, 1, 1], &[u64::MAX]),
            index(0, 0, 0, u64::MAX.into()),
            "the index at 0 of the present classes (row 0) must be that of a class, below 3, but is 18446744073709551615",
        ),
    ] {
        assert_error::<()>(Err(error), &expected, text);
    }
    // Of the other list.
    let present = || Targets::sparse(&[0, 1, 2], &[1, 0]);
    let error = sparse_error(present(), (&[0_u8, 1, 3], &[0_u64, 2, 1]));
    let expected = Error::InvalidIndex { list: "unknown", position: 2, row: 1, least: 3, classes: 3, actual: 1 };
    let text = "the index at 2 of the unknown classes (row 1) must be larger than the one before it, 2, but is 1";
    assert_error::<()>(Err(error), &expected, text);
    let error = sparse_error(present(), (&[0, 1], &[0]));
    assert_eq!(error, Error::ShapeMismatch { array: "offsets", expected: vec![3], actual: vec![2] });
    let error = sparse_error(present(), (&[0, 2, 4], &[0, 2, 0, 2]));
    let text = "the present classes of a row must not be among its unknown ones, but class 0 of row 1 is";
    assert_error::<()>(Err(error), &Error::ListedTwice { list: "unknown", row: 1, class: 0 }, text);
    assert!(loss.forward(&z, present().unknown(&[0, 2, 4], &[0, 2, 1, 2])).is_ok());
}

#[test]
fn alpha_near_its_ends_is_named() {
    let range = "0, or between 1e-12 and 1 - 1e-12";
    for (alpha, printed) in [
        (1.0 - 1e-13, "0.9999999999999"),
        (1e-13, "1e-13"),
        (f64::MIN_POSITIVE, "2.2250738585072014e-308"),
        (1.0, "1"),
        (-0.5, "-0.5"),
        (f64::NAN, "NaN"),
    ] {
        let error = AsymmetricLoss::builder().alpha(alpha).build();
        let text = format!("alpha must be {range}, but is {printed}");
        assert_error(error, &out_of_range("alpha", range, alpha, None), &text);
        let error = AsymmetricLoss::builder().alpha([0.5, alpha]).build();
        assert_error(error, &out_of_range("alpha", range, alpha, Some(1)), &format!("{text} for class 1"));
    }
    for alpha in [0.0, 1e-12, 0.25, 1.0 - 1.1e-12] {
        assert!(AsymmetricLoss::builder().alpha(alpha).build().is_ok(), "{alpha}");
    }
    let builder = || AsymmetricLoss::builder().gamma_neg([1, 2, 3]);
    let length = |parameter| Error::ParameterLength { parameter, expected: 3, actual: 2 };
    assert_eq!(builder().alpha([0.5, 0.5]).build().unwrap_err(), length("alpha"));
    assert_eq!(builder().alpha(0.5).class_weight([1, 2]).build().unwrap_err(), length("class_weight"));
    let none: [f64; 0] = [];
    let error = AsymmetricLoss::builder().alpha(none).build().unwrap_err();
    assert_eq!(error, Error::EmptyParameter { parameter: "alpha" });
}

#[test]
fn parameters_out_of_range_are_refused() {
    let builder = AsymmetricLoss::builder;
    let (focusing, probability) = ("finite and at least 0", "at least 0 and below 1");
    for (value, printed) in [(-1.0, "-1"), (-1e-300, "-1e-300"), (f64::NAN, "NaN"), (f64::INFINITY, "inf")] {
        let error = builder().gamma_neg(value).build().unwrap_err();
        assert!(error.to_string().starts_with(&format!("gamma_neg must be {focusing}, but is {printed}")), "{error}");
        let error = builder().gamma_pos(value).build().unwrap_err();
        assert!(error.to_string().starts_with(&format!("gamma_pos must be {focusing}, but is {printed}")), "{error}");
    }
    for value in [-0.25, 1.0, 1.5, f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        assert_error(
            builder().prob_margin(value).build(),
            &out_of_range("prob_margin", probability, value, None),
            &format!("prob_margin must be at least 0 and below 1, but is {value}"),
        );
        assert_error(
            builder().log_floor(value).build(),
            &out_of_range("log_floor", probability, value, None),
            &format!("log_floor must be at least 0 and below 1, but is {value}"),
        );
    }
    assert_error(
        builder().gamma_neg([4.0, 2.0, -3.5]).build(),
        &out_of_range("gamma_neg", focusing, -3.5, Some(2)),
        "gamma_neg must be finite and at least 0, but is -3.5 for class 2",
    );
    assert_error(
        builder().prob_margin([1.0, 0.0]).build(),
        &out_of_range("prob_margin", probability, 1.0, Some(0)),
        "prob_margin must be at least 0 and below 1, but is 1 for class 0",
    );
    assert_error(
        focal::weight(&array![0.5], -2.0),
        &out_of_range("gamma", focusing, -2.0, None),
        "gamma must be finite and at least 0, but is -2",
    );
    assert_error(
        margin::shift(&array![0.5], 1.0),
        &out_of_range("prob_margin", probability, 1.0, None),
        "prob_margin must be at least 0 and below 1, but is 1",
    );
    assert!(focal::weight_gradient(&array![0.5], f64::NAN).is_err());
    assert!(margin::shift_gradient(&array![0.5], f64::NAN).is_err());
}

#[test]
fn ends_of_the_ranges_are_accepted() {
    let below_one = 1.0 - f64::EPSILON;
    let builder = AsymmetricLoss::builder();
    assert!(builder.clone().gamma_neg(0.0).gamma_pos(-0.0).prob_margin(0.0).log_floor(0.0).build().is_ok());
    assert!(builder.clone().gamma_neg(f64::MAX).gamma_pos(f64::MAX).build().is_ok());
    assert!(builder.prob_margin(below_one).log_floor(below_one).build().is_ok());
}

#[test]
fn settings_for_another_number_of_classes_are_refused() {
    let length = |parameter, expected, actual| Error::ParameterLength { parameter, expected, actual };
    assert_error(
        AsymmetricLoss::builder().gamma_neg([4.0, 2.0]).prob_margin(vec![0.1, 0.1, 0.1]).build(),
        &length("prob_margin", 2, 3),
        "prob_margin must have one value per class (2), but has 3",
    );
    let text = "gamma_pos must have one value per class (4), but has 3";
    let loss = built(AsymmetricLoss::builder().gamma_pos([1.0, 1.0, 1.0]));
    let (logits, targets) = (Array2::<f32>::zeros((3, 4)), Array2::<f32>::zeros((3, 4)));
    assert_error(loss.forward(&logits, &targets), &length("gamma_pos", 4, 3), text);
    assert_error(loss.hessian_diagonal(&logits, &targets), &length("gamma_pos", 4, 3), text);
    // The last axis is that of the classes, the first is not.
    assert!(loss.forward(&logits.t(), &targets.t()).is_ok());
    // A single number has one class.
    let (logits, targets) = (ndarray::arr0(0.5), ndarray::arr0(1.0));
    let text = "gamma_pos must have one value per class (1), but has 3";
    assert_error(loss.forward(&logits, &targets), &length("gamma_pos", 1, 3), text);
    assert!(built(AsymmetricLoss::builder().gamma_pos([2.0])).forward(&logits, &targets).is_ok());
}

#[test]
fn empty_settings_are_refused() {
    let none: [f64; 0] = [];
    for (parameter, builder) in [
        ("gamma_neg", AsymmetricLoss::builder().gamma_neg(none)),
        ("gamma_pos", AsymmetricLoss::builder().gamma_neg([1.0]).gamma_pos(vec![0.0_f32; 0])),
        ("prob_margin", AsymmetricLoss::builder().prob_margin(Array1::<f64>::zeros(0))),
    ] {
        let text = format!("{parameter} must have at least one value, but has none");
        assert_error(builder.build(), &Error::EmptyParameter { parameter }, &text);
    }
}

#[test]
fn unknown_names_are_refused() {
    let unknown = |parameter, expected, actual: &str| Error::UnknownName { parameter, expected, actual: actual.into() };
    assert_error(
        "focal".parse::<Implementation>(),
        &unknown("implementation", "alibaba-miil, deep-psp or paper", "focal"),
        "implementation must be alibaba-miil, deep-psp or paper, but is \"focal\"",
    );
    assert_error(
        "None".parse::<Reduction>(),
        &unknown("reduction", "mean, sum, batch-mean, weighted-mean, positive-mean or divisor(n)", "None"),
        "reduction must be mean, sum, batch-mean, weighted-mean, positive-mean or divisor(n), but is \"None\" \
         (`losses` gives the loss of each element)",
    );
    for name in [
        "",
        "average",
        "divisor",
        "divisor()",
        "divisor(x)",
        "divisor(2",
        "mean_",
        "-mean",
        "me-an",
        "batch--mean",
        "mean()",
        "sum(1)",
        "positive mean",
    ] {
        assert_error(
            name.parse::<Reduction>(),
            &unknown("reduction", "mean, sum, batch-mean, weighted-mean, positive-mean or divisor(n)", name),
            &format!(
                "reduction must be mean, sum, batch-mean, weighted-mean, positive-mean or divisor(n), but is {name:?}"
            ),
        );
    }
}

#[test]
fn divisors_out_of_range_are_refused() {
    for divisor in [0.0, -1.0, 1e-320, f64::NAN, f64::INFINITY] {
        let expected = out_of_range("reduction", "finite and at least 2.3e-308", divisor, None);
        let printed = if divisor == 1e-320 { "1e-320".to_owned() } else { divisor.to_string() };
        let text = format!("the divisor of the reduction must be finite and at least 2.3e-308, but is {printed}");
        assert_error(AsymmetricLoss::builder().reduction(Reduction::Divisor(divisor)).build(), &expected, &text);
        assert_error(format!("divisor({divisor})").parse::<Reduction>(), &expected, &text);
    }
}

/// Where the gradient of a flat loss would be 0·∞.
#[test]
fn divisors_whose_reciprocal_overflows_are_refused() {
    let loss = built(AsymmetricLoss::builder().reduction(Reduction::Divisor(1e-39)));
    let expected = out_of_range("reduction", "so large that the type of the logits has its reciprocal", 1e-39, None);
    let text =
        "the divisor of the reduction must be so large that the type of the logits has its reciprocal, but is 1e-39";
    assert_error(loss.gradient(&array![-4.0_f32, 0.0], &array![0, 1]), &expected, text);
    assert_eq!(loss.gradient(&array![-4.0, 0.0], &array![0, 1]).unwrap()[0], 0.0);
}

/// 2⁶² elements, all the same one.
#[test]
fn results_beyond_memory_are_refused() {
    let logits = ndarray::arr0(0.5_f32);
    let logits = logits.broadcast((1 << 31, 1 << 31)).unwrap();
    let expected = Error::TooLarge { shape: vec![1 << 31, 1 << 31] };
    let text = "a result of shape [2147483648, 2147483648] must fit into memory, but does not";
    let loss = AsymmetricLoss::default();
    assert_error(loss.gradient(&logits, &logits), &expected, text);
    assert_error(loss.losses(&logits, &logits), &expected, text);
    assert_error(loss.derivatives(&logits, &logits), &expected, text);
    assert_error(loss.vjp(&logits, &logits, &logits), &expected, text);
    assert_error(loss.hessian_diagonal(&logits, &logits), &expected, text);
    assert_error(activation::sigmoid(&logits), &expected, text);
    assert_error(activation::log_sigmoid_gradient(&logits), &expected, text);
    assert_error(margin::shift(&logits, 0.05), &expected, text);
    assert_error(focal::weight_gradient(&logits, 4.0), &expected, text);
    assert_error(sum_gradient(&logits), &expected, text);
    assert_error(mean_gradient(&logits), &expected, text);
}

/// Where it says something else every time, the kernel has met a label that no one finds again.
#[test]
fn labels_that_change_between_reads_are_refused() {
    use std::sync::atomic::{AtomicUsize, Ordering};
    static ASKED: AtomicUsize = AtomicUsize::new(0);
    #[derive(Clone, Copy)]
    struct Fickle;
    impl Label for Fickle {
        fn presence(self) -> Option<f64> {
            Some(if ASKED.fetch_add(1, Ordering::Relaxed) == 0 { 7.0 } else { 1.0 })
        }
    }
    // Other reductions ask it whether it is known, before the kernel does.
    let error = reduced(Reduction::Sum).forward(&array![0.5], &array![Fickle]).unwrap_err();
    assert!(matches!(error, Error::InvalidTarget { ref index, .. } if index.is_empty()), "{error}");
}

#[test]
fn targets_out_of_range_are_refused() {
    let loss = AsymmetricLoss::default();
    let logits = Array3::<f64>::zeros((2, 3, 4));
    for (value, text) in [
        (
            f64::NAN,
            "targets must lie in [0, 1], but the one at [1, 0, 3] is NaN (if that means unknown, give \
             it to `Targets::new(&labels).ignore`)",
        ),
        (f64::INFINITY, "targets must lie in [0, 1], but the one at [1, 0, 3] is inf"),
        (f64::NEG_INFINITY, "targets must lie in [0, 1], but the one at [1, 0, 3] is -inf"),
        (
            -1.0,
            "targets must lie in [0, 1], but the one at [1, 0, 3] is -1 (if that means unknown, give it \
             to `Targets::new(&labels).ignore`)",
        ),
        (1.0 + f64::EPSILON, "targets must lie in [0, 1], but the one at [1, 0, 3] is 1.0000000000000002"),
        (2.0, "targets must lie in [0, 1], but the one at [1, 0, 3] is 2"),
    ] {
        for others in [0.0, 1.0, 0.5] {
            let mut targets = Array3::from_elem((2, 3, 4), others);
            targets[[1, 0, 3]] = value;
            let expected = Error::InvalidTarget { index: vec![1, 0, 3], actual: value };
            assert_error(loss.forward(&logits, &targets), &expected, text);
            assert_error(loss.gradient(&logits, &targets), &expected, text);
            assert_error(loss.hessian_diagonal(&logits, &targets), &expected, text);
            // The index is that of the array, not that of memory.
            let expected = Error::InvalidTarget { index: vec![3, 0, 1], actual: value };
            assert_error(loss.forward(&logits.t(), &targets.t()), &expected, &text.replace("[1, 0, 3]", "[3, 0, 1]"));
        }
    }
    // Of several, the first.
    let error = loss.forward(&array![0.0, 0.0, 0.0], &array![1.0, 7.0, -3.0]).unwrap_err();
    assert_eq!(error, Error::InvalidTarget { index: vec![1], actual: 7.0 });
    let error = loss.forward(&array![0.0_f32, 0.0], &array![1_u8, 2]).unwrap_err();
    assert_eq!(error, Error::InvalidTarget { index: vec![1], actual: 2.0 });
    // Rounding to the type of the logits makes none of them a label.
    for y in [1.0 + f64::EPSILON, -1e-300] {
        let error = loss.forward(&array![0.0_f32, 0.0], &array![1.0, y]).unwrap_err();
        assert_eq!(error, Error::InvalidTarget { index: vec![1], actual: y });
    }
    // A single number has no index.
    let error = loss.forward(&ndarray::arr0(0.0), &ndarray::arr0(-0.5)).unwrap_err();
    assert_eq!(error.to_string(), "targets must lie in [0, 1], but the one at [] is -0.5");
}

/// Far inside an array that threads share, and found by the same index.
#[test]
fn the_first_invalid_target_of_a_large_array_is_named() {
    let logits = Array2::<f32>::zeros((1000, 70));
    let mut targets = Array2::<f32>::zeros((1000, 70));
    targets[[801, 69]] = 1.5;
    targets[[937, 2]] = -1.0;
    let error = AsymmetricLoss::default().forward(&logits, &targets).unwrap_err();
    assert_eq!(error, Error::InvalidTarget { index: vec![801, 69], actual: 1.5 });
}

/// −0 is 0, among hard labels and among soft ones.
#[test]
fn negative_zero_is_a_negative_label() {
    fn assert_same<T: Float + PartialEq>() {
        let number = T::from_f64;
        let loss = AsymmetricLoss::default();
        for neighbour in [0.0, 1.0, 0.5] {
            let logits = array![number(0.7), number(0.7)];
            let evaluate = |y: f64| loss.value_and_gradient(&logits, &array![number(y), number(neighbour)]).unwrap();
            assert!(evaluate(-0.0) == evaluate(0.0), "beside {neighbour}");
        }
    }
    assert_same::<f32>();
    assert_same::<f64>();
}

#[test]
fn the_smallest_and_largest_soft_labels_are_nearly_hard() {
    let loss = AsymmetricLoss::default();
    let logits = array![0.7_f64, 0.7];
    let soft = loss.losses(&logits, &array![f64::from_bits(1), 1.0 - f64::EPSILON / 2.0]).unwrap();
    let hard = loss.losses(&logits, &array![0.0, 1.0]).unwrap();
    assert!((soft[0] - hard[0]).abs() < 1e-14 && (soft[1] - hard[1]).abs() < 1e-14);
}

fn reduced(reduction: Reduction) -> AsymmetricLoss {
    AsymmetricLoss::builder().reduction(reduction).build().unwrap()
}

#[test]
fn the_mean_of_nothing_is_refused() {
    let text = "the mean needs at least one element that counts, but has none in the shape [3, 0]";
    let expected = Error::EmptyMean { shape: vec![3, 0] };
    let nothing = Array2::<f64>::zeros((3, 0));
    let loss = reduced(Reduction::Mean);
    assert_error(loss.forward(&nothing, &nothing), &expected, text);
    assert_error(loss.gradient(&nothing, &nothing), &expected, text);
    assert_error(loss.value_and_gradient(&nothing, &nothing), &expected, text);
    assert_error(loss.hessian_diagonal(&nothing, &nothing), &expected, text);
    assert_error(mean(&nothing), &expected, text);
    assert_error(mean_gradient(&nothing), &expected, text);
}

#[test]
fn sum_of_nothing_is_zero() {
    for shape in [(0, 3), (3, 0), (0, 0)] {
        let nothing = Array2::<f32>::zeros(shape);
        let (value, gradient) = reduced(Reduction::Sum).value_and_gradient(&nothing, &nothing).unwrap();
        assert_eq!(value.to_bits(), 0);
        assert_eq!(gradient.dim(), shape);
        let losses = reduced(Reduction::Mean).losses(&nothing, &nothing).unwrap();
        assert_eq!(losses.dim(), shape);
        assert_eq!(reduced(Reduction::Sum).hessian_diagonal(&nothing, &nothing).unwrap().dim(), shape);
        assert_eq!(sum(&nothing), 0.0);
    }
}

#[test]
fn after_an_error_the_loss_still_works() {
    let loss = AsymmetricLoss::default();
    let (logits, targets) = (array![0.5, -1.0], array![1.0, 0.0]);
    let before = loss.value_and_gradient(&logits, &targets).unwrap();
    let mut gradient = Array1::zeros(2);
    loss.value_and_gradient_into(&logits, &array![1.0, f64::NAN], &mut gradient).unwrap_err();
    loss.forward(&logits, &array![1.0]).unwrap_err();
    let value = loss.value_and_gradient_into(&logits, &targets, &mut gradient).unwrap();
    assert_eq!((value, gradient), before);
}
