//! Picks the instruction set at run time. The only unsafe code of the crate.
//!
//! The same Rust source is compiled for each set; no operation is reordered, so AVX2 and AVX-512 give the same
//! bits. Without a fused multiply-add the formulas run on [`Unfused`] floats, whose last bits may differ.
#![allow(unsafe_code)]

use super::block::{Run, evaluate};
use super::plan::{Plan, Plans};
use crate::float::{Float, Pair};
use crate::math::{Native, Unfused, native_functions};
use std::borrow::Cow;

/// The instruction sets there is code for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum InstructionSet {
    #[cfg(target_arch = "x86_64")]
    Avx512,
    #[cfg(target_arch = "x86_64")]
    Avx2,
    /// What the crate is compiled for, which has a fused multiply-add.
    #[cfg(any(target_arch = "aarch64", target_feature = "fma"))]
    Fused,
    /// What the crate is compiled for, without a fused multiply-add.
    Baseline,
}

impl InstructionSet {
    /// Those this processor has, the fastest first.
    pub(crate) fn available() -> impl Iterator<Item = Self> {
        [
            #[cfg(target_arch = "x86_64")]
            (
                InstructionSet::Avx512,
                is_x86_feature_detected!("avx512f")
                    && is_x86_feature_detected!("avx512vl")
                    && is_x86_feature_detected!("avx512bw")
                    && is_x86_feature_detected!("avx512dq")
                    && is_x86_feature_detected!("avx2")
                    && is_x86_feature_detected!("fma"),
            ),
            #[cfg(target_arch = "x86_64")]
            (InstructionSet::Avx2, is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma")),
            #[cfg(any(target_arch = "aarch64", target_feature = "fma"))]
            (InstructionSet::Fused, true),
            (InstructionSet::Baseline, true),
        ]
        .into_iter()
        .filter_map(|(set, available)| available.then_some(set))
    }
}

/// Evaluates a run with an instruction set that the processor has.
fn evaluate_with<T: Native>(set: InstructionSet, plan: &Plan<T>, run: Run<'_, T>) -> Result<(), usize> {
    match set {
        // SAFETY: `available` has found every feature that the function is compiled for.
        #[cfg(target_arch = "x86_64")]
        InstructionSet::Avx512 => unsafe { avx512(plan, run) },
        // SAFETY: as above.
        #[cfg(target_arch = "x86_64")]
        InstructionSet::Avx2 => unsafe { avx2(plan, run) },
        #[cfg(any(target_arch = "aarch64", target_feature = "fma"))]
        InstructionSet::Fused => evaluate::<T, T>(plan, run),
        InstructionSet::Baseline => evaluate::<T, Unfused<T>>(plan, run),
    }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512vl,avx512bw,avx512dq,avx2,fma")]
fn avx512<T: Native>(plan: &Plan<T>, run: Run<'_, T>) -> Result<(), usize> {
    evaluate::<T, T>(plan, run)
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
fn avx2<T: Native>(plan: &Plan<T>, run: Run<'_, T>) -> Result<(), usize> {
    evaluate::<T, T>(plan, run)
}

/// Evaluates a run with the fastest instruction set of the processor.
fn evaluate_best<T: Native>(plan: &Plan<T>, run: Run<'_, T>) -> Result<(), usize> {
    let fastest = InstructionSet::available().next().expect("the baseline is always there");
    evaluate_with(fastest, plan, run)
}

macro_rules! native_float {
    ($float:ident, $plan:ident) => {
        impl Float for $float {
            type Sum = f64;
            const MAX_EXPONENT: i32 = $float::MAX_EXP - 2;

            #[inline(always)]
            fn from_f64(value: f64) -> Self {
                value as $float
            }
            #[inline(always)]
            fn to_f64(self) -> f64 {
                self.into()
            }
            #[inline(always)]
            fn from_sum(sum: f64) -> Self {
                sum as $float
            }
            #[inline(always)]
            fn mul_add(self, factor: Self, addend: Self) -> Self {
                $float::mul_add(self, factor, addend)
            }

            native_functions!();

            fn evaluate(plan: &Plan<Self>, run: Run<'_, Self>) -> Result<(), usize> {
                evaluate_best(plan, run)
            }
            fn plan(plans: &Plans) -> Cow<'_, Plan<Self>> {
                Cow::Borrowed(&plans.$plan)
            }
        }
    };
}
native_float!(f32, single);
native_float!(f64, double);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::sum::Accumulator;
    use crate::target::Targets;
    use crate::{AsymmetricLoss, Implementation};

    /// Loss, gradient and Hessian of logits over the whole range, hard and soft labels among them.
    fn results<T: Native>(set: InstructionSet, loss: &AsymmetricLoss) -> [Vec<T>; 3] {
        let logits: Vec<T> = (0..4096).map(|k| T::from_f64(f64::from(k - 2048).powi(3) * 1e-7)).collect();
        let targets: Vec<T> = (0..4096).map(|k| T::from_f64([0.0, 1.0, 0.0, 0.3][k / 7 % 4])).collect();
        let mut results = [(); 3].map(|()| vec![T::zero(); 4096]);
        let [losses, gradient, hessian] = &mut results;
        let run = Run {
            logits: &logits,
            targets: Targets::Floats(&targets),
            class: 0,
            scale: T::from_f64(0.7),
            sum: &mut Accumulator::new(),
            losses: Some(losses),
            gradient: Some(gradient),
            hessian: Some(hessian),
        };
        evaluate_with(set, &T::plan(&loss.plans), run).expect("targets are valid");
        results
    }

    /// Bits on every set with a fused multiply-add, and how far the baseline is off: relatively, or where terms cancel,
    /// relatively to a tenth of the largest possible.
    fn compare<T: Native>(loss: &AsymmetricLoss, tolerance: f64) {
        let mut sets = InstructionSet::available();
        let fastest = results::<T>(sets.next().expect("the baseline is always there"), loss);
        for set in sets {
            let others = results::<T>(set, loss);
            for (a, b) in fastest.iter().flatten().zip(others.iter().flatten()) {
                let (a, b) = (a.to_f64(), b.to_f64());
                if set == InstructionSet::Baseline {
                    assert!((a - b).abs() <= tolerance * (a.abs() + b.abs() + 0.1), "{loss:?}: {a} and {b}");
                } else {
                    assert_eq!(a.to_bits(), b.to_bits(), "{set:?} {loss:?}");
                }
            }
        }
    }

    #[test]
    fn instruction_sets_agree() {
        for implementation in [Implementation::AlibabaMiil, Implementation::DeepPsp, Implementation::Paper] {
            for gamma_neg in [0.0, 1.5, 4.0] {
                let builder = AsymmetricLoss::builder().implementation(implementation).gamma_neg(gamma_neg);
                let loss = builder.build().expect("valid settings");
                compare::<f32>(&loss, 32.0 * f64::from(f32::EPSILON));
                compare::<f64>(&loss, 32.0 * f64::EPSILON);
            }
        }
    }

    /// FNV-1a over the bits of all results.
    fn digest<T: Native>(set: InstructionSet) -> u64 {
        let results = results::<T>(set, &AsymmetricLoss::default());
        let bytes = results.iter().flatten().flat_map(|x| x.to_f64().to_bits().to_le_bytes());
        bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3))
    }

    /// The bits are those of every other machine with a fused multiply-add.
    #[test]
    fn bits_are_the_same_everywhere() {
        for set in InstructionSet::available().filter(|set| *set != InstructionSet::Baseline) {
            assert_eq!(
                [digest::<f32>(set), digest::<f64>(set)],
                [16033978732780452472, 13319641811022317750],
                "{set:?}"
            );
        }
    }
}
