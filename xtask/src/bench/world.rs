//! The databases, and who in them calls.
mod events;

use crate::{
    seed,
    services::{self, Board, Entry},
};
use anyhow::Context;
pub use events::LISTED;
use serde::Serialize;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};
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
    /// A session of the first gym that many people want at once.
    pub hot: Wanted,
}

/// A session, and who wants a seat in it.
#[derive(Clone, Debug)]
pub struct Wanted {
    pub session: i64,
    pub people: Vec<Person>,
}

/// A gym that is asked for, and those who ask.
#[derive(Clone, Debug)]
pub struct Gym {
    pub id: i64,
    pub admins: Vec<Person>,
    pub members: Vec<Person>,
    /// A session for each of these members.
    pub sessions: Vec<i64>,
    /// An event for each of these members; beside them they take part in [`LISTED`] others.
    pub events: Vec<i64>,
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
    pub sessions_a_week: u32,
}

impl World {
    pub async fn make(board: &Board, extent: Extent) -> anyhow::Result<Self> {
        services::up_to_measure(board, &["postgres", "redis"])?;
        let entry = |name: &'static str| board.running(name).with_context(|| format!("{name} ended"));
        let (postgres, redis) = (entry("postgres")?, entry("redis")?);
        let (admin, connection) = tokio_postgres::connect(&postgres.address, NoTls).await?;
        let connection = tokio::spawn(connection);
        admin.batch_execute("CREATE DATABASE bench").await?;
        drop(admin);
        connection.await??;

        let database_url = format!("{}/bench", postgres.address);
        let mut size = seed::Arguments::new(&database_url, extent.gyms, extent.members);
        size.sessions_a_week = extent.sessions_a_week;
        size.bookings = 2;
        let filled = seed::fill(&size).await?;
        let (database, connection) = tokio_postgres::connect(&database_url, NoTls).await?;
        tokio::spawn(connection);
        super::statements::pause(&database).await?;
        let gyms = cast(&database, extent).await?;
        let first = gyms.first().context("a world without gyms")?;
        let hot = Wanted {
            session: wanted_sessions(&database, first.id, 1).await?.remove(0),
            people: people(&database, first.id, "MEMBER", CROWD).await?,
        };
        // what is measured must not depend on whether the server's own housekeeping came by already
        // one at a time: several at once are a transaction, in which there is no VACUUM
        database.batch_execute("VACUUM ANALYZE").await?;
        database.batch_execute("CHECKPOINT").await?;
        let version = database.query_one("SHOW server_version", &[]).await?.try_get::<_, String>(0)?;
        let version = version.split(' ').next().unwrap_or_default().to_owned();
        Ok(Self { postgres, redis, database_url, database, filled, version, gyms, hot })
    }

    /// Empties the cache, and with it what the server keeps of it.
    pub async fn forget(&self) -> anyhow::Result<()> {
        let address = self.redis.address.trim_start_matches("redis://").trim_end_matches('/');
        let mut redis = TcpStream::connect(address).await?;
        redis.write_all(b"FLUSHALL\r\n").await?;
        let mut answer = [0; 5];
        redis.read_exact(&mut answer).await?;
        anyhow::ensure!(&answer == b"+OK\r\n", "the cache was not emptied");
        Ok(())
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

/// How many want the same session: more than there are connections.
const CROWD: i64 = 200;

/// The first people of a role.
async fn people(database: &Client, gym: i64, role: &str, limit: i64) -> anyhow::Result<Vec<Person>> {
    let people = "SELECT u.id, u.email FROM user_gyms m JOIN users u ON u.id = m.user_id
        WHERE m.gym_id = $1 AND m.role = $2 ORDER BY u.id LIMIT $3";
    let rows = database.query(people, &[&gym, &role, &limit]).await?;
    rows.iter().map(|row| Ok(Person { id: row.try_get(0)?, email: row.try_get(1)? })).collect()
}

/// Makes sessions with seats for everybody, after all of the timetable.
async fn wanted_sessions(database: &Client, gym: i64, count: i64) -> anyhow::Result<Vec<i64>> {
    let sessions = "INSERT INTO class_session (gym_id, class_id, trainer_id, start_time, end_time, status,
            override_capacity, created_at, updated_at)
        SELECT $1, (SELECT min(id) FROM class WHERE gym_id = $1),
            (SELECT min(user_id) FROM user_gyms WHERE gym_id = $1 AND role = 'TRAINER'),
            now() + interval '40 days' + n * interval '1 hour', now() + interval '40 days' + n * interval '1 hour 30 minutes',
            'scheduled', 1000, now(), now()
        FROM generate_series(1, $2::int8) n RETURNING id";
    let rows = database.query(sessions, &[&gym, &count]).await?;
    rows.iter().map(|row| Ok(row.try_get(0)?)).collect()
}

async fn cast(database: &Client, extent: Extent) -> anyhow::Result<Vec<Gym>> {
    let ids = "SELECT id FROM gyms WHERE type = 'gym' AND is_active ORDER BY id LIMIT $1";
    let mut gyms = Vec::new();
    for row in database.query(ids, &[&extent.asked_gyms]).await? {
        let id: i64 = row.try_get(0)?;
        let admins = people(database, id, "ADMIN", 10).await?;
        let members = people(database, id, "MEMBER", extent.members_asking).await?;
        let sessions = wanted_sessions(database, id, extent.members_asking).await?;
        events::attended(database, id, &members).await?;
        let events = events::wanted(database, id, extent.members_asking).await?;
        gyms.push(Gym { id, admins, members, sessions, events });
    }
    anyhow::ensure!(gyms.iter().all(|gym| !gym.admins.is_empty() && !gym.members.is_empty()), "a gym without people");
    Ok(gyms)
}
