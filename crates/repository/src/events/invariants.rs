//! What must hold of events' seats, queues and payments whatever happens at once, asked of the rows of all gyms.
//!
//! Every change of a seat is one transaction under its event's lock, so each of these questions is one statement: what
//! it sees is a state between two changes, and it may be asked while the system runs.
//!
//! Capacity may be lowered below the seats that are taken, which takes nobody's away (EVT-24). As with sessions, rows
//! tell what they can: whoever joined after the event was last written found the seats that there are today, so more of
//! them taken is an error then; otherwise it is a warning.
#![allow(clippy::disallowed_methods)] // it asks the rows of all gyms
use crate::{Conn, Result};
use chrono::{DateTime, TimeDelta, Utc};
use domain::{
    EventId, GymId, UserId,
    events::{
        event::{self, Column as E, EventStatus},
        participation::{self, Column as P, EventParticipationStatus as Status, PaymentStatus},
        refund_task::{self, Column as T, RefundKind, RefundState},
    },
    identity::membership,
    kernel::time,
};
use sea_orm::{
    ColumnTrait, Condition, EntityTrait, FromQueryResult, JoinType, QueryFilter, QueryOrder, QuerySelect, RelationDef,
    Select,
    sea_query::{Expr, ExprTrait, Query, SelectStatement, SimpleExpr},
};
use std::{collections::BTreeSet, fmt};

/// What does not hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Invariant {
    /// More seats are taken than there are (EVT-95).
    OverCapacity,
    /// Somebody waits who could have the seat that is free (EVT-45).
    FreeSeatWhileWaiting,
    /// Somebody takes part in a cancelled event (EVT-32).
    ActiveAlthoughCancelled,
    /// Paid, without a day or an amount (EVT-54).
    PaidWithoutAmount,
    /// A claim that never lapses (EVT-42).
    ClaimWithoutEnd,
    /// A claim, and nothing to be paid (EVT-40).
    ClaimWithoutPayment,
    /// Ended for want of payment, and takes part all the same (EVT-97).
    LapsedAlthoughActive,
    /// A refund went through, and its payer is still shown as having paid (EVT-62).
    RefundedAlthoughPaid,
    /// More was given back than was paid (EVT-62).
    MoreBackThanPaid,
}

impl Invariant {
    /// Stable, for programs.
    pub fn code(self) -> &'static str {
        match self {
            Self::OverCapacity => "event_over_capacity",
            Self::FreeSeatWhileWaiting => "event_free_seat_while_waiting",
            Self::ActiveAlthoughCancelled => "event_active_although_cancelled",
            Self::PaidWithoutAmount => "event_paid_without_amount",
            Self::ClaimWithoutEnd => "event_claim_without_end",
            Self::ClaimWithoutPayment => "event_claim_without_payment",
            Self::LapsedAlthoughActive => "event_lapsed_although_active",
            Self::RefundedAlthoughPaid => "event_refunded_although_paid",
            Self::MoreBackThanPaid => "event_more_back_than_paid",
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
    pub event: EventId,
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
        write!(f, "{severity:<7}  {:<31}  gym {} event {}", self.invariant.code(), self.gym, self.event)?;
        if let Some(member) = self.member {
            write!(f, " member {member}")?;
        }
        if self.detail.is_empty() { Ok(()) } else { write!(f, ": {}", self.detail) }
    }
}

/// Of each question no more answers are given than this.
const MOST: u64 = 1000;
/// Within this two instances' clocks agree.
const CLOCKS_AGREE: TimeDelta = TimeDelta::minutes(1);

/// Everything that does not hold now, over all gyms; empty when all is well. Five statements, whatever there is.
pub async fn broken(conn: &Conn) -> Result<Vec<Broken>> {
    let now = time::now();
    let mut all = over_capacity(conn).await?;
    all.extend(free_while_waiting(conn, now).await?);
    all.extend(active_although_cancelled(conn).await?);
    all.extend(odd_rows(conn).await?);
    all.extend(odd_refunds(conn).await?);
    Ok(all)
}

fn its_event() -> RelationDef {
    participation::Entity::belongs_to(event::Entity).from((P::GymId, P::EventId)).to((E::GymId, E::Id)).into()
}

/// How many seats of the outer statement's event are taken.
fn taken() -> SelectStatement {
    Query::select()
        .expr(Expr::col(P::Id).count())
        .from(participation::Entity)
        .and_where(Expr::col((participation::Entity, P::EventId)).equals((event::Entity, E::Id)))
        .and_where(P::Status.eq(Status::Registered))
        .to_owned()
}

fn last_joined() -> SelectStatement {
    Query::select()
        .expr(Expr::col(P::RegisteredAt).max())
        .from(participation::Entity)
        .and_where(Expr::col((participation::Entity, P::EventId)).equals((event::Entity, E::Id)))
        .and_where(P::Status.eq(Status::Registered))
        .to_owned()
}

#[derive(FromQueryResult)]
struct Over {
    gym_id: GymId,
    id: EventId,
    max_participants: i32,
    updated_at: DateTime<Utc>,
    taken: i64,
    last_joined: Option<DateTime<Utc>>,
}

async fn over_capacity(conn: &Conn) -> Result<Vec<Broken>> {
    let rows = event::Entity::find()
        .select_only()
        .columns([E::GymId, E::Id, E::MaxParticipants, E::UpdatedAt])
        .expr_as(SimpleExpr::from(taken()), "taken")
        .expr_as(SimpleExpr::from(last_joined()), "last_joined")
        .filter(E::MaxParticipants.gt(0))
        .filter(Expr::col((event::Entity, E::MaxParticipants)).lt(SimpleExpr::from(taken())))
        .order_by_asc(E::Id)
        .limit(MOST);
    let rows: Vec<Over> = rows.into_model().all(&conn.executor()?).await?;
    let broken = rows.into_iter().map(|row| {
        let certain = row.last_joined.is_some_and(|joined| joined > row.updated_at + CLOCKS_AGREE);
        Broken {
            invariant: Invariant::OverCapacity,
            severity: if certain { Severity::Error } else { Severity::Warning },
            gym: row.gym_id,
            event: row.id,
            member: None,
            detail: format!("{} taken of {}", row.taken, row.max_participants),
        }
    });
    Ok(broken.collect())
}

#[derive(FromQueryResult)]
struct Part {
    gym_id: GymId,
    event_id: EventId,
    member_id: UserId,
}

impl Part {
    fn broken(self, invariant: Invariant) -> Broken {
        Broken {
            invariant,
            severity: Severity::Error,
            gym: self.gym_id,
            event: self.event_id,
            member: Some(self.member_id),
            detail: String::new(),
        }
    }
}

fn parts() -> Select<participation::Entity> {
    participation::Entity::find()
        .select_only()
        .columns([P::GymId, P::EventId, P::MemberId])
        .order_by_asc(P::EventId)
        .order_by_asc(P::Id)
        .limit(MOST)
}

/// Whoever left the gym meanwhile is passed over when a seat becomes free, and so is whose money is on its way back.
async fn free_while_waiting(conn: &Conn, now: DateTime<Utc>) -> Result<Vec<Broken>> {
    let belongs = Query::select()
        .expr(Expr::value(1))
        .from(membership::Entity)
        .and_where(Expr::col((membership::Entity, membership::Column::GymId)).equals((participation::Entity, P::GymId)))
        .and_where(
            Expr::col((membership::Entity, membership::Column::UserId)).equals((participation::Entity, P::MemberId)),
        )
        .to_owned();
    let refunded = Query::select()
        .expr(Expr::value(1))
        .from(refund_task::Entity)
        .and_where(Expr::col((refund_task::Entity, T::ParticipationId)).equals((participation::Entity, P::Id)))
        .and_where(T::Kind.eq(RefundKind::Unseated))
        .and_where(T::State.is_in(RefundState::OPEN))
        .to_owned();
    let free = Condition::any()
        .add(E::MaxParticipants.eq(0))
        .add(Expr::col((event::Entity, E::MaxParticipants)).gt(SimpleExpr::from(taken())));
    let rows = parts()
        .join(JoinType::InnerJoin, its_event())
        .filter(P::Status.eq(Status::WaitingList))
        .filter(E::Status.eq(EventStatus::Scheduled))
        .filter(E::StartTime.gt(now))
        .filter(free)
        .filter(Expr::exists(belongs))
        .filter(Expr::exists(refunded).not());
    let rows: Vec<Part> = rows.into_model().all(&conn.executor()?).await?;
    let mut seen = BTreeSet::new();
    let first = rows.into_iter().filter(|row| seen.insert(row.event_id));
    Ok(first.map(|row| row.broken(Invariant::FreeSeatWhileWaiting)).collect())
}

async fn active_although_cancelled(conn: &Conn) -> Result<Vec<Broken>> {
    let rows = parts()
        .join(JoinType::InnerJoin, its_event())
        .filter(P::Status.is_in(Status::ACTIVE))
        .filter(E::Status.eq(EventStatus::Cancelled));
    let rows: Vec<Part> = rows.into_model().all(&conn.executor()?).await?;
    Ok(rows.into_iter().map(|row| row.broken(Invariant::ActiveAlthoughCancelled)).collect())
}

/// Rows that contradict themselves.
async fn odd_rows(conn: &Conn) -> Result<Vec<Broken>> {
    let paid = Condition::all()
        .add(P::PaymentStatus.eq(PaymentStatus::Paid))
        .add(Condition::any().add(P::AmountPaidCents.is_null()).add(P::PaymentDate.is_null()));
    let claims = || Condition::all().add(P::Status.eq(Status::PendingPayment));
    let not_due = Condition::any().add(P::PaymentStatus.is_null()).add(P::PaymentStatus.ne(PaymentStatus::Pending));
    let lapsed = Condition::all().add(P::Status.is_in(Status::ACTIVE)).add(P::PaymentStatus.eq(PaymentStatus::Expired));
    let odd =
        Condition::any().add(paid).add(claims().add(P::PaymentExpiry.is_null())).add(claims().add(not_due)).add(lapsed);
    let rows = participation::Entity::find().filter(odd).order_by_asc(P::Id).limit(MOST);
    let rows = rows.all(&conn.executor()?).await?;
    Ok(rows.iter().filter_map(judged).collect())
}

fn judged(row: &participation::Model) -> Option<Broken> {
    let paid = row.payment_status == Some(PaymentStatus::Paid);
    let claims = row.status == Status::PendingPayment;
    let invariant = if paid && (row.amount_paid_cents.is_none() || row.payment_date.is_none()) {
        Invariant::PaidWithoutAmount
    } else if claims && row.payment_status != Some(PaymentStatus::Pending) {
        Invariant::ClaimWithoutPayment
    } else if claims && row.payment_expiry.is_none() {
        Invariant::ClaimWithoutEnd
    } else if row.status.is_active() && row.payment_status == Some(PaymentStatus::Expired) {
        Invariant::LapsedAlthoughActive
    } else {
        return None;
    };
    let part = Part { gym_id: row.gym_id, event_id: row.event_id, member_id: row.member_id };
    Some(part.broken(invariant))
}

#[derive(FromQueryResult)]
struct Back {
    gym_id: GymId,
    event_id: EventId,
    member_id: UserId,
    amount_cents: i32,
    amount_paid_cents: Option<i32>,
    payment_status: Option<PaymentStatus>,
}

/// Refunds that went through, of the payment that their row still names.
async fn odd_refunds(conn: &Conn) -> Result<Vec<Broken>> {
    let its_refund = participation::Entity::belongs_to(refund_task::Entity)
        .from((P::GymId, P::Id, P::StripePaymentIntentId))
        .to((T::GymId, T::ParticipationId, T::PaymentIntentId));
    let more =
        Expr::col((refund_task::Entity, T::AmountCents)).gt(Expr::col((participation::Entity, P::AmountPaidCents)));
    let odd = Condition::any().add(P::PaymentStatus.eq(PaymentStatus::Paid)).add(more);
    let rows = participation::Entity::find()
        .select_only()
        .columns([P::GymId, P::EventId, P::MemberId, P::AmountPaidCents, P::PaymentStatus])
        .join(JoinType::InnerJoin, its_refund.into())
        .column(T::AmountCents)
        .filter(T::State.eq(RefundState::Done))
        .filter(odd)
        .order_by_asc(P::Id)
        .limit(MOST);
    let rows: Vec<Back> = rows.into_model().all(&conn.executor()?).await?;
    let broken = rows.into_iter().map(|row| {
        let paid = row.payment_status == Some(PaymentStatus::Paid);
        let invariant = if paid { Invariant::RefundedAlthoughPaid } else { Invariant::MoreBackThanPaid };
        let detail = format!("{} back of {:?}", row.amount_cents, row.amount_paid_cents);
        let part = Part { gym_id: row.gym_id, event_id: row.event_id, member_id: row.member_id };
        Broken { detail, ..part.broken(invariant) }
    });
    Ok(broken.collect())
}
