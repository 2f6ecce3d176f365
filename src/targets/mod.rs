//! What can stand as labels, and what can be wrong with them.

pub(crate) mod checks;
pub(crate) mod class_index;
pub(crate) mod divisor;
pub(crate) mod label;
pub(crate) mod labels;
pub(crate) mod sparse;

pub use class_index::ClassIndex;
pub use label::Label;
pub use labels::Labels;
