//! Half precision: the arithmetic is that of `f32`, and each result is rounded once.

use asymmetric_loss::{AsymmetricLoss, Element, Implementation, Label, Reduction};
use half::{bf16, f16};
use ndarray::{Array, Array1, Array2, Dimension, s};
use std::fmt::Debug;

trait Half: Element<Float = f32> + Label + Debug {
    fn from_bits(bits: u16) -> Self;
    fn to_bits(self) -> u16;
    fn from_f64(x: f64) -> Self;
}

macro_rules! half {
    ($($half:ident)*) => {$(
        impl Half for $half {
            fn from_bits(bits: u16) -> Self {
                $half::from_bits(bits)
            }
            fn to_bits(self) -> u16 {
                $half::to_bits(self)
            }
            fn from_f64(x: f64) -> Self {
                $half::from_f64(x)
            }
        }
    )*};
}
half!(f16 bf16);

fn every_pattern<T: Half>() -> Array1<T> {
    (0..=u16::MAX).map(T::from_bits).collect()
}

fn bits<T: Half, D: Dimension>(array: &Array<T, D>) -> Vec<u16> {
    array.iter().map(|x| x.to_bits()).collect()
}

/// Of the results in `f32`, each rounded; NaN by the rules of the type.
fn rounded<T: Half, D: Dimension>(array: &Array<f32, D>) -> Vec<u16> {
    array.iter().map(|&x| T::from_float(x).to_bits()).collect()
}

fn losses() -> Vec<AsymmetricLoss> {
    let mut losses = Vec::new();
    for implementation in [Implementation::AlibabaMiil, Implementation::DeepPsp, Implementation::Paper] {
        for (gamma_neg, margin) in [(4.0, 0.05), (2.5, 0.0), (0.0, 0.2)] {
            let builder = AsymmetricLoss::builder().gamma_neg(gamma_neg).prob_margin(margin);
            losses.push(builder.implementation(implementation).reduction(Reduction::Sum).build().unwrap());
        }
    }
    losses
}

/// Every bit pattern, infinities and NaN among them, against its `f32`.
fn check_every_pattern<T: Half>() {
    let narrow = every_pattern::<T>();
    let wide = narrow.mapv(|z| z.to_float());
    for loss in losses() {
        for y in [0.0, 1.0, 0.3] {
            let labels = narrow.mapv(|_| T::from_f64(y));
            let wide_labels = labels.mapv(|y| y.to_float());
            let d = loss.derivatives(&narrow, &labels).unwrap();
            let expected = loss.derivatives(&wide, &wide_labels).unwrap();
            assert_eq!(d.value.to_bits(), expected.value.to_bits(), "{loss} {y}");
            assert!(bits(&d.gradient) == rounded::<T, _>(&expected.gradient), "{loss} {y}");
            assert!(bits(&d.hessian_diagonal) == rounded::<T, _>(&expected.hessian_diagonal), "{loss} {y}");
            let losses = loss.losses(&wide, &wide_labels).unwrap();
            assert!(bits(&loss.losses(&narrow, &labels).unwrap()) == rounded::<T, _>(&losses), "{loss} {y}");
            for (z, slope) in narrow.iter().zip(&d.gradient) {
                assert_eq!(slope.to_float().is_nan(), z.to_float().is_nan(), "{loss} {y} {z:?}");
            }
        }
    }
}

#[test]
fn every_f16_gives_the_f32_result_rounded_once() {
    check_every_pattern::<f16>();
}

#[test]
fn every_bf16_gives_the_f32_result_rounded_once() {
    check_every_pattern::<bf16>();
}

/// Any layout, labels of any type, a buffer of one's own, and upstream gradients.
#[test]
fn every_layout_and_label_gives_the_f32_result_rounded_once() {
    fn check<T: Half>() {
        let logits = Array2::from_shape_fn((300, 70), |(i, j)| T::from_f64((i * 70 + j) as f64 % 97.0 * 0.1 - 5.0));
        let wide = logits.mapv(|z| z.to_float());
        let labels = wide.mapv(|z| z.sin() > 0.3);
        let loss =
            AsymmetricLoss::builder().gamma_neg(vec![2; 70]).reduction(Reduction::Divisor(300.0)).build().unwrap();
        let (value, gradient) = loss.value_and_gradient(&wide, &labels).unwrap();
        let expected = rounded::<T, _>(&gradient);
        let mut buffer = logits.mapv(|_| T::from_f64(7.0));
        assert_eq!(loss.value_and_gradient_into(&logits, &labels, &mut buffer).unwrap(), value);
        assert!(bits(&buffer) == expected);
        let fortran = logits.t().as_standard_layout().into_owned().reversed_axes();
        assert!(bits(&loss.gradient(&fortran, &labels).unwrap()) == expected);
        assert!(bits(&loss.gradient(&fortran, &labels.mapv(|y| T::from_f64(y.into()))).unwrap()) == expected);
        let reversed = s![..;-1, ..];
        let gradient = loss.gradient(&logits.slice(reversed), &labels.slice(reversed)).unwrap();
        assert!(bits(&gradient.slice(reversed).to_owned()) == expected);
        let soft = wide.mapv(|z| T::from_f64(f64::from(z.sin().abs())));
        let of_f64 = loss.gradient(&wide.mapv(f64::from), &soft).unwrap();
        assert_eq!(of_f64, loss.gradient(&wide.mapv(f64::from), &soft.mapv(|y| f64::from(y.to_float()))).unwrap());
        let upstream = wide.mapv(|z| T::from_f64(f64::from(z) + 6.0));
        let expected = loss.vjp(&wide, &labels, &upstream.mapv(|x| x.to_float())).unwrap();
        assert!(bits(&loss.vjp(&logits, &labels, &upstream).unwrap()) == rounded::<T, _>(&expected));
    }
    check::<f16>();
    check::<bf16>();
}

/// What the README says of the mean: its slopes leave the range of `f16`, those over a smaller divisor do not.
#[test]
fn a_mean_of_many_underflows_where_a_divisor_does_not() {
    let logits = Array2::from_elem((1250, 80), f16::from_f64(-1.0));
    let labels = Array2::from_elem((1250, 80), false);
    let vanished = |reduction| {
        let loss = AsymmetricLoss::builder().reduction(reduction).build().unwrap();
        loss.gradient(&logits, &labels).unwrap().iter().all(|x| x.to_f32() == 0.0)
    };
    assert!(vanished(Reduction::Mean) && !vanished(Reduction::Divisor(80.0)));
}
