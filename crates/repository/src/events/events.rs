//! Events with the number of their participants; who takes part; and what an event still holds.
use super::SeaEvents;
use crate::{
    Conn, Page, Result,
    hot::{Columns, HotRead, HotRow, hot_row},
    identity::contains,
    scope,
};
use async_trait::async_trait;
use chrono::{DateTime, NaiveDate, NaiveTime, Utc};
use domain::{
    EventId, GymId, UserId,
    chat::room,
    events::{
        event::{self, Column as E, EventStatus},
        participation::{self, Column as P, EventParticipationStatus},
    },
};
use sea_orm::{
    ActiveEnum, ColumnTrait, Condition, DbErr, ExprTrait, FromQueryResult, QueryFilter, QueryOrder, QueryResult,
    QuerySelect, QueryTrait, Select,
    sea_query::{Expr, LockType, SelectStatement, SimpleExpr},
};
use std::error::Error;

/// An event, and how many have a seat in it (EVT-4).
#[derive(Clone, Debug, PartialEq)]
pub struct Listed {
    pub event: event::Model,
    pub participants_count: i64,
}

impl FromQueryResult for Listed {
    fn from_query_result(row: &QueryResult, _: &str) -> Result<Self, DbErr> {
        Ok(Self {
            event: event::Model::from_query_result(row, "")?,
            participants_count: row.try_get("", "participants_count")?,
        })
    }
}

hot_row!(event::Model {
    id,
    gym_id,
    title,
    description,
    start_time,
    end_time,
    location,
    max_participants,
    status,
    is_paid,
    price_cents,
    currency,
    refund_policy,
    refund_deadline_hours,
    partial_refund_percentage,
    stripe_product_id,
    stripe_price_id,
    creator_id,
    completion_attempts,
    cancellation_date,
    cancelled_by_user_id,
    cancellation_reason,
    total_refunded_cents,
    version,
    created_at,
    updated_at,
});

impl HotRow for Listed {
    fn names(prefix: &str, names: &mut Vec<String>) {
        event::Model::names(prefix, names);
        names.push("participants_count".to_owned());
    }
    fn read(columns: &mut Columns<'_>) -> Result<Self, Box<dyn Error + Send + Sync>> {
        Ok(Self { event: event::Model::read(columns)?, participants_count: columns.take()? })
    }
}

/// Not over before the one, begun by the other.
type Times = (DateTime<Utc>, DateTime<Utc>);

static BETWEEN: HotRead<event::Entity, (Times, Page), Listed> =
    HotRead::new(|gym, (times, page)| in_order(between(gym, times), page));

/// The same in one state.
static IN_STATE: HotRead<event::Entity, (String, Times, Page), Listed> =
    HotRead::new(|gym, (status, times, page)| in_order(between(gym, times).filter(E::Status.eq(status)), page));

fn between(gym: GymId, (from, until): Times) -> Select<event::Entity> {
    counted(gym).filter(E::EndTime.gte(from)).filter(E::StartTime.lte(until))
}

fn in_order(events: Select<event::Entity>, page: Page) -> Select<event::Entity> {
    events.order_by_asc(E::StartTime).order_by_asc(E::Id).offset(page.skip).limit(page.limit)
}

/// New year's midnight of a year in which there are no events, before them all or after.
fn bound(year: i32) -> DateTime<Utc> {
    NaiveDate::from_ymd_opt(year, 1, 1).unwrap_or_default().and_time(NaiveTime::MIN).and_utc()
}

/// Which events a list shows: those for which everything that is said holds (EVT-3).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EventFilter {
    pub status: Option<EventStatus>,
    /// Not over before this instant.
    pub ends_from: Option<DateTime<Utc>>,
    /// Begun by this instant.
    pub starts_until: Option<DateTime<Utc>>,
    pub title_contains: Option<String>,
    pub location_contains: Option<String>,
    pub created_by: Option<UserId>,
    /// Only those with a free seat.
    pub only_available: bool,
}

#[cfg_attr(feature = "testing", mockall::automock)]
#[async_trait]
pub trait EventQueries: Send + Sync {
    /// By start, then id.
    async fn listed(&self, conn: &Conn, gym: GymId, filter: &EventFilter, page: Page) -> Result<Vec<Listed>>;
    async fn one(&self, conn: &Conn, gym: GymId, event: EventId) -> Result<Option<Listed>>;
    /// Everybody who ever took part, whatever became of it, by the time of joining, then id.
    async fn participants(&self, conn: &Conn, gym: GymId, event: EventId) -> Result<Vec<participation::Model>>;
    /// The members whose part is in one of these states, by id.
    async fn members(
        &self,
        conn: &Conn,
        gym: GymId,
        event: EventId,
        states: &[EventParticipationStatus],
    ) -> Result<Vec<UserId>>;
    /// Whether somebody wants to come.
    async fn is_wanted(&self, conn: &Conn, gym: GymId, event: EventId) -> Result<bool>;
    /// Whether nothing hangs from it: no participation, in whatever state, and no chat (EVT-31).
    async fn is_bare(&self, conn: &Conn, gym: GymId, event: EventId) -> Result<bool>;
    /// The event, held as firmly as its removal holds it: nothing can be hung from it meanwhile.
    async fn hold_to_remove(&self, conn: &Conn, gym: GymId, event: EventId) -> Result<Option<event::Model>>;
}

/// How many have a seat in the event of the outer statement.
fn seated(gym: GymId) -> SelectStatement {
    scope::select::<participation::Entity>(gym)
        .select_only()
        .expr(Expr::col((participation::Entity, P::Id)).count())
        .filter(Expr::col((participation::Entity, P::EventId)).equals((event::Entity, E::Id)))
        .filter(P::Status.eq(EventParticipationStatus::Registered))
        .into_query()
}

pub(super) fn counted(gym: GymId) -> Select<event::Entity> {
    scope::select::<event::Entity>(gym).expr_as(SimpleExpr::from(seated(gym)), "participants_count")
}

impl EventFilter {
    /// The instants between which it looks, when it asks for nothing else but a state.
    fn times_alone(&self) -> Option<Times> {
        let alone =
            Self { title_contains: None, location_contains: None, created_by: None, only_available: false, ..*self };
        (alone == *self).then(|| (self.ends_from.unwrap_or(bound(1)), self.starts_until.unwrap_or(bound(9999))))
    }

    fn condition(&self, gym: GymId) -> Condition {
        let available = || {
            let room = Expr::col((event::Entity, E::MaxParticipants)).gt(SimpleExpr::from(seated(gym)));
            Condition::any().add(E::MaxParticipants.eq(0)).add(room)
        };
        Condition::all()
            .add_option(self.status.map(|status| E::Status.eq(status)))
            .add_option(self.ends_from.map(|at| E::EndTime.gte(at)))
            .add_option(self.starts_until.map(|at| E::StartTime.lte(at)))
            .add_option(self.title_contains.as_deref().map(|text| contains((event::Entity, E::Title), text)))
            .add_option(self.location_contains.as_deref().map(|text| contains((event::Entity, E::Location), text)))
            .add_option(self.created_by.map(|user| E::CreatorId.eq(user)))
            .add_option(self.only_available.then(available))
    }
}

fn of_event(gym: GymId, event: EventId) -> Select<participation::Entity> {
    scope::select::<participation::Entity>(gym).filter(P::EventId.eq(event))
}

#[async_trait]
impl EventQueries for SeaEvents {
    async fn listed(&self, conn: &Conn, gym: GymId, filter: &EventFilter, page: Page) -> Result<Vec<Listed>> {
        match (filter.times_alone(), filter.status) {
            (Some(times), None) => BETWEEN.all(conn, gym, (times, page)).await,
            (Some(times), Some(status)) => IN_STATE.all(conn, gym, (status.to_value(), times, page)).await,
            (None, _) => {
                let rows = in_order(counted(gym).filter(filter.condition(gym)), page);
                Ok(rows.into_model().all(&conn.executor()?).await?)
            }
        }
    }

    async fn one(&self, conn: &Conn, gym: GymId, event: EventId) -> Result<Option<Listed>> {
        Ok(counted(gym).filter(E::Id.eq(event)).into_model().one(&conn.executor()?).await?)
    }

    async fn participants(&self, conn: &Conn, gym: GymId, event: EventId) -> Result<Vec<participation::Model>> {
        let rows = of_event(gym, event).order_by_asc(P::RegisteredAt).order_by_asc(P::Id);
        Ok(rows.all(&conn.executor()?).await?)
    }

    async fn members(
        &self,
        conn: &Conn,
        gym: GymId,
        event: EventId,
        states: &[EventParticipationStatus],
    ) -> Result<Vec<UserId>> {
        let members = of_event(gym, event)
            .select_only()
            .column(P::MemberId)
            .filter(P::Status.is_in(states.iter().copied()))
            .order_by_asc(P::MemberId);
        Ok(members.into_tuple().all(&conn.executor()?).await?)
    }

    async fn is_wanted(&self, conn: &Conn, gym: GymId, event: EventId) -> Result<bool> {
        let one = of_event(gym, event)
            .select_only()
            .column(P::MemberId)
            .filter(P::Status.is_in(EventParticipationStatus::ACTIVE))
            .limit(1);
        Ok(one.into_tuple::<UserId>().one(&conn.executor()?).await?.is_some())
    }

    async fn is_bare(&self, conn: &Conn, gym: GymId, event: EventId) -> Result<bool> {
        let joined = of_event(gym, event).select_only().column(P::EventId);
        let talked = scope::select::<room::Entity>(gym)
            .select_only()
            .column(room::Column::EventId)
            .filter(room::Column::EventId.eq(event));
        let held = scope::select::<event::Entity>(gym)
            .select_only()
            .column(E::Id)
            .filter(E::Id.eq(event))
            .filter(E::Id.in_subquery(joined.into_query()).or(E::Id.in_subquery(talked.into_query())));
        Ok(held.into_tuple::<EventId>().one(&conn.executor()?).await?.is_none())
    }

    async fn hold_to_remove(&self, conn: &Conn, gym: GymId, event: EventId) -> Result<Option<event::Model>> {
        let row = scope::select::<event::Entity>(gym).filter(E::Id.eq(event)).lock(LockType::Update);
        Ok(row.one(&conn.executor()?).await?)
    }
}
