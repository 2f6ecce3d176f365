//! The loss, stage by stage.
//!
//! ```text
//! logit → activation → margin → cross-entropy → focal weight → combination
//! ```
//!
//! Each file holds a formula as plain functions of values, the stage that runs it over a block, and the public function over
//! arrays where there is one. A block is a few hundred elements whose intermediate results stay in the nearest cache, in
//! columns. Splitting the loss into stages keeps few values alive at a time, so that they stay in registers.
//!
//! [`formula`] composes the stages for a label kind, a formulation and what is asked for. [`soft`] joins the losses of both
//! labels; [`parameters`] holds the derivatives in γ₊, m and γ₋; [`weights`] is what happens to elements before and after.

pub mod activation;
pub(crate) mod columns;
pub(crate) mod cross_entropy;
pub(crate) mod elementwise;
pub mod focal;
pub(crate) mod formula;
pub mod margin;
pub(crate) mod parameters;
pub(crate) mod soft;
pub(crate) mod softmax;
pub(crate) mod weights;

use crate::arithmetic::{Arithmetic, Pair};

/// A number for each element of a block, `L` elements a step. `L` is a multiple of the lanes of every value.
pub(crate) type Steps<T, const L: usize> = [[T; L]];

/// Numbers that a stage reads: one for all elements of a block, or one for each.
pub(crate) trait Column<V: Arithmetic, const L: usize>: Copy {
    /// Those of the elements from that at `lane` of a step on.
    fn load(self, context: V::Context, step: usize, lane: usize) -> V;
}

/// One number for all elements.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Uniform<T>(pub(crate) T);

impl<V: Arithmetic, const L: usize> Column<V, L> for Uniform<V::Element> {
    #[inline(always)]
    fn load(self, context: V::Context, _step: usize, _lane: usize) -> V {
        V::filled(context, self.0)
    }
}

/// A number for each element.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Each<'a, T, const L: usize>(pub(crate) &'a Steps<T, L>);

impl<V: Arithmetic, const L: usize> Column<V, L> for Each<'_, V::Element, L> {
    #[inline(always)]
    fn load(self, context: V::Context, step: usize, lane: usize) -> V {
        V::load(context, &self.0[step], lane)
    }
}

/// Two columns as pairs.
#[inline(always)]
pub(crate) fn load_pair<V: Arithmetic, const L: usize>(
    context: V::Context,
    [hi, lo]: [&Steps<V::Element, L>; 2],
    step: usize,
    lane: usize,
) -> Pair<V> {
    Pair { hi: V::load(context, &hi[step], lane), lo: V::load(context, &lo[step], lane) }
}

/// Replaces the numbers of a column where the mask is.
#[inline(always)]
pub(crate) fn replace<V: Arithmetic, const L: usize>(
    context: V::Context,
    column: &mut [V::Element; L],
    lane: usize,
    mask: V::Mask,
    with: V,
) {
    V::select(mask, with, V::load(context, column, lane)).store(column, lane);
}

/// Runs statements for every value of a block: `step` counts steps of `L` elements, `lane` the elements of a step.
///
/// It counts by hand, because iterators are calls in an unoptimized build.
macro_rules! for_each_value {
    ($V:ident, $L:ident, $steps:expr, |$step:ident, $lane:ident| $body:block) => {{
        let mut $step = 0;
        while $step < $steps {
            let mut $lane = 0;
            while $lane < $L {
                $body
                $lane += $V::LANES;
            }
            $step += 1;
        }
    }};
}
pub(crate) use for_each_value;

/// Defines a stage: a function of its own, compiled for the instructions of the values `V`, over columns of `L` elements a step.
///
/// Behind its name stand, in brackets, `K` if it reads constants of the classes, and constants that are known when it is compiled.
/// The body is a function once more, because a closure would take apart what it captures and hand on every slice by itself.
macro_rules! stage {
    (
        $(#[$attribute:meta])*
        fn $name:ident[$($K:ident)?][$($constant:ident: $kind:ty),*](
            $context:ident,
            $($argument:ident: $type:ty,)*
        ) $(-> $result:ty)? $body:block
    ) => {
        $(#[$attribute])*
        #[inline(never)]
        pub(crate) fn $name<V: Arithmetic, $($K: Column<V, L>,)? const L: usize, $(const $constant: $kind),*>(
            context: V::Context,
            $($argument: $type,)*
        ) $(-> $result)? {
            #[inline(always)]
            fn body<V: Arithmetic, $($K: Column<V, L>,)? const L: usize, $(const $constant: $kind),*>(
                $context: V::Context,
                $($argument: $type,)*
            ) $(-> $result)? $body

            V::vectorized(
                context,
                #[inline(always)]
                || body::<V, $($K,)? L, $($constant),*>(context, $($argument),*),
            )
        }
    };
}
pub(crate) use stage;
