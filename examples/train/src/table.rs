//! How tables look.

use comfy_table::{CellAlignment, LineStyle, Row, Table, presets::UTF8_HORIZONTAL_ONLY};

/// An empty table, the first columns of which are words and the others numbers.
pub(crate) fn table(header: impl Into<Row>, words: usize) -> Table {
    let mut table = Table::new();
    table.load_style(UTF8_HORIZONTAL_ONLY.row_separator(LineStyle::none())).set_header(header);
    for column in table.column_iter_mut().skip(words) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table
}
