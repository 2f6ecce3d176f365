//! A panel: title, axes, curves.

use crate::ink::{Area, FONT, INK, TEXT_SIZE, THICK, THIN, TICK, TITLE_SIZE, UNITS, bounds};
use anyhow::Result;
use plotters::prelude::*;

const MARGIN: u32 = 16 * UNITS;
const X_AXIS: u32 = 46 * UNITS;
const Y_AXIS: u32 = 58 * UNITS;
const GRID: RGBColor = RGBColor(228, 228, 228);

/// How a curve looks.
#[derive(Clone, Copy, Debug)]
pub struct Style {
    /// Its colour.
    pub colour: RGBColor,
    /// Its dashes.
    pub line: Line,
}

/// The dashes of a line.
#[derive(Clone, Copy, Debug)]
pub enum Line {
    /// None.
    Solid,
    /// Long ones.
    Dashed,
    /// Short ones.
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
#[derive(Clone, Debug)]
pub struct Curve {
    /// How it looks.
    pub style: Style,
    /// Its points, from left to right.
    pub points: Vec<(f64, f64)>,
    /// Lower and upper end at the x of each point.
    pub range: Vec<(f64, f64)>,
}

/// Curves over common axes; the y axis starts at 0, or below all curves.
#[derive(Clone, Debug)]
pub struct Panel {
    /// What it shows.
    pub title: String,
    /// What the x axis is.
    pub x_label: &'static str,
    /// What the y axis is; panels of a page with one label have one scale.
    pub y_label: &'static str,
    /// The curves, the last on top.
    pub curves: Vec<Curve>,
}

impl Panel {
    /// The smallest and the largest y.
    pub(crate) fn ends(&self) -> (f64, f64) {
        let points = self.curves.iter().flat_map(|curve| &curve.points).map(|point| point.1);
        let range_ends = self.curves.iter().flat_map(|curve| &curve.range).flat_map(|range| [range.0, range.1]);
        bounds(points.chain(range_ends))
    }

    /// Draws the panel with a y axis a little beyond these ends.
    pub(crate) fn draw(&self, area: &Area, (bottom, top): (f64, f64)) -> Result<()> {
        let (left, right) = bounds(self.curves.iter().flat_map(|curve| &curve.points).map(|point| point.0));
        let mut chart = ChartBuilder::on(&area.margin(MARGIN, MARGIN, MARGIN, MARGIN))
            .caption(&self.title, (FONT, TITLE_SIZE, FontStyle::Bold, &INK))
            .x_label_area_size(X_AXIS)
            .y_label_area_size(Y_AXIS)
            .build_cartesian_2d(left..right, 1.05 * bottom..1.05 * top)?;
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
    ((value * 1000.0).round() / 1000.0 + 0.0).to_string() // −0 is 0
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
        assert_eq!(tick_label(&-5.551115123125783e-17), "0");
    }
}
