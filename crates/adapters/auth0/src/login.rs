//! The login flow, seen from the server's own application at Auth0.
use crate::management::ENCODED;
use async_trait::async_trait;
use percent_encoding::utf8_percent_encode;
use ports::{
    OAuthProxy, Secret,
    identity::{Authorization, ClientSettings, Grant, OAuthError, TokenSet},
};
use reqwest::StatusCode;
use serde::{Deserialize, Serialize};
use std::time::Duration;

const SCOPE: &str = "openid profile email";

#[derive(Clone, Debug)]
pub struct LoginOptions {
    pub settings: ClientSettings,
    /// The application's own, used for every exchange (IDN-113).
    pub client_secret: Secret,
    /// Without a slash at the end.
    pub base_url: String,
    pub timeout: Duration,
}

impl LoginOptions {
    /// At `https://{domain}`, 10 s for an exchange.
    pub fn new(settings: ClientSettings, client_secret: impl Into<Secret>) -> Self {
        let base_url = format!("https://{}", settings.domain);
        Self { settings, client_secret: client_secret.into(), base_url, timeout: Duration::from_secs(10) }
    }
}

#[derive(Serialize)]
#[serde(tag = "grant_type", rename_all = "snake_case")]
enum GrantForm<'a> {
    AuthorizationCode {
        code: &'a str,
        redirect_uri: &'a str,
        #[serde(skip_serializing_if = "Option::is_none")]
        code_verifier: Option<&'a str>,
    },
    RefreshToken {
        refresh_token: &'a str,
    },
}

#[derive(Serialize)]
struct ExchangeForm<'a> {
    #[serde(flatten)]
    grant: GrantForm<'a>,
    client_id: &'a str,
    client_secret: &'a str,
}

/// The vendor's error body; its description is not read.
#[derive(Default, Deserialize)]
struct Refusal {
    #[serde(default)]
    error: String,
}

pub struct Auth0Login {
    client: reqwest::Client,
    options: LoginOptions,
}

impl Auth0Login {
    /// # Errors
    /// When the HTTP client cannot be set up (TLS).
    pub fn new(options: LoginOptions) -> Result<Self, reqwest::Error> {
        // A redirect would carry our secret elsewhere.
        let redirect = reqwest::redirect::Policy::none();
        Ok(Self { client: reqwest::Client::builder().redirect(redirect).timeout(options.timeout).build()?, options })
    }

    fn url(&self, path: &str, parameters: &[(&str, &str)]) -> String {
        let mut url = format!("{}{path}", self.options.base_url);
        for (i, (name, value)) in parameters.iter().enumerate() {
            url.push(if i == 0 { '?' } else { '&' });
            url.push_str(name);
            url.push('=');
            url.extend(utf8_percent_encode(value, ENCODED));
        }
        url
    }
}

#[async_trait]
impl OAuthProxy for Auth0Login {
    fn settings(&self) -> &ClientSettings {
        &self.options.settings
    }

    fn authorize_url(&self, request: &Authorization<'_>) -> String {
        let settings = self.settings();
        let mut parameters = vec![
            ("audience", settings.audience.as_str()),
            ("scope", SCOPE),
            ("response_type", "code"),
            ("client_id", &settings.client_id),
            ("redirect_uri", request.redirect_uri),
            ("state", request.state),
        ];
        if let Some((challenge, method)) = request.pkce {
            parameters.extend([("code_challenge", challenge), ("code_challenge_method", method)]);
        }
        self.url("/authorize", &parameters)
    }

    fn logout_url(&self, return_to: &str) -> String {
        self.url("/v2/logout", &[("client_id", &self.settings().client_id), ("returnTo", return_to)])
    }

    async fn exchange(&self, grant: Grant) -> Result<TokenSet, OAuthError> {
        let grant = match &grant {
            Grant::AuthorizationCode { code, redirect_uri, code_verifier } => {
                GrantForm::AuthorizationCode { code, redirect_uri, code_verifier: code_verifier.as_deref() }
            }
            Grant::RefreshToken { refresh_token } => GrantForm::RefreshToken { refresh_token },
        };
        let (client_id, client_secret) = (&self.settings().client_id, self.options.client_secret.expose());
        let form = ExchangeForm { grant, client_id, client_secret };
        let answer = self.client.post(self.url("/oauth/token", &[])).form(&form).send().await;
        let response = answer.map_err(|error| {
            tracing::warn!(timeout = error.is_timeout(), connect = error.is_connect(), "no answer to a token exchange");
            OAuthError::Unavailable
        })?;
        let status = response.status();
        if status.is_success() {
            return response.json().await.map_err(|_| {
                tracing::warn!("the answer to a token exchange cannot be read");
                OAuthError::Unavailable
            });
        }
        // Too many requests say nothing about the code; it may be tried again.
        let busy = status == StatusCode::TOO_MANY_REQUESTS || status == StatusCode::REQUEST_TIMEOUT;
        if status.is_client_error() && !busy {
            let error = response.json::<Refusal>().await.unwrap_or_default().error;
            tracing::info!(status = status.as_u16(), error, "a token exchange was refused");
            return Err(OAuthError::Refused);
        }
        tracing::warn!(status = status.as_u16(), "a token exchange failed");
        Err(OAuthError::Unavailable)
    }
}
