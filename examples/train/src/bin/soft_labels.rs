//! Where each formulation pulls a soft label to: the probability at which its loss is least.
//!
//! ```text
//! cargo run --release -p train --bin soft_labels -- --figure target/soft_labels.svg
//! ```

use std::{fs, path::PathBuf};

use anyhow::{Context, Result};
use asymmetric_loss::{AsymmetricLoss, Implementation, activation::sigmoid};
use clap::Parser;
use figures::{Curve, Entry, INK, Line, Page, Panel, RGBColor, Sign, Style};
use ndarray::Array1;

/// Find the minimum of the loss of soft labels in each formulation, and draw it
#[derive(Parser)]
struct Args {
    /// γ₋
    #[arg(long, default_value_t = 4.0)]
    gamma_neg: f64,

    /// γ₊
    #[arg(long, default_value_t = 1.0)]
    gamma_pos: f64,

    /// m
    #[arg(long, default_value_t = 0.05)]
    prob_margin: f64,

    /// Where the figure goes
    #[arg(long, value_name = "FILE.svg", default_value = "target/soft_labels.svg")]
    figure: PathBuf,
}

const FORMULATIONS: [(Implementation, Style); 3] = [
    (Implementation::AlibabaMiil, Style { colour: RGBColor(213, 94, 0), line: Line::Solid }),
    (Implementation::DeepPsp, Style { colour: RGBColor(0, 114, 178), line: Line::Solid }),
    (Implementation::Paper, Style { colour: RGBColor(0, 158, 115), line: Line::Dashed }),
];

/// The label whose losses are drawn.
const EXAMPLE: f64 = 0.9;

fn main() -> Result<()> {
    let args = Args::parse();
    let grid = Array1::linspace(-12.0, 40.0, 52_001);
    let probabilities = sigmoid(&grid)?;
    let labels = Array1::linspace(0.0, 1.0, 101);
    let diagonal = Style { colour: INK, line: Line::Dotted };

    let mut pull = Panel {
        title: "Where a soft label is pulled to".to_owned(),
        x_label: "label y",
        y_label: "p where the loss is least",
        curves: vec![Curve { style: diagonal, points: vec![(0.0, 0.0), (1.0, 1.0)], range: Vec::new() }],
    };
    let mut losses = Panel {
        title: format!("Loss of a label y = {EXAMPLE}"),
        x_label: "logit z",
        y_label: "loss",
        curves: Vec::new(),
    };
    println!("{:<16}{:>10}{:>10}{:>10}", "p, where y is", 0.1, 0.5, EXAMPLE);
    for (implementation, style) in FORMULATIONS {
        let loss = AsymmetricLoss::builder()
            .gamma_neg(args.gamma_neg)
            .gamma_pos(args.gamma_pos)
            .prob_margin(args.prob_margin)
            .implementation(implementation)
            .build()?;
        let of = |y: f64| loss.losses(&grid, &Array1::from_elem(grid.len(), y));
        let least = |y: f64| -> Result<f64> {
            let losses: Array1<f64> = of(y)?;
            let place = (0..grid.len()).min_by(|&a, &b| losses[a].total_cmp(&losses[b]));
            Ok(place.map_or(f64::NAN, |place| probabilities[place]))
        };
        let points: Result<Vec<_>> = labels.iter().map(|&y| Ok((y, least(y)?))).collect();
        pull.curves.push(Curve { style, points: points?, range: Vec::new() });
        let points =
            grid.iter().copied().zip(of(EXAMPLE)?).filter(|(z, _)| (-1.0..=12.0).contains(z)).step_by(100).collect();
        losses.curves.push(Curve { style, points, range: Vec::new() });
        println!(
            "{:<16}{:>10.4}{:>10.4}{:>10.4}",
            implementation.to_string(),
            least(0.1)?,
            least(0.5)?,
            least(EXAMPLE)?
        );
    }

    let Args { gamma_neg, gamma_pos, prob_margin, .. } = args;
    let heading = format!("positives: γ₊ = {gamma_pos}; negatives: γ₋ = {gamma_neg}, m = {prob_margin}");
    let line = |style, text: String| Entry { sign: Sign::Line(style), text };
    let mut legend: Vec<_> = FORMULATIONS.map(|(name, style)| line(style, name.to_string())).into();
    legend.push(line(diagonal, "p = y".to_owned()));
    let page = Page { heading: &[&heading], columns: vec![vec![pull], vec![losses]], legend: vec![legend] };
    fs::write(&args.figure, page.draw()?).with_context(|| format!("cannot write {}", args.figure.display()))
}
