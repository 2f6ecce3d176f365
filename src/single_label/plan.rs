//! The constants of a loss in the type of the logits.

use super::settings::Settings;
use crate::element::Float;
use crate::focal;
use crate::kernel::block_length;
use crate::parameter::Parameter;
use crate::stages::Steps;

/// A number per class, so that those of neighbouring classes load as a vector.
#[derive(Clone, Debug)]
pub(super) struct Column<T> {
    pub(super) is_uniform: bool,
    /// Zeros fill up the last block.
    values: Vec<T>,
}

impl<T: Float> Column<T> {
    fn new(parameter: &Parameter, convert: impl Fn(f64) -> T) -> Self {
        match parameter {
            Parameter::Uniform(value) => {
                Column { is_uniform: true, values: vec![convert(*value); block_length::<T>()] }
            }
            Parameter::PerClass(values) => {
                let mut values: Vec<T> = values.iter().map(|&value| convert(value)).collect();
                values.resize(values.len().next_multiple_of(block_length::<T>()), T::from_f64(0.0));
                Column { is_uniform: false, values }
            }
        }
    }

    /// The numbers from that of a class on, in steps.
    #[inline(always)]
    pub(super) fn steps<const L: usize>(&self, class: usize) -> &Steps<T, L> {
        self.values[if self.is_uniform { 0 } else { class }..].as_chunks().0
    }

    /// The number of a class.
    pub(super) fn of(&self, class: usize) -> T {
        self.values[if self.is_uniform { 0 } else { class }]
    }
}

/// The exponent of all classes, where that is a small whole number.
fn whole(gammas: &[f64]) -> Option<u32> {
    match gammas {
        [first, rest @ ..] if focal::is_whole(*first) && rest.iter().all(|x| x == first) => Some(*first as u32),
        _ => None,
    }
}

/// A focusing exponent.
#[derive(Clone, Debug)]
pub(super) struct Exponent<T> {
    /// The exponent of all classes, where that is a small whole number.
    pub(super) whole: Option<u32>,
    pub(super) column: Column<T>,
}

impl<T: Float> Exponent<T> {
    fn new(parameter: &Parameter) -> Self {
        // An exponent may round up to ∞.
        Exponent {
            whole: whole(parameter.values()),
            column: Column::new(parameter, |gamma| T::from_f64(gamma.min(focal::LARGEST_GAMMA))),
        }
    }
}

/// A loss in the element type `T`.
#[derive(Clone, Debug)]
pub struct Plan<T> {
    pub(super) gamma_neg: Exponent<T>,
    pub(super) gamma_pos: Exponent<T>,
    pub(super) label_smoothing: f64,
    pub(super) class_weight: Column<T>,
}

impl<T: Float> Plan<T> {
    pub(super) fn new(settings: &Settings) -> Self {
        Plan {
            gamma_neg: Exponent::new(&settings.gamma_neg),
            gamma_pos: Exponent::new(&settings.gamma_pos),
            label_smoothing: settings.label_smoothing,
            class_weight: Column::new(&settings.class_weight, T::from_f64),
        }
    }
}
