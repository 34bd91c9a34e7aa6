//! A row in every table.
use crate::catalogue;
use chrono::TimeDelta;
use domain::{
    identity::{GymRole, follow, relationship},
    kernel::{installation::Mark, outbox::Effect, time},
};
use repository::{
    Db, Repository, SeaRepo,
    identity::relationship::SeaRelationships,
    kernel::{
        idempotency::{IdempotencyKeys, SeaIdempotencyKeys},
        installation::{Installations, SeaInstallations},
        jobs::{Jobs, SeaJobs},
        outbox::{Outbox, SeaOutbox},
    },
};
use testkit::world::World;

/// Fills every table. `name` tells this filling's rows from those of another.
pub async fn fill(db: &Db, name: &str) {
    let world = World::new(db);
    let gym = world.gym(&format!("{name}-gym")).await;
    let trainer = world.person(&gym, &format!("{name}-trainer"), GymRole::Trainer).await;
    let member = world.member(&gym, &format!("{name}-member")).await;
    let related = relationship::Create {
        trainer_id: trainer.id,
        member_id: member.id,
        status: relationship::RelationshipStatus::Active,
        start_date: Some(time::now()),
        end_date: None,
        notes: Some("ñ".into()),
        created_by: Some(trainer.id),
    };
    SeaRelationships::default().create(db, gym.id, related).await.expect("a relationship");
    let follow = follow::Create { follower_id: member.id, following_id: trainer.id, is_active: true };
    SeaRepo::<follow::Entity>::default().create(db, gym.id, follow).await.expect("a follower");
    let effect = Effect {
        gym: Some(gym.id),
        kind: "test.effect",
        aggregate: format!("gym:{}", gym.id),
        dedupe_key: Some(name.to_owned()),
        payload: serde_json::json!({ "gym": gym.id }),
    };
    SeaOutbox.push(db, effect).await.expect("an effect");
    SeaJobs.register(db, name, time::now()).await.expect("a job");
    SeaInstallations.offer(db, &Mark::random()).await.expect("a mark");
    let key = SeaIdempotencyKeys.begin(db, "POST /gyms", name, "f", TimeDelta::seconds(60)).await;
    key.expect("an idempotency key");
}

/// # Panics
/// When a table has no row: a new table gets its row in [`fill`].
pub async fn assert_every_table_has_rows(db: &Db) {
    let pool = db.pool().expect("attached");
    for table in catalogue::tables(pool).await {
        assert!(catalogue::count(pool, &table).await > 0, "rows::fill puts no row into {table}");
    }
}
