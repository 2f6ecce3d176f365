//! Fully connected networks: a linear model is one layer, a multi-layer perceptron two.

use std::fmt;

use ndarray::{Array, Array1, Array2, ArrayView2, ArrayViewD, ArrayViewMutD, Axis, CowArray, Ix2};
use ndarray_rand::{RandomExt, rand::rngs::StdRng, rand_distr::Uniform};

const HIDDEN_UNITS: usize = 256;

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Architecture {
    Linear,
    Mlp,
}

impl Architecture {
    pub(crate) fn build(self, features: usize, labels: usize, rng: &mut StdRng) -> Network {
        match self {
            Self::Linear => Network::new(&[features, labels], rng),
            Self::Mlp => Network::new(&[features, HIDDEN_UNITS, labels], rng),
        }
    }

    /// The number of weights, to which the time of a training step is about proportional.
    pub(crate) fn weights(self, features: usize, labels: usize) -> usize {
        match self {
            Self::Linear => features * labels,
            Self::Mlp => HIDDEN_UNITS * (features + labels),
        }
    }
}

impl fmt::Display for Architecture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Linear => "linear",
            Self::Mlp => "MLP",
        })
    }
}

/// Fully connected layers with rectified units between them. A gradient has the same shape, so it
/// is a `Network` too.
pub(crate) struct Network {
    layers: Vec<Layer>,
}

struct Layer {
    weight: Array2<f32>,
    bias: Array1<f32>,
}

/// The outcome of a forward pass, with what the backward pass needs of it.
pub(crate) struct Forward<'a> {
    pub(crate) logits: Array2<f32>,
    /// What each layer was given.
    inputs: Vec<CowArray<'a, f32, Ix2>>,
}

impl Network {
    fn new(sizes: &[usize], rng: &mut StdRng) -> Self {
        let layers = sizes.windows(2).map(|size| Layer::new(size[0], size[1], rng)).collect();
        Self { layers }
    }

    pub(crate) fn forward<'a>(&self, x: ArrayView2<'a, f32>) -> Forward<'a> {
        let (last, hidden) = self.layers.split_last().expect("a network has a layer");
        let mut inputs = vec![CowArray::from(x)];
        for layer in hidden {
            let rectified = layer.apply(&inputs[inputs.len() - 1]).mapv_into(|z| z.max(0.0));
            inputs.push(rectified.into());
        }
        Forward { logits: last.apply(&inputs[inputs.len() - 1]), inputs }
    }

    /// Lets the outputs start from a constant.
    pub(crate) fn set_output_biases(&mut self, biases: Array1<f32>) {
        self.layers.last_mut().expect("a network has a layer").bias = biases;
    }

    /// The gradient in all parameters, from the gradient of the loss in the logits.
    pub(crate) fn backward(&self, forward: &Forward, logit_gradient: ArrayView2<f32>) -> Self {
        let mut upstream = CowArray::from(logit_gradient);
        let mut layers = Vec::with_capacity(self.layers.len());
        for (index, (layer, input)) in self.layers.iter().zip(&forward.inputs).enumerate().rev() {
            layers.push(Layer { weight: input.t().dot(&upstream), bias: upstream.sum_axis(Axis(0)) });
            // Nobody asks for the gradient in the data.
            if index > 0 {
                let mut downstream = upstream.dot(&layer.weight.t());
                downstream.zip_mut_with(input, |gradient, &unit| {
                    if unit <= 0.0 {
                        *gradient = 0.0;
                    }
                });
                upstream = downstream.into();
            }
        }
        layers.reverse();
        Self { layers }
    }

    pub(crate) fn parameters(&self) -> impl Iterator<Item = ArrayViewD<'_, f32>> {
        self.layers.iter().flat_map(|layer| [layer.weight.view().into_dyn(), layer.bias.view().into_dyn()])
    }

    pub(crate) fn parameters_mut(&mut self) -> impl Iterator<Item = ArrayViewMutD<'_, f32>> {
        self.layers.iter_mut().flat_map(|layer| [layer.weight.view_mut().into_dyn(), layer.bias.view_mut().into_dyn()])
    }
}

impl Layer {
    fn new(inputs: usize, outputs: usize, rng: &mut StdRng) -> Self {
        let bound = 1.0 / (inputs as f32).sqrt();
        let uniform = Uniform::new_inclusive(-bound, bound).expect("a finite range");
        Self {
            weight: Array::random_using((inputs, outputs), uniform, rng),
            bias: Array::random_using(outputs, uniform, rng),
        }
    }

    fn apply(&self, x: &CowArray<f32, Ix2>) -> Array2<f32> {
        x.dot(&self.weight) + &self.bias
    }
}

#[cfg(test)]
mod tests {
    use ndarray_rand::rand::SeedableRng;

    use super::*;
    use crate::settings::ASYMMETRIC;

    /// The whole chain, the crate's gradient and the backward pass, against central differences of
    /// the value.
    #[test]
    fn gradient_agrees_with_finite_differences() {
        let loss = ASYMMETRIC.loss().unwrap();
        let mut rng = StdRng::seed_from_u64(1);
        let x = Array::random_using((6, 3), Uniform::new(-1.0, 1.0).unwrap(), &mut rng);
        let y = Array::from_shape_fn((6, 2), |(row, label)| u8::from((row + label) % 3 == 0));
        let mut network = Network::new(&[3, 5, 2], &mut rng);

        let forward = network.forward(x.view());
        let logit_gradient = loss.gradient(&forward.logits, &y).unwrap();
        let gradient = network.backward(&forward, logit_gradient.view());
        let gradient: Vec<f32> = gradient.parameters().flat_map(|array| array.to_owned()).collect();

        let step = 1e-2;
        for (index, expected) in gradient.into_iter().enumerate() {
            let mut value_at = |change: f32| {
                *network.parameters_mut().flatten().nth(index).unwrap() += change;
                f64::from(loss.forward(&network.forward(x.view()).logits, &y).unwrap())
            };
            let difference = value_at(step) - value_at(-2.0 * step);
            value_at(step);
            let numerical = difference / f64::from(2.0 * step);
            assert!((numerical - f64::from(expected)).abs() < 1e-3, "{index}: {numerical} {expected}");
        }
    }
}
