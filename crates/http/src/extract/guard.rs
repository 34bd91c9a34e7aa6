use crate::{ApiError, state::Provides};
use axum::{
    extract::{FromRequestParts, OptionalFromRequestParts},
    http::{HeaderMap, HeaderValue, header::AUTHORIZATION, request::Parts},
};
use domain::{
    GymId,
    identity::{Claims, GymRole},
};
use ports::TokenError;
use services::{
    Error, Gatekeeper,
    access::{GYM_HEADER, must_grant},
};
use std::{marker::PhantomData, sync::Arc};

/// The scopes that an operation lists (IDN-7).
pub trait Scopes: Send + Sync + 'static {
    const SCOPES: &'static [&'static str];
    /// All of them must be granted.
    fn check(claims: &Claims) -> Result<(), Error> {
        must_grant(claims, Self::SCOPES)
    }
}

/// No scope: the token and the role decide.
pub struct NoScope;

impl Scopes for NoScope {
    const SCOPES: &'static [&'static str] = &[];
}

/// The scopes of tokens, as types.
pub mod scope {
    macro_rules! scopes {
        ($($name:ident = $scope:literal),+ $(,)?) => {$(
            pub struct $name;
            impl super::Scopes for $name {
                const SCOPES: &'static [&'static str] = &[$scope];
            }
        )+};
    }
    scopes! {
        UserRead = "user:read",
        UserWrite = "user:write",
        ResourceRead = "resource:read",
        ResourceWrite = "resource:write",
        ResourceAdmin = "resource:admin",
        TenantRead = "tenant:read",
        TenantAdmin = "tenant:admin",
    }

    /// `resource:admin`, or `admin:modules` (IDN-72).
    pub struct ModuleAdmin;
    impl super::Scopes for ModuleAdmin {
        const SCOPES: &'static [&'static str] = &["resource:admin", "admin:modules"];
        fn check(claims: &domain::identity::Claims) -> Result<(), services::Error> {
            match Self::SCOPES.iter().any(|scope| claims.scopes.grants(scope)) {
                true => Ok(()),
                false => Err(services::Error::MissingScope("resource:admin")),
            }
        }
    }
}

/// The least role of a gym guard (IDN-18).
pub trait Role: Send + Sync + 'static {
    const ROLE: GymRole;
}

macro_rules! roles {
    ($($name:ident),+) => {$(
        pub struct $name;
        impl Role for $name {
            const ROLE: GymRole = GymRole::$name;
        }
    )+};
}
roles!(Member, Trainer, Admin, Owner);

/// Whoever works in the gym: TRAINER, ADMIN or OWNER.
pub type Staff = Trainer;

/// The outcome of looking at the request's token, once per request: the rate limiter looks first (IDN-29).
#[derive(Clone)]
pub(crate) struct Verified(pub Result<Arc<Claims>, Error>);

/// Looks at the bearer token; an absent or other scheme is no token (IDN-1).
pub(crate) async fn verify(authorization: Option<&HeaderValue>, gate: &dyn Gatekeeper) -> Option<Verified> {
    let header = authorization?;
    let token = header.to_str().ok().and_then(|h| h.split_once(' ')).filter(|(s, _)| s.eq_ignore_ascii_case("bearer"));
    Some(Verified(match token {
        Some((_, token)) => gate.verify(token.trim()).await,
        None => Err(TokenError::Malformed.into()),
    }))
}

pub(super) async fn claims<S, Sc>(parts: &mut Parts, state: &S) -> Result<Arc<Claims>, ApiError>
where
    S: Provides<Arc<dyn Gatekeeper>>,
    Sc: Scopes,
{
    let verified = match parts.extensions.get::<Verified>() {
        Some(verified) => Some(verified.clone()),
        None => verify(parts.headers.get(AUTHORIZATION), state.provide().as_ref()).await,
    };
    let claims = verified.ok_or_else(ApiError::no_token)?.0?;
    Sc::check(&claims)?;
    Ok(claims)
}

/// A positive whole number, or nothing that names a gym (IDN-24).
pub(super) fn gym_of(headers: &HeaderMap) -> Result<Option<GymId>, Error> {
    let Some(header) = headers.get("x-gym-id") else { return Ok(None) };
    let number = header.to_str().ok().map(str::trim).filter(|text| text.bytes().all(|b| b.is_ascii_digit()));
    match number.and_then(|text| text.parse().ok()) {
        Some(id) if id > 0 => Ok(Some(GymId(id))),
        _ => Err(GYM_HEADER.into()),
    }
}

/// Any authenticated person: `Caller(caller, ..): Caller<scope::UserRead>`.
pub struct Caller<Sc = NoScope>(pub services::Caller, pub PhantomData<Sc>);

impl<S, Sc> FromRequestParts<S> for Caller<Sc>
where
    S: Provides<Arc<dyn Gatekeeper>> + Send + Sync,
    Sc: Scopes,
{
    type Rejection = ApiError;
    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let claims = claims::<S, Sc>(parts, state).await?;
        Ok(Self(state.provide().caller(claims).await?, PhantomData))
    }
}

/// `Option<Caller>`: nobody when no `Authorization` was sent; a bad token is still refused.
impl<S> OptionalFromRequestParts<S> for Caller
where
    S: Provides<Arc<dyn Gatekeeper>> + Send + Sync,
{
    type Rejection = ApiError;
    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Option<Self>, ApiError> {
        if !parts.headers.contains_key(AUTHORIZATION) {
            return Ok(None);
        }
        <Self as FromRequestParts<S>>::from_request_parts(parts, state).await.map(Some)
    }
}

/// A SUPER_ADMIN of the platform.
pub struct Platform<Sc = NoScope>(pub services::Caller, pub PhantomData<Sc>);

impl<S, Sc> FromRequestParts<S> for Platform<Sc>
where
    S: Provides<Arc<dyn Gatekeeper>> + Send + Sync,
    Sc: Scopes,
{
    type Rejection = ApiError;
    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let Caller(caller, _) = <Caller<Sc> as FromRequestParts<S>>::from_request_parts(parts, state).await?;
        caller.must_be_super_admin()?;
        Ok(Self(caller, PhantomData))
    }
}

/// Whoever reads a public operation: known when a good token says so. A bad one opens nothing, and shuts nothing.
pub struct Visitor(pub Option<services::Caller>);

impl<S> FromRequestParts<S> for Visitor
where
    S: Provides<Arc<dyn Gatekeeper>> + Send + Sync,
{
    type Rejection = ApiError;
    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let caller = <Caller as FromRequestParts<S>>::from_request_parts(parts, state).await;
        Ok(Self(caller.ok().map(|Caller(caller, ..)| caller)))
    }
}

/// The gym of an optional header, for operations that only decorate their answer with it.
pub struct GymHeader(pub Option<GymId>);

impl<S: Send + Sync> FromRequestParts<S> for GymHeader {
    type Rejection = ApiError;
    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        Ok(Self(gym_of(&parts.headers)?))
    }
}
