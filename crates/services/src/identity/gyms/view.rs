//! Gyms as the public, their people and their statistics show them.
use crate::identity::view::{Gym, GymPublic};
use domain::identity::{GymRole, gym};
use repository::identity::{gym::RoleCounts, module::ModuleState};
use serde::Serialize;
use utoipa::ToSchema;

/// When a gym is open on one day of the week.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct GymHoursPublic {
    /// 0 = Monday … 6 = Sunday.
    #[schema(minimum = 0, maximum = 6)]
    pub day_of_week: i16,
    /// Null when the gym stays closed.
    #[schema(format = "time")]
    pub open_time: Option<String>,
    #[schema(format = "time")]
    pub close_time: Option<String>,
    pub is_closed: bool,
}

/// A plan that a visitor can buy.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct MembershipPlanPublic {
    pub id: i64,
    pub name: String,
    pub description: Option<String>,
    pub price_cents: i64,
    pub currency: String,
    pub billing_interval: String,
    pub duration_days: i32,
    pub max_billing_cycles: Option<i32>,
    pub features: Option<String>,
    pub max_bookings_per_month: Option<i32>,
    /// `price_cents / 100`.
    pub price_amount: f64,
}

#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct GymModulePublic {
    pub module_name: String,
    pub is_enabled: bool,
}

#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[schema(as = GymDetailedPublicSchema)]
pub struct GymDetails {
    #[serde(flatten)]
    pub gym: GymPublic,
    pub gym_hours: Vec<GymHoursPublic>,
    pub membership_plans: Vec<MembershipPlanPublic>,
    /// Active ones only.
    pub modules: Vec<GymModulePublic>,
}

impl GymDetails {
    pub fn of(gym: gym::Model, modules: Vec<ModuleState>) -> Self {
        let active = modules.into_iter().filter(|m| m.active == Some(true));
        Self {
            gym: gym.into(),
            gym_hours: Vec::new(),
            membership_plans: Vec::new(),
            modules: active.map(|m| GymModulePublic { module_name: m.name, is_enabled: true }).collect(),
        }
    }
}

/// A gym of the caller.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[schema(as = UserGymMembershipSchema)]
pub struct MyGym {
    #[serde(flatten)]
    pub gym: Gym,
    #[schema(format = "email")]
    pub user_email: String,
    pub user_role_in_gym: GymRole,
}

/// A gym and what is counted about it (IDN-38).
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct GymWithStats {
    #[serde(flatten)]
    pub gym: Gym,
    pub members_count: i64,
    pub trainers_count: i64,
    /// ADMIN and OWNER.
    pub admins_count: i64,
    pub events_count: i64,
    pub classes_count: i64,
}

impl GymWithStats {
    pub fn of(gym: gym::Model, counts: RoleCounts) -> Self {
        Self {
            gym: gym.into(),
            members_count: counts.members,
            trainers_count: counts.trainers,
            admins_count: counts.admins,
            events_count: 0,
            classes_count: 0,
        }
    }
}
