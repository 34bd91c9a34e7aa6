//! The identity provider is told who is what (IDN-88 … IDN-92).
mod migration;

use super::profile::USER_NOT_FOUND;
use crate::{
    Caller, Core, Error, Ports, Refusal, Result, Settings,
    kernel::{
        effect,
        relay::{EffectHandler, Failure},
        scheduler::Job,
    },
};
use async_trait::async_trait;
use domain::{
    UserId,
    identity::role::{HighestRole, RoleDifference},
    kernel::{locale::Locale, outbox},
};
use futures::StreamExt;
use ports::{IdentityProvider, identity::IdentityError};
use serde::Serialize;
use std::sync::Arc;
use utoipa::ToSchema;

pub const MIGRATION_RUNNING: Refusal = Refusal::conflict(
    "role_migration_running",
    "The roles of all users are being sent already.",
    "Ya se están enviando los roles de todos los usuarios.",
);

/// So many people at once: the provider counts our calls.
const AT_ONCE: usize = 5;
/// A role that changes while it is sent is sent again, so many times.
const ROUNDS: u32 = 3;

#[async_trait]
pub trait RoleSync: Send + Sync {
    /// Sends one person's highest role now, without the outbox; returns it (IDN-88).
    async fn sync_now(&self, user: UserId) -> Result<HighestRole>;
    /// Starts the migration of everybody, for the platform's administrators (IDN-92).
    async fn start_migration(&self, caller: &Caller, locale: Locale) -> Result<MigrationStarted>;
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct MigrationStarted {
    /// `success`
    pub status: &'static str,
    /// For people.
    pub message: String,
    /// For people.
    pub detail: String,
}

#[derive(Clone)]
pub struct RoleSyncService {
    core: Core,
    accounts: Arc<dyn IdentityProvider>,
}

impl RoleSyncService {
    pub fn new(core: &Core, ports: &Ports, _: &Settings) -> Self {
        Self { core: core.clone(), accounts: ports.accounts.clone() }
    }

    /// The role of IDN-19, and the account that should hold it.
    async fn wanted(&self, user: UserId) -> Result<Option<(HighestRole, Option<String>)>> {
        let Some(row) = self.core.stores.users.by_id(&self.core.db, user).await? else { return Ok(None) };
        let roles = self.core.stores.people.active_roles(&self.core.db, user).await?;
        Ok(Some((HighestRole::of(Some(row.role), roles), row.auth0_id)))
    }

    /// `None` when there is no such person. A person without an account, or a provider that nobody here manages, is
    /// told nothing. Looks again after a change: of two deliveries that cross, the later one must not put back a role
    /// that was taken meanwhile.
    async fn sync(&self, user: UserId) -> Result<Option<HighestRole>> {
        let Some((mut role, account)) = self.wanted(user).await? else { return Ok(None) };
        let Some(account) = account.filter(|_| self.accounts.is_configured()) else { return Ok(Some(role)) };
        for _ in 0..ROUNDS {
            if !self.apply(&account, role).await? {
                break;
            }
            match self.wanted(user).await? {
                Some((now, Some(same))) if now != role && same == account => role = now,
                _ => break,
            }
        }
        Ok(Some(role))
    }

    /// Adds the wanted role first, then removes the other managed ones (IDN-89); says whether it changed anything.
    async fn apply(&self, account: &str, role: HighestRole) -> Result<bool> {
        let held = match self.accounts.roles(account).await {
            Err(IdentityError::NotFound) => {
                tracing::info!("an account is gone at the identity provider: no role to sync");
                return Ok(false);
            }
            held => held?,
        };
        let difference = RoleDifference::between(&held, role);
        if let Some(add) = difference.add {
            match self.accounts.assign_role(account, add).await {
                // without the wanted role nothing is taken away either (IDN-90)
                Err(IdentityError::Refused(reason)) => {
                    tracing::error!(role = add, reason, "the identity provider does not take this role");
                    return Ok(false);
                }
                assigned => assigned?,
            }
        }
        if !difference.remove.is_empty() {
            self.accounts.remove_roles(account, &difference.remove).await?;
        }
        Ok(!difference.is_empty())
    }
}

#[async_trait]
impl RoleSync for RoleSyncService {
    async fn sync_now(&self, user: UserId) -> Result<HighestRole> {
        Ok(self.sync(user).await?.ok_or(USER_NOT_FOUND)?)
    }

    async fn start_migration(&self, caller: &Caller, locale: Locale) -> Result<MigrationStarted> {
        caller.must_be_super_admin()?;
        migration::start(&self.core).await?;
        let (message, detail) = match locale {
            Locale::En => (
                "The migration of roles has started.",
                "It runs in the background, two users per second at most; its outcome is kept with the scheduled job.",
            ),
            Locale::Es => (
                "La migración de roles ha comenzado.",
                "Se ejecuta en segundo plano, a dos usuarios por segundo como máximo; su resultado queda en la tarea.",
            ),
        };
        Ok(MigrationStarted { status: "success", message: message.into(), detail: detail.into() })
    }
}

/// Delivers `identity.role_sync`.
struct SendRole(RoleSyncService);

#[async_trait]
impl EffectHandler for SendRole {
    fn kind(&self) -> &'static str {
        effect::ROLE_SYNC
    }

    /// IDN-91
    fn max_attempts(&self) -> i32 {
        8
    }

    async fn deliver(&self, row: &outbox::Model) -> Result<(), Failure> {
        let user = row.payload.get("user_id").and_then(serde_json::Value::as_i64).map(UserId);
        let user = user.ok_or_else(|| Failure::Permanent("no user is named".into()))?;
        match self.0.sync(user).await {
            Ok(_) | Err(Error::Identity(IdentityError::NotConfigured)) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    async fn deliver_all(&self, rows: &[outbox::Model]) -> Vec<Result<(), Failure>> {
        let deliveries: Vec<_> = rows.iter().map(|row| self.deliver(row)).collect();
        futures::stream::iter(deliveries).buffered(AT_ONCE).collect().await
    }
}

pub(crate) fn effect_handlers(core: &Core, ports: &Ports, settings: &Settings) -> Vec<Arc<dyn EffectHandler>> {
    vec![Arc::new(SendRole(RoleSyncService::new(core, ports, settings)))]
}

pub(crate) fn jobs(core: &Core, ports: &Ports, settings: &Settings) -> Vec<Arc<dyn Job>> {
    let service = RoleSyncService::new(core, ports, settings);
    vec![Arc::new(migration::Migration::new(service, settings.role_migration_pause))]
}
