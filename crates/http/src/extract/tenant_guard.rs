use super::{
    Path,
    guard::{NoScope, Role, Scopes, claims, gym_of},
};
use crate::{ApiError, state::Provides};
use axum::{extract::FromRequestParts, http::request::Parts};
use domain::{GymId, identity::Claims};
use serde::Deserialize;
use services::{
    Actor, Caller, Error, Gatekeeper, Reach,
    access::{GYM_HEADER, GYM_NOT_FOUND, NOT_A_MEMBER},
};
use std::{marker::PhantomData, sync::Arc};

/// Where an operation's gym comes from: all that the guards below differ in.
pub(super) trait Place {
    fn gym(
        parts: &mut Parts,
        gate: &dyn Gatekeeper,
        claims: &Arc<Claims>,
    ) -> impl Future<Output = Result<GymId, ApiError>> + Send;

    /// What somebody is told whom the gym does not let in.
    fn refusal(e: Error) -> Error {
        e
    }
}

/// The only way into a gym: token, scopes, gym, membership, role, in this order (IDN-24). The visit is not counted
/// yet: see [`admitted`].
pub(super) async fn enter<P, S, R, Sc>(parts: &mut Parts, state: &S) -> Result<Actor, ApiError>
where
    P: Place,
    S: Provides<Arc<dyn Gatekeeper>>,
    R: Role,
    Sc: Scopes,
{
    let claims = claims::<S, Sc>(parts, state).await?;
    let gate = state.provide();
    let gym = P::gym(parts, gate.as_ref(), &claims).await?;
    let actor = gate.actor(claims, gym).await.map_err(P::refusal)?;
    actor.must_be(R::ROLE)?;
    Ok(actor)
}

/// The last line of every guard: whoever was refused anything on the way here did not visit the gym (IDN-30).
pub(super) fn admitted<S: Provides<Arc<dyn Gatekeeper>>>(state: &S, actor: Actor) -> Actor {
    state.provide().admitted(&actor);
    actor
}

/// The header `X-Gym-ID`.
pub(super) struct ByHeader;

impl Place for ByHeader {
    async fn gym(parts: &mut Parts, _: &dyn Gatekeeper, _: &Arc<Claims>) -> Result<GymId, ApiError> {
        Ok(gym_of(&parts.headers)?.ok_or(Error::from(GYM_HEADER))?)
    }
}

/// The header, or the caller's only gym.
struct ByHeaderOrOnly;

impl Place for ByHeaderOrOnly {
    async fn gym(parts: &mut Parts, gate: &dyn Gatekeeper, claims: &Arc<Claims>) -> Result<GymId, ApiError> {
        if let Some(gym) = gym_of(&parts.headers)? {
            return Ok(gym);
        }
        let caller: Caller = gate.caller(claims.clone()).await?;
        Ok(gate.only_gym(&caller).await?.ok_or(Error::from(GYM_HEADER))?)
    }
}

/// The header, or the gym that the caller joined first.
struct ByHeaderOrEarliest;

impl Place for ByHeaderOrEarliest {
    async fn gym(parts: &mut Parts, gate: &dyn Gatekeeper, claims: &Arc<Claims>) -> Result<GymId, ApiError> {
        if let Some(gym) = gym_of(&parts.headers)? {
            return Ok(gym);
        }
        let caller: Caller = gate.caller(claims.clone()).await?;
        Ok(gate.earliest_gym(&caller).await?.ok_or(Error::from(GYM_NOT_FOUND))?)
    }
}

/// The gym of the path's parameter `gym_id`.
#[derive(Deserialize)]
struct ByPath {
    gym_id: GymId,
}

impl Place for ByPath {
    async fn gym(parts: &mut Parts, _: &dyn Gatekeeper, _: &Arc<Claims>) -> Result<GymId, ApiError> {
        let Path(Self { gym_id }) = Path::from_request_parts(parts, &()).await?;
        Ok(gym_id)
    }

    fn refusal(e: Error) -> Error {
        match e {
            Error::Refused(NOT_A_MEMBER) => GYM_NOT_FOUND.into(),
            e => e,
        }
    }
}

macro_rules! guards {
    ($($(#[$doc:meta])* $name:ident: $place:ty),+ $(,)?) => {$(
        $(#[$doc])*
        pub struct $name<R, Sc = NoScope>(pub Actor, pub PhantomData<(R, Sc)>);

        impl<S, R, Sc> FromRequestParts<S> for $name<R, Sc>
        where
            S: Provides<Arc<dyn Gatekeeper>> + Send + Sync,
            R: Role,
            Sc: Scopes,
        {
            type Rejection = ApiError;
            async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
                let actor = enter::<$place, S, R, Sc>(parts, state).await?;
                Ok(Self(admitted(state, actor), PhantomData))
            }
        }
    )+};
}

guards! {
    /// A caller inside the gym of `X-Gym-ID`, of at least role `R` (IDN-24): `Tenant(actor, ..): Tenant<Admin>`.
    Tenant: ByHeader,
    /// Like [`Tenant`]; a caller who sends no header is in their only gym, when there is exactly one.
    TenantOrOnlyGym: ByHeaderOrOnly,
    /// Like [`Tenant`]; a caller who sends no header is in the gym that they joined first (IDN-85).
    EarliestGym: ByHeaderOrEarliest,
    /// Like [`Tenant`], for the gym that the path names; no header is needed. To whoever does not belong to it that
    /// gym does not exist (IDN-33).
    PathGym: ByPath,
}

/// Like [`Tenant`]; a SUPER_ADMIN who sends no header asks over the whole platform.
pub struct TenantOrPlatform<R, Sc = NoScope>(pub Reach, pub PhantomData<(R, Sc)>);

impl<S, R, Sc> FromRequestParts<S> for TenantOrPlatform<R, Sc>
where
    S: Provides<Arc<dyn Gatekeeper>> + Send + Sync,
    R: Role,
    Sc: Scopes,
{
    type Rejection = ApiError;
    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        if parts.headers.contains_key("x-gym-id") {
            let Tenant(actor, _) = Tenant::<R, Sc>::from_request_parts(parts, state).await?;
            return Ok(Self(Reach::Gym(actor), PhantomData));
        }
        let claims = claims::<S, Sc>(parts, state).await?;
        let caller = state.provide().caller(claims).await?;
        if !caller.is_super_admin() {
            return Err(Error::from(GYM_HEADER).into());
        }
        Ok(Self(Reach::Platform(caller), PhantomData))
    }
}
