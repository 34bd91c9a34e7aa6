use super::{GYMS, MINE, PROFILE};
use sea_orm::ConnectionTrait;
use serde_json::json;
use testkit::{app::App, both};

fn is_stable(code: &str) -> bool {
    !code.is_empty() && code.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
}

both! {
    async fn idn_108_a_refusal_has_a_text_for_people_and_a_code_for_programs(t: TestDb) {
        let app = App::new(t).await;
        let gym = app.world.gym("box").await;
        let ana = app.world.member(&gym, "ana").await;
        let refusals = [
            (app.get(MINE).send().await, 401, "not_authenticated"),
            (app.get(MINE).bearer("x").send().await, 401, "invalid_token"),
            (app.get("/api/v1/auth/me").by_with(&ana, &[]).send().await, 403, "missing_scope"),
            (app.get("/api/v1/users/gym-users").by(&ana).at(gym.id).send().await, 403, "role_too_low"),
            (app.get("/api/v1/gyms/users").by(&ana).send().await, 400, "gym_header_required"),
            (app.get("/api/v1/gyms/999999/details").send().await, 404, "gym_not_found"),
            (app.get("/api/v1/nothing").send().await, 404, "no_such_path"),
            (app.delete(MINE).send().await, 405, "method_not_allowed"),
        ];
        for (answer, status, code) in refusals {
            assert_eq!(answer.outcome(), (status, code.to_owned()));
            assert!(answer.header("content-type").starts_with("application/json"), "{code}");
            let body = answer.json();
            assert!(is_stable(code) && body["detail"].as_str().is_some_and(|d| d.len() > 10), "{body}");
            assert_eq!(body.as_object().unwrap().len(), 2, "nothing else: {body}");
        }
    }

    async fn idn_108_the_text_is_in_the_language_that_was_asked_for_and_the_code_is_not(t: TestDb) {
        let app = App::new(t).await;
        let asked = async |languages: &str| {
            let answer = app.get(MINE).header("accept-language", languages).send().await;
            assert_eq!(answer.code(), "not_authenticated");
            answer.json()["detail"].as_str().unwrap().to_owned()
        };
        let (english, spanish) = ("A bearer token is required.", "Se requiere un token de acceso.");
        for (languages, text) in [
            ("es", spanish),
            ("es-MX,es;q=0.9,en;q=0.5", spanish),
            ("en", english),
            ("en-GB, es;q=0.3", english),
            ("fr", english),
            ("", english),
        ] {
            assert_eq!(asked(languages).await, text, "{languages}");
        }
        for path in ["/api/v1/nothing", "/api/v1/gyms/999999/details"] {
            let detail = async |language| app.get(path).header("accept-language", language).send().await.json();
            let (en, es) = (detail("en").await, detail("es").await);
            assert!(en["code"] == es["code"] && en["detail"] != es["detail"], "{path}");
        }
    }

    async fn idn_108_what_is_wrong_with_the_input_is_listed_field_by_field(t: TestDb) {
        let app = App::new(t).await;
        let ana = app.world.user("ana").await;
        let entries = async |call: testkit::app::Call<'_>| {
            let answer = call.send().await.expect(422);
            assert_eq!(answer["code"], "validation_error");
            answer["detail"].as_array().expect("a list").clone()
        };
        let body = json!({"first_name": "", "bio": "x".repeat(501)});
        let fields = entries(app.put(PROFILE).by(&ana).json(body)).await;
        assert_eq!(fields.len(), 2);
        let typed = entries(app.put(PROFILE).by(&ana).json(json!({"height": "tall"}))).await;
        let query = entries(app.get(&format!("{GYMS}?limit=many"))).await;
        let paging = entries(app.get(&format!("{GYMS}?limit=1001"))).await;
        let path = entries(app.get("/api/v1/gyms/abc/details")).await;
        let none = entries(app.put(PROFILE).by(&ana)).await;
        for (entry, loc) in [
            (&fields[0], None),
            (&typed[0], Some(json!(["body", "height"]))),
            (&query[0], Some(json!(["query", "limit"]))),
            (&paging[0], Some(json!(["query", "limit"]))),
            (&path[0], Some(json!(["path", "gym_id"]))),
            (&none[0], Some(json!(["body"]))),
        ] {
            assert!(entry["msg"].as_str().is_some_and(|m| !m.is_empty()), "{entry}");
            assert!(entry["type"].as_str().is_some_and(is_stable), "{entry}");
            assert!(entry["loc"].as_array().is_some_and(|l| !l.is_empty()), "{entry}");
            if let Some(loc) = loc {
                assert_eq!(entry["loc"], loc);
            }
        }
    }

    async fn idn_108_a_failure_of_ours_tells_nothing_of_the_inside(t: TestDb) {
        let app = App::new(t).await;
        let ana = app.world.user("ana").await;
        app.get(PROFILE).by(&ana).send().await.expect(200);
        t.pool().execute_unprepared("ALTER TABLE gyms RENAME TO gyms_gone").await.unwrap();
        for (language, text) in
            [("en", "Something went wrong on our side."), ("es", "Algo ha fallado por nuestra parte.")]
        {
            let failed = app.get(MINE).by(&ana).header("accept-language", language).send().await;
            assert_eq!(failed.status, 500);
            assert_eq!(failed.json(), json!({"detail": text, "code": "internal_error"}));
        }
        t.db.close().await;
        let away = app.get(MINE).by(&ana).send().await;
        assert!(away.status.is_server_error());
        let body = String::from_utf8(away.body.to_vec()).unwrap().to_lowercase();
        for word in ["sql", "pool", "table", "select", "gyms", "connection"] {
            assert!(!body.contains(word), "{word}: {body}");
        }
    }
}
