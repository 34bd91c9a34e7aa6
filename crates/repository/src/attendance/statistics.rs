//! What is counted of one member's classes. Every figure is one statement, however much was attended.
use crate::{Conn, Result, scope};
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use domain::{
    AchievementId, GymId, UserId,
    attendance::{
        achievement::{self, AchievementType},
        period::Period,
    },
    identity::membership,
    schedule::{
        class::{self, Column as K},
        participation::{self, Column as P, ParticipationStatus},
        session::{self, Column as S, SessionStatus},
    },
};
use sea_orm::{
    ColumnTrait, Condition, EntityTrait, FromQueryResult, JoinType, QueryFilter, QueryOrder, QuerySelect, RelationDef,
    Select,
    sea_query::{Expr, ExprTrait, SimpleExpr},
};
use std::collections::BTreeMap;

/// Whose classes of which time are counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    pub user: UserId,
    /// Of the sessions' starts.
    pub period: Period,
    /// A booking whose session had ended by then counts as attended, where a gym keeps no attendance (ATT-39).
    pub assumed_by: Option<DateTime<Utc>>,
}

/// The classes of a period, and of the one before it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, FromQueryResult)]
pub struct Totals {
    /// Booked or attended.
    pub scheduled: i64,
    pub attended: i64,
    /// Of the classes attended; none when there are none.
    minutes: Option<i64>,
    pub attended_before: i64,
    minutes_before: Option<i64>,
}

impl Totals {
    pub fn minutes(&self) -> i64 {
        self.minutes.unwrap_or_default()
    }
    pub fn minutes_before(&self) -> i64 {
        self.minutes_before.unwrap_or_default()
    }
}

/// What was attended lately.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, FromQueryResult)]
pub struct Recent {
    /// The greatest time of a check-in (ATT-21).
    pub last: Option<DateTime<Utc>>,
    pub attended: i64,
    minutes: Option<i64>,
}

impl Recent {
    pub fn minutes(&self) -> i64 {
        self.minutes.unwrap_or_default()
    }
}

/// Something earned, in short. Its rarity is left out: rows that were taken over may hold one that nobody knows.
#[derive(Clone, Debug, PartialEq, FromQueryResult)]
pub struct EarnedInShort {
    pub id: AchievementId,
    pub achievement_type: AchievementType,
    pub title: String,
    pub description: String,
    pub icon: String,
    pub earned_at: DateTime<Utc>,
}

/// A class to come.
#[derive(Clone, Debug, PartialEq, Eq, FromQueryResult)]
pub struct NextClass {
    pub name: String,
    pub start_time: DateTime<Utc>,
}

#[cfg_attr(feature = "testing", mockall::automock)]
#[async_trait]
pub trait Statistics: Send + Sync {
    /// What was booked and attended in the window, and in the period before it (ATT-39, ATT-48).
    async fn totals(&self, conn: &Conn, gym: GymId, window: Window) -> Result<Totals>;
    /// How many classes of each name were attended, in the window or ever.
    async fn by_class(
        &self,
        conn: &Conn,
        gym: GymId,
        user: UserId,
        window: Option<Window>,
    ) -> Result<BTreeMap<String, i64>>;
    /// When the classes attended in the window began, and how many at each time.
    async fn starts(&self, conn: &Conn, gym: GymId, window: Window) -> Result<BTreeMap<DateTime<Utc>, i64>>;
    /// The last check-in, and what was attended from `since` on (ATT-20, ATT-34).
    async fn recent(&self, conn: &Conn, gym: GymId, user: UserId, since: DateTime<Utc>) -> Result<Recent>;
    /// The first session to come that the member has a seat in (ATT-33).
    async fn next_class(&self, conn: &Conn, gym: GymId, user: UserId, now: DateTime<Utc>) -> Result<Option<NextClass>>;
    /// What was earned within a period, or ever; the newest first, at most `limit` (ATT-31, ATT-49).
    async fn earned(
        &self,
        conn: &Conn,
        gym: GymId,
        user: UserId,
        period: Option<Period>,
        limit: u64,
    ) -> Result<Vec<EarnedInShort>>;
    /// Who opened their gym's app last, over all active gyms, from `since` on.
    async fn latest_visitors(&self, conn: &Conn, since: DateTime<Utc>, limit: u64) -> Result<Vec<(GymId, UserId)>>;
}

#[derive(Clone, Copy, Debug, Default)]
pub struct SeaStatistics;

pub(super) fn participation_session() -> RelationDef {
    participation::Entity::belongs_to(session::Entity).from((P::GymId, P::SessionId)).to((S::GymId, S::Id)).into()
}

pub(super) fn session_class() -> RelationDef {
    session::Entity::belongs_to(class::Entity).from((S::GymId, S::ClassId)).to((K::GymId, K::Id)).into()
}

/// A member's part in sessions, with these and their classes.
fn parts(gym: GymId, user: UserId) -> Select<participation::Entity> {
    scope::select::<participation::Entity>(gym)
        .select_only()
        .join(JoinType::InnerJoin, participation_session())
        .join(JoinType::InnerJoin, session_class())
        .filter(P::MemberId.eq(user))
}

fn attended(assumed_by: Option<DateTime<Utc>>) -> Condition {
    let assumed = |by| Condition::all().add(P::Status.eq(ParticipationStatus::Registered)).add(S::EndTime.lte(by));
    Condition::any().add(P::Status.eq(ParticipationStatus::Attended)).add_option(assumed_by.map(assumed))
}

fn within(period: Period) -> Condition {
    Condition::all().add(S::StartTime.gte(period.start)).add(S::StartTime.lt(period.end))
}

/// COUNT and SUM pass over the NULL of a CASE without ELSE.
fn count(condition: Condition) -> SimpleExpr {
    Expr::Case(Box::new(Expr::case(condition, 1))).count()
}

fn minutes(condition: Condition) -> SimpleExpr {
    Expr::Case(Box::new(Expr::case(condition, Expr::col((class::Entity, K::Duration))))).sum()
}

/// The instant of ATT-20.
pub(super) fn attended_at() -> SimpleExpr {
    Expr::col((participation::Entity, P::AttendanceTime)).if_null(Expr::col((session::Entity, S::StartTime)))
}

#[async_trait]
impl Statistics for SeaStatistics {
    async fn totals(&self, conn: &Conn, gym: GymId, window: Window) -> Result<Totals> {
        let before = window.period.before();
        let now = || Condition::all().add(within(window.period));
        let then = || Condition::all().add(within(before)).add(attended(window.assumed_by));
        let both = Period { start: before.start, end: window.period.end };
        let totals = parts(gym, window.user)
            .column_as(count(now()), "scheduled")
            .column_as(count(now().add(attended(window.assumed_by))), "attended")
            .column_as(minutes(now().add(attended(window.assumed_by))), "minutes")
            .column_as(count(then()), "attended_before")
            .column_as(minutes(then()), "minutes_before")
            .filter(P::Status.is_in(ParticipationStatus::SEATED))
            .filter(within(both));
        Ok(totals.into_model().one(&conn.executor()?).await?.unwrap_or_default())
    }

    async fn by_class(
        &self,
        conn: &Conn,
        gym: GymId,
        user: UserId,
        window: Option<Window>,
    ) -> Result<BTreeMap<String, i64>> {
        let names = parts(gym, user)
            .column(K::Name)
            .column_as(P::Id.count(), "n")
            .filter(attended(window.and_then(|w| w.assumed_by)))
            .filter(Condition::all().add_option(window.map(|w| within(w.period))))
            .group_by(K::Name);
        let names: Vec<(String, i64)> = names.into_tuple().all(&conn.executor()?).await?;
        Ok(names.into_iter().collect())
    }

    async fn starts(&self, conn: &Conn, gym: GymId, window: Window) -> Result<BTreeMap<DateTime<Utc>, i64>> {
        let starts = parts(gym, window.user)
            .column(S::StartTime)
            .column_as(P::Id.count(), "n")
            .filter(attended(window.assumed_by))
            .filter(within(window.period))
            .group_by(S::StartTime);
        let starts: Vec<(DateTime<Utc>, i64)> = starts.into_tuple().all(&conn.executor()?).await?;
        Ok(starts.into_iter().collect())
    }

    async fn recent(&self, conn: &Conn, gym: GymId, user: UserId, since: DateTime<Utc>) -> Result<Recent> {
        let lately = || Condition::all().add(attended_at().gte(since));
        let recent = parts(gym, user)
            .column_as(P::AttendanceTime.max(), "last")
            .column_as(count(lately()), "attended")
            .column_as(minutes(lately()), "minutes")
            .filter(P::Status.eq(ParticipationStatus::Attended));
        Ok(recent.into_model().one(&conn.executor()?).await?.unwrap_or_default())
    }

    async fn next_class(&self, conn: &Conn, gym: GymId, user: UserId, now: DateTime<Utc>) -> Result<Option<NextClass>> {
        let next = parts(gym, user)
            .column(K::Name)
            .column(S::StartTime)
            .filter(P::Status.eq(ParticipationStatus::Registered))
            .filter(S::Status.eq(SessionStatus::Scheduled))
            .filter(S::StartTime.gt(now))
            .order_by_asc(S::StartTime)
            .order_by_asc(S::Id)
            .limit(1);
        Ok(next.into_model().one(&conn.executor()?).await?)
    }

    async fn earned(
        &self,
        conn: &Conn,
        gym: GymId,
        user: UserId,
        period: Option<Period>,
        limit: u64,
    ) -> Result<Vec<EarnedInShort>> {
        use achievement::Column as A;
        let within = |p: Period| Condition::all().add(A::EarnedAt.gte(p.start)).add(A::EarnedAt.lte(p.end));
        let earned = scope::select::<achievement::Entity>(gym)
            .select_only()
            .columns([A::Id, A::AchievementType, A::Title, A::Description, A::Icon, A::EarnedAt])
            .filter(A::UserId.eq(user))
            .filter(Condition::all().add_option(period.map(within)))
            .order_by_desc(A::EarnedAt)
            .order_by_desc(A::Id)
            .limit(limit);
        Ok(earned.into_model().all(&conn.executor()?).await?)
    }

    #[allow(clippy::disallowed_methods, reason = "the platform's clock looks over all gyms")]
    async fn latest_visitors(&self, conn: &Conn, since: DateTime<Utc>, limit: u64) -> Result<Vec<(GymId, UserId)>> {
        use domain::identity::gym;
        use membership::{Column as M, Entity};
        let latest = Entity::find()
            .select_only()
            .columns([M::GymId, M::UserId])
            .join(JoinType::InnerJoin, Entity::belongs_to(gym::Entity).from(M::GymId).to(gym::Column::Id).into())
            .filter(gym::Column::IsActive.eq(true))
            .filter(M::LastAppAccess.gte(since))
            .order_by_desc(M::LastAppAccess)
            .order_by_asc(M::Id)
            .limit(limit);
        Ok(latest.into_tuple().all(&conn.executor()?).await?)
    }
}
