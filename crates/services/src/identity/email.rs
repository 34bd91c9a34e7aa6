//! Changing and verifying one's address (IDN-61, IDN-62, IDN-64).
//!
//! The identity provider owns addresses: a change is asked of it, and the row here follows once the new address is
//! verified.
use crate::{
    Caller, Core, Error, Ports, Refusal, Result, Settings,
    error::Class,
    kernel::limit::{CHANGE_EMAIL, CHECK_EMAIL, Limits, VERIFY_EMAIL},
};
use async_trait::async_trait;
use domain::kernel::{
    email::{is_disposable, same},
    secret,
    validation::{FieldError, Invalid, check},
};
use garde::Validate;
use ports::{IdentityProvider, identity::IdentityError};
use serde::Deserialize;
use std::sync::Arc;
use utoipa::ToSchema;

pub const API_KEY_UNSET: Refusal = Refusal::unavailable(
    "api_key_not_configured",
    "This operation is not enabled here.",
    "Esta operación no está habilitada aquí.",
);
pub const API_KEY_WRONG: Refusal = Refusal::new(
    Class::Unauthenticated,
    "invalid_api_key",
    "The header X-API-Key is missing or wrong.",
    "La cabecera X-API-Key falta o no es correcta.",
);
pub const SAME_EMAIL: Refusal =
    Refusal::bad_request("same_email", "This is your e-mail address already.", "Esta ya es tu dirección de correo.");
pub const EMAIL_IN_USE: Refusal =
    Refusal::bad_request("email_taken", "This e-mail address is in use.", "Esta dirección de correo está en uso.");
pub const EMAIL_REFUSED: Refusal = Refusal::bad_request(
    "email_refused",
    "This e-mail address is not accepted.",
    "Esta dirección de correo no se acepta.",
);

/// An address to ask about.
#[derive(Clone, Debug, Deserialize, Validate, ToSchema)]
#[schema(as = EmailAvailabilityCheck)]
pub struct AvailabilityCheck {
    #[garde(email, length(chars, max = 254))]
    #[schema(format = "email", max_length = 254)]
    pub email: String,
}

/// The address that a person wants.
#[derive(Clone, Debug, Deserialize, Validate, ToSchema)]
#[schema(as = Auth0EmailChangeRequest)]
pub struct EmailChange {
    #[garde(email, length(chars, max = 254))]
    #[schema(format = "email", max_length = 254)]
    pub new_email: String,
}

/// Proof that the installation's API key was shown.
#[derive(Clone, Copy, Debug)]
pub struct ApiClient(());

/// What became of the wish for another verification mail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verification {
    pub email: String,
    /// No mail was sent: there is nothing to verify.
    pub verified_already: bool,
}

#[async_trait]
pub trait Emails: Send + Sync {
    /// # Errors
    /// [`API_KEY_UNSET`], [`API_KEY_WRONG`]
    fn api_client(&self, key: Option<&str>) -> Result<ApiClient>;
    /// Whether nobody has the address, here or at the identity provider (IDN-64).
    async fn is_available(&self, client: ApiClient, input: AvailabilityCheck) -> Result<bool>;
    /// Asks the identity provider for the change; the row here stays as it is (IDN-61).
    ///
    /// # Errors
    /// [`SAME_EMAIL`], [`EMAIL_IN_USE`], [`EMAIL_REFUSED`]
    async fn initiate_change(&self, caller: &Caller, input: EmailChange) -> Result<()>;
    /// Sends the verification mail once more, unless the address is verified (IDN-62).
    async fn resend_verification(&self, caller: &Caller) -> Result<Verification>;
}

pub struct EmailService {
    core: Core,
    accounts: Arc<dyn IdentityProvider>,
    limits: Limits,
    api_key: Option<String>,
}

impl EmailService {
    pub fn new(core: &Core, ports: &Ports, settings: &Settings) -> Self {
        Self {
            core: core.clone(),
            accounts: ports.accounts.clone(),
            limits: Limits::new(ports.counter.clone(), settings.rate_limits),
            api_key: settings.public_api_key.clone(),
        }
    }

    async fn held_here(&self, email: &str) -> Result<bool> {
        Ok(self.core.stores.users.by_email(&self.core.db, email).await?.is_some())
    }
}

#[async_trait]
impl Emails for EmailService {
    fn api_client(&self, key: Option<&str>) -> Result<ApiClient> {
        let expected = self.api_key.as_deref().filter(|key| !key.is_empty()).ok_or(API_KEY_UNSET)?;
        if secret::equal(expected, key.unwrap_or_default()) { Ok(ApiClient(())) } else { Err(API_KEY_WRONG.into()) }
    }

    async fn is_available(&self, _: ApiClient, input: AvailabilityCheck) -> Result<bool> {
        check(&input)?;
        if is_disposable(&input.email) {
            let field = FieldError::body("email", "addresses of disposable mailboxes are not accepted");
            return Err(Invalid(vec![FieldError { kind: "disposable_email".into(), ..field }]).into());
        }
        // callers share one key: what is counted is the address that is asked about
        self.limits.operation(CHECK_EMAIL, &input.email.to_lowercase()).await?;
        if self.held_here(&input.email).await? {
            return Ok(false);
        }
        if !self.accounts.is_configured() {
            return Ok(true);
        }
        Ok(self.accounts.by_email(&input.email).await?.is_none())
    }

    async fn initiate_change(&self, caller: &Caller, input: EmailChange) -> Result<()> {
        check(&input)?;
        if same(&input.new_email, &caller.identity().email) {
            return Err(SAME_EMAIL.into());
        }
        // before the look: without a limit it would tell who is registered
        self.limits.operation(CHANGE_EMAIL, &caller.id().to_string()).await?;
        if self.held_here(&input.new_email).await? {
            return Err(EMAIL_IN_USE.into());
        }
        match self.accounts.change_email(&caller.claims().sub, &input.new_email).await {
            Ok(()) => Ok(()),
            Err(IdentityError::Exists) => Err(EMAIL_IN_USE.into()),
            Err(IdentityError::Refused(reason)) => {
                tracing::info!(reason, "the identity provider refuses a change of address");
                Err(EMAIL_REFUSED.into())
            }
            Err(e) => Err(Error::Identity(e)),
        }
    }

    async fn resend_verification(&self, caller: &Caller) -> Result<Verification> {
        let account = self.accounts.by_id(&caller.claims().sub).await?;
        let email = account.email.unwrap_or_else(|| caller.identity().email.clone());
        if account.email_verified {
            return Ok(Verification { email, verified_already: true });
        }
        self.limits.operation(VERIFY_EMAIL, &caller.id().to_string()).await?;
        self.accounts.send_verification(&caller.claims().sub).await?;
        Ok(Verification { email, verified_already: false })
    }
}
