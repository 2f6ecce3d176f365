//! What an element gives: its loss and derivatives, against definitions and recorded numbers.
//!
//! `.ci/run` repeats most of these tests on the instructions of other processors.

#[path = "../common/mod.rs"]
mod common;

mod corners;
mod derivatives;
mod dual;
mod formulas;
mod guards;
mod identities;
mod initial;
mod oracle;
mod peak;
mod reference;
mod weighted_reference;
