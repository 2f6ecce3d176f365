//! Value and gradient at 4096 × 80: the fused loss, and the same in candle's operations. All take turns in one run.

use asymmetric_loss::AsymmetricLoss;
use candle_core::{DType, Device, Result, Tensor, Var};
use std::{hint::black_box, time::Instant};
use with_candle::{asymmetric_loss, plain};

const SHAPE: (usize, usize) = (4096, 80);
const ROUNDS: usize = 101;

fn main() -> Result<()> {
    let indices = 0..SHAPE.0 * SHAPE.1;
    let logits: Vec<_> = indices.clone().map(|index| 4.0 * (index as f32).sin() - 2.0).collect();
    let logits = Var::from_vec(logits, SHAPE, &Device::Cpu)?;
    let hard: Vec<_> = indices.map(|index| u8::from(index % 27 == 0)).collect();
    let hard = Tensor::from_vec(hard, SHAPE, &Device::Cpu)?;
    let labels = hard.to_dtype(DType::F32)?;
    let loss = AsymmetricLoss::default();

    type Case<'a> = (&'a str, Box<dyn Fn() -> Result<Tensor> + 'a>);
    let cases: [Case<'_>; 3] = [
        ("fused", Box::new(|| asymmetric_loss(&loss, &logits, &labels))),
        ("plain formula", Box::new(|| plain::asymmetric_loss(&logits, &labels))),
        ("plain, hard labels", Box::new(|| plain::of_hard_labels(&logits, &hard))),
    ];
    let mut times = cases.each_ref().map(|_| Vec::with_capacity(ROUNDS));
    for _ in 0..ROUNDS {
        for ((_, case), times) in cases.iter().zip(&mut times) {
            let start = Instant::now();
            black_box(case()?.backward()?.get(&logits));
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
