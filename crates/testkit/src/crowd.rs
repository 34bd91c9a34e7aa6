//! Many gyms at once: rows by the million, written by PostgreSQL itself.
use sea_orm::{ConnectionTrait, DatabaseConnection, DbBackend, Statement};

/// Fills a PostgreSQL database with `gyms` gyms beside those that are there. Each has ten people, three kinds of classes
/// and five classes, and two thousand sessions in the ten weeks around now, of which every fourth has a booking and one
/// in a hundred a queue.
pub async fn fill(pool: &DatabaseConnection, gyms: u32) {
    let run = async |sql: &str| {
        pool.execute_unprepared(sql).await.unwrap_or_else(|e| panic!("{sql}: {e}"));
    };
    run(&format!(
        "INSERT INTO gyms (name, subdomain, timezone, created_at, updated_at)
         SELECT 'Crowd ' || g, 'crowd-' || g, 'Europe/Madrid', now(), now() FROM generate_series(1, {gyms}) g"
    ))
    .await;
    for sql in [
        "INSERT INTO users (email, first_name, last_name, auth0_id, qr_code, created_at)
         SELECT 'p' || n || '@' || subdomain || '.test', 'P' || n, 'Crowd', subdomain || '|' || n,
                'U0_' || left(md5(subdomain || n), 16), now()
         FROM gyms, generate_series(1, 10) n WHERE subdomain LIKE 'crowd-%'",
        "INSERT INTO user_gyms (gym_id, user_id, role, created_at, updated_at)
         SELECT g.id, u.id, CASE WHEN u.first_name = 'P1' THEN 'TRAINER' ELSE 'MEMBER' END, now(), now()
         FROM users u JOIN gyms g ON u.auth0_id LIKE 'crowd-%' AND g.subdomain = split_part(u.auth0_id, '|', 1)",
        "INSERT INTO gym_modules (gym_id, module_id)
         SELECT g.id, m.id FROM gyms g, modules m WHERE g.subdomain LIKE 'crowd-%'",
        "INSERT INTO user_achievements (gym_id, user_id, achievement_type, title, description, icon, value, rarity,
            earned_at, created_at, updated_at)
         SELECT gym_id, user_id, 'class_milestone', 'Ten', 'Ten classes', 'star', 10, 'common', now(), now(), now()
         FROM user_gyms",
        "INSERT INTO user_health_records (gym_id, user_id, weight, recorded_at, created_at, updated_at)
         SELECT gym_id, user_id, 70, now(), now(), now() FROM user_gyms",
        "INSERT INTO user_goals (gym_id, user_id, goal_type, title, target_value, unit, created_at, updated_at)
         SELECT gym_id, user_id, 'strength', 'Lift', 90, 'kg', now(), now() FROM user_gyms",
        "INSERT INTO user_health_snapshots (gym_id, user_id, snapshot_date, created_at, updated_at)
         SELECT gym_id, user_id, current_date, now(), now() FROM user_gyms",
        "INSERT INTO class_category_custom (gym_id, name, created_at, updated_at)
         SELECT id, 'Kind ' || n, now(), now() FROM gyms, generate_series(1, 3) n WHERE subdomain LIKE 'crowd-%'",
        "INSERT INTO class (gym_id, name, duration, max_capacity, difficulty_level, category_enum, created_at, updated_at)
         SELECT id, 'Class ' || n, 50, 20, 'beginner', 'cardio', now(), now()
         FROM gyms, generate_series(1, 5) n WHERE subdomain LIKE 'crowd-%'",
        "INSERT INTO gym_schedule_settings (gym_id, created_at, updated_at)
         SELECT id, now(), now() FROM gyms WHERE subdomain LIKE 'crowd-%'",
    ] {
        run(sql).await;
    }
    let past = "CASE WHEN n < 1000 THEN 'completed' ELSE 'scheduled' END";
    in_bulk(
        pool,
        "class_session",
        &format!(
            "INSERT INTO class_session (gym_id, class_id, trainer_id, start_time, end_time, status, created_at, updated_at)
             SELECT g.id, c.ids[1 + n % 5], t.user_id, at, at + interval '50 minutes', {past}, now(), now()
             FROM gyms g
             JOIN LATERAL (SELECT array_agg(id ORDER BY id) AS ids FROM class WHERE gym_id = g.id) c ON true
             JOIN LATERAL (SELECT min(user_id) AS user_id FROM user_gyms WHERE gym_id = g.id) t ON true,
             generate_series(0, 1999) n, LATERAL (SELECT now() + (n - 1000) * interval '50 minutes' AS at) a
             WHERE g.subdomain LIKE 'crowd-%'"
        ),
    )
    .await;
    // so that what joins the sessions is planned for as many as there are
    run("ANALYZE class_session").await;
    let people = "JOIN (SELECT gym_id, array_agg(user_id ORDER BY user_id) AS ids FROM user_gyms GROUP BY gym_id) p
        ON p.gym_id = s.gym_id JOIN gyms g ON g.id = s.gym_id AND g.subdomain LIKE 'crowd-%'";
    in_bulk(
        pool,
        "class_participation",
        &format!(
            "INSERT INTO class_participation (gym_id, session_id, member_id, status, registration_time, attendance_time,
                created_at, updated_at)
             SELECT s.gym_id, s.id, p.ids[2 + (s.id / 4) % 9],
                CASE s.status WHEN 'completed' THEN 'attended' ELSE 'registered' END, now(),
                CASE s.status WHEN 'completed' THEN s.start_time END, now(), now()
             FROM class_session s {people} WHERE s.id % 4 = 0"
        ),
    )
    .await;
    run(&format!(
        "INSERT INTO class_waitlist_entry (gym_id, session_id, member_id, joined_at, created_at, updated_at)
         SELECT s.gym_id, s.id, p.ids[2 + s.id % 9], now(), now(), now()
         FROM class_session s {people} WHERE s.id % 100 = 1 AND s.status = 'scheduled'"
    ))
    .await;
    run("ANALYZE").await;
}

/// Indices and keys are looked after once for all rows instead of for each.
async fn in_bulk(pool: &DatabaseConnection, table: &str, insert: &str) {
    let indices = format!(
        "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public' AND tablename = '{table}'
         AND indexname NOT IN (SELECT conname FROM pg_constraint)"
    );
    let rows = pool.query_all_raw(Statement::from_string(DbBackend::Postgres, indices)).await.expect("its indices");
    let text = |row: &sea_orm::QueryResult, n: usize| row.try_get_by_index::<String>(n).expect("a text");
    // keys are triggers, which a replica does not run; what is written here keeps them by its making
    let mut script = "SET LOCAL session_replication_role = replica; SET LOCAL statement_timeout = 0;".to_owned();
    rows.iter().for_each(|row| script.push_str(&format!("DROP INDEX {};", text(row, 0))));
    script.push_str(&format!("{insert};"));
    rows.iter().for_each(|row| script.push_str(&format!("{};", text(row, 1))));
    // several statements in one message are one transaction
    pool.execute_unprepared(&script).await.unwrap_or_else(|e| panic!("{table}: {e}"));
}
