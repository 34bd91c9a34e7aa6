use crate::{
    ApiError, HostState, Problem,
    extract::{Caller, Service},
};
use axum::{Json, http::header, response::IntoResponse};
use services::attendance::qr_code::{QrCode, QrCodes};
use utoipa_axum::{router::OpenApiRouter, routes};

pub fn routes<S: HostState>() -> OpenApiRouter<S> {
    OpenApiRouter::new().routes(routes!(own)).routes(routes!(own_svg)).routes(routes!(own_png)).routes(routes!(renew))
}

/// A picture of a secret: for the one who asked, and for no store on the way.
const PRIVATE: (header::HeaderName, &str) = (header::CACHE_CONTROL, "private, no-store");

/// The caller's code
///
/// The text that the caller's QR code stands for; it is the same in every gym.
#[utoipa::path(get, path = "/api/v1/users/me/qr-code", operation_id = "users_qr_code", tag = "users",
    security(("bearer" = [])), responses((status = 200, body = QrCode)))]
async fn own(Caller(caller, ..): Caller, Service(codes): Service<dyn QrCodes>) -> Result<Json<QrCode>, ApiError> {
    Ok(Json(codes.own(&caller).await?))
}

/// The caller's code, as scalable vectors
#[utoipa::path(get, path = "/api/v1/users/me/qr-code.svg", operation_id = "users_qr_code_svg", tag = "users",
    security(("bearer" = [])), responses((status = 200, content_type = "image/svg+xml", body = String)))]
async fn own_svg(
    Caller(caller, ..): Caller,
    Service(codes): Service<dyn QrCodes>,
) -> Result<impl IntoResponse, ApiError> {
    Ok(([(header::CONTENT_TYPE, "image/svg+xml"), PRIVATE], codes.own_svg(&caller).await?))
}

/// The caller's code, as pixels
#[utoipa::path(get, path = "/api/v1/users/me/qr-code.png", operation_id = "users_qr_code_png", tag = "users",
    security(("bearer" = [])), responses((status = 200, content_type = "image/png", body = Vec<u8>)))]
async fn own_png(
    Caller(caller, ..): Caller,
    Service(codes): Service<dyn QrCodes>,
) -> Result<impl IntoResponse, ApiError> {
    Ok(([(header::CONTENT_TYPE, "image/png"), PRIVATE], codes.own_png(&caller).await?))
}

/// A new code for the caller
///
/// The old one opens no door from now on. Three times an hour.
#[utoipa::path(post, path = "/api/v1/users/me/qr-code/regenerate", operation_id = "users_qr_code_regenerate",
    tag = "users", security(("bearer" = [])),
    responses((status = 200, body = QrCode), (status = 429, body = Problem, description = "More than three an hour.")))]
async fn renew(Caller(caller, ..): Caller, Service(codes): Service<dyn QrCodes>) -> Result<Json<QrCode>, ApiError> {
    Ok(Json(codes.regenerate(&caller).await?))
}
