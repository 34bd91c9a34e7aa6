//! Lists of a gym's people, and one of them (IDN-56 … IDN-60).
use super::{
    profile::USER_NOT_FOUND,
    view::{Exposure, GymUserSummary, User, UserBasicInfo, UserPublicProfile},
};
use crate::{
    Actor, Core, Refusal, Result,
    kernel::cache_key::{CacheKey, LIST_TTL},
};
use async_trait::async_trait;
use domain::{GymId, UserId, identity::GymRole};
use ports::cache::{Bytes, encode};
use repository::{
    Page,
    identity::{
        membership::{MemberFilter, MemberSummary},
        user::UserFilter,
    },
};

pub const PARTICIPANT_ROLE: Refusal = Refusal::bad_request(
    "invalid_role",
    "Participants are MEMBER or TRAINER.",
    "Los participantes son MEMBER o TRAINER.",
);
pub const EMAIL_UNKNOWN: Refusal =
    Refusal::not_found("user_not_found", "Nobody has this e-mail address.", "Nadie tiene esta dirección de correo.");
pub const IN_GYM_ALREADY: Refusal = Refusal::conflict(
    "already_in_gym",
    "This user belongs to the gym already.",
    "El usuario ya pertenece al gimnasio.",
);

/// Lists of a gym's people. Lists come as the JSON that is sent: what the cache holds leaves as it is.
#[async_trait]
pub trait People: Send + Sync {
    /// Participants in full: `[User]`. Admin guard.
    async fn participants(&self, actor: &Actor, role: Option<GymRole>, page: Page) -> Result<Bytes>;
    /// One participant in full, QR code included. Admin guard.
    async fn participant(&self, actor: &Actor, user: UserId) -> Result<User>;
    /// Participants as members see each other: `[UserPublicProfile]`. A name filter is not cached (IDN-58).
    async fn public_participants(
        &self,
        actor: &Actor,
        role: Option<GymRole>,
        name_contains: Option<String>,
        page: Page,
    ) -> Result<Bytes>;
    async fn public_participant(&self, actor: &Actor, user: UserId) -> Result<UserPublicProfile>;
    /// Everybody in the gym by time of joining: `[GymUserSummary]`. Addresses are hidden from members, except those
    /// of staff and their own.
    async fn summaries(&self, actor: &Actor, role: Option<GymRole>, page: Page) -> Result<Vec<GymUserSummary>>;
    /// A person of the platform who is not in the gym yet (IDN-60). Admin guard.
    async fn by_email(&self, actor: &Actor, email: &str) -> Result<UserBasicInfo>;
    /// The advanced search inside the gym (IDN-59). Trainer guard.
    async fn search(&self, actor: &Actor, filter: UserFilter, page: Page) -> Result<Vec<User>>;
}

pub struct PeopleService {
    core: Core,
}

impl PeopleService {
    pub fn new(core: &Core) -> Self {
        Self { core: core.clone() }
    }
}

/// MEMBER and TRAINER are participants; without a filter, both (IDN-58).
fn participant_roles(role: Option<GymRole>) -> Result<Vec<GymRole>> {
    match role {
        None => Ok(vec![GymRole::Member, GymRole::Trainer]),
        Some(role @ (GymRole::Member | GymRole::Trainer)) => Ok(vec![role]),
        Some(_) => Err(PARTICIPANT_ROLE.into()),
    }
}

fn list_key(list: &str, role: Option<GymRole>, page: Page) -> String {
    let role = role.map_or("all", GymRole::as_str);
    format!("{list}:roles:{role}:skip:{}:limit:{}", page.skip, page.limit)
}

/// What is cached is what the rows say: whose address a caller sees is decided afterwards.
pub(super) async fn summaries(
    core: &Core,
    gym: GymId,
    role: Option<GymRole>,
    page: Page,
) -> Result<Vec<MemberSummary>> {
    let load = async || Ok(core.stores.people.summaries(&core.db, gym, role, page).await?);
    let key = list_key("summaries", role, page);
    core.cache.get_or_load(&CacheKey::GymPeople(gym).ns(), &key, LIST_TTL, load).await
}

#[async_trait]
impl People for PeopleService {
    async fn participants(&self, actor: &Actor, role: Option<GymRole>, page: Page) -> Result<Bytes> {
        actor.must_be(GymRole::Admin)?;
        let filter = MemberFilter { roles: participant_roles(role)?, name_contains: None };
        let ns = CacheKey::GymPeople(actor.gym_id()).ns();
        let load = async || {
            let rows = self.core.stores.people.people(&self.core.db, actor.gym_id(), &filter, page).await?;
            let view = |(row, role)| User::in_gym(row, Exposure::Private, role);
            Ok(encode(&rows.into_iter().map(view).collect::<Vec<_>>()))
        };
        self.core.cache.bytes_or_load(&ns, &list_key("full", role, page), LIST_TTL, load).await
    }

    async fn participant(&self, actor: &Actor, user: UserId) -> Result<User> {
        actor.must_be(GymRole::Admin)?;
        let person = self.core.stores.people.person(&self.core.db, actor.gym_id(), user).await?;
        let (row, membership) = person.ok_or(USER_NOT_FOUND)?;
        Ok(User::in_gym(row, Exposure::WithQrCode, membership.role))
    }

    async fn public_participants(
        &self,
        actor: &Actor,
        role: Option<GymRole>,
        name_contains: Option<String>,
        page: Page,
    ) -> Result<Bytes> {
        actor.must_be(GymRole::Member)?;
        let filter = MemberFilter { roles: participant_roles(role)?, name_contains };
        let load = async || {
            let rows = self.core.stores.people.public_people(&self.core.db, actor.gym_id(), &filter, page).await?;
            Ok(encode(&rows.into_iter().map(UserPublicProfile::from).collect::<Vec<_>>()))
        };
        if filter.name_contains.is_some() {
            return load().await;
        }
        let ns = CacheKey::GymPeople(actor.gym_id()).ns();
        self.core.cache.bytes_or_load(&ns, &list_key("public", role, page), LIST_TTL, load).await
    }

    async fn public_participant(&self, actor: &Actor, user: UserId) -> Result<UserPublicProfile> {
        actor.must_be(GymRole::Member)?;
        let found = self.core.stores.people.public_person(&self.core.db, actor.gym_id(), user).await?;
        Ok(found.ok_or(USER_NOT_FOUND)?.into())
    }

    async fn summaries(&self, actor: &Actor, role: Option<GymRole>, page: Page) -> Result<Vec<GymUserSummary>> {
        actor.must_be(GymRole::Member)?;
        let rows = summaries(&self.core, actor.gym_id(), role, page).await?;
        let staff = actor.is_at_least(GymRole::Trainer);
        let view = |row| {
            let mut summary = GymUserSummary::from(row);
            if !staff && !summary.role.is_staff() && summary.id != actor.user_id() {
                summary.email = None;
            }
            summary
        };
        Ok(rows.into_iter().map(view).collect())
    }

    async fn by_email(&self, actor: &Actor, email: &str) -> Result<UserBasicInfo> {
        actor.must_be(GymRole::Admin)?;
        let row = self.core.stores.users.by_email(&self.core.db, email).await?.ok_or(EMAIL_UNKNOWN)?;
        if self.core.stores.people.of_user(&self.core.db, actor.gym_id(), row.id).await?.is_some() {
            return Err(IN_GYM_ALREADY.into());
        }
        Ok(UserBasicInfo { id: row.id, email: row.email, first_name: row.first_name, last_name: row.last_name })
    }

    async fn search(&self, actor: &Actor, filter: UserFilter, page: Page) -> Result<Vec<User>> {
        actor.must_be(GymRole::Trainer)?;
        let exposure = if actor.is_at_least(GymRole::Admin) { Exposure::Private } else { Exposure::Basic };
        let rows = self.core.stores.people.search(&self.core.db, actor.gym_id(), &filter, page).await?;
        Ok(rows.into_iter().map(|(row, role)| User::in_gym(row, exposure, role)).collect())
    }
}
