//! Checks the contenders and measures them in turns.

use crate::contender::{self, Entry, Outcome, Problem};
use anyhow::{Result, ensure};
use rayon::ThreadPoolBuilder;
use std::time::{Duration, Instant};

/// How far a value, or any component of a gradient as a part of the largest, may be from that of this crate.
const TOLERANCE: f32 = 1e-4;

/// What a contender is measured over at least, so that the clock's resolution does not matter.
const LEAST: Duration = Duration::from_millis(10);

/// The times of one contender.
pub(crate) struct Series {
    pub(crate) name: String,
    pub(crate) points: Vec<Point>,
}

/// The times at one size: medians over the rounds.
#[derive(Clone, Copy)]
pub(crate) struct Point {
    pub(crate) elements: usize,
    /// Nanoseconds per element.
    pub(crate) time: f64,
    /// The time as a multiple of that of this crate in the same round.
    pub(crate) ratio: f64,
}

/// Measures all contenders on arrays of these shapes. The first series is that of this crate.
pub(crate) fn over(shapes: &[[usize; 2]], rounds: usize) -> Result<Vec<Series>> {
    let mut series: Vec<Series> = Vec::new();
    for &shape in shapes {
        for (name, point) in at(shape, rounds)? {
            match series.iter_mut().find(|series| series.name == name) {
                Some(series) => series.points.push(point),
                None => series.push(Series { name, points: vec![point] }),
            }
        }
    }
    Ok(series)
}

fn at(shape: [usize; 2], rounds: usize) -> Result<Vec<(String, Point)>> {
    ensure!(rounds > 0, "at least one round is needed");
    let one_thread = ThreadPoolBuilder::new().num_threads(1).build()?;
    let problem = Problem::new(shape);
    let elements = problem.logits.len();
    let mut entries = agreeing(contender::all(&problem, &one_thread)?, shape)?;

    let repeats = entries.iter_mut().map(|entry| repeats(entry)).collect::<Result<Vec<_>>>()?;
    let mut times = vec![Vec::with_capacity(rounds); entries.len()];
    for _ in 0..rounds {
        for ((entry, &repeats), times) in entries.iter_mut().zip(&repeats).zip(&mut times) {
            times.push(time(entry, repeats)?.as_secs_f64() * 1e9 / repeats as f64 / elements as f64);
        }
    }

    let point = |own: &Vec<f64>| Point {
        elements,
        time: median(own.iter().copied()),
        ratio: median(own.iter().zip(&times[0]).map(|(own, this)| own / this)),
    };
    Ok(entries.into_iter().map(|entry| entry.name).zip(times.iter().map(point)).collect())
}

/// Leaves out, and says so, whoever does not compute what this crate computes; this also warms them up.
fn agreeing<'a>(entries: Vec<Entry<'a>>, shape: [usize; 2]) -> Result<Vec<Entry<'a>>> {
    let mut reference: Option<Outcome> = None;
    let mut kept = Vec::with_capacity(entries.len());
    for mut entry in entries {
        time(&mut entry, 1)?;
        let difference = match (&reference, entry.contender.outcome()?) {
            (_, None) => None,
            (None, outcome) => {
                reference = outcome;
                None
            }
            (Some(reference), Some(outcome)) => agree(reference, &outcome).err(),
        };
        match difference {
            None => kept.push(entry),
            Some(difference) => eprintln!("{} is left out at {} × {}: {difference}", entry.name, shape[0], shape[1]),
        }
    }
    Ok(kept)
}

fn agree((value, gradient): &Outcome, (other_value, other_gradient): &Outcome) -> Result<()> {
    ensure!((value - other_value).abs() <= TOLERANCE * value.abs(), "value {other_value} instead of {value}");
    ensure!(gradient.len() == other_gradient.len(), "{} components, not {}", other_gradient.len(), gradient.len());
    let largest = gradient.iter().fold(0.0, |largest: f32, component| largest.max(component.abs()));
    for (index, (component, other)) in gradient.iter().zip(other_gradient).enumerate() {
        let near = (component - other).abs() <= TOLERANCE * largest;
        ensure!(near, "component {index} of the gradient is {other} instead of {component}, the largest {largest}");
    }
    Ok(())
}

/// How often to call, so that it takes long enough.
fn repeats(entry: &mut Entry<'_>) -> Result<u32> {
    let mut repeats = 1;
    loop {
        let time = time(entry, repeats)?;
        if time >= LEAST {
            return Ok(repeats);
        }
        let factor = LEAST.as_secs_f64() / time.as_secs_f64().max(1e-9);
        repeats = (f64::from(repeats) * (1.1 * factor).min(1000.0)).ceil() as u32;
    }
}

/// How long a contender works before it is measured: its threads wake up, and those of the one before go to sleep.
const WARM_UP: Duration = Duration::from_millis(30);

/// What so many calls take, on the pool of the contender.
fn time(entry: &mut Entry<'_>, repeats: u32) -> Result<Duration> {
    let contender = &mut entry.contender;
    let mut calls = || {
        let start = Instant::now();
        while start.elapsed() < WARM_UP {
            contender.evaluate()?;
        }
        let start = Instant::now();
        for _ in 0..repeats {
            contender.evaluate()?;
        }
        Ok(start.elapsed())
    };
    match entry.pool {
        Some(pool) => pool.install(calls),
        None => calls(),
    }
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    if values.len() % 2 == 1 { values[middle] } else { 0.5 * (values[middle - 1] + values[middle]) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn median_of_odd_and_even() {
        assert_eq!(median([3.0, 1.0, 2.0].into_iter()), 2.0);
        assert_eq!(median([4.0, 1.0, 2.0, 3.0].into_iter()), 2.5);
    }

    #[test]
    fn disagreement_is_noticed() {
        let outcome = (1.0, vec![1.0, 1e-6]);
        assert!(agree(&outcome, &(1.00005, vec![1.00005, 2e-6])).is_ok());
        assert!(agree(&outcome, &(1.001, outcome.1.clone())).is_err());
        assert!(agree(&outcome, &(1.0, vec![1.0, 1e-3])).is_err());
        assert!(agree(&outcome, &(1.0, vec![1.0])).is_err());
        assert!(agree(&outcome, &(1.0, vec![1.0, f32::NAN])).is_err());
    }
}
