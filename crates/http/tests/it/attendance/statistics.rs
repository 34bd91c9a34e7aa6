//! Statistics of classes, health and membership.
use super::cast::{Cast, STATS, SUMMARY, at, sql};
use chrono::{TimeDelta, Timelike};
use domain::{
    attendance::achievement::{self, AchievementType, Rarity},
    identity::GymRole,
    schedule::participation::ParticipationStatus as P,
};
use serde_json::{Value, json};
use testkit::both;

const ALL: &str = "/api/v1/users/stats/comprehensive";

both! {
    async fn att_39_att_40_classes_of_the_period(t: TestDb) {
        let c = Cast::new(t).await;
        let (yoga, box_class, pilates) = (c.class("Yoga", 45).await, c.class("Boxing", 30).await, c.class("Pilates", 50).await);
        // at 18:00, 18:00, 07:00, 23:00 and 09:00 in Madrid
        c.attended(&c.spin, "2030-03-04T17:00:00Z").await;
        c.attended(&c.spin, "2030-03-05T17:00:00Z").await;
        c.attended(&yoga, "2030-03-06T06:00:00Z").await;
        c.attended(&box_class, "2030-03-07T22:00:00Z").await;
        c.attended(&pilates, "2030-03-08T08:00:00Z").await;
        c.booked(&c.spin, "2030-03-09T17:00:00Z").await;
        c.part(&c.spin, c.ana.id, at("2030-03-10T17:00:00Z"), P::NoShow, None).await;
        c.part(&c.spin, c.ana.id, at("2030-03-11T17:00:00Z"), P::Cancelled, None).await;
        c.booked(&c.spin, "2030-03-14T17:00:00Z").await; // to come
        c.part(&c.spin, c.tom.id, at("2030-03-04T19:00:00Z"), P::Attended, None).await;
        let fitness = c.get(&format!("{STATS}/fitness")).await;
        assert_eq!(fitness["fitness_metrics"], json!({
            "classes_attended": 5, "classes_scheduled": 6, "attendance_rate": 83.3, "total_workout_hours": 4.1,
            "average_session_duration": 49.0, "streak_current": 0, "streak_longest": 5,
            "favorite_class_types": ["Spinning", "Boxing", "Pilates"],
            "peak_workout_times": ["18:00-19:00", "07:00-08:00"], "calories_burned_estimate": 1960,
        }));
        assert_eq!((&fitness["user_id"], &fitness["period"]), (&json!(c.ana.id), &json!("month")));
        assert_eq!(c.get(ALL).await["fitness_metrics"], fitness["fitness_metrics"]);
    }

    /// Edge case 18.
    async fn att_39_without_the_module_a_booking_whose_session_is_over_was_attended(t: TestDb) {
        let c = Cast::new(t).await;
        c.booked(&c.spin, "2030-03-05T17:00:00Z").await;
        c.booked(&c.spin, "2030-03-13T10:00:00Z").await; // ends now
        c.booked(&c.spin, "2030-03-13T10:00:01Z").await; // runs
        let root = c.app.world.super_admin("root").await;
        c.app.world.join(c.gym.id, root.id, GymRole::Member).await;
        let counted = async || {
            let all = c.get(ALL).await;
            let fitness = &all["fitness_metrics"];
            (fitness["classes_attended"].clone(), fitness["classes_scheduled"].clone(), fitness["favorite_class_types"].clone())
        };
        assert_eq!(counted().await, (json!(0), json!(3), json!([])));
        let switch = async |to: &str| {
            let path = format!("/api/v1/modules/attendance/{to}");
            c.app.patch(&path).by(&root).at(c.gym.id).send().await.expect(200);
        };
        switch("deactivate").await;
        assert_eq!(counted().await, (json!(2), json!(3), json!(["Spinning"])));
        // days and streaks stay those of check-ins
        assert_eq!(c.get(ALL).await["fitness_metrics"]["streak_longest"], 0);
        switch("activate").await;
        assert_eq!(counted().await, (json!(0), json!(3), json!([])));
    }

    /// Edge case 17.
    async fn att_38_a_period_begins_with_the_gyms_first_second(t: TestDb) {
        let c = Cast::new(t).await;
        for start in [
            "2029-12-31T22:59:59Z", "2029-12-31T23:00:00Z", // the year, and the quarter
            "2030-02-28T22:59:59Z", "2030-02-28T23:00:00Z", // the month
            "2030-03-06T10:59:59Z", "2030-03-06T11:00:00Z", // the week
        ] {
            c.attended(&c.spin, start).await;
        }
        for (period, attended, start) in [
            ("week", 1, "2030-03-06T11:00:00Z"),
            ("month", 3, "2030-02-28T23:00:00Z"),
            ("quarter", 5, "2029-12-31T23:00:00Z"),
            ("year", 5, "2029-12-31T23:00:00Z"),
        ] {
            let all = c.get(&format!("{ALL}?period={period}")).await;
            assert_eq!(all["fitness_metrics"]["classes_attended"], attended, "{period}");
            assert_eq!((&all["period"], &all["period_start"], &all["period_end"]),
                (&json!(period), &json!(start), &json!("2030-03-13T11:00:00Z")));
        }
        for bad in ["period=day", "period=", "include_goals=perhaps"] {
            let answer = c.app.get(&format!("{ALL}?{bad}")).by(&c.ana).at(c.gym.id).send().await;
            assert_eq!(answer.status, 422, "{bad}");
        }
    }

    async fn att_29_the_longest_run_is_of_the_last_180_days(t: TestDb) {
        let c = Cast::new(t).await;
        let today = at("2030-03-13T08:00:00Z");
        // a run of four that the 180th day before cuts in half, and one of three
        for days in [182, 181, 180, 179, 20, 19, 18] {
            let start = today - TimeDelta::days(days);
            c.part(&c.spin, c.ana.id, start, P::Attended, Some(start)).await;
        }
        let longest = async || c.fresh(ALL).await["fitness_metrics"]["streak_longest"].clone();
        assert_eq!(longest().await, 3);
        for days in [21, 17] {
            let start = today - TimeDelta::days(days);
            c.part(&c.spin, c.ana.id, start, P::Attended, Some(start)).await;
        }
        assert_eq!(longest().await, 5);
    }

    async fn att_37_how_the_app_is_used(t: TestDb) {
        let c = Cast::new(t).await;
        sql(t, "UPDATE user_gyms SET last_app_access = '2030-03-12T22:30:00+00:00', total_app_opens = 40, \
            monthly_app_opens = 6, monthly_reset_date = '2030-03-01T08:00:00+00:00', app_streak_days = 3, \
            created_at = '2030-02-10T11:00:00+00:00'").await;
        // the visit of this request may be counted before or after
        let used = c.fresh(ALL).await["app_usage"].clone();
        assert!([json!(40), json!(41)].contains(&used["total_sessions"]), "{used}");
        assert!(used["consecutive_days"].as_i64().unwrap() >= 3 && used["avg_sessions_per_week"].as_f64().unwrap() >= 10.0);
        let root = c.app.world.super_admin("root").await;
        let without = c.app.get(ALL).by(&root).at(c.gym.id).send().await.expect(200);
        assert_eq!(without["app_usage"], Value::Null);
    }

    /// Edge case 23.
    async fn att_45_att_46_what_is_made_of_the_membership(t: TestDb) {
        let c = Cast::new(t).await;
        let membership = async |path: &str| c.fresh(path).await["membership_utilization"].clone();
        sql(t, "UPDATE user_gyms SET membership_expires_at = '2030-03-20T23:30:00+00:00'").await;
        let none = membership(ALL).await;
        assert_eq!(none["recommended_action_codes"], json!(["attend_more_often", "fix_regular_times", "book_first_class"]));
        assert_eq!((&none["plan_name"], &none["days_until_renewal"]), (&json!("Basic"), &json!(8)));
        for day in 4..10 {
            c.attended(&c.spin, &format!("2030-03-{day:02}T17:00:00Z")).await;
        }
        // twelve whole days, twice a day
        let used = membership(ALL).await;
        assert_eq!((&used["utilization_rate"], &used["value_score"]), (&json!(25.0), &json!(4.1)));
        assert_eq!(used["recommended_action_codes"], json!(["attend_more_often", "fix_regular_times", "consider_upgrade"]));
        sql(t, "UPDATE user_gyms SET membership_expires_at = NULL").await;
        assert_eq!(membership(ALL).await["days_until_renewal"], Value::Null);
        let root = c.app.world.super_admin("root").await;
        let without = c.app.get(ALL).by(&root).at(c.gym.id).send().await.expect(200);
        assert_eq!(without["membership_utilization"], json!({"plan_name": "No Membership", "utilization_rate": 0.0,
            "value_score": 0.0, "days_until_renewal": null, "recommended_actions": [], "recommended_action_codes": []}));
    }

    async fn att_47_advice_is_in_the_language_of_whoever_asks(t: TestDb) {
        let c = Cast::new(t).await;
        let ask = async |language: &str, path: &str| {
            let call = c.app.get(path).by(&c.ana).at(c.gym.id).header("accept-language", language);
            call.send().await.expect(200)
        };
        let (english, spanish) = (ask("en", ALL).await, ask("es-ES,es;q=0.9", ALL).await);
        assert_eq!(english["recommendation_codes"], json!(["schedule_in_advance", "try_new_class_type"]));
        assert_eq!(english["recommendation_codes"], spanish["recommendation_codes"]);
        for (texts, first) in [(&english, "Plan your classes"), (&spanish, "Programa tus clases")] {
            let texts = texts["recommendations"].as_array().unwrap();
            assert!(texts.len() == 2 && texts[0].as_str().unwrap().starts_with(first), "{texts:?}");
        }
        let (english, spanish) = (&english["membership_utilization"], &spanish["membership_utilization"]);
        assert_ne!(english["recommended_actions"], spanish["recommended_actions"]);
        assert_eq!(english["recommended_actions"].as_array().map(Vec::len), Some(3));

        // who does everything right is encouraged; of that, goals are what is about health
        let (yoga, boxing) = (c.class("Yoga", 45).await, c.class("Boxing", 30).await);
        for (class, start) in [(&c.spin, "2030-03-04T17:00:00Z"), (&yoga, "2030-03-05T17:00:00Z"), (&boxing, "2030-03-06T17:00:00Z")] {
            c.attended(class, start).await;
        }
        c.forget().await;
        assert_eq!(ask("en", ALL).await["recommendation_codes"], json!(["keep_it_up", "set_new_goals", "share_progress"]));
        let health = ask("es", &format!("{STATS}/health")).await;
        assert_eq!(health["health_recommendation_codes"], json!(["set_new_goals"]));
        assert!(health["health_recommendations"][0].as_str().unwrap().contains("objetivos"));
        assert_eq!(health["user_id"], json!(c.ana.id));
        assert!(health["health_metrics"].is_object() && health["membership_utilization"].is_object());
    }

    async fn att_48_trends_compare_with_the_same_time_before(t: TestDb) {
        let c = Cast::new(t).await;
        let trends = async || c.fresh(&format!("{STATS}/fitness?period=week")).await["trends"].clone();
        let said = |attendance: &str, intensity: &str| json!({"attendance_trend": attendance, "workout_intensity_trend": intensity});
        assert_eq!(trends().await, said("stable", "stable"));
        let short = c.class("Short", 30).await;
        c.attended(&short, "2030-03-08T17:00:00Z").await;
        assert_eq!(trends().await, said("increasing", "increasing"));
        // the week before: from the 27th of February, 11:00, on
        c.attended(&c.spin, "2030-02-27T11:00:00Z").await;
        assert_eq!(trends().await, said("stable", "decreasing"));
        c.attended(&short, "2030-03-01T17:00:00Z").await;
        c.attended(&short, "2030-02-27T10:59:59Z").await; // before that
        assert_eq!(trends().await, said("decreasing", "decreasing"));
        let social = c.get(&format!("{STATS}/social?period=week")).await;
        assert_eq!(social["trends"], json!({"social_engagement_trend": "stable"}));
    }

    async fn att_49_achievements_of_the_period_the_newest_ten(t: TestDb) {
        let c = Cast::new(t).await;
        let core = &c.app.services.core;
        for n in 0..12 {
            let earned = achievement::Create {
                user_id: c.ana.id,
                achievement_type: AchievementType::AttendanceStreak,
                title: format!("n{n}"),
                description: "x".into(),
                icon: "🔥".into(),
                value: f64::from(n),
                unit: Some("días".into()),
                rarity: Rarity::Common,
                // eleven in March, one in February
                earned_at: at("2030-03-12T00:00:00Z") - TimeDelta::days(if n == 0 { 20 } else { i64::from(12 - n) }),
                is_milestone: true,
                points_awarded: 10,
                source_id: None,
            };
            core.stores.achievements.create(&core.db, c.gym.id, earned).await.unwrap();
        }
        // rows that were taken over may hold what nobody knows
        sql(t, "UPDATE user_achievements SET rarity = 'mythic'").await;
        let all = c.get(ALL).await;
        let names: Vec<_> = all["achievements"].as_array().unwrap().iter().map(|a| a["name"].as_str().unwrap()).collect();
        assert_eq!(names, ["n11", "n10", "n9", "n8", "n7", "n6", "n5", "n4", "n3", "n2"]);
        assert_eq!(c.get(&format!("{ALL}?period=year")).await["achievements"].as_array().map(Vec::len), Some(10));
        assert_eq!(c.get(SUMMARY).await["recent_achievement"]["name"], "n11");
    }

    async fn att_50_without_goals_there_is_no_progress_of_goals(t: TestDb) {
        let c = Cast::new(t).await;
        let goal = json!({"goal_type": "strength", "title": "more", "target_value": 9, "unit": "kg"});
        c.app.post("/api/v1/users/me/goals").by(&c.ana).at(c.gym.id).json(goal).send().await.expect(201);
        let goals = async |path: &str| c.get(path).await["health_metrics"]["goals_progress"].as_array().map(Vec::len);
        assert_eq!(goals(ALL).await, Some(1));
        assert_eq!(goals(&format!("{ALL}?include_goals=false")).await, Some(0));
        assert_eq!(goals(&format!("{STATS}/health?include_goals=false")).await, Some(0));
        assert_eq!(goals(&format!("{STATS}/health")).await, Some(1));
    }

    async fn att_51_two_years_cost_as_many_statements_as_a_day_and_all_answers_come_of_one(t: TestDb) {
        let c = Cast::new(t).await;
        let statements = async |path: &str| -> u32 {
            c.forget().await;
            let answer = c.app.get(path).by(&c.ana).at(c.gym.id).send().await;
            let n = answer.header("x-database-statements").parse().unwrap();
            answer.expect(200);
            n
        };
        let year = format!("{ALL}?period=year");
        c.get(ALL).await; // whoever calls is known from here on
        c.attended(&c.spin, "2030-03-12T17:00:00Z").await;
        let few = (statements(&year).await, statements(SUMMARY).await);
        // a thousand classes of two years, of twenty names, at changing hours
        let mut classes = Vec::new();
        for n in 0..20 {
            classes.push(c.class(&format!("Class {n:02}"), 30 + n).await);
        }
        let mut starts = Vec::new();
        for n in 0..1000i64 {
            let start = at("2030-03-13T05:00:00Z") - TimeDelta::hours(17 * n);
            starts.push((n as usize % 20, start));
        }
        fill(t, &c, &classes, &starts).await;
        let many = (statements(&year).await, statements(SUMMARY).await);
        assert_eq!(few, many);
        assert!(many.0 <= 12 && many.1 <= 8, "{many:?}");

        let seen = c.get(&year).await;
        let in_year = starts.iter().filter(|(_, start)| *start >= at("2029-12-31T23:00:00Z")).count() + 1;
        assert_eq!(seen["fitness_metrics"]["classes_attended"], in_year);
        assert!(seen["fitness_metrics"]["streak_current"].as_u64().unwrap() > 400, "{seen}");
        assert!(starts.iter().any(|(_, start)| start.hour() != 5));
        // what the others say is of the same object: nothing is computed again
        c.get(ALL).await;
        for path in [format!("{STATS}/fitness?period=year"), format!("{STATS}/social?period=year"), format!("{STATS}/health")] {
            let answer = c.app.get(&path).by(&c.ana).at(c.gym.id).send().await;
            assert_eq!(answer.header("x-database-statements"), "0", "{path}");
        }
    }

    /// Edge case 26.
    async fn att_51_statistics_of_two_gyms_do_not_mix(t: TestDb) {
        let c = Cast::new(t).await;
        let there = c.app.world.gym("there").await;
        c.app.world.join(there.id, c.ana.id, GymRole::Member).await;
        let foreign = c.app.world.class(&there).await;
        for day in 4..7 {
            c.attended(&foreign, &format!("2030-03-{day:02}T17:00:00Z")).await;
        }
        c.attended(&c.spin, "2030-03-04T18:00:00Z").await;
        for path in [ALL, SUMMARY] {
            let here = c.get(path).await;
            let there = c.app.get(path).by(&c.ana).at(there.id).send().await.expect(200);
            if path == ALL {
                let counted = |all: &Value| all["fitness_metrics"]["classes_attended"].clone();
                assert_eq!((counted(&here), counted(&there)), (json!(1), json!(3)));
            } else {
                assert_ne!(here["last_attendance_date"], there["last_attendance_date"]);
            }
        }
    }
}

/// Many classes attended, without a statement for each.
async fn fill(
    t: &testkit::database::TestDb,
    c: &Cast,
    classes: &[domain::schedule::class::Model],
    starts: &[(usize, chrono::DateTime<chrono::Utc>)],
) {
    for (batch, some) in starts.chunks(250).enumerate() {
        let (mut sessions, mut parts) = (Vec::new(), Vec::new());
        for (n, (class, start)) in some.iter().enumerate() {
            let id = 1_000_000 + 250 * batch + n;
            let (class, gym, tom, ana) = (&classes[*class], c.gym.id, c.tom.id, c.ana.id);
            let (start, end) = (start.to_rfc3339(), (*start + TimeDelta::minutes(class.duration.into())).to_rfc3339());
            sessions.push(format!(
                "({id}, {gym}, {}, {tom}, '{start}', '{end}', FALSE, 'completed', 1, '{start}', '{start}')",
                class.id
            ));
            parts.push(format!("({id}, {gym}, {id}, {ana}, 'attended', '{start}', '{start}', '{start}', '{start}')"));
        }
        sql(
            t,
            &format!(
                "INSERT INTO class_session (id, gym_id, class_id, trainer_id, start_time, end_time, is_recurring, \
            status, current_participants, created_at, updated_at) VALUES {}",
                sessions.join(", ")
            ),
        )
        .await;
        sql(
            t,
            &format!(
                "INSERT INTO class_participation (id, gym_id, session_id, member_id, status, registration_time, \
            attendance_time, created_at, updated_at) VALUES {}",
                parts.join(", ")
            ),
        )
        .await;
    }
}
