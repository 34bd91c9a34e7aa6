use super::{GYMS, MINE, gym};
use testkit::{app::App, both};

both! {
    async fn a_trailing_slash_more_or_less_is_the_same_operation_without_a_redirect(t: TestDb) {
        let app = App::new(t).await;
        let root = app.world.super_admin("root").await;
        let made = app.post("/api/v1/gyms").by(&root).json(gym("box")).send().await.expect(201);
        app.post(GYMS).by(&root).json(gym("other")).send().await.expect(201);
        for path in [GYMS, "/api/v1/gyms", "/api/v1/gyms?limit=1", "/api/v1/gyms/?limit=1"] {
            let answer = app.get(path).send().await;
            let wanted = if path.contains("limit") { 1 } else { 2 };
            assert_eq!(answer.expect(200).as_array().unwrap().len(), wanted, "{path}");
        }
        for path in [MINE, "/api/v1/gyms/my/", "/api/v1/gyms/my/?limit=5"] {
            let mine = app.get(path).by(&root).send().await;
            assert_eq!((mine.status.as_u16(), mine.header("location")), (200, ""), "{path}");
        }
        let one = format!("/api/v1/gyms/{}/details/", made["id"]);
        assert_eq!(app.get(&one).send().await.expect(200)["subdomain"], "box");
        let all = app.get("/api/v1/users").by(&root).send().await.expect(200);
        assert_eq!(all[0]["id"], serde_json::json!(root.id));
    }

    async fn an_empty_step_is_no_parameter(t: TestDb) {
        let app = App::new(t).await;
        let root = app.world.super_admin("root").await;
        for (method, path) in [("GET", "/api/v1/gyms//details"), ("DELETE", "/api/v1/users/admin/users/"), ("GET", "//")] {
            let answer = app.call(method.parse().unwrap(), path).by(&root).send().await;
            assert!([404, 405, 422].contains(&answer.status.as_u16()), "{method} {path}: {}", answer.status);
        }
        assert_eq!(app.get("/api/v1/").send().await.outcome(), (404, "no_such_path".into()));
    }

    async fn what_is_not_there_says_so_with_a_stable_code(t: TestDb) {
        let app = App::new(t).await;
        for path in ["/api/v1/nothing", "/api/v2/gyms/", "/nothing", "/api/v1/gyms/my/more"] {
            for method in ["GET", "POST", "DELETE", "TRACE", "BREW"] {
                let answer = app.call(method.parse().unwrap(), path).send().await;
                assert_eq!(answer.outcome(), (404, "no_such_path".into()), "{method} {path}");
            }
        }
        for (method, path) in [("DELETE", GYMS), ("POST", MINE), ("GET", "/api/v1/users/profile/data"), ("BREW", GYMS)] {
            let answer = app.call(method.parse().unwrap(), path).send().await;
            assert_eq!(answer.outcome(), (405, "method_not_allowed".into()), "{method} {path}");
            assert!(!answer.header("allow").is_empty(), "{method} {path} says what is allowed");
        }
    }
}
