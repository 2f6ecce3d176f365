//! Draws a panel: title, axes, curves.

use anyhow::Result;
use plotters::{coord::Shift, prelude::*};

// The backend rounds to whole units, which would show in smooth curves. So the figure is drawn four
// times as large and scaled down by its view box.
pub(crate) const UNITS: u32 = 4;
pub(crate) const TEXT_SIZE: u32 = 17 * UNITS;
pub(crate) const FONT: &str = "sans-serif";
pub(crate) const INK: RGBColor = RGBColor(45, 45, 45);

const MARGIN: u32 = 16 * UNITS;
const X_AXIS: u32 = 46 * UNITS;
const Y_AXIS: u32 = 58 * UNITS;
const TICK: u32 = 5 * UNITS;
const THIN: u32 = UNITS;
const THICK: u32 = 2 * UNITS;
const TITLE_SIZE: u32 = 20 * UNITS;
const GRID: RGBColor = RGBColor(228, 228, 228);

pub(crate) type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;

#[derive(Clone, Copy, Debug)]
pub(crate) struct Style {
    pub(crate) colour: RGBColor,
    pub(crate) line: Line,
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Line {
    Solid,
    Dashed,
    Dotted,
}

impl Line {
    /// The lengths of a dash and of the gap after it.
    pub(crate) fn dash(self) -> Option<(u32, u32)> {
        match self {
            Self::Solid => None,
            Self::Dashed => Some((9 * UNITS, 5 * UNITS)),
            Self::Dotted => Some((2 * UNITS, 4 * UNITS)),
        }
    }
}

/// A line, and the range around it where there is one.
pub(crate) struct Curve {
    pub(crate) style: Style,
    pub(crate) points: Vec<(f64, f64)>,
    /// Lower and upper end at the x of each point.
    pub(crate) range: Vec<(f64, f64)>,
}

/// Curves over common axes; the y axis starts at 0.
pub(crate) struct Panel {
    pub(crate) title: String,
    pub(crate) x_label: &'static str,
    pub(crate) y_label: &'static str,
    pub(crate) curves: Vec<Curve>,
}

impl Panel {
    /// The largest y.
    pub(crate) fn top(&self) -> f64 {
        let points = self.curves.iter().flat_map(|curve| &curve.points).map(|point| point.1);
        let range_ends = self.curves.iter().flat_map(|curve| &curve.range).map(|range| range.1);
        bounds(points.chain(range_ends)).1
    }

    /// Draws the panel with a y axis up to `top`.
    pub(crate) fn draw(&self, area: &Area, top: f64) -> Result<()> {
        let (left, right) = bounds(self.curves.iter().flat_map(|curve| &curve.points).map(|point| point.0));
        let mut chart = ChartBuilder::on(&area.margin(MARGIN, MARGIN, MARGIN, MARGIN))
            .caption(&self.title, (FONT, TITLE_SIZE, FontStyle::Bold, &INK))
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
            chart.draw_series([Polygon::new(curve.band(), curve.style.colour.mix(0.15))])?;
        }
        for Curve { style, points, .. } in &self.curves {
            let stroke = style.colour.stroke_width(THICK);
            let points = points.iter().copied();
            match style.line.dash() {
                None => chart.draw_series(LineSeries::new(points, stroke))?,
                Some((dash, gap)) => chart.draw_series(DashedLineSeries::new(points, dash, gap, stroke))?,
            };
        }
        Ok(())
    }
}

impl Curve {
    /// The outline of the range: out along its lower end, back along its upper one.
    fn band(&self) -> Vec<(f64, f64)> {
        let ends = self.points.iter().map(|point| point.0).zip(&self.range);
        let lower = ends.clone().map(|(x, range)| (x, range.0));
        let upper = ends.rev().map(|(x, range)| (x, range.1));
        lower.chain(upper).collect()
    }
}

/// The number without the digits that repeated addition leaves behind.
fn tick_label(value: &f64) -> String {
    ((value * 1000.0).round() / 1000.0).to_string()
}

/// The smallest and the largest value.
pub(crate) fn bounds(values: impl Iterator<Item = f64>) -> (f64, f64) {
    values.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| (low.min(value), high.max(value)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn band_runs_out_and_back() {
        let style = Style { colour: INK, line: Line::Solid };
        let curve = Curve { style, points: vec![(1.0, 5.0), (2.0, 6.0)], range: vec![(4.0, 7.0), (5.0, 8.0)] };
        assert_eq!(curve.band(), [(1.0, 4.0), (2.0, 5.0), (2.0, 8.0), (1.0, 7.0)]);
    }

    #[test]
    fn ticks_are_short() {
        assert_eq!(tick_label(&5.0), "5");
        assert_eq!(tick_label(&0.6000000000000001), "0.6");
    }
}
