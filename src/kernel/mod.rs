//! Runs the formula over arrays: any strides, vectors, threads.
//!
//! [`traverse`] cuts arrays into runs of consecutive elements, [`evaluate`] takes a run through the formula; [`plan`] holds
//! the constants.

mod copies;
mod evaluate;
mod plan;
mod traverse;

pub(crate) use plan::Plans;
pub(crate) use traverse::{Arrays, Pass, traverse};
