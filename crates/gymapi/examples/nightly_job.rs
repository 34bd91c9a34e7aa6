//! A nightly job of another service: use cases of GymAPI, called without HTTP.
//!
//! `cargo run -p gymapi --example nightly_job` – on an embedded database, filled with the demo world.
use gymapi::{
    DbOptions, GymApi,
    adapters::oidc::{DevIssuer, DevIssuerOptions},
    domain::GymId,
    seed::{self, Size},
    services::Page,
};
use std::sync::Arc;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = tempfile::tempdir()?;
    let database = DbOptions::new(format!("sqlite://{}", folder.path().join("gym.db").display()));
    // a job of production would hold a token of a machine application; this one is its own issuer
    let options = DevIssuerOptions { issuer: "http://nightly.test/".into(), audience: "https://gymapi".into() };
    let issuer = Arc::new(DevIssuer::ephemeral(options)?);
    let gym = GymApi::builder(database).development_issuer(issuer).build().await?;
    let services = gym.services();
    seed::fill(&services.core.db, Size::DEMO, |_, _| {}).await?;

    let token = gym.dev_login().ok_or("the development issuer is on")?.token("owner@demo.gym").await?;
    let claims = services.gate.verify(&token).await?;
    let owner = services.gate.actor(claims, GymId(1)).await?;
    let people = services.people.summaries(&owner, None, Page { skip: 0, limit: 1000 }).await?;
    let new = people.iter().filter(|p| p.joined_at > chrono::Utc::now() - chrono::TimeDelta::days(30)).count();
    println!("{}: {} people, {new} of them new this month", owner.gym().name, people.len());
    gym.close().await;
    Ok(())
}
