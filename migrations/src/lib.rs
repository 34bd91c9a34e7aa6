//! The schema, one file per change, for PostgreSQL and SQLite; each goes up and down.
//!
//! Tables of a tenant are made by `tenant_table`, with the key `(gym_id, id)` for their children to point at by
//! `tenant_fk`: such a child can never hang from a row of another gym, whatever the code does.
use sea_orm_migration::{prelude::*, schema::*, sea_orm::DbBackend};

mod m20261124_000001_users;
mod m20261124_000002_gyms;
mod m20261124_000003_user_gyms;
mod m20261124_000004_modules;
mod m20261124_000005_relationships;
mod m20261124_000006_user_follows;
mod m20261124_000007_outbox;
mod m20261124_000008_scheduled_jobs;
mod m20261124_000009_idempotency_keys;
mod m20261124_000010_opening_hours;
mod m20261124_000011_classes;
mod m20261124_000012_sessions;
mod m20261124_000013_bookings;
mod m20261124_000014_reviews;
mod m20261124_000015_achievements;
mod m20261124_000016_health;
mod m20261124_000030_installation;
mod m20261201_000017_events;
mod m20261201_000018_chat_rooms;
mod m20261201_000019_event_payments;
mod m20261201_000020_devices;
mod m20261201_000021_notifications;

pub use sea_orm_migration::MigratorTrait;

pub struct Migrator;

#[async_trait::async_trait]
impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![
            whole(m20261124_000001_users::Migration),
            whole(m20261124_000002_gyms::Migration),
            whole(m20261124_000003_user_gyms::Migration),
            whole(m20261124_000004_modules::Migration),
            whole(m20261124_000005_relationships::Migration),
            whole(m20261124_000006_user_follows::Migration),
            whole(m20261124_000007_outbox::Migration),
            whole(m20261124_000008_scheduled_jobs::Migration),
            whole(m20261124_000009_idempotency_keys::Migration),
            whole(m20261124_000010_opening_hours::Migration),
            whole(m20261124_000011_classes::Migration),
            whole(m20261124_000012_sessions::Migration),
            whole(m20261124_000013_bookings::Migration),
            whole(m20261124_000014_reviews::Migration),
            whole(m20261124_000015_achievements::Migration),
            whole(m20261124_000016_health::Migration),
            whole(m20261124_000030_installation::Migration),
            whole(m20261201_000017_events::Migration),
            whole(m20261201_000018_chat_rooms::Migration),
            whole(m20261201_000019_event_payments::Migration),
            whole(m20261201_000020_devices::Migration),
            whole(m20261201_000021_notifications::Migration),
        ]
    }
}

/// A change that is made whole or not at all, on SQLite too, where the framework would begin no transaction by itself:
/// a process that is killed halfway leaves nothing that the next start stumbles over.
pub struct Whole<M>(pub M);

fn whole(change: impl MigrationTrait + 'static) -> Box<dyn MigrationTrait> {
    Box::new(Whole(change))
}

impl<M: MigrationName> MigrationName for Whole<M> {
    fn name(&self) -> &str {
        self.0.name()
    }
}

#[async_trait::async_trait]
impl<M: MigrationTrait> MigrationTrait for Whole<M> {
    async fn up(&self, m: &SchemaManager) -> Result<(), DbErr> {
        self.0.up(m).await
    }
    async fn down(&self, m: &SchemaManager) -> Result<(), DbErr> {
        self.0.down(m).await
    }
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}

/// `id`, `gym_id`, time stamps, `UNIQUE (gym_id, id)` for children to point at, and the foreign key to the gym.
pub fn tenant_table(name: &'static str) -> TableCreateStatement {
    let mut table = Table::create();
    table
        .table(name)
        .col(big_pk_auto("id"))
        .col(big_integer("gym_id"))
        .col(timestamp_with_time_zone("created_at"))
        .col(timestamp_with_time_zone("updated_at"))
        .index(Index::create().unique().name(format!("uq_{name}_tenant")).col("gym_id").col("id"))
        .foreign_key(&mut fk(name, "gym_id", "gyms", ForeignKeyAction::Cascade));
    table
}

/// A foreign key within the tenant: the child can only point at a row of its own gym, and while it does, that row
/// cannot be removed. NO ACTION, which waits for the end of the statement, so that a whole gym can go at once.
pub fn tenant_fk(child: &'static str, column: &'static str, parent: &'static str) -> ForeignKeyCreateStatement {
    ForeignKey::create()
        .name(format!("fk_{child}_{column}"))
        .from(child, ("gym_id", column))
        .to(parent, ("gym_id", "id"))
        .on_delete(ForeignKeyAction::NoAction)
        .to_owned()
}

/// A foreign key to a person. People are never deleted, only blanked (IDN-66).
fn user_fk(child: &'static str, column: &'static str) -> ForeignKeyCreateStatement {
    fk(child, column, "users", ForeignKeyAction::Restrict)
}

/// A foreign key to a table of the whole platform.
fn fk(
    child: &'static str,
    column: &'static str,
    parent: &'static str,
    on_delete: ForeignKeyAction,
) -> ForeignKeyCreateStatement {
    ForeignKey::create()
        .name(format!("fk_{child}_{column}"))
        .from(child, column)
        .to(parent, "id")
        .on_delete(on_delete)
        .to_owned()
}

/// `column IN ('a', 'b')`
fn one_of(column: &'static str, values: &[&'static str]) -> SimpleExpr {
    Expr::col(column).is_in(values.iter().copied())
}
