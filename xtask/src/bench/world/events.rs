//! Events of a gym: those that its members look at, and those that they join.
use super::Person;
use tokio_postgres::Client;

/// How many events a page shows, and how many a member who asks takes part in.
pub const LISTED: i64 = 50;

/// Makes events in which all of these members take part.
pub(super) async fn attended(database: &Client, gym: i64, members: &[Person]) -> anyhow::Result<()> {
    let events = make(database, gym, LISTED, 30).await?;
    let members: Vec<i64> = members.iter().map(|member| member.id).collect();
    let parts = "INSERT INTO event_participations (gym_id, event_id, member_id, status, registered_at, created_at,
            updated_at)
        SELECT $1::int8, event, member, 'REGISTERED', now() - n * interval '1 minute', now(), now()
        FROM unnest($2::int8[]) WITH ORDINALITY AS events (event, n), unnest($3::int8[]) AS members (member)";
    database.execute(parts, &[&gym, &events, &members]).await?;
    Ok(())
}

/// Makes events with seats for everybody, which begin after all others.
pub(super) async fn wanted(database: &Client, gym: i64, count: i64) -> anyhow::Result<Vec<i64>> {
    make(database, gym, count, 80).await
}

/// Makes events that cost nothing, one an hour.
async fn make(database: &Client, gym: i64, count: i64, in_days: i32) -> anyhow::Result<Vec<i64>> {
    let events = "INSERT INTO events (gym_id, title, description, start_time, end_time, location, max_participants,
            status, is_paid, currency, creator_id, created_at, updated_at)
        SELECT $1::int8, 'Clase abierta ' || n, 'Te esperamos: trae agua y ganas.',
            now() + make_interval(days => $3::int4, hours => n::int4),
            now() + make_interval(days => $3::int4, hours => n::int4, mins => 90), 'Sala principal', 30, 'SCHEDULED',
            false, 'EUR', (SELECT min(user_id) FROM user_gyms WHERE gym_id = $1 AND role = 'TRAINER'), now(), now()
        FROM generate_series(1, $2::int8) n RETURNING id";
    let rows = database.query(events, &[&gym, &count, &in_days]).await?;
    rows.iter().map(|row| Ok(row.try_get(0)?)).collect()
}
