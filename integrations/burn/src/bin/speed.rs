//! Value and gradient at 4096 × 80: the fused loss, and the same in burn's operations. All take turns in one run.

use asymmetric_loss::AsymmetricLoss;
use burn::tensor::{Bool, Device, Tensor, TensorData};
use std::{hint::black_box, time::Instant};
use with_burn::{Error, asymmetric_loss, plain};

const SHAPE: [usize; 2] = [4096, 80];
const ROUNDS: usize = 101;

fn main() -> Result<(), Error> {
    let device = Device::flex().autodiff();
    let indices = 0..SHAPE[0] * SHAPE[1];
    let logits: Vec<_> = indices.clone().map(|index| 4.0 * (index as f32).sin() - 2.0).collect();
    let logits = Tensor::<2>::from_data(TensorData::new(logits, SHAPE), &device).require_grad();
    let hard: Vec<_> = indices.map(|index| index % 27 == 0).collect();
    let hard = Tensor::<2, Bool>::from_data(TensorData::new(hard, SHAPE), &device);
    let labels = hard.clone().float();
    let loss = AsymmetricLoss::default();

    type Case<'a> = (&'a str, Box<dyn Fn() -> Result<Tensor<1>, Error> + 'a>);
    let cases: [Case<'_>; 3] = [
        ("fused", Box::new(|| asymmetric_loss(&loss, logits.clone(), labels.clone()))),
        ("plain formula", Box::new(|| Ok(plain::asymmetric_loss(logits.clone(), labels.clone())))),
        ("plain, hard labels", Box::new(|| Ok(plain::of_hard_labels(logits.clone(), hard.clone())))),
    ];
    let mut times = cases.each_ref().map(|_| Vec::with_capacity(ROUNDS));
    for _ in 0..ROUNDS {
        for ((_, case), times) in cases.iter().zip(&mut times) {
            let start = Instant::now();
            black_box(logits.grad_remove(&mut case()?.backward()));
            times.push(start.elapsed().as_secs_f64());
        }
    }
    for ((name, _), times_of) in cases.iter().zip(&times) {
        let ratios = times_of.iter().zip(&times[0]).map(|(own, fused)| own / fused).collect();
        println!("{name:18}  {:6.2} ms  {:4.1} times the fused", 1e3 * median(times_of.clone()), median(ratios));
    }
    Ok(())
}

fn median(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}
