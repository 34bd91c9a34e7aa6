//! A gym's own kinds of classes (SCH-36 … SCH-38).
use crate::{
    CategoryId, GymId, UserId,
    kernel::{patch, validation::text},
};
use chrono::{DateTime, Utc};
use garde::Validate;
use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, DeriveEntityModel)]
#[sea_orm(table_name = "class_category_custom")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub id: CategoryId,
    pub gym_id: GymId,
    /// Unique in the gym, whatever its case.
    pub name: String,
    #[sea_orm(column_type = "Text", nullable)]
    pub description: Option<String>,
    pub color: Option<String>,
    pub icon: Option<String>,
    pub is_active: bool,
    pub created_by: Option<UserId>,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

crate::stamped!();
crate::tenant_entity!("category", CategoryId);

#[derive(Clone, Debug, PartialEq, Eq, DeriveIntoActiveModel)]
pub struct Create {
    pub name: String,
    pub description: Option<String>,
    pub color: Option<String>,
    pub icon: Option<String>,
    pub is_active: bool,
    pub created_by: Option<UserId>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, DeriveIntoActiveModel)]
pub struct Update {
    pub name: Option<String>,
    pub description: Option<Option<String>>,
    pub color: Option<Option<String>>,
    pub icon: Option<Option<String>>,
    pub is_active: Option<bool>,
}

/// A new kind of classes, as asked for.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Validate, utoipa::ToSchema)]
#[schema(as = ClassCategoryCustomCreate)]
pub struct NewCategory {
    /// Kept without the spaces around it (SCH-36).
    #[garde(custom(text(1, 100)))]
    #[schema(min_length = 1, max_length = 100)]
    pub name: String,
    #[garde(inner(length(chars, max = 2000)))]
    #[serde(default)]
    #[schema(max_length = 2000)]
    pub description: Option<String>,
    /// As in `#ff8800`.
    #[garde(inner(length(chars, max = 255)))]
    #[serde(default)]
    #[schema(max_length = 255)]
    pub color: Option<String>,
    /// The name of an icon, or its address.
    #[garde(inner(length(chars, max = 255)))]
    #[serde(default)]
    #[schema(max_length = 255)]
    pub icon: Option<String>,
    #[garde(skip)]
    #[serde(default = "yes")]
    #[schema(default = true)]
    pub is_active: bool,
}

fn yes() -> bool {
    true
}

impl NewCategory {
    /// The row, made by this person.
    pub fn row(self, created_by: UserId) -> Create {
        Create {
            name: self.name.trim().to_owned(),
            description: self.description,
            color: self.color,
            icon: self.icon,
            is_active: self.is_active,
            created_by: Some(created_by),
        }
    }
}

/// A change, as asked for: only fields that are present. A name or state of `null` is none that is present.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Validate, utoipa::ToSchema)]
#[schema(as = ClassCategoryCustomUpdate)]
#[serde(default)]
pub struct CategoryPatch {
    #[garde(inner(custom(text(1, 100))))]
    #[schema(min_length = 1, max_length = 100)]
    pub name: Option<String>,
    #[garde(inner(inner(length(chars, max = 2000))))]
    #[serde(deserialize_with = "patch::present")]
    #[schema(value_type = Option<String>, max_length = 2000)]
    pub description: Option<Option<String>>,
    #[garde(inner(inner(length(chars, max = 255))))]
    #[serde(deserialize_with = "patch::present")]
    #[schema(value_type = Option<String>, max_length = 255)]
    pub color: Option<Option<String>>,
    #[garde(inner(inner(length(chars, max = 255))))]
    #[serde(deserialize_with = "patch::present")]
    #[schema(value_type = Option<String>, max_length = 255)]
    pub icon: Option<Option<String>>,
    #[garde(skip)]
    pub is_active: Option<bool>,
}

impl From<CategoryPatch> for Update {
    fn from(patch: CategoryPatch) -> Self {
        Self {
            name: patch.name.map(|name| name.trim().to_owned()),
            description: patch.description,
            color: patch.color,
            icon: patch.icon,
            is_active: patch.is_active,
        }
    }
}
