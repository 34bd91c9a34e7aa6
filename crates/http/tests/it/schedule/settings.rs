//! What a gym decides about its bookings.
use domain::identity::{GymRole, gym, user};
use serde_json::{Value, json};
use testkit::{
    app::{Answer, App},
    both,
    schedule::in_minutes,
};

const SETTINGS: &str = "/api/v1/schedule/settings";

async fn cast(app: &App) -> (gym::Model, user::Model, user::Model) {
    let gym = app.world.gym("box").await;
    let boss = app.world.person(&gym, "boss", GymRole::Admin).await;
    let ana = app.world.member(&gym, "ana").await;
    (gym, boss, ana)
}

async fn save(app: &App, by: &user::Model, at: &gym::Model, body: Value) -> Answer {
    app.put(SETTINGS).by(by).at(at.id).json(body).send().await
}

both! {
    async fn sch_2_settings_are_read_by_members_and_changed_by_administrators(t: TestDb) {
        let app = App::new(t).await;
        let (gym, boss, ana) = cast(&app).await;
        let mut want = json!({
            "gym_id": gym.id, "late_cancel_minutes": 0, "booking_opens_hours": null, "waitlist_enabled": true,
            "waitlist_max_size": 50, "waitlist_cutoff_minutes": 0, "session_overlap_policy": "reject",
            "auto_no_show": false, "require_active_membership": false,
        });
        let read = async || app.get(SETTINGS).by(&ana).at(gym.id).send().await.expect(200);
        assert_eq!(read().await, want);
        for change in [
            json!({"late_cancel_minutes": 90}),
            json!({"booking_opens_hours": 48, "waitlist_max_size": 500}),
            json!({"waitlist_enabled": false, "session_overlap_policy": "allow", "auto_no_show": true}),
            json!({"waitlist_cutoff_minutes": 15, "require_active_membership": true, "waitlist_max_size": 1}),
            json!({"booking_opens_hours": null, "late_cancel_minutes": null}),
            json!({}),
        ] {
            for (field, value) in change.as_object().unwrap() {
                if !(value.is_null() && field != "booking_opens_hours") {
                    want[field] = value.clone();
                }
            }
            assert_eq!(save(&app, &boss, &gym, change).await.expect(200), want);
            assert_eq!(read().await, want);
        }
        let other = app.world.gym("other").await;
        let zoe = app.world.member(&other, "zoe").await;
        let theirs = app.get(SETTINGS).by(&zoe).at(other.id).send().await.expect(200);
        assert_eq!((&theirs["waitlist_enabled"], &theirs["gym_id"]), (&json!(true), &json!(other.id)));
        let tom = app.world.person(&gym, "tom", GymRole::Trainer).await;
        for low in [&ana, &tom] {
            assert_eq!(save(&app, low, &gym, json!({})).await.outcome(), (403, "role_too_low".into()));
        }
    }

    async fn sch_6_settings_beyond_their_bounds_are_refused_by_field(t: TestDb) {
        let app = App::new(t).await;
        let (gym, boss, _) = cast(&app).await;
        for (field, bad) in [
            ("late_cancel_minutes", json!(-1)),
            ("late_cancel_minutes", json!(525_601)),
            ("booking_opens_hours", json!(0)),
            ("booking_opens_hours", json!(8_761)),
            ("waitlist_max_size", json!(0)),
            ("waitlist_max_size", json!(501)),
            ("waitlist_cutoff_minutes", json!(-5)),
            ("waitlist_cutoff_minutes", json!(99_999_999_999_i64)),
            ("session_overlap_policy", json!("maybe")),
            ("auto_no_show", json!("yes")),
        ] {
            let answer = save(&app, &boss, &gym, json!({field: bad})).await;
            assert_eq!((answer.status.as_u16(), &answer.json()["detail"][0]["loc"]), (422, &json!(["body", field])), "{bad}");
        }
        let read = app.get(SETTINGS).by(&boss).at(gym.id).send().await.expect(200);
        assert_eq!(read["waitlist_max_size"], json!(50));
    }

    async fn two_changes_of_different_settings_at_once_both_stand(t: TestDb) {
        let app = App::new(t).await;
        let (gym, boss, _) = cast(&app).await;
        let (one, two) = futures::join!(
            save(&app, &boss, &gym, json!({"late_cancel_minutes": 30})),
            save(&app, &boss, &gym, json!({"waitlist_max_size": 7})),
        );
        one.expect(200);
        two.expect(200);
        let read = app.get(SETTINGS).by(&boss).at(gym.id).send().await.expect(200);
        assert_eq!((&read["late_cancel_minutes"], &read["waitlist_max_size"]), (&json!(30), &json!(7)));
    }

    async fn what_is_decided_holds_for_the_next_booking(t: TestDb) {
        let app = App::new(t).await;
        let (gym, boss, ana) = cast(&app).await;
        let spin = app.world.class(&gym).await;
        let session = app.world.session(&spin, &boss, in_minutes(90)).await;
        save(&app, &boss, &gym, json!({"booking_opens_hours": 1})).await.expect(200);
        let book = async || {
            let path = format!("/api/v1/schedule/participation/register/{}", session.id);
            app.post(&path).by(&ana).at(gym.id).send().await
        };
        assert_eq!(book().await.outcome(), (400, "booking_not_open".into()));
        save(&app, &boss, &gym, json!({"booking_opens_hours": 2})).await.expect(200);
        book().await.expect(200);
    }
}
