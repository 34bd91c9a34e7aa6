use crate::{
    ApiError, HostState,
    error::locale,
    extract::{Body, Caller, Path, Service},
};
use axum::{Json, http::StatusCode};
use domain::identity::registration::{GymOwner, Trainer};
use serde::Serialize;
use serde_json::{Value, json};
use services::{
    Error,
    error::Class,
    identity::registration::{
        EmailAvailability, GymOwnerRegistered, Registration, SubdomainAvailability, TrainerRegistered,
    },
};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

pub fn routes<S: HostState>() -> OpenApiRouter<S> {
    OpenApiRouter::new()
        .routes(routes!(register_gym_owner))
        .routes(routes!(register_trainer))
        .routes(routes!(check_email))
        .routes(routes!(validate_subdomain))
}

/// The body of a registration that was refused.
#[derive(Serialize, ToSchema)]
struct RegistrationProblem {
    detail: RegistrationError,
    /// `error_code` in the form that every other refusal has.
    code: String,
}

#[derive(Serialize, ToSchema)]
struct RegistrationError {
    /// Always false.
    success: bool,
    /// For people.
    message: String,
    /// `EMAIL_EXISTS`, `WEAK_PASSWORD`, `WORKSPACE_EXISTS`, `VALIDATION_ERROR`, `INTERNAL_ERROR`
    error_code: String,
    #[schema(value_type = Object)]
    details: Value,
}

/// A refusal of registration, in the shape that its clients read; whatever else goes wrong answers as everywhere.
fn refused(error: Error, details: Value) -> ApiError {
    let code = error.code();
    let (status, message) = match &error {
        Error::Refused(refusal) if refusal.class == Class::BadRequest => {
            (StatusCode::BAD_REQUEST, refusal.text(locale()).to_owned())
        }
        Error::Store(_) if code == "internal_error" => {
            tracing::error!(%error, "a registration failed");
            let text = match locale() {
                domain::kernel::locale::Locale::En => "Something went wrong on our side.",
                domain::kernel::locale::Locale::Es => "Algo ha fallado por nuestra parte.",
            };
            (StatusCode::INTERNAL_SERVER_ERROR, text.to_owned())
        }
        _ => return error.into(),
    };
    let error_code = code.to_ascii_uppercase();
    let detail = RegistrationError { success: false, message, error_code, details };
    ApiError::with_body(status, json!(RegistrationProblem { detail, code: code.to_owned() }))
}

/// Register a gym
///
/// Makes the owner's account at the identity provider (where accounts are managed here), the gym under the first free
/// subdomain of its name, and its modules. The address is confirmed by mail.
#[utoipa::path(post, path = "/api/v1/auth/register-gym-owner", tag = "auth", security(()),
    request_body(content = GymOwner, example = json!({
        "email": "ana@example.com", "password": "Secreto123", "first_name": "Ana", "last_name": "López",
        "phone": "+52 55 1234 5678", "gym_name": "La Caja", "gym_type": "gym", "timezone": "America/Mexico_City",
    })),
    responses(
        (status = 201, body = GymOwnerRegistered),
        (status = 400, description = "Refused, with the reason in `error_code`.", body = RegistrationProblem),
        (status = 500, description = "`INTERNAL_ERROR`", body = RegistrationProblem),
    ))]
async fn register_gym_owner(
    Service(registration): Service<dyn Registration>,
    Body(input): Body<GymOwner>,
) -> Result<(StatusCode, Json<GymOwnerRegistered>), ApiError> {
    let details = json!({ "email": input.email, "gym_name": input.gym_name });
    let registered = registration.gym_owner(input, locale()).await.map_err(|e| refused(e, details))?;
    Ok((StatusCode::CREATED, Json(registered)))
}

/// Register a personal trainer
///
/// Makes a workspace with its owner. For the address of an existing person it needs that person's own token. With a
/// password an account is made at the identity provider; without one the workspace waits for the first login with the
/// address, confirmed.
#[utoipa::path(post, path = "/api/v1/auth/register-trainer", tag = "auth", security((), ("bearer" = [])),
    request_body(content = Trainer, example = json!({
        "email": "leo@example.com", "first_name": "Leo", "last_name": "Núñez", "specialties": ["Yoga"],
        "certifications": [{"name": "NSCA-CPT", "year": 2020}], "max_clients": 30,
    })),
    responses(
        (status = 201, body = TrainerRegistered),
        (status = 400, description = "Refused, with the reason in `error_code`.", body = RegistrationProblem),
        (status = 500, description = "`INTERNAL_ERROR`", body = RegistrationProblem),
    ))]
async fn register_trainer(
    caller: Option<Caller>,
    Service(registration): Service<dyn Registration>,
    Body(input): Body<Trainer>,
) -> Result<(StatusCode, Json<TrainerRegistered>), ApiError> {
    let details = json!({ "email": input.email });
    let caller = caller.map(|Caller(caller, ..)| caller);
    let registered = registration.trainer(caller.as_ref(), input, locale()).await.map_err(|e| refused(e, details))?;
    Ok((StatusCode::CREATED, Json(registered)))
}

/// Is an address free for a trainer?
///
/// Asks this system and the identity provider. Throw-away mailboxes are 422.
#[utoipa::path(get, path = "/api/v1/auth/trainer/check-email/{email}", tag = "auth", security(()),
    params(("email" = String, Path)), responses((status = 200, body = EmailAvailability)))]
async fn check_email(
    Path(email): Path<String>,
    Service(registration): Service<dyn Registration>,
) -> Result<Json<EmailAvailability>, ApiError> {
    Ok(Json(registration.email(email, locale()).await?))
}

/// Is a subdomain well formed and free?
#[utoipa::path(get, path = "/api/v1/auth/trainer/validate-subdomain/{subdomain}", tag = "auth", security(()),
    params(("subdomain" = String, Path)), responses((status = 200, body = SubdomainAvailability)))]
async fn validate_subdomain(
    Path(subdomain): Path<String>,
    Service(registration): Service<dyn Registration>,
) -> Result<Json<SubdomainAvailability>, ApiError> {
    Ok(Json(registration.subdomain(subdomain, locale()).await?))
}
