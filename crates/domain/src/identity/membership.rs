//! Who belongs to a gym, and as what (`user_gyms`).
use super::GymRole;
use crate::{GymId, MembershipId, UserId};
use chrono::{DateTime, Datelike, NaiveDate, TimeDelta, Utc};
use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "String(StringLen::N(50))", rename_all = "snake_case")]
#[serde(rename_all = "snake_case")]
pub enum MembershipType {
    #[default]
    Free,
    Paid,
    Trial,
    Owner,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, DeriveEntityModel)]
#[sea_orm(table_name = "user_gyms")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub id: MembershipId,
    pub gym_id: GymId,
    pub user_id: UserId,
    pub role: GymRole,
    pub is_active: bool,
    pub membership_expires_at: Option<DateTime<Utc>>,
    pub membership_type: MembershipType,
    pub stripe_customer_id: Option<String>,
    pub stripe_subscription_id: Option<String>,
    pub last_payment_at: Option<DateTime<Utc>>,
    pub notes: Option<String>,
    pub last_app_access: Option<DateTime<Utc>>,
    pub total_app_opens: i32,
    pub monthly_app_opens: i32,
    pub monthly_reset_date: Option<DateTime<Utc>>,
    pub app_streak_days: i32,
    /// Joined at.
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

crate::stamped!();
crate::tenant_entity!("membership", MembershipId);

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Create {
    pub user_id: UserId,
    pub role: GymRole,
    pub membership_type: MembershipType,
}

impl sea_orm::IntoActiveModel<ActiveModel> for Create {
    fn into_active_model(self) -> ActiveModel {
        use sea_orm::ActiveValue::Set;
        ActiveModel {
            user_id: Set(self.user_id),
            role: Set(self.role),
            is_active: Set(true),
            membership_type: Set(self.membership_type),
            total_app_opens: Set(0),
            monthly_app_opens: Set(0),
            app_streak_days: Set(0),
            ..Default::default()
        }
    }
}

#[derive(Clone, Debug, Default, PartialEq, Eq, DeriveIntoActiveModel)]
pub struct Update {
    pub role: Option<GymRole>,
    pub is_active: Option<bool>,
    pub membership_type: Option<MembershipType>,
}

/// Whether a gym that takes at most `max_clients` members has a place for one more (IDN-42). Only a personal
/// trainer's workspace has such a limit.
pub fn has_place(gym: &super::gym::Model, active_members: i64) -> bool {
    match client_limit(gym) {
        Some(max) => active_members < i64::from(max),
        None => true,
    }
}

/// How many members the gym takes; `None` is any number.
pub fn client_limit(gym: &super::gym::Model) -> Option<i32> {
    gym.max_clients.filter(|_| gym.kind == super::gym::GymType::PersonalTrainer)
}

/// How often an app that stays open is counted (IDN-30).
pub const ACCESS_INTERVAL: TimeDelta = TimeDelta::seconds(300);

/// A membership's app counters after one more access (IDN-30).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AppAccess {
    pub monthly_app_opens: i32,
    pub monthly_reset_date: Option<DateTime<Utc>>,
    pub app_streak_days: i32,
}

/// Counts an access at `now`. `today` and `previous` are calendar days of the gym: of `now`, and of the last access.
pub fn count_access(row: &Model, now: DateTime<Utc>, today: NaiveDate, previous: Option<NaiveDate>) -> AppAccess {
    let same_month = |at: DateTime<Utc>| (at.year(), at.month()) == (now.year(), now.month());
    let (monthly, reset) = match row.monthly_reset_date {
        Some(at) if same_month(at) => (row.monthly_app_opens + 1, Some(at)),
        _ => (1, Some(now)),
    };
    let streak = match previous {
        Some(day) if day == today => row.app_streak_days.max(1),
        Some(day) if day.succ_opt() == Some(today) => row.app_streak_days + 1,
        _ => 1,
    };
    AppAccess { monthly_app_opens: monthly, monthly_reset_date: reset, app_streak_days: streak }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(monthly: i32, reset: Option<&str>, streak: i32) -> Model {
        let at: DateTime<Utc> = "2026-01-01T00:00:00Z".parse().unwrap();
        Model {
            id: MembershipId(1),
            gym_id: GymId(1),
            user_id: UserId(1),
            role: GymRole::Member,
            is_active: true,
            membership_expires_at: None,
            membership_type: MembershipType::Free,
            stripe_customer_id: None,
            stripe_subscription_id: None,
            last_payment_at: None,
            notes: None,
            last_app_access: None,
            total_app_opens: 0,
            monthly_app_opens: monthly,
            monthly_reset_date: reset.map(|r| r.parse().unwrap()),
            app_streak_days: streak,
            created_at: at,
            updated_at: at,
        }
    }

    #[test]
    fn idn_42_only_a_personal_trainer_takes_a_limited_number() {
        use crate::identity::gym::{self, GymType};
        let at: DateTime<Utc> = "2026-01-01T00:00:00Z".parse().unwrap();
        let gym = |kind, max_clients| gym::Model {
            id: GymId(1),
            name: "One".into(),
            subdomain: "one".into(),
            kind,
            logo_url: None,
            address: None,
            phone: None,
            email: None,
            description: None,
            timezone: "UTC".into(),
            is_active: true,
            trainer_specialties: None,
            trainer_certifications: None,
            max_clients,
            created_at: at,
            updated_at: at,
        };
        for (kind, max, members, place) in [
            (GymType::PersonalTrainer, Some(2), 0, true),
            (GymType::PersonalTrainer, Some(2), 1, true),
            (GymType::PersonalTrainer, Some(2), 2, false),
            (GymType::PersonalTrainer, Some(2), 3, false),
            (GymType::PersonalTrainer, None, 900, true),
            (GymType::Gym, Some(2), 2, true),
        ] {
            assert_eq!(has_place(&gym(kind, max), members), place, "{kind:?} {max:?} {members}");
        }
    }

    #[test]
    fn idn_30_months_reset_and_streaks_grow_by_the_day() {
        let now: DateTime<Utc> = "2026-03-10T09:00:00Z".parse().unwrap();
        let day = |d: &str| Some(d.parse::<NaiveDate>().unwrap());
        let today = day("2026-03-10").unwrap();
        for (row, previous, opens, streak) in [
            (row(0, None, 0), None, 1, 1),
            (row(4, Some("2026-03-02T00:00:00Z"), 3), day("2026-03-10"), 5, 3),
            (row(4, Some("2026-03-02T00:00:00Z"), 3), day("2026-03-09"), 5, 4),
            (row(4, Some("2026-02-27T00:00:00Z"), 3), day("2026-03-08"), 1, 1),
            (row(4, Some("2025-03-02T00:00:00Z"), 3), day("2026-03-09"), 1, 4),
        ] {
            let got = count_access(&row, now, today, previous);
            assert_eq!((got.monthly_app_opens, got.app_streak_days), (opens, streak), "{previous:?}");
        }
    }
}
