//! The workspace as its caller sees it (IDN-85 … IDN-87).
use crate::{
    Actor, Core, Result, Settings,
    kernel::cache_key::{CacheKey, LIST_TTL},
};
use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use domain::{
    GymId, UserId,
    identity::{
        GymRole,
        gym::{self, GymType},
        user,
        workspace::{
            Branding, DEFAULT_MAX_CLIENTS, Features, NavigationItem, QuickAction, Terminology, navigation, percentage,
            permissions, quick_actions,
        },
    },
};
use ports::cache::{Bytes, encode};
use repository::identity::gym::WorkspaceCounts;
use serde::Serialize;
use std::sync::Arc;
use utoipa::ToSchema;

/// Members who joined within these days are new ones; sessions of these days are told of.
const GROWTH_DAYS: i64 = 30;

/// Everything that a client needs to draw the workspace for its caller.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[schema(as = WorkspaceContext)]
pub struct Workspace {
    pub workspace: WorkspaceSummary,
    pub terminology: Terminology,
    pub features: Features,
    pub navigation: Vec<NavigationItem>,
    pub quick_actions: Vec<QuickAction>,
    pub branding: Branding,
    pub user_context: WorkspaceUser,
    pub api_version: &'static str,
    /// `development` or `production`.
    pub environment: String,
}

#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct WorkspaceSummary {
    pub id: GymId,
    pub name: String,
    #[serde(rename = "type")]
    pub kind: GymType,
    pub is_personal_trainer: bool,
    /// The name, without the prefix of a personal trainer's.
    pub display_name: String,
    pub entity_label: &'static str,
    /// IANA name.
    pub timezone: String,
    #[schema(format = "email")]
    pub email: Option<String>,
    pub phone: Option<String>,
    pub address: Option<String>,
    /// Null for a gym.
    pub max_clients: Option<i32>,
    /// Null for a gym.
    pub specialties: Option<Vec<String>>,
}

impl From<&gym::Model> for WorkspaceSummary {
    fn from(g: &gym::Model) -> Self {
        let personal = g.is_personal_trainer();
        Self {
            id: g.id,
            name: g.name.clone(),
            kind: g.kind,
            is_personal_trainer: personal,
            display_name: g.display_name().to_owned(),
            entity_label: g.entity_type_label(),
            timezone: g.timezone.clone(),
            email: g.email.clone(),
            phone: g.phone.clone(),
            address: g.address.clone(),
            max_clients: g.max_clients.filter(|_| personal),
            specialties: g.trainer_specialties.clone().filter(|_| personal).map(|s| s.0),
        }
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct WorkspaceUser {
    pub id: UserId,
    #[schema(format = "email")]
    pub email: String,
    /// The e-mail address when no name is known.
    pub name: String,
    pub photo_url: Option<String>,
    /// The role in this gym, or `SUPER_ADMIN`.
    pub role: &'static str,
    /// What the workspace calls that role.
    pub role_label: &'static str,
    /// Hints for the interface; they open nothing.
    pub permissions: &'static [&'static str],
}

/// A role, and the role whose content is shown: the platform's administrators see what an owner sees (IDN-86).
fn shown_as(actor: &Actor, terms: &Terminology) -> (GymRole, &'static str, &'static str) {
    match actor.role() {
        Some(role) => (role, role.as_str(), terms.role(role)),
        None => (GymRole::Owner, "SUPER_ADMIN", "SUPER_ADMIN"),
    }
}

impl Workspace {
    fn of(actor: &Actor, environment: &str) -> Self {
        let (gym, person) = (actor.gym(), actor.caller().identity());
        let terminology = Terminology::of(gym.kind);
        let (content, role, role_label) = shown_as(actor, &terminology);
        let name = user::full_name(person.first_name.as_deref(), person.last_name.as_deref());
        Self {
            workspace: gym.into(),
            terminology,
            features: Features::of(gym.kind, content),
            navigation: navigation(gym.kind, content),
            quick_actions: quick_actions(gym.kind, content),
            branding: Branding::of(gym),
            user_context: WorkspaceUser {
                id: person.id,
                email: person.email.clone(),
                name: if name.is_empty() { person.email.clone() } else { name },
                photo_url: person.picture.clone(),
                role,
                role_label,
                permissions: permissions(content),
            },
            api_version: "1.0.0",
            environment: environment.to_owned(),
        }
    }
}

/// Figures of the workspace; what cannot be computed is null (IDN-87).
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[serde(tag = "type", content = "metrics", rename_all = "snake_case")]
pub enum WorkspaceStats {
    Gym(GymMetrics),
    Trainer(TrainerMetrics),
}

#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct GymMetrics {
    pub total_members: i64,
    pub active_trainers: i64,
    pub active_classes: Option<i64>,
    /// Seats taken in the sessions of the last 30 days, in percent of their seats.
    pub occupancy_rate: Option<f64>,
    /// Members of the last 30 days in percent of those who were there before.
    pub member_growth_rate: Option<f64>,
    /// For administrators only.
    pub revenue_this_month: Option<f64>,
}

#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct TrainerMetrics {
    pub active_clients: i64,
    pub max_clients: i32,
    /// Percent of `max_clients`.
    pub capacity_percentage: Option<f64>,
    pub sessions_this_week: Option<i64>,
    pub avg_sessions_per_client: Option<f64>,
    /// Percent.
    pub client_retention_rate: Option<f64>,
    /// For administrators only.
    pub revenue_this_month: Option<f64>,
}

/// What the schedule knows of a gym (IDN-87).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ScheduleCounts {
    pub active_classes: i64,
    /// Seats taken, and seats, in the sessions of a time that were not cancelled.
    pub taken: i64,
    pub seats: i64,
}

/// What a workspace shows of the schedule; asked for here, and answered by the context that knows.
#[async_trait]
pub trait ScheduleFigures: Send + Sync {
    /// Of sessions that started from `since` up to `now`.
    async fn of_gym(&self, gym: GymId, since: DateTime<Utc>, now: DateTime<Utc>) -> Result<ScheduleCounts>;
}

impl WorkspaceStats {
    pub fn of(gym: &gym::Model, counts: WorkspaceCounts, schedule: ScheduleCounts) -> Self {
        match gym.kind {
            GymType::Gym => Self::Gym(GymMetrics {
                total_members: counts.active_members,
                active_trainers: counts.active_trainers,
                active_classes: Some(schedule.active_classes),
                occupancy_rate: percentage(schedule.taken, schedule.seats),
                member_growth_rate: percentage(counts.new_members, counts.older_members),
                revenue_this_month: None,
            }),
            GymType::PersonalTrainer => {
                let max_clients = gym.max_clients.unwrap_or(DEFAULT_MAX_CLIENTS);
                Self::Trainer(TrainerMetrics {
                    active_clients: counts.active_members,
                    max_clients,
                    capacity_percentage: percentage(counts.active_members, max_clients.into()),
                    sessions_this_week: None,
                    avg_sessions_per_client: None,
                    client_retention_rate: None,
                    revenue_this_month: None,
                })
            }
        }
    }
}

#[async_trait]
pub trait Workspaces: Send + Sync {
    /// The workspace for its caller. Member guard.
    async fn workspace(&self, actor: &Actor) -> Result<Workspace>;
    /// `WorkspaceStats`, as the JSON that is sent. Trainer guard.
    async fn stats(&self, actor: &Actor) -> Result<Bytes>;
}

pub struct WorkspaceService {
    core: Core,
    schedule: Arc<dyn ScheduleFigures>,
    environment: Arc<str>,
}

impl WorkspaceService {
    pub fn new(core: &Core, schedule: Arc<dyn ScheduleFigures>, settings: &Settings) -> Self {
        Self { core: core.clone(), schedule, environment: settings.environment.as_str().into() }
    }
}

#[async_trait]
impl Workspaces for WorkspaceService {
    async fn workspace(&self, actor: &Actor) -> Result<Workspace> {
        actor.must_be(GymRole::Member)?;
        Ok(Workspace::of(actor, &self.environment))
    }

    async fn stats(&self, actor: &Actor) -> Result<Bytes> {
        actor.must_be(GymRole::Trainer)?;
        let gym = actor.gym();
        let load = async || {
            let now = self.core.clock.now();
            let since = now - TimeDelta::days(GROWTH_DAYS);
            let counts = self.core.stores.people.workspace_counts(&self.core.db, gym.id, since).await?;
            let schedule = match gym.kind {
                GymType::Gym => self.schedule.of_gym(gym.id, since, now).await?,
                // what a personal trainer sees of it are events
                GymType::PersonalTrainer => ScheduleCounts::default(),
            };
            Ok(encode(&WorkspaceStats::of(gym, counts, schedule)))
        };
        // money is for administrators: what they see and what trainers see are two entries
        let key = if actor.is_at_least(GymRole::Admin) { "with_money" } else { "without_money" };
        self.core.cache.bytes_or_load(&CacheKey::WorkspaceStats(gym.id).ns(), key, LIST_TTL, load).await
    }
}
