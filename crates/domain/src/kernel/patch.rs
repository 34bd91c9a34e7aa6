//! Partial updates: a field that is absent stays, one that is `null` is cleared.
use serde::{Deserialize, Deserializer};

/// `#[serde(default, deserialize_with = "patch::present")]` on an `Option<Option<T>>`: absent is `None`, `null` is
/// `Some(None)`.
pub fn present<'de, D: Deserializer<'de>, T: Deserialize<'de>>(d: D) -> Result<Option<T>, D::Error> {
    T::deserialize(d).map(Some)
}
