//! The documented accuracy in this build: without optimization other code runs than that which the crate's own tests measure.

use crate::partials::Small;
use asymmetric_loss::{AsymmetricLoss, Float};
use ndarray::array;

/// What `docs/accuracy.md` promises for exponents that are no whole numbers, in units in the last place.
const LIMIT: f64 = 32.0;

const MARGIN: f64 = 0.0625;

/// γ, z, y, and loss, gradient and Hessian of 256 bits, rounded.
#[rustfmt::skip]
const EXACT: [(f64, f64, f64, [f64; 3]); 20] = [
    (0.5, -3.25, 1.0, [3.2260916009831084e0, -1.0047454308848565e0, 1.3674334591220324e-2]),
    (0.5, 1.5, 1.0, [8.602623152991615e-2, -1.1308274027048269e-1, 1.3536511270429225e-1]),
    (0.5, 40.75, 1.0, [2.8428228245593702e-27, -4.2642342368390555e-27, 6.3963513552585826e-27]),
    (0.5, 199.375, 1.0, [1.3146389815948535e-130, -1.97195847239228e-130, 2.9579377085884202e-130]),
    (0.5, -2.625, 0.0, [3.5942499566129566e-4, 6.7399555670815785e-3, 4.8243322957631035e-2]),
    (0.5, 0.75, 0.0, [7.529992097224542e-1, 5.794202886474045e-1, 1.8032900871753454e-1]),
    (0.5, 5.125, 0.0, [2.588848644084007e0, 9.10690602360902e-2, -8.23742336220273e-2]),
    (2.5, -3.25, 1.0, [2.989746587676615e0, -1.1543331683110551e0, -4.650387233184344e-2]),
    (2.5, 1.5, 1.0, [2.8628731302638446e-3, -8.444512625336145e-3, 2.3612423982395683e-2]),
    (2.5, 40.75, 1.0, [1.1448524517827757e-62, -4.006983581239715e-62, 1.4024442534339004e-61]),
    (2.5, 199.375, 1.0, [8.787834046053171e-304, -3.07574191611861e-303, 1.0765096706415136e-302]),
    (2.5, -2.625, 0.0, [9.154228087080253e-9, 4.00155266439505e-7, 1.2847508072746988e-5]),
    (2.5, 0.75, 0.0, [2.863600408298242e-1, 4.227120752932588e-1, 3.789913160641937e-1]),
    (2.5, 5.125, 0.0, [2.2467528425009964e0, 1.0737842539313006e-1, -9.732459355863088e-2]),
    (7.3, -3.25, 1.0, [2.490765384118138e0, -1.4079459496824875e0, -4.3789516089884954e-2]),
    (7.3, 1.5, 1.0, [8.128548320305199e-7, -5.587581244105981e-6, 3.7459239617435555e-5]),
    (7.3, 40.75, 1.0, [1.2904728093845956e-147, -1.0710924317892143e-146, 8.890067183850478e-146]),
    (7.3, -2.625, 0.0, [8.630858890657143e-20, 8.94312140921842e-18, 8.228246358505159e-16]),
    (7.3, 0.75, 0.0, [2.813166028629595e-2, 8.923841911306186e-2, 2.2505508225680723e-1]),
    (7.3, 5.125, 0.0, [1.5989395116118326e0, 1.2482823683348636e-1, -1.1131324136302852e-1]),
];

/// Compares in units of a type with so many digits, whose smallest normal number is `smallest`.
fn check<T: Float>(name: &str, digits: i32, smallest: f64) {
    let mut largest = 0.0;
    for (gamma, z, y, exact) in EXACT {
        let loss = AsymmetricLoss::builder().gamma_neg(gamma).gamma_pos(gamma).prob_margin(MARGIN).build();
        let (logits, labels) = (array![T::from_f64(z)], array![T::from_f64(y)]);
        let d = loss.expect("valid settings").derivatives(&logits, &labels).expect("valid input");
        let actual = [d.value, d.gradient[0], d.hessian_diagonal[0]].map(T::to_f64);
        // The terms that cancel in the Hessian are about as large as the gradient.
        let measures = [exact[0], exact[1], exact[1].abs().max(exact[2].abs())];
        for ((actual, exact), measure) in actual.into_iter().zip(exact).zip(measures) {
            if measure.abs() < smallest {
                continue;
            }
            let ulp = (measure.abs().log2().floor() - f64::from(digits - 1)).exp2();
            let error = (actual - exact).abs() / ulp;
            assert!(
                error <= LIMIT,
                "{name}: {actual:e}, not {exact:e}: {error} ULP with γ = {gamma}, z = {z}, y = {y}"
            );
            largest = f64::max(largest, error);
        }
    }
    println!("{name}: at most {largest:.1} ULP");
}

#[test]
fn fractional_exponents() {
    check::<f64>("f64", f64::MANTISSA_DIGITS as i32, f64::MIN_POSITIVE);
    check::<f32>("f32", f32::MANTISSA_DIGITS as i32, f32::MIN_POSITIVE.into());
    check::<Small>("a user's float", f64::MANTISSA_DIGITS as i32, f64::MIN_POSITIVE);
}
