//! Work on two threads.

/// The number of elements below which a second thread costs more than it saves.
#[cfg(feature = "rayon")]
const PARALLEL: usize = 1 << 15;

/// Both results, on two threads of the rayon pool where there are elements enough.
#[cfg(feature = "rayon")]
pub(crate) fn join<A: Send, B: Send>(
    elements: usize,
    a: impl FnOnce() -> A + Send,
    b: impl FnOnce() -> B + Send,
) -> (A, B) {
    if elements < PARALLEL { (a(), b()) } else { rayon::join(a, b) }
}

/// Both results, one after the other.
#[cfg(not(feature = "rayon"))]
pub(crate) fn join<A, B>(_elements: usize, a: impl FnOnce() -> A, b: impl FnOnce() -> B) -> (A, B) {
    (a(), b())
}
