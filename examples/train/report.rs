//! What the terminal shows.

use std::{io::Write, path::Path, time::Duration};

use anyhow::Result;
use comfy_table::{CellAlignment, LineStyle, Table, TableStyle, presets::UTF8_HORIZONTAL_ONLY};
use ndarray::Array1;

use crate::{
    data::Dataset,
    experiment::Experiment,
    settings::{ASYMMETRIC, BCE, Setting},
    training::Outcome,
};

const STYLE: TableStyle = UTF8_HORIZONTAL_ONLY.row_separator(LineStyle::none());

/// The data and the plan.
pub(crate) fn describe(out: &mut impl Write, name: &str, data: &Dataset, epochs: usize) -> Result<()> {
    let (train, features) = data.x_train.dim();
    let (test, labels) = data.y_test.dim();
    let positive = 100.0 * data.positive_rate();
    writeln!(out, "{name}: {train} training rows, {test} test rows, {features} features")?;
    writeln!(out, "{labels} labels, {positive:.1} % positive; epochs: {epochs}")?;
    Ok(())
}

/// The table of all experiments.
pub(crate) fn results(out: &mut impl Write, experiments: &[Experiment], took: Duration) -> Result<()> {
    let mut table = Table::new();
    table.load_style(STYLE).set_header(["model", "loss", "macro mAP %", "micro mAP %"]);
    for column in table.column_iter_mut().skip(2) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    for group in experiments.chunk_by(|a, b| a.architecture == b.architecture) {
        for Experiment { architecture, setting, outcomes } in group {
            table.add_row([
                architecture.to_string(),
                setting.name.to_owned(),
                mean_and_spread(outcomes.iter().map(|outcome| outcome.macro_map)),
                mean_and_spread(outcomes.iter().map(|outcome| outcome.micro_map)),
            ]);
        }
        let asymmetric = outcomes_of(group, &ASYMMETRIC);
        let bce = outcomes_of(group, &BCE);
        // Seed by seed: the two runs of a seed started from the same weights.
        let pairs = || asymmetric.iter().zip(bce);
        table.add_row([
            group[0].architecture.to_string(),
            format!("{} − {}", ASYMMETRIC.name, BCE.name),
            mean_and_spread(pairs().map(|(asymmetric, bce)| asymmetric.macro_map - bce.macro_map)),
            mean_and_spread(pairs().map(|(asymmetric, bce)| asymmetric.micro_map - bce.micro_map)),
        ]);
    }
    writeln!(out, "{table}")?;
    writeln!(out, "Mean average precision (mAP) on the test rows, mean ± standard deviation over seeds.")?;
    writeln!(out, "Macro: every label counts the same. Micro: all labels in one ranking.")?;
    let runs: usize = experiments.iter().map(|experiment| experiment.outcomes.len()).sum();
    writeln!(out, "{runs} runs in {:.1} s", took.as_secs_f64())?;
    Ok(())
}

pub(crate) fn figure_written(out: &mut impl Write, path: &Path) -> Result<()> {
    writeln!(out, "figure: {}", path.display())?;
    Ok(())
}

fn outcomes_of<'a>(experiments: &'a [Experiment], setting: &Setting) -> &'a [Outcome] {
    experiments.iter().find(|experiment| experiment.setting == setting).map_or(&[], |experiment| &experiment.outcomes)
}

/// "mean ± standard deviation", or the value alone if there is only one.
fn mean_and_spread(values: impl Iterator<Item = f64>) -> String {
    let values: Array1<f64> = values.collect();
    let mean = values.mean().unwrap_or(f64::NAN);
    if values.len() > 1 { format!("{mean:.1} ± {:.1}", values.std(1.0)) } else { format!("{mean:.1}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spread_is_the_sample_standard_deviation() {
        assert_eq!(mean_and_spread([1.0, 2.0, 3.0].into_iter()), "2.0 ± 1.0");
        assert_eq!(mean_and_spread([4.25].into_iter()), "4.2");
    }
}
