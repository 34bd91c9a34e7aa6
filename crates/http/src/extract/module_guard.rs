use super::{
    guard::{Role, Scopes},
    tenant_guard::{ByHeader, admitted, enter},
};
use crate::{ApiError, state::Provides};
use axum::{extract::FromRequestParts, http::request::Parts};
use services::{Actor, Gatekeeper, identity::modules::Modules};
use std::{marker::PhantomData, sync::Arc};

/// What a gym without a row of the module is taken for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WithoutRow {
    /// Only an active row opens (IDN-73).
    Off,
    /// Only an inactive row shuts (SCH-4, EVT-2).
    On,
}

/// A module that gates operations (IDN-75).
pub trait Module: Send + Sync + 'static {
    const CODE: &'static str;
    const WITHOUT_ROW: WithoutRow = WithoutRow::Off;
}

/// The modules that gate operations, as types.
pub mod module {
    macro_rules! modules {
        ($codes:ident, $without_row:ident: $($name:ident = $code:literal),+ $(,)?) => {
            $(
                pub struct $name;
                impl super::Module for $name {
                    const CODE: &'static str = $code;
                    const WITHOUT_ROW: super::WithoutRow = super::WithoutRow::$without_row;
                }
            )+
            /// Their codes.
            pub const $codes: &[&str] = &[$($code),+];
        };
    }
    modules! {
        CODES, Off:
        Posts = "posts",
        Stories = "stories",
        ActivityFeed = "activity_feed",
        Nutrition = "nutrition",
        Billing = "billing",
    }
    modules! {
        OPEN_CODES, On:
        Schedule = "schedule",
        Events = "events",
    }
}

/// Like [`Tenant`](super::Tenant), in a gym that has module `M` (IDN-73): `ModuleTenant(actor, ..):
/// ModuleTenant<Member, scope::ResourceRead, module::Posts>`. The module is asked for last, so that nobody from
/// outside learns about it. What a gym has of modules is cached as one value.
pub struct ModuleTenant<R, Sc, M>(pub Actor, pub PhantomData<(R, Sc, M)>);

impl<S, R, Sc, M> FromRequestParts<S> for ModuleTenant<R, Sc, M>
where
    S: Provides<Arc<dyn Gatekeeper>> + Provides<Arc<dyn Modules>> + Send + Sync,
    R: Role,
    Sc: Scopes,
    M: Module,
{
    type Rejection = ApiError;
    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let actor = enter::<ByHeader, S, R, Sc>(parts, state).await?;
        let modules: Arc<dyn Modules> = state.provide();
        match M::WITHOUT_ROW {
            WithoutRow::Off => modules.must_be_enabled(&actor, M::CODE).await?,
            WithoutRow::On => modules.must_not_be_disabled(&actor, M::CODE).await?,
        }
        Ok(Self(admitted(state, actor), PhantomData))
    }
}
