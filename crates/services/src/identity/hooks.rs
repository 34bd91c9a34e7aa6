//! What the identity provider tells us (IDN-63, IDN-114 … IDN-116).
//!
//! Everything here may come twice, late, or in another order: each operation states what is so now, and doing it again
//! changes nothing. What cannot be done at the moment is answered with 503, so that the provider tries again.
use super::{gatekeeper::unresolved, profile, sign_in};
use crate::{
    Core, Error, Ports, Refusal, Result, Settings,
    error::{Class, StoreError},
    kernel::effect,
};
use async_trait::async_trait;
use bytes::Bytes;
use chrono::DateTime;
use domain::{
    UserId,
    identity::{Claims, hook_event::HookEvent, user},
    kernel::{
        email, secret,
        validation::{Invalid, check},
    },
};
use garde::Validate;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

pub const HOOKS_NOT_CONFIGURED: Refusal = Refusal::unavailable(
    "webhooks_not_configured",
    "The identity provider's webhooks are not configured.",
    "Los webhooks del proveedor de identidad no están configurados.",
);
pub const HOOK_PROOF_MISSING: Refusal = Refusal::new(
    Class::Unauthenticated,
    "webhook_proof_missing",
    "The webhook's secret, timestamp or signature is missing.",
    "Falta el secreto, la marca de tiempo o la firma del webhook.",
);
pub const HOOK_SECRET_WRONG: Refusal = Refusal::new(
    Class::Unauthenticated,
    "invalid_webhook_secret",
    "The webhook's secret is wrong.",
    "El secreto del webhook no es correcto.",
);
pub const HOOK_SIGNATURE_WRONG: Refusal = Refusal::new(
    Class::Unauthenticated,
    "invalid_webhook_signature",
    "The webhook's signature does not fit its body.",
    "La firma del webhook no corresponde a su contenido.",
);
pub const HOOK_STALE: Refusal = Refusal::bad_request(
    "stale_webhook",
    "The webhook's timestamp is too far from now.",
    "La marca de tiempo del webhook está demasiado lejos de la hora actual.",
);
pub const SYNC_SECRET_MISSING: Refusal = Refusal::new(
    Class::Unauthenticated,
    "webhook_secret_missing",
    "The header X-Auth0-Webhook-Secret is required.",
    "Se requiere la cabecera X-Auth0-Webhook-Secret.",
);
pub const SYNC_SECRET_WRONG: Refusal =
    Refusal::forbidden("invalid_webhook_secret", "The secret is wrong.", "El secreto no es correcto.");
pub const EMAIL_TAKEN: Refusal = Refusal::conflict(
    "email_taken",
    "Another user has this e-mail address.",
    "Otro usuario tiene esta dirección de correo.",
);

/// How far a hook's timestamp may be from now, either way (IDN-114).
const TOLERANCE_SECONDS: u64 = 300;

#[async_trait]
pub trait Hooks: Send + Sync {
    /// The holder of the secret that comes alone in a header.
    fn admit(&self, secret: Option<&str>) -> Result<Provider>;
    /// An account was made: so is its row (IDN-115).
    async fn user_created(&self, hook: SignedHook) -> Result<UserCreated>;
    /// An account was changed: the row follows its address, and nothing else (IDN-116).
    async fn user_updated(&self, hook: SignedHook) -> Result<UserUpdated>;
    /// An address was changed at the provider (IDN-63). Nobody of that identity is nothing to do.
    async fn sync_email(&self, by: &Provider, input: EmailSync) -> Result<()>;
}

/// Whoever knows the provider's secret. Only [`Hooks::admit`] makes one.
pub struct Provider(());

/// A hook as it came in: what it proves itself with, and the bytes that were signed.
#[derive(Clone, Default)]
pub struct SignedHook {
    pub authorization: Option<String>,
    pub timestamp: Option<String>,
    pub signature: Option<String>,
    pub body: Bytes,
}

/// `X-Auth0-…` bodies.
#[derive(Deserialize)]
struct HookBody {
    #[serde(default)]
    event: HookEventBody,
    #[serde(default)]
    user: Map<String, Value>,
}

#[derive(Default, Deserialize)]
struct HookEventBody {
    #[serde(default, rename = "type")]
    kind: String,
}

#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct UserCreated {
    pub message: &'static str,
    /// Absent when the event was none of ours.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_id: Option<UserId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
}

#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(untagged)]
pub enum UserUpdated {
    Changed {
        message: &'static str,
        user_id: UserId,
        previous_email: String,
        new_email: String,
    },
    /// `success` is false when there was something to do that may not be done.
    Unchanged {
        message: &'static str,
        success: bool,
    },
}

#[derive(Clone, Debug, Deserialize, Validate, ToSchema)]
#[schema(as = UserSyncFromAuth0)]
pub struct EmailSync {
    #[garde(length(chars, min = 1, max = 255))]
    pub auth0_id: String,
    #[garde(email, length(chars, max = 255))]
    #[schema(format = "email")]
    pub email: String,
}

pub struct HookService {
    core: Core,
    secret: Option<String>,
}

/// The claims of a hook's user, as a token of theirs would make them. What else the provider sends is kept with the
/// row, but never read as a right.
fn claims(mut user: Map<String, Value>) -> Result<Claims> {
    let text = |name: &str| user.get(name).and_then(Value::as_str).map(str::trim).filter(|text| !text.is_empty());
    let sub = text("sub").or_else(|| text("user_id")).map(str::to_owned);
    let sub = sub.ok_or_else(|| Invalid::field("user.user_id", "the user's identity is required"))?;
    let address = text("email").map(str::to_owned);
    for rights in ["scope", "permissions", "https://gymapi/permissions"] {
        user.remove(rights);
    }
    user.insert("sub".into(), sub.into());
    user.insert("email".into(), address.into());
    let claims = Claims::from_payload(user).ok().flatten();
    Ok(claims.ok_or_else(|| Invalid::field("user", "the user cannot be read"))?)
}

impl HookService {
    pub fn new(core: &Core, _: &Ports, settings: &Settings) -> Self {
        Self { core: core.clone(), secret: settings.webhook_secret.clone().filter(|secret| !secret.is_empty()) }
    }

    fn secret(&self) -> Result<&str> {
        Ok(self.secret.as_deref().ok_or(HOOKS_NOT_CONFIGURED)?)
    }

    /// The body of a hook that proved itself: secret, time, and the signature over both time and body (IDN-114).
    fn proven(&self, hook: &SignedHook) -> Result<HookBody> {
        let expected = self.secret()?;
        let bearer = hook.authorization.as_deref().and_then(|header| header.split_once(' '));
        let bearer = bearer.filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer")).map(|(_, token)| token.trim());
        let given = bearer.zip(hook.timestamp.as_deref()).zip(hook.signature.as_deref());
        let ((bearer, timestamp), signature) = given.ok_or(HOOK_PROOF_MISSING)?;
        if !secret::equal(expected, bearer) {
            return Err(HOOK_SECRET_WRONG.into());
        }
        let sent = timestamp.parse().ok().and_then(|seconds| DateTime::from_timestamp(seconds, 0)).ok_or(HOOK_STALE)?;
        if sent.timestamp().abs_diff(self.core.clock.now().timestamp()) > TOLERANCE_SECONDS {
            return Err(HOOK_STALE.into());
        }
        let signed = [timestamp.as_bytes(), b".", &hook.body].concat();
        if !secret::equal(&secret::hmac_sha256_hex(expected, &signed), &signature.to_ascii_lowercase()) {
            return Err(HOOK_SIGNATURE_WRONG.into());
        }
        let body = serde_json::from_slice(&hook.body);
        Ok(body.map_err(|e| Invalid::field("event", e.to_string()))?)
    }

    /// Gives the row another address, and drops whatever showed the old one. False when somebody else holds it.
    async fn move_to(&self, row: &user::Model, address: &str) -> Result<bool> {
        let (users, people) = (&self.core.stores.users, &self.core.stores.people);
        let moved = self
            .core
            .db
            .run(async |tx| {
                users.set_email(&tx, row.id, address).await?;
                Ok::<_, Error>(people.gyms_of(&tx, row.id).await?)
            })
            .await;
        match moved {
            Ok(gyms) => {
                self.core.committed(&profile::stale(row, gyms.into_iter().map(|(gym, _)| gym))).await;
                Ok(true)
            }
            Err(Error::Store(StoreError::Unique(_))) => Ok(false),
            Err(e) => Err(e),
        }
    }

    /// The row's address after the account's, on the terms of IDN-11: the provider vouches for it, and nobody else
    /// holds it.
    async fn follow(&self, row: &user::Model, claims: &Claims) -> Result<UserUpdated> {
        let Some(address) = claims.email.as_deref().filter(|address| !email::same(address, &row.email)) else {
            return Ok(UserUpdated::Unchanged { message: "The address is the same.", success: true });
        };
        if !claims.email_verified {
            return Ok(UserUpdated::Unchanged { message: "The address is not verified yet.", success: false });
        }
        if !self.move_to(row, address).await? {
            return Ok(UserUpdated::Unchanged { message: "Another user has this address.", success: false });
        }
        Ok(UserUpdated::Changed {
            message: "The address was changed.",
            user_id: row.id,
            previous_email: row.email.clone(),
            new_email: address.to_owned(),
        })
    }

    async fn create(&self, user: Map<String, Value>) -> Result<UserCreated> {
        let claims = claims(user)?;
        let row = sign_in::resolve(&self.core, &claims).await?;
        let email = match self.follow(&row, &claims).await? {
            UserUpdated::Changed { new_email, .. } => new_email,
            UserUpdated::Unchanged { .. } => row.email,
        };
        // not in the transaction of the row, which may be older than this event: when it fails, the provider tells
        // us again
        self.core.effect(&self.core.db, effect::role_sync(row.id)).await?;
        Ok(UserCreated { message: "The user is known.", user_id: Some(row.id), email: Some(email) })
    }

    async fn update(&self, user: Map<String, Value>) -> Result<UserUpdated> {
        let claims = claims(user)?;
        match self.core.stores.users.by_auth0_id(&self.core.db, &claims.sub).await? {
            Some(row) => self.follow(&row, &claims).await,
            None => Ok(UserUpdated::Unchanged { message: "There is no such user.", success: false }),
        }
    }

    async fn sync(&self, input: &EmailSync) -> Result<()> {
        let row = self.core.stores.users.by_auth0_id(&self.core.db, &input.auth0_id).await?;
        let Some(row) = row.filter(|row| !email::same(&row.email, &input.email)) else { return Ok(()) };
        if self.move_to(&row, &input.email).await? { Ok(()) } else { Err(EMAIL_TAKEN.into()) }
    }
}

#[async_trait]
impl Hooks for HookService {
    fn admit(&self, secret: Option<&str>) -> Result<Provider> {
        let expected = self.secret()?;
        if !secret::equal(expected, secret.ok_or(SYNC_SECRET_MISSING)?) {
            return Err(SYNC_SECRET_WRONG.into());
        }
        Ok(Provider(()))
    }

    async fn user_created(&self, hook: SignedHook) -> Result<UserCreated> {
        let body = self.proven(&hook)?;
        if HookEvent::from_type(&body.event.kind) != HookEvent::UserCreated {
            return Ok(UserCreated { message: "Nothing to do for this event.", user_id: None, email: None });
        }
        self.create(body.user).await.map_err(unresolved)
    }

    async fn user_updated(&self, hook: SignedHook) -> Result<UserUpdated> {
        let body = self.proven(&hook)?;
        if HookEvent::from_type(&body.event.kind) != HookEvent::UserUpdated {
            return Ok(UserUpdated::Unchanged { message: "Nothing to do for this event.", success: true });
        }
        self.update(body.user).await.map_err(unresolved)
    }

    async fn sync_email(&self, _: &Provider, input: EmailSync) -> Result<()> {
        check(&input)?;
        self.sync(&input).await.map_err(unresolved)
    }
}
