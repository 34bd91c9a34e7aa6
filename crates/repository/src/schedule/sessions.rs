//! Sessions, alone and with their classes; what is taken at a time; who booked.
use super::{SeaSessions, seats::session_class, waitlist::waiting};
use crate::{
    Conn, Page, Result,
    hot::{Columns, HotRead, HotRow, hot_row},
    scope,
};
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use domain::{
    GymId, SessionId, UserId,
    kernel::time,
    schedule::{
        category,
        class::{self, Column as C},
        lifecycle::{Occupied, Slot},
        participation::{self, Column as P, ParticipationStatus},
        session::{self, Column as S, SessionStatus},
        waitlist::{self, Column as W},
    },
};
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, Condition, DbErr, EntityTrait, ExprTrait, FromQueryResult, IntoActiveModel, JoinType, QueryFilter,
    QueryOrder, QueryResult, QuerySelect, QueryTrait, RelationDef, Select,
    sea_query::{Expr, SimpleExpr},
};
use std::{error::Error, ops::Range};

/// A session with its class and what the gym calls that kind of class, and how many wait for a seat.
#[derive(Clone, Debug, PartialEq)]
pub struct Listed {
    pub session: session::Model,
    pub class: class::Model,
    pub category: Option<category::Model>,
    pub waiting: i64,
}

/// Prefixes of the columns of the three tables.
const SESSION: &str = "s_";
const CLASS: &str = "c_";
const CATEGORY: &str = "g_";

impl FromQueryResult for Listed {
    fn from_query_result(row: &QueryResult, _: &str) -> Result<Self, DbErr> {
        Ok(Self {
            session: session::Model::from_query_result(row, SESSION)?,
            class: class::Model::from_query_result(row, CLASS)?,
            category: category::Model::from_query_result_optional(row, CATEGORY)?,
            waiting: row.try_get("", "waiting")?,
        })
    }
}

hot_row!(session::Model {
    id,
    gym_id,
    class_id,
    trainer_id,
    start_time,
    end_time,
    room,
    is_recurring,
    recurrence_pattern,
    series_id,
    status,
    current_participants,
    override_capacity,
    notes,
    reminder_sent_at,
    created_by,
    created_at,
    updated_at,
});
hot_row!(class::Model {
    id,
    gym_id,
    name,
    description,
    duration,
    max_capacity,
    difficulty_level,
    category_id,
    category_enum,
    is_active,
    created_by,
    created_at,
    updated_at,
});
hot_row!(category::Model { id, gym_id, name, description, color, icon, is_active, created_by, created_at, updated_at });

impl HotRow for Listed {
    fn names(_: &str, names: &mut Vec<String>) {
        session::Model::names(SESSION, names);
        class::Model::names(CLASS, names);
        category::Model::names(CATEGORY, names);
        names.push("waiting".to_owned());
    }
    fn read(columns: &mut Columns<'_>) -> Result<Self, Box<dyn Error + Send + Sync>> {
        Ok(Self {
            session: session::Model::read(columns)?,
            class: class::Model::read(columns)?,
            category: columns.optional()?,
            waiting: columns.take()?,
        })
    }
}

/// A member's part in a session.
#[derive(Clone, Copy, Debug, PartialEq, FromQueryResult)]
struct OwnPart {
    session_id: SessionId,
    status: ParticipationStatus,
}

hot_row!(OwnPart { session_id, status });

static UPCOMING: HotRead<session::Entity, (DateTime<Utc>, Page), Listed> =
    HotRead::new(|gym, (from, page)| in_order(with_class(gym).filter(upcoming(from)), page));

static STARTING: HotRead<session::Entity, (DateTime<Utc>, DateTime<Utc>, Page), Listed> =
    HotRead::new(|gym, (from, to, page)| {
        in_order(with_class(gym).filter(S::StartTime.gte(from)).filter(S::StartTime.lt(to)), page)
    });

static ONE: HotRead<session::Entity, SessionId, Listed> =
    HotRead::new(|gym, session| with_class(gym).filter(S::Id.eq(session)).limit(1));

static OWN: HotRead<participation::Entity, (UserId, Vec<SessionId>), OwnPart> =
    HotRead::new(|gym, (member, sessions)| {
        scope::select::<participation::Entity>(gym)
            .select_only()
            .columns([P::SessionId, P::Status])
            .filter(P::MemberId.eq(member))
            .filter(P::SessionId.is_in(sessions))
            .order_by_asc(P::SessionId)
    });

/// Which sessions a list shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Which {
    /// `scheduled`, from this instant on (SCH-56).
    Upcoming(DateTime<Utc>),
    /// Starting within these instants, in every state.
    Starting(Range<DateTime<Utc>>),
}

#[cfg_attr(feature = "testing", mockall::automock)]
#[async_trait]
pub trait SessionQueries: Send + Sync {
    /// Sessions with their classes, by start, then id, in one statement (SCH-56, SCH-59).
    async fn listed(&self, conn: &Conn, gym: GymId, which: &Which, page: Page) -> Result<Vec<Listed>>;
    /// One of them.
    async fn one(&self, conn: &Conn, gym: GymId, session: SessionId) -> Result<Option<Listed>>;
    /// A trainer's sessions, by start, then id: all, or those that are `scheduled` from an instant on (SCH-57).
    async fn of_trainer(
        &self,
        conn: &Conn,
        gym: GymId,
        trainer: UserId,
        upcoming: Option<DateTime<Utc>>,
        page: Page,
    ) -> Result<Vec<session::Model>>;
    /// A member's part in these sessions.
    async fn own(
        &self,
        conn: &Conn,
        gym: GymId,
        member: UserId,
        sessions: &[SessionId],
    ) -> Result<Vec<(SessionId, ParticipationStatus)>>;
    /// Who is `registered` for these sessions.
    async fn registered(&self, conn: &Conn, gym: GymId, sessions: &[SessionId]) -> Result<Vec<(SessionId, UserId)>>;
    /// Who has a seat in this session.
    async fn participants(&self, conn: &Conn, gym: GymId, session: SessionId) -> Result<Vec<UserId>>;
    /// Whether a held session has or had a booking, or a place in its queue (SCH-55).
    async fn was_ever_booked(&self, conn: &Conn, gym: GymId, session: SessionId) -> Result<bool>;
    /// What of the trainer's time, and with `rooms` of any room, is taken within `slot`, by others than `except`
    /// (SCH-44).
    async fn taken(
        &self,
        conn: &Conn,
        gym: GymId,
        slot: Slot,
        trainer: UserId,
        rooms: bool,
        except: Option<SessionId>,
    ) -> Result<Vec<Occupied>>;
    /// Makes all of these sessions, by one statement.
    async fn insert_all(&self, conn: &Conn, gym: GymId, sessions: Vec<session::Create>) -> Result<Vec<session::Model>>;
}

fn class_category() -> RelationDef {
    class::Entity::belongs_to(category::Entity)
        .from((C::GymId, C::CategoryId))
        .to((category::Column::GymId, category::Column::Id))
        .into()
}

fn with_class(gym: GymId) -> Select<session::Entity> {
    let select = scope::select::<session::Entity>(gym)
        .join(JoinType::InnerJoin, session_class())
        .join(JoinType::LeftJoin, class_category())
        .select_only();
    let select = scope::prefixed::<_, session::Entity>(select, SESSION);
    let select = scope::prefixed::<_, class::Entity>(select, CLASS);
    scope::prefixed::<_, category::Entity>(select, CATEGORY).expr_as(SimpleExpr::from(waiting(gym)), "waiting")
}

fn upcoming(from: DateTime<Utc>) -> Condition {
    Condition::all().add(S::Status.eq(SessionStatus::Scheduled)).add(S::StartTime.gte(from))
}

fn in_order(select: Select<session::Entity>, page: Page) -> Select<session::Entity> {
    select.order_by_asc(S::StartTime).order_by_asc(S::Id).offset(page.skip).limit(page.limit)
}

#[async_trait]
impl SessionQueries for SeaSessions {
    async fn listed(&self, conn: &Conn, gym: GymId, which: &Which, page: Page) -> Result<Vec<Listed>> {
        match which {
            Which::Upcoming(from) => UPCOMING.all(conn, gym, (*from, page)).await,
            Which::Starting(within) => STARTING.all(conn, gym, (within.start, within.end, page)).await,
        }
    }

    async fn one(&self, conn: &Conn, gym: GymId, session: SessionId) -> Result<Option<Listed>> {
        ONE.one(conn, gym, session).await
    }

    async fn of_trainer(
        &self,
        conn: &Conn,
        gym: GymId,
        trainer: UserId,
        upcoming_from: Option<DateTime<Utc>>,
        page: Page,
    ) -> Result<Vec<session::Model>> {
        let which = Condition::all().add(S::TrainerId.eq(trainer)).add_option(upcoming_from.map(upcoming));
        Ok(in_order(scope::select::<session::Entity>(gym).filter(which), page).all(&conn.executor()?).await?)
    }

    async fn own(
        &self,
        conn: &Conn,
        gym: GymId,
        member: UserId,
        sessions: &[SessionId],
    ) -> Result<Vec<(SessionId, ParticipationStatus)>> {
        let own = OWN.all(conn, gym, (member, sessions.to_vec())).await?;
        Ok(own.into_iter().map(|part| (part.session_id, part.status)).collect())
    }

    async fn registered(&self, conn: &Conn, gym: GymId, sessions: &[SessionId]) -> Result<Vec<(SessionId, UserId)>> {
        let booked = scope::select::<participation::Entity>(gym)
            .select_only()
            .columns([P::SessionId, P::MemberId])
            .filter(P::SessionId.is_in(sessions.iter().copied()))
            .filter(P::Status.eq(ParticipationStatus::Registered))
            .order_by_asc(P::SessionId)
            .order_by_asc(P::MemberId);
        Ok(booked.into_tuple().all(&conn.executor()?).await?)
    }

    async fn participants(&self, conn: &Conn, gym: GymId, session: SessionId) -> Result<Vec<UserId>> {
        let seated = scope::select::<participation::Entity>(gym)
            .select_only()
            .column(P::MemberId)
            .filter(P::SessionId.eq(session))
            .filter(P::Status.is_in(ParticipationStatus::SEATED))
            .order_by_asc(P::MemberId);
        Ok(seated.into_tuple().all(&conn.executor()?).await?)
    }

    async fn was_ever_booked(&self, conn: &Conn, gym: GymId, session: SessionId) -> Result<bool> {
        let booked = scope::select::<participation::Entity>(gym)
            .select_only()
            .column(P::SessionId)
            .filter(P::SessionId.eq(session));
        let waited =
            scope::select::<waitlist::Entity>(gym).select_only().column(W::SessionId).filter(W::SessionId.eq(session));
        let ever = scope::select::<session::Entity>(gym)
            .select_only()
            .column(S::Id)
            .filter(S::Id.eq(session))
            .filter(S::Id.in_subquery(booked.into_query()).or(S::Id.in_subquery(waited.into_query())));
        Ok(ever.into_tuple::<SessionId>().one(&conn.executor()?).await?.is_some())
    }

    async fn taken(
        &self,
        conn: &Conn,
        gym: GymId,
        slot: Slot,
        trainer: UserId,
        rooms: bool,
        except: Option<SessionId>,
    ) -> Result<Vec<Occupied>> {
        let in_the_way =
            Condition::any().add(S::TrainerId.eq(trainer)).add_option(rooms.then(|| S::Room.is_not_null()));
        let taken = scope::select::<session::Entity>(gym)
            .select_only()
            .columns([S::TrainerId, S::Room, S::StartTime, S::EndTime])
            // as a literal, so that the partial index is seen to fit
            .filter(Expr::cust("class_session.status IN ('scheduled', 'in_progress')"))
            .filter(S::EndTime.gt(slot.start))
            .filter(S::StartTime.lt(slot.end))
            .filter(in_the_way)
            .filter(Condition::all().add_option(except.map(|id| S::Id.ne(id))))
            .order_by_asc(S::StartTime)
            .order_by_asc(S::Id);
        Ok(taken.into_model().all(&conn.executor()?).await?)
    }

    async fn insert_all(&self, conn: &Conn, gym: GymId, sessions: Vec<session::Create>) -> Result<Vec<session::Model>> {
        if sessions.is_empty() {
            return Ok(Vec::new());
        }
        let now = time::now();
        let rows = sessions.into_iter().map(|new| session::ActiveModel {
            gym_id: Set(gym),
            created_at: Set(now),
            updated_at: Set(now),
            ..new.into_active_model()
        });
        Ok(session::Entity::insert_many(rows).exec_with_returning(&conn.executor()?).await?)
    }
}
