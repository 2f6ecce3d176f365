//! The same bits on vectors of every kind.

mod common;

use asymmetric_loss::Float;
use common::{IMPLEMENTATIONS, Setting};

const LOGITS: usize = 4096;

/// Whole exponents, those of the default loss, and others.
const GAMMAS: [[f64; 2]; 2] = [[4.0, 1.0], [2.5, 0.5]];

/// Of every formulation with every pair of exponents, in `f32` and in `f64`. They change where a formula does.
const EXPECTED: [[[u64; 2]; GAMMAS.len()]; IMPLEMENTATIONS.len()] = [
    [[0x0210_31b7_7a1c_0308, 0xe58f_8c52_41dc_a096], [0x0306_1370_8669_71a2, 0x0218_08ad_7b92_fc90]],
    [[0xfeb6_6c5f_79b4_31f9, 0x0e81_c93b_eb3d_ac34], [0xc7f7_6ded_a376_6a2f, 0x2b7e_4786_112c_633a]],
    [[0x8e5a_4946_d86c_f350, 0xaa1c_97a6_9d32_6bdb], [0xb012_f319_2616_1c12, 0xf2bb_df04_58c6_f9fb]],
];

/// FNV-1a over the bits of losses, gradient and Hessian of logits over the whole range, with hard and soft labels.
fn digest<T: Float>(setting: Setting) -> u64 {
    let logits: Vec<T> = (0..LOGITS).map(|k| T::from_f64((k as f64 - 2048.0).powi(3) * 1e-7)).collect();
    let targets: Vec<T> = (0..LOGITS).map(|k| T::from_f64([0.0, 1.0, 0.0, 0.3][k / 7 % 4])).collect();
    let results = setting.evaluate(&logits, &targets);
    let bytes = results.iter().flatten().flat_map(|x| x.to_f64().to_bits().to_le_bytes());
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3))
}

/// Whether the crate runs on vectors: it takes those that multiply and add with one rounding.
fn has_vectors() -> bool {
    // An unoptimized build takes no vectors.
    if cfg!(unoptimized) {
        return false;
    }
    #[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
    return !cfg!(disable_dispatch_avx2) && is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma");
    #[cfg(not(any(target_arch = "x86", target_arch = "x86_64")))]
    return cfg!(target_arch = "aarch64");
}

#[test]
fn bits_are_the_same_everywhere() {
    if !has_vectors() {
        println!("skipped: elements are calculated one by one, and the last bits may differ");
        return;
    }
    let actual = IMPLEMENTATIONS.map(|implementation| {
        GAMMAS.map(|[gamma_neg, gamma_pos]| {
            let setting = Setting { gamma_neg, gamma_pos, margin: 0.05, implementation, detached: false };
            [digest::<f32>(setting), digest::<f64>(setting)]
        })
    });
    assert_eq!(actual, EXPECTED, "{IMPLEMENTATIONS:?} with {GAMMAS:?}; left: now, right: expected\n{actual:#x?}");
}
