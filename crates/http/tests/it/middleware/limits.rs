use super::{GYMS, Gate, MINE, PROFILE};
use axum::body::Body;
use bytes::Bytes;
use serde_json::json;
use std::{sync::Arc, time::Duration};
use testkit::{app::App, both, form::Form, images};
use tokio::sync::Semaphore;

fn blocked(app: &mut testkit::app::Change<'_>) -> Arc<Semaphore> {
    let passes = Arc::new(Semaphore::new(0));
    app.ports.verifier = Arc::new(Gate { inner: app.ports.verifier.clone(), passes: passes.clone() });
    passes
}

both! {
    async fn a_body_has_a_limit_and_an_upload_a_larger_one(t: TestDb) {
        let app = App::with(t, |c| c.http.max_body = 4096).await;
        let ana = app.world.user("ana").await;
        let fits = format!("{{\"bio\": \"x\"}}{}", " ".repeat(4096 - 12));
        assert_eq!(fits.len(), 4096);
        app.put(PROFILE).by(&ana).body(fits.clone()).send().await.expect(200);
        let more = app.put(PROFILE).by(&ana).body(format!("{fits} ")).send().await;
        assert_eq!(more.outcome(), (413, "too_large".into()));

        let data = "/api/v1/users/profile/data";
        let pieces = || futures::stream::iter((0..5).map(|_| Ok::<_, std::io::Error>(Bytes::from(vec![b' '; 1024]))));
        let without_length = app.post(data).by(&ana).body(Body::from_stream(pieces())).send().await;
        assert_eq!(without_length.outcome(), (413, "too_large".into()));
        let with_key = app.post(data).by(&ana).header("idempotency-key", "k").body(Body::from_stream(pieces()));
        assert_eq!(with_key.send().await.outcome(), (413, "too_large".into()));

        let photo = images::jpeg(1200, 900);
        assert!(photo.len() > 4096);
        let form = Form::new().file("file", "me.jpg", Some("image/jpeg"), &photo);
        app.post("/api/v1/users/profile/image").by(&ana).form(form).send().await.expect(200);
    }

    async fn an_address_and_headers_have_limits(t: TestDb) {
        let app = App::new(t).await;
        let at = async |length: usize| {
            let query = format!("{GYMS}?q=");
            app.get(&format!("{query}{}", "x".repeat(length - query.len()))).send().await.outcome()
        };
        assert_eq!(at(8 * 1024 + 1).await, (414, "uri_too_long".into()));
        assert!([200, 422].contains(&at(8 * 1024).await.0));

        let with = async |length: usize| app.get(GYMS).header("x-padding", &"x".repeat(length)).send().await.outcome();
        assert_eq!(with(32 * 1024).await, (431, "headers_too_large".into()));
        assert_eq!(with(31 * 1024).await.0, 200);
    }

    async fn what_takes_too_long_is_ended(t: TestDb) {
        let app = App::with(t, |mut c| {
            blocked(&mut c);
            (c.http.request_timeout, c.http.upload_timeout) = (Duration::from_millis(200), Duration::from_millis(900));
        })
        .await;
        let ana = app.world.user("ana").await;
        let timed = async |call: testkit::app::Call<'_>| {
            let started = std::time::Instant::now();
            let answer = call.send().await;
            assert_eq!(answer.outcome(), (503, "timed_out".into()));
            assert_eq!(answer.header("retry-after"), "1");
            started.elapsed()
        };
        assert!(timed(app.get(MINE).by(&ana)).await < Duration::from_millis(900));
        let form = Form::new().file("file", "me.png", Some("image/png"), b"x");
        assert!(timed(app.post("/api/v1/users/profile/image").by(&ana).form(form)).await >= Duration::from_millis(900));
    }

    async fn more_than_fit_are_sent_away_at_once_and_probes_never(t: TestDb) {
        let mut passes = None;
        let app = App::with(t, |mut c| {
            passes = Some(blocked(&mut c));
            c.http.max_in_flight = 2;
        })
        .await;
        let passes = passes.unwrap();
        let ana = app.world.user("ana").await;
        let inside = || app.get(MINE).by(&ana).send();
        let (one, two, ()) = tokio::join!(inside(), inside(), async {
            tokio::time::sleep(Duration::from_millis(100)).await;
            for path in [MINE, GYMS, "/"] {
                let shed = app.get(path).send().await;
                assert_eq!((shed.outcome(), shed.header("retry-after")), ((503, "unavailable".into()), "1"), "{path}");
            }
            for (path, status) in [("/health/live", 200), ("/health/ready", 200), ("/metrics", 403)] {
                assert_eq!(app.get(path).send().await.status.as_u16(), status, "{path}");
            }
            passes.add_permits(100);
        });
        assert_eq!((one.status.as_u16(), two.status.as_u16()), (200, 200));
        assert_eq!(inside().await.status, 200, "a place that was left is free again");
    }

    async fn a_place_is_free_again_when_its_request_was_ended_or_dropped(t: TestDb) {
        let mut passes = None;
        let app = App::with(t, |mut c| {
            passes = Some(blocked(&mut c));
            (c.http.max_in_flight, c.http.request_timeout) = (1, Duration::from_millis(200));
        })
        .await;
        let ana = app.world.user("ana").await;
        for _ in 0..3 {
            assert_eq!(app.get(MINE).by(&ana).send().await.code(), "timed_out");
            let dropped = tokio::time::timeout(Duration::from_millis(20), app.get(MINE).by(&ana).send()).await;
            assert!(dropped.is_err());
        }
        passes.unwrap().add_permits(10);
        let body = json!({"bio": "free"});
        app.put(PROFILE).by(&ana).json(body).send().await.expect(200);
    }
}
