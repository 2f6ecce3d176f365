//! Errors in units in the last place, and what is kept of many of them.

use serde::{Deserialize, Serialize};
use yardstick::Native;

/// A true result as `high + low`, and the magnitude of its largest term. Terms of both signs may cancel, so rounding
/// errors are measured by that term.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Exact {
    pub(crate) high: f64,
    pub(crate) low: f64,
    pub(crate) term: f64,
}

impl Exact {
    /// A result of one term.
    pub(crate) fn single(high: f64) -> Self {
        Exact { high, low: 0.0, term: high.abs() }
    }
}

/// The errors of one result over many arguments.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Errors {
    /// How many arguments are measured in units in the last place.
    counted: u64,
    sum: f64,
    pub(crate) largest: f64,
    /// The argument of the largest error.
    pub(crate) at: f64,
    /// Results of zero where the true one is a normal number that no cancellation explains.
    pub(crate) lost: u64,
    /// NaN or infinite results of a finite argument.
    pub(crate) not_finite: u64,
    /// Results off by more than [`NEGLIGIBLE`] smallest normal numbers where the true one is below the first of them.
    pub(crate) violations: u64,
}

/// The absolute error, in smallest normal numbers, that is allowed where there are too few digits for a relative one.
const NEGLIGIBLE: f64 = 64.0;

impl Errors {
    /// Adds the error of one result.
    pub(crate) fn add<T: Native>(&mut self, x: f64, actual: f64, exact: &Exact) {
        if !actual.is_finite() {
            self.not_finite += 1;
            return;
        }
        let error = ((actual - exact.high) - exact.low).abs();
        let smallest = T::smallest_normal();
        let negligible = error <= NEGLIGIBLE * smallest;
        if exact.term < smallest {
            self.violations += u64::from(!negligible);
            return;
        }
        self.lost += u64::from(actual == 0.0 && exact.high.abs() >= smallest.max(exact.term / 2.0));
        // e^(−|z|) has no digits there, but a result such as s = −z has.
        if x.abs() > T::MODERATE && negligible {
            return;
        }
        let error = error / T::ulp(exact.term);
        self.counted += 1;
        self.sum += error;
        if error > self.largest {
            (self.largest, self.at) = (error, x);
        }
    }

    /// The errors over the arguments of both.
    pub(crate) fn merge(&mut self, other: &Errors) {
        if other.largest > self.largest {
            (self.largest, self.at) = (other.largest, other.at);
        }
        self.counted += other.counted;
        self.sum += other.sum;
        self.lost += other.lost;
        self.not_finite += other.not_finite;
        self.violations += other.violations;
    }

    /// The mean error in units in the last place; NaN of nothing.
    pub(crate) fn mean(&self) -> f64 {
        self.sum / self.counted as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn errors<T: Native>(x: f64, actual: f64, exact: Exact) -> Errors {
        let mut errors = Errors::default();
        errors.add::<T>(x, actual, &exact);
        errors
    }

    #[test]
    fn ulp_is_the_spacing() {
        for x in [1.0, 1.5, 0.99, 1e-30, 3e38, 1e-45] {
            assert_eq!(f32::ulp(x), f64::from((x as f32).next_up()) - f64::from(x as f32), "{x}");
        }
        for x in [1.0, 0.99, 1e-300, 5e-324] {
            assert_eq!(f64::ulp(x), x.next_up() - x, "{x}");
        }
    }

    #[test]
    fn errors_are_in_units_of_the_term() {
        let one = f64::from(f32::EPSILON);
        assert_eq!(errors::<f32>(0.0, 1.0 + 3.0 * one, Exact::single(1.0)).largest, 3.0);
        assert_eq!(errors::<f32>(0.0, 1.0 + 3.0 * one, Exact { high: 1.0, low: one, term: 2.0 }).largest, 1.0);
    }

    #[test]
    fn what_has_no_digits_is_held_to_an_absolute_error() {
        let tiny = f64::from(f32::MIN_POSITIVE);
        assert_eq!(errors::<f32>(90.0, 0.0, Exact::single(10.0 * tiny)).counted, 0);
        assert_eq!(errors::<f32>(50.0, 0.0, Exact::single(10.0 * tiny)).lost, 1);
        assert_eq!(errors::<f32>(90.0, 100.0 * tiny, Exact::single(0.0)).violations, 1);
        assert_eq!(errors::<f32>(90.0, f64::NAN, Exact::single(0.0)).not_finite, 1);
    }

    #[test]
    fn merging_adds_up() {
        let mut all = errors::<f64>(3.0, 1.0, Exact::single(1.0 + 2.0 * f64::EPSILON));
        all.merge(&errors::<f64>(4.0, 1.0, Exact::single(1.0 + 4.0 * f64::EPSILON)));
        assert_eq!((all.counted, all.mean(), all.largest, all.at), (2, 3.0, 4.0, 4.0));
    }
}
