//! Who takes part in an event: looked up and listed.
use super::events::{Listed, counted};
use crate::{
    Conn, Page, Result,
    hot::{Columns, HotRead, HotRow, hot_row},
    scope,
};
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
    ColumnTrait, DbErr, EntityTrait, FromQueryResult, JoinType, QueryFilter, QueryOrder, QueryResult, QuerySelect,
    RelationDef, Select,
    sea_query::{Alias, DynIden, Expr, ExprTrait, Query, SelectStatement, SimpleExpr},
};
use std::error::Error;

/// A row and its event.
pub type WithEvent = (participation::Model, event::Model);

hot_row!(participation::Model {
    id,
    gym_id,
    event_id,
    member_id,
    status,
    attended,
    payment_status,
    stripe_payment_intent_id,
    amount_paid_cents,
    refund_amount_cents,
    payment_date,
    refund_date,
    payment_expiry,
    registered_at,
    queued_at,
    payment_attempt,
    created_at,
    updated_at,
});

/// One of a member's rows with its event.
struct Part(WithEvent);

/// Prefixes of the columns of the two tables.
const ROW: &str = "p_";
const EVENT: &str = "e_";

impl FromQueryResult for Part {
    fn from_query_result(row: &QueryResult, _: &str) -> Result<Self, DbErr> {
        let part = participation::Model::from_query_result(row, ROW)?;
        Ok(Self((part, event::Model::from_query_result(row, EVENT)?)))
    }
}

impl HotRow for Part {
    fn names(_: &str, names: &mut Vec<String>) {
        participation::Model::names(ROW, names);
        event::Model::names(EVENT, names);
    }
    fn read(columns: &mut Columns<'_>) -> Result<Self, Box<dyn Error + Send + Sync>> {
        let part = participation::Model::read(columns)?;
        Ok(Self((part, event::Model::read(columns)?)))
    }
}

static OF_MEMBER: HotRead<participation::Entity, (UserId, Page), Part> =
    HotRead::new(|gym, (member, page)| newest(parts_of(gym, member), page));

fn parts_of(gym: GymId, member: UserId) -> Select<participation::Entity> {
    let parts = scope::select::<participation::Entity>(gym)
        .filter(P::MemberId.eq(member))
        .join(JoinType::InnerJoin, its_event())
        .select_only();
    let parts = scope::prefixed::<_, participation::Entity>(parts, ROW);
    scope::prefixed::<_, event::Entity>(parts, EVENT)
}

fn newest(parts: Select<participation::Entity>, page: Page) -> Select<participation::Entity> {
    parts.order_by_desc(P::RegisteredAt).order_by_desc(P::Id).offset(page.skip).limit(page.limit)
}

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
        let parts: Vec<Part> = match status {
            None => OF_MEMBER.all(conn, gym, (member, page)).await?,
            Some(status) => {
                let parts = newest(parts_of(gym, member).filter(P::Status.eq(status)), page);
                parts.into_model().all(&conn.executor()?).await?
            }
        };
        Ok(parts.into_iter().map(|Part(part)| part).collect())
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
