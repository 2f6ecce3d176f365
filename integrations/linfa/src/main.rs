//! Fits on four fifths of a dataset, and measures on the rest.

use asymmetric_loss::AsymmetricLoss;
use linfa::prelude::{Dataset, Fit, Predict, ToConfusionMatrix};
use ndarray::Array2;
use with_linfa::Descent;

fn main() -> linfa::error::Result<()> {
    let x = Array2::from_shape_fn((500, 5), |(row, feature)| ((row * (feature + 1)) as f64).cos());
    let truth = Array2::from_shape_fn((5, 3), |(feature, label)| ((feature + 3 * label) as f64).sin());
    let y = x.dot(&truth).mapv(|score| score > 0.5);
    let (train, test) = Dataset::new(x, y).split_with_ratio(0.8);

    let model = Descent { loss: AsymmetricLoss::default(), size: 20.0, steps: 1000 }.fit(&train)?;
    let predicted: Array2<f64> = model.predict(&test);
    for label in 0..3 {
        let actual = test.targets.column(label).to_owned();
        let matrix = predicted.column(label).mapv(|logit| logit > 0.0).confusion_matrix(&actual)?;
        println!("label {label}: precision {:.2}, recall {:.2}", matrix.precision(), matrix.recall());
    }
    Ok(())
}
