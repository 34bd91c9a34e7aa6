//! Which modules a gym has (IDN-72 … IDN-77).
//!
//! [`Modules::must_be_enabled`] is the guard of the operations that belong to a module (IDN-75): it runs after the
//! membership guard, because it asks for an actor.
use crate::{
    Actor, Core, Error, Ports, Refusal, Result, Settings,
    kernel::cache_key::{CacheKey, LIST_TTL},
};
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use domain::{
    GymId,
    identity::{GymRole, gym_module, module::BILLING},
};
use repository::identity::module::ModuleState;
use serde::Serialize;
use utoipa::ToSchema;

pub const MODULE_NOT_FOUND: Refusal =
    Refusal::not_found("module_not_found", "There is no such module.", "El módulo no existe.");
pub const MODULE_INACTIVE: Refusal = Refusal::forbidden(
    "module_inactive",
    "This gym has not activated the module.",
    "El gimnasio no tiene activado este módulo.",
);

#[async_trait]
pub trait Modules: Send + Sync {
    /// Every module of the catalogue with its state in the gym, by id (IDN-77).
    async fn list(&self, actor: &Actor) -> Result<ModuleList>;
    /// `None` = there is no such module; without a row it is off (IDN-73).
    async fn status(&self, gym: GymId, code: &str) -> Result<Option<bool>>;
    /// The guard of a module's operations (IDN-73).
    async fn must_be_enabled(&self, actor: &Actor, code: &str) -> Result<()>;
    /// SUPER_ADMIN (IDN-72). Idempotent; a module that goes off keeps its data (IDN-74).
    async fn set_active(&self, actor: &Actor, code: &str, active: bool) -> Result<ModuleChanged>;
    /// Admin guard.
    async fn activate_billing(&self, actor: &Actor) -> Result<BillingActivated>;
    /// Admin guard. `preserve_data` = what the payment provider holds stays too.
    async fn deactivate_billing(&self, actor: &Actor, preserve_data: bool) -> Result<BillingDeactivated>;
    async fn billing_status(&self, actor: &Actor) -> Result<BillingStatus>;
}

/// A module and whether the gym has it.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct ModuleStatus {
    pub code: String,
    pub name: String,
    pub active: bool,
    pub is_premium: bool,
}

impl From<ModuleState> for ModuleStatus {
    fn from(m: ModuleState) -> Self {
        Self { code: m.code, name: m.name, active: m.active.unwrap_or(false), is_premium: m.is_premium }
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[schema(as = GymModuleList)]
pub struct ModuleList {
    pub modules: Vec<ModuleStatus>,
}

#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct ModuleChanged {
    /// Always `success`.
    pub status: &'static str,
    pub message: String,
}

#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct BillingActivated {
    pub success: bool,
    pub message: &'static str,
    pub gym_id: GymId,
    pub gym_name: String,
    /// Whether the payment provider takes our key.
    pub stripe_config_valid: bool,
    /// Plans that were made known to the payment provider.
    pub plans_synced: u32,
    /// When the module went on; an activation of an active module does not move it.
    pub activation_timestamp: Option<DateTime<Utc>>,
}

#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct BillingDeactivated {
    pub success: bool,
    pub message: &'static str,
    pub gym_id: GymId,
    pub gym_name: String,
    /// Subscriptions that go on being charged.
    pub active_subscriptions: u32,
    pub stripe_data_preserved: bool,
    /// What was done at the payment provider: `none`.
    pub stripe_action: &'static str,
    /// When the module went off; a deactivation of an inactive module does not move it.
    pub deactivation_timestamp: Option<DateTime<Utc>>,
    /// Set while `active_subscriptions` is not 0.
    pub warning: Option<String>,
}

/// The state of billing: in full only where it is on.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[serde(untagged)]
pub enum BillingStatus {
    On(BillingOn),
    Off(BillingOff),
}

#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct BillingOn {
    pub gym_id: GymId,
    pub gym_name: String,
    /// True.
    pub billing_enabled: bool,
    pub stripe_config_valid: bool,
    pub total_plans: u32,
    pub plans_with_stripe: u32,
    pub active_subscriptions: u32,
    pub last_sync: Option<DateTime<Utc>>,
    pub capabilities: BillingCapabilities,
}

#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct BillingOff {
    pub gym_id: GymId,
    pub gym_name: String,
    /// False.
    pub billing_enabled: bool,
    pub message: &'static str,
}

/// What billing can do here.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct BillingCapabilities {
    pub payment_processing: bool,
    pub subscription_management: bool,
    pub webhook_handling: bool,
    pub automated_billing: bool,
    pub revenue_analytics: bool,
}

pub struct ModuleService {
    core: Core,
}

impl ModuleService {
    pub fn new(core: &Core, _: &Ports, _: &Settings) -> Self {
        Self { core: core.clone() }
    }

    /// Read before every operation of a module, hence cached as one value per gym.
    async fn states(&self, gym: GymId) -> Result<Vec<ModuleState>> {
        let load = async || Ok(self.core.stores.modules.of_gym(&self.core.db, gym).await?);
        self.core.cache.get_or_load(&CacheKey::GymModules(gym).ns(), "", LIST_TTL, load).await
    }

    /// Writes the state, and reads the row with the times that it now has.
    async fn switch(&self, gym: GymId, code: &str, active: bool) -> Result<gym_module::Model> {
        let modules = &self.core.stores.modules;
        let stale = [CacheKey::GymModules(gym)];
        let row = self
            .core
            .db
            .run(async |tx| {
                let module = modules.by_code(&tx, code).await?.ok_or(MODULE_NOT_FOUND)?;
                modules.set_active(&tx, gym, &module, active).await?;
                if !active {
                    self.core.effect_cache_drop(&tx, gym, &stale).await?;
                }
                Ok::<_, Error>(modules.row(&tx, gym, module.id).await?.ok_or(MODULE_NOT_FOUND)?)
            })
            .await?;
        self.core.committed(&stale).await;
        Ok(row)
    }
}

#[async_trait]
impl Modules for ModuleService {
    async fn list(&self, actor: &Actor) -> Result<ModuleList> {
        actor.must_be(GymRole::Member)?;
        let states = self.states(actor.gym_id()).await?;
        Ok(ModuleList { modules: states.into_iter().map(ModuleStatus::from).collect() })
    }

    async fn status(&self, gym: GymId, code: &str) -> Result<Option<bool>> {
        let states = self.states(gym).await?;
        Ok(states.iter().find(|m| m.code == code).map(|m| m.active.unwrap_or(false)))
    }

    async fn must_be_enabled(&self, actor: &Actor, code: &str) -> Result<()> {
        match self.status(actor.gym_id(), code).await? {
            None => Err(MODULE_NOT_FOUND.into()),
            Some(false) => Err(MODULE_INACTIVE.into()),
            Some(true) => Ok(()),
        }
    }

    async fn set_active(&self, actor: &Actor, code: &str, active: bool) -> Result<ModuleChanged> {
        actor.caller().must_be_super_admin()?;
        self.switch(actor.gym_id(), code, active).await?;
        let done = if active { "activated" } else { "deactivated" };
        Ok(ModuleChanged { status: "success", message: format!("The module {code} is {done}.") })
    }

    async fn activate_billing(&self, actor: &Actor) -> Result<BillingActivated> {
        actor.must_be(GymRole::Admin)?;
        let row = self.switch(actor.gym_id(), BILLING, true).await?;
        Ok(BillingActivated {
            success: true,
            message: "Billing is activated.",
            gym_id: actor.gym_id(),
            gym_name: actor.gym().name.clone(),
            stripe_config_valid: false,
            plans_synced: 0,
            activation_timestamp: row.activated_at,
        })
    }

    async fn deactivate_billing(&self, actor: &Actor, preserve_data: bool) -> Result<BillingDeactivated> {
        actor.must_be(GymRole::Admin)?;
        let row = self.switch(actor.gym_id(), BILLING, false).await?;
        Ok(BillingDeactivated {
            success: true,
            message: "Billing is deactivated.",
            gym_id: actor.gym_id(),
            gym_name: actor.gym().name.clone(),
            active_subscriptions: 0,
            stripe_data_preserved: preserve_data,
            stripe_action: "none",
            deactivation_timestamp: row.deactivated_at,
            warning: None,
        })
    }

    async fn billing_status(&self, actor: &Actor) -> Result<BillingStatus> {
        actor.must_be(GymRole::Member)?;
        let (gym_id, gym_name) = (actor.gym_id(), actor.gym().name.clone());
        if self.status(gym_id, BILLING).await? != Some(true) {
            let message = "This gym has not activated billing.";
            return Ok(BillingStatus::Off(BillingOff { gym_id, gym_name, billing_enabled: false, message }));
        }
        Ok(BillingStatus::On(BillingOn {
            gym_id,
            gym_name,
            billing_enabled: true,
            stripe_config_valid: false,
            total_plans: 0,
            plans_with_stripe: 0,
            active_subscriptions: 0,
            last_sync: None,
            capabilities: BillingCapabilities::default(),
        }))
    }
}
