//! γ₋ held where positives and negatives are predicted equally well.

use crate::arithmetic::element::{Element, Float};
use crate::error::{Error, Short};
use crate::kernel::Fault;
use crate::kernel::Source;
use crate::loss::pass::Checked;
use crate::loss::targets::IntoTargets;
use crate::settings::multi_label::Settings;
use ndarray::{ArrayBase, Data, Dimension};
use std::fmt::{self, Display};

/// Adaptive asymmetry: moves γ₋ from batch to batch, so that the probability gap Δp stays at a target.
///
/// Δp is the mean of p over the positives of a batch minus the mean of 1 − p over its negatives: how sure the model is of what
/// is present, less how sure it is of what is absent. It is negative where negatives prevail. A larger γ₋ makes negatives
/// count less, and Δp grows. So after each batch
///
/// γ₋ ← γ₋ + λ·(target − Δp), kept between a lowest and a highest value.
///
/// By default the target is 0.1 and λ = 0.1; γ₋ starts at 4 and stays in [0, 10]. λ is the step of γ₋ per batch for a Δp that is off
/// by 1. With 0.1 the target is reached in some hundreds of batches; a larger λ is quicker, and passes more of the noise of
/// single batches on to γ₋. A γ₋ that stays at an end of its range says that the target is out of reach.
///
/// Source: Ridnik et al., "Asymmetric Loss for Multi-Label Classification", ICCV 2021 (arXiv 2009.14119), on adaptive
/// asymmetry; the sign of its rule depends on that of Δp.
///
/// # Examples
///
/// ```
/// use asymmetric_loss::{AdaptiveAsymmetry, AsymmetricLoss};
/// use ndarray::array;
///
/// let mut control = AdaptiveAsymmetry::new(0.1)?.with_rate(0.5)?.with_range(0.0, 8.0)?.starting_at(2.0)?;
/// let mut loss = AsymmetricLoss::default();
/// let batches = [(array![[-1.0, -2.0], [0.5, -3.0]], array![[1, 0], [1, 0]])];
/// for (logits, labels) in &batches {
///     let gap = control.update(logits, labels)?; // p of positives 0.45, 1 − p of negatives 0.92
///     assert!(gap.is_some_and(|gap| (gap + 0.471).abs() < 1e-3));
///     loss = loss.to_builder().gamma_neg(control.gamma_neg()).build()?;
/// }
/// assert!((control.gamma_neg() - 2.286).abs() < 1e-3);
/// # Ok::<(), asymmetric_loss::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(try_from = "State"))]
pub struct AdaptiveAsymmetry {
    target_gap: f64,
    rate: f64,
    lowest: f64,
    highest: f64,
    gamma_neg: f64,
}

impl Default for AdaptiveAsymmetry {
    /// A target of 0.1, λ = 0.1, and γ₋ = 4 in [0, 10].
    fn default() -> Self {
        AdaptiveAsymmetry { target_gap: 0.1, rate: 0.1, lowest: 0.0, highest: 10.0, gamma_neg: 4.0 }
    }
}

impl AdaptiveAsymmetry {
    /// Holds Δp at this target; all else is as by [`default`](Self::default).
    ///
    /// # Errors
    ///
    /// [`Error::ParameterOutOfRange`] unless the target is between −1 and 1.
    ///
    /// # Examples
    ///
    /// ```
    /// use asymmetric_loss::AdaptiveAsymmetry;
    ///
    /// assert_eq!(AdaptiveAsymmetry::new(0.1)?, AdaptiveAsymmetry::default());
    /// # Ok::<(), asymmetric_loss::Error>(())
    /// ```
    pub fn new(target_gap: f64) -> Result<Self, Error> {
        AdaptiveAsymmetry { target_gap, ..Self::default() }.checked()
    }

    /// λ, the step of γ₋ per batch for a Δp that is off by 1; 0 leaves γ₋ as it is.
    ///
    /// # Errors
    ///
    /// [`Error::ParameterOutOfRange`] unless λ is finite and at least 0.
    pub fn with_rate(self, rate: f64) -> Result<Self, Error> {
        AdaptiveAsymmetry { rate, ..self }.checked()
    }

    /// The lowest and the highest γ₋; one that lies outside moves to the nearer of them.
    ///
    /// # Errors
    ///
    /// [`Error::ParameterOutOfRange`] unless 0 ≤ lowest ≤ highest and both are finite.
    pub fn with_range(self, lowest: f64, highest: f64) -> Result<Self, Error> {
        let gamma_neg = self.gamma_neg.min(highest).max(lowest);
        AdaptiveAsymmetry { lowest, highest, gamma_neg, ..self }.checked()
    }

    /// γ₋ of the first batch.
    ///
    /// # Errors
    ///
    /// [`Error::ParameterOutOfRange`] if it is outside the range.
    pub fn starting_at(self, gamma_neg: f64) -> Result<Self, Error> {
        AdaptiveAsymmetry { gamma_neg, ..self }.checked()
    }

    /// γ₋ of the next batch.
    pub fn gamma_neg(&self) -> f64 {
        self.gamma_neg
    }

    /// The target of Δp.
    pub fn target_gap(&self) -> f64 {
        self.target_gap
    }

    /// λ, the step of γ₋ per batch for a Δp that is off by 1.
    pub fn rate(&self) -> f64 {
        self.rate
    }

    /// The lowest and the highest γ₋.
    pub fn range(&self) -> (f64, f64) {
        (self.lowest, self.highest)
    }

    /// Moves γ₋ by what a batch shows; returns its Δp.
    ///
    /// A batch without positives, or without negatives, has no Δp: that is `None`, and γ₋ stays. It also stays where a NaN
    /// among the logits makes Δp NaN, and after an error.
    ///
    /// # Errors
    ///
    /// Those of [`probability_gap`](Self::probability_gap).
    ///
    /// # Examples
    ///
    /// ```
    /// use asymmetric_loss::AdaptiveAsymmetry;
    /// use ndarray::array;
    ///
    /// let mut control = AdaptiveAsymmetry::default();
    /// assert_eq!(control.update(&array![0.5, -1.0], &array![false, false])?, None);
    /// assert_eq!(control.gamma_neg(), 4.0);
    ///
    /// let gap = control.update(&array![0.0, 0.0], &array![true, false])?;
    /// assert_eq!(gap, Some(0.0)); // below the target
    /// assert!(control.gamma_neg() > 4.0);
    /// # Ok::<(), asymmetric_loss::Error>(())
    /// ```
    pub fn update<'a, T: Element, S: Data<Elem = T>, D: Dimension>(
        &mut self,
        logits: &ArrayBase<S, D>,
        targets: impl IntoTargets<'a, T, D>,
    ) -> Result<Option<f64>, Error> {
        let gap = Self::probability_gap(logits, targets)?;
        if let Some(gap) = gap.filter(|gap| !gap.is_nan()) {
            let step = self.rate * (self.target_gap - gap);
            self.gamma_neg = (self.gamma_neg + step).clamp(self.lowest, self.highest);
        }
        Ok(gap)
    }

    /// Δp of a batch: Σ y·p/Σ y − Σ (1−y)·(1−p)/Σ (1−y); `None` if a divisor is 0.
    ///
    /// A soft label counts by its share to either side. Weights of the targets multiply y and 1 − y; elements with an unknown label
    /// or of weight 0 are left out. A NaN logit of another gives NaN.
    ///
    /// # Errors
    ///
    /// [What can be wrong with targets](crate::Loss#errors): their shape, labels, indices and weights.
    ///
    /// # Examples
    ///
    /// ```
    /// use asymmetric_loss::AdaptiveAsymmetry;
    /// use ndarray::array;
    ///
    /// let quarter = -(3.0_f64.ln()); // the logit of p = 0.25
    /// let gap = AdaptiveAsymmetry::probability_gap(&array![quarter, quarter, quarter], &array![1, 0, 0])?;
    /// assert!(gap.is_some_and(|gap| (gap - (0.25 - 0.75)).abs() < 1e-15));
    /// # Ok::<(), asymmetric_loss::Error>(())
    /// ```
    pub fn probability_gap<'a, T: Element, S: Data<Elem = T>, D: Dimension>(
        logits: &ArrayBase<S, D>,
        targets: impl IntoTargets<'a, T, D>,
    ) -> Result<Option<f64>, Error> {
        let (view, targets) = (logits.view(), targets.into_targets());
        let targets = Checked::new(&view, &targets)?;
        let (mut sides, one) = (Sides::default(), T::from_float(T::Float::from_f64(1.0)));
        // In logical order, so that no layout shows.
        let mut weights = targets.weights.iter().flatten();
        for (z, y) in logits.iter().zip(targets.source.presences()) {
            let weight = weights.next().unwrap_or(&one);
            if let Some(y) = y {
                sides.add(z, y, weight);
            }
        }
        if sides.invalid {
            return Err(targets.error(&Settings::default(), None, Fault::InvalidTarget { valid: 0 }));
        }
        Ok(sides.positives.get().zip(sides.negatives.get()).map(|(present, absent)| present - absent))
    }

    fn checked(self) -> Result<Self, Error> {
        let AdaptiveAsymmetry { target_gap, rate, lowest, highest, gamma_neg } = self;
        let least = "finite and at least 0";
        for (parameter, actual, valid, expected) in [
            ("target_gap", target_gap, target_gap > -1.0 && target_gap < 1.0, "above -1 and below 1"),
            ("rate", rate, rate >= 0.0 && rate.is_finite(), least),
            ("lowest", lowest, lowest >= 0.0 && lowest.is_finite(), least),
            ("highest", highest, highest >= lowest && highest.is_finite(), "finite and at least the lowest"),
            ("gamma_neg", gamma_neg, (lowest..=highest).contains(&gamma_neg), "from the lowest to the highest"),
        ] {
            if !valid {
                return Err(Error::ParameterOutOfRange { parameter, expected, actual, class: None });
            }
        }
        Ok(self)
    }
}

/// Target, rate, range and γ₋, on one line.
impl Display for AdaptiveAsymmetry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [target, rate, lowest, highest, gamma] =
            [self.target_gap, self.rate, self.lowest, self.highest, self.gamma_neg].map(Short);
        write!(f, "AdaptiveAsymmetry(target_gap={target}, rate={rate}, ")?;
        write!(f, "lowest={lowest}, highest={highest}, gamma_neg={gamma})")
    }
}

/// What a file says of [`AdaptiveAsymmetry`], before it is checked.
#[cfg(feature = "serde")]
#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct State {
    target_gap: f64,
    rate: f64,
    lowest: f64,
    highest: f64,
    gamma_neg: f64,
}

#[cfg(feature = "serde")]
impl TryFrom<State> for AdaptiveAsymmetry {
    type Error = Error;

    fn try_from(state: State) -> Result<Self, Error> {
        let State { target_gap, rate, lowest, highest, gamma_neg } = state;
        AdaptiveAsymmetry { target_gap, rate, lowest, highest, gamma_neg }.checked()
    }
}

/// What is predicted for each kind of label.
#[derive(Default)]
struct Sides {
    /// p of positives.
    positives: Mean,
    /// 1 − p of negatives.
    negatives: Mean,
    /// Whether a label was none.
    invalid: bool,
}

impl Sides {
    /// An element, unless its weight is 0: whatever it holds then has no part.
    fn add<T: Element>(&mut self, z: &T, y: f64, weight: &T) {
        let [z, weight] = [z, weight].map(|element| element.to_float().to_f64());
        if weight == 0.0 {
            return;
        }
        self.invalid |= !(0.0..=1.0).contains(&y);
        if y > 0.0 {
            self.positives.add(weight * y, sigmoid(z));
        }
        if y < 1.0 {
            self.negatives.add(weight * (1.0 - y), sigmoid(-z));
        }
    }
}

/// A weighted mean; none without weight.
#[derive(Default)]
struct Mean {
    sum: f64,
    weight: f64,
}

impl Mean {
    fn add(&mut self, weight: f64, value: f64) {
        self.sum += weight * value;
        self.weight += weight;
    }

    fn get(&self) -> Option<f64> {
        (self.weight > 0.0).then(|| self.sum / self.weight)
    }
}

/// 1/(1 + e⁻ᶻ), for a mean: where e⁻ᶻ is infinite, that is 0.
fn sigmoid(z: f64) -> f64 {
    1.0 / (1.0 + (-z).exp())
}
