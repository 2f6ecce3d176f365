//! Boosted trees with the asymmetric loss as the objective.
//!
//! ```text
//! cargo run --release
//! ```

use std::error::Error;

use asymmetric_loss::{AsymmetricLoss, Curvature};
use boosting::metric::mean_average_precision;
use boosting::{Model, data};
use serde_json::json;

fn main() -> Result<(), Box<dyn Error>> {
    let ((x, y), (unseen_x, unseen_y)) = (data::generated(0, 2000), data::generated(2000, 2000));
    let loss = AsymmetricLoss::builder().curvature(Curvature::AtLeast(0.01)).build()?;
    for trees in [10, 50, 100] {
        let parameters = json!({"num_iterations": trees, "num_leaves": 4, "num_threads": 1, "verbosity": -1});
        let scores = Model::fit(&loss, (&x, &y), parameters)?.scores(&unseen_x)?;
        println!("{trees} trees per label: mAP {:.1} %", mean_average_precision(&scores, &unseen_y));
    }
    Ok(())
}
