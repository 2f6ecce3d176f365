//! The probability that a loss has a model predict where a share of the rows has the label: that of the best constant logit.
//!
//! ```text
//! cargo run --release -p train --bin probabilities -- --figure target/probabilities.svg
//! ```

use std::{fs, path::PathBuf};

use anyhow::{Context, Result};
use asymmetric_loss::{AsymmetricLoss, activation::sigmoid};
use clap::Parser;
use figures::{Curve, Entry, Line, Page, Panel, RGBColor, Sign, Style};
use ndarray::Array1;

/// Compare what losses predict with the share of the rows that has the label, and draw it
#[derive(Parser)]
struct Args {
    /// Where the figure goes
    #[arg(long, value_name = "FILE.svg", default_value = "target/probabilities.svg")]
    figure: PathBuf,
}

/// γ₋, γ₊ and m.
const LOSSES: [(&str, [f64; 3], Style); 3] = [
    ("cross-entropy", [0.0, 0.0, 0.0], Style { colour: RGBColor(86, 86, 86), line: Line::Dotted }),
    ("focal loss, γ = 2", [2.0, 2.0, 0.0], Style { colour: RGBColor(0, 114, 178), line: Line::Dashed }),
    ("asymmetric loss", [4.0, 1.0, 0.05], Style { colour: RGBColor(213, 94, 0), line: Line::Solid }),
];

/// Shares that are printed.
const PRINTED: [f64; 5] = [0.001, 0.01, 0.1, 0.3, 0.5];

fn main() -> Result<()> {
    let args = Args::parse();
    let mut panels = ["All shares", "Rare labels"].map(|title| Panel {
        title: title.to_owned(),
        x_label: "share of rows that has the label",
        y_label: "predicted probability",
        curves: Vec::new(),
    });
    println!("{:<20} {}", "share", PRINTED.map(|share| format!("{share:>8}")).concat());
    for (name, [gamma_neg, gamma_pos, prob_margin], style) in LOSSES {
        let loss = AsymmetricLoss::builder().gamma_neg(gamma_neg).gamma_pos(gamma_pos).prob_margin(prob_margin);
        let loss = loss.build()?;
        let predicted = |shares: &Array1<f64>| sigmoid(&loss.initial_logit(shares)?);
        for (panel, end) in panels.iter_mut().zip([1.0, 0.1]) {
            let shares = Array1::linspace(1e-4 * end, (1.0 - 1e-4) * end, 201);
            let points = shares.iter().copied().zip(predicted(&shares)?).collect();
            panel.curves.push(Curve { style, points, range: Vec::new() });
        }
        let printed = predicted(&Array1::from(PRINTED.to_vec()))?;
        println!("{name:<20} {}", printed.iter().map(|p| format!("{p:>8.3}")).collect::<String>());
    }
    let legend = LOSSES.map(|(name, _, style)| Entry { sign: Sign::Line(style), text: name.to_owned() });
    let heading = "asymmetric loss: γ₊ = 1; γ₋ = 4, m = 0.05";
    let columns = panels.map(|panel| vec![panel]).into();
    let page = Page { heading: &[heading], columns, legend: vec![legend.into()] };
    fs::write(&args.figure, page.draw()?).with_context(|| format!("cannot write {}", args.figure.display()))
}
