//! Whose code was shown at the door, and for which sessions.
use crate::{Conn, Result, scope};
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use domain::{
    GymId, SessionId, UserId,
    identity::{membership, user},
    schedule::{
        class,
        participation::{self, ParticipationStatus},
        session::{self, SessionStatus},
    },
};
use sea_orm::{
    ColumnTrait, Condition, EntityTrait, FromQueryResult, JoinType, QueryFilter, QueryOrder, QuerySelect, QueryTrait,
    RelationDef,
    sea_query::{Expr, ExprTrait, IntoCondition, LockType},
};
use std::ops::RangeInclusive;

/// Which sessions are asked for.
#[derive(Clone, Debug, PartialEq)]
pub enum Wanted {
    /// This one, whenever it starts and whatever its state.
    One(SessionId),
    /// Those that start within these instants and are not cancelled.
    Starting(RangeInclusive<DateTime<Utc>>),
}

/// The person, and one of the sessions asked for; without one there is one line of the person alone.
#[derive(Clone, Debug, PartialEq, FromQueryResult)]
pub struct Scan {
    pub user_id: UserId,
    pub first_name: Option<String>,
    pub last_name: Option<String>,
    pub picture: Option<String>,
    user_active: bool,
    membership_active: bool,
    membership_expires_at: Option<DateTime<Utc>>,
    pub session_id: Option<SessionId>,
    pub start_time: Option<DateTime<Utc>>,
    pub class_name: Option<String>,
    /// The person's row in that session.
    pub own: Option<ParticipationStatus>,
}

impl Scan {
    /// Whether account and membership are active and not expired (ATT-6).
    pub fn is_active(&self, now: DateTime<Utc>) -> bool {
        self.user_active && self.membership_active && self.membership_expires_at.is_none_or(|end| end > now)
    }
}

#[cfg_attr(feature = "testing", mockall::automock)]
#[async_trait]
pub trait Scans: Send + Sync {
    /// The member of the gym whose code this is exactly (ATT-2), with the sessions asked for by start, then id; nothing
    /// when the gym has no such member. Their membership is held, so that it cannot end meanwhile.
    async fn scan(&self, conn: &Conn, gym: GymId, code: &str, wanted: Wanted) -> Result<Vec<Scan>>;
}

#[derive(Clone, Copy, Debug, Default)]
pub struct SeaScans;

fn of_membership() -> RelationDef {
    use membership::Column as M;
    membership::Entity::belongs_to(user::Entity).from(M::UserId).to(user::Column::Id).into()
}

fn sessions(wanted: Wanted) -> RelationDef {
    use session::Column as S;
    let relation: RelationDef =
        membership::Entity::belongs_to(session::Entity).from(membership::Column::GymId).to(S::GymId).into();
    relation.on_condition(move |_, sessions| {
        let column = |column: S| Expr::col((sessions.clone(), column));
        match wanted.clone() {
            Wanted::One(id) => column(S::Id).eq(id).into_condition(),
            Wanted::Starting(between) => Condition::all()
                .add(column(S::StartTime).gte(*between.start()))
                .add(column(S::StartTime).lte(*between.end()))
                .add(column(S::Status).ne(sea_orm::ActiveEnum::to_value(&SessionStatus::Cancelled))),
        }
    })
}

fn their_class() -> RelationDef {
    use {class::Column as L, session::Column as S};
    session::Entity::belongs_to(class::Entity).from((S::GymId, S::ClassId)).to((L::GymId, L::Id)).into()
}

fn own() -> RelationDef {
    use {participation::Column as P, session::Column as S};
    let relation: RelationDef =
        session::Entity::belongs_to(participation::Entity).from((S::GymId, S::Id)).to((P::GymId, P::SessionId)).into();
    relation.on_condition(|_, own| {
        Expr::col((own, P::MemberId)).equals((membership::Entity, membership::Column::UserId)).into_condition()
    })
}

#[async_trait]
impl Scans for SeaScans {
    async fn scan(&self, conn: &Conn, gym: GymId, code: &str, wanted: Wanted) -> Result<Vec<Scan>> {
        use {membership::Column as M, session::Column as S, user::Column as U};
        let mut scan = scope::select::<membership::Entity>(gym)
            .select_only()
            .join(JoinType::InnerJoin, of_membership())
            .column_as(U::Id, "user_id")
            .columns([U::FirstName, U::LastName, U::Picture])
            .column_as(U::IsActive, "user_active")
            .column_as(M::IsActive, "membership_active")
            .column(M::MembershipExpiresAt)
            .join(JoinType::LeftJoin, sessions(wanted))
            .column_as(S::Id, "session_id")
            .column(S::StartTime)
            .join(JoinType::LeftJoin, their_class())
            .column_as(class::Column::Name, "class_name")
            .join(JoinType::LeftJoin, own())
            .column_as(participation::Column::Status, "own")
            .filter(U::QrCode.eq(code))
            .order_by_asc(S::StartTime)
            .order_by_asc(S::Id);
        // of the membership alone: sessions are held one by one, and none but the one that is chosen
        QueryTrait::query(&mut scan).lock_with_tables(LockType::KeyShare, [membership::Entity]);
        Ok(scan.into_model().all(&conn.executor()?).await?)
    }
}
