//! Labels of training rows that are not known.

use std::fmt;

use ndarray::{Array2, CowArray, Ix2};
use ndarray_rand::{
    RandomExt,
    rand::{SeedableRng, rngs::StdRng},
    rand_distr::Uniform,
};

/// Stands for a label that is not known.
pub(crate) const UNKNOWN: u8 = u8::MAX;

/// What a model is told of the labels of the training rows. The number is the share that is hidden.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Labels {
    All,
    /// Hidden labels are unknown, and left out of the loss.
    LeftOut(f64),
    /// Hidden labels are taken for absent, as where annotators tick what they see.
    Absent(f64),
}

impl fmt::Display for Labels {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::All => "all labels",
            Self::LeftOut(_) => "hidden\nleft out",
            Self::Absent(_) => "hidden taken\nfor absent",
        })
    }
}

impl Labels {
    pub(crate) const fn hiding(share: f64) -> [Self; 3] {
        [Self::All, Self::LeftOut(share), Self::Absent(share)]
    }

    /// What remains of labels. A seed hides the same ones each time.
    pub(crate) fn of(self, y: &Array2<u8>, seed: u64) -> CowArray<'_, u8, Ix2> {
        let (share, instead) = match self {
            Self::All => return y.into(),
            Self::LeftOut(share) => (share, UNKNOWN),
            Self::Absent(share) => (share, 0),
        };
        // Not the numbers from which the seed draws the initial weights.
        let mut rng = StdRng::seed_from_u64(!seed);
        let draws = Array2::random_using(y.raw_dim(), Uniform::new(0.0, 1.0).expect("a range"), &mut rng);
        let mut known = y.clone();
        known.zip_mut_with(&draws, |label, &draw| {
            if draw < share {
                *label = instead;
            }
        });
        known.into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_hides_the_same_share_for_every_treatment() {
        let y = Array2::from_shape_fn((500, 20), |(row, label)| u8::from((row + label) % 7 == 0));
        let [all, left_out, absent] = Labels::hiding(0.4).map(|labels| labels.of(&y, 1).into_owned());
        assert_eq!(all, y);
        let share = left_out.iter().filter(|&&y| y == UNKNOWN).count() as f64 / y.len() as f64;
        assert!((share - 0.4).abs() < 0.02, "{share}");
        for ((&known, &absent), &y) in left_out.iter().zip(&absent).zip(&y) {
            assert_eq!((known == UNKNOWN || known == y, absent), (true, if known == UNKNOWN { 0 } else { y }));
        }
        assert_ne!(left_out, Labels::LeftOut(0.4).of(&y, 2).into_owned());
    }
}
