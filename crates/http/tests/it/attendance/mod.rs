mod achievements;
mod check_in;
mod door;
mod last_attendance;
mod qr_code;

use chrono::{DateTime, Utc};
use domain::{
    GymId, SessionId,
    identity::{GymRole, gym, user},
    schedule::{class, participation::ParticipationStatus, session},
};
use ports::clock::FixedClock;
use serde_json::{Value, json};
use std::sync::Arc;
use testkit::{
    app::{Answer, App},
    database::TestDb,
};

pub const CHECK_IN: &str = "/api/v1/attendance/check-in";

/// A gym with a trainer at the door, a member, and a class.
pub struct Cast {
    pub gym: gym::Model,
    pub tom: user::Model,
    pub ana: user::Model,
    pub spin: class::Model,
}

pub async fn cast(app: &App, seats: i32) -> Cast {
    cast_in(app, "box", "Europe/Madrid", seats).await
}

pub async fn cast_in(app: &App, name: &str, zone: &str, seats: i32) -> Cast {
    let gym = app.world.gym_with(name, |g| g.timezone = zone.into()).await;
    let tom = app.world.person(&gym, &format!("tom-{name}"), GymRole::Trainer).await;
    let ana = app.world.member(&gym, &format!("ana-{name}")).await;
    let spin = app.world.class_with(&gym, |c| c.max_capacity = seats).await;
    Cast { gym, tom, ana, spin }
}

/// The API with a clock that stands still.
pub async fn at(t: &TestDb, now: DateTime<Utc>) -> (App, FixedClock) {
    let clock = FixedClock::new(now);
    let app = App::with(t, |c| c.core.clock = Arc::new(clock.clone())).await;
    (app, clock)
}

pub fn code(user: &user::Model) -> String {
    user.qr_code.clone().unwrap()
}

/// Shows a code, for the nearest session or for this one.
pub async fn show(app: &App, by: &user::Model, gym: GymId, code: &str, session: Option<SessionId>) -> Answer {
    let body = json!({ "qr_code": code, "session_id": session });
    app.post(CHECK_IN).by(by).at(gym).json(body).send().await
}

/// Somebody has attended a session that started then.
pub async fn attended(app: &App, cast: &Cast, member: &user::Model, start: DateTime<Utc>) -> session::Model {
    let session = app.world.session(&cast.spin, &cast.tom, start).await;
    let row = app.world.booking(&session, member.id, ParticipationStatus::Attended).await;
    let update = domain::schedule::participation::Update { attendance_time: Some(Some(start)), ..Default::default() };
    app.services.core.stores.participations.update(&app.world.db, cast.gym.id, row.id, update).await.unwrap();
    session
}

pub async fn get(app: &App, by: &user::Model, gym: GymId, path: &str) -> Value {
    app.get(path).by(by).at(gym).send().await.expect(200)
}
mod cast;
mod dashboard;
mod goals;
mod health;
mod jobs;
mod outside;
mod refresh;
mod statistics;
