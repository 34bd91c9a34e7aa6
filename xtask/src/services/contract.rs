//! The documents in which vendors describe their interfaces. They belong to the vendors: a document is looked for beside the
//! tests of its adapter, then in `GYMAPI_CONTRACTS`, by default `../shared/contracts`.
use crate::workspace;
use anyhow::Context;
use std::path::PathBuf;

/// # Errors
/// When it is in neither place.
pub fn document(adapter: &str, name: &str) -> anyhow::Result<PathBuf> {
    let root = workspace::root();
    let named = std::env::var_os("GYMAPI_CONTRACTS").map_or_else(|| root.join("../shared/contracts"), PathBuf::from);
    [root.join("crates/adapters").join(adapter).join("tests/data"), named]
        .into_iter()
        .map(|folder| folder.join(name))
        .find(|place| place.is_file())
        .with_context(|| {
            format!("no {name}: set GYMAPI_CONTRACTS to the folder that holds the vendor's published document")
        })
}
