//! The shapes that leave the system. A cached answer is kept as the bytes of one of these.
use chrono::{DateTime, Utc};
use domain::{
    GymId, MembershipId, UserId,
    identity::{
        GymRole, PlatformRole,
        gym::{self, Certification, GymType},
        membership, user,
    },
};
use repository::identity::membership::{MemberSummary, PublicMember};
use serde::Serialize;
use utoipa::ToSchema;

/// A person, as far as the caller may see them (IDN-56): what may not be seen is null.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct User {
    pub id: UserId,
    #[schema(format = "email")]
    pub email: String,
    pub is_active: bool,
    pub is_superuser: Option<bool>,
    pub first_name: Option<String>,
    pub last_name: Option<String>,
    pub role: PlatformRole,
    pub phone_number: Option<String>,
    pub birth_date: Option<DateTime<Utc>>,
    /// Centimetres.
    pub height: Option<f64>,
    /// Kilograms.
    pub weight: Option<f64>,
    pub bio: Option<String>,
    pub goals: Option<String>,
    pub health_conditions: Option<String>,
    pub color: Option<String>,
    pub gym_role: Option<GymRole>,
    pub qr_code: Option<String>,
    pub auth0_id: Option<String>,
    pub picture: Option<String>,
    pub created_at: DateTime<Utc>,
    pub updated_at: Option<DateTime<Utc>>,
}

/// How much of a person an answer shows (IDN-56).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exposure {
    /// The person themself, and staff looking at one person.
    WithQrCode,
    /// Administrators of the gym, and of the platform.
    Private,
    /// Everybody else.
    Basic,
}

impl User {
    pub fn of(row: user::Model, exposure: Exposure, gym_role: Option<GymRole>) -> Self {
        let private = exposure != Exposure::Basic;
        Self {
            id: row.id,
            email: row.email,
            is_active: row.is_active,
            is_superuser: private.then_some(row.is_superuser),
            first_name: row.first_name,
            last_name: row.last_name,
            role: row.role,
            phone_number: row.phone_number.filter(|_| private),
            birth_date: row.birth_date.filter(|_| private),
            height: row.height.filter(|_| private),
            weight: row.weight.filter(|_| private),
            bio: row.bio,
            goals: row.goals,
            health_conditions: row.health_conditions.filter(|_| private),
            color: row.color,
            gym_role,
            qr_code: row.qr_code.filter(|_| exposure == Exposure::WithQrCode),
            auth0_id: row.auth0_id,
            picture: row.picture,
            created_at: row.created_at,
            updated_at: row.updated_at,
        }
    }

    /// In a gym the role is the one there, an owner's shown as ADMIN (IDN-57).
    pub fn in_gym(row: user::Model, exposure: Exposure, role: GymRole) -> Self {
        Self { role: role.as_platform(), ..Self::of(row, exposure, Some(role)) }
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct UserProfile {
    pub id: UserId,
    pub first_name: Option<String>,
    pub last_name: Option<String>,
    pub picture: Option<String>,
    pub role: PlatformRole,
    pub bio: Option<String>,
    pub goals: Option<String>,
    pub color: Option<String>,
    /// Centimetres.
    pub height: Option<f64>,
    /// Kilograms.
    pub weight: Option<f64>,
    pub birth_date: Option<DateTime<Utc>>,
    pub is_active: bool,
    pub created_at: DateTime<Utc>,
}

impl UserProfile {
    pub fn of(row: user::Model, exposure: Exposure) -> Self {
        let private = exposure != Exposure::Basic;
        Self {
            id: row.id,
            first_name: row.first_name,
            last_name: row.last_name,
            picture: row.picture,
            role: row.role,
            bio: row.bio,
            goals: row.goals,
            color: row.color,
            height: row.height.filter(|_| private),
            weight: row.weight.filter(|_| private),
            birth_date: row.birth_date.filter(|_| private),
            is_active: row.is_active,
            created_at: row.created_at,
        }
    }
}

/// What any member may see of any other (IDN-57).
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct UserPublicProfile {
    pub id: UserId,
    pub first_name: Option<String>,
    pub last_name: Option<String>,
    pub picture: Option<String>,
    pub role: PlatformRole,
    pub bio: Option<String>,
    pub color: Option<String>,
    pub is_active: bool,
}

impl From<PublicMember> for UserPublicProfile {
    fn from(m: PublicMember) -> Self {
        Self {
            id: m.id,
            first_name: m.first_name,
            last_name: m.last_name,
            picture: m.picture,
            role: m.role.as_platform(),
            bio: m.bio,
            color: m.color,
            is_active: m.is_active,
        }
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct UserBasicInfo {
    pub id: UserId,
    #[schema(format = "email")]
    pub email: String,
    pub first_name: Option<String>,
    pub last_name: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct GymUserSummary {
    pub id: UserId,
    /// Null where the caller may not see it.
    #[schema(format = "email")]
    pub email: Option<String>,
    pub full_name: String,
    pub role: GymRole,
    pub joined_at: DateTime<Utc>,
}

impl From<MemberSummary> for GymUserSummary {
    fn from(m: MemberSummary) -> Self {
        Self {
            id: m.id,
            full_name: user::full_name(m.first_name.as_deref(), m.last_name.as_deref()),
            email: Some(m.email),
            role: m.role,
            joined_at: m.joined_at,
        }
    }
}

/// What anybody may see of a gym.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[schema(as = GymPublicSchema)]
pub struct GymPublic {
    pub id: GymId,
    pub name: String,
    pub subdomain: String,
    pub logo_url: Option<String>,
    pub address: Option<String>,
    pub phone: Option<String>,
    #[schema(format = "email")]
    pub email: Option<String>,
    pub description: Option<String>,
    /// IANA name.
    pub timezone: String,
    pub is_active: bool,
}

impl From<gym::Model> for GymPublic {
    fn from(g: gym::Model) -> Self {
        Self {
            id: g.id,
            name: g.name,
            subdomain: g.subdomain,
            logo_url: g.logo_url,
            address: g.address,
            phone: g.phone,
            email: g.email,
            description: g.description,
            timezone: g.timezone,
            is_active: g.is_active,
        }
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct Gym {
    #[serde(flatten)]
    pub public: GymPublic,
    #[serde(rename = "type")]
    pub kind: GymType,
    pub trainer_specialties: Option<Vec<String>>,
    pub trainer_certifications: Option<Vec<Certification>>,
    pub max_clients: Option<i32>,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

impl From<gym::Model> for Gym {
    fn from(mut g: gym::Model) -> Self {
        Self {
            kind: g.kind,
            trainer_specialties: g.trainer_specialties.take().map(|s| s.0),
            trainer_certifications: g.trainer_certifications.take().map(|c| c.0),
            max_clients: g.max_clients,
            created_at: g.created_at,
            updated_at: g.updated_at,
            public: g.into(),
        }
    }
}

/// A membership of staff or member (IDN-50).
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[schema(as = UserGymSchema)]
pub struct UserGym {
    pub id: MembershipId,
    pub user_id: UserId,
    pub gym_id: GymId,
    pub role: GymRole,
    pub created_at: DateTime<Utc>,
}

impl From<membership::Model> for UserGym {
    fn from(m: membership::Model) -> Self {
        Self { id: m.id, user_id: m.user_id, gym_id: m.gym_id, role: m.role, created_at: m.created_at }
    }
}
