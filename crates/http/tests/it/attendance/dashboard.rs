//! The dashboard: its figures, how long they are kept, and whether it is well.
use super::cast::{Cast, NOW, STATS, SUMMARY, at, sql};
use chrono::TimeDelta;
use domain::{
    attendance::achievement::{self, AchievementType, Rarity},
    identity::GymRole,
    schedule::{participation::ParticipationStatus as P, session::SessionStatus},
};
use ports::{
    Cache, CacheError, CacheFront, MemoryCache, Ns,
    cache::{Bytes, Lookup, Version},
};
use serde_json::{Value, json};
use std::{
    sync::{Arc, Mutex},
    time::Duration,
};
use testkit::{app::App, both};

const HEALTH: &str = "/api/v1/users/dashboard/health";

/// A store that remembers for how long it was asked to keep what.
struct Remembers(MemoryCache, Mutex<Vec<(String, Duration)>>);

#[async_trait::async_trait]
impl Cache for Remembers {
    async fn get_many(&self, keys: &[(&Ns, &str)]) -> Result<Vec<Lookup>, CacheError> {
        self.0.get_many(keys).await
    }
    async fn put(&self, ns: &Ns, key: &str, version: Version, value: Bytes, ttl: Duration) -> Result<(), CacheError> {
        self.1.lock().unwrap().push((key.to_owned(), ttl));
        self.0.put(ns, key, version, value, ttl).await
    }
    async fn bump(&self, namespaces: &[&Ns]) -> Result<(), CacheError> {
        self.0.bump(namespaces).await
    }
    async fn clear_matching(&self, pattern: &str) -> Result<u64, CacheError> {
        self.0.clear_matching(pattern).await
    }
}

/// A store that is away.
struct Away;

#[async_trait::async_trait]
impl Cache for Away {
    async fn get_many(&self, _: &[(&Ns, &str)]) -> Result<Vec<Lookup>, CacheError> {
        Err(CacheError::Unavailable("away".into()))
    }
    async fn put(&self, _: &Ns, _: &str, _: Version, _: Bytes, _: Duration) -> Result<(), CacheError> {
        Err(CacheError::Unavailable("away".into()))
    }
    async fn bump(&self, _: &[&Ns]) -> Result<(), CacheError> {
        Err(CacheError::Unavailable("away".into()))
    }
    async fn clear_matching(&self, _: &str) -> Result<u64, CacheError> {
        Err(CacheError::Unavailable("away".into()))
    }
}

fn earned(user: domain::UserId, title: &str, when: &str) -> achievement::Create {
    achievement::Create {
        user_id: user,
        achievement_type: AchievementType::ClassMilestone,
        title: title.into(),
        description: "so many".into(),
        icon: "🏆".into(),
        value: title.len() as f64,
        unit: None,
        rarity: Rarity::Common,
        earned_at: at(when),
        is_milestone: true,
        points_awarded: 5,
        source_id: None,
    }
}

both! {
    /// Edge case 15.
    async fn att_31_att_34_of_somebody_without_data_there_is_nothing(t: TestDb) {
        let c = Cast::new(t).await;
        assert_eq!(c.get(SUMMARY).await, json!({
            "user_id": c.ana.id, "current_streak": 0, "weekly_workouts": 0, "monthly_goal_progress": 0.0,
            "next_class": null, "recent_achievement": null, "membership_status": "active",
            "last_attendance_date": null, "has_attended_first_class": false,
            "quick_stats": {"favorite_class": "Ninguna", "avg_duration": 60.0, "social_score": 0.0},
        }));
        let root = c.app.world.super_admin("root").await;
        let without_row = c.app.get(SUMMARY).by(&root).at(c.gym.id).send().await.expect(200);
        assert_eq!((&without_row["membership_status"], &without_row["user_id"]), (&json!("inactive"), &json!(root.id)));
    }

    async fn att_30_att_31_att_34_what_was_attended_is_counted(t: TestDb) {
        let c = Cast::new(t).await;
        let yoga = c.class("Yoga", 45).await;
        // Monday 00:00 in Madrid is Sunday 23:00 in UTC
        c.attended(&yoga, "2030-03-10T22:59:00Z").await;
        c.attended(&yoga, "2030-03-10T23:00:00Z").await;
        c.attended(&c.spin, "2030-03-12T18:00:00Z").await;
        c.attended(&c.spin, "2030-02-12T18:00:00Z").await;
        c.attended(&c.spin, "2030-02-01T18:00:00Z").await;
        c.booked(&c.spin, "2030-03-13T09:00:00Z").await;
        let core = &c.app.services.core;
        for (title, when) in [("old", "2030-01-01T00:00:00Z"), ("new one", "2030-02-01T00:00:00Z")] {
            core.stores.achievements.create(&core.db, c.gym.id, earned(c.ana.id, title, when)).await.unwrap();
        }
        core.stores.achievements.create(&core.db, c.gym.id, earned(c.tom.id, "theirs", NOW)).await.unwrap();
        let seen = c.get(SUMMARY).await;
        assert_eq!((&seen["weekly_workouts"], &seen["current_streak"]), (&json!(2), &json!(3)));
        assert!((seen["monthly_goal_progress"].as_f64().unwrap() - 200.0 / 3.0).abs() < 1e-9);
        assert_eq!((&seen["last_attendance_date"], &seen["has_attended_first_class"]), (&json!("2030-03-12T18:00:00Z"), &json!(true)));
        // three of Spinning ever; of the last 30 days 45, 45, 60 and 60 minutes
        assert_eq!(seen["quick_stats"], json!({"favorite_class": "Spinning", "avg_duration": 52.5, "social_score": 0.0}));
        let newest = &seen["recent_achievement"];
        assert_eq!((&newest["name"], &newest["type"], &newest["badge_icon"]), (&json!("new one"), &json!("class_milestone"), &json!("🏆")));
    }

    /// Edge case 12.
    async fn att_20_att_28_days_are_those_of_the_gyms_clock(t: TestDb) {
        let c = Cast::at(t, "2030-03-13T11:00:00Z", "Pacific/Tongatapu").await; // the 14th, 00:00
        // the 12th and the 13th there; the first without a check-in, by its start
        c.part(&c.spin, c.ana.id, at("2030-03-12T10:59:00Z"), P::Attended, None).await;
        c.attended(&c.spin, "2030-03-12T11:00:00Z").await;
        c.attended(&c.spin, "2030-03-13T10:00:00Z").await;
        assert_eq!(c.get(SUMMARY).await["current_streak"], 2);
        let elsewhere = c.app.world.gym_with("there", |g| g.timezone = "UTC".into()).await;
        c.app.world.join(elsewhere.id, c.ana.id, GymRole::Member).await;
        let there = c.app.get(SUMMARY).by(&c.ana).at(elsewhere.id).send().await.expect(200);
        assert_eq!((&there["current_streak"], &there["has_attended_first_class"]), (&json!(0), &json!(false)));
        // a day without
        c.clock.advance(TimeDelta::days(1));
        assert_eq!(c.get(SUMMARY).await["current_streak"], 0);
    }

    async fn att_28_a_streak_has_no_limit_and_outlives_midnight(t: TestDb) {
        let c = Cast::new(t).await;
        for day in 1..=40 {
            let start = at("2030-03-13T08:00:00Z") - TimeDelta::days(day);
            c.part(&c.spin, c.ana.id, start, P::Attended, Some(start)).await;
        }
        assert_eq!(c.get(SUMMARY).await["current_streak"], 40);
        c.attended(&c.spin, "2030-03-13T08:00:00Z").await;
        c.forget().await;
        assert_eq!(c.get(SUMMARY).await["current_streak"], 41);
        c.clock.advance(TimeDelta::hours(13)); // the 14th in Madrid
        assert_eq!(c.get(SUMMARY).await["current_streak"], 41);
        c.clock.advance(TimeDelta::hours(24));
        assert_eq!(c.get(SUMMARY).await["current_streak"], 0);
    }

    async fn att_32_the_membership_is_active_until_it_ends(t: TestDb) {
        let c = Cast::new(t).await;
        let until = async |sql_value: &str| {
            sql(t, &format!("UPDATE user_gyms SET membership_expires_at = {sql_value}")).await;
            c.fresh(SUMMARY).await["membership_status"].clone()
        };
        assert_eq!(until("'2030-03-13T11:00:01+00:00'").await, "active");
        assert_eq!(until("'2030-03-13T11:00:00+00:00'").await, "inactive");
        assert_eq!(until("NULL").await, "active");
        sql(t, "UPDATE user_gyms SET is_active = FALSE WHERE role = 'MEMBER'").await;
        assert_eq!(c.fresh(SUMMARY).await["membership_status"], "inactive");
        // what changes the membership itself drops what is kept
        sql(t, "UPDATE user_gyms SET is_active = TRUE").await;
        let changed = services::kernel::cache_key::CacheKey::UserGymMembership(c.ana.id, c.gym.id);
        c.app.services.core.committed(&[changed]).await;
        assert_eq!(c.get(SUMMARY).await["membership_status"], "active");
    }

    /// Edge case 16.
    async fn att_33_the_next_class_is_the_first_to_come_that_is_held(t: TestDb) {
        let c = Cast::new(t).await;
        let next = async || c.fresh(SUMMARY).await["next_class"].clone();
        let yoga = c.class("Yoga", 45).await;
        c.part(&c.spin, c.ana.id, at("2030-03-13T12:00:00Z"), P::Cancelled, None).await;
        c.part(&c.spin, c.tom.id, at("2030-03-13T12:30:00Z"), P::Registered, None).await;
        c.booked(&c.spin, "2030-03-13T11:00:00Z").await; // now
        assert_eq!(next().await, Value::Null);
        c.booked(&yoga, "2030-03-20T09:05:00Z").await;
        assert_eq!(next().await, "Yoga - 20/03 10:05");
        c.booked(&yoga, "2030-03-13T23:00:00Z").await; // midnight in Madrid
        assert_eq!(next().await, "Yoga - Mañana 00:00");
        let today = c.booked(&c.spin, "2030-03-13T22:30:00Z").await;
        assert_eq!(next().await, "Spinning - Hoy 23:30");
        let core = &c.app.services.core;
        let off = domain::schedule::session::Update { status: Some(SessionStatus::Cancelled), ..Default::default() };
        core.stores.sessions.update(&core.db, c.gym.id, today.id, off).await.unwrap();
        assert_eq!(next().await, "Yoga - Mañana 00:00");
        // at midnight tomorrow is today, though nothing was dropped
        c.booked(&c.spin, "2030-03-14T17:00:00Z").await;
        c.clock.advance(TimeDelta::hours(12));
        assert_eq!(c.get(SUMMARY).await["next_class"], "Spinning - Hoy 18:00");
    }

    /// Edge case 25.
    async fn att_35_an_error_is_no_row_of_zeros_and_is_not_kept(t: TestDb) {
        let c = Cast::new(t).await;
        c.attended(&c.spin, "2030-03-12T18:00:00Z").await;
        sql(t, "ALTER TABLE user_achievements RENAME TO away").await;
        for path in [SUMMARY.to_owned(), format!("{STATS}/comprehensive")] {
            let answer = c.app.get(&path).by(&c.ana).at(c.gym.id).send().await;
            assert_eq!(answer.outcome(), (500, "internal_error".into()), "{path}");
        }
        sql(t, "ALTER TABLE away RENAME TO user_achievements").await;
        assert_eq!(c.get(SUMMARY).await["weekly_workouts"], 1);
        assert_eq!(c.get(&format!("{STATS}/comprehensive")).await["fitness_metrics"]["classes_attended"], 1);
    }

    async fn att_36_att_50_how_long_what_is_computed_is_kept(t: TestDb) {
        let store = Arc::new(Remembers(MemoryCache::new(1 << 20), Mutex::default()));
        let app = App::with(t, |c| c.core.cache = Arc::new(CacheFront::new(store.clone()))).await;
        let gym = app.world.gym("box").await;
        let ana = app.world.member(&gym, "ana").await;
        let kept = async |path: &str| {
            store.1.lock().unwrap().clear();
            app.get(path).by(&ana).at(gym.id).send().await.expect(200);
            let again = app.get(path).by(&ana).at(gym.id).send().await;
            assert_eq!(again.header("x-database-statements"), "0", "{path}");
            let puts = store.1.lock().unwrap().clone();
            puts.into_iter().filter(|(key, _)| key.contains("summary") || key.contains("stats")).collect::<Vec<_>>()
        };
        for (path, seconds) in [
            (SUMMARY.to_owned(), 900.0),
            (format!("{STATS}/comprehensive?period=week"), 1800.0),
            (format!("{STATS}/comprehensive?period=month"), 3600.0),
            (format!("{STATS}/comprehensive?period=quarter"), 7200.0),
            (format!("{STATS}/comprehensive?period=year"), 14_400.0),
            (format!("{STATS}/comprehensive?period=year&include_goals=false"), 14_400.0),
        ] {
            let puts = kept(&path).await;
            let [(_, ttl)] = puts.as_slice() else { panic!("{path}: {puts:?}") };
            assert!((seconds * 0.89..seconds * 1.11).contains(&ttl.as_secs_f64()), "{path}: {ttl:?}");
        }
    }

    /// Edge case 11.
    async fn att_36_without_the_store_it_is_computed(t: TestDb) {
        let app = App::with(t, |c| c.core.cache = Arc::new(CacheFront::new(Arc::new(Away)))).await;
        let gym = app.world.gym("box").await;
        let ana = app.world.member(&gym, "ana").await;
        app.get(SUMMARY).by(&ana).at(gym.id).send().await.expect(200);
        app.get(&format!("{STATS}/comprehensive")).by(&ana).at(gym.id).send().await.expect(200);
        let health = app.get(HEALTH).send().await.expect(200);
        assert_eq!((&health["status"], &health["services"]["redis"]["status"]), (&json!("degraded"), &json!("unhealthy")));
    }

    async fn the_dashboards_health_is_public_and_its_details_are_not(t: TestDb) {
        let app = App::new(t).await;
        let gym = app.world.gym("box").await;
        let owner = app.world.person(&gym, "boss", GymRole::Owner).await;
        let root = app.world.super_admin("root").await;
        let none = app.get(HEALTH).send().await.expect(200);
        assert_eq!((&none["status"], &none["services"]["scheduler"]["status"]), (&json!("degraded"), &json!("stopped")));

        app.services.scheduler().register().await.unwrap();
        let health = app.get(HEALTH).send().await.expect(200);
        assert_eq!(health["status"], "healthy");
        assert_eq!(health["services"]["redis"], json!({"status": "healthy"}));
        let scheduler = &health["services"]["scheduler"];
        assert_eq!(scheduler["status"], "running");
        assert!(scheduler["active_jobs"].as_u64().unwrap() >= 7 && scheduler.get("jobs").is_none());
        assert_eq!(health["metrics"]["cache"]["dashboard_summary_ttl"], 900);
        assert_eq!(health["metrics"]["performance"]["target_dashboard_response"], "< 50ms");
        assert!(health["timestamp"].is_string());
        for (who, shown) in [(&owner, false), (&root, true)] {
            let seen = app.get(HEALTH).by(who).send().await.expect(200);
            assert_eq!(seen["services"]["scheduler"]["jobs"].is_array(), shown, "{}", who.email);
        }
        app.get(HEALTH).bearer("a.b.c").send().await.expect(200);

        sql(t, "UPDATE scheduled_jobs SET next_run_at = '2020-01-01T00:00:00+00:00' WHERE name = 'goal_expiry'").await;
        let stalled = app.get(HEALTH).send().await.expect(200);
        assert_eq!((&stalled["status"], &stalled["services"]["scheduler"]["status"]), (&json!("degraded"), &json!("stalled")));
        // whoever runs it for long is at it
        sql(t, "UPDATE scheduled_jobs SET leased_until = '2999-01-01T00:00:00+00:00' WHERE name = 'goal_expiry'").await;
        assert_eq!(app.get(HEALTH).send().await.expect(200)["status"], "healthy");
        sql(t, "ALTER TABLE scheduled_jobs RENAME TO away").await;
        let broken = app.get(HEALTH).send().await.expect(200);
        assert_eq!((&broken["status"], &broken["services"]["scheduler"]["active_jobs"]), (&json!("unhealthy"), &json!(0)));
    }
}
