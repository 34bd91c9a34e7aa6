//! One's own profile, and that of another member (IDN-54, IDN-56, IDN-57).
use super::view::{Exposure, User, UserProfile};
use crate::{Actor, Caller, Core, Error, Refusal, Result, kernel::cache_key::CacheKey};
use async_trait::async_trait;
use domain::{
    GymId, UserId,
    identity::{
        GymRole,
        user::{self, ProfilePatch},
    },
    kernel::validation::check,
};

pub const USER_NOT_FOUND: Refusal =
    Refusal::not_found("user_not_found", "There is no such user.", "El usuario no existe.");

#[async_trait]
pub trait Profiles: Send + Sync {
    /// The caller's own row. `gym` = the gym of the header, if one was sent: the caller's role there is shown when
    /// they belong to it.
    async fn own(&self, caller: &Caller, gym: Option<GymId>) -> Result<User>;
    async fn own_profile(&self, caller: &Caller) -> Result<UserProfile>;
    /// Changes the fields that are present, and answers with the row as it stands committed (IDN-54).
    async fn update(&self, caller: &Caller, patch: ProfilePatch, gym: Option<GymId>) -> Result<User>;
    /// Another member of the gym.
    async fn of_member(&self, actor: &Actor, user: UserId) -> Result<UserProfile>;
}

pub struct ProfileService {
    core: Core,
}

impl ProfileService {
    pub fn new(core: &Core) -> Self {
        Self { core: core.clone() }
    }

    async fn row(&self, caller: &Caller) -> Result<user::Model> {
        Ok(self.core.stores.users.by_id(&self.core.db, caller.id()).await?.ok_or(USER_NOT_FOUND)?)
    }

    async fn with_gym_role(&self, row: user::Model, gym: Option<GymId>) -> Result<User> {
        let membership = match gym {
            Some(gym) => self.core.stores.people.of_user(&self.core.db, gym, row.id).await?,
            None => None,
        };
        Ok(User::of(row, Exposure::WithQrCode, membership.map(|m| m.role)))
    }
}

#[async_trait]
impl Profiles for ProfileService {
    async fn own(&self, caller: &Caller, gym: Option<GymId>) -> Result<User> {
        let row = self.row(caller).await?;
        self.with_gym_role(row, gym).await
    }

    async fn own_profile(&self, caller: &Caller) -> Result<UserProfile> {
        Ok(UserProfile::of(self.row(caller).await?, Exposure::Private))
    }

    async fn update(&self, caller: &Caller, patch: ProfilePatch, gym: Option<GymId>) -> Result<User> {
        check(&patch)?;
        let (users, people) = (&self.core.stores.users, &self.core.stores.people);
        let (row, gyms) = self
            .core
            .db
            .run(async |tx| {
                let row = users.update_profile(&tx, caller.id(), patch.clone()).await?.ok_or(USER_NOT_FOUND)?;
                let gyms = people.gyms_of(&tx, caller.id()).await?;
                Ok::<_, Error>((row, gyms))
            })
            .await?;
        self.core.committed(&stale(&row, gyms.iter().map(|(gym, _)| *gym))).await;
        self.with_gym_role(row, gym).await
    }

    async fn of_member(&self, actor: &Actor, user: UserId) -> Result<UserProfile> {
        actor.must_be(GymRole::Member)?;
        let person = self.core.stores.people.person(&self.core.db, actor.gym_id(), user).await?;
        let (row, membership) = person.ok_or(USER_NOT_FOUND)?;
        let exposure = if row.id == actor.user_id() || actor.is_at_least(GymRole::Admin) {
            Exposure::Private
        } else {
            Exposure::Basic
        };
        Ok(UserProfile { role: membership.role.as_platform(), ..UserProfile::of(row, exposure) })
    }
}

/// What a change of a person's row makes stale: their own entries, and in every gym the lists that show them and the
/// figures that their weight and height are part of (IDN-99, ATT-52).
pub(crate) fn stale(row: &user::Model, gyms: impl IntoIterator<Item = GymId>) -> Vec<CacheKey> {
    let own = row.auth0_id.clone().map(CacheKey::UserByAuth0Id);
    own.into_iter()
        .chain([CacheKey::UserPublicProfile(row.id)])
        .chain(gyms.into_iter().flat_map(|gym| [CacheKey::GymPeople(gym), CacheKey::MemberStats(row.id, gym)]))
        .collect()
}
