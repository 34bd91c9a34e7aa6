//! Profile images and logos (IDN-41, IDN-55, MED-28 … MED-33).
use async_trait::async_trait;
use axum::body::{Body, Bytes};
use domain::identity::{GymRole, user};
use futures::{StreamExt, stream};
use ports::{
    ObjectStore,
    identity::IdentityError,
    image::{ImageError, ImageProcessor, ImageSpec, ProcessedImage},
    storage::{NoObjectStore, ObjectBody, ObjectPath},
};
use sea_orm::{ConnectionTrait, Statement};
use serde_json::json;
use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};
use testkit::{
    app::{Answer, App},
    both,
    database::TestDb,
    form::Form,
    images,
};

const PROFILE: &str = "/api/v1/users/profile/image";
const MB: usize = 1_048_576;

fn form(field: &str, bytes: &[u8]) -> Form {
    Form::new().file(field, "x.html", None, bytes)
}

async fn upload(app: &App, who: &user::Model, form: Form) -> Answer {
    app.post(PROFILE).by(who).form(form).send().await
}

/// Payload reasons of deletions, in order.
async fn deletions(t: &TestDb) -> Vec<(String, String)> {
    let sql = "SELECT CAST(payload AS TEXT) AS text FROM outbox WHERE kind = 'storage.delete' ORDER BY id";
    let rows = t.pool().query_all_raw(Statement::from_string(t.pool().get_database_backend(), sql)).await.unwrap();
    let of = |text: String| {
        let payload: serde_json::Value = serde_json::from_str(&text).unwrap();
        (payload["path"].as_str().unwrap().to_owned(), payload["reason"].as_str().unwrap().to_owned())
    };
    rows.into_iter().map(|row| of(row.try_get("", "text").unwrap())).collect()
}

async fn picture(app: &App, who: &user::Model) -> Option<String> {
    let read = app.get("/api/v1/users/profile").by(who).send().await.expect(200);
    read["picture"].as_str().map(str::to_owned)
}

fn at(app: &App, url: &str) -> ObjectPath {
    app.objects.object_of(url).unwrap()
}

struct Busy;

#[async_trait]
impl ImageProcessor for Busy {
    async fn process(&self, _: bytes::Bytes, _: ImageSpec) -> Result<ProcessedImage, ImageError> {
        Err(ImageError::Busy)
    }
}

/// A body that counts how much of it was read.
fn chunked(bytes: Bytes, read: &Arc<AtomicUsize>) -> Body {
    let read = read.clone();
    let pieces: Vec<_> = bytes.chunks(65_536).map(Bytes::copy_from_slice).collect();
    Body::from_stream(stream::iter(pieces).then(move |piece| {
        read.fetch_add(piece.len(), Ordering::SeqCst);
        async move {
            // as from a socket: the next piece is not there yet
            tokio::task::yield_now().await;
            Ok::<_, std::io::Error>(piece)
        }
    }))
}

both! {
    async fn idn_55_med_4_med_16_med_28_med_29_a_picture_is_stored_named_and_told(t: TestDb) {
        let app = App::new(t).await;
        let ana = app.world.user("ana").await;
        app.accounts.add("test|ana", "ana@example.test");
        picture(&app, &ana).await;
        let first = upload(&app, &ana, form("photo", &images::png(30, 20))).await.expect(200);
        let url = first["picture"].as_str().unwrap().to_owned();
        let object = at(&app, &url);
        assert!(object.path.starts_with(&format!("user_{}/", ana.id)), "{url}");
        assert_eq!(url, app.objects.public_url(&object));
        let (bytes, kind) = app.objects.object(&object).unwrap();
        assert_eq!(images::size_of(&bytes, &kind), (30, 20));
        assert!(!object.path.ends_with("html"));
        assert_eq!(picture(&app, &ana).await, Some(url.clone()), "no cache shows the old one");

        let second = upload(&app, &ana, form("file", &images::jpeg(40, 40))).await.expect(200);
        assert_eq!(deletions(t).await, [(object.path.clone(), "replaced".into())]);
        app.deliver_effects().await;
        assert_eq!(app.objects.paths(), [at(&app, second["picture"].as_str().unwrap())]);
        assert_eq!(app.accounts.account("test|ana").unwrap().picture.as_deref(), second["picture"].as_str());
    }

    async fn med_29_a_provider_that_is_down_fails_no_request_and_hears_the_newest(t: TestDb) {
        let app = App::new(t).await;
        let ana = app.world.user("ana").await;
        app.accounts.add("test|ana", "ana@example.test");
        app.accounts.fail_when("set_picture", IdentityError::Unavailable { reason: "down".into(), retry_after: None });
        upload(&app, &ana, form("file", &images::png(8, 8))).await.expect(200);
        app.deliver_effects().await;
        let newest = upload(&app, &ana, form("file", &images::png(9, 9))).await.expect(200);
        t.pool().execute_unprepared("UPDATE outbox SET next_attempt_at = '2020-01-01T00:00:00+00:00'").await.unwrap();
        app.deliver_effects().await;
        assert_eq!(app.accounts.account("test|ana").unwrap().picture.as_deref(), newest["picture"].as_str());
    }

    async fn med_30_the_first_listed_field_counts_and_none_is_400(t: TestDb) {
        let app = App::new(t).await;
        let ana = app.world.user("ana").await;
        let both = form("photo", &images::png(10, 10)).file("file", "a", None, &images::png(20, 20));
        let answer = upload(&app, &ana, both).await.expect(200);
        let (bytes, kind) = app.objects.object(&at(&app, answer["picture"].as_str().unwrap())).unwrap();
        assert_eq!(images::size_of(&bytes, &kind), (20, 20));
        let none = upload(&app, &ana, form("other", &images::png(10, 10)).text("x", "y")).await;
        assert_eq!(none.outcome(), (400, "image_required".into()));
    }

    async fn med_19_med_21_med_28_a_store_that_fails_leaves_the_old_picture(t: TestDb) {
        let app = App::new(t).await;
        let ana = app.world.user("ana").await;
        let old = upload(&app, &ana, form("file", &images::png(8, 8))).await.expect(200)["picture"].clone();
        app.objects.fail_next(1);
        let failed = upload(&app, &ana, form("file", &images::png(9, 9))).await;
        assert_eq!(failed.outcome(), (502, "storage_failed".into()));
        assert_eq!(json!(picture(&app, &ana).await), old);
        assert_eq!(deletions(t).await.into_iter().map(|d| d.1).collect::<Vec<_>>(), ["compensation"]);
        app.deliver_effects().await;
        assert_eq!(app.objects.paths(), [at(&app, old.as_str().unwrap())]);
    }

    async fn med_28_of_two_uploads_at_once_one_stays_and_the_other_is_queued(t: TestDb) {
        let app = App::new(t).await;
        let ana = app.world.user("ana").await;
        let sends = (0..4).map(|n| upload(&app, &ana, form("file", &images::png(8 + n, 8))));
        for answer in futures::future::join_all(sends).await {
            answer.expect(200);
        }
        assert_eq!((app.objects.paths().len(), deletions(t).await.len()), (4, 3));
        app.deliver_effects().await;
        assert_eq!(app.objects.paths(), [at(&app, &picture(&app, &ana).await.unwrap())]);
    }

    async fn med_26_med_33_foreign_pictures_are_left_alone(t: TestDb) {
        let app = App::new(t).await;
        let foreign = [
            "https://lh3.example/a.png",
            "memory://objects/profile-images/user_999/a.png",
            "memory://objects/gym_logo/user_1/a.png",
            "memory://objects/profile-images/user_1/../user_2/a.png",
        ];
        for (n, url) in foreign.iter().enumerate() {
            let who = app.world.user_with(&format!("u{n}"), |u| u.picture = Some((*url).to_owned())).await;
            upload(&app, &who, form("file", &images::png(8, 8))).await.expect(200);
        }
        assert_eq!(deletions(t).await, []);
    }

    async fn med_25_med_32_removing_clears_and_queues_and_removing_nothing_is_204(t: TestDb) {
        let app = App::new(t).await;
        let ana = app.world.user("ana").await;
        app.delete(PROFILE).by(&ana).send().await.expect(204);
        upload(&app, &ana, form("file", &images::png(8, 8))).await.expect(200);
        app.delete(PROFILE).by(&ana).send().await.expect(204);
        app.delete(PROFILE).by(&ana).send().await.expect(204);
        assert_eq!(picture(&app, &ana).await, None);
        assert_eq!(deletions(t).await.len(), 1);
        app.deliver_effects().await;
        assert_eq!(app.objects.paths(), []);
    }

    async fn med_27_job_m1_a_deletion_that_fails_is_tried_again(t: TestDb) {
        let app = App::new(t).await;
        let ana = app.world.user("ana").await;
        upload(&app, &ana, form("file", &images::png(8, 8))).await.expect(200);
        app.delete(PROFILE).by(&ana).send().await.expect(204);
        app.objects.fail_next(1);
        app.deliver_effects().await;
        assert_eq!(app.objects.paths().len(), 1);
        t.pool().execute_unprepared("UPDATE outbox SET next_attempt_at = '2020-01-01T00:00:00+00:00'").await.unwrap();
        app.deliver_effects().await;
        assert_eq!(app.objects.paths(), []);
    }

    async fn idn_41_med_31_a_logo_belongs_to_the_gym_of_the_header(t: TestDb) {
        let app = App::new(t).await;
        let (gym, other) = (app.world.gym("box").await, app.world.gym("other").await);
        let boss = app.world.person(&gym, "boss", GymRole::Admin).await;
        let path = format!("/api/v1/gyms/{}/logo", gym.id);
        for (handle, role) in [("ana", GymRole::Member), ("tom", GymRole::Trainer)] {
            let who = app.world.person(&gym, handle, role).await;
            let refused = app.post(&path).by(&who).at(gym.id).form(form("file", &images::png(8, 8))).send().await;
            assert_eq!(refused.status, 403);
            assert_eq!(app.delete(&path).by(&who).at(gym.id).send().await.status, 403);
        }
        let wrong = format!("/api/v1/gyms/{}/logo", other.id);
        let refused = app.post(&wrong).by(&boss).at(gym.id).form(form("file", &images::png(8, 8))).send().await;
        assert_eq!(refused.outcome(), (403, "gym_mismatch".into()));
        assert_eq!(app.delete(&wrong).by(&boss).at(gym.id).send().await.status, 403);
        app.post(&path).by(&boss).at(gym.id).form(form("image", &images::png(8, 8))).send().await.expect(422);

        let made = app.post(&path).by(&boss).at(gym.id).form(form("file", &images::png(8, 8))).send().await.expect(200);
        let object = at(&app, made["logo_url"].as_str().unwrap());
        assert!(object.bucket == "gym_logo" && object.path.starts_with(&format!("gym_{}/logo_", gym.id)));
        app.delete(&path).by(&boss).at(gym.id).send().await.expect(204);
        assert_eq!(deletions(t).await.len(), 1);
    }

    async fn med_job_m2_only_old_unnamed_objects_of_ours_are_queued(t: TestDb) {
        let app = App::new(t).await;
        let ana = app.world.user("ana").await;
        upload(&app, &ana, form("file", &images::png(8, 8))).await.expect(200);
        let young = ObjectPath { bucket: "profile-images".into(), path: "user_1/lost.png".into() };
        app.objects.put(&young, ObjectBody::Bytes(Bytes::from_static(b"x")), "image/png").await.unwrap();
        app.services.scheduler().register().await.unwrap();
        let due = "UPDATE scheduled_jobs SET next_run_at = '2020-01-01T00:00:00+00:00' WHERE name = 'orphan_sweep'";
        t.pool().execute_unprepared(due).await.unwrap();
        app.services.scheduler().run_due().await.unwrap();
        assert_eq!(deletions(t).await, [], "younger than 24 hours");
    }
}

#[tokio::test]
async fn med_1_med_3_med_5_med_6_refusals_by_content_and_size() {
    let Some(t) = TestDb::open(testkit::database::Kind::Sqlite, 4).await else { return };
    let app = App::new(&t).await;
    let ana = app.world.user("ana").await;
    let png = images::png(20, 20);
    let cases = [
        (b"<html></html>".to_vec(), "file_content_not_accepted"),
        (Vec::new(), "file_empty"),
        (images::gif(5, 5), "file_content_not_accepted"),
        (images::png_header(30_000, 30_000), "image_too_many_pixels"),
        (png[..png.len() / 2].to_vec(), "image_corrupt"),
    ];
    for (bytes, code) in cases {
        assert_eq!(upload(&app, &ana, form("file", &bytes)).await.outcome(), (400, code.into()));
    }
    upload(&app, &ana, form("file", &images::jpeg_of_length(10 * MB))).await.expect(200);
    let read = Arc::default();
    let large = form("file", &images::jpeg_of_length(10 * MB + 1)).file("x", "y", None, &vec![0; 20 * MB]);
    let kind = large.content_type();
    let body = chunked(large.into_bytes(), &read);
    let refused = app.post(PROFILE).by(&ana).header("content-type", &kind).body(body).send().await;
    assert_eq!(refused.outcome(), (413, "file_too_large".into()));
    assert!(read.load(Ordering::SeqCst) < 12 * MB, "the reader stops");
    let refused = app.post(PROFILE).by(&ana).json(json!({})).send().await;
    assert_eq!(refused.status, 422);
    t.close().await;
}

#[tokio::test]
async fn med_10_med_11_med_12_a_picture_is_upright_small_and_says_nothing_of_its_place() {
    let Some(t) = TestDb::open(testkit::database::Kind::Sqlite, 4).await else { return };
    let app = App::new(&t).await;
    let ana = app.world.user("ana").await;
    let cases = [
        (images::camera_jpeg(2000, 1000, 6), "image/jpeg", (512, 1024)),
        (images::transparent_png(40, 40), "image/png", (40, 40)),
    ];
    for (bytes, kind, size) in cases {
        let answer = upload(&app, &ana, form("file", &bytes)).await.expect(200);
        let (stored, stored_kind) = app.objects.object(&at(&app, answer["picture"].as_str().unwrap())).unwrap();
        assert_eq!((stored_kind.as_str(), images::size_of(&stored, &stored_kind)), (kind, size));
        assert!(!stored.windows(12).any(|w| w == b"SECRET-PLACE"));
    }
    let answer = upload(&app, &ana, form("file", &images::webp(40, 40))).await.expect(200);
    assert!(!answer["picture"].as_str().unwrap().ends_with("webp"), "never WebP");
    t.close().await;
}

#[tokio::test]
async fn med_7_med_19_busy_and_unconfigured_are_503() {
    let Some(t) = TestDb::open(testkit::database::Kind::Sqlite, 4).await else { return };
    let busy = App::with(&t, |c| c.ports.images = Arc::new(Busy)).await;
    let ana = busy.world.user("ana").await;
    let refused = upload(&busy, &ana, form("file", &images::png(8, 8))).await;
    assert_eq!(refused.outcome(), (503, "image_queue_full".into()));
    assert!(!refused.header("retry-after").is_empty());

    let off = App::with(&t, |c| c.ports.objects = Arc::new(NoObjectStore)).await;
    let read = Arc::default();
    let sent = form("file", &images::png(8, 8));
    let kind = sent.content_type();
    let body = chunked(sent.into_bytes(), &read);
    let refused = off.post(PROFILE).by(&ana).header("content-type", &kind).body(body).send().await;
    assert_eq!(refused.outcome(), (503, "storage_not_configured".into()));
    assert_eq!(read.load(Ordering::SeqCst), 0);
    t.close().await;
}

#[tokio::test]
async fn med_9_the_eleventh_upload_of_a_minute_is_429() {
    let Some(t) = TestDb::open(testkit::database::Kind::Sqlite, 4).await else { return };
    let app = App::with(&t, |c| c.settings.rate_limits = true).await;
    let ana = app.world.user("ana").await;
    for _ in 0..10 {
        upload(&app, &ana, form("file", &images::png(8, 8))).await.expect(200);
    }
    assert_eq!(upload(&app, &ana, form("file", &images::png(8, 8))).await.status, 429);
    t.close().await;
}
