//! Measures the rounding errors of the crate: in `f32` for every finite logit, in `f64` for hard and random ones.
//!
//! ```text
//! cargo run --release -p accuracy                                 # the default setting, every f32
//! cargo run --release -p accuracy -- --stride 1009                # every 1009th bit pattern: seconds
//! cargo run --release -p accuracy -- --all --stride 10007         # every setting
//! cargo run --release -p accuracy -- --part 1/8 --results FILE.json
//! cargo run --release -p accuracy -- --plot FILE.svg
//! ```
//!
//! The true results are computed from the definition of the loss, by `reference.rs` for `f32` and by the oracle of the
//! tests, `tools/yardstick`, for `f64`. `task.rs` calls the crate and compares.

mod elementary;
mod figure;
mod points;
mod reference;
mod report;
mod results;
mod settings;
mod statistics;
mod task;

use std::{
    fs,
    io::{self, Write},
    path::PathBuf,
    process::ExitCode,
    time::Instant,
};

use anyhow::{Context, Result, ensure};
use clap::Parser;
use yardstick::Setting;

use crate::{
    results::{Part, Results},
    task::Task,
};

/// Measure the rounding errors of losses, gradients, Hessians and elementary functions
#[derive(Parser)]
#[command(name = "accuracy", after_help = AFTER_HELP)]
struct Args {
    /// Measure every combination of margins, exponents and formulations, not the default setting alone
    #[arg(long)]
    all: bool,

    /// Take every N-th bit pattern of f32; N must be odd, so that both last bits occur
    #[arg(long, value_name = "N", default_value = "1", value_parser = odd)]
    stride: u32,

    /// Random points in f64, beside those chosen to be hard; 0 leaves f64 out
    #[arg(long, value_name = "N", default_value = "10000")]
    points: usize,

    /// Measure the I-th of N parts of the arguments
    #[arg(long, value_name = "I/N", default_value = "1/1")]
    part: Part,

    /// Keep finished parts here, and do not measure again those that are
    #[arg(long, value_name = "FILE.json")]
    results: Option<PathBuf>,

    /// Draw the error over the logit, and measure nothing
    #[arg(long, value_name = "FILE.svg")]
    plot: Option<PathBuf>,
}

const AFTER_HELP: &str = "\
Errors are in units in the last place (ULP) of the true result at the precision of the array.

The table shows the parts in the file together, of the same number of parts and the same stride. The
file knows nothing of the crate's version: after a change of the crate, start another.";

fn odd(text: &str) -> Result<u32> {
    let stride: u32 = text.parse()?;
    ensure!(!stride.is_multiple_of(2), "an even stride never reaches a float whose last bit is set");
    Ok(stride)
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
    if let Some(path) = &args.plot {
        return fs::write(path, figure::draw()?).with_context(|| format!("cannot write {}", path.display()));
    }
    let settings: Vec<Setting> = if args.all { settings::all() } else { vec![settings::DEFAULT] };
    let mut results = Results::open(args.results.as_deref())?;

    let mut tables: Vec<(Vec<Task>, Table)> = vec![
        (task::losses_f32(&settings, args.stride), report::losses),
        (elementary::functions_f32(args.stride), report::functions),
    ];
    if args.points > 0 {
        tables.push((task::losses_f64(&settings, args.points), report::losses));
        tables.push((elementary::functions_f64(args.points), report::functions));
    }
    let mut out = io::stdout().lock();
    for (tasks, table) in tables {
        let start = Instant::now();
        let elements: Result<u64> = tasks.iter().map(|task| results.complete(task, args.part)).sum();
        let (elements, took) = (elements?, start.elapsed());
        writeln!(out, "{}\n{}\n", table(&tasks, args.part, &results), report::duration(took, elements))?;
    }
    writeln!(out, "{}", report::LEGEND)?;
    Ok(())
}

/// What makes a table of results.
type Table = fn(&[Task], Part, &Results) -> comfy_table::Table;

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn arguments_are_consistent() {
        Args::command().debug_assert();
    }
}
