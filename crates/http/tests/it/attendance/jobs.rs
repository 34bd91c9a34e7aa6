//! What the clock does: goals end, days are kept, statistics are made in advance.
use super::cast::{Cast, STATS, at, sql};
use chrono::TimeDelta;
use domain::{
    attendance::health_snapshot,
    identity::{GymRole, user},
    schedule::participation::ParticipationStatus as P,
};
use serde_json::{Value, json};
use testkit::{both, database::TestDb};

const GOALS: &str = "/api/v1/users/me/goals";

/// Runs one job, whatever its time.
async fn job(t: &TestDb, c: &Cast, name: &str) -> String {
    let scheduler = c.app.services.scheduler();
    scheduler.register().await.unwrap();
    sql(t, "UPDATE scheduled_jobs SET next_run_at = '2999-01-01T00:00:00+00:00'").await;
    sql(t, &format!("UPDATE scheduled_jobs SET next_run_at = '2020-01-01T00:00:00+00:00' WHERE name = '{name}'")).await;
    assert_eq!(scheduler.run_due().await.unwrap(), 1);
    let core = &c.app.services.core;
    let jobs = core.stores.jobs.all(&core.db).await.unwrap();
    jobs.into_iter().find(|row| row.name == name).unwrap().last_outcome.unwrap()
}

async fn snapshots(c: &Cast) -> Vec<health_snapshot::Model> {
    let core = &c.app.services.core;
    core.stores.health_snapshots.list(&core.db, c.gym.id, Default::default()).await.unwrap()
}

both! {
    /// Edge case 22.
    async fn goals_end_with_their_day_in_their_gym(t: TestDb) {
        // the 14th everywhere east of UTC-1, the 13th to the west
        let c = Cast::at(t, "2030-03-14T00:30:00Z", "America/New_York").await;
        let tonga = c.app.world.gym_with("tonga", |g| g.timezone = "Pacific/Tongatapu".into()).await;
        c.app.world.join(tonga.id, c.ana.id, GymRole::Member).await;
        let goal = async |gym, date: &str| {
            let body = json!({"goal_type": "strength", "title": "x", "target_value": 9, "unit": "kg", "target_date": date});
            c.app.post(GOALS).by(&c.ana).at(gym).json(body).send().await.expect(201)
        };
        let here = goal(c.gym.id, "2030-03-13").await;
        goal(tonga.id, "2030-03-14").await;
        goal(tonga.id, "2030-03-15").await;
        let paused = goal(c.gym.id, "2030-03-13").await;
        let path = format!("{GOALS}/{}", paused["id"]);
        c.app.patch(&path).by(&c.ana).at(c.gym.id).json(json!({"status": "paused"})).send().await.expect(200);
        let open = async |gym| c.app.get(GOALS).by(&c.ana).at(gym).send().await.expect(200).as_array().map(Vec::len);
        assert_eq!(job(t, &c, "goal_expiry").await, "ok: 0 members' goals ended");
        assert_eq!((open(c.gym.id).await, open(tonga.id).await), (Some(1), Some(2)));

        // what is kept of the goal goes with it
        assert_eq!(c.get(&format!("{STATS}/health")).await["health_metrics"]["goals_progress"].as_array().map(Vec::len), Some(1));
        c.clock.advance(TimeDelta::hours(24));
        assert_eq!(job(t, &c, "goal_expiry").await, "ok: 2 members' goals ended");
        assert_eq!((open(c.gym.id).await, open(tonga.id).await), (Some(0), Some(1)));
        assert_eq!(c.get(&format!("{STATS}/health")).await["health_metrics"]["goals_progress"], json!([]));
        let expired = c.get(&format!("{GOALS}?status=expired")).await;
        assert_eq!((expired.as_array().map(Vec::len), &expired[0]["id"]), (Some(1), &here["id"]));
        // taken up again it needs time
        let again = async |body: Value| c.app.patch(&format!("{GOALS}/{}", here["id"])).by(&c.ana).at(c.gym.id).json(body).send().await;
        assert_eq!(again(json!({"status": "active"})).await.status, 422);
        let taken_up = again(json!({"status": "active", "target_date": "2030-04-01"})).await.expect(200);
        assert_eq!(taken_up["status"], "active");
    }

    async fn a_day_is_kept_at_its_end_of_who_was_active(t: TestDb) {
        // 23:45 in Madrid
        let c = Cast::at(t, "2030-03-13T22:45:00Z", "Europe/Madrid").await;
        let short = c.class("Short", 30).await;
        for start in ["2030-03-11T17:00:00Z", "2030-03-12T17:00:00Z", "2030-03-13T17:00:00Z"] {
            c.attended(&short, start).await;
        }
        c.attended(&c.spin, "2030-03-13T18:30:00Z").await;
        c.attended(&c.spin, "2030-03-10T22:59:00Z").await; // Sunday
        sql(t, "UPDATE user_gyms SET last_app_access = NULL").await;
        sql(t, "UPDATE users SET height = 200, weight = 90").await;
        let visitor = c.app.world.member(&c.gym, "visitor").await;
        let gone = c.app.world.member(&c.gym, "gone").await;
        for (who, last) in [(&visitor, "2030-03-06T22:45:00+00:00"), (&gone, "2030-03-06T22:44:59+00:00")] {
            sql(t, &format!("UPDATE user_gyms SET last_app_access = '{last}' WHERE user_id = {}", who.id)).await;
        }
        for (weight, taken) in [(82.0, "2030-03-12T08:00:00Z"), (80.0, "2030-03-13T08:00:00Z")] {
            let body = json!({"weight": weight, "body_fat_percentage": 20, "recorded_at": taken});
            let record = c.app.post("/api/v1/users/me/health/records").by(&c.ana).at(c.gym.id).json(body);
            record.send().await.expect(201);
        }
        sql(t, &format!("UPDATE user_gyms SET last_app_access = NULL WHERE user_id = {}", c.ana.id)).await;
        assert_eq!(job(t, &c, "health_snapshots").await, "ok: 2 written");
        let rows = snapshots(&c).await;
        let of = |who: &user::Model| rows.iter().find(|row| row.user_id == who.id).unwrap().clone();
        let ana = of(&c.ana);
        assert_eq!(ana.snapshot_date.to_string(), "2030-03-13");
        assert_eq!((ana.weight, ana.bmi, ana.body_fat_percentage, ana.muscle_mass), (Some(80.0), Some(20.0), Some(20.0), None));
        assert_eq!((ana.weekly_workouts, ana.classes_attended_week, ana.total_workout_minutes_week, ana.current_streak), (4, 4, 150, 4));
        let other = of(&visitor);
        assert_eq!((other.weight, other.bmi, other.weekly_workouts, other.current_streak), (None, None, 0, 0));

        // once more the same day: the same rows, with what is new
        c.attended(&short, "2030-03-13T19:30:00Z").await;
        assert_eq!(job(t, &c, "health_snapshots").await, "ok: 2 written");
        let rows = snapshots(&c).await;
        assert_eq!((rows.len(), rows.iter().map(|row| row.weekly_workouts).max()), (2, Some(5)));
        // an hour later it is another gym's turn
        c.clock.advance(TimeDelta::hours(1));
        assert_eq!(job(t, &c, "health_snapshots").await, "ok: 0 written");
    }

    async fn a_streak_that_is_longer_than_what_is_looked_at_is_kept_whole(t: TestDb) {
        let c = Cast::at(t, "2030-03-13T23:45:00Z", "UTC").await;
        for day in 0..405 {
            let start = at("2030-03-13T08:00:00Z") - TimeDelta::days(day);
            c.part(&c.spin, c.ana.id, start, P::Attended, Some(start)).await;
        }
        job(t, &c, "health_snapshots").await;
        let rows = snapshots(&c).await;
        assert_eq!(rows.iter().map(|row| row.current_streak).collect::<Vec<_>>(), [405]);
    }

    async fn the_months_statistics_of_who_came_last_are_at_hand(t: TestDb) {
        let c = Cast::new(t).await;
        c.get(&format!("{STATS}/fitness")).await; // whoever calls is known from here on
        c.forget().await;
        let mut members = vec![c.ana.clone()];
        for n in 0..50 {
            members.push(c.app.world.member(&c.gym, &format!("m{n}")).await);
        }
        sql(t, "UPDATE user_gyms SET last_app_access = NULL").await;
        for (n, member) in members.iter().enumerate() {
            let last = (at("2030-03-12T00:00:00Z") - TimeDelta::hours(n as i64)).to_rfc3339();
            sql(t, &format!("UPDATE user_gyms SET last_app_access = '{last}' WHERE user_id = {}", member.id)).await;
        }
        // who stayed away for long is not thought of
        let core = &c.app.services.core;
        let since = at("2030-03-11T00:00:00Z");
        assert_eq!(core.stores.statistics.latest_visitors(&core.db, since, 50).await.unwrap().len(), 25);
        assert_eq!(job(t, &c, "stats_warm_up").await, "ok: 50 at hand, 0 failed");
        let warm = c.app.get(&format!("{STATS}/comprehensive")).by(&c.ana).at(c.gym.id).send().await;
        assert_eq!(warm.header("x-database-statements"), "0");
        // what is kept is not made again
        let ends = async |expected: &str| assert_eq!(c.get(&format!("{STATS}/comprehensive")).await["period_end"], expected);
        c.clock.advance(TimeDelta::minutes(5));
        job(t, &c, "stats_warm_up").await;
        ends("2030-03-13T11:00:00Z").await;
        c.forget().await;
        job(t, &c, "stats_warm_up").await;
        ends("2030-03-13T11:05:00Z").await;
    }
}
