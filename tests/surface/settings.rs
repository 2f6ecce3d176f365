//! Settings: read back, compared, printed, changed, saved and loaded.

use asymmetric_loss::{AsymmetricLoss, Builder, Curvature, Implementation, Parameter, Reduction, Settings};
use ndarray::{Array1, array};

fn every_setting() -> Builder {
    AsymmetricLoss::builder()
        .gamma_neg([4.0, 2.0, 0.25])
        .gamma_pos(1.5)
        .prob_margin([0.0, 0.05, 1e-300])
        .implementation(Implementation::DeepPsp)
        .detach_focal_weight(true)
        .log_floor(1e-8)
        .reduction(Reduction::Divisor(0.1))
        .class_weight([1, 0, 2])
        .pos_weight(2.5)
        .label_smoothing(0.125)
        .curvature(Curvature::AtLeast(0.01))
}

#[test]
fn what_was_set_can_be_read() {
    let loss = every_setting().build().unwrap();
    let settings = loss.settings();
    assert_eq!(*settings.gamma_neg(), Parameter::PerClass(vec![4.0, 2.0, 0.25]));
    assert_eq!(*settings.gamma_pos(), Parameter::Uniform(1.5));
    assert_eq!(settings.prob_margin().values(), [0.0, 0.05, 1e-300]);
    assert_eq!(settings.implementation(), Implementation::DeepPsp);
    assert!(settings.detach_focal_weight());
    assert_eq!(settings.log_floor(), 1e-8);
    assert_eq!(settings.reduction(), Reduction::Divisor(0.1));
    assert_eq!(*settings.class_weight(), Parameter::PerClass(vec![1.0, 0.0, 2.0]));
    assert_eq!(*settings.pos_weight(), Parameter::Uniform(2.5));
    assert_eq!(settings.label_smoothing(), 0.125);
    assert_eq!(settings.curvature(), Curvature::AtLeast(0.01));
    assert_eq!(settings.classes(), Some(3));
    assert_eq!(AsymmetricLoss::default().settings().classes(), None);
}

#[test]
fn another_reduction_changes_nothing_else() {
    let loss = every_setting().build().unwrap();
    let (logits, labels) = (array![[0.5, -1.0, 2.0], [3.0, 0.0, -2.0]], array![[1, 0, 1], [0, 1, 0]]);
    for reduction in [Reduction::Mean, Reduction::Sum, Reduction::PositiveMean, Reduction::Divisor(3.0)] {
        let (other, built) = (loss.with_reduction(reduction).unwrap(), every_setting().reduction(reduction).build());
        assert_eq!(other, *built.as_ref().unwrap());
        assert_eq!(other.derivatives(&logits, &labels), built.unwrap().derivatives(&logits, &labels));
        assert_eq!(loss, every_setting().build().unwrap(), "the loss it comes from stays as it is");
    }
    for divisor in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        let (reduction, other) = (Reduction::Divisor(divisor), loss.to_builder());
        // Compared as text, because NaN is not equal to itself.
        let errors = [loss.with_reduction(reduction).unwrap_err(), other.reduction(reduction).build().unwrap_err()];
        assert_eq!(errors[0].to_string(), errors[1].to_string());
    }
}

#[test]
fn losses_with_the_same_settings_are_equal() {
    let loss = every_setting().build().unwrap();
    assert_eq!(loss, loss.clone());
    assert_eq!(loss, loss.to_builder().build().unwrap());
    assert_eq!(loss, loss.settings().to_builder().build().unwrap());
    assert_eq!(loss, AsymmetricLoss::from(loss.settings().clone()));
    for other in [
        loss.to_builder().gamma_neg([4.0, 2.0, 0.5]),
        loss.to_builder().gamma_pos(1),
        loss.to_builder().prob_margin(0),
        loss.to_builder().implementation(Implementation::Paper),
        loss.to_builder().detach_focal_weight(false),
        loss.to_builder().log_floor(0.0),
        loss.to_builder().reduction(Reduction::Sum),
        loss.to_builder().class_weight(1),
        loss.to_builder().pos_weight(2),
        loss.to_builder().label_smoothing(0.0),
        loss.to_builder().curvature(Curvature::Magnitude(0.01)),
    ] {
        assert_ne!(loss, other.build().unwrap());
    }
}

#[test]
fn settings_print_on_one_line() {
    let loss = every_setting().build().unwrap();
    let text = "AsymmetricLoss(gamma_neg=[4, 2, 0.25], gamma_pos=1.5, prob_margin=[0, 0.05, 1e-300], \
                class_weight=[1, 0, 2], pos_weight=2.5, implementation=deep-psp, detach_focal_weight=true, \
                log_floor=1e-8, reduction=divisor(0.1), label_smoothing=0.125, curvature=at-least(0.01))";
    assert_eq!(loss.to_string(), text);
    assert_eq!(format!("{loss:?}"), text);
    let many = AsymmetricLoss::builder().gamma_neg(vec![2; 1000]).build().unwrap();
    assert!(
        many.to_string().starts_with("AsymmetricLoss(gamma_neg=[2, 2, 2, 2, … 1000 values], gamma_pos=1"),
        "{many}"
    );
    for text in [format!("{many:?}"), format!("{:?}", many.settings()), format!("{:#?}", many.to_builder())] {
        assert!(text.len() < 500, "{text}");
    }
}

#[test]
fn settings_are_parsed_as_they_are_printed() {
    let loss = every_setting().build().unwrap();
    assert_eq!(loss.settings().to_string().parse(), Ok(loss.settings().clone()));
    assert_eq!("".parse(), Ok(Settings::default()));
    let many = AsymmetricLoss::builder().gamma_neg((0..80).collect::<Vec<_>>()).build().unwrap();
    assert_eq!(format!("{:#}", many.settings()).parse(), Ok(many.settings().clone()));
    let few = AsymmetricLoss::builder().gamma_pos([1.0, 0.5]).curvature(Curvature::Magnitude(0.1)).build().unwrap();
    assert_eq!("curvature = magnitude(0.1),gamma_pos=[ 1,5e-1 ]".parse(), Ok(few.settings().clone()));
    for (text, message) in [
        ("gamma=4", "settings must be name=value, where a name is one of gamma_neg gamma_pos "),
        ("4", "settings must be name=value"),
        ("gamma_neg=four", "gamma_neg must be a number, or numbers in brackets, but is \"four\""),
        ("gamma_neg=[2, 2, 2, 2, … 1000 values]", "gamma_neg must be a number, or numbers in brackets, but is "),
        ("log_floor=[0.5]", "log_floor must be a number, but is \"[0.5]\""),
        ("detach_focal_weight=yes", "detach_focal_weight must be true or false, but is \"yes\""),
        ("reduction=average", "reduction must be mean, sum, "),
        ("gamma_neg=-1", "gamma_neg must be finite and at least 0, but is -1"),
        (
            "gamma_neg=[1, 2], prob_margin=[0.5]",
            "prob_margin must have one value per class (2), but has 1 (a number without brackets is that of all classes)",
        ),
    ] {
        let error = text.parse::<Settings>().unwrap_err().to_string();
        assert!(error.starts_with(message), "{text}: {error}");
    }
}

#[test]
fn numbers_of_any_type_are_parameters() {
    let numbers: [Parameter; 16] = [
        2_u128.into(),
        2_i128.into(),
        2_u8.into(),
        2_u16.into(),
        2_u32.into(),
        2_u64.into(),
        2_usize.into(),
        2_i8.into(),
        2_i16.into(),
        2_i32.into(),
        2_i64.into(),
        2_isize.into(),
        2_f32.into(),
        2_f64.into(),
        2.into(),
        2.0.into(),
    ];
    assert!(numbers.iter().all(|number| *number == Parameter::Uniform(2.0)), "{numbers:?}");
    let (array, vector) = (array![1_f32, 0.5], vec![1.0, 0.5]);
    let lists: [Parameter; 8] = [
        [1.0, 0.5].into(),
        (&[1_f32, 0.5]).into(),
        vector[..].into(),
        (&vector).into(),
        vector.into(),
        array.view().into(),
        (&array).into(),
        array.clone().into(),
    ];
    assert!(lists.iter().all(|list| *list == Parameter::PerClass(vec![1.0, 0.5])), "{lists:?}");
    let strided = Array1::from(vec![3_i64, 0, 4, 0]);
    assert_eq!(Parameter::from(strided.slice(ndarray::s![..;2])), Parameter::PerClass(vec![3.0, 4.0]));
}

#[test]
fn names_are_those_of_the_reference_in_any_case() {
    for implementation in [Implementation::AlibabaMiil, Implementation::DeepPsp, Implementation::Paper] {
        let name = implementation.to_string();
        assert_eq!(name.parse(), Ok(implementation));
        assert_eq!(name.to_uppercase().parse(), Ok(implementation));
        assert_eq!(format!("{implementation:?}").parse(), Ok(implementation));
        assert_eq!(format!("{implementation:>14}").len(), 14);
    }
    for reduction in [
        Reduction::Mean,
        Reduction::Sum,
        Reduction::BatchMean,
        Reduction::WeightedMean,
        Reduction::PositiveMean,
        Reduction::Divisor(128.0),
        Reduction::Divisor(1e-300),
    ] {
        let name = reduction.to_string();
        assert_eq!(name.parse(), Ok(reduction));
        assert_eq!(name.to_uppercase().parse(), Ok(reduction));
        assert_eq!(format!("{reduction:>16}").chars().count(), 16);
    }
    assert_eq!("BatchMean".parse(), Ok(Reduction::BatchMean));
    for curvature in [Curvature::Exact, Curvature::AtLeast(0.0), Curvature::AtLeast(0.01), Curvature::Magnitude(1e-9)] {
        let name = curvature.to_string();
        assert_eq!(name.parse(), Ok(curvature));
        assert_eq!(name.to_uppercase().parse(), Ok(curvature));
        assert_eq!(format!("{curvature:>17}").chars().count(), 17);
    }
    for name in
        ["", "floor", "at-least", "at_least_(1)", "exact-", "exact(1)", "magnitude()", "magnitude(x)", "magnitude(1"]
    {
        let error = name.parse::<Curvature>().unwrap_err().to_string();
        assert_eq!(error, format!("curvature must be exact, at-least(ε) or magnitude(ε), but is {name:?}"));
    }
    for name in ["at-least(-1)", "magnitude(NaN)", "magnitude(inf)"] {
        let error = name.parse::<Curvature>().unwrap_err().to_string();
        assert!(error.starts_with("the ε of curvature must be between 0 and 1e12, but is "), "{error}");
    }
}

#[cfg(feature = "serde")]
mod saved {
    use super::*;
    use asymmetric_loss::{SingleLabelLoss, single_label};
    use proptest::prelude::*;
    use serde::Deserialize;

    #[test]
    fn settings_are_saved_as_names_and_numbers() {
        let json = serde_json::to_string(&every_setting().build().unwrap()).unwrap();
        let text = r#"{"gamma_neg":[4.0,2.0,0.25],"gamma_pos":1.5,"prob_margin":[0.0,0.05,1e-300],"class_weight":[1.0,0.0,2.0],"pos_weight":2.5,"implementation":"deep-psp","detach_focal_weight":true,"log_floor":1e-8,"reduction":"divisor(0.1)","label_smoothing":0.125,"curvature":"at-least(0.01)"}"#;
        assert_eq!(json, text);
    }

    #[test]
    fn of_the_single_label_loss() {
        let builder = SingleLabelLoss::builder().gamma_neg([4.0, 2.5]).label_smoothing(0.05).reduction(Reduction::Sum);
        let loss = builder.build().unwrap();
        let json = serde_json::to_string(&loss).unwrap();
        let text =
            r#"{"gamma_neg":[4.0,2.5],"gamma_pos":0.0,"class_weight":1.0,"label_smoothing":0.05,"reduction":"sum"}"#;
        assert_eq!(json, text);
        assert_eq!(serde_json::from_str::<SingleLabelLoss>(&json).unwrap(), loss);
        assert_eq!(toml::from_str::<single_label::Settings>("").unwrap(), single_label::Settings::default());
        let error = toml::from_str::<SingleLabelLoss>("label_smoothing = 1.0").unwrap_err().to_string();
        assert!(error.contains("label_smoothing must be at least 0 and below 1, but is 1"), "{error}");
        for json in ["[4, 0]", r#"{"prob_margin": 0.05}"#, r#"{"gamma_neg": 1, "gamma_neg": 2}"#] {
            assert!(serde_json::from_str::<SingleLabelLoss>(json).is_err(), "{json}");
        }
    }

    #[test]
    fn missing_settings_have_their_defaults() {
        assert_eq!(serde_json::from_str::<AsymmetricLoss>("{}").unwrap(), AsymmetricLoss::default());
        let loss: AsymmetricLoss =
            toml::from_str("gamma_neg = 2\ngamma_pos = [1, 0.5]\nimplementation = \"Deep-PSP\"").unwrap();
        let builder = AsymmetricLoss::builder().gamma_neg(2).gamma_pos([1.0, 0.5]);
        assert_eq!(loss, builder.implementation(Implementation::DeepPsp).build().unwrap());
    }

    /// With the words of the builder.
    #[test]
    fn settings_that_the_builder_refuses_are_not_loaded() {
        for (json, message) in [
            (r#"{"gamma_neg": -1.0}"#, "gamma_neg must be finite and at least 0, but is -1"),
            (r#"{"prob_margin": [0.0, 1.0]}"#, "prob_margin must be at least 0 and below 1, but is 1 for class 1"),
            (r#"{"gamma_pos": []}"#, "gamma_pos must have at least one value, but has none"),
            (
                r#"{"gamma_neg": [1, 2], "gamma_pos": [1]}"#,
                "gamma_pos must have one value per class (2), but has 1 (a number without brackets is that of all classes)",
            ),
            (
                r#"{"implementation": "focal"}"#,
                "implementation must be alibaba-miil, deep-psp or paper, but is \"focal\"",
            ),
            (
                r#"{"reduction": "divisor(0)"}"#,
                "the divisor of the reduction must be finite and at least 2.3e-308, but is 0",
            ),
            (
                r#"{"reduction": "mean_"}"#,
                "reduction must be mean, sum, batch-mean, weighted-mean, positive-mean or divisor(n), but is \"mean_\"",
            ),
            (
                r#"{"reduction": 128}"#,
                "invalid type: integer `128`, expected mean, sum, batch-mean, weighted-mean, positive-mean or divisor(n)",
            ),
            (
                r#"{"curvature": 0.01}"#,
                "invalid type: floating point `0.01`, expected exact, at-least(ε) or magnitude(ε)",
            ),
            (r#"{"curvature": "at-least(-1)"}"#, "the ε of curvature must be between 0 and 1e12, but is -1"),
            (r#"{"clip": 0.05}"#, "unknown field `clip`, which is `prob_margin` here"),
            (r#"{"eps": 1e-8}"#, "unknown field `eps`, which is `log_floor` here"),
            (
                r#"{"disable_torch_grad_focal_loss": true}"#,
                "unknown field `disable_torch_grad_focal_loss`, which is `detach_focal_weight` here",
            ),
            (
                r#"{"alpha": 0.25}"#,
                "unknown field `alpha`, which is `class_weight = 1 - alpha` and `pos_weight = alpha / (1 - alpha)` here",
            ),
            (r#"{"gamma_pos": 1, "gamma_pos": 2}"#, "duplicate field `gamma_pos`"),
            (r#"{"gamma_neg": "4"}"#, "expected a number or a list of numbers"),
            (r#"{"gamma": 4}"#, "unknown field `gamma`"),
        ] {
            let error = serde_json::from_str::<AsymmetricLoss>(json).unwrap_err().to_string();
            assert!(error.contains(message), "{json}: {error}");
            assert!(serde_json::from_str::<Settings>(json).is_err());
            // The way of serde, and what a derived function of that name would shadow. A value has no key twice.
            if message.starts_with("duplicate") {
                continue;
            }
            let value: serde_json::Value = serde_json::from_str(json).unwrap();
            assert!(Settings::deserialize(&value).is_err() && AsymmetricLoss::deserialize(value).is_err());
        }
        // In TOML the message points at the key.
        let error = toml::from_str::<AsymmetricLoss>("gamma_neg = 2\nclip = 0.05").unwrap_err();
        assert_eq!(error.span(), Some(14..18), "{error}");
        let error = serde_json::from_str::<AsymmetricLoss>("[4, 2, 0.5]").unwrap_err().to_string();
        assert!(error.contains("expected settings by name"), "{error}");
    }

    fn parameter(values: std::ops::Range<f64>) -> impl Strategy<Value = Parameter> {
        let per_class = proptest::collection::vec(values.clone(), 3).prop_map(Parameter::PerClass);
        prop_oneof![values.prop_map(Parameter::Uniform), per_class]
    }

    proptest! {
        #[test]
        fn saved_settings_are_loaded_again(
            gamma_neg in parameter(0.0..1e30),
            gamma_pos in parameter(0.0..5.0),
            margin in parameter(0.0..1.0),
            floor in 0.0..1.0,
            detach in any::<bool>(),
            implementation in proptest::sample::select(vec![Implementation::DeepPsp, Implementation::Paper]),
            reduction in prop_oneof![
                Just(Reduction::Mean),
                Just(Reduction::Sum),
                (f64::MIN_POSITIVE..1e300).prop_map(Reduction::Divisor),
            ],
        ) {
            let loss = AsymmetricLoss::builder()
                .gamma_neg(gamma_neg)
                .gamma_pos(gamma_pos)
                .prob_margin(margin)
                .log_floor(floor)
                .detach_focal_weight(detach)
                .implementation(implementation)
                .reduction(reduction)
                .build()?;
            let json = serde_json::to_string(&loss)?;
            prop_assert_eq!(&serde_json::from_str::<AsymmetricLoss>(&json)?, &loss);
            let toml = toml::to_string(loss.settings())?;
            prop_assert_eq!(&toml::from_str::<Settings>(&toml)?, loss.settings());
        }
    }
}
