//! A migrated database per test: SQLite in a file, and PostgreSQL cloned from a template.
use crate::servers;
use migrations::{Migrator, MigratorTrait};
use repository::{Db, DbOptions};
use sea_orm::{ConnectionTrait, Database, DatabaseConnection};
use std::{path::PathBuf, time::Duration};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Sqlite,
    Postgres,
}

/// A database of one test. [`TestDb::close`] removes it.
pub struct TestDb {
    pub db: Db,
    pub url: String,
    kind: Kind,
    name: String,
}

fn options(url: &str, connections: u32) -> DbOptions {
    DbOptions { max_connections: connections, acquire_timeout: Duration::from_secs(30), ..DbOptions::new(url) }
}

fn file(name: &str) -> PathBuf {
    std::env::temp_dir().join(format!("gymapi-test-{name}.db"))
}

impl TestDb {
    /// `None` when PostgreSQL is not to be had and need not be.
    pub async fn open(kind: Kind, connections: u32) -> Option<Self> {
        Self::make(kind, connections, true).await
    }

    /// Without any table, for what migrates by itself.
    pub async fn empty(kind: Kind, connections: u32) -> Option<Self> {
        Self::make(kind, connections, false).await
    }

    async fn make(kind: Kind, connections: u32, migrated: bool) -> Option<Self> {
        let name = format!("t_{}", uuid::Uuid::new_v4().simple());
        let url = match kind {
            Kind::Sqlite => {
                let url = format!("sqlite://{}", file(&name).display());
                if migrated {
                    let db = Db::connect(options(&url, 1)).await.expect("a SQLite file in the temporary folder");
                    Migrator::up(db.pool()?, None).await.expect("the migrations go up on SQLite");
                    db.close().await;
                }
                url
            }
            Kind::Postgres => {
                let server = servers::postgres()?;
                let template = if migrated { template(&server).await } else { "template0".to_owned() };
                let root = connect(&format!("{server}/postgres")).await;
                let create = format!("CREATE DATABASE {name} TEMPLATE {template}");
                root.execute_unprepared(&create).await.expect("a database cloned from the template");
                root.close().await.expect("closes");
                format!("{server}/{name}")
            }
        };
        let db = Db::connect(options(&url, connections)).await.expect("the database just made");
        Some(Self { db, url, kind, name })
    }

    pub fn is_postgres(&self) -> bool {
        self.kind == Kind::Postgres
    }

    /// The pool, for looking at rows without a repository.
    pub fn pool(&self) -> &DatabaseConnection {
        self.db.pool().expect("a test's database is attached")
    }

    pub async fn close(self) {
        self.db.close().await;
        match self.kind {
            Kind::Sqlite => {
                for suffix in ["", "-wal", "-shm", ".lock"] {
                    let _ = std::fs::remove_file(format!("{}{suffix}", file(&self.name).display()));
                }
            }
            Kind::Postgres => {
                if let Some(server) = servers::postgres() {
                    let root = connect(&format!("{server}/postgres")).await;
                    let _ = root.execute_unprepared(&format!("DROP DATABASE {} WITH (FORCE)", self.name)).await;
                    let _ = root.close().await;
                }
            }
        }
    }
}

async fn connect(url: &str) -> DatabaseConnection {
    let mut options = sea_orm::ConnectOptions::new(url);
    options.max_connections(1).sqlx_logging(false);
    Database::connect(options).await.expect("the PostgreSQL server that the environment names")
}

/// Makes the template once per server, under an advisory lock, because every test is a process of its own.
async fn template(server: &str) -> String {
    let last = Migrator::migrations().last().map(|m| m.name().to_owned()).unwrap_or_default();
    let name = format!("template_{}_{last}", Migrator::migrations().len());
    let root = connect(&format!("{server}/postgres")).await;
    root.execute_unprepared("SELECT pg_advisory_lock(42)").await.expect("an advisory lock");
    let exists = format!("SELECT 1 FROM pg_database WHERE datname = '{name}'");
    let statement = sea_orm::Statement::from_string(sea_orm::DbBackend::Postgres, exists);
    if root.query_one_raw(statement).await.expect("pg_database").is_none() {
        let draft = format!("draft_{}", uuid::Uuid::new_v4().simple());
        root.execute_unprepared(&format!("CREATE DATABASE {draft}")).await.expect("an empty database");
        let fresh = connect(&format!("{server}/{draft}")).await;
        Migrator::up(&fresh, None).await.expect("the migrations go up on PostgreSQL");
        fresh.close().await.expect("closes");
        // renamed when it is whole, so that a template is never half migrated
        root.execute_unprepared(&format!("ALTER DATABASE {draft} RENAME TO {name}")).await.expect("renames");
    }
    root.execute_unprepared("SELECT pg_advisory_unlock(42)").await.expect("unlocks");
    root.close().await.expect("closes");
    name
}

/// One test per database: `both! { async fn name(t: TestDb) { … } }` makes `name::sqlite` and `name::postgres`.
#[macro_export]
macro_rules! both {
    ($($(#[$meta:meta])* async fn $name:ident($t:ident: TestDb) $body:block)+) => {$(
        $(#[$meta])*
        mod $name {
            #[allow(unused_imports)]
            use super::*;
            async fn case($t: &$crate::database::TestDb) $body
            async fn run(kind: $crate::database::Kind) {
                if let Some(t) = $crate::database::TestDb::open(kind, 16).await {
                    case(&t).await;
                    t.close().await;
                }
            }
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn sqlite() {
                run($crate::database::Kind::Sqlite).await
            }
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn postgres() {
                run($crate::database::Kind::Postgres).await
            }
        }
    )+};
}
