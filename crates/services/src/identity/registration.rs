//! Public registration of gym owners and trainers (IDN-64, IDN-67 … IDN-71).
//!
//! The account at the identity provider is made first, because only the provider can tell whether the address and the
//! password are good; person, gym, membership and modules follow in one transaction. When that fails the account is
//! deleted again, at once or by the outbox. A registration that has begun runs to its end even when the client hangs
//! up: otherwise an account would be left that nobody can register with.
mod account;
mod availability;
mod gym_owner;
mod opening;
mod trainer;

use crate::{Caller, Core, Ports, Refusal, Result, Settings, error::Class};
use async_trait::async_trait;
pub use availability::{EmailAvailability, SubdomainAvailability};
use domain::{
    GymId, UserId,
    identity::{
        PlatformRole,
        gym::{self, GymType},
        registration::{GymOwner, Trainer},
        user,
    },
    kernel::locale::Locale,
};
pub use gym_owner::GymOwnerRegistered;
use ports::IdentityProvider;
use serde::Serialize;
use std::sync::Arc;
use tracing::Instrument;
pub use trainer::{TrainerRegistered, Workspace};
use utoipa::ToSchema;

pub const EMAIL_EXISTS: Refusal = Refusal::bad_request(
    "email_exists",
    "This e-mail address is registered already.",
    "Esta dirección de correo ya está registrada.",
);
pub const WEAK_PASSWORD: Refusal = Refusal::bad_request(
    "weak_password",
    "The password is too weak for the identity provider.",
    "La contraseña es demasiado débil para el proveedor de identidad.",
);
/// The identity provider refused something that our own rules let through.
pub const VALIDATION_ERROR: Refusal = Refusal::bad_request(
    "validation_error",
    "The identity provider does not accept these values.",
    "El proveedor de identidad no acepta estos datos.",
);
pub const WORKSPACE_EXISTS: Refusal =
    Refusal::bad_request("workspace_exists", "You own a workspace already.", "Ya tienes un espacio de trabajo.");
const NO_SUBDOMAIN: Refusal = Refusal::unavailable(
    "no_subdomain",
    "No address could be found for this name. Please try again.",
    "No se encontró una dirección para este nombre. Vuelve a intentarlo.",
);
const INTERRUPTED: Refusal = Refusal::new(
    Class::Unavailable,
    "interrupted",
    "The registration was interrupted. Please try again.",
    "El registro se interrumpió. Vuelve a intentarlo.",
);

#[async_trait]
pub trait Registration: Send + Sync {
    /// A gym with its owner, for anybody (IDN-67, IDN-68).
    async fn gym_owner(&self, input: GymOwner, locale: Locale) -> Result<GymOwnerRegistered>;
    /// A trainer's workspace, for anybody; for the address of an existing person only with their own token (IDN-71).
    async fn trainer(&self, caller: Option<&Caller>, input: Trainer, locale: Locale) -> Result<TrainerRegistered>;
    /// Whether a trainer may register with this address.
    async fn email(&self, email: String, locale: Locale) -> Result<EmailAvailability>;
    /// Whether a subdomain is well formed and free.
    async fn subdomain(&self, subdomain: String, locale: Locale) -> Result<SubdomainAvailability>;
}

/// A gym as the answer of its registration shows it.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct GymInfo {
    pub id: GymId,
    pub name: String,
    pub subdomain: String,
    #[serde(rename = "type")]
    pub kind: GymType,
    /// IANA name.
    pub timezone: String,
    pub is_active: bool,
}

impl From<gym::Model> for GymInfo {
    fn from(g: gym::Model) -> Self {
        Self {
            id: g.id,
            name: g.name,
            subdomain: g.subdomain,
            kind: g.kind,
            timezone: g.timezone,
            is_active: g.is_active,
        }
    }
}

/// A person as the answer of their registration shows them.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct UserInfo {
    pub id: UserId,
    #[schema(format = "email")]
    pub email: String,
    pub name: String,
    pub role: PlatformRole,
}

impl From<user::Model> for UserInfo {
    fn from(u: user::Model) -> Self {
        Self { name: u.full_name(), id: u.id, email: u.email, role: u.role }
    }
}

#[derive(Clone)]
pub struct RegistrationService {
    core: Core,
    accounts: Arc<dyn IdentityProvider>,
}

impl RegistrationService {
    pub fn new(core: &Core, ports: &Ports, _: &Settings) -> Self {
        Self { core: core.clone(), accounts: ports.accounts.clone() }
    }
}

#[async_trait]
impl Registration for RegistrationService {
    async fn gym_owner(&self, input: GymOwner, locale: Locale) -> Result<GymOwnerRegistered> {
        to_the_end(self.clone().register_gym_owner(input, locale)).await
    }

    async fn trainer(&self, caller: Option<&Caller>, input: Trainer, locale: Locale) -> Result<TrainerRegistered> {
        to_the_end(self.clone().register_trainer(caller.map(Caller::id), input, locale)).await
    }

    async fn email(&self, email: String, locale: Locale) -> Result<EmailAvailability> {
        self.email_availability(email, locale).await
    }

    async fn subdomain(&self, subdomain: String, locale: Locale) -> Result<SubdomainAvailability> {
        self.subdomain_availability(subdomain, locale).await
    }
}

/// Runs on when whoever waits for it goes away.
async fn to_the_end<T: Send + 'static>(work: impl Future<Output = Result<T>> + Send + 'static) -> Result<T> {
    match tokio::spawn(work.in_current_span()).await {
        Ok(outcome) => outcome,
        Err(e) => match e.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            Err(_) => Err(INTERRUPTED.into()),
        },
    }
}

/// The first step of a new owner: to the account that was made, or to one that is still to be made.
fn first_step(has_account: bool, locale: Locale) -> String {
    let step = match (has_account, locale) {
        (true, Locale::En) => "Confirm your e-mail address with the link that was sent to it.",
        (true, Locale::Es) => "Confirma tu correo con el enlace que te hemos enviado.",
        (false, Locale::En) => "Sign in with this e-mail address, confirmed, to take over what was made for you.",
        (false, Locale::Es) => "Inicia sesión con este correo, confirmado, para hacerte cargo de lo creado.",
    };
    step.to_owned()
}

fn in_language<const N: usize>(locale: Locale, en: [&str; N], es: [&str; N]) -> impl Iterator<Item = String> + use<N> {
    let texts = match locale {
        Locale::En => en,
        Locale::Es => es,
    };
    texts.map(str::to_owned).into_iter()
}
