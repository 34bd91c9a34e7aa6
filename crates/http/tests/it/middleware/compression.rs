use super::{GYMS, MINE};
use testkit::{
    app::{Answer, App},
    both,
    form::Form,
    images,
};

fn encoding(answer: &Answer) -> &str {
    answer.header("content-encoding")
}

both! {
    async fn idn_107_json_above_a_thousand_bytes_is_compressed_for_who_accepts_it(t: TestDb) {
        let app = App::new(t).await;
        for n in 0..8 {
            app.world.gym(&format!("box-{n}")).await;
        }
        let plain = app.get(GYMS).send().await;
        assert!(plain.body.len() > 1000);
        assert_eq!(encoding(&plain), "");
        let packed = app.get(GYMS).header("accept-encoding", "gzip").send().await;
        assert_eq!(encoding(&packed), "gzip");
        assert!(packed.body.starts_with(&[0x1f, 0x8b]) && packed.body.len() < plain.body.len());
        assert_eq!(packed.header("etag"), plain.header("etag"), "a weak tag names both");

        let small = app.get(&format!("{GYMS}?limit=1")).header("accept-encoding", "gzip").send().await;
        assert!(small.body.len() < 1000, "{}", small.body.len());
        assert_eq!(encoding(&small), "");
        let page = app.get("/docs/swagger-ui.css").header("accept-encoding", "gzip").send().await;
        assert!(page.header("content-type").starts_with("text/css"));
        assert_eq!(encoding(&page), "gzip");
        let other = app.get(GYMS).header("accept-encoding", "br").send().await;
        assert_eq!(encoding(&other), "");
    }

    async fn idn_107_browsers_of_any_origin_may_call_without_credentials(t: TestDb) {
        let app = App::new(t).await;
        let ana = app.world.user("ana").await;
        let answer = app.get(MINE).by(&ana).header("origin", "https://anything.test").send().await;
        assert_eq!(answer.header("access-control-allow-origin"), "*");
        assert_eq!(answer.header("access-control-allow-credentials"), "");
        let refused = app.get(MINE).header("origin", "https://anything.test").send().await;
        assert_eq!((refused.status.as_u16(), refused.header("access-control-allow-origin")), (401, "*"));

        let preflight = app
            .call("OPTIONS".parse().unwrap(), MINE)
            .header("origin", "https://anything.test")
            .header("access-control-request-method", "PATCH")
            .header("access-control-request-headers", "x-gym-id, authorization")
            .send()
            .await;
        assert_eq!(preflight.status, 200);
        for (name, value) in [
            ("access-control-allow-origin", "*"),
            ("access-control-allow-methods", "*"),
            ("access-control-max-age", "86400"),
            ("access-control-allow-credentials", ""),
        ] {
            assert_eq!(preflight.header(name), value, "{name}");
        }
        // `*` does not cover Authorization in a browser: it must be named
        let allowed = preflight.header("access-control-allow-headers").to_lowercase();
        assert!(allowed.contains("authorization"), "{allowed}");
    }

    async fn idn_107_configured_origins_shut_the_others_out(t: TestDb) {
        let app = App::with(t, |c| c.http.cors_origins = vec!["https://app.test".into()]).await;
        let asked = async |origin: &str| app.get("/").header("origin", origin).send().await;
        assert_eq!(asked("https://app.test").await.header("access-control-allow-origin"), "https://app.test");
        for origin in ["https://app.test.evil", "http://app.test", "null"] {
            assert_eq!(asked(origin).await.header("access-control-allow-origin"), "", "{origin}");
        }
    }

    async fn idn_107_a_picture_is_not_taken_for_text(t: TestDb) {
        let app = App::new(t).await;
        let ana = app.world.user("ana").await;
        let form = Form::new().file("file", "me.png", Some("image/png"), &images::png(300, 300));
        let sent = app.post("/api/v1/users/profile/image").by(&ana).header("accept-encoding", "gzip").form(form);
        sent.send().await.expect(200);
        let image = app.get("/docs/favicon-32x32.png").header("accept-encoding", "gzip").send().await;
        assert_eq!((image.status.as_u16(), encoding(&image)), (200, ""));
    }
}
