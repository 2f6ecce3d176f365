//! Generated data: documents as bags of words, with rare labels.

use ndarray::{Array1, Array2};
use ndarray_rand::{
    RandomExt,
    rand::{SeedableRng, rngs::StdRng},
    rand_distr::{Bernoulli, Uniform},
};

use crate::data::Dataset;

const TRAIN_ROWS: usize = 2000;
const TEST_ROWS: usize = 1000;
const WORDS: usize = 500;
const LABELS: usize = 40;

/// Share of the documents that carry a label: each label draws its own from this range.
const LABEL_RATE: (f32, f32) = (0.01, 0.03);
/// Chance that a word is a keyword of a label.
const KEYWORD: f64 = 0.03;
/// Chance that a keyword of one of its labels is in a document.
const WORD_FROM_LABEL: f32 = 0.3;
/// Chance that a word is in a document for no reason.
const WORD_BY_CHANCE: f32 = 0.03;
/// Label noise: annotators forget a label more often than they invent one.
const LABEL_FORGOTTEN: f32 = 0.1;
const LABEL_INVENTED: f32 = 0.001;

/// The same data each time, so that runs can be compared.
pub(crate) fn generate() -> Dataset {
    let mut rng = StdRng::seed_from_u64(0);
    let rates = Array1::random_using(LABELS, Uniform::new(LABEL_RATE.0, LABEL_RATE.1).expect("a range"), &mut rng);
    let keywords = Array2::random_using((LABELS, WORDS), Bernoulli::new(KEYWORD).expect("a probability"), &mut rng)
        .mapv(|keyword| f32::from(u8::from(keyword)));
    let (x_train, y_train) = documents(TRAIN_ROWS, &rates, &keywords, &mut rng);
    let (x_test, y_test) = documents(TEST_ROWS, &rates, &keywords, &mut rng);
    Dataset { x_train, y_train, x_test, y_test }
}

fn documents(rows: usize, rates: &Array1<f32>, keywords: &Array2<f32>, rng: &mut StdRng) -> (Array2<f32>, Array2<u8>) {
    let labels = draw(&rates.broadcast((rows, LABELS)).expect("one rate per label").to_owned(), rng);
    // A word stays out of a document only if chance and each label that has it as a keyword leave
    // it out.
    let reasons = labels.dot(keywords);
    let words = draw(&reasons.mapv(|n| 1.0 - (1.0 - WORD_BY_CHANCE) * (1.0 - WORD_FROM_LABEL).powf(n)), rng);
    let annotated = draw(&labels.mapv(|y| if y == 1.0 { 1.0 - LABEL_FORGOTTEN } else { LABEL_INVENTED }), rng);
    (words, annotated.mapv(|y| y as u8))
}

/// 1 with the given probabilities, else 0.
fn draw(probabilities: &Array2<f32>, rng: &mut StdRng) -> Array2<f32> {
    let mut draws = Array2::random_using(probabilities.raw_dim(), Uniform::new(0.0, 1.0).expect("a range"), rng);
    draws.zip_mut_with(probabilities, |draw, &probability| *draw = f32::from(u8::from(*draw < probability)));
    draws
}

#[cfg(test)]
mod tests {
    use ndarray::Axis;

    use super::*;

    #[test]
    fn labels_are_rare_and_words_informative() {
        let Dataset { x_train, y_train, .. } = generate();
        for (label, y) in y_train.axis_iter(Axis(1)).enumerate() {
            let rate = y.iter().filter(|&&y| y == 1).count() as f64 / TRAIN_ROWS as f64;
            assert!((0.003..0.04).contains(&rate), "label {label}: {rate}");
        }
        assert!(x_train.iter().all(|&x| x == 0.0 || x == 1.0));
        let mean_words = x_train.sum() / TRAIN_ROWS as f32;
        assert!(mean_words > WORD_BY_CHANCE * WORDS as f32, "{mean_words}");
    }
}
