//! Gyms: made by the platform, found by everybody, changed by their owner (IDN-34 … IDN-46).
pub mod view;

use super::view::{Gym, GymPublic};
use crate::{
    Actor, Caller, Core, Error, Ports, Refusal, Result, Settings,
    access::{GYM_NOT_FOUND, MEMBERSHIP_INACTIVE},
    error::UniqueMeans,
    kernel::{
        cache_key::{CacheKey, CacheTtl, LIST_TTL},
        effect,
    },
};
use async_trait::async_trait;
use domain::{
    GymId,
    identity::{GymRole, gym, membership, module, subdomain},
    kernel::validation::check,
};
use ports::cache::{Bytes, encode};
pub use repository::identity::gym::GymFilter;
use repository::{Page, Tx};
use view::{GymDetails, GymWithStats, MyGym};

pub const SUBDOMAIN_TAKEN: Refusal = Refusal::bad_request(
    "subdomain_taken",
    "Another gym has this subdomain.",
    "Otro gimnasio ya tiene este subdominio.",
);

/// Gyms. What everybody reads comes as the JSON that is sent: what the cache holds leaves as it is.
#[async_trait]
pub trait Gyms: Send + Sync {
    /// A gym with its modules and without people (IDN-34). SUPER_ADMIN.
    async fn create(&self, caller: &Caller, input: gym::Create) -> Result<Gym>;
    /// The public list: `[GymPublic]` by name, then id. Only the platform's administrators see inactive gyms; to
    /// others the list of those is empty (IDN-35).
    async fn directory(&self, viewer: Option<&Caller>, filter: GymFilter, page: Page) -> Result<Bytes>;
    /// An active gym: `GymPublic` (IDN-36).
    async fn by_subdomain(&self, subdomain: &str) -> Result<Bytes>;
    /// An active gym with all that its visitors ask for: `GymDetails` (IDN-37).
    async fn details(&self, gym: GymId) -> Result<Bytes>;
    /// The caller's active gyms, by name, then id (IDN-44).
    async fn mine(&self, caller: &Caller, page: Page) -> Result<Vec<MyGym>>;
    /// The actor's gym, counted live (IDN-38). Member guard.
    async fn with_stats(&self, actor: &Actor) -> Result<GymWithStats>;
    /// Changes the fields that are present (IDN-39). Owner guard.
    async fn update(&self, actor: &Actor, patch: gym::Update) -> Result<Gym>;
    /// Switches a gym on or off, also while it is off (IDN-46). OWNER of that gym, or SUPER_ADMIN.
    async fn set_active(&self, caller: &Caller, gym: GymId, is_active: bool) -> Result<Gym>;
}

pub struct GymService {
    core: Core,
    ttl: CacheTtl,
}

/// A gym after a change, and what the change made stale.
struct Changed {
    gym: gym::Model,
    stale: Vec<CacheKey>,
}

impl GymService {
    pub fn new(core: &Core, _: &Ports, settings: &Settings) -> Self {
        Self { core: core.clone(), ttl: settings.cache_ttl }
    }

    /// Writes `patch` over `before`, a row that this transaction holds, and the effects that a switch on or off has.
    async fn change(&self, tx: &Tx, before: gym::Model, patch: gym::Update) -> Result<Changed> {
        let stores = &self.core.stores;
        let gym = stores.gyms.update(tx, before.id, patch).await?.ok_or(GYM_NOT_FOUND)?;
        if before.is_active == gym.is_active {
            return Ok(Changed { stale: vec![CacheKey::GymDetails(gym.id)], gym });
        }
        let stale = CacheKey::of_gym(gym.id);
        if gym.is_active {
            // roles in an inactive gym count for nothing (IDN-19), so a sync in the meantime took them from tokens.
            // Switching off takes nothing: without the scopes of an owner nobody could switch on again.
            for user in stores.people.staff(tx, gym.id).await? {
                self.core.effect(tx, effect::role_sync(user)).await?;
            }
        } else {
            self.core.effect_cache_drop(tx, gym.id, &stale).await?;
        }
        Ok(Changed { gym, stale })
    }
}

/// Visitors see active gyms only.
fn shown(gym: Option<gym::Model>) -> Result<gym::Model> {
    Ok(gym.filter(|gym| gym.is_active).ok_or(GYM_NOT_FOUND)?)
}

/// Whether this person may switch this gym (IDN-46). To whoever does not belong to it a gym is not there (IDN-33), and
/// an inactive one is there for its owner only (IDN-25).
fn may_switch(caller: &Caller, gym: &gym::Model, membership: Option<&membership::Model>) -> Result<()> {
    if caller.is_super_admin() {
        return Ok(());
    }
    match membership {
        Some(m) if gym.is_active || m.role == GymRole::Owner => {
            if m.role.is_staff() && !m.is_active {
                Err(MEMBERSHIP_INACTIVE.into())
            } else if m.role == GymRole::Owner {
                Ok(())
            } else {
                Err(Error::RoleTooLow { current: Some(m.role), required: GymRole::Owner })
            }
        }
        _ => Err(GYM_NOT_FOUND.into()),
    }
}

#[async_trait]
impl Gyms for GymService {
    async fn create(&self, caller: &Caller, input: gym::Create) -> Result<Gym> {
        caller.must_be_super_admin()?;
        check(&input)?;
        let stores = &self.core.stores;
        let gym = self
            .core
            .db
            .run(async |tx| {
                let gym = stores.gyms.create(&tx, input.clone().fitting()).await.unique_means(SUBDOMAIN_TAKEN)?;
                stores.modules.seed(&tx, gym.id, module::initial(gym.kind)).await?;
                Ok::<_, Error>(gym)
            })
            .await?;
        self.core.committed(&[CacheKey::GymDetails(gym.id)]).await;
        Ok(gym.into())
    }

    async fn directory(&self, viewer: Option<&Caller>, mut filter: GymFilter, page: Page) -> Result<Bytes> {
        if !filter.is_active && !viewer.is_some_and(Caller::is_super_admin) {
            return Ok(encode::<[GymPublic; 0]>(&[]));
        }
        filter.q = filter.q.map(|q| q.trim().to_owned()).filter(|q| !q.is_empty());
        let load = async || {
            let gyms = self.core.stores.gyms.list(&self.core.db, &filter, page).await?;
            Ok(encode(&gyms.into_iter().map(GymPublic::from).collect::<Vec<_>>()))
        };
        // what is searched for has no end, and inactive gyms are looked at by few
        if filter.q.is_some() || !filter.is_active {
            return load().await;
        }
        let key = format!("list:type:{:?}:skip:{}:limit:{}", filter.kind, page.skip, page.limit);
        self.core.cache.bytes_or_load(&CacheKey::GymDirectory.ns(), &key, LIST_TTL, load).await
    }

    async fn by_subdomain(&self, subdomain: &str) -> Result<Bytes> {
        let name = subdomain.to_ascii_lowercase();
        if !subdomain::is_valid(&name) {
            return Err(GYM_NOT_FOUND.into());
        }
        let load = async || {
            let gym = shown(self.core.stores.gyms.by_subdomain(&self.core.db, &name).await?)?;
            Ok(encode(&GymPublic::from(gym)))
        };
        let key = format!("subdomain:{name}");
        self.core.cache.bytes_or_load(&CacheKey::GymDirectory.ns(), &key, self.ttl.gym_details, load).await
    }

    async fn details(&self, gym: GymId) -> Result<Bytes> {
        let load = async || {
            let row = shown(self.core.stores.gyms.by_id(&self.core.db, gym).await?)?;
            let modules = self.core.stores.modules.of_gym(&self.core.db, gym).await?;
            Ok(encode(&GymDetails::of(row, modules)))
        };
        self.core.cache.bytes_or_load(&CacheKey::GymPage(gym).ns(), "", self.ttl.gym_details, load).await
    }

    async fn mine(&self, caller: &Caller, page: Page) -> Result<Vec<MyGym>> {
        let gyms = self.core.stores.gyms.of_user(&self.core.db, caller.id(), page).await?;
        let view = |(gym, role): (gym::Model, GymRole)| MyGym {
            gym: gym.into(),
            user_email: caller.identity().email.clone(),
            user_role_in_gym: role,
        };
        Ok(gyms.into_iter().map(view).collect())
    }

    async fn with_stats(&self, actor: &Actor) -> Result<GymWithStats> {
        actor.must_be(GymRole::Member)?;
        let counts = self.core.stores.people.role_counts(&self.core.db, actor.gym_id()).await?;
        Ok(GymWithStats::of(actor.gym().clone(), counts))
    }

    async fn update(&self, actor: &Actor, patch: gym::Update) -> Result<Gym> {
        actor.must_be(GymRole::Owner)?;
        check(&patch)?;
        let gyms = &self.core.stores.gyms;
        let changed = self
            .core
            .db
            .run(async |tx| {
                let before = gyms.by_id_for_update(&tx, actor.gym_id()).await?.ok_or(GYM_NOT_FOUND)?;
                self.change(&tx, before, patch.clone()).await
            })
            .await?;
        self.core.committed(&changed.stale).await;
        Ok(changed.gym.into())
    }

    async fn set_active(&self, caller: &Caller, gym: GymId, is_active: bool) -> Result<Gym> {
        let (gyms, people) = (&self.core.stores.gyms, &self.core.stores.people);
        let changed = self
            .core
            .db
            .run(async |tx| {
                // who may is asked of the rows, for the gatekeeper lets nobody into an inactive gym
                let before = gyms.by_id_for_update(&tx, gym).await?.ok_or(GYM_NOT_FOUND)?;
                let membership = people.of_user(&tx, gym, caller.id()).await?;
                may_switch(caller, &before, membership.as_ref())?;
                self.change(&tx, before, gym::Update { is_active: Some(is_active), ..Default::default() }).await
            })
            .await?;
        self.core.committed(&changed.stale).await;
        Ok(changed.gym.into())
    }
}
