//! Panels on a page: a heading above them, one legend for all of them below.

use crate::ink::{Area, INK, UNITS, svg, text};
use crate::panel::{Panel, Style};
use anyhow::Result;
use plotters::prelude::*;

const PANEL: (u32, u32) = (520 * UNITS, 400 * UNITS);
const EDGE: i32 = (24 * UNITS) as i32;
const TEXT_ROW: i32 = (25 * UNITS) as i32;
const LINE: i32 = (36 * UNITS) as i32;
const BAND: i32 = (8 * UNITS) as i32;
const GAP: i32 = (10 * UNITS) as i32;
const THICK: u32 = 3 * UNITS;

/// What a colour, a line or a band means.
#[derive(Clone, Debug)]
pub struct Entry {
    /// The sign.
    pub sign: Sign,
    /// Its meaning.
    pub text: String,
}

/// What stands before a meaning.
#[derive(Clone, Copy, Debug)]
pub enum Sign {
    /// A piece of a curve.
    Line(Style),
    /// A piece of the range around one.
    Band,
    /// Nothing: words alone.
    None,
}

/// A figure of several panels.
#[derive(Clone, Debug)]
pub struct Page<'a> {
    /// Lines of text at the top.
    pub heading: &'a [&'a str],
    /// Panels one above the other, column by column.
    pub columns: Vec<Vec<Panel>>,
    /// Row by row, spread over the width.
    pub legend: Vec<Vec<Entry>>,
}

impl Page<'_> {
    /// The SVG text.
    ///
    /// # Errors
    ///
    /// Those of drawing.
    pub fn draw(&self) -> Result<String> {
        let height_of = |lines: usize| if lines == 0 { 0 } else { EDGE + TEXT_ROW * lines as i32 };
        let (heading_height, legend_height) = (height_of(self.heading.len()), height_of(self.legend.len()));
        let rows = self.columns.iter().map(Vec::len).max().unwrap_or(0);
        let panels_height = rows as u32 * PANEL.1;
        let width = self.columns.len() as u32 * PANEL.0;
        let height = heading_height as u32 + panels_height + legend_height as u32;
        svg((width, height), |root| {
            let (heading, rest) = root.split_vertically(heading_height);
            let (panels, legend) = rest.split_vertically(panels_height);
            draw_heading(&heading, self.heading)?;
            for (area, column) in panels.split_evenly((1, self.columns.len())).iter().zip(&self.columns) {
                for (area, panel) in area.split_evenly((column.len(), 1)).iter().zip(column) {
                    panel.draw(area, self.ends(panel.y_label))?;
                }
            }
            draw_legend(&legend, &self.legend, width)
        })
    }

    /// The smallest and the largest y of all panels with this label, or 0.
    fn ends(&self, y_label: &str) -> (f64, f64) {
        let panels = self.columns.iter().flatten().filter(|panel| panel.y_label == y_label);
        let ends = panels.map(Panel::ends);
        ends.fold((0.0, 0.0), |(bottom, top), (low, high)| (bottom.min(low), top.max(high)))
    }
}

fn draw_heading(area: &Area, lines: &[&str]) -> Result<()> {
    for (row, line) in (0..).zip(lines) {
        text(area, line, (EDGE, EDGE + TEXT_ROW * row))?;
    }
    Ok(())
}

fn draw_legend(area: &Area, rows: &[Vec<Entry>], width: u32) -> Result<()> {
    for (row, entries) in (0..).zip(rows) {
        let y = TEXT_ROW / 2 + TEXT_ROW * row;
        let column = (width as i32 - 2 * EDGE) / entries.len() as i32;
        for (index, Entry { sign, text: meaning }) in (0..).zip(entries) {
            let x = EDGE + column * index;
            let ends = [(x, y), (x + LINE, y)];
            match sign {
                Sign::Line(style) => draw_line(area, *style, ends)?,
                Sign::Band => {
                    area.draw(&Rectangle::new([(x, y - BAND), (x + LINE, y + BAND)], INK.mix(0.15).filled()))?
                }
                Sign::None => {}
            }
            let indent = if matches!(sign, Sign::None) { 0 } else { LINE + GAP };
            text(area, meaning, (x + indent, y))?;
        }
    }
    Ok(())
}

fn draw_line(area: &Area, style: Style, [from, to]: [(i32, i32); 2]) -> Result<()> {
    let stroke = style.colour.stroke_width(THICK);
    let (dash, gap) = style.line.dash().map_or((to.0 - from.0, 0), |(dash, gap)| (dash as i32, gap as i32));
    let mut x = from.0;
    while x < to.0 {
        area.draw(&PathElement::new([(x, from.1), ((x + dash).min(to.0), to.1)], stroke))?;
        x += dash + gap;
    }
    Ok(())
}
