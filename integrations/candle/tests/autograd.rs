//! Value and gradient are those of candle's autograd, and bad input is an error.

use asymmetric_loss::{AsymmetricLoss, Reduction};
use candle_core::{DType, Device, Result, Tensor, Var};
use with_candle::{asymmetric_loss, plain};

fn logits(shape: (usize, usize)) -> Result<Var> {
    let numbers: Vec<f32> = (0..shape.0 * shape.1).map(|index| 5.0 * (index as f32).sin()).collect();
    Var::from_vec(numbers, shape, &Device::Cpu)
}

fn labels(shape: (usize, usize)) -> Result<Tensor> {
    let numbers: Vec<u8> = (0..shape.0 * shape.1).map(|index| u8::from(index % 7 < 2)).collect();
    Tensor::from_vec(numbers, shape, &Device::Cpu)
}

fn numbers(tensor: &Tensor) -> Vec<f32> {
    tensor.flatten_all().unwrap().to_vec1().unwrap()
}

/// Asserts that each number differs from its like by at most a hundred thousandth of the largest.
fn assert_equal(actual: &Tensor, expected: &Tensor) {
    assert_eq!(actual.dims(), expected.dims());
    let (actual, expected) = (numbers(actual), numbers(expected));
    let largest = expected.iter().fold(0.0, |largest: f32, number| largest.max(number.abs()));
    for (index, (actual, expected)) in actual.iter().zip(&expected).enumerate() {
        assert!((actual - expected).abs() <= 1e-5 * largest, "{index}: {actual} instead of {expected}");
    }
}

#[test]
fn value_and_gradient_are_those_of_autograd() {
    let loss = AsymmetricLoss::default();
    for shape in [(1, 1), (7, 5), (600, 80)] {
        let (logits, hard) = (logits(shape).unwrap(), labels(shape).unwrap());
        let soft = hard.to_dtype(DType::F32).unwrap();
        let fused = asymmetric_loss(&loss, &logits, &hard).unwrap();
        let gradient = fused.backward().unwrap();
        for plain in [plain::asymmetric_loss(&logits, &soft), plain::of_hard_labels(&logits, &hard)] {
            let plain = plain.unwrap();
            assert_equal(&fused, &plain);
            assert_equal(gradient.get(&logits).unwrap(), plain.backward().unwrap().get(&logits).unwrap());
        }
    }
}

/// The chain rule, before the loss and after it, on tensors whose elements do not lie in a row.
#[test]
fn gradient_flows_through_views() {
    let (logits, labels) = (logits((6, 8)).unwrap(), labels((8, 6)).unwrap().to_dtype(DType::F32).unwrap());
    let through = |loss: &dyn Fn(&Tensor, &Tensor) -> Result<Tensor>| -> Result<Tensor> {
        let view = (logits.t()? * 0.5)?.narrow(1, 1, 4)?;
        let of_one_row = labels.narrow(0, 2, 1)?.narrow(1, 1, 4)?.broadcast_as((8, 4))?;
        let of_two_rows = loss(&logits.t()?.narrow(0, 3, 2)?, &labels.narrow(0, 3, 2)?)?;
        let values = Tensor::stack(&[loss(&view, &of_one_row)?, of_two_rows], 0)?;
        Ok(values.powf(3.0)?.sum_all()?.backward()?.remove(&logits).unwrap())
    };
    let loss = AsymmetricLoss::default();
    let fused = through(&|logits, labels| asymmetric_loss(&loss, logits, labels)).unwrap();
    assert_equal(&fused, &through(&plain::asymmetric_loss).unwrap());
}

#[test]
fn other_settings_are_taken() {
    let loss = AsymmetricLoss::builder().reduction(Reduction::Sum).build().unwrap();
    let (logits, labels) = (logits((7, 5)).unwrap(), labels((7, 5)).unwrap());
    let sum = asymmetric_loss(&loss, &logits, &labels).unwrap();
    let mean = plain::of_hard_labels(&logits, &labels).unwrap();
    assert_equal(&sum, &(mean * 35.0).unwrap());
}

/// What the call returns, which must be an error that says this.
fn fails(logits: &Tensor, labels: &Tensor, message: &str) {
    let error = asymmetric_loss(&AsymmetricLoss::default(), logits, labels).unwrap_err().to_string();
    assert!(error.contains(message), "{error}");
}

#[test]
fn bad_input_is_an_error() {
    let tensor = |numbers: &[f32]| Tensor::new(numbers, &Device::Cpu).unwrap();
    fails(&tensor(&[0.5, 1.0]), &tensor(&[1.0, -1.0]), "-1");
    fails(&tensor(&[0.5, 1.0]), &Tensor::new(&[1_i64, -1], &Device::Cpu).unwrap(), "-1");
    fails(&tensor(&[0.5, 1.0]), &tensor(&[1.0, f32::NAN]), "NaN");
    fails(&tensor(&[0.5, 1.0]), &tensor(&[1.0, 0.0, 1.0]), "[3]");
    fails(&tensor(&[0.5, 1.0]), &tensor(&[1.0]), "[1]");
    fails(&tensor(&[]), &tensor(&[]), "mean");
    fails(&tensor(&[0.5, 1.0]).to_dtype(DType::F64).unwrap(), &tensor(&[1.0, 0.0]), "F64");
}

#[test]
fn not_a_number_stays_in_its_element() {
    let logits = Var::new(&[f32::NAN, 1.0], &Device::Cpu).unwrap();
    let labels = Tensor::new(&[1_u8, 0], &Device::Cpu).unwrap();
    let value = asymmetric_loss(&AsymmetricLoss::default(), &logits, &labels).unwrap();
    let gradient = numbers(value.backward().unwrap().get(&logits).unwrap());
    assert!(gradient[0].is_nan() && gradient[1] > 0.0, "{gradient:?}");
}
