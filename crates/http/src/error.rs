//! Problems, in the shape that the clients of the replaced system read (IDN-108): `detail`, and a stable `code`.
use crate::middleware::REQUEST;
use axum::{
    Json,
    extract::rejection::BytesRejection,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use domain::kernel::{
    locale::Locale,
    validation::{FieldError, Invalid},
};
use ports::{TokenError, identity::IdentityError};
use serde::Serialize;
use serde_json::{Value, json};
use services::{
    Error, Refusal,
    error::{Class, StoreError},
};
use std::time::Duration;

/// The body of every refusal.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(example = json!({"detail": "There is no such gym.", "code": "gym_not_found"}))]
pub struct Problem {
    /// For people, in English or Spanish after `Accept-Language`.
    pub detail: String,
    /// Stable, for programs.
    pub code: String,
}

/// The body of a 422.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = HTTPValidationError)]
pub struct ValidationProblem {
    pub detail: Vec<FieldError>,
    pub code: String,
}

/// A refusal on its way out.
#[derive(Debug)]
pub struct ApiError {
    status: StatusCode,
    body: Value,
    challenge: Option<String>,
    retry_after: Option<Duration>,
}

/// The language of this request.
pub(crate) fn locale() -> Locale {
    REQUEST.try_with(|r| r.locale).unwrap_or_default()
}

/// The text in the language of the request.
pub(crate) fn say(en: &'static str, es: &'static str) -> &'static str {
    match locale() {
        Locale::En => en,
        Locale::Es => es,
    }
}

impl ApiError {
    pub fn new(status: StatusCode, code: &str, detail: impl Into<String>) -> Self {
        let body = json!({ "detail": detail.into(), "code": code });
        Self { status, body, challenge: None, retry_after: None }
    }

    /// A refusal whose body has a shape of its own, as those of registration have.
    pub fn with_body(status: StatusCode, body: Value) -> Self {
        Self { status, body, challenge: None, retry_after: None }
    }

    /// 401 without a token (IDN-1).
    pub fn no_token() -> Self {
        Self::new(
            StatusCode::UNAUTHORIZED,
            "not_authenticated",
            say("A bearer token is required.", "Se requiere un token de acceso."),
        )
        .challenge("Bearer")
    }

    pub fn no_route() -> Self {
        Self::new(StatusCode::NOT_FOUND, "no_such_path", say("There is nothing here.", "Aquí no hay nada."))
    }

    pub fn no_method() -> Self {
        let text = say("This path has no such method.", "Esta ruta no admite ese método.");
        Self::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", text)
    }

    pub fn too_large() -> Self {
        let text = say("The request is too large.", "La petición es demasiado grande.");
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "too_large", text)
    }

    /// 503 with `Retry-After`.
    pub fn unavailable() -> Self {
        let text = say("Please try again in a moment.", "Vuelve a intentarlo en un momento.");
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable", text).retry_after(Duration::from_secs(1))
    }

    pub fn timed_out() -> Self {
        let text = say("The request took too long.", "La petición tardó demasiado.");
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "timed_out", text).retry_after(Duration::from_secs(1))
    }

    /// 500: the cause is in the log, never in the answer.
    pub fn internal() -> Self {
        let text = say("Something went wrong on our side.", "Algo ha fallado por nuestra parte.");
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal_error", text)
    }

    fn challenge(mut self, challenge: impl Into<String>) -> Self {
        self.challenge = Some(challenge.into());
        self
    }

    fn retry_after(mut self, after: Duration) -> Self {
        self.retry_after = Some(after);
        self
    }
}

fn status(class: Class) -> StatusCode {
    match class {
        Class::BadRequest => StatusCode::BAD_REQUEST,
        Class::Unauthenticated => StatusCode::UNAUTHORIZED,
        Class::Forbidden => StatusCode::FORBIDDEN,
        Class::NotFound => StatusCode::NOT_FOUND,
        Class::Conflict => StatusCode::CONFLICT,
        Class::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        Class::Unprocessable => StatusCode::UNPROCESSABLE_ENTITY,
        Class::BadGateway => StatusCode::BAD_GATEWAY,
        Class::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        Class::NotConfigured => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

impl From<Refusal> for ApiError {
    fn from(refusal: Refusal) -> Self {
        let error = Self::new(status(refusal.class), refusal.code, refusal.text(locale()));
        match refusal.class {
            Class::Unavailable => error.retry_after(Duration::from_secs(1)),
            Class::Unauthenticated => error.challenge("Bearer"),
            _ => error,
        }
    }
}

impl From<Invalid> for ApiError {
    fn from(invalid: Invalid) -> Self {
        let body = json!({ "detail": invalid.0, "code": "validation_error" });
        Self::with_body(StatusCode::UNPROCESSABLE_ENTITY, body)
    }
}

impl From<TokenError> for ApiError {
    fn from(e: TokenError) -> Self {
        match e {
            TokenError::Unavailable => Self::unavailable(),
            TokenError::ScopeShape => Self::new(
                StatusCode::FORBIDDEN,
                "invalid_scope_claim",
                say("The token's scopes cannot be read.", "No se pueden leer los permisos del token."),
            ),
            TokenError::Expired => Self::new(
                StatusCode::UNAUTHORIZED,
                "token_expired",
                say("The token has expired.", "El token ha caducado."),
            )
            .challenge("Bearer error=\"invalid_token\""),
            _ => Self::new(
                StatusCode::UNAUTHORIZED,
                "invalid_token",
                say("The token is not valid.", "El token no es válido."),
            )
            .challenge("Bearer error=\"invalid_token\""),
        }
    }
}

impl From<IdentityError> for ApiError {
    fn from(e: IdentityError) -> Self {
        tracing::warn!(error = %e, "the identity provider did not do what was asked");
        let text = say(
            "The identity provider cannot be reached. Please try again later.",
            "No se puede contactar con el proveedor de identidad. Inténtalo más tarde.",
        );
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "identity_provider_unavailable", text)
            .retry_after(Duration::from_secs(5))
    }
}

impl From<StoreError> for ApiError {
    fn from(e: StoreError) -> Self {
        match &e {
            StoreError::NotFound { .. } => Self::new(
                StatusCode::NOT_FOUND,
                "not_found",
                say("There is no such record.", "No existe ese registro."),
            ),
            StoreError::Unique(_) => {
                Self::new(StatusCode::CONFLICT, "conflict", say("It exists already.", "Ya existe."))
            }
            StoreError::ForeignKey(_) | StoreError::Check(_) => {
                tracing::warn!(error = %e, "a constraint of the database refused what the service let through");
                Self::new(
                    StatusCode::UNPROCESSABLE_ENTITY,
                    "constraint",
                    say("The values do not fit together.", "Los valores no son compatibles entre sí."),
                )
            }
            StoreError::Contention(_) | StoreError::Unavailable(_) => {
                tracing::warn!(error = %e, "the database is busy or away");
                Self::unavailable()
            }
            _ => {
                tracing::error!(error = %e, "unexpected error of the database");
                Self::internal()
            }
        }
    }
}

impl From<Error> for ApiError {
    fn from(e: Error) -> Self {
        match e {
            Error::Refused(refusal) => refusal.into(),
            Error::RefusedOn(refusal, days) => {
                let mut error = Self::from(refusal);
                if let Some(body) = error.body.as_object_mut() {
                    body.insert("dates".to_owned(), json!(days));
                }
                error
            }
            Error::RefusedFor(refusal, ids) => {
                let mut error = Self::from(refusal);
                if let Some(body) = error.body.as_object_mut() {
                    body.insert("ids".to_owned(), json!(ids));
                }
                error
            }
            Error::Token(e) => e.into(),
            Error::MissingScope(scope) => Self::new(
                StatusCode::FORBIDDEN,
                "missing_scope",
                match locale() {
                    Locale::En => format!("The token does not grant the scope {scope}."),
                    Locale::Es => format!("El token no concede el permiso {scope}."),
                },
            )
            .challenge(format!("Bearer scope=\"{scope}\"")),
            Error::RoleTooLow { current, required } => {
                let (current, required) = (current.map_or("NONE", |r| r.as_str()), required.as_str());
                let text = match locale() {
                    Locale::En => format!("Your role here is {current}; {required} is required."),
                    Locale::Es => format!("Tu rol aquí es {current}; se requiere {required}."),
                };
                Self::new(StatusCode::FORBIDDEN, "role_too_low", text)
            }
            Error::Invalid(invalid) => invalid.into(),
            Error::RateLimited { retry_after } => {
                let seconds = retry_after.as_secs_f64().ceil().max(1.0) as u64;
                let detail = match locale() {
                    Locale::En => format!("Too many requests. Try again in {seconds} s."),
                    Locale::Es => format!("Demasiadas peticiones. Vuelve a intentarlo en {seconds} s."),
                };
                let body = json!({
                    "detail": detail, "error": "Rate limit exceeded", "retry_after": seconds, "code": "rate_limited",
                });
                Self::with_body(StatusCode::TOO_MANY_REQUESTS, body).retry_after(Duration::from_secs(seconds))
            }
            Error::Identity(e) => e.into(),
            Error::Store(e) => e.into(),
        }
    }
}

impl From<BytesRejection> for ApiError {
    fn from(e: BytesRejection) -> Self {
        match e.status() {
            StatusCode::PAYLOAD_TOO_LARGE => Self::too_large(),
            status => {
                Self::new(status, "unreadable_body", say("The body cannot be read.", "No se puede leer el cuerpo."))
            }
        }
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let mut response = (self.status, Json(self.body)).into_response();
        let headers = response.headers_mut();
        if let Some(challenge) = self.challenge.and_then(|c| HeaderValue::from_str(&c).ok()) {
            headers.insert(header::WWW_AUTHENTICATE, challenge);
        }
        if let Some(after) = self.retry_after {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(after.as_secs().max(1)));
        }
        response
    }
}
