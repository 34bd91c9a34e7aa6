//! Every family of the cache and its life time (specification of identity, §5).
use domain::{GymId, UserId};
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
    /// Role and state of one person in one gym, or that there is none.
    UserGymMembership(UserId, GymId),
    /// What other members may see of a person, in any gym.
    UserPublicProfile(UserId),
    /// Lists of a gym's people.
    GymPeople(GymId),
    GymModules(GymId),
    WorkspaceStats(GymId),
}

impl CacheKey {
    pub fn ns(&self) -> Ns {
        match self {
            Self::UserByAuth0Id(sub) => Ns::new("user_by_auth0_id", sub),
            Self::GymDetails(gym) => Ns::new("gym_details", gym),
            Self::UserGymMembership(user, gym) => Ns::new("user_gym_membership", format_args!("{user}:{gym}")),
            Self::UserPublicProfile(user) => Ns::new("user_public_profile", user),
            Self::GymPeople(gym) => Ns::new("gym_people", gym),
            Self::GymModules(gym) => Ns::new("gym_modules", gym),
            Self::WorkspaceStats(gym) => Ns::new("workspace_stats", gym),
        }
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
