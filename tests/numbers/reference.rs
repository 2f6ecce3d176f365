//! Values and gradients against the reference implementation, `torch_ecg.models.loss.AsymmetricLoss`.

use crate::common::vectors::{Numbers, cases, disagreement};
use asymmetric_loss::{AsymmetricLoss, Builder, Implementation, Reduction};
use ndarray::{ArrayD, IxDyn};
use serde::Deserialize;

/// Recorded by `vectors/generate.py`, which says what each field means.
const VECTORS: &str = include_str!("../vectors/torch_ecg.json");

#[derive(Deserialize)]
struct Case {
    implementation: String,
    detach: bool,
    gamma_neg: f64,
    gamma_pos: f64,
    prob_margin: f64,
    log_floor: f64,
    reduction: String,
    shape: Vec<usize>,
    logits: Vec<f64>,
    targets: Vec<f64>,
    value: Numbers,
    gradient: Vec<f64>,
    reference_fault: bool,
    correct_gradient: Option<Vec<f64>>,
}

impl Case {
    fn builder(&self) -> Builder {
        AsymmetricLoss::builder()
            .gamma_neg(self.gamma_neg)
            .gamma_pos(self.gamma_pos)
            .prob_margin(self.prob_margin)
            .log_floor(self.log_floor)
            .detach_focal_weight(self.detach)
            .implementation(match self.implementation.as_str() {
                "AlibabaMiil" => Implementation::AlibabaMiil,
                "DeepPsp" => Implementation::DeepPsp,
                other => panic!("unknown implementation {other}"),
            })
    }

    fn array(&self, elements: &[f64]) -> ArrayD<f64> {
        ArrayD::from_shape_vec(IxDyn(&self.shape), elements.to_vec()).unwrap()
    }

    /// Value (a single element if reduced) and gradient of this crate.
    fn ours(&self) -> (Vec<f64>, ArrayD<f64>) {
        let (logits, targets) = (self.array(&self.logits), self.array(&self.targets));
        if self.reduction == "none" {
            let loss = self.builder().reduction(Reduction::Sum).build().unwrap();
            let losses = loss.losses(&logits, &targets).unwrap();
            assert_eq!(losses.shape(), self.shape);
            return (losses.into_iter().collect(), loss.gradient(&logits, &targets).unwrap());
        }
        let loss = self.builder().reduction(self.reduction.parse().unwrap()).build().unwrap();
        let (value, gradient) = loss.value_and_gradient(&logits, &targets).unwrap();
        (vec![value], gradient)
    }

    /// The gradient to agree with: the reference's, unless that is at fault.
    fn gradient(&self) -> &[f64] {
        match &self.correct_gradient {
            Some(correct) => correct,
            None => &self.gradient,
        }
    }
}

#[test]
fn values_and_gradients_are_those_of_the_reference() {
    let cases: Vec<Case> = cases(VECTORS);
    assert_eq!(cases.len(), 112, "cases have been lost");
    for (number, case) in cases.iter().enumerate() {
        assert_eq!(case.logits.len(), case.shape.iter().product::<usize>());
        let (value, gradient) = case.ours();
        assert_eq!(gradient.shape(), case.shape);
        assert_eq!(disagreement(&value, case.value.values()), None, "value of case {number}");
        assert_eq!(disagreement(&gradient, case.gradient()), None, "gradient of case {number}");
    }
}

/// The vectors are only as good as what they cover.
#[test]
fn vectors_cover_every_setting() {
    let cases: Vec<Case> = cases(VECTORS);
    for implementation in ["AlibabaMiil", "DeepPsp"] {
        for detach in [false, true] {
            for reduction in ["mean", "sum", "none"] {
                let covered = cases
                    .iter()
                    .any(|c| c.implementation == implementation && c.detach == detach && c.reduction == reduction);
                assert!(covered, "{implementation}, detach {detach}, {reduction}");
            }
        }
    }
    assert!(cases.iter().any(|case| case.targets.iter().any(|&y| y > 0.0 && y < 1.0)), "no soft labels");
}

/// The reference's `deep-psp` drops a detached weight from the gradient. If a new recording no longer shows the
/// fault, this crate's documentation is out of date.
#[test]
fn fault_of_the_reference_is_not_repeated() {
    let cases: Vec<Case> = cases(VECTORS);
    let faulty: Vec<_> = cases.iter().enumerate().filter(|(_, case)| case.reference_fault).collect();
    assert_eq!(faulty.len(), 22);
    for (number, case) in &faulty {
        assert!(case.implementation == "DeepPsp" && case.detach);
        let (_, gradient) = case.ours();
        assert!(
            disagreement(&gradient, &case.gradient).is_some(),
            "case {number}: the same gradient as the faulty reference"
        );
    }
    assert!(cases.iter().all(|case| case.reference_fault == case.correct_gradient.is_some()));
}
