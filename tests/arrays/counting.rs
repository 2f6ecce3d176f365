//! What an element counts: weights, unknown labels, smoothed labels, sparse labels, and what the sum is divided by.

use crate::common::{logits, settings, targets};
use asymmetric_loss::strategies::weights;
use asymmetric_loss::{AsymmetricLoss, Builder, Derivatives, Error, Label, Labels, Reduction, Targets};
use ndarray::{Array1, Array2, Array3, ArrayView2, Axis, Ix2, ShapeBuilder, array, concatenate, s};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

const CLASSES: usize = 5;

fn matrix(rows: usize, of: impl Strategy<Value = f64>) -> impl Strategy<Value = Array2<f64>> {
    vec(of, rows * CLASSES).prop_map(move |x| Array2::from_shape_vec((rows, CLASSES), x).expect("as many as fit"))
}

/// Settings that touch what an element counts.
fn builders() -> impl Strategy<Value = Builder> {
    let per_class = || prop_oneof![vec(weights(), CLASSES), Just(vec![1.0; CLASSES])];
    (settings(), per_class(), per_class(), select(vec![0.0, 0.1, 1.0])).prop_map(
        |(setting, class_weight, pos_weight, smoothing)| {
            setting.builder().class_weight(class_weight).pos_weight(pos_weight).label_smoothing(smoothing)
        },
    )
}

/// Logits and labels of a few rows.
fn batch() -> impl Strategy<Value = (Array2<f64>, Array2<f64>)> {
    (1..20_usize).prop_flat_map(|rows| (matrix(rows, logits()), matrix(rows, targets())))
}

fn summed(builder: &Builder) -> AsymmetricLoss {
    builder.clone().reduction(Reduction::Sum).build().expect("valid settings")
}

fn assert_close(actual: f64, expected: f64, tolerance: f64) -> Result<(), TestCaseError> {
    let error = (actual - expected).abs();
    prop_assert!(error <= tolerance * expected.abs() + 1e-300, "{actual:e} instead of {expected:e}");
    Ok(())
}

fn assert_all_close(actual: &Array2<f64>, expected: &Array2<f64>, tolerance: f64) -> Result<(), TestCaseError> {
    let scale = expected.fold(0.0_f64, |largest, x| largest.max(x.abs()));
    for (actual, expected) in actual.iter().zip(expected) {
        let error = (actual - expected).abs();
        prop_assert!(error <= tolerance * expected.abs() + 1e-16 * scale, "{actual:e} instead of {expected:e}");
    }
    Ok(())
}

fn bits(d: &Derivatives<f64, Ix2>) -> Vec<u64> {
    // A product with 0 may be −0.
    d.gradient.iter().chain(&d.hessian_diagonal).map(|x| (x + 0.0).to_bits()).collect()
}

fn derivatives<'a, Y: Label>(
    loss: &AsymmetricLoss,
    z: &Array2<f64>,
    y: Targets<'a, f64, Labels<'a, Y, Ix2>>,
) -> Derivatives<f64, Ix2> {
    loss.derivatives(z, y).expect("valid input")
}

proptest! {
    #[test]
    fn a_weight_is_a_number_of_copies(builder in builders(), (z, y) in batch(), copies in vec(0..4_usize, 20)) {
        let loss = summed(&builder);
        let of_rows = Array2::from_shape_fn((z.nrows(), 1), |(row, _)| copies[row] as f64);
        let rows: Vec<_> = (0..z.nrows()).flat_map(|row| vec![row; copies[row]]).collect();
        let (repeated_z, repeated_y) = (z.select(Axis(0), &rows), y.select(Axis(0), &rows));
        let weighted = derivatives(&loss, &z, Targets::new(&y).weights(&of_rows));
        let repeated = derivatives(&loss, &repeated_z, Targets::new(&repeated_y));
        assert_close(weighted.value, repeated.value, 1e-13)?;
        let mut gradient = Array2::zeros(z.raw_dim());
        let mut hessian = Array2::zeros(z.raw_dim());
        for (i, &row) in rows.iter().enumerate() {
            gradient.row_mut(row).scaled_add(1.0, &repeated.gradient.row(i));
            hessian.row_mut(row).scaled_add(1.0, &repeated.hessian_diagonal.row(i));
        }
        assert_all_close(&weighted.gradient, &gradient, 1e-14)?;
        assert_all_close(&weighted.hessian_diagonal, &hessian, 1e-14)?;
        let weighs = class_weights(&builder).sum() > 0.0 && !rows.is_empty();
        let weighted_mean = builder.reduction(Reduction::WeightedMean).build().unwrap();
        match weighted_mean.forward(&z, Targets::new(&y).weights(&of_rows)) {
            Ok(mean) => assert_close(mean, weighted_mean.forward(&repeated_z, &repeated_y).unwrap(), 1e-13)?,
            Err(error) => prop_assert!(!weighs && matches!(error, Error::EmptyMean { .. }), "{error}"),
        }
    }

    #[test]
    fn unknown_labels_are_removed_elements(builder in builders(), (z, y) in batch(), known in vec(any::<bool>(), 100), reduction in
        select(vec![Reduction::Mean, Reduction::Sum, Reduction::BatchMean, Reduction::PositiveMean, Reduction::WeightedMean]))
    {
        let weighs = reduction != Reduction::WeightedMean || class_weights(&builder).sum() > 0.0;
        let loss = builder.reduction(reduction).build().unwrap();
        // Whole rows, so that removing them leaves an array.
        let rows: Vec<_> = (0..z.nrows()).filter(|&row| known[row]).collect();
        let (kept_z, kept_y) = (z.select(Axis(0), &rows), y.select(Axis(0), &rows));
        let (mut hidden_z, mut hidden_y) = (z.clone(), y.clone());
        for row in (0..z.nrows()).filter(|&row| !known[row]) {
            hidden_z.row_mut(row).fill(f64::NAN);
            hidden_z[[row, 0]] = f64::INFINITY;
            hidden_y.row_mut(row).fill(-7.5);
        }
        let hidden = loss.derivatives(&hidden_z, Targets::new(&hidden_y).ignore(-7.5));
        let expected = if reduction == Reduction::BatchMean {
            // Its divisor counts rows, known or not.
            loss.to_builder().reduction(Reduction::Divisor(z.nrows() as f64)).build().unwrap().derivatives(&kept_z, &kept_y)
        } else {
            loss.derivatives(&kept_z, &kept_y)
        };
        if let (Reduction::Mean | Reduction::WeightedMean, true) = (reduction, rows.is_empty() || !weighs) {
            prop_assert_eq!(hidden.unwrap_err(), Error::EmptyMean { shape: z.shape().to_vec() });
            return Ok(());
        }
        let (hidden, expected) = (hidden.unwrap(), expected.unwrap());
        assert_close(hidden.value, expected.value, 1e-15)?;
        let (gradient, hessian) =
            (hidden.gradient.select(Axis(0), &rows), hidden.hessian_diagonal.select(Axis(0), &rows));
        if reduction == Reduction::PositiveMean {
            // The sum of soft labels has other roundings where there are fewer.
            assert_all_close(&gradient, &expected.gradient, 1e-15)?;
            assert_all_close(&hessian, &expected.hessian_diagonal, 1e-15)?;
        } else {
            prop_assert_eq!(gradient, expected.gradient);
            prop_assert_eq!(hessian, expected.hessian_diagonal);
        }
        for row in (0..z.nrows()).filter(|&row| !known[row]) {
            prop_assert!(hidden.gradient.row(row).iter().chain(hidden.hessian_diagonal.row(row)).all(|&x| x == 0.0));
        }
    }

    /// A label may be unknown in four ways.
    #[test]
    fn every_kind_of_unknown_label_gives_the_same(builder in builders(), (mut z, y) in batch(), known in vec(any::<bool>(), 100)) {
        let loss = summed(&builder);
        let known = Array2::from_shape_fn(z.raw_dim(), |(i, j)| known[i * CLASSES + j]);
        z.zip_mut_with(&known, |z, known| if !known { *z = f64::NEG_INFINITY });
        let hard = y.mapv(|y| y > 0.5);
        let option = ndarray::Zip::from(&hard).and(&known).map_collect(|&y, &known| known.then_some(y));
        let option = derivatives(&loss, &z, Targets::new(&option));
        let of = |unknown: f64| ndarray::Zip::from(&hard).and(&known).map_collect(|&y, &known| if known { f64::from(u8::from(y)) } else { unknown });
        let nan = of(f64::NAN);
        let integer = of(-1.0).mapv(|y| y as i8);
        let byte = of(255.0).mapv(|y| y as u8);
        let single = of(0.25).mapv(|y| y as f32);
        let weight = known.mapv(|known| f64::from(u8::from(known)));
        for other in [
            derivatives(&loss, &z, Targets::new(&nan).ignore(f64::NAN)),
            derivatives(&loss, &z, Targets::new(&integer).ignore(-1)),
            derivatives(&loss, &z, Targets::new(&byte).ignore(255)),
            derivatives(&loss, &z, Targets::new(&single).ignore(0.25)),
            derivatives(&loss, &z, Targets::new(&nan).weights(&weight)),
        ] {
            prop_assert_eq!(option.value, other.value);
            prop_assert_eq!(bits(&option), bits(&other));
        }
    }

    #[test]
    fn class_weights_are_weights_that_broadcast(setting in settings(), (z, y) in batch(), class_weight in vec(weights(), CLASSES)) {
        let plain = setting.unreduced();
        let weighted = summed(&setting.builder().class_weight(class_weight.clone()));
        let of_classes = Array1::from(class_weight);
        let as_matrix = of_classes.clone().insert_axis(Axis(0));
        let of_elements = of_classes.broadcast(z.raw_dim()).unwrap().to_owned();
        let by_class = derivatives(&weighted, &z, Targets::new(&y));
        for other in [
            derivatives(&plain, &z, Targets::new(&y).weights(&of_classes)),
            derivatives(&plain, &z, Targets::new(&y).weights(&as_matrix)),
            derivatives(&plain, &z, Targets::new(&y).weights(&of_elements)),
        ] {
            prop_assert_eq!(by_class.value, other.value);
            prop_assert_eq!(bits(&by_class), bits(&other));
        }
    }

    /// On labels 0 and 1 a positive weight is a weight of elements, whatever the formulation.
    #[test]
    fn positive_weights_are_weights_of_positives(setting in settings(), (z, y) in batch(), pos_weight in vec(weights(), CLASSES)) {
        let hard = y.mapv(|y| y > 0.5);
        let of_elements = Array2::from_shape_fn(z.raw_dim(), |(i, j)| if hard[[i, j]] { pos_weight[j] } else { 1.0 });
        let weighted = derivatives(&summed(&setting.builder().pos_weight(pos_weight)), &z, Targets::new(&hard));
        let other = derivatives(&setting.unreduced(), &z, Targets::new(&hard).weights(&of_elements));
        prop_assert_eq!(weighted.value, other.value);
        prop_assert_eq!(bits(&weighted), bits(&other));
    }

    #[test]
    fn weights_of_a_sum_are_an_upstream_gradient(builder in builders(), (z, y) in batch(), u in vec(weights(), 100)) {
        let loss = summed(&builder);
        let u = Array2::from_shape_vec(z.raw_dim(), u[..z.len()].to_vec()).unwrap();
        let weighted = loss.gradient(&z, Targets::new(&y).weights(&u)).unwrap();
        prop_assert_eq!(weighted, loss.vjp(&z, &y, &u).unwrap());
        // And with both, their product.
        let both = loss.vjp(&z, Targets::new(&y).weights(&u), &u).unwrap();
        assert_all_close(&both, &loss.vjp(&z, &y, &(&u * &u)).unwrap(), 1e-15)?;
    }

    #[test]
    fn batch_mean_times_rows_is_the_sum(builder in builders(), (z, y) in batch()) {
        let mean = derivatives(&builder.clone().reduction(Reduction::BatchMean).build().unwrap(), &z, Targets::new(&y));
        let sum = derivatives(&summed(&builder), &z, Targets::new(&y));
        let rows = z.nrows() as f64;
        assert_close(mean.value * rows, sum.value, 1e-15)?;
        assert_all_close(&(mean.gradient * rows), &sum.gradient, 1e-15)?;
        assert_all_close(&(mean.hessian_diagonal * rows), &sum.hessian_diagonal, 1e-15)?;
    }

    #[test]
    fn positive_mean_divides_by_positives(builder in builders(), (z, y) in batch(), known in vec(any::<bool>(), 100)) {
        let smoothing = builder.clone().build().unwrap().settings().label_smoothing();
        let masked = Array2::from_shape_fn(z.raw_dim(), |(i, j)| if known[i * CLASSES + j] { y[[i, j]] } else { -1.0 });
        let labels = masked.iter().filter(|&&y| y >= 0.0).map(|y| y * (1.0 - smoothing) + smoothing / 2.0);
        let divisor = labels.sum::<f64>().max(1.0);
        let loss = builder.clone().reduction(Reduction::PositiveMean).build().unwrap();
        let value = loss.forward(&z, Targets::new(&masked).ignore(-1.0)).unwrap();
        let sum = summed(&builder).forward(&z, Targets::new(&masked).ignore(-1.0)).unwrap();
        assert_close(value, sum / divisor, 1e-14)?;
    }

    #[test]
    fn smoothing_is_that_of_targets(builder in builders(), (z, y) in batch(), alpha in 0.0..1.0) {
        let smoothed = y.mapv(|y| y * (1.0 - alpha) + alpha / 2.0);
        let loss = summed(&builder.clone().label_smoothing(alpha));
        let plain = summed(&builder.label_smoothing(0.0));
        let (smooth, other) = (derivatives(&loss, &z, Targets::new(&y)), derivatives(&plain, &z, Targets::new(&smoothed)));
        // A label is one rounding off where the formula fuses the sum; a weight bᵉ multiplies that by |ln b| and more.
        assert_close(smooth.value, other.value, 1e-11)?;
        assert_all_close(&smooth.gradient, &other.gradient, 1e-10)?;
    }

    #[test]
    fn shards_add_up(builder in builders(), (z, y) in batch(), u in vec(weights(), 100), cut in 0..20_usize) {
        let cut = cut.min(z.nrows());
        let u = Array2::from_shape_vec(z.raw_dim(), u[..z.len()].to_vec()).unwrap();
        let total = (&u * &class_weights(&builder)).sum();
        prop_assume!(total > 0.0);
        let whole = builder.clone().reduction(Reduction::WeightedMean).build().unwrap();
        let part = builder.reduction(Reduction::Divisor(total)).build().unwrap();
        let whole = derivatives(&whole, &z, Targets::new(&y).weights(&u));
        let parts = [0..cut, cut..z.nrows()].map(|rows| {
            let of = |array: &Array2<f64>| array.slice(s![rows.clone(), ..]).to_owned();
            derivatives(&part, &of(&z), Targets::new(&of(&y)).weights(&of(&u)))
        });
        assert_close(parts[0].value + parts[1].value, whole.value, 1e-14)?;
        let gradient = concatenate(Axis(0), &[parts[0].gradient.view(), parts[1].gradient.view()]).unwrap();
        assert_all_close(&gradient, &whole.gradient, 1e-15)?;
    }

    /// Whatever is known and weighed, and from wherever labels come.
    #[test]
    fn weighted_mean_divides_by_all_weights_of_elements(
        builder in builders(),
        (z, y) in batch(),
        u in vec(weights(), 100),
        known in vec(any::<bool>(), 100),
    ) {
        let u = Array2::from_shape_vec(z.raw_dim(), u[..z.len()].to_vec()).unwrap();
        let known = Array2::from_shape_vec(z.raw_dim(), known[..z.len()].to_vec()).unwrap();
        let hard = y.mapv(|y| y > 0.7);
        let labels = Array2::from_shape_fn(z.raw_dim(), |at| known[at].then_some(hard[at]));
        let (present, unknown) = (labels.mapv(|y| y == Some(true)), labels.mapv(|y| y.is_none()));
        let (present, unknown) = (sparse(present.view(), 1), sparse(unknown.view(), 0));
        let loss = builder.clone().reduction(Reduction::WeightedMean).build().unwrap();
        let ones = Array2::ones(z.raw_dim());
        for weights in [&u, &ones] {
            let one = known.mapv(|known| f64::from(u8::from(known)));
            let divisor = (&(weights * &class_weights(&builder)) * &one).sum();
            prop_assume!(divisor > 0.0);
            let sum = derivatives(&summed(&builder), &z, Targets::new(&labels).weights(weights));
            let mean = derivatives(&loss, &z, Targets::new(&labels).weights(weights));
            // Weights count in units of 2⁻⁵² of the largest, which may be that of an unknown label.
            let largest = (weights * &class_weights(&builder)).fold(0.0_f64, |largest, x| largest.max(*x));
            let tolerance = 1e-14 + 100.0 * f64::EPSILON * largest / divisor;
            assert_close(mean.value, sum.value / divisor, tolerance)?;
            assert_all_close(&mean.gradient, &(sum.gradient / divisor), tolerance)?;
            let lists = Targets::sparse(&present.0, &present.1).unknown(&unknown.0, &unknown.1);
            prop_assert_eq!(bits(&derivatives(&loss, &z, lists.weights(weights))), bits(&mean));
        }
        // What is not given is 1.
        let given = loss.forward(&z, Targets::new(&labels).weights(&ones)).unwrap();
        prop_assert_eq!(loss.forward(&z, &labels).unwrap().to_bits(), given.to_bits());
    }

    #[test]
    fn sparse_unknown_labels_are_unknown(builder in builders(), (z, y) in batch(), labels in vec(0..4_u8, 100)) {
        let loss = builder.build().unwrap();
        let dense = Array2::from_shape_fn(z.raw_dim(), |(i, j)| match labels[i * CLASSES + j] {
            0 => None,
            1 => Some(true),
            _ => Some(false),
        });
        let of = |label| sparse(dense.mapv(|y| y == label).view(), y.nrows() % 3);
        let (present, absent, unknown) = (of(Some(true)), of(Some(false)), of(None));
        let single = |(offsets, indices): &(Vec<usize>, Vec<usize>)| -> (Vec<i64>, Vec<u16>) {
            (offsets.iter().map(|&offset| offset as i64).collect(), indices.iter().map(|&index| index as u16).collect())
        };
        let (few, verified) = (single(&present), single(&absent));
        if let Ok(expected) = loss.derivatives(&z, Targets::new(&dense)) {
            for z in [z.clone(), fortran(&z), reversed(&z)] {
                let positives = Targets::sparse(&present.0, &present.1);
                for targets in [
                    positives.clone().unknown(&unknown.0, &unknown.1),
                    positives.absent(&absent.0, &absent.1),
                    Targets::sparse(&few.0, &few.1).absent(&verified.0, &verified.1),
                    Targets::sparse(&few.0, &few.1).unknown(&unknown.0, &unknown.1),
                ] {
                    let actual = loss.derivatives(&z, targets).unwrap();
                    prop_assert_eq!(actual.value, expected.value);
                    prop_assert_eq!(bits(&actual), bits(&expected));
                }
            }
        } else {
            let all = Targets::sparse(&present.0, &present.1).unknown(&unknown.0, &unknown.1);
            prop_assert!(loss.derivatives(&z, all).is_err());
        }
    }

    #[test]
    fn sparse_is_dense(builder in builders(), (z, y) in batch(), before in 0..4_usize) {
        let loss = builder.build().unwrap();
        let dense = y.mapv(|y| y > 0.7);
        let (offsets, indices) = sparse(dense.view(), before);
        let expected = derivatives(&loss, &z, Targets::new(&dense));
        for z in [z.clone(), fortran(&z), reversed(&z)] {
            let actual = loss.derivatives(&z, Targets::sparse(&offsets, &indices)).unwrap();
            prop_assert_eq!(actual.value, expected.value);
            prop_assert_eq!(bits(&actual), bits(&expected));
        }
    }
}

/// The weights of classes as they broadcast.
fn class_weights(builder: &Builder) -> Array1<f64> {
    Array1::from(builder.clone().build().unwrap().settings().class_weight().values().to_vec())
}

/// Rows as lists of present classes, behind the indices of other rows.
fn sparse(dense: ArrayView2<'_, bool>, before: usize) -> (Vec<usize>, Vec<usize>) {
    let (mut offsets, mut indices) = (vec![before], vec![usize::MAX; before]);
    for row in dense.rows() {
        indices.extend(row.iter().enumerate().filter(|(_, present)| **present).map(|(class, _)| class));
        offsets.push(indices.len());
    }
    indices.push(usize::MAX); // of no row
    (offsets, indices)
}

/// The units in which weights are counted are those of the products.
#[test]
fn a_huge_weight_in_a_class_that_weighs_nothing_takes_no_digits() {
    let builder = AsymmetricLoss::builder().class_weight([0.0, 1.0]).reduction(Reduction::WeightedMean);
    let loss = builder.build().unwrap();
    let (z, y, weights) = (array![[0.5, -1.0]], array![[1, 1]], array![[1e12, 3e-3]]);
    let mean = loss.forward(&z, Targets::new(&y).weights(&weights)).unwrap();
    assert_close(mean, AsymmetricLoss::default().forward(&array![-1.0], &array![1]).unwrap(), 1e-15).unwrap();
}

fn fortran(array: &Array2<f64>) -> Array2<f64> {
    let mut copy = Array2::zeros(array.raw_dim().f());
    copy.assign(array);
    copy
}

fn reversed(array: &Array2<f64>) -> Array2<f64> {
    let mut copy = array.clone();
    copy.invert_axis(Axis(0));
    copy.invert_axis(Axis(1));
    copy.assign(array);
    copy
}

/// Arrays that are cut into leaves, runs and stretches.
#[test]
fn large_sparse_is_dense() {
    for (rows, classes) in [(3, 20_000), (700, 70), (20_000, 3), (70_000, 1), (1, 100_000)] {
        let z = Array2::from_shape_fn((rows, classes), |(i, j)| ((i * 31 + j * 17) % 101) as f32 / 10.0 - 5.0);
        let dense = Array2::from_shape_fn((rows, classes), |(i, j)| (i * 7 + j * 13) % 29 < 2);
        let (offsets, indices) = sparse(dense.view(), 2);
        let loss = AsymmetricLoss::default();
        let (value, gradient) = loss.value_and_gradient(&z, &dense).unwrap();
        let (same, again) = loss.value_and_gradient(&z, Targets::sparse(&offsets, &indices)).unwrap();
        assert!(value == same && gradient == again, "{rows} × {classes}");
        let is_unknown = |(i, j)| !dense[[i, j]] && (i + 3 * j) % 7 == 0;
        let unknown = Array2::from_shape_fn((rows, classes), is_unknown);
        let labels = Array2::from_shape_fn((rows, classes), |at| (!is_unknown(at)).then_some(dense[at]));
        let (value, gradient) = loss.value_and_gradient(&z, &labels).unwrap();
        let (others, listed) = sparse(unknown.view(), 0);
        let targets = Targets::sparse(&offsets, &indices).unknown(&others, &listed);
        let (same, again) = loss.value_and_gradient(&z, targets).unwrap();
        assert!(value == same && gradient == again, "{rows} × {classes} with unknown labels");
    }
}

#[test]
fn sparse_is_dense_for_any_number_of_axes() {
    let loss = AsymmetricLoss::default();
    let z = Array3::from_shape_fn((2, 3, 4), |(i, j, k)| (i + 2 * j) as f64 - k as f64);
    let dense = Array3::from_shape_fn((2, 3, 4), |(i, j, k)| (i + j + k) % 3 == 0);
    let (offsets, indices) = sparse(dense.view().into_shape_with_order((6, 4)).unwrap(), 0);
    assert_eq!(loss.forward(&z, Targets::sparse(&offsets, &indices)), loss.forward(&z, &dense));
    let z = array![0.5, -1.0, 2.0];
    assert_eq!(loss.forward(&z, Targets::sparse(&[0, 2], &[0, 2])), loss.forward(&z, &array![1, 0, 1]));
    let z = ndarray::arr0(0.5);
    assert_eq!(loss.forward(&z, Targets::sparse(&[0, 1], &[0])), loss.forward(&z, &ndarray::arr0(1)));
    let nothing = Array2::<f64>::zeros((3, 0));
    let sum = summed(&AsymmetricLoss::builder());
    assert_eq!(sum.forward(&nothing, Targets::sparse(&[0, 0, 0, 0], &[0; 0])), Ok(0.0));
    assert_eq!(sum.forward(&Array2::<f64>::zeros((0, 3)), Targets::sparse(&[0], &[0; 0])), Ok(0.0));
}

#[test]
fn invalid_weights_are_refused() {
    let loss = AsymmetricLoss::default();
    let (z, y) = (Array2::<f32>::zeros((2, 3)), Array2::from_elem((2, 3), true));
    for (value, shown) in [
        (-1.0, "-1"),
        (f32::NAN, "NaN"),
        (f32::INFINITY, "inf"),
        (2e12, "1999999991808"),
        (-f32::MIN_POSITIVE, "-1.1754943508222875e-38"),
    ] {
        let mut weights = Array2::from_elem((2, 1), 1.0);
        weights[[1, 0]] = value;
        let error = loss.forward(&z, Targets::new(&y).weights(&weights)).unwrap_err();
        assert!(matches!(&error, Error::InvalidWeight { index, actual } if *index == [1, 0]
            && actual.to_bits() == f64::from(value).to_bits()));
        assert_eq!(error.to_string(), format!("weights must be between 0 and 1e12, but the one at [1, 0] is {shown}"));
    }
    let weights = Array2::<f32>::zeros((3, 1));
    let error = loss.gradient(&z, Targets::new(&y).weights(&weights)).unwrap_err();
    assert_eq!(error, Error::BroadcastMismatch { expected: vec![2, 3], actual: vec![3, 1] });
    assert_eq!(error.to_string(), "weights must broadcast to the shape [2, 3], but their shape is [3, 1]");
    for (name, builder) in [
        ("class_weight", AsymmetricLoss::builder().class_weight([1.0, f64::NAN])),
        ("pos_weight", AsymmetricLoss::builder().pos_weight([1.0, -0.5])),
        ("class_weight", AsymmetricLoss::builder().class_weight([1.0, f64::INFINITY])),
        ("alpha", AsymmetricLoss::builder().alpha([0.5, 1.0])),
        ("alpha", AsymmetricLoss::builder().alpha([0.5, f64::NAN])),
        ("pos_weight", AsymmetricLoss::builder().pos_weight([1.0, 1e-13])),
        ("class_weight", AsymmetricLoss::builder().class_weight([1.0, 2e12])),
    ] {
        let error = builder.build().unwrap_err();
        assert!(
            matches!(error, Error::ParameterOutOfRange { parameter, class: Some(1), .. } if parameter == name),
            "{error}"
        );
    }
    for alpha in [-0.1, 1.1, f64::NAN] {
        let error = AsymmetricLoss::builder().label_smoothing(alpha).build().unwrap_err();
        assert!(matches!(error, Error::ParameterOutOfRange { parameter: "label_smoothing", .. }));
    }
    let error = AsymmetricLoss::builder().class_weight([1, 2]).pos_weight([1, 2, 3]).build().unwrap_err();
    assert_eq!(error, Error::ParameterLength { parameter: "pos_weight", expected: 2, actual: 3 });
}

/// A label that is no label is found where it counts, and only there.
#[test]
fn invalid_labels_are_found_where_they_count_and_only_there() {
    let loss = AsymmetricLoss::default();
    let z = Array2::<f64>::zeros((3, 40));
    let mut y = Array2::zeros((3, 40));
    let mut weights = Array2::ones((3, 40));
    (y[[0, 7]], weights[[0, 7]]) = (5.0, 0.0);
    y[[1, 3]] = f64::NAN;
    assert!(loss.forward(&z, Targets::new(&y).weights(&weights).ignore(f64::NAN)).is_ok());
    y[[2, 9]] = -0.5;
    let error = loss.forward(&z, Targets::new(&y).weights(&weights).ignore(f64::NAN)).unwrap_err();
    assert_eq!(error, Error::InvalidTarget { index: vec![2, 9], actual: -0.5 });
    let mut class_weight = vec![1.0; 40];
    class_weight[9] = 0.0;
    let by_class = loss.to_builder().class_weight(class_weight).build().unwrap();
    assert!(by_class.forward(&z, Targets::new(&y).weights(&weights).ignore(f64::NAN)).is_ok());
    let error = by_class.forward(&z, &y).unwrap_err();
    assert_eq!(error, Error::InvalidTarget { index: vec![0, 7], actual: 5.0 });
}

#[test]
fn only_means_of_nothing_are_errors() {
    let with = |reduction| AsymmetricLoss::builder().reduction(reduction).build().unwrap();
    let z = Array2::<f64>::zeros((2, 2));
    let (unknown, absent) = (Array2::from_elem((2, 2), None::<bool>), Array2::from_elem((2, 2), false));
    let zeros = Array2::<f64>::zeros((2, 1));
    let empty = Error::EmptyMean { shape: vec![2, 2] };
    assert_eq!(with(Reduction::Mean).forward(&z, &unknown), Err(empty.clone()));
    assert_eq!(with(Reduction::WeightedMean).forward(&z, &unknown), Err(empty.clone()));
    assert_eq!(with(Reduction::WeightedMean).forward(&z, Targets::new(&absent).weights(&zeros)), Err(empty));
    assert_eq!(with(Reduction::Mean).forward(&z, Targets::new(&absent).weights(&zeros)), Ok(0.0));
    for reduction in [Reduction::Sum, Reduction::BatchMean, Reduction::PositiveMean, Reduction::Divisor(3.0)] {
        assert_eq!(with(reduction).forward(&z, &unknown), Ok(0.0));
    }
    // Without positives the divisor is 1.
    let all_negative = with(Reduction::PositiveMean).forward(&z, &absent);
    assert_eq!(all_negative, with(Reduction::Sum).forward(&z, &absent));
    let (no_rows, no_classes) = (Array2::<f64>::zeros((0, 2)), Array2::<f64>::zeros((2, 0)));
    assert_eq!(with(Reduction::BatchMean).forward(&no_rows, &no_rows), Err(Error::EmptyMean { shape: vec![0, 2] }));
    assert_eq!(with(Reduction::BatchMean).forward(&no_classes, &no_classes), Ok(0.0));
    assert_eq!(with(Reduction::PositiveMean).forward(&no_rows, &no_rows), Ok(0.0));
    let one_row = Array1::<f64>::zeros(3);
    assert_eq!(
        with(Reduction::BatchMean).forward(&one_row, &one_row),
        with(Reduction::Sum).forward(&one_row, &one_row)
    );
}

/// α-balancing as its authors write it: α for positives, 1 − α for negatives.
#[test]
fn alpha_weighs_positives_and_its_complement_negatives() {
    let plain = AsymmetricLoss::default();
    let balanced = AsymmetricLoss::builder().alpha([0.75, 0.25]).build().unwrap();
    let (z, y) = (array![[0.5_f64, 0.5], [-2.0, 3.0]], array![[1, 0], [0, 1]]);
    let (plain, balanced) = (plain.losses(&z, &y).unwrap(), balanced.losses(&z, &y).unwrap());
    let expected = plain * array![[0.75, 0.75], [0.25, 0.25]];
    assert!((balanced - &expected).iter().zip(&expected).all(|(error, x)| error.abs() <= 4e-16 * x.abs()));
}

/// Whatever stands where nothing counts.
#[test]
fn ignored_elements_are_zero_whatever_they_hold() {
    let numbers = [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, f64::MAX, -1e300, 800.0, 0.0];
    for implementation in crate::common::IMPLEMENTATIONS {
        let loss = AsymmetricLoss::builder().implementation(implementation).reduction(Reduction::Sum);
        let loss = loss.pos_weight([0, 1, 1]).class_weight([1, 0, 1]).build().unwrap();
        for z in numbers {
            for y in numbers {
                let logits = array![[z, z, z]];
                let targets = array![[1.0, y, 0.5]];
                let weights = array![[1.0, 1.0, 0.0]];
                let d = loss.derivatives(&logits, Targets::new(&targets).weights(&weights)).unwrap();
                assert!(d.value == 0.0 && d.gradient == array![[0.0; 3]] && d.hessian_diagonal == array![[0.0; 3]]);
                assert_eq!(loss.losses(&logits, Targets::new(&targets).weights(&weights)).unwrap(), array![[0.0; 3]]);
            }
        }
        let upstream = array![[f64::INFINITY, f64::NAN, 0.0]];
        let gradient = loss.vjp(&array![[1.0, 1.0, f64::NAN]], &array![[1.0, 0.0, 0.0]], &upstream).unwrap();
        assert_eq!(gradient, array![[0.0; 3]]);
    }
}

/// The last stretch of a run is padded, and nothing of an earlier one may be left in it.
#[test]
fn padding_does_not_count() {
    let loss = AsymmetricLoss::builder().class_weight([0, 1, 1]).build().unwrap();
    for rows in 1..50 {
        let mut y = Array2::<u8>::zeros((rows, 3));
        y[[rows / 2, 0]] = 2;
        loss.forward(&Array2::<f32>::zeros((rows, 3)), &y).unwrap();
        loss.parameter_gradients(&Array2::<f32>::zeros((rows, 3)), &y).unwrap();
    }
}

/// Weights at the ends of their range, and logits at the ends of theirs.
#[test]
fn extreme_weights_give_numbers() {
    for implementation in crate::common::IMPLEMENTATIONS {
        let with = |pos_weight: f64| {
            let builder = AsymmetricLoss::builder().implementation(implementation).pos_weight(pos_weight);
            builder.reduction(Reduction::Sum)
        };
        // The limit: neither label costs anything.
        let nothing = with(0.0).build().unwrap();
        for (z, y) in [(f64::NEG_INFINITY, 0.5), (-1e300, 0.5), (f64::NEG_INFINITY, 0.999)] {
            let d = nothing.derivatives(&array![z], &array![y]).unwrap();
            assert!(d.value == 0.0 && d.gradient[0] == 0.0 && d.hessian_diagonal[0] == 0.0, "{implementation}: {d:?}");
        }
        let smoothed = with(0.0).label_smoothing(0.1).build().unwrap();
        assert_eq!(smoothed.forward(&array![f64::NEG_INFINITY], &array![1]), Ok(0.0));
        let large = with(1e6).build().unwrap().forward(&array![-1e33_f32], &array![1e-3_f32]).unwrap();
        assert!(large.is_finite(), "{implementation}: {large}");
        for pos_weight in [1e-12, 1e3, 1e7, 1e12] {
            for gamma in [0.0, 1.0, 4.0] {
                let loss = with(pos_weight).gamma_neg(gamma).gamma_pos(gamma).prob_margin(0).build().unwrap();
                for z in [-3e38_f32, -1e37, -100.0, -10.0, 0.0, 10.0, 100.0, 3e38] {
                    for y in [0.0_f32, 1e-34, 1e-20, 0.5, 1.0 - f32::EPSILON, 1.0] {
                        let d = loss.derivatives(&array![z], &array![y]).unwrap();
                        let numbers = [d.value, d.gradient[0], d.hessian_diagonal[0]];
                        let case = format!("{implementation}, π {pos_weight:e}, γ {gamma}, z {z:e}, y {y:e}");
                        assert!(numbers.iter().all(|x| !x.is_nan()), "{case}: {numbers:?}");
                    }
                }
            }
        }
    }
    // What underflows is not left out: its bits do not depend on other weights.
    let loss = AsymmetricLoss::builder().class_weight(1e-12).build().unwrap();
    for other in [0.0, 1.0] {
        let weights = array![1e-37_f32, other];
        let losses = loss.losses(&array![f32::NAN, 0.0], Targets::new(&array![1, 1]).weights(&weights)).unwrap();
        assert!(losses[0].is_nan());
    }
}

/// Also where the divisor is a sum with roundings.
#[test]
fn positive_mean_is_the_same_in_every_layout() {
    let loss = AsymmetricLoss::builder().reduction(Reduction::PositiveMean).build().unwrap();
    for seed in 0..50 {
        let of = |factor: f64| move |(i, j): (usize, usize)| (((i * 17 + j + seed) as f64) * factor).sin().abs();
        let (z, y) = (Array2::from_shape_fn((13, 17), of(1.7)), Array2::from_shape_fn((13, 17), of(0.77)));
        let expected = loss.gradient(&z, &y).unwrap();
        assert_eq!(loss.gradient(&fortran(&z), &fortran(&y)).unwrap(), expected);
        assert_eq!(loss.gradient(&z, &reversed(&y)).unwrap(), expected);
    }
}

/// A way in which an array lies in memory.
type Layout = fn(&Array2<f64>) -> Array2<f64>;

/// A sum in parts, because that of many numbers one after the other loses digits.
fn plain_sum(numbers: impl Iterator<Item = f64>) -> f64 {
    numbers.collect::<Vec<_>>().chunks(256).map(|part| part.iter().sum::<f64>()).sum()
}

/// What the sum is divided by does not depend on how labels and weights lie in memory, be they hard, soft, unknown, repeated, or
/// so many that they are counted on threads; and it is what a plain sum says.
#[test]
fn divisors_are_the_same_in_every_layout() {
    let layouts: [Layout; 3] = [Array2::clone, fortran, reversed];
    let sum = summed(&AsymmetricLoss::builder());
    for shape in [(3, 5), (64, 16), (300, 170), (1, 70_000), (70_000, 1)] {
        let draw = |factor: f64| move |(i, j): (usize, usize)| ((i * 17 + j + 1) as f64 * factor).sin().abs();
        let z = Array2::from_shape_fn(shape, draw(1.7));
        let soft = Array2::from_shape_fn(shape, draw(0.77)).mapv(|y| if y < 0.2 { -1.0 } else { y });
        let hard = soft.mapv(|y| if y < 0.0 { y } else { y.round() });
        let weights = Array2::from_shape_fn(shape, draw(0.31)).mapv(|w| if w < 0.1 { 0.0 } else { 1e-3 + 1e6 * w });
        let of_rows = Array2::from_shape_fn((shape.0, 1), draw(0.31));
        for (labels, is_hard) in [(&soft, false), (&hard, true)] {
            for (weights, repeated) in [(&weights, false), (&of_rows, true)] {
                let full = weights.broadcast(shape).unwrap();
                let known = || labels.iter().zip(full).filter(|(y, _)| **y >= 0.0);
                for (reduction, divisor) in [
                    (Reduction::Mean, known().count() as f64),
                    (Reduction::PositiveMean, plain_sum(known().map(|(y, _)| *y)).max(1.0)),
                    (Reduction::WeightedMean, plain_sum(known().map(|(_, w)| *w))),
                ] {
                    let loss = sum.with_reduction(reduction).unwrap();
                    let targets = Targets::new(labels).ignore(-1.0).weights(weights);
                    let expected = loss.gradient(&z, targets.clone()).unwrap();
                    let by_hand = sum.gradient(&z, targets).unwrap() / divisor;
                    assert_all_close(&expected, &by_hand, 1e-13).unwrap();
                    for (of_labels, of_weights) in layouts.iter().flat_map(|a| layouts.iter().map(move |b| (a, b))) {
                        let (labels, weights) = (of_labels(labels), of_weights(weights));
                        let targets = Targets::new(&labels).ignore(-1.0).weights(&weights);
                        assert_eq!(loss.gradient(&z, targets).unwrap(), expected);
                        let all = of_weights(&full.to_owned());
                        if repeated {
                            let targets = Targets::new(&labels).ignore(-1.0).weights(&all);
                            assert_eq!(loss.gradient(&z, targets).unwrap(), expected);
                        }
                        if is_hard {
                            let bytes = labels.mapv(|y| y as i8);
                            let targets = Targets::new(&bytes).ignore(-1).weights(&weights);
                            assert_eq!(loss.gradient(&z, targets).unwrap(), expected);
                            let options = labels.mapv(|y| (y >= 0.0).then_some(y > 0.0));
                            let targets = Targets::new(&options).weights(&weights);
                            assert_eq!(loss.gradient(&z, targets).unwrap(), expected);
                        }
                    }
                }
            }
        }
    }
}

/// Weights of any size add up, and scalars have one.
#[test]
fn weights_of_any_size_add_up() {
    let loss = AsymmetricLoss::builder().reduction(Reduction::WeightedMean).build().unwrap();
    for weight in [1e-300_f64, 1e-30, 1.0, 3.0, 1e12] {
        let weights = array![weight, 3.0 * weight / 4.0, 0.0];
        let gradient = loss.gradient(&array![0.5, 0.5, 0.5], Targets::new(&array![1, 1, 1]).weights(&weights)).unwrap();
        let one = summed(&AsymmetricLoss::builder()).gradient(&array![0.5], &array![1]).unwrap()[0];
        assert!((gradient[0] - one / 1.75).abs() < 1e-15, "{weight:e}: {gradient}");
    }
    let (z, y, w) = (ndarray::arr0(0.5), ndarray::arr0(Some(1)), ndarray::arr0(2.5));
    assert_eq!(loss.forward(&z, Targets::new(&y).weights(&w)), loss.forward(&z, &y));
}

// --- Weights whose product is too small for the type ---------------------------------------------------

/// What a huge loss brings back must not be lost before it does.
#[test]
fn products_of_weights_do_not_lose_huge_losses() {
    for implementation in crate::common::IMPLEMENTATIONS {
        let weighted = |weight: f64| AsymmetricLoss::builder().implementation(implementation).class_weight(weight);
        let loss = weighted(1e-12).reduction(Reduction::Sum).build().unwrap();
        for (z, weight, expected) in [
            (f32::NEG_INFINITY, 1e-35_f32, f32::INFINITY),
            (-3e38, 1e-35, 3e38 * 1e-12 * 1e-35),
            (-3e38, 1e-30, 3e38 * 1e-12 * 1e-30),
            (-3e38, 1e-20, 3e38 * 1e-12 * 1e-20),
            (-2.0, 1e-35, 0.0),
        ] {
            let (logits, labels, weights) = (array![[z]], array![[1]], array![[weight]]);
            let targets = || Targets::new(&labels).weights(&weights);
            let losses = loss.losses(&logits, targets()).unwrap();
            let (value, gradient) = loss.value_and_gradient(&logits, targets()).unwrap();
            let close = |x: f32| x == expected || (x - expected).abs() <= 1e-6 * expected;
            assert!(close(value) && close(losses[[0, 0]]), "{implementation}, {z:e}, {weight:e}: {value:e}");
            assert!(gradient[[0, 0]] <= 0.0, "{implementation}, {z:e}, {weight:e}: {gradient}");
            let slopes = loss.parameter_gradients(&logits, targets()).unwrap();
            assert!(!slopes.gamma_pos[0].is_nan() && slopes.gamma_neg[0] == 0.0 && slopes.prob_margin[0] == 0.0);
        }
    }
}

/// Weights and an upstream gradient are multiplied such that no product leaves the range before another brings it back.
#[test]
fn products_with_upstream_gradients_stay_in_range() {
    for (class_weight, weight, upstream) in [(1e12, 1e-30_f32, 1e-15_f32), (1e-12, 1e12, 1e30), (1e-12, 1e-20, 1e30)] {
        let (logits, labels, weights) = (array![[2.0_f32]], array![[0]], array![[weight]]);
        let with =
            |weight: f64| AsymmetricLoss::builder().class_weight(weight).reduction(Reduction::Sum).build().unwrap();
        let targets = Targets::new(&labels).weights(&weights);
        let gradient = with(class_weight).vjp(&logits, targets, &array![[upstream]]).unwrap()[[0, 0]];
        let plain = f64::from(with(1.0).gradient(&logits, &labels).unwrap()[[0, 0]]);
        let expected = plain * class_weight * f64::from(weight) * f64::from(upstream);
        assert!((f64::from(gradient) / expected - 1.0).abs() < 1e-6, "{gradient:e} instead of {expected:e}");
    }
}

/// The sum of such weights has no reciprocal in the type of the logits.
#[test]
fn weighted_mean_of_the_smallest_weights_is_the_plain_mean() {
    let (logits, labels) = (array![[0.5_f32, -1.0, 3.0], [2.0, 0.0, -4.0]], array![[1, 0, 0], [0, 1, 1]]);
    let loss = AsymmetricLoss::builder().reduction(Reduction::WeightedMean).build().unwrap();
    let (plain, plain_gradient) = loss.value_and_gradient(&logits, &labels).unwrap();
    let plain_slopes = loss.parameter_gradients(&logits, &labels).unwrap();
    for weight in [1e-45_f32, 1e-40, 1e-30, 1e-19, 1e-17, 1.0] {
        let weights = array![[weight]];
        let (value, gradient) = loss.value_and_gradient(&logits, Targets::new(&labels).weights(&weights)).unwrap();
        assert!((value - plain).abs() <= 2.0 * f32::EPSILON * plain, "{weight:e}: {value}, not {plain}");
        for (weighted, plain) in gradient.iter().zip(&plain_gradient) {
            assert!((weighted - plain).abs() <= 4.0 * f32::EPSILON * plain.abs(), "{weight:e}: {gradient}");
        }
        let slopes = loss.parameter_gradients(&logits, Targets::new(&labels).weights(&weights)).unwrap();
        for (weighted, plain) in [
            (&slopes.gamma_neg, &plain_slopes.gamma_neg),
            (&slopes.gamma_pos, &plain_slopes.gamma_pos),
            (&slopes.prob_margin, &plain_slopes.prob_margin),
        ] {
            assert!((weighted[0] - plain[0]).abs() <= 4.0 * f32::EPSILON * plain[0].abs(), "{weight:e}: {weighted}");
        }
    }
}
