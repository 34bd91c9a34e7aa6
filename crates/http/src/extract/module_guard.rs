use super::{
    guard::{Role, Scopes},
    tenant_guard::{ByHeader, admitted, enter},
};
use crate::{ApiError, state::Provides};
use axum::{extract::FromRequestParts, http::request::Parts};
use services::{Actor, Gatekeeper, identity::modules::Modules};
use std::{marker::PhantomData, sync::Arc};

/// A module that gates operations (IDN-75).
pub trait Module: Send + Sync + 'static {
    const CODE: &'static str;
}

/// The modules that gate operations, as types.
pub mod module {
    macro_rules! modules {
        ($($name:ident = $code:literal),+ $(,)?) => {
            $(
                pub struct $name;
                impl super::Module for $name {
                    const CODE: &'static str = $code;
                }
            )+
            /// Their codes.
            pub const CODES: &[&str] = &[$($code),+];
        };
    }
    modules! {
        Posts = "posts",
        Stories = "stories",
        ActivityFeed = "activity_feed",
        Nutrition = "nutrition",
        Billing = "billing",
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
        modules.must_be_enabled(&actor, M::CODE).await?;
        Ok(Self(admitted(state, actor), PhantomData))
    }
}
