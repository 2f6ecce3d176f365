//! What calls return: one pass or several, in which memory order, for labels of which type.

use asymmetric_loss::{AsymmetricLoss, Implementation, Label, Reduction, Targets, margin, ndarray as same_ndarray};
use ndarray::{Array, Array2, Array3, ArrayBase, Axis, Data, Dimension, IntoDimension, Ix3, ShapeBuilder, s};

fn logits(shape: (usize, usize)) -> Array2<f64> {
    Array2::from_shape_fn(shape, |(i, j)| ((i * 31 + j * 17) % 97) as f64 * 0.1 - 5.0)
}

fn labels(shape: (usize, usize)) -> Array2<bool> {
    Array2::from_shape_fn(shape, |(i, j)| (i * 7 + j * 3) % 5 == 0)
}

fn losses() -> impl Iterator<Item = AsymmetricLoss> {
    [Reduction::Mean, Reduction::Sum, Reduction::Divisor(7.0)].into_iter().flat_map(|reduction| {
        [Implementation::AlibabaMiil, Implementation::DeepPsp].map(|implementation| {
            let builder = AsymmetricLoss::builder().gamma_neg(2.5);
            builder.reduction(reduction).implementation(implementation).build().unwrap()
        })
    })
}

#[test]
fn one_pass_gives_the_bits_of_several() {
    let (logits, labels) = (logits((40, 70)), labels((40, 70)));
    for loss in losses() {
        let d = loss.derivatives(&logits, &labels).unwrap();
        assert_eq!(d.value, loss.forward(&logits, &labels).unwrap());
        assert_eq!(d.gradient, loss.gradient(&logits, &labels).unwrap());
        assert_eq!(d.hessian_diagonal, loss.hessian_diagonal(&logits, &labels).unwrap());
        assert_eq!((d.value, d.gradient.clone()), loss.value_and_gradient(&logits, &labels).unwrap());
        let (mut gradient, mut hessian) = (logits.clone(), logits.clone());
        assert_eq!(d.value, loss.derivatives_into(&logits, &labels, &mut gradient, &mut hessian).unwrap());
        assert_eq!((gradient, hessian), (d.gradient, d.hessian_diagonal));
    }
}

#[test]
fn reductions_divide_the_same_sum() {
    let (logits, labels) = (logits((40, 70)), labels((40, 70)));
    let of = |reduction| AsymmetricLoss::builder().reduction(reduction).build().unwrap();
    let by_count = of(Reduction::Divisor(2800.0)).derivatives(&logits, &labels).unwrap();
    assert_eq!(of(Reduction::Mean).derivatives(&logits, &labels).unwrap(), by_count);
    let sum = of(Reduction::Sum).derivatives(&logits, &labels).unwrap();
    assert_eq!(of(Reduction::Divisor(1.0)).derivatives(&logits, &labels).unwrap(), sum);
    let half = of(Reduction::Divisor(2.0)).derivatives(&logits, &labels).unwrap();
    assert_eq!((half.value, half.gradient), (sum.value / 2.0, sum.gradient / 2.0));
    assert_eq!(half.hessian_diagonal, sum.hessian_diagonal / 2.0);
}

/// Axes from the largest stride to the smallest.
fn order<S: Data, D: Dimension>(array: &ArrayBase<S, D>) -> Vec<usize> {
    let mut axes: Vec<_> = (0..array.ndim()).collect();
    axes.sort_by_key(|&axis| std::cmp::Reverse(array.strides()[axis].unsigned_abs()));
    axes
}

#[test]
fn results_follow_the_memory_order_of_the_logits() {
    let loss = AsymmetricLoss::default();
    for permutation in [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] {
        let logits = Array3::from_shape_fn((3, 4, 5), |(i, j, k)| (i * 20 + j * 5 + k) as f64 * 0.1 - 3.0);
        let logits = logits.permuted_axes(permutation.into_dimension());
        let labels = logits.mapv(|z| z > 0.0).as_standard_layout().into_owned();
        let expected = loss.gradient(&logits.as_standard_layout(), &labels).unwrap();
        let d = loss.derivatives(&logits, &labels).unwrap();
        let all: [Array<f64, Ix3>; 4] = [
            loss.losses(&logits, &labels).unwrap(),
            loss.vjp(&logits, &labels, &logits).unwrap(),
            d.gradient,
            d.hessian_diagonal,
        ];
        assert_eq!(all[2], expected, "{permutation:?}");
        for results in all {
            assert_eq!(order(&results), order(&logits), "{permutation:?}");
            assert!(results.as_slice_memory_order().is_some());
        }
    }
    // Columns that are far apart, and rows the other way round: as `map` has it.
    let logits = Array2::from_shape_fn((8, 6).f(), |(i, j)| (i + j) as f64 * 0.3 - 1.0);
    let view = logits.slice(s![..;-2, ..;2]);
    let gradient = loss.gradient(&view, &view.mapv(|z| z > 0.0)).unwrap();
    assert_eq!((gradient.shape(), gradient.strides()), (&[4, 3][..], &[-1, 4][..]));
    let reversed = logits.slice(s![..;-1, ..]);
    // So do those of the stages.
    for logits in [reversed, view, logits.view()] {
        let shifted = margin::shift(&logits, 0.0).unwrap();
        assert_eq!(shifted, logits.mapv(|z| z.max(0.0)));
        assert_eq!(shifted.strides(), loss.gradient(&logits, &logits.mapv(|z| z > 0.0)).unwrap().strides());
    }
    let gradient = loss.gradient(&reversed, &reversed.mapv(|z| z > 0.0)).unwrap();
    assert_eq!(gradient.strides(), reversed.mapv(|z| z).strides());
    // Elements that are repeated have no order of their own.
    let row = Array2::from_elem((1, 3), 0.5);
    let repeated = row.broadcast((4, 3)).unwrap();
    assert!(loss.gradient(&repeated, &repeated).unwrap().is_standard_layout());
}

#[test]
fn labels_may_be_of_any_type() {
    fn check<Y: Label + From<u8>>(bits: &[u64], of: impl Fn(&Array2<Y>) -> Vec<u64>) {
        let labels = labels((9, 70)).mapv(|y| Y::from(u8::from(y)));
        assert_eq!(of(&labels), bits, "{}", std::any::type_name::<Y>());
        assert_eq!(of(&labels.t().as_standard_layout().t().to_owned()), bits, "{}", std::any::type_name::<Y>());
    }
    let loss = AsymmetricLoss::default();
    let double = logits((9, 70));
    let single = double.mapv(|z| z as f32);
    fn bits<Y: Label>(loss: &AsymmetricLoss, logits: &Array2<f64>, single: &Array2<f32>, y: &Array2<Y>) -> Vec<u64> {
        let of_double = loss.gradient(logits, y).unwrap().mapv(f64::to_bits);
        let of_single = loss.gradient(single, Targets::new(y)).unwrap().mapv(|x| u64::from(x.to_bits()));
        of_double.into_iter().chain(of_single).collect()
    }
    let expected = bits(&loss, &double, &single, &labels((9, 70)));
    macro_rules! check {
        ($($label:ident)*) => {$( check::<$label>(&expected, |y| bits(&loss, &double, &single, y)); )*};
    }
    check!(u8 u16 u32 u64 u128 usize i16 i32 i64 i128 isize f32 f64);
    let known = labels((9, 70)).mapv(Some);
    assert_eq!(bits(&loss, &double, &single, &known), expected);
    let small = labels((9, 70)).mapv(i8::from);
    assert_eq!(bits(&loss, &double, &single, &small), expected);
}

/// Soft labels in another precision than the logits are rounded to it.
#[test]
fn soft_labels_may_have_another_precision() {
    let loss = AsymmetricLoss::default();
    let (double, single) = (ndarray::array![0.1, 0.9], ndarray::array![0.1_f32, 0.9]);
    let logits = ndarray::array![0.3_f32, -0.7];
    assert_eq!(loss.gradient(&logits, &double), loss.gradient(&logits, &single));
    let logits = ndarray::array![0.3, -0.7];
    assert_eq!(loss.gradient(&logits, &single), loss.gradient(&logits, &single.mapv(f64::from)));
}

/// A matrix of slices, row by row or column by column, with the ndarray of the crate.
#[test]
fn slices_become_views() {
    let (logits, labels) = (logits((30, 4)), labels((30, 4)));
    let loss = AsymmetricLoss::builder().gamma_neg([4, 2, 1, 0]).build().unwrap();
    let (value, expected) = loss.value_and_gradient(&logits, &labels).unwrap();
    for columns_first in [false, true] {
        let layout = |array: &Array2<f64>| if columns_first { array.t().to_owned() } else { array.clone() };
        let z: Vec<f64> = layout(&logits).into_iter().collect();
        let y: Vec<f64> = layout(&labels.mapv(f64::from)).into_iter().collect();
        let mut g = vec![0.0; z.len()];
        let shape = || (30, 4).set_f(columns_first);
        let result = loss.value_and_gradient_into(
            &same_ndarray::ArrayView2::from_shape(shape(), &z).unwrap(),
            &same_ndarray::ArrayView2::from_shape(shape(), &y).unwrap(),
            &mut same_ndarray::ArrayViewMut2::from_shape(shape(), &mut g).unwrap(),
        );
        assert!((result.unwrap() - value).abs() < 1e-15);
        assert_eq!(g, layout(&expected).into_iter().collect::<Vec<_>>());
    }
}

#[test]
fn upstream_gradients_multiply_those_of_the_losses() {
    let (logits, labels) = (logits((300, 170)), labels((300, 170)));
    let upstream = logits.mapv(|z| 1.0 + z * z);
    for loss in losses() {
        let sum = loss.to_builder().reduction(Reduction::Sum).build().unwrap();
        let expected = sum.gradient(&logits, &labels).unwrap() * &upstream;
        assert_eq!(loss.vjp(&logits, &labels, &upstream).unwrap(), expected);
        let reversed = upstream.slice(s![..;-1, ..]);
        let expected = sum.gradient(&logits, &labels).unwrap() * reversed;
        assert_eq!(loss.vjp(&logits, &labels, &reversed).unwrap(), expected);
        let across = upstream.t().as_standard_layout().into_owned();
        let mut expected = sum.gradient(&logits.t(), &labels.t()).unwrap();
        expected *= &across;
        assert_eq!(loss.vjp(&logits.t(), &labels.t(), &across).unwrap(), expected);
        assert_eq!(
            loss.vjp(&logits.index_axis(Axis(0), 3), &labels.index_axis(Axis(0), 3), &upstream.row(3)).unwrap(),
            expected.column(3)
        );
    }
}
