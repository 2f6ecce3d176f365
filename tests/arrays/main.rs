//! What a whole array gives: how it is walked, what of it counts, how it adds up.
//!
//! `.ci/run` repeats these tests without threads.

#[path = "../common/mod.rs"]
mod common;

mod counting;
mod hostile;
mod layouts;
mod learning;
mod results;
mod single_label;
mod sums;
