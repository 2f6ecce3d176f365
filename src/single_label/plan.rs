//! The constants of a loss in the type of the logits.

use super::rows::LONGEST;
use super::settings::Settings;
use crate::arithmetic::element::Float;
use crate::focal;
use crate::kernel::{Columns, block_length};
use crate::settings::parameter::Parameter;
use crate::stages::Steps;

/// A loss in the element type `T`.
#[derive(Clone, Debug)]
pub struct Plan<T> {
    /// γ₋, γ₊ and the weight of each class.
    columns: Columns<T>,
    /// The exponents of all classes, where these are small whole numbers: γ₋ and γ₊.
    pub(super) whole: [Option<u32>; 2],
    /// Whether all classes have one weight.
    pub(super) has_one_weight: bool,
    pub(super) label_smoothing: f64,
}

impl<T: Float> Plan<T> {
    pub(super) fn new(settings: &Settings) -> Self {
        let Settings { gamma_neg, gamma_pos, class_weight, label_smoothing, .. } = settings;
        let period = settings.classes().unwrap_or(1);
        Plan {
            columns: Columns::of([gamma_neg, gamma_pos, class_weight], period, block_length::<T>().max(LONGEST)),
            whole: [whole(gamma_neg), whole(gamma_pos)],
            has_one_weight: class_weight.classes().is_none(),
            label_smoothing: *label_smoothing,
        }
    }

    /// γ₋ and γ₊ of the classes from one on, in steps.
    #[inline(always)]
    pub(super) fn gammas<const L: usize>(&self, class: usize) -> [&Steps<T, L>; 2] {
        [0, 1].map(|index| self.columns.column(index, class).as_chunks().0)
    }

    /// The weight of a class.
    pub(super) fn weight(&self, class: usize) -> T {
        self.columns.column(2, class)[0]
    }
}

/// The exponent of all classes, where that is a small whole number.
fn whole(gamma: &Parameter) -> Option<u32> {
    match gamma.values() {
        [first, rest @ ..] if focal::is_whole(*first) && rest.iter().all(|x| x == first) => Some(*first as u32),
        _ => None,
    }
}
