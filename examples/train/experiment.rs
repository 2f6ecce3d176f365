//! All the runs: every model with every loss, from several seeds.

use anyhow::Result;
use indicatif::{ProgressBar, ProgressStyle};
use rayon::prelude::*;

use crate::{
    data::Dataset,
    network::Architecture,
    settings::{Setting, TRAINED},
    training::{Outcome, train},
};

/// One model with one loss, and how it fared from each seed.
pub(crate) struct Experiment {
    pub(crate) architecture: Architecture,
    pub(crate) setting: &'static Setting,
    pub(crate) outcomes: Vec<Outcome>,
}

/// Trains everything, runs side by side on the available cores.
pub(crate) fn run_all(
    data: &Dataset,
    architectures: &[Architecture],
    seeds: usize,
    epochs: usize,
) -> Result<Vec<Experiment>> {
    let cases: Vec<(Architecture, &Setting)> =
        architectures.iter().flat_map(|&architecture| TRAINED.map(|setting| (architecture, setting))).collect();
    // Every loss starts from the same seeds, so differences between losses are not those between
    // initial weights.
    let runs: Vec<_> = cases.iter().flat_map(|&case| (0..seeds as u64).map(move |seed| (case, seed))).collect();

    let bar = ProgressBar::new((runs.len() * epochs) as u64).with_style(
        ProgressStyle::with_template("{msg} {wide_bar} {pos}/{len} epochs, {eta} left").expect("a valid template"),
    );
    let outcomes: Result<Vec<Outcome>> = runs
        .par_iter()
        .map(|&((architecture, setting), seed)| {
            bar.set_message(format!("{architecture}, {}", setting.name));
            train(data, architecture, setting, seed, epochs, || bar.inc(1))
        })
        .collect();
    bar.finish_and_clear();

    let mut outcomes = outcomes?.into_iter();
    let collect = |(architecture, setting)| {
        let outcomes = outcomes.by_ref().take(seeds).collect();
        Experiment { architecture, setting, outcomes }
    };
    Ok(cases.into_iter().map(collect).collect())
}
