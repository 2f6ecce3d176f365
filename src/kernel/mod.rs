//! Runs the formula over arrays: any strides, vectors, threads.
//!
//! [`traverse`] cuts [`arrays`] until a few elements are left, [`copies`] makes slices of them, [`evaluate`] takes those
//! through the formula, with the constants of a [`plan`].

mod arrays;
mod block;
mod copies;
mod evaluate;
mod parameters;
mod plan;
mod traverse;

pub(crate) use arrays::{Arrays, Labels, Pass};
pub(crate) use block::LARGE;
pub(crate) use parameters::slopes;
pub(crate) use plan::Plans;
pub(crate) use traverse::traverse;
