//! Labels as lists of classes.

use crate::arithmetic::element::Float;
use crate::arrays::threads::join;
use crate::error::Error;
use crate::targets::class_index::{ClassIndex, Integers};
use std::ops::Range;

/// The largest number of rows that are checked in sequence.
const ROWS: usize = 1 << 10;

/// Lists of the classes of rows, one behind the other, as in CSR.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Lists<'a> {
    /// What they are lists of, for messages.
    kind: &'static str,
    offsets: Integers<'a>,
    indices: Integers<'a>,
}

impl<'a> Lists<'a> {
    pub(crate) fn new<O: ClassIndex, I: ClassIndex>(kind: &'static str, offsets: &'a [O], indices: &'a [I]) -> Self {
        Lists { kind, offsets: O::list(offsets), indices: I::list(indices) }
    }

    /// The positions of the indices of a row.
    fn positions(self, row: usize) -> Range<usize> {
        self.offsets.at(row)..self.offsets.at(row + 1)
    }

    /// The classes of a row.
    pub(crate) fn row(self, row: usize) -> impl Iterator<Item = usize> + use<'a> {
        self.positions(row).map(move |position| self.indices.at(position))
    }

    /// How many classes all rows have.
    fn count(self) -> usize {
        self.offsets.at(self.offsets.len() - 1) - self.offsets.at(0)
    }

    /// Fails unless there are offsets for so many rows.
    fn check_offsets(self, rows: usize) -> Result<(), Error> {
        if self.offsets.len() != rows + 1 {
            let (expected, actual) = (vec![rows + 1], vec![self.offsets.len()]);
            return Err(Error::ShapeMismatch { array: "offsets", expected, actual });
        }
        self.check_offset(0, 0)
    }

    /// Fails if an offset is smaller than that before it, or behind all indices.
    fn check_offset(self, position: usize, least: usize) -> Result<(), Error> {
        let (offset, most) = (self.offsets.at(position), self.indices.len());
        if (least..=most).contains(&offset) {
            return Ok(());
        }
        let (list, actual) = (self.kind, self.offsets.number(position));
        Err(Error::InvalidOffset { list, position, least, most, actual })
    }

    /// Fails unless the classes of a row increase.
    fn check_row(self, row: usize, classes: usize) -> Result<(), Error> {
        self.check_offset(row + 1, self.offsets.at(row))?;
        let mut least = 0;
        for position in self.positions(row) {
            let class = self.indices.at(position);
            if class < least || class >= classes {
                let (list, actual) = (self.kind, self.indices.number(position));
                return Err(Error::InvalidIndex { list, position, row, least, classes, actual });
            }
            least = class + 1;
        }
        Ok(())
    }
}

/// What is said of classes that are not present.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Others<'a> {
    /// All are absent.
    Absent,
    /// Those in a list are unknown, the rest is absent.
    Unknown(Lists<'a>),
    /// Those in a list are absent, the rest is unknown.
    Known(Lists<'a>),
}

impl<'a> Others<'a> {
    fn lists(self) -> Option<Lists<'a>> {
        match self {
            Others::Absent => None,
            Others::Unknown(lists) | Others::Known(lists) => Some(lists),
        }
    }
}

/// Labels of elements that follow each other in logical order, given by lists of classes: of those present, and perhaps of others
/// whose labels are not those of the rest.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CsrLabels<'a> {
    present: Lists<'a>,
    pub(crate) others: Others<'a>,
    rows: usize,
    classes: usize,
    /// The number of the first element among all.
    start: usize,
}

impl<'a> CsrLabels<'a> {
    /// Lists that are not yet checked.
    pub(crate) fn new(present: Lists<'a>) -> Self {
        CsrLabels { present, others: Others::Absent, rows: 0, classes: 1, start: 0 }
    }

    /// The labels of all elements of logits of this shape.
    pub(crate) fn fitted(self, shape: &[usize]) -> Result<Self, Error> {
        let (classes, rows) = shape.split_last().map_or((1, 1), |(classes, axes)| (*classes, axes.iter().product()));
        let all = CsrLabels { rows, classes, ..self };
        self.present.check_offsets(rows)?;
        self.others.lists().map_or(Ok(()), |others| others.check_offsets(rows))?;
        all.check_rows(0..rows).map(|()| all)
    }

    fn check_rows(&self, mut rows: Range<usize>) -> Result<(), Error> {
        if rows.len() > ROWS {
            let middle = rows.start + rows.len() / 2;
            let (above, below) = (rows.start..middle, middle..rows.end);
            let elements = rows.len().saturating_mul(self.classes);
            let (above, below) = join(elements, || self.check_rows(above), || self.check_rows(below));
            return above.and(below);
        }
        rows.try_for_each(|row| self.check_row(row))
    }

    /// Fails unless the classes of each list of a row increase, and none is in two lists.
    fn check_row(&self, row: usize) -> Result<(), Error> {
        self.present.check_row(row, self.classes)?;
        let Some(others) = self.others.lists() else { return Ok(()) };
        others.check_row(row, self.classes)?;
        let mut present = self.present.row(row).peekable();
        for class in others.row(row) {
            while present.next_if(|&other| other < class).is_some() {}
            if present.peek() == Some(&class) {
                return Err(Error::ListedTwice { list: others.kind, row, class });
            }
        }
        Ok(())
    }

    /// The elements behind the first so many.
    pub(crate) fn behind(self, elements: usize) -> Self {
        CsrLabels { start: self.start + elements, ..self }
    }

    /// The number of all present elements.
    pub(crate) fn positives(self) -> usize {
        self.present.count()
    }

    /// Whether some labels may be unknown.
    pub(crate) fn is_in_doubt(self) -> bool {
        !matches!(self.others, Others::Absent)
    }

    /// What known elements add up to, given what all do, and what one does by something of its row and its class.
    pub(crate) fn of_known<R>(
        self,
        all: impl FnOnce() -> u128,
        rows: impl IntoIterator<Item = R> + Clone,
        of: impl Fn(&R, usize) -> u64,
    ) -> u128 {
        let listed = |lists: Lists<'a>| -> u128 {
            let rows = (0..self.rows).zip(rows.clone());
            rows.map(|(row, weights)| lists.row(row).map(|class| u128::from(of(&weights, class))).sum::<u128>()).sum()
        };
        match self.others {
            Others::Absent => all(),
            Others::Unknown(unknown) => all() - listed(unknown),
            Others::Known(absent) => listed(self.present) + listed(absent),
        }
    }

    /// Goes through the elements that are listed.
    pub(crate) fn cursor(self) -> SparseCursor<'a> {
        let of = |lists| ListCursor::new(lists, self.classes, self.start);
        SparseCursor {
            present: of(self.present),
            others: self.others.lists().map(of),
            lists_absent: matches!(self.others, Others::Known(_)),
        }
    }
}

/// Goes through the elements that are listed, and writes labels.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SparseCursor<'a> {
    present: ListCursor<'a>,
    others: Option<ListCursor<'a>>,
    /// Whether the others are absent, and the rest is unknown.
    lists_absent: bool,
}

impl SparseCursor<'_> {
    /// Writes the labels of elements: 1, 0, or NaN where they are unknown. Ranges are asked for in their order.
    #[inline(always)]
    pub(crate) fn write<T: Float>(&mut self, range: &Range<usize>, labels: &mut [T]) {
        let (absent, unknown) = (T::from_f64(0.0), T::from_f64(f64::NAN));
        let (rest, listed) = if self.lists_absent { (unknown, absent) } else { (absent, unknown) };
        labels.fill(rest);
        if let Some(others) = &mut self.others {
            while let Some(element) = others.next_below(range.end) {
                labels[element - range.start] = listed;
            }
        }
        while let Some(element) = self.present.next_below(range.end) {
            labels[element - range.start] = T::from_f64(1.0);
        }
    }
}

/// Goes through the elements of one list of each row.
#[derive(Clone, Copy, Debug)]
struct ListCursor<'a> {
    lists: Lists<'a>,
    classes: usize,
    start: usize,
    row: usize,
    /// The position of the next index, and where those of its row end.
    next: usize,
    end: usize,
    /// The next element, counted from `start`; beyond all where there is none.
    element: usize,
}

impl<'a> ListCursor<'a> {
    fn new(lists: Lists<'a>, classes: usize, start: usize) -> Self {
        let (row, class) = (start / classes.max(1), start % classes.max(1));
        let Range { start: next, end } = match row + 1 < lists.offsets.len() {
            true => lists.positions(row),
            false => 0..0,
        };
        // The first position in the row whose class is not below, by halves.
        let (mut next, mut above) = (next, end);
        while next < above {
            let middle = next + (above - next) / 2;
            (next, above) = if lists.indices.at(middle) < class { (middle + 1, above) } else { (next, middle) };
        }
        let mut listed = ListCursor { lists, classes, start, row, next, end, element: 0 };
        listed.find();
        listed
    }

    /// The next element below an end, if there is one.
    #[inline(always)]
    fn next_below(&mut self, end: usize) -> Option<usize> {
        if self.element >= end {
            return None;
        }
        let element = self.element;
        self.next += 1;
        self.find();
        Some(element)
    }

    /// Finds the element of the next index.
    #[inline(always)]
    fn find(&mut self) {
        while self.next == self.end {
            self.row += 1;
            if self.row + 1 >= self.lists.offsets.len() {
                self.element = usize::MAX;
                return;
            }
            self.end = self.lists.offsets.at(self.row + 1);
        }
        self.element = self.row * self.classes + self.lists.indices.at(self.next) - self.start;
    }
}
