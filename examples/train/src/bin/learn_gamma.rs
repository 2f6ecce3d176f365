//! Learns γ₋, one per label, on held-out rows.
//!
//! Every larger γ₋ lowers the asymmetric loss, so it cannot be learnt by descending that loss. What is descended is V, the
//! cross-entropy of held-out rows after the next step of training, w′ = w − η·∂L/∂w, which depends on γ₋ through w′:
//!
//! dV/dγ₋ = −η·∂V/∂w′·∂²L/∂w∂γ₋ = −η·Σ v·∂²L/∂z∂γ₋, with v = X·∂V/∂w′
//!
//! over the logits z of the training batch X: the derivative of the parameter gradients in the direction v.
//!
//! V is cross-entropy, or a balanced one: positives and negatives of a label count the same.
//!
//! ```text
//! cargo run --release -p train --bin learn_gamma
//! ```

#[allow(dead_code, reason = "only the macro average is of use here")]
#[path = "../metrics.rs"]
mod metrics;
#[path = "../table.rs"]
mod table;

use anyhow::Result;
use asymmetric_loss::{AsymmetricLoss, Error, Reduction};
use clap::Parser;
use ndarray::{Array1, Array2, Axis, arr1, concatenate, s};
use ndarray_rand::{
    RandomExt,
    rand::{SeedableRng, rngs::StdRng},
    rand_distr::{Normal, Uniform},
};
use rayon::prelude::*;

use crate::{metrics::macro_average_precision, table::table};

/// Learn γ₋ per label on held-out rows; compare with fixed ones
#[derive(Parser)]
struct Args {
    /// About the size of a step of γ₋
    #[arg(long, default_value_t = 0.002)]
    rate: f64,
}

const FEATURES: usize = 30;
/// The shares of positives, one per label.
const RATES: [f64; 6] = [0.3, 0.1, 0.05, 0.02, 0.01, 0.005];
/// Data sets over which results are averaged.
const SEEDS: u64 = 5;
const ROWS: usize = 2000;
const TEST_ROWS: usize = 20_000;
const STEPS: usize = 4000;
const BATCH: usize = 128;
const FIXED: [f64; 4] = [0.0, 2.0, 4.0, 8.0];
const LEARNING_RATE: f64 = 0.5;

/// The last feature is constant.
struct Rows {
    x: Array2<f64>,
    y: Array2<u8>,
}

/// Rows for training, held out, and for testing.
fn generate(seed: u64) -> Result<[Rows; 3]> {
    let mut rng = StdRng::seed_from_u64(seed);
    let normal = Normal::new(0.0, 1.0)?;
    let directions = Array2::random_using((FEATURES, RATES.len()), normal, &mut rng) / (FEATURES as f64).sqrt();
    let rows = 2 * ROWS + TEST_ROWS;
    let x = Array2::random_using((rows, FEATURES), normal, &mut rng);
    let scores = x.dot(&directions) + Array2::random_using((rows, RATES.len()), normal, &mut rng);
    let mut y = Array2::zeros(scores.raw_dim());
    for ((scores, mut y), rate) in scores.columns().into_iter().zip(y.columns_mut()).zip(RATES) {
        let mut sorted = scores.to_vec();
        sorted.sort_by(f64::total_cmp);
        let threshold = sorted[((1.0 - rate) * rows as f64) as usize];
        y.assign(&scores.mapv(|score| u8::from(score >= threshold)));
    }
    let x = concatenate![Axis(1), x, Array2::ones((rows, 1))];
    let part = |from, to| Rows { x: x.slice(s![from..to, ..]).to_owned(), y: y.slice(s![from..to, ..]).to_owned() };
    Ok([part(0, ROWS), part(ROWS, 2 * ROWS), part(2 * ROWS, rows)])
}

fn asymmetric(gamma_neg: &Array1<f64>) -> Result<AsymmetricLoss, Error> {
    AsymmetricLoss::builder().gamma_neg(gamma_neg).reduction(Reduction::BatchMean).build()
}

/// Cross-entropy, as it is or balanced by the labels' numbers of positives and negatives.
fn criterion(y: &Array2<u8>, is_balanced: bool) -> Result<AsymmetricLoss, Error> {
    let plain = AsymmetricLoss::builder().gamma_neg(0).gamma_pos(0).prob_margin(0).reduction(Reduction::BatchMean);
    let rates = y.mapv(f64::from).mean_axis(Axis(0)).expect("there are rows").mapv(|rate| rate.max(1.0 / ROWS as f64));
    let balanced = plain.clone().class_weight(0.5 / (1.0 - &rates)).pos_weight((1.0 - &rates) / &rates);
    if is_balanced { balanced } else { plain }.build()
}

/// The weights after a step of training.
fn step(loss: &AsymmetricLoss, weights: &Array2<f64>, batch: &Rows) -> Result<Array2<f64>, Error> {
    let gradient = loss.gradient(&batch.x.dot(weights), &batch.y)?;
    Ok(weights - LEARNING_RATE * batch.x.t().dot(&gradient))
}

/// Held-out rows, and the loss that makes them V.
type HeldOut<'a> = (&'a Rows, &'a AsymmetricLoss);

/// dV/dγ₋, given the weights before and after a step.
fn hypergradient(loss: &AsymmetricLoss, [w, next]: [&Array2<f64>; 2], batch: &Rows, v: HeldOut) -> Result<Array1<f64>> {
    let (held_out, criterion) = v;
    let upstream = criterion.gradient(&held_out.x.dot(next), &held_out.y)?;
    let direction = batch.x.dot(&held_out.x.t().dot(&upstream));
    // Far above rounding, far below where the loss bends.
    let distance = 1e-4 / direction.iter().fold(f64::MIN_POSITIVE, |largest, v| largest.max(v.abs()));
    let logits = batch.x.dot(w);
    let slopes = |distance: f64| loss.parameter_gradients(&(&logits + distance * &direction), &batch.y);
    let change = slopes(distance)?.gamma_neg - slopes(-distance)?.gamma_neg;
    Ok(change * (-LEARNING_RATE / (2.0 * distance)))
}

/// Trains a linear model, and γ₋ too if there are held-out rows.
fn train(rows: &Rows, held_out: Option<HeldOut>, gamma: &mut Array1<f64>, args: &Args) -> Result<Array2<f64>> {
    let mut rng = StdRng::seed_from_u64(0);
    let mut weights = Array2::zeros((FEATURES + 1, RATES.len()));
    let mut mean_square = Array1::<f64>::zeros(RATES.len());
    for _ in 0..STEPS {
        let drawn = Array1::random_using(BATCH, Uniform::new(0, rows.x.nrows())?, &mut rng).to_vec();
        let batch = Rows { x: rows.x.select(Axis(0), &drawn), y: rows.y.select(Axis(0), &drawn) };
        let loss = asymmetric(gamma)?;
        let next = step(&loss, &weights, &batch)?;
        if let Some(held_out) = held_out {
            let slope = hypergradient(&loss, [&weights, &next], &batch, held_out)?;
            // Those of rare labels are small: each is divided by its running size.
            mean_square = 0.99 * mean_square + 0.01 * slope.mapv(|slope| slope * slope);
            let change = slope / mean_square.mapv(|square| square.sqrt().max(f64::MIN_POSITIVE));
            *gamma = (&*gamma - args.rate * change).mapv(|gamma| gamma.max(0.0));
        }
        weights = next;
    }
    Ok(weights)
}

/// The learnt γ₋ of each label, and of all methods cross-entropy, balanced cross-entropy and mAP in % on the test rows.
fn compare(seed: u64, args: &Args) -> Result<[Array2<f64>; 2]> {
    let [rows, held_out, test] = generate(seed)?;
    let (mut gammas, mut tests) = (Array2::zeros((0, RATES.len())), Array2::zeros((0, 3)));
    for is_balanced in [false, true] {
        let mut gamma = Array1::from_elem(RATES.len(), 2.0);
        train(&rows, Some((&held_out, &criterion(&held_out.y, is_balanced)?)), &mut gamma, args)?;
        gammas.push_row(gamma.view())?;
    }
    // Then each γ₋ is fixed, and all rows are for training: what is learnt has no more data than what is not.
    let x = concatenate![Axis(0), rows.x, held_out.x];
    let all = Rows { x, y: concatenate![Axis(0), rows.y, held_out.y] };
    let fixed = FIXED.map(|gamma| Array1::from_elem(RATES.len(), gamma));
    for gamma in gammas.rows().into_iter().chain(fixed.iter().map(|gamma| gamma.view())) {
        let logits = test.x.dot(&train(&all, None, &mut gamma.to_owned(), args)?);
        let value = |is_balanced| criterion(&test.y, is_balanced)?.forward(&logits, &test.y);
        let map = macro_average_precision(&logits.mapv(|z| z as f32), &test.y);
        tests.push_row(arr1(&[value(false)?, value(true)?, 100.0 * map]).view())?;
    }
    Ok([gammas, tests])
}

fn main() -> Result<()> {
    let args = Args::parse();
    let results = (0..SEEDS).into_par_iter().map(|seed| compare(seed, &args)).collect::<Result<Vec<_>>>()?;
    let summary = |values: Array1<f64>, digits: usize| {
        format!("{:.digits$} ± {:.digits$}", values.mean().unwrap_or(f64::NAN), values.std(1.0))
    };
    let mut labels = table(["positives", "γ₋ learnt on\ncross-entropy", "γ₋ learnt on\nbalanced c.-e."], 1);
    for (label, rate) in RATES.iter().enumerate() {
        let of = |learnt: usize| summary(results.iter().map(|[gammas, _]| gammas[[learnt, label]]).collect(), 2);
        labels.add_row([format!("{:.1} %", 100.0 * rate), of(0), of(1)]);
    }
    let mut tests = table(["γ₋", "test\ncross-entropy", "balanced\ncross-entropy", "mAP\n%"], 1);
    let learnt = ["learnt on cross-entropy", "learnt on balanced c.-e."].map(str::to_owned);
    let names: Vec<String> = learnt.into_iter().chain(FIXED.map(|gamma| gamma.to_string())).collect();
    let of = |method: usize, measure: usize| -> Array1<f64> {
        results.iter().map(|[_, tests]| tests[[method, measure]]).collect()
    };
    for (method, name) in names.iter().enumerate() {
        let [entropy, balanced, map] = [0, 1, 2].map(|measure| of(method, measure));
        tests.add_row([name.clone(), summary(entropy, 3), summary(balanced, 3), summary(map, 1)]);
    }
    let least = |measure: usize, sign: f64| {
        let mean = |method: &usize| sign * of(*method, measure).sum();
        let method = (0..names.len()).min_by(|a, b| mean(a).total_cmp(&mean(b))).expect("a method");
        &names[method]
    };
    println!("{labels}\n{tests}");
    println!(
        "Of all γ₋, least cross-entropy: {}; least balanced cross-entropy: {}; highest mAP: {}.",
        least(0, 1.0),
        least(1, 1.0),
        least(2, -1.0)
    );
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hypergradient_is_that_of_the_held_out_cross_entropy_after_a_step() {
        let [rows, held_out, _] = generate(0).unwrap();
        let weights = Array2::from_elem((FEATURES + 1, RATES.len()), 0.1);
        let (gamma, way) =
            (ndarray::array![0.5, 1.0, 2.0, 3.0, 4.0, 5.0], ndarray::array![1.0, -2.0, 3.0, -4.0, 5.0, -6.0]);
        let (loss, criterion) = (asymmetric(&gamma).unwrap(), criterion(&held_out.y, true).unwrap());
        let next = step(&loss, &weights, &rows).unwrap();
        let slopes = hypergradient(&loss, [&weights, &next], &rows, (&held_out, &criterion)).unwrap();
        let value = |distance: f64| {
            let next = step(&asymmetric(&(&gamma + distance * &way)).unwrap(), &weights, &rows).unwrap();
            criterion.forward(&held_out.x.dot(&next), &held_out.y).unwrap()
        };
        let (slope, difference) = (slopes.dot(&way), (value(1e-4) - value(-1e-4)) / 2e-4);
        assert!((slope - difference).abs() < 1e-5 * difference.abs(), "{slope} {difference}");
    }
}
