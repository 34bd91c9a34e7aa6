//! What administrators send to people and to their gym.
use super::cast::{Cast, NOTIFICATIONS, app_now, cast, rows, states};
use domain::{
    UserId,
    events::participation::EventParticipationStatus as Part,
    identity::{GymRole, membership, user},
    notifications::{kind::NoticeKind, notification::NotificationStatus as S},
    schedule::participation::ParticipationStatus as Booking,
};
use sea_orm::ConnectionTrait;
use serde_json::{Value, json};
use testkit::{app::App, both, schedule::in_minutes};

fn hello(user_ids: Value) -> Value {
    json!({"user_ids": user_ids, "title": " Hello ", "message": "We are open again."})
}

async fn end_membership(app: &App, c: &Cast, who: &user::Model) {
    let core = &app.services.core;
    let row = core.stores.people.of_user(&core.db, c.gym.id, who.id).await.unwrap().unwrap();
    let ended = membership::Update { is_active: Some(false), ..Default::default() };
    core.stores.memberships.update(&core.db, c.gym.id, row.id, ended).await.unwrap();
}

both! {
    async fn ntf_13_ntf_15_ntf_21_ntf_41_a_message_carries_the_gym_and_is_sent_after_the_answer(t: TestDb) {
        let (app, _) = app_now(t).await;
        let c = cast(&app).await;
        let mut body = hello(json!([c.ana.id.to_string()]));
        body["data"] = json!({"gym_id": 99, "gym_name": "Evil", "screen": "home"});
        let sent = c.send(&app, body).await.expect(200);
        assert_eq!((&sent["success"], &sent["recipients"], &sent["errors"]), (&json!(true), &json!(1), &json!(null)));
        assert!(app.pushes.sent().is_empty(), "no request waits for the vendor (NTF-83)");
        app.deliver_effects().await;
        let messages = app.pushes.sent();
        assert_eq!(messages.len(), 1);
        assert_eq!((messages[0].headings.en.as_str(), messages[0].headings.es.as_str()), ("Gym box: Hello", "Gym box: Hello"));
        assert_eq!(messages[0].contents.es, "We are open again.");
        assert_eq!(Value::Object(messages[0].data.clone()),
            json!({"type": "announcement", "gym_id": c.gym.id, "gym_name": "Gym box", "screen": "home"}));
        assert_eq!(messages[0].key, rows(t).await[0].uuid, "NTF-25");
    }

    async fn ntf_9_ntf_10_ntf_11_ntf_81_ids_are_resolved_and_those_of_nobody_here_are_named(t: TestDb) {
        let (app, _) = app_now(t).await;
        let c = cast(&app).await;
        let elsewhere = app.world.gym("elsewhere").await;
        let stranger = app.world.member(&elsewhere, "stranger").await;
        let lapsed = app.world.member(&c.gym, "lapsed").await;
        end_membership(&app, &c, &lapsed).await;
        let subject = c.ben.auth0_id.clone().unwrap();
        assert!(subject.contains('|'), "{subject}");
        let rejected = [stranger.id.to_string(), lapsed.id.to_string(), "no|body".into(), "garbage".into(), "-1".into()];
        let mut named = vec![c.ana.id.to_string(), c.ana.id.to_string(), subject];
        named.extend(rejected.iter().cloned());
        let sent = c.send(&app, hello(json!(named))).await.expect(200);
        assert_eq!((&sent["success"], &sent["recipients"]), (&json!(true), &json!(2)));
        assert_eq!(sent["errors"], json!(rejected));
        app.deliver_effects().await;
        assert_eq!(app.pushes.told("announcement"), [c.ana.id, c.ben.id]);
        let none = c.send(&app, hello(json!(["garbage"]))).await.expect(200);
        assert_eq!((&none["success"], &none["errors"], &none["notification_id"]), (&json!(false), &json!(["garbage"]), &json!(null)));
        assert_eq!(rows(t).await.len(), 1);
    }

    async fn ntf_op4_a_list_of_nobody_or_of_too_many_and_what_is_too_long_is_refused(t: TestDb) {
        let (app, _) = app_now(t).await;
        let c = cast(&app).await;
        let many: Vec<_> = (0..10_001).map(|n| n.to_string()).collect();
        for body in [
            hello(json!([])),
            hello(json!(many)),
            json!({"user_ids": ["1"], "title": "x".repeat(121), "message": "m"}),
            json!({"user_ids": ["1"], "title": "t", "message": ""}),
            json!({"user_ids": ["1"], "title": "t", "message": "m", "data": {"a": "x".repeat(2050)}}),
            json!({"user_ids": ["1"], "title": "t", "message": "m", "send_after": "2026-05-04T09:00:00Z"}),
            json!({"user_ids": ["1"], "title": "t", "message": "m", "send_after": "2026-07-04T09:00:00Z"}),
            json!({"user_ids": ["1"], "title": "t", "message": "m", "send_after": "2026-05-05T09:00:00"}),
        ] {
            let answer = c.send(&app, body.clone()).await;
            assert_eq!(answer.status, 422, "{}", body.to_string().chars().take(80).collect::<String>());
        }
        for role in [GymRole::Member, GymRole::Trainer] {
            let who = app.world.person(&c.gym, &format!("some-{}", role.as_str()), role).await;
            let answer = app.post(&format!("{NOTIFICATIONS}/send")).by(&who).at(c.gym.id).json(hello(json!(["1"]))).send().await;
            assert_eq!(answer.outcome(), (403, "role_too_low".into()));
        }
    }

    async fn ntf_12_ntf_82_audiences_are_the_gyms_own_active_people(t: TestDb) {
        let (app, _) = app_now(t).await;
        let c = cast(&app).await;
        let tom = app.world.person(&c.gym, "tom", GymRole::Trainer).await;
        let owner = app.world.person(&c.gym, "owner", GymRole::Owner).await;
        let elsewhere = app.world.gym("elsewhere").await;
        app.world.member(&elsewhere, "stranger").await;
        let lapsed = app.world.member(&c.gym, "lapsed").await;
        end_membership(&app, &c, &lapsed).await;
        let off = app.world.member(&c.gym, "off").await;
        t.pool().execute_unprepared(&format!("UPDATE users SET is_active = false WHERE id = {}", off.id)).await.unwrap();
        for (audience, expected) in [
            (json!("members"), vec![c.ana.id, c.ben.id]),
            (json!("trainers"), vec![tom.id]),
            (json!("staff"), vec![c.boss.id, owner.id]),
            (json!(null), vec![c.boss.id, c.ana.id, c.ben.id, tom.id, owner.id]),
        ] {
            let (app, _) = app_now(t).await;
            let mut body = json!({"title": "t", "message": "m"});
            if !audience.is_null() {
                body["audience"] = audience.clone();
            }
            let sent = c.send_to_gym(&app, body).await;
            // each from an instance of its own, which has counted nothing yet
            let sent = sent.expect(200);
            assert_eq!(sent["recipients"], json!(expected.len()), "{audience}");
            app.deliver_effects().await;
            assert_eq!(app.pushes.told("announcement"), expected, "{audience}");
        }
        let empty = app.world.gym("empty").await;
        let root = app.world.super_admin("root").await;
        let body = json!({"title": "t", "message": "m", "audience": "trainers"});
        let nobody = app.post(&format!("{NOTIFICATIONS}/send-to-gym")).by(&root).at(empty.id).json(body).send().await.expect(200);
        assert_eq!((&nobody["success"], nobody["errors"].as_array().unwrap().len()), (&json!(false), 1));
    }

    async fn ntf_12_who_has_a_seat_in_an_event_or_in_a_session_is_an_audience(t: TestDb) {
        let (app, _) = app_now(t).await;
        let c = cast(&app).await;
        let tom = app.world.person(&c.gym, "tom", GymRole::Trainer).await;
        let (cleo, lapsed) = (app.world.member(&c.gym, "cleo").await, app.world.member(&c.gym, "lapsed").await);
        end_membership(&app, &c, &lapsed).await;
        let event = app.world.event(&c.gym, &tom, 0).await;
        let parts = [(&c.ana, Part::Registered), (&c.ben, Part::WaitingList), (&cleo, Part::Cancelled), (&lapsed, Part::Registered)];
        for (who, part) in parts {
            app.world.takes_part(&event, who.id, part).await;
        }
        let session = app.world.session(&app.world.class(&c.gym).await, &tom, in_minutes(60)).await;
        let bookings = [(&c.ana, Booking::Registered), (&cleo, Booking::Attended), (&c.ben, Booking::Cancelled), (&lapsed, Booking::Registered)];
        for (who, booking) in bookings {
            app.world.booking(&session, who.id, booking).await;
        }
        let asked = async |what: Value| {
            let mut body = json!({"title": "t", "message": "m"});
            body.as_object_mut().unwrap().extend(what.as_object().unwrap().clone());
            c.send_to_gym(&app, body).await
        };
        // within one minute: these are people, and not the gym (NTF-36)
        let of_event = asked(json!({"audience": "event_participants", "event_id": event.id})).await.expect(200);
        let of_session = asked(json!({"audience": "session_participants", "session_id": session.id})).await.expect(200);
        assert_eq!((&of_event["recipients"], &of_session["recipients"]), (&json!(1), &json!(2)));
        assert_eq!(asked(json!({})).await.expect(200)["success"], json!(true));
        app.deliver_effects().await;
        let mut told: Vec<_> = app.pushes.sent().into_iter().map(|message| message.users).collect();
        told.sort();
        assert_eq!(told.len(), 3);
        assert!(told.contains(&vec![c.ana.id]), "of the event: {told:?}");
        assert!(told.contains(&vec![c.ana.id, cleo.id]), "of the session: {told:?}");

        let elsewhere = app.world.gym("elsewhere").await;
        let coach = app.world.person(&elsewhere, "coach", GymRole::Trainer).await;
        let theirs = app.world.event(&elsewhere, &coach, 5).await;
        let session_there = app.world.session(&app.world.class(&elsewhere).await, &coach, in_minutes(60)).await;
        let foreign = asked(json!({"audience": "event_participants", "event_id": theirs.id})).await;
        assert_eq!(foreign.outcome(), (404, "event_not_found".into()));
        let foreign = asked(json!({"audience": "session_participants", "session_id": session_there.id})).await;
        assert_eq!(foreign.outcome(), (404, "session_not_found".into()));
        for what in [
            json!({"audience": "event_participants"}),
            json!({"audience": "session_participants", "event_id": event.id}),
            json!({"audience": "members", "event_id": event.id}),
            json!({"session_id": session.id}),
        ] {
            assert_eq!(asked(what.clone()).await.status, 422, "{what}");
        }
        let empty = app.world.event(&c.gym, &tom, 5).await;
        let nobody = asked(json!({"audience": "event_participants", "event_id": empty.id})).await.expect(200);
        assert_eq!((&nobody["success"], nobody["errors"].as_array().unwrap().len()), (&json!(false), 1));
        assert_eq!(rows(t).await.len(), 3, "what was refused is not sent");
    }

    async fn ntf_15_translations_reach_each_language(t: TestDb) {
        let (app, _) = app_now(t).await;
        let c = cast(&app).await;
        let mut body = hello(json!([c.ana.id.to_string()]));
        body["translations"] = json!({"en": {"title": "Hello", "message": "a"}, "es": {"title": "Hola", "message": "b"}});
        body["data"] = json!({"type": "promo"});
        c.send(&app, body).await.expect(200);
        app.deliver_effects().await;
        let message = app.pushes.of_type("promo").remove(0);
        assert_eq!((message.headings.en.as_str(), message.headings.es.as_str()), ("Gym box: Hello", "Gym box: Hola"));
        assert_eq!((message.contents.en.as_str(), message.contents.es.as_str()), ("a", "b"));
    }

    async fn ntf_22_ntf_25_people_go_in_rows_of_two_thousand_with_keys_of_their_own(t: TestDb) {
        let (app, _) = app_now(t).await;
        let c = cast(&app).await;
        let user = |n: u64| format!("('many{n}@example.test', 'MEMBER', true, false, '2026-01-01T00:00:00+00:00')");
        let users: Vec<_> = (0..4001).map(user).collect();
        let insert = format!("INSERT INTO users (email, role, is_active, is_superuser, created_at) VALUES {}", users.join(","));
        t.pool().execute_unprepared(&insert).await.unwrap();
        let first = app.world.user("after").await.id.0 - 4001;
        let people: Vec<_> = (first..first + 4001).map(UserId).collect();
        let mut notice = c.survey(people.clone());
        // one that reaches also who is no member any more
        notice.kind = NoticeKind::PaymentOverdue;
        assert_eq!(app.services.core.stage_notice(notice).await.unwrap(), 4001);
        app.deliver_effects().await;
        let sent = app.pushes.sent();
        let mut sizes: Vec<_> = sent.iter().map(|m| m.users.len()).collect();
        sizes.sort_unstable();
        assert_eq!(sizes, [1, 2000, 2000]);
        assert_eq!(app.pushes.told("payment_overdue"), people);
        let keys: std::collections::BTreeSet<_> = sent.iter().map(|m| &m.key).collect();
        assert_eq!(keys.len(), 3);
    }

    async fn ntf_83_a_repeated_request_sends_nothing_again(t: TestDb) {
        let (app, _) = app_now(t).await;
        let c = cast(&app).await;
        let send = async || {
            let call = app.post(&format!("{NOTIFICATIONS}/send")).by(&c.boss).at(c.gym.id);
            call.json(hello(json!([c.ana.id.to_string()]))).header("idempotency-key", "k1").send().await.expect(200)
        };
        let (first, again) = (send().await, send().await);
        assert_eq!(first, again);
        app.deliver_effects().await;
        assert_eq!(states(t).await, [S::Sent]);
    }
}
