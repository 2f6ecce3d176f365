//! A program that `mpirun` did not start is one rank that owns every shard.

use asymmetric_loss::{AsymmetricLoss, Reduction};
use data_parallel::{SHARDS, gather, generated, shards_of, value_and_gradient};
use ndarray::{Array2, ArrayView2, Axis, concatenate};

#[test]
fn every_shard_has_one_owner() {
    for ranks in 1..=SHARDS as i32 + 3 {
        let owned: Vec<_> = (0..ranks).flat_map(|rank| shards_of(rank, ranks)).collect();
        assert_eq!(owned, Vec::from_iter(0..SHARDS), "{ranks} ranks");
    }
}

// One test, because a process initializes MPI once.
#[test]
fn shards_add_up_to_the_batch() {
    let universe = mpi::initialize().unwrap();
    let world = universe.world();
    // Shards of several lengths: the mean of their means would be wrong.
    let shards: Vec<_> = (0..SHARDS).map(|number| generated::shard(number, 5 + 7 * number, 6, 4)).collect();
    let weights = Array2::from_shape_fn((6, 4), |(row, column)| 0.3 * row as f64 - 0.5 * column as f64);

    let loss = AsymmetricLoss::default();
    let (value, gradient) = value_and_gradient(&world, &loss, &shards, &weights).unwrap();

    let features: Vec<ArrayView2<f64>> = shards.iter().map(|(x, _)| x.view()).collect();
    let labels: Vec<ArrayView2<f64>> = shards.iter().map(|(_, y)| y.view()).collect();
    let (x, y) = (concatenate(Axis(0), &features).unwrap(), concatenate(Axis(0), &labels).unwrap());
    let (expected, in_logits) = loss.value_and_gradient(&x.dot(&weights), &y).unwrap();
    assert!((value - expected).abs() < 1e-14, "{value} is not {expected}");
    let difference = (gradient - x.t().dot(&in_logits)).mapv(f64::abs).fold(0.0, |a: f64, &b| a.max(b));
    assert!(difference < 1e-14, "the gradients differ by {difference}");

    // The error of this rank stays the value that it was.
    let labels = Array2::from_elem((5, 4), -1.0);
    let wrong = vec![(shards[0].0.clone(), labels)];
    let error = value_and_gradient(&world, &loss, &wrong, &weights).unwrap_err();
    assert!(
        matches!(error.downcast_ref(), Some(asymmetric_loss::Error::InvalidTarget { actual: -1.0, .. })),
        "{error}"
    );
    // The weights of another model: those of its checkpoint, say.
    for other in [Array2::zeros((5, 4)), Array2::zeros((6, 3))] {
        assert!(value_and_gradient(&world, &loss, &shards, &other).is_err());
    }
    assert!(value_and_gradient(&world, &loss, &[], &weights).is_err());
    // The divisor of a shard without positives is 1, and not what it adds to that of the batch.
    for reduction in [Reduction::PositiveMean, Reduction::Sum, Reduction::Divisor(3.0)] {
        let loss = loss.with_reduction(reduction).unwrap();
        assert!(value_and_gradient(&world, &loss, &shards, &weights).is_err());
    }
    assert_eq!(gather(&world, Ok(7)).unwrap(), [7]);
}
