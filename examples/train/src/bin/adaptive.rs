//! Adaptive asymmetry: a classifier of rare labels is trained with fixed γ₋, and with one that holds the probability gap Δp at
//! its target.
//!
//! ```text
//! cargo run --release -p train --bin adaptive -- --figure target/adaptive.svg
//! ```

use std::{fs, path::PathBuf};

use anyhow::{Context, Result};
use asymmetric_loss::{AdaptiveAsymmetry, AsymmetricLoss};
use clap::Parser;
use figures::{Curve, Entry, INK, Line, Page, Panel, RGBColor, Sign, Style};
use ndarray::{Array2, Axis, concatenate, s};
use ndarray_rand::{
    RandomExt,
    rand::{Rng, SeedableRng, rngs::StdRng},
    rand_distr::{Normal, Uniform},
};

/// Train with fixed γ₋ and with adaptive asymmetry; draw Δp and γ₋ over the steps
#[derive(Parser)]
struct Args {
    /// The target of Δp
    #[arg(long, default_value_t = 0.1, allow_negative_numbers = true)]
    target: f64,

    /// λ, the step of γ₋ for a Δp that is off by 1
    #[arg(long, default_value_t = 0.1)]
    rate: f64,

    /// Batches per run
    #[arg(long, default_value_t = 3000)]
    steps: usize,

    /// Where the figure goes
    #[arg(long, value_name = "FILE.svg", default_value = "target/adaptive.svg")]
    figure: PathBuf,
}

const ROWS: usize = 20_000;
const FEATURES: usize = 30;
const LABELS: usize = 20;
const BATCH: usize = 128;
const LEARNING_RATE: f64 = 0.3;
/// How many batches share a point of a curve, because one batch has few positives.
const SMOOTHING: usize = 50;

struct Data {
    /// The last is constant.
    features: Array2<f64>,
    labels: Array2<bool>,
}

/// The same each time.
fn generate() -> Result<Data> {
    let mut rng = StdRng::seed_from_u64(0);
    let normal = Normal::new(0.0, 1.0)?;
    let features = Array2::random_using((ROWS, FEATURES), normal, &mut rng);
    let directions = Array2::random_using((FEATURES, LABELS), normal, &mut rng);
    let noise = Array2::random_using((ROWS, LABELS), normal, &mut rng);
    // They have a standard deviation of about √2, so few are large.
    let scores = features.dot(&directions) / (FEATURES as f64).sqrt() + noise;
    let ones = Array2::ones((ROWS, 1));
    let features = concatenate(Axis(1), &[features.view(), ones.view()])?;
    Ok(Data { features, labels: scores.mapv(|score| score > 2.5) })
}

/// Δp before and γ₋ after each step.
struct Run {
    name: String,
    gaps: Vec<f64>,
    gammas: Vec<f64>,
}

impl Run {
    /// Trains a linear model by gradient descent.
    fn new(name: String, mut control: AdaptiveAsymmetry, steps: usize, data: &Data) -> Result<Self> {
        let mut weights = Array2::zeros((FEATURES + 1, LABELS));
        let mut rng = StdRng::seed_from_u64(1);
        let mut run = Run { name, gaps: Vec::new(), gammas: Vec::new() };
        let mut loss = AsymmetricLoss::default();
        for _ in 0..steps {
            let start = rng.sample(Uniform::new(0, ROWS - BATCH)?);
            let [x, y] = [s![start..start + BATCH, ..]; 2];
            let (x, y) = (data.features.slice(x), data.labels.slice(y));
            let logits = x.dot(&weights);

            let gap = control.update(&logits, &y)?;
            loss = loss.to_builder().gamma_neg(control.gamma_neg()).build()?;
            let gradient = loss.gradient(&logits, &y)? * LABELS as f64;

            weights.scaled_add(-LEARNING_RATE, &x.t().dot(&gradient));
            run.gaps.extend(gap);
            run.gammas.push(control.gamma_neg());
        }
        Ok(run)
    }
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

fn main() -> Result<()> {
    let args = Args::parse();
    let data = generate()?;
    let control = AdaptiveAsymmetry::new(args.target)?;
    let mut runs = Vec::new();
    for gamma_neg in [0.0, 2.0, 4.0] {
        let fixed = control.clone().with_rate(0.0)?.starting_at(gamma_neg)?;
        runs.push(Run::new(format!("fixed γ₋ = {gamma_neg}"), fixed, args.steps, &data)?);
    }
    let adaptive = control.with_rate(args.rate)?.starting_at(0.0)?;
    runs.push(Run::new(format!("adaptive γ₋, λ = {}", args.rate), adaptive, args.steps, &data)?);

    println!("{:<24}{:>8}{:>8}   means over the last third", "", "Δp", "γ₋");
    for Run { name, gaps, gammas } in &runs {
        let [gap, gamma] = [gaps, gammas].map(|values| mean(&values[values.len() * 2 / 3..]));
        println!("{name:<24}{gap:>8.3}{gamma:>8.2}");
    }

    let positive = mean(&data.labels.iter().map(|&y| f64::from(u8::from(y))).collect::<Vec<_>>());
    let heading = format!(
        "{LABELS} labels, {:.1} % of them positive, linear model; means over {SMOOTHING} batches of {BATCH} rows",
        100.0 * positive
    );
    let svg = draw(&heading, &runs, args.target)?;
    fs::write(&args.figure, svg).with_context(|| format!("cannot write {}", args.figure.display()))
}

/// Δp and γ₋ over the steps, side by side.
fn draw(heading: &str, runs: &[Run], target_gap: f64) -> Result<String> {
    let panel = |title: &str, y_label| Panel { title: title.to_owned(), x_label: "step", y_label, curves: Vec::new() };
    let mut gaps = panel("Probability gap", "Δp");
    let mut gammas = panel("Focusing exponent of negatives", "γ₋");
    let colours = [RGBColor(110, 110, 110), RGBColor(0, 114, 178), RGBColor(230, 159, 0), RGBColor(213, 94, 0)];
    let styles = colours.map(|colour| Style { colour, line: Line::Solid });
    let target = Style { colour: INK, line: Line::Dashed };

    for (run, style) in runs.iter().zip(styles) {
        for (panel, values) in [(&mut gaps, &run.gaps), (&mut gammas, &run.gammas)] {
            let points = values.chunks(SMOOTHING).zip(0_u32..);
            let points = points.map(|(chunk, i)| ((f64::from(i) + 0.5) * SMOOTHING as f64, mean(chunk)));
            panel.curves.push(Curve { style, points: points.collect(), range: Vec::new() });
        }
    }

    let targets = gaps.curves[0].points.iter().map(|&(step, _)| (step, target_gap)).collect();
    gaps.curves.insert(0, Curve { style: target, points: targets, range: Vec::new() });

    let entry = |style, text: &str| Entry { sign: Sign::Line(style), text: text.to_owned() };
    let legend = runs.iter().zip(styles).map(|(run, style)| entry(style, &run.name));
    let explanation = "Δp: mean of p over positives − mean of 1 − p over negatives.";
    let page = Page {
        heading: &[heading],
        columns: vec![vec![gaps], vec![gammas]],
        legend: vec![
            legend.collect(),
            vec![entry(target, "target of Δp"), Entry { sign: Sign::None, text: explanation.to_owned() }],
        ],
    };
    page.draw()
}
