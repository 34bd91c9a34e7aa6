//! A trainer and a member who work together in a gym (IDN-78 … IDN-84).
use super::{GymRole, PlatformRole, gym::GymType};
use crate::{GymId, RelationshipId, UserId, kernel::patch};
use chrono::{DateTime, Utc};
use garde::Validate;
use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, EnumIter, DeriveActiveEnum, utoipa::ToSchema,
)]
#[sea_orm(rs_type = "String", db_type = "String(StringLen::N(16))", rename_all = "snake_case")]
#[serde(rename_all = "snake_case")]
pub enum RelationshipStatus {
    Active,
    Paused,
    Terminated,
    #[default]
    Pending,
}

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "trainer_member_relationships")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub id: RelationshipId,
    pub gym_id: GymId,
    pub trainer_id: UserId,
    pub member_id: UserId,
    pub status: RelationshipStatus,
    pub start_date: Option<DateTime<Utc>>,
    pub end_date: Option<DateTime<Utc>>,
    #[sea_orm(column_type = "Text", nullable)]
    pub notes: Option<String>,
    pub created_by: Option<UserId>,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

crate::stamped!();
crate::tenant_entity!("relationship", RelationshipId);

#[derive(Clone, Debug, PartialEq, Eq, DeriveIntoActiveModel)]
pub struct Create {
    pub trainer_id: UserId,
    pub member_id: UserId,
    pub status: RelationshipStatus,
    pub start_date: Option<DateTime<Utc>>,
    pub end_date: Option<DateTime<Utc>>,
    pub notes: Option<String>,
    pub created_by: Option<UserId>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, DeriveIntoActiveModel)]
pub struct Update {
    pub status: Option<RelationshipStatus>,
    pub start_date: Option<Option<DateTime<Utc>>>,
    pub end_date: Option<Option<DateTime<Utc>>>,
    pub notes: Option<Option<String>>,
}

/// A new relationship, as asked for.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Validate, utoipa::ToSchema)]
#[schema(as = TrainerMemberRelationshipCreate)]
pub struct NewRelationship {
    #[garde(skip)]
    pub trainer_id: UserId,
    #[garde(skip)]
    pub member_id: UserId,
    #[garde(skip)]
    #[serde(default)]
    pub status: RelationshipStatus,
    #[garde(inner(length(chars, max = 2000)))]
    #[serde(default)]
    #[schema(max_length = 2000)]
    pub notes: Option<String>,
}

/// A change, as asked for: only fields that are present.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Validate, utoipa::ToSchema)]
#[schema(as = TrainerMemberRelationshipUpdate)]
#[serde(default)]
pub struct RelationshipPatch {
    #[garde(skip)]
    pub status: Option<RelationshipStatus>,
    #[garde(inner(inner(length(chars, max = 2000))))]
    #[serde(deserialize_with = "patch::present")]
    #[schema(value_type = Option<String>, max_length = 2000)]
    pub notes: Option<Option<String>>,
    #[garde(skip)]
    #[serde(deserialize_with = "patch::present")]
    #[schema(value_type = Option<DateTime<Utc>>)]
    pub start_date: Option<Option<DateTime<Utc>>>,
    #[garde(skip)]
    #[serde(deserialize_with = "patch::present")]
    #[schema(value_type = Option<DateTime<Utc>>)]
    pub end_date: Option<Option<DateTime<Utc>>>,
}

/// Whether a person counts as a trainer in a gym (IDN-78): by the platform's role, by the role there, or as the owner
/// of a personal trainer's workspace.
pub fn is_trainer(platform: PlatformRole, role: Option<GymRole>, gym: GymType) -> bool {
    platform == PlatformRole::Trainer
        || role == Some(GymRole::Trainer)
        || (role == Some(GymRole::Owner) && gym == GymType::PersonalTrainer)
}

/// Whether a person counts as a member in a gym (IDN-78).
pub fn is_member(platform: PlatformRole, role: Option<GymRole>) -> bool {
    platform == PlatformRole::Member || role == Some(GymRole::Member)
}

/// Who looks at a relationship, or changes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Party {
    /// ADMIN or OWNER of the gym, or the platform's administrator.
    Administrator,
    Trainer,
    Member,
}

/// What `user` is to the pair; an administrator of the gym is that first. `None` for everybody else (IDN-82).
pub fn party(user: UserId, administrator: bool, trainer: UserId, member: UserId) -> Option<Party> {
    if administrator {
        Some(Party::Administrator)
    } else if user == trainer {
        Some(Party::Trainer)
    } else if user == member {
        Some(Party::Member)
    } else {
        None
    }
}

/// The status that a new relationship gets (IDN-79): administrators relate any pair, a trainer takes members on, and a
/// member asks for a trainer. `None` when the caller may not create it. `role` is `None` for the platform's
/// administrators.
pub fn status_on_creation(caller: UserId, role: Option<GymRole>, new: &NewRelationship) -> Option<RelationshipStatus> {
    match role {
        None | Some(GymRole::Owner | GymRole::Admin) => Some(new.status),
        Some(GymRole::Trainer) => (new.trainer_id == caller).then_some(new.status),
        Some(GymRole::Member) => (new.member_id == caller).then_some(RelationshipStatus::Pending),
    }
}

/// Start and end of a relationship that begins its life in `status` (IDN-80, IDN-81).
pub fn dates_on_creation(
    status: RelationshipStatus,
    now: DateTime<Utc>,
) -> (Option<DateTime<Utc>>, Option<DateTime<Utc>>) {
    match status {
        RelationshipStatus::Active => (Some(now), None),
        RelationshipStatus::Terminated => (None, Some(now)),
        RelationshipStatus::Paused | RelationshipStatus::Pending => (None, None),
    }
}

/// Whether a party may make this change (IDN-81). The member may end the relationship and pause it, and nothing else;
/// fields that repeat what stands already are no change.
pub fn may_change(party: Party, row: &Model, patch: &RelationshipPatch) -> bool {
    if party != Party::Member {
        return true;
    }
    use RelationshipStatus::{Active, Paused, Terminated};
    let status = match patch.status {
        None | Some(Terminated) => true,
        Some(Paused) => matches!(row.status, Active | Paused),
        Some(other) => other == row.status,
    };
    status
        && patch.notes.as_ref().is_none_or(|notes| *notes == row.notes)
        && patch.start_date.is_none_or(|at| at == row.start_date)
        && patch.end_date.is_none_or(|at| at == row.end_date)
}

/// The end would lie before the start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EndBeforeStart;

/// A change with the dates that follow from it (IDN-80, IDN-81). Becoming active sets the start once, becoming
/// terminated sets the end, and leaving `terminated` clears it, unless the change names a date itself.
///
/// # Errors
/// When the change names a date and the end would lie before the start.
pub fn change(row: &Model, patch: RelationshipPatch, now: DateTime<Utc>) -> Result<Update, EndBeforeStart> {
    use RelationshipStatus::{Active, Terminated};
    let status = patch.status.unwrap_or(row.status);
    let becomes = |wanted| status == wanted && row.status != wanted;
    let start = match patch.start_date.unwrap_or(row.start_date) {
        None if becomes(Active) => Some(now),
        start => start,
    };
    let end = match patch.end_date {
        Some(Some(given)) => Some(given),
        _ if becomes(Terminated) => Some(now),
        Some(None) => None,
        None if row.status == Terminated && status != Terminated => None,
        None => row.end_date,
    };
    let names_date = patch.start_date.is_some() || patch.end_date.is_some();
    if names_date && start.zip(end).is_some_and(|(start, end)| end < start) {
        return Err(EndBeforeStart);
    }
    Ok(Update {
        status: (status != row.status).then_some(status),
        start_date: (start != row.start_date).then_some(start),
        end_date: (end != row.end_date).then_some(end),
        notes: patch.notes.filter(|notes| *notes != row.notes),
    })
}

#[cfg(test)]
#[path = "relationship_tests.rs"]
mod tests;
