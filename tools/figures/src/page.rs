//! Lays panels out on a page: a heading above them, one legend for all of them below.

use anyhow::Result;
use plotters::{
    prelude::*,
    style::text_anchor::{HPos, Pos, VPos},
};

use crate::panel::{Area, FONT, INK, Panel, Style, TEXT_SIZE, UNITS};

const PANEL: (u32, u32) = (520 * UNITS, 400 * UNITS);
const ROWS: usize = 2;
const COLUMNS: usize = 2;
const EDGE: i32 = (24 * UNITS) as i32;
const TEXT_ROW: i32 = (25 * UNITS) as i32;
const LINE: i32 = (36 * UNITS) as i32;
const BAND: i32 = (8 * UNITS) as i32;
const GAP: i32 = (10 * UNITS) as i32;
const THICK: u32 = 3 * UNITS;

/// What a colour, a line or a band means.
pub(crate) struct Entry {
    pub(crate) sign: Sign,
    pub(crate) text: String,
}

pub(crate) enum Sign {
    Line(Style),
    Band,
    /// Words alone.
    None,
}

pub(crate) struct Page<'a> {
    pub(crate) heading: &'a [&'a str],
    /// One above the other at the left, on one scale.
    pub(crate) left: Vec<Panel>,
    /// The other columns, row by row, each row on one scale.
    pub(crate) rows: [[Panel; COLUMNS]; ROWS],
    /// Row by row, spread over the width.
    pub(crate) legend: Vec<Vec<Entry>>,
}

impl Page<'_> {
    /// The SVG text.
    pub(crate) fn draw(&self) -> Result<String> {
        let heading_height = EDGE + TEXT_ROW * self.heading.len() as i32;
        let legend_height = EDGE + TEXT_ROW * self.legend.len() as i32;
        let panels_height = ROWS as u32 * PANEL.1;
        let width = (1 + COLUMNS as u32) * PANEL.0;
        let height = heading_height as u32 + panels_height + legend_height as u32;

        let mut svg = String::new();
        {
            let root = SVGBackend::with_string(&mut svg, (width, height)).into_drawing_area();
            root.fill(&WHITE)?;
            let (heading, rest) = root.split_vertically(heading_height);
            let (panels, legend) = rest.split_vertically(panels_height);
            let (left, right) = panels.split_horizontally(PANEL.0);
            draw_heading(&heading, self.heading)?;
            draw_on_one_scale(&left.split_evenly((self.left.len(), 1)), &self.left)?;
            for (areas, panels) in right.split_evenly((ROWS, COLUMNS)).chunks(COLUMNS).zip(&self.rows) {
                draw_on_one_scale(areas, panels)?;
            }
            draw_legend(&legend, &self.legend, width)?;
            root.present()?;
        }
        let size = |units: u32| format!(r#"width="{}" height="{}""#, width / units, height / units);
        Ok(svg.replacen(&size(1), &size(UNITS), 1))
    }
}

fn draw_on_one_scale(areas: &[Area], panels: &[Panel]) -> Result<()> {
    let top = panels.iter().map(Panel::top).fold(0.0, f64::max);
    areas.iter().zip(panels).try_for_each(|(area, panel)| panel.draw(area, top))
}

fn draw_heading(area: &Area, lines: &[&str]) -> Result<()> {
    for (row, line) in (0..).zip(lines) {
        draw_text(area, line, (EDGE, EDGE + TEXT_ROW * row))?;
    }
    Ok(())
}

fn draw_legend(area: &Area, rows: &[Vec<Entry>], width: u32) -> Result<()> {
    for (row, entries) in (0..).zip(rows) {
        let y = TEXT_ROW / 2 + TEXT_ROW * row;
        let column = (width as i32 - 2 * EDGE) / entries.len() as i32;
        for (index, Entry { sign, text }) in (0..).zip(entries) {
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
            draw_text(area, text, (x + indent, y))?;
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

fn draw_text(area: &Area, text: &str, at: (i32, i32)) -> Result<()> {
    let style = TextStyle::from((FONT, TEXT_SIZE)).color(&INK).pos(Pos::new(HPos::Left, VPos::Center));
    Ok(area.draw(&Text::new(text.to_owned(), at, style))?)
}
