//! What all figures have in common.

use anyhow::Result;
use plotters::{
    coord::Shift,
    prelude::*,
    style::text_anchor::{HPos, Pos, VPos},
};

/// The backend rounds to whole units, which would show in smooth curves. So a figure is drawn this many times as large
/// and scaled down by its view box; all sizes are multiples of it.
pub const UNITS: u32 = 4;

/// The size of titles.
pub const TITLE_SIZE: u32 = 20 * UNITS;
/// The size of all other text.
pub const TEXT_SIZE: u32 = 17 * UNITS;
/// The length of a tick on an axis.
pub const TICK: u32 = 5 * UNITS;
/// The width of axes and grids.
pub const THIN: u32 = UNITS;
/// The width of curves.
pub const THICK: u32 = 2 * UNITS;
/// The font of all text.
pub const FONT: &str = "sans-serif";
/// The colour of text and axes.
pub const INK: RGBColor = RGBColor(45, 45, 45);

/// A part of a figure.
pub type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;

/// The SVG text of a figure of this size, drawn by `draw`.
///
/// # Errors
///
/// Those of drawing.
pub fn svg((width, height): (u32, u32), draw: impl FnOnce(&Area) -> Result<()>) -> Result<String> {
    let mut svg = String::new();
    {
        let root = SVGBackend::with_string(&mut svg, (width, height)).into_drawing_area();
        root.fill(&WHITE)?;
        draw(&root)?;
        root.present()?;
    }
    let size = |units: u32| format!(r#"width="{}" height="{}""#, width / units, height / units);
    Ok(svg.replacen(&size(1), &size(UNITS), 1))
}

/// Writes text that starts at a point and has its middle at that height.
///
/// # Errors
///
/// Those of drawing.
pub fn text(area: &Area, text: &str, at: (i32, i32)) -> Result<()> {
    let style = TextStyle::from((FONT, TEXT_SIZE)).color(&INK).pos(Pos::new(HPos::Left, VPos::Center));
    Ok(area.draw(&Text::new(text.to_owned(), at, style))?)
}

/// The smallest and the largest value; ∞ and −∞ for none.
pub fn bounds(values: impl Iterator<Item = f64>) -> (f64, f64) {
    values.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| (low.min(value), high.max(value)))
}
