//! The single-label loss: against its plain definition in many digits, central differences, dual numbers, timm, and
//! itself.

use crate::common::STENCIL;
use crate::common::dual::Dual;
use crate::common::vectors::{Numbers, cases, disagreement};
use asymmetric_loss::single_label::{Builder, SingleLabelLoss, Targets};
use asymmetric_loss::{Error, Float, Reduction};
use dashu_float::{FBig, round::mode::HalfEven};
use ndarray::{
    Array, Array0, Array1, Array2, Array3, ArrayD, ArrayView1, ArrayView2, Axis, Dimension, IxDyn, ShapeBuilder, array,
    s,
};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use serde::Deserialize;

#[derive(Clone, Copy, Debug)]
struct Setting {
    gamma_neg: f64,
    gamma_pos: f64,
    smoothing: f64,
}

impl Setting {
    fn builder(self) -> Builder {
        SingleLabelLoss::builder().gamma_neg(self.gamma_neg).gamma_pos(self.gamma_pos).label_smoothing(self.smoothing)
    }

    fn sum(self) -> SingleLabelLoss {
        self.builder().reduction(Reduction::Sum).build().unwrap()
    }
}

fn gammas() -> impl Strategy<Value = f64> {
    select(vec![0.0, 0.5, 1.0, 1.5, 2.0, 2.5, 3.0, 4.0, 7.3])
}

fn settings() -> impl Strategy<Value = Setting> {
    (gammas(), gammas(), select(vec![0.0, 0.1, 0.35])).prop_map(|(gamma_neg, gamma_pos, smoothing)| Setting {
        gamma_neg,
        gamma_pos,
        smoothing,
    })
}

/// A row of logits and a target that is one class or spread over classes.
fn rows(classes: impl Strategy<Value = usize>, range: f64) -> impl Strategy<Value = (Vec<f64>, Vec<f64>)> {
    classes.prop_flat_map(move |classes| (vec(-range..range, classes), shares(classes)))
}

fn shares(classes: usize) -> impl Strategy<Value = Vec<f64>> {
    let one = (0..classes).prop_map(move |class| one_hot(class, classes));
    let spread = vec(prop_oneof![Just(0.0), 0.01..1.0], classes).prop_filter_map("nothing", |shares| {
        let sum: f64 = shares.iter().sum();
        (sum > 0.0).then(|| shares.iter().map(|y| y / sum).collect())
    });
    prop_oneof![one, spread]
}

fn one_hot(class: usize, classes: usize) -> Vec<f64> {
    (0..classes).map(|c| f64::from(u8::from(c == class))).collect()
}

fn row(x: &[f64]) -> ArrayView2<'_, f64> {
    ArrayView2::from_shape((1, x.len()), x).unwrap()
}

/// Pseudo-random logits of moderate size; the same for the same shape.
fn sample(shape: (usize, usize)) -> (Array2<f64>, Array1<i64>) {
    let mut state = 7_u64;
    let mut next = || {
        // Knuth's generator, whose upper bits are the random ones.
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 11) as f64 / (1_u64 << 53) as f64
    };
    let logits = Array2::from_shape_simple_fn(shape, || 12.0 * next() - 6.0);
    let classes = Array1::from_shape_simple_fn(shape.0, || (next() * shape.1 as f64) as i64);
    (logits, classes)
}

fn bits<D: Dimension>(array: &Array<f64, D>) -> Vec<u64> {
    array.iter().map(|x| x.to_bits()).collect()
}

// --- The definition in many digits --------------------------------------------------------------------

type Big = FBig<HalfEven, 2>;

fn big(x: f64) -> Big {
    Big::try_from(x).expect("a finite number").with_precision(256).value()
}

/// The same number with 256 bits; an exact 0 or 1 has lost them.
fn precise(x: &Big) -> Big {
    x.clone().with_precision(256).value()
}

/// A quantity with its gradient and its Hessian in all logits, by product rule and chain rule alone.
#[derive(Clone)]
struct Jet {
    value: Big,
    gradient: Vec<Big>,
    hessian: Vec<Vec<Big>>,
}

impl Jet {
    fn constant(x: Big, n: usize) -> Self {
        Jet { value: x, gradient: vec![big(0.0); n], hessian: vec![vec![big(0.0); n]; n] }
    }

    fn variable(x: f64, i: usize, n: usize) -> Self {
        let mut jet = Jet::constant(big(x), n);
        jet.gradient[i] = big(1.0);
        jet
    }

    fn from_parts(value: Big, n: usize, first: impl Fn(usize) -> Big, second: impl Fn(usize, usize) -> Big) -> Self {
        let hessian = (0..n).map(|i| (0..n).map(|j| second(i, j)).collect()).collect();
        Jet { value, gradient: (0..n).map(first).collect(), hessian }
    }

    fn plus(&self, other: &Jet) -> Jet {
        Jet::from_parts(
            &self.value + &other.value,
            self.gradient.len(),
            |i| &self.gradient[i] + &other.gradient[i],
            |i, j| &self.hessian[i][j] + &other.hessian[i][j],
        )
    }

    fn times(&self, other: &Jet) -> Jet {
        Jet::from_parts(
            &self.value * &other.value,
            self.gradient.len(),
            |i| &self.gradient[i] * &other.value + &self.value * &other.gradient[i],
            |i, j| {
                &self.hessian[i][j] * &other.value
                    + &self.gradient[i] * &other.gradient[j]
                    + &self.gradient[j] * &other.gradient[i]
                    + &self.value * &other.hessian[i][j]
            },
        )
    }

    fn times_number(&self, x: &Big) -> Jet {
        self.times(&Jet::constant(x.clone(), self.gradient.len()))
    }

    /// f(self), given f and its derivatives at the value.
    fn chain(&self, f: Big, f1: Big, f2: Big) -> Jet {
        Jet::from_parts(
            f,
            self.gradient.len(),
            |i| &f1 * &self.gradient[i],
            |i, j| &f2 * &self.gradient[i] * &self.gradient[j] + &f1 * &self.hessian[i][j],
        )
    }

    fn exp(&self) -> Jet {
        let f = precise(&precise(&self.value).exp());
        self.chain(f.clone(), f.clone(), f)
    }

    fn ln(&self) -> Jet {
        let f1 = big(1.0) / precise(&self.value);
        self.chain(precise(&self.value).ln(), f1.clone(), -(&f1 * &f1))
    }

    fn power(&self, gamma: f64) -> Jet {
        if gamma == 0.0 {
            return Jet::constant(big(1.0), self.gradient.len());
        }
        self.ln().times_number(&big(gamma)).exp()
    }
}

/// −Σ t·w·ln p of one row, from the plain definition.
fn oracle(setting: Setting, z: &[f64], y: &[f64]) -> Jet {
    let n = z.len();
    let powers: Vec<Jet> = (0..n).map(|i| Jet::variable(z[i], i, n).exp()).collect();
    let zero = Jet::constant(big(0.0), n);
    let ln_sum = powers.iter().fold(zero.clone(), |sum, power| sum.plus(power)).ln();
    let mut loss = zero.clone();
    for c in 0..n {
        let ln_p = powers[c].ln().plus(&ln_sum.times_number(&big(-1.0)));
        let others = (0..n).filter(|&i| i != c).fold(zero.clone(), |sum, i| sum.plus(&powers[i]));
        let mut weight = ln_p.exp().power(setting.gamma_neg).times_number(&(big(1.0) - big(y[c])));
        if n > 1 {
            let q = others.ln().plus(&ln_sum.times_number(&big(-1.0))).exp();
            weight = weight.plus(&q.power(setting.gamma_pos).times_number(&big(y[c])));
        }
        let (epsilon, one) = (big(setting.smoothing), big(1.0));
        let t = (one - &epsilon) * big(y[c]) + epsilon / big(n as f64);
        loss = loss.plus(&weight.times(&ln_p).times_number(&-t));
    }
    loss
}

fn number(x: &Big) -> f64 {
    x.to_f64().value()
}

/// Value, gradient, diagonal of the Hessian and Hessian-vector product of a row.
fn exact(setting: Setting, z: &[f64], y: &[f64], v: &[f64]) -> [Vec<f64>; 4] {
    let Jet { value, gradient, hessian } = oracle(setting, z, y);
    let n = z.len();
    let product = |i: usize| (0..n).fold(big(0.0), |sum, j| sum + &hessian[i][j] * big(v[j]));
    [
        vec![number(&value)],
        gradient.iter().map(number).collect(),
        (0..n).map(|i| number(&hessian[i][i])).collect(),
        (0..n).map(|i| number(&product(i))).collect(),
    ]
}

/// The same four by this crate.
fn ours<T: Float>(setting: Setting, z: &[f64], y: &[f64], v: &[f64]) -> [Vec<f64>; 4] {
    let of = |x: &[f64]| Array2::from_shape_vec((1, x.len()), x.iter().map(|&x| T::from_f64(x)).collect()).unwrap();
    let (z, y, v, loss) = (of(z), of(y), of(v), setting.sum());
    let numbers = |x: Array2<T>| x.iter().map(|x| x.to_f64()).collect();
    [
        vec![loss.forward(&z, Targets::dense(&y)).unwrap().to_f64()],
        numbers(loss.gradient(&z, Targets::dense(&y)).unwrap()),
        numbers(loss.hessian_diagonal(&z, Targets::dense(&y)).unwrap()),
        numbers(loss.hessian_vector_product(&z, Targets::dense(&y), &v).unwrap()),
    ]
}

fn largest(x: &[f64]) -> f64 {
    x.iter().fold(0.0, |largest, x| x.abs().max(largest))
}

/// What errors are measured by: the largest number of the row. Terms of second order, which are as large as the
/// gradient, may cancel. Where the gradient of a target that is spread, or smoothed, passes through 0, its terms, which are of
/// the size of the loss, do not.
fn size(results: &[Vec<f64>; 4], k: usize, setting: Setting, y: &[f64], v: &[f64]) -> f64 {
    let value = largest(&results[0]);
    let is_spread = setting.smoothing > 0.0 || y.iter().any(|&y| y != 0.0 && y != 1.0);
    let gradient = largest(&results[1]).max(if is_spread { value } else { 0.0 });
    let curvature = largest(&results[2]).max(gradient);
    [value, gradient, curvature, curvature * largest(v)][k]
}

/// The largest errors, in units of the type's ε: of the value, and of the derivatives relative to the largest of the
/// row.
fn errors<T: Float>(setting: Setting, z: &[f64], y: &[f64], v: &[f64], epsilon: f64) -> [f64; 4] {
    let (exact, ours) = (exact(setting, z, y, v), ours::<T>(setting, z, y, v));
    [0, 1, 2, 3].map(|k| {
        let errors: Vec<f64> = exact[k].iter().zip(&ours[k]).map(|(exact, ours)| exact - ours).collect();
        let worst = errors.iter().fold(0.0_f64, |worst, e| if e.is_nan() { f64::INFINITY } else { worst.max(e.abs()) });
        let of = size(&exact, k, setting, y, v);
        // A weight below the smallest normal number counts as 0; a second derivative multiplies it by up to 7.3².
        let smallest = f64::from(-T::MAX_EXPONENT).exp2();
        if worst <= 54.0 * smallest { 0.0 } else { worst / of / epsilon }
    })
}

/// Numbers that `f32` represents.
fn single(x: &[f64]) -> Vec<f64> {
    x.iter().map(|&x| f64::from(x as f32)).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn agrees_with_the_definition_in_many_digits(
        setting in settings(),
        (z, y) in rows(2..7_usize, 8.0),
        v in vec(-1.0..1.0, 6),
    ) {
        // A fractional exponent multiplies the error of its base, and of the logarithm.
        let is_whole = |gamma: f64| gamma.fract() == 0.0;
        let whole = is_whole(setting.gamma_neg) && is_whole(setting.gamma_pos);
        let allowed = if whole { [16.0, 16.0, 32.0, 32.0] } else { [48.0, 48.0, 64.0, 64.0] };
        let double = errors::<f64>(setting, &z, &y, &v[..z.len()], f64::EPSILON);
        for k in 0..4 {
            prop_assert!(double[k] <= allowed[k], "f64: {double:?} for {setting:?}, {z:?}, {y:?}");
        }
        // Exponents and targets that rounding has moved are others.
        let round = |x: f64| f64::from(x as f32);
        let setting = Setting { gamma_neg: round(setting.gamma_neg), gamma_pos: round(setting.gamma_pos), ..setting };
        let (z, v) = (single(&z), single(&v[..z.len()]));
        if y.iter().all(|&y| y == 0.0 || y == 1.0) {
            let single = errors::<f32>(setting, &z, &y, &v, f64::from(f32::EPSILON));
            for k in 0..4 {
                prop_assert!(single[k] <= allowed[k], "f32: {single:?} for {setting:?}, {z:?}, {y:?}");
            }
        }
    }
}

// --- Differences, dual numbers, precisions -----------------------------------------------------------

/// f′(0) of a function of a step.
fn difference(f: impl Fn(f64) -> Array1<f64>) -> Array1<f64> {
    const STEP: f64 = 1.0 / 128.0;
    STENCIL.iter().map(|&(offset, weight)| f(offset * STEP) * (weight / STEP)).reduce(|sum, term| sum + term).unwrap()
}

fn close(ours: f64, expected: f64, largest: f64, tolerance: f64) -> bool {
    (ours - expected).abs() <= tolerance * largest + 1e-300
}

proptest! {
    #[test]
    fn derivatives_are_those_of_what_they_claim(
        setting in settings(),
        (z, y) in rows(1..8_usize, 5.0),
        v in vec(-1.0..1.0, 8),
    ) {
        let (loss, n) = (setting.sum(), z.len());
        let y = row(&y).to_owned();
        let targets = || Targets::dense(&y);
        let moved = |direction: &[f64], step: f64| {
            Array2::from_shape_fn((1, n), |(_, c)| z[c] + step * direction[c])
        };
        let d = loss.derivatives(&row(&z), targets())?;
        let product = loss.hessian_vector_product(&row(&z), targets(), &row(&v[..n]))?;
        let along = |direction: &[f64]| {
            difference(|step| loss.gradient(&moved(direction, step), targets()).unwrap().row(0).to_owned())
        };
        let size = 1.0 + largest(d.hessian_diagonal.as_slice().unwrap());
        for (c, &ours) in product.iter().enumerate() {
            let expected = along(&v[..n])[c];
            prop_assert!(close(ours, expected, size, 1e-9), "product {c}: {ours:e}, by differences {expected:e}");
        }
        for j in 0..n {
            let direction = one_hot(j, n);
            let slope = difference(|step| {
                array![loss.forward(&moved(&direction, step), targets()).unwrap()]
            })[0];
            prop_assert!(close(d.gradient[[0, j]], slope, 1.0 + d.value, 1e-10), "gradient {j}: {slope:e}, {d:?}");
            let curvature = along(&direction)[j];
            prop_assert!(close(d.hessian_diagonal[[0, j]], curvature, size, 1e-9), "Hessian {j}: {curvature:e}, {d:?}");
        }
    }

    #[test]
    fn forward_on_duals_is_gradient_and_hessian(setting in settings(), (z, y) in rows(2..7_usize, 8.0)) {
        let (loss, n) = (setting.sum(), z.len());
        let shares = row(&y).mapv(Dual::constant);
        let d = loss.derivatives(&row(&z), Targets::dense(&row(&y)))?;
        let sizes = [d.gradient.as_slice(), d.hessian_diagonal.as_slice()].map(|x| largest(x.unwrap()) + d.value.min(1.0));
        for j in 0..n {
            let variable = |c: usize| if c == j { Dual::variable(z[c]) } else { Dual::constant(z[c]) };
            let duals = Array2::from_shape_fn((1, n), |(_, c)| variable(c));
            let dual = loss.forward(&duals, Targets::dense(&shares))?;
            prop_assert!(close(dual.value, d.value, d.value, 1e-12), "{dual:?}, {d:?}");
            prop_assert!(close(dual.first, d.gradient[[0, j]], sizes[0], 1e-11), "{j}: {dual:?}, {d:?}");
            prop_assert!(close(dual.second, d.hessian_diagonal[[0, j]], sizes[1] + sizes[0], 1e-10), "{j}: {dual:?}, {d:?}");
        }
    }

    #[test]
    fn single_precision_is_double_precision_rounded(setting in settings(), (z, y) in rows(1..70_usize, 8.0)) {
        let (z, y) = (single(&z), single(&y));
        let v = vec![0.5; z.len()];
        let (single, double) = (ours::<f32>(setting, &z, &y, &v), ours::<f64>(setting, &z, &y, &v));
        for k in 0..4 {
            let size = size(&double, k, setting, &y, &v);
            for (single, double) in single[k].iter().zip(&double[k]) {
                prop_assert!((single - double).abs() <= 1e-5 * size + 1e-36, "{k}: {single} {double} {size}, {z:?}, {y:?}");
            }
        }
    }

    /// Equal steps of all logits change nothing: a gradient sums to 0, and the Hessian takes them to 0.
    #[test]
    fn shifted_rows_cost_the_same(setting in settings(), (z, y) in rows(1..9_usize, 5.0), shift in -900..900_i32) {
        let loss = setting.sum();
        // Numbers on a grid, of which none is rounded.
        let z: Vec<f64> = z.iter().map(|z| (z * 1024.0).round() / 1024.0).collect();
        let shifted: Vec<f64> = z.iter().map(|z| z + f64::from(shift)).collect();
        let y = row(&y);
        let (before, after) = (loss.derivatives(&row(&z), Targets::dense(&y))?, loss.derivatives(&row(&shifted), Targets::dense(&y))?);
        prop_assert_eq!(&before, &after);
        let size = largest(before.gradient.as_slice().unwrap());
        prop_assert!(before.gradient.sum().abs() <= 1e-14 * (size + before.value));
        let product = loss.hessian_vector_product(&row(&z), Targets::dense(&y), &row(&vec![0.75; z.len()]))?;
        prop_assert!(product.iter().all(|x| x.abs() <= 1e-14), "{product}");
    }

    /// With ε = 0 no terms cancel for one class: every element of the gradient has its digits, however small.
    #[test]
    fn gradients_without_smoothing_keep_their_digits(gamma in gammas(), z in vec(-60.0..60.0, 2..6), class in 0..2_usize) {
        let setting = Setting { gamma_neg: 4.0, gamma_pos: gamma, smoothing: 0.0 };
        let y = one_hot(class, z.len());
        let [value, gradient, ..] = exact(setting, &z, &y, &y);
        let (ours, slopes) = setting.sum().value_and_gradient(&row(&z), &array![class])?;
        // Where 1 − p is tiny, its power multiplies its error.
        let allowed = (4.0 + 40.0 * gamma) * f64::EPSILON * 4.0;
        prop_assert!((ours - value[0]).abs() <= allowed * value[0].abs() + 1e-300, "{ours:e} {:e}", value[0]);
        for (ours, exact) in slopes.iter().zip(&gradient) {
            prop_assert!((ours - exact).abs() <= allowed * exact.abs() + 1e-300, "{ours:e} {exact:e}");
        }
    }
}

/// A power of a tiny probability, beside which the target's share is nothing: an error of γ·ln p is a relative error.
#[test]
fn powers_of_tiny_probabilities_keep_their_digits() {
    for (gamma_neg, z) in [(7.3, -60.0), (2.5, -100.7), (0.7, -333.3)] {
        let setting = Setting { gamma_neg, gamma_pos: 1000.0, smoothing: 0.1 };
        let [value, gradient, ..] = errors::<f64>(setting, &[0.0, z], &[1.0, 0.0], &[0.0, 1.0], f64::EPSILON);
        assert!(value <= 12.0 && gradient <= 12.0, "{setting:?}, {z}: {value}, {gradient}");
    }
}

/// The Hessian of a target far below other classes, column by column: each sums to 0, and the diagonal is its own.
#[test]
fn hessians_of_improbable_targets_have_their_digits() {
    fn check<T: Float>(distances: impl Iterator<Item = f64>, epsilon: f64) {
        for distance in distances {
            for gamma_pos in [0.0, 1.0, 2.0, 2.5] {
                let loss = Setting { gamma_neg: 4.0, gamma_pos, smoothing: 0.0 }.sum();
                let z = array![[0.3, 0.3 - distance, -0.7]].mapv(T::from_f64);
                let diagonal = loss.hessian_diagonal(&z, &array![1]).unwrap().mapv(T::to_f64);
                for class in 0..3 {
                    let unit = Array2::from_shape_fn((1, 3), |(_, c)| T::from_f64(f64::from(u8::from(c == class))));
                    let column = loss.hessian_vector_product(&z, &array![1], &unit).unwrap().mapv(T::to_f64);
                    let size = 32.0 * epsilon * largest(column.as_slice().unwrap());
                    assert!(size > 0.0 && column.sum().abs() <= size, "{loss}, {z:?}: column {class}: {column}");
                    let difference = column[[0, class]] - diagonal[[0, class]];
                    assert!(difference.abs() <= size, "{loss}, {z:?}: {class}: {column}, {diagonal}");
                }
            }
        }
    }
    check::<f32>((0..80).map(|i| 0.93 * f64::from(i)), f64::from(f32::EPSILON));
    check::<f64>((0..100).map(|i| 6.91 * f64::from(i)), f64::EPSILON);
}

/// The rounding errors of a sum do not grow with the number of its terms.
#[test]
fn rows_of_millions_of_classes_have_their_digits() {
    for classes in [1_000_000, 10_000_000] {
        let z = Array2::from_shape_fn((1, classes), |(_, class)| (class * 7919 % 1000) as f32 / 250.0 - 2.0);
        let sum: f64 = z.iter().map(|&z| f64::from(z).exp()).sum();
        let loss = plain(0.0, 0.0, 0.0);
        let (value, gradient) = loss.value_and_gradient(&z, &array![3]).unwrap();
        let expected = sum.ln() - f64::from(z[[0, 3]]);
        let epsilon = f64::from(f32::EPSILON);
        assert!((f64::from(value) - expected).abs() <= 4.0 * epsilon * expected, "{value} {expected}");
        for class in (4..classes).step_by(classes / 100) {
            let (ours, p) = (f64::from(gradient[[0, class]]), f64::from(z[[0, class]]).exp() / sum);
            assert!((ours - p).abs() <= 4.0 * epsilon * p, "{classes}, {class}: {ours:e} {p:e}");
        }
        let total: f64 = gradient.iter().map(|&slope| f64::from(slope)).sum();
        assert!(total.abs() <= 4.0 * epsilon, "{classes}: {total:e}");
        // With all sums: of losses, of first and of second derivatives.
        let smoothed = plain(1.0, 2.0, 0.1);
        let (single, double) = (z.view(), z.mapv(f64::from));
        let (d, expected) =
            (smoothed.derivatives(&single, &array![3]).unwrap(), smoothed.derivatives(&double, &array![3]).unwrap());
        let close = |single: f32, double: f64| (f64::from(single) - double).abs() <= 32.0 * epsilon * double.abs();
        assert!(close(d.value, expected.value), "{} {}", d.value, expected.value);
        for class in [0, 3, classes / 2] {
            let at = [0, class];
            assert!(close(d.gradient[at], expected.gradient[at]), "{classes}, {class}: {:e}", d.gradient[at]);
            let curvature = (d.hessian_diagonal[at], expected.hessian_diagonal[at]);
            assert!(close(curvature.0, curvature.1), "{classes}, {class}: {curvature:?}");
        }
    }
    let equal = Array2::<f64>::zeros((1, 1_000_000));
    let value = plain(0.0, 0.0, 0.0).forward(&equal, &array![0]).unwrap();
    assert!((value - 1e6_f64.ln()).abs() <= 4.0 * f64::EPSILON * value, "{value}");
}

// --- Identities -------------------------------------------------------------------------------------

#[test]
fn without_focusing_and_smoothing_it_is_cross_entropy() {
    let (logits, classes) = sample((20, 30));
    let loss = SingleLabelLoss::builder().gamma_neg(0).label_smoothing(0.0).build().unwrap();
    let (value, gradient) = loss.value_and_gradient(&logits, &classes).unwrap();
    let mut expected = 0.0;
    for (i, z) in logits.rows().into_iter().enumerate() {
        let sum = z.mapv(f64::exp).sum();
        expected += sum.ln() - z[classes[i] as usize];
        for c in 0..30 {
            let slope = (z[c].exp() / sum - f64::from(u8::from(classes[i] as usize == c))) / 20.0;
            assert!((gradient[[i, c]] - slope).abs() < 1e-15);
        }
    }
    assert!((value - expected / 20.0).abs() < 1e-14);
    // γ₋ is without effect where only the target class has a share.
    assert_eq!(
        loss.to_builder().gamma_neg(3).build().unwrap().value_and_gradient(&logits, &classes).unwrap(),
        (value, gradient)
    );
}

fn losses_of_every_kind() -> Vec<SingleLabelLoss> {
    let sum = || SingleLabelLoss::builder().reduction(Reduction::Sum);
    let classes = |from: f64| (0..70).map(|c| from + 0.01 * f64::from(c)).collect::<Vec<_>>();
    [
        sum(),
        sum().label_smoothing(0.0).gamma_pos(1),
        sum().gamma_neg(0),
        sum().gamma_neg(2.5).gamma_pos(0.5),
        sum().gamma_neg(classes(0.0)).gamma_pos(classes(1.0)).class_weight(classes(0.5)),
    ]
    .map(|builder| builder.build().unwrap())
    .to_vec()
}

#[test]
fn one_hot_targets_are_class_indices() {
    let (logits, classes) = sample((9, 70));
    let one_hot = Array2::from_shape_fn(logits.dim(), |(i, c)| classes[i] as usize == c);
    for loss in losses_of_every_kind() {
        let expected = loss.derivatives(&logits, &classes).unwrap();
        assert_eq!(loss.derivatives(&logits, Targets::dense(&one_hot)).unwrap(), expected);
        assert_eq!(loss.derivatives(&logits, Targets::dense(&one_hot.mapv(i8::from))).unwrap(), expected);
        assert_eq!(loss.derivatives(&logits, Targets::dense(&one_hot.mapv(f64::from))).unwrap(), expected);
        assert_eq!(loss.derivatives(&logits, &classes.mapv(|c| c as u128)).unwrap(), expected);
    }
}

#[test]
fn per_class_settings_are_those_of_the_class() {
    let (logits, classes) = sample((6, 70));
    let uniform = SingleLabelLoss::builder().gamma_neg(2.5).gamma_pos(1.5).class_weight(3).build().unwrap();
    let per_class =
        SingleLabelLoss::builder().gamma_neg([2.5; 70]).gamma_pos([1.5; 70]).class_weight([3; 70]).build().unwrap();
    assert_eq!(uniform.derivatives(&logits, &classes).unwrap(), per_class.derivatives(&logits, &classes).unwrap());
    // A number of its own for one class, which the exponent of the others must not touch.
    let mut gammas = vec![2.5; 70];
    gammas[classes[0] as usize] = 0.5;
    let other = per_class.to_builder().gamma_neg(gammas).build().unwrap();
    let first = |loss: &SingleLabelLoss| loss.losses(&logits, &classes).unwrap()[0];
    assert_eq!(first(&other), first(&per_class));
}

#[test]
fn a_weight_repeats_its_row() {
    let (logits, classes) = sample((4, 70));
    let weights = array![2.0, 0.0, 1.0, 3.0];
    let rows = [0, 0, 2, 3, 3, 3];
    let (repeated, repeated_classes) = (logits.select(Axis(0), &rows), classes.select(Axis(0), &rows));
    for loss in losses_of_every_kind() {
        let weighted = loss.value_and_gradient(&logits, Targets::classes(&classes).weights(&weights)).unwrap();
        let expected = loss.value_and_gradient(&repeated, &repeated_classes).unwrap();
        assert!((weighted.0 - expected.0).abs() <= 1e-14 * expected.0, "{loss}");
        assert!(weighted.1.row(1).iter().all(|&x| x == 0.0));
        let close = |a: ArrayView1<'_, f64>, b: ArrayView1<'_, f64>, n: f64| {
            a.iter().zip(b).all(|(a, b)| (a - n * b).abs() <= 1e-15 * n)
        };
        assert!(close(weighted.1.row(0), expected.1.row(0), 2.0) && close(weighted.1.row(3), expected.1.row(3), 3.0));
    }
}

#[test]
fn class_weights_multiply_rows() {
    let (logits, classes) = sample((5, 4));
    let class_weight = [0.5, 2.0, 0.0, 4.0];
    let plain = SingleLabelLoss::default().losses(&logits, &classes).unwrap();
    let loss = SingleLabelLoss::builder().class_weight(class_weight).build().unwrap();
    let weighted = loss.losses(&logits, &classes).unwrap();
    for i in 0..5 {
        assert_eq!(weighted[i], class_weight[classes[i] as usize] * plain[i]);
    }
    let spread = array![[0.5, 0.25, 0.25, 0.0]];
    let of = |loss: &SingleLabelLoss| loss.forward(&logits.slice(s![..1, ..]), Targets::dense(&spread)).unwrap();
    assert_eq!(of(&loss), 0.75 * of(&SingleLabelLoss::default()));
}

/// Rows that do not count are rows that are not there, whatever their logits are.
#[test]
fn unknown_rows_are_removed_rows() {
    let (logits, classes) = sample((7, 70));
    let known = [0, 2, 5];
    let (mut with, mut indices, mut weights) = (logits.clone(), classes.clone(), Array1::ones(7));
    for (row, fill) in [(1, f64::NAN), (3, f64::INFINITY), (4, f64::NEG_INFINITY), (6, 1e308)] {
        with.row_mut(row).fill(fill);
        indices[row] = -100;
        weights[row] = 0.0;
    }
    let (less, less_classes) = (logits.select(Axis(0), &known), classes.select(Axis(0), &known));
    for loss in losses_of_every_kind() {
        let mean = loss.to_builder().reduction(Reduction::Mean).build().unwrap();
        for (loss, targets) in [
            (&loss, Targets::classes(&indices).ignore(-100)),
            (&mean, Targets::classes(&indices).ignore(-100)),
            (&loss, Targets::classes(&classes).weights(&weights)),
            (&loss, Targets::classes(&indices).weights(&weights)), // no class at all, but no weight
        ] {
            let (d, expected) =
                (loss.derivatives(&with, targets.clone()).unwrap(), loss.derivatives(&less, &less_classes).unwrap());
            assert!((d.value - expected.value).abs() <= 2.0 * f64::EPSILON * expected.value, "{loss}");
            let product = loss.hessian_vector_product(&with, targets.clone(), &logits).unwrap();
            let losses = loss.losses(&with, targets).unwrap();
            for row in 0..7 {
                let Some(place) = known.iter().position(|&known| known == row) else {
                    let all = [d.gradient.row(row), d.hessian_diagonal.row(row), product.row(row)];
                    assert!(losses[row] == 0.0 && all.iter().all(|x| x.iter().all(|&x| x == 0.0)));
                    continue;
                };
                assert_eq!(d.gradient.row(row), expected.gradient.row(place));
                assert_eq!(d.hessian_diagonal.row(row), expected.hessian_diagonal.row(place));
            }
        }
    }
}

#[test]
fn weights_broadcast() {
    let (logits, classes) = sample((6, 5));
    let (logits, classes) = (logits.to_shape((2, 3, 5)).unwrap(), classes.to_shape((2, 3)).unwrap());
    let loss = SingleLabelLoss::default();
    let plain = loss.losses(&logits, &classes).unwrap();
    let of = |weights: ArrayD<f64>| loss.losses(&logits, Targets::classes(&classes).weights(&weights)).unwrap();
    assert_eq!(of(array![1.0, 2.0, 4.0].into_dyn()), &plain * &array![1.0, 2.0, 4.0]);
    assert_eq!(of(array![[0.5], [2.0]].into_dyn()), &plain * &array![[0.5], [2.0]]);
    assert_eq!(of(Array0::from_elem((), 8.0).into_dyn()), &plain * 8.0);
    let error = loss.losses(&logits, Targets::classes(&classes).weights(&array![1.0, 2.0])).unwrap_err();
    assert_eq!(error, Error::BroadcastMismatch { expected: vec![2, 3], actual: vec![2] });
}

/// The gradient of Σ upstream·losses, whatever the reduction.
#[test]
fn vector_jacobian_products_are_weighted_gradients() {
    let (logits, classes) = sample((9, 70));
    let upstream = Array1::from_shape_fn(9, |row| [1.0, -2.5, 0.0, 1e-3][row % 4]);
    let weights = Array1::from_shape_fn(9, |row| 0.5 * (row % 3) as f64);
    for loss in losses_of_every_kind() {
        for loss in [loss.clone(), loss.with_reduction(Reduction::Mean).unwrap()] {
            let rows = loss.with_reduction(Reduction::Sum).unwrap();
            let weighted = || Targets::classes(&classes).weights(&weights);
            let gradient = rows.gradient(&logits, weighted()).unwrap();
            let product = loss.vjp(&logits, weighted(), &upstream).unwrap();
            for ((row, expected), &factor) in product.rows().into_iter().zip(gradient.rows()).zip(&upstream) {
                assert!(row.iter().zip(expected).all(|(x, y)| (x - y * factor).abs() <= 1e-15 * factor.abs()));
            }
        }
    }
    let mut unknown = logits.clone();
    unknown.row_mut(2).fill(f64::NAN);
    let product = SingleLabelLoss::default().vjp(&unknown, &classes, &upstream).unwrap();
    assert!(product.iter().all(|x| x.is_finite()), "a row with an upstream gradient of 0 is left out");
    let error = SingleLabelLoss::default().vjp(&logits, &classes, &Array1::zeros(8)).unwrap_err();
    assert_eq!(error, Error::ShapeMismatch { array: "upstream", expected: vec![9], actual: vec![8] });
}

#[test]
fn divisors_of_shards_add_up() {
    let (logits, mut classes) = sample((12, 5));
    classes[7] = -1;
    let weights = Array1::from_shape_fn(12, |row| 0.25 * row as f64);
    for reduction in [Reduction::Mean, Reduction::BatchMean, Reduction::WeightedMean, Reduction::PositiveMean] {
        let loss = SingleLabelLoss::default().with_reduction(reduction).unwrap();
        let divisor = |rows: std::ops::Range<usize>| {
            let (logits, classes) = (logits.slice(s![rows.clone(), ..]), classes.slice(s![rows.clone()]));
            loss.divisor(&logits, Targets::classes(&classes).ignore(-1).weights(&weights.slice(s![rows]))).unwrap()
        };
        let all = divisor(0..12);
        assert_eq!(divisor(0..5) + divisor(5..12), all, "{reduction}");
        let of_batch = loss.with_reduction(Reduction::Divisor(all)).unwrap();
        let targets = || Targets::classes(&classes).ignore(-1).weights(&weights);
        assert_eq!(of_batch.gradient(&logits, targets()), loss.gradient(&logits, targets()), "{reduction}");
    }
}

/// Factors whose product is too small for the type still leave an infinite loss infinite.
#[test]
fn tiny_weights_of_infinite_losses() {
    let loss = SingleLabelLoss::builder().class_weight(1e-12).label_smoothing(0.0).build().unwrap();
    let (logits, weights) = (array![[f32::NEG_INFINITY, 0.0], [3e38, -3e38]], array![1e-35_f32, 1e-35]);
    let losses = loss.losses(&logits, Targets::classes(&array![0, 1]).weights(&weights)).unwrap();
    assert!(losses[0] == f32::INFINITY, "{losses}");
}

// --- Layouts and threads ----------------------------------------------------------------------------

#[test]
fn layouts_have_the_same_bits() {
    let (logits, classes) = sample((30, 70));
    let spread = Array2::from_shape_fn((30, 70), |(i, c)| if (i + c) % 70 < 4 { 0.25 } else { 0.0 });
    let vector = logits.mapv(f64::sin);
    let in_fortran = |x: &Array2<f64>| {
        let mut f = Array2::zeros(x.raw_dim().f());
        f.assign(x);
        f
    };
    let in_stride = |x: &Array2<f64>| {
        let mut wide = Array2::zeros((60, 140));
        wide.slice_mut(s![..;-2, ..;-2]).assign(x);
        wide
    };
    let strided = s![..;-2, ..;-2];
    for loss in losses_of_every_kind() {
        let all = |z: ArrayView2<'_, f64>, y: ArrayView2<'_, f64>, v: ArrayView2<'_, f64>| {
            let d = loss.derivatives(&z, Targets::dense(&y)).unwrap();
            let losses = loss.losses(&z, Targets::dense(&y)).unwrap();
            let product = loss.hessian_vector_product(&z, Targets::dense(&y), &v).unwrap();
            assert_eq!(loss.forward(&z, Targets::dense(&y)).unwrap(), d.value);
            (d.value.to_bits(), [bits(&d.gradient), bits(&d.hessian_diagonal), bits(&product)], bits(&losses))
        };
        let expected = all(logits.view(), spread.view(), vector.view());
        assert_eq!(all(in_fortran(&logits).view(), in_fortran(&spread).view(), in_fortran(&vector).view()), expected);
        assert_eq!(all(logits.view(), in_fortran(&spread).view(), vector.view()), expected);
        let (z, y, v) = (in_stride(&logits), in_stride(&spread), in_stride(&vector));
        assert_eq!(all(z.slice(strided), y.slice(strided), v.slice(strided)), expected);
        assert!(!loss.gradient(&in_fortran(&logits), &classes).unwrap().is_standard_layout());

        let mut wide = Array2::zeros((60, 140));
        let mut gradient = wide.slice_mut(strided);
        loss.value_and_gradient_into(&logits, Targets::dense(&spread), &mut gradient).unwrap();
        assert_eq!(bits(&gradient.to_owned()), expected.1[0]);

        let repeated = logits.slice(s![..1, ..]);
        let broadcast = repeated.broadcast((5, 70)).unwrap();
        let one = array![3];
        let losses = loss.losses(&broadcast, &one.broadcast(5).unwrap()).unwrap();
        assert!(losses.iter().all(|&x| x == losses[0]));
    }
}

#[test]
fn any_number_of_axes_gives_the_same_bits() {
    let (logits, classes) = sample((12, 7));
    let loss = SingleLabelLoss::default();
    let (value, gradient) = loss.value_and_gradient(&logits, &classes).unwrap();
    let (deep, deep_classes) = (logits.to_shape((2, 3, 2, 7)).unwrap(), classes.to_shape((2, 3, 2)).unwrap());
    let d = loss.value_and_gradient(&deep, &deep_classes).unwrap();
    assert_eq!((d.0, bits(&d.1)), (value, bits(&gradient)));
    let dynamic = loss.value_and_gradient(&deep.into_dyn(), &deep_classes.into_dyn()).unwrap();
    assert_eq!((dynamic.0, dynamic.1.shape()), (value, &[2, 3, 2, 7][..]));
    let one = logits.row(0);
    let losses = loss.losses(&one, &Array0::from_elem((), classes[0])).unwrap();
    assert_eq!(losses[()], loss.losses(&logits, &classes).unwrap()[0]);
    let scalar = ArrayD::<f64>::zeros(IxDyn(&[]));
    assert_eq!(loss.forward(&scalar, &scalar.mapv(|x| x as i32)).unwrap_err(), Error::NoClassAxis);
    assert_eq!(loss.losses(&scalar, &scalar.mapv(|x| x as i32)).unwrap_err(), Error::NoClassAxis);
}

#[cfg(feature = "rayon")]
#[test]
fn threads_do_not_change_bits() {
    let (logits, classes) = sample((500, 300));
    let on = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| SingleLabelLoss::default().value_and_gradient(&logits, &classes).unwrap())
    };
    assert_eq!(on(1), on(3));
}

// --- Hostile inputs ---------------------------------------------------------------------------------

const INFINITY: f64 = f64::INFINITY;

fn plain(gamma_neg: f64, gamma_pos: f64, smoothing: f64) -> SingleLabelLoss {
    Setting { gamma_neg, gamma_pos, smoothing }.sum()
}

#[test]
fn nan_stays_in_its_row() {
    let (mut logits, classes) = sample((3, 70));
    let clean = SingleLabelLoss::default().derivatives(&logits, &classes).unwrap();
    for class in [0, 33, 69] {
        let before = logits[[1, class]];
        logits[[1, class]] = f64::NAN;
        let d = SingleLabelLoss::default().derivatives(&logits, &classes).unwrap();
        assert!(d.value.is_nan() && d.gradient.row(1).iter().chain(d.hessian_diagonal.row(1)).all(|x| x.is_nan()));
        for row in [0, 2] {
            assert_eq!(d.gradient.row(row), clean.gradient.row(row));
        }
        logits[[1, class]] = before;
    }
}

#[test]
fn infinite_logits_have_their_limits() {
    for gamma_pos in [0.0, 0.5, 1.0, 2.0, 7.3] {
        for gamma_neg in [0.0, 0.5, 1.0, 4.0, 7.3] {
            for smoothing in [0.0, 0.1] {
                let loss = plain(gamma_neg, gamma_pos, smoothing);
                for (far, limit) in
                    [([0.5, -600.0, 1.0], [0.5, -INFINITY, 1.0]), ([0.5, 600.0, 1.0], [0.5, INFINITY, 1.0])]
                {
                    for class in 0..3 {
                        let (a, b) = (
                            loss.derivatives(&row(&far), &array![class]).unwrap(),
                            loss.derivatives(&row(&limit), &array![class]).unwrap(),
                        );
                        let unbounded = a.value > 10.0;
                        let slowly = a.value > 1e-60 && limit[1] > 0.0;
                        assert_eq!(b.value == INFINITY, unbounded, "{loss}, {class}: {a:?} {b:?}");
                        if !unbounded && !slowly {
                            assert!((a.value - b.value).abs() <= 1e-12, "{loss}, {class}: {a:?} {b:?}");
                        }
                        let tiny =
                            |x: &Array2<f64>, y: &Array2<f64>| x.iter().zip(y).all(|(x, y)| (x - y).abs() <= 1e-12);
                        assert!(tiny(&a.gradient, &b.gradient), "{loss}, {class}: {a:?} {b:?}");
                        assert!(tiny(&a.hessian_diagonal, &b.hessian_diagonal), "{loss}, {class}: {a:?} {b:?}");
                        let product =
                            loss.hessian_vector_product(&row(&limit), &array![class], &row(&[1.0, -2.0, 0.5])).unwrap();
                        assert!(product.iter().all(|x| x.is_finite()), "{loss}, {class}: {product}");
                    }
                }
                for none in [[INFINITY, INFINITY, 0.0], [-INFINITY, -INFINITY, -INFINITY]] {
                    let d = loss.derivatives(&row(&none), &array![0]).unwrap();
                    assert!(d.value.is_nan() && d.gradient.iter().all(|x| x.is_nan()), "{loss}: {d:?}");
                }
            }
        }
    }
}

#[test]
fn spread_targets_have_limits_too() {
    let spread = array![[0.5, 0.0, 0.5]];
    let loss = plain(0.0, 2.5, 0.0);
    let d = loss.derivatives(&row(&[0.0, -INFINITY, 1.0]), Targets::dense(&spread)).unwrap();
    assert!(
        d.value.is_finite() && d.gradient.iter().all(|x| x.is_finite()),
        "an impossible class without a share: {d:?}"
    );
    let d = loss.derivatives(&row(&[-INFINITY, 0.0, 1.0]), Targets::dense(&spread)).unwrap();
    assert!(d.value == INFINITY && d.gradient.iter().all(|x| x.is_finite()), "{d:?}");
}

#[test]
fn huge_logits_and_exponents_give_numbers() {
    for loss in [plain(4.0, 1.0, 0.1), plain(1e300, 1e300, 0.1), plain(1e-30, 1e-30, 0.1), plain(2.5, 0.5, 0.1)] {
        for z in [[1e300, -1e300, 0.0], [f64::MAX, f64::MIN, 0.0], [-1e300, -2e300, -3e300], [1e-300, -1e-300, 0.0]] {
            for class in 0..3 {
                let d = loss.derivatives(&row(&z), &array![class]).unwrap();
                assert!(!d.value.is_nan(), "{loss}: {d:?}");
                assert!(d.gradient.iter().chain(&d.hessian_diagonal).all(|x| x.is_finite()), "{loss}, {z:?}: {d:?}");
                let single = row(&z).mapv(|z| z as f32);
                let d = loss.derivatives(&single, &array![class]).unwrap();
                assert!(
                    d.gradient
                        .iter()
                        .chain(&d.hessian_diagonal)
                        .all(|x| x.is_finite() || single.iter().any(|z| z.is_infinite()))
                );
            }
        }
    }
}

#[test]
fn empty_arrays_and_a_single_class_have_their_limits() {
    let (loss, sum) = (SingleLabelLoss::default(), plain(4.0, 0.0, 0.1));
    let none = Array2::<f64>::zeros((0, 3));
    assert_eq!(loss.forward(&none, &Array1::<u8>::zeros(0)).unwrap_err(), Error::EmptyMean { shape: vec![0, 3] });
    assert_eq!(sum.value_and_gradient(&none, &Array1::<u8>::zeros(0)).unwrap(), (0.0, none.clone()));
    assert_eq!(sum.forward(&none, Targets::dense(&none)).unwrap(), 0.0);
    let unknown = array![-1, -1];
    let all_ignored = Targets::classes(&unknown).ignore(-1);
    assert_eq!(
        loss.forward(&Array2::<f64>::zeros((2, 3)), all_ignored).unwrap_err(),
        Error::EmptyMean { shape: vec![2, 3] }
    );

    let empty = Array2::<f64>::zeros((2, 0));
    let error = Error::ClassOutOfRange { index: vec![0], classes: 0, actual: 0 };
    assert_eq!(sum.forward(&empty, &array![0, 0]).unwrap_err(), error);
    assert_eq!(sum.forward(&empty, Targets::classes(&array![-1, -1]).ignore(-1)).unwrap(), 0.0);
    assert_eq!(
        sum.forward(&empty, Targets::dense(&empty)).unwrap_err(),
        Error::TargetSum { index: vec![0], actual: 0.0 }
    );

    for loss in [plain(4.0, 1.0, 0.1), plain(0.0, 0.0, 0.0), plain(0.5, 0.5, 0.3)] {
        let d = loss.derivatives(&array![[3.0], [-700.0]], &array![0, 0]).unwrap();
        assert!(d.value == 0.0 && d.gradient.iter().chain(&d.hessian_diagonal).all(|&x| x == 0.0), "{d:?}");
    }
}

#[test]
fn errors_name_the_place() {
    let loss = SingleLabelLoss::default();
    let logits = Array3::<f64>::zeros((2, 2, 3));
    let fails = |indices: Array2<i64>| loss.forward(&logits, &indices).unwrap_err();
    assert_eq!(fails(array![[0, 1], [3, -1]]), Error::ClassOutOfRange { index: vec![1, 0], classes: 3, actual: 3 });
    let error = fails(array![[0, 1], [2, -1]]);
    assert_eq!(
        error.to_string(),
        "targets must be classes below 3, but the one at [1, 1] is -1 (if that means unknown, \
         `Targets::classes(&classes).ignore(-1)`)"
    );
    let shape = Error::ShapeMismatch { array: "class indices", expected: vec![2, 2], actual: vec![2, 1] };
    assert_eq!(fails(array![[0], [0]]), shape);

    let classes = array![[0, 0], [0, 0]];
    for (weight, text) in [(-1.0, "-1"), (f64::NAN, "NaN"), (INFINITY, "inf")] {
        let weights = array![[1.0, weight], [0.0, 1.0]];
        let error = loss.forward(&logits, Targets::classes(&classes).weights(&weights)).unwrap_err();
        assert_eq!(error.to_string(), format!("weights must be between 0 and 1e12, but the one at [0, 1] is {text}"));
    }

    let mut shares = Array3::zeros((2, 2, 3));
    shares.slice_mut(s![.., .., 0]).fill(1.0);
    shares[[1, 0, 2]] = 0.125;
    let error = loss.forward(&logits, Targets::dense(&shares)).unwrap_err();
    assert_eq!(error, Error::TargetSum { index: vec![1, 0], actual: 1.125 });
    assert_eq!(error.to_string(), "the targets of a row must sum to 1, but those at [1, 0] sum to 1.125");
    shares[[0, 1, 1]] = -0.5;
    let error = loss.forward(&logits, Targets::dense(&shares)).unwrap_err();
    assert_eq!(error, Error::InvalidTarget { index: vec![0, 1, 1], actual: -0.5 });
    // Rows without weight are not looked at.
    let weights = array![[1.0, 0.0], [0.0, 1.0]];
    assert!(loss.forward(&logits, Targets::dense(&shares).weights(&weights)).is_ok());
    // As far as rounding to half precision goes.
    let nearly = array![[0.333, 0.333, 0.333]];
    assert!(loss.forward(&Array2::<f64>::zeros((1, 3)), Targets::dense(&nearly)).is_ok());
}

/// As the weighted mean of cross-entropy in PyTorch does.
#[test]
fn weighted_mean_divides_by_the_weights_of_targets_and_rows() {
    let builder = || SingleLabelLoss::builder().class_weight([0.5, 2.0, 4.0]);
    let mean = builder().reduction(Reduction::WeightedMean).build().unwrap();
    let sum = builder().reduction(Reduction::Sum).build().unwrap();
    let logits = array![[2.0_f64, -1.0, 0.5], [0.0, 1.0, 3.0], [-1.0, 0.5, 0.25], [f64::NAN, 0.0, 0.0]];
    let (classes, weights) = (array![2, 0, 1, -1], array![1.0, 3.0, 0.25, 1.0]);
    let targets = || Targets::classes(&classes).ignore(-1);
    let close = |a: f64, b: f64| assert!((a - b).abs() < 1e-15 * b.abs(), "{a} {b}");
    close(mean.forward(&logits, targets()).unwrap(), sum.forward(&logits, targets()).unwrap() / 6.5);
    let weighed = || targets().weights(&weights);
    close(mean.forward(&logits, weighed()).unwrap(), sum.forward(&logits, weighed()).unwrap() / (4.0 + 1.5 + 0.5));
    let logits = logits.slice(s![..3, ..]);
    let shares = array![[0.25, 0.75, 0.0], [0.0, 1.0, 0.0], [0.5, 0.0, 0.5]];
    let dense = || Targets::dense(&shares);
    close(mean.forward(&logits, dense()).unwrap(), sum.forward(&logits, dense()).unwrap() / (1.625 + 2.0 + 2.25));
    let invalid = array![[0.25, f64::NAN, 0.0], [0.0, 1.0, 0.0], [0.5, 0.0, 0.5]];
    let error = mean.forward(&logits, Targets::dense(&invalid)).unwrap_err();
    assert!(matches!(error, Error::InvalidTarget { ref index, .. } if *index == [0, 1]), "{error}");
}

#[cfg(feature = "serde")]
#[test]
fn what_is_saved_is_loaded_again() {
    let builder = SingleLabelLoss::builder().gamma_neg([4, 2]).label_smoothing(0.05).class_weight([1.0, 0.5]);
    let loss = builder.reduction(Reduction::Divisor(8.0)).build().unwrap();
    let json = serde_json::to_string(&loss).unwrap();
    let text = r#"{"gamma_neg":[4.0,2.0],"gamma_pos":0.0,"class_weight":[1.0,0.5],"label_smoothing":0.05,"reduction":"divisor(8)"}"#;
    assert_eq!(json, text);
    assert_eq!(serde_json::from_str::<SingleLabelLoss>(&json).unwrap(), loss);
    assert_eq!(serde_json::from_str::<SingleLabelLoss>("{}").unwrap(), SingleLabelLoss::default());
    let error = serde_json::from_str::<SingleLabelLoss>(r#"{"eps": 0.1}"#).unwrap_err().to_string();
    assert!(error.starts_with("unknown field `eps`, which is `label_smoothing` here"), "{error}");
}

#[test]
fn settings_are_checked_and_printed() {
    let out_of_range = |builder: Builder, name: &str| {
        assert!(matches!(builder.build(), Err(Error::ParameterOutOfRange { parameter, .. }) if parameter == name));
    };
    let builder = SingleLabelLoss::builder;
    out_of_range(builder().gamma_neg(-1), "gamma_neg");
    out_of_range(builder().gamma_pos(f64::NAN), "gamma_pos");
    out_of_range(builder().class_weight([1.0, -1.0]), "class_weight");
    out_of_range(builder().class_weight(INFINITY), "class_weight");
    for epsilon in [-0.1, 1.0, f64::NAN] {
        out_of_range(builder().label_smoothing(epsilon), "label_smoothing");
    }
    out_of_range(builder().reduction(Reduction::Divisor(0.0)), "reduction");
    let empty: [f64; 0] = [];
    assert_eq!(builder().gamma_neg(empty).build().unwrap_err(), Error::EmptyParameter { parameter: "gamma_neg" });
    let lengths = Error::ParameterLength { parameter: "class_weight", expected: 2, actual: 3 };
    assert_eq!(builder().gamma_neg([1, 2]).class_weight([1, 2, 3]).build().unwrap_err(), lengths);

    let loss = builder().gamma_pos([1, 2]).label_smoothing(0.05).reduction(Reduction::Divisor(8.0)).build().unwrap();
    let text =
        "SingleLabelLoss(gamma_neg=4, gamma_pos=[1, 2], class_weight=1, label_smoothing=0.05, reduction=divisor(8))";
    assert_eq!((loss.to_string(), format!("{loss:?}")), (text.to_owned(), text.to_owned()));
    assert_eq!(loss.settings().classes(), Some(2));
    assert_eq!(loss.to_builder().build().unwrap(), loss);
    assert_ne!(loss, SingleLabelLoss::default());
    assert_eq!(loss.settings().to_string().parse(), Ok(loss.settings().clone()));
    let wrong = Error::ParameterLength { parameter: "gamma_pos", expected: 3, actual: 2 };
    assert_eq!(loss.forward(&Array2::<f64>::zeros((1, 3)), &array![0]).unwrap_err(), wrong);
}

#[test]
fn reductions_divide_value_and_derivatives() {
    let (logits, classes) = sample((8, 5));
    let of = |reduction| {
        SingleLabelLoss::builder().reduction(reduction).build().unwrap().derivatives(&logits, &classes).unwrap()
    };
    let sum = of(Reduction::Sum);
    for divided in [of(Reduction::Mean), of(Reduction::Divisor(8.0))] {
        assert_eq!(divided.value, sum.value / 8.0);
        assert_eq!(divided.gradient, &sum.gradient / 8.0);
        assert_eq!(divided.hessian_diagonal, &sum.hessian_diagonal / 8.0);
    }
    // One row is not known, one has no weight.
    let (mut with, weights) = (classes.clone(), array![1.0, 0.0, 2.0, 1.0, 0.5, 1.0, 1.0, 4.0]);
    with[0] = -1;
    let value = |reduction| {
        let loss = SingleLabelLoss::builder().reduction(reduction).build().unwrap();
        loss.forward(&logits, Targets::classes(&with).ignore(-1).weights(&weights)).unwrap()
    };
    let total = value(Reduction::Sum);
    assert!(total > 0.0);
    for (reduction, divisor) in [(Reduction::Mean, 7.0), (Reduction::PositiveMean, 7.0), (Reduction::BatchMean, 8.0)] {
        assert_eq!(value(reduction), total / divisor);
    }
    assert_eq!(value(Reduction::WeightedMean), total / 9.5);
    let none = Array1::zeros(8);
    let weightless = SingleLabelLoss::builder().reduction(Reduction::WeightedMean).build().unwrap();
    let error = weightless.forward(&logits, Targets::classes(&classes).weights(&none)).unwrap_err();
    assert_eq!(error, Error::EmptyMean { shape: vec![8, 5] });
    // Rows are counted by the batch mean whether they are known or not.
    let batch_mean = SingleLabelLoss::builder().reduction(Reduction::BatchMean).build().unwrap();
    let unknown = Array1::from_elem(8, -1);
    assert_eq!(batch_mean.forward(&logits, Targets::classes(&unknown).ignore(-1)), Ok(0.0));
    let no_rows = Array2::<f64>::zeros((0, 5));
    let error = batch_mean.forward(&no_rows, &Array1::<u8>::zeros(0)).unwrap_err();
    assert_eq!(error, Error::EmptyMean { shape: vec![0, 5] });
    let deep = logits.to_shape((2, 4, 5)).unwrap();
    assert_eq!(batch_mean.forward(&deep, &classes.to_shape((2, 4)).unwrap().to_owned()), Ok(sum.value / 8.0));
    let losses = SingleLabelLoss::default().losses(&logits, &classes).unwrap();
    assert!((losses.sum() - sum.value).abs() <= 1e-15 * sum.value);
}

#[cfg(feature = "half")]
#[test]
fn half_precision_is_single_precision_rounded() {
    let (logits, classes) = sample((3, 9));
    let halves = logits.mapv(half::bf16::from_f64);
    let loss = SingleLabelLoss::default();
    let (value, gradient) = loss.value_and_gradient(&halves, &classes).unwrap();
    let expected = loss.value_and_gradient(&halves.mapv(f32::from), &classes).unwrap();
    assert_eq!((value, gradient), (expected.0, expected.1.mapv(half::bf16::from_f32)));
}

// --- timm -------------------------------------------------------------------------------------------

/// Recorded by `vectors/generate_timm_single.py`, which says what each field means.
const VECTORS: &str = include_str!("../vectors/timm_single_label.json");

#[derive(Deserialize)]
struct Case {
    gamma_neg: f64,
    gamma_pos: f64,
    eps: f64,
    reduction: String,
    shape: (usize, usize),
    classes: Vec<i64>,
    logits: Vec<f64>,
    value: Numbers,
    gradient: Vec<f64>,
}

#[test]
fn values_and_gradients_are_those_of_timm() {
    let cases: Vec<Case> = cases(VECTORS);
    assert_eq!(cases.len(), 42, "cases have been lost");
    for (number, case) in cases.iter().enumerate() {
        let logits = Array2::from_shape_vec(case.shape, case.logits.clone()).unwrap();
        let classes = Array1::from(case.classes.clone());
        let setting = Setting { gamma_neg: case.gamma_neg, gamma_pos: case.gamma_pos, smoothing: case.eps };
        let reduction = if case.reduction == "mean" { Reduction::Mean } else { Reduction::Sum };
        let loss = setting.builder().reduction(reduction).build().unwrap();
        let gradient = loss.gradient(&logits, &classes).unwrap();
        let values = match &case.value {
            Numbers::One(_) => vec![loss.forward(&logits, &classes).unwrap()],
            Numbers::Several(_) => loss.losses(&logits, &classes).unwrap().to_vec(),
        };
        assert_eq!(disagreement(&values, case.value.values()), None, "value of case {number}");
        assert_eq!(disagreement(&gradient, &case.gradient), None, "gradient of case {number}");
    }
}

/// Shares that do not sum to 1 to the last digit are no weight.
#[test]
fn shares_need_not_add_up_to_one() {
    let loss = SingleLabelLoss::builder().gamma_neg(0).gamma_pos(0).label_smoothing(0.0).build().unwrap();
    let (z, y) = (array![[1.0, -0.5_f64]], array![[0.7, 0.297]]);
    let ln_sum = (1.0_f64.exp() + (-0.5_f64).exp()).ln();
    let expected = -(0.7 * (1.0 - ln_sum) + 0.297 * (-0.5 - ln_sum));
    let value = loss.forward(&z, Targets::dense(&y)).unwrap();
    assert!((value - expected).abs() < 1e-15, "{value} {expected}");
}
