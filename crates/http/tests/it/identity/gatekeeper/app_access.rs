use super::PEOPLE;
use chrono::{DateTime, TimeDelta, Utc};
use domain::{
    GymId,
    identity::{GymRole, membership, user},
};
use ports::FixedClock;
use serde_json::json;
use std::{sync::Arc, time::Duration};
use testkit::{app::App, both, database::TestDb};

/// Staff only.
const STAFF: &str = "/api/v1/users/gym-users";

/// An instance of its own over the same database, whose clock stands still.
async fn at(t: &TestDb, now: &str) -> (App, FixedClock) {
    let clock = FixedClock::new(now.parse().unwrap());
    let app = App::with(t, |c| c.core.clock = Arc::new(clock.clone())).await;
    (app, clock)
}

async fn row(app: &App, gym: GymId, user: &user::Model) -> Option<membership::Model> {
    let core = &app.services.core;
    core.stores.people.of_user(&core.db, gym, user.id).await.unwrap()
}

/// Total, of this month, streak.
async fn counters(app: &App, gym: GymId, user: &user::Model) -> (i32, i32, i32) {
    let row = row(app, gym, user).await.unwrap();
    (row.total_app_opens, row.monthly_app_opens, row.app_streak_days)
}

/// The counters as soon as they are these, or after a while whatever they are: they are written off the request's path.
async fn soon(app: &App, gym: GymId, user: &user::Model, wanted: (i32, i32, i32)) -> (i32, i32, i32) {
    for _ in 0..100 {
        if counters(app, gym, user).await == wanted {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    // and stay so
    tokio::time::sleep(Duration::from_millis(50)).await;
    counters(app, gym, user).await
}

both! {
    async fn idn_30_an_access_counts_once_in_five_minutes_over_all_instances(t: TestDb) {
        let (app, _) = at(t, "2026-03-10T09:00:00Z").await;
        let gym = app.world.gym("box").await;
        let ana = app.world.member(&gym, "ana").await;
        for _ in 0..3 {
            app.get(PEOPLE).by(&ana).at(gym.id).send().await.expect(200);
        }
        assert_eq!(soon(&app, gym.id, &ana, (1, 1, 1)).await, (1, 1, 1));
        let seen = row(&app, gym.id, &ana).await.unwrap();
        let at_nine: DateTime<Utc> = "2026-03-10T09:00:00Z".parse().unwrap();
        assert_eq!((seen.last_app_access, seen.monthly_reset_date), (Some(at_nine), Some(at_nine)));

        let (second, _) = at(t, "2026-03-10T09:04:59Z").await;
        second.get(PEOPLE).by(&ana).at(gym.id).send().await.expect(200);
        assert_eq!(soon(&second, gym.id, &ana, (2, 2, 1)).await, (1, 1, 1), "299 seconds are no new access");
        let (third, _) = at(t, "2026-03-10T09:05:00Z").await;
        third.get(PEOPLE).by(&ana).at(gym.id).send().await.expect(200);
        assert_eq!(soon(&third, gym.id, &ana, (2, 2, 1)).await, (2, 2, 1));
    }

    async fn idn_30_instances_that_count_at_once_count_once(t: TestDb) {
        let (app, _) = at(t, "2026-03-10T09:00:00Z").await;
        let gym = app.world.gym("box").await;
        let ana = app.world.member(&gym, "ana").await;
        let mut instances = Vec::new();
        for _ in 0..4 {
            instances.push(at(t, "2026-03-10T09:00:00Z").await.0);
        }
        futures::future::join_all(instances.iter().map(|i| i.get(PEOPLE).by(&ana).at(gym.id).send())).await;
        assert_eq!(soon(&app, gym.id, &ana, (1, 1, 1)).await, (1, 1, 1));
    }

    async fn idn_30_months_begin_anew_and_streaks_follow_the_gyms_own_midnight(t: TestDb) {
        let (app, _) = at(t, "2026-03-10T09:00:00Z").await;
        // UTC-6: its midnight is 06:00Z
        let gym = app.world.gym_with("mexico", |g| g.timezone = "America/Mexico_City".into()).await;
        let ana = app.world.member(&gym, "ana").await;
        for (now, wanted) in [
            ("2026-03-30T05:00:00Z", (1, 1, 1)), // the 29th there
            ("2026-03-30T05:59:00Z", (2, 2, 1)), // still the 29th
            ("2026-03-30T06:05:00Z", (3, 3, 2)), // the 30th
            ("2026-04-01T05:30:00Z", (4, 1, 3)), // the 31st there, April by the clock that months are counted by
            ("2026-04-03T05:30:00Z", (5, 2, 1)), // a day was left out
            ("2027-04-03T12:00:00Z", (6, 1, 1)), // the same month of another year
        ] {
            let (instance, _) = at(t, now).await;
            instance.get(PEOPLE).by(&ana).at(gym.id).send().await.expect(200);
            assert_eq!(soon(&instance, gym.id, &ana, wanted).await, wanted, "{now}");
        }
    }

    async fn idn_30_a_refused_call_is_no_access(t: TestDb) {
        let (app, clock) = at(t, "2026-03-10T09:00:00Z").await;
        let (gym, other) = (app.world.gym("box").await, app.world.gym("other").await);
        let ana = app.world.member(&gym, "ana").await;
        let role = app.get(STAFF).by(&ana).at(gym.id).send().await;
        assert_eq!(role.outcome(), (403, "role_too_low".into()));
        let scope = app.get(PEOPLE).by_with(&ana, &[]).at(gym.id).send().await;
        assert_eq!(scope.outcome(), (403, "missing_scope".into()));
        app.get(PEOPLE).by(&ana).at(other.id).send().await.expect(403);
        let own = format!("/api/v1/gyms/{}", gym.id);
        app.put(&own).by(&ana).at(gym.id).json(json!({"name": "Mine"})).send().await.expect(403);
        assert_eq!(soon(&app, gym.id, &ana, (1, 1, 1)).await, (0, 0, 0), "a refusal is no successful guard");
        clock.advance(TimeDelta::seconds(1));
        app.get(PEOPLE).by(&ana).at(gym.id).send().await.expect(200);
        assert_eq!(soon(&app, gym.id, &ana, (1, 1, 1)).await, (1, 1, 1), "nor does it use the five minutes up");
    }

    async fn idn_30_the_platforms_administrator_leaves_no_trace_in_a_gym(t: TestDb) {
        let (app, _) = at(t, "2026-03-10T09:00:00Z").await;
        let (gym, other) = (app.world.gym("box").await, app.world.gym("other").await);
        let root = app.world.super_admin("root").await;
        app.world.join(other.id, root.id, GymRole::Member).await;
        for id in [gym.id, other.id] {
            app.get(STAFF).by(&root).at(id).send().await.expect(200);
        }
        assert_eq!(soon(&app, other.id, &root, (1, 1, 1)).await, (1, 1, 1), "where they are a member they count");
        assert!(row(&app, gym.id, &root).await.is_none(), "and where they are none no row is made");
        let shown = app.get("/api/v1/context/workspace").by(&root).at(gym.id).send().await.expect(200);
        assert_eq!(shown["user_context"]["role"], "SUPER_ADMIN");
    }
}
