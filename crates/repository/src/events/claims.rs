//! What the clock asks of events' participations, over all gyms: who has not paid in time, and who paid for a seat that
//! they will not get any more.
#![allow(clippy::disallowed_methods)] // the clock's jobs look over all gyms
use crate::{Conn, Result};
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use domain::{
    EventId, EventParticipationId, GymId,
    events::{
        event::{self, Column as E, EventStatus},
        participation::{self, Column as P, EventParticipationStatus, PaymentStatus},
        refund_task::{self, Column as T, RefundState},
    },
};
use sea_orm::{
    ColumnTrait, EntityTrait, FromQueryResult, JoinType, QueryFilter, QueryOrder, QuerySelect,
    sea_query::{Expr, ExprTrait, Query},
};

/// A claim whose time is over.
#[derive(Clone, Debug, PartialEq, Eq, FromQueryResult)]
pub struct Lapsed {
    pub id: EventParticipationId,
    pub gym_id: GymId,
    pub event_id: EventId,
    pub stripe_payment_intent_id: Option<String>,
}

#[cfg_attr(feature = "testing", mockall::automock)]
#[async_trait]
pub trait EventClaims: Send + Sync {
    /// Claims that lapsed before `now` (EVT-59), in the order of their ids, after this one.
    async fn lapsed(
        &self,
        conn: &Conn,
        now: DateTime<Utc>,
        after: EventParticipationId,
        max: u64,
    ) -> Result<Vec<Lapsed>>;
    /// Events that have begun while somebody waits who paid and is not being refunded (EVT-56), in the order of their
    /// ids, after this one.
    async fn unseated(
        &self,
        conn: &Conn,
        now: DateTime<Utc>,
        after: EventId,
        max: u64,
    ) -> Result<Vec<(GymId, EventId)>>;
}

#[derive(Clone, Copy, Debug, Default)]
pub struct SeaEventClaims;

#[async_trait]
impl EventClaims for SeaEventClaims {
    async fn lapsed(
        &self,
        conn: &Conn,
        now: DateTime<Utc>,
        after: EventParticipationId,
        max: u64,
    ) -> Result<Vec<Lapsed>> {
        let rows = participation::Entity::find()
            .select_only()
            .columns([P::Id, P::GymId, P::EventId, P::StripePaymentIntentId])
            // as a literal: a bound value does not name the partial index
            .filter(Expr::cust("payment_status = 'PENDING'"))
            .filter(P::PaymentExpiry.lt(now))
            .filter(P::Id.gt(after))
            .order_by_asc(P::Id)
            .limit(max);
        Ok(rows.into_model().all(&conn.executor()?).await?)
    }

    async fn unseated(
        &self,
        conn: &Conn,
        now: DateTime<Utc>,
        after: EventId,
        max: u64,
    ) -> Result<Vec<(GymId, EventId)>> {
        let refund = Query::select()
            .expr(Expr::value(1))
            .from(refund_task::Entity)
            .and_where(Expr::col((refund_task::Entity, T::ParticipationId)).equals((participation::Entity, P::Id)))
            .and_where(T::State.is_in(RefundState::OPEN))
            .to_owned();
        let its_rows =
            event::Entity::belongs_to(participation::Entity).from((E::GymId, E::Id)).to((P::GymId, P::EventId));
        let events = event::Entity::find()
            .select_only()
            .columns([E::GymId, E::Id])
            .distinct()
            .join(JoinType::InnerJoin, its_rows.into())
            .filter(E::Status.eq(EventStatus::Scheduled))
            .filter(E::StartTime.lte(now))
            .filter(E::Id.gt(after))
            .filter(P::Status.eq(EventParticipationStatus::WaitingList))
            .filter(P::PaymentStatus.eq(PaymentStatus::Paid))
            .filter(Expr::exists(refund).not())
            .order_by_asc(E::Id)
            .limit(max);
        Ok(events.into_tuple().all(&conn.executor()?).await?)
    }
}
