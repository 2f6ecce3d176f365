//! Lists the public items of the crate, from what rustdoc says of it in JSON.
//!
//! ```text
//! RUSTC_BOOTSTRAP=1 cargo rustdoc --lib --all-features -- -Z unstable-options --output-format json
//! cargo run -p surface -- target/doc/asymmetric_loss.json > docs/surface.txt
//! ```

use anyhow::{Context, Result};
use public_api::Builder;

fn main() -> Result<()> {
    let path = std::env::args().nth(1).context("the path of rustdoc's JSON is missing")?;
    let surface = Builder::from_rustdoc_json(&path)
        .omit_blanket_impls(true)
        .omit_auto_trait_impls(true)
        .build()
        .with_context(|| format!("cannot read {path}"))?;
    surface.items().for_each(|item| println!("{item}"));
    Ok(())
}
