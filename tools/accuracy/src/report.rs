//! What the terminal shows.

use std::time::Duration;

use comfy_table::{CellAlignment, LineStyle, Table, TableStyle, presets::UTF8_HORIZONTAL_ONLY};

use crate::{
    results::{Part, Results},
    statistics::Errors,
    task::{Case, Task},
};

const STYLE: TableStyle = UTF8_HORIZONTAL_ONLY.row_separator(LineStyle::none());

/// How to read the tables.
pub(crate) const LEGEND: &str = "\
The largest error in ULP, the mean in brackets, and the argument of the largest. For a Hessian, and for a gradient on a
soft label, the ULP is that of the largest term of the sum.
Gradient lost: 0 where the true one is a normal number. Violation: off by more than 64 smallest normal numbers where
the true result is below one. Formulations that are the same function on a label are measured once.";

/// The losses: a row for each setting and label.
pub(crate) fn losses(tasks: &[Task], part: Part, results: &Results) -> Table {
    let header = ["", "loss", "on", "loss", "gradient", "Hessian", "gradient lost", "not finite", "violations"];
    let mut table = table(&header);
    for Task { case, .. } in tasks {
        let Some((errors, known)) = results.of(case, part.count) else { continue };
        let total = |count: fn(&Errors) -> u64| errors.iter().map(count).sum::<u64>().to_string();
        let [loss, gradient, hessian] = [0, 1, 2].map(|k| measured(&errors[k]));
        table.add_row([
            case.element.clone(),
            case.what.clone(),
            arguments(case, part, known),
            loss,
            gradient,
            hessian,
            errors[1].lost.to_string(),
            total(|errors| errors.not_finite),
            total(|errors| errors.violations),
        ]);
    }
    table
}

/// The elementary functions.
pub(crate) fn functions(tasks: &[Task], part: Part, results: &Results) -> Table {
    let mut table = table(&["", "function", "on", "error", "not finite", "violations"]);
    for Task { case, .. } in tasks {
        let Some((errors, known)) = results.of(case, part.count) else { continue };
        table.add_row([
            case.element.clone(),
            case.what.clone(),
            arguments(case, part, known),
            measured(&errors[0]),
            errors[0].not_finite.to_string(),
            errors[0].violations.to_string(),
        ]);
    }
    table
}

/// How long it took, and that per element: one logit with one label, or one argument.
pub(crate) fn duration(took: Duration, elements: u64) -> String {
    let seconds = took.as_secs_f64();
    let each = if elements == 0 { String::new() } else { format!(", {:.1} ns each", 1e9 * seconds / elements as f64) };
    format!("{elements} elements measured in {seconds:.1} s{each}")
}

fn table(header: &[&str]) -> Table {
    let mut table = Table::new();
    table.load_style(STYLE).set_header(header);
    for column in table.column_iter_mut().skip(3) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table
}

fn arguments(case: &Case, part: Part, known: usize) -> String {
    let Case { of, sampling, .. } = case;
    let parts = if part == Part::WHOLE { String::new() } else { format!("\n{known} of {} parts", part.count) };
    format!("{of}\n{sampling}{parts}")
}

fn measured(errors: &Errors) -> String {
    if errors.mean().is_nan() {
        return "–".to_owned();
    }
    format!("{:.2} ({:.3})\n{}", errors.largest, errors.mean(), shortest(errors.at))
}

/// As few digits as give the number back, in the precision that it has.
fn shortest(x: f64) -> String {
    let single = x as f32;
    if f64::from(single) == x { format!("{single:e}") } else { format!("{x:e}") }
}
