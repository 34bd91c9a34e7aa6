//! The vendor's roles, which it knows by ids and we by names.
use serde::{Deserialize, Serialize};
use std::collections::HashMap;

/// Roles per page, the most that the vendor gives.
pub(crate) const PAGE: usize = 100;
/// A tenant has a handful of roles. Should the vendor never come to an end, we do.
pub(crate) const MAX_PAGES: usize = 100;

#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Role {
    pub(crate) id: String,
    pub(crate) name: String,
}

#[derive(Serialize)]
pub(crate) struct RoleIds<'a> {
    pub(crate) roles: Vec<&'a str>,
}

/// Ids by names.
pub(crate) type RoleIdsByName = HashMap<String, String>;
