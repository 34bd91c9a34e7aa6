//! Who of those for whom a notification was written is told at the time of its delivery.
use super::written::addressed;
use crate::{Conn, Result, scope};
use async_trait::async_trait;
use domain::{
    GymId, NotificationId, UserId,
    identity::{
        GymRole,
        membership::{self, Column as M},
        user,
    },
    notifications::{
        device,
        notification::{Channel, Model},
        preference::{self, Column as P},
        recipient::{self, Column as R},
    },
};
use sea_orm::{
    ActiveEnum, ColumnTrait, Condition, EntityTrait, ExprTrait, JoinType, QueryFilter, QueryOrder, QuerySelect, Select,
    sea_query::{Alias, Expr, Query, SelectStatement, SimpleExpr},
};

#[cfg_attr(feature = "testing", mockall::automock)]
#[async_trait]
pub trait Addressed: Send + Sync {
    /// Those to whom a notification goes now: active people (NTF-10), of a push those who are not signed out everywhere
    /// (NTF-6), of what is for members only those who are, and, where `refusable` names the kind, nobody who refused it.
    async fn to_tell(&self, conn: &Conn, notification: &Model, refusable: Option<&'static str>) -> Result<Vec<UserId>>;
    /// Everybody for whom it was written, up to a few.
    async fn all(&self, conn: &Conn, gym: GymId, notification: NotificationId) -> Result<Vec<UserId>>;
    /// The active members of a gym who are active people, of these roles, or of any.
    async fn audience(&self, conn: &Conn, gym: GymId, roles: &[GymRole]) -> Result<Vec<UserId>>;
    /// Those of the gym's active members who are active people and have one of these ids, or of these at the identity
    /// provider; with the latter (NTF-9, NTF-10).
    async fn named(
        &self,
        conn: &Conn,
        gym: GymId,
        ids: &[UserId],
        subjects: &[String],
    ) -> Result<Vec<(UserId, Option<String>)>>;
    /// Those of these people who are active and have an address, with the language that they say they read.
    async fn readers(&self, conn: &Conn, people: &[UserId]) -> Result<Vec<(UserId, Option<String>)>>;
}

#[derive(Clone, Copy, Debug, Default)]
pub struct SeaAddressed;

/// Values of one statement: databases take only so many.
const CHUNK: usize = 5000;

fn active_members(gym: GymId) -> Select<membership::Entity> {
    let person = membership::Entity::belongs_to(user::Entity).from(M::UserId).to(user::Column::Id).into();
    scope::select::<membership::Entity>(gym)
        .join(JoinType::InnerJoin, person)
        .filter(M::IsActive.eq(true))
        .filter(user::Column::IsActive.eq(true))
}

fn recipient() -> SimpleExpr {
    Expr::col((recipient::Entity, R::UserId))
}

/// Rows of another table that are the recipient's.
fn theirs<E: EntityTrait>(entity: E, user: E::Column) -> SelectStatement {
    Query::select().expr(Expr::value(1)).from(entity).and_where(Expr::col((entity, user)).eq(recipient())).to_owned()
}

fn is_active_person() -> SimpleExpr {
    let mut person = theirs(user::Entity, user::Column::Id);
    Expr::exists(person.and_where(Expr::col((user::Entity, user::Column::IsActive)).eq(true)).to_owned())
}

/// Somebody without any device is still addressed: older apps bind only the person's id (NTF-6).
fn is_signed_in() -> Condition {
    let devices = || theirs(device::Entity, device::Column::UserId);
    let active = devices().and_where(Expr::col((device::Entity, device::Column::IsActive)).eq(true)).to_owned();
    Condition::any().add(Expr::exists(devices()).not()).add(Expr::exists(active))
}

fn is_active_member(gym: GymId) -> SimpleExpr {
    let mut membership = theirs(membership::Entity, membership::Column::UserId);
    let membership = membership
        .and_where(Expr::col((membership::Entity, membership::Column::GymId)).eq(gym))
        .and_where(Expr::col((membership::Entity, membership::Column::IsActive)).eq(true));
    Expr::exists(membership.to_owned())
}

/// What was said of this kind counts, else what was said of all.
fn refused(gym: GymId, channel: Channel, kind: &str) -> Condition {
    let said = |kind: &str, enabled: bool| {
        let said = Alias::new(if enabled { "wanted" } else { "refused" });
        let col = |column: P| Expr::col((said.clone(), column));
        let rows = Query::select()
            .expr(Expr::value(1))
            .from_as(preference::Entity, said.clone())
            .and_where(col(P::GymId).eq(gym))
            .and_where(col(P::UserId).eq(recipient()))
            .and_where(col(P::Channel).eq(channel.to_value()))
            .and_where(col(P::Kind).eq(kind))
            .and_where(col(P::Enabled).eq(enabled))
            .to_owned();
        Expr::exists(rows)
    };
    let all = Condition::all().add(said(preference::ALL, false)).add(said(kind, true).not());
    Condition::any().add(said(kind, false)).add(all)
}

#[async_trait]
impl Addressed for SeaAddressed {
    async fn to_tell(&self, conn: &Conn, notification: &Model, refusable: Option<&'static str>) -> Result<Vec<UserId>> {
        let gym = notification.gym_id;
        let mut people = addressed(gym, notification.id)
            .select_only()
            .column(R::UserId)
            .filter(is_active_person())
            .order_by_asc(R::UserId);
        if notification.channel == Channel::Push {
            people = people.filter(is_signed_in());
        }
        if notification.members_only {
            people = people.filter(is_active_member(gym));
        }
        if let Some(kind) = refusable {
            people = people.filter(refused(gym, notification.channel, kind).not());
        }
        Ok(people.into_tuple().all(&conn.executor()?).await?)
    }

    async fn all(&self, conn: &Conn, gym: GymId, notification: NotificationId) -> Result<Vec<UserId>> {
        let people = addressed(gym, notification).select_only().column(R::UserId).order_by_asc(R::UserId).limit(10);
        Ok(people.into_tuple().all(&conn.executor()?).await?)
    }

    async fn audience(&self, conn: &Conn, gym: GymId, roles: &[GymRole]) -> Result<Vec<UserId>> {
        let of_roles = (!roles.is_empty()).then(|| M::Role.is_in(roles.iter().copied()));
        let people = active_members(gym)
            .select_only()
            .column(M::UserId)
            .filter(Condition::all().add_option(of_roles))
            .order_by_asc(M::UserId);
        Ok(people.into_tuple().all(&conn.executor()?).await?)
    }

    async fn named(
        &self,
        conn: &Conn,
        gym: GymId,
        ids: &[UserId],
        subjects: &[String],
    ) -> Result<Vec<(UserId, Option<String>)>> {
        let by = |named: SimpleExpr| {
            active_members(gym)
                .select_only()
                .column(M::UserId)
                .column(user::Column::Auth0Id)
                .filter(named)
                .order_by_asc(M::UserId)
        };
        let mut found = Vec::new();
        for ids in ids.chunks(CHUNK) {
            let some = by(M::UserId.is_in(ids.iter().copied()));
            found.extend(some.into_tuple().all(&conn.executor()?).await?);
        }
        for subjects in subjects.chunks(CHUNK) {
            let some = by(user::Column::Auth0Id.is_in(subjects.iter().map(String::as_str)));
            found.extend(some.into_tuple().all(&conn.executor()?).await?);
        }
        Ok(found)
    }

    /// People belong to the platform, not to a gym.
    #[allow(clippy::disallowed_methods)]
    async fn readers(&self, conn: &Conn, people: &[UserId]) -> Result<Vec<(UserId, Option<String>)>> {
        let mut readers = Vec::new();
        for people in people.chunks(CHUNK) {
            let some = user::Entity::find()
                .select_only()
                .columns([user::Column::Id, user::Column::Locale])
                .filter(user::Column::Id.is_in(people.iter().copied()))
                .filter(user::Column::IsActive.eq(true))
                // an address that stands for none, until the provider names one (IDN-13)
                .filter(user::Column::Email.not_like("temp_%@example.com"))
                .order_by_asc(user::Column::Id);
            readers.extend(some.into_tuple().all(&conn.executor()?).await?);
        }
        Ok(readers)
    }
}
