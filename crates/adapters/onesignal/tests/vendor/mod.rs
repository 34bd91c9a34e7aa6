//! A vendor that answers as a test tells it, and says what it was asked.
#![allow(dead_code, reason = "each test binary needs another part of it")]
use domain::UserId;
use gymapi_onesignal::{Api, OneSignal, OneSignalOptions};
use ports::push::{PushMessage, Text};
use serde_json::{Map, Value, json};
use std::time::Duration;
use wiremock::{Mock, MockServer, Request, ResponseTemplate, matchers::any};

pub const KEY: &str = "3f0a9c1e-6f0b-4c51-9d55-0f2b7a1c8e42";
pub const SECRET: &str = "os_v2_app_secret";
pub const APP: &str = "8250eaf6-1a58-489e-b136-7c74a864b434";

pub struct Vendor {
    pub server: MockServer,
}

impl Vendor {
    pub async fn start() -> Self {
        Self { server: MockServer::start().await }
    }

    pub async fn answering(answer: ResponseTemplate) -> Self {
        let vendor = Self::start().await;
        vendor.answer(answer).await;
        vendor
    }

    /// To every call from now on.
    pub async fn answer(&self, answer: ResponseTemplate) {
        self.server.reset().await;
        Mock::given(any()).respond_with(answer).mount(&self.server).await;
    }

    /// So to the call of this number, counted from one, and else with an id.
    pub async fn answer_nth(&self, n: u64, answer: ResponseTemplate) {
        self.server.reset().await;
        if n > 1 {
            let before = Mock::given(any()).respond_with(taken("n-1"));
            before.up_to_n_times(n - 1).with_priority(1).mount(&self.server).await;
        }
        Mock::given(any()).respond_with(answer).up_to_n_times(1).with_priority(2).mount(&self.server).await;
        Mock::given(any()).respond_with(taken("n-2")).with_priority(3).mount(&self.server).await;
    }

    pub fn options(&self, api: Api) -> OneSignalOptions {
        OneSignalOptions {
            base_url: self.server.uri(),
            timeout: Duration::from_secs(5),
            ..OneSignalOptions::new(api, APP, SECRET)
        }
    }

    pub fn push(&self, api: Api) -> OneSignal {
        OneSignal::new(self.options(api)).unwrap()
    }

    pub async fn requests(&self) -> Vec<Request> {
        self.server.received_requests().await.unwrap()
    }

    pub async fn bodies(&self) -> Vec<Value> {
        self.requests().await.iter().map(|request| request.body_json().unwrap()).collect()
    }
}

pub fn taken(id: &str) -> ResponseTemplate {
    ResponseTemplate::new(200).set_body_json(json!({"id": id, "external_id": null}))
}

pub fn refused(status: u16, error: &str) -> ResponseTemplate {
    ResponseTemplate::new(status).set_body_json(json!({"errors": [error]}))
}

pub fn message(users: impl IntoIterator<Item = i64>) -> PushMessage {
    let data = json!({"type": "announcement", "gym_id": 3, "gym_name": "Box"});
    PushMessage {
        key: KEY.into(),
        users: users.into_iter().map(UserId).collect(),
        headings: Text { en: "Box: hello".into(), es: "Box: hola".into() },
        contents: Text { en: "A text".into(), es: "Un texto, ¿sí?".into() },
        data: data.as_object().cloned().unwrap_or_else(Map::new),
        collapse_id: None,
    }
}
