//! Trains multi-label classifiers with an optimiser that takes its gradient from this crate, once
//! with binary cross-entropy, once with the focal loss and twice with the asymmetric loss, and
//! compares what they learnt.
//!
//! ```text
//! cargo run --release --example train                       # generated data, rare labels
//! cargo run --release --example train -- --data FILE.npz    # your own
//! ```
//!
//! The crate enters in two places: `training.rs` calls it once per step, `figure.rs` draws its
//! curves.
//!
//! Every loss gets the same number of steps. Where labels are rare, binary cross-entropy spends
//! many of them on pushing easy negatives down: its learning curve still rises when that of the
//! asymmetric loss is flat. A linear model with ten times the `--epochs` makes up much of the
//! difference.

mod data;
mod experiment;
mod figure;
mod metrics;
mod network;
mod optimiser;
mod panel;
mod report;
mod schedule;
mod settings;
mod synthetic;
mod training;

use std::{
    fs::{self, OpenOptions},
    io,
    path::{Path, PathBuf},
    process::ExitCode,
    time::Instant,
};

use anyhow::{Context, Result};
use clap::{Parser, ValueEnum};

use crate::{data::Dataset, network::Architecture};

/// Train multi-label classifiers with binary cross-entropy, focal and asymmetric loss; compare them
#[derive(Parser)]
#[command(name = "train", after_help = AFTER_HELP)]
struct Args {
    /// NumPy archive with the data [default: generated data]
    #[arg(long, value_name = "FILE.npz")]
    data: Option<PathBuf>,

    /// Passes over the training rows [default: as many as fit in 600 steps, but 5 to 40]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    epochs: Option<u16>,

    /// Runs per model and loss, with other initial weights and another order of the rows
    #[arg(long, value_name = "N", default_value = "2")]
    #[arg(value_parser = clap::value_parser!(u16).range(1..))]
    seeds: u16,

    /// One layer, one hidden layer, or first the one and then the other
    #[arg(long, value_enum, default_value_t = ModelChoice::Both)]
    model: ModelChoice,

    /// Where the learning curves go, beside the losses and gradients that explain them
    #[arg(long, value_name = "FILE.svg", default_value = "target/train.svg")]
    figure: PathBuf,
}

const AFTER_HELP: &str = "\
The data are four arrays, rows first: x_train and x_test with the features (float32), y_train and
y_test with the labels (uint8, 0 or 1). Features that are not all 0 or 1 are standardised.

Prints the mean average precision (mAP) on the test rows for every model and loss.";

#[derive(Clone, Copy, ValueEnum)]
enum ModelChoice {
    Linear,
    Mlp,
    Both,
}

impl ModelChoice {
    fn architectures(self) -> &'static [Architecture] {
        match self {
            Self::Linear => &[Architecture::Linear],
            Self::Mlp => &[Architecture::Mlp],
            Self::Both => &[Architecture::Linear, Architecture::Mlp],
        }
    }
}

fn main() -> ExitCode {
    match run(&Args::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(args: &Args) -> Result<()> {
    let (name, dataset) = match &args.data {
        Some(path) => (path.display().to_string(), Dataset::load(path)?),
        None => ("generated data".to_owned(), synthetic::generate()),
    };
    let dataset = dataset.standardised();
    let epochs = match args.epochs {
        Some(epochs) => usize::from(epochs),
        None => training::default_epochs(dataset.x_train.nrows()),
    };
    let architectures = args.model.architectures();
    let unwritable = || format!("cannot write {}", args.figure.display());
    // Before the training, not after it: a wrong path should not cost the reader a minute.
    check_writable(&args.figure).with_context(unwritable)?;

    let mut out = io::stdout().lock();
    report::describe(&mut out, &name, &dataset, epochs)?;
    let start = Instant::now();
    let experiments = experiment::run_all(&dataset, architectures, args.seeds.into(), epochs)?;
    report::results(&mut out, &experiments, start.elapsed())?;

    let svg = figure::draw(&experiments)?;
    fs::write(&args.figure, svg).with_context(unwritable)?;
    report::figure_written(&mut out, &args.figure)
}

fn check_writable(path: &Path) -> io::Result<()> {
    if let Some(directory) = path.parent() {
        fs::create_dir_all(directory)?;
    }
    OpenOptions::new().create(true).append(true).open(path).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn arguments_are_consistent() {
        Args::command().debug_assert();
    }
}
