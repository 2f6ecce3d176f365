//! Draws a panel of curves: title, axes, lines, and a legend below them.

use anyhow::Result;
use plotters::{
    coord::Shift,
    prelude::*,
    style::text_anchor::{HPos, Pos, VPos},
};

// The backend rounds to whole units, which would show in smooth curves. So the figure is drawn four
// times as large and scaled down by its view box.
const UNITS: u32 = 4;
const PANEL: (u32, u32) = (520 * UNITS, 440 * UNITS);
const MARGIN: u32 = 16 * UNITS;
const X_AXIS: u32 = 46 * UNITS;
const Y_AXIS: u32 = 58 * UNITS;
const TICK: u32 = 5 * UNITS;
const THIN: u32 = UNITS;
const THICK: u32 = 2 * UNITS;
const LEGEND_GAP: i32 = (12 * UNITS) as i32;
const LEGEND_ROW: i32 = (22 * UNITS) as i32;
const LEGEND_COLUMN: i32 = (215 * UNITS) as i32;
const LEGEND_LINE: i32 = (24 * UNITS) as i32;
const LEGEND_TEXT: i32 = (32 * UNITS) as i32;
const TITLE_SIZE: u32 = 21 * UNITS;
const TEXT_SIZE: u32 = 17 * UNITS;

const FONT: &str = "sans-serif";
const INK: RGBColor = RGBColor(45, 45, 45);
const GRID: RGBColor = RGBColor(228, 228, 228);

type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;

/// A named line.
pub(crate) struct Curve {
    pub(crate) name: &'static str,
    pub(crate) colour: RGBColor,
    pub(crate) points: Vec<(f64, f64)>,
}

/// Curves over common axes; the y axis starts at 0.
pub(crate) struct Panel {
    pub(crate) title: &'static str,
    pub(crate) x_label: &'static str,
    pub(crate) y_label: &'static str,
    pub(crate) curves: Vec<Curve>,
}

/// Draws the panels side by side; returns the SVG text.
pub(crate) fn draw(panels: &[Panel]) -> Result<String> {
    let (width, height) = (PANEL.0 * panels.len() as u32, PANEL.1);
    let mut svg = String::new();
    {
        let root = SVGBackend::with_string(&mut svg, (width, height)).into_drawing_area();
        root.fill(&WHITE)?;
        for (area, panel) in root.split_evenly((1, panels.len())).iter().zip(panels) {
            panel.draw(&area.margin(MARGIN, MARGIN, MARGIN, MARGIN))?;
        }
        root.present()?;
    }
    let size = |units: u32| format!(r#"width="{}" height="{}""#, width / units, height / units);
    Ok(svg.replacen(&size(1), &size(UNITS), 1))
}

impl Panel {
    fn draw(&self, area: &Area) -> Result<()> {
        let legend_height = LEGEND_GAP + LEGEND_ROW;
        // Below the axes, where no curve can run into it.
        let (plot, legend) = area.split_vertically(area.dim_in_pixel().1 as i32 - legend_height);
        self.draw_plot(&plot)?;
        self.draw_legend(&legend)
    }

    fn draw_plot(&self, area: &Area) -> Result<()> {
        let points = || self.curves.iter().flat_map(|curve| &curve.points);
        let (left, right) = bounds(points().map(|point| point.0));
        let (_, top) = bounds(points().map(|point| point.1));

        let mut chart = ChartBuilder::on(area)
            .caption(self.title, (FONT, TITLE_SIZE, FontStyle::Bold, &INK))
            .x_label_area_size(X_AXIS)
            .y_label_area_size(Y_AXIS)
            .build_cartesian_2d(left..right, 0.0..1.05 * top)?;
        chart
            .configure_mesh()
            .x_desc(self.x_label)
            .y_desc(self.y_label)
            .x_labels(6)
            .y_labels(6)
            .x_label_formatter(&tick_label)
            .y_label_formatter(&tick_label)
            .label_style((FONT, TEXT_SIZE, &INK))
            .axis_style(INK.stroke_width(THIN))
            .bold_line_style(GRID.stroke_width(THIN))
            .light_line_style(TRANSPARENT)
            .set_all_tick_mark_size(TICK)
            .draw()?;
        for curve in &self.curves {
            let style = curve.colour.stroke_width(THICK);
            chart.draw_series(LineSeries::new(curve.points.iter().copied(), style))?;
        }
        Ok(())
    }

    fn draw_legend(&self, area: &Area) -> Result<()> {
        let text = TextStyle::from((FONT, TEXT_SIZE)).color(&INK).pos(Pos::new(HPos::Left, VPos::Center));
        for (index, curve) in (0..).zip(&self.curves) {
            let x = Y_AXIS as i32 + LEGEND_COLUMN * index;
            let y = LEGEND_GAP + LEGEND_ROW / 2;
            let style = curve.colour.stroke_width(2 * THICK);
            area.draw(&PathElement::new([(x, y), (x + LEGEND_LINE, y)], style))?;
            area.draw(&Text::new(curve.name, (x + LEGEND_TEXT, y), text.clone()))?;
        }
        Ok(())
    }
}

/// The number without the digits that repeated addition leaves behind.
fn tick_label(value: &f64) -> String {
    ((value * 1000.0).round() / 1000.0).to_string()
}

/// The smallest and the largest value.
fn bounds(values: impl Iterator<Item = f64>) -> (f64, f64) {
    values.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| (low.min(value), high.max(value)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_short() {
        assert_eq!(tick_label(&5.0), "5");
        assert_eq!(tick_label(&0.6000000000000001), "0.6");
    }
}
