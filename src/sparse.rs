//! Labels as lists of present classes.

use crate::error::Error;
use crate::threads::join;

/// The largest number of rows that are checked in sequence.
const BLOCK: usize = 1 << 10;

/// Elements that follow each other in logical order, with the classes that are present in their rows.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Present<'a> {
    offsets: &'a [usize],
    indices: &'a [usize],
    classes: usize,
    /// The place of the first element among all.
    start: usize,
}

impl<'a> Present<'a> {
    /// Lists that are not yet checked.
    pub(crate) fn new(offsets: &'a [usize], indices: &'a [usize]) -> Self {
        Present { offsets, indices, classes: 1, start: 0 }
    }

    /// All elements of logits of this shape.
    pub(crate) fn fitted(self, shape: &[usize]) -> Result<Self, Error> {
        let (classes, rows) = shape.split_last().map_or((1, 1), |(classes, axes)| (*classes, axes.iter().product()));
        if self.offsets.len() != rows + 1 {
            let (expected, actual) = (vec![rows + 1], vec![self.offsets.len()]);
            return Err(Error::ShapeMismatch { array: "offsets", expected, actual });
        }
        check_rows(self.offsets, self.indices, classes, 0)?;
        Ok(Present { classes, ..self })
    }

    /// The elements behind the first so many.
    pub(crate) fn behind(self, elements: usize) -> Self {
        Present { start: self.start + elements, ..self }
    }

    /// How many elements are present among the first so many.
    pub(crate) fn count(self) -> usize {
        match self.offsets {
            [first, .., last] => last - first,
            _ => 0,
        }
    }

    /// The places of the elements that are present, counted from the first.
    pub(crate) fn places(self) -> Places<'a> {
        let classes = self.classes.max(1);
        let row = self.start / classes;
        let next = match self.offsets.get(row..=row + 1) {
            Some(&[first, end]) => {
                first + self.indices[first..end].partition_point(|&index| index < self.start % classes)
            }
            _ => self.indices.len(),
        };
        let mut places = Places { present: self, row, next, place: usize::MAX };
        places.find();
        places
    }
}

/// Goes through the elements that are present.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Places<'a> {
    present: Present<'a>,
    row: usize,
    /// The position of the next index.
    next: usize,
    /// The next place; beyond all where there is none.
    place: usize,
}

impl Places<'_> {
    /// The next place below an end, if there is one.
    #[inline(always)]
    pub(crate) fn next_below(&mut self, end: usize) -> Option<usize> {
        if self.place >= end {
            return None;
        }
        let place = self.place;
        self.next += 1;
        self.find();
        Some(place)
    }

    /// Finds the place of the next index.
    #[inline(always)]
    fn find(&mut self) {
        let Present { offsets, indices, classes, start } = self.present;
        while let Some(&end) = offsets.get(self.row + 1) {
            if self.next < end {
                self.place = self.row * classes + indices[self.next] - start;
                return;
            }
            self.row += 1;
        }
        self.place = usize::MAX;
    }
}

/// Fails unless the classes of each row increase, from this row on.
fn check_rows(offsets: &[usize], indices: &[usize], classes: usize, first: usize) -> Result<(), Error> {
    if offsets.len() > BLOCK {
        let middle = offsets.len() / 2;
        let elements = (offsets.len() - 1) * classes;
        let above = || check_rows(&offsets[..=middle], indices, classes, first);
        let below = || check_rows(&offsets[middle..], indices, classes, first + middle);
        let (above, below) = join(elements, above, below);
        return above.and(below);
    }
    for (row, ends) in (first..).zip(offsets.windows(2)) {
        if ends[1] < ends[0] || ends[1] > indices.len() {
            let (position, actual) = (row + 1, ends[1]);
            return Err(Error::InvalidOffset { position, least: ends[0], most: indices.len(), actual });
        }
        let mut least = 0;
        for (position, &actual) in (ends[0]..).zip(&indices[ends[0]..ends[1]]) {
            if actual < least || actual >= classes {
                return Err(Error::InvalidIndex { position, row, least, classes, actual });
            }
            least = actual + 1;
        }
    }
    Ok(())
}
