use crate::{
    ApiError, HostState, Provides,
    error::say,
    extract::{Body, Caller, Service},
};
use axum::{Json, extract::FromRequestParts, http::request::Parts};
use serde::Serialize;
use services::identity::email::{ApiClient, AvailabilityCheck, EmailChange, Emails};
use std::sync::Arc;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

pub fn routes<S: HostState>() -> OpenApiRouter<S> {
    OpenApiRouter::new()
        .routes(routes!(check_availability))
        .routes(routes!(initiate_change))
        .routes(routes!(resend_verification))
}

/// A client that shows the installation's key.
struct ApiKey(ApiClient);

impl<S> FromRequestParts<S> for ApiKey
where
    S: Provides<Arc<dyn Emails>> + Send + Sync,
{
    type Rejection = ApiError;
    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let key = parts.headers.get("x-api-key").and_then(|v| v.to_str().ok());
        Ok(Self(state.provide().api_client(key)?))
    }
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum AvailabilityStatus {
    /// Nobody has the address.
    Success,
    /// Somebody has it.
    Error,
}

#[derive(Serialize, ToSchema)]
struct Availability {
    status: AvailabilityStatus,
    message: &'static str,
}

/// Whether an address is free
///
/// For registration pages, with the installation's key. Looks here and at the identity provider; disposable mailboxes
/// are refused with 422, and without the identity provider there is no answer.
#[utoipa::path(post, path = "/api/v1/users/check-email-availability", tag = "users", security(("api_key" = [])),
    request_body(content = AvailabilityCheck, example = json!({"email": "ana@example.com"})),
    responses((status = 200, body = Availability), (status = 401, body = crate::Problem)))]
async fn check_availability(
    ApiKey(client): ApiKey,
    Service(emails): Service<dyn Emails>,
    Body(input): Body<AvailabilityCheck>,
) -> Result<Json<Availability>, ApiError> {
    Ok(Json(if emails.is_available(client, input).await? {
        let message = say("The e-mail address is available.", "El correo está disponible.");
        Availability { status: AvailabilityStatus::Success, message }
    } else {
        let message = say("The e-mail address is in use.", "El correo ya está en uso.");
        Availability { status: AvailabilityStatus::Error, message }
    }))
}

#[derive(Serialize, ToSchema)]
struct ChangeInitiated {
    message: &'static str,
}

/// Ask for another address
///
/// The identity provider sends a mail to the new address; the address here changes once it is verified. At most 3 times
/// an hour.
#[utoipa::path(post, path = "/api/v1/users/initiate-email-change", tag = "users", security(("bearer" = [])),
    request_body(content = EmailChange, example = json!({"new_email": "ana.new@example.com"})),
    responses((status = 200, body = ChangeInitiated), (status = 400, body = crate::Problem)))]
async fn initiate_change(
    Caller(caller, ..): Caller,
    Service(emails): Service<dyn Emails>,
    Body(input): Body<EmailChange>,
) -> Result<Json<ChangeInitiated>, ApiError> {
    emails.initiate_change(&caller, input).await?;
    let message = say(
        "We sent a mail to the new address: follow it to finish the change.",
        "Hemos enviado un correo a la nueva dirección: síguelo para completar el cambio.",
    );
    Ok(Json(ChangeInitiated { message }))
}

#[derive(Serialize, ToSchema)]
struct VerificationSent {
    message: &'static str,
    #[schema(format = "email")]
    email: String,
    success: bool,
}

/// Send the verification mail again
///
/// When the address is verified already no mail is sent. At most 5 times an hour.
#[utoipa::path(post, path = "/api/v1/users/me/resend-verification", tag = "users", security(("bearer" = [])),
    responses((status = 200, body = VerificationSent)))]
async fn resend_verification(
    Caller(caller, ..): Caller,
    Service(emails): Service<dyn Emails>,
) -> Result<Json<VerificationSent>, ApiError> {
    let verification = emails.resend_verification(&caller).await?;
    let message = if verification.verified_already {
        say("Your e-mail address is verified already.", "Tu correo ya está verificado.")
    } else {
        say("We sent you the verification mail again.", "Te hemos reenviado el correo de verificación.")
    };
    Ok(Json(VerificationSent { message, email: verification.email, success: true }))
}
