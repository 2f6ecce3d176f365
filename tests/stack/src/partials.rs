//! A user's float that carries derivatives in several variables along.

use crate::calls::{alike, all_layouts, all_reductions, many_axes, refuse, settings, stages};
use crate::counting;
use crate::data::{Element, Layout, Record, bytes, floats, labels, logits, saturated, soft_labels};
use crate::single_label;
use crate::threads::{in_small_pool, on_small_stack};
use asymmetric_loss::{AsymmetricLoss, Float, Reduction};
use ndarray::{Array2, s};
use num_traits::{One, Zero};
use std::cmp::Ordering;
use std::ops::{Add, Div, Mul, Neg, Sub};

const KIB: usize = 1024;

/// A value with its derivatives in `N` variables.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Partials<const N: usize> {
    value: f64,
    partials: [f64; N],
}

/// 16 bytes.
pub(crate) type Small = Partials<1>;

/// Just above 2 KiB.
type Big = Partials<256>;

impl<const N: usize> Partials<N> {
    fn constant(value: f64) -> Self {
        Partials { value, partials: [0.0; N] }
    }

    /// f(self), given f and its derivative at the value: the chain rule.
    fn chain(self, f: f64, slope: f64) -> Self {
        Partials { value: f, partials: self.partials.map(|x| slope * x) }
    }

    /// f(self, other), given f and its derivatives in both.
    fn combine(self, other: Self, value: f64, slopes: [f64; 2]) -> Self {
        let partials = std::array::from_fn(|i| slopes[0] * self.partials[i] + slopes[1] * other.partials[i]);
        Partials { value, partials }
    }
}

impl<const N: usize> Add for Partials<N> {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        self.combine(other, self.value + other.value, [1.0, 1.0])
    }
}

impl<const N: usize> Sub for Partials<N> {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        self.combine(other, self.value - other.value, [1.0, -1.0])
    }
}

impl<const N: usize> Mul for Partials<N> {
    type Output = Self;
    fn mul(self, other: Self) -> Self {
        self.combine(other, self.value * other.value, [other.value, self.value])
    }
}

impl<const N: usize> Div for Partials<N> {
    type Output = Self;
    fn div(self, other: Self) -> Self {
        let value = self.value / other.value;
        self.combine(other, value, [1.0 / other.value, -value / other.value])
    }
}

impl<const N: usize> Neg for Partials<N> {
    type Output = Self;
    fn neg(self) -> Self {
        self.chain(-self.value, -1.0)
    }
}

impl<const N: usize> PartialEq for Partials<N> {
    fn eq(&self, other: &Self) -> bool {
        self.value == other.value
    }
}

impl<const N: usize> PartialOrd for Partials<N> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        self.value.partial_cmp(&other.value)
    }
}

impl<const N: usize> Zero for Partials<N> {
    fn zero() -> Self {
        Partials::constant(0.0)
    }
    fn is_zero(&self) -> bool {
        self.value == 0.0
    }
}

impl<const N: usize> One for Partials<N> {
    fn one() -> Self {
        Partials::constant(1.0)
    }
}

impl<const N: usize> Float for Partials<N> {
    type Sum = Self;
    const MAX_EXPONENT: i32 = f64::MAX_EXPONENT;
    fn from_f64(value: f64) -> Self {
        Partials::constant(value)
    }
    fn to_f64(self) -> f64 {
        self.value
    }
    fn from_sum(sum: Self) -> Self {
        sum
    }
    fn exp(self) -> Self {
        self.chain(self.value.exp(), self.value.exp())
    }
    fn exp_m1(self) -> Self {
        self.chain(self.value.exp_m1(), self.value.exp())
    }
    fn ln(self) -> Self {
        self.chain(self.value.ln(), 1.0 / self.value)
    }
    fn ln_1p(self) -> Self {
        self.chain(self.value.ln_1p(), 1.0 / (1.0 + self.value))
    }
}

impl<const N: usize> Element for Partials<N> {
    fn record(&self, record: &mut Record) {
        record.number(self.value);
        self.partials.iter().for_each(|&x| record.number(x));
    }
}

/// The logits as variables: element i is the variable i mod `N`, and shares it with others.
fn variables<const N: usize>(mut logits: Array2<Partials<N>>) -> Array2<Partials<N>> {
    logits.iter_mut().enumerate().for_each(|(i, z)| z.partials[i % N] = 1.0);
    logits
}

/// Everything on small arrays, with labels of every type.
fn calls<const N: usize>(shape: [usize; 2]) -> Record {
    let (hard, soft) = (labels(shape), soft_labels::<Partials<N>>(shape));
    let results = settings(shape[1]).into_iter().step_by(2).flat_map(|builder| {
        let logits = variables::<N>(logits(shape));
        let all = |record| alike(Result::expect(record, "valid input"));
        let float = all(all_layouts(&builder, &logits, &floats::<Partials<N>>(&hard)));
        let bool = all(all_layouts(&builder, &logits, &hard));
        let byte = all(all_layouts(&builder, &logits, &bytes(&hard)));
        assert!(float == bool && bool == byte, "the results depend on the type of the labels");
        let soft = all(all_layouts(&builder, &logits, &soft));
        assert!(float.all_finite() && soft.all_finite(), "{builder:?}");
        [float, soft]
    });
    Record::all(results)
}

fn axes<const N: usize>(shape: [usize; 2]) -> Record {
    let logits = variables::<N>(saturated(shape));
    let results = settings(shape[1])
        .into_iter()
        .flat_map(|builder| many_axes(&builder, &logits, &soft_labels::<Partials<N>>(shape)).expect("valid input"));
    Record::all(results)
}

fn invalid<const N: usize>(shape: [usize; 2]) -> Record {
    let at = [1, 2];
    let mut targets = soft_labels::<Partials<N>>(shape);
    targets[at] = Partials::constant(1.5);
    refuse(&variables::<N>(logits(shape)), &targets, at)
}

/// The derivatives that the sum of the losses carries are the gradient.
fn gradient<const N: usize>(shape: [usize; 2]) -> Record {
    let (logits, labels) = (variables::<N>(logits(shape)), labels(shape));
    let results = settings(shape[1]).into_iter().filter(|builder| !format!("{builder:?}").contains("weight: true"));
    let results = results.map(|builder| {
        let loss = builder.reduction(Reduction::Sum).build().expect("valid settings");
        let (value, gradient) = loss.value_and_gradient(&logits, &labels).expect("valid input");
        for (variable, &partial) in value.partials.iter().enumerate() {
            let expected: f64 = gradient.iter().skip(variable).step_by(N).map(|slope| slope.value).sum();
            assert!((partial - expected).abs() <= 1e-11 * (1.0 + expected.abs()), "{partial}, but {expected}");
        }
        let mut record = Record::new();
        value.record(&mut record);
        record
    });
    Record::all(results)
}

fn stage_functions<const N: usize>(shape: [usize; 2]) -> Record {
    let record = Record::all(stages(&variables::<N>(logits(shape))));
    assert!(record.all_finite());
    record
}

/// An array that is cut over threads.
fn parallel<const N: usize>(shape: [usize; 2]) -> Record {
    let (mut logits, labels) = (variables::<N>(logits(shape)), labels(shape));
    let loss = AsymmetricLoss::default();
    let (value, gradient) = loss.value_and_gradient(&logits, &labels).expect("valid input");
    let mut record = Record::new();
    value.record(&mut record);
    record.elements(&gradient.slice(s![..;100, ..]));
    // The other way round along both axes, so that neither is a slice.
    let mut reversed = gradient;
    logits.invert_axis(ndarray::Axis(0));
    reversed.invert_axis(ndarray::Axis(1));
    loss.value_and_gradient_into(&logits, &labels, &mut reversed).expect("valid input").record(&mut record);
    assert!(record.all_finite());
    record
}

mod small {
    use super::*;

    const SHAPE: [usize; 2] = [2, 70];
    const THREADS: [usize; 2] = [400, 91];

    #[test]
    fn size() {
        assert_eq!(size_of::<Small>(), 16);
    }

    #[test]
    fn stages() {
        on_small_stack(KIB, || stage_functions::<1>(SHAPE));
    }

    #[test]
    fn calls() {
        on_small_stack(KIB, || super::calls::<1>(SHAPE));
    }

    #[test]
    fn axes() {
        on_small_stack(KIB, || super::axes::<1>(SHAPE));
    }

    #[test]
    fn invalid() {
        on_small_stack(KIB, || super::invalid::<1>(SHAPE));
    }

    #[test]
    fn gradient() {
        on_small_stack(KIB, || super::gradient::<1>(SHAPE));
    }

    #[test]
    fn counting() {
        on_small_stack(KIB, || counting::targets::<Small>(SHAPE));
    }

    #[test]
    fn single_label() {
        on_small_stack(KIB, || single_label::calls::<Small>(SHAPE));
        on_small_stack(KIB, || single_label::refuse::<Small>(SHAPE));
    }

    #[test]
    fn parallel_single_label() {
        in_small_pool(KIB, || single_label::parallel::<Small>(THREADS));
    }

    #[test]
    fn parallel() {
        in_small_pool(KIB, || super::parallel::<1>(THREADS));
        let logits = variables::<1>(logits(THREADS));
        let (labels, builder) = (labels(THREADS), AsymmetricLoss::builder());
        in_small_pool(KIB, || {
            let mut gradient = Layout::Fortran.of(&logits);
            all_reductions(&builder, logits.view(), labels.view(), gradient.view_mut()).expect("valid input")
        });
    }
}

/// Without optimization every intermediate value has a place of its own on the stack, so these need more of it.
mod big {
    use super::*;

    const SHAPE: [usize; 2] = [5, 7];
    const THREADS: [usize; 2] = [400, 91];

    #[test]
    fn size() {
        assert_eq!(size_of::<Big>(), (1 << 11) + 8);
    }

    #[test]
    #[cfg_attr(debug_assertions, ignore = "too large for a small stack without optimization")]
    fn stages() {
        on_small_stack(KIB, || stage_functions::<256>(SHAPE));
    }

    #[test]
    #[cfg_attr(debug_assertions, ignore = "too large for a small stack without optimization")]
    fn calls() {
        on_small_stack(KIB, || super::calls::<256>(SHAPE));
    }

    #[test]
    #[cfg_attr(debug_assertions, ignore = "too large for a small stack without optimization")]
    fn axes() {
        on_small_stack(KIB, || super::axes::<256>(SHAPE));
    }

    #[test]
    #[cfg_attr(debug_assertions, ignore = "too large for a small stack without optimization")]
    fn invalid() {
        on_small_stack(KIB, || super::invalid::<256>(SHAPE));
    }

    #[test]
    #[cfg_attr(debug_assertions, ignore = "too large for a small stack without optimization")]
    fn gradient() {
        on_small_stack(KIB, || super::gradient::<256>(SHAPE));
    }

    #[test]
    #[cfg_attr(debug_assertions, ignore = "too large for a small stack without optimization")]
    fn counting() {
        on_small_stack(KIB, || counting::targets::<Big>(SHAPE));
    }

    #[test]
    #[cfg_attr(debug_assertions, ignore = "too large for a small stack without optimization")]
    fn single_label() {
        on_small_stack(KIB, || single_label::calls::<Big>(SHAPE));
        on_small_stack(KIB, || single_label::refuse::<Big>(SHAPE));
    }

    #[test]
    #[cfg_attr(debug_assertions, ignore = "too large for a small stack without optimization")]
    fn parallel() {
        in_small_pool(KIB, || super::parallel::<256>(THREADS));
    }
}
