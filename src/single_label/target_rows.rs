//! Rows of targets, as the kernel takes them.

use super::row::Target;
use crate::checks::unravel_index;
use crate::class_index::ClassIndex;
use crate::element::Float;
use crate::error::Error;
use crate::label::Label;
use crate::parameter::Parameter;
use castaway::cast;
use ndarray::{ArrayView, ArrayView1, Axis, Dimension, RemoveAxis};
use std::borrow::Cow;

/// How far the sum over a row of a dense target may be from 1: as far as rounding to `bf16` can bring it.
const SUM_TOLERANCE: f64 = 1.0 / 256.0;

/// One class per row.
#[derive(Clone, Debug)]
pub struct Classes<'a, I, E: Dimension> {
    pub(super) indices: ArrayView<'a, I, E>,
    pub(super) ignored: Option<I>,
}

/// The share of every class in every row.
#[derive(Clone, Debug)]
pub struct Dense<'a, Y, D: Dimension> {
    pub(super) shares: ArrayView<'a, Y, D>,
}

/// What a survey of the rows of a call has found.
#[derive(Clone, Copy, Debug)]
pub struct Survey {
    /// The number of rows whose target is known.
    pub(super) known: usize,
    /// The sum of their weights.
    pub(super) weight: f64,
}

/// One row of dense targets is not valid.
#[derive(Clone, Copy, Debug)]
pub struct InvalidRow;

/// Rows of targets, as the kernel takes them. It is not public: the module is private.
pub trait TargetRows<D: RemoveAxis>: Clone + Send {
    /// What they are called in messages.
    const NAME: &'static str;

    /// Their shape.
    fn shape(&self) -> &[usize];

    /// The shape that goes with this shape of the logits.
    fn expected_shape(logits: &[usize]) -> &[usize];

    /// Counts and weighs rows, and fails at the first index that is no class.
    fn survey(
        &self,
        classes: usize,
        weights: impl Iterator<Item = f64>,
        class_weight: &Parameter,
    ) -> Result<Survey, Error>;

    /// Both parts, cut at an index of an axis that is not the last of the logits.
    fn split_at(self, axis: Axis, index: usize) -> (Self, Self);

    /// What each row is to be, given which of them have a weight.
    fn targets(
        &self,
        classes: usize,
        weighted: impl Iterator<Item = bool>,
    ) -> impl Iterator<Item = Result<Target, InvalidRow>>;

    /// The shares of all classes in all rows, in logical order: nothing if no target is spread.
    fn shares<T: Float>(&self) -> Cow<'_, [T]>;

    /// The first row that is not valid.
    fn find_invalid(&self, weighted: impl Iterator<Item = bool>) -> Error;
}

impl<I: ClassIndex, D: RemoveAxis> TargetRows<D> for Classes<'_, I, D::Smaller> {
    const NAME: &'static str = "class indices";

    fn shape(&self) -> &[usize] {
        self.indices.shape()
    }

    fn expected_shape(logits: &[usize]) -> &[usize] {
        logits.split_last().map_or(&[], |(_, rows)| rows)
    }

    fn survey(
        &self,
        classes: usize,
        weights: impl Iterator<Item = f64>,
        class_weight: &Parameter,
    ) -> Result<Survey, Error> {
        let mut survey = Survey { known: 0, weight: 0.0 };
        for (row, (&index, weight)) in self.indices.iter().zip(weights).enumerate() {
            if self.ignored == Some(index) {
                continue;
            }
            survey.known += 1;
            survey.weight += weight * index.class().and_then(|class| class_weight.of_class(class)).unwrap_or(0.0);
            if weight != 0.0 && index.class().is_none_or(|class| class >= classes) {
                let (actual, index) = (index.number(), unravel_index(row, self.indices.shape()));
                return Err(Error::ClassOutOfRange { index, classes, actual });
            }
        }
        Ok(survey)
    }

    fn split_at(self, axis: Axis, index: usize) -> (Self, Self) {
        let (left, right) = self.indices.split_at(axis, index);
        (Classes { indices: left, ..self }, Classes { indices: right, ..self })
    }

    fn targets(
        &self,
        classes: usize,
        weighted: impl Iterator<Item = bool>,
    ) -> impl Iterator<Item = Result<Target, InvalidRow>> {
        self.indices.iter().zip(weighted).map(move |(&index, is_weighted)| {
            Ok(match index.class() {
                Some(class) if is_weighted && self.ignored != Some(index) && class < classes => Target::Class(class),
                _ => Target::Absent,
            })
        })
    }

    fn shares<T: Float>(&self) -> Cow<'_, [T]> {
        Cow::Borrowed(&[])
    }

    fn find_invalid(&self, _weighted: impl Iterator<Item = bool>) -> Error {
        Error::InvalidTarget { index: Vec::new(), actual: f64::NAN }
    }
}

impl<Y: Label, D: RemoveAxis> TargetRows<D> for Dense<'_, Y, D> {
    const NAME: &'static str = "dense targets";

    fn shape(&self) -> &[usize] {
        self.shares.shape()
    }

    fn expected_shape(logits: &[usize]) -> &[usize] {
        logits
    }

    fn survey(
        &self,
        _classes: usize,
        weights: impl Iterator<Item = f64>,
        class_weight: &Parameter,
    ) -> Result<Survey, Error> {
        let known = self.shares.shape().split_last().map_or(0, |(_, rows)| rows.iter().product());
        // What is no share fails later, by its place.
        let valid = |y| Some(share(y)).filter(|y| (0.0..=1.0).contains(y)).unwrap_or(1.0);
        let of_row = |row: ArrayView1<'_, Y>| match class_weight {
            Parameter::Uniform(weight) => *weight,
            Parameter::PerClass(weights) => row.iter().zip(weights).map(|(&y, weight)| valid(y) * weight).sum(),
        };
        let rows = self.shares.rows().into_iter().zip(weights);
        let weight = rows.map(|(row, weight)| if weight == 0.0 { 0.0 } else { weight * of_row(row) }).sum();
        Ok(Survey { known, weight })
    }

    fn split_at(self, axis: Axis, index: usize) -> (Self, Self) {
        let (left, right) = self.shares.split_at(axis, index);
        (Dense { shares: left }, Dense { shares: right })
    }

    fn targets(
        &self,
        _classes: usize,
        weighted: impl Iterator<Item = bool>,
    ) -> impl Iterator<Item = Result<Target, InvalidRow>> {
        self.shares.rows().into_iter().zip(weighted).map(
            |(row, is_weighted)| {
                if is_weighted { target_of(row) } else { Ok(Target::Absent) }
            },
        )
    }

    fn shares<T: Float>(&self) -> Cow<'_, [T]> {
        if let Some(shares) = self.shares.as_slice()
            && let Ok(shares) = cast!(shares, &[T])
        {
            return Cow::Borrowed(shares);
        }
        if self.shares.rows().into_iter().all(|row| !matches!(target_of(row), Ok(Target::Spread))) {
            return Cow::Borrowed(&[]);
        }
        Cow::Owned(self.shares.iter().map(|&y| cast!(y, T).unwrap_or_else(|y| T::from_f64(share(y)))).collect())
    }

    fn find_invalid(&self, weighted: impl Iterator<Item = bool>) -> Error {
        let rows = &self.shares.shape()[..self.shares.ndim() - 1];
        for (row, (shares, _)) in self.shares.rows().into_iter().zip(weighted).enumerate().filter(|(_, (_, w))| *w) {
            let mut index = unravel_index(row, rows);
            if let Some((class, &y)) = shares.iter().enumerate().find(|&(_, &y)| !(0.0..=1.0).contains(&share(y))) {
                index.push(class);
                return Error::InvalidTarget { index, actual: share(y) };
            }
            if target_of(shares).is_err() {
                return Error::TargetSum { index, actual: shares.iter().map(|&y| share(y)).sum() };
            }
        }
        // A label that no longer is what the kernel met has no place.
        Error::InvalidTarget { index: Vec::new(), actual: f64::NAN }
    }
}

/// The share of a class as a number; NaN if it is unknown.
#[inline(always)]
fn share<Y: Label>(y: Y) -> f64 {
    y.presence().unwrap_or(f64::NAN)
}

/// One class if all other shares are 0, else spread; invalid with a share outside [0, 1] or a sum too far from 1.
fn target_of<Y: Label>(row: ArrayView1<'_, Y>) -> Result<Target, InvalidRow> {
    let mut tally = Tally { sums: [0.0; WIDTH], zeros: [0; WIDTH], is_valid: true };
    if let Some(row) = row.as_slice() {
        let (chunks, rest) = row.as_chunks::<WIDTH>();
        for chunk in chunks {
            for (i, &y) in chunk.iter().enumerate() {
                tally.add(i, y);
            }
        }
        for (i, &y) in rest.iter().enumerate() {
            tally.add(i, y);
        }
    } else {
        for (i, &y) in row.iter().enumerate() {
            tally.add(i % WIDTH, y);
        }
    }
    if !tally.is_valid || (tally.sums.iter().sum::<f64>() - 1.0).abs() > SUM_TOLERANCE {
        return Err(InvalidRow);
    }
    let only = (tally.zeros.iter().sum::<usize>() + 1 == row.len()).then(|| row.iter().position(|&y| share(y) == 1.0));
    Ok(only.flatten().map_or(Target::Spread, Target::Class))
}

/// The number of partial sums: the processor adds to one while others wait.
const WIDTH: usize = 8;

/// What is to be known about the shares of a row.
struct Tally {
    sums: [f64; WIDTH],
    zeros: [usize; WIDTH],
    is_valid: bool,
}

impl Tally {
    #[inline(always)]
    fn add<Y: Label>(&mut self, i: usize, y: Y) {
        let y = share(y);
        self.is_valid &= (0.0..=1.0).contains(&y);
        self.sums[i] += y;
        self.zeros[i] += usize::from(y == 0.0);
    }
}
