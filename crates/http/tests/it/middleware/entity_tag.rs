use super::{GYMS, MINE, PROFILE, gym};
use serde_json::json;
use testkit::{app::App, both};

both! {
    async fn who_has_the_answer_already_gets_none_until_it_changes(t: TestDb) {
        let app = App::new(t).await;
        let ana = app.world.user("ana").await;
        let first = app.get(PROFILE).by(&ana).send().await;
        let tag = first.header("etag").to_owned();
        assert!(tag.starts_with("W/\"") && tag.ends_with('"') && tag.len() > 8, "{tag}");
        assert_eq!(first.header("cache-control"), "private, no-cache");
        for name in ["Authorization", "X-Gym-ID", "Accept-Language"] {
            assert!(first.headers.get_all("vary").iter().any(|v| v.to_str().unwrap().contains(name)), "{name}");
        }

        let known = app.get(PROFILE).by(&ana).header("if-none-match", &tag).send().await;
        assert_eq!((known.status.as_u16(), known.body.len()), (304, 0));
        assert_eq!((known.header("etag"), known.header("cache-control")), (tag.as_str(), "private, no-cache"));
        assert_eq!(known.header("content-type"), "");

        app.put(PROFILE).by(&ana).json(json!({"bio": "new"})).send().await.expect(200);
        let changed = app.get(PROFILE).by(&ana).header("if-none-match", &tag).send().await;
        let new = changed.header("etag").to_owned();
        assert_ne!(new, tag);
        assert_eq!(changed.expect(200)["bio"], "new");
    }

    async fn tags_compare_weakly_in_lists_over_several_lines_and_by_star(t: TestDb) {
        let app = App::new(t).await;
        let ana = app.world.user("ana").await;
        let tag = app.get(PROFILE).by(&ana).send().await.header("etag").to_owned();
        let strong = tag.trim_start_matches("W/");
        for (known, status) in [
            (tag.clone(), 304),
            (strong.to_owned(), 304),
            (format!("\"x\", {tag}"), 304),
            (format!("\"x\",{strong} , W/\"y\""), 304),
            ("*".to_owned(), 304),
            ("\"x\", W/\"y\"".to_owned(), 200),
            (strong.trim_matches('"').to_owned(), 200),
            (String::new(), 200),
        ] {
            let answer = app.get(PROFILE).by(&ana).header("if-none-match", &known).send().await;
            assert_eq!(answer.status.as_u16(), status, "{known}");
        }
        let lines = app.get(PROFILE).by(&ana).header("if-none-match", "\"x\"").and_header("if-none-match", &tag);
        assert_eq!(lines.send().await.status, 304);
    }

    async fn only_answers_to_a_get_are_tagged(t: TestDb) {
        let app = App::new(t).await;
        let root = app.world.super_admin("root").await;
        let tag = app.get(GYMS).send().await.header("etag").to_owned();
        let made = app.post(GYMS).by(&root).json(gym("box")).header("if-none-match", "*").send().await;
        assert_eq!((made.status.as_u16(), made.header("etag")), (201, ""));
        let gone = app.get("/api/v1/gyms/999999/details").header("if-none-match", "*").send().await;
        assert_eq!((gone.status.as_u16(), gone.header("etag")), (404, ""));
        let refused = app.get(MINE).header("if-none-match", "*").send().await;
        assert_eq!((refused.status.as_u16(), refused.header("etag")), (401, ""));
        // the tag of a body that is not there would be another than the GET's
        let head = app.call("HEAD".parse().unwrap(), GYMS).send().await;
        assert_eq!((head.status.as_u16(), head.header("etag")), (200, ""));
        let now = app.get(GYMS).header("if-none-match", &tag).send().await;
        assert_eq!(now.expect(200)[0]["subdomain"], "box");
    }

    async fn one_persons_tag_says_nothing_of_anothers_answer(t: TestDb) {
        let app = App::new(t).await;
        let (ana, ben) = (app.world.user("ana").await, app.world.user("ben").await);
        let tag = app.get(PROFILE).by(&ana).send().await.header("etag").to_owned();
        let other = app.get(PROFILE).by(&ben).header("if-none-match", &tag).send().await.expect(200);
        assert_eq!(other["id"], json!(ben.id));
        // nor does a tag open anything
        assert_eq!(app.get(PROFILE).header("if-none-match", &tag).send().await.status, 401);
    }
}
