//! Where training starts.

use crate::arrays::threads::join;
use crate::error::Error;
use crate::loss::multi_label::AsymmetricLoss;
use crate::settings::multi_label::Settings;
use crate::settings::parameter::Parameter;
use crate::settings::reduction::Reduction;
use ndarray::Array1;
use std::iter::successors;
use std::sync::Arc;

/// Where minima are looked for: in small steps up to `FINE`, where losses bend, and then in steps that grow by `GROWTH`, for there
/// they are as good as exponential, up to the ends of `f64`.
const FINE: f64 = 40.0;
const GROWTH: f64 = 1.5;
const END: f64 = 750.0;

/// The length of a small step. Losses bend over a length of 1 or more, but for the corners of a floor, and those of the margin where
/// smoothed labels are neither 0 nor 1: a minimum may lie right beside them.
fn small_step(settings: &Settings) -> f64 {
    if settings.log_floor > 0.0 || settings.label_smoothing > 0.0 { 0.125 } else { 1.0 }
}

/// The number of steps after which an interval of the grid is down to a rounding, whatever the slopes are.
const STEPS: i32 = 64;

/// How many times wider than halving would leave it an interval may be: steps by the secant rarely shrink both sides.
const SPARE: f64 = 4.0;

/// The number of base rates that are looked at together: their logits stay in the processor's cache.
const RATES_TOGETHER: usize = 512;

impl AsymmetricLoss {
    /// The constant logit that costs least where labels are present at a base rate ρ, which is a number or one per class: the
    /// bias of an output layer before training, the base score of boosting.
    ///
    /// It is the z that minimises ρ·L(z, 1) + (1 − ρ)·L(z, 0): for binary cross-entropy ln(ρ/(1−ρ)), for every other setting
    /// another. One value per class; a single one where neither setting nor base rate is given per class. The weight of a class
    /// has no influence, not even one of 0.
    ///
    /// # Errors
    ///
    /// - [`Error::ParameterOutOfRange`] for a base rate that is not between 0 and 1; for a positive weight of 0, with which nothing
    ///   holds the logit back from −∞; and for a base rate at which the loss is least at −∞ or ∞. Such are rates near 1 where a
    ///   margin caps what a negative costs, and rates near 0 where a floor caps what a positive does. For exponents that make all losses too
    ///   small for an `f64`, from some 1000 on.
    /// - [`Error::EmptyParameter`] and [`Error::ParameterLength`] if base rates are not as many as settings.
    ///
    /// # Examples
    ///
    /// ```
    /// use asymmetric_loss::AsymmetricLoss;
    ///
    /// let cross_entropy = AsymmetricLoss::builder().gamma_neg(0).gamma_pos(0).prob_margin(0).build()?;
    /// let bias = cross_entropy.initial_logit([0.5, 0.01])?;
    /// assert!(bias[0].abs() < 1e-9 && (bias[1] - (0.01_f64 / 0.99).ln()).abs() < 1e-9);
    ///
    /// let bias = AsymmetricLoss::default().initial_logit(0.01)?;
    /// assert!((bias[0] + 0.747).abs() < 1e-3); // far from −4.595
    /// # Ok::<(), asymmetric_loss::Error>(())
    /// ```
    #[doc(alias = "bias")]
    pub fn initial_logit(&self, base_rate: impl Into<Parameter>) -> Result<Array1<f64>, Error> {
        let base_rate = base_rate.into();
        let rates = self.base_rates(&base_rate)?;
        self.check_positives()?;
        let settings = Settings {
            detach_focal_weight: false,
            reduction: Reduction::Sum,
            class_weight: Arc::new(Parameter::Uniform(1.0)),
            ..self.settings().clone()
        };
        let per_class = base_rate.classes().or(settings.classes()).is_some();
        let mut logits = vec![0.0; rates.len()];
        Search::new(settings, &rates)?.fill(&mut logits, 0)?.map_or(Ok(Array1::from(logits)), |class| {
            Err(Error::ParameterOutOfRange {
                parameter: BASE_RATE,
                expected: "one for which a finite logit has the least loss",
                actual: rates[class],
                class: per_class.then_some(class),
            })
        })
    }

    /// Fails if positives weigh nothing.
    fn check_positives(&self) -> Result<(), Error> {
        let weights = self.settings().pos_weight();
        let Some(class) = weights.values().iter().position(|&weight| weight == 0.0) else { return Ok(()) };
        Err(Error::ParameterOutOfRange {
            parameter: "pos_weight",
            expected: "above 0 (and so must alpha), because without positives the loss is least at −∞",
            actual: 0.0,
            class: weights.classes().map(|_| class),
        })
    }

    /// Base rates, one per class.
    fn base_rates(&self, rates: &Parameter) -> Result<Vec<f64>, Error> {
        if let Some(class) = rates.values().iter().position(|rate| !(*rate > 0.0 && *rate < 1.0)) {
            return Err(Error::ParameterOutOfRange {
                parameter: BASE_RATE,
                expected: "above 0 and below 1",
                actual: rates.values()[class],
                class: rates.classes().map(|_| class),
            });
        }
        match (self.settings().classes(), rates) {
            (_, Parameter::PerClass(values)) if values.is_empty() => {
                Err(Error::EmptyParameter { parameter: BASE_RATE })
            }
            (Some(expected), Parameter::PerClass(values)) if values.len() != expected => {
                Err(Error::ParameterLength { parameter: BASE_RATE, expected, actual: values.len() })
            }
            (_, Parameter::PerClass(values)) => Ok(values.clone()),
            (classes, Parameter::Uniform(rate)) => Ok(vec![*rate; classes.unwrap_or(1)]),
        }
    }
}

const BASE_RATE: &str = "base_rate";

/// The logits at which slopes are compared, in increasing order.
fn grid(settings: &Settings) -> Vec<f64> {
    let step = small_step(settings);
    let steps = (FINE / step) as i32;
    let mut tail: Vec<f64> = successors(Some(FINE * GROWTH), |z| Some(z * GROWTH)).take_while(|z| *z < END).collect();
    tail.push(END);
    let left = tail.iter().rev().map(|z| -z);
    left.chain((-steps..=steps).map(|i| f64::from(i) * step)).chain(tail.iter().copied()).collect()
}

/// What positives and negatives cost at logits, or the slopes of that.
type Both = [Array1<f64>; 2];

fn both(
    logits: &Array1<f64>,
    of: impl Fn(&Array1<f64>, &Array1<bool>) -> Result<Array1<f64>, Error>,
) -> Result<Both, Error> {
    let of = |label| of(logits, &Array1::from_elem(logits.len(), label));
    Ok([of(true)?, of(false)?])
}

/// The mean over positives and negatives at a base rate.
fn mean(rate: f64, positive: f64, negative: f64) -> f64 {
    rate * positive + (1.0 - rate) * negative
}

/// An interval in which the slope of a class changes from negative to positive.
#[derive(Clone, Copy, Debug)]
struct Bracket {
    class: usize,
    start: f64,
    ends: [f64; 2],
    slopes: [f64; 2],
}

impl Bracket {
    fn middle(&self) -> f64 {
        (self.ends[0] + self.ends[1]) / 2.0
    }

    /// Whether the minimum is not yet known but for roundings.
    fn is_wide(&self) -> bool {
        (self.ends[1] - self.ends[0]) / 2.0 > self.tolerance()
    }

    /// What half the width of the interval may be in the end: about a rounding of the logit.
    fn tolerance(&self) -> f64 {
        f64::EPSILON * self.ends[0].abs().max(self.ends[1].abs()).max(1.0)
    }

    /// Where to look next: the ITP method of Oliveira and Takahashi (2020). It goes by the secant, a little towards the middle so
    /// that both ends move, but never so far from the middle that it would need more than a few steps beyond those of halving.
    fn next(&self, step: i32) -> f64 {
        let ([low, high], [low_slope, high_slope], middle) = (self.ends, self.slopes, self.middle());
        let secant = (low * high_slope - high * low_slope) / (high_slope - low_slope);
        let width = high - low;
        let towards = (0.2 * width * width / self.start)
            .max(self.tolerance())
            .min((middle - secant).abs())
            .copysign(middle - secant);
        let most = (self.start * 0.5_f64.powi(step) * SPARE - width / 2.0).max(0.0);
        let next = middle + (secant + towards - middle).clamp(-most, most);
        if low < next && next < high { next } else { middle }
    }
}

/// The search for the least loss of each class.
#[derive(Debug)]
struct Search<'a> {
    settings: Settings,
    rates: &'a [f64],
    grid: Vec<f64>,
    /// The slopes on the grid, if they are those of all classes.
    slopes: Option<Vec<[f64; 2]>>,
}

impl<'a> Search<'a> {
    fn new(settings: Settings, rates: &'a [f64]) -> Result<Self, Error> {
        let mut search = Search { grid: grid(&settings), slopes: None, settings, rates };
        if search.settings.classes().is_none() {
            let loss = search.loss(&[]);
            let [positive, negative] =
                both(&search.grid.iter().copied().collect(), |z, labels| loss.gradient(z, labels))?;
            search.slopes = Some(positive.into_iter().zip(negative).map(<[f64; 2]>::from).collect());
        }
        Ok(search)
    }

    /// Writes the logits of the classes from `first` on; gives the first class that has none.
    fn fill(&self, logits: &mut [f64], first: usize) -> Result<Option<usize>, Error> {
        if logits.len() <= RATES_TOGETHER {
            return self.fill_block(logits, first);
        }
        let evaluations = logits.len() * self.grid.len();
        let (left, right) = logits.split_at_mut(logits.len() / 2);
        let middle = first + left.len();
        let (left, right) = join(evaluations, || self.fill(left, first), || self.fill(right, middle));
        Ok(left?.or(right?))
    }

    fn fill_block(&self, logits: &mut [f64], first: usize) -> Result<Option<usize>, Error> {
        let classes: Vec<usize> = (first..first + logits.len()).collect();
        let loss = self.loss(&classes);
        let brackets = self.brackets(&loss, &classes)?;
        if brackets.is_empty() {
            return Ok(Some(first));
        }
        let mut least = vec![f64::INFINITY; logits.len()];
        for (class, logit, cost) in self.minima(brackets)? {
            let i = class - first;
            if cost < least[i] {
                (least[i], logits[i]) = (cost, logit);
            }
        }
        for (class, least) in (first..).zip(&least) {
            let rate = self.rates[class];
            // No loss is 0, unless its powers are too small for a float.
            if least / rate.min(1.0 - rate) < f64::MIN_POSITIVE {
                return Err(self.vanished(class));
            }
        }
        // What costs as little at an end as anywhere has no minimum, or none that can be told from the end.
        let ends = [f64::NEG_INFINITY, f64::INFINITY].map(|end| {
            let ends = Array1::from_elem(classes.len(), end);
            Ok(self.means(&classes, &both(&ends, |z, labels| loss.losses(z, labels))?))
        });
        let [left, right] = ends;
        let (left, right) = (left?, right?);
        let is_endless = |i: &usize| least[*i] >= left[*i].min(right[*i]);
        Ok((0..logits.len()).find(is_endless).map(|i| first + i))
    }

    /// What is wrong where the least loss of a class vanishes: the larger of its exponents.
    fn vanished(&self, class: usize) -> Error {
        let (neg, pos) = (self.settings.gamma_neg(), self.settings.gamma_pos());
        let is_pos = pos.of_class(class) > neg.of_class(class);
        let (parameter, gamma) = if is_pos { ("gamma_pos", pos) } else { ("gamma_neg", neg) };
        let expected = "so small that the least loss does not vanish";
        let (actual, class) = (gamma.of_class(class).unwrap_or(f64::NAN), gamma.classes().map(|_| class));
        Error::ParameterOutOfRange { parameter, expected, actual, class }
    }

    /// All intervals of the grid with a minimum inside.
    fn brackets(&self, loss: &AsymmetricLoss, classes: &[usize]) -> Result<Vec<Bracket>, Error> {
        let mut brackets = Vec::new();
        let mut before = vec![0.0; classes.len()];
        for (i, &z) in self.grid.iter().enumerate() {
            let slopes = match &self.slopes {
                Some(slopes) => {
                    let [positive, negative] = slopes[i];
                    classes.iter().map(|&class| mean(self.rates[class], positive, negative)).collect()
                }
                None => {
                    let z = Array1::from_elem(classes.len(), z);
                    self.means(classes, &both(&z, |z, labels| loss.gradient(z, labels))?)
                }
            };
            for ((&class, before), &slope) in classes.iter().zip(&mut before).zip(&slopes) {
                if slope > 0.0 && *before <= 0.0 && i > 0 {
                    brackets.push(Bracket {
                        class,
                        start: z - self.grid[i - 1],
                        ends: [self.grid[i - 1], z],
                        slopes: [*before, slope],
                    });
                }
                *before = slope;
            }
        }
        Ok(brackets)
    }

    /// The class of each bracket, the logit at which the slope in it changes its sign, and the cost there.
    fn minima(&self, mut brackets: Vec<Bracket>) -> Result<impl Iterator<Item = (usize, f64, f64)>, Error> {
        let classes: Vec<usize> = brackets.iter().map(|bracket| bracket.class).collect();
        let loss = self.loss(&classes);
        let mut step = 0;
        while brackets.iter().any(Bracket::is_wide) && step < STEPS {
            let logits = brackets.iter().map(|bracket| bracket.next(step)).collect();
            let slopes = self.means(&classes, &both(&logits, |z, labels| loss.gradient(z, labels))?);
            for ((bracket, &slope), &logit) in brackets.iter_mut().zip(&slopes).zip(&logits) {
                // One that is done stays, so that what else is looked for at the same time does not show.
                if bracket.is_wide() {
                    let side = usize::from(slope > 0.0);
                    (bracket.ends[side], bracket.slopes[side]) = (logit, slope);
                }
            }
            step += 1;
        }
        // At a corner, the side from which the slope is still that of the minimum.
        let logits: Array1<f64> = brackets.iter().map(|bracket| bracket.ends[0]).collect();
        let costs = self.means(&classes, &both(&logits, |z, labels| loss.losses(z, labels))?);
        Ok(classes.into_iter().zip(logits).zip(costs).map(|((class, logit), cost)| (class, logit, cost)))
    }

    /// Of positives and negatives of some classes, the means at their base rates.
    fn means(&self, classes: &[usize], [positive, negative]: &Both) -> Vec<f64> {
        let both = positive.iter().zip(negative);
        classes
            .iter()
            .zip(both)
            .map(|(&class, (&positive, &negative))| mean(self.rates[class], positive, negative))
            .collect()
    }

    /// The loss of some classes, in their order.
    fn loss(&self, classes: &[usize]) -> AsymmetricLoss {
        self.settings.of_classes(classes).into()
    }
}
