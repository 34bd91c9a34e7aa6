//! What attendance earns.
use super::{Cast, at, attended, cast, cast_in, code, get, show};
use chrono::{DateTime, TimeDelta, Utc};
use domain::{
    GymId, UserId,
    attendance::{goal, milestone},
    identity::{GymRole, user},
    kernel::{outbox::Effect, time},
};
use futures::future::join_all;
use sea_orm::ConnectionTrait;
use serde_json::{Value, json};
use testkit::{app::App, both, schedule::in_minutes};

const EARNED: &str = "/api/v1/users/me/achievements";
const NEXT: &str = "/api/v1/users/me/achievements/next-milestones";

/// Types and values of what was earned, in order.
fn earned(answer: &Value) -> Vec<(String, f64)> {
    let by_rarity = answer["achievements_by_rarity"].as_object().unwrap();
    let all = by_rarity.values().flat_map(|list| list.as_array().unwrap());
    let one = |a: &Value| (a["achievement_type"].as_str().unwrap().to_owned(), a["value"].as_f64().unwrap());
    let mut all: Vec<_> = all.map(one).collect();
    all.sort_by(|a, b| a.partial_cmp(b).unwrap());
    all
}

fn streak(days: f64) -> (String, f64) {
    ("attendance_streak".into(), days)
}

fn classes(n: f64) -> (String, f64) {
    ("class_milestone".into(), n)
}

/// The current value of the next milestone of a kind.
fn current(next: &Value, kind: &str) -> Option<f64> {
    let all = next["next_milestones"].as_array().unwrap();
    all.iter().find(|n| n["achievement_type"] == kind).and_then(|n| n["current_value"].as_f64())
}

/// Tells that attendance changed, as an aggregate of its own: nothing puts these in an order.
async fn changed(app: &App, gym: GymId, user: UserId, n: usize) {
    let effect = Effect {
        gym: Some(gym),
        kind: "schedule.attendance_changed",
        aggregate: format!("test:{n}"),
        dedupe_key: None,
        payload: json!({"gym_id": gym, "user_id": user}),
    };
    app.services.core.stores.outbox.push(&app.world.db, effect).await.unwrap();
}

both! {
    async fn att_22_att_23_att_24_a_week_of_check_ins_earns_its_milestones(t: TestDb) {
        let app = App::new(t).await;
        let c = cast(&app, 5).await;
        let now = time::now();
        for day in 1..=6 {
            attended(&app, &c, &c.ana, now - TimeDelta::days(day)).await;
        }
        // three more of long ago make ten
        for day in [100, 102, 104] {
            attended(&app, &c, &c.ana, now - TimeDelta::days(day)).await;
        }
        let session = app.world.session(&c.spin, &c.tom, in_minutes(5)).await;
        assert_eq!(get(&app, &c.ana, c.gym.id, EARNED).await["total_achievements"], json!(0));
        show(&app, &c.tom, c.gym.id, &code(&c.ana), Some(session.id)).await.expect(200);
        app.deliver_effects().await;
        let found = get(&app, &c.ana, c.gym.id, EARNED).await;
        assert_eq!(earned(&found), [streak(3.0), streak(7.0), classes(10.0)]);
        assert_eq!((&found["total_achievements"], &found["total_points"]), (&json!(3), &json!(10 + 10 + 5)));
        assert_eq!((&found["user_id"], &found["gym_id"]), (&json!(c.ana.id), &json!(c.gym.id)));
        let week = found["achievements_by_rarity"]["common"].as_array().unwrap();
        let week = week.iter().find(|a| a["value"] == json!(7.0)).unwrap();
        assert_eq!((&week["icon"], &week["unit"], &week["is_milestone"]), (&json!("🔥"), &json!("días"), &json!(true)));
        assert_eq!((&week["rarity"], &week["points_awarded"]), (&json!("common"), &json!(10)));
        // evaluated again, nothing is earned twice
        changed(&app, c.gym.id, c.ana.id, 1).await;
        app.deliver_effects().await;
        assert_eq!(get(&app, &c.ana, c.gym.id, EARNED).await, found);
        assert_eq!(get(&app, &c.tom, c.gym.id, EARNED).await["total_achievements"], json!(0));
    }

    /// Edge case 13.
    async fn att_22_evaluated_at_once_by_many_it_is_earned_once(t: TestDb) {
        let app = App::new(t).await;
        let c = cast(&app, 5).await;
        for day in 0..7 {
            attended(&app, &c, &c.ana, time::now() - TimeDelta::days(day)).await;
        }
        for n in 0..12 {
            changed(&app, c.gym.id, c.ana.id, n).await;
        }
        let relays: Vec<_> = (0..4).map(|_| app.services.relay()).collect();
        join_all(relays.iter().map(|relay| async { relay.run_once().await.unwrap() })).await;
        app.deliver_effects().await;
        assert_eq!(app.services.core.stores.outbox.backlog(&app.world.db).await.unwrap(), (0, 0));
        assert_eq!(earned(&get(&app, &c.ana, c.gym.id, EARNED).await), [streak(3.0), streak(7.0)]);
    }

    /// Edge cases 13 and 26.
    async fn att_22_what_is_earned_in_one_gym_counts_in_no_other(t: TestDb) {
        let app = App::new(t).await;
        let c = cast(&app, 5).await;
        let there = cast_in(&app, "there", "UTC", 5).await;
        app.world.join(there.gym.id, c.ana.id, GymRole::Member).await;
        for day in 0..7 {
            attended(&app, &c, &c.ana, time::now() - TimeDelta::days(day)).await;
        }
        attended(&app, &there, &c.ana, time::now() - TimeDelta::days(7)).await;
        changed(&app, c.gym.id, c.ana.id, 0).await;
        changed(&app, there.gym.id, c.ana.id, 1).await;
        app.deliver_effects().await;
        assert_eq!(earned(&get(&app, &c.ana, c.gym.id, EARNED).await).len(), 2);
        assert_eq!(earned(&get(&app, &c.ana, there.gym.id, EARNED).await), []);
        let next = get(&app, &c.ana, there.gym.id, NEXT).await;
        assert_eq!((current(&next, "attendance_streak"), current(&next, "class_milestone")), (Some(0.0), Some(1.0)));
    }

    async fn att_22_an_evaluation_that_comes_late_takes_nothing_away(t: TestDb) {
        let app = App::new(t).await;
        let c = cast(&app, 5).await;
        // a run that ended a month ago
        for day in 30..37 {
            attended(&app, &c, &c.ana, time::now() - TimeDelta::days(day)).await;
        }
        changed(&app, c.gym.id, c.ana.id, 0).await;
        app.deliver_effects().await;
        assert_eq!(earned(&get(&app, &c.ana, c.gym.id, EARNED).await), [streak(3.0), streak(7.0)]);
    }

    async fn att_25_a_goal_earns_one_achievement(t: TestDb) {
        let app = App::new(t).await;
        let Cast { gym, ana, .. } = cast(&app, 5).await;
        let stores = &app.services.core.stores;
        let lighter = goal::Create {
            user_id: ana.id,
            goal_type: goal::GoalType::WeightLoss,
            title: "Lighter".into(),
            description: None,
            target_value: 70.0,
            current_value: 80.0,
            start_value: Some(80.0),
            unit: "kg".into(),
            target_date: None,
            status: goal::GoalStatus::Active,
            is_public: false,
            notifications_enabled: true,
        };
        let first = stores.goals.create(&app.world.db, gym.id, lighter.clone()).await.unwrap();
        let second = stores.goals.create(&app.world.db, gym.id, lighter).await.unwrap();
        let earned = |goal: &goal::Model| vec![milestone::of_goal(goal, 69.5, time::now())];
        assert_eq!(stores.earned.award(&app.world.db, gym.id, earned(&first)).await.unwrap().len(), 1);
        assert_eq!(stores.earned.award(&app.world.db, gym.id, earned(&first)).await.unwrap().len(), 0);
        assert_eq!(stores.earned.award(&app.world.db, gym.id, earned(&second)).await.unwrap().len(), 1);
        let found = get(&app, &ana, gym.id, EARNED).await;
        assert_eq!((&found["total_achievements"], &found["total_points"]), (&json!(2), &json!(100)));
        let rare = &found["achievements_by_rarity"]["rare"][0];
        assert_eq!((&rare["value"], &rare["unit"], &rare["icon"]), (&json!(10.5), &json!("kg"), &json!("⚖️")));
    }

    async fn ntf_93_what_is_earned_is_told_once_and_not_to_a_device_of_who_refused_it(t: TestDb) {
        let app = App::new(t).await;
        let c = cast(&app, 5).await;
        let ben = app.world.member(&c.gym, "ben").await;
        let refused = json!({"preferences": [{"type": "achievement_unlocked", "push": false}]});
        app.put("/api/v1/notifications/preferences").by(&ben).at(c.gym.id).json(refused).send().await.expect(200);
        for day in 1..=2 {
            let start = time::now() - TimeDelta::days(day);
            attended(&app, &c, &c.ana, start).await;
            attended(&app, &c, &ben, start).await;
        }
        let check_in = async |member: &user::Model, minutes: i64| {
            let session = app.world.session(&c.spin, &c.tom, in_minutes(minutes)).await;
            show(&app, &c.tom, c.gym.id, &code(member), Some(session.id)).await.expect(200);
            app.deliver_effects().await;
        };
        check_in(&c.ana, 5).await;
        check_in(&ben, 5).await;
        let told = app.pushes.of_type("achievement_unlocked");
        assert_eq!(told.len(), 1, "{told:?}");
        assert_eq!(told[0].users, [c.ana.id]);
        let body = &told[0].contents;
        assert_eq!((body.en.as_str(), body.es.as_str()), ("You have trained 3 days in a row.", "Has entrenado 3 días seguidos."));
        assert_eq!(Value::Object(told[0].data.clone()), json!({"type": "achievement_unlocked", "gym_id": c.gym.id,
            "gym_name": "Gym box", "achievement_type": "attendance_streak", "rarity": "common"}));
        let found = get(&app, &c.ana, c.gym.id, EARNED).await;
        let key = format!("ach:{}:{}:{}", c.ana.id, c.gym.id, found["recent_achievements"][0]["id"]);
        let said = &app.services.core.stores.said;
        assert!(said.claim(&app.world.db, vec![key]).await.unwrap().is_empty(), "the key is taken");
        // another class of the same day earns nothing
        check_in(&c.ana, 10).await;
        check_in(&ben, 10).await;
        assert_eq!(app.pushes.told("achievement_unlocked"), [c.ana.id]);
        for member in [&c.ana, &ben] {
            let list = get(&app, member, c.gym.id, "/api/v1/notifications/").await;
            let kinds: Vec<_> = list.as_array().unwrap().iter().map(|told| &told["type"]).collect();
            assert_eq!(kinds, ["achievement_unlocked"], "the list has it once, also of who refused the push");
        }
    }

    async fn att_26_by_rarity_with_totals_and_the_newest_five(t: TestDb) {
        let app = App::new(t).await;
        let Cast { gym, ana, .. } = cast(&app, 5).await;
        let start = time::now() - TimeDelta::days(400);
        use milestone::Milestone::{Classes, Streak};
        let table = [Streak(3), Streak(14), Streak(60), Streak(180), Classes(10), Classes(500), Classes(25)];
        for (n, milestone) in table.into_iter().enumerate() {
            let row = milestone.earned(ana.id, start + TimeDelta::days(n as i64));
            app.services.core.stores.earned.award(&app.world.db, gym.id, vec![row]).await.unwrap();
        }
        t.pool().execute_unprepared("UPDATE user_achievements SET rarity = 'mythic' WHERE value = 25").await.unwrap();
        let found = get(&app, &ana, gym.id, EARNED).await;
        let count = |rarity: &str| found["achievements_by_rarity"][rarity].as_array().unwrap().len();
        assert_eq!(["common", "rare", "epic", "legendary"].map(count), [2, 1, 1, 2]);
        let points = 10 + 25 + 50 + 100 + 5 + 250 + 12;
        assert_eq!((&found["total_achievements"], &found["total_points"]), (&json!(7), &json!(points)));
        let recent = found["recent_achievements"].as_array().unwrap();
        let recent: Vec<_> = recent.iter().map(|a| a["value"].as_f64().unwrap()).collect();
        assert_eq!(recent, [25.0, 500.0, 10.0, 180.0, 60.0]);
        assert_eq!(found["recent_achievements"][0]["rarity"], json!("mythic"));
    }

    /// Edge case 14.
    async fn att_27_the_next_of_each_kind_until_there_is_none(t: TestDb) {
        let app = App::new(t).await;
        let c @ Cast { .. } = cast(&app, 5).await;
        let next = get(&app, &c.ana, c.gym.id, NEXT).await;
        let expected = json!({"user_id": c.ana.id, "gym_id": c.gym.id, "next_milestones": [
            {"achievement_type": "attendance_streak", "title": "Racha de 3 días", "description": "Entrena 3 días seguidos.",
             "icon": "🔥", "current_value": 0.0, "target_value": 3.0, "unit": "días", "progress_percentage": 0.0,
             "rarity": "common", "points_to_earn": 10},
            {"achievement_type": "class_milestone", "title": "10 clases", "description": "Asiste a 10 clases.",
             "icon": "🏆", "current_value": 0.0, "target_value": 10.0, "unit": "clases", "progress_percentage": 0.0,
             "rarity": "common", "points_to_earn": 5},
        ]});
        assert_eq!(next, expected);
        let ben = app.world.member(&c.gym, "ben").await;
        let now = time::now();
        let streaks = milestone::STREAKS.map(milestone::Milestone::Streak);
        let classes = milestone::CLASSES.map(milestone::Milestone::Classes);
        let all = streaks.into_iter().chain(classes).map(|m| m.earned(ben.id, now)).collect();
        app.services.core.stores.earned.award(&app.world.db, c.gym.id, all).await.unwrap();
        assert_eq!(get(&app, &ben, c.gym.id, NEXT).await["next_milestones"], json!([]));
    }

    /// Edge case 12.
    async fn att_28_att_27_the_streak_is_that_of_now(t: TestDb) {
        let now: DateTime<Utc> = "2026-06-10T12:00:00Z".parse().unwrap();
        let (app, clock) = at(t, now).await;
        let c = cast(&app, 5).await;
        let shown = async || current(&get(&app, &c.ana, c.gym.id, NEXT).await, "attendance_streak");
        let day = async |ago: i64| {
            attended(&app, &c, &c.ana, now - TimeDelta::days(ago)).await;
            let stale = services::kernel::cache_key::CacheKey::MemberStats(c.ana.id, c.gym.id);
            app.services.core.committed(&[stale]).await;
        };
        assert_eq!(shown().await, Some(0.0));
        day(1).await;
        assert_eq!(shown().await, Some(1.0), "yesterday only");
        day(0).await;
        day(0).await;
        assert_eq!(shown().await, Some(2.0), "two classes on one day are one");
        day(3).await;
        assert_eq!(shown().await, Some(2.0), "a gap");
        for ago in 4..43 {
            day(ago).await;
        }
        day(2).await;
        assert_eq!(shown().await, Some(43.0), "no look back is too far, over months");
        clock.advance(TimeDelta::days(1));
        assert_eq!(shown().await, Some(43.0), "it stands until the day after has gone by");
        clock.advance(TimeDelta::days(1));
        assert_eq!(shown().await, Some(0.0));
    }

    /// Edge case 12.
    async fn att_20_days_are_those_of_the_gyms_calendar(t: TestDb) {
        let now: DateTime<Utc> = "2026-06-10T11:40:00Z".parse().unwrap();
        let (app, _) = at(t, now).await;
        // noon in UTC is past midnight in Tonga and still yesterday evening in Honolulu
        for (name, zone, days) in [("utc", "UTC", 1.0), ("tonga", "Pacific/Tongatapu", 2.0), ("hawaii", "Pacific/Honolulu", 1.0)] {
            let c = cast_in(&app, name, zone, 5).await;
            attended(&app, &c, &c.ana, "2026-06-10T10:40:00Z".parse().unwrap()).await;
            attended(&app, &c, &c.ana, "2026-06-10T11:20:00Z".parse().unwrap()).await;
            let next = get(&app, &c.ana, c.gym.id, NEXT).await;
            assert_eq!(current(&next, "attendance_streak"), Some(days), "{zone}");
        }
    }

    async fn att_20_without_a_time_of_check_in_the_start_of_the_session_counts(t: TestDb) {
        let app = App::new(t).await;
        let c = cast(&app, 5).await;
        attended(&app, &c, &c.ana, time::now() - TimeDelta::days(1)).await;
        // booked and kept days ago, and taken over without the time
        t.pool().execute_unprepared("UPDATE class_participation SET attendance_time = NULL").await.unwrap();
        let next = get(&app, &c.ana, c.gym.id, NEXT).await;
        assert_eq!(current(&next, "attendance_streak"), Some(1.0));
        changed(&app, c.gym.id, c.ana.id, 0).await;
        app.deliver_effects().await;
    }
}
