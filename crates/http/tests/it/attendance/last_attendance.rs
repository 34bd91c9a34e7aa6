//! When a member was last here.
use super::{Cast, attended, cast, cast_in, get};
use chrono::{DateTime, TimeDelta, Utc};
use domain::{identity::GymRole, kernel::time, schedule::participation::ParticipationStatus as P};
use serde_json::{Value, json};
use testkit::{app::App, both, schedule::in_minutes};

const LAST: &str = "/api/v1/users/last-attendance";

fn date(answer: &Value) -> Option<DateTime<Utc>> {
    answer["last_attendance_date"].as_str().map(|text| text.parse().unwrap())
}

both! {
    async fn att_21_the_latest_time_of_an_attendance_in_this_gym(t: TestDb) {
        let app = App::new(t).await;
        let c = cast(&app, 5).await;
        let there = cast_in(&app, "there", "UTC", 5).await;
        app.world.join(there.gym.id, c.ana.id, GymRole::Member).await;
        let none = json!({"user_id": c.ana.id, "gym_id": c.gym.id, "last_attendance_date": null, "has_attendance": false});
        assert_eq!(get(&app, &c.ana, c.gym.id, LAST).await, none);
        // a booking, an absence, and what somebody else or another gym has, are no attendance of theirs here
        let later = app.world.session(&c.spin, &c.tom, in_minutes(60)).await;
        app.world.booking(&later, c.ana.id, P::Registered).await;
        let missed = app.world.session(&c.spin, &c.tom, in_minutes(-60)).await;
        app.world.booking(&missed, c.ana.id, P::NoShow).await;
        let now = time::now();
        attended(&app, &c, &c.tom, now).await;
        attended(&app, &there, &c.ana, now).await;
        // that there is none is not kept
        assert_eq!(get(&app, &c.ana, c.gym.id, LAST).await, none);
        attended(&app, &c, &c.ana, now - TimeDelta::days(40)).await;
        attended(&app, &c, &c.ana, now - TimeDelta::days(3)).await;
        attended(&app, &c, &c.ana, now - TimeDelta::days(9)).await;
        let found = get(&app, &c.ana, c.gym.id, LAST).await;
        assert_eq!((date(&found), &found["has_attendance"]), (Some(now - TimeDelta::days(3)), &json!(true)));
        assert_eq!(date(&get(&app, &c.ana, there.gym.id, LAST).await), Some(now));
    }

    async fn att_21_a_date_is_kept(t: TestDb) {
        let app = App::new(t).await;
        let c @ Cast { .. } = cast(&app, 5).await;
        attended(&app, &c, &c.ana, time::now()).await;
        let first = get(&app, &c.ana, c.gym.id, LAST).await;
        let again = app.get(LAST).by(&c.ana).at(c.gym.id).send().await;
        assert_eq!(again.header("x-database-statements"), "0");
        assert_eq!(again.expect(200), first);
    }
}
