//! The elementary functions of the crate: those of the trait `Float`, and the sigmoid.

use std::f64::consts::LN_2;

use asymmetric_loss::{Pair, activation::sigmoid};
use ndarray::ArrayView1;

use crate::{
    oracle::{Big, big},
    points,
    reference::split,
    statistics::{Element, Exact},
    task::{Arguments, Function, Task},
};

/// Fewer arguments than the losses, which are what matters; odd, like the strides of those.
const STRIDE: u32 = 31;

/// Every function in `f32`.
pub(crate) fn functions_f32(stride: u32) -> Vec<Task> {
    let of = |function: Function<f32>| function.task(Arguments::bit_patterns(stride.max(STRIDE)));
    table::<f32>(&IN_F64).into_iter().map(of).collect()
}

/// Every function in `f64`, at so many random points.
pub(crate) fn functions_f64(count: usize) -> Vec<Task> {
    let of = |function: Function<f64>| {
        let points = points::random(function.low, function.high, count);
        function.task(Arguments::List(points))
    };
    table::<f64>(&IN_BITS).into_iter().map(of).collect()
}

/// The true functions.
struct Truth {
    exp: fn(f64) -> Exact,
    exp_m1: fn(f64) -> Exact,
    ln: fn(f64) -> Exact,
    ln_1p: fn(f64) -> Exact,
    sigmoid: fn(f64) -> Exact,
    /// See [`POWERS`].
    powers: [fn(f64) -> Exact; 3],
}

/// Exponents of a power.
const POWERS: [f64; 3] = [0.5, 2.5, 4.0];

const IN_F64: Truth = Truth {
    exp: |x| Exact::single(x.exp()),
    exp_m1: |x| Exact::single(x.exp_m1()),
    ln: |x| Exact::single(x.ln()),
    ln_1p: |x| Exact::single(x.ln_1p()),
    sigmoid: |x| Exact::single(1.0 / (1.0 + (-x).exp())),
    powers: [|x| power_in_f64(x, POWERS[0]), |x| power_in_f64(x, POWERS[1]), |x| power_in_f64(x, POWERS[2])],
};

const IN_BITS: Truth = Truth {
    exp: |x| single(big(x).exp()),
    exp_m1: |x| single(big(x).exp_m1()),
    ln: |x| single(big(x).ln()),
    ln_1p: |x| single(big(x).ln_1p()),
    sigmoid: |x| single(big(1.0) / (big(1.0) + (-big(x)).exp())),
    powers: [|x| power_in_bits(x, POWERS[0]), |x| power_in_bits(x, POWERS[1]), |x| power_in_bits(x, POWERS[2])],
};

fn single(x: Big) -> Exact {
    split(&x, &x)
}

fn power_in_f64(x: f64, e: f64) -> Exact {
    Exact::single((x + low_part::<f32>(x)).powf(e))
}

fn power_in_bits(x: f64, e: f64) -> Exact {
    single((big(e) * (big(x) + big(low_part::<f64>(x))).ln()).exp())
}

/// The trailing part of the base of a power, within half a unit of the leading one.
fn low_part<T: Element>(x: f64) -> f64 {
    0.375 * T::ulp(x)
}

fn table<T: Element>(truth: &Truth) -> Vec<Function<T>> {
    let function = |name, low, high, actual: fn(&[T]) -> Vec<T>, exact| Function { name, low, high, actual, exact };
    let (top, smallest) = (T::MODERATE, T::smallest_normal());
    let mut functions = vec![
        function("exp", -top, top, |x: &[T]| each(x, T::exp), truth.exp),
        // The argument that is left of an exponential.
        function("exp_m1", -LN_2 / 2.0, LN_2 / 2.0, |x: &[T]| each(x, T::exp_m1), truth.exp_m1),
        function("ln", smallest, 1.0 / smallest, |x: &[T]| each(x, T::ln), truth.ln),
        function("ln_1p", -0.95, 1.0, |x: &[T]| each(x, T::ln_1p), truth.ln_1p),
        function("sigmoid", -top, top, |x: &[T]| sigmoid(&ArrayView1::from(x)).to_vec(), truth.sigmoid),
    ];
    // Of a probability whose power is a normal number.
    let least = 2.0 * smallest.powf(1.0 / POWERS[2]);
    let [first, second, third] = truth.powers;
    functions.extend([
        function("power 0.5", least, 1.0, |x: &[T]| each(x, |x| power(x, POWERS[0])), first),
        function("power 2.5", least, 1.0, |x: &[T]| each(x, |x| power(x, POWERS[1])), second),
        function("power 4", least, 1.0, |x: &[T]| each(x, |x| power(x, POWERS[2])), third),
    ]);
    functions
}

fn each<T: Element>(x: &[T], f: impl Fn(T) -> T) -> Vec<T> {
    x.iter().map(|&x| f(x)).collect()
}

fn power<T: Element>(x: T, e: f64) -> T {
    T::power(Pair { hi: x, lo: T::from_f64(low_part::<T>(x.into())) }, Pair::single(T::from_f64(e)))
}
