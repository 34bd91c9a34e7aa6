//! A gym: the tenant.
use crate::{
    GymId,
    kernel::{patch, timezone},
};
use chrono::{DateTime, Utc};
use garde::Validate;
use sea_orm::{FromJsonQueryResult, entity::prelude::*};
use serde::{Deserialize, Serialize};

#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, EnumIter, DeriveActiveEnum, utoipa::ToSchema,
)]
#[sea_orm(rs_type = "String", db_type = "String(StringLen::N(16))", rename_all = "snake_case")]
#[serde(rename_all = "snake_case")]
pub enum GymType {
    #[default]
    Gym,
    PersonalTrainer,
}

/// A trainer's certification.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Validate, utoipa::ToSchema)]
pub struct Certification {
    #[garde(length(chars, min = 1, max = 255))]
    pub name: String,
    #[garde(inner(range(min = 1990, max = 2030)))]
    #[serde(default)]
    pub year: Option<i32>,
    #[garde(inner(length(chars, max = 255)))]
    #[serde(default)]
    pub institution: Option<String>,
    #[garde(inner(length(chars, max = 255)))]
    #[serde(default)]
    pub credential_id: Option<String>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, FromJsonQueryResult)]
#[serde(transparent)]
pub struct Specialties(pub Vec<String>);

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, FromJsonQueryResult)]
#[serde(transparent)]
pub struct Certifications(pub Vec<Certification>);

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, DeriveEntityModel)]
#[sea_orm(table_name = "gyms")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub id: GymId,
    pub name: String,
    /// Unique, never changed.
    pub subdomain: String,
    #[sea_orm(column_name = "type")]
    pub kind: GymType,
    pub logo_url: Option<String>,
    pub address: Option<String>,
    pub phone: Option<String>,
    pub email: Option<String>,
    pub description: Option<String>,
    /// IANA name.
    pub timezone: String,
    pub is_active: bool,
    #[sea_orm(column_type = "JsonBinary", nullable)]
    pub trainer_specialties: Option<Specialties>,
    #[sea_orm(column_type = "JsonBinary", nullable)]
    pub trainer_certifications: Option<Certifications>,
    /// How many members a personal trainer takes.
    pub max_clients: Option<i32>,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

crate::stamped!();

const PERSONAL_PREFIX: &str = "Entrenamiento Personal ";

impl Model {
    pub fn is_personal_trainer(&self) -> bool {
        self.kind == GymType::PersonalTrainer
    }
    /// The name, without the prefix that registration puts before a trainer's.
    pub fn display_name(&self) -> &str {
        match self.kind {
            GymType::PersonalTrainer => self.name.strip_prefix(PERSONAL_PREFIX).unwrap_or(&self.name),
            GymType::Gym => &self.name,
        }
    }
    pub fn entity_type_label(&self) -> &'static str {
        match self.kind {
            GymType::PersonalTrainer => "Espacio de Trabajo",
            GymType::Gym => "Gimnasio",
        }
    }
}

/// The name of a personal trainer's workspace (IDN-71).
pub fn personal_trainer_name(first: &str, last: &str) -> String {
    format!("{PERSONAL_PREFIX}{first} {last}")
}

fn http_url(url: &str, _: &()) -> garde::Result {
    match url::Url::parse(url) {
        Ok(u) if matches!(u.scheme(), "http" | "https") && u.has_host() => Ok(()),
        _ => Err(garde::Error::new("not an http(s) address")),
    }
}

fn default_timezone() -> String {
    "UTC".into()
}

fn yes() -> bool {
    true
}

#[derive(Clone, Debug, PartialEq, Deserialize, Validate, utoipa::ToSchema)]
#[schema(as = GymCreate)]
pub struct Create {
    #[garde(length(chars, min = 1, max = 255))]
    #[schema(min_length = 1, max_length = 255)]
    pub name: String,
    #[garde(length(chars, min = 3, max = 100), pattern(r"^[a-z0-9-]+$"))]
    #[schema(min_length = 3, max_length = 100, pattern = "^[a-z0-9-]+$")]
    pub subdomain: String,
    #[garde(inner(length(max = 255), custom(http_url)))]
    #[serde(default)]
    #[schema(format = "uri", max_length = 255)]
    pub logo_url: Option<String>,
    #[garde(inner(length(chars, max = 255)))]
    #[serde(default)]
    #[schema(max_length = 255)]
    pub address: Option<String>,
    #[garde(inner(length(chars, max = 20)))]
    #[serde(default)]
    #[schema(max_length = 20)]
    pub phone: Option<String>,
    #[garde(inner(email, length(chars, max = 100)))]
    #[serde(default)]
    #[schema(format = "email", max_length = 100)]
    pub email: Option<String>,
    #[garde(inner(length(chars, max = 500)))]
    #[serde(default)]
    #[schema(max_length = 500)]
    pub description: Option<String>,
    /// IANA name.
    #[garde(custom(timezone::valid))]
    #[serde(default = "default_timezone")]
    #[schema(max_length = 50, default = "UTC")]
    pub timezone: String,
    #[garde(skip)]
    #[serde(rename = "type", default)]
    pub kind: GymType,
    #[garde(inner(length(max = 50), inner(length(chars, min = 1, max = 100))))]
    #[serde(default)]
    pub trainer_specialties: Option<Vec<String>>,
    #[garde(dive)]
    #[serde(default)]
    pub trainer_certifications: Option<Vec<Certification>>,
    #[garde(inner(range(min = 1)))]
    #[serde(default)]
    #[schema(minimum = 1)]
    pub max_clients: Option<i32>,
    #[garde(skip)]
    #[serde(default = "yes")]
    #[schema(default = true)]
    pub is_active: bool,
}

impl Create {
    /// Without what only a personal trainer's workspace has, when it is none.
    pub fn fitting(self) -> Self {
        match self.kind {
            GymType::PersonalTrainer => self,
            GymType::Gym => Self { trainer_specialties: None, trainer_certifications: None, max_clients: None, ..self },
        }
    }
}

/// Only fields that are present change; subdomain and type never do (IDN-39).
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Validate, utoipa::ToSchema)]
#[schema(as = GymUpdate)]
#[serde(default)]
pub struct Update {
    #[garde(inner(length(chars, min = 1, max = 255)))]
    #[schema(min_length = 1, max_length = 255)]
    pub name: Option<String>,
    #[garde(inner(inner(length(max = 255), custom(http_url))))]
    #[serde(deserialize_with = "patch::present")]
    #[schema(value_type = Option<String>, format = "uri", max_length = 255)]
    pub logo_url: Option<Option<String>>,
    #[garde(inner(inner(length(chars, max = 255))))]
    #[serde(deserialize_with = "patch::present")]
    #[schema(value_type = Option<String>, max_length = 255)]
    pub address: Option<Option<String>>,
    #[garde(inner(inner(length(chars, max = 20))))]
    #[serde(deserialize_with = "patch::present")]
    #[schema(value_type = Option<String>, max_length = 20)]
    pub phone: Option<Option<String>>,
    #[garde(inner(inner(email, length(chars, max = 100))))]
    #[serde(deserialize_with = "patch::present")]
    #[schema(value_type = Option<String>, format = "email", max_length = 100)]
    pub email: Option<Option<String>>,
    #[garde(inner(inner(length(chars, max = 500))))]
    #[serde(deserialize_with = "patch::present")]
    #[schema(value_type = Option<String>, max_length = 500)]
    pub description: Option<Option<String>>,
    #[garde(inner(custom(timezone::valid)))]
    #[schema(max_length = 50)]
    pub timezone: Option<String>,
    #[garde(skip)]
    pub is_active: Option<bool>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::validation::check;
    use serde_json::json;

    #[test]
    fn a_gym_needs_a_known_zone_and_a_plain_subdomain() {
        let gym = |extra: serde_json::Value| {
            let mut v = json!({"name": "Box", "subdomain": "box-1"});
            v.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
            check(&serde_json::from_value::<Create>(v).unwrap())
        };
        assert_eq!(gym(json!({})), Ok(()));
        for bad in [
            json!({"timezone": "Mars/Olympus"}),
            json!({"subdomain": "Box"}),
            json!({"subdomain": "bo"}),
            json!({"subdomain": "b.x"}),
            json!({"logo_url": "ftp://x/y"}),
            json!({"name": ""}),
            json!({"email": "no"}),
            json!({"trainer_certifications": [{"name": "x", "year": 1989}]}),
        ] {
            assert!(gym(bad.clone()).is_err(), "{bad}");
        }
    }
}
