//! What members and the payment service do with events, in one line each.
use super::cast::{Cast, participations};
use domain::{
    UserId,
    events::{
        event::{self, RefundPolicy},
        participation::{self, EventParticipationStatus as Status, PaymentStatus},
    },
    identity::user,
    kernel::{outbox, time},
};
use ports::payments::{Intent, IntentState, PaymentError};
use sea_orm::{ConnectionTrait, DbBackend, EntityTrait, QueryOrder, Statement};
use serde_json::{Value, json};
use testkit::{
    app::{Answer, App},
    database::TestDb,
    events::paid,
};

pub const PART: &str = "/api/v1/events/participation";
pub const ADMIN: &str = "/api/v1/events/admin";
/// The account of [`Cast::takes_payments`].
pub const ACCOUNT: &str = "acct_1";
/// What the events of these tests cost.
pub const PRICE: i32 = 1001;

impl Cast {
    /// An event in three days that costs [`PRICE`], by this policy until a day before; the gym takes payments.
    pub async fn paid_event(&self, app: &App, t: &TestDb, seats: i32, policy: RefundPolicy) -> event::Model {
        self.takes_payments(t).await;
        self.another_paid_event(app, seats, policy).await
    }

    pub async fn another_paid_event(&self, app: &App, seats: i32, policy: RefundPolicy) -> event::Model {
        let change = |e: &mut event::Create| {
            paid(e, PRICE);
            e.refund_policy = Some(policy);
        };
        app.world.event_with(&self.gym, &self.tom, seats, change).await
    }

    pub async fn members(&self, app: &App, names: &str, count: usize) -> Vec<user::Model> {
        let mut members = Vec::new();
        for n in 0..count {
            members.push(app.world.member(&self.gym, &format!("{names}{n}")).await);
        }
        members
    }
}

pub async fn join(app: &App, by: &user::Model, event: &event::Model) -> Answer {
    app.post(PART).by(by).at(event.gym_id).json(json!({"event_id": event.id})).send().await
}

pub async fn leave(app: &App, by: &user::Model, event: &event::Model) -> Answer {
    app.delete(&format!("{PART}/{}", event.id)).by(by).at(event.gym_id).send().await
}

pub async fn confirm(app: &App, by: &user::Model, row: &participation::Model, body: Value) -> Answer {
    app.post(&format!("{PART}/{}/confirm-payment", row.id)).by(by).at(row.gym_id).json(body).send().await
}

pub async fn ask_intent(app: &App, by: &user::Model, row: &participation::Model) -> Answer {
    app.post(&format!("{PART}/{}/payment-intent", row.id)).by(by).at(row.gym_id).send().await
}

pub async fn refund(app: &App, by: &user::Model, row: &participation::Model, body: Value) -> Answer {
    app.post(&format!("{ADMIN}/participation/{}/refund", row.id)).by(by).at(row.gym_id).json(body).send().await
}

pub async fn set_status(app: &App, by: &user::Model, row: &participation::Model, to: &str) -> Answer {
    let path = format!("{ADMIN}/participation/{}/payment-status", row.id);
    app.put(&path).by(by).at(row.gym_id).json(json!({"new_status": to})).send().await
}

/// This member's row.
pub async fn part(app: &App, event: &event::Model, member: &user::Model) -> participation::Model {
    let rows = participations(app, event).await;
    rows.into_iter().find(|row| row.member_id == member.id).expect("takes part")
}

/// Status and payment of these members.
pub async fn standing(
    app: &App,
    event: &event::Model,
    members: &[&user::Model],
) -> Vec<(Status, Option<PaymentStatus>)> {
    let mut standing = Vec::new();
    for member in members {
        let row = part(app, event, member).await;
        standing.push((row.status, row.payment_status));
    }
    standing
}

/// Who has a seat, by id.
pub async fn seated(app: &App, event: &event::Model) -> Vec<UserId> {
    let rows = participations(app, event).await;
    let mut seated: Vec<_> =
        rows.iter().filter(|row| row.status == Status::Registered).map(|row| row.member_id).collect();
    seated.sort_unstable();
    seated
}

/// The intent with which this member is to pay now.
pub async fn intent(app: &App, event: &event::Model, member: &user::Model) -> Intent {
    let id = part(app, event, member).await.stripe_payment_intent_id.expect("an intent");
    let intents = app.payments.intents();
    intents.into_iter().find(|(at, intent)| at == ACCOUNT && intent.id == id).expect("made").1
}

/// The member pays; nobody has told the system yet.
pub async fn pay_quietly(app: &App, event: &event::Model, member: &user::Model) -> Intent {
    let id = intent(app, event, member).await.id;
    app.payments.put(&id, IntentState::Succeeded);
    intent(app, event, member).await
}

/// The member pays, and the payment service tells.
pub async fn pay(app: &App, event: &event::Model, member: &user::Model) -> Intent {
    let paid = pay_quietly(app, event, member).await;
    app.services.event_payments.succeeded(ACCOUNT, &paid).await.unwrap();
    paid
}

/// A member who has joined and paid.
pub async fn joins_and_pays(app: &App, event: &event::Model, member: &user::Model) -> Intent {
    join(app, member, event).await.expect(201);
    pay(app, event, member).await
}

/// The payment service will not give back what the gym does not have.
pub fn refused() -> PaymentError {
    PaymentError::Refused { code: Some("balance_insufficient".into()), message: "no balance".into() }
}

/// What went back: of which intent, how much.
pub fn given_back(app: &App) -> Vec<(String, i64)> {
    app.payments.refunds().into_iter().map(|(new, made)| (new.intent, made.amount)).collect()
}

/// Every intent, and how it stands.
pub fn intents(app: &App) -> Vec<(String, IntentState)> {
    app.payments.intents().into_iter().map(|(_, intent)| (intent.id, intent.state)).collect()
}

/// The tasks of refunds, by id: kind, state, amount, attempts.
pub async fn tasks(t: &TestDb) -> Vec<(String, String, i32, i32)> {
    let sql = "SELECT kind, state, amount_cents, attempts FROM event_refund_task ORDER BY id";
    let rows = t.pool().query_all_raw(Statement::from_string(t.pool().get_database_backend(), sql)).await.unwrap();
    let task = |row: &sea_orm::QueryResult| {
        let text = |n| row.try_get_by_index::<String>(n).unwrap();
        let number = |n| row.try_get_by_index::<i32>(n).unwrap();
        (text(0), text(1), number(2), number(3))
    };
    rows.iter().map(task).collect()
}

/// Who was told something of this kind, in the order of telling.
pub async fn told(t: &TestDb, kind: &str) -> Vec<UserId> {
    let sql = format!(
        "SELECT r.user_id FROM notifications n JOIN notification_recipients r ON r.notification_id = n.id \
         WHERE n.type = '{kind}' AND n.channel = 'push' ORDER BY n.id, r.id"
    );
    let rows = t.pool().query_all_raw(Statement::from_string(backend(t), sql)).await.unwrap();
    rows.iter().map(|row| UserId(row.try_get_by_index(0).unwrap())).collect()
}

fn backend(t: &TestDb) -> DbBackend {
    t.pool().get_database_backend()
}

/// What is to happen in chats of events, in order: what, and to whom.
#[allow(clippy::disallowed_methods, reason = "the outbox is no tenant's")]
pub async fn chat_work(t: &TestDb) -> Vec<(String, Vec<i64>)> {
    let rows = outbox::Entity::find().order_by_asc(outbox::Column::Id).all(t.pool()).await.unwrap();
    let work = rows.into_iter().filter(|row| row.kind == "chat.event").map(|row| row.payload);
    let users = |of: &Value| of["users"].as_array().into_iter().flatten().filter_map(Value::as_i64).collect();
    work.map(|of| (of["work"].as_str().unwrap().to_owned(), users(&of))).collect()
}

/// Changes the event behind everybody's back.
pub async fn set(t: &TestDb, event: &event::Model, what: &str) {
    let sql = format!("UPDATE events SET {what} WHERE id = {}", event.id);
    t.pool().execute_unprepared(&sql).await.unwrap();
}

/// The event begins, or began, so many minutes from now, and takes two hours.
pub async fn starts(t: &TestDb, event: &event::Model, minutes: i64) {
    let at = |minutes| (time::now() + chrono::TimeDelta::minutes(minutes)).to_rfc3339();
    let (start, end) = (at(minutes), at(minutes + 120));
    set(t, event, &format!("start_time = '{start}', end_time = '{end}'")).await;
}

/// Changes a row behind everybody's back.
pub async fn set_row(t: &TestDb, row: &participation::Model, what: &str) {
    let sql = format!("UPDATE event_participations SET {what} WHERE id = {}", row.id);
    t.pool().execute_unprepared(&sql).await.unwrap();
}

/// A promoted member asks with what to pay, and pays; returns the intent.
pub async fn pay_after_asking(app: &App, event: &event::Model, member: &user::Model) -> String {
    let row = part(app, event, member).await;
    let info = ask_intent(app, member, &row).await.expect(200);
    pay(app, event, member).await;
    info["payment_intent_id"].as_str().unwrap().to_owned()
}

/// What does not hold of events' seats, queues and payments.
pub async fn broken(t: &TestDb) -> Vec<String> {
    testkit::events::broken(&t.db).await.iter().map(ToString::to_string).collect()
}

pub async fn sql(t: &TestDb, statement: &str) {
    t.pool().execute_unprepared(statement).await.unwrap();
}

/// Every payment that a row or the task of a refund names.
pub async fn all_intents(t: &TestDb) -> std::collections::BTreeSet<String> {
    let sql = "SELECT stripe_payment_intent_id FROM event_participations WHERE stripe_payment_intent_id IS NOT NULL \
               UNION SELECT payment_intent_id FROM event_refund_task WHERE payment_intent_id IS NOT NULL";
    let rows = t.pool().query_all_raw(Statement::from_string(backend(t), sql)).await.unwrap();
    rows.iter().map(|row| row.try_get_by_index(0).unwrap()).collect()
}

/// Runs a scheduled job now, unless it runs already.
pub async fn nudge(app: &App, name: &str) {
    let (core, scheduler) = (&app.services.core, app.services.scheduler());
    scheduler.register().await.unwrap();
    core.stores.jobs.trigger(&core.db, name).await.unwrap();
    scheduler.run_due().await.unwrap();
}
