//! The login flow of the identity provider, for clients (IDN-110 … IDN-113).
//!
//! There are two flows. An application of its own asks for the address of the login page, and is called back by the
//! provider itself at an address of the allow-list; when it names none, the provider calls us and our answer is JSON.
//! A browser is sent to the login page, comes back to us, and is sent on to its application. Either way the state is
//! ours and is good once (IDN-111).
use crate::{Core, Ports, Refusal, Result, Settings};
use async_trait::async_trait;
use domain::kernel::secret;
use ports::{
    CacheError, OAuthProxy, OneTimeStore,
    identity::{Authorization, Grant, OAuthError, TokenSet},
};
use serde::{Deserialize, Serialize};
use std::{sync::Arc, time::Duration};
use utoipa::ToSchema;

pub const LOGIN_NOT_CONFIGURED: Refusal = Refusal::unavailable(
    "login_not_configured",
    "Logging in through this server is not configured.",
    "El inicio de sesión a través de este servidor no está configurado.",
);
pub const REDIRECT_NOT_ALLOWED: Refusal = Refusal::bad_request(
    "redirect_not_allowed",
    "This redirect address is not on the list of allowed ones.",
    "La dirección de redirección no está en la lista de permitidas.",
);
pub const STATE_UNKNOWN: Refusal = Refusal::bad_request(
    "invalid_state",
    "The login's state is unknown, was used, or has expired. Please log in again.",
    "El estado del inicio de sesión es desconocido, ya se usó o ha caducado. Vuelve a iniciar sesión.",
);
pub const LOGIN_REFUSED: Refusal = Refusal::bad_request(
    "login_refused",
    "The identity provider did not complete the login.",
    "El proveedor de identidad no completó el inicio de sesión.",
);
pub const CODE_REQUIRED: Refusal =
    Refusal::bad_request("code_required", "The login's code is missing.", "Falta el código del inicio de sesión.");
pub const REFRESH_TOKEN_REQUIRED: Refusal =
    Refusal::bad_request("refresh_token_required", "The refresh token is missing.", "Falta el token de renovación.");
pub const GRANT_UNSUPPORTED: Refusal = Refusal::bad_request(
    "unsupported_grant_type",
    "Only authorization_code and refresh_token are exchanged.",
    "Solo se canjean authorization_code y refresh_token.",
);
pub const CLIENT_UNKNOWN: Refusal = Refusal::bad_request(
    "invalid_client",
    "The client id is not that of this server's application.",
    "El client_id no es el de la aplicación de este servidor.",
);
pub const EXCHANGE_REFUSED: Refusal = Refusal::bad_request(
    "exchange_refused",
    "The identity provider did not accept the code or token.",
    "El proveedor de identidad no aceptó el código o token.",
);
pub const PROVIDER_UNAVAILABLE: Refusal = Refusal::unavailable(
    "identity_provider_unavailable",
    "The identity provider cannot be reached. Please try again later.",
    "No se puede contactar con el proveedor de identidad. Inténtalo más tarde.",
);
pub const STATES_UNAVAILABLE: Refusal =
    Refusal::unavailable("unavailable", "Please try again in a moment.", "Vuelve a intentarlo en un momento.");

/// How long a login may take (IDN-111), and how long a code that we passed on is remembered.
const STATE_TTL: Duration = Duration::from_secs(600);
const STATE_BYTES: usize = 32;
/// What the login page asks for (IDN-112).
const SCOPE: &str = "openid profile email";

#[async_trait]
pub trait Login: Send + Sync {
    /// The address of the login page, for a client that opens it itself.
    async fn start(&self, input: LoginRequest) -> Result<LoginStart>;
    /// The address of the login page, for a browser that comes back through us.
    async fn start_browser(&self, redirect_uri: Option<String>) -> Result<String>;
    /// What the provider sends the browser back with.
    async fn callback(&self, input: Callback) -> Result<CallbackAnswer>;
    fn config(&self, redirect_uri: Option<&str>) -> Result<LoginConfig>;
    fn logout(&self, redirect_uri: Option<String>) -> Result<Logout>;
    /// Exchanges a code or a refresh token, with the server's own secret (IDN-113).
    async fn exchange(&self, input: TokenRequest) -> Result<Tokens>;
}

#[derive(Clone, Debug, Default, Deserialize)]
pub struct LoginRequest {
    pub redirect_uri: Option<String>,
    pub code_challenge: Option<String>,
    pub code_challenge_method: Option<String>,
}

#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct LoginStart {
    /// The provider's login page.
    pub auth_url: String,
    pub state: String,
    pub redirect_uri: String,
}

/// `code`, or `error`.
#[derive(Clone, Default, Deserialize)]
pub struct Callback {
    pub state: Option<String>,
    pub code: Option<String>,
    pub error: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CallbackAnswer {
    /// For a client that opened the login page itself.
    Api(LoginCode),
    /// Where a browser goes on.
    Browser(String),
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct LoginCode {
    /// To be exchanged for tokens.
    pub code: String,
    pub state: String,
    pub redirect_uri: String,
}

/// What a client needs to know to log in.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct LoginConfig {
    pub domain: String,
    pub client_id: String,
    pub audience: String,
    pub scope: &'static str,
    pub redirect_uri: String,
    pub allowed_redirect_uris: Vec<String>,
    pub callback_url: String,
    pub use_direct_callback: bool,
    pub api_base_url: String,
}

#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Logout {
    pub logout_url: String,
    pub redirect_uri: String,
}

/// What is exchanged. A client's own `client_secret` is not looked at.
#[derive(Clone, Default, Deserialize, ToSchema)]
pub struct TokenRequest {
    pub code: Option<String>,
    pub code_verifier: Option<String>,
    /// The one that the login began with; absent = the server's callback.
    pub redirect_uri: Option<String>,
    /// `authorization_code` (the default) or `refresh_token`.
    pub grant_type: Option<String>,
    pub client_id: Option<String>,
    pub refresh_token: Option<String>,
}

#[derive(Clone, Serialize, ToSchema)]
pub struct Tokens {
    pub access_token: String,
    pub token_type: String,
    /// Seconds.
    pub expires_in: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id_token: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scope: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refresh_token: Option<String>,
}

impl From<TokenSet> for Tokens {
    fn from(t: TokenSet) -> Self {
        Self {
            access_token: t.access_token,
            token_type: t.token_type,
            expires_in: t.expires_in,
            id_token: t.id_token,
            scope: t.scope,
            refresh_token: t.refresh_token,
        }
    }
}

/// What is remembered of a login under its state.
#[derive(Serialize, Deserialize)]
struct Begun {
    redirect_uri: String,
    /// Comes back through us, and is sent on.
    browser: bool,
}

pub struct LoginService {
    proxy: Option<Arc<dyn OAuthProxy>>,
    states: Arc<dyn OneTimeStore>,
    public_url: String,
}

fn unavailable(error: CacheError) -> Refusal {
    tracing::warn!(%error, "login states cannot be kept or read");
    STATES_UNAVAILABLE
}

fn state_key(state: &str) -> String {
    format!("auth_state:{state}")
}

/// A code is a secret: its key does not show it.
fn code_key(code: &str) -> String {
    format!("auth_code:{}", secret::hmac_sha256_hex("auth_code", code.as_bytes()))
}

impl LoginService {
    pub fn new(_: &Core, ports: &Ports, settings: &Settings) -> Self {
        let public_url = settings.public_url.trim_end_matches('/').to_owned();
        Self { proxy: ports.login.clone(), states: ports.one_time.clone(), public_url }
    }

    fn proxy(&self) -> Result<&dyn OAuthProxy> {
        Ok(self.proxy.as_deref().ok_or(LOGIN_NOT_CONFIGURED)?)
    }

    /// An entry of the allow-list, letter for letter (IDN-110); absent = the server's own callback, which is as
    /// trusted as the list.
    fn redirect(&self, wanted: Option<String>) -> Result<String> {
        let settings = self.proxy()?.settings();
        match wanted {
            None => Ok(settings.callback_url.clone()),
            Some(uri) if uri == settings.callback_url || settings.allowed_redirect_uris.contains(&uri) => Ok(uri),
            Some(_) => Err(REDIRECT_NOT_ALLOWED.into()),
        }
    }

    async fn remember(&self, begun: &Begun) -> Result<String> {
        let state = secret::random_hex(STATE_BYTES);
        let value = serde_json::to_string(begun).ok().filter(|_| !state.is_empty()).ok_or(STATES_UNAVAILABLE)?;
        self.states.put(&state_key(&state), value, STATE_TTL).await.map_err(unavailable)?;
        Ok(state)
    }

    async fn recall(&self, state: &str) -> Result<Begun> {
        let value = self.states.take(&state_key(state)).await.map_err(unavailable)?;
        let begun = value.and_then(|value| serde_json::from_str(&value).ok());
        Ok(begun.ok_or(STATE_UNKNOWN)?)
    }

    /// The address that the provider gave this code to: ours when a browser came through here, whatever address its
    /// application names now.
    async fn redirect_of_code(&self, code: &str, named: Option<String>) -> Result<String> {
        let named = self.redirect(named)?;
        let ours = self.states.take(&code_key(code)).await.unwrap_or_default();
        Ok(ours.unwrap_or(named))
    }
}

/// The address with the code and the state added to its query.
fn with_code(uri: &str, code: &str, state: &str) -> Result<String> {
    let mut url = url::Url::parse(uri).map_err(|_| REDIRECT_NOT_ALLOWED)?;
    url.query_pairs_mut().append_pair("code", code).append_pair("state", state);
    Ok(url.into())
}

fn present(value: Option<String>) -> Option<String> {
    value.filter(|text| !text.is_empty())
}

#[async_trait]
impl Login for LoginService {
    async fn start(&self, input: LoginRequest) -> Result<LoginStart> {
        let redirect_uri = self.redirect(present(input.redirect_uri))?;
        let state = self.remember(&Begun { redirect_uri: redirect_uri.clone(), browser: false }).await?;
        let pair = present(input.code_challenge).zip(present(input.code_challenge_method));
        let pkce = pair.as_ref().map(|(challenge, method)| (challenge.as_str(), method.as_str()));
        let request = Authorization { redirect_uri: &redirect_uri, state: &state, pkce };
        let auth_url = self.proxy()?.authorize_url(&request);
        Ok(LoginStart { auth_url, state, redirect_uri })
    }

    async fn start_browser(&self, redirect_uri: Option<String>) -> Result<String> {
        let redirect_uri = self.redirect(present(redirect_uri))?;
        let proxy = self.proxy()?;
        let callback = &proxy.settings().callback_url;
        // who names no address of their own gets JSON from the callback: there is nowhere to send them on to
        let browser = redirect_uri != *callback;
        let state = self.remember(&Begun { redirect_uri, browser }).await?;
        Ok(proxy.authorize_url(&Authorization { redirect_uri: callback, state: &state, pkce: None }))
    }

    async fn callback(&self, input: Callback) -> Result<CallbackAnswer> {
        let callback = self.proxy()?.settings().callback_url.clone();
        let state = present(input.state).ok_or(STATE_UNKNOWN)?;
        let begun = self.recall(&state).await?;
        if let Some(error) = present(input.error) {
            let error: String = error.chars().take(64).collect();
            tracing::info!(error, "the identity provider did not complete a login");
            return Err(LOGIN_REFUSED.into());
        }
        let code = present(input.code).ok_or(CODE_REQUIRED)?;
        if !begun.browser {
            return Ok(CallbackAnswer::Api(LoginCode { code, state, redirect_uri: begun.redirect_uri }));
        }
        let next = with_code(&begun.redirect_uri, &code, &state)?;
        self.states.put(&code_key(&code), callback, STATE_TTL).await.map_err(unavailable)?;
        Ok(CallbackAnswer::Browser(next))
    }

    fn config(&self, redirect_uri: Option<&str>) -> Result<LoginConfig> {
        let settings = self.proxy()?.settings();
        let redirect_uri = self.redirect(redirect_uri.map(str::to_owned)).unwrap_or(settings.callback_url.clone());
        Ok(LoginConfig {
            domain: settings.domain.clone(),
            client_id: settings.client_id.clone(),
            audience: settings.audience.clone(),
            scope: SCOPE,
            redirect_uri,
            allowed_redirect_uris: settings.allowed_redirect_uris.clone(),
            callback_url: settings.callback_url.clone(),
            use_direct_callback: true,
            api_base_url: self.public_url.clone(),
        })
    }

    fn logout(&self, redirect_uri: Option<String>) -> Result<Logout> {
        let redirect_uri = self.redirect(present(redirect_uri))?;
        Ok(Logout { logout_url: self.proxy()?.logout_url(&redirect_uri), redirect_uri })
    }

    async fn exchange(&self, input: TokenRequest) -> Result<Tokens> {
        let proxy = self.proxy()?;
        if present(input.client_id).is_some_and(|id| id != proxy.settings().client_id) {
            return Err(CLIENT_UNKNOWN.into());
        }
        let grant = match present(input.grant_type).as_deref() {
            None | Some("authorization_code") => {
                let code = present(input.code).ok_or(CODE_REQUIRED)?;
                let redirect_uri = self.redirect_of_code(&code, present(input.redirect_uri)).await?;
                Grant::AuthorizationCode { code, redirect_uri, code_verifier: present(input.code_verifier) }
            }
            Some("refresh_token") => {
                Grant::RefreshToken { refresh_token: present(input.refresh_token).ok_or(REFRESH_TOKEN_REQUIRED)? }
            }
            Some(_) => return Err(GRANT_UNSUPPORTED.into()),
        };
        match proxy.exchange(grant.clone()).await {
            Ok(tokens) => Ok(tokens.into()),
            Err(OAuthError::Refused) => Err(EXCHANGE_REFUSED.into()),
            Err(OAuthError::Unavailable) => {
                if let Grant::AuthorizationCode { code, redirect_uri, .. } = grant {
                    // the code is still good, and so must be what we know of it
                    let _ = self.states.put(&code_key(&code), redirect_uri, STATE_TTL).await;
                }
                Err(PROVIDER_UNAVAILABLE.into())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn code_and_state_join_the_query_that_is_there() {
        let with = |uri| super::with_code(uri, "c&d", "s").ok();
        assert_eq!(with("https://a.test/cb").as_deref(), Some("https://a.test/cb?code=c%26d&state=s"));
        assert_eq!(with("https://a.test/cb?x=1").as_deref(), Some("https://a.test/cb?x=1&code=c%26d&state=s"));
        assert_eq!(with("fit.app://cb").as_deref(), Some("fit.app://cb?code=c%26d&state=s"));
        assert_eq!(with("not an address"), None);
    }
}
