//! What fails, what happens at once, and that nothing is left behind (MED-7, MED-19, MED-21, MED-22, MED-28).
use super::{IMAGE, deletions, execute, file, logo_of, paths, stored};
use async_trait::async_trait;
use axum::body::Body;
use bytes::Bytes;
use domain::identity::GymRole;
use futures::{future::join_all, stream};
use ports::{
    ObjectStore, StorageError,
    image::{ImageError, ImageProcessor, ImageSpec, ProcessedImage},
    storage::{MemoryObjectStore, NoObjectStore, ObjectBody, ObjectPath, StoredObject},
};
use serde_json::json;
use std::{
    convert::Infallible,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};
use testkit::{app::App, both, database::TestDb, form::Form, images};
use tokio::sync::Semaphore;

struct Busy;

#[async_trait]
impl ImageProcessor for Busy {
    async fn process(&self, _: Bytes, _: ImageSpec) -> Result<ProcessedImage, ImageError> {
        Err(ImageError::Busy)
    }
}

/// Answers a put only when it is let, after it was stored.
struct Slow {
    inner: Arc<MemoryObjectStore>,
    begun: Semaphore,
    go: Semaphore,
    answer: Result<(), StorageError>,
}

impl Slow {
    fn new(answer: Result<(), StorageError>) -> Arc<Self> {
        let inner = Arc::new(MemoryObjectStore::default());
        Arc::new(Self { inner, begun: Semaphore::new(0), go: Semaphore::new(0), answer })
    }
}

#[async_trait]
impl ObjectStore for Slow {
    async fn put(&self, at: &ObjectPath, body: ObjectBody, content_type: &str) -> Result<(), StorageError> {
        self.inner.put(at, body, content_type).await?;
        self.begun.add_permits(1);
        let _ = self.go.acquire().await;
        self.answer.clone()
    }
    async fn delete(&self, bucket: &str, paths: &[String]) -> Result<(), StorageError> {
        self.inner.delete(bucket, paths).await
    }
    async fn list(&self, bucket: &str) -> Result<Vec<StoredObject>, StorageError> {
        self.inner.list(bucket).await
    }
    fn public_url(&self, at: &ObjectPath) -> String {
        self.inner.public_url(at)
    }
    fn object_of(&self, url: &str) -> Option<ObjectPath> {
        self.inner.object_of(url)
    }
}

/// A body that must not be touched.
fn unread() -> Body {
    let touched = |_: &mut Context<'_>| -> Poll<Option<Result<Bytes, Infallible>>> { panic!("the body is read") };
    Body::from_stream(stream::poll_fn(touched))
}

/// The database refuses the effect that every new picture writes.
async fn break_picture_sync(t: &TestDb) {
    let sql = if t.is_postgres() {
        "ALTER TABLE outbox ADD CONSTRAINT broken CHECK (kind <> 'identity.picture') NOT VALID"
    } else {
        "CREATE TRIGGER broken BEFORE INSERT ON outbox WHEN NEW.kind = 'identity.picture'
         BEGIN SELECT RAISE(ABORT, 'broken'); END"
    };
    execute(t, sql).await;
}

async fn picture(app: &App, user: &domain::identity::user::Model) -> serde_json::Value {
    app.get("/api/v1/users/profile").by(user).send().await.expect(200)["picture"].clone()
}

/// Waits for something that happens in the background.
async fn until(what: impl AsyncFn() -> bool) {
    for _ in 0..500 {
        if what().await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("it does not happen");
}

both! {
    async fn med_19_without_a_store_nothing_is_read(t: TestDb) {
        let app = App::with(t, |change| change.ports.objects = Arc::new(NoObjectStore)).await;
        let gym = app.world.gym("box").await;
        let boss = app.world.person(&gym, "boss", GymRole::Owner).await;
        let kind = Form::new().content_type();
        for path in [IMAGE.to_owned(), logo_of(gym.id)] {
            let refused = app.post(&path).by(&boss).at(gym.id).header("content-type", &kind).body(unread()).send().await;
            assert_eq!(refused.outcome(), (503, "storage_not_configured".into()));
        }
        app.delete(IMAGE).by(&boss).send().await.expect(204);
    }

    async fn med_31_who_may_not_upload_is_told_before_the_body_is_read(t: TestDb) {
        let app = App::new(t).await;
        let (gym, other) = (app.world.gym("box").await, app.world.gym("other").await);
        let boss = app.world.person(&gym, "boss", GymRole::Owner).await;
        let kind = Form::new().content_type();
        let call = app.post(&logo_of(other.id)).by(&boss).at(gym.id).header("content-type", &kind).body(unread());
        let refused = call.send().await;
        assert_eq!(refused.outcome(), (403, "gym_mismatch".into()));
    }

    async fn med_7_a_full_queue_of_images_is_503_with_a_time(t: TestDb) {
        let app = App::with(t, |change| change.ports.images = Arc::new(Busy)).await;
        let ana = app.world.user("ana").await;
        let refused = app.post(IMAGE).by(&ana).form(file(&images::png(9, 9))).send().await;
        assert_eq!(refused.outcome(), (503, "image_queue_full".into()));
        assert!(refused.header("retry-after").parse::<u64>().unwrap() > 0);
        assert_eq!(paths(&app), [] as [String; 0]);
    }

    async fn med_19_med_28_when_the_store_fails_the_old_picture_stays(t: TestDb) {
        let app = App::new(t).await;
        let gym = app.world.gym("box").await;
        let boss = app.world.person(&gym, "boss", GymRole::Owner).await;
        let first = app.post(IMAGE).by(&boss).form(file(&images::png(9, 9))).send().await.expect(200);
        for path in [IMAGE.to_owned(), logo_of(gym.id)] {
            app.objects.fail_next(1);
            let refused = app.post(&path).by(&boss).at(gym.id).form(file(&images::png(9, 9))).send().await;
            assert_eq!(refused.outcome(), (502, "storage_failed".into()));
        }
        assert_eq!(picture(&app, &boss).await, first["picture"]);
        stored(&app, &first["picture"]);
        app.deliver_effects().await;
        assert_eq!(paths(&app).len(), 1);
    }

    async fn med_21_an_attempt_that_stored_all_the_same_is_compensated(t: TestDb) {
        let slow = Slow::new(Err(StorageError::Failed("no answer".into())));
        slow.go.add_permits(100);
        let store = slow.clone();
        let app = App::with(t, |change| change.ports.objects = store).await;
        let ana = app.world.user("ana").await;
        let refused = app.post(IMAGE).by(&ana).form(file(&images::png(9, 9))).send().await;
        assert_eq!(refused.outcome(), (502, "storage_failed".into()));
        let left = slow.inner.paths();
        assert_eq!(deletions(t).await, [(left[0].path.clone(), "compensation".into())]);
        app.deliver_effects().await;
        assert_eq!(slow.inner.paths(), []);
    }

    async fn med_21_med_22_when_the_database_fails_the_object_is_queued(t: TestDb) {
        let app = App::new(t).await;
        let ana = app.world.user("ana").await;
        let first = app.post(IMAGE).by(&ana).form(file(&images::png(9, 9))).send().await.expect(200);
        app.deliver_effects().await;
        let kept = paths(&app);
        break_picture_sync(t).await;
        let refused = app.post(IMAGE).by(&ana).form(file(&images::png(9, 9))).send().await;
        assert!(!refused.status.is_success(), "{refused:?}");
        assert_eq!(picture(&app, &ana).await, first["picture"]);
        let queued = deletions(t).await;
        assert_eq!(queued.len(), 1, "only what was just stored: {queued:?}");
        assert_eq!(queued[0].1, "compensation");
        app.deliver_effects().await;
        assert_eq!(paths(&app), kept);
    }

    async fn med_21_what_cannot_even_be_queued_is_left_to_the_orphan_sweep(t: TestDb) {
        let app = App::new(t).await;
        let ana = app.world.user("ana").await;
        execute(t, "ALTER TABLE outbox RENAME TO away").await;
        let refused = app.post(IMAGE).by(&ana).form(file(&images::png(9, 9))).send().await;
        assert_eq!(refused.status.as_u16(), 500);
        execute(t, "ALTER TABLE away RENAME TO outbox").await;
        assert_eq!(picture(&app, &ana).await, json!(null));
        assert_eq!(paths(&app).len(), 1);
    }

    async fn med_21_a_client_that_hangs_up_leaves_no_object_without_a_name(t: TestDb) {
        let slow = Slow::new(Ok(()));
        let store = slow.clone();
        let app = App::with(t, |change| change.ports.objects = store).await;
        let ana = app.world.user("ana").await;
        let upload = app.post(IMAGE).by(&ana).form(file(&images::png(9, 9))).send();
        tokio::select! {
            _ = upload => panic!("the store has not answered yet"),
            begun = slow.begun.acquire() => drop(begun),
        }
        slow.go.add_permits(100);
        let named = async || picture(&app, &ana).await.is_string();
        until(named).await;
        let at = slow.object_of(picture(&app, &ana).await.as_str().unwrap());
        assert_eq!(slow.inner.paths(), [at.unwrap()]);
    }

    async fn med_28_of_uploads_at_once_one_is_named_and_no_object_is_lost(t: TestDb) {
        let app = App::new(t).await;
        let gym = app.world.gym("box").await;
        let boss = app.world.person(&gym, "boss", GymRole::Owner).await;
        let sizes = [11, 12, 13, 14, 15, 16];
        let images_at_once = sizes.map(|side| app.post(IMAGE).by(&boss).form(file(&images::png(side, side))).send());
        let logos_at_once =
            sizes.map(|side| app.post(&logo_of(gym.id)).by(&boss).at(gym.id).form(file(&images::png(side, side))).send());
        let (pictures, logos) = tokio::join!(join_all(images_at_once), join_all(logos_at_once));
        let named: Vec<_> = pictures.into_iter().map(|answer| answer.expect(200)["picture"].clone()).collect();
        let logos: Vec<_> = logos.into_iter().map(|answer| answer.expect(200)["logo_url"].clone()).collect();
        assert_eq!(paths(&app).len(), 12);
        let queued = deletions(t).await;
        assert_eq!(queued.len(), 10);
        assert!(queued.iter().all(|(_, reason)| reason == "replaced"));

        app.deliver_effects().await;
        let last = picture(&app, &boss).await;
        assert!(named.contains(&last));
        stored(&app, &last);
        let gym_now = app.get("/api/v1/gyms/my").by(&boss).send().await.expect(200)[0]["logo_url"].clone();
        assert!(logos.contains(&gym_now));
        stored(&app, &gym_now);
        assert_eq!(paths(&app).len(), 2);
    }

    async fn med_28_removing_and_replacing_at_once_loses_no_object(t: TestDb) {
        let app = App::new(t).await;
        let ana = app.world.user("ana").await;
        app.post(IMAGE).by(&ana).form(file(&images::png(9, 9))).send().await.expect(200);
        let (replaced, removed) = tokio::join!(
            app.post(IMAGE).by(&ana).form(file(&images::png(8, 8))).send(),
            app.delete(IMAGE).by(&ana).send()
        );
        assert_eq!((replaced.status.as_u16(), removed.status.as_u16()), (200, 204));
        app.deliver_effects().await;
        let left = usize::from(picture(&app, &ana).await.is_string());
        assert_eq!(paths(&app).len(), left);
    }
}
