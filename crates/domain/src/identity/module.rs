//! The catalogue of modules that a gym can have (IDN-76).
use super::gym::GymType;
use crate::ModuleId;
use chrono::{DateTime, Utc};
use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "modules")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub id: ModuleId,
    pub code: String,
    pub name: String,
    #[sea_orm(column_type = "Text", nullable)]
    pub description: Option<String>,
    pub is_premium: bool,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

crate::stamped!();

/// The module that the operations of payment stand behind.
pub const BILLING: &str = "billing";

/// Modules whose operations are open only where an active row says so (decision 2). Every other module's row is
/// information only.
pub const GATED: [&str; 5] = ["posts", "stories", "activity_feed", "nutrition", "billing"];

/// The modules of a new gym: code, and whether it starts active (IDN-70).
pub fn initial(kind: GymType) -> &'static [(&'static str, bool)] {
    match kind {
        GymType::Gym => &[
            ("users", true),
            ("schedule", true),
            ("events", true),
            ("chat", true),
            ("billing", true),
            ("health", true),
            ("equipment", true),
            ("classes", true),
            ("attendance", true),
            ("nutrition", false),
            ("surveys", false),
            ("stories", false),
            ("posts", false),
        ],
        GymType::PersonalTrainer => &[
            ("users", true),
            ("chat", true),
            ("health", true),
            ("nutrition", true),
            ("billing", true),
            ("appointments", true),
            ("progress", true),
            ("surveys", false),
            ("stories", false),
            ("posts", false),
            ("equipment", false),
            ("classes", false),
            ("schedule", false),
        ],
    }
}

/// The codes that a new gym has active, in the order of [`initial`].
pub fn initially_active(kind: GymType) -> Vec<&'static str> {
    initial(kind).iter().filter(|(_, active)| *active).map(|(code, _)| *code).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn idn_70_modules_at_creation() {
        assert_eq!(
            initially_active(GymType::Gym),
            ["users", "schedule", "events", "chat", "billing", "health", "equipment", "classes", "attendance"]
        );
        assert_eq!(
            initially_active(GymType::PersonalTrainer),
            ["users", "chat", "health", "nutrition", "billing", "appointments", "progress"]
        );
        assert_eq!(initial(GymType::Gym).len(), 13);
        assert_eq!(initial(GymType::PersonalTrainer).len(), 13);
    }
}
