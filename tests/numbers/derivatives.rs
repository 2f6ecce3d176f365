//! Every derivative against central differences of what it claims to be the derivative of.

use crate::common::{STENCIL, Setting, gammas, hard_targets, logits, settings, targets};
use asymmetric_loss::{
    AsymmetricLoss, Curvature, Error, Implementation, Reduction, Targets, activation, focal, margin, reduction,
};
use ndarray::{Array1, Array2, array};
use proptest::collection::vec;
use proptest::prelude::*;

/// The relative error that the differences may have by themselves.
const TOLERANCE: f64 = 1e-8;

/// A step small enough for the stencil everywhere, large enough to keep the digits of the differences.
const STEP: f64 = 1.0 / 256.0;

/// f′ by differences with a step per element, and the rounding error that they may have.
fn differences(
    x: &Array1<f64>,
    steps: &Array1<f64>,
    mut f: impl FnMut(&Array1<f64>) -> Array1<f64>,
) -> [Array1<f64>; 2] {
    let (mut derivative, mut largest) = (Array1::zeros(x.len()), Array1::<f64>::zeros(x.len()));
    for (offset, weight) in STENCIL {
        let values = f(&(x + &(steps * offset)));
        derivative = derivative + &values * weight;
        largest.zip_mut_with(&values, |largest, value| *largest = largest.max(value.abs()));
    }
    [derivative / steps, largest * (64.0 * f64::EPSILON) / steps]
}

fn check(
    name: &str,
    x: &Array1<f64>,
    actual: &Array1<f64>,
    [expected, rounding]: [Array1<f64>; 2],
) -> Result<(), TestCaseError> {
    for i in 0..x.len() {
        let allowed = TOLERANCE * expected[i].abs() + rounding[i] + 1e-290;
        let error = (actual[i] - expected[i]).abs();
        prop_assert!(error <= allowed, "{name} at {:?}: {:e}, by differences {:e}", x[i], actual[i], expected[i]);
    }
    Ok(())
}

/// Steps that shrink towards the kink, where the higher derivatives of a fractional power grow, and the logits on
/// the grid of their step, so that no logit of the stencil is rounded.
fn on_grid(setting: Setting, logits: &[f64]) -> [Array1<f64>; 2] {
    let kink = setting.kink();
    let step = |z: f64| STEP.min(((z - kink).abs() / 64.0).max(2f64.powi(-30)).log2().floor().exp2());
    let steps: Array1<f64> = logits.iter().map(|&z| step(z)).collect();
    let logits = logits.iter().zip(&steps).map(|(z, h)| (z / h).round() * h).collect();
    [logits, steps]
}

/// Settings, with logits anywhere and logits beside the kink.
fn cases(target: impl Strategy<Value = f64> + Clone) -> impl Strategy<Value = (Setting, Vec<(f64, f64)>)> {
    settings().prop_flat_map(move |setting| {
        let kink = setting.kink().max(-30.0);
        let beside = (-18.0..-1.0, any::<bool>()).prop_map(move |(e, above)| {
            let distance = f64::exp2(e);
            if above { kink + distance } else { kink - distance }
        });
        (Just(setting), vec((prop_oneof![logits(), beside], target.clone()), 1..24))
    })
}

fn check_derivatives(setting: Setting, elements: Vec<(f64, f64)>) -> Result<(), TestCaseError> {
    let (z, y): (Vec<_>, Vec<_>) = elements.into_iter().unzip();
    let [z, steps] = on_grid(setting, &z);
    let evaluate = |z: &Array1<f64>| setting.evaluate(z.as_slice().expect("contiguous"), &y);
    let [losses, gradient, hessian] = evaluate(&z);
    check("gradient", &z, &gradient, differences(&z, &steps, |z| evaluate(z)[0].clone()))?;
    // Where the gradient of a soft label passes through 0, its terms, which are of the size of the loss, do not.
    let [expected, rounding] = differences(&z, &steps, |z| evaluate(z)[1].clone());
    let rounding = rounding + losses * (64.0 * f64::EPSILON) / &steps;
    check("Hessian", &z, &hessian, [expected, rounding])
}

proptest! {
    #[test]
    fn derivatives_at_hard_labels_are_differences((setting, elements) in cases(hard_targets().boxed())) {
        check_derivatives(setting, elements)?;
    }

    #[test]
    fn derivatives_at_soft_labels_are_differences((setting, elements) in cases((0.0..1.0).boxed())) {
        check_derivatives(setting, elements)?;
    }

    /// The weight from its plain definition, frozen, times differences of the bare cross-entropy.
    #[test]
    fn detached_gradients_take_the_weight_as_constant(setting in settings(), elements in vec((-8.0..8.0, targets()), 1..24)) {
        let kink = setting.kink();
        let elements: Vec<_> = elements.into_iter().filter(|(z, _)| f64::abs(z - kink) > 1e-3).collect();
        let (z, y): (Vec<_>, Vec<_>) = elements.into_iter().unzip();
        let ([z, steps], y) = (on_grid(setting, &z), Array1::from(y));
        let p = z.mapv(|z| 1.0 / (1.0 + (-z).exp()));
        let u = p.mapv(|p| (p - setting.margin).max(0.0));
        let Setting { gamma_neg, gamma_pos, implementation, .. } = setting;
        let weights: Vec<[f64; 2]> = (0..z.len()).map(|i| match implementation {
            Implementation::AlibabaMiil => {
                let base = y[i] * (1.0 - p[i]) + (1.0 - y[i]) * u[i];
                [base.powf(y[i] * gamma_pos + (1.0 - y[i]) * gamma_neg); 2]
            }
            Implementation::DeepPsp => [(1.0 - p[i]).powf(gamma_pos), p[i].powf(gamma_neg)],
            _ => [(1.0 - p[i]).powf(gamma_pos), u[i].powf(gamma_neg)],
        }).collect();
        let entropy = |order: usize, z: &Array1<f64>| -> Array1<f64> {
            let z = z.as_slice().expect("contiguous");
            let bare = |y: f64| setting.unfocused().evaluate(z, &vec![y; z.len()])[order].clone();
            let (s, r) = (bare(1.0), bare(0.0));
            (0..z.len()).map(|i| y[i] * weights[i][0] * s[i] + (1.0 - y[i]) * weights[i][1] * r[i]).collect()
        };
        let detached = Setting { detached: true, ..setting };
        let [losses, gradient, hessian] =
            detached.evaluate(z.as_slice().expect("contiguous"), y.as_slice().expect("contiguous"));
        let attached = setting.evaluate(z.as_slice().expect("contiguous"), y.as_slice().expect("contiguous"));
        prop_assert_eq!(losses, &attached[0]);
        check("gradient", &z, &gradient, differences(&z, &steps, |z| entropy(0, z)))?;
        check("Hessian", &z, &hessian, differences(&z, &steps, |z| entropy(1, z)))?;
    }

    /// The check of JAX and of torch's gradcheck: the slope of the reduced value along a random direction.
    #[test]
    fn slope_along_a_direction_is_the_gradient_times_it(
        setting in settings(),
        (rows, classes) in (1..5_usize, 1..7_usize),
        elements in vec((-8.0..8.0, targets(), -1.0..1.0), 24),
    ) {
        let clear = setting.kink() + 0.2;
        let pick = |f: &dyn Fn(&(f64, f64, f64)) -> f64| {
            Array2::from_shape_fn((rows, classes), |(row, class)| f(&elements[row * classes + class]))
        };
        let z = pick(&|e| if (e.0 - setting.kink()).abs() < 0.2 { clear } else { e.0 });
        let (y, direction) = (pick(&|e| e.1), pick(&|e| e.2));
        let loss = setting.builder().reduction(Reduction::Mean).build()?;
        let (value, gradient) = loss.value_and_gradient(&z, &y)?;
        let along = |t: f64| loss.forward(&(&z + &(&direction * t)), &y);
        let slope = STENCIL.iter().map(|(offset, weight)| Ok(weight * along(offset * STEP)?)).sum::<Result<f64, Error>>()?;
        let terms = (&gradient * &direction).mapv(f64::abs).sum();
        let error = ((&gradient * &direction).sum() - slope / STEP).abs();
        prop_assert!(error <= TOLERANCE * terms + 64.0 * f64::EPSILON * value.abs() / STEP, "{error:e}");
    }

    #[test]
    fn vector_jacobian_products_are_differences(
        setting in settings(),
        elements in vec((logits(), targets(), -3.0..3.0, -3.0..3.0), 1..40),
    ) {
        let column = |f: fn(&(f64, f64, f64, f64)) -> f64| elements.iter().map(f).collect::<Array1<f64>>();
        let (z, y, a, b) = (column(|e| e.0), column(|e| e.1), column(|e| e.2), column(|e| e.3));
        let loss = setting.unreduced();
        let gradient = loss.gradient(&z, &y)?;
        prop_assert_eq!(loss.vjp(&z, &y, &a)?, &a * &gradient);
        prop_assert_eq!(loss.vjp(&z, &y, &Array1::ones(z.len()))?, &gradient);
        let [of_a, of_b, of_sum] = [loss.vjp(&z, &y, &a)?, loss.vjp(&z, &y, &b)?, loss.vjp(&z, &y, &(&a + &b))?];
        for i in 0..z.len() {
            let bound = 4.0 * f64::EPSILON * (of_a[i].abs() + of_b[i].abs()) + 1e-300;
            prop_assert!((of_sum[i] - (of_a[i] + of_b[i])).abs() <= bound);
        }
        let (sum, mean) = (setting.builder().reduction(Reduction::Sum).build()?, setting.builder().reduction(Reduction::Mean).build()?);
        let same = |x: f64| Array1::from_elem(z.len(), x);
        prop_assert_eq!(sum.vjp(&z, &y, &same(1.0))?, sum.gradient(&z, &y)?);
        prop_assert_eq!(mean.vjp(&z, &y, &same(1.0))?, sum.gradient(&z, &y)?);
        prop_assert_eq!(sum.vjp(&z, &y, &same(-2.5))?, &gradient * -2.5);
        prop_assert_eq!(sum.vjp(&z, &y, &same(-2.5))?, sum.gradient(&z, &y)? * -2.5);
    }

    #[test]
    fn derivatives_of_the_activation_are_differences(z in vec(logits(), 1..40)) {
        let [z, steps] = [z.iter().map(|z| (z / STEP).round() * STEP).collect(), Array1::from_elem(z.len(), STEP)];
        check("sigmoid", &z, &activation::sigmoid_gradient(&z)?, differences(&z, &steps, |z| activation::sigmoid(z).expect("memory")))?;
        let log_sigmoid = differences(&z, &steps, |z| activation::log_sigmoid(z).expect("memory"));
        check("log-sigmoid", &z, &activation::log_sigmoid_gradient(&z)?, log_sigmoid)?;
    }

    #[test]
    fn derivatives_of_the_margin_are_differences(p in vec(0.0..1.0, 1..40), m in 0.0..0.9) {
        let p: Array1<f64> = p.into_iter().filter(|p| f64::abs(p - m) > 1e-3).collect();
        let steps = Array1::from_elem(p.len(), 2f64.powi(-12));
        let shift = differences(&p, &steps, |p| margin::shift(p, m).expect("a valid margin"));
        check("shift", &p, &margin::shift_gradient(&p, m)?, shift)?;
        prop_assert_eq!(margin::shift_gradient(&array![m, m.next_down(), m.next_up()], m)?, array![0.0, 0.0, 1.0]);
    }

    #[test]
    fn derivatives_of_the_focal_weight_are_differences(x in vec(1e-6..1.0, 1..40), gamma in gammas()) {
        let steps: Array1<f64> = x.iter().map(|x: &f64| (x / 64.0).log2().floor().exp2()).collect();
        let x = Array1::from(x);
        let weight = differences(&x, &steps, |x| focal::weight(x, gamma).expect("a valid exponent"));
        check("weight", &x, &focal::weight_gradient(&x, gamma)?, weight)?;
    }

    /// Both are linear: one difference is exact up to rounding.
    #[test]
    fn derivatives_of_reductions_are_differences(losses in vec(0.0..9.0, 1..40), nudged in any::<proptest::sample::Index>()) {
        let losses: Array1<f64> = Array1::from(losses);
        let i = nudged.index(losses.len());
        let mut more = losses.clone();
        more[i] += 0.5;
        let sum: f64 = (reduction::sum(&more) - reduction::sum(&losses)) / 0.5;
        let mean: f64 = (reduction::mean(&more)? - reduction::mean(&losses)?) / 0.5;
        prop_assert!((sum - reduction::sum_gradient(&losses)?[i]).abs() < 1e-12);
        prop_assert!((mean - reduction::mean_gradient(&losses)?[i]).abs() < 1e-12);
    }

    /// From either side of p = m: nothing at and below, a jump of dp/dz above where there is no weight.
    #[test]
    fn derivatives_at_the_kink_are_one_sided(setting in settings(), m in 1e-3..0.9, distance in -26.0..-10.0) {
        let setting = Setting { margin: m, ..setting };
        let h = f64::exp2(distance);
        let below = (setting.kink() - 4.0 * h) / h;
        let below = [below.floor() * h, below.floor() * h - h];
        for result in setting.evaluate(&below, &[0.0; 2]) {
            prop_assert_eq!(result, array![0.0, 0.0]);
        }
        let [losses, gradient, _] = setting.unfocused().evaluate(&[setting.kink() + h], &[0.0]);
        // −ln(1 − u) with u = m(1−m)h + …: the first neglected term is of the order of h.
        prop_assert!((losses[0] / h / (m * (1.0 - m)) - 1.0).abs() < 4.0 * h + 1e-15 / h);
        prop_assert!((gradient[0] / (m * (1.0 - m)) - 1.0).abs() < 4.0 * h);
    }
}

/// z = 0 is p = ½ exactly, so that m = ½ is met.
#[test]
fn loss_and_derivatives_are_zero_at_the_kink() {
    for implementation in crate::common::IMPLEMENTATIONS {
        for gamma_neg in [0.0, 0.5, 1.0, 2.5, 4.0] {
            let setting = Setting { gamma_neg, gamma_pos: 1.0, margin: 0.5, implementation, detached: false };
            for result in setting.evaluate(&[0.0, -0.0], &[0.0; 2]) {
                assert_eq!(result, array![0.0, 0.0], "{setting:?}");
            }
        }
    }
}

/// The Hessian is diagonal: with a reduction, weights and a safeguard of the curvature as without.
#[test]
fn hessian_vector_products_are_those_of_the_diagonal() {
    let logits = Array1::from_shape_fn(50, |i| 0.3 * f64::from(i as u32) - 7.5);
    let labels = Array1::from_shape_fn(50, |i| [0.0, 1.0, 0.3, -1.0][i % 4]);
    let vector = Array1::from_shape_fn(50, |i| [0.5, -2.0, 4.0, 0.0, 1.0][i % 5]);
    let weights = Array1::from_shape_fn(50, |i| [1.0, 0.25, 2.0][i % 3]);
    for curvature in [Curvature::Exact, Curvature::AtLeast(0.125)] {
        let loss = AsymmetricLoss::builder().curvature(curvature).reduction(Reduction::Divisor(8.0)).build().unwrap();
        let targets = || Targets::new(&labels).ignore(-1.0).weights(&weights);
        let product = loss.hessian_vector_product(&logits, targets(), &vector).unwrap();
        assert_eq!(product, loss.hessian_diagonal(&logits, targets()).unwrap() * &vector);
    }
    let error = AsymmetricLoss::default().hessian_vector_product(&logits, &labels, &Array1::zeros(3)).unwrap_err();
    assert_eq!(error, Error::ShapeMismatch { array: "vector", expected: vec![50], actual: vec![3] });
}
