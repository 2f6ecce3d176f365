//! The single-label loss: against its plain definition in many digits, central differences, dual numbers, timm, and itself.

mod common;

use asymmetric_loss::single_label::{Builder, SingleLabelLoss, Targets};
use asymmetric_loss::{Error, Float, Reduction};
use common::dual::Dual;
use dashu_float::{FBig, round::mode::HalfEven};
use ndarray::{
    Array, Array0, Array1, Array2, Array3, ArrayD, ArrayView1, ArrayView2, Axis, Dimension, Ix2, IxDyn, ShapeBuilder, array,
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
        SingleLabelLoss::builder()
            .gamma_neg(self.gamma_neg)
            .gamma_pos(self.gamma_pos)
            .label_smoothing(self.smoothing)
    }

    fn sum(self) -> SingleLabelLoss {
        self.builder().reduction(Reduction::Sum).build().unwrap()
    }
}

fn gammas() -> impl Strategy<Value = f64> {
    select(vec![0.0, 0.5, 1.0, 1.5, 2.0, 2.5, 3.0, 4.0, 7.3])
}

fn settings() -> impl Strategy<Value = Setting> {
    (gammas(), gammas(), select(vec![0.0, 0.1, 0.35]))
        .prop_map(|(gamma_neg, gamma_pos, smoothing)| Setting { gamma_neg, gamma_pos, smoothing })
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
        let f = self.value.exp();
        self.chain(f.clone(), f.clone(), f)
    }

    fn ln(&self) -> Jet {
        let f1 = big(1.0) / &self.value;
        self.chain(self.value.ln(), f1.clone(), -(&f1 * &f1))
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

/// The largest errors, in units of the type's ε: of the value, and of the derivatives relative to the largest of the row.
fn errors<T: Float>(setting: Setting, z: &[f64], y: &[f64], v: &[f64], epsilon: f64) -> [f64; 4] {
    let (exact, ours) = (exact(setting, z, y, v), ours::<T>(setting, z, y, v));
    [0, 1, 2, 3].map(|k| {
        let errors: Vec<f64> = exact[k].iter().zip(&ours[k]).map(|(exact, ours)| exact - ours).collect();
        let worst = errors.iter().fold(0.0_f64, |worst, e| if e.is_nan() { f64::INFINITY } else { worst.max(e.abs()) });
        let of = largest(&exact[k]);
        if worst == 0.0 { 0.0 } else { worst / of / epsilon }
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
        let allowed = [16.0, 32.0, 64.0, 64.0];
        let double = errors::<f64>(setting, &z, &y, &v[..z.len()], f64::EPSILON);
        for k in 0..4 {
            prop_assert!(double[k] <= allowed[k], "f64: {double:?} for {setting:?}, {z:?}, {y:?}");
        }
        // A target that rounding has moved is another target.
        let (z, v) = (single(&z), single(&v[..z.len()]));
        if y.iter().all(|&y| y == 0.0 || y == 1.0) {
            let single = errors::<f32>(setting, &z, &y, &v, f64::from(f32::EPSILON));
            for k in 0..4 {
                prop_assert!(single[k] <= allowed[k], "f32: {single:?} for {setting:?}, {z:?}, {y:?}");
            }
        }
    }
}
