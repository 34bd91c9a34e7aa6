//! When somebody attended: what days, streaks and counts are made of.
use crate::{Conn, Result, scope};
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use domain::{
    GymId, UserId,
    schedule::{
        participation::{self, Column as P, ParticipationStatus},
        session::{self, Column as S},
    },
};
use sea_orm::{ColumnTrait, Condition, EntityTrait, JoinType, QueryFilter, QueryOrder, QuerySelect, RelationDef};

#[cfg_attr(feature = "testing", mockall::automock)]
#[async_trait]
pub trait AttendedDays: Send + Sync {
    /// The instants of ATT-20, one for each class attended, from `since` on if it is given: when they were checked in,
    /// or the session's start where that is not known. In the order of the sessions. Never more than a person can
    /// attend, and so without a page.
    async fn attended(
        &self,
        conn: &Conn,
        gym: GymId,
        user: UserId,
        since: Option<DateTime<Utc>>,
    ) -> Result<Vec<DateTime<Utc>>>;
    /// When somebody was last checked in (ATT-21).
    async fn last(&self, conn: &Conn, gym: GymId, user: UserId) -> Result<Option<DateTime<Utc>>>;
}

#[derive(Clone, Copy, Debug, Default)]
pub struct SeaAttendedDays;

fn participation_session() -> RelationDef {
    participation::Entity::belongs_to(session::Entity).from((P::GymId, P::SessionId)).to((S::GymId, S::Id)).into()
}

#[async_trait]
impl AttendedDays for SeaAttendedDays {
    async fn attended(
        &self,
        conn: &Conn,
        gym: GymId,
        user: UserId,
        since: Option<DateTime<Utc>>,
    ) -> Result<Vec<DateTime<Utc>>> {
        let from = |since: DateTime<Utc>| {
            let by_start = Condition::all().add(P::AttendanceTime.is_null()).add(S::StartTime.gte(since));
            Condition::any().add(P::AttendanceTime.gte(since)).add(by_start)
        };
        let attended = scope::select::<participation::Entity>(gym)
            .select_only()
            .column(P::AttendanceTime)
            .join(JoinType::InnerJoin, participation_session())
            .column(S::StartTime)
            .filter(P::MemberId.eq(user))
            .filter(P::Status.eq(ParticipationStatus::Attended))
            .filter(Condition::all().add_option(since.map(from)))
            .order_by_asc(S::StartTime)
            .order_by_asc(P::Id);
        let attended = attended.into_tuple::<(Option<DateTime<Utc>>, DateTime<Utc>)>().all(&conn.executor()?).await?;
        Ok(attended.into_iter().map(|(checked_in, start)| checked_in.unwrap_or(start)).collect())
    }

    async fn last(&self, conn: &Conn, gym: GymId, user: UserId) -> Result<Option<DateTime<Utc>>> {
        let last = scope::select::<participation::Entity>(gym)
            .select_only()
            .column(P::AttendanceTime)
            .filter(P::MemberId.eq(user))
            .filter(P::Status.eq(ParticipationStatus::Attended))
            .filter(P::AttendanceTime.is_not_null())
            .order_by_desc(P::AttendanceTime)
            .order_by_desc(P::Id)
            .limit(1);
        Ok(last.into_tuple::<DateTime<Utc>>().one(&conn.executor()?).await?)
    }
}
