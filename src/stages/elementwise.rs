//! A function of values, for every element of an array.

use crate::arithmetic::element::{ByType, Float};
use crate::arithmetic::{Arithmetic, Native, Scalar, Task, run};
use crate::arrays::results::copy_of;
use crate::arrays::threads::join;
use crate::error::Error;
use ndarray::{Array, ArrayBase, Data, Dimension};
use std::marker::PhantomData;

/// The number of elements that are on the way together.
const ELEMENTS_IN_BLOCK: usize = 64;

/// The largest number of elements that one thread takes at a time.
const ELEMENTS_IN_LEAF: usize = 1 << 14;

/// A function of one value.
pub(crate) trait Map: Copy + Send + Sync {
    fn eval<V: Arithmetic>(self, x: V) -> V;

    /// [`eval`](Self::eval) for all of a slice; see [`native_map!`].
    fn single(self, elements: &mut [f32]);

    /// [`eval`](Self::eval) for all of a slice; see [`native_map!`].
    fn double(self, elements: &mut [f64]);
}

/// The methods of a [`Map`] that are compiled with this crate and not, unoptimized perhaps, with its user.
macro_rules! native_map {
    () => {
        fn single(self, elements: &mut [f32]) {
            $crate::stages::elementwise::map_native(self, elements);
        }
        fn double(self, elements: &mut [f64]) {
            $crate::stages::elementwise::map_native(self, elements);
        }
    };
}
pub(crate) use native_map;

/// f of every element, in the memory order of the array.
pub(crate) fn map<T: Float, S: Data<Elem = T>, D: Dimension, F: Map>(
    array: &ArrayBase<S, D>,
    f: F,
) -> Result<Array<T, D>, Error> {
    let mut result = copy_of(array)?;
    if let Some(elements) = result.as_slice_memory_order_mut() {
        map_slice(f, elements);
    }
    Ok(result)
}

fn map_slice<T: Float, F: Map>(f: F, elements: &mut [T]) {
    if elements.len() > ELEMENTS_IN_LEAF {
        let count = elements.len();
        let (left, right) = elements.split_at_mut(count / 2 / ELEMENTS_IN_BLOCK * ELEMENTS_IN_BLOCK);
        join(count, || map_slice(f, left), || map_slice(f, right));
        return;
    }
    T::evaluate::<Mapping<F>>((f, elements));
}

/// A function of the elements of a slice.
struct Mapping<F>(PhantomData<F>);

impl<F: Map> ByType for Mapping<F> {
    type Input<'a, T: Float> = (F, &'a mut [T]);
    type Output<'a, T: Float> = ();

    fn single<'a>((f, elements): Self::Input<'a, f32>) -> Self::Output<'a, f32> {
        f.single(elements);
    }

    fn double<'a>((f, elements): Self::Input<'a, f64>) -> Self::Output<'a, f64> {
        f.double(elements);
    }

    fn any<'a, T: Float>((f, elements): Self::Input<'a, T>) -> Self::Output<'a, T> {
        elements.iter_mut().for_each(|x| *x = f.eval(Scalar(*x)).0);
    }
}

/// f of every element, in vectors.
pub(crate) fn map_native<T: Native, F: Map>(f: F, elements: &mut [T]) {
    run(Slice { f, elements });
}

struct Slice<'a, T, F> {
    f: F,
    elements: &'a mut [T],
}

impl<T: Native, F: Map> Task<T> for Slice<'_, T, F> {
    type Output = ();

    #[inline(always)]
    fn run<V: Arithmetic<Element = T>>(self, context: V::Context) {
        let Slice { f, elements } = self;
        let mut at = 0;
        while at + V::LANES <= elements.len() {
            f.eval(V::load(context, elements, at)).store(elements, at);
            at += V::LANES;
        }
        let rest = &mut elements[at..];
        let mut padded = [T::from_f64(0.0); ELEMENTS_IN_BLOCK];
        padded[..rest.len()].copy_from_slice(rest);
        f.eval(V::load(context, &padded, 0)).store(&mut padded, 0);
        rest.copy_from_slice(&padded[..rest.len()]);
    }
}
