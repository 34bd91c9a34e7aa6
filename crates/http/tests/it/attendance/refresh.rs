//! Computing anew, and how often one may ask.
use super::cast::{Cast, STATS, SUMMARY};
use ports::{CacheError, Counter, counter::Hits};
use serde_json::json;
use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
    time::Duration,
};
use testkit::{app::App, both};

const REFRESH: &str = "/api/v1/users/stats/refresh";

/// A window that no clock ends in the middle of a test.
#[derive(Default)]
struct Counts(Mutex<HashMap<String, f64>>);

#[async_trait::async_trait]
impl Counter for Counts {
    async fn slide(&self, key: &str, window: Duration) -> Result<Hits, CacheError> {
        let mut counts = self.0.lock().unwrap();
        let count = counts.entry(key.to_owned()).or_default();
        *count += 1.0;
        Ok(Hits { count: *count, resets_in: window })
    }
    async fn add(&self, key: &str, _: u64, window: Duration) -> Result<Hits, CacheError> {
        self.slide(key, window).await
    }
}

both! {
    /// Edge case 24.
    async fn att_50_refresh_drops_every_period_and_the_summary(t: TestDb) {
        let c = Cast::new(t).await;
        let mut paths = vec![SUMMARY.to_owned()];
        for period in ["week", "month", "quarter", "year"] {
            for goals in [true, false] {
                paths.push(format!("{STATS}/comprehensive?period={period}&include_goals={goals}"));
            }
        }
        let kept = async |path: &str| {
            let answer = c.app.get(path).by(&c.ana).at(c.gym.id).send().await;
            let hit = answer.header("x-database-statements") == "0";
            (hit, answer.expect(200))
        };
        for path in &paths {
            kept(path).await;
            assert!(kept(path).await.0, "{path}");
        }
        c.attended(&c.spin, "2030-03-12T17:00:00Z").await;
        assert_eq!(c.get(SUMMARY).await["weekly_workouts"], 0);
        let refreshed = c.app.post(REFRESH).by(&c.ana).at(c.gym.id).header("accept-language", "es").send().await.expect(200);
        assert_eq!(refreshed, json!({
            "message": "Tus estadísticas están actualizadas.", "user_id": c.ana.id,
            "refreshed_at": "2030-03-13T11:00:00Z", "cache_invalidated": true,
        }));
        for path in &paths {
            let (hit, answer) = kept(path).await;
            let month = path.contains("month") && path.contains("true");
            assert_eq!(hit, month, "only the month is made at once: {path}");
            let counted = if path == SUMMARY { &answer["weekly_workouts"] } else { &answer["fitness_metrics"]["classes_attended"] };
            assert_eq!(counted, 1, "{path}");
        }
    }

    /// Edge case 24.
    async fn each_member_has_a_budget_of_their_own(t: TestDb) {
        let app = App::with(t, |c| {
            c.settings.rate_limits = true;
            c.ports.counter = Arc::new(Counts::default());
        }).await;
        let gym = app.world.gym("box").await;
        let (ana, ben) = (app.world.member(&gym, "ana").await, app.world.member(&gym, "ben").await);
        for (method, path, most) in [
            ("POST", REFRESH.to_owned(), 3),
            ("GET", SUMMARY.to_owned(), 30),
            ("GET", format!("{STATS}/comprehensive"), 10),
            ("GET", format!("{STATS}/fitness"), 20),
            ("GET", format!("{STATS}/social"), 20),
            ("GET", format!("{STATS}/health"), 15),
        ] {
            let call = async |who| app.call(method.parse().unwrap(), &path).by(who).at(gym.id).send().await;
            for n in 0..most {
                assert_eq!(call(&ana).await.status, 200, "{path} {n}");
            }
            assert_eq!(call(&ana).await.outcome(), (429, "rate_limited".into()), "{path}");
            // on the same wire
            assert_eq!(call(&ben).await.status, 200, "{path}");
        }
    }
}
