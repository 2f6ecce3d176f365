//! The times at the compared shapes, a row per contender.

use crate::{Series, peers::Peer};
use comfy_table::{CellAlignment, LineStyle, Table, TableStyle, presets::UTF8_HORIZONTAL_ONLY};

const STYLE: TableStyle = UTF8_HORIZONTAL_ONLY.row_separator(LineStyle::none());

/// Nanoseconds per element, and in brackets the multiple of this crate's.
pub(crate) fn of(shapes: &[[usize; 2]], series: &[Series], peers: &[Peer]) -> Table {
    let mut table = Table::new();
    table.load_style(STYLE);
    let heads = shapes.iter().map(|[rows, classes]| format!("{rows} × {classes}"));
    table.set_header(std::iter::once("ns/element".to_owned()).chain(heads));
    for column in table.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    for series in series {
        let cells = shapes.iter().map(|[rows, classes]| {
            let point = series.points.iter().find(|point| point.elements == rows * classes);
            point.map_or_else(String::new, |point| cell(point.time, point.ratio))
        });
        table.add_row(std::iter::once(series.name.clone()).chain(cells));
    }
    let this = &series[0].points;
    for name in names(peers) {
        let cells = shapes.iter().zip(this).map(|(&[rows, _], this)| {
            let peer = peers.iter().find(|peer| peer.name == name && peer.rows == rows);
            peer.map_or_else(String::new, |peer| cell(peer.time, peer.time / this.time))
        });
        table.add_row(std::iter::once(name.to_owned()).chain(cells));
    }
    table
}

fn cell(time: f64, ratio: f64) -> String {
    format!("{time:.2} ({ratio:.2})")
}

/// Each name once, in the order of the file.
pub(crate) fn names(peers: &[Peer]) -> Vec<&str> {
    let mut names: Vec<&str> = Vec::new();
    for peer in peers {
        if !names.contains(&peer.name.as_str()) {
            names.push(&peer.name);
        }
    }
    names
}
