//! Value and gradient are those of burn's autodiff, and bad input is an error.

use asymmetric_loss::{AsymmetricLoss, Reduction};
use burn::backend::GradientCheckpointingStrategy;
use burn::tensor::{Device, FloatDType, Tensor, TensorData};
use with_burn::{asymmetric_loss, plain};

fn device() -> Device {
    Device::flex().autodiff()
}

fn logits(shape: [usize; 2]) -> Tensor<2> {
    let numbers: Vec<f32> = (0..shape[0] * shape[1]).map(|index| 5.0 * (index as f32).sin()).collect();
    Tensor::from_data(TensorData::new(numbers, shape), &device()).require_grad()
}

fn labels(shape: [usize; 2]) -> Tensor<2> {
    let numbers: Vec<f32> = (0..shape[0] * shape[1]).map(|index| if index % 7 < 2 { 1.0 } else { 0.0 }).collect();
    Tensor::from_data(TensorData::new(numbers, shape), &device())
}

fn numbers<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    tensor.into_data().try_to_vec().unwrap()
}

/// Asserts that each number differs from its like by at most a hundred thousandth of the largest.
fn assert_equal<const D: usize>(actual: Tensor<D>, expected: Tensor<D>) {
    assert_eq!(actual.dims(), expected.dims());
    let (actual, expected) = (numbers(actual), numbers(expected));
    let largest = expected.iter().fold(0.0, |largest: f32, number| largest.max(number.abs()));
    for (index, (actual, expected)) in actual.iter().zip(&expected).enumerate() {
        assert!((actual - expected).abs() <= 1e-5 * largest, "{index}: {actual} instead of {expected}");
    }
}

#[test]
fn value_and_gradient_are_those_of_autodiff() {
    let loss = AsymmetricLoss::default();
    for shape in [[1, 1], [7, 5], [600, 80]] {
        let (logits, labels) = (logits(shape), labels(shape));
        let fused = asymmetric_loss(&loss, logits.clone(), labels.clone()).unwrap();
        let gradient = logits.grad(&fused.backward()).unwrap();
        let hard = labels.clone().greater_elem(0.5);
        for plain in [plain::asymmetric_loss(logits.clone(), labels), plain::of_hard_labels(logits.clone(), hard)] {
            assert_equal(gradient.clone(), logits.grad(&plain.backward()).unwrap());
            assert_equal(fused.clone().inner(), plain.inner());
        }
    }
}

/// The chain rule, before the loss and after it, on tensors whose elements do not lie in a row.
#[test]
fn gradient_flows_through_views() {
    let (logits, labels) = (logits([6, 8]), labels([8, 6]));
    let through = |loss: &dyn Fn(Tensor<2>, Tensor<2>) -> Tensor<1>| {
        let view = (logits.clone().transpose() * 0.5).narrow(1, 1, 4);
        let of_one_row = labels.clone().narrow(0, 2, 1).narrow(1, 1, 4).expand([8, 4]);
        let flipped = loss(logits.clone().transpose().flip([0]).narrow(0, 3, 2), labels.clone().narrow(0, 3, 2));
        let values = Tensor::cat(vec![loss(view, of_one_row), flipped], 0);
        logits.grad(&values.powf_scalar(3.0).sum().backward()).unwrap()
    };
    let loss = AsymmetricLoss::default();
    let fused = through(&|logits, labels| asymmetric_loss(&loss, logits, labels).unwrap());
    assert_equal(fused, through(&plain::asymmetric_loss));
}

#[test]
fn logits_without_a_gradient_have_a_value() {
    let loss = AsymmetricLoss::builder().reduction(Reduction::Sum).build().unwrap();
    let (logits, labels) = (logits([7, 5]).detach(), labels([7, 5]));
    let sum = asymmetric_loss(&loss, logits.clone(), labels.clone()).unwrap();
    assert_equal(sum.inner(), plain::asymmetric_loss(logits, labels).inner() * 35.0);
}

/// What the call returns, which must be an error that says this.
fn fails(logits: Tensor<1>, labels: Tensor<1>, message: &str) {
    let error = asymmetric_loss(&AsymmetricLoss::default(), logits, labels).unwrap_err().to_string();
    assert!(error.contains(message), "{error}");
}

#[test]
fn bad_input_is_an_error() {
    let tensor = |numbers: &[f32]| Tensor::<1>::from_floats(numbers, &device());
    fails(tensor(&[0.5, 1.0]), tensor(&[1.0, -1.0]), "-1");
    fails(tensor(&[0.5, 1.0]), tensor(&[1.0, f32::NAN]), "NaN");
    fails(tensor(&[0.5, 1.0]), tensor(&[1.0, 0.0, 1.0]), "[3]");
    fails(tensor(&[0.5, 1.0]), tensor(&[1.0]), "[1]");
    fails(tensor(&[]), tensor(&[]), "mean");
    fails(tensor(&[0.5, 1.0]).inner(), tensor(&[1.0, 0.0]), "Mismatch");
    let checkpointed =
        tensor(&[0.5, 1.0]).with_gradient_checkpointing_strategy(GradientCheckpointingStrategy::Balanced);
    fails(checkpointed, tensor(&[1.0, 0.0]), "Balanced");
}

#[test]
fn other_floats_are_converted() {
    let loss = AsymmetricLoss::default();
    let value = asymmetric_loss(&loss, logits([7, 5]).cast(FloatDType::F64), labels([7, 5]).cast(FloatDType::F64));
    assert_equal(value.unwrap().inner(), plain::asymmetric_loss(logits([7, 5]), labels([7, 5])).inner());
}

#[test]
fn not_a_number_stays_in_its_element() {
    let logits = Tensor::<1>::from_floats([f32::NAN, 1.0], &device()).require_grad();
    let labels = Tensor::from_floats([1.0, 0.0], &device());
    let value = asymmetric_loss(&AsymmetricLoss::default(), logits.clone(), labels).unwrap();
    let gradient = numbers(logits.grad(&value.backward()).unwrap());
    assert!(gradient[0].is_nan() && gradient[1] > 0.0, "{gradient:?}");
}
