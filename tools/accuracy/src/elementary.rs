//! The elementary functions of the crate: sigmoid and its logarithm, and powers.

use asymmetric_loss::{
    activation::{log_sigmoid, sigmoid},
    focal::weight,
};
use ndarray::ArrayView1;
use yardstick::{
    Native,
    oracle::{Big, big},
};

use crate::{
    points,
    reference::split,
    statistics::Exact,
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
    sigmoid: fn(f64) -> Exact,
    log_sigmoid: fn(f64) -> Exact,
    /// See [`POWERS`].
    powers: [fn(f64) -> Exact; 4],
}

/// Exponents of a power.
const POWERS: [f64; 4] = [0.5, 2.5, 4.0, 10.0];

const IN_F64: Truth = Truth {
    sigmoid: |x| Exact::single(1.0 / (1.0 + (-x).exp())),
    log_sigmoid: |x| Exact::single(x.min(0.0) - (-x.abs()).exp().ln_1p()),
    powers: [
        |x| Exact::single(x.powf(POWERS[0])),
        |x| Exact::single(x.powf(POWERS[1])),
        |x| Exact::single(x.powf(POWERS[2])),
        |x| Exact::single(x.powf(POWERS[3])),
    ],
};

const IN_BITS: Truth = Truth {
    sigmoid: |x| single(big(1.0) / (big(1.0) + (-big(x)).exp())),
    log_sigmoid: |x| single(big(x.min(0.0)) - big(-x.abs()).exp().ln_1p()),
    powers: [
        |x| power_in_bits(x, POWERS[0]),
        |x| power_in_bits(x, POWERS[1]),
        |x| power_in_bits(x, POWERS[2]),
        |x| power_in_bits(x, POWERS[3]),
    ],
};

fn single(x: Big) -> Exact {
    split(&x, &x)
}

fn power_in_bits(x: f64, e: f64) -> Exact {
    single((big(e) * big(x).ln()).exp())
}

fn table<T: Native>(truth: &Truth) -> Vec<Function<T>> {
    let function = |name, low, high, actual: fn(&[T]) -> Vec<T>, exact| Function { name, low, high, actual, exact };
    let top = T::MODERATE;
    // The least probability whose power is a normal number.
    let least = |e: f64| 2.0 * T::smallest_normal().powf(1.0 / e.max(1.0));
    let [first, second, third, fourth] = truth.powers;
    vec![
        function("sigmoid", -top, top, |x| sigmoid(&ArrayView1::from(x)).expect("memory").to_vec(), truth.sigmoid),
        function(
            "log_sigmoid",
            -top,
            top,
            |x| log_sigmoid(&ArrayView1::from(x)).expect("memory").to_vec(),
            truth.log_sigmoid,
        ),
        function("weight, γ 0.5", least(POWERS[0]), 1.0, |x| power(x, POWERS[0]), first),
        function("weight, γ 2.5", least(POWERS[1]), 1.0, |x| power(x, POWERS[1]), second),
        function("weight, γ 4", least(POWERS[2]), 1.0, |x| power(x, POWERS[2]), third),
        function("weight, γ 10", least(POWERS[3]), 1.0, |x| power(x, POWERS[3]), fourth),
    ]
}

fn power<T: Native>(x: &[T], gamma: f64) -> Vec<T> {
    weight(&ArrayView1::from(x), gamma).expect("a valid exponent").to_vec()
}
