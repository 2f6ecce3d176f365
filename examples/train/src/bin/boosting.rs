//! Boosted stumps, trees of one split, for rare labels: what stands for negative curvature, and from which base score.
//!
//! A leaf steps by −Σg/(Σh + λ). Under the asymmetric loss Σh may be negative, above all where positives are badly wrong. Such
//! a leaf gives no step here, as in XGBoost, and one where Σh is barely positive leaps.
//!
//! From the loss's own base score hardly any curvature is negative, and the exact one works. From ln(ρ/(1−ρ)), which is that
//! of cross-entropy, rare positives are badly wrong and their negatives below the margin: with the exact curvature the loss
//! rises and stays there. A safeguard with ε from 0.001 to 0.01 comes through, a floor as well as a magnitude. A smaller ε
//! lets leaves leap if λ is small (`--lambda 0.01`), a floor sooner than a magnitude; a larger one makes steps too short.
//!
//! ```text
//! cargo run --release -p train --bin boosting
//! ```

#[allow(dead_code, reason = "only the macro average is of use here")]
#[path = "../metrics.rs"]
mod metrics;
#[path = "../table.rs"]
mod table;

use anyhow::Result;
use asymmetric_loss::{AsymmetricLoss, Curvature, Reduction};
use clap::Parser;
use ndarray::{Array1, Array2, ArrayView1, ArrayView2, ArrayViewMut1, Axis, arr1};
use ndarray_rand::{
    RandomExt,
    rand::{SeedableRng, rngs::StdRng},
    rand_distr::{Normal, Uniform},
};
use rayon::prelude::*;

use crate::{metrics::macro_average_precision, table::table};

/// Boost stumps with the curvature as it is and with what may stand for it
#[derive(Parser)]
struct Args {
    /// Stumps per label
    #[arg(long, default_value_t = 200)]
    rounds: usize,

    /// Data sets over which results are averaged
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u64).range(2..))]
    seeds: u64,

    /// λ, added to the curvature of a leaf
    #[arg(long, default_value_t = 1.0)]
    lambda: f64,

    /// What steps are multiplied by
    #[arg(long, default_value_t = 0.1)]
    shrinkage: f64,
}

const ROWS: usize = 4000;
const FEATURES: usize = 20;
const LABELS: usize = 8;
/// Features come in bins, as a histogram of gradients needs them.
const BINS: usize = 16;
/// Of the positives in the training rows, the share whose label is missing.
const FORGOTTEN: f64 = 0.3;
const FLOORS: [f64; 4] = [0.0001, 0.001, 0.01, 0.1];

struct Rows {
    bins: Array2<usize>,
    labels: Array2<u8>,
}

/// Training rows and test rows, of which the latter have all their labels.
fn generate(seed: u64) -> Result<[Rows; 2]> {
    let mut rng = StdRng::seed_from_u64(seed);
    let normal = Normal::new(0.0, 1.0)?;
    let directions = Array2::random_using((FEATURES, LABELS), normal, &mut rng);
    let mut rows = || -> Result<Rows> {
        let bins = Array2::random_using((ROWS, FEATURES), Uniform::new(0, BINS)?, &mut rng);
        // Of variance 1, like the noise.
        let x = bins.mapv(|bin| (12.0_f64 / FEATURES as f64).sqrt() * ((bin as f64 + 0.5) / BINS as f64 - 0.5));
        let scores = x.dot(&directions) + 0.5 * Array2::random_using((ROWS, LABELS), normal, &mut rng);
        Ok(Rows { bins, labels: scores.mapv(|score| u8::from(score > 2.0)) })
    };
    let (mut train, test) = (rows()?, rows()?);
    let draws = Array2::random_using((ROWS, LABELS), Uniform::new(0.0, 1.0)?, &mut rng);
    train.labels.zip_mut_with(&draws, |label, &draw| *label *= u8::from(draw >= FORGOTTEN));
    Ok([train, test])
}

/// Rows in bins below `split` go left.
struct Stump {
    feature: usize,
    split: usize,
    steps: [f64; 2],
}

impl Stump {
    /// The stump that promises to lower the loss most.
    fn fit(bins: ArrayView2<usize>, g: ArrayView1<f32>, h: ArrayView1<f32>, lambda: f64) -> Self {
        let mut best = (0.0, Stump { feature: 0, split: 0, steps: [0.0; 2] });
        let whole = [g, h].map(|of| of.iter().copied().map(f64::from).sum::<f64>());
        for (feature, bins) in bins.axis_iter(Axis(1)).enumerate() {
            let mut histogram = [[0.0; 2]; BINS];
            for ((&bin, &g), &h) in bins.iter().zip(g).zip(h) {
                histogram[bin][0] += f64::from(g);
                histogram[bin][1] += f64::from(h);
            }
            let mut left = [0.0; 2];
            for (bin, [g, h]) in histogram.into_iter().enumerate() {
                left = [left[0] + g, left[1] + h];
                let leaves = [left, [whole[0] - left[0], whole[1] - left[1]]];
                let steps = leaves.map(|[g, h]| if h > 0.0 { -g / (h + lambda) } else { 0.0 });
                let gain = -(leaves[0][0] * steps[0] + leaves[1][0] * steps[1]);
                if gain > best.0 {
                    best = (gain, Stump { feature, split: bin + 1, steps });
                }
            }
        }
        best.1
    }

    fn add_to(&self, mut logits: ArrayViewMut1<f32>, bins: ArrayView2<usize>, shrinkage: f64) {
        for (logit, &bin) in logits.iter_mut().zip(bins.column(self.feature)) {
            *logit += (shrinkage * self.steps[usize::from(bin >= self.split)]) as f32;
        }
    }
}

/// The training loss per row at the start, after a quarter of the rounds and after all, and the test mAP in %.
fn boost(loss: &AsymmetricLoss, base: &Array1<f32>, [train, test]: &[Rows; 2], args: &Args) -> Result<[f64; 4]> {
    let mut logits = [train, test].map(|rows| base.broadcast(rows.labels.dim()).expect("one per label").to_owned());
    let mut values = Vec::new();
    for _ in 0..args.rounds {
        let d = loss.derivatives(&logits[0], &train.labels)?;
        values.push(f64::from(d.value));
        let (g, h) = (&d.gradient, &d.hessian_diagonal);
        let fit = |label| Stump::fit(train.bins.view(), g.column(label), h.column(label), args.lambda);
        let stumps: Vec<Stump> = (0..LABELS).into_par_iter().map(fit).collect();
        for (logits, rows) in logits.iter_mut().zip([train, test]) {
            for (logits, stump) in logits.axis_iter_mut(Axis(1)).zip(&stumps) {
                stump.add_to(logits, rows.bins.view(), args.shrinkage);
            }
        }
    }
    values.push(loss.forward(&logits[0], &train.labels)?.into());
    let [start, quarter, end] = [0, args.rounds / 4, args.rounds].map(|round| values[round] / ROWS as f64);
    Ok([start, quarter, end, 100.0 * macro_average_precision(&logits[1], &test.labels)])
}

fn main() -> Result<()> {
    let args = Args::parse();
    let data = (0..args.seeds).map(generate).collect::<Result<Vec<_>>>()?;
    let safeguards = FLOORS.map(|floor| [Curvature::AtLeast(floor), Curvature::Magnitude(floor)]);

    let rounds = [0, args.rounds / 4, args.rounds].map(|rounds| format!("training loss,\n{rounds} rounds"));
    let header = ["base score", "curvature"].map(str::to_owned).into_iter().chain(rounds);
    let mut table = table(header.chain(["test mAP\n%".to_owned()]), 2);
    let mut conclusions = Vec::new();
    for (name, is_prior) in [("its own", false), ("ln(ρ/(1−ρ))", true)] {
        let mut precisions = Vec::new();
        for &curvature in [Curvature::Exact].iter().chain(safeguards.as_flattened()) {
            let loss = AsymmetricLoss::builder().curvature(curvature).reduction(Reduction::Sum).build()?;
            let mut results = Array2::zeros((0, 4));
            for data in &data {
                let rates = data[0].labels.mapv(f64::from).mean_axis(Axis(0)).expect("there are rows");
                let prior = rates.mapv(|rate| (rate / (1.0 - rate)).ln());
                let base = if is_prior { prior } else { loss.initial_logit(rates)? };
                results.push_row(arr1(&boost(&loss, &base.mapv(|z| z as f32), data, &args)?).view())?;
            }
            let mean = results.mean_axis(Axis(0)).expect("a seed");
            let mut row = vec![name.to_owned(), curvature.to_string()];
            row.extend((0..3).map(|column| format!("{:.4}", mean[column])));
            row.push(format!("{:.1} ± {:.1}", mean[3], results.column(3).std(1.0)));
            table.add_row(row);
            precisions.push((mean[3], curvature));
        }
        let (highest, curvature) = precisions.iter().max_by(|(a, _), (b, _)| a.total_cmp(b)).expect("a curvature");
        let exact = precisions[0].0;
        conclusions.push(format!(
            "Base score {name}: highest test mAP {highest:.1} % with {curvature}; {exact:.1} % with the exact curvature."
        ));
    }
    println!("{table}");
    println!("{}", conclusions.join("\n"));
    println!("Means over {} data sets of {LABELS} labels and {ROWS} training rows; λ = {}.", args.seeds, args.lambda);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    #[test]
    fn a_stump_separates_rows_by_their_gradients() {
        let (bins, g) = (array![[7, 0], [2, 0], [7, 3], [2, 3]], arr1(&[1.0, 1.0, -1.0, -1.0]));
        let fit = |curvature| Stump::fit(bins.view(), g.view(), Array1::from_elem(4, curvature).view(), 2.0);
        let stump = fit(1.0);
        assert_eq!((stump.feature, stump.split, stump.steps), (1, 1, [-0.5, 0.5]));
        assert_eq!(fit(-0.5).steps, [0.0; 2]);
    }
}
