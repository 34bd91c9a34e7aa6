//! Lists of who takes part in what. Written by [`super::seats`] alone.
use super::seats::session_class;
use crate::{Conn, Page, Result, scope};
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use domain::{
    GymId, SessionId, UserId,
    identity::user,
    kernel::time,
    schedule::{
        cancellation, category, class,
        participation::{self, Column as P, Entity, ParticipationStatus},
        session::{self, Column as S, SessionStatus},
        settings,
    },
};
use sea_orm::{
    ActiveEnum, ColumnTrait, Condition, EntityTrait, ExprTrait, FromQueryResult, IdenStatic, Iterable, JoinType,
    QueryFilter, QueryOrder, QuerySelect, QueryTrait, RelationDef, Select, sea_query::Expr,
};
use std::ops::Range;

/// A member's part in a session, with the session and its class.
#[derive(Clone, Debug, PartialEq, FromQueryResult)]
pub struct Part {
    #[sea_orm(nested(prefix = "participation_"))]
    pub participation: participation::Model,
    #[sea_orm(nested(prefix = "session_"))]
    pub session: session::Model,
    #[sea_orm(nested(prefix = "class_"))]
    pub class: class::Model,
    #[sea_orm(nested(prefix = "category_"))]
    pub category: Option<category::Model>,
}

/// Somebody who takes part in a session, as far as staff see them on its list.
#[derive(Clone, Debug, PartialEq, FromQueryResult)]
pub struct Participant {
    #[sea_orm(nested(prefix = "participation_"))]
    pub participation: participation::Model,
    pub first_name: Option<String>,
    pub last_name: Option<String>,
    pub picture: Option<String>,
}

/// Of which sessions a member's parts are asked for.
#[derive(Clone, Debug, PartialEq)]
pub enum Asked {
    Sessions(Vec<SessionId>),
    /// Those that start within.
    Starting(Range<DateTime<Utc>>),
}

#[cfg_attr(feature = "testing", mockall::automock)]
#[async_trait]
pub trait Participations: Send + Sync {
    /// A member's row in a session.
    async fn own(
        &self,
        conn: &Conn,
        gym: GymId,
        session: SessionId,
        member: UserId,
    ) -> Result<Option<participation::Model>>;
    /// What a member has booked of `scheduled` sessions that start after `now`, by their start (SCH-90).
    async fn upcoming(
        &self,
        conn: &Conn,
        gym: GymId,
        member: UserId,
        now: DateTime<Utc>,
        page: Page,
    ) -> Result<Vec<Part>>;
    /// A member's parts, of any status, in sessions that started before the end of `within` and not before its
    /// beginning, the last first (SCH-91).
    async fn history(
        &self,
        conn: &Conn,
        gym: GymId,
        member: UserId,
        within: (Option<DateTime<Utc>>, DateTime<Utc>),
        page: Page,
    ) -> Result<Vec<Part>>;
    /// A member's rows, the last booked first (SCH-92).
    async fn statuses(
        &self,
        conn: &Conn,
        gym: GymId,
        member: UserId,
        asked: &Asked,
        limit: u64,
    ) -> Result<Vec<participation::Model>>;
    /// Who takes part in a session, by time of booking (SCH-93).
    async fn of_session(
        &self,
        conn: &Conn,
        gym: GymId,
        session: SessionId,
        status: Option<ParticipationStatus>,
        page: Page,
    ) -> Result<Vec<Participant>>;
    /// What was cancelled of a session, the last first.
    async fn cancelled(
        &self,
        conn: &Conn,
        gym: GymId,
        session: SessionId,
        page: Page,
    ) -> Result<Vec<cancellation::Model>>;
    /// Completed sessions after this id, of any gym that marks no-shows by itself, with bookings that nobody marked;
    /// of those that started and ended within these bounds (SCH-89).
    async fn unmarked(
        &self,
        conn: &Conn,
        after: SessionId,
        within: Range<DateTime<Utc>>,
        limit: u64,
    ) -> Result<Vec<(GymId, SessionId)>>;
    /// Turns what is still `registered` in these held sessions into no-shows, and returns the rows (SCH-89).
    async fn miss(&self, conn: &Conn, gym: GymId, sessions: &[SessionId]) -> Result<Vec<participation::Model>>;
}

#[derive(Clone, Copy, Debug, Default)]
pub struct SeaParticipationLists;

pub(super) fn participation_session() -> RelationDef {
    Entity::belongs_to(session::Entity).from((P::GymId, P::SessionId)).to((S::GymId, S::Id)).into()
}

fn class_category() -> RelationDef {
    use category::Column as K;
    class::Entity::belongs_to(category::Entity)
        .from((class::Column::GymId, class::Column::CategoryId))
        .to((K::GymId, K::Id))
        .into()
}

fn participation_member() -> RelationDef {
    Entity::belongs_to(user::Entity).from(P::MemberId).to(user::Column::Id).into()
}

/// Adds the columns of `E`, each under its name with `prefix` before it.
fn with<E: EntityTrait>(select: Select<Entity>, prefix: &str) -> Select<Entity> {
    E::Column::iter()
        .fold(select, |select, column| select.expr_as(column.into_expr(), format!("{prefix}_{}", column.as_str())))
}

/// The parts of one member, with session and class: one statement, however many they are (SCH-94).
fn parts(gym: GymId, member: UserId) -> Select<Entity> {
    let select = scope::select::<Entity>(gym)
        .select_only()
        .join(JoinType::InnerJoin, participation_session())
        .join(JoinType::InnerJoin, session_class())
        .join(JoinType::LeftJoin, class_category())
        .filter(P::MemberId.eq(member));
    let select = with::<session::Entity>(with::<Entity>(select, "participation"), "session");
    with::<category::Entity>(with::<class::Entity>(select, "class"), "category")
}

#[async_trait]
impl Participations for SeaParticipationLists {
    async fn own(
        &self,
        conn: &Conn,
        gym: GymId,
        session: SessionId,
        member: UserId,
    ) -> Result<Option<participation::Model>> {
        let row = scope::select::<Entity>(gym).filter(P::SessionId.eq(session)).filter(P::MemberId.eq(member));
        Ok(row.one(&conn.executor()?).await?)
    }

    async fn upcoming(
        &self,
        conn: &Conn,
        gym: GymId,
        member: UserId,
        now: DateTime<Utc>,
        page: Page,
    ) -> Result<Vec<Part>> {
        let upcoming = parts(gym, member)
            .filter(P::Status.eq(ParticipationStatus::Registered))
            .filter(S::Status.eq(SessionStatus::Scheduled))
            .filter(S::StartTime.gt(now))
            .order_by_asc(S::StartTime)
            .order_by_asc(S::Id)
            .offset(page.skip)
            .limit(page.limit);
        Ok(upcoming.into_model().all(&conn.executor()?).await?)
    }

    async fn history(
        &self,
        conn: &Conn,
        gym: GymId,
        member: UserId,
        within: (Option<DateTime<Utc>>, DateTime<Utc>),
        page: Page,
    ) -> Result<Vec<Part>> {
        let from = within.0.map(|from| S::StartTime.gte(from));
        let history = parts(gym, member)
            .filter(Condition::all().add_option(from))
            .filter(S::StartTime.lt(within.1))
            .order_by_desc(S::StartTime)
            .order_by_desc(P::Id)
            .offset(page.skip)
            .limit(page.limit);
        Ok(history.into_model().all(&conn.executor()?).await?)
    }

    async fn statuses(
        &self,
        conn: &Conn,
        gym: GymId,
        member: UserId,
        asked: &Asked,
        limit: u64,
    ) -> Result<Vec<participation::Model>> {
        let rows = scope::select::<Entity>(gym).filter(P::MemberId.eq(member));
        let rows = match asked {
            Asked::Sessions(ids) => rows.filter(P::SessionId.is_in(ids.iter().copied())),
            Asked::Starting(within) => rows
                .join(JoinType::InnerJoin, participation_session())
                .filter(S::StartTime.gte(within.start))
                .filter(S::StartTime.lt(within.end)),
        };
        let rows = rows.order_by_desc(P::RegistrationTime).order_by_desc(P::Id).limit(limit);
        Ok(rows.all(&conn.executor()?).await?)
    }

    async fn of_session(
        &self,
        conn: &Conn,
        gym: GymId,
        session: SessionId,
        status: Option<ParticipationStatus>,
        page: Page,
    ) -> Result<Vec<Participant>> {
        use user::Column as U;
        let rows = scope::select::<Entity>(gym)
            .select_only()
            .join(JoinType::InnerJoin, participation_member())
            .columns([U::FirstName, U::LastName, U::Picture])
            .filter(P::SessionId.eq(session))
            .filter(Condition::all().add_option(status.map(|status| P::Status.eq(status))));
        let rows = with::<Entity>(rows, "participation")
            .order_by_asc(P::RegistrationTime)
            .order_by_asc(P::Id)
            .offset(page.skip)
            .limit(page.limit);
        Ok(rows.into_model().all(&conn.executor()?).await?)
    }

    async fn cancelled(
        &self,
        conn: &Conn,
        gym: GymId,
        session: SessionId,
        page: Page,
    ) -> Result<Vec<cancellation::Model>> {
        let rows = scope::select::<cancellation::Entity>(gym)
            .filter(cancellation::Column::SessionId.eq(session))
            .order_by_desc(cancellation::Column::Id)
            .offset(page.skip)
            .limit(page.limit);
        Ok(rows.all(&conn.executor()?).await?)
    }

    /// Over all gyms: the clock's question, and nobody's request.
    #[allow(clippy::disallowed_methods)]
    async fn unmarked(
        &self,
        conn: &Conn,
        after: SessionId,
        within: Range<DateTime<Utc>>,
        limit: u64,
    ) -> Result<Vec<(GymId, SessionId)>> {
        let booked = Entity::find()
            .select_only()
            .expr(Expr::value(1))
            .filter(Expr::col((Entity, P::GymId)).equals((session::Entity, S::GymId)))
            .filter(Expr::col((Entity, P::SessionId)).equals((session::Entity, S::Id)))
            .filter(P::Status.eq(ParticipationStatus::Registered));
        let rows = session::Entity::find()
            .select_only()
            .columns([S::GymId, S::Id])
            .join(
                JoinType::InnerJoin,
                session::Entity::belongs_to(settings::Entity).from(S::GymId).to(settings::Column::GymId).into(),
            )
            .filter(settings::Column::AutoNoShow.eq(true))
            .filter(S::Status.eq(SessionStatus::Completed))
            .filter(S::StartTime.gte(within.start))
            .filter(S::EndTime.lte(within.end))
            .filter(S::Id.gt(after))
            .filter(Expr::exists(booked.into_query()))
            .order_by_asc(S::Id)
            .limit(limit);
        Ok(rows.into_tuple().all(&conn.executor()?).await?)
    }

    async fn miss(&self, conn: &Conn, gym: GymId, sessions: &[SessionId]) -> Result<Vec<participation::Model>> {
        let missed = scope::update::<Entity>(gym)
            .col_expr(P::Status, Expr::value(ParticipationStatus::NoShow.to_value()))
            .col_expr(P::UpdatedAt, Expr::value(time::now()))
            .filter(P::SessionId.is_in(sessions.iter().copied()))
            .filter(P::Status.eq(ParticipationStatus::Registered));
        Ok(missed.exec_with_returning(&conn.executor()?).await?)
    }
}
