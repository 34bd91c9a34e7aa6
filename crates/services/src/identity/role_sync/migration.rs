//! Everybody's role is sent once, slowly, as a job (IDN-92).
use super::{MIGRATION_RUNNING, RoleSyncService};
use crate::{
    Core, Error, Result,
    kernel::scheduler::{Job, Progress, Schedule},
};
use async_trait::async_trait;
use domain::UserId;
use ports::identity::IdentityError;
use serde::{Deserialize, Serialize};
use std::time::Duration;

const NAME: &str = "role_migration";
const BATCH: u64 = 200;
/// The provider is given what it asks for, as long as the lease of the job allows.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// Makes the job due now.
pub(super) async fn start(core: &Core) -> Result<()> {
    let jobs = &core.stores.jobs;
    // the workers register it when they start; this process may be up before the first of them
    jobs.register(&core.db, NAME, Schedule::OnDemand.next(core.clock.now())).await?;
    if jobs.trigger(&core.db, NAME).await? { Ok(()) } else { Err(MIGRATION_RUNNING.into()) }
}

pub(super) struct Migration {
    service: RoleSyncService,
    /// Between two people: half a second keeps within two per second.
    pause: Duration,
}

/// What a run that was cut off had reached.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
struct Reached {
    last_user: i64,
    success: u64,
    errors: u64,
}

impl Migration {
    pub(super) fn new(service: RoleSyncService, pause: Duration) -> Self {
        Self { service, pause }
    }

    /// One person; a failure is counted and logged, and everybody else goes on.
    async fn send(&self, user: UserId, reached: &mut Reached) -> Duration {
        reached.last_user = user.0;
        match self.service.sync(user).await {
            Ok(_) => {
                reached.success += 1;
                self.pause
            }
            Err(error) => {
                tracing::warn!(%error, %user, "a role was not migrated");
                reached.errors += 1;
                match error {
                    Error::Identity(IdentityError::Unavailable { retry_after: Some(after), .. }) => {
                        after.min(LONGEST_PAUSE).max(self.pause)
                    }
                    _ => self.pause,
                }
            }
        }
    }
}

#[async_trait]
impl Job for Migration {
    fn name(&self) -> &'static str {
        NAME
    }

    fn schedule(&self) -> Schedule {
        Schedule::OnDemand
    }

    async fn run(&self, progress: &dyn Progress) -> Result<String, String> {
        let core = &self.service.core;
        let position = progress.reached().cloned().and_then(|position| serde_json::from_value(position).ok());
        let mut reached: Reached = position.unwrap_or_default();
        loop {
            let after = UserId(reached.last_user);
            let users = core.stores.users.ids_after(&core.db, after, BATCH).await.map_err(|e| e.to_string())?;
            for user in &users {
                let pause = self.send(*user, &mut reached).await;
                progress.reach(serde_json::to_value(reached).map_err(|e| e.to_string())?).await?;
                tokio::time::sleep(pause).await;
            }
            if (users.len() as u64) < BATCH {
                let Reached { success, errors, .. } = reached;
                return Ok(format!("{success} sent, {errors} failed, {} in total", success + errors));
            }
        }
    }
}
