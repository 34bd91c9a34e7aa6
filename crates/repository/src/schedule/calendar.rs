//! Calendars: the addresses that open them, and what stands in them.
use super::seats::session_class;
use crate::{Conn, Result, scope};
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use domain::{
    CalendarFeedId, GymId, ParticipationId, SessionId, UserId,
    identity::{gym, membership},
    kernel::time,
    schedule::{
        calendar_feed::{ActiveModel, Column as C, Entity},
        class,
        participation::{self, Column as P, ParticipationStatus},
        session::{self, Column as S, SessionStatus},
    },
};
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, Condition, EntityTrait, FromQueryResult, JoinType, QueryFilter, QueryOrder, QuerySelect, RelationDef,
    sea_query::{Expr, ExprTrait, OnConflict},
};

/// The calendar that an address opens.
#[derive(Clone, Debug, PartialEq, FromQueryResult)]
pub struct Feed {
    pub id: CalendarFeedId,
    pub gym_id: GymId,
    /// None for the gym's own timetable.
    pub member_id: Option<UserId>,
    pub gym_name: String,
    pub address: Option<String>,
    pub timezone: String,
    pub gym_updated_at: DateTime<Utc>,
}

/// A session as a calendar shows it.
#[derive(Clone, Debug, PartialEq, FromQueryResult)]
pub struct Entry {
    pub session_id: SessionId,
    /// In a member's calendar.
    pub participation_id: Option<ParticipationId>,
    pub start_time: DateTime<Utc>,
    pub end_time: DateTime<Utc>,
    pub status: SessionStatus,
    pub room: Option<String>,
    pub name: String,
    pub description: Option<String>,
    pub updated_at: DateTime<Utc>,
    pub class_updated_at: DateTime<Utc>,
}

/// Which of a calendar's sessions: those that start at or after an instant, the earliest first, or those before it, the
/// latest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    From(DateTime<Utc>),
    Before(DateTime<Utc>),
}

#[cfg_attr(feature = "testing", mockall::automock)]
#[async_trait]
pub trait Calendars: Send + Sync {
    /// Makes the address of a member's calendar, or of the gym's (`None`), or puts this one in its place.
    async fn renew(&self, conn: &Conn, gym: GymId, member: Option<UserId>, token_hash: &str) -> Result<()>;
    /// Ends it, if there is one.
    async fn revoke(&self, conn: &Conn, gym: GymId, member: Option<UserId>) -> Result<()>;
    /// What a token opens: of an active gym, and a member's only while they belong to it.
    async fn opened_by(&self, conn: &Conn, token_hash: &str) -> Result<Option<Feed>>;
    /// The sessions of a gym, or those that a member has a seat in, or had when the gym cancelled them.
    async fn entries(
        &self,
        conn: &Conn,
        gym: GymId,
        member: Option<UserId>,
        side: Side,
        limit: u64,
    ) -> Result<Vec<Entry>>;
}

#[derive(Clone, Copy, Debug, Default)]
pub struct SeaCalendars;

fn of_gym() -> RelationDef {
    Entity::belongs_to(gym::Entity).from(C::GymId).to(gym::Column::Id).into()
}

fn of_their_membership() -> RelationDef {
    use membership::Column as M;
    Entity::belongs_to(membership::Entity).from((C::GymId, C::MemberId)).to((M::GymId, M::UserId)).into()
}

fn bookings() -> RelationDef {
    session::Entity::belongs_to(participation::Entity).from((S::GymId, S::Id)).to((P::GymId, P::SessionId)).into()
}

#[async_trait]
impl Calendars for SeaCalendars {
    async fn renew(&self, conn: &Conn, gym: GymId, member: Option<UserId>, token_hash: &str) -> Result<()> {
        let now = time::now();
        let row = ActiveModel {
            gym_id: Set(gym),
            member_id: Set(member),
            token_hash: Set(token_hash.to_owned()),
            created_at: Set(now),
            updated_at: Set(now),
            ..Default::default()
        };
        // there is one of each, by an index of its own
        let mut there_already = match member {
            Some(_) => {
                OnConflict::columns([C::GymId, C::MemberId]).target_and_where(C::MemberId.is_not_null()).to_owned()
            }
            None => OnConflict::column(C::GymId).target_and_where(C::MemberId.is_null()).to_owned(),
        };
        there_already.update_columns([C::TokenHash, C::UpdatedAt]);
        Entity::insert(row).on_conflict(there_already).exec_without_returning(&conn.executor()?).await?;
        Ok(())
    }

    async fn revoke(&self, conn: &Conn, gym: GymId, member: Option<UserId>) -> Result<()> {
        let whose = match member {
            Some(member) => C::MemberId.eq(member),
            None => C::MemberId.is_null(),
        };
        scope::delete::<Entity>(gym).filter(whose).exec(&conn.executor()?).await?;
        Ok(())
    }

    async fn opened_by(&self, conn: &Conn, token_hash: &str) -> Result<Option<Feed>> {
        #[allow(clippy::disallowed_methods)] // the token itself says which gym's it is
        let feed = Entity::find()
            .select_only()
            .columns([C::Id, C::GymId, C::MemberId])
            .join(JoinType::InnerJoin, of_gym())
            .column_as(gym::Column::Name, "gym_name")
            .columns([gym::Column::Address, gym::Column::Timezone])
            .column_as(gym::Column::UpdatedAt, "gym_updated_at")
            .join(JoinType::LeftJoin, of_their_membership())
            .filter(C::TokenHash.eq(token_hash))
            .filter(gym::Column::IsActive.eq(true))
            .filter(Condition::any().add(C::MemberId.is_null()).add(membership::Column::Id.is_not_null()));
        Ok(feed.into_model().one(&conn.executor()?).await?)
    }

    async fn entries(
        &self,
        conn: &Conn,
        gym: GymId,
        member: Option<UserId>,
        side: Side,
        limit: u64,
    ) -> Result<Vec<Entry>> {
        let mut entries = scope::select::<session::Entity>(gym)
            .select_only()
            .column_as(S::Id, "session_id")
            .columns([S::StartTime, S::EndTime, S::Status, S::Room, S::UpdatedAt])
            .join(JoinType::InnerJoin, session_class())
            .columns([class::Column::Name, class::Column::Description])
            .column_as(class::Column::UpdatedAt, "class_updated_at")
            .limit(limit);
        if let Some(member) = member {
            let seated = P::Status.is_in(ParticipationStatus::SEATED);
            let cancelled = P::Status.eq(ParticipationStatus::Cancelled).and(S::Status.eq(SessionStatus::Cancelled));
            entries = entries
                .join(JoinType::InnerJoin, bookings())
                .column_as(P::Id, "participation_id")
                .filter(P::MemberId.eq(member))
                .filter(seated.or(cancelled));
        } else {
            entries = entries.expr_as(Expr::value(Option::<i64>::None).cast_as("bigint"), "participation_id");
        }
        let entries = match side {
            Side::From(at) => entries.filter(S::StartTime.gte(at)).order_by_asc(S::StartTime).order_by_asc(S::Id),
            Side::Before(at) => entries.filter(S::StartTime.lt(at)).order_by_desc(S::StartTime).order_by_desc(S::Id),
        };
        Ok(entries.into_model().all(&conn.executor()?).await?)
    }
}
