//! Runs the formula over arrays: any strides, vectors, threads.
//!
//! [`traverse`] cuts [`arrays`] until a few elements are left, [`copies`] makes slices of them, [`evaluate`] takes those
//! through the formula, with the constants of a [`plan`].

mod arrays;
mod copies;
mod evaluate;
mod parameters;
mod plan;
mod stretch;
mod traverse;
mod weigh;

pub(crate) use arrays::{Arrays, Labels, Pass};
pub(crate) use evaluate::LARGE;
pub(crate) use parameters::slopes;
pub(crate) use plan::{Plans, STRETCH};
pub(crate) use stretch::stretch;
pub(crate) use traverse::traverse;
