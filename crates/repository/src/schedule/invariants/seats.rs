//! What must hold between the seats that are taken, those that there are, and the queue.
use super::{Broken, CLOCKS_AGREE, Invariant, MOST, Severity, seated, session_queue, sessions, waiting_membership};
use crate::{
    Conn, Result,
    schedule::{
        seat_state::Standing,
        seats::{capacity, session_class, session_settings},
        waitlist::is_waiting,
    },
};
use chrono::{DateTime, Utc};
use domain::{
    GymId, SessionId, UserId,
    identity::{GymRole, membership},
    schedule::{
        class,
        participation::{self, Column as P},
        session::{self, Column as S, SessionStatus},
        settings,
        waitlist::Column as W,
    },
};
use sea_orm::{
    ColumnTrait, ExprTrait, FromQueryResult, JoinType, QueryFilter, QueryOrder, QuerySelect, QueryTrait,
    sea_query::{Alias, Expr, Query, SelectStatement, SimpleExpr},
};
use std::collections::BTreeSet;

#[derive(FromQueryResult)]
struct SeatRow {
    gym_id: GymId,
    session_id: SessionId,
    current_participants: i32,
    capacity: i32,
    taken: i64,
    last_booked: Option<DateTime<Utc>>,
    session_written: DateTime<Utc>,
    class_written: DateTime<Utc>,
}

/// Rows that take a seat, counted once over all sessions.
fn taken() -> SelectStatement {
    Query::select()
        .column(P::SessionId)
        .expr_as(Expr::col(P::Id).count(), Alias::new("taken"))
        .expr_as(Expr::col(P::RegistrationTime).max(), Alias::new("last_booked"))
        .from(participation::Entity)
        .and_where(seated())
        .group_by_col(P::SessionId)
        .to_owned()
}

pub(super) async fn taken_and_there(conn: &Conn) -> Result<Vec<Broken>> {
    let seats = Alias::new("seats");
    let count = || Expr::col((Alias::new("seats"), Alias::new("taken"))).if_null(0);
    let mut rows = sessions()
        .column(S::CurrentParticipants)
        .join(JoinType::InnerJoin, session_class())
        .expr_as(capacity(), "capacity")
        .expr_as(count(), "taken")
        .expr_as(Expr::col((seats.clone(), Alias::new("last_booked"))), "last_booked")
        .column_as(S::UpdatedAt, "session_written")
        .column_as(class::Column::UpdatedAt, "class_written")
        .filter(Expr::col((session::Entity, S::CurrentParticipants)).ne(count()).or(count().gt(capacity())))
        .order_by_asc(S::Id)
        .limit(MOST);
    let same = Expr::col((seats.clone(), P::SessionId)).equals((session::Entity, S::Id));
    QueryTrait::query(&mut rows).join_subquery(JoinType::LeftJoin, taken(), seats, same);
    let rows: Vec<SeatRow> = rows.into_model().all(&conn.executor()?).await?;
    Ok(rows.iter().flat_map(judged).collect())
}

fn judged(row: &SeatRow) -> impl Iterator<Item = Broken> {
    let of = |invariant, severity, detail| Broken {
        invariant,
        severity,
        gym: row.gym_id,
        session: row.session_id,
        member: None,
        detail,
    };
    let differs = (i64::from(row.current_participants) != row.taken).then(|| {
        let detail = format!("{} counted, {} taken", row.current_participants, row.taken);
        of(Invariant::CounterDiffers, Severity::Error, detail)
    });
    let over = (row.taken > i64::from(row.capacity)).then(|| {
        let written = Ord::max(row.session_written, row.class_written) + CLOCKS_AGREE;
        let certain = row.last_booked.is_some_and(|booked| booked > written);
        let severity = if certain { Severity::Error } else { Severity::Warning };
        of(Invariant::OverCapacity, severity, format!("{} taken of {}", row.taken, row.capacity))
    });
    differs.into_iter().chain(over)
}

#[derive(FromQueryResult)]
struct WaitingRow {
    gym_id: GymId,
    session_id: SessionId,
    member_id: UserId,
    start_time: DateTime<Utc>,
    waitlist_cutoff_minutes: Option<i32>,
    require_active_membership: Option<bool>,
    role: GymRole,
    is_active: bool,
    membership_expires_at: Option<DateTime<Utc>>,
}

impl WaitingRow {
    /// Whether the next promotion would reach this person (SCH-74, SCH-83).
    fn promotable(&self, now: DateTime<Utc>) -> bool {
        let default = settings::Create::default();
        let settings = settings::Create {
            waitlist_cutoff_minutes: self.waitlist_cutoff_minutes.unwrap_or(default.waitlist_cutoff_minutes),
            ..default
        };
        let standing = Standing { role: self.role, is_active: self.is_active, expires_at: self.membership_expires_at };
        let may_book = !self.require_active_membership.unwrap_or_default() || standing.may_book(now);
        may_book && settings.waitlist_closes(self.start_time) > now
    }
}

/// One answer for each session. Waiting rows of sessions that have a free seat are few, so none is left out.
pub(super) async fn free_while_waiting(conn: &Conn, now: DateTime<Utc>) -> Result<Vec<Broken>> {
    use membership::Column as M;
    let seats = Query::select()
        .expr(Expr::col(P::Id).count())
        .from(participation::Entity)
        .and_where(Expr::col((participation::Entity, P::SessionId)).equals((session::Entity, S::Id)))
        .and_where(seated())
        .to_owned();
    let rows = sessions()
        .column(S::StartTime)
        .join(JoinType::InnerJoin, session_class())
        .join(JoinType::InnerJoin, session_queue())
        .join(JoinType::InnerJoin, waiting_membership())
        .join(JoinType::LeftJoin, session_settings())
        .column(W::MemberId)
        .columns([settings::Column::WaitlistCutoffMinutes, settings::Column::RequireActiveMembership])
        .columns([M::Role, M::IsActive, M::MembershipExpiresAt])
        .filter(is_waiting())
        .filter(S::Status.eq(SessionStatus::Scheduled))
        .filter(S::StartTime.gt(now))
        .filter(SimpleExpr::from(seats).lt(capacity()))
        .order_by_asc(S::Id)
        .order_by_asc(W::JoinedAt)
        .order_by_asc(W::Id);
    let rows: Vec<WaitingRow> = rows.into_model().all(&conn.executor()?).await?;
    let mut seen = BTreeSet::new();
    let first = rows.into_iter().filter(|row| row.promotable(now) && seen.insert(row.session_id));
    let broken = first.map(|row| Broken {
        invariant: Invariant::FreeSeatWhileWaiting,
        severity: Severity::Error,
        gym: row.gym_id,
        session: row.session_id,
        member: Some(row.member_id),
        detail: String::new(),
    });
    Ok(broken.collect())
}
