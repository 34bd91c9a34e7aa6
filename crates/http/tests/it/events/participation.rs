//! Joining and leaving an event that costs nothing, and who may see who takes part.
use super::{cast::*, deeds::*};
use domain::{
    events::{event::EventStatus, participation::EventParticipationStatus as S},
    identity::GymRole,
};
use serde_json::{Value, json};
use services::{Actor, STATEMENTS};
use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};
use testkit::{app::App, both};

fn ids(list: &Value) -> Vec<i64> {
    list.as_array().unwrap().iter().map(|row| row["member_id"].as_i64().unwrap()).collect()
}

both! {
    async fn evt_40_evt_44_a_free_seat_is_had_at_once_and_a_full_event_has_a_queue(t: TestDb) {
        let app = App::new(t).await;
        let c = cast(&app).await;
        let event = app.world.event(&c.gym, &c.tom, 1).await;
        let row = join(&app, &c.ana, &event).await.expect(201);
        assert_eq!((&row["status"], &row["payment_status"]), (&json!("REGISTERED"), &Value::Null));
        assert_eq!((&row["payment_required"], &row["payment_client_secret"]), (&json!(false), &Value::Null));
        assert_eq!(join(&app, &c.ben, &event).await.expect(201)["status"], "WAITING_LIST");
        assert_eq!(join(&app, &c.ana, &event).await.outcome(), (400, "already_registered".into()));
        assert_eq!(join(&app, &c.ben, &event).await.outcome(), (400, "already_waiting".into()));
        // only who has a seat is in the chat
        assert_eq!(chat_work(t).await, [("add".to_owned(), vec![c.ana.id.0])]);
    }

    async fn evt_40_what_is_over_cancelled_elsewhere_or_unknown_is_joined_by_nobody(t: TestDb) {
        let app = App::new(t).await;
        let c = cast(&app).await;
        let event = app.world.event(&c.gym, &c.tom, 5).await;
        let foreign = app.world.gym("other").await;
        let root = app.world.super_admin("root").await;
        let there = app.world.member(&foreign, "zoe").await;
        let elsewhere = app.post(PART).by(&there).at(foreign.id).json(json!({"event_id": event.id})).send().await;
        assert_eq!(elsewhere.outcome(), (404, "event_not_found".into()));
        assert_eq!(join(&app, &root, &event).await.outcome(), (404, "member_not_found".into()));
        let unknown = app.post(PART).by(&c.ana).at(c.gym.id).json(json!({"event_id": event.id, "x": 1})).send().await;
        assert_eq!(unknown.status, 422);
        for status in [EventStatus::Cancelled, EventStatus::Completed] {
            let name = serde_json::to_value(status).unwrap();
            set(t, &event, &format!("status = '{}'", name.as_str().unwrap())).await;
            assert_eq!(join(&app, &c.ana, &event).await.outcome(), (400, "event_not_open".into()));
        }
        set(t, &event, "status = 'SCHEDULED'").await;
        starts(t, &event, -120).await;
        assert_eq!(join(&app, &c.ana, &event).await.outcome(), (400, "event_not_open".into()));
        // one that runs still takes people
        starts(t, &event, -60).await;
        join(&app, &c.ana, &event).await.expect(201);
    }

    async fn evt_41_who_comes_again_stands_at_the_end(t: TestDb) {
        let app = App::new(t).await;
        let c = cast(&app).await;
        let event = app.world.event(&c.gym, &c.tom, 1).await;
        let zoe = app.world.member(&c.gym, "zoe").await;
        for who in [&c.ana, &c.ben, &zoe] {
            join(&app, who, &event).await.expect(201);
        }
        let first = part(&app, &event, &c.ben).await;
        leave(&app, &c.ben, &event).await.expect(204);
        let again = join(&app, &c.ben, &event).await.expect(201);
        assert_eq!((&again["status"], &again["id"]), (&json!("WAITING_LIST"), &json!(first.id)), "the row is taken up again");
        let now = part(&app, &event, &c.ben).await;
        assert!(now.registered_at > first.registered_at && now.queued_at > first.queued_at);
        leave(&app, &c.ana, &event).await.expect(204);
        assert_eq!(seated(&app, &event).await, [zoe.id], "who stayed in the queue is before who came back to it");
    }

    async fn evt_46_only_who_has_a_seat_gives_one_to_the_next(t: TestDb) {
        let app = App::new(t).await;
        let c = cast(&app).await;
        let event = app.world.event(&c.gym, &c.tom, 1).await;
        let zoe = app.world.member(&c.gym, "zoe").await;
        for who in [&c.ana, &c.ben, &zoe] {
            join(&app, who, &event).await.expect(201);
        }
        leave(&app, &c.ben, &event).await.expect(204);
        assert_eq!(seated(&app, &event).await, [c.ana.id]);
        assert_eq!(leave(&app, &c.ben, &event).await.outcome(), (404, "participation_not_found".into()));
        leave(&app, &c.ana, &event).await.expect(204);
        assert_eq!(seated(&app, &event).await, [zoe.id]);
        assert_eq!(told(t, "waitlist_promoted").await, [zoe.id]);
        let chats = chat_work(t).await;
        let of = |who: i64| chats.iter().filter(|(_, users)| users.contains(&who)).map(|(what, _)| what.as_str()).collect::<Vec<_>>();
        assert_eq!((of(c.ana.id.0), of(c.ben.id.0), of(zoe.id.0)), (vec!["add", "remove"], vec![], vec!["add"]));
        set(t, &event, "status = 'COMPLETED'").await;
        assert_eq!(leave(&app, &zoe, &event).await.outcome(), (400, "event_completed".into()));
        let nothing = app.delete(&format!("{PART}/999999")).by(&zoe).at(c.gym.id).send().await;
        assert_eq!(nothing.outcome(), (404, "event_not_found".into()));
    }

    async fn evt_47_many_join_in_the_order_of_the_list_or_nobody_does(t: TestDb) {
        let app = App::new(t).await;
        let c = cast(&app).await;
        let event = app.world.event(&c.gym, &c.tom, 2).await;
        let m = c.members(&app, "m", 4).await;
        let stranger = app.world.user("stranger").await;
        let bulk = async |by, users: Vec<i64>| {
            let body = json!({"event_id": event.id, "user_ids": users});
            app.post(&format!("{PART}/bulk")).by(by).at(c.gym.id).json(body).send().await
        };
        let id = |n: usize| m[n].id.0;
        let refused = bulk(&c.admin, vec![id(0), stranger.id.0]).await;
        assert_eq!(refused.outcome(), (400, "not_members".into()));
        assert_eq!(refused.json()["ids"], json!([stranger.id]));
        assert_eq!(participations(&app, &event).await, []);
        // who was there before keeps what they have; who cancelled comes again
        join(&app, &m[3], &event).await.expect(201);
        join(&app, &m[1], &event).await.expect(201);
        leave(&app, &m[1], &event).await.expect(204);
        let rows = bulk(&c.admin, vec![id(2), id(3), id(2), id(1), id(0)]).await.expect(201);
        assert_eq!(ids(&rows), [id(2), id(3), id(1), id(0)]);
        let states: Vec<_> = rows.as_array().unwrap().iter().map(|row| row["status"].as_str().unwrap()).collect();
        assert_eq!(states, ["REGISTERED", "REGISTERED", "WAITING_LIST", "WAITING_LIST"]);
        leave(&app, &m[2], &event).await.expect(204);
        assert!(seated(&app, &event).await.contains(&m[1].id), "the queue is in the order of the list");
        assert_eq!(bulk(&c.tom, vec![id(0)]).await.outcome(), (403, "role_too_low".into()));
        assert_eq!(bulk(&c.admin, vec![]).await.status, 422);
        assert_eq!(bulk(&c.admin, (1..=501).collect()).await.status, 422);
        set(t, &event, "status = 'CANCELLED'").await;
        assert_eq!(bulk(&c.admin, vec![id(0)]).await.outcome(), (400, "event_not_open".into()));
    }

    async fn evt_48_staff_say_who_was_there_of_those_who_have_a_seat(t: TestDb) {
        let app = App::new(t).await;
        let c = cast(&app).await;
        let event = app.world.event(&c.gym, &c.tom, 1).await;
        join(&app, &c.ana, &event).await.expect(201);
        join(&app, &c.ben, &event).await.expect(201);
        let mark = async |by, user| {
            let path = format!("{PART}/event/{}/user/{user}", event.id);
            app.put(&path).by(by).at(c.gym.id).json(json!({"attended": true})).send().await
        };
        assert_eq!(mark(&c.tina, c.ana.id).await.expect(200)["attended"], true);
        assert_eq!(mark(&c.tom, c.ben.id).await.outcome(), (400, "not_registered".into()));
        leave(&app, &c.ana, &event).await.expect(204);
        assert_eq!(mark(&c.tom, c.ana.id).await.outcome(), (400, "not_registered".into()));
        assert_eq!(mark(&c.tom, c.tina.id).await.outcome(), (404, "participation_not_found".into()));
        assert_eq!(mark(&c.ana, c.ana.id).await.outcome(), (403, "role_too_low".into()));
    }

    async fn evt_49_who_leaves_the_gym_leaves_its_events(t: TestDb) {
        let app = App::new(t).await;
        let c = cast(&app).await;
        let full = app.world.event(&c.gym, &c.tom, 1).await;
        let over = app.world.event(&c.gym, &c.tom, 1).await;
        join(&app, &c.ana, &full).await.expect(201);
        join(&app, &c.ben, &full).await.expect(201);
        join(&app, &c.ana, &over).await.expect(201);
        set(t, &over, "status = 'COMPLETED'").await;
        let gone = app.delete(&format!("/api/v1/gyms/users/{}", c.ana.id)).by(&c.admin).at(c.gym.id).send().await;
        assert!(gone.status.is_success(), "{gone:?}");
        assert_eq!(seated(&app, &full).await, [c.ben.id]);
        assert_eq!(part(&app, &full, &c.ana).await.status, S::Cancelled);
        assert_eq!(seated(&app, &over).await, [c.ana.id], "what is over stays as it was");
        assert_eq!(told(t, "waitlist_promoted").await, [c.ben.id]);
    }

    async fn evt_1_one_sees_ones_own_and_staff_see_everybody_in_their_order(t: TestDb) {
        let app = App::new(t).await;
        let c = cast(&app).await;
        let event = app.world.event(&c.gym, &c.tom, 1).await;
        let m = c.members(&app, "m", 3).await;
        for who in [&m[0], &m[1], &m[2], &c.ana] {
            join(&app, who, &event).await.expect(201);
        }
        leave(&app, &m[1], &event).await.expect(204);
        let list = async |by, query: &str| {
            app.get(&format!("{PART}/event/{}{query}", event.id)).by(by).at(c.gym.id).send().await
        };
        let all = list(&c.tom, "").await.expect(200);
        assert_eq!(ids(&all), [m[0].id.0, m[2].id.0, c.ana.id.0, m[1].id.0]);
        assert_eq!(ids(&list(&c.tom, "?participation_status=WAITING_LIST&limit=1").await.expect(200)), [m[2].id.0]);
        assert_eq!(list(&c.ana, "").await.outcome(), (403, "role_too_low".into()));
        assert_eq!(list(&c.tom, "?limit=0").await.status, 422);
        let own = part(&app, &event, &c.ana).await;
        let get = async |by| app.get(&format!("{PART}/{}", own.id)).by(by).at(c.gym.id).send().await;
        assert_eq!(get(&c.ana).await.expect(200)["member_id"], json!(c.ana.id));
        assert_eq!(get(&c.tom).await.expect(200)["id"], json!(own.id));
        assert_eq!(get(&c.ben).await.outcome(), (404, "participation_not_found".into()));
        let second = app.world.event(&c.gym, &c.tom, 0).await;
        join(&app, &c.ana, &second).await.expect(201);
        let me = async |query: &str| app.get(&format!("{PART}/me{query}")).by(&c.ana).at(c.gym.id).send().await.expect(200);
        let mine = me("").await;
        let titles: Vec<_> = mine.as_array().unwrap().iter().map(|row| row["event"]["id"].as_i64().unwrap()).collect();
        assert_eq!(titles, [second.id.0, event.id.0], "newest first");
        assert_eq!(mine[0]["event"]["title"], "Open day");
        assert_eq!(me("?participation_status=WAITING_LIST").await.as_array().unwrap().len(), 1);
    }

    async fn evt_95_joining_takes_at_most_six_statements(t: TestDb) {
        let app = App::new(t).await;
        let c = cast(&app).await;
        let free = app.world.event(&c.gym, &c.tom, 2).await;
        let costs = c.paid_event(&app, t, 2, domain::events::event::RefundPolicy::FullRefund).await;
        join(&app, &c.ben, &free).await.expect(201);
        leave(&app, &c.ben, &free).await.expect(204);
        join(&app, &c.tina, &costs).await.expect(201);
        join(&app, &c.tom, &costs).await.expect(201);
        pay(&app, &costs, &c.tina).await;
        pay(&app, &costs, &c.tom).await;
        // a first time, a second, and a full event that costs: what follows a claim is the payment service's
        for (who, event) in [(&c.ana, &free), (&c.ben, &free), (&c.ana, &costs)] {
            let count = Arc::new(AtomicU64::new(0));
            let actor = Actor::for_test(who, &c.gym, Some(GymRole::Member));
            let joined = app.services.event_participations.join(&actor, event.id);
            STATEMENTS.scope(count.clone(), joined).await.unwrap();
            let count = count.load(Ordering::Relaxed);
            assert!(count <= 6, "{count}");
        }
    }
}
