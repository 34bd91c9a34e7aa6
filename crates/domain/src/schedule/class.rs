//! A class: the template of its sessions (SCH-39 … SCH-43).
use crate::{
    CategoryId, ClassId, GymId, UserId,
    kernel::{patch, validation::text},
};
use chrono::{DateTime, Utc};
use garde::Validate;
use sea_orm::entity::prelude::*;
use serde::{Deserialize, Deserializer, Serialize, de::IntoDeserializer};

/// How hard a class is.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    Hash,
    PartialOrd,
    Ord,
    Serialize,
    Deserialize,
    EnumIter,
    DeriveActiveEnum,
    utoipa::ToSchema,
)]
#[sea_orm(rs_type = "String", db_type = "String(StringLen::N(16))", rename_all = "snake_case")]
#[serde(rename_all = "snake_case")]
#[schema(as = ClassDifficultyLevel)]
pub enum Difficulty {
    Beginner,
    Intermediate,
    Advanced,
}

/// The kinds of classes that every gym knows.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    Hash,
    PartialOrd,
    Ord,
    Serialize,
    Deserialize,
    EnumIter,
    DeriveActiveEnum,
    utoipa::ToSchema,
)]
#[sea_orm(rs_type = "String", db_type = "String(StringLen::N(16))", rename_all = "snake_case")]
#[serde(rename_all = "snake_case")]
pub enum ClassCategory {
    Cardio,
    Strength,
    Flexibility,
    Hiit,
    Yoga,
    Pilates,
    Functional,
    Other,
}

/// A kind of classes as clients write it: in any case (SCH-39).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct GivenCategory(pub ClassCategory);

impl<'de> Deserialize<'de> for GivenCategory {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let name = String::deserialize(d)?.to_lowercase();
        ClassCategory::deserialize(name.into_deserializer()).map(Self)
    }
}

/// What a class is of: the kind that was given, and with neither a kind nor a category of the gym `other` (SCH-39).
pub fn kind(category: Option<CategoryId>, given: Option<ClassCategory>) -> Option<ClassCategory> {
    given.or(category.is_none().then_some(ClassCategory::Other))
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, DeriveEntityModel)]
#[sea_orm(table_name = "class")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub id: ClassId,
    pub gym_id: GymId,
    pub name: String,
    #[sea_orm(column_type = "Text", nullable)]
    pub description: Option<String>,
    /// Minutes.
    pub duration: i32,
    pub max_capacity: i32,
    pub difficulty_level: Difficulty,
    pub category_id: Option<CategoryId>,
    pub category_enum: Option<ClassCategory>,
    pub is_active: bool,
    pub created_by: Option<UserId>,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

crate::stamped!();
crate::tenant_entity!("class", ClassId);

#[derive(Clone, Debug, PartialEq, Eq, DeriveIntoActiveModel)]
pub struct Create {
    pub name: String,
    pub description: Option<String>,
    pub duration: i32,
    pub max_capacity: i32,
    pub difficulty_level: Difficulty,
    pub category_id: Option<CategoryId>,
    pub category_enum: Option<ClassCategory>,
    pub is_active: bool,
    pub created_by: Option<UserId>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, DeriveIntoActiveModel)]
pub struct Update {
    pub name: Option<String>,
    pub description: Option<Option<String>>,
    pub duration: Option<i32>,
    pub max_capacity: Option<i32>,
    pub difficulty_level: Option<Difficulty>,
    pub category_id: Option<Option<CategoryId>>,
    pub category_enum: Option<Option<ClassCategory>>,
    pub is_active: Option<bool>,
}

/// A new class, as asked for.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Validate, utoipa::ToSchema)]
#[schema(as = ClassCreate)]
pub struct NewClass {
    /// Kept without the spaces around it.
    #[garde(custom(text(1, 255)))]
    #[schema(min_length = 1, max_length = 255)]
    pub name: String,
    #[garde(inner(length(chars, max = 2000)))]
    #[serde(default)]
    #[schema(max_length = 2000)]
    pub description: Option<String>,
    /// Minutes.
    #[garde(range(min = 1, max = 1440))]
    #[schema(minimum = 1, maximum = 1440)]
    pub duration: i32,
    #[garde(range(min = 1))]
    #[schema(minimum = 1)]
    pub max_capacity: i32,
    #[garde(skip)]
    pub difficulty_level: Difficulty,
    /// A category of the gym.
    #[garde(skip)]
    #[serde(default)]
    pub category_id: Option<CategoryId>,
    /// In any case.
    #[garde(skip)]
    #[serde(default)]
    #[schema(value_type = Option<ClassCategory>)]
    pub category_enum: Option<GivenCategory>,
    /// What older clients send instead of `category_enum`.
    #[garde(skip)]
    #[serde(default)]
    #[schema(value_type = Option<ClassCategory>)]
    pub category: Option<GivenCategory>,
    #[garde(skip)]
    #[serde(default = "yes")]
    #[schema(default = true)]
    pub is_active: bool,
}

fn yes() -> bool {
    true
}

impl NewClass {
    /// The row, made by this person.
    pub fn row(self, created_by: UserId) -> Create {
        let given = self.category_enum.or(self.category).map(|given| given.0);
        Create {
            name: self.name.trim().to_owned(),
            description: self.description,
            duration: self.duration,
            max_capacity: self.max_capacity,
            difficulty_level: self.difficulty_level,
            category_id: self.category_id,
            category_enum: kind(self.category_id, given),
            is_active: self.is_active,
            created_by: Some(created_by),
        }
    }
}

/// A change, as asked for: only fields that are present. `null` clears a description, a category or a kind, and is
/// elsewhere the same as nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Validate, utoipa::ToSchema)]
#[schema(as = ClassUpdate)]
#[serde(default)]
pub struct ClassPatch {
    #[garde(inner(custom(text(1, 255))))]
    #[schema(min_length = 1, max_length = 255)]
    pub name: Option<String>,
    #[garde(inner(inner(length(chars, max = 2000))))]
    #[serde(deserialize_with = "patch::present")]
    #[schema(value_type = Option<String>, max_length = 2000)]
    pub description: Option<Option<String>>,
    /// Minutes.
    #[garde(inner(range(min = 1, max = 1440)))]
    #[schema(minimum = 1, maximum = 1440)]
    pub duration: Option<i32>,
    #[garde(inner(range(min = 1)))]
    #[schema(minimum = 1)]
    pub max_capacity: Option<i32>,
    #[garde(skip)]
    pub difficulty_level: Option<Difficulty>,
    /// A category of the gym.
    #[garde(skip)]
    #[serde(deserialize_with = "patch::present")]
    #[schema(value_type = Option<i64>)]
    pub category_id: Option<Option<CategoryId>>,
    /// In any case.
    #[garde(skip)]
    #[serde(deserialize_with = "patch::present")]
    #[schema(value_type = Option<ClassCategory>)]
    pub category_enum: Option<Option<GivenCategory>>,
    /// What older clients send instead of `category_enum`.
    #[garde(skip)]
    #[schema(value_type = Option<ClassCategory>)]
    pub category: Option<GivenCategory>,
    #[garde(skip)]
    pub is_active: Option<bool>,
}

impl ClassPatch {
    /// What changes in this row. A class that would be left of no kind and no category is `other` (SCH-39).
    pub fn onto(self, row: &Model) -> Update {
        let given = match (self.category_enum, self.category) {
            (Some(given), None) => Some(given),
            (Some(Some(given)), _) | (_, Some(given)) => Some(Some(given)),
            (None, None) => None,
        };
        let stays = given.map_or(row.category_enum, |given| given.map(|given| given.0));
        let kind = kind(self.category_id.unwrap_or(row.category_id), stays);
        Update {
            name: self.name.map(|name| name.trim().to_owned()),
            description: self.description,
            duration: self.duration,
            max_capacity: self.max_capacity,
            difficulty_level: self.difficulty_level,
            category_id: self.category_id,
            category_enum: (kind != row.category_enum).then_some(kind),
            is_active: self.is_active,
        }
    }
}

#[cfg(test)]
#[path = "class_tests.rs"]
mod tests;
