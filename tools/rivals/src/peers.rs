//! Figures of peers that are measured outside this program.

use anyhow::{Context, Result};

/// One line: a peer's time for arrays of so many rows.
#[derive(Debug, PartialEq)]
pub(crate) struct Peer {
    pub(crate) rows: usize,
    pub(crate) name: String,
    /// Nanoseconds per element.
    pub(crate) time: f64,
}

/// Reads lines `ROWS NAME NANOSECONDS`; the name may hold spaces. Takes `ROWSxCLASSES` and a unit after the time, too.
pub(crate) fn parse(text: &str) -> Result<Vec<Peer>> {
    let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    lines.map(|(index, line)| peer(line).with_context(|| format!("line {}: `{line}`", index + 1))).collect()
}

fn peer(line: &str) -> Result<Peer> {
    let line = line.trim().trim_end_matches("ns/element").trim_end();
    let (shape, rest) = line.split_once(char::is_whitespace).context("no name")?;
    let (name, time) = rest.rsplit_once(char::is_whitespace).context("no time")?;
    let rows = shape.split_once('x').map_or(shape, |(rows, _)| rows);
    let rows = rows.parse().with_context(|| format!("`{rows}` is no number of rows"))?;
    let time = time.parse().with_context(|| format!("`{time}` is no time"))?;
    Ok(Peer { rows, name: name.trim().to_owned(), time })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_ways_of_writing() {
        let peer = |rows, name: &str, time| Peer { rows, name: name.to_owned(), time };
        let text = "256 jax.jit 4.5\n\n  4096x80  numba parallel    5.25 ns/element\n";
        assert_eq!(parse(text).unwrap(), [peer(256, "jax.jit", 4.5), peer(4096, "numba parallel", 5.25)]);
    }

    #[test]
    fn faults_are_named() {
        for line in ["256", "256 jax", "many jax 1.0", "256 jax soon"] {
            assert!(format!("{:?}", parse(line).unwrap_err()).contains("line 1"), "{line}");
        }
    }
}
