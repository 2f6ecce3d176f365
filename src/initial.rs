//! Where training starts.

use crate::error::Error;
use crate::loss::AsymmetricLoss;
use crate::parameter::Parameter;
use crate::reduction::Reduction;
use ndarray::Array1;

/// The grid on which the least loss is looked for: fine where losses bend, then on to the ends of `f64`.
const FINE: (f64, f64) = (40.0, 0.25);
const COARSE: (f64, f64) = (750.0, 1.0);

/// The number of halvings after which an interval of the grid is two neighbouring floats.
const HALVINGS: usize = 64;

impl AsymmetricLoss {
    /// The constant logit that costs least where labels are present at a base rate ρ, which is a number or one per class: the
    /// bias of an output layer before training, the base score of boosting.
    ///
    /// It is the z that minimises ρ·L(z, 1) + (1 − ρ)·L(z, 0): for binary cross-entropy ln(ρ/(1−ρ)), for every other setting
    /// another. One value per class; a single one where neither setting nor base rate is given per class.
    ///
    /// # Errors
    ///
    /// - [`Error::ParameterOutOfRange`] for a base rate that is not between 0 and 1.
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
        let rates = self.base_rates(&base_rate.into())?;
        // The weight of a class moves no minimum, and one of 0 would leave none.
        let loss = self.to_builder().detach_focal_weight(false).reduction(Reduction::Sum).class_weight(1).build()?;
        let start = Array1::from_elem(rates.len(), -COARSE.0);
        let (mut least, mut low, mut high) = (start.mapv(|_| f64::INFINITY), start.clone(), start);
        let mut z = -COARSE.0;
        while z <= COARSE.0 {
            let step = if (-FINE.0..FINE.0).contains(&z) { FINE.1 } else { COARSE.1 };
            let expected = loss.mixed(&rates, |present| loss.losses(&rates.mapv(|_| z), &present))?;
            for (class, &value) in expected.iter().enumerate() {
                if value < least[class] {
                    (least[class], low[class], high[class]) = (value, z - COARSE.1, z + COARSE.1);
                }
            }
            z += step;
        }
        for _ in 0..HALVINGS {
            let middle = (&low + &high) / 2.0;
            let slope = loss.mixed(&rates, |present| loss.gradient(&middle, &present))?;
            for (class, &slope) in slope.iter().enumerate() {
                let end = if slope > 0.0 { &mut high[class] } else { &mut low[class] };
                *end = middle[class];
            }
        }
        Ok((low + high) / 2.0)
    }

    /// Of labels that are all present and such as are all absent, the mean at the base rates.
    fn mixed(
        &self,
        rates: &Array1<f64>,
        of: impl Fn(Array1<bool>) -> Result<Array1<f64>, Error>,
    ) -> Result<Array1<f64>, Error> {
        let [present, absent] = [true, false].map(|label| of(rates.mapv(|_| label)));
        Ok(present? * rates + absent? * (1.0 - rates))
    }

    /// Base rates, one per class.
    fn base_rates(&self, rates: &Parameter) -> Result<Array1<f64>, Error> {
        const NAME: &str = "base_rate";
        if let Some(class) = rates.values().iter().position(|rate| !(*rate > 0.0 && *rate < 1.0)) {
            return Err(Error::ParameterOutOfRange {
                parameter: NAME,
                expected: "above 0 and below 1",
                actual: rates.values()[class],
                class: rates.classes().map(|_| class),
            });
        }
        match (self.settings().classes(), rates) {
            (_, Parameter::PerClass(values)) if values.is_empty() => Err(Error::EmptyParameter { parameter: NAME }),
            (Some(expected), Parameter::PerClass(values)) if values.len() != expected => {
                Err(Error::ParameterLength { parameter: NAME, expected, actual: values.len() })
            }
            (_, Parameter::PerClass(values)) => Ok(Array1::from(values.clone())),
            (classes, Parameter::Uniform(rate)) => Ok(Array1::from_elem(classes.unwrap_or(1), *rate)),
        }
    }
}
