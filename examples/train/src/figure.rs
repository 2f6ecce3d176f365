//! What the figure shows: how training went, and the losses and gradients that explain it.

use anyhow::Result;
use figures::{Curve, Entry, INK, Line, Page, Panel, RGBColor, Sign, Style, bounds};

use crate::{
    experiment::Experiment,
    plan::Plan,
    settings::{ALL, ASYMMETRIC_GAMMA_POS_0, BCE, FOCAL, Setting, element},
    start::Start,
    summary::after,
};

/// Points of a curve over the probability.
const POINTS: u32 = 300;

/// Draws learning curves of each model, and four panels on the losses; returns the SVG text.
pub(crate) fn draw(experiments: &[Experiment], plan: &Plan) -> Result<String> {
    let models = experiments.chunk_by(|a, b| a.case.architecture == b.case.architecture);
    let negative = element_panels("a negative", false)?;
    let positive = element_panels("a positive", true)?;
    let page = Page {
        heading: &plan.lines(),
        columns: vec![models.map(learning_curves).collect(), negative, positive],
        legend: legend(),
    };
    page.draw()
}

/// The experiments of one model.
fn learning_curves(experiments: &[Experiment]) -> Panel {
    Panel {
        title: format!("Learning curves, {}", experiments[0].case.architecture),
        x_label: "epoch",
        y_label: "test macro mAP (%)",
        curves: experiments.iter().map(learning_curve).collect(),
    }
}

/// The mean over seeds, and the range from the worst to the best.
fn learning_curve(Experiment { case, outcomes }: &Experiment) -> Curve {
    let epochs = 0..outcomes[0].curve.len();
    let at = |epoch: usize| outcomes.iter().map(move |outcome| outcome.curve[epoch]);
    Curve {
        style: Style { colour: colour_of(case.setting), line: line_of(case.start) },
        points: epochs.clone().map(|epoch| (epoch as f64, after(epoch, outcomes).mean())).collect(),
        range: epochs.map(|epoch| bounds(at(epoch))).collect(),
    }
}

/// The palette of Okabe and Ito, which colour-blind readers can tell apart.
fn colour_of(setting: &Setting) -> RGBColor {
    match setting {
        s if *s == BCE => RGBColor(110, 110, 110),
        s if *s == FOCAL => RGBColor(0, 114, 178),
        s if *s == ASYMMETRIC_GAMMA_POS_0 => RGBColor(230, 159, 0),
        _ => RGBColor(213, 94, 0),
    }
}

fn line_of(start: Start) -> Line {
    match start {
        Start::Constant => Line::Solid,
        Start::Zero => Line::Dashed,
        Start::Prior => Line::Dotted,
    }
}

/// Loss and size of the gradient of one element over its predicted probability, by asking the crate.
fn element_panels(of: &str, positive: bool) -> Result<Vec<Panel>> {
    let panel = |title, y_label| Panel { title, x_label: "predicted probability p", y_label, curves: Vec::new() };
    let mut losses = panel(format!("Loss of {of}"), "loss");
    let mut gradients = panel(format!("Gradient of {of}"), "|∂ loss / ∂ logit|");
    for setting in ALL {
        let loss = setting.loss()?;
        let style = Style { colour: colour_of(setting), line: Line::Solid };
        let curve = || Curve { style, points: Vec::new(), range: Vec::new() };
        let (mut values, mut slopes) = (curve(), curve());
        for step in 0..=POINTS {
            let p = 0.01 + 0.98 * f64::from(step) / f64::from(POINTS);
            let (value, slope) = element(&loss, (p / (1.0 - p)).ln(), positive)?;
            values.points.push((p, value));
            slopes.points.push((p, slope.abs()));
        }
        losses.curves.push(values);
        gradients.curves.push(slopes);
    }
    Ok(vec![losses, gradients])
}

fn legend() -> Vec<Vec<Entry>> {
    let loss = |setting: &Setting| Entry {
        sign: Sign::Line(Style { colour: colour_of(setting), line: Line::Solid }),
        text: setting.name.to_owned(),
    };
    let start = |start: Start| Entry {
        sign: Sign::Line(Style { colour: INK, line: line_of(start) }),
        text: format!("output bias starts at {start}"),
    };
    let band = Entry { sign: Sign::Band, text: "from the worst seed to the best; lines: the mean".to_owned() };
    let note =
        "Negatives do not see γ₊, so the two asymmetric losses coincide there; on positives γ₊ 0 coincides with BCE.";
    vec![
        ALL.into_iter().map(loss).collect(),
        [Start::Constant, Start::Zero, Start::Prior].into_iter().map(start).chain([band]).collect(),
        vec![Entry { sign: Sign::None, text: note.to_owned() }],
    ]
}
