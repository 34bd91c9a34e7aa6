use super::{PROFILE, operations_with_a_body};
use domain::identity::GymRole;
use serde_json::json;
use testkit::{app::App, both};

/// Opens the operations of workers.
const WORKER_KEY: &str = "a key";

/// What no client means to send.
fn nonsense() -> Vec<(&'static str, Vec<u8>)> {
    vec![
        ("nothing", Vec::new()),
        ("blanks", b" \n\t ".to_vec()),
        ("an open object", b"{".to_vec()),
        ("an open text", b"{\"name\": \"x".to_vec()),
        ("two values", b"{} {}".to_vec()),
        ("a trailing comma", b"{\"name\": \"x\",}".to_vec()),
        ("bytes that are no text", b"{\"\xff\xfe\": 1}".to_vec()),
        ("half a surrogate", b"{\"\\ud800\": 1}".to_vec()),
        ("a number", b"1e999".to_vec()),
        ("null", b"null".to_vec()),
        ("a form", b"name=x&email=y".to_vec()),
        ("deep objects", b"{\"a\":".repeat(50_000)),
        ("deep lists", b"[".repeat(50_000)),
    ]
}

both! {
    async fn a_body_that_is_no_json_is_refused_by_every_operation_and_breaks_none(t: TestDb) {
        let app = App::with(t, |c| c.settings.worker_api_key = Some(WORKER_KEY.into())).await;
        let gym = app.world.gym("box").await;
        let root = app.world.super_admin("root").await;
        app.world.join(gym.id, root.id, GymRole::Owner).await;
        let operations = operations_with_a_body(&app);
        assert!(operations.len() > 15, "{operations:?}");
        for (method, path) in &operations {
            for (what, bytes) in nonsense() {
                let call = app.call(method.parse().unwrap(), path).by(&root).at(gym.id).header("x-api-key", WORKER_KEY);
                let answer = call.header("content-type", "application/json").body(bytes).send().await;
                let status = answer.status.as_u16();
                assert!((400..500).contains(&status) || status == 503, "{method} {path}, {what}: {status}");
                assert!(!answer.code().is_empty(), "{method} {path}, {what}: {:?}", answer.body);
                assert_ne!(answer.code(), "internal_error", "{method} {path}, {what}");
            }
        }
    }

    async fn a_list_is_no_change_of_nothing(t: TestDb) {
        let app = App::new(t).await;
        let gym = app.world.gym("box").await;
        let root = app.world.super_admin("root").await;
        app.world.join(gym.id, root.id, GymRole::Owner).await;
        for body in ["[]", " [\n]", "[\"Ana\"]", "[null,null]"] {
            let refused = app.put(PROFILE).by(&root).body(body).send().await;
            assert_eq!(refused.outcome(), (422, "validation_error".into()), "{body}");
            assert_eq!(refused.json()["detail"][0]["loc"], json!(["body"]));
        }
        let gym_path = format!("/api/v1/gyms/{}", gym.id);
        for (method, path) in operations_with_a_body(&app).into_iter().chain([("PUT".to_owned(), gym_path)]) {
            let call = app.call(method.parse().unwrap(), &path).by(&root).at(gym.id);
            let answer = call.header("content-type", "application/json").body("[]").send().await;
            assert!(!answer.status.is_success(), "{method} {path}: {:?}", answer.body);
        }
        app.put(PROFILE).by(&root).json(json!({})).send().await.expect(200);
    }
}
