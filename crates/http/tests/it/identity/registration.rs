//! Gym owners and trainers register (IDN-64, IDN-67 … IDN-71).
mod availability;
mod gym_owner;
mod provider;
mod subdomains;
mod trainer;

use domain::identity::{gym, user};
use sea_orm::ConnectionTrait;
use serde_json::{Value, json};
use testkit::{
    app::{Answer, App},
    database::TestDb,
};

const GYM_OWNER: &str = "/api/v1/auth/register-gym-owner";
const TRAINER: &str = "/api/v1/auth/register-trainer";

fn with(mut base: Value, extra: &Value) -> Value {
    base.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
    base
}

/// A complete body, changed by `extra`.
fn owner(extra: &Value) -> Value {
    let base = json!({
        "email": "ana@box.example", "password": "Secreto123", "first_name": "Ana", "last_name": "López",
        "phone": "+52 55 1234-5678", "gym_name": "La Caja",
    });
    with(base, extra)
}

fn trainer(extra: &Value) -> Value {
    with(json!({"email": "leo@fit.example", "first_name": "Leo", "last_name": "Núñez"}), extra)
}

async fn register(app: &App, body: Value) -> Answer {
    app.post(GYM_OWNER).json(body).send().await
}

async fn row(app: &App, email: &str) -> Option<user::Model> {
    let core = &app.services.core;
    core.stores.users.by_email(&core.db, email).await.unwrap()
}

async fn gym(app: &App, subdomain: &str) -> Option<gym::Model> {
    let core = &app.services.core;
    core.stores.gyms.by_subdomain(&core.db, subdomain).await.unwrap()
}

/// The `error_code` of a registration's refusal, whose shape is checked.
fn error_code(answer: Answer, status: u16) -> String {
    let body = answer.expect(status);
    assert_eq!(body["detail"]["success"], false);
    assert!(body["detail"]["message"].as_str().is_some_and(|m| !m.is_empty()));
    assert!(body["detail"]["details"]["email"].is_string());
    let code = body["detail"]["error_code"].as_str().unwrap().to_owned();
    assert_eq!(body["code"], code.to_lowercase());
    code
}

/// Makes every registration fail after person, gym and membership were written; again, and it works.
async fn break_modules(t: &TestDb, broken: bool) {
    let rename = if broken {
        "ALTER TABLE gym_modules RENAME TO gone_modules"
    } else {
        "ALTER TABLE gone_modules RENAME TO gym_modules"
    };
    t.pool().execute_unprepared(rename).await.unwrap();
}
