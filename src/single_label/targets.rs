//! What can stand as the targets of rows: the index of a class, or a share of every class.

use super::leaf::{RowTargets, evaluate_leaf};
use super::loss::SingleLabel;
use super::row::Target;
use super::settings::Settings;
use crate::arithmetic::element::{Element, Float};
use crate::error::Error;
use crate::kernel::{Fault, Leaf, Source};
use crate::loss::targets::{IntoTargets, Targets};
use crate::targets::checks::{NOWHERE, check_shape, unravel_index};
use crate::targets::class_index::ClassIndex;
use crate::targets::divisor;
use crate::targets::label::Label;
use castaway::cast;
use ndarray::{ArrayBase, ArrayView, ArrayView1, Axis, Data, Dimension};
use std::borrow::Cow;

/// How far the sum over a row of a dense target may be from 1: as far as rounding to `bf16` can bring it.
const SUM_TOLERANCE: f64 = 1.0 / 256.0;

/// One class per row.
#[derive(Clone, Debug)]
pub struct Classes<'a, I, E: Dimension> {
    indices: ArrayView<'a, I, E>,
    ignored: Option<I>,
}

/// The share of every class in every row.
#[derive(Clone, Debug)]
pub struct Dense<'a, Y, D: Dimension> {
    target_probs: ArrayView<'a, Y, D>,
}

impl<'a, T, I: ClassIndex, E: Dimension> Targets<'a, T, Classes<'a, I, E>> {
    /// One class per row: an array of integers in the shape of the logits without their last axis.
    ///
    /// # Examples
    ///
    /// ```
    /// use asymmetric_loss::{SingleLabelLoss, Targets};
    /// use ndarray::array;
    ///
    /// let (logits, classes) = (array![[2.0, -1.0, 0.5], [-3.0, 0.2, 1.5]], array![0_u8, 2]);
    /// let loss = SingleLabelLoss::default();
    /// assert_eq!(loss.forward(&logits, Targets::classes(&classes))?, loss.forward(&logits, &classes)?);
    /// # Ok::<(), asymmetric_loss::Error>(())
    /// ```
    pub fn classes<S: Data<Elem = I>>(indices: &'a ArrayBase<S, E>) -> Self {
        Targets { source: Classes { indices: indices.view(), ignored: None }, weights: None }
    }

    /// The same, but rows with this number are not known: they have no loss and no derivatives, whatever their logits
    /// are, and of the reductions only [`BatchMean`](crate::Reduction::BatchMean) counts them.
    ///
    /// # Examples
    ///
    /// ```
    /// use asymmetric_loss::{SingleLabelLoss, Targets};
    /// use ndarray::array;
    ///
    /// let loss = SingleLabelLoss::default();
    /// let all = loss.forward(&array![[2.0, -1.0], [0.0, 1.0]], Targets::classes(&array![0, -100]).ignore(-100))?;
    /// assert_eq!(all, loss.forward(&array![[2.0, -1.0]], &array![0])?);
    /// # Ok::<(), asymmetric_loss::Error>(())
    /// ```
    #[must_use]
    pub fn ignore(mut self, index: I) -> Self {
        self.source.ignored = Some(index);
        self
    }
}

impl<'a, T, Y: Label, D: Dimension> Targets<'a, T, Dense<'a, Y, D>> {
    /// The share y of every class in every row: an array in the shape of the logits, one-hot or spread over classes.
    ///
    /// Every y must lie in [0, 1], and each row must sum to 1 within 1/256, which is what rounding to `bf16` can leave.
    /// Rows are taken as they are, not divided by their sum.
    ///
    /// # Examples
    ///
    /// ```
    /// use asymmetric_loss::{SingleLabelLoss, Targets};
    /// use ndarray::array;
    ///
    /// let loss = SingleLabelLoss::default();
    /// let logits = array![[2.0, -1.0, 0.5]];
    /// let one_hot = array![[true, false, false]];
    /// assert_eq!(loss.forward(&logits, Targets::dense(&one_hot))?, loss.forward(&logits, &array![0])?);
    /// let teacher = array![[0.75, 0.0, 0.25]];
    /// assert!(loss.forward(&logits, Targets::dense(&teacher))? > 0.0);
    /// # Ok::<(), asymmetric_loss::Error>(())
    /// ```
    pub fn dense<S: Data<Elem = Y>>(target_probs: &'a ArrayBase<S, D>) -> Self {
        Targets { source: Dense { target_probs: target_probs.view() }, weights: None }
    }
}

impl<'a, T, I, S, D> IntoTargets<'a, T, D, SingleLabel> for &'a ArrayBase<S, D::Smaller>
where
    I: ClassIndex,
    S: Data<Elem = I>,
    D: Dimension,
{
    type Source = Classes<'a, I, D::Smaller>;

    fn into_targets(self) -> Targets<'a, T, Self::Source> {
        Targets::classes(self)
    }
}

impl<'a, I: ClassIndex, E: Dimension> Classes<'a, I, E> {
    /// Indices of which some may be those of no known class.
    fn in_doubt(&self) -> Option<&ArrayView<'a, I, E>> {
        self.ignored.map(|_| &self.indices)
    }
}

impl<I: ClassIndex, D: Dimension> Source<D> for Classes<'_, I, D::Smaller> {
    type Kind = SingleLabel;

    fn fitted(&self, shape: &[usize]) -> Result<Self, Error> {
        check_shape("class indices", shape.split_last().map_or(&[], |(_, rows)| rows), self.indices.shape())?;
        Ok(self.clone())
    }

    fn count(&self, losses: usize) -> f64 {
        let ignored = self.ignored;
        self.in_doubt().map_or(losses as f64, |indices| divisor::count(indices, |index| ignored != Some(index)))
    }

    fn weight<T: Element>(&self, weights: &ArrayView<'_, T, D::Smaller>, largest: f64) -> f64 {
        let ignored = self.ignored;
        divisor::weight(weights, largest, self.in_doubt(), |index| ignored != Some(index))
    }

    fn weight_by_class<T: Element>(
        &self,
        losses: &D::Smaller,
        weights: Option<&ArrayView<'_, T, D::Smaller>>,
        of_classes: &[f64],
    ) -> Result<f64, Error> {
        // An index that is no class is an error of the pass.
        let of_row = |index: &I| match index.class().and_then(|class| of_classes.get(class)) {
            _ if self.ignored == Some(*index) => 0.0,
            weight => weight.copied().unwrap_or(1.0),
        };
        let (products, largest) = divisor::products(losses, weights, self.indices.iter().map(of_row))?;
        Ok(Source::<D>::weight(self, &products.view(), largest))
    }

    /// A row has one positive, its target.
    fn positives(&self, _settings: &Settings, losses: usize) -> f64 {
        Source::<D>::count(self, losses)
    }

    fn split_at(self, axis: Axis, index: usize, _elements: usize) -> (Self, Self) {
        let (left, right) = self.indices.split_at(axis, index);
        (Classes { indices: left, ..self }, Classes { indices: right, ..self })
    }

    fn evaluate<T: Element>(leaf: Leaf<'_, '_, T, D, Self>) -> Result<(), Fault> {
        evaluate_leaf(leaf)
    }

    fn invalid<T: Float>(&self, classes: usize, is_left_out: impl Fn(&[usize]) -> bool, _valid: usize) -> Error {
        let is_invalid = |index: &I| self.ignored != Some(*index) && index.class().is_none_or(|class| class >= classes);
        let invalid = self
            .indices
            .iter()
            .enumerate()
            .find(|(row, index)| is_invalid(index) && !is_left_out(&unravel_index(*row, self.indices.shape())));
        match invalid {
            Some((row, index)) => {
                let (index, actual) = (unravel_index(row, self.indices.shape()), index.number());
                Error::ClassOutOfRange { index, classes, actual }
            }
            None => NOWHERE,
        }
    }
}

impl<I: ClassIndex, D: Dimension> RowTargets<D> for Classes<'_, I, D::Smaller> {
    fn targets(&self, classes: usize) -> impl Iterator<Item = Option<Target>> {
        self.indices.iter().map(move |&index| match index.class() {
            _ if self.ignored == Some(index) => Some(Target::Ignored),
            Some(class) if class < classes => Some(Target::Class(class)),
            _ => None,
        })
    }

    fn target_probs<T: Float>(&self) -> Cow<'_, [T]> {
        Cow::Borrowed(&[])
    }
}

impl<Y: Label, D: Dimension> Source<D> for Dense<'_, Y, D> {
    type Kind = SingleLabel;

    fn fitted(&self, shape: &[usize]) -> Result<Self, Error> {
        check_shape("dense targets", shape, self.target_probs.shape())?;
        Ok(self.clone())
    }

    fn count(&self, losses: usize) -> f64 {
        losses as f64
    }

    fn weight<T: Element>(&self, weights: &ArrayView<'_, T, D::Smaller>, largest: f64) -> f64 {
        divisor::weight(weights, largest, None::<&ArrayView<'_, Y, _>>, |_| true)
    }

    fn weight_by_class<T: Element>(
        &self,
        losses: &D::Smaller,
        weights: Option<&ArrayView<'_, T, D::Smaller>>,
        of_classes: &[f64],
    ) -> Result<f64, Error> {
        // A share that is not valid is an error of the pass.
        let of_class =
            |(&y, weight): (&Y, &f64)| Some(share(y)).filter(|y| (0.0..=1.0).contains(y)).unwrap_or(1.0) * weight;
        let of_row = |row: ArrayView1<'_, Y>| row.iter().zip(of_classes).map(of_class).sum();
        let (products, largest) = divisor::products(losses, weights, self.target_probs.rows().into_iter().map(of_row))?;
        Ok(Source::<D>::weight(self, &products.view(), largest))
    }

    fn positives(&self, _settings: &Settings, losses: usize) -> f64 {
        losses as f64
    }

    fn split_at(self, axis: Axis, index: usize, _elements: usize) -> (Self, Self) {
        let (left, right) = self.target_probs.split_at(axis, index);
        (Dense { target_probs: left }, Dense { target_probs: right })
    }

    fn evaluate<T: Element>(leaf: Leaf<'_, '_, T, D, Self>) -> Result<(), Fault> {
        evaluate_leaf(leaf)
    }

    fn invalid<T: Float>(&self, _classes: usize, is_left_out: impl Fn(&[usize]) -> bool, _valid: usize) -> Error {
        let rows = self.target_probs.shape().split_last().map_or(&[][..], |(_, rows)| rows);
        for (row, target_probs) in self.target_probs.rows().into_iter().enumerate() {
            let mut index = unravel_index(row, rows);
            if target_of(target_probs).is_some() || is_left_out(&index) {
                continue;
            }
            let Some((class, &y)) = target_probs.iter().enumerate().find(|&(_, &y)| !(0.0..=1.0).contains(&share(y)))
            else {
                return Error::TargetSum { index, actual: target_probs.iter().map(|&y| share(y)).sum() };
            };
            index.push(class);
            return Error::InvalidTarget { index, actual: share(y) };
        }
        NOWHERE
    }
}

impl<Y: Label, D: Dimension> RowTargets<D> for Dense<'_, Y, D> {
    fn targets(&self, _classes: usize) -> impl Iterator<Item = Option<Target>> {
        self.target_probs.rows().into_iter().map(target_of)
    }

    fn target_probs<T: Float>(&self) -> Cow<'_, [T]> {
        if let Some(target_probs) = self.target_probs.as_slice()
            && let Ok(target_probs) = cast!(target_probs, &[T])
        {
            return Cow::Borrowed(target_probs);
        }
        if self.target_probs.rows().into_iter().all(|row| !matches!(target_of(row), Some(Target::Spread))) {
            return Cow::Borrowed(&[]);
        }
        Cow::Owned(self.target_probs.iter().map(|&y| cast!(y, T).unwrap_or_else(|y| T::from_f64(share(y)))).collect())
    }
}

/// The share of a class as a number; NaN if it is unknown.
#[inline(always)]
fn share<Y: Label>(y: Y) -> f64 {
    y.presence().unwrap_or(f64::NAN)
}

/// One class if all other target probabilities are 0, else spread; none with a share outside [0, 1] or a sum too far from 1.
fn target_of<Y: Label>(row: ArrayView1<'_, Y>) -> Option<Target> {
    let mut tally = Tally { sums: [0.0; PARTIAL_SUMS], zeros: [0; PARTIAL_SUMS], is_valid: true };
    if let Some(row) = row.as_slice() {
        let (chunks, rest) = row.as_chunks::<PARTIAL_SUMS>();
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
            tally.add(i % PARTIAL_SUMS, y);
        }
    }
    if !tally.is_valid || (tally.sums.iter().sum::<f64>() - 1.0).abs() > SUM_TOLERANCE {
        return None;
    }
    let only = (tally.zeros.iter().sum::<usize>() + 1 == row.len()).then(|| row.iter().position(|&y| share(y) == 1.0));
    Some(only.flatten().map_or(Target::Spread, Target::Class))
}

/// The number of partial sums: the processor adds to one while others wait.
const PARTIAL_SUMS: usize = 8;

/// What is to be known about the target probabilities of a row.
struct Tally {
    sums: [f64; PARTIAL_SUMS],
    zeros: [usize; PARTIAL_SUMS],
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
