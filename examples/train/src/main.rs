//! Trains multi-label classifiers with an optimiser that takes its gradient from this crate, once
//! with binary cross-entropy, once with the focal loss and twice with the asymmetric loss, and
//! compares what they learnt.
//!
//! ```text
//! cargo run --release -p train                                      # generated data, rare labels
//! cargo run --release -p train --features npz -- --data FILE.npz    # your own
//! ```
//!
//! The crate enters in three places: `training.rs` calls it once per step, `start.rs` asks it for
//! the constant logit where its loss is least, `figure.rs` draws its curves.
//!
//! Where labels are rare, the output bias from which training starts can matter more than the loss.
//! Binary cross-entropy from 0 spends most of its steps on pushing all labels down. So every loss is
//! trained from 0 and from its own best constant.
//!
//! Labels may be unknown. `--hide 0.4` removes 40 % of the training labels and compares leaving them
//! out of the loss with taking them for absent.

#[cfg(feature = "npz")]
mod archive;
mod data;
mod experiment;
mod figure;
mod labels;
mod metrics;
mod network;
mod optimiser;
mod plan;
mod progress;
mod report;
mod schedule;
mod settings;
mod start;
mod summary;
mod synthetic;
mod table;
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

#[cfg(feature = "npz")]
use crate::archive::load;
use crate::{network::Architecture, plan::Plan};

/// Train multi-label classifiers with binary cross-entropy, focal and asymmetric loss; compare them
#[derive(Parser)]
#[command(name = "train", after_help = AFTER_HELP)]
struct Args {
    /// NumPy archive with the data; needs the feature npz [default: generated data]
    #[arg(long, value_name = "FILE.npz")]
    data: Option<PathBuf>,

    /// Passes over the training rows [default: as many as fit in 600 steps, but 5 to 40]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    epochs: Option<u16>,

    /// Runs per model, loss and start, with other initial weights and another order of the rows
    #[arg(long, value_name = "N", default_value = "2")]
    #[arg(value_parser = clap::value_parser!(u16).range(1..))]
    seeds: u16,

    /// One layer, one hidden layer, or first the one and then the other
    #[arg(long, value_enum, default_value_t = ModelChoice::Both)]
    model: ModelChoice,

    /// Take the features as they are [default: standardise them, unless all are 0 or 1]
    #[arg(long)]
    raw: bool,

    /// Hide this share of the training labels; compare leaving them out with taking them for absent
    #[arg(long, value_name = "SHARE", value_parser = share, conflicts_with = "figure")]
    hide: Option<f64>,

    /// Where the learning curves go, beside the losses and gradients that explain them
    #[arg(long, value_name = "FILE.svg", default_value = "target/train.svg")]
    figure: PathBuf,
}

const AFTER_HELP: &str = "\
The data are four arrays of numbers or bool, rows first: x_train and x_test with the features,
y_train and y_test with the labels, which are 0 or 1. With NumPy:

    np.savez_compressed(\"FILE.npz\", x_train=…, y_train=…, x_test=…, y_test=…)

Prints the mean average precision (mAP) on the test rows for every model and loss, trained from an
output bias of 0 and from the constant logit that is best for the loss. With --hide it is from 0 with
all labels, with the hidden ones left out and with the hidden ones taken for absent; no figure.";

/// A number between 0 and 1, neither of which is worth a run.
fn share(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(share) if share > 0.0 && share < 1.0 => Ok(share),
        _ => Err("must be a number above 0 and below 1".to_owned()),
    }
}

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
        Some(path) => (path.file_name().unwrap_or_default().to_string_lossy(), load(path)?),
        None => ("generated data".into(), synthetic::generate()),
    };
    dataset.check().with_context(|| name.to_string())?;
    let dataset = if args.raw { dataset } else { dataset.standardised() };
    let epochs = match args.epochs {
        Some(epochs) => usize::from(epochs),
        None => training::default_epochs(dataset.x_train.nrows()),
    };
    let plan = Plan::new(&name, &dataset, epochs, args.seeds);
    let architectures = args.model.architectures();
    let unwritable = || format!("cannot write {}", args.figure.display());
    let cases = match args.hide {
        Some(share) => experiment::hiding(architectures, share),
        None => {
            // Before the training, not after it: a wrong path should not cost the reader a minute.
            check_writable(&args.figure).with_context(unwritable)?;
            experiment::starts(architectures)
        }
    };

    let mut out = io::stdout().lock();
    report::plan(&mut out, &plan)?;
    let start = Instant::now();
    let experiments = experiment::run_all(&dataset, cases, args.seeds, epochs)?;
    if let Some(share) = args.hide {
        return report::hidden(&mut out, &experiments, share, start.elapsed());
    }
    report::results(&mut out, &experiments, &plan, start.elapsed())?;

    let svg = figure::draw(&experiments, &plan)?;
    fs::write(&args.figure, svg).with_context(unwritable)?;
    report::figure_written(&mut out, &args.figure)
}

#[cfg(not(feature = "npz"))]
fn load(_: &Path) -> Result<data::Dataset> {
    anyhow::bail!("--data needs a feature: cargo run --release -p train --features npz -- --data FILE.npz")
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

    #[test]
    fn shares_lie_between_0_and_1() {
        assert_eq!(share("0.4"), Ok(0.4));
        for text in ["0", "1", "-0.1", "NaN", "many"] {
            assert!(share(text).is_err(), "{text}");
        }
    }
}
