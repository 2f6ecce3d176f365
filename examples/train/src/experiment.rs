//! All the runs: every model with every loss, from every start or on what is known of the labels, with several seeds.

use anyhow::Result;
use rayon::prelude::*;

use crate::{
    data::Dataset,
    labels::Labels,
    network::Architecture,
    progress,
    settings::{ALL, ASYMMETRIC},
    start::Start,
    training::{Case, Outcome, train},
};

/// What was trained, and how it fared from each seed.
pub(crate) struct Experiment {
    pub(crate) case: Case,
    pub(crate) outcomes: Vec<Outcome>,
}

/// Each loss from both starts, and what the usual prior does to a loss for which it was not made.
pub(crate) fn starts(architectures: &[Architecture]) -> Vec<Case> {
    let both = ALL.into_iter().flat_map(|setting| [(setting, Start::Zero), (setting, Start::Constant)]);
    let all = both.chain([(&ASYMMETRIC, Start::Prior)]);
    each(architectures, |architecture| {
        all.clone().map(move |(setting, start)| Case { architecture, setting, start, labels: Labels::All })
    })
}

/// Each loss on all labels, and with a share of them hidden.
pub(crate) fn hiding(architectures: &[Architecture], share: f64) -> Vec<Case> {
    let all = ALL.into_iter().flat_map(|setting| Labels::hiding(share).map(|labels| (setting, labels)));
    each(architectures, |architecture| {
        all.clone().map(move |(setting, labels)| Case { architecture, setting, start: Start::Zero, labels })
    })
}

fn each<I: Iterator<Item = Case>>(architectures: &[Architecture], cases: impl Fn(Architecture) -> I) -> Vec<Case> {
    architectures.iter().copied().flat_map(cases).collect()
}

/// Trains everything, runs side by side on the available cores.
pub(crate) fn run_all(data: &Dataset, cases: Vec<Case>, seeds: u16, epochs: usize) -> Result<Vec<Experiment>> {
    // Every case has the same seeds, so differences between losses are not those between initial
    // weights.
    let runs: Vec<(Case, u64)> =
        cases.iter().flat_map(|&case| (0..seeds.into()).map(move |seed| (case, seed))).collect();

    let (features, labels) = (data.x_train.ncols(), data.y_train.ncols());
    let work = |case: Case| case.architecture.weights(features, labels) as u64;
    let bar = progress::bar(runs.iter().map(|&(case, _)| epochs as u64 * work(case)).sum());
    let outcomes: Result<Vec<Outcome>> =
        runs.par_iter().map(|&(case, seed)| train(data, case, seed, epochs, || bar.inc(work(case)))).collect();
    bar.finish_and_clear();

    let mut outcomes = outcomes?.into_iter();
    let collect = |case| Experiment { case, outcomes: outcomes.by_ref().take(seeds.into()).collect() };
    Ok(cases.into_iter().map(collect).collect())
}
