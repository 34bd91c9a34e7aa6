//! A tenant that answers as a test tells it, and says what it was asked.
#![allow(dead_code, reason = "each test binary needs another part of it")]
use gymapi_auth0::{Auth0Management, ManagementOptions};
use ports::identity::NewAccount;
use serde_json::{Value, json};
use std::time::Duration;
use wiremock::{Mock, MockServer, Request, ResponseTemplate, matchers::path};

pub const ID: &str = "auth0|6/ñ?";
pub const ID_ENCODED: &str = "auth0%7C6%2F%C3%B1%3F";
pub const SECRET: &str = "management-secret";

pub struct Tenant {
    pub server: MockServer,
}

impl Tenant {
    /// Gives out tokens of this life time (seconds), and nothing else yet.
    pub async fn start(expires_in: u64) -> Self {
        let server = MockServer::start().await;
        let token = json!({"access_token": "management-token", "token_type": "Bearer", "expires_in": expires_in});
        let answer = ResponseTemplate::new(200).set_body_json(token).set_delay(Duration::from_millis(50));
        Mock::given(path("/oauth/token")).respond_with(answer).with_priority(9).mount(&server).await;
        Self { server }
    }

    pub async fn answering(answer: ResponseTemplate) -> Self {
        let tenant = Self::start(3600).await;
        tenant.answer_all(answer).await;
        tenant
    }

    /// To every call of the management API.
    pub async fn answer_all(&self, answer: ResponseTemplate) {
        let api = |request: &Request| request.url.path().starts_with("/api/v2/");
        Mock::given(api).respond_with(answer).with_priority(5).mount(&self.server).await;
    }

    pub fn options(&self) -> ManagementOptions {
        ManagementOptions {
            api_url: format!("{}/api/v2", self.server.uri()),
            token_url: format!("{}/oauth/token", self.server.uri()),
            timeout: Duration::from_secs(2),
            ..ManagementOptions::new("gym.eu.auth0.com", "management-client", SECRET)
        }
    }

    pub fn management(&self) -> Auth0Management {
        Auth0Management::new(self.options()).unwrap()
    }

    /// Method, path with query, and body of the calls, those for tokens left out.
    pub async fn calls(&self) -> Vec<(String, String, Value)> {
        let asked = self.server.received_requests().await.unwrap();
        let calls = asked.iter().filter(|r| r.url.path() != "/oauth/token");
        calls.map(|r| (r.method.to_string(), address(r), r.body_json().unwrap_or_default())).collect()
    }

    pub async fn tokens_given(&self) -> usize {
        let asked = self.server.received_requests().await.unwrap();
        asked.iter().filter(|r| r.url.path() == "/oauth/token").count()
    }
}

fn address(request: &Request) -> String {
    let path = request.url.path().trim_start_matches("/api/v2");
    request.url.query().map_or_else(|| path.to_owned(), |query| format!("{path}?{query}"))
}

pub fn new_account() -> NewAccount {
    NewAccount {
        email: "ana@example.com".into(),
        password: "Abcdefg1".into(),
        first_name: "Ana".into(),
        last_name: "Ruiz".into(),
        phone: Some("+34600000000".into()),
        registration_type: "gym_owner",
        role: "ADMIN",
    }
}
