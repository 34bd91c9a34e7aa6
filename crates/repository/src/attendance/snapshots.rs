//! The figures of many members on one day (specification of attendance, §7).
use super::{
    health::latest,
    statistics::{attended_at, participation_session, session_class},
};
use crate::{Conn, Result, scope};
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use domain::{
    GymId, UserId,
    attendance::{
        health_record::Column as H,
        health_snapshot::{ActiveModel, Column as C, Create, Entity},
    },
    identity::{
        gym,
        membership::{self, Column as M},
        user::{self, Column as U},
    },
    kernel::time,
    schedule::{
        class::Column as K,
        participation::{self, Column as P, ParticipationStatus},
    },
};
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, Condition, EntityTrait, FromQueryResult, IntoActiveModel, JoinType, QueryFilter, QueryOrder,
    QuerySelect, QueryTrait,
    sea_query::{Expr, ExprTrait, OnConflict, SimpleExpr},
};
use std::collections::BTreeMap;

/// A member who did something lately, and what they measured last.
#[derive(Clone, Debug, PartialEq, FromQueryResult)]
pub struct ActiveMember {
    pub user_id: UserId,
    /// Centimetres.
    pub height: Option<f64>,
    /// Kilograms: as measured, else as the person says.
    pub weight: Option<f64>,
    pub body_fat_percentage: Option<f64>,
    pub muscle_mass: Option<f64>,
}

/// A class that somebody attended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromQueryResult)]
pub struct Attended {
    pub member_id: UserId,
    /// The instant of ATT-20.
    pub at: DateTime<Utc>,
    pub minutes: i32,
}

#[cfg_attr(feature = "testing", mockall::automock)]
#[async_trait]
pub trait Snapshots: Send + Sync {
    /// Active gyms and their zones.
    async fn gyms(&self, conn: &Conn) -> Result<BTreeMap<GymId, String>>;
    /// The next members after `after`, by their ids, who opened the app or attended a class from `since` on.
    async fn active_members(
        &self,
        conn: &Conn,
        gym: GymId,
        since: DateTime<Utc>,
        after: UserId,
        limit: u64,
    ) -> Result<Vec<ActiveMember>>;
    /// What these members attended from `since` on.
    async fn attended_by(
        &self,
        conn: &Conn,
        gym: GymId,
        members: &[UserId],
        since: DateTime<Utc>,
    ) -> Result<Vec<Attended>>;
    /// Writes snapshots, over those of the same day.
    async fn write(&self, conn: &Conn, gym: GymId, snapshots: Vec<Create>) -> Result<()>;
}

#[derive(Clone, Copy, Debug, Default)]
pub struct SeaSnapshots;

#[async_trait]
impl Snapshots for SeaSnapshots {
    #[allow(clippy::disallowed_methods, reason = "the platform's clock looks over all gyms")]
    async fn gyms(&self, conn: &Conn) -> Result<BTreeMap<GymId, String>> {
        let gyms = gym::Entity::find()
            .select_only()
            .columns([gym::Column::Id, gym::Column::Timezone])
            .filter(gym::Column::IsActive.eq(true));
        let gyms: Vec<(GymId, String)> = gyms.into_tuple().all(&conn.executor()?).await?;
        Ok(gyms.into_iter().collect())
    }

    async fn active_members(
        &self,
        conn: &Conn,
        gym: GymId,
        since: DateTime<Utc>,
        after: UserId,
        limit: u64,
    ) -> Result<Vec<ActiveMember>> {
        let came = scope::select::<participation::Entity>(gym)
            .select_only()
            .column(P::MemberId)
            .filter(P::Status.eq(ParticipationStatus::Attended))
            .filter(P::AttendanceTime.gte(since));
        let theirs = || Expr::col((membership::Entity, M::UserId));
        let measured = |what| SimpleExpr::from(latest(gym, what, theirs()));
        let members = scope::select::<membership::Entity>(gym)
            .select_only()
            .column(M::UserId)
            .column(U::Height)
            .join(JoinType::InnerJoin, membership::Entity::belongs_to(user::Entity).from(M::UserId).to(U::Id).into())
            .expr_as(measured(H::Weight).if_null(Expr::col((user::Entity, U::Weight))), "weight")
            .expr_as(measured(H::BodyFatPercentage), "body_fat_percentage")
            .expr_as(measured(H::MuscleMass), "muscle_mass")
            .filter(M::UserId.gt(after))
            .filter(Condition::any().add(M::LastAppAccess.gte(since)).add(M::UserId.in_subquery(came.into_query())))
            .order_by_asc(M::UserId)
            .limit(limit);
        Ok(members.into_model().all(&conn.executor()?).await?)
    }

    async fn attended_by(
        &self,
        conn: &Conn,
        gym: GymId,
        members: &[UserId],
        since: DateTime<Utc>,
    ) -> Result<Vec<Attended>> {
        let attended = scope::select::<participation::Entity>(gym)
            .select_only()
            .column(P::MemberId)
            .expr_as(attended_at(), "at")
            .column_as(K::Duration, "minutes")
            .join(JoinType::InnerJoin, participation_session())
            .join(JoinType::InnerJoin, session_class())
            .filter(P::MemberId.is_in(members.iter().copied()))
            .filter(P::Status.eq(ParticipationStatus::Attended))
            .filter(attended_at().gte(since))
            .order_by_asc(P::Id);
        Ok(attended.into_model().all(&conn.executor()?).await?)
    }

    async fn write(&self, conn: &Conn, gym: GymId, snapshots: Vec<Create>) -> Result<()> {
        if snapshots.is_empty() {
            return Ok(());
        }
        let now = time::now();
        let rows = snapshots.into_iter().map(|one| ActiveModel {
            gym_id: Set(gym),
            created_at: Set(now),
            updated_at: Set(now),
            ..one.into_active_model()
        });
        let again = OnConflict::columns([C::UserId, C::GymId, C::SnapshotDate])
            .update_columns([
                C::Weight,
                C::Bmi,
                C::BodyFatPercentage,
                C::MuscleMass,
                C::WeeklyWorkouts,
                C::CurrentStreak,
                C::ClassesAttendedWeek,
                C::TotalWorkoutMinutesWeek,
                C::SocialScore,
                C::ChatMessagesWeek,
                C::UpdatedAt,
            ])
            .to_owned();
        Entity::insert_many(rows).on_conflict(again).exec_without_returning(&conn.executor()?).await?;
        Ok(())
    }
}
