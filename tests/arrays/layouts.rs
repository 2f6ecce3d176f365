//! The same bits whatever the layout, the type of the targets, the neighbours of an element or the number of threads.

use asymmetric_loss::{AsymmetricLoss, Builder, Float, Implementation, Label, Reduction};
use ndarray::{
    Array1, Array2, ArrayD, ArrayViewD, Axis, Dimension, Ix0, Ix1, Ix2, Ix3, Ix4, Ix5, Ix6, IxDyn, ShapeBuilder, Slice,
    Zip, s,
};

const IMPLEMENTATIONS: [Implementation; 3] =
    [Implementation::AlibabaMiil, Implementation::DeepPsp, Implementation::Paper];

/// Shapes of 0 to 6 axes that end within a block.
const SMALL: [&[usize]; 8] =
    [&[], &[1], &[37], &[5, 7], &[3, 1, 40], &[2, 3, 4, 5], &[2, 1, 3, 2, 9], &[2, 2, 1, 3, 2, 7]];

/// Shapes that are cut on every level: into halves for threads, leaves, runs and blocks; along the first and the
/// last axis.
const LARGE: [&[usize]; 5] = [&[300, 70], &[3, 20_000], &[20_000, 3], &[70_000], &[7, 11, 600]];

/// How an array lies in memory.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Layout {
    C,
    Fortran,
    /// Every second element along each axis of a larger array.
    Strided,
    /// Negative strides on all axes.
    Reversed,
    /// A corner of a larger array whose axes are in the opposite order.
    TransposedPart,
    /// Contiguous rows with gaps between them, and a negative stride on the first axis.
    RowsBackwards,
}

const LAYOUTS: [Layout; 6] =
    [Layout::C, Layout::Fortran, Layout::Strided, Layout::Reversed, Layout::TransposedPart, Layout::RowsBackwards];

impl Layout {
    /// A copy of the array in this layout; memory between its elements holds `filler`.
    fn of<T: Copy>(self, array: &ArrayD<T>, filler: T) -> ArrayD<T> {
        let shape = array.shape();
        let mut copy = match self {
            Layout::C => ArrayD::from_elem(shape, filler),
            Layout::Fortran => ArrayD::from_elem(shape.to_vec().f(), filler),
            Layout::Strided => {
                let mut base = ArrayD::from_elem(shape.iter().map(|n| 2 * n).collect::<Vec<_>>(), filler);
                base.slice_each_axis_inplace(|_| Slice::new(1, None, 2));
                base
            }
            Layout::Reversed => {
                let mut base = ArrayD::from_elem(shape, filler);
                (0..shape.len()).for_each(|axis| base.invert_axis(Axis(axis)));
                base
            }
            Layout::TransposedPart => {
                let mut base = ArrayD::from_elem(shape.iter().rev().map(|n| n + 3).collect::<Vec<_>>(), filler);
                base.slice_each_axis_inplace(|_| Slice::new(2, Some(-1), 1));
                base.reversed_axes()
            }
            Layout::RowsBackwards => {
                let last = shape.len().saturating_sub(1);
                let longer = shape.iter().enumerate().map(|(axis, n)| if axis == last { n + 5 } else { *n });
                let mut base = ArrayD::from_elem(longer.collect::<Vec<_>>(), filler);
                if !shape.is_empty() {
                    base.slice_axis_inplace(Axis(last), Slice::new(5, None, 1));
                    base.invert_axis(Axis(0));
                }
                base
            }
        };
        copy.assign(array);
        assert_eq!(copy.shape(), shape);
        copy
    }
}

/// Whether the layouts are what their names say, or the tests below would compare like with like.
#[test]
fn layouts_differ() {
    let array = Array2::from_shape_fn((3, 4), |(i, j)| (4 * i + j) as f32).into_dyn();
    let strides = LAYOUTS.map(|layout| layout.of(&array, -1.0).strides().to_vec());
    assert_eq!(strides, [[4, 1], [1, 3], [16, 2], [-4, -1], [1, 6], [-9, 1]]);
}

trait Bits: Float {
    fn bits(self) -> u64;

    /// A NaN that no calculation gives.
    fn filler() -> Self;
}

impl Bits for f32 {
    fn bits(self) -> u64 {
        self.to_bits().into()
    }
    fn filler() -> Self {
        f32::from_bits(0x7fc0_abcd)
    }
}

impl Bits for f64 {
    fn bits(self) -> u64 {
        self.to_bits()
    }
    fn filler() -> Self {
        f64::from_bits(0x7ff8_0000_0000_abcd)
    }
}

fn bits<'a, T: Bits>(array: impl IntoIterator<Item = &'a T>) -> Vec<u64> {
    array.into_iter().map(|&x| x.bits()).collect()
}

/// Reproducible draws in [0, 1).
fn draws(seed: u64) -> impl FnMut() -> f64 {
    let mut state = seed;
    move || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 11) as f64 / (1u64 << 53) as f64
    }
}

/// Logits in [−8, 8], a few far outside.
fn logits<T: Float>(shape: &[usize]) -> ArrayD<T> {
    let mut draw = draws(1);
    ArrayD::from_shape_simple_fn(shape, || {
        let z = 16.0 * draw() - 8.0;
        T::from_f64(if draw() < 0.01 { 200.0 * z } else { z })
    })
}

/// Labels in runs, hard in most places and soft in some.
fn targets<T: Float>(shape: &[usize], soft: f64) -> ArrayD<T> {
    let mut draw = draws(2);
    ArrayD::from_shape_simple_fn(shape, || {
        let y = draw();
        T::from_f64(if draw() < soft { y } else { f64::from(u8::from(y < 0.4)) })
    })
}

/// Everything a loss says about its arguments, as bits.
#[derive(Debug, PartialEq)]
struct Answers {
    mean: u64,
    sum: u64,
    losses: Vec<u64>,
    gradient: Vec<u64>,
    sum_gradient: Vec<u64>,
    hessian: Vec<u64>,
}

fn built(builder: &Builder, reduction: Reduction) -> AsymmetricLoss {
    builder.clone().reduction(reduction).build().unwrap()
}

fn answers<T: Bits, Y: Label, D: Dimension>(
    builder: &Builder,
    logits: &ndarray::ArrayView<'_, T, D>,
    targets: &ndarray::ArrayView<'_, Y, D>,
) -> Answers {
    let (mean, gradient) = built(builder, Reduction::Mean).value_and_gradient(logits, targets).unwrap();
    assert_eq!(mean.bits(), built(builder, Reduction::Mean).forward(logits, targets).unwrap().bits(), "forward");
    assert_eq!(bits(&gradient), bits(&built(builder, Reduction::Mean).gradient(logits, targets).unwrap()), "gradient");
    let losses = built(builder, Reduction::Mean).losses(logits, targets).unwrap();
    let sum_gradient = built(builder, Reduction::Sum).gradient(logits, targets).unwrap();
    Answers {
        mean: mean.bits(),
        sum: built(builder, Reduction::Sum).forward(logits, targets).unwrap().bits(),
        losses: bits(&losses),
        gradient: bits(&gradient),
        sum_gradient: bits(&sum_gradient),
        hessian: bits(&built(builder, Reduction::Mean).hessian_diagonal(logits, targets).unwrap()),
    }
}

/// The gradient as it arrives in a buffer of some layout, and the value; nothing outside the buffer may change.
fn through_buffer<T: Bits>(
    builder: &Builder,
    logits: &ArrayViewD<'_, T>,
    targets: &ArrayViewD<'_, T>,
    layout: Layout,
) -> (u64, Vec<u64>) {
    let mut buffer = layout.of(&logits.to_owned(), T::filler());
    let value = built(builder, Reduction::Mean).value_and_gradient_into(logits, targets, &mut buffer).unwrap();
    let gradient = bits(&buffer);
    let (memory, _) = buffer.into_raw_vec_and_offset();
    let untouched = memory.iter().filter(|x| x.bits() == T::filler().bits()).count();
    assert_eq!(untouched, memory.len() - gradient.len(), "memory beside the gradient was written to");
    (value.bits(), gradient)
}

fn assert_layouts<T: Bits>(builder: &Builder, shape: &[usize], soft: f64, layouts: &[[Layout; 3]]) {
    let (logits, targets) = (logits::<T>(shape), targets::<T>(shape, soft));
    let expected = answers(builder, &logits.view(), &targets.view());
    assert!(logits.len() < 5 || expected.losses.iter().any(|&bits| bits != 0), "nothing was calculated");
    for &[z, y, g] in layouts {
        let (logits, targets) = (z.of(&logits, T::filler()), y.of(&targets, T::filler()));
        let (logits, targets) = (logits.view(), targets.view());
        let context = format!("logits {z:?}, targets {y:?}, gradient {g:?}, shape {shape:?}");
        assert!(answers(builder, &logits, &targets) == expected, "{context}");
        let (value, gradient) = through_buffer(builder, &logits, &targets, g);
        assert!(value == expected.mean && gradient == expected.gradient, "{context}");
    }
}

fn every_combination() -> Vec<[Layout; 3]> {
    let pairs = LAYOUTS.iter().flat_map(|&z| LAYOUTS.map(|y| (z, y)));
    pairs.flat_map(|(z, y)| LAYOUTS.map(|g| [z, y, g])).collect()
}

/// Each layout in each role, and in all.
fn each_role() -> Vec<[Layout; 3]> {
    let roles = |layout| {
        [[layout, Layout::C, Layout::C], [Layout::C, layout, Layout::C], [Layout::C, Layout::C, layout], [layout; 3]]
    };
    LAYOUTS.into_iter().flat_map(roles).collect()
}

#[test]
fn every_layout_of_small_arrays_gives_the_same_bits() {
    for shape in SMALL {
        for implementation in IMPLEMENTATIONS {
            let builder = AsymmetricLoss::builder().implementation(implementation);
            assert_layouts::<f32>(&builder, shape, 0.05, &every_combination());
            assert_layouts::<f64>(&builder, shape, 0.05, &every_combination());
        }
    }
}

#[test]
fn every_layout_of_large_arrays_gives_the_same_bits() {
    for shape in LARGE {
        for soft in [0.0, 0.01] {
            assert_layouts::<f32>(&AsymmetricLoss::builder(), shape, soft, &each_role());
            assert_layouts::<f64>(&AsymmetricLoss::builder(), shape, soft, &each_role());
        }
    }
}

#[test]
fn every_layout_gives_the_same_bits_for_settings_per_class() {
    let per_class = |shape: &[usize]| {
        let classes = shape[shape.len() - 1];
        let ramp = |from: f64, to: f64| {
            (0..classes).map(|c| from + (to - from) * c as f64 / classes as f64).collect::<Vec<_>>()
        };
        AsymmetricLoss::builder().gamma_neg(ramp(0.0, 5.0)).gamma_pos(ramp(2.0, 0.0)).prob_margin(ramp(0.0, 0.5))
    };
    for shape in SMALL.into_iter().filter(|shape| !shape.is_empty()) {
        assert_layouts::<f32>(&per_class(shape), shape, 0.05, &every_combination());
    }
    for shape in LARGE {
        // Tables of so many classes take long to build.
        let many = shape[shape.len() - 1] > 1000;
        let layouts = if many { vec![[Layout::RowsBackwards; 3]] } else { each_role() };
        assert_layouts::<f32>(&per_class(shape), shape, 0.01, &layouts);
        assert_layouts::<f64>(&per_class(shape), shape, 0.01, &layouts);
    }
}

/// A row, a column or a single number that stands for a whole array: strides of 0.
#[test]
fn broadcast_views_give_the_bits_of_their_copies() {
    fn assert_broadcast<T: Bits>(shape: [usize; 2]) {
        let builder = AsymmetricLoss::builder();
        let [rows, columns] = shape;
        for part in [[1, columns], [rows, 1], [1, 1]] {
            let (z, y) = (logits::<T>(&part), targets::<T>(&part, 0.05));
            let (z, y) = (z.broadcast(&shape[..]).unwrap(), y.broadcast(&shape[..]).unwrap());
            let (whole_z, whole_y) = (logits::<T>(&shape), targets::<T>(&shape, 0.05));
            for (z, y) in [(z.view(), whole_y.view()), (whole_z.view(), y.view()), (z.view(), y.view())] {
                let expected = answers(&builder, &z.to_owned().view(), &y.to_owned().view());
                assert!(answers(&builder, &z, &y) == expected, "{part:?} as {shape:?}");
            }
        }
    }
    for shape in [[5, 7], [300, 70], [3, 20_000], [20_000, 3]] {
        assert_broadcast::<f32>(shape);
        assert_broadcast::<f64>(shape);
    }
}

#[test]
fn static_dimensions_equal_dynamic_ones() {
    fn assert_static<T: Bits, D: Dimension>(shape: &[usize]) {
        let builder = AsymmetricLoss::builder();
        let (logits, targets) = (logits::<T>(shape), targets::<T>(shape, 0.1));
        let expected = answers(&builder, &logits.view(), &targets.view());
        for layout in LAYOUTS {
            let logits = layout.of(&logits, T::filler()).into_dimensionality::<D>().unwrap();
            let targets = layout.of(&targets, T::filler()).into_dimensionality::<D>().unwrap();
            assert_eq!(answers(&builder, &logits.view(), &targets.view()), expected, "{shape:?}, {layout:?}");
        }
    }
    fn assert_all<T: Bits>() {
        assert_static::<T, Ix0>(SMALL[0]);
        assert_static::<T, Ix1>(SMALL[2]);
        assert_static::<T, Ix2>(SMALL[3]);
        assert_static::<T, Ix3>(SMALL[4]);
        assert_static::<T, Ix4>(SMALL[5]);
        assert_static::<T, Ix5>(SMALL[6]);
        assert_static::<T, Ix6>(SMALL[7]);
        assert_static::<T, IxDyn>(SMALL[7]);
    }
    assert_all::<f32>();
    assert_all::<f64>();
}

#[test]
fn labels_of_any_type_give_the_same_bits() {
    fn assert_types<T: Bits>(shape: &[usize]) {
        for implementation in IMPLEMENTATIONS {
            let builder = AsymmetricLoss::builder().implementation(implementation);
            let (logits, floats) = (logits::<T>(shape), targets::<T>(shape, 0.0));
            let bools = floats.mapv(|y| y == T::one());
            assert!(floats.len() < 10 || (bools.iter().any(|&y| y) && bools.iter().any(|&y| !y)));
            let bytes = bools.mapv(u8::from);
            let expected = answers(&builder, &logits.view(), &floats.view());
            for layout in LAYOUTS {
                let (bools, bytes) = (layout.of(&bools, true), layout.of(&bytes, 255));
                assert!(answers(&builder, &logits.view(), &bools.view()) == expected, "bool {layout:?} {shape:?}");
                assert!(answers(&builder, &logits.view(), &bytes.view()) == expected, "u8 {layout:?} {shape:?}");
            }
        }
    }
    for shape in SMALL.into_iter().chain([&[300, 70][..]]) {
        assert_types::<f32>(shape);
        assert_types::<f64>(shape);
    }
}

/// Loss, gradient and curvature of each element, unreduced.
fn elementwise<T: Bits>(builder: &Builder, logits: &Array2<T>, targets: &Array2<T>) -> [Array2<u64>; 3] {
    let loss = built(builder, Reduction::Sum);
    let (losses, gradient) = (loss.losses(logits, targets).unwrap(), loss.gradient(logits, targets).unwrap());
    [losses, gradient, loss.hessian_diagonal(logits, targets).unwrap()].map(|array| array.mapv(|x| x.bits()))
}

/// Each column of a loss with settings per class against a loss for that column alone.
fn assert_columns<T: Bits>(rows: usize, settings: &[[f64; 3]], implementation: Implementation, soft: f64) {
    let column = |k: usize| settings.iter().map(|row| row[k]).collect::<Vec<_>>();
    let builder = AsymmetricLoss::builder().implementation(implementation);
    let together = builder.clone().gamma_neg(column(0)).gamma_pos(column(1)).prob_margin(column(2));
    let shape = [rows, settings.len()];
    let logits = logits::<T>(&shape).into_dimensionality::<Ix2>().unwrap();
    let targets = targets::<T>(&shape, soft).into_dimensionality::<Ix2>().unwrap();
    let all = elementwise(&together, &logits, &targets);
    for (class, &[gamma_neg, gamma_pos, margin]) in settings.iter().enumerate() {
        let alone = builder.clone().gamma_neg(gamma_neg).gamma_pos(gamma_pos).prob_margin(margin);
        let only = s![.., class..class + 1];
        let alone = elementwise(&alone, &logits.slice(only).to_owned(), &targets.slice(only).to_owned());
        for ((what, all), alone) in ["loss", "gradient", "curvature"].iter().zip(&all).zip(&alone) {
            Zip::indexed(all.slice(only)).and(alone).for_each(|(row, _), all, alone| {
                assert_eq!(all, alone, "{what} at [{row}, {class}], {:?}, {implementation:?}", settings[class]);
            });
        }
    }
}

#[test]
fn a_class_among_others_gives_the_bits_of_a_class_alone() {
    let fractional = |classes: usize| {
        (0..classes).map(move |c| {
            let x = (c as f64 + 0.5) / classes as f64;
            [0.25 + 4.0 * x, 2.1 - 2.0 * x, 0.5 * x * x]
        })
    };
    for classes in [1, 7, 70, 131, 300] {
        let settings: Vec<_> = fractional(classes).collect();
        for implementation in IMPLEMENTATIONS {
            for soft in [0.0, 0.3] {
                assert_columns::<f32>(9, &settings, implementation, soft);
                assert_columns::<f64>(9, &settings, implementation, soft);
            }
        }
    }
}

#[test]
fn hard_labels_do_not_feel_soft_neighbours() {
    fn assert_neighbours<T: Bits>(implementation: Implementation, gamma_neg: f64) {
        let builder = AsymmetricLoss::builder().implementation(implementation).gamma_neg(gamma_neg);
        let logits = logits::<T>(&[30, 70]).into_dimensionality::<Ix2>().unwrap();
        let hard = targets::<T>(&[30, 70], 0.0).into_dimensionality::<Ix2>().unwrap();
        let expected = elementwise(&builder, &logits, &hard);
        let mut draw = draws(3);
        for share in [0.001, 0.1, 0.9] {
            let mixed = hard.mapv(|y| if draw() < share { T::from_f64(0.3) } else { y });
            let soft = T::from_f64(0.3);
            assert!(mixed.iter().any(|&y| y == soft) && mixed.iter().any(|&y| y != soft));
            for (expected, found) in expected.iter().zip(elementwise(&builder, &logits, &mixed)) {
                Zip::from(expected).and(&found).and(&mixed).for_each(|expected, found, &y| {
                    assert!(y == soft || expected == found, "{implementation:?}, γ₋ {gamma_neg}");
                });
            }
        }
    }
    for implementation in IMPLEMENTATIONS {
        for gamma_neg in [4.0, 2.5, 0.0] {
            assert_neighbours::<f32>(implementation, gamma_neg);
            assert_neighbours::<f64>(implementation, gamma_neg);
        }
    }
}

/// The place of an element within its block must not show either.
#[test]
fn an_element_does_not_feel_its_place() {
    fn assert_places<T: Bits>() {
        let builder = AsymmetricLoss::builder().gamma_neg(2.5);
        let (logits, targets) = (logits::<T>(&[300]), targets::<T>(&[300], 0.2));
        let loss = built(&builder, Reduction::Sum);
        let (losses, gradient) = (loss.losses(&logits, &targets).unwrap(), loss.gradient(&logits, &targets).unwrap());
        let hessian = loss.hessian_diagonal(&logits, &targets).unwrap();
        for i in 0..300 {
            let (z, y) = (Array1::from_elem(1, logits[i]), Array1::from_elem(1, targets[i]));
            let (alone, slope) = (loss.losses(&z, &y).unwrap(), loss.gradient(&z, &y).unwrap());
            assert_eq!((alone[0].bits(), slope[0].bits()), (losses[i].bits(), gradient[i].bits()), "{i}");
            assert_eq!(loss.hessian_diagonal(&z, &y).unwrap()[0].bits(), hessian[i].bits(), "{i}");
        }
    }
    assert_places::<f32>();
    assert_places::<f64>();
}

#[cfg(feature = "rayon")]
#[test]
fn any_number_of_threads_gives_the_same_bits() {
    fn in_pool<T: Bits>(threads: usize, shape: &[usize], layout: Layout) -> Answers {
        let logits = layout.of(&logits::<T>(shape), T::filler());
        let targets = layout.of(&targets::<T>(shape, 0.01), T::filler());
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| answers(&AsymmetricLoss::builder(), &logits.view(), &targets.view()))
    }
    for shape in LARGE.into_iter().chain([&[1500, 80][..]]) {
        let single = in_pool::<f32>(1, shape, Layout::C);
        let double = in_pool::<f64>(1, shape, Layout::C);
        for threads in [2, 3, 8] {
            for layout in [Layout::C, Layout::Strided] {
                assert!(in_pool::<f32>(threads, shape, layout) == single, "{threads} threads, {shape:?}, {layout:?}");
                assert!(in_pool::<f64>(threads, shape, layout) == double, "{threads} threads, {shape:?}, {layout:?}");
            }
        }
    }
}

/// Exponents that are whole and at most 4 are raised by multiplication, also where they differ from class to class.
#[test]
fn whole_exponents_per_class_are_those_of_each_class_alone() {
    let shape = (37, 50);
    let z = Array2::from_shape_fn(shape, |(i, j)| ((i * 31 + j * 17) % 211) as f64 / 10.0 - 10.5);
    let y = Array2::from_shape_fn(shape, |(i, j)| [0.0, 1.0, 0.0, 0.3][(i * 7 + j * 13) % 4]);
    let exponents = |first: usize| (0..shape.1).map(|class| ((class + first) % 5) as f64).collect::<Vec<f64>>();
    let (gamma_neg, gamma_pos) = (exponents(0), exponents(2));
    for implementation in IMPLEMENTATIONS {
        let builder = AsymmetricLoss::builder().implementation(implementation);
        let loss = builder.clone().gamma_neg(gamma_neg.clone()).gamma_pos(gamma_pos.clone()).build().unwrap();
        let all = loss.derivatives(&z, &y).unwrap();
        let losses = loss.losses(&z, &y).unwrap();
        for class in 0..shape.1 {
            let alone = builder.clone().gamma_neg(gamma_neg[class]).gamma_pos(gamma_pos[class]);
            let alone = alone.reduction(Reduction::Divisor(z.len() as f64)).build().unwrap();
            let (z, y) = (z.column(class), y.column(class));
            let d = alone.derivatives(&z, &y).unwrap();
            assert_eq!(losses.column(class), alone.losses(&z, &y).unwrap(), "{implementation}, class {class}");
            assert_eq!(all.gradient.column(class), d.gradient, "{implementation}, class {class}");
            assert_eq!(all.hessian_diagonal.column(class), d.hessian_diagonal, "{implementation}, class {class}");
        }
    }
}
