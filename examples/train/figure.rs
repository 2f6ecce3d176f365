//! What the figure shows: how training went, and the losses and gradients that explain it.

use anyhow::Result;
use asymmetric_loss::reduction::Unreduced;
use ndarray::Array1;
use plotters::style::RGBColor;

use crate::{
    experiment::Experiment,
    panel::{self, Curve, Panel, bounds},
    settings::{ASYMMETRIC, ASYMMETRIC_GAMMA_POS_0, BCE, FOCAL, Setting},
};

// The palette of Okabe and Ito, which colour-blind readers can tell apart.
const GREY: RGBColor = RGBColor(110, 110, 110);
const BLUE: RGBColor = RGBColor(0, 114, 178);
const VERMILION: RGBColor = RGBColor(213, 94, 0);
const ORANGE: RGBColor = RGBColor(230, 159, 0);
const GREEN: RGBColor = RGBColor(0, 158, 115);
const PURPLE: RGBColor = RGBColor(204, 121, 167);

/// The loss regimes of the paper's figures, and the defaults of the crate.
const REGIMES: [(Setting, RGBColor); 5] = [
    (BCE, GREY),
    (Setting { name: "focal, γ 2", ..FOCAL }, BLUE),
    (Setting { name: "margin 0.2", prob_margin: 0.2, ..BCE }, GREEN),
    (Setting { name: "γ₋ 2, margin 0.2", prob_margin: 0.2, ..FOCAL }, PURPLE),
    (Setting { name: "γ₋ 4, margin 0.05", ..ASYMMETRIC }, VERMILION),
];

/// Draws a panel of learning curves per model and two panels on the loss; returns the SVG text.
pub(crate) fn draw(experiments: &[Experiment]) -> Result<String> {
    let models = experiments.chunk_by(|a, b| a.architecture == b.architecture);
    let mut panels: Vec<Panel> = models.map(learning_curves).collect();
    panels.extend(negatives()?);
    panel::draw(&panels)
}

/// The experiments of one model.
fn learning_curves(experiments: &[Experiment]) -> Panel {
    Panel {
        title: format!("Learning curves, {}", experiments[0].architecture),
        x_label: "epoch",
        y_label: "test macro mAP (%)",
        curves: experiments.iter().map(learning_curve).collect(),
    }
}

/// The mean over seeds, and the range from the worst to the best.
fn learning_curve(experiment: &Experiment) -> Curve {
    let outcomes = &experiment.outcomes;
    let epochs = 0..outcomes[0].curve.len();
    let at = |epoch: usize| outcomes.iter().map(move |outcome| outcome.curve[epoch]);
    let mean = |epoch| at(epoch).sum::<f64>() / outcomes.len() as f64;
    Curve {
        name: experiment.setting.name,
        colour: colour_of(experiment.setting),
        points: epochs.clone().map(|epoch| (epoch as f64, mean(epoch))).collect(),
        range: epochs.map(|epoch| bounds(at(epoch))).collect(),
    }
}

fn colour_of(setting: &Setting) -> RGBColor {
    match setting {
        s if *s == BCE => GREY,
        s if *s == FOCAL => BLUE,
        s if *s == ASYMMETRIC_GAMMA_POS_0 => ORANGE,
        _ => VERMILION,
    }
}

/// Loss and gradient of a negative over its predicted probability, by asking the crate on a grid of
/// logits.
fn negatives() -> Result<[Panel; 2]> {
    let probabilities = Array1::linspace(0.002, 0.99, 400);
    let logits = probabilities.mapv(|p: f64| (p / (1.0 - p)).ln() as f32);
    let targets = Array1::<u8>::zeros(logits.len());

    let mut losses = Vec::new();
    let mut gradients = Vec::new();
    for (setting, colour) in REGIMES {
        let (loss, gradient) = setting.loss(Unreduced)?.value_and_gradient(&logits, &targets)?;
        let curve = |values: Array1<f32>| Curve {
            name: setting.name,
            colour,
            points: probabilities.iter().copied().zip(values.mapv(f64::from)).collect(),
            range: Vec::new(),
        };
        losses.push(curve(loss));
        gradients.push(curve(gradient));
    }
    let panel = |title: &str, y_label, curves| Panel {
        title: title.to_owned(),
        x_label: "predicted probability p",
        y_label,
        curves,
    };
    Ok([panel("Loss of a negative", "loss", losses), panel("Gradient of a negative", "∂ loss / ∂ logit", gradients)])
}
