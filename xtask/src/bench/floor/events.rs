//! Events as a member sees them, and a place in one taken and given back.
use super::{Broken, schedule::MEMBERSHIP, text};
use axum::{
    Json, Router,
    extract::{Path, State},
    http::StatusCode,
    routing::{get, post},
};
use chrono::{DateTime, Utc};
use deadpool_postgres::{Pool, Transaction};
use domain::{
    EventId, EventParticipationId, GymId, UserId,
    events::{
        admission::{self, Joining, Own},
        event::{self, EventStatus, RefundPolicy},
        participation::{self, EventParticipationStatus, PaymentStatus},
    },
};
use sea_orm::ActiveEnum;
use services::{
    chat::event_rooms::{ChatWork, EVENT_CHAT},
    events::{
        participation_view::{ParticipationWithEvent, ParticipationWithPayment},
        view::Event,
    },
};
use tokio_postgres::Row;

pub fn routes() -> Router<Pool> {
    Router::new()
        .route("/events/{gym}/{until}/{limit}", get(list))
        .route("/own-events/{gym}/{member}/{limit}", get(own))
        .route("/join/{gym}/{event}/{member}", post(join))
        .route("/leave/{gym}/{event}/{member}", post(leave))
}

macro_rules! event_columns {
    () => {
        "e.id, e.gym_id, e.title, e.description, e.start_time, e.end_time, e.location, e.max_participants, e.status,
        e.is_paid, e.price_cents, e.currency, e.refund_policy, e.refund_deadline_hours, e.partial_refund_percentage,
        e.stripe_product_id, e.stripe_price_id, e.creator_id, e.completion_attempts, e.cancellation_date,
        e.cancelled_by_user_id, e.cancellation_reason, e.total_refunded_cents, e.version, e.created_at, e.updated_at"
    };
}
const EVENT_COLUMNS: usize = 26;

macro_rules! part_columns {
    () => {
        "p.id, p.gym_id, p.event_id, p.member_id, p.status, p.attended, p.payment_status, p.stripe_payment_intent_id,
        p.amount_paid_cents, p.refund_amount_cents, p.payment_date, p.refund_date, p.payment_expiry, p.registered_at,
        p.queued_at, p.payment_attempt, p.created_at, p.updated_at"
    };
}
const PART_COLUMNS: usize = 18;

const LIST: &str = concat!(
    "SELECT ",
    event_columns!(),
    ", (SELECT COUNT(p.id) FROM event_participations p
        WHERE p.gym_id = $1 AND p.event_id = e.id AND p.status = 'REGISTERED')
    FROM events e WHERE e.gym_id = $1 AND e.start_time <= $2 ORDER BY e.start_time, e.id LIMIT $3 OFFSET $4"
);

const OWN: &str = concat!(
    "SELECT ",
    part_columns!(),
    ", ",
    event_columns!(),
    " FROM event_participations p INNER JOIN events e ON p.gym_id = e.gym_id AND p.event_id = e.id
    WHERE p.gym_id = $1 AND p.member_id = $2 ORDER BY p.registered_at DESC, p.id DESC LIMIT $3 OFFSET $4"
);

const HOLD: &str =
    concat!("SELECT ", event_columns!(), " FROM events e WHERE e.gym_id = $1 AND e.id = $2 LIMIT 1 FOR NO KEY UPDATE");

const STATE: &str = "SELECT
    (SELECT COUNT(p.id) FROM event_participations p
     WHERE p.gym_id = $1 AND p.status = 'REGISTERED' AND p.event_id = e.id),
    (SELECT p.id FROM event_participations p WHERE p.gym_id = $1 AND p.event_id = e.id AND p.member_id = $3),
    (SELECT COUNT(t.id) FROM event_refund_task t WHERE t.gym_id = $1 AND t.participation_id IN
        (SELECT p.id FROM event_participations p WHERE p.gym_id = $1 AND p.event_id = e.id AND p.member_id = $3)
     AND t.state IN ('pending', 'failed'))
    FROM events e WHERE e.gym_id = $1 AND e.id = $2 LIMIT 1";

const PART: &str =
    concat!("SELECT ", part_columns!(), " FROM event_participations p WHERE p.gym_id = $1 AND p.id = $2 LIMIT 1");

const PLACE: &str = concat!(
    "INSERT INTO event_participations AS p (gym_id, event_id, member_id, status, attended, payment_status,
    stripe_payment_intent_id, amount_paid_cents, refund_amount_cents, payment_date, refund_date, payment_expiry,
    registered_at, queued_at, payment_attempt, created_at, updated_at)
    VALUES ($1, $2, $3, 'REGISTERED', false, NULL, NULL, NULL, NULL, NULL, NULL, NULL, $5, NULL, $4, $5, $5)
    ON CONFLICT (event_id, member_id) DO UPDATE SET status = excluded.status, attended = excluded.attended,
    payment_status = excluded.payment_status, stripe_payment_intent_id = excluded.stripe_payment_intent_id,
    amount_paid_cents = excluded.amount_paid_cents, refund_amount_cents = excluded.refund_amount_cents,
    payment_date = excluded.payment_date, refund_date = excluded.refund_date,
    payment_expiry = excluded.payment_expiry, registered_at = excluded.registered_at,
    queued_at = excluded.queued_at, payment_attempt = excluded.payment_attempt, updated_at = excluded.updated_at
    RETURNING ",
    part_columns!()
);

const EFFECT: &str = "INSERT INTO outbox (gym_id, kind, aggregate, dedupe_key, payload, status, attempts,
    next_attempt_at, created_at) VALUES ($1, $2, $3, NULL, $4, 'pending', 0, $5, $5)
    ON CONFLICT (kind, dedupe_key) WHERE status = 'pending' DO UPDATE SET dedupe_key = excluded.dedupe_key";

const OWN_PART: &str = concat!(
    "SELECT ",
    part_columns!(),
    " FROM event_participations p WHERE p.gym_id = $1 AND p.event_id = $2 AND p.member_id = $3 LIMIT 1"
);

const END: &str = concat!(
    "UPDATE event_participations AS p SET status = 'CANCELLED',
    payment_status = CASE WHEN p.payment_status = 'PENDING' THEN 'EXPIRED' ELSE p.payment_status END,
    payment_expiry = NULL, queued_at = NULL, updated_at = $3 WHERE p.gym_id = $1 AND p.id IN ($2) RETURNING ",
    part_columns!()
);

const TAKEN: &str = "SELECT COUNT(p.id) FROM event_participations p
    WHERE p.gym_id = $1 AND p.status = 'REGISTERED' AND p.event_id = $2 LIMIT 1";

const QUEUE: &str = concat!(
    "SELECT ",
    part_columns!(),
    " FROM event_participations p WHERE p.gym_id = $1 AND p.event_id = $2 AND p.status = 'WAITING_LIST'
    AND NOT EXISTS (SELECT 1 FROM event_refund_task t WHERE t.gym_id = $1 AND t.participation_id = p.id
        AND t.kind = 'unseated' AND t.state IN ('pending', 'failed') AND (t.attempts > 0 OR t.state = 'failed'))
    ORDER BY CASE WHEN p.payment_status = 'PAID' THEN 0 ELSE 1 END, p.queued_at, p.id LIMIT $3"
);

/// From column `at` on.
fn event(row: &Row, at: usize) -> anyhow::Result<event::Model> {
    let policy: Option<String> = row.try_get(at + 12)?;
    Ok(event::Model {
        id: EventId(row.try_get(at)?),
        gym_id: GymId(row.try_get(at + 1)?),
        title: row.try_get(at + 2)?,
        description: row.try_get(at + 3)?,
        start_time: row.try_get(at + 4)?,
        end_time: row.try_get(at + 5)?,
        location: row.try_get(at + 6)?,
        max_participants: row.try_get(at + 7)?,
        status: text::<EventStatus>(row, at + 8)?,
        is_paid: row.try_get(at + 9)?,
        price_cents: row.try_get(at + 10)?,
        currency: row.try_get(at + 11)?,
        refund_policy: policy.map(|policy| RefundPolicy::try_from_value(&policy)).transpose()?,
        refund_deadline_hours: row.try_get(at + 13)?,
        partial_refund_percentage: row.try_get(at + 14)?,
        stripe_product_id: row.try_get(at + 15)?,
        stripe_price_id: row.try_get(at + 16)?,
        creator_id: UserId(row.try_get(at + 17)?),
        completion_attempts: row.try_get(at + 18)?,
        cancellation_date: row.try_get(at + 19)?,
        cancelled_by_user_id: row.try_get::<_, Option<i64>>(at + 20)?.map(UserId),
        cancellation_reason: row.try_get(at + 21)?,
        total_refunded_cents: row.try_get(at + 22)?,
        version: row.try_get(at + 23)?,
        created_at: row.try_get(at + 24)?,
        updated_at: row.try_get(at + 25)?,
    })
}

/// Whose columns come first.
fn part(row: &Row) -> anyhow::Result<participation::Model> {
    let payment: Option<String> = row.try_get(6)?;
    Ok(participation::Model {
        id: EventParticipationId(row.try_get(0)?),
        gym_id: GymId(row.try_get(1)?),
        event_id: EventId(row.try_get(2)?),
        member_id: UserId(row.try_get(3)?),
        status: text::<EventParticipationStatus>(row, 4)?,
        attended: row.try_get(5)?,
        payment_status: payment.map(|payment| PaymentStatus::try_from_value(&payment)).transpose()?,
        stripe_payment_intent_id: row.try_get(7)?,
        amount_paid_cents: row.try_get(8)?,
        refund_amount_cents: row.try_get(9)?,
        payment_date: row.try_get(10)?,
        refund_date: row.try_get(11)?,
        payment_expiry: row.try_get(12)?,
        registered_at: row.try_get(13)?,
        queued_at: row.try_get(14)?,
        payment_attempt: row.try_get(15)?,
        created_at: row.try_get(16)?,
        updated_at: row.try_get(17)?,
    })
}

/// `until` in seconds since 1970.
async fn list(
    State(pool): State<Pool>,
    Path((gym, until, limit)): Path<(i64, i64, i64)>,
) -> Result<Json<Vec<Event>>, Broken> {
    let client = pool.get().await?;
    let until = DateTime::<Utc>::from_timestamp(until, 0).unwrap_or_default();
    let statement = client.prepare_cached(LIST).await?;
    let rows = client.query(&statement, &[&gym, &until, &limit, &0_i64]).await?;
    let listed = rows.iter().map(|row| Ok(Event::of(event(row, 0)?, row.try_get(EVENT_COLUMNS)?)));
    Ok(Json(listed.collect::<anyhow::Result<_>>()?))
}

async fn own(
    State(pool): State<Pool>,
    Path((gym, member, limit)): Path<(i64, i64, i64)>,
) -> Result<Json<Vec<ParticipationWithEvent>>, Broken> {
    let client = pool.get().await?;
    let statement = client.prepare_cached(OWN).await?;
    let rows = client.query(&statement, &[&gym, &member, &limit, &0_i64]).await?;
    let listed = rows.iter().map(|row| {
        Ok(ParticipationWithEvent { participation: part(row)?.into(), event: event(row, PART_COLUMNS)?.into() })
    });
    Ok(Json(listed.collect::<anyhow::Result<_>>()?))
}

/// What follows in the event's chat.
async fn effect(tx: &Transaction<'_>, gym: i64, event: i64, work: ChatWork) -> anyhow::Result<()> {
    let (aggregate, work) = (format!("event-chat:{event}"), serde_json::to_value(work)?);
    let statement = tx.prepare_cached(EFFECT).await?;
    tx.execute(&statement, &[&gym, &EVENT_CHAT, &aggregate, &work, &Utc::now()]).await?;
    Ok(())
}

async fn join(
    State(pool): State<Pool>,
    Path((gym, event, member)): Path<(i64, i64, i64)>,
) -> Result<(StatusCode, Json<ParticipationWithPayment>), Broken> {
    let mut client = pool.get().await?;
    let tx = client.transaction().await?;
    tx.query_one(&tx.prepare_cached(MEMBERSHIP).await?, &[&gym, &member]).await?;
    let held = self::event(&tx.query_one(&tx.prepare_cached(HOLD).await?, &[&gym, &event]).await?, 0)?;
    let state = tx.query_one(&tx.prepare_cached(STATE).await?, &[&gym, &event, &member]).await?;
    let before = match state.try_get::<_, Option<i64>>(1)? {
        Some(id) => Some(part(&tx.query_one(&tx.prepare_cached(PART).await?, &[&gym, &id]).await?)?),
        None => None,
    };
    let (now, open) = (Utc::now(), state.try_get::<_, i64>(2)? > 0);
    let own = Own { row: before.as_ref(), refund_open: open };
    if admission::join(&held, state.try_get(0)?, own, false, now) != Ok(Joining::Seat) {
        return Err(anyhow::anyhow!("no seat").into());
    }
    let attempt = before.as_ref().map_or(0, |row| row.payment_attempt) + 1;
    let place = tx.prepare_cached(PLACE).await?;
    let joined = part(&tx.query_one(&place, &[&gym, &event, &member, &attempt, &now]).await?)?;
    effect(&tx, gym, event, ChatWork::Add { event: EventId(event), users: vec![UserId(member)] }).await?;
    tx.commit().await?;
    Ok((StatusCode::CREATED, Json(ParticipationWithPayment::without(joined))))
}

async fn leave(
    State(pool): State<Pool>,
    Path((gym, event, member)): Path<(i64, i64, i64)>,
) -> Result<StatusCode, Broken> {
    let mut client = pool.get().await?;
    let tx = client.transaction().await?;
    let held = self::event(&tx.query_one(&tx.prepare_cached(HOLD).await?, &[&gym, &event]).await?, 0)?;
    let own = part(&tx.query_one(&tx.prepare_cached(OWN_PART).await?, &[&gym, &event, &member]).await?)?;
    let now = Utc::now();
    part(&tx.query_one(&tx.prepare_cached(END).await?, &[&gym, &own.id.0, &now]).await?)?;
    let taken = tx.query_one(&tx.prepare_cached(TAKEN).await?, &[&gym, &event]).await?;
    let free = admission::promotable(&held, taken.try_get(0)?, now);
    tx.query(&tx.prepare_cached(QUEUE).await?, &[&gym, &event, &free]).await?;
    effect(&tx, gym, event, ChatWork::Remove { event: EventId(event), users: vec![UserId(member)] }).await?;
    tx.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}
