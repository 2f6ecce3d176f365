//! Logits, labels, layouts, and results bit for bit.

use asymmetric_loss::Float;
use ndarray::{Array2, ArrayBase, Axis, Data, Dimension, ShapeBuilder, Slice};

/// The bits of results.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Record {
    bits: Vec<u64>,
    all_finite: bool,
}

impl Record {
    pub(crate) fn new() -> Self {
        Record { bits: Vec::new(), all_finite: true }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.bits.is_empty()
    }

    pub(crate) fn all_finite(&self) -> bool {
        self.all_finite
    }

    /// One record after another.
    pub(crate) fn all(records: impl IntoIterator<Item = Record>) -> Self {
        let mut all = Record::new();
        for record in records {
            all.bits.extend(record.bits);
            all.all_finite &= record.all_finite;
        }
        all
    }

    pub(crate) fn number(&mut self, x: f64) {
        self.all_finite &= x.is_finite();
        // A NaN is a NaN, whatever its sign and payload.
        self.bits.push(if x.is_nan() { f64::NAN } else { x }.to_bits());
    }

    pub(crate) fn elements<T: Element, S: Data<Elem = T>, D: Dimension>(&mut self, array: &ArrayBase<S, D>) {
        array.iter().for_each(|x| x.record(self));
    }
}

/// An element whose bits can be recorded.
pub(crate) trait Element: Float {
    fn record(&self, record: &mut Record);
}

impl Element for f32 {
    fn record(&self, record: &mut Record) {
        record.number((*self).into());
    }
}

impl Element for f64 {
    fn record(&self, record: &mut Record) {
        record.number(*self);
    }
}

/// Numbers in [0, 1) that look random and are always the same.
fn noise(index: usize) -> f64 {
    // The finalizer of splitmix64.
    let mut x = (index as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    ((x ^ (x >> 31)) >> 11) as f64 / (1u64 << 53) as f64
}

fn from_index<A>(shape: [usize; 2], f: impl Fn(usize) -> A) -> Array2<A> {
    let columns = shape[1];
    Array2::from_shape_fn(shape, |(row, column)| f(row * columns + column))
}

/// Moderate logits.
pub(crate) fn logits<T: Float>(shape: [usize; 2]) -> Array2<T> {
    from_index(shape, |i| T::from_f64(12.0 * noise(i) - 6.0))
}

/// Logits of which every third is saturated, but finite.
pub(crate) fn saturated<T: Float>(shape: [usize; 2]) -> Array2<T> {
    let far = [100.0, -100.0, 1000.0, -1000.0];
    from_index(shape, |i| T::from_f64(if i % 3 == 0 { far[i / 3 % far.len()] } else { 12.0 * noise(i) - 6.0 }))
}

/// Logits of which every third is no number, or infinite.
pub(crate) fn infinite<T: Float>(shape: [usize; 2]) -> Array2<T> {
    let far = [f64::INFINITY, f64::NEG_INFINITY, f64::NAN];
    from_index(shape, |i| T::from_f64(if i % 3 == 0 { far[i / 3 % far.len()] } else { 12.0 * noise(i) - 6.0 }))
}

/// Labels of which one in four is positive.
pub(crate) fn labels(shape: [usize; 2]) -> Array2<bool> {
    from_index(shape, |i| noise(i + (1 << 40)) < 0.25)
}

/// Labels between 0 and 1, and now and then one of both.
pub(crate) fn soft_labels<T: Float>(shape: [usize; 2]) -> Array2<T> {
    from_index(shape, |i| T::from_f64((1.4 * noise(i + (1 << 41)) - 0.2).clamp(0.0, 1.0)))
}

pub(crate) fn floats<T: Float>(labels: &Array2<bool>) -> Array2<T> {
    labels.mapv(|label| T::from_f64(label.into()))
}

pub(crate) fn bytes(labels: &Array2<bool>) -> Array2<u8> {
    labels.mapv(u8::from)
}

/// How an array lies in memory.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Layout {
    Contiguous,
    Fortran,
    /// Every second element along each axis of a larger array.
    Strided,
    /// Negative strides on both axes.
    Reversed,
}

pub(crate) const LAYOUTS: [Layout; 4] = [Layout::Contiguous, Layout::Fortran, Layout::Strided, Layout::Reversed];

impl Layout {
    /// A copy of the array in this layout.
    pub(crate) fn of<A: Copy>(self, array: &Array2<A>) -> Array2<A> {
        let (rows, columns) = array.dim();
        let filler = array[[0, 0]];
        let mut copy = match self {
            Layout::Contiguous => Array2::from_elem((rows, columns), filler),
            Layout::Fortran => Array2::from_elem((rows, columns).f(), filler),
            Layout::Strided => {
                let mut base = Array2::from_elem((2 * rows, 2 * columns), filler);
                base.slice_each_axis_inplace(|_| Slice::new(1, None, 2));
                base
            }
            Layout::Reversed => {
                let mut base = Array2::from_elem((rows, columns), filler);
                base.invert_axis(Axis(0));
                base.invert_axis(Axis(1));
                base
            }
        };
        copy.assign(array);
        copy
    }
}
