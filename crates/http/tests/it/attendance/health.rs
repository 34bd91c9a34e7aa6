//! Measurements, and what the statistics make of them.
use super::cast::{Cast, NOW, STATS, at, sql};
use chrono::TimeDelta;
use domain::identity::{GymRole, user};
use futures::future::join_all;
use serde_json::{Value, json};
use testkit::{app::Answer, both};

const RECORDS: &str = "/api/v1/users/me/health/records";
const GOALS: &str = "/api/v1/users/me/goals";

async fn record(c: &Cast, by: &user::Model, body: Value) -> Answer {
    c.app.post(RECORDS).by(by).at(c.gym.id).json(body).send().await
}

async fn metrics(c: &Cast) -> Value {
    c.get(&format!("{STATS}/health")).await["health_metrics"].clone()
}

both! {
    async fn att_52_att_53_weight_and_height_make_the_index(t: TestDb) {
        let c = Cast::new(t).await;
        assert_eq!(metrics(&c).await, json!({"current_weight": null, "current_height": null, "bmi": null,
            "bmi_category": null, "weight_change": null, "goals_progress": []}));
        // the profile's own, while nothing was measured; it shows at once
        let profile = json!({"height": 180, "weight": 90});
        c.app.put("/api/v1/users/profile").by(&c.ana).json(profile).send().await.expect(200);
        let seen = metrics(&c).await;
        assert_eq!((&seen["current_weight"], &seen["current_height"]), (&json!(90.0), &json!(180.0)));
        assert_eq!((&seen["bmi"], &seen["bmi_category"]), (&json!(27.8), &json!("overweight")));
        record(&c, &c.ana, json!({"weight": 72.9})).await.expect(201);
        record(&c, &c.ana, json!({"muscle_mass": 40})).await.expect(201);
        let seen = metrics(&c).await;
        assert_eq!((&seen["current_weight"], &seen["bmi"], &seen["bmi_category"]), (&json!(72.9), &json!(22.5), &json!("normal")));
        // what cannot be a person's is not known
        sql(t, "UPDATE users SET height = 251").await;
        c.forget().await;
        let seen = metrics(&c).await;
        assert_eq!((&seen["current_weight"], &seen["current_height"], &seen["bmi"]), (&json!(72.9), &Value::Null, &Value::Null));
        sql(t, "UPDATE user_health_records SET weight = 500.1 WHERE weight IS NOT NULL").await;
        c.forget().await;
        assert_eq!(metrics(&c).await["current_weight"], Value::Null);
    }

    /// Edge case 21.
    async fn att_54_the_change_of_weight_is_of_thirty_days(t: TestDb) {
        let c = Cast::new(t).await;
        let weighed = async |weight: f64, days: i64| {
            let taken = at(NOW) - TimeDelta::days(days);
            record(&c, &c.ana, json!({"weight": weight, "recorded_at": taken})).await.expect(201);
            metrics(&c).await["weight_change"].clone()
        };
        assert_eq!(metrics(&c).await["weight_change"], Value::Null);
        assert_eq!(weighed(85.0, 31).await, Value::Null); // too long ago
        assert_eq!(weighed(80.0, 30).await, Value::Null); // one
        assert_eq!(weighed(79.0, 2).await, -1.0);
        assert_eq!(weighed(83.0, 10).await, -1.0); // between the two
        assert_eq!(weighed(80.26, 0).await, 0.3);
        assert_eq!(metrics(&c).await["current_weight"], 80.26);
    }

    async fn a_measurement_is_kept_as_it_was_taken(t: TestDb) {
        let c = Cast::new(t).await;
        let whole = json!({"weight": 71.4, "body_fat_percentage": 18.2, "muscle_mass": 30, "visceral_fat": 5, "bone_mass": 3,
            "water_percentage": 55, "measurement_type": "scale", "notes": "fasting", "recorded_at": "2030-03-01T07:00:00+01:00"});
        let made = record(&c, &c.ana, whole.clone()).await.expect(201);
        for (field, value) in whole.as_object().unwrap().iter().filter(|(field, _)| *field != "recorded_at") {
            assert_eq!(made[field].as_f64(), value.as_f64(), "{field}");
            assert_eq!(made[field].as_str(), value.as_str(), "{field}");
        }
        assert_eq!((&made["recorded_at"], &made["user_id"], &made["gym_id"]), (&json!("2030-03-01T06:00:00Z"), &json!(c.ana.id), &json!(c.gym.id)));
        let bare = record(&c, &c.ana, json!({"bone_mass": 3})).await.expect(201);
        assert_eq!((&bare["measurement_type"], &bare["recorded_at"], &bare["weight"]), (&json!("manual"), &json!(NOW), &Value::Null));
        for bad in [json!({}), json!({"notes": "x"}), json!({"weight": 19.9}), json!({"weight": 500.1}), json!({"weight": "many"}),
            json!({"water_percentage": 101}), json!({"weight": 70, "measurement_type": "guess"}),
            json!({"weight": 70, "recorded_at": "2030-03-13T11:06:00Z"}), json!({"weight": 70, "recorded_at": "yesterday"})] {
            assert_eq!(record(&c, &c.ana, bad.clone()).await.status, 422, "{bad}");
        }
    }

    async fn measurements_are_listed_in_their_order_and_are_ones_own(t: TestDb) {
        let c = Cast::new(t).await;
        for (weight, taken) in [(70, "2030-03-10T08:00:00Z"), (71, "2029-12-01T08:00:00Z"), (72, "2030-03-01T08:00:00Z"), (73, "2028-03-13T10:59:59Z")] {
            record(&c, &c.ana, json!({"weight": weight, "recorded_at": taken})).await.expect(201);
        }
        record(&c, &c.tom, json!({"weight": 99})).await.expect(201);
        let weights = async |query: &str| {
            let rows = c.get(&format!("{RECORDS}{query}")).await;
            rows.as_array().unwrap().iter().map(|r| r["weight"].as_f64().unwrap()).collect::<Vec<_>>()
        };
        assert_eq!(weights("").await, [72.0, 70.0]);
        assert_eq!(weights("?days=730").await, [71.0, 72.0, 70.0]);
        assert_eq!(weights("?days=730&skip=1&limit=1").await, [72.0]);
        assert_eq!(weights("?days=1").await, [0.0; 0]);
        for bad in ["?days=0", "?days=731", "?days=x", "?limit=0", "?skip=-1"] {
            let answer = c.app.get(&format!("{RECORDS}{bad}")).by(&c.ana).at(c.gym.id).send().await;
            assert_eq!((answer.status.as_u16(), answer.json()["detail"][0]["loc"][0].clone()), (422, json!("query")), "{bad}");
        }
        let there = c.app.world.gym("there").await;
        c.app.world.join(there.id, c.ana.id, GymRole::Member).await;
        let elsewhere = c.app.get(RECORDS).by(&c.ana).at(there.id).send().await.expect(200);
        assert_eq!(elsewhere, json!([]));
    }

    async fn att_59_a_weight_is_the_persons_and_moves_their_goals(t: TestDb) {
        let c = Cast::new(t).await;
        let there = c.app.world.gym("there").await;
        c.app.world.join(there.id, c.ana.id, GymRole::Member).await;
        let goal = async |kind: &str, gym| {
            let body = json!({"goal_type": kind, "title": kind, "target_value": 60, "start_value": 80, "unit": "kg"});
            c.app.post(GOALS).by(&c.ana).at(gym).json(body).send().await.expect(201);
        };
        for kind in ["weight_loss", "strength"] {
            goal(kind, c.gym.id).await;
        }
        goal("weight_loss", there.id).await;
        // what is kept of before shows it at once
        assert_eq!(metrics(&c).await["current_weight"], Value::Null);
        record(&c, &c.ana, json!({"weight": 75})).await.expect(201);
        let profile = async || c.app.get("/api/v1/users/profile").by(&c.ana).send().await.expect(200)["weight"].clone();
        assert_eq!(profile().await, 75.0);
        let values = async |gym| {
            let goals = c.app.get(GOALS).by(&c.ana).at(gym).send().await.expect(200);
            goals.as_array().unwrap().iter().map(|g| (g["goal_type"].clone(), g["current_value"].as_f64().unwrap())).collect::<Vec<_>>()
        };
        assert_eq!(values(c.gym.id).await, [(json!("strength"), 80.0), (json!("weight_loss"), 75.0)]);
        assert_eq!(values(there.id).await, [(json!("weight_loss"), 80.0)]);
        let seen = metrics(&c).await;
        assert_eq!((&seen["current_weight"], &seen["goals_progress"][1]["progress_percentage"]), (&json!(75.0), &json!(25.0)));

        // one that was taken before the newest is history, and moves nothing
        record(&c, &c.ana, json!({"weight": 90, "recorded_at": "2030-03-01T00:00:00Z"})).await.expect(201);
        assert_eq!((profile().await, values(c.gym.id).await[1].1), (json!(75.0), 75.0));
        assert_eq!(metrics(&c).await["current_weight"], 75.0);
        // the gym's lists of people show it as well
        let people = c.app.get("/api/v1/users/gym-participants").by(&c.app.world.person(&c.gym, "boss", GymRole::Admin).await)
            .at(c.gym.id).send().await.expect(200);
        assert!(people.as_array().unwrap().iter().any(|p| p["id"] == json!(c.ana.id) && p["weight"] == json!(75.0)));
    }

    /// Edge case 22.
    async fn att_57_att_25_a_goal_is_completed_once_by_however_many_measurements(t: TestDb) {
        let c = Cast::new(t).await;
        record(&c, &c.ana, json!({"weight": 80, "recorded_at": "2030-03-01T00:00:00Z"})).await.expect(201);
        let body = json!({"goal_type": "weight_loss", "title": "Before the summer", "target_value": 72, "unit": "kg"});
        let goal = c.app.post(GOALS).by(&c.ana).at(c.gym.id).json(body).send().await.expect(201);
        let answers = join_all((0..10).map(|n| record(&c, &c.ana, json!({"weight": 71.0 - f64::from(n) / 10.0})))).await;
        assert!(answers.iter().all(|a| a.status == 201), "{answers:?}");
        let completed = c.get(&format!("{GOALS}?status=completed")).await;
        assert_eq!(completed.as_array().map(Vec::len), Some(1));
        assert_eq!((&completed[0]["id"], &completed[0]["completed_at"]), (&goal["id"], &json!(NOW)));
        assert_eq!(completed[0]["progress_status"], "completed");
        let core = &c.app.services.core;
        let earned = core.stores.achievements.list(&core.db, c.gym.id, Default::default()).await.unwrap();
        assert_eq!(earned.len(), 1);
        let (one, reached) = (&earned[0], completed[0]["current_value"].as_f64().unwrap());
        assert_eq!((one.value, one.unit.as_deref(), one.icon.as_str()), (80.0 - reached, Some("kg"), "⚖️"));
        assert_eq!((one.points_awarded, one.is_milestone, one.source_id.map(|id| json!(id))), (50, true, Some(goal["id"].clone())));
        assert_eq!(c.get("/api/v1/users/dashboard/summary").await["recent_achievement"]["type"], "weight_goal");
    }
}
