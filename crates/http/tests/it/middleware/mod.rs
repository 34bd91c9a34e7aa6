//! What happens around every operation, seen from outside.
mod body;
mod compression;
mod diagnostics;
mod entity_tag;
mod idempotency;
mod limits;
mod log;
mod problem;
mod rate_limit;
mod security_headers;
mod slashes;

use async_trait::async_trait;
use domain::identity::Claims;
use ports::{TokenError, TokenVerifier};
use serde_json::Value;
use std::sync::Arc;
use testkit::app::App;
use tokio::sync::Semaphore;

const PROFILE: &str = "/api/v1/users/profile";
const MINE: &str = "/api/v1/gyms/my";
const GYMS: &str = "/api/v1/gyms/";

/// A verifier that lets nobody pass until it is told how many: a request stands still inside the middleware.
struct Gate {
    inner: Arc<dyn TokenVerifier>,
    passes: Arc<Semaphore>,
}

#[async_trait]
impl TokenVerifier for Gate {
    async fn verify(&self, token: &str) -> Result<Arc<Claims>, TokenError> {
        self.passes.acquire().await.expect("never closed").forget();
        self.inner.verify(token).await
    }
}

/// Every operation of the document whose request takes JSON: method and path, with 1 in the places of its parameters.
fn operations_with_a_body(app: &App) -> Vec<(String, String)> {
    let paths = app.document["paths"].as_object().unwrap();
    let all =
        paths.iter().flat_map(|(path, operations)| operations.as_object().unwrap().iter().map(move |o| (path, o)));
    let json = all.filter(|(_, (_, operation))| !operation["requestBody"]["content"]["application/json"].is_null());
    json.map(|(path, (method, _))| (method.to_uppercase(), filled(path))).collect()
}

fn filled(path: &str) -> String {
    path.split('/').map(|step| if step.starts_with('{') { "1" } else { step }).collect::<Vec<_>>().join("/")
}

/// A gym's creation, which only its subdomain makes another.
fn gym(subdomain: &str) -> Value {
    serde_json::json!({"name": format!("Gym {subdomain}"), "subdomain": subdomain})
}
