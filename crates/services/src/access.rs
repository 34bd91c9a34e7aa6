//! Who calls, and what they may.
//!
//! A [`Caller`] is a person with a verified token, an [`Actor`] a caller inside one gym. Only the [`Gatekeeper`]
//! makes them, after it checked token and membership; a service's method takes one first and says in its first line
//! what it asks of it.
use crate::{Error, Refusal, Result};
use async_trait::async_trait;
use domain::{
    GymId, UserId,
    identity::{Claims, GymRole, PlatformRole, gym, user},
};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

pub const USER_INACTIVE: Refusal =
    Refusal::forbidden("user_inactive", "This account is deactivated.", "Esta cuenta está desactivada.");
pub const IDENTITY_CONFLICT: Refusal = Refusal::forbidden(
    "identity_conflict",
    "This e-mail address belongs to another identity, or is not verified.",
    "Esta dirección de correo pertenece a otra identidad o no está verificada.",
);
pub const GYM_HEADER: Refusal = Refusal::bad_request(
    "gym_header_required",
    "The header X-Gym-ID must name a gym by its positive number.",
    "La cabecera X-Gym-ID debe indicar un gimnasio con su número positivo.",
);
pub const GYM_NOT_FOUND: Refusal =
    Refusal::not_found("gym_not_found", "There is no such gym.", "El gimnasio no existe.");
pub const NOT_A_MEMBER: Refusal =
    Refusal::forbidden("not_a_member", "You do not belong to this gym.", "No perteneces a este gimnasio.");
pub const MEMBERSHIP_INACTIVE: Refusal = Refusal::forbidden(
    "membership_inactive",
    "Your access to this gym is suspended.",
    "Tu acceso a este gimnasio está suspendido.",
);
pub const SUPER_ADMIN_ONLY: Refusal = Refusal::forbidden(
    "super_admin_only",
    "Only the platform's administrators may do this.",
    "Solo los administradores de la plataforma pueden hacer esto.",
);
pub const GYM_MISMATCH: Refusal = Refusal::forbidden(
    "gym_mismatch",
    "The gym of the path is not the gym of the header X-Gym-ID.",
    "El gimnasio de la ruta no es el de la cabecera X-Gym-ID.",
);

/// The few columns of a person that every request needs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Identity {
    pub id: UserId,
    pub email: String,
    pub first_name: Option<String>,
    pub last_name: Option<String>,
    pub picture: Option<String>,
    pub role: PlatformRole,
    pub is_active: bool,
    pub has_qr_code: bool,
}

impl From<&user::Model> for Identity {
    fn from(u: &user::Model) -> Self {
        Self {
            id: u.id,
            email: u.email.clone(),
            first_name: u.first_name.clone(),
            last_name: u.last_name.clone(),
            picture: u.picture.clone(),
            role: u.role,
            is_active: u.is_active,
            has_qr_code: u.qr_code.is_some(),
        }
    }
}

/// A person with a verified token and an active row.
#[derive(Clone, Debug)]
pub struct Caller {
    claims: Arc<Claims>,
    identity: Arc<Identity>,
}

impl Caller {
    pub(crate) fn new(claims: Arc<Claims>, identity: Arc<Identity>) -> Self {
        Self { claims, identity }
    }
    pub fn claims(&self) -> &Claims {
        &self.claims
    }
    pub fn identity(&self) -> &Identity {
        &self.identity
    }
    pub fn id(&self) -> UserId {
        self.identity.id
    }
    pub fn is_super_admin(&self) -> bool {
        self.identity.role == PlatformRole::SuperAdmin
    }
    pub fn must_be_super_admin(&self) -> Result<()> {
        if self.is_super_admin() { Ok(()) } else { Err(SUPER_ADMIN_ONLY.into()) }
    }
    pub fn must_have_scope(&self, scope: &'static str) -> Result<()> {
        must_grant(&self.claims, &[scope])
    }
}

/// IDN-7: every scope that an operation lists must be granted.
pub fn must_grant(claims: &Claims, scopes: &[&'static str]) -> Result<()> {
    match scopes.iter().find(|scope| !claims.scopes.grants(scope)) {
        Some(missing) => Err(Error::MissingScope(missing)),
        None => Ok(()),
    }
}

/// A caller inside one gym (IDN-29): computed once per request.
#[derive(Clone, Debug)]
pub struct Actor {
    caller: Caller,
    gym: Arc<gym::Model>,
    role: Option<GymRole>,
    membership_active: bool,
}

impl Actor {
    pub(crate) fn new(caller: Caller, gym: Arc<gym::Model>, role: Option<GymRole>, membership_active: bool) -> Self {
        Self { caller, gym, role, membership_active }
    }
    /// An actor made by hand, for tests of services.
    #[cfg(feature = "testing")]
    pub fn for_test(user: &user::Model, gym: &gym::Model, role: Option<GymRole>) -> Self {
        Self::new(Caller::for_test(user), Arc::new(gym.clone()), role, role.is_some())
    }
    pub fn caller(&self) -> &Caller {
        &self.caller
    }
    pub fn user_id(&self) -> UserId {
        self.caller.id()
    }
    pub fn gym(&self) -> &gym::Model {
        &self.gym
    }
    pub fn gym_id(&self) -> GymId {
        self.gym.id
    }
    /// `None` for a SUPER_ADMIN without a membership here.
    pub fn role(&self) -> Option<GymRole> {
        self.role
    }
    pub fn is_super_admin(&self) -> bool {
        self.caller.is_super_admin()
    }
    /// False for a member whose paid membership lapsed (IDN-26).
    pub fn membership_active(&self) -> bool {
        self.membership_active
    }
    /// IDN-18; SUPER_ADMIN satisfies every guard.
    pub fn is_at_least(&self, required: GymRole) -> bool {
        self.is_super_admin() || self.role.is_some_and(|role| role.at_least(required))
    }
    pub fn must_be(&self, required: GymRole) -> Result<()> {
        if self.is_at_least(required) { Ok(()) } else { Err(Error::RoleTooLow { current: self.role, required }) }
    }
    /// The gym of a path must be the guarded one (IDN-21).
    pub fn must_be_in(&self, gym: GymId) -> Result<()> {
        if self.gym.id == gym { Ok(()) } else { Err(GYM_MISMATCH.into()) }
    }
}

/// From where something is asked that is there in a gym and on the platform: inside one gym, or, by a SUPER_ADMIN,
/// over everything.
#[derive(Clone, Debug)]
pub enum Reach {
    Gym(Actor),
    Platform(Caller),
}

#[cfg(feature = "testing")]
impl Caller {
    /// A caller made by hand, with every scope, for tests of services.
    pub fn for_test(user: &user::Model) -> Self {
        let raw = serde_json::json!({
            "sub": user.auth0_id.clone().unwrap_or_else(|| "test|none".into()),
            "email": user.email, "email_verified": true,
            "permissions": domain::identity::role::HighestRole::SuperAdmin.scopes(),
        });
        let raw = raw.as_object().cloned().unwrap_or_default();
        let claims = Claims::from_payload(raw).ok().flatten().unwrap_or_else(|| unreachable!("a subject is there"));
        Self::new(Arc::new(claims), Arc::new(Identity::from(user)))
    }
}

/// The only maker of callers and actors.
#[async_trait]
pub trait Gatekeeper: Send + Sync {
    /// Checks a token. No scope and no row is looked at yet.
    async fn verify(&self, token: &str) -> Result<Arc<Claims>>;
    /// Finds, links or creates the person behind the token (IDN-10 … IDN-17).
    async fn caller(&self, claims: Arc<Claims>) -> Result<Caller>;
    /// The person inside a gym (IDN-24 … IDN-29).
    async fn actor(&self, claims: Arc<Claims>, gym: GymId) -> Result<Actor>;
    /// The guard has nothing left to ask: the visit counts (IDN-30). Costs the request nothing.
    fn admitted(&self, actor: &Actor);
    /// The gym that the caller joined first (IDN-85).
    async fn earliest_gym(&self, caller: &Caller) -> Result<Option<GymId>>;
    /// The caller's gym when there is exactly one.
    async fn only_gym(&self, caller: &Caller) -> Result<Option<GymId>>;
}
