//! What administrators send to people and to their gym.
use super::cast::{Cast, NOTIFICATIONS, app_now, cast, rows, states};
use domain::{
    UserId,
    identity::{GymRole, membership, user},
    notifications::{kind::NoticeKind, notification::NotificationStatus as S},
};
use sea_orm::ConnectionTrait;
use serde_json::{Value, json};
use testkit::{app::App, both};

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
        let sizes: Vec<_> = sent.iter().map(|m| m.users.len()).collect();
        assert_eq!(sizes, [2000, 2000, 1]);
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
