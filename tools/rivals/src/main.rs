//! Value and gradient of the mean asymmetric loss: this crate against the same loss in other libraries.
//!
//! All contenders get the same data, and take turns; who does not agree with this crate is left out.
//! burn takes minutes to compile: `--no-default-features --features candle` leaves it out.
//! `RUSTFLAGS="-C target-cpu=native"` lets the compiler use all instructions for those that do not choose at run time.

mod contender;
mod measure;
mod peers;
mod plot;
mod table;
#[cfg(feature = "burn")]
mod with_burn;
#[cfg(feature = "candle")]
mod with_candle;

use anyhow::{Context, Result};
use clap::Parser;
use measure::Series;
use std::path::PathBuf;

/// Classes in the table and in the figures of peers.
const CLASSES: usize = 80;

/// Compares this crate with other libraries: nanoseconds per element for value and gradient.
#[derive(Debug, Parser)]
struct Arguments {
    /// Rows of 80 elements to compare at
    #[arg(long, value_delimiter = ',', default_value = "256,4096,65536")]
    rows: Vec<usize>,
    /// Times each contender is measured; the table shows medians
    #[arg(long, default_value_t = 9)]
    rounds: usize,
    /// Figures measured elsewhere, a line `ROWS NAME NANOSECONDS` each, for arrays of ROWS × 80
    #[arg(long, value_name = "FILE")]
    peers: Option<PathBuf>,
    /// Measure over sizes and draw this SVG
    #[arg(long, value_name = "FILE")]
    plot: Option<PathBuf>,
    /// The largest size in the plot, as a power of ten
    #[arg(long, default_value_t = 8, value_parser = clap::value_parser!(u32).range(3..))]
    largest: u32,
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let peers = match &arguments.peers {
        Some(path) => {
            let text = std::fs::read_to_string(path).with_context(|| path.display().to_string())?;
            peers::parse(&text).with_context(|| path.display().to_string())?
        }
        None => Vec::new(),
    };

    let shapes: Vec<_> = arguments.rows.iter().map(|&rows| [rows, CLASSES]).collect();
    let compared = measure::over(&shapes, arguments.rounds)?;
    println!("{}", table::of(&shapes, &compared, &peers));

    if let Some(path) = &arguments.plot {
        let shapes: Vec<_> = (2..=arguments.largest).map(|power| [10_usize.pow(power - 1), 10]).collect();
        let swept = measure::over(&shapes, arguments.rounds)?;
        std::fs::write(path, plot::draw(&swept, &peers)?).with_context(|| path.display().to_string())?;
    }
    Ok(())
}
