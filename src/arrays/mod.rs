//! What every pass over arrays needs: memory for results, the order of axes, threads and sums.

pub(crate) mod order;
pub(crate) mod results;
pub(crate) mod slices;
pub(crate) mod sum;
pub(crate) mod threads;
