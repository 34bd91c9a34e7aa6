//! The databases, and who in them calls.
use crate::{
    seed,
    services::{self, Board, Entry},
};
use anyhow::Context;
use serde::Serialize;
use tokio_postgres::{Client, NoTls};

/// A PostgreSQL with a world in it, a Redis with nothing.
pub struct World {
    pub postgres: Entry,
    pub redis: Entry,
    pub database_url: String,
    pub database: Client,
    pub filled: seed::Filled,
    pub version: String,
    pub gyms: Vec<Gym>,
}

/// A gym that is asked for, and those who ask.
#[derive(Clone, Debug)]
pub struct Gym {
    pub id: i64,
    pub admins: Vec<Person>,
    pub members: Vec<Person>,
}

#[derive(Clone, Debug)]
pub struct Person {
    pub id: i64,
    pub email: String,
}

/// How large the world is, and how much of it is asked for.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Extent {
    pub gyms: u32,
    pub members: u32,
    pub asked_gyms: i64,
    pub members_asking: i64,
}

impl World {
    pub async fn make(board: &Board, extent: Extent) -> anyhow::Result<Self> {
        services::up_to_measure(board)?;
        let entry = |name: &'static str| board.running(name).with_context(|| format!("{name} ended"));
        let (postgres, redis) = (entry("postgres")?, entry("redis")?);
        let (admin, connection) = tokio_postgres::connect(&postgres.address, NoTls).await?;
        let connection = tokio::spawn(connection);
        admin.batch_execute("CREATE DATABASE bench").await?;
        drop(admin);
        connection.await??;

        let database_url = format!("{}/bench", postgres.address);
        let filled = seed::fill(&seed::Arguments::new(&database_url, extent.gyms, extent.members)).await?;
        let (database, connection) = tokio_postgres::connect(&database_url, NoTls).await?;
        tokio::spawn(connection);
        // what is measured must not depend on whether the server's own housekeeping came by already
        // one at a time: several at once are a transaction, in which there is no VACUUM
        database.batch_execute("VACUUM ANALYZE").await?;
        database.batch_execute("CHECKPOINT").await?;
        let version = database.query_one("SHOW server_version", &[]).await?.try_get::<_, String>(0)?;
        let version = version.split(' ').next().unwrap_or_default().to_owned();
        let gyms = cast(&database, extent).await?;
        Ok(Self { postgres, redis, database_url, database, filled, version, gyms })
    }

    /// The server's connections to the database at this moment.
    pub async fn connections(&self, application: &str) -> anyhow::Result<i64> {
        let count = "SELECT count(*) FROM pg_stat_activity WHERE application_name = $1";
        Ok(self.database.query_one(count, &[&application]).await?.try_get(0)?)
    }

    /// The process of a server.
    pub fn pid(entry: &Entry) -> super::usage::Pid {
        super::usage::Pid(entry.process.as_ref().map_or(0, |process| process.pid))
    }
}

async fn cast(database: &Client, extent: Extent) -> anyhow::Result<Vec<Gym>> {
    let ids = "SELECT id FROM gyms WHERE type = 'gym' AND is_active ORDER BY id LIMIT $1";
    let people = "SELECT u.id, u.email FROM user_gyms m JOIN users u ON u.id = m.user_id
        WHERE m.gym_id = $1 AND m.role = $2 ORDER BY u.id LIMIT $3";
    let mut gyms = Vec::new();
    for row in database.query(ids, &[&extent.asked_gyms]).await? {
        let id: i64 = row.try_get(0)?;
        let of_role = async |role: &str, limit: i64| -> anyhow::Result<Vec<Person>> {
            let rows = database.query(people, &[&id, &role, &limit]).await?;
            rows.iter().map(|row| Ok(Person { id: row.try_get(0)?, email: row.try_get(1)? })).collect()
        };
        let (admins, members) = (of_role("ADMIN", 10).await?, of_role("MEMBER", extent.members_asking).await?);
        gyms.push(Gym { id, admins, members });
    }
    anyhow::ensure!(gyms.iter().all(|gym| !gym.admins.is_empty() && !gym.members.is_empty()), "a gym without people");
    Ok(gyms)
}
