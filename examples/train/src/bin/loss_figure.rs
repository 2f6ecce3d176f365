//! What the loss does: how hard a label pulls at its logit, over the predicted probability. Prints an SVG.
//!
//! ```text
//! cargo run --release -p train --bin loss_figure > docs/loss.svg
//! ```

use anyhow::Result;
use asymmetric_loss::{AsymmetricLoss, Reduction};
use figures::{Curve, Entry, INK, Line, Page, Panel, RGBColor, Sign, Style};
use ndarray::Array1;

const ORANGE: RGBColor = RGBColor(213, 94, 0);
const BLUE: RGBColor = RGBColor(0, 114, 178);
/// The margin that is shaded: wide enough to be seen.
const WIDE_MARGIN: f64 = 0.2;

fn main() -> Result<()> {
    let style = |colour, line| Style { colour, line };
    let (cross_entropy, weak, default, wide) =
        (style(INK, Line::Dotted), style(BLUE, Line::Dashed), style(BLUE, Line::Solid), style(ORANGE, Line::Solid));

    let positives = Panel {
        title: "Positive label (y = 1)".to_owned(),
        x_label: "predicted probability p",
        y_label: "pull on the logit, |∂L/∂z|",
        curves: vec![pull(1.0, [0.0, 0.0], cross_entropy)?, pull(1.0, [1.0, 0.0], default)?],
    };
    let mut negatives = Panel {
        title: "Negative label (y = 0)".to_owned(),
        x_label: "predicted probability p",
        y_label: "pull on the logit, |∂L/∂z|",
        curves: vec![
            pull(0.0, [0.0, 0.0], cross_entropy)?,
            pull(0.0, [4.0, 0.0], weak)?,
            pull(0.0, [4.0, WIDE_MARGIN], wide)?,
            pull(0.0, [4.0, 0.05], default)?,
        ],
    };
    let top = negatives.curves.iter().flat_map(|curve| &curve.points).fold(0.0, |top: f64, point| top.max(point.1));
    let silent = vec![(0.0, 0.0), (WIDE_MARGIN, 0.0)];
    negatives.curves.push(Curve { style: wide, points: silent, range: vec![(0.0, top); 2] });

    let line = |style, text: &str| Entry { sign: Sign::Line(style), text: text.to_owned() };
    let page = Page {
        heading: &[],
        columns: vec![vec![positives], vec![negatives]],
        legend: vec![
            vec![line(cross_entropy, "cross-entropy: γ₊ = γ₋ = 0, m = 0"), line(weak, "negatives: γ₋ = 4, m = 0")],
            vec![
                line(default, "default: γ₊ = 1 (left); γ₋ = 4, m = 0.05 (right)"),
                line(wide, "negatives: γ₋ = 4, m = 0.2; shaded: p ≤ m, no pull"),
            ],
        ],
    };
    print!("{}", page.draw()?);
    Ok(())
}

/// The size of the gradient of a label in its logit, for an exponent and a margin.
fn pull(label: f64, [gamma, margin]: [f64; 2], style: Style) -> Result<Curve> {
    let builder = AsymmetricLoss::builder().gamma_neg(gamma).gamma_pos(gamma).prob_margin(margin);
    let loss = builder.reduction(Reduction::Sum).build()?;
    let probabilities = Array1::linspace(0.0_f64, 1.0, 101);
    let logits = probabilities.mapv(|p| (p / (1.0 - p)).ln()); // ±∞ at the ends, where the loss has its limits
    let gradient = loss.gradient(&logits, &Array1::from_elem(logits.len(), label))?;
    let points = probabilities.into_iter().zip(gradient.mapv(f64::abs)).collect();
    Ok(Curve { style, points, range: Vec::new() })
}
