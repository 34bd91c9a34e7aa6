//! A gym with people and a session, and what they do, in one line each.
use domain::{
    GymId, UserId,
    identity::{GymRole, gym, user},
    kernel::outbox,
    schedule::{
        class, participation,
        session::{self, SessionStatus},
        settings,
        waitlist::{self, WaitlistStatus},
    },
};
use sea_orm::{ConnectionTrait, EntityTrait, QueryOrder};
use serde_json::Value;
use services::{
    Page,
    schedule::attended::{ATTENDANCE_CHANGED, AttendanceChanged},
};
use testkit::{
    app::{Answer, App},
    database::TestDb,
    schedule::in_minutes,
};

pub const PART: &str = "/api/v1/schedule/participation";

/// A trainer, a member, and a session that starts in so many minutes.
pub struct Cast {
    pub gym: gym::Model,
    pub tom: user::Model,
    pub ana: user::Model,
    pub spin: class::Model,
    pub session: session::Model,
}

pub async fn cast(app: &App, seats: i32, minutes: i64) -> Cast {
    let gym = app.world.gym("box").await;
    let tom = app.world.person(&gym, "tom", GymRole::Trainer).await;
    let ana = app.world.member(&gym, "ana").await;
    let spin = app.world.class_with(&gym, |c| c.max_capacity = seats).await;
    let session = app.world.session(&spin, &tom, in_minutes(minutes)).await;
    Cast { gym, tom, ana, spin, session }
}

impl Cast {
    pub async fn members(&self, app: &App, names: &[&str]) -> Vec<user::Model> {
        let mut members = Vec::new();
        for name in names {
            members.push(app.world.member(&self.gym, name).await);
        }
        members
    }

    /// The gym's own decisions, which it has none of before.
    pub async fn decide(&self, app: &App, change: impl FnOnce(&mut settings::Create)) {
        let core = &app.services.core;
        let mut input = settings::Create::default();
        change(&mut input);
        core.stores.schedule_settings.create(&core.db, self.gym.id, input).await.unwrap();
    }
}

pub async fn act(app: &App, by: &user::Model, gym: GymId, action: &str) -> Answer {
    app.post(&format!("{PART}/{action}")).by(by).at(gym).send().await
}

pub async fn book(app: &App, by: &user::Model, session: &session::Model) -> Answer {
    act(app, by, session.gym_id, &format!("register/{}", session.id)).await
}

pub async fn cancel(app: &App, by: &user::Model, session: &session::Model) -> Answer {
    act(app, by, session.gym_id, &format!("cancel-registration/{}", session.id)).await
}

pub async fn wait(app: &App, by: &user::Model, session: &session::Model) -> Answer {
    act(app, by, session.gym_id, &format!("waitlist/{}", session.id)).await
}

pub async fn wait_no_more(app: &App, by: &user::Model, session: &session::Model) -> Answer {
    app.delete(&format!("{PART}/waitlist/{}", session.id)).by(by).at(session.gym_id).send().await
}

/// `attendance` or `mark-no-show`.
pub async fn mark(app: &App, by: &user::Model, what: &str, session: &session::Model, member: UserId) -> Answer {
    act(app, by, session.gym_id, &format!("{what}/{}/{member}", session.id)).await
}

pub async fn see(app: &App, by: &user::Model, gym: GymId, list: &str) -> Value {
    app.get(&format!("{PART}/{list}")).by(by).at(gym).send().await.expect(200)
}

pub async fn seats_taken(app: &App, session: &session::Model) -> i32 {
    app.world.session_now(session.gym_id, session.id).await.current_participants
}

pub async fn set_status(app: &App, session: &session::Model, to: SessionStatus) {
    let core = &app.services.core;
    core.stores.seats.set_status(&core.db, session.gym_id, &[session.id], to).await.unwrap();
}

/// Every row of the gym's queues, in order of the ids.
pub async fn queues(app: &App, gym: GymId) -> Vec<waitlist::Model> {
    let core = &app.services.core;
    core.stores.places.list(&core.db, gym, Page { skip: 0, limit: 10_000 }).await.unwrap()
}

/// Who stands how in the queue of a session, in the order of joining.
pub async fn queue(app: &App, session: &session::Model) -> Vec<(UserId, WaitlistStatus)> {
    let mut rows = queues(app, session.gym_id).await;
    rows.retain(|row| row.session_id == session.id);
    rows.sort_by_key(|row| (row.joined_at, row.id));
    rows.into_iter().map(|row| (row.member_id, row.status)).collect()
}

/// Every booking of the gym, in order of the ids.
pub async fn bookings(app: &App, gym: GymId) -> Vec<participation::Model> {
    let core = &app.services.core;
    core.stores.participations.list(&core.db, gym, Page { skip: 0, limit: 10_000 }).await.unwrap()
}

#[allow(clippy::disallowed_methods, reason = "the outbox is no tenant's")]
async fn effects(t: &TestDb, kind: &str) -> Vec<Value> {
    let rows = outbox::Entity::find().order_by_asc(outbox::Column::Id).all(t.pool()).await.unwrap();
    rows.into_iter().filter(|row| row.kind == kind).map(|row| row.payload).collect()
}

/// Who was told, session by session, in the order of telling: of a kind of notice.
pub async fn told(t: &TestDb, kind: &str) -> Vec<(i64, i64)> {
    let notices = effects(t, "schedule.notice").await;
    let of_kind = notices.iter().filter(|notice| notice["kind"] == kind);
    let users = of_kind.flat_map(|notice| {
        let session = notice["session_id"].as_i64().unwrap();
        notice["users"].as_array().unwrap().iter().map(move |user| (session, user.as_i64().unwrap()))
    });
    users.collect()
}

/// Whose attendance was written to have changed.
pub async fn attendance_changes(t: &TestDb) -> Vec<UserId> {
    let changes = effects(t, ATTENDANCE_CHANGED).await;
    changes.into_iter().map(|p| serde_json::from_value::<AttendanceChanged>(p).unwrap().user_id).collect()
}

pub async fn sql(t: &TestDb, statement: String) {
    t.pool().execute_unprepared(&statement).await.unwrap();
}

/// What does not hold.
pub async fn broken(t: &TestDb) -> Vec<String> {
    let all = testkit::schedule::broken(&t.db).await;
    all.iter().map(ToString::to_string).collect()
}
