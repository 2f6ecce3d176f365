//! AdamW: Loshchilov & Hutter, "Decoupled weight decay regularization", ICLR 2019.

use ndarray::{ArrayD, ArrayViewD, ArrayViewMutD, Zip};

const BETA_1: f32 = 0.9;
const BETA_2: f32 = 0.999;
const EPSILON: f32 = 1e-8;
const WEIGHT_DECAY: f32 = 0.01;

/// Adam with decoupled weight decay: running means of the gradient and of its square for every
/// parameter.
#[derive(Default)]
pub(crate) struct AdamW {
    steps: i32,
    moments: Vec<Moments>,
}

struct Moments {
    first: ArrayD<f32>,
    second: ArrayD<f32>,
}

impl AdamW {
    pub(crate) fn new<'a>(parameters: impl Iterator<Item = ArrayViewD<'a, f32>>) -> Self {
        let zeros = |parameter: ArrayViewD<f32>| Moments {
            first: ArrayD::zeros(parameter.raw_dim()),
            second: ArrayD::zeros(parameter.raw_dim()),
        };
        Self { steps: 0, moments: parameters.map(zeros).collect() }
    }

    /// Moves the parameters one step against their gradients.
    pub(crate) fn step<'a>(
        &mut self,
        learning_rate: f32,
        parameters: impl Iterator<Item = ArrayViewMutD<'a, f32>>,
        gradients: impl Iterator<Item = ArrayViewD<'a, f32>>,
    ) {
        self.steps += 1;
        // The running means start at zero; this undoes their pull towards it.
        let correction_1 = 1.0 - BETA_1.powi(self.steps);
        let correction_2 = 1.0 - BETA_2.powi(self.steps);
        for ((moments, parameter), gradient) in self.moments.iter_mut().zip(parameters).zip(gradients) {
            Zip::from(parameter).and(gradient).and(&mut moments.first).and(&mut moments.second).for_each(
                |parameter, &gradient, first, second| {
                    *first += (1.0 - BETA_1) * (gradient - *first);
                    *second += (1.0 - BETA_2) * (gradient * gradient - *second);
                    let direction = (*first / correction_1) / ((*second / correction_2).sqrt() + EPSILON);
                    *parameter -= learning_rate * (direction + WEIGHT_DECAY * *parameter);
                },
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use ndarray::{Array1, array};

    use super::*;

    fn step(optimiser: &mut AdamW, parameters: &mut Array1<f32>, gradient: Array1<f32>) {
        let parameters = [parameters.view_mut().into_dyn()];
        optimiser.step(0.1, parameters.into_iter(), [gradient.view().into_dyn()].into_iter());
    }

    #[test]
    fn two_steps_by_hand() {
        let mut parameters = array![1.0, -2.0, 3.0];
        let mut optimiser = AdamW::new([parameters.view().into_dyn()].into_iter());

        // After one step both corrected means are those of one gradient, so the direction is its
        // sign: θ − 0.1 (sign g + 0.01 θ), for any size of the gradient.
        step(&mut optimiser, &mut parameters, array![0.5, -1000.0, 0.0]);
        let expected = array![1.0 - 0.1 * 1.01, -2.0 + 0.1 * 1.02, 3.0 - 0.1 * 0.03];
        assert!((&parameters - &expected).iter().all(|error| error.abs() < 1e-6), "{parameters}");

        // First moment 0.09 g₁ + 0.1 g₂ over 0.19, second 0.000999 g₁² + 0.001 g₂² over 0.001999;
        // g₁ = 0.5, g₂ = −1.
        let before = parameters[0];
        step(&mut optimiser, &mut parameters, array![-1.0, 0.0, 0.0]);
        let direction = (-0.055_f32 / 0.19) / (0.00124975_f32 / 0.001999).sqrt();
        let expected = before - 0.1 * (direction + 0.01 * before);
        assert!((parameters[0] - expected).abs() < 1e-5, "{} {expected}", parameters[0]);
    }
}
