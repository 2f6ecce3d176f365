//! Runs the formulas over arrays: any strides, blocks that stay in the L1 cache, vector code, threads.
//!
//! [`traverse`] cuts arrays into runs of consecutive elements, [`dispatch`] picks the instruction set for a run,
//! [`block`] takes it through the stages; [`plan`] holds the constants and [`sum`] adds the losses up.

mod block;
mod dispatch;
mod plan;
mod sum;
mod traverse;

pub(crate) use block::Run;
pub(crate) use block::evaluate;
pub(crate) use plan::{Parameter, Settings};
pub(crate) use plan::{Plan, Plans};
pub(crate) use traverse::{Arrays, traverse};
