//! Threads with stacks of a given size.

use crate::data::Record;
use rayon::{ThreadPool, ThreadPoolBuilder};
use std::thread;

/// The size of a stack on which everything fits.
const LARGE_KIB: usize = 1 << 16;

/// More threads than most arrays have parts: they take work from each other while they wait, which nests it.
const THREADS: usize = 4;

fn bytes(kib: usize) -> usize {
    let kib = std::env::var("STACK_KIB").map_or(kib, |kib| kib.parse().expect("STACK_KIB is a number"));
    kib << 10
}

fn on_stack(bytes: usize, work: impl FnOnce() -> Record + Send) -> Record {
    thread::scope(|scope| {
        let thread = thread::Builder::new().stack_size(bytes).spawn_scoped(scope, work).expect("a thread");
        thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    })
}

/// Does the work on a stack of so many KiB and on a large one; the results must be the same bits.
pub(crate) fn on_small_stack(kib: usize, work: impl Fn() -> Record + Send + Sync) {
    let (small, large) = (on_stack(bytes(kib), &work), on_stack(LARGE_KIB << 10, &work));
    assert!(!small.is_empty() && small == large, "the results depend on the stack");
}

/// Does the work in a pool of threads that have a stack of so many KiB each, and on a large stack; the results must be
/// the same bits.
pub(crate) fn in_small_pool(kib: usize, work: impl Fn() -> Record + Send + Sync) {
    let pool = |bytes| ThreadPoolBuilder::new().num_threads(THREADS).stack_size(bytes).build().expect("a pool");
    let run = |pool: ThreadPool| pool.install(&work);
    let (small, large) = (run(pool(bytes(kib))), on_stack(LARGE_KIB << 10, &work));
    assert!(!small.is_empty() && small == large, "the results depend on the stack");
}
