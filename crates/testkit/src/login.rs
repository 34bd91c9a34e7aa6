//! A provider's login flow without a provider: every exchange succeeds until it is told otherwise, and is remembered.
use async_trait::async_trait;
use ports::{
    OAuthProxy,
    identity::{Authorization, ClientSettings, Grant, OAuthError, TokenSet},
};
use std::{
    collections::VecDeque,
    sync::{Mutex, MutexGuard, PoisonError},
};

pub const CALLBACK: &str = "https://api.test/api/v1/auth/callback";

#[derive(Default)]
struct State {
    exchanges: Vec<Grant>,
    failures: VecDeque<OAuthError>,
}

pub struct FakeLogin {
    settings: ClientSettings,
    state: Mutex<State>,
}

impl FakeLogin {
    /// The client `client` of `login.test`, with these addresses allowed besides [`CALLBACK`].
    pub fn allowing(redirect_uris: &[&str]) -> Self {
        let settings = ClientSettings {
            domain: "login.test".into(),
            client_id: "client".into(),
            audience: "https://gymapi".into(),
            callback_url: CALLBACK.into(),
            allowed_redirect_uris: redirect_uris.iter().map(|uri| (*uri).to_owned()).collect(),
        };
        Self { settings, state: Mutex::default() }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What was exchanged, oldest first.
    pub fn exchanges(&self) -> Vec<Grant> {
        self.state().exchanges.clone()
    }

    /// The next exchange fails so; several fail in the order they were told.
    pub fn fail_next(&self, error: OAuthError) {
        self.state().failures.push_back(error);
    }

    fn url(path: &str, pairs: &[(&str, &str)]) -> String {
        let encode = |text: &str| text.bytes().map(|b| format!("%{b:02X}")).collect::<String>();
        let query: Vec<_> = pairs.iter().map(|(name, value)| format!("{name}={}", encode(value))).collect();
        format!("https://login.test{path}?{}", query.join("&"))
    }
}

#[async_trait]
impl OAuthProxy for FakeLogin {
    fn settings(&self) -> &ClientSettings {
        &self.settings
    }

    fn authorize_url(&self, request: &Authorization<'_>) -> String {
        let mut pairs = vec![("redirect_uri", request.redirect_uri), ("state", request.state)];
        if let Some((challenge, method)) = request.pkce {
            pairs.extend([("code_challenge", challenge), ("code_challenge_method", method)]);
        }
        Self::url("/authorize", &pairs)
    }

    fn logout_url(&self, return_to: &str) -> String {
        Self::url("/v2/logout", &[("returnTo", return_to)])
    }

    async fn exchange(&self, grant: Grant) -> Result<TokenSet, OAuthError> {
        let mut state = self.state();
        state.exchanges.push(grant);
        match state.failures.pop_front() {
            Some(error) => Err(error),
            None => Ok(TokenSet {
                access_token: "access".into(),
                token_type: "Bearer".into(),
                expires_in: 86_400,
                id_token: Some("id".into()),
                scope: None,
                refresh_token: None,
            }),
        }
    }
}
