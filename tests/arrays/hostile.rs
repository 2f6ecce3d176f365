//! Any shape, any bit pattern, any setting: no panic, an error exactly where one is promised, NaN only from NaN.

use asymmetric_loss::{AsymmetricLoss, Builder, Error, Float, Implementation, Parameter, Reduction};
use ndarray::{ArrayD, Dimension, IxDyn};
use proptest::collection::vec;
use proptest::prelude::*;

/// A setting: for all classes, or per class.
#[derive(Clone, Debug)]
enum Setting {
    One(f64),
    PerClass(Vec<f64>),
}

impl Setting {
    fn values(&self) -> &[f64] {
        match self {
            Setting::One(value) => std::slice::from_ref(value),
            Setting::PerClass(values) => values,
        }
    }

    fn classes(&self) -> Option<usize> {
        match self {
            Setting::One(_) => None,
            Setting::PerClass(values) => Some(values.len()),
        }
    }
}

impl From<Setting> for Parameter {
    fn from(setting: Setting) -> Self {
        match setting {
            Setting::One(value) => value.into(),
            Setting::PerClass(values) => values.into(),
        }
    }
}

#[derive(Clone, Debug)]
struct Settings {
    gamma_neg: Setting,
    gamma_pos: Setting,
    prob_margin: Setting,
    log_floor: f64,
    implementation: Implementation,
    detach: bool,
}

impl Settings {
    fn builder(&self) -> Builder {
        AsymmetricLoss::builder()
            .gamma_neg(self.gamma_neg.clone())
            .gamma_pos(self.gamma_pos.clone())
            .prob_margin(self.prob_margin.clone())
            .log_floor(self.log_floor)
            .implementation(self.implementation)
            .detach_focal_weight(self.detach)
    }

    fn per_class(&self) -> [(&'static str, &Setting); 3] {
        [("gamma_neg", &self.gamma_neg), ("gamma_pos", &self.gamma_pos), ("prob_margin", &self.prob_margin)]
    }

    /// Whether building it must fail.
    fn is_unsound(&self) -> bool {
        let mut classes: Vec<_> = self.per_class().iter().filter_map(|(_, setting)| setting.classes()).collect();
        classes.dedup();
        let focusing = |gamma: &f64| *gamma >= 0.0 && *gamma < f64::INFINITY;
        let probability = |m: &f64| *m >= 0.0 && *m < 1.0;
        classes.len() > 1
            || classes.contains(&0)
            || !self.gamma_neg.values().iter().all(focusing)
            || !self.gamma_pos.values().iter().all(focusing)
            || !self.prob_margin.values().iter().all(probability)
            || !probability(&self.log_floor)
    }

    /// Whether an error of `build` tells the truth about these settings.
    fn justify(&self, error: &Error) -> bool {
        let named =
            |name: &str| self.per_class().into_iter().find(|(other, _)| *other == name).map(|(_, setting)| setting);
        match *error {
            Error::ParameterOutOfRange { parameter, actual, class, .. } => {
                let value = match (named(parameter), class) {
                    (None, None) if parameter == "log_floor" => self.log_floor,
                    (Some(Setting::One(value)), None) => *value,
                    (Some(Setting::PerClass(values)), Some(class)) => values[class],
                    _ => return false,
                };
                let upper = if parameter.starts_with("gamma") { f64::INFINITY } else { 1.0 };
                value.to_bits() == actual.to_bits() && !(value >= 0.0 && value < upper)
            }
            Error::ParameterLength { parameter, expected, actual } => {
                let others = self.per_class().into_iter().filter(|(name, _)| *name != parameter);
                named(parameter).and_then(Setting::classes) == Some(actual)
                    && others.into_iter().any(|(_, setting)| setting.classes() == Some(expected))
                    && expected != actual
            }
            Error::EmptyParameter { parameter } => named(parameter).and_then(Setting::classes) == Some(0),
            _ => false,
        }
    }

    /// The settings of one class, for messages.
    fn of(&self, class: usize) -> String {
        let [gamma_neg, gamma_pos, prob_margin] = self.per_class().map(|(_, setting)| match setting {
            Setting::One(value) => *value,
            Setting::PerClass(values) => values[class],
        });
        let Settings { log_floor, implementation, detach, .. } = self;
        format!(
            "γ₋ {gamma_neg:?}, γ₊ {gamma_pos:?}, m {prob_margin:?}, ε {log_floor:?}, {implementation:?}, detach {detach}"
        )
    }

    /// Whether the second derivative diverges at the margin.
    fn has_exponent_below_one(&self) -> bool {
        let fractional = |gamma: &f64| *gamma > 0.0 && *gamma < 1.0;
        self.gamma_neg.values().iter().chain(self.gamma_pos.values()).any(fractional)
    }
}

/// The range of every parameter, with its ends.
fn focusing() -> impl Strategy<Value = f64> {
    prop_oneof![0.0..50.0, 0.0..1.0, (0..=50).prop_map(f64::from), Just(f64::MIN_POSITIVE), Just(1e-17)]
}

fn probability() -> impl Strategy<Value = f64> {
    prop_oneof![
        Just(0.0),
        Just(0.05),
        Just(0.5),
        0.0..1.0,
        Just(1e-300),
        Just(1e-40),
        Just(1e-9),
        Just(0.999),
        Just(0.999999)
    ]
}

fn bits() -> impl Strategy<Value = f64> {
    any::<u64>().prop_map(f64::from_bits)
}

/// Any number, most often one of interest.
fn number() -> impl Strategy<Value = f64> {
    prop_oneof![
        1 => bits(),
        1 => prop_oneof![
            Just(-0.0), Just(1.0), Just(-1.0), Just(f64::NAN), Just(f64::INFINITY), Just(f64::NEG_INFINITY), Just(f64::MAX),
        ],
    ]
}

fn setting(value: impl Strategy<Value = f64> + Clone + 'static, classes: usize, sound: bool) -> BoxedStrategy<Setting> {
    let one = value.clone().prop_map(Setting::One);
    let per_class = vec(value.clone(), classes).prop_map(Setting::PerClass);
    if sound && classes == 0 {
        return one.boxed(); // settings for no class are refused
    }
    if sound {
        return prop_oneof![2 => one, 1 => per_class].boxed();
    }
    let hostile = number().prop_map(Setting::One);
    let hostile_class = vec(prop_oneof![3 => value.clone(), 1 => number()], classes).prop_map(Setting::PerClass);
    let length = vec(value, 0..5).prop_map(Setting::PerClass);
    prop_oneof![12 => one, 6 => per_class, 1 => hostile, 1 => hostile_class, 1 => length].boxed()
}

fn settings(classes: usize, sound: bool) -> impl Strategy<Value = Settings> {
    let implementation =
        prop_oneof![Just(Implementation::AlibabaMiil), Just(Implementation::DeepPsp), Just(Implementation::Paper)];
    let gamma = || focusing().boxed();
    let floor = prop_oneof![8 => Just(0.0), 2 => Just(1e-8), 2 => probability()].boxed();
    let floor = if sound { floor } else { prop_oneof![12 => floor, 1 => number()].boxed() };
    (
        setting(gamma(), classes, sound),
        setting(gamma(), classes, sound),
        setting(probability().boxed(), classes, sound),
        floor,
        implementation,
        any::<bool>(),
    )
        .prop_map(|(gamma_neg, gamma_pos, prob_margin, log_floor, implementation, detach)| Settings {
            gamma_neg,
            gamma_pos,
            prob_margin,
            log_floor,
            implementation,
            detach,
        })
}

/// An element type with a strategy for all its bit patterns.
trait Element: Float {
    fn bits(self) -> u64;
    fn any() -> BoxedStrategy<Self>;
    fn finite() -> BoxedStrategy<Self>;
}

macro_rules! element {
    ($float:ident) => {
        impl Element for $float {
            fn bits(self) -> u64 {
                self.to_bits().into()
            }
            fn any() -> BoxedStrategy<Self> {
                let class = proptest::num::$float::ANY | proptest::num::$float::SIGNALING_NAN;
                prop_oneof![4 => class, 4 => -30.0 as $float..30.0, 1 => -1000.0 as $float..1000.0].boxed()
            }
            fn finite() -> BoxedStrategy<Self> {
                use proptest::num::$float::{NEGATIVE, NORMAL, POSITIVE, SUBNORMAL, ZERO};
                let class = POSITIVE | NEGATIVE | NORMAL | SUBNORMAL | ZERO;
                // Around the margin 0.05, where p − m is tiny, and around 0, where that of ½ is.
                let margin = (0.05 as $float / 0.95).ln();
                let near = (-40i32..0, -1.0 as $float..1.0).prop_map(move |(e, x)| margin + x * (2.0 as $float).powi(e));
                prop_oneof![3 => class, 4 => -30.0 as $float..30.0, 2 => -1000.0 as $float..1000.0, 2 => near].boxed()
            }
        }
    };
}
element!(f32);
element!(f64);

fn label<T: Element>() -> BoxedStrategy<T> {
    let tiny = T::from_f64(f64::from(f32::MIN_POSITIVE) / 8.0);
    prop_oneof![
        4 => Just(T::zero()),
        4 => Just(T::one()),
        2 => (0.0..=1.0).prop_map(T::from_f64),
        1 => Just(T::from_f64(-0.0)),
        1 => Just(tiny),
    ]
    .boxed()
}

fn any_shape() -> impl Strategy<Value = Vec<usize>> {
    prop_oneof![3 => vec(1_usize..6, 0..5), 1 => vec(0_usize..4, 0..5), 1 => vec(100_usize..300, 1..2)]
}

fn array<T: Element>(shape: &[usize], element: BoxedStrategy<T>) -> impl Strategy<Value = ArrayD<T>> + use<T> {
    let shape = shape.to_vec();
    let count = shape.iter().product::<usize>();
    vec(element, count).prop_map(move |elements| ArrayD::from_shape_vec(IxDyn(&shape), elements).unwrap())
}

#[derive(Clone, Debug)]
struct Call<T> {
    settings: Settings,
    logits: ArrayD<T>,
    targets: ArrayD<T>,
    buffer: ArrayD<T>,
}

/// Arguments of a call of which anything may be wrong, or nothing.
fn hostile<T: Element>() -> impl Strategy<Value = Call<T>> {
    (any_shape(), any_shape(), any_shape(), 0..16, any::<bool>()).prop_flat_map(|(shape, one, other, choice, clean)| {
        let target_shape = if choice == 0 { one } else { shape.clone() };
        let buffer_shape = if choice == 1 { other } else { shape.clone() };
        let label = if clean { label::<T>() } else { prop_oneof![30 => label::<T>(), 1 => T::any()].boxed() };
        let classes = shape.last().copied().unwrap_or(1);
        (
            settings(classes, clean),
            array(&shape, T::any()),
            array(&target_shape, label),
            array(&buffer_shape, Just(T::zero()).boxed()),
        )
            .prop_map(|(settings, logits, targets, buffer)| Call { settings, logits, targets, buffer })
    })
}

/// Arguments of a call that must succeed: finite logits.
fn sound<T: Element>() -> impl Strategy<Value = Call<T>> {
    any_shape().prop_flat_map(|shape| {
        let classes = shape.last().copied().unwrap_or(1);
        (settings(classes, true), array(&shape, T::finite()), array(&shape, label::<T>())).prop_map(
            |(settings, logits, targets)| {
                let buffer = ArrayD::from_elem(logits.raw_dim(), T::zero());
                Call { settings, logits, targets, buffer }
            },
        )
    })
}

fn array_bits<T: Element>(array: &ArrayD<T>) -> Vec<u64> {
    array.iter().map(|x| x.bits()).collect()
}

/// What is wrong with a call, found without the crate.
struct Faults<'a, T> {
    call: &'a Call<T>,
    is_mean: bool,
    has_buffer: bool,
}

impl<T: Element> Faults<'_, T> {
    fn first_invalid_target(&self) -> Option<(Vec<usize>, T)> {
        let valid = |y: T| y >= T::zero() && y <= T::one();
        let found = self.call.targets.indexed_iter().find(|(_, y)| !valid(**y));
        found.map(|(index, &y)| (index.slice().to_vec(), y))
    }

    fn classes(&self) -> usize {
        self.call.logits.shape().last().copied().unwrap_or(1)
    }

    fn exist(&self) -> bool {
        let Call { settings, logits, targets, buffer } = self.call;
        let classes = self.classes();
        targets.shape() != logits.shape()
            || (self.has_buffer && buffer.shape() != logits.shape())
            || settings.per_class().iter().any(|(_, setting)| setting.classes().is_some_and(|count| count != classes))
            || (self.is_mean && logits.is_empty())
            || self.first_invalid_target().is_some()
    }

    /// Whether an error tells the truth about the call.
    fn justify(&self, error: &Error) -> bool {
        let Call { settings, logits, targets, buffer } = self.call;
        match error {
            Error::ShapeMismatch { array, expected, actual } => {
                let shape = match *array {
                    "targets" => targets.shape(),
                    "gradient" if self.has_buffer => buffer.shape(),
                    _ => return false,
                };
                expected == logits.shape() && actual == shape && expected != actual
            }
            Error::ParameterLength { parameter, expected, actual } => {
                let given = settings.per_class().into_iter().find(|(name, _)| name == parameter);
                given.and_then(|(_, setting)| setting.classes()) == Some(*actual)
                    && *expected == self.classes()
                    && expected != actual
            }
            Error::InvalidTarget { index, actual } => self.first_invalid_target().is_some_and(|(first, y)| {
                *index == first && (actual.to_bits() == y.to_f64().to_bits() || actual.is_nan() && y.to_f64().is_nan())
            }),
            Error::EmptyMean { shape } => self.is_mean && logits.is_empty() && shape == logits.shape(),
            _ => false,
        }
    }

    /// `answer` is an error exactly if something is wrong, and one that is true.
    fn check<A>(&self, answer: Result<A, Error>) -> Result<Option<A>, TestCaseError> {
        match answer {
            Ok(answer) => {
                prop_assert!(!self.exist(), "a call with a fault was accepted");
                Ok(Some(answer))
            }
            Err(error) => {
                prop_assert!(self.justify(&error), "untrue: {error}");
                Ok(None)
            }
        }
    }
}

/// Makes every kind of call twice.
fn survives<T: Element>(call: &Call<T>, reduction: Reduction, is_mean: bool) -> Result<(), TestCaseError> {
    let loss = match call.settings.builder().reduction(reduction).build() {
        Ok(loss) => {
            prop_assert!(!call.settings.is_unsound(), "unsound settings were accepted");
            loss
        }
        Err(error) => {
            prop_assert!(call.settings.justify(&error), "untrue: {error}");
            return Ok(());
        }
    };
    let Call { logits, targets, buffer, .. } = call;
    let faults = Faults { call, is_mean, has_buffer: false };
    faults.check(loss.forward(logits, targets))?;
    faults.check(loss.value_and_gradient(logits, targets))?;
    for array in [
        [loss.gradient(logits, targets), loss.gradient(logits, targets)],
        [loss.hessian_diagonal(logits, targets), loss.hessian_diagonal(logits, targets)],
    ] {
        let [first, second] = array.map(|answer| faults.check(answer));
        prop_assert_eq!(first?.as_ref().map(array_bits), second?.as_ref().map(array_bits), "a second call differs");
    }
    let with_buffer = Faults { has_buffer: true, ..faults };
    let mut written = buffer.clone();
    if with_buffer.check(loss.value_and_gradient_into(logits, targets, &mut written))?.is_some() {
        let gradient = loss.gradient(logits, targets).unwrap();
        prop_assert_eq!(array_bits(&written), array_bits(&gradient), "into a buffer");
    }
    Ok(())
}

/// Losses are numbers ≥ 0, slopes are finite and curvatures are numbers, all of them 64 bits that repeat.
fn stays_a_number<T: Element>(call: &Call<T>) -> Result<(), TestCaseError> {
    let Call { settings, logits, targets, .. } = call;
    let loss = settings.builder().reduction(Reduction::Sum).build().unwrap();
    let (losses, gradient) = (loss.losses(logits, targets).unwrap(), loss.gradient(logits, targets).unwrap());
    let hessian = loss.hessian_diagonal(logits, targets).unwrap();
    for (index, &z) in logits.indexed_iter() {
        let [value, slope, bend] = [&losses, &gradient, &hessian].map(|array| array[&index].to_f64());
        let y = targets[&index];
        let class = index.slice().last().copied().unwrap_or(0);
        let context = format!("at logit {z:?}, target {y:?}, {}", settings.of(class));
        prop_assert!(value >= 0.0 && value.is_finite(), "loss {value} {context}");
        prop_assert!(slope.is_finite(), "gradient {slope} {context}");
        // The curvature diverges at the margin for 0 < γ < 1 only; the mean exponent of soft labels counts too.
        let soft = y != T::zero() && y != T::one();
        let may_diverge = settings.has_exponent_below_one() || soft;
        prop_assert!(!bend.is_nan(), "curvature {bend} {context}");
        prop_assert!(bend.is_finite() || may_diverge, "curvature {bend} {context}");
    }
    let again = [loss.losses(logits, targets).unwrap(), loss.gradient(logits, targets).unwrap()];
    prop_assert_eq!([losses, gradient].map(|array| array_bits(&array)), again.map(|array| array_bits(&array)));
    Ok(())
}

/// A NaN logit is a NaN in its element, and no error; an infinite logit gives no NaN.
fn spreads_no_nan<T: Element>(call: &Call<T>) -> Result<(), TestCaseError> {
    let loss = call.settings.builder().reduction(Reduction::Sum).build().unwrap();
    let losses = loss.losses(&call.logits, &call.targets).unwrap();
    let gradient = loss.gradient(&call.logits, &call.targets).unwrap();
    for (index, &z) in call.logits.indexed_iter() {
        let [z, value, slope] = [z, losses[&index], gradient[&index]].map(Float::to_f64);
        let class = index.slice().last().copied().unwrap_or(0);
        let context = format!("at logit {z:?}, target {:?}, {}", call.targets[&index], call.settings.of(class));
        prop_assert!(value.is_nan() == z.is_nan(), "loss {value} {context}");
        prop_assert!(slope.is_nan() == z.is_nan(), "gradient {slope} {context}");
    }
    Ok(())
}

fn any_logits<T: Element>() -> impl Strategy<Value = Call<T>> {
    sound::<T>().prop_flat_map(|call| {
        let special = prop_oneof![Just(f64::NAN), Just(f64::INFINITY), Just(f64::NEG_INFINITY)].prop_map(T::from_f64);
        let element = prop_oneof![3 => T::any(), 1 => special].boxed();
        array(call.logits.shape(), element).prop_map(move |logits| Call { logits, ..call.clone() })
    })
}

/// `PROPTEST_CASES=100000 cargo test --release --test arrays hostile` tries more.
fn config(cases: u32) -> ProptestConfig {
    let asked = std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok());
    ProptestConfig::with_cases(asked.unwrap_or(cases))
}

proptest! {
    #![proptest_config(config(1000))]

    #[test]
    fn single_precision_survives_anything(call in hostile::<f32>()) {
        survives(&call, Reduction::Mean, true)?;
        survives(&call, Reduction::Sum, false)?;
        survives(&call, Reduction::Divisor(3.0), false)?;
    }

    #[test]
    fn double_precision_survives_anything(call in hostile::<f64>()) {
        survives(&call, Reduction::Mean, true)?;
        survives(&call, Reduction::Sum, false)?;
        survives(&call, Reduction::Divisor(3.0), false)?;
    }

    #[test]
    fn finite_single_logits_give_numbers(call in sound::<f32>()) {
        stays_a_number(&call)?;
    }

    #[test]
    fn finite_double_logits_give_numbers(call in sound::<f64>()) {
        stays_a_number(&call)?;
    }

    #[test]
    fn nan_comes_from_nan_in_single_precision(call in any_logits::<f32>()) {
        spreads_no_nan(&call)?;
    }

    #[test]
    fn nan_comes_from_nan_in_double_precision(call in any_logits::<f64>()) {
        spreads_no_nan(&call)?;
    }
}

/// Any finite γ ≥ 0 and margin or floor below 1 may be set, even one that an `f32` cannot hold.
#[test]
fn settings_beyond_single_precision_keep_the_loss_a_number() {
    let below_one = 1.0 - f64::EPSILON / 2.0;
    let builder = AsymmetricLoss::builder;
    for builder in [
        builder().gamma_neg(1e300).gamma_pos(1e300),
        builder().gamma_neg(f64::MAX).gamma_pos(f64::MAX),
        builder().gamma_neg(f64::from_bits(1)).gamma_pos(f64::from_bits(1)),
        builder().prob_margin(below_one),
        builder().prob_margin(f64::from_bits(1)),
        builder().log_floor(below_one),
        builder().log_floor(f64::from_bits(1)),
    ] {
        for implementation in [Implementation::AlibabaMiil, Implementation::DeepPsp, Implementation::Paper] {
            let loss = builder.clone().implementation(implementation).reduction(Reduction::Sum).build().unwrap();
            for (z, y) in
                [(0.3_f64, 0.0_f64), (50.0, 0.0), (-1.0, 1.0), (-40.0, 1.0), (0.5, 0.25), (30.0, 0.5), (-80.0, 0.5)]
            {
                let (value, gradient) = loss.value_and_gradient(&ndarray::array![z], &ndarray::array![y]).unwrap();
                assert!(value >= 0.0 && gradient[0].is_finite(), "f64 {z}, {y}: {value}, {gradient}, {loss:?}");
                let (z, y) = (ndarray::array![z as f32], ndarray::array![y as f32]);
                let (value, gradient) = loss.value_and_gradient(&z, &y).unwrap();
                assert!(value >= 0.0 && gradient[0].is_finite(), "f32 {z}, {y}: {value}, {gradient}, {builder:?}");
            }
        }
    }
}

/// Where powers, squares or quotients leave the range although the result does not.
#[test]
fn extreme_settings_beside_the_margin_give_numbers() {
    let hessian = |gamma: f64, margin: f64, z: f32| {
        let loss =
            AsymmetricLoss::builder().gamma_neg(gamma).prob_margin(margin).reduction(Reduction::Sum).build().unwrap();
        loss.hessian_diagonal(&ndarray::array![z], &ndarray::array![false]).unwrap()[0]
    };
    assert_eq!(hessian(200.0, 0.5, 1e-37), 0.0);
    assert_eq!(hessian(1e30, 0.5, 1e-10), 0.0);
    // γ²d² is about 1 where d² alone is below the range.
    assert!(hessian(1e30, 0.0, 69.0) > 0.1);
}

/// A margin so small that it shows only beyond the range of the exponential.
#[test]
fn tiny_margins_bound_the_loss_of_saturated_logits() {
    let loss = |margin: f64, floor: f64| {
        let builder = AsymmetricLoss::builder().gamma_neg(0.0).prob_margin(margin).log_floor(floor);
        builder.reduction(Reduction::Sum).build().unwrap()
    };
    let targets = ndarray::array![false];
    let value: f32 = loss(1e-37, 0.0).forward(&ndarray::array![100.0], &targets).unwrap();
    let exact = -(1e-37_f32).ln();
    assert!((value - exact).abs() <= 1e-6 * exact, "{value}, exact {exact}");
    let (value, gradient) =
        loss(0.0, f64::MIN_POSITIVE).value_and_gradient(&ndarray::array![1000.0_f64], &targets).unwrap();
    assert!((value + f64::MIN_POSITIVE.ln()).abs() < 1e-12 && gradient[0] == 0.0, "{value} {gradient}");
}
