//! The asymmetric loss against LightGBM's own logistic objective, each with its best settings.
//!
//! ```text
//! cargo run --release --example compare -- FILE.npz
//! ```
//!
//! The archive has `x_train`, `x_test` (`float32`) and `y_train`, `y_test` (`uint8`). For each of five seeds a quarter of the training rows,
//! drawn anew, chooses among eight settings and three numbers of trees for each objective; the choice is fitted to all training rows.

use std::env;
use std::fs::File;

use asymmetric_loss::{AsymmetricLoss, Curvature};
use boosting::{Model, Result, metric::mean_average_precision};
use lightgbm3::{Booster, Dataset};
use ndarray::{Array2, Axis};
use ndarray_npy::NpzReader;
use serde_json::{Value, json};

const TREES: [i32; 3] = [25, 50, 100];

type Rows = (Array2<f32>, Array2<f32>);

/// One setting of one objective.
enum Setting {
    Asymmetric(AsymmetricLoss, Value),
    Logistic(Value),
}

fn settings(seed: u64) -> Result<[Vec<Setting>; 2]> {
    let common = |leaves: i32, lambda: f64, weight: f64| {
        json!({
            "num_iterations": TREES[2], "num_leaves": leaves, "lambda_l2": lambda, "scale_pos_weight": weight,
            "feature_fraction": 0.5, "seed": seed, "num_threads": 1, "verbosity": -1,
        })
    };
    let (mut asymmetric, mut logistic) = (Vec::new(), Vec::new());
    for leaves in [4, 16] {
        // λ stands beside a sum of Hessians, which the focal weight makes small.
        for (gamma_neg, gamma_pos) in [(2, 0), (4, 1)] {
            for lambda in [0.0, 0.1] {
                let builder = AsymmetricLoss::builder().gamma_neg(gamma_neg).gamma_pos(gamma_pos);
                let loss = builder.curvature(Curvature::AtLeast(0.01)).build()?;
                asymmetric.push(Setting::Asymmetric(loss, common(leaves, lambda, 1.0)));
            }
        }
        for lambda in [0.0, 1.0] {
            for weight in [1.0, 4.0] {
                logistic.push(Setting::Logistic(common(leaves, lambda, weight)));
            }
        }
    }
    Ok([asymmetric, logistic])
}

/// The mean average precision on the second rows after each number of trees.
fn precision(setting: &Setting, rows: &Rows, unseen: &Rows) -> Result<[f64; 3]> {
    let scores = match setting {
        Setting::Asymmetric(loss, parameters) => {
            let mut model = Model::fit(loss, (&rows.0, &rows.1), parameters.clone())?;
            TREES.map(|trees| {
                limit(&mut model.booster, trees)?;
                model.scores(&unseen.0)
            })
        }
        Setting::Logistic(parameters) => {
            let columns: Vec<_> =
                (0..rows.1.ncols()).map(|label| logistic(parameters, rows, label, &unseen.0)).collect();
            let columns = columns.into_iter().collect::<Result<Vec<_>>>()?;
            [0, 1, 2].map(|count| Ok(Array2::from_shape_fn(unseen.1.dim(), |(row, label)| columns[label][count][row])))
        }
    };
    let [a, b, c] = scores;
    Ok([a?, b?, c?].map(|scores| mean_average_precision(&scores, &unseen.1)))
}

/// The scores of a label from a model of its own.
fn logistic(parameters: &Value, (x, y): &Rows, label: usize, unseen: &Array2<f32>) -> Result<[Vec<f64>; 3]> {
    let (features, labels) = (x.as_standard_layout(), y.column(label).to_vec());
    let dataset = Dataset::from_slice(features.as_slice().unwrap_or(&[]), &labels, x.ncols() as i32, true)?;
    let mut parameters = parameters.clone();
    parameters["objective"] = "binary".into();
    let mut booster = Booster::train(dataset, &parameters)?;
    let unseen_features = unseen.as_standard_layout();
    let [a, b, c] = TREES.map(|trees| {
        limit(&mut booster, trees)?;
        booster.raw_scores(unseen_features.as_slice().unwrap_or(&[]), unseen.ncols() as i32, true)
    });
    Ok([a?, b?, c?])
}

/// Takes the trees of the first iterations only, or all if there are fewer: as for a label without positives.
fn limit(booster: &mut Booster, iterations: i32) -> lightgbm3::Result<()> {
    booster.set_max_iterations(iterations.min(booster.num_iterations()))
}

/// The rows in an order drawn by the seed: Fisher and Yates, numbers by a linear congruential generator.
fn shuffled(rows: usize, seed: u64) -> Vec<usize> {
    let mut order: Vec<_> = (0..rows).collect();
    let mut state = seed;
    for last in (1..rows).rev() {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        order.swap(last, (state >> 33) as usize % (last + 1));
    }
    order
}

fn main() -> Result<()> {
    let Some(path) = env::args().nth(1) else {
        println!("nothing is compared: no archive was named");
        return Ok(());
    };
    let mut archive = NpzReader::new(File::open(path)?)?;
    let mut of = |part: &str| -> Result<Rows> {
        let y: Array2<u8> = archive.by_name(&format!("y_{part}"))?;
        Ok((archive.by_name(&format!("x_{part}"))?, y.mapv(f32::from)))
    };
    let (train, test) = (of("train")?, of("test")?);
    let pick = |rows: &[usize]| (train.0.select(Axis(0), rows), train.1.select(Axis(0), rows));
    let mut sums = [0.0; 2];
    for seed in 1..=5 {
        let order = shuffled(train.0.nrows(), seed);
        let (held_out, kept) = order.split_at(order.len() / 4);
        let (held_out, kept) = (pick(held_out), pick(kept));
        for (objective, settings) in settings(seed)?.iter().enumerate() {
            let mut best = (f64::MIN, 0, 0);
            for (number, setting) in settings.iter().enumerate() {
                for (trees, precision) in precision(setting, &kept, &held_out)?.into_iter().enumerate() {
                    if precision > best.0 {
                        best = (precision, number, trees);
                    }
                }
            }
            let precision = precision(&settings[best.1], &train, &test)?[best.2];
            sums[objective] += precision;
            let name = ["asymmetric", "logistic"][objective];
            println!("seed {seed}, {name}: mAP {precision:.2} %, setting {}, {} trees", best.1, TREES[best.2]);
        }
    }
    println!("mean: asymmetric {:.2} %, logistic {:.2} %", sums[0] / 5.0, sums[1] / 5.0);
    Ok(())
}
