//! The seats of events, and the queues for them. Every change of a row that takes part is made under the lock of its
//! event, and seats are looked at by a statement of their own under it.
//!
//! The order of locks, everywhere: a membership, then events by id. Rows that take part need none of their own.
use crate::{Conn, Result, scope};
use async_trait::async_trait;
use domain::{
    EventId, EventParticipationId, GymId, UserId,
    events::{
        event::{self, Column as E, EventStatus},
        participation::{self, Column as P, EventParticipationStatus, PaymentStatus},
        refund_task::{self, Column as T, RefundKind, RefundState},
    },
    identity::{GymRole, membership},
    kernel::time,
};
use sea_orm::{
    ActiveEnum,
    ActiveValue::Set,
    ColumnTrait, Condition, EntityTrait, FromQueryResult, JoinType, QueryFilter, QueryOrder, QuerySelect, QueryTrait,
    RelationDef, Select,
    sea_query::{Expr, ExprTrait, IntoCondition, LockBehavior, LockType, OnConflict, SimpleExpr},
};
use std::collections::HashSet;

/// What is known of an event's seats and of one member's part in it, in one look.
#[derive(Clone, Debug, PartialEq, Eq, FromQueryResult)]
pub struct EventSeatState {
    /// Rows that hold a seat.
    pub registered: i64,
    /// The member's row, if there is one.
    #[sea_orm(nested(prefix = "own_"))]
    pub own: Option<participation::Model>,
    /// Refunds of theirs that are not through.
    pub refunds: i64,
}

#[cfg_attr(feature = "testing", mockall::automock)]
#[async_trait]
pub trait EventSeats: Send + Sync {
    /// A person's membership, held so that it cannot end meanwhile.
    async fn hold_membership(&self, conn: &Conn, gym: GymId, user: UserId) -> Result<Option<membership::Model>>;
    /// Those of these people who belong to the gym, held likewise. Who is just leaving does not: their departure waits
    /// for this event, and must not be waited for.
    async fn hold_members(&self, conn: &Conn, gym: GymId, users: &[UserId]) -> Result<HashSet<UserId>>;
    /// Those of these people who belong to the gym, held likewise; who is just leaving is waited for, so no event may be
    /// held yet.
    async fn wait_for_members(&self, conn: &Conn, gym: GymId, users: &[UserId]) -> Result<HashSet<UserId>>;
    /// ADMINs and OWNERs with an active membership.
    async fn administrators(&self, conn: &Conn, gym: GymId) -> Result<Vec<UserId>>;
    /// The event, locked.
    async fn hold(&self, conn: &Conn, gym: GymId, event: EventId) -> Result<Option<event::Model>>;
    /// The events that are to come or run, in which this person takes part, locked in the order of their ids (EVT-49).
    async fn hold_of_member(&self, conn: &Conn, gym: GymId, member: UserId) -> Result<Vec<event::Model>>;
    /// Seats of a held event, and one member's part in it.
    async fn state(&self, conn: &Conn, gym: GymId, event: EventId, member: UserId) -> Result<Option<EventSeatState>>;
    /// How many seats of an event are taken.
    async fn registered(&self, conn: &Conn, gym: GymId, event: EventId) -> Result<i64>;
    /// The first of the queue, in the order of EVT-45: without those whose money is on its way back already.
    async fn queue(&self, conn: &Conn, gym: GymId, event: EventId, max: u64) -> Result<Vec<participation::Model>>;
    /// Makes rows, or writes the ones that these members have anew.
    async fn put(&self, conn: &Conn, gym: GymId, rows: Vec<participation::Model>) -> Result<Vec<participation::Model>>;
    /// Seats rows of a held event that cost nothing more (EVT-45).
    async fn seat(&self, conn: &Conn, gym: GymId, rows: &[EventParticipationId]) -> Result<Vec<participation::Model>>;
    /// Seats rows of a held event that are to be paid until `expiry`, each for another intent than before (EVT-45).
    async fn seat_unpaid(
        &self,
        conn: &Conn,
        gym: GymId,
        rows: &[EventParticipationId],
        expiry: domain::kernel::time::Instant,
    ) -> Result<Vec<participation::Model>>;
    /// Ends rows of a held event: what was to be paid has lapsed then. Returns them as they are now.
    async fn end(&self, conn: &Conn, gym: GymId, rows: &[EventParticipationId]) -> Result<Vec<participation::Model>>;
}

#[derive(Clone, Copy, Debug, Default)]
pub struct SeaEventSeats;

/// Rows of these ids.
fn of(rows: &[EventParticipationId]) -> Condition {
    Condition::all().add(P::Id.is_in(rows.iter().copied()))
}

fn seated(gym: GymId) -> Select<participation::Entity> {
    scope::select::<participation::Entity>(gym)
        .select_only()
        .column_as(P::Id.count(), "n")
        .filter(P::Status.eq(EventParticipationStatus::Registered))
}

/// An event's row of this member.
fn part_of(member: UserId) -> RelationDef {
    event::Entity::belongs_to(participation::Entity)
        .from((E::GymId, E::Id))
        .to((P::GymId, P::EventId))
        .on_condition(move |_, part| Expr::col((part, P::MemberId)).eq(member).into_condition())
        .into()
}

/// Of the row of an outer statement: a refund for want of a seat that was sent, or may have been (EVT-45).
fn being_refunded(gym: GymId) -> SimpleExpr {
    let tasks = scope::select::<refund_task::Entity>(gym)
        .select_only()
        .expr(Expr::value(1))
        .filter(Expr::col((refund_task::Entity, T::ParticipationId)).equals((participation::Entity, P::Id)))
        .filter(T::Kind.eq(RefundKind::Unseated))
        .filter(T::State.is_in(RefundState::OPEN))
        .filter(Condition::any().add(T::Attempts.gt(0)).add(T::State.eq(RefundState::Failed)));
    Expr::exists(tasks.into_query())
}

fn null<T>() -> SimpleExpr
where
    Option<T>: Into<sea_orm::Value>,
{
    Expr::value(Option::<T>::None)
}

#[async_trait]
impl EventSeats for SeaEventSeats {
    async fn hold_membership(&self, conn: &Conn, gym: GymId, user: UserId) -> Result<Option<membership::Model>> {
        let row = scope::select::<membership::Entity>(gym).filter(membership::Column::UserId.eq(user));
        Ok(row.lock(LockType::KeyShare).one(&conn.executor()?).await?)
    }

    async fn hold_members(&self, conn: &Conn, gym: GymId, users: &[UserId]) -> Result<HashSet<UserId>> {
        let found = scope::select::<membership::Entity>(gym)
            .select_only()
            .column(membership::Column::UserId)
            .filter(membership::Column::UserId.is_in(users.iter().copied()))
            .lock_with_behavior(LockType::KeyShare, LockBehavior::SkipLocked);
        Ok(found.into_tuple::<UserId>().all(&conn.executor()?).await?.into_iter().collect())
    }

    async fn wait_for_members(&self, conn: &Conn, gym: GymId, users: &[UserId]) -> Result<HashSet<UserId>> {
        let found = scope::select::<membership::Entity>(gym)
            .select_only()
            .column(membership::Column::UserId)
            .filter(membership::Column::UserId.is_in(users.iter().copied()))
            .order_by_asc(membership::Column::UserId)
            .lock(LockType::KeyShare);
        Ok(found.into_tuple::<UserId>().all(&conn.executor()?).await?.into_iter().collect())
    }

    async fn administrators(&self, conn: &Conn, gym: GymId) -> Result<Vec<UserId>> {
        use membership::Column as M;
        let found = scope::select::<membership::Entity>(gym)
            .select_only()
            .column(M::UserId)
            .filter(M::Role.is_in([GymRole::Admin, GymRole::Owner]))
            .filter(M::IsActive.eq(true))
            .order_by_asc(M::UserId);
        Ok(found.into_tuple().all(&conn.executor()?).await?)
    }

    async fn hold(&self, conn: &Conn, gym: GymId, event: EventId) -> Result<Option<event::Model>> {
        let row = scope::select::<event::Entity>(gym).filter(E::Id.eq(event)).lock(LockType::NoKeyUpdate);
        Ok(row.one(&conn.executor()?).await?)
    }

    async fn hold_of_member(&self, conn: &Conn, gym: GymId, member: UserId) -> Result<Vec<event::Model>> {
        let theirs = scope::select::<participation::Entity>(gym)
            .select_only()
            .column(P::EventId)
            .filter(P::MemberId.eq(member))
            .filter(P::Status.is_in(EventParticipationStatus::ACTIVE));
        let events = scope::select::<event::Entity>(gym)
            .filter(E::Status.eq(EventStatus::Scheduled))
            .filter(E::Id.in_subquery(theirs.into_query()))
            .order_by_asc(E::Id)
            .lock(LockType::NoKeyUpdate);
        Ok(events.all(&conn.executor()?).await?)
    }

    async fn state(&self, conn: &Conn, gym: GymId, event: EventId, member: UserId) -> Result<Option<EventSeatState>> {
        let this = Expr::col((participation::Entity, P::EventId)).equals((event::Entity, E::Id));
        let refunds = scope::select::<refund_task::Entity>(gym)
            .select_only()
            .column_as(T::Id.count(), "n")
            .filter(Expr::col((refund_task::Entity, T::ParticipationId)).equals((participation::Entity, P::Id)))
            .filter(T::State.is_in(RefundState::OPEN));
        let state = scope::select::<event::Entity>(gym)
            .join(JoinType::LeftJoin, part_of(member))
            .select_only()
            .expr_as(SimpleExpr::from(seated(gym).filter(this).into_query()), "registered")
            .expr_as(SimpleExpr::from(refunds.into_query()), "refunds")
            .filter(E::Id.eq(event));
        let state = scope::prefixed::<_, participation::Entity>(state, "own_");
        Ok(state.into_model().one(&conn.executor()?).await?)
    }

    async fn registered(&self, conn: &Conn, gym: GymId, event: EventId) -> Result<i64> {
        let count = seated(gym).filter(P::EventId.eq(event)).into_tuple::<i64>();
        Ok(count.one(&conn.executor()?).await?.unwrap_or_default())
    }

    async fn queue(&self, conn: &Conn, gym: GymId, event: EventId, max: u64) -> Result<Vec<participation::Model>> {
        let unpaid: SimpleExpr = Expr::case(P::PaymentStatus.eq(PaymentStatus::Paid), 0).finally(1).into();
        let queue = scope::select::<participation::Entity>(gym)
            .filter(P::EventId.eq(event))
            .filter(P::Status.eq(EventParticipationStatus::WaitingList))
            .filter(being_refunded(gym).not())
            .order_by_asc(unpaid)
            .order_by_asc(P::QueuedAt)
            .order_by_asc(P::Id)
            .limit(max);
        Ok(queue.all(&conn.executor()?).await?)
    }

    async fn put(&self, conn: &Conn, gym: GymId, rows: Vec<participation::Model>) -> Result<Vec<participation::Model>> {
        if rows.is_empty() {
            return Ok(rows);
        }
        let now = time::now();
        let rows = rows.into_iter().map(|row| participation::ActiveModel {
            gym_id: Set(gym),
            event_id: Set(row.event_id),
            member_id: Set(row.member_id),
            status: Set(row.status),
            attended: Set(row.attended),
            payment_status: Set(row.payment_status),
            stripe_payment_intent_id: Set(row.stripe_payment_intent_id),
            amount_paid_cents: Set(row.amount_paid_cents),
            refund_amount_cents: Set(row.refund_amount_cents),
            payment_date: Set(row.payment_date),
            refund_date: Set(row.refund_date),
            payment_expiry: Set(row.payment_expiry),
            registered_at: Set(row.registered_at),
            queued_at: Set(row.queued_at),
            payment_attempt: Set(row.payment_attempt),
            created_at: Set(now),
            updated_at: Set(now),
            ..Default::default()
        });
        let anew = [
            P::Status,
            P::Attended,
            P::PaymentStatus,
            P::StripePaymentIntentId,
            P::AmountPaidCents,
            P::RefundAmountCents,
            P::PaymentDate,
            P::RefundDate,
            P::PaymentExpiry,
            P::RegisteredAt,
            P::QueuedAt,
            P::PaymentAttempt,
            P::UpdatedAt,
        ];
        let again = OnConflict::columns([P::EventId, P::MemberId]).update_columns(anew).to_owned();
        let put = participation::Entity::insert_many(rows).on_conflict(again);
        Ok(put.exec_with_returning(&conn.executor()?).await?)
    }

    async fn seat(&self, conn: &Conn, gym: GymId, rows: &[EventParticipationId]) -> Result<Vec<participation::Model>> {
        if rows.is_empty() {
            return Ok(Vec::new());
        }
        let seated = scope::update::<participation::Entity>(gym)
            .col_expr(P::Status, Expr::value(EventParticipationStatus::Registered.to_value()))
            .col_expr(P::QueuedAt, null::<time::Instant>())
            .col_expr(P::PaymentExpiry, null::<time::Instant>())
            .col_expr(P::UpdatedAt, Expr::value(time::now()))
            .filter(of(rows));
        Ok(seated.exec_with_returning(&conn.executor()?).await?)
    }

    async fn seat_unpaid(
        &self,
        conn: &Conn,
        gym: GymId,
        rows: &[EventParticipationId],
        expiry: time::Instant,
    ) -> Result<Vec<participation::Model>> {
        if rows.is_empty() {
            return Ok(Vec::new());
        }
        let seated = scope::update::<participation::Entity>(gym)
            .col_expr(P::Status, Expr::value(EventParticipationStatus::Registered.to_value()))
            .col_expr(P::PaymentStatus, Expr::value(PaymentStatus::Pending.to_value()))
            .col_expr(P::PaymentExpiry, Expr::value(expiry))
            .col_expr(P::PaymentAttempt, Expr::col(P::PaymentAttempt).add(1))
            .col_expr(P::StripePaymentIntentId, null::<String>())
            .col_expr(P::AmountPaidCents, null::<i32>())
            .col_expr(P::PaymentDate, null::<time::Instant>())
            .col_expr(P::RefundAmountCents, null::<i32>())
            .col_expr(P::RefundDate, null::<time::Instant>())
            .col_expr(P::QueuedAt, null::<time::Instant>())
            .col_expr(P::UpdatedAt, Expr::value(time::now()))
            .filter(of(rows));
        Ok(seated.exec_with_returning(&conn.executor()?).await?)
    }

    async fn end(&self, conn: &Conn, gym: GymId, rows: &[EventParticipationId]) -> Result<Vec<participation::Model>> {
        if rows.is_empty() {
            return Ok(Vec::new());
        }
        let lapsed: SimpleExpr =
            Expr::case(P::PaymentStatus.eq(PaymentStatus::Pending), Expr::value(PaymentStatus::Expired.to_value()))
                .finally(Expr::col(P::PaymentStatus))
                .into();
        let ended = scope::update::<participation::Entity>(gym)
            .col_expr(P::Status, Expr::value(EventParticipationStatus::Cancelled.to_value()))
            .col_expr(P::PaymentStatus, lapsed)
            .col_expr(P::PaymentExpiry, null::<time::Instant>())
            .col_expr(P::QueuedAt, null::<time::Instant>())
            .col_expr(P::UpdatedAt, Expr::value(time::now()))
            .filter(of(rows));
        Ok(ended.exec_with_returning(&conn.executor()?).await?)
    }
}
