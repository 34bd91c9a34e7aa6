//! A week of sessions as a member sees it, and a seat taken and given back.
use super::{Broken, text};
use axum::{
    Json, Router,
    extract::{Path, State},
    routing::{get, post},
};
use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use deadpool_postgres::{Pool, Transaction};
use domain::{
    CategoryId, ClassId, GymId, ParticipationId, SessionId, UserId,
    schedule::{
        category,
        class::{self, ClassCategory, Difficulty},
        participation::{self, ParticipationStatus},
        session::{self, SessionStatus},
    },
};
use sea_orm::ActiveEnum;
use services::schedule::view::{Class, Participation, SeatCount, Session, SessionWithClass};
use std::collections::HashMap;
use tokio_postgres::Row;

pub fn routes() -> Router<Pool> {
    Router::new()
        .route("/week/{gym}/{member}/{first}/{last}/{limit}", get(week))
        .route("/book/{gym}/{session}/{member}", post(book))
        .route("/give-back/{gym}/{session}/{member}", post(give_back))
}

/// Of the local times: whichever zone it is costs the same.
const ZONE: Tz = chrono_tz::Europe::Madrid;

const WEEK: &str = r#"SELECT s.id, s.gym_id, s.class_id, s.trainer_id, s.start_time, s.end_time, s.room, s.is_recurring,
    s.recurrence_pattern, s.series_id, s.status, s.current_participants, s.override_capacity, s.notes,
    s.reminder_sent_at, s.created_by, s.created_at, s.updated_at,
    c.id, c.gym_id, c.name, c.description, c.duration, c.max_capacity, c.difficulty_level, c.category_id,
    c.category_enum, c.is_active, c.created_by, c.created_at, c.updated_at,
    g.id, g.gym_id, g.name, g.description, g.color, g.icon, g.is_active, g.created_by, g.created_at, g.updated_at,
    (SELECT COUNT(w.id) FROM class_waitlist_entry w
     WHERE w.gym_id = $1 AND w.session_id = s.id AND w.status = 'waiting')
    FROM class_session s INNER JOIN class c ON s.gym_id = c.gym_id AND s.class_id = c.id
    LEFT JOIN class_category_custom g ON c.gym_id = g.gym_id AND c.category_id = g.id
    WHERE s.gym_id = $1 AND s.start_time >= $2 AND s.start_time < $3 ORDER BY s.start_time, s.id LIMIT $4 OFFSET $5"#;

const OWN: &str = "SELECT session_id, status FROM class_participation
    WHERE gym_id = $1 AND member_id = $2 AND session_id = ANY($3) ORDER BY session_id";

pub(super) const MEMBERSHIP: &str =
    "SELECT id, gym_id, user_id, role, is_active, membership_expires_at, membership_type,
    stripe_customer_id, stripe_subscription_id, last_payment_at, notes, last_app_access, total_app_opens,
    monthly_app_opens, monthly_reset_date, app_streak_days, created_at, updated_at
    FROM user_gyms WHERE gym_id = $1 AND user_id = $2 LIMIT 1 FOR KEY SHARE";

const HOLD: &str = "SELECT id, gym_id, class_id, trainer_id, start_time, end_time, room, is_recurring,
    recurrence_pattern, series_id, status, current_participants, override_capacity, notes, reminder_sent_at,
    created_by, created_at, updated_at FROM class_session WHERE gym_id = $1 AND id = $2 ORDER BY id FOR NO KEY UPDATE";

const STATE: &str = "SELECT s.id, c.max_capacity,
    (SELECT COUNT(p.id) FROM class_participation p WHERE p.gym_id = $1 AND p.session_id = s.id
     AND p.status IN ('registered', 'attended')),
    (SELECT COUNT(w.id) FROM class_waitlist_entry w
     WHERE w.gym_id = $1 AND w.session_id = s.id AND w.status = 'waiting'),
    (SELECT p.status FROM class_participation p WHERE p.gym_id = $1 AND p.session_id = s.id AND p.member_id = $3),
    (SELECT w.id FROM class_waitlist_entry w
     WHERE w.gym_id = $1 AND w.session_id = s.id AND w.member_id = $3 AND w.status = 'waiting'),
    t.late_cancel_minutes, t.booking_opens_hours, t.waitlist_enabled, t.waitlist_max_size, t.waitlist_cutoff_minutes,
    t.session_overlap_policy, t.auto_no_show, t.require_active_membership
    FROM class_session s INNER JOIN class c ON s.gym_id = c.gym_id AND s.class_id = c.id
    LEFT JOIN gym_schedule_settings t ON s.gym_id = t.gym_id WHERE s.gym_id = $1 AND s.id = $2 ORDER BY s.id";

const SEAT: &str = "INSERT INTO class_participation (gym_id, session_id, member_id, status, registration_time,
    attendance_time, cancellation_time, cancellation_reason, created_at, updated_at)
    VALUES ($1, $2, $3, 'registered', $4, NULL, NULL, NULL, $4, $4)
    ON CONFLICT (session_id, member_id) DO UPDATE SET status = excluded.status,
    registration_time = excluded.registration_time, attendance_time = excluded.attendance_time,
    cancellation_time = excluded.cancellation_time, cancellation_reason = excluded.cancellation_reason,
    updated_at = excluded.updated_at
    RETURNING id, gym_id, session_id, member_id, status, registration_time, attendance_time, cancellation_time,
    cancellation_reason, created_at, updated_at";

const COUNT: &str = "UPDATE class_session SET current_participants = $3 WHERE gym_id = $1 AND id = $2";

const CANCEL: &str = "UPDATE class_participation SET status = 'cancelled', cancellation_time = $4,
    cancellation_reason = NULL, updated_at = $4
    WHERE gym_id = $1 AND session_id = $2 AND member_id = $3 AND status = 'registered'
    RETURNING id, gym_id, session_id, member_id, status, registration_time, attendance_time, cancellation_time,
    cancellation_reason, created_at, updated_at";

const RECORD: &str = "INSERT INTO class_cancellation (gym_id, session_id, member_id, participation_id, cancelled_by,
    actor, is_late, reason, cancelled_at, created_at, updated_at)
    VALUES ($1, $2, $3, $4, $3, 'member', false, NULL, $5, $5, $5)";

fn session(row: &Row) -> anyhow::Result<session::Model> {
    Ok(session::Model {
        id: SessionId(row.try_get(0)?),
        gym_id: GymId(row.try_get(1)?),
        class_id: ClassId(row.try_get(2)?),
        trainer_id: UserId(row.try_get(3)?),
        start_time: row.try_get(4)?,
        end_time: row.try_get(5)?,
        room: row.try_get(6)?,
        is_recurring: row.try_get(7)?,
        recurrence_pattern: row.try_get(8)?,
        series_id: row.try_get(9)?,
        status: text::<SessionStatus>(row, 10)?,
        current_participants: row.try_get(11)?,
        override_capacity: row.try_get(12)?,
        notes: row.try_get(13)?,
        reminder_sent_at: row.try_get(14)?,
        created_by: row.try_get::<_, Option<i64>>(15)?.map(UserId),
        created_at: row.try_get(16)?,
        updated_at: row.try_get(17)?,
    })
}

fn class(row: &Row) -> anyhow::Result<class::Model> {
    let kind: Option<String> = row.try_get(26)?;
    Ok(class::Model {
        id: ClassId(row.try_get(18)?),
        gym_id: GymId(row.try_get(19)?),
        name: row.try_get(20)?,
        description: row.try_get(21)?,
        duration: row.try_get(22)?,
        max_capacity: row.try_get(23)?,
        difficulty_level: text::<Difficulty>(row, 24)?,
        category_id: row.try_get::<_, Option<i64>>(25)?.map(CategoryId),
        category_enum: kind.map(|kind| ClassCategory::try_from_value(&kind)).transpose()?,
        is_active: row.try_get(27)?,
        created_by: row.try_get::<_, Option<i64>>(28)?.map(UserId),
        created_at: row.try_get(29)?,
        updated_at: row.try_get(30)?,
    })
}

fn category(row: &Row) -> anyhow::Result<Option<category::Model>> {
    let Some(id) = row.try_get::<_, Option<i64>>(31)? else { return Ok(None) };
    Ok(Some(category::Model {
        id: CategoryId(id),
        gym_id: GymId(row.try_get(32)?),
        name: row.try_get(33)?,
        description: row.try_get(34)?,
        color: row.try_get(35)?,
        icon: row.try_get(36)?,
        is_active: row.try_get(37)?,
        created_by: row.try_get::<_, Option<i64>>(38)?.map(UserId),
        created_at: row.try_get(39)?,
        updated_at: row.try_get(40)?,
    }))
}

/// `first` and `last` in seconds since 1970.
async fn week(
    State(pool): State<Pool>,
    Path((gym, member, first, last, limit)): Path<(i64, i64, i64, i64, i64)>,
) -> Result<Json<Vec<SessionWithClass>>, Broken> {
    let client = pool.get().await?;
    let instant = |seconds| DateTime::<Utc>::from_timestamp(seconds, 0).unwrap_or_default();
    let statement = client.prepare_cached(WEEK).await?;
    let rows = client.query(&statement, &[&gym, &instant(first), &instant(last), &limit, &0_i64]).await?;
    let mut listed = Vec::with_capacity(rows.len());
    for row in &rows {
        let (session, class) = (session(row)?, class(row)?);
        let seats = SeatCount::of(&session, &class, row.try_get(41)?);
        let (session, class_info) = (Session::of(session, ZONE), Class::of(class, category(row)?));
        listed.push(SessionWithClass { session, class_info, seats, my_status: None });
    }
    let ids: Vec<i64> = listed.iter().map(|row| row.session.id.0).collect();
    let statement = client.prepare_cached(OWN).await?;
    let own = client.query(&statement, &[&gym, &member, &ids]).await?;
    let own = own.iter().map(|row| Ok((SessionId(row.try_get(0)?), text::<ParticipationStatus>(row, 1)?)));
    let own: HashMap<_, _> = own.collect::<anyhow::Result<_>>()?;
    for row in &mut listed {
        row.my_status = own.get(&row.session.id).copied();
    }
    Ok(Json(listed))
}

fn participation(row: &Row) -> anyhow::Result<Participation> {
    Ok(Participation::from(participation::Model {
        id: ParticipationId(row.try_get(0)?),
        gym_id: GymId(row.try_get(1)?),
        session_id: SessionId(row.try_get(2)?),
        member_id: UserId(row.try_get(3)?),
        status: text::<ParticipationStatus>(row, 4)?,
        registration_time: row.try_get(5)?,
        attendance_time: row.try_get(6)?,
        cancellation_time: row.try_get(7)?,
        cancellation_reason: row.try_get(8)?,
        created_at: row.try_get(9)?,
        updated_at: row.try_get(10)?,
    }))
}

/// The session's lock, and its seats as they are under it.
async fn held(tx: &Transaction<'_>, gym: i64, session: i64, member: i64) -> anyhow::Result<(session::Model, i32, i64)> {
    let held = tx.query_one(&tx.prepare_cached(HOLD).await?, &[&gym, &session]).await?;
    let state = tx.query_one(&tx.prepare_cached(STATE).await?, &[&gym, &session, &member]).await?;
    Ok((self::session(&held)?, state.try_get(1)?, state.try_get(2)?))
}

async fn book(
    State(pool): State<Pool>,
    Path((gym, session, member)): Path<(i64, i64, i64)>,
) -> Result<Json<Participation>, Broken> {
    let mut client = pool.get().await?;
    let tx = client.transaction().await?;
    tx.query_one(&tx.prepare_cached(MEMBERSHIP).await?, &[&gym, &member]).await?;
    let (row, seats, taken) = held(&tx, gym, session, member).await?;
    if taken >= i64::from(row.override_capacity.unwrap_or(seats)) {
        return Err(anyhow::anyhow!("full").into());
    }
    let booked = tx.query_one(&tx.prepare_cached(SEAT).await?, &[&gym, &session, &member, &Utc::now()]).await?;
    let taken = i32::try_from(taken)? + 1;
    tx.execute(&tx.prepare_cached(COUNT).await?, &[&gym, &session, &taken]).await?;
    tx.commit().await?;
    Ok(Json(participation(&booked)?))
}

async fn give_back(
    State(pool): State<Pool>,
    Path((gym, session, member)): Path<(i64, i64, i64)>,
) -> Result<Json<Participation>, Broken> {
    let mut client = pool.get().await?;
    let tx = client.transaction().await?;
    let (_, _, taken) = held(&tx, gym, session, member).await?;
    let now = Utc::now();
    let row = tx.query_one(&tx.prepare_cached(CANCEL).await?, &[&gym, &session, &member, &now]).await?;
    let id: i64 = row.try_get(0)?;
    tx.execute(&tx.prepare_cached(RECORD).await?, &[&gym, &session, &member, &id, &now]).await?;
    let taken = i32::try_from(taken)? - 1;
    tx.execute(&tx.prepare_cached(COUNT).await?, &[&gym, &session, &taken]).await?;
    tx.commit().await?;
    Ok(Json(participation(&row)?))
}
