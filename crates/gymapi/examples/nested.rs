//! Another axum application that nests GymAPI under a prefix and adds an operation of its own, behind the same guard.
//!
//! `cargo run -p gymapi --example nested`, then open <http://127.0.0.1:8010/gym/docs/>. With `--once` it calls its own
//! operation and ends.
use axum::{Json, Router, extract::FromRef, routing::get};
use gymapi::{
    DbOptions, GymApi,
    adapters::oidc::{DevIssuer, DevIssuerOptions},
    http::{ApiError, AppState, Http, Member, Tenant},
    seed::{self, Size},
    services::Gatekeeper,
};
use serde_json::{Value, json};
use std::sync::Arc;

/// The application's own state; what GymAPI's guard needs of it is the gatekeeper.
#[derive(Clone, FromRef)]
struct Host {
    gate: Arc<dyn Gatekeeper>,
    greeting: &'static str,
}

/// Only members of the gym in `X-Gym-ID` are greeted.
async fn greet(
    Tenant(actor, ..): Tenant<Member>,
    axum::extract::State(greeting): axum::extract::State<&'static str>,
) -> Result<Json<Value>, ApiError> {
    Ok(Json(json!({ "greeting": greeting, "gym": actor.gym().name })))
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = tempfile::tempdir()?;
    let database = DbOptions::new(format!("sqlite://{}", folder.path().join("gym.db").display()));
    let options = DevIssuerOptions { issuer: "http://127.0.0.1:8010/gym/".into(), audience: "https://gymapi".into() };
    let issuer = Arc::new(DevIssuer::ephemeral(options)?);
    let gym = GymApi::builder(database).development_issuer(issuer).http(Http::default()).build().await?;
    seed::fill(&gym.services().core.db, Size::DEMO, |_, _| {}).await?;

    let state: &AppState = gym.state();
    let host = Host { gate: state.gate.clone(), greeting: "hola" };
    let app = Router::new().route("/greeting", get(greet)).with_state(host).nest("/gym", gym.router());

    let once = std::env::args().any(|argument| argument == "--once");
    let listener = tokio::net::TcpListener::bind(if once { "127.0.0.1:0" } else { "127.0.0.1:8010" }).await?;
    let address = listener.local_addr()?;
    let serve = async { axum::serve(listener, app).await };
    let call = async {
        let token = gym.dev_login().ok_or("the development issuer is on")?.token("member1@demo.gym").await?;
        println!("curl http://{address}/greeting -H 'X-Gym-ID: 1' -H 'Authorization: Bearer {token}'");
        if once {
            let request = reqwest::Client::new().get(format!("http://{address}/greeting"));
            let answer = request.bearer_auth(&token).header("x-gym-id", 1).send().await?;
            println!("{} {}", answer.status(), answer.text().await?);
            return Ok(());
        }
        std::future::pending().await
    };
    let outcome: Result<(), Box<dyn std::error::Error>> = tokio::select! {
        served = serve => served.map_err(Into::into),
        called = call => called,
    };
    outcome
}
