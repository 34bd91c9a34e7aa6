//! The schema goes up, down, and up again, with rows in it.
use crate::{
    catalogue::{count, everything, tables},
    rows,
};
use ::migrations::{Migrator, MigratorTrait, Whole};
use repository::{Db, DbOptions};
use sea_orm_migration::prelude::*;
use std::collections::BTreeMap;
use testkit::{both, database::TestDb};

/// As the server migrates: on few connections of its own.
async fn alone(t: &TestDb) -> Db {
    Db::connect(DbOptions { max_connections: 1, ..DbOptions::new(&t.url) }).await.unwrap()
}

async fn counts(db: &Db) -> BTreeMap<String, i64> {
    let mut counts = BTreeMap::new();
    for table in tables(db.pool().unwrap()).await {
        counts.insert(table.clone(), count(db.pool().unwrap(), &table).await);
    }
    counts
}

async fn applied(db: &Db) -> usize {
    Migrator::get_applied_migrations(db.pool().unwrap()).await.unwrap().len()
}

/// Makes a table, and then fails.
struct Broken;

impl MigrationName for Broken {
    fn name(&self) -> &str {
        "m99999999_000001_broken"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Broken {
    async fn up(&self, m: &SchemaManager) -> Result<(), DbErr> {
        m.create_table(Table::create().table("half").col(ColumnDef::new("id").integer()).to_owned()).await?;
        m.get_connection().execute_unprepared("SELECT * FROM there_is_no_such_table").await.map(drop)
    }
}

struct BrokenMigrator;

#[async_trait::async_trait]
impl MigratorTrait for BrokenMigrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        let mut all = Migrator::migrations();
        all.push(Box::new(Whole(Broken)));
        all
    }
}

both! {
    async fn the_schema_goes_up_down_and_up_again_with_rows_in_every_table(t: TestDb) {
        let db = alone(t).await;
        let pool = db.pool().unwrap();
        rows::fill(&db, "first").await;
        rows::assert_every_table_has_rows(&db).await;
        let whole = everything(pool).await.len();

        Migrator::down(pool, None).await.unwrap();
        assert_eq!(everything(pool).await, Vec::<String>::new(), "left behind");
        assert_eq!(applied(&db).await, 0);

        Migrator::up(pool, None).await.unwrap();
        assert_eq!(everything(pool).await.len(), whole);
        rows::fill(&db, "first").await;
        rows::assert_every_table_has_rows(&db).await;
        db.close().await;
    }

    async fn every_change_is_taken_back_and_made_again_beside_rows_that_stay(t: TestDb) {
        let db = alone(t).await;
        let pool = db.pool().unwrap();
        rows::fill(&db, "stays").await;
        let all = Migrator::migrations().len();
        for (steps, n) in (1..=all).zip(1..) {
            let before = counts(&db).await;
            Migrator::down(pool, Some(n)).await.unwrap();
            assert_eq!(applied(&db).await, all - steps);
            for (table, rows) in counts(&db).await {
                assert_eq!(rows, before[&table], "{table} lost rows when {steps} changes were taken back");
            }
            Migrator::up(pool, None).await.unwrap();
            let after = counts(&db).await;
            assert_eq!(after.keys().collect::<Vec<_>>(), before.keys().collect::<Vec<_>>());
            rows::fill(&db, &format!("after-{steps}")).await;
            rows::assert_every_table_has_rows(&db).await;
        }
        db.close().await;
    }

    async fn a_change_that_fails_halfway_leaves_nothing(t: TestDb) {
        let db = alone(t).await;
        rows::fill(&db, "kept").await;
        let before = (everything(db.pool().unwrap()).await, counts(&db).await);
        for _ in 0..2 {
            let error = BrokenMigrator::up(db.pool().unwrap(), None).await.unwrap_err();
            assert!(error.to_string().contains("there_is_no_such_table"), "{error}");
        }
        assert_eq!((everything(db.pool().unwrap()).await, counts(&db).await), before);
        assert_eq!(applied(&db).await, Migrator::migrations().len());
        db.close().await;
    }

    async fn many_that_start_at_once_on_an_empty_database_all_come_up(t: TestDb) {
        let db = alone(t).await;
        Migrator::reset(db.pool().unwrap()).await.unwrap();
        db.close().await;
        let connections = if t.is_postgres() { 2 } else { 1 };
        let start = || async {
            let db = Db::connect(DbOptions { max_connections: connections, ..DbOptions::new(&t.url) }).await.unwrap();
            db.exclusively("migrate", async {
                Migrator::up(db.pool().unwrap(), None).await.map_err(repository::StoreError::from)
            })
            .await
            .unwrap();
            let up = applied(&db).await;
            db.close().await;
            up
        };
        let ups = futures::future::join_all((0..8).map(|_| start())).await;
        assert_eq!(ups, [Migrator::migrations().len(); 8]);
    }
}
