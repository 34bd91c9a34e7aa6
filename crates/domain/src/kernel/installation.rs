//! What tells this installation from others that may share a store with it.
use super::secret;
use chrono::{DateTime, Utc};
use sea_orm::entity::prelude::*;

/// One row, made by whoever first asks for it.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "installation")]
pub struct Model {
    /// Always [`ONLY`].
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: i32,
    pub mark: String,
    pub created_at: DateTime<Utc>,
}

/// The key of the one row.
pub const ONLY: i32 = 1;

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

/// Twelve hex digits that stand at the head of the name of every object that the installation stores. The database
/// keeps it, so that it is the same for all processes, and another one for every database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mark(String);

impl Mark {
    pub fn random() -> Self {
        Self(secret::random_hex(6))
    }

    /// Whether an object of this name is the installation's own.
    pub fn is_on(&self, name: &str) -> bool {
        name.strip_prefix(&self.0).is_some_and(|rest| rest.starts_with('-'))
    }
}

impl From<Model> for Mark {
    fn from(row: Model) -> Self {
        Self(row.mark)
    }
}

impl std::fmt::Display for Mark {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}
