//! Weighted values and gradients against other libraries: timm's `AsymmetricLossMultiLabel` and mmpretrain's
//! `AsymmetricLoss`.

use crate::common::vectors::{Numbers, cases, disagreement};
use asymmetric_loss::{AsymmetricLoss, Builder, Parameter, Reduction, Targets};
use ndarray::{ArrayD, IxDyn};
use serde::Deserialize;

/// Recorded by `vectors/generate_weighted.py`, which says what each field means.
const VECTORS: &str = include_str!("../vectors/weighted.json");

#[derive(Deserialize)]
struct Case {
    library: String,
    implementation: String,
    detach: bool,
    gamma_neg: f64,
    gamma_pos: f64,
    prob_margin: f64,
    log_floor: f64,
    class_weight: Numbers,
    pos_weight: Numbers,
    label_smoothing: f64,
    weights_shape: Option<Vec<usize>>,
    weights: Option<Vec<f64>>,
    reduction: String,
    shape: Vec<usize>,
    logits: Vec<f64>,
    targets: Vec<f64>,
    value: Numbers,
    gradient: Vec<f64>,
}

fn parameter(numbers: &Numbers) -> Parameter {
    match numbers {
        Numbers::One(value) => Parameter::Uniform(*value),
        Numbers::Several(values) => Parameter::PerClass(values.clone()),
    }
}

impl Case {
    fn builder(&self) -> Builder {
        AsymmetricLoss::builder()
            .gamma_neg(self.gamma_neg)
            .gamma_pos(self.gamma_pos)
            .prob_margin(self.prob_margin)
            .class_weight(parameter(&self.class_weight))
            .pos_weight(parameter(&self.pos_weight))
            .label_smoothing(self.label_smoothing)
            .log_floor(self.log_floor)
            .detach_focal_weight(self.detach)
            .implementation(self.implementation.to_lowercase().parse().unwrap())
    }

    fn array(&self, elements: &[f64]) -> ArrayD<f64> {
        ArrayD::from_shape_vec(IxDyn(&self.shape), elements.to_vec()).unwrap()
    }

    fn weights(&self) -> Option<ArrayD<f64>> {
        let (shape, weights) = (self.weights_shape.as_ref()?, self.weights.as_ref()?);
        Some(ArrayD::from_shape_vec(IxDyn(shape), weights.clone()).unwrap())
    }

    /// Value (a single element if reduced) and gradient of this crate.
    fn ours(&self, builder: Builder) -> (Vec<f64>, ArrayD<f64>) {
        let (logits, labels, weights) = (self.array(&self.logits), self.array(&self.targets), self.weights());
        let mut targets = Targets::new(&labels);
        if let Some(weights) = &weights {
            targets = targets.weights(weights);
        }
        if self.reduction == "none" {
            let loss = builder.reduction(Reduction::Sum).build().unwrap();
            let losses = loss.losses(&logits, targets.clone()).unwrap();
            assert_eq!(losses.shape(), self.shape);
            return (losses.into_iter().collect(), loss.gradient(&logits, targets).unwrap());
        }
        let loss = builder.reduction(self.reduction.parse().unwrap()).build().unwrap();
        let (value, gradient) = loss.value_and_gradient(&logits, targets).unwrap();
        (vec![value], gradient)
    }
}

#[test]
fn values_and_gradients_are_those_of_the_libraries() {
    let cases: Vec<Case> = cases(VECTORS);
    assert_eq!(cases.len(), 70, "cases have been lost");
    for (number, case) in cases.iter().enumerate() {
        assert_eq!(case.logits.len(), case.shape.iter().product::<usize>());
        let (value, gradient) = case.ours(case.builder());
        assert_eq!(gradient.shape(), case.shape);
        assert_eq!(disagreement(&value, case.value.values()), None, "value of case {number}, {}", case.library);
        assert_eq!(disagreement(&gradient, &case.gradient), None, "gradient of case {number}, {}", case.library);
    }
}

/// The vectors are only as good as what they cover: whatever setting is dropped, some case notices.
#[test]
fn vectors_notice_every_setting() {
    type Change = fn(Builder) -> Builder;
    let without: [(&str, Change); 4] = [
        ("class_weight", |builder| builder.class_weight(1)),
        ("pos_weight", |builder| builder.pos_weight(1)),
        ("label_smoothing", |builder| builder.label_smoothing(0.0)),
        ("log_floor", |builder| builder.log_floor(0.0)),
    ];
    let cases: Vec<Case> = cases(VECTORS);
    for (name, without) in without {
        let differs = |case: &&Case| disagreement(&case.ours(without(case.builder())).1, &case.gradient).is_some();
        assert!(cases.iter().any(|case| differs(&case)), "no case needs {name}");
    }
    for library in ["timm", "mmpretrain"] {
        for reduction in ["mean", "sum", "none"] {
            let covered = cases.iter().any(|case| case.library == library && case.reduction == reduction);
            assert!(covered, "{library}, {reduction}");
        }
    }
    assert!(cases.iter().any(|case| case.reduction == "batchmean"));
    assert!(cases.iter().any(|case| case.reduction.starts_with("divisor")));
    assert!(cases.iter().any(|case| case.weights.is_some()));
    assert!(cases.iter().any(|case| case.targets.iter().any(|&y| y > 0.0 && y < 1.0)), "no soft labels");
}
