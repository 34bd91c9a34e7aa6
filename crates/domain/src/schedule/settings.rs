//! What a gym decides about its bookings; a gym without a row has the defaults.
use crate::{GymId, ScheduleSettingsId, kernel::patch};
use chrono::{DateTime, TimeDelta, Utc};
use garde::Validate;
use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

/// Whether one trainer or room may hold two sessions at once (SCH-44).
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
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
pub enum OverlapPolicy {
    #[default]
    Reject,
    Allow,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, DeriveEntityModel)]
#[sea_orm(table_name = "gym_schedule_settings")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub id: ScheduleSettingsId,
    pub gym_id: GymId,
    /// A cancellation nearer than this to the start is late; 0 is never (SCH-78).
    pub late_cancel_minutes: i32,
    /// Bookings open so many hours before the start; none is at any time.
    pub booking_opens_hours: Option<i32>,
    pub waitlist_enabled: bool,
    /// Of one session.
    pub waitlist_max_size: i32,
    /// Nobody joins a waitlist or is promoted nearer than this to the start.
    pub waitlist_cutoff_minutes: i32,
    pub session_overlap_policy: OverlapPolicy,
    /// Whether who was registered and not seen becomes a no-show by itself (SCH-89).
    pub auto_no_show: bool,
    /// Whether a booking needs an active membership (SCH-74).
    pub require_active_membership: bool,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

crate::stamped!();
crate::tenant_entity!("schedule settings", ScheduleSettingsId);

#[derive(Clone, Debug, PartialEq, Eq, DeriveIntoActiveModel)]
pub struct Create {
    pub late_cancel_minutes: i32,
    pub booking_opens_hours: Option<i32>,
    pub waitlist_enabled: bool,
    pub waitlist_max_size: i32,
    pub waitlist_cutoff_minutes: i32,
    pub session_overlap_policy: OverlapPolicy,
    pub auto_no_show: bool,
    pub require_active_membership: bool,
}

/// Only fields that are sent change. Distances from a session's start are at most a year.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Validate, DeriveIntoActiveModel, utoipa::ToSchema)]
#[schema(as = ScheduleSettingsUpdate, example = json!({"late_cancel_minutes": 120, "booking_opens_hours": 168}))]
#[serde(default)]
pub struct Update {
    /// A cancellation nearer than this to the start is late; 0 is never.
    #[garde(inner(range(min = 0, max = 525_600)))]
    #[schema(minimum = 0, maximum = 525_600)]
    pub late_cancel_minutes: Option<i32>,
    /// Bookings open so many hours before the start; `null` is at any time.
    #[garde(inner(inner(range(min = 1, max = 8_760))))]
    #[serde(deserialize_with = "patch::present")]
    #[schema(value_type = Option<i32>, minimum = 1, maximum = 8_760)]
    pub booking_opens_hours: Option<Option<i32>>,
    #[garde(skip)]
    pub waitlist_enabled: Option<bool>,
    /// Of one session.
    #[garde(inner(range(min = 1, max = 500)))]
    #[schema(minimum = 1, maximum = 500)]
    pub waitlist_max_size: Option<i32>,
    /// Nobody joins a waitlist or is promoted nearer than this to the start.
    #[garde(inner(range(min = 0, max = 525_600)))]
    #[schema(minimum = 0, maximum = 525_600)]
    pub waitlist_cutoff_minutes: Option<i32>,
    #[garde(skip)]
    pub session_overlap_policy: Option<OverlapPolicy>,
    /// Whether who was registered and not seen becomes a no-show by itself.
    #[garde(skip)]
    pub auto_no_show: Option<bool>,
    /// Whether a booking needs an active membership.
    #[garde(skip)]
    pub require_active_membership: Option<bool>,
}

impl Default for Create {
    fn default() -> Self {
        Self {
            late_cancel_minutes: 0,
            booking_opens_hours: None,
            waitlist_enabled: true,
            waitlist_max_size: 50,
            waitlist_cutoff_minutes: 0,
            session_overlap_policy: OverlapPolicy::Reject,
            auto_no_show: false,
            require_active_membership: false,
        }
    }
}

/// The row's own decisions, or the defaults of a gym that has none.
pub fn of(row: Option<Model>) -> Create {
    row.map_or_else(Create::default, |row| Create {
        late_cancel_minutes: row.late_cancel_minutes,
        booking_opens_hours: row.booking_opens_hours,
        waitlist_enabled: row.waitlist_enabled,
        waitlist_max_size: row.waitlist_max_size,
        waitlist_cutoff_minutes: row.waitlist_cutoff_minutes,
        session_overlap_policy: row.session_overlap_policy,
        auto_no_show: row.auto_no_show,
        require_active_membership: row.require_active_membership,
    })
}

impl Create {
    /// Until when one joins a waitlist or is promoted from it.
    pub fn waitlist_closes(&self, start: DateTime<Utc>) -> DateTime<Utc> {
        start - TimeDelta::minutes(self.waitlist_cutoff_minutes.into())
    }
    /// From when on a session can be booked.
    pub fn booking_opens(&self, start: DateTime<Utc>) -> Option<DateTime<Utc>> {
        self.booking_opens_hours.map(|hours| start - TimeDelta::hours(hours.into()))
    }
    /// Whether a member who cancels at `now` cancels late (SCH-78).
    pub fn is_late(&self, start: DateTime<Utc>, now: DateTime<Utc>) -> bool {
        self.late_cancel_minutes > 0 && now > start - TimeDelta::minutes(self.late_cancel_minutes.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sch_78_late_is_after_the_boundary_and_never_without_one() {
        let start: DateTime<Utc> = "2026-03-02T18:00:00Z".parse().unwrap();
        let settings = |minutes| Create { late_cancel_minutes: minutes, ..Create::default() };
        for (minutes, before_start, late) in [(60, 3601, false), (60, 3600, false), (60, 3599, true), (0, 1, false)] {
            let now = start - TimeDelta::seconds(before_start);
            assert_eq!(settings(minutes).is_late(start, now), late, "{minutes} {before_start}");
        }
    }
}
