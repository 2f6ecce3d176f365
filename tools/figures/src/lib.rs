//! How examples and tools draw.

mod ink;
mod page;
mod panel;

pub use ink::{Area, FONT, INK, TEXT_SIZE, THICK, THIN, TICK, TITLE_SIZE, UNITS, bounds, svg, text};
pub use page::{Entry, Page, Sign};
pub use panel::{Curve, Line, Panel, Style};
pub use plotters::style::RGBColor;
