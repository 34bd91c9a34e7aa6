//! Token → caller → actor, with at most one round trip to the cache and none to the database when it is warm.
use super::{app_access::AppAccess, decoded::Decoded, sign_in};
use crate::{
    Actor, Caller, Core, Error, Gatekeeper, Identity, Result,
    access::{GYM_NOT_FOUND, MEMBERSHIP_INACTIVE, NOT_A_MEMBER, USER_INACTIVE},
    kernel::cache_key::{CacheKey, CacheTtl},
};
use async_trait::async_trait;
use domain::{
    GymId, UserId,
    identity::{Claims, GymRole, gym},
    kernel::email,
};
use moka::sync::Cache;
use ports::{
    Ns, TokenVerifier,
    cache::{Lookup, encode},
};
use repository::StoreError;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use std::{sync::Arc, time::Duration};

pub struct GatekeeperService {
    core: Core,
    verifier: Arc<dyn TokenVerifier>,
    access: AppAccess,
    ttl: CacheTtl,
    /// Which row a subject had last. A hint for the key of the membership, so that all three values can be asked for
    /// at once; it opens nothing, for the row itself is read each time.
    row_of: Cache<String, UserId>,
    identities: Decoded<Identity>,
    gyms: Decoded<Option<Arc<gym::Model>>>,
    standings: Decoded<Option<Standing>>,
    /// Subjects whose new address somebody else holds: asked again after a while.
    email_refused: Cache<String, ()>,
}

/// What the cache keeps of a membership; `null` stands for 'there is none'.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Standing {
    role: GymRole,
    active: bool,
}

impl GatekeeperService {
    pub fn new(core: &Core, verifier: Arc<dyn TokenVerifier>, ttl: CacheTtl) -> Self {
        Self {
            core: core.clone(),
            verifier,
            access: AppAccess::new(core),
            ttl,
            row_of: Cache::builder().max_capacity(100_000).build(),
            identities: Decoded::new(4_000),
            gyms: Decoded::new(500),
            standings: Decoded::new(4_000),
            email_refused: Cache::builder().max_capacity(10_000).time_to_live(Duration::from_secs(300)).build(),
        }
    }

    /// The value of a lookup, or what `load` gives, which is then kept when `ttl` says for how long.
    async fn cached<T, F>(
        &self,
        decoded: &Decoded<T>,
        ns: &Ns,
        lookup: Option<&Lookup>,
        ttl: impl FnOnce(&T) -> Option<Duration>,
        load: F,
    ) -> Result<Arc<T>>
    where
        T: Serialize + DeserializeOwned + Send + Sync + 'static,
        F: Future<Output = Result<T>>,
    {
        if let Some(bytes) = lookup.and_then(|l| l.value.as_ref())
            && let Some(value) = decoded.of(ns, bytes)
        {
            return Ok(value);
        }
        let value = load.await?;
        if let Some(lookup) = lookup
            && let Some(ttl) = ttl(&value)
        {
            self.core.cache.fill(ns, "", lookup.version, encode(&value), ttl).await;
        }
        Ok(Arc::new(value))
    }

    async fn identity(&self, claims: &Claims, ns: &Ns, lookup: Option<&Lookup>) -> Result<Arc<Identity>> {
        let load = async {
            let row = sign_in::resolve(&self.core, claims).await.map_err(unresolved)?;
            Ok(Identity::from(&row))
        };
        let ttl = |_: &_| Some(self.ttl.user_profile);
        let identity: Arc<Identity> = self.cached(&self.identities, ns, lookup, ttl, load).await?;
        if self.row_of.get(&claims.sub) != Some(identity.id) {
            self.row_of.insert(claims.sub.clone(), identity.id);
        }
        let identity = self.with_present_email(claims, identity).await?;
        if !identity.is_active {
            return Err(USER_INACTIVE.into());
        }
        Ok(identity)
    }

    async fn with_present_email(&self, claims: &Claims, mut identity: Arc<Identity>) -> Result<Arc<Identity>> {
        let Some(address) = claims.email.as_deref().filter(|_| claims.email_verified) else { return Ok(identity) };
        if email::same(address, &identity.email) || self.email_refused.contains_key(&claims.sub) {
            return Ok(identity);
        }
        if sign_in::follow_email(&self.core, claims, &identity).await? {
            address.clone_into(&mut Arc::make_mut(&mut identity).email);
        } else {
            self.email_refused.insert(claims.sub.clone(), ());
        }
        Ok(identity)
    }

    async fn gym(&self, id: GymId, ns: &Ns, lookup: Option<&Lookup>) -> Result<Option<Arc<gym::Model>>> {
        let load = async { Ok(self.core.stores.gyms.by_id(&self.core.db, id).await?.map(Arc::new)) };
        let ttl = |gym: &Option<_>| gym.as_ref().map(|_| self.ttl.gym_details);
        Ok((*self.cached(&self.gyms, ns, lookup, ttl, load).await?).clone())
    }

    async fn standing(&self, user: UserId, gym: GymId, ns: &Ns, lookup: Option<&Lookup>) -> Result<Option<Standing>> {
        let load = async {
            let row = self.core.stores.people.of_user(&self.core.db, gym, user).await?;
            Ok(row.map(|m| Standing { role: m.role, active: m.is_active }))
        };
        let ttl = |s: &Option<_>| Some(if s.is_some() { self.ttl.user_membership } else { self.ttl.negative });
        Ok(*self.cached(&self.standings, ns, lookup, ttl, load).await?)
    }

    async fn look_up(&self, keys: &[&Ns]) -> Vec<Lookup> {
        let keys: Vec<_> = keys.iter().map(|ns| (*ns, "")).collect();
        self.core.cache.look_up(&keys).await.unwrap_or_default()
    }
}

/// Whatever goes wrong below while the person is looked up, nobody is let in and nobody is told who they are not:
/// try again (IDN-17).
pub(super) fn unresolved(e: Error) -> Error {
    match e {
        Error::Store(StoreError::Db(e)) => Error::Store(StoreError::Unavailable(e)),
        e => e,
    }
}

#[async_trait]
impl Gatekeeper for GatekeeperService {
    async fn verify(&self, token: &str) -> Result<Arc<Claims>> {
        Ok(self.verifier.verify(token).await?)
    }

    async fn caller(&self, claims: Arc<Claims>) -> Result<Caller> {
        let ns = CacheKey::UserByAuth0Id(claims.sub.clone()).ns();
        let found = self.look_up(&[&ns]).await;
        let identity = self.identity(&claims, &ns, found.first()).await?;
        Ok(Caller::new(claims, identity))
    }

    async fn actor(&self, claims: Arc<Claims>, gym: GymId) -> Result<Actor> {
        let user_ns = CacheKey::UserByAuth0Id(claims.sub.clone()).ns();
        let gym_ns = CacheKey::GymDetails(gym).ns();
        let hint = self.row_of.get(&claims.sub);
        let hinted = hint.map(|user| CacheKey::UserGymMembership(user, gym).ns());
        let keys: Vec<&Ns> = [Some(&user_ns), Some(&gym_ns), hinted.as_ref()].into_iter().flatten().collect();
        let found = self.look_up(&keys).await;

        let identity = self.identity(&claims, &user_ns, found.first()).await?;
        let row = self.gym(gym, &gym_ns, found.get(1)).await?.ok_or(GYM_NOT_FOUND)?;
        let caller = Caller::new(claims, identity);
        if !row.is_active && !caller.is_super_admin() {
            return Err(GYM_NOT_FOUND.into());
        }
        let standing = match &hinted {
            Some(ns) if hint == Some(caller.id()) => self.standing(caller.id(), gym, ns, found.get(2)).await?,
            _ => {
                let ns = CacheKey::UserGymMembership(caller.id(), gym).ns();
                let found = self.look_up(&[&ns]).await;
                self.standing(caller.id(), gym, &ns, found.first()).await?
            }
        };
        match standing {
            Some(Standing { active: false, role }) if role.is_staff() && !caller.is_super_admin() => {
                Err(MEMBERSHIP_INACTIVE.into())
            }
            Some(Standing { role, active }) => Ok(Actor::new(caller, row, Some(role), active)),
            None if caller.is_super_admin() => Ok(Actor::new(caller, row, None, false)),
            None => Err(NOT_A_MEMBER.into()),
        }
    }

    fn admitted(&self, actor: &Actor) {
        self.access.note(actor);
    }

    async fn earliest_gym(&self, caller: &Caller) -> Result<Option<GymId>> {
        Ok(self.core.stores.gyms.earliest_of_user(&self.core.db, caller.id()).await?)
    }

    async fn only_gym(&self, caller: &Caller) -> Result<Option<GymId>> {
        let gyms = self.core.stores.gyms.ids_of_user(&self.core.db, caller.id(), 2).await?;
        Ok(match gyms.as_slice() {
            [one] => Some(*one),
            _ => None,
        })
    }
}
