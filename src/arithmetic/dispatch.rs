//! Picks the instructions at run time.

use super::{Arithmetic, Lockstep, Native};
use fearless_simd::{Level, Simd};

/// The number of vectors in lockstep. A stage is short, so that the processor finds the work of the next vectors by itself.
const TOGETHER: usize = 2;

/// Work on elements of type `T` that is written once for every kind of value.
pub(crate) trait Task<T: Native> {
    type Output;

    fn run<V: Arithmetic<Element = T>>(self, context: V::Context) -> Self::Output;
}

/// Runs a task on the widest vectors of the processor, if they have a fused multiply-add: AVX-512, AVX2 or NEON, which all
/// give the same bits.
///
/// Elsewhere elements are calculated one by one, whose last bits may differ. So they are in an unoptimized build: it makes
/// a call of every operation, and elements one by one then take the fewest.
pub(crate) fn run<T: Native, K: Task<T>>(task: K) -> K::Output {
    if cfg!(unoptimized) {
        return task.run::<T::Scalar>(());
    }
    let level = Level::new();
    #[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
    {
        #[cfg(not(disable_dispatch_avx512))]
        if let Some(simd) = level.as_avx512() {
            return run_on(simd, task);
        }
        // Its proof of AVX2 is one of FMA, too.
        #[cfg(not(disable_dispatch_avx2))]
        if let Some(simd) = level.as_avx2() {
            return run_on(simd, task);
        }
    }
    #[cfg(target_arch = "aarch64")]
    if let Some(simd) = level.as_neon() {
        return run_on(simd, task);
    }
    let _ = level;
    task.run::<T::Scalar>(())
}

#[inline(always)]
#[allow(dead_code, reason = "not used where there are no vectors")]
fn run_on<S: Simd, T: Native, K: Task<T>>(simd: S, task: K) -> K::Output {
    simd.vectorize(
        #[inline(always)]
        || task.run::<Lockstep<S, T, TOGETHER>>(simd),
    )
}
