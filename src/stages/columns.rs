//! The columns of a block: what stages hand on to each other.

use super::Steps;
use crate::arithmetic::element::Float;

/// Columns for the results of a block.
pub(crate) type Results<'a, T, const L: usize> = [&'a mut Steps<T, L>; 3];

/// What the stages hand on for labels of one kind: the base b of the focal weight and the cross-entropy C with their
/// derivatives, and the weight.
#[derive(Debug)]
pub(crate) struct Terms<'a, T, const L: usize> {
    /// b, and what its rounding has lost.
    pub(crate) base: &'a mut Steps<T, L>,
    pub(crate) base_low: &'a mut Steps<T, L>,
    /// b′ and b″.
    pub(crate) base_first: &'a mut Steps<T, L>,
    pub(crate) base_second: &'a mut Steps<T, L>,
    /// 1 − P, where P is the probability of the wrong answer: only for second derivatives and parameters.
    pub(crate) complement: &'a mut Steps<T, L>,
    /// v, whose logarithm the cross-entropy is.
    pub(crate) v: &'a mut Steps<T, L>,
    /// C, C′ and C″.
    pub(crate) entropy: &'a mut Steps<T, L>,
    pub(crate) entropy_first: &'a mut Steps<T, L>,
    pub(crate) entropy_second: &'a mut Steps<T, L>,
    /// γ as the derivatives see it.
    pub(crate) gamma: &'a mut Steps<T, L>,
    /// b^(γ−1).
    pub(crate) over_base: &'a mut Steps<T, L>,
}

/// The number of columns of [`Terms`].
const TERMS: usize = 11;

impl<'a, T, const L: usize> Terms<'a, T, L> {
    /// The first `steps` of every column.
    pub(crate) fn new<const N: usize>(columns: &'a mut [[[T; L]; N]; TERMS], steps: usize) -> Self {
        let [a, b, c, d, e, f, g, h, i, j, k] = columns;
        Terms {
            base: &mut a[..steps],
            base_low: &mut b[..steps],
            base_first: &mut c[..steps],
            base_second: &mut d[..steps],
            complement: &mut e[..steps],
            v: &mut f[..steps],
            entropy: &mut g[..steps],
            entropy_first: &mut h[..steps],
            entropy_second: &mut i[..steps],
            gamma: &mut j[..steps],
            over_base: &mut k[..steps],
        }
    }
}

/// The columns between the stages, `N` steps each.
#[derive(Debug)]
pub(crate) struct Scratch<T, const L: usize, const N: usize> {
    pub(super) activation: [[[T; L]; N]; 2],
    pub(super) terms: [[[T; L]; N]; TERMS],
}

impl<T: Float, const L: usize, const N: usize> Scratch<T, L, N> {
    #[inline(always)]
    pub(crate) fn new() -> Self {
        let zeros = [[T::from_f64(0.0); L]; N];
        Scratch { activation: [zeros; 2], terms: [zeros; TERMS] }
    }
}

/// The columns that only soft and saturated elements need.
#[derive(Debug)]
pub(crate) struct GeneralScratch<T, const L: usize, const N: usize> {
    pub(super) clamped: [[T; L]; N],
    /// Labels of 0 and of 1.
    pub(super) labels: [[[T; L]; N]; 2],
    pub(super) terms: [[[T; L]; N]; TERMS],
    pub(super) results: [[[T; L]; N]; 3],
}

impl<T: Float, const L: usize, const N: usize> GeneralScratch<T, L, N> {
    pub(crate) fn new() -> Self {
        let [zeros, ones] = [0.0, 1.0].map(|x| [[T::from_f64(x); L]; N]);
        GeneralScratch { clamped: zeros, labels: [zeros, ones], terms: [zeros; TERMS], results: [zeros; 3] }
    }
}
