//! Where training starts.

use crate::error::Error;
use crate::loss::AsymmetricLoss;
use crate::parameter::Parameter;
use crate::reduction::Reduction;
use crate::settings::Settings;
use crate::threads::join;
use ndarray::Array1;
use std::sync::Arc;

/// Where minima are looked for: in steps of `STEP` up to `FINE`, where losses bend, and then in steps that grow by `GROWTH`, for
/// there they are as good as exponential, up to the ends of `f64`.
const FINE: f64 = 40.0;
const STEP: f64 = 0.5;
const GROWTH: f64 = 1.2;
const END: f64 = 750.0;

/// The number of halvings after which an interval of the grid is two neighbouring floats.
const HALVINGS: usize = 64;

/// The number of base rates that are looked at together: their logits stay in the processor's cache.
const BLOCK: usize = 512;

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
    ///   margin caps what a negative costs, and rates near 0 where a floor caps what a positive does.
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
                expected: "such that the loss is least at a finite logit",
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
fn grid() -> Vec<f64> {
    let steps = (FINE / STEP) as i32;
    let fine = (-steps..=steps).map(|step| f64::from(step) * STEP);
    let mut tail: Vec<f64> =
        std::iter::successors(Some(FINE * GROWTH), |z| Some(z * GROWTH)).take_while(|z| *z < END).collect();
    tail.push(END);
    let left = tail.iter().rev().map(|z| -z);
    left.chain(fine).chain(tail.iter().copied()).collect()
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

/// An interval in which the slope of a class changes from negative to positive.
#[derive(Clone, Copy, Debug)]
struct Bracket {
    class: usize,
    low: f64,
    high: f64,
}

/// The search for the least loss of each class.
#[derive(Debug)]
struct Search<'a> {
    settings: Settings,
    rates: &'a [f64],
    grid: Vec<f64>,
    /// The slopes on the grid, if they are those of all classes.
    slopes: Option<Vec<Both>>,
}

impl<'a> Search<'a> {
    fn new(settings: Settings, rates: &'a [f64]) -> Result<Self, Error> {
        let mut search = Search { grid: grid(), slopes: None, settings, rates };
        if search.settings.classes().is_none() {
            let loss = search.loss(&[]);
            let slopes = |&z: &f64| both(&Array1::from_elem(1, z), |z, labels| loss.gradient(z, labels));
            search.slopes = Some(search.grid.iter().map(slopes).collect::<Result<_, _>>()?);
        }
        Ok(search)
    }

    /// Writes the logits of the classes from `first` on; gives the first class that has none.
    fn fill(&self, logits: &mut [f64], first: usize) -> Result<Option<usize>, Error> {
        if logits.len() <= BLOCK {
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
        for (bracket, logit, cost) in self.minima(brackets)? {
            let place = bracket.class - first;
            if cost < least[place] {
                (least[place], logits[place]) = (cost, logit);
            }
        }
        // What costs as little at an end as anywhere has no minimum, or none that can be told from the end.
        let ends = [f64::NEG_INFINITY, f64::INFINITY].map(|end| {
            let ends = Array1::from_elem(classes.len(), end);
            Ok(self.mixed(&classes, &both(&ends, |z, labels| loss.losses(z, labels))?))
        });
        let [left, right] = ends;
        let (left, right) = (left?, right?);
        let is_endless = |place: &usize| least[*place] >= left[*place].min(right[*place]);
        Ok((0..logits.len()).find(is_endless).map(|place| first + place))
    }

    /// All intervals of the grid with a minimum inside.
    fn brackets(&self, loss: &AsymmetricLoss, classes: &[usize]) -> Result<Vec<Bracket>, Error> {
        let mut brackets = Vec::new();
        let mut falls = vec![false; classes.len()];
        let mut low = -END;
        for (i, &z) in self.grid.iter().enumerate() {
            let slopes = match &self.slopes {
                Some(slopes) => self.mixed(classes, &slopes[i]),
                None => {
                    let z = Array1::from_elem(classes.len(), z);
                    self.mixed(classes, &both(&z, |z, labels| loss.gradient(z, labels))?)
                }
            };
            for ((&class, falls), &slope) in classes.iter().zip(&mut falls).zip(&slopes) {
                if *falls && slope > 0.0 {
                    brackets.push(Bracket { class, low, high: z });
                }
                *falls = slope <= 0.0;
            }
            low = z;
        }
        Ok(brackets)
    }

    /// The logit at which the slope in each bracket changes its sign, and the cost there.
    fn minima(&self, mut brackets: Vec<Bracket>) -> Result<impl Iterator<Item = (Bracket, f64, f64)>, Error> {
        let classes: Vec<usize> = brackets.iter().map(|bracket| bracket.class).collect();
        let loss = self.loss(&classes);
        let middles =
            |brackets: &[Bracket]| brackets.iter().map(|bracket| (bracket.low + bracket.high) / 2.0).collect();
        for _ in 0..HALVINGS {
            let middle: Array1<f64> = middles(&brackets);
            let slopes = self.mixed(&classes, &both(&middle, |z, labels| loss.gradient(z, labels))?);
            for ((bracket, &slope), &middle) in brackets.iter_mut().zip(&slopes).zip(&middle) {
                let end = if slope > 0.0 { &mut bracket.high } else { &mut bracket.low };
                *end = middle;
            }
        }
        let middle: Array1<f64> = middles(&brackets);
        let costs = self.mixed(&classes, &both(&middle, |z, labels| loss.losses(z, labels))?);
        Ok(brackets.into_iter().zip(middle).zip(costs).map(|((bracket, logit), cost)| (bracket, logit, cost)))
    }

    /// Of positives and negatives of some classes, or such as are those of all, the mean at the base rates.
    fn mixed(&self, classes: &[usize], [positive, negative]: &Both) -> Array1<f64> {
        let rates: Array1<f64> = classes.iter().map(|&class| self.rates[class]).collect();
        let absent = 1.0 - &rates;
        rates * positive + absent * negative
    }

    /// The loss of some classes, in their order.
    fn loss(&self, classes: &[usize]) -> AsymmetricLoss {
        let of = |parameter: &Arc<Parameter>| match &**parameter {
            Parameter::Uniform(_) => Arc::clone(parameter),
            Parameter::PerClass(values) => {
                Arc::new(Parameter::PerClass(classes.iter().map(|&class| values[class]).collect()))
            }
        };
        let Settings { gamma_neg, gamma_pos, prob_margin, pos_weight, .. } = &self.settings;
        let (gamma_neg, gamma_pos) = (of(gamma_neg), of(gamma_pos));
        let (prob_margin, pos_weight) = (of(prob_margin), of(pos_weight));
        Settings { gamma_neg, gamma_pos, prob_margin, pos_weight, ..self.settings.clone() }.into()
    }
}
