//! Every family of the cache and its life time (specification of identity, §5).
use super::{
    effect,
    relay::{EffectHandler, Failure},
};
use crate::Core;
use async_trait::async_trait;
use domain::{GymId, UserId, kernel::outbox::Model};
use ports::Ns;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// A namespace of the cache, in a form that an effect can carry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CacheKey {
    /// The row behind a token's subject.
    UserByAuth0Id(String),
    GymDetails(GymId),
    /// The public list of gyms, and the search by subdomain.
    GymDirectory,
    /// What anybody sees of one gym.
    GymPage(GymId),
    /// Role and state of one person in one gym, or that there is none.
    UserGymMembership(UserId, GymId),
    /// What other members may see of a person, in any gym.
    UserPublicProfile(UserId),
    /// Lists of a gym's people.
    GymPeople(GymId),
    GymModules(GymId),
    WorkspaceStats(GymId),
    /// Weekly hours, special days, and what follows from both.
    OpeningHours(GymId),
    ScheduleSettings(GymId),
    /// Classes and their categories.
    Classes(GymId),
    /// Sessions with their seats, and lists of them.
    Sessions(GymId),
    /// What one member has booked in a gym.
    MemberSchedule(UserId, GymId),
    /// What one member has done in a gym: attendance, achievements, statistics, health.
    MemberStats(UserId, GymId),
    ReviewStats(GymId),
    /// Events with their participants, and lists of them.
    Events(GymId),
}

impl CacheKey {
    pub fn ns(&self) -> Ns {
        match self {
            Self::UserByAuth0Id(sub) => Ns::new("user_by_auth0_id", sub),
            Self::GymDetails(gym) => Ns::new("gym_details", gym),
            Self::GymDirectory => Ns::new("gym_directory", "all"),
            Self::GymPage(gym) => Ns::new("gym_page", gym),
            Self::UserGymMembership(user, gym) => Ns::new("user_gym_membership", format_args!("{user}:{gym}")),
            Self::UserPublicProfile(user) => Ns::new("user_public_profile", user),
            Self::GymPeople(gym) => Ns::new("gym_people", gym),
            Self::GymModules(gym) => Ns::new("gym_modules", gym),
            Self::WorkspaceStats(gym) => Ns::new("workspace_stats", gym),
            Self::OpeningHours(gym) => Ns::new("gym_hours", gym),
            Self::ScheduleSettings(gym) => Ns::new("schedule_settings", gym),
            Self::Classes(gym) => Ns::new("schedule_classes", gym),
            Self::Sessions(gym) => Ns::new("schedule_sessions", gym),
            Self::MemberSchedule(user, gym) => Ns::new("member_schedule", format_args!("{user}:{gym}")),
            Self::MemberStats(user, gym) => Ns::new("member_stats", format_args!("{user}:{gym}")),
            Self::ReviewStats(gym) => Ns::new("review_stats", gym),
            Self::Events(gym) => Ns::new("events", gym),
        }
    }

    /// The namespaces that go when this goes stale: its own, and those of answers that are made of it. So whoever
    /// changes a gym or its modules need not know who shows them.
    pub fn stale(&self) -> Vec<Ns> {
        let made_of_it = match self {
            Self::GymDetails(gym) => vec![Self::GymDirectory, Self::GymPage(*gym)],
            Self::GymModules(gym) => vec![Self::GymPage(*gym)],
            // a session is shown with its class
            Self::Classes(gym) => vec![Self::Sessions(*gym), Self::ReviewStats(*gym), Self::WorkspaceStats(*gym)],
            // whether it is active is shown on the dashboard
            Self::UserGymMembership(user, gym) => vec![Self::MemberStats(*user, *gym)],
            _ => Vec::new(),
        };
        [self.ns()].into_iter().chain(made_of_it.iter().map(Self::ns)).collect()
    }

    /// Every family that shows something of this gym, for its deactivation (IDN-46). The memberships of its people are
    /// not among them: what they say, role and state, stays true.
    pub fn of_gym(gym: GymId) -> Vec<Self> {
        vec![
            Self::GymDetails(gym),
            Self::GymPeople(gym),
            Self::GymModules(gym),
            Self::WorkspaceStats(gym),
            Self::OpeningHours(gym),
            Self::ScheduleSettings(gym),
            Self::Classes(gym),
            Self::Events(gym),
        ]
    }
}

/// How long entries live.
#[derive(Clone, Copy, Debug)]
pub struct CacheTtl {
    pub user_membership: Duration,
    /// For 'there is none'.
    pub negative: Duration,
    pub gym_details: Duration,
    pub user_profile: Duration,
}

/// A cache that is back must not serve what went stale meanwhile for much longer than this.
const TRY_AGAIN: Duration = Duration::from_secs(5);

/// Lists, modules, statistics.
pub const LIST_TTL: Duration = Duration::from_secs(300);

impl Default for CacheTtl {
    fn default() -> Self {
        Self {
            user_membership: Duration::from_secs(3600),
            negative: Duration::from_secs(60),
            gym_details: Duration::from_secs(3600),
            user_profile: Duration::from_secs(300),
        }
    }
}

/// Drops cache families once more, for a commit whose process did not live to do so.
pub(crate) struct DropCache {
    core: Core,
}

impl DropCache {
    pub(crate) fn new(core: &Core) -> Self {
        Self { core: core.clone() }
    }
}

#[async_trait]
impl EffectHandler for DropCache {
    fn kind(&self) -> &'static str {
        effect::CACHE_DROP
    }

    /// For longer than any entry lives: after that nothing stale is left.
    fn max_attempts(&self) -> i32 {
        1000
    }

    /// Told only when the store was: until then other processes may read what is stale.
    async fn deliver(&self, row: &Model) -> Result<(), Failure> {
        let keys: Vec<CacheKey> = serde_json::from_value(row.payload.get("keys").cloned().unwrap_or_default())
            .map_err(|e| Failure::Permanent(e.to_string()))?;
        let dropped: Vec<_> = keys.iter().flat_map(CacheKey::stale).collect();
        if self.core.cache.invalidate_all(&dropped).await {
            return Ok(());
        }
        Err(Failure::Retry { reason: "the cache cannot be told".into(), after: Some(TRY_AGAIN) })
    }
}
