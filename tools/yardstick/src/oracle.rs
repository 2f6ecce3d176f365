//! The loss and its derivatives from the plain definition, in so many digits that no rounding error matters.
//!
//! Nothing here is shared with the crate: no closed form of a derivative, only product rule and chain rule.

use crate::setting::Setting;
use asymmetric_loss::Implementation;
use dashu_float::{FBig, round::mode::HalfEven};

/// A float of as many bits as it takes.
pub type Big = FBig<HalfEven, 2>;

/// Enough for p − m within an ulp of p = m, and for 1 − p where it is 1e-30.
const BITS: usize = 256;

/// The number with 256 bits.
///
/// # Panics
///
/// Unless it is finite.
pub fn big(x: f64) -> Big {
    Big::try_from(x).expect("a finite number").with_precision(BITS).value()
}

fn magnitude(x: &Big) -> Big {
    if *x < big(0.0) { -x } else { x.clone() }
}

fn largest(x: Big, y: Big) -> Big {
    let (x, y) = (magnitude(&x), magnitude(&y));
    if x < y { y } else { x }
}

/// A quantity, its derivatives, and of each derivative the largest term: what rounding errors are measured by where
/// terms of both signs cancel.
#[derive(Clone, Debug)]
pub struct Jet {
    /// The quantity itself.
    pub value: Big,
    /// Its first derivative.
    pub first: Big,
    /// Its second derivative.
    pub second: Big,
    /// The magnitude of the largest term of the first derivative.
    pub first_term: Big,
    /// The magnitude of the largest term of the second derivative.
    pub second_term: Big,
}

impl Jet {
    fn constant(value: Big) -> Self {
        let zero = || big(0.0);
        Jet { value, first: zero(), second: zero(), first_term: zero(), second_term: zero() }
    }

    fn times(&self, other: &Jet) -> Jet {
        let two = big(2.0);
        Jet {
            value: &self.value * &other.value,
            first: &self.value * &other.first + &self.first * &other.value,
            second: &self.value * &other.second + &two * &self.first * &other.first + &self.second * &other.value,
            first_term: largest(&self.value * &other.first_term, &self.first_term * &other.value),
            second_term: largest(
                largest(&self.value * &other.second_term, &self.second_term * &other.value),
                two * &self.first_term * &other.first_term,
            ),
        }
    }

    fn plus(&self, other: &Jet) -> Jet {
        Jet {
            value: &self.value + &other.value,
            first: &self.first + &other.first,
            second: &self.second + &other.second,
            first_term: largest(self.first_term.clone(), other.first_term.clone()),
            second_term: largest(self.second_term.clone(), other.second_term.clone()),
        }
    }

    /// f(self), given f and its derivatives at the value.
    fn chain(&self, f: Big, f1: Big, f2: Big) -> Jet {
        let bend = &f2 * &self.first * &self.first;
        Jet {
            value: f,
            first: &f1 * &self.first,
            second: &bend + &f1 * &self.second,
            first_term: magnitude(&(&f1 * &self.first_term)),
            second_term: largest(bend, &f1 * &self.second_term),
        }
    }

    /// selfᵞ, where 0⁰ = 1.
    fn power(&self, gamma: &Big) -> Jet {
        if *gamma == big(0.0) {
            return Jet::constant(big(1.0));
        }
        if self.value == big(0.0) {
            return Jet::constant(big(0.0));
        }
        let f = (gamma * self.value.ln()).exp();
        let f1 = gamma * &f / &self.value;
        let f2 = (gamma - big(1.0)) * &f1 / &self.value;
        self.chain(f, f1, f2)
    }

    /// −ln(1 − self).
    fn neg_ln_1m(&self, complement: &Big) -> Jet {
        let value = if self.value < big(0.5) { -(-&self.value).ln_1p() } else { -complement.ln() };
        let f1 = big(1.0) / complement;
        let f2 = &f1 * &f1;
        self.chain(value, f1, f2)
    }
}

/// The loss of one element with its derivatives in the logit.
pub fn loss(setting: Setting, z: f64, y: f64) -> Jet {
    let Setting { gamma_neg, gamma_pos, margin, implementation, detached } = setting;
    let one = big(1.0);
    let odds_against = (-big(z)).exp();
    let p = &one / (&one + &odds_against);
    let q = &odds_against / (&one + &odds_against);
    let slope = &p * &q;
    let bend = &slope * (&q - &p);
    let bend_term = &slope * largest(p.clone(), q.clone());
    let p = Jet {
        value: p,
        first: slope.clone(),
        second: bend.clone(),
        first_term: slope.clone(),
        second_term: bend_term.clone(),
    };
    let wrong = Jet { value: q.clone(), first: -&slope, second: -bend, ..p.clone() };
    let above = p.value > big(margin);
    let shifted = if above { p.plus(&Jet::constant(-big(margin))) } else { Jet::constant(big(0.0)) };
    let s = wrong.neg_ln_1m(&p.value);
    let r = if above { shifted.neg_ln_1m(&(q + big(margin))) } else { Jet::constant(big(0.0)) };

    let (gamma_neg, gamma_pos) = (big(gamma_neg), big(gamma_pos));
    let weight = |base: &Jet, gamma: &Big| {
        let weight = base.power(gamma);
        if detached { Jet::constant(weight.value) } else { weight }
    };
    let (positive, negative) = (Jet::constant(big(y)), Jet::constant(one - big(y)));
    let mix = |one: &Jet, zero: &Jet| positive.times(one).plus(&negative.times(zero));
    match implementation {
        Implementation::AlibabaMiil => {
            let gamma = gamma_pos * &positive.value + gamma_neg * &negative.value;
            weight(&mix(&wrong, &shifted), &gamma).times(&mix(&s, &r))
        }
        Implementation::DeepPsp => mix(&weight(&wrong, &gamma_pos).times(&s), &weight(&p, &gamma_neg).times(&r)),
        Implementation::Paper => mix(&weight(&wrong, &gamma_pos).times(&s), &weight(&shifted, &gamma_neg).times(&r)),
        other => unreachable!("{other:?} has no plain definition here"),
    }
}
