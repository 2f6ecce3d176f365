//! What the terminal shows.

use std::{io::Write, path::Path, time::Duration};

use anyhow::Result;
use comfy_table::{CellAlignment, LineStyle, Table, TableStyle, presets::UTF8_HORIZONTAL_ONLY};

use crate::{
    experiment::Experiment,
    plan::Plan,
    settings::{ASYMMETRIC, BCE, Setting},
    start::Start,
    summary::{Summary, after, best_epoch},
    training::Outcome,
};

const STYLE: TableStyle = UTF8_HORIZONTAL_ONLY.row_separator(LineStyle::none());
const HEADER: [&str; 6] =
    ["model", "loss", "output bias\nstarts at", "macro mAP\n%", "highest,\nepoch", "micro mAP\n%"];

pub(crate) fn plan(out: &mut impl Write, plan: &Plan) -> Result<()> {
    for line in plan.lines() {
        writeln!(out, "{line}")?;
    }
    Ok(())
}

/// The table of all experiments.
pub(crate) fn results(out: &mut impl Write, experiments: &[Experiment], plan: &Plan, took: Duration) -> Result<()> {
    let mut table = Table::new();
    table.load_style(STYLE).set_header(HEADER);
    for column in table.column_iter_mut().skip(3) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    for group in experiments.chunk_by(|a, b| a.case.architecture == b.case.architecture) {
        for Experiment { case, outcomes } in group {
            let (best, last) = (best_epoch(outcomes), plan.epochs);
            table.add_row([
                case.architecture.to_string(),
                case.setting.name.to_owned(),
                case.start.to_string(),
                after(last, outcomes).to_string(),
                format!("{:.1}, {best:>2}", after(best, outcomes).mean()),
                outcomes.iter().map(|outcome| outcome.micro_map).collect::<Summary>().to_string(),
            ]);
        }
        for start in [Start::Zero, Start::Constant] {
            // Seed by seed: the two runs of a seed started from the same weights.
            let pairs = || outcomes_of(group, &ASYMMETRIC, start).iter().zip(outcomes_of(group, &BCE, start));
            let difference = |of: fn(&Outcome) -> f64| pairs().map(|(a, b)| of(a) - of(b)).collect::<Summary>();
            table.add_row([
                group[0].case.architecture.to_string(),
                format!("{} − {}", ASYMMETRIC.name, BCE.name),
                start.to_string(),
                difference(|outcome| outcome.macro_map).to_string(),
                String::new(),
                difference(|outcome| outcome.micro_map).to_string(),
            ]);
        }
    }
    writeln!(out, "{table}")?;
    writeln!(out, "{LEGEND}")?;
    writeln!(out, "{}", plan.caveat())?;
    let runs: usize = experiments.iter().map(|experiment| experiment.outcomes.len()).sum();
    writeln!(out, "{runs} runs in {:.1} s", took.as_secs_f64())?;
    Ok(())
}

const LEGEND: &str = "\
Mean average precision (mAP) on the test rows after the last epoch, mean ± standard deviation over seeds. Macro:
every label counts the same. Micro: all labels in one ranking. Highest: the macro mAP after the epoch where it was
highest, as if one had known when to stop.

Best constant: the logit with the least loss on the label's base rate ρ in the training rows, for each loss its own.
For BCE that is ln(ρ/(1−ρ)), the usual prior. The asymmetric loss has another, and starts from the prior in one row
as a warning.
";

pub(crate) fn figure_written(out: &mut impl Write, path: &Path) -> Result<()> {
    writeln!(out, "figure: {}", path.canonicalize()?.display())?;
    Ok(())
}

fn outcomes_of<'a>(experiments: &'a [Experiment], setting: &Setting, start: Start) -> &'a [Outcome] {
    let found =
        experiments.iter().find(|experiment| experiment.case.setting == setting && experiment.case.start == start);
    found.map_or(&[], |experiment| &experiment.outcomes)
}
