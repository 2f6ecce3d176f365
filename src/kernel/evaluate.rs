//! Takes a run of consecutive elements through the formula.

use super::arrays::FACTORS;
use super::plan::{Plan, STRETCH};
use super::stretch::{convert, mark, multiply, place, stretch};
use super::weigh::{Count, Prepared};
use crate::activation::bound;
use crate::arithmetic::{Arithmetic, Mask, Native, Scalar, Task, run};
use crate::element::Float;
use crate::focal::{Jet, Order};
use crate::formula::{Class, Formula};
use crate::safeguard::Curvature;
use crate::settings::Implementation;
use crate::slices::reborrow_as;
use crate::sparse::Present;
use crate::sum::Accumulator;
use castaway::cast;

/// The size of an element, in bytes, above which elements go one by one, or a stretch of them would fill the stack.
pub(crate) const LARGE: usize = 64;

// The formulas, for `apart`.
const HARD: u8 = 0;
const BLENDED: u8 = 1;
const MIXED: u8 = 2;

/// Labels in a form that the kernel reads; every other form is converted first.
#[derive(Clone, Copy, Debug)]
pub(crate) enum LabelRun<'a, T> {
    Floats(&'a [T]),
    Bools(&'a [bool]),
    Bytes(&'a [u8]),
    Sparse(Present<'a>),
}

/// Consecutive elements to evaluate, and where the results go. All slices have one length.
#[derive(Debug)]
pub(crate) struct Run<'a, T: Float> {
    pub(crate) logits: &'a [T],
    pub(crate) labels: LabelRun<'a, T>,
    /// The label that stands for an unknown one, if there is such.
    pub(crate) unknown: Option<T>,
    /// What the results are multiplied by.
    pub(crate) factors: [Option<&'a [T]>; FACTORS],
    /// Whether a factor may be 0, which leaves the element out.
    pub(crate) leaves_out: bool,
    /// The class of the first element.
    pub(crate) class: usize,
    /// Whether the class is that of all elements; otherwise classes follow each other, over and over.
    pub(crate) one_class: bool,
    /// Whether the derivatives in γ₊, m and γ₋ take the places of losses, gradient and Hessian.
    pub(crate) in_parameters: bool,
    /// What gradient and Hessian are multiplied by.
    pub(crate) scale: T,
    pub(crate) sum: &'a mut Accumulator<T>,
    pub(crate) losses: Option<&'a mut [T]>,
    pub(crate) gradient: Option<&'a mut [T]>,
    pub(crate) hessian: Option<&'a mut [T]>,
}

/// A label is outside [0, 1].
#[derive(Debug)]
pub(crate) struct InvalidLabel {
    /// The number of elements before it, in logical order, that are known to be valid.
    pub(crate) valid: usize,
}

/// Evaluates a run: `f32` and `f64` in vectors, other elements one by one.
pub(crate) fn evaluate<T: Float>(plan: &Plan<T>, mut run: Run<'_, T>) -> Result<(), InvalidLabel> {
    if run.logits.is_empty() {
        return Ok(());
    }
    if let Ok(plan) = cast!(plan, &Plan<f32>)
        && let Some(run) = run.reborrow_as()
    {
        return evaluate_single(plan, run);
    }
    if let Ok(plan) = cast!(plan, &Plan<f64>)
        && let Some(run) = run.reborrow_as()
    {
        return evaluate_double(plan, run);
    }
    if size_of::<T>() > LARGE { scalars::<T, 1>(plan, run) } else { scalars::<T, STRETCH>(plan, run) }
}

/// Not inlined, so that no call but this makes room for it on the stack.
#[inline(never)]
fn scalars<T: Float, const N: usize>(plan: &Plan<T>, run: Run<'_, T>) -> Result<(), InvalidLabel> {
    stretches::<Scalar<T>, N>((), plan, run)
}

// Functions without parameters are compiled with this crate and not, unoptimized perhaps, with its user.

fn evaluate_single(plan: &Plan<f32>, elements: Run<'_, f32>) -> Result<(), InvalidLabel> {
    run(Evaluate { plan, run: elements })
}

fn evaluate_double(plan: &Plan<f64>, elements: Run<'_, f64>) -> Result<(), InvalidLabel> {
    run(Evaluate { plan, run: elements })
}

struct Evaluate<'a, T: Float> {
    plan: &'a Plan<T>,
    run: Run<'a, T>,
}

impl<T: Native> Task<T> for Evaluate<'_, T> {
    type Output = Result<(), InvalidLabel>;

    #[inline(always)]
    fn run<V: Arithmetic<Element = T>>(self, context: V::Context) -> Self::Output {
        stretches::<V, STRETCH>(context, self.plan, self.run)
    }
}

impl<T: Float> Run<'_, T> {
    /// The same run, if `U` is `T`.
    fn reborrow_as<U: Float>(&mut self) -> Option<Run<'_, U>> {
        Some(Run {
            logits: cast!(self.logits, &[U]).ok()?,
            labels: match self.labels {
                LabelRun::Floats(labels) => LabelRun::Floats(cast!(labels, &[U]).ok()?),
                LabelRun::Bools(labels) => LabelRun::Bools(labels),
                LabelRun::Bytes(labels) => LabelRun::Bytes(labels),
                LabelRun::Sparse(present) => LabelRun::Sparse(present),
            },
            unknown: self.unknown.and_then(|unknown| cast!(unknown, U).ok()),
            factors: self.factors.map(|factor| factor.and_then(|factor| cast!(factor, &[U]).ok())),
            leaves_out: self.leaves_out,
            class: self.class,
            one_class: self.one_class,
            in_parameters: self.in_parameters,
            scale: cast!(self.scale, U).ok()?,
            sum: cast!(&mut *self.sum, &mut Accumulator<U>).ok()?,
            losses: reborrow_as(&mut self.losses),
            gradient: reborrow_as(&mut self.gradient),
            hessian: reborrow_as(&mut self.hessian),
        })
    }
}

/// Evaluates a run, `N` elements at a time.
///
/// Loops count by hand: iterators are calls in an unoptimized build.
#[inline(always)]
fn stretches<V: Arithmetic, const N: usize>(
    context: V::Context,
    plan: &Plan<V::Element>,
    run: Run<'_, V::Element>,
) -> Result<(), InvalidLabel> {
    let Run { logits, labels, unknown, factors, leaves_out, class, one_class, scale, sum, .. } = run;
    let (mut losses, mut gradient, mut hessian) = (run.losses, run.gradient, run.hessian);
    let order = match (run.in_parameters, &gradient, &hessian) {
        (true, ..) => Order::Parameters,
        (_, _, Some(_)) => Order::Second,
        (_, Some(_), _) => Order::First,
        _ => Order::Value,
    };
    let zeros = [V::Element::from_f64(0.0); N];
    let mut padded = [zeros; 2 + FACTORS];
    let mut results = [zeros; 3];
    let same = one_class.then(|| plan.table.row(class).map(|constant| [constant; N]));
    let mut classes = match &same {
        Some(same) => same.columns(),
        None => plan.table.window(class % plan.table.classes),
    };
    let alike = one_class || plan.table.classes == 1;
    let mut constants = load_class::<V, N>(context, &classes, 0);
    let same_weight = plan.weighs_classes.then(|| [plan.table.class_weights(class)[0]; N]);
    let mut places = match &labels {
        LabelRun::Sparse(present) => Some(present.places()),
        _ => None,
    };
    let leaves_out = leaves_out || plan.leaves_out || unknown.is_some();
    let weighs =
        leaves_out || plan.weighs_classes || plan.weighs_positives || factors.iter().any(|factor| factor.is_some());
    let smooths = plan.formula.smoothing.is_some();
    let mut prepared = (weighs || smooths).then(Prepared::new);
    let safeguards = order == Order::Second && plan.curvature != Curvature::Exact;
    let mut start = 0;
    while start < logits.len() {
        let range = start..logits.len().min(start + N);
        let first_class = (class + start) % plan.table.classes;
        if !alike && start > 0 {
            classes = plan.table.window(first_class);
        }
        let [padded_logits, padded_labels, padded_first, padded_second] = &mut padded;
        let mut logits = stretch(&logits[range.clone()], padded_logits);
        let mut labels = match labels {
            LabelRun::Floats(labels) => stretch(&labels[range.clone()], padded_labels),
            LabelRun::Bools(labels) => convert(&labels[range.clone()], padded_labels),
            LabelRun::Bytes(labels) => convert(&labels[range.clone()], padded_labels),
            LabelRun::Sparse(_) => mark(&mut places, range.clone(), padded_labels),
        };
        let mut factor = None;
        if let Some(prepared) = &mut prepared {
            let class_weight = match &same_weight {
                Some(_) if !alike => plan.table.class_weights(first_class).first_chunk(),
                same => same.as_ref(),
            };
            let count = Count {
                unknown,
                factors: [
                    class_weight,
                    factors[0].map(|factor| stretch(&factor[range.clone()], padded_first)),
                    factors[1].map(|factor| stretch(&factor[range.clone()], padded_second)),
                ],
                pos_weight: plan.weighs_positives.then_some(classes.pos_weight),
                leaves_out,
            };
            factor = count.only_factor();
            if smooths || factor.is_none() {
                prepared.prepare::<V>(context, &plan.formula, [logits, labels], &count);
                (logits, labels, factor) = (&prepared.logits, &prepared.labels, weighs.then_some(&prepared.factor));
            }
        }
        let [values, first, second] = &mut results;
        {
            let values = place(&mut losses, range.clone(), values);
            let first = place(&mut gradient, range.clone(), first);
            let second = place(&mut hessian, range.clone(), second);
            let mut lanes = Lanes { logits, labels, classes, at: 0 };
            while lanes.at < range.len() {
                let (z, y) = load::<V, N>(context, &lanes);
                if V::LANES > 1 || !alike {
                    constants = load_class(context, &lanes.classes, lanes.at);
                }
                let (absent, present) = (y.eq(z.zero()), y.eq(z.one()));
                if order != Order::Parameters && (moderate(z) & (absent | present)).all() {
                    let loss = plan.formula.hard::<V, false>(z, present, &constants, order, false);
                    store(loss, scale, order, [&mut *values, &mut *first, &mut *second], lanes.at);
                } else {
                    let to = [&mut *values, &mut *first, &mut *second];
                    rare::<V, N>(context, &plan.formula, lanes, order, scale, to)?;
                }
                lanes.at += V::LANES;
            }
            if safeguards {
                plan.curvature.safeguard::<V, N>(context, second, scale);
            }
            if let Some(factor) = factor {
                multiply(values, factor);
                if order >= Order::First {
                    multiply(first, factor);
                }
                if order >= Order::Second {
                    multiply(second, factor);
                }
            }
            sum.add(&values[..range.len()]);
        }
        if range.len() < N {
            let outputs = [(&mut losses, values), (&mut gradient, first), (&mut hessian, second)];
            for (output, results) in outputs {
                if let Some(output) = output {
                    output[range.clone()].copy_from_slice(&results[..range.len()]);
                }
            }
        }
        start += N;
    }
    Ok(())
}

/// Logits and labels of the lanes.
#[inline(always)]
fn load<V: Arithmetic, const N: usize>(context: V::Context, lanes: &Lanes<'_, V::Element, N>) -> (V, V) {
    (V::load(context, lanes.logits, lanes.at), V::load(context, lanes.labels, lanes.at))
}

/// The constants of the lanes from that at `at` on.
#[inline(always)]
fn load_class<V: Arithmetic, const N: usize>(
    context: V::Context,
    classes: &Class<&[V::Element; N]>,
    at: usize,
) -> Class<V> {
    classes.map(
        #[inline(always)]
        |column| V::load(context, column, at),
    )
}

/// Stores the losses and as many of their derivatives, scaled, as `order` says.
#[inline(always)]
fn store<V: Arithmetic, const N: usize>(
    loss: Jet<V>,
    scale: V::Element,
    order: Order,
    to: [&mut [V::Element; N]; 3],
    at: usize,
) {
    let [values, first, second] = to;
    loss.value.store(values, at);
    if order >= Order::First {
        (loss.first * loss.first.splat(scale)).store(first, at);
    }
    if order >= Order::Second {
        (loss.second * loss.second.splat(scale)).store(second, at);
    }
}

/// Whether a logit is within the [`bound`], and not NaN.
#[inline(always)]
fn moderate<V: Arithmetic>(z: V) -> V::Mask {
    bound(z).ge(z) & z.ge(-bound(z))
}

/// Some lanes of a stretch, in memory.
#[derive(Clone, Copy)]
struct Lanes<'a, T, const N: usize> {
    logits: &'a [T; N],
    labels: &'a [T; N],
    classes: Class<&'a [T; N]>,
    at: usize,
}

/// Any labels and any logits. The bits of an element do not depend on its neighbours.
///
/// The lanes are loaded again, because those of the caller would have to be in memory always.
#[cold]
#[inline(never)]
fn rare<V: Arithmetic, const N: usize>(
    context: V::Context,
    formula: &Formula<V::Element>,
    lanes: Lanes<'_, V::Element, N>,
    order: Order,
    scale: V::Element,
    to: [&mut [V::Element; N]; 3],
) -> Result<(), InvalidLabel> {
    V::apart(
        context,
        #[inline(always)]
        || {
            let (z, y) = load::<V, N>(context, &lanes);
            let (zero, one) = (z.zero(), z.one());
            if !(y.ge(zero) & one.ge(y)).all() {
                return Err(InvalidLabel { valid: 0 });
            }
            let (hard, saturated) = (y.eq(zero) | y.eq(one), !moderate(z).all());
            let mut loss = Jet { value: z, first: z, second: z };
            if !(!hard).all() {
                loss = apart::<V, N, HARD>(context, formula, &lanes, order, saturated);
            }
            if !hard.all() {
                let soft = match formula.implementation {
                    Implementation::AlibabaMiil => apart::<V, N, BLENDED>,
                    Implementation::DeepPsp | Implementation::Paper => apart::<V, N, MIXED>,
                };
                loss = Jet::select(hard, loss, soft(context, formula, &lanes, order, saturated));
            }
            let loss = Jet::select(z.eq(z), loss, Jet { value: z, first: z, second: z });
            store(loss, scale, order, to, lanes.at);
            Ok(())
        },
    )
}

/// A formula in a frame of its own, which is large for a large element type.
///
/// Which one is a constant: a closure would be compiled without the instructions.
#[inline(never)]
fn apart<V: Arithmetic, const N: usize, const FORMULA: u8>(
    context: V::Context,
    formula: &Formula<V::Element>,
    lanes: &Lanes<'_, V::Element, N>,
    order: Order,
    saturated: bool,
) -> Jet<V> {
    V::apart(
        context,
        #[inline(always)]
        || {
            let (z, y) = load::<V, N>(context, lanes);
            let class = load_class(context, &lanes.classes, lanes.at);
            match FORMULA {
                HARD => formula.hard::<V, true>(z, y.eq(z.one()), &class, order, saturated),
                BLENDED => formula.blended(z, y, &class, order, saturated),
                _ => formula.mixed(z, y, &class, order, saturated),
            }
        },
    )
}
