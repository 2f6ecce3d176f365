//! The one-cycle learning rate: Smith & Topin, "Super-convergence", 2018, with PyTorch's defaults.

use std::f64::consts::PI;

const WARM_UP: f64 = 0.3;
const PEAK_OVER_START: f64 = 25.0;
const START_OVER_END: f64 = 1e4;

/// Half a cosine up to the peak over the first 30 % of the steps, then half a cosine down to almost
/// nothing.
pub(crate) struct OneCycle {
    peak: f64,
    steps: usize,
}

impl OneCycle {
    pub(crate) fn new(peak: f64, steps: usize) -> Self {
        Self { peak, steps }
    }

    /// The learning rate of a step; steps count from 0.
    pub(crate) fn learning_rate(&self, step: usize) -> f64 {
        let start = self.peak / PEAK_OVER_START;
        let end = start / START_OVER_END;
        let (step, last) = (step as f64, self.steps as f64 - 1.0);
        let top = WARM_UP * self.steps as f64 - 1.0;
        if step <= top {
            cosine(start, self.peak, step / top)
        } else {
            cosine(self.peak, end, (step - top) / (last - top))
        }
    }
}

fn cosine(from: f64, to: f64, progress: f64) -> f64 {
    to + (from - to) * (1.0 + (PI * progress).cos()) / 2.0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn assert_close(actual: f64, expected: f64) {
        assert!((actual - expected).abs() < 1e-12, "{actual} {expected}");
    }

    #[test]
    fn start_top_middle_and_end() {
        // The top is at step 0.3 · 110 − 1 = 32, the last step is 109: both ramps can be halved at
        // 16 and at 70.5.
        let schedule = OneCycle::new(1.0, 110);
        assert_close(schedule.learning_rate(0), 0.04);
        assert_close(schedule.learning_rate(16), (0.04 + 1.0) / 2.0);
        assert_close(schedule.learning_rate(32), 1.0);
        assert_close(schedule.learning_rate(70) + schedule.learning_rate(71), 1.0 + 4e-6);
        assert_close(schedule.learning_rate(109), 4e-6);
    }

    #[test]
    fn the_shortest_schedules_stay_between_end_and_peak() {
        for steps in 1..10 {
            let schedule = OneCycle::new(1.0, steps);
            assert!((0..steps).all(|step| (4e-6..=1.0).contains(&schedule.learning_rate(step))), "{steps}");
        }
    }
}
