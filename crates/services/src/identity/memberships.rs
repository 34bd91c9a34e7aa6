//! Who joins a gym, leaves it, and as what (IDN-47 … IDN-53).
//!
//! What counts members or moves power holds the gym's row, and reads the caller's own role again under it: of two
//! changes at once the second sees what the first has done.
mod role;

pub use role::{OWN_ROLE, OWNER_INACTIVE, OWNERSHIP, ROLE_RANK};

use super::{
    people::summaries,
    profile::USER_NOT_FOUND,
    view::{GymUserSummary, UserGym},
};
use crate::{
    Actor, Caller, Core, Error, Refusal, Result,
    access::{GYM_NOT_FOUND, NOT_A_MEMBER},
    error::UniqueMeans,
    kernel::{cache_key::CacheKey, departure::Departures, effect},
};
use async_trait::async_trait;
use domain::{
    GymId, UserId,
    identity::{
        GymRole, PlatformRole, gym,
        membership::{self, MembershipType, client_limit, has_place},
        role::{RemovalRefusal, may_remove},
    },
    kernel::validation::check,
};
use garde::Validate;
use repository::{Conn, Page, StoreError};
use serde::Deserialize;
use utoipa::ToSchema;

pub const ALREADY_MEMBER: Refusal = Refusal::bad_request(
    "already_member",
    "This user belongs to the gym already.",
    "El usuario ya pertenece al gimnasio.",
);
pub const MAX_CLIENTS: Refusal = Refusal::conflict(
    "max_clients_reached",
    "This workspace takes no more clients.",
    "Este espacio de trabajo no admite más clientes.",
);
pub const NOT_IN_GYM: Refusal = Refusal::not_found(
    "user_not_in_gym",
    "This user does not belong to the gym.",
    "El usuario no pertenece a este gimnasio.",
);
pub const SUPER_ADMIN_TARGET: Refusal = Refusal::forbidden(
    "super_admin_protected",
    "Memberships of the platform's administrators cannot be changed.",
    "No se pueden modificar las membresías de los administradores de la plataforma.",
);
pub const REMOVE_OTHERS: Refusal = Refusal::forbidden(
    "removal_of_others",
    "You can only end your own membership.",
    "Solo puedes dar de baja tu propia membresía.",
);
pub const REMOVE_OWN: Refusal = Refusal::forbidden(
    "removal_of_self",
    "Administrators cannot remove themselves.",
    "Los administradores no pueden darse de baja a sí mismos.",
);
pub const LAST_OWNER: Refusal = Refusal::conflict(
    "last_owner",
    "The gym would be without an owner: hand it over first.",
    "El gimnasio se quedaría sin propietario: traspásalo primero.",
);
impl From<RemovalRefusal> for Error {
    fn from(refusal: RemovalRefusal) -> Self {
        match refusal {
            RemovalRefusal::Others => REMOVE_OTHERS.into(),
            RemovalRefusal::Own => REMOVE_OWN.into(),
            RemovalRefusal::Rank => ROLE_RANK.into(),
            RemovalRefusal::LastOwner => LAST_OWNER.into(),
        }
    }
}

/// Whom to add, by address.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Validate, ToSchema)]
pub struct AddByEmail {
    #[garde(email)]
    #[schema(format = "email")]
    pub email: String,
}

/// The role that somebody gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[schema(as = UserGymRoleUpdate)]
pub struct RoleChange {
    pub role: GymRole,
}

/// Somebody who has just joined.
#[derive(Clone, Debug, PartialEq)]
pub struct Joined {
    pub membership: UserGym,
    pub email: String,
}

#[async_trait]
pub trait Memberships: Send + Sync {
    /// Adds a person of the platform as MEMBER (IDN-47). Admin guard.
    ///
    /// # Errors
    /// `user_not_found`, [`ALREADY_MEMBER`], [`MAX_CLIENTS`].
    async fn add(&self, actor: &Actor, user: UserId) -> Result<Joined>;
    /// As [`Self::add`], by address.
    async fn add_by_email(&self, actor: &Actor, input: AddByEmail) -> Result<Joined>;
    /// Ends a membership: one's own, or that of somebody below (IDN-48). Member guard.
    async fn remove(&self, actor: &Actor, user: UserId) -> Result<()>;
    /// Changes a role; OWNER granted by the owner hands the gym over (IDN-50, IDN-52). Admin guard.
    async fn change_role(&self, actor: &Actor, user: UserId, role: GymRole) -> Result<UserGym>;
    /// Everybody in a gym by time of joining. SUPER_ADMIN.
    async fn of_gym(
        &self,
        caller: &Caller,
        gym: GymId,
        role: Option<GymRole>,
        page: Page,
    ) -> Result<Vec<GymUserSummary>>;
    /// Ends a membership in any gym (IDN-48). SUPER_ADMIN.
    async fn remove_from(&self, caller: &Caller, gym: GymId, user: UserId) -> Result<()>;
    /// Makes a person the gym's one owner, and a member first if need be (IDN-52). SUPER_ADMIN.
    async fn appoint_owner(&self, caller: &Caller, gym: GymId, user: UserId) -> Result<UserGym>;
}

pub struct MembershipService {
    core: Core,
    departures: Departures,
}

/// Who asks for a change in a gym.
#[derive(Clone, Copy)]
struct Asker {
    id: UserId,
    platform: bool,
}

impl From<&Caller> for Asker {
    fn from(caller: &Caller) -> Self {
        Self { id: caller.id(), platform: caller.is_super_admin() }
    }
}

/// What a change of these people's standing in a gym makes stale.
fn stale(gym: GymId, people: &[UserId]) -> Vec<CacheKey> {
    let standings = people.iter().map(|user| CacheKey::UserGymMembership(*user, gym));
    standings.chain([CacheKey::GymPeople(gym)]).collect()
}

impl MembershipService {
    pub fn new(core: &Core, departures: &Departures) -> Self {
        Self { core: core.clone(), departures: departures.clone() }
    }

    async fn hold_gym(&self, tx: &Conn, gym: GymId) -> Result<gym::Model> {
        Ok(self.core.stores.gyms.by_id_for_update(tx, gym).await?.ok_or(GYM_NOT_FOUND)?)
    }

    /// The role that the asker has at this moment, under the gym's lock; `None` for the platform's administrators.
    async fn present_role(&self, tx: &Conn, gym: GymId, asker: Asker) -> Result<Option<GymRole>> {
        if asker.platform {
            return Ok(None);
        }
        let own = self.core.stores.people.of_user(tx, gym, asker.id).await?.ok_or(NOT_A_MEMBER)?;
        Ok(Some(own.role))
    }

    /// A personal trainer takes so many members and no more (IDN-42). The gym's row must be held.
    async fn must_have_place(&self, tx: &Conn, gym: &gym::Model) -> Result<()> {
        if client_limit(gym).is_none() {
            return Ok(());
        }
        let members = self.core.stores.people.active_members(tx, gym.id).await?;
        if has_place(gym, members) { Ok(()) } else { Err(MAX_CLIENTS.into()) }
    }

    /// The effects of a change of power: the provider learns of it, and no cache outlives it (IDN-51). In the order
    /// of ids, so that two changes of the same people never wait for each other.
    async fn power_changed(&self, tx: &Conn, gym: GymId, people: &[UserId]) -> Result<(), StoreError> {
        let mut people = people.to_vec();
        people.sort_unstable();
        for user in &people {
            self.core.effect(tx, effect::role_sync(*user)).await?;
        }
        self.core.effect_cache_drop(tx, gym, &stale(gym, &people)).await
    }

    async fn end(&self, gym: GymId, asker: Asker, user: UserId) -> Result<()> {
        let stores = &self.core.stores;
        let gone = self
            .core
            .db
            .run(async |tx| {
                self.hold_gym(&tx, gym).await?;
                let (person, target) = stores.people.person(&tx, gym, user).await?.ok_or(NOT_IN_GYM)?;
                if person.role == PlatformRole::SuperAdmin {
                    return Err(SUPER_ADMIN_TARGET.into());
                }
                let role = self.present_role(&tx, gym, asker).await?;
                may_remove(role, target.role, user == asker.id)?;
                stores.memberships.remove(&tx, gym, target.id).await?;
                stores.related.terminate_all(&tx, gym, user, self.core.clock.now()).await?;
                let gone = self.departures.left(&tx, gym, user).await?;
                self.power_changed(&tx, gym, &[user]).await?;
                Ok::<_, Error>(gone)
            })
            .await?;
        self.core.committed(&[stale(gym, &[user]), gone].concat()).await;
        Ok(())
    }

    /// After the commit: what the change made stale goes, and the first row is the answer.
    async fn answer(&self, gym: GymId, changed: Vec<membership::Model>) -> Result<UserGym> {
        self.core.committed(&stale(gym, &ids(&changed))).await;
        Ok(changed.into_iter().next().ok_or(NOT_IN_GYM)?.into())
    }
}

fn ids(rows: &[membership::Model]) -> Vec<UserId> {
    rows.iter().map(|row| row.user_id).collect()
}

#[async_trait]
impl Memberships for MembershipService {
    async fn add(&self, actor: &Actor, user: UserId) -> Result<Joined> {
        actor.must_be(GymRole::Admin)?;
        let (stores, gym) = (&self.core.stores, actor.gym_id());
        let joined = self
            .core
            .db
            .run(async |tx| {
                // held, so that an account is not deleted while it joins
                let person = stores.users.by_id_for_update(&tx, user).await?.ok_or(USER_NOT_FOUND)?;
                if !person.is_active {
                    return Err(USER_NOT_FOUND.into());
                }
                // limits never change, so only a gym that has one must be held
                if client_limit(actor.gym()).is_some() {
                    let row = self.hold_gym(&tx, gym).await?;
                    if stores.people.of_user(&tx, gym, user).await?.is_some() {
                        return Err(ALREADY_MEMBER.into());
                    }
                    self.must_have_place(&tx, &row).await?;
                }
                let new =
                    membership::Create { user_id: user, role: GymRole::Member, membership_type: MembershipType::Free };
                let membership = stores.memberships.create(&tx, gym, new).await.unique_means(ALREADY_MEMBER)?;
                self.core.effect(&tx, effect::role_sync(user)).await?;
                Ok::<_, Error>(Joined { membership: membership.into(), email: person.email })
            })
            .await?;
        self.core.committed(&stale(gym, &[user])).await;
        Ok(joined)
    }

    async fn add_by_email(&self, actor: &Actor, input: AddByEmail) -> Result<Joined> {
        actor.must_be(GymRole::Admin)?;
        let input = AddByEmail { email: input.email.trim().to_owned() };
        check(&input)?;
        let person = self.core.stores.users.by_email(&self.core.db, &input.email).await?.ok_or(USER_NOT_FOUND)?;
        self.add(actor, person.id).await
    }

    async fn remove(&self, actor: &Actor, user: UserId) -> Result<()> {
        actor.must_be(GymRole::Member)?;
        // before anything is looked up: a member does not learn who else belongs here
        if user != actor.user_id() && !actor.is_at_least(GymRole::Admin) {
            return Err(REMOVE_OTHERS.into());
        }
        self.end(actor.gym_id(), actor.caller().into(), user).await
    }

    async fn change_role(&self, actor: &Actor, user: UserId, role: GymRole) -> Result<UserGym> {
        actor.must_be(GymRole::Admin)?;
        let gym = actor.gym_id();
        let changed = self
            .core
            .db
            .run(async |tx| {
                let row = self.hold_gym(&tx, gym).await?;
                let target = self.core.stores.people.person(&tx, gym, user).await?.ok_or(NOT_IN_GYM)?;
                self.set_role(&tx, actor.caller().into(), &row, target, role).await
            })
            .await?;
        self.answer(gym, changed).await
    }

    async fn of_gym(
        &self,
        caller: &Caller,
        gym: GymId,
        role: Option<GymRole>,
        page: Page,
    ) -> Result<Vec<GymUserSummary>> {
        caller.must_be_super_admin()?;
        let stores = &self.core.stores;
        stores.gyms.by_id(&self.core.db, gym).await?.ok_or(GYM_NOT_FOUND)?;
        let rows = summaries(&self.core, gym, role, page).await?;
        Ok(rows.into_iter().map(GymUserSummary::from).collect())
    }

    async fn remove_from(&self, caller: &Caller, gym: GymId, user: UserId) -> Result<()> {
        caller.must_be_super_admin()?;
        self.end(gym, caller.into(), user).await
    }

    async fn appoint_owner(&self, caller: &Caller, gym: GymId, user: UserId) -> Result<UserGym> {
        caller.must_be_super_admin()?;
        let stores = &self.core.stores;
        let changed = self
            .core
            .db
            .run(async |tx| {
                // the person before the gym, as where somebody joins
                let person = stores.users.by_id_for_update(&tx, user).await?.ok_or(USER_NOT_FOUND)?;
                self.hold_gym(&tx, gym).await?;
                if !person.is_active {
                    return Err(OWNER_INACTIVE.into());
                }
                let heir = match stores.people.of_user(&tx, gym, user).await? {
                    Some(owner) if owner.role == GymRole::Owner => return Ok(vec![owner]),
                    Some(heir) => heir,
                    None => {
                        let new = membership::Create {
                            user_id: user,
                            role: GymRole::Admin,
                            membership_type: MembershipType::Free,
                        };
                        stores.memberships.create(&tx, gym, new).await?
                    }
                };
                let changed = self.hand_over(&tx, gym, &heir).await?;
                self.power_changed(&tx, gym, &ids(&changed)).await?;
                Ok::<_, Error>(changed)
            })
            .await?;
        self.answer(gym, changed).await
    }
}
