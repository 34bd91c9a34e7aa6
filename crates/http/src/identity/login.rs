use crate::{
    ApiError, HostState,
    extract::{Body, Caller, Query, Service, scope},
};
use axum::{
    Json,
    extract::{FromRequest, Request},
    http::header,
    response::{IntoResponse, Redirect, Response},
};
use bytes::Bytes;
use domain::kernel::validation::Invalid;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use services::identity::{
    login::{
        Callback, CallbackAnswer, Login, LoginCode, LoginConfig, LoginRequest, LoginStart, Logout, TokenRequest, Tokens,
    },
    token_owner::{TokenOwner, token_email},
};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};

pub fn routes<S: HostState>() -> OpenApiRouter<S> {
    OpenApiRouter::new()
        .routes(routes!(login))
        .routes(routes!(login_redirect))
        .routes(routes!(callback))
        .routes(routes!(config))
        .routes(routes!(logout))
        .routes(routes!(token, token_options))
        .routes(routes!(me))
        .routes(routes!(test_email))
        .routes(routes!(get_user_email))
        .routes(routes!(check_permissions))
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct RedirectQuery {
    /// Letter for letter one of the allowed addresses; absent = the server's own callback.
    redirect_uri: Option<String>,
}

/// Begin a login
///
/// The address of the provider's login page, for a client that opens it itself.
#[utoipa::path(get, path = "/api/v1/auth/login", tag = "auth",
    params(
        ("redirect_uri" = Option<String>, Query, description = "Letter for letter one of the allowed addresses."),
        ("code_challenge" = Option<String>, Query, description = "PKCE; taken only together with its method."),
        ("code_challenge_method" = Option<String>, Query, example = "S256"),
    ),
    responses((status = 200, body = LoginStart), (status = 400, body = crate::Problem)))]
async fn login(
    Query(input): Query<LoginRequest>,
    Service(login): Service<dyn Login>,
) -> Result<Json<LoginStart>, ApiError> {
    Ok(Json(login.start(input).await?))
}

/// Begin a login in a browser
///
/// Sends the browser to the provider's login page; it comes back through the callback.
#[utoipa::path(get, path = "/api/v1/auth/login-redirect", tag = "auth", params(RedirectQuery),
    responses((status = 307, description = "To the login page."), (status = 400, body = crate::Problem)))]
async fn login_redirect(
    Query(query): Query<RedirectQuery>,
    Service(login): Service<dyn Login>,
) -> Result<Redirect, ApiError> {
    Ok(Redirect::temporary(&login.start_browser(query.redirect_uri).await?))
}

/// Come back from the login page
///
/// A client gets the code to exchange; a browser is sent on to its application. A state is good once, for 10 minutes.
#[utoipa::path(get, path = "/api/v1/auth/callback", tag = "auth",
    params(
        ("state" = Option<String>, Query), ("code" = Option<String>, Query), ("error" = Option<String>, Query),
        ("error_description" = Option<String>, Query),
    ),
    responses((status = 200, body = LoginCode), (status = 307, description = "On to the application."),
        (status = 400, body = crate::Problem)))]
async fn callback(Query(input): Query<Callback>, Service(login): Service<dyn Login>) -> Result<Response, ApiError> {
    Ok(match login.callback(input).await? {
        CallbackAnswer::Api(code) => Json(code).into_response(),
        CallbackAnswer::Browser(next) => Redirect::temporary(&next).into_response(),
    })
}

/// What a client needs to know to log in
///
/// An address that is not allowed is answered with the server's own callback.
#[utoipa::path(get, path = "/api/v1/auth/config", tag = "auth", params(RedirectQuery),
    responses((status = 200, body = LoginConfig)))]
async fn config(
    Query(query): Query<RedirectQuery>,
    Service(login): Service<dyn Login>,
) -> Result<Json<LoginConfig>, ApiError> {
    Ok(Json(login.config(query.redirect_uri.as_deref())?))
}

/// Where to log out
#[utoipa::path(get, path = "/api/v1/auth/logout", tag = "auth", params(RedirectQuery),
    responses((status = 200, body = Logout), (status = 400, body = crate::Problem)))]
async fn logout(
    Query(query): Query<RedirectQuery>,
    Service(login): Service<dyn Login>,
) -> Result<Json<Logout>, ApiError> {
    Ok(Json(login.logout(query.redirect_uri)?))
}

/// The exchange's input, as JSON or as a form; nothing at all is an exchange that lacks everything.
struct TokenBody(TokenRequest);

impl<S: Send + Sync> FromRequest<S> for TokenBody {
    type Rejection = ApiError;
    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        let kind = request.headers().get(header::CONTENT_TYPE).map_or(&b""[..], |v| v.as_bytes());
        let form = kind.to_ascii_lowercase().starts_with(b"application/x-www-form-urlencoded");
        let bytes = Bytes::from_request(request, state).await.map_err(ApiError::from)?;
        if bytes.is_empty() {
            return Ok(Self(TokenRequest::default()));
        }
        if form {
            let input = serde_urlencoded::from_bytes(&bytes);
            return Ok(Self(input.map_err(|e| Invalid::field("form", e.to_string()))?));
        }
        let Body(input) = Body::from_request(Request::new(bytes.into()), state).await?;
        Ok(Self(input))
    }
}

/// Exchange a code or a refresh token
///
/// With the server's own secret at the provider. Takes JSON or a form.
#[utoipa::path(post, path = "/api/v1/auth/token", tag = "auth",
    request_body(content(
        (TokenRequest = "application/json", example = json!({
            "grant_type": "authorization_code", "code": "SplxlOBeZQQYbYS6WxSbIA",
            "code_verifier": "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk",
        })),
        (TokenRequest = "application/x-www-form-urlencoded"),
    )),
    responses((status = 200, body = Tokens), (status = 400, body = crate::Problem)))]
async fn token(Service(login): Service<dyn Login>, TokenBody(input): TokenBody) -> Result<Response, ApiError> {
    let tokens = login.exchange(input).await?;
    Ok(([(header::CACHE_CONTROL, "no-store")], Json(tokens)).into_response())
}

/// How the exchange may be called from a browser
#[utoipa::path(options, path = "/api/v1/auth/token", tag = "auth",
    responses((status = 200, description = "The headers of CORS.")))]
async fn token_options() -> impl IntoResponse {
    [(header::ALLOW, "POST, OPTIONS")]
}

/// What the token says of its owner
#[utoipa::path(get, path = "/api/v1/auth/me", tag = "auth", security(("bearer" = ["user:read"])),
    responses((status = 200, body = TokenOwner)))]
async fn me(Caller(caller, ..): Caller<scope::UserRead>) -> Json<TokenOwner> {
    Json(TokenOwner::of(&caller))
}

#[derive(Serialize, ToSchema)]
struct EmailTest {
    user: EmailTestUser,
    has_authorization_header: bool,
    header_type: &'static str,
    email_present: bool,
}

#[derive(Serialize, ToSchema)]
struct EmailTestUser {
    /// The token's subject.
    id: String,
    email: Option<String>,
}

/// Whether the token names an e-mail address
#[utoipa::path(get, path = "/api/v1/auth/test-email", tag = "auth", security(("bearer" = ["user:read"])),
    responses((status = 200, body = EmailTest)))]
async fn test_email(Caller(caller, ..): Caller<scope::UserRead>) -> Json<EmailTest> {
    let owner = TokenOwner::of(&caller);
    Json(EmailTest {
        email_present: owner.email.is_some(),
        user: EmailTestUser { id: owner.sub, email: owner.email },
        // the guard let the caller in, so the header was there and was this one
        has_authorization_header: true,
        header_type: "Bearer",
    })
}

#[derive(Serialize, ToSchema)]
struct TokenEmail {
    #[schema(format = "email")]
    email: String,
}

/// The e-mail address of the token
#[utoipa::path(get, path = "/api/v1/auth/get-user-email", tag = "auth", security(("bearer" = ["user:read"])),
    responses((status = 200, body = TokenEmail), (status = 400, body = crate::Problem)))]
async fn get_user_email(Caller(caller, ..): Caller<scope::UserRead>) -> Result<Json<TokenEmail>, ApiError> {
    Ok(Json(TokenEmail { email: token_email(&caller)? }))
}

#[derive(Serialize, ToSchema)]
struct PermissionCheck {
    message: &'static str,
    user: PermissionCheckUser,
}

#[derive(Serialize, ToSchema)]
struct PermissionCheckUser {
    /// The token's subject.
    id: String,
    email: Option<String>,
    name: Option<String>,
    picture: Option<String>,
    permissions: Vec<String>,
    /// The token's whole payload.
    raw_user_data: Map<String, Value>,
}

/// What the token permits
#[utoipa::path(get, path = "/api/v1/auth/check-permissions", tag = "auth", security(("bearer" = ["user:read"])),
    responses((status = 200, body = PermissionCheck)))]
async fn check_permissions(Caller(caller, ..): Caller<scope::UserRead>) -> Json<PermissionCheck> {
    let owner = TokenOwner::of(&caller);
    Json(PermissionCheck {
        message: "The token is valid.",
        user: PermissionCheckUser {
            id: owner.sub,
            email: owner.email,
            name: owner.name,
            picture: owner.picture,
            permissions: owner.permissions,
            raw_user_data: caller.claims().raw.clone(),
        },
    })
}
