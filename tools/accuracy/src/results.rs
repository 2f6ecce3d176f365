//! Finished parts, kept in a file so that a long measurement can be interrupted.

use std::{
    fs,
    io::ErrorKind,
    ops::Range,
    path::{Path, PathBuf},
    str::FromStr,
};

use anyhow::{Context, Result, anyhow, ensure};
use serde::{Deserialize, Serialize};

use crate::{
    statistics::Errors,
    task::{Case, Task, merge},
};

/// The `index`-th of `count` parts of the arguments, counted from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct Part {
    index: u64,
    pub(crate) count: u64,
}

impl Part {
    pub(crate) const WHOLE: Part = Part { index: 1, count: 1 };

    /// The numbers of the arguments in this part.
    pub(crate) fn of(&self, length: u64) -> Range<u64> {
        length * (self.index - 1) / self.count..length * self.index / self.count
    }
}

impl FromStr for Part {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> Result<Self> {
        let (index, count) = text.split_once('/').ok_or_else(|| anyhow!("expected I/N, such as 2/8"))?;
        let part = Part { index: index.parse()?, count: count.parse()? };
        // As many parts as bit patterns are the most that mean anything.
        ensure!(part.count <= 1 << 32 && (1..=part.count).contains(&part.index), "expected I from 1 to N, N up to 2³²");
        Ok(part)
    }
}

/// The errors of one part of a task.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Record {
    case: Case,
    part: Part,
    errors: Vec<Errors>,
}

/// The records of a file, or of this run alone.
#[derive(Debug)]
pub(crate) struct Results {
    path: Option<PathBuf>,
    records: Vec<Record>,
}

impl Results {
    /// Reads the file if there is one.
    pub(crate) fn open(path: Option<&Path>) -> Result<Self> {
        let mut records = Vec::new();
        if let Some(path) = path {
            let unreadable = || format!("cannot read {}", path.display());
            match fs::read_to_string(path) {
                Ok(text) => records = serde_json::from_str(&text).with_context(unreadable)?,
                // Written now: a wrong path should not cost the reader a measurement.
                Err(error) if error.kind() == ErrorKind::NotFound => write(path, "[]")?,
                Err(error) => return Err(error).with_context(unreadable),
            }
        }
        Ok(Results { path: path.map(Path::to_owned), records })
    }

    /// Measures a part, unless its errors are known; returns how many arguments that took.
    pub(crate) fn complete(&mut self, task: &Task, part: Part) -> Result<u64> {
        if self.records.iter().any(|record| record.case == task.case && record.part == part) {
            return Ok(0);
        }
        let numbers = part.of(task.length);
        let length = numbers.end - numbers.start;
        let Some(errors) = task.run(numbers) else { return Ok(0) };
        self.records.push(Record { case: task.case.clone(), part, errors });
        if let Some(path) = &self.path {
            write(path, &serde_json::to_string_pretty(&self.records)?)?;
        }
        Ok(length)
    }

    /// The errors of a task over the parts, of so many, that are known, with their number.
    pub(crate) fn of(&self, case: &Case, count: u64) -> Option<(Vec<Errors>, usize)> {
        let known = || self.records.iter().filter(|record| record.case == *case && record.part.count == count);
        let errors = known().map(|record| record.errors.clone()).reduce(merge)?;
        Some((errors, known().count()))
    }
}

/// Replaces the file at once, so that an interruption leaves the old one.
fn write(path: &Path, text: &str) -> Result<()> {
    let unwritable = || format!("cannot write {}", path.display());
    let new = path.with_extension("new");
    fs::write(&new, text).with_context(unwritable)?;
    fs::rename(&new, path).with_context(unwritable)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_cover_everything_once() {
        for (length, count) in [(10, 3), (1 << 32, 7), (2, 5)] {
            let ends = (1..=count).map(|index| Part { index, count }.of(length));
            assert_eq!(ends.fold(0, |end, part| if part.start == end { part.end } else { u64::MAX }), length);
        }
    }

    #[test]
    fn parts_are_checked() {
        assert_eq!("2/8".parse::<Part>().unwrap(), Part { index: 2, count: 8 });
        for wrong in ["0/8", "9/8", "1/0", "1", "a/b", "1/5000000000"] {
            assert!(wrong.parse::<Part>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn finished_parts_are_kept() {
        let path = std::env::temp_dir().join(format!("accuracy-{}.json", std::process::id()));
        let tasks = crate::elementary::functions_f32(100_003);
        let task = &tasks[0];
        let [first, second] = [1, 2].map(|index| Part { index, count: 2 });
        Results::open(Some(&path)).unwrap().complete(task, first).unwrap();
        let mut results = Results::open(Some(&path)).unwrap();
        results.complete(task, first).unwrap();
        assert_eq!(results.of(&task.case, 2).unwrap().1, 1);
        results.complete(task, second).unwrap();
        let results = Results::open(Some(&path)).unwrap();
        fs::remove_file(&path).unwrap();
        let whole = task.run(Part::WHOLE.of(task.length)).unwrap();
        let (parts, known) = results.of(&task.case, 2).unwrap();
        assert_eq!((parts[0].largest, parts[0].at, known), (whole[0].largest, whole[0].at, 2));
    }
}
