//! The true results: for `f32` in `f64`, for `f64` from the oracle of the tests in 256 bits.
//!
//! The reference in `f64` shares nothing with the crate but the definition. Product rule and chain rule make the
//! derivatives, as in the oracle; what differs are the forms of p, u and the cross-entropies, chosen to lose no digits.

use asymmetric_loss::Implementation;
use yardstick::{
    Setting,
    oracle::{self, Big, big},
};

use crate::statistics::Exact;

/// p − m has lost the digits of p by this factor where the oracle takes over.
const CANCELLATION: f64 = 256.0;

/// Loss, gradient and second derivative of one element, to about 1e-13 of their largest terms.
pub(crate) fn loss(setting: Setting, z: f64, y: f64) -> [Exact; 3] {
    let x = Activation::new(z, setting.margin);
    if y < 1.0 && x.cancels(setting.margin) {
        return oracle_loss(setting, z, y);
    }
    let jet = x.loss(setting, y);
    let first_term = if is_hard(y) { jet.first.abs() } else { jet.first_term };
    [
        Exact::single(jet.value),
        Exact { high: jet.first, low: 0.0, term: first_term },
        Exact { high: jet.second, low: 0.0, term: jet.second_term },
    ]
}

/// The same from the oracle, as precise as two `f64` are.
pub(crate) fn oracle_loss(setting: Setting, z: f64, y: f64) -> [Exact; 3] {
    let jet = oracle::loss(setting, z, y);
    let first_term = if is_hard(y) { &jet.first } else { &jet.first_term };
    [split(&jet.value, &jet.value), split(&jet.first, first_term), split(&jet.second, &jet.second_term)]
}

/// On hard labels all terms of a gradient have one sign.
fn is_hard(y: f64) -> bool {
    y == 0.0 || y == 1.0
}

/// A number of many bits as two.
pub(crate) fn split(x: &Big, term: &Big) -> Exact {
    let high = x.to_f64().value();
    Exact { high, low: (x - big(high)).to_f64().value(), term: term.to_f64().value().abs() }
}

/// A quantity ≥ 0 with its derivatives in z, and the magnitudes of the largest terms of those.
#[derive(Clone, Copy, Debug, Default)]
struct Jet {
    value: f64,
    first: f64,
    second: f64,
    first_term: f64,
    second_term: f64,
}

impl Jet {
    fn constant(value: f64) -> Self {
        Jet { value, ..Jet::default() }
    }

    fn scaled(self, factor: f64) -> Jet {
        Jet {
            value: factor * self.value,
            first: factor * self.first,
            second: factor * self.second,
            first_term: factor * self.first_term,
            second_term: factor * self.second_term,
        }
    }

    fn plus(self, other: Jet) -> Jet {
        Jet {
            value: self.value + other.value,
            first: self.first + other.first,
            second: self.second + other.second,
            first_term: self.first_term.max(other.first_term),
            second_term: self.second_term.max(other.second_term),
        }
    }

    fn times(self, other: Jet) -> Jet {
        Jet {
            value: self.value * other.value,
            first: self.value * other.first + self.first * other.value,
            second: self.value * other.second + 2.0 * self.first * other.first + self.second * other.value,
            first_term: (self.value * other.first_term).max(self.first_term * other.value),
            second_term: (self.value * other.second_term)
                .max(self.second_term * other.value)
                .max(2.0 * self.first_term * other.first_term),
        }
    }
}

/// What is raised to γ, with its derivatives divided by the value: those stay finite where the value underflows.
#[derive(Clone, Copy, Debug)]
struct Base {
    value: f64,
    first: f64,
    second: f64,
    first_term: f64,
    second_term: f64,
}

impl Base {
    /// The focal weight baseᵞ, where 0⁰ = 1.
    fn weight(self, gamma: f64, detached: bool) -> Jet {
        if gamma == 0.0 {
            return Jet::constant(1.0);
        }
        if self.value == 0.0 {
            return Jet::constant(0.0);
        }
        let value = if gamma.fract() == 0.0 { self.value.powi(gamma as i32) } else { self.value.powf(gamma) };
        if detached {
            return Jet::constant(value);
        }
        let bend = (gamma - 1.0) * self.first * self.first;
        let scale = gamma * value;
        Jet {
            value,
            first: scale * self.first,
            second: scale * (bend + self.second),
            first_term: scale * self.first_term,
            second_term: scale * self.second_term.max(bend.abs()),
        }
    }
}

/// What the formulations are made of, at one logit.
#[derive(Clone, Copy, Debug)]
struct Activation {
    p: f64,
    q: f64,
    /// p − m, or 0 below the margin.
    u: f64,
    /// p/u; 0 below the margin.
    amplification: f64,
    /// −ln p.
    s: f64,
    /// −ln(1 − u).
    r: f64,
    /// q/(1 − u).
    share: f64,
}

impl Activation {
    fn new(z: f64, margin: f64) -> Self {
        let t = (-z.abs()).exp();
        let (large, small) = (1.0 / (1.0 + t), t / (1.0 + t));
        let (p, q) = if z > 0.0 { (large, small) } else { (small, large) };
        let ln_1p = t.ln_1p();
        let s = ln_1p + (-z).max(0.0);
        if margin == 0.0 {
            // p/u and q/v are 1 also where they would come out as 0/0.
            return Activation { p, q, u: p, amplification: 1.0, s, r: ln_1p + z.max(0.0), share: 1.0 };
        }
        let u = p - margin;
        if u <= 0.0 {
            return Activation { p, q, u: 0.0, amplification: 0.0, s, r: 0.0, share: q };
        }
        let v = q + margin;
        let r = if u < 0.5 { -(-u).ln_1p() } else { -v.ln() };
        Activation { p, q, u, amplification: p / u, s, r, share: q / v }
    }

    /// Whether p − m has lost too many digits, or even its sign.
    fn cancels(&self, margin: f64) -> bool {
        margin > 0.0 && (self.p - margin) * CANCELLATION < self.p && margin - self.p < 1e-12 * self.p
    }

    /// a = [p > m].
    fn above(&self) -> f64 {
        f64::from(self.amplification > 0.0)
    }

    /// max(p, q), the measure of q − p.
    fn bend_term(&self) -> f64 {
        self.p.max(self.q)
    }

    fn probability(&self) -> Base {
        let &Activation { p, q, .. } = self;
        Base { value: p, first: q, second: q * (q - p), first_term: q, second_term: q * self.bend_term() }
    }

    fn shifted(&self) -> Base {
        let Base { first, second, first_term, second_term, .. } = self.probability();
        let k = self.amplification;
        Base {
            value: self.u,
            first: k * first,
            second: k * second,
            first_term: k * first_term,
            second_term: k * second_term,
        }
    }

    fn complement(&self) -> Base {
        let &Activation { p, q, .. } = self;
        Base { value: q, first: -p, second: -p * (q - p), first_term: p, second_term: p * self.bend_term() }
    }

    /// y·q + (1−y)·u.
    fn mixed(&self, y: f64) -> Base {
        let &Activation { p, q, u, .. } = self;
        let (positive, negative) = (y, (1.0 - y) * self.above());
        let value = y * q + (1.0 - y) * u;
        let slope = p * q / value;
        Base {
            value,
            first: slope * (negative - positive),
            second: slope * (q - p) * (negative - positive),
            first_term: slope * positive.max(negative),
            second_term: slope * self.bend_term() * positive.max(negative),
        }
    }

    /// −ln p.
    fn positive_entropy(&self) -> Jet {
        let &Activation { p, q, s, .. } = self;
        Jet { value: s, first: -q, second: p * q, first_term: q, second_term: q * self.bend_term() }
    }

    /// −ln(1 − u).
    fn negative_entropy(&self) -> Jet {
        let &Activation { p, q, r, share, .. } = self;
        let first = self.above() * p * share;
        Jet {
            value: r,
            first,
            second: first * (first + (q - p)),
            first_term: first,
            second_term: first * first.max(self.bend_term()),
        }
    }

    fn loss(&self, setting: Setting, y: f64) -> Jet {
        let Setting { gamma_neg, gamma_pos, implementation, detached, .. } = setting;
        let (s, r) = (self.positive_entropy(), self.negative_entropy());
        if implementation == Implementation::AlibabaMiil && !is_hard(y) {
            let gamma = gamma_pos * y + gamma_neg * (1.0 - y);
            return self.mixed(y).weight(gamma, detached).times(s.scaled(y).plus(r.scaled(1.0 - y)));
        }
        let positive = || self.complement().weight(gamma_pos, detached).times(s);
        let base = || if implementation == Implementation::DeepPsp { self.probability() } else { self.shifted() };
        let negative = || base().weight(gamma_neg, detached).times(r);
        if y == 1.0 {
            positive()
        } else if y == 0.0 {
            negative()
        } else {
            positive().scaled(y).plus(negative().scaled(1.0 - y))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{points, settings};

    /// Far less than an `f32` can show, and more than what `f64` loses beside the margin.
    const TOLERANCE: f64 = 1e-11;

    #[test]
    fn reference_agrees_with_the_oracle() {
        let mut compared = 0;
        for (index, setting) in settings::all().into_iter().enumerate() {
            let setting = crate::settings::rounded::<f32>(setting);
            for y in [0.0, 1.0, f64::from(0.1_f32), 0.5] {
                // A few points of each setting; other ones for the next.
                let z = points::hard::<f32>(&setting, 0).into_iter().skip(index % 151).step_by(151);
                for z in z.map(f64::from) {
                    let (actual, expected) = (loss(setting, z, y), oracle_loss(setting, z, y));
                    for (actual, expected) in actual.iter().zip(&expected) {
                        let error = (actual.high - expected.high).abs();
                        let bound = TOLERANCE * expected.term + f64::MIN_POSITIVE;
                        assert!(error <= bound, "z {z:?}, y {y}, {setting:?}: {actual:?}, oracle {expected:?}");
                        let error = (actual.term - expected.term).abs();
                        assert!(error <= bound, "z {z:?}, y {y}, {setting:?}: {actual:?}, oracle {expected:?}");
                    }
                    compared += 1;
                }
            }
        }
        assert!(compared > 3000, "{compared} comparisons");
    }
}
