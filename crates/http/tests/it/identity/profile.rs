use serde_json::json;
use testkit::{app::App, both};

both! {
    async fn idn_54_a_profile_change_is_read_back_by_another_connection(t: TestDb) {
        let app = App::new(t).await;
        let gym = app.world.gym("box").await;
        let ana = app.world.member(&gym, "ana").await;

        let body = json!({"bio": "hola", "height": 170.5, "color": "#00ffAA", "role": "SUPER_ADMIN", "qr_code": "x"});
        let changed = app.put("/api/v1/users/profile").by(&ana).json(body).send().await.expect(200);
        assert_eq!((&changed["bio"], &changed["height"], &changed["color"]), (&json!("hola"), &json!(170.5), &json!("#00ffAA")));
        assert_eq!((&changed["role"], &changed["qr_code"]), (&json!("MEMBER"), &json!(ana.qr_code)));

        let read = app.get("/api/v1/users/profile").by(&ana).at(gym.id).send().await.expect(200);
        assert_eq!((&read["bio"], &read["gym_role"]), (&json!("hola"), &json!("MEMBER")));

        let cleared = app.post("/api/v1/users/profile/data").by(&ana).json(json!({"bio": null})).send().await.expect(200);
        assert_eq!((&cleared["bio"], &cleared["height"]), (&json!(null), &json!(170.5)));
    }

    async fn idn_54_limits_are_422_and_change_nothing(t: TestDb) {
        let app = App::new(t).await;
        let ana = app.world.user("ana").await;
        let body = json!({"first_name": "", "color": "red", "last_name": "New"});
        let refused = app.put("/api/v1/users/profile").by(&ana).json(body).send().await.expect(422);
        assert_eq!(refused["code"], "validation_error");
        let mut fields: Vec<_> = refused["detail"].as_array().unwrap().iter().map(|e| e["loc"][1].clone()).collect();
        fields.sort_by_key(ToString::to_string);
        assert_eq!(fields, ["color", "first_name"]);
        let read = app.get("/api/v1/users/profile").by(&ana).send().await.expect(200);
        assert_eq!(read["last_name"], "Tester");
    }

    async fn idn_56_measures_are_shown_to_self_and_administrators_only(t: TestDb) {
        let app = App::new(t).await;
        let gym = app.world.gym("box").await;
        let ana = app.world.member(&gym, "ana").await;
        let ben = app.world.member(&gym, "ben").await;
        let boss = app.world.person(&gym, "boss", domain::identity::GymRole::Admin).await;
        app.put("/api/v1/users/profile").by(&ana).json(json!({"height": 170, "weight": 60})).send().await.expect(200);

        let path = format!("/api/v1/users/profile/{}", ana.id);
        let seen = app.get(&path).by(&ben).at(gym.id).send().await.expect(200);
        assert_eq!((&seen["height"], &seen["weight"]), (&json!(null), &json!(null)));
        for viewer in [&ana, &boss] {
            let seen = app.get(&path).by(viewer).at(gym.id).send().await.expect(200);
            assert_eq!(seen["height"], 170.0);
        }
    }

    async fn idn_57_a_person_of_another_gym_is_not_found(t: TestDb) {
        let app = App::new(t).await;
        let (here, there) = (app.world.gym("here").await, app.world.gym("there").await);
        let ana = app.world.member(&here, "ana").await;
        let zoe = app.world.member(&there, "zoe").await;
        let path = format!("/api/v1/users/profile/{}", zoe.id);
        assert_eq!(app.get(&path).by(&ana).at(here.id).send().await.outcome(), (404, "user_not_found".into()));
    }
}
