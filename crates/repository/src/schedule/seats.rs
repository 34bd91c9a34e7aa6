//! The seats of sessions, and the queues for them. Every change is made under the lock of the session's row (SCH-62).
//!
//! The order of locks, everywhere: a membership, then classes, then sessions by id. Rows of bookings and queues are
//! written only under their session's lock and need none of their own.
use super::{
    seat_state::{SeatState, Standing, theirs},
    waitlist::{place_of, waiting},
};
use crate::{Conn, Result, scope};
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use domain::{
    ClassId, GymId, SessionId, UserId,
    identity::{GymRole, membership},
    kernel::time,
    schedule::{
        cancellation, class,
        participation::{self, Column as P, ParticipationStatus},
        session::{self, Column as S, SessionStatus},
        settings,
        waitlist::{self, Column as W, WaitlistStatus},
    },
};
use sea_orm::{
    ActiveEnum,
    ActiveValue::Set,
    ColumnTrait, EntityTrait, ExprTrait, JoinType, QueryFilter, QueryOrder, QuerySelect, QueryTrait, RelationDef,
    sea_query::{Expr, Func, LockBehavior, LockType, OnConflict, SelectStatement, SimpleExpr},
};
use std::{collections::HashMap, ops::Range};

#[cfg_attr(feature = "testing", mockall::automock)]
#[async_trait]
pub trait Seats: Send + Sync {
    /// A person's membership, held so that it cannot end meanwhile. Other changes of the row go on.
    async fn hold_membership(&self, conn: &Conn, gym: GymId, user: UserId) -> Result<Option<membership::Model>>;
    /// The standing of those of these people who belong to the gym, held likewise. Who is just leaving does not: their
    /// departure waits for this session, and must not be waited for.
    async fn hold_members(&self, conn: &Conn, gym: GymId, users: &[UserId]) -> Result<HashMap<UserId, Standing>>;
    /// The session, locked.
    async fn hold(&self, conn: &Conn, gym: GymId, session: SessionId) -> Result<Option<session::Model>>;
    /// Those of these sessions that exist, locked in the order of their ids.
    async fn hold_all(&self, conn: &Conn, gym: GymId, sessions: &[SessionId]) -> Result<Vec<session::Model>>;
    /// The sessions of a class to come, locked in the order of their ids (SCH-43). Those with seats of their own are
    /// among them: one may be about to lose these, and who changes it has seen the class as it was.
    async fn hold_of_class(
        &self,
        conn: &Conn,
        gym: GymId,
        class: ClassId,
        now: DateTime<Utc>,
    ) -> Result<Vec<session::Model>>;
    /// The `scheduled` sessions that start within these instants, locked likewise (SCH-34).
    async fn hold_starting_between(
        &self,
        conn: &Conn,
        gym: GymId,
        within: Range<DateTime<Utc>>,
    ) -> Result<Vec<session::Model>>;
    /// The sessions to come in which this person has a booking or a place in the queue, locked likewise (SCH-79).
    async fn hold_of_member(
        &self,
        conn: &Conn,
        gym: GymId,
        member: UserId,
        now: DateTime<Utc>,
    ) -> Result<Vec<session::Model>>;
    /// Seats and queues of held sessions, and one member's part in them.
    async fn state(
        &self,
        conn: &Conn,
        gym: GymId,
        sessions: &[SessionId],
        member: Option<UserId>,
    ) -> Result<Vec<SeatState>>;
    /// Moves held sessions to another state.
    async fn set_status(&self, conn: &Conn, gym: GymId, sessions: &[SessionId], to: SessionStatus) -> Result<()>;
    /// Gives seats: makes a row, or takes up one that took none, in `status` (SCH-70, ATT-12, ATT-13).
    async fn seat(
        &self,
        conn: &Conn,
        gym: GymId,
        who: &[(SessionId, UserId)],
        status: ParticipationStatus,
        at: DateTime<Utc>,
    ) -> Result<Vec<participation::Model>>;
    /// Changes a member's row, if it is still in one of these states; `None` when it is not (SCH-88).
    async fn change(
        &self,
        conn: &Conn,
        gym: GymId,
        of: (SessionId, UserId),
        from: &[ParticipationStatus],
        to: participation::Update,
    ) -> Result<Option<participation::Model>>;
    /// Cancels the bookings of these sessions, everybody's or one member's, and returns them.
    async fn cancel_booked(
        &self,
        conn: &Conn,
        gym: GymId,
        sessions: &[SessionId],
        member: Option<UserId>,
        reason: &str,
        at: DateTime<Utc>,
    ) -> Result<Vec<participation::Model>>;
    /// Keeps who cancelled what (SCH-77).
    async fn record(&self, conn: &Conn, gym: GymId, cancellations: Vec<cancellation::Create>) -> Result<()>;
    /// Writes the number of seats taken into held sessions, as their rows say (SCH-61).
    async fn recount(&self, conn: &Conn, gym: GymId, sessions: &[SessionId]) -> Result<()>;
    /// The same for one session whose rows were counted since it is held.
    async fn count(&self, conn: &Conn, gym: GymId, session: SessionId, occupied: i64) -> Result<()>;
}

#[derive(Clone, Copy, Debug, Default)]
pub struct SeaSeats;

pub(super) fn session_class() -> RelationDef {
    session::Entity::belongs_to(class::Entity)
        .from((S::GymId, S::ClassId))
        .to((class::Column::GymId, class::Column::Id))
        .into()
}

pub(super) fn session_settings() -> RelationDef {
    session::Entity::belongs_to(settings::Entity).from(S::GymId).to(settings::Column::GymId).into()
}

/// How many seats a session has, of a statement that joins its class (SCH-60).
pub(super) fn capacity() -> SimpleExpr {
    Func::coalesce([
        Expr::col((session::Entity, S::OverrideCapacity)),
        Expr::col((class::Entity, class::Column::MaxCapacity)),
    ])
    .into()
}

/// How many rows of a session take a seat. Of the gym of the outer statement.
pub(super) fn occupied(gym: GymId) -> SelectStatement {
    occupied_of(scope::select::<participation::Entity>(gym))
}

/// The same for sessions of any gym: a session's rows are of its gym.
#[allow(clippy::disallowed_methods)] // for what the clock does, over all gyms
pub(super) fn occupied_anywhere() -> SelectStatement {
    occupied_of(participation::Entity::find())
}

fn occupied_of(rows: sea_orm::Select<participation::Entity>) -> SelectStatement {
    rows.select_only()
        .column_as(P::Id.count(), "n")
        .filter(Expr::col((participation::Entity, P::SessionId)).equals((session::Entity, S::Id)))
        .filter(P::Status.is_in(ParticipationStatus::SEATED))
        .into_query()
}

async fn held(conn: &Conn, sessions: sea_orm::Select<session::Entity>) -> Result<Vec<session::Model>> {
    Ok(sessions.order_by_asc(S::Id).lock(LockType::NoKeyUpdate).all(&conn.executor()?).await?)
}

#[async_trait]
impl Seats for SeaSeats {
    async fn hold_membership(&self, conn: &Conn, gym: GymId, user: UserId) -> Result<Option<membership::Model>> {
        let row = scope::select::<membership::Entity>(gym).filter(membership::Column::UserId.eq(user));
        Ok(row.lock(LockType::KeyShare).one(&conn.executor()?).await?)
    }

    async fn hold_members(&self, conn: &Conn, gym: GymId, users: &[UserId]) -> Result<HashMap<UserId, Standing>> {
        use membership::Column as M;
        let found = scope::select::<membership::Entity>(gym)
            .select_only()
            .columns([M::UserId, M::Role, M::IsActive, M::MembershipExpiresAt])
            .filter(M::UserId.is_in(users.iter().copied()))
            .lock_with_behavior(LockType::KeyShare, LockBehavior::SkipLocked);
        let found = found.into_tuple::<(UserId, GymRole, bool, Option<DateTime<Utc>>)>().all(&conn.executor()?).await?;
        let standing = |(user, role, is_active, expires_at)| (user, Standing { role, is_active, expires_at });
        Ok(found.into_iter().map(standing).collect())
    }

    async fn hold(&self, conn: &Conn, gym: GymId, session: SessionId) -> Result<Option<session::Model>> {
        Ok(held(conn, scope::select::<session::Entity>(gym).filter(S::Id.eq(session))).await?.pop())
    }

    async fn hold_all(&self, conn: &Conn, gym: GymId, sessions: &[SessionId]) -> Result<Vec<session::Model>> {
        held(conn, scope::select::<session::Entity>(gym).filter(S::Id.is_in(sessions.iter().copied()))).await
    }

    async fn hold_of_class(
        &self,
        conn: &Conn,
        gym: GymId,
        class: ClassId,
        now: DateTime<Utc>,
    ) -> Result<Vec<session::Model>> {
        let to_come = scope::select::<session::Entity>(gym)
            .filter(S::ClassId.eq(class))
            .filter(S::StartTime.gt(now))
            .filter(S::Status.eq(SessionStatus::Scheduled));
        held(conn, to_come).await
    }

    async fn hold_starting_between(
        &self,
        conn: &Conn,
        gym: GymId,
        within: Range<DateTime<Utc>>,
    ) -> Result<Vec<session::Model>> {
        let starting = scope::select::<session::Entity>(gym)
            .filter(S::StartTime.gte(within.start))
            .filter(S::StartTime.lt(within.end))
            .filter(S::Status.eq(SessionStatus::Scheduled));
        held(conn, starting).await
    }

    async fn hold_of_member(
        &self,
        conn: &Conn,
        gym: GymId,
        member: UserId,
        now: DateTime<Utc>,
    ) -> Result<Vec<session::Model>> {
        let booked = scope::select::<participation::Entity>(gym)
            .select_only()
            .column(P::SessionId)
            .filter(P::MemberId.eq(member))
            .filter(P::Status.eq(ParticipationStatus::Registered));
        let waits = scope::select::<waitlist::Entity>(gym)
            .select_only()
            .column(W::SessionId)
            .filter(W::MemberId.eq(member))
            .filter(W::Status.eq(WaitlistStatus::Waiting));
        let theirs = S::Id.in_subquery(booked.into_query()).or(S::Id.in_subquery(waits.into_query()));
        held(conn, scope::select::<session::Entity>(gym).filter(S::StartTime.gt(now)).filter(theirs)).await
    }

    async fn state(
        &self,
        conn: &Conn,
        gym: GymId,
        sessions: &[SessionId],
        member: Option<UserId>,
    ) -> Result<Vec<SeatState>> {
        use settings::Column as T;
        let member = member.unwrap_or(UserId(0)); // nobody's
        let own = scope::select::<participation::Entity>(gym)
            .select_only()
            .column(P::Status)
            .filter(Expr::col((participation::Entity, P::SessionId)).equals((session::Entity, S::Id)))
            .filter(P::MemberId.eq(member));
        let state = scope::select::<session::Entity>(gym)
            .select_only()
            .column_as(S::Id, "session_id")
            .join(JoinType::InnerJoin, session_class())
            .column_as(class::Column::MaxCapacity, "class_capacity")
            .expr_as(SimpleExpr::from(occupied(gym)), "occupied")
            .expr_as(SimpleExpr::from(waiting(gym)), "waiting")
            .expr_as(SimpleExpr::from(own.into_query()), "own")
            .expr_as(SimpleExpr::from(place_of(gym, member)), "own_place")
            .join(JoinType::LeftJoin, session_settings())
            .columns([
                T::LateCancelMinutes,
                T::BookingOpensHours,
                T::WaitlistEnabled,
                T::WaitlistMaxSize,
                T::WaitlistCutoffMinutes,
                T::SessionOverlapPolicy,
                T::AutoNoShow,
                T::RequireActiveMembership,
            ])
            .filter(S::Id.is_in(sessions.iter().copied()))
            .order_by_asc(S::Id);
        Ok(state.into_model().all(&conn.executor()?).await?)
    }

    async fn set_status(&self, conn: &Conn, gym: GymId, sessions: &[SessionId], to: SessionStatus) -> Result<()> {
        scope::update::<session::Entity>(gym)
            .col_expr(S::Status, Expr::value(to.to_value()))
            .col_expr(S::UpdatedAt, Expr::value(time::now()))
            .filter(S::Id.is_in(sessions.iter().copied()))
            .exec(&conn.executor()?)
            .await?;
        Ok(())
    }

    async fn seat(
        &self,
        conn: &Conn,
        gym: GymId,
        who: &[(SessionId, UserId)],
        status: ParticipationStatus,
        at: DateTime<Utc>,
    ) -> Result<Vec<participation::Model>> {
        if who.is_empty() {
            return Ok(Vec::new());
        }
        let attended = (status == ParticipationStatus::Attended).then_some(at);
        let now = time::now();
        let rows = who.iter().map(|(session, member)| participation::ActiveModel {
            gym_id: Set(gym),
            session_id: Set(*session),
            member_id: Set(*member),
            status: Set(status),
            registration_time: Set(at),
            attendance_time: Set(attended),
            cancellation_time: Set(None),
            cancellation_reason: Set(None),
            created_at: Set(now),
            updated_at: Set(now),
            ..Default::default()
        });
        // a row that was cancelled or missed is taken up again; what was cancelled stays in `class_cancellation`
        let taken_up = [
            P::Status,
            P::RegistrationTime,
            P::AttendanceTime,
            P::CancellationTime,
            P::CancellationReason,
            P::UpdatedAt,
        ];
        let again = OnConflict::columns([P::SessionId, P::MemberId]).update_columns(taken_up).to_owned();
        let seated = participation::Entity::insert_many(rows).on_conflict(again);
        Ok(seated.exec_with_returning(&conn.executor()?).await?)
    }

    async fn change(
        &self,
        conn: &Conn,
        gym: GymId,
        of: (SessionId, UserId),
        from: &[ParticipationStatus],
        to: participation::Update,
    ) -> Result<Option<participation::Model>> {
        let mut values = sea_orm::IntoActiveModel::into_active_model(to);
        values.updated_at = Set(time::now());
        let changed = scope::update::<participation::Entity>(gym)
            .set(values)
            .filter(P::SessionId.eq(of.0))
            .filter(P::MemberId.eq(of.1))
            .filter(P::Status.is_in(from.iter().copied()))
            .exec_with_returning(&conn.executor()?)
            .await?;
        Ok(changed.into_iter().next())
    }

    async fn cancel_booked(
        &self,
        conn: &Conn,
        gym: GymId,
        sessions: &[SessionId],
        member: Option<UserId>,
        reason: &str,
        at: DateTime<Utc>,
    ) -> Result<Vec<participation::Model>> {
        let cancelled = scope::update::<participation::Entity>(gym)
            .col_expr(P::Status, Expr::value(ParticipationStatus::Cancelled.to_value()))
            .col_expr(P::CancellationTime, Expr::value(at))
            .col_expr(P::CancellationReason, Expr::value(reason))
            .col_expr(P::UpdatedAt, Expr::value(time::now()))
            .filter(theirs((P::SessionId, sessions), (P::MemberId, member)))
            .filter(P::Status.eq(ParticipationStatus::Registered));
        Ok(cancelled.exec_with_returning(&conn.executor()?).await?)
    }

    async fn record(&self, conn: &Conn, gym: GymId, cancellations: Vec<cancellation::Create>) -> Result<()> {
        if cancellations.is_empty() {
            return Ok(());
        }
        let now = time::now();
        let rows = cancellations.into_iter().map(|c| cancellation::ActiveModel {
            gym_id: Set(gym),
            created_at: Set(now),
            updated_at: Set(now),
            ..sea_orm::IntoActiveModel::into_active_model(c)
        });
        cancellation::Entity::insert_many(rows).exec_without_returning(&conn.executor()?).await?;
        Ok(())
    }

    async fn recount(&self, conn: &Conn, gym: GymId, sessions: &[SessionId]) -> Result<()> {
        scope::update::<session::Entity>(gym)
            .col_expr(S::CurrentParticipants, SimpleExpr::from(occupied(gym)))
            .filter(S::Id.is_in(sessions.iter().copied()))
            .exec(&conn.executor()?)
            .await?;
        Ok(())
    }

    async fn count(&self, conn: &Conn, gym: GymId, session: SessionId, occupied: i64) -> Result<()> {
        scope::update::<session::Entity>(gym)
            .col_expr(S::CurrentParticipants, Expr::value(occupied))
            .filter(S::Id.eq(session))
            .exec(&conn.executor()?)
            .await?;
        Ok(())
    }
}
