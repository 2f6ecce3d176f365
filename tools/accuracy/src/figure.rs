//! Bits lost by the crate and by the usual formula in single precision, over the logit.

use anyhow::Result;
use figures::{Curve, Entry, Line, Page, Panel, RGBColor, Sign, Style};
use ndarray::Array1;
use yardstick::{Native, Setting};

use crate::{
    reference,
    settings::{DEFAULT, rounded},
};

const USUAL: Style = Style { colour: RGBColor(213, 94, 0), line: Line::Solid };
const THIS_CRATE: Style = Style { colour: RGBColor(0, 114, 178), line: Line::Solid };

const RANGE: f32 = 30.0;
/// Columns of the figure, each with the largest error of so many logits.
const COLUMNS: usize = 300;
const LOGITS: usize = 200;

/// Two panels, of a negative and of a positive; returns the SVG text.
pub(crate) fn draw() -> Result<String> {
    let entry = |style, text: &str| Entry { sign: Sign::Line(style), text: text.to_owned() };
    let page = Page {
        heading: &[],
        columns: vec![vec![gradients("Gradient of a negative", 0.0)?], vec![gradients("Gradient of a positive", 1.0)?]],
        legend: vec![vec![entry(USUAL, "torch_ecg's formula"), entry(THIS_CRATE, "this crate")]],
    };
    page.draw()
}

fn gradients(title: &str, y: f32) -> Result<Panel> {
    let setting = rounded::<f32>(DEFAULT);
    let logits = Array1::linspace(-RANGE, RANGE, COLUMNS * LOGITS);
    let targets = Array1::from_elem(logits.len(), y);
    let (_, gradient) = setting.unreduced().value_and_gradient(&logits, &targets)?;
    let usual = logits.mapv(|z| usual_gradient(&setting, z, y));
    let curve = |style, gradient: &Array1<f32>| {
        let columns = logits.as_slice().into_iter().flat_map(|z| z.chunks(LOGITS));
        let gradients = gradient.as_slice().into_iter().flat_map(|g| g.chunks(LOGITS));
        let points = columns.zip(gradients).map(|(z, gradient)| {
            let lost = z.iter().zip(gradient).map(|(&z, &gradient)| bits_lost(setting, z, y, gradient));
            (f64::from(z[LOGITS / 2]), lost.fold(0.0, f64::max))
        });
        Curve { style, points: points.collect(), range: Vec::new() }
    };
    Ok(Panel {
        title: title.to_owned(),
        x_label: "logit z",
        y_label: "bits lost: log₂(1 + error in ULP)",
        curves: vec![curve(USUAL, &usual), curve(THIS_CRATE, &gradient)],
    })
}

/// log₂(1 + error), the error in units in the last place.
fn bits_lost(setting: Setting, z: f32, y: f32, gradient: f32) -> f64 {
    let [_, exact, _] = reference::loss(setting, z.into(), y.into());
    let ulp = f32::ulp(exact.high);
    ((f64::from(gradient) - exact.high).abs() / ulp).ln_1p() / std::f64::consts::LN_2
}

/// What automatic differentiation makes of the loss as `torch_ecg` writes it, operation by operation.
fn usual_gradient(setting: &Setting, z: f32, y: f32) -> f32 {
    let [gamma_neg, gamma_pos, margin] = [setting.gamma_neg, setting.gamma_pos, setting.margin].map(|x| x as f32);
    const FLOOR: f32 = 1e-8;
    let p = 1.0 / (1.0 + (-z).exp());
    let dp = p * (1.0 - p);
    let shifted = 1.0 - p + margin;
    let v = shifted.min(1.0);
    let dv = if shifted <= 1.0 { -dp } else { 0.0 };
    let ln = |x: f32| x.max(FLOOR).ln();
    let ln_slope = |x: f32| if x >= FLOOR { 1.0 / x } else { 0.0 };
    let entropy = y * ln(p) + (1.0 - y) * ln(v);
    let entropy_slope = y * ln_slope(p) * dp + (1.0 - y) * ln_slope(v) * dv;
    let base = 1.0 - (p * y + v * (1.0 - y));
    let base_slope = -(dp * y + dv * (1.0 - y));
    let gamma = gamma_pos * y + gamma_neg * (1.0 - y);
    let weight = base.powf(gamma);
    let weight_slope = if gamma == 0.0 { 0.0 } else { gamma * base.powf(gamma - 1.0) * base_slope };
    -(weight_slope * entropy + weight * entropy_slope)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Where no digits are lost, the usual formula is right: otherwise the figure compares different functions.
    #[test]
    fn usual_gradient_is_that_of_the_loss() {
        let setting = rounded::<f32>(DEFAULT);
        for z in [-1.0, 0.0, 1.5, 3.0] {
            for y in [0.0, 1.0] {
                let [_, exact, _] = reference::loss(setting, z.into(), y.into());
                let usual = f64::from(usual_gradient(&setting, z, y));
                assert!((usual - exact.high).abs() < 1e-5 * exact.high.abs(), "z {z}, y {y}: {usual}, {exact:?}");
            }
        }
    }
}
