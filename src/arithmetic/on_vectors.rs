//! For tests: a function of values, on the vectors of this processor or one by one.

use super::{Arithmetic, Double, Native, Pair, Scalar, Single, Task, run};

/// No value has more lanes.
const MOST_LANES: usize = 64;

/// A function of up to three values.
pub(super) trait Function: Copy {
    fn eval<V: Arithmetic>(self, arguments: [V; 3]) -> Pair<V>;
}

/// Makes a [`Function`] of a name, its arguments and an expression over a value `V`.
macro_rules! function {
    ($name:ident, |$x:ident, $y:pat_param, $z:pat_param| $result:expr) => {
        #[derive(Clone, Copy)]
        struct $name;

        impl $crate::arithmetic::on_vectors::Function for $name {
            #[inline(always)]
            fn eval<V: $crate::arithmetic::Arithmetic>(self, [$x, $y, $z]: [V; 3]) -> $crate::arithmetic::Pair<V> {
                $result
            }
        }
    };
}
pub(super) use function;

/// What a function is evaluated in.
pub(super) trait Values<T: Native> {
    fn run<K: Task<T>>(task: K) -> K::Output;
}

/// The widest vectors of this processor.
pub(super) struct Widest;

impl<T: Native> Values<T> for Widest {
    fn run<K: Task<T>>(task: K) -> K::Output {
        run(task)
    }
}

macro_rules! one_by_one {
    ($($scalar:ty: $element:ty),*) => {$(
        impl Values<$element> for $scalar {
            fn run<K: Task<$element>>(task: K) -> K::Output {
                task.run::<$scalar>(())
            }
        }
    )*};
}
one_by_one!(Single: f32, Double: f64, Scalar<f32>: f32, Scalar<f64>: f64);

/// f of each, on vectors.
pub(super) fn each<T: Native, F: Function>(f: F, arguments: &[[T; 3]]) -> Vec<Pair<T>> {
    each_in::<Widest, _, _>(f, arguments)
}

/// f of each.
pub(super) fn each_in<V: Values<T>, T: Native, F: Function>(f: F, arguments: &[[T; 3]]) -> Vec<Pair<T>> {
    let mut padded = arguments.to_vec();
    padded.resize(arguments.len().next_multiple_of(MOST_LANES), [T::one(); 3]);
    let arguments_apart = [0, 1, 2].map(|i| padded.iter().map(|x| x[i]).collect::<Vec<T>>());
    let mut results = [(); 2].map(|()| vec![T::zero(); padded.len()]);
    V::run(Each { f, arguments: &arguments_apart, results: &mut results });
    let [hi, lo] = results;
    hi.into_iter().zip(lo).map(|(hi, lo)| Pair { hi, lo }).take(arguments.len()).collect()
}

struct Each<'a, T, F> {
    f: F,
    arguments: &'a [Vec<T>; 3],
    results: &'a mut [Vec<T>; 2],
}

impl<T: Native, F: Function> Task<T> for Each<'_, T, F> {
    type Output = ();

    #[inline(always)]
    fn run<V: Arithmetic<Element = T>>(self, context: V::Context) {
        let [x, y, z] = self.arguments;
        let [hi, lo] = self.results;
        for at in (0..x.len()).step_by(V::LANES) {
            let arguments = [V::load(context, x, at), V::load(context, y, at), V::load(context, z, at)];
            let result = self.f.eval(arguments);
            result.hi.store(hi, at);
            result.lo.store(lo, at);
        }
    }
}
