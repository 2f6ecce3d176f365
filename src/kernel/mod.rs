//! Runs the formula over arrays: any strides, vectors, threads.
//!
//! [`traverse`] cuts [`arrays`] until a few elements are left, [`copies`] makes slices of them, [`evaluate`] takes those
//! through the formula, with the constants of a [`plan`].

mod arrays;
mod block;
mod copies;
mod evaluate;
pub(crate) mod kind;
pub(crate) mod outputs;
mod parameters;
mod plan;
mod traverse;

pub(crate) use arrays::{Arrays, Fault, Leaf, Losses, Pass, Source};
pub(crate) use block::{LANES, LARGE, block_length, output_block, steps};
pub(crate) use copies::{evaluate_leaf, output_slice, read, write};
pub(crate) use kind::Position;
pub(crate) use parameters::slopes;
pub(crate) use plan::{Columns, Plan};
pub(crate) use traverse::walk;
