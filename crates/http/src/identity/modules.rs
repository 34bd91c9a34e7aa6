use crate::{
    ApiError, HostState,
    extract::{Admin, Member, Path, Query, Service, Tenant, scope},
};
use axum::Json;
use serde::Deserialize;
use services::identity::modules::{
    BillingActivated, BillingDeactivated, BillingStatus, ModuleChanged, ModuleList, Modules,
};
use utoipa::IntoParams;
use utoipa_axum::{router::OpenApiRouter, routes};

pub fn routes<S: HostState>() -> OpenApiRouter<S> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(activate))
        .routes(routes!(deactivate))
        .routes(routes!(activate_billing, activate_code_billing))
        .routes(routes!(deactivate_billing, deactivate_code_billing))
        .routes(routes!(billing_status))
}

/// The gym's modules
///
/// Every module of the catalogue, with whether the gym has it.
#[utoipa::path(get, path = "/api/v1/modules", tag = "modules",
    security(("bearer" = ["resource:read"], "gym" = [])), responses((status = 200, body = ModuleList)))]
async fn list(
    Tenant(actor, ..): Tenant<Member, scope::ResourceRead>,
    Service(modules): Service<dyn Modules>,
) -> Result<Json<ModuleList>, ApiError> {
    Ok(Json(modules.list(&actor).await?))
}

/// Activate a module
///
/// For the platform's administrators. 200 also when it is active already.
#[utoipa::path(patch, path = "/api/v1/modules/{module_code}/activate", tag = "modules",
    security(("bearer" = [], "gym" = [])), params(("module_code" = String, Path, example = "posts")),
    responses((status = 200, body = ModuleChanged)))]
async fn activate(
    Tenant(actor, ..): Tenant<Member>,
    Path(code): Path<String>,
    Service(modules): Service<dyn Modules>,
) -> Result<Json<ModuleChanged>, ApiError> {
    Ok(Json(modules.set_active(&actor, &code, true).await?))
}

/// Deactivate a module
///
/// For the platform's administrators. Its data stays; 200 also when it is inactive already.
#[utoipa::path(patch, path = "/api/v1/modules/{module_code}/deactivate", tag = "modules",
    security(("bearer" = [], "gym" = [])), params(("module_code" = String, Path, example = "posts")),
    responses((status = 200, body = ModuleChanged)))]
async fn deactivate(
    Tenant(actor, ..): Tenant<Member>,
    Path(code): Path<String>,
    Service(modules): Service<dyn Modules>,
) -> Result<Json<ModuleChanged>, ApiError> {
    Ok(Json(modules.set_active(&actor, &code, false).await?))
}

/// Activate billing
///
/// For the gym's administrators.
#[utoipa::path(post, path = "/api/v1/modules/billing/activate", tag = "modules",
    security(("bearer" = ["resource:admin"], "gym" = []), ("bearer" = ["admin:modules"], "gym" = [])),
    responses((status = 200, body = BillingActivated)))]
async fn activate_billing(
    Tenant(actor, ..): Tenant<Admin, scope::ModuleAdmin>,
    Service(modules): Service<dyn Modules>,
) -> Result<Json<BillingActivated>, ApiError> {
    Ok(Json(modules.activate_billing(&actor).await?))
}

/// Activate the module billing
///
/// As for any other module: the literal path would otherwise hide this one.
#[utoipa::path(patch, path = "/api/v1/modules/billing/activate", tag = "modules",
    security(("bearer" = [], "gym" = [])), responses((status = 200, body = ModuleChanged)))]
async fn activate_code_billing(
    Tenant(actor, ..): Tenant<Member>,
    Service(modules): Service<dyn Modules>,
) -> Result<Json<ModuleChanged>, ApiError> {
    Ok(Json(modules.set_active(&actor, "billing", true).await?))
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Deactivation {
    /// False = what the payment provider holds is deactivated too.
    #[serde(default = "yes")]
    #[param(default = true)]
    preserve_data: bool,
}

fn yes() -> bool {
    true
}

/// Deactivate billing
///
/// For the gym's administrators. Plans and payments stay on record.
#[utoipa::path(post, path = "/api/v1/modules/billing/deactivate", tag = "modules",
    security(("bearer" = ["resource:admin"], "gym" = []), ("bearer" = ["admin:modules"], "gym" = [])),
    params(Deactivation), responses((status = 200, body = BillingDeactivated)))]
async fn deactivate_billing(
    Tenant(actor, ..): Tenant<Admin, scope::ModuleAdmin>,
    Query(query): Query<Deactivation>,
    Service(modules): Service<dyn Modules>,
) -> Result<Json<BillingDeactivated>, ApiError> {
    Ok(Json(modules.deactivate_billing(&actor, query.preserve_data).await?))
}

/// Deactivate the module billing
///
/// As for any other module: the literal path would otherwise hide this one.
#[utoipa::path(patch, path = "/api/v1/modules/billing/deactivate", tag = "modules",
    security(("bearer" = [], "gym" = [])), responses((status = 200, body = ModuleChanged)))]
async fn deactivate_code_billing(
    Tenant(actor, ..): Tenant<Member>,
    Service(modules): Service<dyn Modules>,
) -> Result<Json<ModuleChanged>, ApiError> {
    Ok(Json(modules.set_active(&actor, "billing", false).await?))
}

/// Whether billing is on, and what it can do
#[utoipa::path(get, path = "/api/v1/modules/billing/status", tag = "modules",
    security(("bearer" = ["resource:read"], "gym" = [])), responses((status = 200, body = BillingStatus)))]
async fn billing_status(
    Tenant(actor, ..): Tenant<Member, scope::ResourceRead>,
    Service(modules): Service<dyn Modules>,
) -> Result<Json<BillingStatus>, ApiError> {
    Ok(Json(modules.billing_status(&actor).await?))
}
