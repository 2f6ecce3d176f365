//! A training step allocates nothing.
#![allow(unsafe_code)] // a global allocator cannot be written without

use asymmetric_loss::single_label::{SingleLabelLoss, Targets};
use asymmetric_loss::{AsymmetricLoss, Float, Implementation, Label, Reduction};
use ndarray::{Array1, Array2, ArrayView2, ArrayViewMut2, s};
use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

/// Counts the allocations of each thread by itself, because tests run side by side.
struct Counter;

thread_local! {
    static ALLOCATIONS: Cell<usize> = const { Cell::new(0) };
}

fn count() {
    ALLOCATIONS.set(ALLOCATIONS.get() + 1);
}

// SAFETY: every call goes to the system's allocator unchanged; counting does not allocate.
unsafe impl GlobalAlloc for Counter {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count();
        // SAFETY: the caller's promise.
        unsafe { System.alloc(layout) }
    }
    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        count();
        // SAFETY: the caller's promise.
        unsafe { System.alloc_zeroed(layout) }
    }
    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count();
        // SAFETY: the caller's promise.
        unsafe { System.realloc(pointer, layout, size) }
    }
    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the caller's promise.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static COUNTER: Counter = Counter;

/// The number of allocations on this thread while `f` runs.
fn allocations(f: impl FnOnce()) -> usize {
    let before = ALLOCATIONS.get();
    f();
    ALLOCATIONS.get() - before
}

/// Below the size at which threads help.
const SMALL: (usize, usize) = (60, 70);

#[test]
fn the_counter_counts_allocations() {
    assert_eq!(allocations(|| drop(std::hint::black_box(Box::new(1)))), 1);
    assert_eq!(allocations(|| drop(std::hint::black_box(vec![0_u64; 100]))), 1);
    let loss = AsymmetricLoss::default();
    let array = Array2::<f64>::zeros(SMALL);
    assert_eq!(allocations(|| drop(loss.gradient(&array, &array))), 1, "the gradient itself");
}

/// Copies share what is large, so that a divisor may change with every step.
#[test]
fn another_reduction_and_a_copy_allocate_nothing() {
    let many: Vec<f64> = (0..1000).map(|class| f64::from(class) * 1e-4).collect();
    let builder = AsymmetricLoss::builder().prob_margin(&many).gamma_neg(&many).class_weight(&many);
    let loss = builder.gamma_pos(&many).pos_weight(&many).build().unwrap();
    assert_eq!(allocations(|| drop(loss.clone())), 0);
    assert_eq!(allocations(|| drop(loss.with_reduction(Reduction::Divisor(7.0)).unwrap())), 0);
    assert_eq!(allocations(|| drop(loss.to_builder())), 0);
}

fn losses() -> Vec<AsymmetricLoss> {
    let builder = AsymmetricLoss::builder;
    let classes = |from: f64| (0..SMALL.1).map(|c| from + 0.01 * c as f64).collect::<Vec<_>>();
    let mut losses = Vec::new();
    for implementation in [Implementation::AlibabaMiil, Implementation::DeepPsp, Implementation::Paper] {
        losses.push(builder().implementation(implementation));
        losses.push(builder().implementation(implementation).gamma_neg(2.5).log_floor(1e-8));
        losses.push(builder().implementation(implementation).gamma_neg(classes(1.0)).prob_margin(classes(0.0)));
    }
    losses.into_iter().map(|builder| builder.build().unwrap()).collect()
}

fn step<T: Float, Y: Label>(
    loss: &AsymmetricLoss,
    logits: &ArrayView2<'_, T>,
    targets: &ArrayView2<'_, Y>,
    gradient: &mut ArrayViewMut2<'_, T>,
) -> usize {
    allocations(|| {
        loss.value_and_gradient_into(logits, targets, gradient).unwrap();
    })
}

/// Contiguous, strided and reversed arrays.
fn assert_no_allocation<T: Float, Y: Label>(shape: (usize, usize), label: impl Fn(usize) -> Y) {
    let wide = (2 * shape.0, 2 * shape.1);
    let logits = Array2::from_shape_fn(wide, |(i, j)| T::from_f64(((i * 31 + j * 17) % 97) as f64 * 0.1 - 5.0));
    let targets = Array2::from_shape_fn(wide, |(i, j)| label(i * 7 + j * 3));
    let mut gradient = Array2::from_elem(wide, T::zero());
    for loss in losses() {
        let slice = s![..;2, ..;-2];
        let strided = step(&loss, &logits.slice(slice), &targets.slice(slice), &mut gradient.slice_mut(slice));
        assert_eq!(strided, 0, "strided, {loss:?}");

        let (rows, columns) = shape;
        let contiguous = 0..rows * columns;
        let (logits, targets) =
            (&logits.as_slice().unwrap()[contiguous.clone()], &targets.as_slice().unwrap()[contiguous.clone()]);
        let gradient = &mut gradient.as_slice_mut().unwrap()[contiguous];
        let logits = ArrayView2::from_shape(shape, logits).unwrap();
        let targets = ArrayView2::from_shape(shape, targets).unwrap();
        let mut gradient = ArrayViewMut2::from_shape(shape, gradient).unwrap();
        assert_eq!(step(&loss, &logits, &targets, &mut gradient), 0, "contiguous, {loss:?}");
    }
}

fn assert_no_allocation_for_any_element(shape: (usize, usize)) {
    assert_no_allocation::<f32, f32>(shape, |i| (i % 2) as f32);
    assert_no_allocation::<f32, f32>(shape, |i| (i % 5) as f32 * 0.25);
    assert_no_allocation::<f32, bool>(shape, |i| i % 3 == 0);
    assert_no_allocation::<f64, f64>(shape, |i| (i % 2) as f64);
    assert_no_allocation::<f64, f64>(shape, |i| (i % 5) as f64 * 0.25);
    assert_no_allocation::<f64, u8>(shape, |i| (i % 2) as u8);
}

#[test]
fn steps_over_small_arrays_allocate_nothing() {
    assert_no_allocation_for_any_element(SMALL);
}

#[test]
fn value_and_derivatives_allocate_nothing() {
    let loss = AsymmetricLoss::builder().reduction(Reduction::Sum).build().unwrap();
    let (logits, targets) = (Array2::<f32>::zeros(SMALL), Array2::from_elem(SMALL, true));
    let (mut gradient, mut hessian) = (logits.clone(), logits.clone());
    let count = allocations(|| {
        loss.value_and_gradient_into(&logits, &targets, &mut gradient).unwrap();
        loss.derivatives_into(&logits, &targets, &mut gradient, &mut hessian).unwrap();
        loss.forward(&logits, &targets).unwrap();
    });
    assert_eq!(count, 0);
}

#[test]
fn single_label_steps_allocate_nothing() {
    let logits = Array2::from_shape_fn(SMALL, |(i, j)| ((i * 31 + j * 17) % 97) as f32 * 0.1 - 5.0);
    let classes = Array1::from_shape_fn(SMALL.0, |row| row as i64 - 1);
    let shares = Array2::from_elem(SMALL, 1.0 / SMALL.1 as f32);
    let weights = Array1::from_elem(SMALL.0, 0.5_f32);
    let (mut gradient, mut hessian) = (logits.clone(), logits.clone());
    for builder in [SingleLabelLoss::builder(), SingleLabelLoss::builder().gamma_neg([2.5; SMALL.1]).gamma_pos(0.5)] {
        let loss = builder.build().unwrap();
        let count = allocations(|| {
            let known = Targets::classes(&classes).ignore(-1).weights(&weights);
            loss.value_and_gradient_into(&logits, known.clone(), &mut gradient).unwrap();
            loss.derivatives_into(&logits, known.clone(), &mut gradient, &mut hessian).unwrap();
            loss.forward(&logits, known).unwrap();
            loss.value_and_gradient_into(&logits, Targets::dense(&shares), &mut gradient).unwrap();
        });
        assert_eq!(count, 0, "{loss}");
    }
}

/// Inside a pool, because handing work to a pool from outside may allocate in rayon. The count is of the thread that
/// calls, which cuts the array and takes part in the work.
#[cfg(feature = "rayon")]
#[test]
fn steps_over_large_arrays_on_threads_allocate_nothing() {
    for threads in [1, 2] {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| assert_no_allocation_for_any_element((1000, SMALL.1)));
    }
}
