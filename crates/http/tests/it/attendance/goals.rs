//! Goals: set, moved, reached.
use super::cast::{Cast, NOW, sql};
use chrono::TimeDelta;
use domain::{attendance::achievement, identity::user};
use futures::future::join_all;
use serde_json::{Value, json};
use testkit::{app::Answer, both};

const GOALS: &str = "/api/v1/users/me/goals";

async fn set(c: &Cast, by: &user::Model, more: Value) -> Answer {
    let mut body = json!({"goal_type": "strength", "title": "Bench press", "target_value": 100, "unit": "kg"});
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    c.app.post(GOALS).by(by).at(c.gym.id).json(body).send().await
}

async fn change(c: &Cast, by: &user::Model, goal: &Value, body: Value) -> Answer {
    c.app.patch(&format!("{GOALS}/{}", goal["id"])).by(by).at(c.gym.id).json(body).send().await
}

async fn earned(c: &Cast) -> Vec<achievement::Model> {
    let core = &c.app.services.core;
    core.stores.achievements.list(&core.db, c.gym.id, Default::default()).await.unwrap()
}

both! {
    async fn att_55_att_56_a_goal_tells_how_far_it_is(t: TestDb) {
        let c = Cast::new(t).await;
        let made = set(&c, &c.ana, json!({"start_value": 50, "current_value": 60, "description": "by June", "is_public": true})).await.expect(201);
        assert_eq!((&made["progress_percentage"], &made["progress_status"], &made["status"]), (&json!(20.0), &json!("behind"), &json!("active")));
        assert_eq!((&made["description"], &made["is_public"], &made["notifications_enabled"]), (&json!("by June"), &json!(true), &json!(true)));
        assert_eq!((&made["user_id"], &made["gym_id"], &made["completed_at"]), (&json!(c.ana.id), &json!(c.gym.id), &Value::Null));
        // ten days of twenty are over
        sql(t, "UPDATE user_goals SET created_at = '2030-03-03T12:00:00+00:00'").await;
        let moved = change(&c, &c.ana, &made, json!({"current_value": 80, "target_date": "2030-03-23"})).await.expect(200);
        assert_eq!((&moved["progress_percentage"], &moved["progress_status"]), (&json!(60.0), &json!("ahead")));
        let moved = change(&c, &c.ana, &made, json!({"current_value": 70})).await.expect(200);
        assert_eq!((&moved["progress_percentage"], &moved["progress_status"]), (&json!(40.0), &json!("on_track")));
        let moved = change(&c, &c.ana, &made, json!({"current_value": 69})).await.expect(200);
        assert_eq!(moved["progress_status"], "behind");
        let freed = change(&c, &c.ana, &made, json!({"target_date": null, "title": "Renamed"})).await.expect(200);
        assert_eq!((&freed["target_date"], &freed["title"], &freed["current_value"]), (&Value::Null, &json!("Renamed"), &json!(69.0)));
        // the statistics say the same, at once
        let stats = c.get("/api/v1/users/stats/health").await;
        assert_eq!(stats["health_metrics"]["goals_progress"], json!([{"goal_id": made["id"], "goal_type": "strength",
            "target_value": 100.0, "current_value": 69.0, "progress_percentage": 38.0, "status": "behind"}]));
    }

    /// Edge case 22.
    async fn att_56_the_last_day_is_no_day_too_late(t: TestDb) {
        let c = Cast::new(t).await;
        let today = set(&c, &c.ana, json!({"target_date": "2030-03-13", "start_value": 0, "current_value": 1})).await.expect(201);
        assert_eq!(today["target_date"], "2030-03-13");
        for bad in [json!({"target_date": "2030-03-12"}), json!({"target_date": "+10000-01-01"}), json!({"title": ""}),
            json!({"unit": "x".repeat(51)}), json!({"target_value": -1}), json!({"goal_type": "fame"}), json!({"target_value": null})] {
            assert_eq!(set(&c, &c.ana, bad.clone()).await.status, 422, "{bad}");
        }
        // in Madrid the 14th begins at 23:00
        c.clock.advance(TimeDelta::hours(12));
        assert_eq!(set(&c, &c.ana, json!({"target_date": "2030-03-13"})).await.status, 422);
        for bad in [json!({"target_date": "2030-03-13"}), json!({"status": "completed"}), json!({"status": "expired"}), json!({"current_value": -1})] {
            assert_eq!(change(&c, &c.ana, &today, bad.clone()).await.status, 422, "{bad}");
        }
    }

    async fn att_58_a_goal_of_weight_starts_at_the_latest_weight(t: TestDb) {
        let c = Cast::new(t).await;
        let weight = json!({"goal_type": "weight_loss", "target_value": 70, "start_value": 99, "current_value": 98});
        let before = set(&c, &c.ana, weight.clone()).await.expect(201);
        assert_eq!((&before["start_value"], &before["current_value"]), (&json!(99.0), &json!(98.0)));
        for (kg, taken) in [(82.5, "2030-03-12T08:00:00Z"), (85.0, "2030-03-01T08:00:00Z")] {
            let body = json!({"weight": kg, "recorded_at": taken});
            c.app.post("/api/v1/users/me/health/records").by(&c.ana).at(c.gym.id).json(body).send().await.expect(201);
        }
        let after = set(&c, &c.ana, weight).await.expect(201);
        assert_eq!((&after["start_value"], &after["current_value"]), (&json!(82.5), &json!(82.5)));
        let strength = set(&c, &c.ana, json!({"start_value": 40})).await.expect(201);
        assert_eq!((&strength["start_value"], &strength["current_value"]), (&json!(40.0), &json!(40.0)));
    }

    /// Edge case 22.
    async fn att_57_att_25_a_goal_that_is_reached_is_completed_with_the_change_and_once(t: TestDb) {
        let c = Cast::new(t).await;
        let goal = set(&c, &c.ana, json!({"start_value": 50})).await.expect(201);
        change(&c, &c.ana, &goal, json!({"current_value": 99.9})).await.expect(200);
        assert!(earned(&c).await.is_empty());
        let answers = join_all((0..8).map(|n| change(&c, &c.ana, &goal, json!({"current_value": 110 + n})))).await;
        for answer in answers {
            let seen = answer.expect(200);
            assert_eq!((&seen["status"], &seen["completed_at"], &seen["progress_percentage"]), (&json!("completed"), &json!(NOW), &json!(100.0)));
        }
        let all = earned(&c).await;
        assert_eq!(all.len(), 1);
        let one = &all[0];
        assert_eq!((one.icon.as_str(), one.points_awarded, one.user_id), ("🎯", 50, c.ana.id));
        assert!((60.0..=67.0).contains(&one.value) && one.source_id.is_some());
        // its state no longer changes
        for status in ["active", "paused", "cancelled"] {
            let answer = change(&c, &c.ana, &goal, json!({"status": status})).await;
            assert_eq!(answer.outcome(), (400, "goal_completed".into()));
        }
        change(&c, &c.ana, &goal, json!({"title": "Done"})).await.expect(200);
        assert_eq!(earned(&c).await.len(), 1);
    }

    async fn ntf_93_a_goal_that_is_reached_is_told_once_unless_its_notifications_are_off(t: TestDb) {
        let c = Cast::new(t).await;
        let quiet = set(&c, &c.ana, json!({"start_value": 50, "notifications_enabled": false})).await.expect(201);
        let goal = set(&c, &c.ana, json!({"start_value": 50})).await.expect(201);
        for (goal, value) in [(&quiet, 100), (&goal, 100), (&goal, 120)] {
            change(&c, &c.ana, goal, json!({"current_value": value})).await.expect(200);
        }
        assert_eq!(earned(&c).await.len(), 2);
        c.app.deliver_effects().await;
        let told = c.app.pushes.of_type("achievement_unlocked");
        assert_eq!(told.len(), 1, "{told:?}");
        let body = &told[0].contents;
        assert_eq!((body.en.as_str(), body.es.as_str()),
            ("You have reached your goal: Bench press.", "Has alcanzado tu objetivo: Bench press."));
        let data = &told[0].data;
        assert_eq!((&data["achievement_type"], &data["rarity"]), (&json!("weight_goal"), &json!("rare")));
    }

    async fn att_57_down_is_the_way_of_weight_and_fat(t: TestDb) {
        let c = Cast::new(t).await;
        for kind in ["weight_loss", "body_fat_loss"] {
            let goal = set(&c, &c.ana, json!({"goal_type": kind, "target_value": 20, "start_value": 30})).await.expect(201);
            let up = change(&c, &c.ana, &goal, json!({"current_value": 35})).await.expect(200);
            assert_eq!((&up["status"], &up["progress_percentage"]), (&json!("active"), &json!(0.0)), "{kind}");
            let down = change(&c, &c.ana, &goal, json!({"current_value": 19})).await.expect(200);
            assert_eq!((&down["status"], &down["progress_percentage"]), (&json!("completed"), &json!(100.0)), "{kind}");
        }
        // a paused goal waits
        let goal = set(&c, &c.ana, json!({"start_value": 50})).await.expect(201);
        let paused = change(&c, &c.ana, &goal, json!({"status": "paused", "current_value": 100})).await.expect(200);
        assert_eq!(paused["status"], "paused");
        let again = change(&c, &c.ana, &goal, json!({"status": "active"})).await.expect(200);
        assert_eq!(again["status"], "completed");
    }

    async fn goals_are_ones_own_and_listed_by_their_state(t: TestDb) {
        let c = Cast::new(t).await;
        let mut made = Vec::new();
        for n in 0..3 {
            made.push(set(&c, &c.ana, json!({"title": format!("g{n}"), "current_value": 1})).await.expect(201));
        }
        let theirs = set(&c, &c.tom, json!({})).await.expect(201);
        assert_eq!(change(&c, &c.ana, &theirs, json!({"title": "mine"})).await.outcome(), (404, "goal_not_found".into()));
        assert_eq!(change(&c, &c.ana, &json!({"id": 999_999}), json!({})).await.outcome(), (404, "goal_not_found".into()));
        change(&c, &c.ana, &made[1], json!({"status": "cancelled"})).await.expect(200);
        let titles = async |query: &str| {
            let rows = c.get(&format!("{GOALS}{query}")).await;
            rows.as_array().unwrap().iter().map(|g| g["title"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(titles("").await, ["g2", "g0"]);
        assert_eq!(titles("?status=cancelled").await, ["g1"]);
        assert_eq!(titles("?skip=1&limit=5").await, ["g0"]);
        let bad = c.app.get(&format!("{GOALS}?status=lost")).by(&c.ana).at(c.gym.id).send().await;
        assert_eq!(bad.status, 422);
        change(&c, &c.ana, &made[1], json!({"status": "active"})).await.expect(200);
        assert_eq!(titles("").await, ["g2", "g1", "g0"]);
    }
}
