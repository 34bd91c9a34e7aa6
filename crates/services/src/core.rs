//! What every service stands on.
use crate::Result;
use domain::{
    identity::{membership, relationship},
    kernel::installation::Mark,
};
use ports::{CacheFront, Clock, SystemClock};
use repository::{
    Db, Repo, StoreError,
    identity::{
        gym::{Gyms, SeaGyms},
        membership::{MembershipQueries, SeaMemberships},
        module::{Modules, SeaModules},
        relationship::{RelationshipQueries, SeaRelationships},
        user::{SeaUsers, Users},
    },
    kernel::{
        idempotency::{IdempotencyKeys, SeaIdempotencyKeys},
        installation::{Installations, SeaInstallations},
        jobs::{Jobs, SeaJobs},
        outbox::{Outbox, SeaOutbox},
    },
};
use std::sync::Arc;
use tokio::sync::{Notify, OnceCell};

/// Database, repositories, cache and clock: cheap to clone, the same for all services.
#[derive(Clone)]
pub struct Core {
    pub db: Db,
    pub stores: Stores,
    pub cache: Arc<CacheFront>,
    pub clock: Arc<dyn Clock>,
    /// Wakes this process's relay after a commit that wrote an effect; other processes poll.
    pub effects_written: Arc<Notify>,
    mark: Arc<OnceCell<Mark>>,
}

/// The repositories. A test replaces those that it mocks.
#[derive(Clone)]
pub struct Stores {
    pub users: Arc<dyn Users>,
    pub gyms: Arc<dyn Gyms>,
    pub memberships: Repo<membership::Model>,
    pub people: Arc<dyn MembershipQueries>,
    pub modules: Arc<dyn Modules>,
    pub relationships: Repo<relationship::Model>,
    pub related: Arc<dyn RelationshipQueries>,
    pub outbox: Arc<dyn Outbox>,
    pub jobs: Arc<dyn Jobs>,
    pub installation: Arc<dyn Installations>,
    pub idempotency: Arc<dyn IdempotencyKeys>,
}

impl Stores {
    pub fn sea() -> Self {
        Self {
            users: Arc::new(SeaUsers),
            gyms: Arc::new(SeaGyms),
            memberships: Arc::new(SeaMemberships::default()),
            people: Arc::new(SeaMemberships::default()),
            modules: Arc::new(SeaModules),
            relationships: Arc::new(SeaRelationships::default()),
            related: Arc::new(SeaRelationships::default()),
            outbox: Arc::new(SeaOutbox),
            jobs: Arc::new(SeaJobs),
            installation: Arc::new(SeaInstallations),
            idempotency: Arc::new(SeaIdempotencyKeys),
        }
    }
}

impl Core {
    pub fn new(db: Db, cache: Arc<CacheFront>) -> Self {
        Self {
            db,
            stores: Stores::sea(),
            cache,
            clock: Arc::new(SystemClock),
            effects_written: Arc::default(),
            mark: Arc::default(),
        }
    }

    /// The mark of this installation, which the database keeps: made at the first call ever, read once per process.
    pub async fn installation(&self) -> Result<Mark> {
        let read = async || {
            let installation = &self.stores.installation;
            if let Some(mark) = installation.mark(&self.db).await? {
                return Ok(mark);
            }
            installation.offer(&self.db, &Mark::random()).await?;
            let missing = || StoreError::NotFound { entity: "installation", id: "1".into() };
            installation.mark(&self.db).await?.ok_or_else(missing)
        };
        Ok(self.mark.get_or_try_init(read).await?.clone())
    }
}
