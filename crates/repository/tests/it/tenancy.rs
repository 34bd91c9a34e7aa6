//! Data of one gym cannot be read, changed or pointed at from another (IDN-118).
mod attendance;
mod chat;
mod events;
mod notifications;
mod schedule;

use domain::{
    GymId, UserId,
    identity::{GymRole, follow, membership, relationship},
    kernel::tenant::TenantEntity,
};
use repository::{Conn, Page, Repository, SeaRepo, StoreError, scope};
use sea_orm::{
    ActiveModelBehavior, ActiveModelTrait, ConnectionTrait, IntoActiveModel, QueryTrait, sea_query::ValueType,
};
use testkit::{both, world::World};

/// What holds for every tenant's entity, tried with so many rows of a gym that has no other yet.
async fn contract<E>(
    db: &Conn,
    mine: GymId,
    other: GymId,
    count: u64,
    create: impl Fn(u64) -> E::Create,
    patch: impl Fn() -> E::Update,
) where
    E: TenantEntity,
    E::Id: ValueType,
    E::Model: IntoActiveModel<E::ActiveModel> + Clone + PartialEq + std::fmt::Debug + Send + Sync + 'static,
    E::ActiveModel: ActiveModelBehavior + ActiveModelTrait<Entity = E> + Send,
{
    let repo = SeaRepo::<E>::default();
    let gym = |row: &E::Model| row.clone().into_active_model().get(E::gym_column()).into_value().unwrap();
    let id = |row: &E::Model| -> sea_orm::Value {
        row.clone().into_active_model().get(E::id_column()).into_value().unwrap()
    };
    let mut rows = Vec::new();
    for n in 0..count {
        rows.push(repo.create(db, mine, create(n)).await.unwrap());
    }
    assert!(rows.iter().all(|row| gym(row) == mine.into()), "{}: the gym of the context is stamped", E::NAME);

    let listed = repo.list(db, mine, Page::default()).await.unwrap();
    assert_eq!(listed, rows, "{}: in order of ids", E::NAME);
    let second: Vec<_> = rows.iter().skip(1).take(1).cloned().collect();
    assert_eq!(repo.list(db, mine, Page { skip: 1, limit: 1 }).await.unwrap(), second);
    assert_eq!(repo.list(db, other, Page::default()).await.unwrap(), []);

    for row in &rows {
        let id = <E::Id as ValueType>::unwrap(id(row));
        assert_eq!(repo.get(db, mine, id).await.unwrap().as_ref(), Some(row));
        assert_eq!(repo.get(db, other, id).await.unwrap(), None, "{}: read from another gym", E::NAME);
        assert_eq!(repo.get_for_update(db, other, id).await.unwrap(), None);
        let updated = repo.update(db, other, id, patch()).await;
        assert!(matches!(updated, Err(StoreError::NotFound { .. })), "{}: {updated:?}", E::NAME);
        let removed = repo.remove(db, other, id).await;
        assert!(matches!(removed, Err(StoreError::NotFound { .. })), "{}: {removed:?}", E::NAME);
        assert_eq!(repo.get(db, mine, id).await.unwrap().as_ref(), Some(row), "{}: it is as it was", E::NAME);

        let updated = repo.update(db, mine, id, patch()).await.unwrap();
        assert_eq!(gym(&updated), mine.into(), "{}: an update moves nothing", E::NAME);
        repo.remove(db, mine, id).await.unwrap();
        assert_eq!(repo.get(db, mine, id).await.unwrap(), None);
    }
}

/// Tables that name a gym and an id of their own, as [`contract`] is tried with.
const TRIED: [&str; 29] = [
    "calendar_feeds",
    "chat_rooms",
    "class",
    "class_cancellation",
    "class_category_custom",
    "class_participation",
    "class_reviews",
    "class_session",
    "class_waitlist_entry",
    "event_credits",
    "event_participations",
    "event_refund_task",
    "events",
    "gym_hours",
    "gym_notification_settings",
    "gym_schedule_settings",
    "gym_special_hours",
    "gym_stripe_accounts",
    "notification_preferences",
    "notification_recipients",
    "notifications",
    "trainer_member_relationships",
    "user_achievements",
    "user_follows",
    "user_goals",
    "user_gym_stripe_profiles",
    "user_gyms",
    "user_health_records",
    "user_health_snapshots",
];

both! {
    async fn idn_118_rows_of_another_gym_are_not_found(t: TestDb) {
        let world = World::new(&t.db);
        let (mine, other) = (world.gym("mine").await.id, world.gym("other").await.id);
        let mut people: Vec<UserId> = Vec::new();
        for n in 0..6 {
            people.push(world.user(&format!("p{n}")).await.id);
        }
        let pair = |n: u64| (people[n as usize], people[n as usize + 3]);
        let create = |n: u64| membership::Create {
            user_id: pair(n).0,
            role: GymRole::Member,
            membership_type: membership::MembershipType::Free,
        };
        let patch = || membership::Update { role: Some(GymRole::Trainer), ..Default::default() };
        contract::<membership::Entity>(&t.db, mine, other, 3, create, patch).await;
        let create = |n: u64| relationship::Create {
            trainer_id: pair(n).0,
            member_id: pair(n).1,
            status: relationship::RelationshipStatus::Pending,
            start_date: None,
            end_date: None,
            notes: None,
            created_by: None,
        };
        let patch = || relationship::Update { notes: Some(Some("x".into())), ..Default::default() };
        contract::<relationship::Entity>(&t.db, mine, other, 3, create, patch).await;
        let create =
            |n: u64| follow::Create { follower_id: pair(n).0, following_id: pair(n).1, is_active: true };
        let patch = || follow::Update { is_active: Some(false) };
        contract::<follow::Entity>(&t.db, mine, other, 3, create, patch).await;
    }

    async fn idn_118_every_tenants_table_is_tried(t: TestDb) {
        let mut tenants = Vec::new();
        for table in crate::catalogue::tables(t.pool()).await {
            let columns = crate::catalogue::columns(t.pool(), &table).await;
            if columns.get("gym_id").is_some_and(|c| !c.nullable) && columns.contains_key("id") {
                tenants.push(table);
            }
        }
        assert_eq!(tenants, TRIED, "try the new entity in `idn_118_rows_of_another_gym_are_not_found`");
    }

    async fn idn_118_a_child_cannot_point_at_a_row_of_another_gym(t: TestDb) {
        let world = World::new(&t.db);
        let (mine, other) = (world.gym("mine").await, world.gym("other").await);
        let ana = world.user("ana").await;
        let membership = world.join(mine.id, ana.id, GymRole::Member).await;
        let mut child = migrations::tenant_table("visits");
        child
            .col(sea_orm_migration::schema::big_integer("membership_id"))
            .foreign_key(&mut migrations::tenant_fk("visits", "membership_id", "user_gyms"));
        t.pool().execute(&child).await.unwrap();
        let insert = |gym: GymId| {
            format!(
                "INSERT INTO visits (gym_id, membership_id, created_at, updated_at) \
                 VALUES ({gym}, {}, '2026-01-01 00:00:00+00:00', '2026-01-01 00:00:00+00:00')",
                membership.id
            )
        };
        let refused = t.pool().execute_unprepared(&insert(other.id)).await.map_err(StoreError::from);
        assert!(matches!(refused, Err(StoreError::ForeignKey(_))), "{refused:?}");
        t.pool().execute_unprepared(&insert(mine.id)).await.unwrap();
        let moved = t.pool().execute_unprepared(&format!("UPDATE visits SET gym_id = {}", other.id)).await;
        assert!(matches!(moved.map_err(StoreError::from), Err(StoreError::ForeignKey(_))));
        let moved = t.pool().execute_unprepared(&format!("UPDATE user_gyms SET gym_id = {}", other.id)).await;
        assert!(matches!(moved.map_err(StoreError::from), Err(StoreError::ForeignKey(_))));
    }
}

#[test]
fn idn_118_every_statement_on_a_tenants_table_names_the_gym() {
    let backend = sea_orm::DbBackend::Postgres;
    for sql in [
        scope::select::<membership::Entity>(GymId(7)).build(backend).to_string(),
        scope::update::<membership::Entity>(GymId(7))
            .col_expr(membership::Column::IsActive, sea_orm::sea_query::Expr::value(false))
            .build(backend)
            .to_string(),
        scope::delete::<membership::Entity>(GymId(7)).build(backend).to_string(),
    ] {
        assert!(sql.contains(r#""user_gyms"."gym_id" = 7"#), "{sql}");
    }
    assert_eq!(Page::default(), Page { skip: 0, limit: 100 });
}
