use super::{GYMS, gym};
use futures::future::join_all;
use ports::identity::IdentityError;
use sea_orm::{ConnectionTrait, Statement};
use serde_json::{Value, json};
use std::{sync::Arc, time::Duration};
use testkit::{
    app::{Answer, App},
    both,
    database::TestDb,
};
use tokio::sync::Notify;

const GYM_OWNER: &str = "/api/v1/auth/register-gym-owner";
const KEY: &str = "idempotency-key";

async fn count(t: &TestDb, sql: &str) -> i64 {
    let statement = Statement::from_string(t.pool().get_database_backend(), sql);
    t.pool().query_one_raw(statement).await.unwrap().unwrap().try_get("", "n").unwrap()
}

fn owner(email: &str) -> Value {
    json!({"email": email, "password": "Secreto123", "first_name": "Ana", "last_name": "López", "gym_name": "La Caja"})
}

fn replayed(answer: &Answer) -> bool {
    answer.header("idempotency-replayed") == "true"
}

/// An app whose next registration stands still in the middle: the second `Notify` says so, the first lets it go on.
async fn standing_still(t: &TestDb) -> (App, Arc<Notify>, Arc<Notify>) {
    let app = App::new(t).await;
    let (go_on, arrived) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let (wait, tell) = (go_on.clone(), arrived.clone());
    app.accounts.when_created(move |_| async move {
        tell.notify_one();
        wait.notified().await;
    });
    (app, go_on, arrived)
}

both! {
    async fn the_same_key_and_body_get_the_same_answer_and_nothing_twice(t: TestDb) {
        let app = App::new(t).await;
        let root = app.world.super_admin("root").await;
        let send = async |body: Value| app.post(GYMS).by(&root).header(KEY, "k-1").json(body).send().await;
        let first = send(gym("box")).await;
        assert_eq!((first.status.as_u16(), replayed(&first)), (201, false));
        for _ in 0..3 {
            let again = send(gym("box")).await;
            assert_eq!((again.status.as_u16(), replayed(&again)), (201, true));
            assert_eq!((&again.body, again.header("content-type")), (&first.body, first.header("content-type")));
        }
        assert_eq!(send(gym("other")).await.outcome(), (422, "idempotency_key_reused".into()));
        assert_eq!(count(t, "SELECT COUNT(*) AS n FROM gyms").await, 1);
        // without a key it is simply another attempt
        assert_eq!(app.post(GYMS).by(&root).json(gym("box")).send().await.status, 400);
    }

    async fn a_refusal_is_an_answer_too(t: TestDb) {
        let app = App::new(t).await;
        let root = app.world.super_admin("root").await;
        app.world.gym("taken").await;
        let send = async || app.post(GYMS).by(&root).header(KEY, "k").json(gym("taken")).send().await;
        let first = send().await;
        let again = send().await;
        assert_eq!((first.status.as_u16(), again.status.as_u16()), (400, 400));
        assert!(!replayed(&first) && replayed(&again) && first.body == again.body);
    }

    async fn of_twenty_at_once_one_creates(t: TestDb) {
        let app = App::new(t).await;
        let root = app.world.super_admin("root").await;
        let call = || app.post(GYMS).by(&root).header(KEY, "race").json(gym("box")).send();
        let answers = join_all((0..20).map(|_| call())).await;
        let mut made = 0;
        for answer in &answers {
            match answer.outcome() {
                (201, _) => made += i32::from(!replayed(answer)),
                (409, code) => assert_eq!(code, "idempotency_in_flight"),
                other => panic!("{other:?}"),
            }
        }
        assert_eq!(made, 1, "one ran, the others were told of it or got its answer");
        assert_eq!(count(t, "SELECT COUNT(*) AS n FROM gyms").await, 1);
        assert_eq!(count(t, "SELECT COUNT(*) AS n FROM idempotency_keys").await, 1);
        assert!(replayed(&call().await));
    }

    async fn a_key_belongs_to_one_caller_one_gym_and_one_address(t: TestDb) {
        let app = App::new(t).await;
        let (root, other) = (app.world.super_admin("root").await, app.world.super_admin("other").await);
        for (who, subdomain) in [(&root, "one"), (&other, "two")] {
            let made = app.post(GYMS).by(who).header(KEY, "k").json(gym(subdomain)).send().await;
            assert_eq!((made.status.as_u16(), replayed(&made)), (201, false), "{subdomain}");
        }
        let (here, there) = (app.world.gym("here").await, app.world.gym("there").await);
        let (ana, ben) = (app.world.user("ana").await, app.world.user("ben").await);
        for gym in [&here, &there] {
            for person in [&ana, &ben] {
                let path = format!("/api/v1/gyms/users/{}", person.id);
                let added = app.post(&path).by(&root).at(gym.id).header(KEY, "k").send().await;
                assert_eq!((added.status.as_u16(), replayed(&added)), (201, false));
            }
        }
        // another's key shows nobody another's answer
        let ask = app.post(GYMS).by(&ana).header(KEY, "k").json(gym("one")).send().await;
        assert_eq!(ask.outcome(), (403, "super_admin_only".into()));
    }

    async fn while_the_first_runs_the_second_is_told(t: TestDb) {
        let (app, go_on, arrived) = standing_still(t).await;
        let send = || app.post(GYM_OWNER).header(KEY, "slow").json(owner("ana@box.example")).send();
        let (first, ()) = tokio::join!(send(), async {
            arrived.notified().await;
            assert_eq!(send().await.outcome(), (409, "idempotency_in_flight".into()));
            let other = app.post(GYM_OWNER).header(KEY, "slow").json(owner("eva@box.example")).send().await;
            assert_eq!(other.outcome(), (422, "idempotency_key_reused".into()));
            go_on.notify_one();
        });
        assert_eq!((first.status.as_u16(), replayed(&first)), (201, false));
        let again = send().await;
        assert!(again.status == 201 && replayed(&again) && again.body == first.body);
        assert_eq!(app.accounts.ids().len(), 1);
    }

    async fn whose_line_broke_gets_the_answer_that_the_first_attempt_came_to(t: TestDb) {
        let (app, go_on, arrived) = standing_still(t).await;
        let send = || app.post(GYM_OWNER).header(KEY, "broken").json(owner("ana@box.example")).send();
        tokio::select! {
            answer = send() => panic!("answered before it could: {answer:?}"),
            () = arrived.notified() => {} // the request is dropped, as a server does when its client goes away
        }
        go_on.notify_one();
        let answer = loop {
            let answer = send().await;
            if answer.status != 409 {
                break answer;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        };
        assert!(answer.status == 201 && replayed(&answer), "{answer:?}");
        assert_eq!(app.accounts.ids().len(), 1);
        assert_eq!(count(t, "SELECT COUNT(*) AS n FROM gyms").await, 1);
    }

    async fn a_failure_of_ours_is_not_kept(t: TestDb) {
        let app = App::new(t).await;
        let send = || app.post(GYM_OWNER).header(KEY, "k").json(owner("ana@box.example")).send();
        app.accounts.fail_when("create", IdentityError::Unavailable { reason: "away".into(), retry_after: None });
        let failed = send().await;
        assert_eq!((failed.status.as_u16(), replayed(&failed)), (503, false));
        let worked = send().await;
        assert_eq!((worked.status.as_u16(), replayed(&worked)), (201, false));
    }

    async fn neither_is_too_much_nor_a_bad_token(t: TestDb) {
        let app = App::with(t, |c| c.settings.rate_limits = true).await;
        let root = app.world.super_admin("root").await;
        for _ in 0..2 {
            let refused = app.post(GYMS).bearer("x.y.z").header(KEY, "k").json(gym("box")).send().await;
            assert_eq!((refused.outcome(), replayed(&refused)), ((401, "invalid_token".into()), false));
        }
        let anonymous = app.post(GYMS).header(KEY, "k").json(gym("box")).send().await;
        assert_eq!(anonymous.outcome(), (401, "not_authenticated".into()));
        let mut last = None;
        for _ in 0..51 {
            last = Some(app.post(GYMS).by(&root).header(KEY, "k").json(gym("box")).send().await);
        }
        let last = last.unwrap();
        assert_eq!((last.outcome(), replayed(&last)), ((429, "rate_limited".into()), false), "a replay counts");
    }

    async fn a_first_attempt_that_took_too_long_frees_its_key(t: TestDb) {
        let app = App::with(t, |c| c.http.request_timeout = Duration::from_secs(2)).await;
        app.accounts.when_created(|_| std::future::pending());
        let send = || app.post(GYM_OWNER).header(KEY, "k").json(owner("ana@box.example")).send();
        assert_eq!(send().await.outcome(), (503, "timed_out".into()));
        let next = loop {
            let next = send().await;
            if next.status != 409 {
                break next;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        };
        // it ran: what it found is what the first left at the provider
        assert!(!replayed(&next) && !next.status.is_server_error(), "{next:?}");
    }

    async fn a_key_that_cannot_be_one_is_refused(t: TestDb) {
        let app = App::new(t).await;
        let root = app.world.super_admin("root").await;
        for key in ["", &"k".repeat(256)] {
            let refused = app.post(GYMS).by(&root).header(KEY, key).json(gym("box")).send().await;
            assert_eq!(refused.outcome(), (400, "invalid_idempotency_key".into()));
        }
        let longest = app.post(GYMS).by(&root).header(KEY, &"k".repeat(255)).json(gym("box")).send().await;
        assert_eq!(longest.status, 201);
        // other methods have no use for one
        let read = app.get(GYMS).header(KEY, "").send().await;
        assert_eq!(read.status, 200);
    }
}
