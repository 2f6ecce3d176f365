//! What a user meets around the calls: settings, errors, states and element types.

mod adaptive;
mod errors;
mod half;
mod settings;
mod strategies;
