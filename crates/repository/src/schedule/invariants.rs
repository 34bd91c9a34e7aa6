//! What must hold of seats and queues whatever happens at once, asked of the rows of all gyms.
//!
//! Every change of a seat is one transaction, so each of these questions is one statement: what it sees is a state
//! between two changes, and it may be asked while the system runs. Their number does not depend on how much there is.
//!
//! **Over capacity** needs thought. Nothing is booked beyond the seats there are (SCH-62), but capacity may be lowered
//! below what is booked, which evicts nobody (SCH-52), and rows do not tell afterwards that it was. What they do tell:
//! a capacity cannot have changed after its session and its class were last written. If somebody was booked later than
//! that, the seats were those of today, and at least as many of them were taken then as now, for since the last booking
//! seats can only have been given back: that is an error. Otherwise it is a warning, which a gym that lowers a capacity
//! causes rightly. Clocks of several instances may differ, so a minute's margin goes to the warning.
mod seats;

use super::{participations::participation_session, waitlist::is_waiting};
use crate::{Conn, Result};
use chrono::{DateTime, TimeDelta, Utc};
use domain::{
    GymId, SessionId, UserId,
    identity::membership,
    kernel::time,
    schedule::{
        participation::{self, Column as P, ParticipationStatus},
        session::{self, Column as S, SessionStatus},
        waitlist::{self, Column as W, WaitlistStatus},
    },
};
use sea_orm::{
    ColumnTrait, EntityTrait, ExprTrait, FromQueryResult, JoinType, QueryFilter, QueryOrder, QuerySelect, RelationDef,
    Select,
    sea_query::{Expr, SimpleExpr},
};
use std::fmt;

/// What does not hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Invariant {
    /// The number of seats taken is not the number of rows that take one (SCH-61).
    CounterDiffers,
    /// More seats are taken than there are (SCH-62).
    OverCapacity,
    /// Somebody waits who could have the seat that is free (SCH-83).
    FreeSeatWhileWaiting,
    /// Somebody waits for a session in which they have a seat (SCH-71, SCH-80).
    WaitsAlthoughSeated,
    /// Somebody stands in one queue twice (SCH-80).
    WaitsTwice,
    /// A queue stands on after its session was cancelled, or half an hour after the start (SCH-84).
    WaitsInVain,
    /// Somebody was promoted and never got a booking (SCH-83).
    PromotedWithoutBooking,
    /// A session to come is booked by somebody who does not belong to the gym (SCH-79).
    BookedByStranger,
    /// Somebody waits who does not belong to the gym (SCH-79).
    AwaitedByStranger,
    /// A cancelled session has bookings (SCH-54).
    BookedAlthoughCancelled,
}

impl Invariant {
    /// Stable, for programs.
    pub fn code(self) -> &'static str {
        match self {
            Self::CounterDiffers => "counter_differs",
            Self::OverCapacity => "over_capacity",
            Self::FreeSeatWhileWaiting => "free_seat_while_waiting",
            Self::WaitsAlthoughSeated => "waits_although_seated",
            Self::WaitsTwice => "waits_twice",
            Self::WaitsInVain => "waits_in_vain",
            Self::PromotedWithoutBooking => "promoted_without_booking",
            Self::BookedByStranger => "booked_by_stranger",
            Self::AwaitedByStranger => "awaited_by_stranger",
            Self::BookedAlthoughCancelled => "booked_although_cancelled",
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// May be right: see the module's own words.
    Warning,
    /// Cannot come from anything that the system allows.
    Error,
}

/// One thing that does not hold, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broken {
    pub invariant: Invariant,
    pub severity: Severity,
    pub gym: GymId,
    pub session: SessionId,
    /// Whom it is about, when it is about one person.
    pub member: Option<UserId>,
    /// Figures, for people.
    pub detail: String,
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let severity = match self.severity {
            Severity::Warning => "warning",
            Severity::Error => "error",
        };
        write!(f, "{severity:<7}  {:<25}  gym {} session {}", self.invariant.code(), self.gym, self.session)?;
        if let Some(member) = self.member {
            write!(f, " member {member}")?;
        }
        if self.detail.is_empty() { Ok(()) } else { write!(f, ": {}", self.detail) }
    }
}

/// Of each question no more answers are given than this.
pub const MOST: u64 = 1000;

/// The clock's job clears the queues of what has begun every few minutes; so long it may be late.
const QUEUE_CLEARED_WITHIN: TimeDelta = TimeDelta::minutes(30);
/// Within this two instances' clocks agree.
const CLOCKS_AGREE: TimeDelta = TimeDelta::minutes(1);

/// Everything that does not hold now, over all gyms; empty when all is well. Ten statements, at most [`MOST`] answers
/// to each.
pub async fn broken(conn: &Conn) -> Result<Vec<Broken>> {
    let now = time::now();
    let mut broken = seats::taken_and_there(conn).await?;
    broken.extend(seats::free_while_waiting(conn, now).await?);
    for (invariant, severity, rows) in [
        (Invariant::WaitsAlthoughSeated, Severity::Error, waits_although_seated()),
        (Invariant::WaitsTwice, Severity::Error, waits_twice()),
        (Invariant::WaitsInVain, Severity::Error, waits_for_cancelled()),
        (Invariant::WaitsInVain, Severity::Warning, waits_for_begun(now - QUEUE_CLEARED_WITHIN)),
        (Invariant::PromotedWithoutBooking, Severity::Error, promoted_without_booking()),
        (Invariant::BookedByStranger, Severity::Error, booked_by_stranger(now)),
        (Invariant::AwaitedByStranger, Severity::Error, awaited_by_stranger(now)),
        (Invariant::BookedAlthoughCancelled, Severity::Error, booked_although_cancelled()),
    ] {
        let rows: Vec<Place> = match rows {
            Rows::Booked(rows) => rows.limit(MOST).into_model().all(&conn.executor()?).await?,
            Rows::Queued(rows) => rows.limit(MOST).into_model().all(&conn.executor()?).await?,
        };
        broken.extend(rows.into_iter().map(|row| Broken {
            invariant,
            severity,
            gym: row.gym_id,
            session: row.session_id,
            member: Some(row.member_id),
            detail: String::new(),
        }));
    }
    Ok(broken)
}

#[derive(FromQueryResult)]
struct Place {
    gym_id: GymId,
    session_id: SessionId,
    member_id: UserId,
}

enum Rows {
    Booked(Select<participation::Entity>),
    Queued(Select<waitlist::Entity>),
}

#[allow(clippy::disallowed_methods)]
fn sessions() -> Select<session::Entity> {
    session::Entity::find().select_only().columns([S::GymId]).column_as(S::Id, "session_id")
}

#[allow(clippy::disallowed_methods)]
fn bookings() -> Select<participation::Entity> {
    let rows = participation::Entity::find().select_only().columns([P::GymId, P::SessionId, P::MemberId]);
    rows.order_by_asc(P::SessionId).order_by_asc(P::MemberId)
}

#[allow(clippy::disallowed_methods)]
fn places() -> Select<waitlist::Entity> {
    let rows = waitlist::Entity::find().select_only().columns([W::GymId, W::SessionId, W::MemberId]);
    rows.order_by_asc(W::SessionId).order_by_asc(W::MemberId)
}

fn waitlist_session() -> RelationDef {
    waitlist::Entity::belongs_to(session::Entity).from((W::GymId, W::SessionId)).to((S::GymId, S::Id)).into()
}

fn session_queue() -> RelationDef {
    session::Entity::belongs_to(waitlist::Entity).from((S::GymId, S::Id)).to((W::GymId, W::SessionId)).into()
}

fn waiting_membership() -> RelationDef {
    use membership::Column as M;
    waitlist::Entity::belongs_to(membership::Entity).from((W::GymId, W::MemberId)).to((M::GymId, M::UserId)).into()
}

fn booked_membership() -> RelationDef {
    use membership::Column as M;
    participation::Entity::belongs_to(membership::Entity).from((P::GymId, P::MemberId)).to((M::GymId, M::UserId)).into()
}

fn waiting_booking() -> RelationDef {
    waitlist::Entity::belongs_to(participation::Entity)
        .from((W::SessionId, W::MemberId))
        .to((P::SessionId, P::MemberId))
        .into()
}

fn seated() -> SimpleExpr {
    P::Status.is_in(ParticipationStatus::SEATED)
}

fn waits_although_seated() -> Rows {
    Rows::Queued(places().join(JoinType::InnerJoin, waiting_booking()).filter(is_waiting()).filter(seated()))
}

/// A unique index forbids it; a restored or imported database may lack that.
fn waits_twice() -> Rows {
    let twice = places()
        .filter(is_waiting())
        .group_by(W::GymId)
        .group_by(W::SessionId)
        .group_by(W::MemberId)
        .having(Expr::col((waitlist::Entity, W::Id)).count().gt(1));
    Rows::Queued(twice)
}

fn waits_for_cancelled() -> Rows {
    let rows = places().join(JoinType::InnerJoin, waitlist_session()).filter(is_waiting());
    Rows::Queued(rows.filter(S::Status.eq(SessionStatus::Cancelled)))
}

fn waits_for_begun(before: DateTime<Utc>) -> Rows {
    let rows = places().join(JoinType::InnerJoin, waitlist_session()).filter(is_waiting());
    Rows::Queued(rows.filter(S::Status.ne(SessionStatus::Cancelled)).filter(S::StartTime.lt(before)))
}

/// A booking that was cancelled since then keeps its row.
fn promoted_without_booking() -> Rows {
    let promoted = places()
        .filter(W::Status.eq(WaitlistStatus::Promoted))
        .join(JoinType::LeftJoin, waiting_booking())
        .filter(P::Id.is_null());
    Rows::Queued(promoted)
}

fn booked_by_stranger(now: DateTime<Utc>) -> Rows {
    let strangers = bookings()
        .join(JoinType::InnerJoin, participation_session())
        .join(JoinType::LeftJoin, booked_membership())
        .filter(P::Status.eq(ParticipationStatus::Registered))
        .filter(S::StartTime.gt(now))
        .filter(membership::Column::Id.is_null());
    Rows::Booked(strangers)
}

fn awaited_by_stranger(now: DateTime<Utc>) -> Rows {
    let strangers = places()
        .join(JoinType::InnerJoin, waitlist_session())
        .join(JoinType::LeftJoin, waiting_membership())
        .filter(is_waiting())
        .filter(S::StartTime.gt(now))
        .filter(membership::Column::Id.is_null());
    Rows::Queued(strangers)
}

fn booked_although_cancelled() -> Rows {
    let booked = bookings()
        .join(JoinType::InnerJoin, participation_session())
        .filter(P::Status.eq(ParticipationStatus::Registered))
        .filter(S::Status.eq(SessionStatus::Cancelled));
    Rows::Booked(booked)
}
