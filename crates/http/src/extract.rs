//! What a handler is given. A guard stands first among its arguments, so that nothing else is looked at before the
//! caller is known; every rejection is a problem of ours.
mod form;
mod guard;
mod input;
mod module_guard;
mod tenant_guard;

pub use form::Form;
pub use guard::{Admin, Caller, GymHeader, Member, NoScope, Owner, Platform, Staff, Trainer, Visitor, scope};
pub(crate) use guard::{Verified, verify};
pub use input::{Body, LongWindow, Paging, Path, Query, ShortPaging, Window};
pub use module_guard::{Module, ModuleTenant, module};
pub use tenant_guard::{EarliestGym, PathGym, Tenant, TenantOrOnlyGym, TenantOrPlatform};

use crate::{ApiError, state::Provides};
use axum::{extract::FromRequestParts, http::request::Parts};
use std::sync::Arc;

/// The service that a handler calls: `Service(people): Service<dyn People>`.
pub struct Service<T: ?Sized>(pub Arc<T>);

impl<S, T> FromRequestParts<S> for Service<T>
where
    S: Provides<Arc<T>> + Send + Sync,
    T: ?Sized + Send + Sync,
{
    type Rejection = ApiError;
    async fn from_request_parts(_: &mut Parts, state: &S) -> Result<Self, ApiError> {
        Ok(Self(state.provide()))
    }
}
