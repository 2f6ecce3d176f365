//! Takes a run of consecutive elements through the formula.

use super::plan::{Plan, STRETCH};
use crate::activation::bound;
use crate::arithmetic::{Arithmetic, Mask, Native, Scalar, Task, run};
use crate::element::Float;
use crate::focal::Jet;
use crate::formula::{Class, Formula};
use crate::settings::Implementation;
use crate::sum::Accumulator;
use crate::targets::Label;
use castaway::cast;

/// The size of an element, in bytes, above which elements go one by one, or a stretch of them would fill the stack.
const LARGE: usize = 64;

// The formulas, for `apart`.
const HARD: u8 = 0;
const BLENDED: u8 = 1;
const MIXED: u8 = 2;

/// Labels in a form that the kernel reads; every other form is converted first.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Labels<'a, T> {
    Floats(&'a [T]),
    Bools(&'a [bool]),
    Bytes(&'a [u8]),
}

/// Consecutive elements to evaluate, and where the results go. All slices have one length.
#[derive(Debug)]
pub(crate) struct Run<'a, T: Float> {
    pub(crate) logits: &'a [T],
    pub(crate) labels: Labels<'a, T>,
    /// What the results are multiplied by.
    pub(crate) weights: Option<&'a [T]>,
    /// The class of the first element.
    pub(crate) class: usize,
    /// Whether the class is that of all elements; otherwise classes follow each other, over and over.
    pub(crate) one_class: bool,
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
        fn output<'a, T: Float, U: Float>(elements: &'a mut Option<&mut [T]>) -> Option<&'a mut [U]> {
            elements.as_deref_mut().and_then(|elements| cast!(elements, &mut [U]).ok())
        }
        Some(Run {
            logits: cast!(self.logits, &[U]).ok()?,
            labels: match self.labels {
                Labels::Floats(labels) => Labels::Floats(cast!(labels, &[U]).ok()?),
                Labels::Bools(labels) => Labels::Bools(labels),
                Labels::Bytes(labels) => Labels::Bytes(labels),
            },
            weights: match self.weights {
                Some(weights) => Some(cast!(weights, &[U]).ok()?),
                None => None,
            },
            class: self.class,
            one_class: self.one_class,
            scale: cast!(self.scale, U).ok()?,
            sum: cast!(&mut *self.sum, &mut Accumulator<U>).ok()?,
            losses: output(&mut self.losses),
            gradient: output(&mut self.gradient),
            hessian: output(&mut self.hessian),
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
    let Run { logits, labels, weights, class, one_class, scale, sum, mut losses, mut gradient, mut hessian } = run;
    let order = if hessian.is_some() { 2 } else { u8::from(gradient.is_some()) };
    let zeros = [V::Element::from_f64(0.0); N];
    let mut padded = [zeros; 3];
    let mut results = [zeros; 3];
    let same = one_class.then(|| plan.table.row(class).map(|constant| [constant; N]));
    let mut classes = match &same {
        Some(same) => same.columns(),
        None => plan.table.window(class % plan.table.classes),
    };
    let alike = one_class || plan.table.classes == 1;
    let mut constants = load_class::<V, N>(context, &classes, 0);
    let mut start = 0;
    while start < logits.len() {
        let range = start..logits.len().min(start + N);
        if !alike && start > 0 {
            classes = plan.table.window((class + start) % plan.table.classes);
        }
        let [padded_logits, padded_labels, padded_weights] = &mut padded;
        let logits = stretch(&logits[range.clone()], padded_logits);
        let labels = match labels {
            Labels::Floats(labels) => stretch(&labels[range.clone()], padded_labels),
            Labels::Bools(labels) => convert(&labels[range.clone()], padded_labels),
            Labels::Bytes(labels) => convert(&labels[range.clone()], padded_labels),
        };
        let weights = match weights {
            Some(weights) => Some(stretch(&weights[range.clone()], padded_weights)),
            None => None,
        };
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
                if (moderate(z) & (absent | present)).all() {
                    let loss = plan.formula.hard(z, present, &constants, order, false);
                    store(loss, scale, order, [&mut *values, &mut *first, &mut *second], lanes.at);
                } else {
                    let to = [&mut *values, &mut *first, &mut *second];
                    rare::<V, N>(context, &plan.formula, lanes, order, scale, to)?;
                }
                lanes.at += V::LANES;
            }
            if let Some(weights) = weights {
                multiply(values, weights);
                if order >= 1 {
                    multiply(first, weights);
                }
                if order >= 2 {
                    multiply(second, weights);
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
    order: u8,
    to: [&mut [V::Element; N]; 3],
    at: usize,
) {
    let [values, first, second] = to;
    loss.value.store(values, at);
    if order >= 1 {
        (loss.first * loss.first.splat(scale)).store(first, at);
    }
    if order >= 2 {
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
    order: u8,
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
    order: u8,
    saturated: bool,
) -> Jet<V> {
    V::apart(
        context,
        #[inline(always)]
        || {
            let (z, y) = load::<V, N>(context, lanes);
            let class = load_class(context, &lanes.classes, lanes.at);
            match FORMULA {
                HARD => formula.hard(z, y.eq(z.one()), &class, order, saturated),
                BLENDED => formula.blended(z, y, &class, order, saturated),
                _ => formula.mixed(z, y, &class, order, saturated),
            }
        },
    )
}

/// The elements of a slice that fills a stretch; those of a shorter one, and behind them what was there: zeros.
#[inline(always)]
fn stretch<'a, T: Float, const N: usize>(slice: &'a [T], padded: &'a mut [T; N]) -> &'a [T; N] {
    if let Ok(stretch) = slice.try_into() {
        return stretch;
    }
    padded[..slice.len()].copy_from_slice(slice);
    padded
}

/// The labels of a slice as floats, and behind those of a shorter one what was there: zeros or valid labels.
#[inline(always)]
fn convert<'a, T: Float, Y: Label, const N: usize>(slice: &[Y], floats: &'a mut [T; N]) -> &'a [T; N] {
    if let Ok(stretch) = <&[Y; N]>::try_from(slice) {
        for i in 0..N {
            floats[i] = T::from_f64(stretch[i].presence());
        }
        return floats;
    }
    for (float, &y) in floats.iter_mut().zip(slice) {
        *float = T::from_f64(y.presence());
    }
    floats
}

/// Multiplies the results of a stretch by weights.
#[inline(always)]
fn multiply<T: Float, const N: usize>(results: &mut [T; N], weights: &[T; N]) {
    for i in 0..N {
        results[i] = results[i] * weights[i];
    }
}

/// Where the results of a stretch go: straight to the output if they fill it, else to a buffer.
#[inline(always)]
fn place<'a, T, const N: usize>(
    output: &'a mut Option<&mut [T]>,
    range: std::ops::Range<usize>,
    buffer: &'a mut [T; N],
) -> &'a mut [T; N] {
    match output {
        Some(output) => match (&mut output[range]).try_into() {
            Ok(stretch) => stretch,
            Err(_) => buffer,
        },
        None => buffer,
    }
}
