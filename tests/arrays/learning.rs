//! The derivatives in γ₋, γ₊ and m, and those in the logits under weights and smoothing, against central differences.

use crate::common::dual::Dual;
use crate::common::{IMPLEMENTATIONS, STENCIL, targets};
use asymmetric_loss::{AsymmetricLoss, Builder, Curvature, Implementation, Labels, Reduction, Targets};
use ndarray::{Array1, Array2, Ix2, array};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

const CLASSES: usize = 3;

const STEP: f64 = 1.0 / 512.0;

#[derive(Clone, Debug)]
struct Case {
    implementation: Implementation,
    /// γ₋, γ₊ and m of each class.
    parameters: [Vec<f64>; 3],
    rest: Builder,
    logits: Array2<f64>,
    labels: Array2<f64>,
    weights: Array2<f64>,
}

impl Case {
    fn loss(&self, [gamma_neg, gamma_pos, prob_margin]: [Vec<f64>; 3]) -> AsymmetricLoss {
        let builder = self.rest.clone().implementation(self.implementation);
        builder.gamma_neg(gamma_neg).gamma_pos(gamma_pos).prob_margin(prob_margin).build().expect("valid settings")
    }

    fn targets(&self) -> Targets<'_, f64, Labels<'_, f64, Ix2>> {
        Targets::new(&self.labels).weights(&self.weights).ignore(-1.0)
    }
}

fn cases() -> impl Strategy<Value = Case> {
    let gammas = || vec(select(vec![0.5, 1.0, 1.5, 2.0, 3.3, 4.0]), CLASSES);
    let margins = vec(select(vec![0.05, 0.1, 0.3]), CLASSES);
    let reductions = select(vec![Reduction::Mean, Reduction::Sum, Reduction::WeightedMean]);
    let rest = (vec(0.1..4.0, CLASSES), vec(0.1..4.0, CLASSES), select(vec![0.0, 0.1]), reductions).prop_map(
        |(class_weight, pos_weight, smoothing, reduction)| {
            let builder = AsymmetricLoss::builder().class_weight(class_weight).pos_weight(pos_weight);
            builder.label_smoothing(smoothing).reduction(reduction)
        },
    );
    let labels = prop_oneof![4 => targets(), 1 => Just(-1.0)];
    (1..9_usize, select(IMPLEMENTATIONS.to_vec()), gammas(), gammas(), margins, rest)
        .prop_flat_map(move |(rows, implementation, gamma_neg, gamma_pos, margin, rest)| {
            let elements = (vec(-6.0..6.0, rows * CLASSES), vec(labels.clone(), rows * CLASSES), vec(0.5..3.0, rows));
            (Just((implementation, [gamma_neg, gamma_pos, margin], rest)), elements)
        })
        .prop_map(|((implementation, parameters, rest), (z, y, weights))| {
            let rows = weights.len();
            let mut logits = Array2::from_shape_vec((rows, CLASSES), z).expect("as many as fit");
            for (mut column, m) in logits.columns_mut().into_iter().zip(&parameters[2]) {
                // Not within reach of the kink, which moves with the margin: above it, differences of a root need twenty steps.
                let is_near = |z: f64| (1.0 / (1.0 + (-z).exp()) - m).abs() < 20.0 * STEP;
                column.mapv_inplace(|mut z| {
                    while is_near(z) {
                        z += 1.0;
                    }
                    z
                });
            }
            let mut labels = Array2::from_shape_vec((rows, CLASSES), y).expect("as many as fit");
            labels[[0, 0]] = labels[[0, 0]].max(0.0); // one at least is known
            let weights = Array2::from_shape_vec((rows, 1), weights).expect("as many as fit");
            Case { implementation, parameters, rest, logits, labels, weights }
        })
}

/// f′(x) by differences, and the rounding error that they may have.
fn difference(step: f64, f: impl Fn(f64) -> f64) -> (f64, f64) {
    let values = STENCIL.map(|(offset, weight)| (f(offset * step), weight));
    let derivative = values.iter().map(|(value, weight)| value * weight).sum::<f64>() / step;
    let largest = values.iter().fold(0.0_f64, |largest, (value, _)| largest.max(value.abs()));
    (derivative, largest * 64.0 * f64::EPSILON / step)
}

fn assert_close(name: &str, actual: f64, (expected, rounding): (f64, f64)) -> Result<(), TestCaseError> {
    let allowed = 2e-8 * expected.abs() + rounding + 1e-12;
    prop_assert!((actual - expected).abs() <= allowed, "{name}: {actual:e}, by differences {expected:e}");
    Ok(())
}

proptest! {
    #[test]
    fn parameter_gradients_are_differences_of_the_value(case in cases()) {
        let loss = case.loss(case.parameters.clone());
        let gradients = loss.parameter_gradients(&case.logits, case.targets()).unwrap();
        let names = ["γ₋", "γ₊", "m"];
        let gradients = [gradients.gamma_neg, gradients.gamma_pos, gradients.prob_margin];
        for (parameter, (name, gradient)) in names.into_iter().zip(gradients).enumerate() {
            prop_assert_eq!(gradient.len(), CLASSES);
            for class in 0..CLASSES {
                let expected = difference(STEP, |offset| {
                    let mut parameters = case.parameters.clone();
                    parameters[parameter][class] += offset;
                    case.loss(parameters).forward(&case.logits, case.targets()).unwrap()
                });
                assert_close(name, gradient[class], expected)?;
            }
        }
    }

    /// A detached weight depends on the parameters all the same.
    #[test]
    fn detaching_the_weight_changes_no_parameter_gradient(case in cases()) {
        let loss = case.loss(case.parameters.clone());
        let detached = loss.to_builder().detach_focal_weight(true).build().unwrap();
        prop_assert_eq!(
            loss.parameter_gradients(&case.logits, case.targets()).unwrap(),
            detached.parameter_gradients(&case.logits, case.targets()).unwrap()
        );
    }

    #[test]
    fn gradient_and_hessian_are_differences(case in cases()) {
        let loss = case.loss(case.parameters.clone());
        let d = loss.derivatives(&case.logits, case.targets()).unwrap();
        prop_assert_eq!(d.value, loss.forward(&case.logits, case.targets()).unwrap());
        for (index, &gradient) in d.gradient.indexed_iter() {
            let at = |offset: f64| {
                let mut logits = case.logits.clone();
                logits[index] += offset;
                logits
            };
            assert_close("gradient", gradient, difference(STEP, |offset| loss.forward(&at(offset), case.targets()).unwrap()))?;
            let hessian = difference(STEP, |offset| loss.gradient(&at(offset), case.targets()).unwrap()[index]);
            assert_close("Hessian", d.hessian_diagonal[index], hessian)?;
        }
    }

    /// Dual numbers in the logits: the same formulas through another arithmetic.
    #[test]
    fn gradient_and_hessian_are_those_of_dual_numbers(case in cases()) {
        let loss = case.loss(case.parameters.clone());
        let d = loss.derivatives(&case.logits, case.targets()).unwrap();
        let (logits, labels) = (case.logits.mapv(Dual::variable), case.labels.mapv(Dual::constant));
        let weights = case.weights.mapv(Dual::constant);
        let targets = Targets::new(&labels).weights(&weights).ignore(Dual::constant(-1.0));
        let losses = loss.losses(&logits, targets).unwrap();
        let divisor = match loss.settings().reduction() {
            Reduction::Sum => 1.0,
            // Where nothing is lost, all derivatives are 0, and so is their quotient with any divisor.
            _ if d.value == 0.0 => 1.0,
            _ => loss.to_builder().reduction(Reduction::Sum).build().unwrap().forward(&case.logits, case.targets()).unwrap() / d.value,
        };
        for (index, dual) in losses.indexed_iter() {
            let (first, second) = (d.gradient[index] * divisor, d.hessian_diagonal[index] * divisor);
            prop_assert!((dual.first - first).abs() <= 1e-10 * first.abs() + 1e-13, "{:e} {first:e}", dual.first);
            prop_assert!((dual.second - second).abs() <= 1e-9 * second.abs() + 1e-12, "{:e} {second:e}", dual.second);
        }
    }

    #[test]
    fn curvature_replaces_the_hessian_alone(case in cases(), floor in 0.0..0.3) {
        let exact = case.loss(case.parameters.clone()).to_builder().class_weight(1).reduction(Reduction::Sum);
        let with = |curvature| exact.clone().curvature(curvature).build().unwrap();
        let targets = || Targets::new(&case.labels).ignore(-1.0);
        let [exact, floored, magnitude] = [Curvature::Exact, Curvature::AtLeast(floor), Curvature::Magnitude(floor)]
            .map(|curvature| with(curvature).derivatives(&case.logits, targets()).unwrap());
        prop_assert_eq!(exact.value, floored.value);
        prop_assert_eq!(&exact.gradient, &floored.gradient);
        prop_assert_eq!(&exact.gradient, &magnitude.gradient);
        let smoothing = case.rest.clone().build().unwrap();
        let smoothing = smoothing.settings();
        for ((index, &h), &y) in exact.hessian_diagonal.indexed_iter().zip(&case.labels) {
            // The weight of a positive multiplies what has been replaced.
            let weight = if y == 1.0 && smoothing.label_smoothing() == 0.0 { smoothing.pos_weight().values()[index.1] } else { 1.0 };
            let expected = |h: f64| if y < 0.0 { 0.0 } else { h.max(floor * weight) };
            let (low, high) = (expected(h) - 1e-15, expected(h) + 1e-15);
            prop_assert!((low..=high).contains(&floored.hessian_diagonal[index]));
            let (low, high) = (expected(h.abs()) - 1e-15, expected(h.abs()) + 1e-15);
            prop_assert!((low..=high).contains(&magnitude.hessian_diagonal[index]));
        }
    }
}

/// As many values as the setting has; sums over classes where it has one.
#[test]
fn there_are_as_many_derivatives_as_values_of_a_setting() {
    let (z, y) = (array![[0.5_f64, -1.0], [2.0, 0.3]], array![[1.0, 0.0], [0.0, 1.0]]);
    let per_class =
        AsymmetricLoss::builder().gamma_neg([4, 4]).gamma_pos([1, 1]).prob_margin([0.05, 0.05]).build().unwrap();
    let per_class = per_class.parameter_gradients(&z, &y).unwrap();
    let uniform = AsymmetricLoss::default().parameter_gradients(&z, &y).unwrap();
    for (one, all) in [
        (&uniform.gamma_neg, &per_class.gamma_neg),
        (&uniform.gamma_pos, &per_class.gamma_pos),
        (&uniform.prob_margin, &per_class.prob_margin),
    ] {
        assert_eq!((one.len(), all.len()), (1, 2));
        assert!((one[0] - all.sum()).abs() < 1e-16);
    }
    let mixed = AsymmetricLoss::builder().gamma_neg([4, 4]).build().unwrap().parameter_gradients(&z, &y).unwrap();
    assert_eq!(mixed.gamma_neg, per_class.gamma_neg);
    assert_eq!(mixed.gamma_pos.len(), 1);
}

/// Large arrays are cut: along rows where sums add up, along classes where they follow each other.
#[test]
fn parameter_gradients_of_large_arrays_are_those_of_their_columns() {
    for shape in [(3, 20_000), (2_000, 70), (20_000, 3), (1, 70_000)] {
        let (rows, classes) = shape;
        let z = Array2::from_shape_fn(shape, |(i, j)| ((i * 31 + j * 17) % 101) as f64 / 10.0 - 5.0);
        let y = Array2::from_shape_fn(shape, |(i, j)| u8::from((i * 7 + j * 13) % 29 < 2));
        let gamma: Vec<f64> = (0..classes).map(|class| 1.0 + (class % 4) as f64).collect();
        let loss = AsymmetricLoss::builder().gamma_neg(gamma.clone()).reduction(Reduction::Sum).build().unwrap();
        let whole = loss.parameter_gradients(&z, &y).unwrap().gamma_neg;
        for class in [0, classes / 2, classes - 1] {
            let one = AsymmetricLoss::builder().gamma_neg(gamma[class]).reduction(Reduction::Sum).build().unwrap();
            let column = (z.column(class), y.column(class));
            let expected = one.parameter_gradients(&column.0, &column.1).unwrap().gamma_neg[0];
            assert!((whole[class] - expected).abs() <= 1e-13 * expected.abs(), "{rows} × {classes}, {class}");
        }
    }
}

/// At the ends of the range: no NaN where the derivative has a limit.
#[test]
fn parameter_gradients_are_never_positive_at_extreme_logits() {
    for implementation in IMPLEMENTATIONS {
        for (gamma_neg, gamma_pos) in [(4.0, 1.0), (0.0, 0.0), (0.5, 2.5), (1.0, 1.0)] {
            for z in [f64::INFINITY, 1e300, 800.0, 60.0, -60.0, -800.0, -1e300, f64::NEG_INFINITY] {
                for y in [0.0, 1.0, 0.5] {
                    let loss = AsymmetricLoss::builder().implementation(implementation);
                    let loss = loss.gamma_neg(gamma_neg).gamma_pos(gamma_pos).build().unwrap();
                    let slopes = loss.parameter_gradients(&array![z], &array![y]).unwrap();
                    let all: Array1<f64> =
                        [slopes.gamma_neg, slopes.gamma_pos, slopes.prob_margin].iter().flatten().copied().collect();
                    assert!(
                        all.iter().all(|slope| *slope <= 0.0),
                        "{implementation}, {gamma_neg}, {gamma_pos}, {z:e}, {y}: {all}"
                    );
                }
            }
        }
    }
    // f32 agrees with f64 where both are in range.
    let (z, y) = (array![-20.0_f32, -3.0, -1.0, 0.5, 4.0, 30.0], array![0.0_f32, 1.0, 0.3, 0.0, 1.0, 0.0]);
    for implementation in IMPLEMENTATIONS {
        let loss = AsymmetricLoss::builder().implementation(implementation).build().unwrap();
        let single = loss.parameter_gradients(&z, &y).unwrap();
        let double = loss.parameter_gradients(&z.mapv(f64::from), &y.mapv(f64::from)).unwrap();
        for (single, double) in [
            (&single.gamma_neg, &double.gamma_neg),
            (&single.gamma_pos, &double.gamma_pos),
            (&single.prob_margin, &double.prob_margin),
        ] {
            assert!((f64::from(single[0]) - double[0]).abs() <= 2e-6 * double[0].abs());
        }
    }
}

/// Beyond the range of e^(−|z|) the derivatives in γ vanish with ln b, and an infinite slope in m meets a weight of 0.
#[test]
fn parameter_gradients_vanish_beyond_the_range() {
    for implementation in IMPLEMENTATIONS {
        let with = |gamma: f64, margin: f64| {
            let builder = AsymmetricLoss::builder().implementation(implementation);
            builder.gamma_neg(gamma).gamma_pos(gamma).prob_margin(margin).build().unwrap()
        };
        for gamma in [0.0, 1.0, 4.0, 2.5] {
            for z in [-1e35_f32, -3.4e38, f32::NEG_INFINITY] {
                let slope = with(gamma, 0.05).parameter_gradients(&array![z], &array![1]).unwrap().gamma_pos[0];
                assert!((-1e-6..=0.0).contains(&slope), "{implementation}, γ {gamma}, z {z:e}: {slope:e}");
            }
            for z in [1e300, f64::INFINITY] {
                let slope = with(gamma, 0.0).parameter_gradients(&array![z], &array![0]).unwrap().gamma_neg[0];
                assert!((-1e-6..=0.0).contains(&slope), "{implementation}, γ {gamma}, z {z:e}: {slope:e}");
            }
        }
        let steep = AsymmetricLoss::builder().implementation(implementation).gamma_neg(0).gamma_pos(30).prob_margin(0);
        let steep = steep.build().unwrap();
        for (z, y) in [(95.0, 0.999), (720.0, 1.0 - 1e-16)] {
            assert!(steep.parameter_gradients(&array![z], &array![y]).unwrap().prob_margin[0] <= 0.0);
            let single = steep.parameter_gradients(&array![z as f32], &array![y as f32]).unwrap();
            assert!(single.prob_margin[0] <= 0.0, "{implementation}, z {z}");
        }
    }
}
