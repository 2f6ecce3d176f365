//! What the terminal shows.

use std::{io::Write, path::Path, time::Duration};

use anyhow::Result;

use crate::{
    experiment::Experiment,
    labels::Labels,
    plan::Plan,
    settings::{ASYMMETRIC, BCE, Setting},
    start::Start,
    summary::{Summary, after, best_epoch},
    table::table,
    training::{Case, Outcome},
};

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
    let mut table = table(HEADER, 3);
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
            let of = |setting: &Setting| outcomes(group, |case| case.setting == setting && case.start == start);
            let difference = |value: fn(&Outcome) -> f64| difference(of(&ASYMMETRIC), of(&BCE), value);
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
    duration(out, experiments, took)
}

/// The table of losses and of what is known of the labels.
pub(crate) fn hidden(out: &mut impl Write, experiments: &[Experiment], share: f64, took: Duration) -> Result<()> {
    let [all, left_out, absent] = Labels::hiding(share);
    let treatments = [all, left_out, absent];
    let [a, b, c] = treatments.map(|labels| labels.to_string());
    let mut table = table(["model", "loss", &a, &b, &c, "left out\n− absent"], 2);
    for group in
        experiments.chunk_by(|a, b| a.case.architecture == b.case.architecture && a.case.setting == b.case.setting)
    {
        let of = |labels| outcomes(group, |case| case.labels == labels);
        let value = |outcome: &Outcome| outcome.macro_map;
        let case = &group[0].case;
        let mut row = vec![case.architecture.to_string(), case.setting.name.to_owned()];
        row.extend(treatments.map(|labels| of(labels).iter().map(value).collect::<Summary>().to_string()));
        row.push(difference(of(left_out), of(absent), value).to_string());
        table.add_row(row);
    }
    writeln!(out, "{table}")?;
    writeln!(
        out,
        "\
Macro mAP on the test rows in % after the last epoch, from an output bias of 0; mean ± standard deviation over seeds.
Hidden: {:.0} % of the training labels, drawn at random, others for each seed, the same for all losses.",
        100.0 * share
    )?;
    duration(out, experiments, took)
}

fn duration(out: &mut impl Write, experiments: &[Experiment], took: Duration) -> Result<()> {
    let runs: usize = experiments.iter().map(|experiment| experiment.outcomes.len()).sum();
    writeln!(out, "{runs} runs in {:.1} s", took.as_secs_f64())?;
    Ok(())
}

const LEGEND: &str = "\
Mean average precision (mAP) on the test rows after the last epoch, mean ± standard deviation over seeds. Macro:
every label counts the same. Micro: all labels in one ranking. Highest: the macro mAP after the epoch where it was
highest, as if one had known when to stop.

Best constant: the logit with the least loss on the label's base rate ρ in the training rows, for each loss its own.
For BCE that is ln(ρ/(1−ρ)), the usual prior. In one row the asymmetric loss starts from that prior instead of its own
constant.
";

pub(crate) fn figure_written(out: &mut impl Write, path: &Path) -> Result<()> {
    writeln!(out, "figure: {}", path.canonicalize()?.display())?;
    Ok(())
}

fn outcomes(experiments: &[Experiment], is_wanted: impl Fn(&Case) -> bool) -> &[Outcome] {
    let found = experiments.iter().find(|experiment| is_wanted(&experiment.case));
    found.map_or(&[], |experiment| &experiment.outcomes)
}

/// Seed by seed: the two runs of a seed started from the same weights.
fn difference(minuend: &[Outcome], subtrahend: &[Outcome], value: impl Fn(&Outcome) -> f64) -> Summary {
    minuend.iter().zip(subtrahend).map(|(a, b)| value(a) - value(b)).collect()
}
