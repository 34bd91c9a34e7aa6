use crate::{
    ApiError, HostState, Problem,
    extract::{Admin, Caller, Form, GymHeader, Path, Service, Tenant},
};
use axum::{Json, extract::DefaultBodyLimit, http::StatusCode};
use domain::{GymId, kernel::media::UploadKind};
use services::{
    identity::{
        pictures::Pictures,
        view::{Gym, User},
    },
    kernel::upload::MAX_REQUEST,
};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

pub fn routes<S: HostState>() -> OpenApiRouter<S> {
    OpenApiRouter::new()
        .routes(routes!(set_profile_image, remove_profile_image))
        .routes(routes!(set_logo, remove_logo))
        .layer(DefaultBodyLimit::max(MAX_REQUEST))
}

/// One of the fields; of several the first in this order is taken.
#[derive(ToSchema)]
#[allow(dead_code, reason = "only described: the form is read as it comes in")]
struct ProfileImageForm {
    #[schema(value_type = Option<String>, format = Binary)]
    file: Option<Vec<u8>>,
    #[schema(value_type = Option<String>, format = Binary)]
    image: Option<Vec<u8>>,
    #[schema(value_type = Option<String>, format = Binary)]
    photo: Option<Vec<u8>>,
    #[schema(value_type = Option<String>, format = Binary)]
    picture: Option<Vec<u8>>,
}

#[derive(ToSchema)]
#[allow(dead_code, reason = "only described: the form is read as it comes in")]
struct LogoForm {
    #[schema(value_type = String, format = Binary)]
    file: Vec<u8>,
}

/// Replace own profile image
///
/// A JPEG, PNG or WebP image of at most 10 MB. It is stored upright, without metadata and within 1024 × 1024 pixels;
/// the old one is deleted when it was uploaded here.
#[utoipa::path(post, path = "/api/v1/users/profile/image", tag = "users", security(("bearer" = [])),
    params(("X-Gym-ID" = Option<i64>, Header)),
    request_body(content = ProfileImageForm, content_type = "multipart/form-data"),
    responses((status = 200, body = User),
        (status = 400, description = "There is no image, or it is none that is accepted.", body = Problem),
        (status = 404, description = "There is no such user.", body = Problem),
        (status = 413, description = "The image is larger than 10 MB.", body = Problem),
        (status = 502, description = "The image could not be stored.", body = Problem)))]
async fn set_profile_image(
    Caller(caller, ..): Caller,
    GymHeader(gym): GymHeader,
    Service(pictures): Service<dyn Pictures>,
    form: Form,
) -> Result<Json<User>, ApiError> {
    let file = Box::pin(form.file(UploadKind::ProfileImage));
    Ok(Json(pictures.set_profile_image(&caller, gym, file).await?))
}

/// Remove own profile image
///
/// Answers the same when there was none.
#[utoipa::path(delete, path = "/api/v1/users/profile/image", tag = "users", security(("bearer" = [])),
    responses((status = 204), (status = 404, description = "There is no such user.", body = Problem)))]
async fn remove_profile_image(
    Caller(caller, ..): Caller,
    Service(pictures): Service<dyn Pictures>,
) -> Result<StatusCode, ApiError> {
    pictures.remove_profile_image(&caller).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Replace the gym's logo
///
/// A JPEG, PNG or WebP image of at most 5 MB, stored as profile images are. The gym of the path must be that of the
/// header.
#[utoipa::path(post, path = "/api/v1/gyms/{gym_id}/logo", tag = "gyms", security(("bearer" = [], "gym" = [])),
    params(("gym_id" = i64, Path)),
    request_body(content = LogoForm, content_type = "multipart/form-data"),
    responses((status = 200, body = Gym),
        (status = 400, description = "The file is no image that is accepted.", body = Problem),
        (status = 413, description = "The image is larger than 5 MB.", body = Problem),
        (status = 502, description = "The image could not be stored.", body = Problem)))]
async fn set_logo(
    Tenant(actor, ..): Tenant<Admin>,
    Path(gym): Path<GymId>,
    Service(pictures): Service<dyn Pictures>,
    form: Form,
) -> Result<Json<Gym>, ApiError> {
    Ok(Json(pictures.set_logo(&actor, gym, Box::pin(form.file(UploadKind::Logo))).await?))
}

/// Remove the gym's logo
///
/// Answers the same when there was none.
#[utoipa::path(delete, path = "/api/v1/gyms/{gym_id}/logo", tag = "gyms", security(("bearer" = [], "gym" = [])),
    params(("gym_id" = i64, Path)), responses((status = 204)))]
async fn remove_logo(
    Tenant(actor, ..): Tenant<Admin>,
    Path(gym): Path<GymId>,
    Service(pictures): Service<dyn Pictures>,
) -> Result<StatusCode, ApiError> {
    pictures.remove_logo(&actor, gym).await?;
    Ok(StatusCode::NO_CONTENT)
}
