//! The whole API over a test's database, called without a socket.
//!
//! `app.get("/api/v1/gyms/my").by(&ana).send().await` – tokens are signed by a development issuer of the test and
//! checked exactly as in production.
use crate::{
    accounts::MemoryAccounts, database::TestDb, form::Form, mail::MemoryMailer, push::MemoryPush, world::World,
};
use adapter_imaging::Imaging;
use adapter_oidc::{DevIssuer, DevIssuerOptions};
use async_trait::async_trait;
use axum::{
    Router,
    body::Body,
    http::{HeaderMap, Method, Request, StatusCode},
};
use bytes::Bytes;
use domain::{
    GymId,
    identity::{role::HighestRole, user},
};
use http_api::{AppState, Http, Readiness, System};
use ports::{
    CacheFront, MemoryCache, MemoryChat, MemoryCounter, MemoryOneTimeStore, payments::MemoryPayments,
    storage::MemoryObjectStore,
};
use serde_json::{Value, json};
use services::{Core, Ports, Services, Settings};
use std::{sync::Arc, time::Duration};
use tower::ServiceExt;

/// The API of one test.
pub struct App {
    pub world: World,
    pub services: Services,
    pub router: Router,
    pub document: Value,
    pub issuer: DevIssuer,
    pub accounts: Arc<MemoryAccounts>,
    pub objects: Arc<MemoryObjectStore>,
    pub pushes: Arc<MemoryPush>,
    pub chats: Arc<MemoryChat>,
    pub payments: Arc<MemoryPayments>,
    pub mails: Arc<MemoryMailer>,
}

/// What a test may have otherwise.
pub struct Change<'a> {
    pub settings: &'a mut Settings,
    pub ports: &'a mut Ports,
    pub http: &'a mut Http,
    pub core: &'a mut Core,
}

struct Ready;

#[async_trait]
impl Readiness for Ready {
    async fn check(&self) -> Result<(), Vec<String>> {
        Ok(())
    }
}

impl App {
    pub async fn new(t: &TestDb) -> Self {
        Self::with(t, |_| {}).await
    }

    /// Rate limits are off unless the test turns them on.
    pub async fn with(t: &TestDb, change: impl FnOnce(Change<'_>)) -> Self {
        let issuer = DevIssuer::ephemeral(DevIssuerOptions {
            issuer: "https://issuer.test/".into(),
            audience: "https://gymapi".into(),
        })
        .expect("a key pair");
        let accounts = Arc::new(MemoryAccounts::default());
        let objects = Arc::new(MemoryObjectStore::default());
        let pushes = Arc::new(MemoryPush::default());
        let chats = Arc::new(MemoryChat::default());
        let payments = Arc::new(MemoryPayments::default());
        let mails = Arc::new(MemoryMailer::default());
        let cache = Arc::new(CacheFront::new(Arc::new(MemoryCache::new(16 << 20))));
        let mut core = Core::new(t.db.clone(), cache);
        let mut ports = Ports {
            verifier: Arc::new(issuer.verifier()),
            accounts: accounts.clone(),
            login: None,
            objects: objects.clone(),
            images: Arc::new(Imaging::new(2)),
            counter: Arc::new(MemoryCounter::default()),
            one_time: Arc::new(MemoryOneTimeStore::default()),
            push: pushes.clone(),
            payments: payments.clone(),
            mailer: mails.clone(),
            chat: chats.clone(),
            queue: None,
        };
        let mut settings = Settings { rate_limits: false, ..Settings::default() };
        let mut http = Http::default();
        change(Change { settings: &mut settings, ports: &mut ports, http: &mut http, core: &mut core });
        let services = Services::new(core, ports, settings);
        let system = System {
            readiness: Arc::new(Ready),
            metrics: None,
            metrics_token: None,
            git_commit: "test",
            jwks: Some(issuer.jwks()),
        };
        let (router, document) = http_api::router(AppState::new(&services, system), &http);
        Self {
            world: World::new(&t.db),
            services,
            router,
            document,
            issuer,
            accounts,
            objects,
            pushes,
            chats,
            payments,
            mails,
        }
    }

    /// A token of this person with every scope.
    pub fn token(&self, user: &user::Model) -> String {
        self.token_with(user, HighestRole::SuperAdmin.scopes())
    }

    pub fn token_with(&self, user: &user::Model, scopes: &[&str]) -> String {
        let now = chrono::Utc::now().timestamp();
        self.issuer.sign(&json!({
            "iss": "https://issuer.test/", "aud": "https://gymapi", "iat": now, "exp": now + 3600,
            "sub": user.auth0_id, "email": user.email, "email_verified": true, "scope": scopes.join(" "),
        }))
    }

    /// Delivers every effect that is due, until none is left.
    pub async fn deliver_effects(&self) {
        let relay = self.services.relay();
        for _ in 0..50 {
            if relay.run_once().await.expect("the outbox can be read") == 0 {
                return;
            }
        }
        panic!("the outbox does not run dry");
    }

    pub fn call(&self, method: Method, path: &str) -> Call<'_> {
        Call { app: self, method, path: path.to_owned(), headers: HeaderMap::new(), body: Body::empty() }
    }
    pub fn get(&self, path: &str) -> Call<'_> {
        self.call(Method::GET, path)
    }
    pub fn post(&self, path: &str) -> Call<'_> {
        self.call(Method::POST, path)
    }
    pub fn put(&self, path: &str) -> Call<'_> {
        self.call(Method::PUT, path)
    }
    pub fn patch(&self, path: &str) -> Call<'_> {
        self.call(Method::PATCH, path)
    }
    pub fn delete(&self, path: &str) -> Call<'_> {
        self.call(Method::DELETE, path)
    }
}

/// A request in the making.
pub struct Call<'a> {
    app: &'a App,
    method: Method,
    path: String,
    headers: HeaderMap,
    body: Body,
}

impl Call<'_> {
    /// As this person, with every scope.
    pub fn by(self, user: &user::Model) -> Self {
        let token = self.app.token(user);
        self.bearer(&token)
    }
    /// As this person, with these scopes only.
    pub fn by_with(self, user: &user::Model, scopes: &[&str]) -> Self {
        let token = self.app.token_with(user, scopes);
        self.bearer(&token)
    }
    pub fn bearer(self, token: &str) -> Self {
        self.header("authorization", &format!("Bearer {token}"))
    }
    /// In this gym.
    pub fn at(self, gym: GymId) -> Self {
        self.header("x-gym-id", &gym.to_string())
    }
    pub fn header(mut self, name: &'static str, value: &str) -> Self {
        self.headers.insert(name, value.parse().expect("a header value"));
        self
    }
    /// One more line of a header that stands there already.
    pub fn and_header(mut self, name: &'static str, value: &str) -> Self {
        self.headers.append(name, value.parse().expect("a header value"));
        self
    }
    pub fn json(self, body: Value) -> Self {
        self.header("content-type", "application/json").body(body.to_string())
    }
    /// A multipart form.
    pub fn form(self, form: Form) -> Self {
        self.header("content-type", &form.content_type()).body(form.into_bytes())
    }
    pub fn body(mut self, body: impl Into<Body>) -> Self {
        self.body = body.into();
        self
    }

    pub async fn send(self) -> Answer {
        let mut request = Request::builder().method(self.method).uri(&self.path).body(self.body).expect("a request");
        request.headers_mut().extend(self.headers);
        let sent = tokio::time::timeout(Duration::from_secs(60), self.app.router.clone().oneshot(request));
        let Ok(response) = sent.await.expect("answered in time");
        let (parts, body) = response.into_parts();
        let body = axum::body::to_bytes(body, usize::MAX).await.expect("a body");
        Answer { status: parts.status, headers: parts.headers, body }
    }
}

/// What came back.
#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Bytes,
}

impl Answer {
    /// The body; null when it is none.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }
    /// The stable code of a refusal.
    pub fn code(&self) -> String {
        self.json().get("code").and_then(Value::as_str).unwrap_or_default().to_owned()
    }
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|v| v.to_str().ok()).unwrap_or_default()
    }
    /// The status, and the code of a refusal: `(403, "not_a_member")`.
    pub fn outcome(&self) -> (u16, String) {
        (self.status.as_u16(), self.code())
    }
    /// # Panics
    /// When the status is another, with the body.
    #[track_caller]
    pub fn expect(self, status: u16) -> Value {
        let body = String::from_utf8_lossy(&self.body);
        assert_eq!(self.status.as_u16(), status, "{body}");
        self.json()
    }
}
