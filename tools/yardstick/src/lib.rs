//! What the crate is measured by: its tests, its benches and the other tools share it.

pub mod baseline;
pub mod oracle;

mod native;
mod setting;

pub use native::Native;
pub use setting::{IMPLEMENTATIONS, Setting};
