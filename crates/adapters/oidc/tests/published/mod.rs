//! An issuer whose key document is served over HTTP and can be changed, delayed and broken.
#![allow(dead_code, reason = "each test binary needs another part of it")]
use gymapi_oidc::{DevIssuer, DevIssuerOptions, JwksVerifier, KeySource, Options};
use ports::{Clock, FixedClock, SystemClock};
use serde_json::{Value, json};
use std::{
    sync::{Arc, Mutex},
    time::Duration,
};
use wiremock::{Mock, MockServer, Request, ResponseTemplate, matchers::path};

/// With the slash that Auth0's issuers end with.
pub const ISSUER: &str = "https://gym.example/";
pub const AUDIENCE: &str = "https://gymapi";

pub struct PublishedIssuer {
    pub key: DevIssuer,
    pub clock: FixedClock,
    server: MockServer,
    answer: Arc<Mutex<ResponseTemplate>>,
}

impl PublishedIssuer {
    pub async fn start() -> Self {
        let clock = FixedClock::new(SystemClock.now());
        let key = issuer(&clock);
        let answer = Arc::new(Mutex::new(ResponseTemplate::new(200).set_body_json(key.jwks())));
        let server = MockServer::start().await;
        let current = Arc::clone(&answer);
        let respond = move |_: &Request| current.lock().unwrap().clone();
        Mock::given(path("/.well-known/jwks.json")).respond_with(respond).mount(&server).await;
        Self { key, clock, server, answer }
    }

    pub fn another_key(&self) -> DevIssuer {
        issuer(&self.clock)
    }

    pub fn kid(&self) -> String {
        self.key.jwks()["keys"][0]["kid"].as_str().unwrap().to_owned()
    }

    pub fn now(&self) -> i64 {
        self.clock.now().timestamp()
    }

    pub fn publish(&self, keys: &[&DevIssuer]) {
        let keys: Vec<Value> = keys.iter().map(|k| k.jwks()["keys"][0].clone()).collect();
        self.answer_with(ResponseTemplate::new(200).set_body_json(json!({"keys": keys})));
    }

    pub fn answer_with(&self, answer: ResponseTemplate) {
        *self.answer.lock().unwrap() = answer;
    }

    pub fn address(&self) -> String {
        format!("{}/.well-known/jwks.json", self.server.uri())
    }

    /// How often the keys were fetched.
    pub async fn fetches(&self) -> usize {
        self.server.received_requests().await.unwrap().len()
    }

    pub fn options(&self) -> Options {
        Options {
            fetch_timeout: Duration::from_secs(2),
            ..Options::new(ISSUER, AUDIENCE, KeySource::Url(self.address()))
        }
    }
}

fn issuer(clock: &FixedClock) -> DevIssuer {
    let options = DevIssuerOptions { issuer: ISSUER.into(), audience: AUDIENCE.into() };
    DevIssuer::ephemeral(options).unwrap().with_clock(Arc::new(clock.clone()))
}

pub fn verifier(issuer: &PublishedIssuer) -> JwksVerifier {
    JwksVerifier::with_clock(issuer.options(), Arc::new(issuer.clock.clone())).unwrap()
}
