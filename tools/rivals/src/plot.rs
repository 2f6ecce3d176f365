//! Draws time per element over the number of elements, both on logarithmic axes.

use crate::{CLASSES, Series, peers::Peer, table::names};
use anyhow::{Result, ensure};
use figures::{Area, FONT, INK, TEXT_SIZE, THICK, THIN, TICK, TITLE_SIZE, UNITS, bounds, svg, text};
use plotters::prelude::*;

const SIZE: (u32, u32) = (900 * UNITS, 520 * UNITS);
const LEGEND: u32 = 260 * UNITS;
const MARGIN: u32 = 16 * UNITS;
const X_AXIS: u32 = 48 * UNITS;
const Y_AXIS: u32 = 64 * UNITS;
const MARKER: i32 = (4 * UNITS) as i32;
const LEGEND_ROW: i32 = (24 * UNITS) as i32;
const LEGEND_TOP: i32 = (40 * UNITS) as i32;
const LEGEND_LEFT: i32 = (16 * UNITS) as i32;
const LEGEND_LINE: i32 = (30 * UNITS) as i32;
const LEGEND_TEXT: i32 = (40 * UNITS) as i32;

const GRID: RGBColor = RGBColor(215, 215, 215);
const LIGHT_GRID: RGBColor = RGBColor(240, 240, 240);

/// The palette of Okabe and Ito, which colour-blind readers can tell apart.
const PALETTE: [RGBColor; 8] = [
    RGBColor(213, 94, 0),    // vermilion
    RGBColor(230, 159, 0),   // orange
    RGBColor(110, 110, 110), // grey
    RGBColor(0, 114, 178),   // blue
    RGBColor(86, 180, 233),  // sky blue
    RGBColor(0, 158, 115),   // green
    RGBColor(204, 121, 167), // purple
    RGBColor(0, 0, 0),       // black
];

/// A named line through (elements, nanoseconds per element).
struct Curve<'a> {
    name: &'a str,
    style: Style,
    points: Vec<(f64, f64)>,
}

/// Peers have triangles, so that the palette serves twice, and start away from this crate's colours.
#[derive(Clone, Copy)]
struct Style {
    colour: RGBColor,
    triangle: bool,
}

/// Draws the series and the peers' figures; returns the SVG text.
pub(crate) fn draw(series: &[Series], peers: &[Peer]) -> Result<String> {
    let style = |index: usize, triangle| Style { colour: PALETTE[index % PALETTE.len()], triangle };
    let own = series.iter().enumerate().map(|(index, series)| Curve {
        name: &series.name,
        style: style(index, false),
        points: series.points.iter().map(|point| (point.elements as f64, point.time)).collect(),
    });
    let others = names(peers).into_iter().enumerate().map(|(index, name)| Curve {
        name,
        style: style(index + 3, true),
        points: peers
            .iter()
            .filter(|peer| peer.name == name)
            .map(|peer| ((peer.rows * CLASSES) as f64, peer.time))
            .collect(),
    });
    let mut curves: Vec<Curve<'_>> = own.chain(others).collect();
    // The legend has the order of the curves at their right ends.
    let last = |curve: &Curve<'_>| curve.points.last().map_or(0.0, |point| point.1);
    curves.sort_by(|a, b| last(b).total_cmp(&last(a)));

    svg(SIZE, |root| {
        let (plot, legend) = root.margin(MARGIN, MARGIN, MARGIN, MARGIN).split_horizontally(SIZE.0 - LEGEND);
        draw_plot(&plot, &curves)?;
        draw_legend(&legend, &curves)
    })
}

fn draw_plot(area: &Area, curves: &[Curve<'_>]) -> Result<()> {
    let points = || curves.iter().flat_map(|curve| &curve.points);
    let (left, right) = bounds(points().map(|point| point.0));
    let (bottom, top) = bounds(points().map(|point| point.1));
    ensure!(left <= right, "nothing to draw");
    let mut chart = ChartBuilder::on(area)
        .caption("Asymmetric loss, value and gradient, f32", (FONT, TITLE_SIZE, FontStyle::Bold, &INK))
        .x_label_area_size(X_AXIS)
        .y_label_area_size(Y_AXIS)
        .build_cartesian_2d((left / 1.5..right * 1.5).log_scale(), (bottom / 1.5..top * 1.5).log_scale())?;
    chart
        .configure_mesh()
        .x_desc("elements")
        .y_desc("nanoseconds per element")
        .x_label_formatter(&|value| power_of_ten(*value))
        .y_label_formatter(&|value| value.to_string())
        .label_style((FONT, TEXT_SIZE, &INK))
        .axis_style(INK.stroke_width(THIN))
        .bold_line_style(GRID.stroke_width(THIN))
        .light_line_style(LIGHT_GRID.stroke_width(THIN))
        .set_all_tick_mark_size(TICK)
        .draw()?;
    for Curve { style, points, .. } in curves {
        chart.draw_series(LineSeries::new(points.iter().copied(), style.colour.stroke_width(THICK)))?;
        if style.triangle {
            chart.draw_series(
                points.iter().map(|&point| TriangleMarker::new(point, MARKER + 4, style.colour.filled())),
            )?;
        } else {
            chart.draw_series(points.iter().map(|&point| Circle::new(point, MARKER, style.colour.filled())))?;
        }
    }
    Ok(())
}

fn draw_legend(area: &Area, curves: &[Curve<'_>]) -> Result<()> {
    for (row, Curve { name, style, .. }) in (0..).zip(curves) {
        let y = LEGEND_TOP + LEGEND_ROW * row + LEGEND_ROW / 2;
        let x = LEGEND_LEFT;
        let middle = (x + LEGEND_LINE / 2, y);
        area.draw(&PathElement::new([(x, y), (x + LEGEND_LINE, y)], style.colour.stroke_width(THICK)))?;
        if style.triangle {
            area.draw(&TriangleMarker::new(middle, MARKER + 4, style.colour.filled()))?;
        } else {
            area.draw(&Circle::new(middle, MARKER, style.colour.filled()))?;
        }
        text(area, name, (x + LEGEND_TEXT, y))?;
    }
    Ok(())
}

/// A whole power of ten with its exponent raised.
fn power_of_ten(value: f64) -> String {
    let digit = |digit: char| {
        digit.to_digit(10).map_or('⁻', |digit| ['⁰', '¹', '²', '³', '⁴', '⁵', '⁶', '⁷', '⁸', '⁹'][digit as usize])
    };
    let exponent = value.log10().round();
    format!("10{}", exponent.to_string().chars().map(digit).collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exponents_are_raised() {
        assert_eq!(power_of_ten(1e2), "10²");
        assert_eq!(power_of_ten(1e-1), "10⁻¹");
        assert_eq!(power_of_ten(1e12), "10¹²");
    }
}
