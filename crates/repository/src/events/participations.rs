//! Who takes part in an event: looked up and listed.
use super::events::{Listed, counted};
use crate::{Conn, Page, Result, scope};
use async_trait::async_trait;
use domain::{
    EventId, EventParticipationId, GymId, UserId,
    events::{
        event::{self, Column as E, EventStatus},
        participation::{self, Column as P, EventParticipationStatus, PaymentStatus},
        refund_task::{self, Column as T, RefundState},
    },
};
use sea_orm::{
    ColumnTrait, EntityTrait, JoinType, QueryFilter, QueryOrder, QuerySelect, RelationDef,
    sea_query::{Alias, DynIden, Expr, ExprTrait, Query, SelectStatement, SimpleExpr},
};

/// A row and its event.
pub type WithEvent = (participation::Model, event::Model);

#[cfg_attr(feature = "testing", mockall::automock)]
#[async_trait]
pub trait EventParticipations: Send + Sync {
    async fn own(
        &self,
        conn: &Conn,
        gym: GymId,
        event: EventId,
        member: UserId,
    ) -> Result<Option<participation::Model>>;
    /// A row with its event.
    async fn with_event(&self, conn: &Conn, gym: GymId, id: EventParticipationId) -> Result<Option<WithEvent>>;
    /// Who holds this intent.
    async fn by_intent(&self, conn: &Conn, gym: GymId, intent: &str) -> Result<Option<participation::Model>>;
    /// The rows of these members, in whatever state.
    async fn of_members(
        &self,
        conn: &Conn,
        gym: GymId,
        event: EventId,
        members: &[UserId],
    ) -> Result<Vec<participation::Model>>;
    /// Those of an event that are in one of these states, in the order of their ids.
    async fn in_states(
        &self,
        conn: &Conn,
        gym: GymId,
        event: EventId,
        states: &[EventParticipationStatus],
    ) -> Result<Vec<participation::Model>>;
    /// Seats first, then the queue in its order, then who cancelled, then the others.
    async fn of_event(
        &self,
        conn: &Conn,
        gym: GymId,
        event: EventId,
        status: Option<EventParticipationStatus>,
        page: Page,
    ) -> Result<Vec<participation::Model>>;
    /// One member's, newest first.
    async fn of_member(
        &self,
        conn: &Conn,
        gym: GymId,
        member: UserId,
        status: Option<EventParticipationStatus>,
        page: Page,
    ) -> Result<Vec<WithEvent>>;
    /// Those of an event that have to do with money, by time; each once, with the newest of its refunds
    /// that are not through.
    async fn payments(
        &self,
        conn: &Conn,
        gym: GymId,
        event: EventId,
        status: Option<PaymentStatus>,
        page: Page,
    ) -> Result<Vec<(participation::Model, Option<refund_task::Model>)>>;
    /// Paid events, the latest start first, with their seats taken.
    async fn paid_events(&self, conn: &Conn, gym: GymId, only_active: bool, page: Page) -> Result<Vec<Listed>>;
}

#[derive(Clone, Copy, Debug, Default)]
pub struct SeaEventParticipations;

fn its_event() -> RelationDef {
    participation::Entity::belongs_to(event::Entity).from((P::GymId, P::EventId)).to((E::GymId, E::Id)).into()
}

/// One at most: who paid twice may have several that are not through.
fn its_refund() -> RelationDef {
    use sea_orm::sea_query::IntoCondition;
    participation::Entity::belongs_to(refund_task::Entity)
        .from((P::GymId, P::Id))
        .to((T::GymId, T::ParticipationId))
        .on_condition(|part, task| {
            Expr::col((task, T::Id)).eq(SimpleExpr::from(newest_open_refund(part))).into_condition()
        })
        .into()
}

fn newest_open_refund(part: DynIden) -> SelectStatement {
    let open = Alias::new("open_refund");
    let of = |column: T| Expr::col((open.clone(), column));
    Query::select()
        .expr(of(T::Id).max())
        .from_as(refund_task::Entity, open.clone())
        .and_where(of(T::GymId).equals((part.clone(), P::GymId)))
        .and_where(of(T::ParticipationId).equals((part, P::Id)))
        .and_where(of(T::State).is_in(RefundState::OPEN.map(|s| sea_orm::ActiveEnum::to_value(&s))))
        .to_owned()
}

/// Where a state stands in the list of an event.
fn rank() -> SimpleExpr {
    use EventParticipationStatus::{Cancelled, Registered, WaitingList};
    let case = Expr::case(P::Status.eq(Registered), 0).case(P::Status.eq(WaitingList), 1);
    case.case(P::Status.eq(Cancelled), 2).finally(3).into()
}

#[async_trait]
impl EventParticipations for SeaEventParticipations {
    async fn own(
        &self,
        conn: &Conn,
        gym: GymId,
        event: EventId,
        member: UserId,
    ) -> Result<Option<participation::Model>> {
        let row =
            scope::select::<participation::Entity>(gym).filter(P::EventId.eq(event)).filter(P::MemberId.eq(member));
        Ok(row.one(&conn.executor()?).await?)
    }

    async fn with_event(&self, conn: &Conn, gym: GymId, id: EventParticipationId) -> Result<Option<WithEvent>> {
        let row = scope::select::<participation::Entity>(gym)
            .filter(P::Id.eq(id))
            .join(JoinType::InnerJoin, its_event())
            .select_also(event::Entity)
            .one(&conn.executor()?)
            .await?;
        Ok(row.and_then(|(row, event)| Some((row, event?))))
    }

    async fn by_intent(&self, conn: &Conn, gym: GymId, intent: &str) -> Result<Option<participation::Model>> {
        let row = scope::select::<participation::Entity>(gym).filter(P::StripePaymentIntentId.eq(intent));
        Ok(row.one(&conn.executor()?).await?)
    }

    async fn of_members(
        &self,
        conn: &Conn,
        gym: GymId,
        event: EventId,
        members: &[UserId],
    ) -> Result<Vec<participation::Model>> {
        let rows = scope::select::<participation::Entity>(gym)
            .filter(P::EventId.eq(event))
            .filter(P::MemberId.is_in(members.iter().copied()));
        Ok(rows.all(&conn.executor()?).await?)
    }

    async fn in_states(
        &self,
        conn: &Conn,
        gym: GymId,
        event: EventId,
        states: &[EventParticipationStatus],
    ) -> Result<Vec<participation::Model>> {
        let rows = scope::select::<participation::Entity>(gym)
            .filter(P::EventId.eq(event))
            .filter(P::Status.is_in(states.iter().copied()))
            .order_by_asc(P::Id);
        Ok(rows.all(&conn.executor()?).await?)
    }

    async fn of_event(
        &self,
        conn: &Conn,
        gym: GymId,
        event: EventId,
        status: Option<EventParticipationStatus>,
        page: Page,
    ) -> Result<Vec<participation::Model>> {
        let mut rows = scope::select::<participation::Entity>(gym).filter(P::EventId.eq(event));
        if let Some(status) = status {
            rows = rows.filter(P::Status.eq(status));
        }
        let rows = rows
            .order_by_asc(rank())
            .order_by_asc(P::QueuedAt)
            .order_by_asc(P::RegisteredAt)
            .order_by_asc(P::Id)
            .offset(page.skip)
            .limit(page.limit);
        Ok(rows.all(&conn.executor()?).await?)
    }

    async fn of_member(
        &self,
        conn: &Conn,
        gym: GymId,
        member: UserId,
        status: Option<EventParticipationStatus>,
        page: Page,
    ) -> Result<Vec<WithEvent>> {
        let mut rows = scope::select::<participation::Entity>(gym).filter(P::MemberId.eq(member));
        if let Some(status) = status {
            rows = rows.filter(P::Status.eq(status));
        }
        let rows = rows
            .join(JoinType::InnerJoin, its_event())
            .select_also(event::Entity)
            .order_by_desc(P::RegisteredAt)
            .order_by_desc(P::Id)
            .offset(page.skip)
            .limit(page.limit)
            .all(&conn.executor()?)
            .await?;
        Ok(rows.into_iter().filter_map(|(row, event)| Some((row, event?))).collect())
    }

    async fn payments(
        &self,
        conn: &Conn,
        gym: GymId,
        event: EventId,
        status: Option<PaymentStatus>,
        page: Page,
    ) -> Result<Vec<(participation::Model, Option<refund_task::Model>)>> {
        let mut rows = scope::select::<participation::Entity>(gym).filter(P::EventId.eq(event));
        if let Some(status) = status {
            rows = rows.filter(P::PaymentStatus.eq(status));
        }
        let rows = rows
            .join(JoinType::LeftJoin, its_refund())
            .select_also(refund_task::Entity)
            .order_by_asc(P::RegisteredAt)
            .order_by_asc(P::Id)
            .offset(page.skip)
            .limit(page.limit);
        Ok(rows.all(&conn.executor()?).await?)
    }

    async fn paid_events(&self, conn: &Conn, gym: GymId, only_active: bool, page: Page) -> Result<Vec<Listed>> {
        let mut events = counted(gym).filter(E::IsPaid.eq(true));
        if only_active {
            events = events.filter(E::Status.ne(EventStatus::Cancelled));
        }
        let events = events.order_by_desc(E::StartTime).order_by_desc(E::Id).offset(page.skip).limit(page.limit);
        Ok(events.into_model().all(&conn.executor()?).await?)
    }
}
