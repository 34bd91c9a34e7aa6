//! What is done afterwards: deletions, the orphan sweep, the identity provider's copy (MED-25 … MED-27, MED-29).
use super::{IMAGE, deletions, execute, file, paths, payloads};
use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use domain::{identity::user, kernel::installation::Mark};
use ports::{
    FixedClock, NoIdentityProvider, ObjectStore, StorageError,
    identity::IdentityError,
    storage::{MemoryObjectStore, ObjectBody, ObjectPath, StoredObject},
};
use sea_orm::{ConnectionTrait, Statement};
use services::kernel::effect::{self, DeleteReason};
use std::sync::{Arc, Mutex};
use testkit::{app::App, both, database::TestDb, images};

fn at(bucket: &str, path: &str) -> ObjectPath {
    ObjectPath { bucket: bucket.into(), path: path.into() }
}

async fn put(store: &dyn ObjectStore, at: &ObjectPath) {
    store.put(at, ObjectBody::Bytes(b"x".as_slice().into()), "image/png").await.unwrap();
}

async fn queue(app: &App, at: &ObjectPath) {
    let core = &app.services.core;
    core.effect(&core.db, effect::storage_delete(at, DeleteReason::ContentDeleted)).await.unwrap();
}

/// Waiting and dead effects.
async fn backlog(app: &App) -> (u64, u64) {
    app.services.core.stores.outbox.backlog(&app.services.core.db).await.unwrap()
}

/// Makes every effect due, and delivers once.
async fn deliver_now(app: &App, t: &TestDb) {
    execute(t, "UPDATE outbox SET next_attempt_at = '2020-01-01T00:00:00+00:00'").await;
    app.services.relay().run_once().await.unwrap();
}

async fn due(t: &TestDb) -> DateTime<Utc> {
    let sql = "SELECT next_attempt_at FROM outbox WHERE status = 'pending'";
    let statement = Statement::from_string(t.pool().get_database_backend(), sql);
    t.pool().query_one_raw(statement).await.unwrap().unwrap().try_get("", "next_attempt_at").unwrap()
}

/// Counts the calls that delete.
struct Counting {
    inner: MemoryObjectStore,
    calls: Mutex<Vec<(String, usize)>>,
}

#[async_trait]
impl ObjectStore for Counting {
    async fn put(&self, at: &ObjectPath, body: ObjectBody, content_type: &str) -> Result<(), StorageError> {
        self.inner.put(at, body, content_type).await
    }
    async fn delete(&self, bucket: &str, paths: &[String]) -> Result<(), StorageError> {
        self.calls.lock().unwrap().push((bucket.to_owned(), paths.len()));
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

async fn sweep(app: &App) -> String {
    let core = &app.services.core;
    let scheduler = app.services.scheduler();
    scheduler.register().await.unwrap();
    assert!(core.stores.jobs.trigger(&core.db, "orphan_sweep").await.unwrap());
    scheduler.run_due().await.unwrap();
    let jobs = core.stores.jobs.all(&core.db).await.unwrap();
    jobs.into_iter().find(|job| job.name == "orphan_sweep").unwrap().last_outcome.unwrap()
}

/// An app whose clock can be moved, so that objects grow old.
async fn ageing(t: &TestDb, dry_run: bool) -> (App, FixedClock) {
    let clock = FixedClock::new(Utc::now());
    let theirs = clock.clone();
    let app = App::with(t, |change| {
        change.core.clock = Arc::new(theirs);
        change.settings.orphan_sweep_dry_run = dry_run;
    });
    (app.await, clock)
}

async fn with_account(app: &App, handle: &str) -> user::Model {
    let user = app.world.user(handle).await;
    app.accounts.add(&format!("test|{handle}"), &user.email);
    user
}

fn picture_at_provider(app: &App, handle: &str) -> Option<String> {
    app.accounts.account(&format!("test|{handle}")).unwrap().picture
}

fn away() -> IdentityError {
    IdentityError::Unavailable { reason: "HTTP 503".into(), retry_after: None }
}

both! {
    async fn med_25_job_m1_a_call_deletes_up_to_100_objects_of_one_bucket(t: TestDb) {
        let store = Arc::new(Counting { inner: MemoryObjectStore::default(), calls: Mutex::default() });
        let objects = store.clone();
        let app = App::with(t, |change| change.ports.objects = objects).await;
        for n in 0..70 {
            for bucket in ["profile-images", "gym_logo"] {
                let object = at(bucket, &format!("user_1/{n}.png"));
                // every second one is missing, which counts as deleted
                if n % 2 == 0 {
                    put(store.as_ref(), &object).await;
                }
                queue(&app, &object).await;
            }
        }
        app.deliver_effects().await;
        assert_eq!(store.inner.paths(), []);
        assert_eq!(backlog(&app).await, (0, 0));
        let calls = store.calls.lock().unwrap().clone();
        assert!(calls.len() <= 4, "{calls:?}");
        assert_eq!(calls.iter().map(|(_, paths)| paths).sum::<usize>(), 140);
    }

    async fn med_25_an_object_is_queued_once_while_it_waits(t: TestDb) {
        let app = App::new(t).await;
        let object = at("gym_logo", "gym_1/logo_a.png");
        put(app.objects.as_ref(), &object).await;
        queue(&app, &object).await;
        queue(&app, &object).await;
        assert_eq!(deletions(t).await.len(), 1);
        app.deliver_effects().await;
        queue(&app, &object).await;
        app.deliver_effects().await;
        assert_eq!((deletions(t).await.len(), backlog(&app).await), (2, (0, 0)));
    }

    async fn med_27_a_deletion_that_fails_waits_and_is_dead_after_20(t: TestDb) {
        let app = App::new(t).await;
        let object = at("gym_logo", "gym_1/logo_a.png");
        put(app.objects.as_ref(), &object).await;
        queue(&app, &object).await;
        app.objects.fail_next(20);
        for attempt in 1..=20 {
            assert_eq!(backlog(&app).await, (1, 0), "before attempt {attempt}");
            deliver_now(&app, t).await;
            if attempt < 20 {
                let wait = due(t).await - Utc::now();
                let want = TimeDelta::seconds(*[2, 8, 32, 128].get(attempt - 1).unwrap_or(&3600));
                assert!(wait > want - TimeDelta::seconds(2) && wait <= want, "{wait} after attempt {attempt}");
            }
        }
        assert_eq!(backlog(&app).await, (0, 1));
        assert_eq!(paths(&app).len(), 1);
    }

    async fn med_27_a_bucket_that_fails_does_not_hold_up_the_other(t: TestDb) {
        let app = App::new(t).await;
        for bucket in ["gym_logo", "profile-images"] {
            put(app.objects.as_ref(), &at(bucket, "user_1/a.png")).await;
            queue(&app, &at(bucket, "user_1/a.png")).await;
        }
        app.objects.fail_next(1);
        app.services.relay().run_once().await.unwrap();
        assert_eq!((paths(&app).len(), backlog(&app).await), (1, (1, 0)));
    }

    async fn med_26_a_payload_that_leaves_its_bucket_is_never_asked_of_the_store(t: TestDb) {
        let app = App::new(t).await;
        queue(&app, &at("gym_logo", "../stories/a.png")).await;
        app.deliver_effects().await;
        assert_eq!(backlog(&app).await, (0, 1));
    }

    async fn med_26_job_m2_old_objects_that_nobody_names_are_queued_as_orphans(t: TestDb) {
        let (app, clock) = ageing(t, false).await;
        let gym = app.world.gym("box").await;
        let ana = app.world.user("ana").await;
        app.post(IMAGE).by(&ana).form(file(&images::png(9, 9))).send().await.expect(200);
        let named = paths(&app);
        let ours = app.services.core.installation().await.unwrap();
        let theirs = Mark::random();
        let (lost, logo) = (format!("user_1/{ours}-a.jpg"), format!("gym_1/logo_{ours}-a.png"));
        let foreign = format!("user_1/{theirs}-a.jpg");
        for object in [
            at("gym_logo", &logo),
            at("gym_logo", &format!("gym_1/logo_{ours}-b.png")),
            at("gym_logo", "default.png"),
            at("profile-images", &lost),
            // of another installation, and of somebody who names them otherwise
            at("profile-images", &foreign),
            at("profile-images", "user_1/a.jpg"),
            at("stories", "gym_1/user_1/stories/a.jpg"),
        ] {
            put(app.objects.as_ref(), &object).await;
        }
        // an address that the store had before it moved still names the object
        let named_before = format!("https://old.example/gym_logo/gym_1/logo_{ours}-b.png?v=1");
        app.services.core.stores.gyms.swap_logo(&t.db, gym.id, None, Some(named_before)).await.unwrap();

        clock.advance(TimeDelta::hours(23));
        assert_eq!(sweep(&app).await, "ok: 0 queued");
        clock.advance(TimeDelta::hours(2));
        assert_eq!(sweep(&app).await, "ok: 2 queued");
        assert_eq!(sweep(&app).await, "ok: 2 queued");
        let orphan = |path: &str| (path.to_owned(), "orphan".to_owned());
        assert_eq!(deletions(t).await, [orphan(&logo), orphan(&lost)], "and each once");

        app.deliver_effects().await;
        let left = paths(&app);
        assert!(left.contains(&named[0]) && left.contains(&"default.png".into()) && left.contains(&foreign));
        assert!(!left.contains(&lost) && !left.contains(&logo));
        assert_eq!(left.len(), 6);
        assert_eq!(sweep(&app).await, "ok: 0 queued");
    }

    async fn med_26_an_installation_has_one_mark_whoever_asks_first(t: TestDb) {
        let apps = [App::new(t).await, App::new(t).await, App::new(t).await];
        let marks = futures::future::join_all(apps.iter().map(|app| app.services.core.installation())).await;
        let marks: Vec<_> = marks.into_iter().map(Result::unwrap).collect();
        assert!(marks.iter().all(|mark| *mark == marks[0]), "{marks:?}");
    }

    async fn med_job_m2_a_run_queues_at_most_1000_and_a_dry_one_none(t: TestDb) {
        let (app, clock) = ageing(t, false).await;
        let ours = app.services.core.installation().await.unwrap();
        for n in 0..1010 {
            put(app.objects.as_ref(), &at("profile-images", &format!("user_1/{ours}-{n:04}.png"))).await;
        }
        clock.advance(TimeDelta::hours(25));
        assert_eq!(sweep(&app).await, "ok: 1000 queued");
        app.deliver_effects().await;
        assert_eq!(paths(&app).len(), 10);
        assert_eq!(sweep(&app).await, "ok: 10 queued");

        let (dry, clock) = ageing(t, true).await;
        put(dry.objects.as_ref(), &at("profile-images", &format!("user_1/{ours}-a.png"))).await;
        clock.advance(TimeDelta::hours(25));
        let before = deletions(t).await.len();
        assert_eq!(sweep(&dry).await, "ok: 1 found, none queued: dry run");
        assert_eq!(deletions(t).await.len(), before);
        dry.objects.fail_next(1);
        assert!(sweep(&dry).await.starts_with("error: "), "a store that fails is seen");
    }

    async fn med_29_the_provider_is_told_the_newest_picture_when_it_is_back(t: TestDb) {
        let app = App::new(t).await;
        let ana = with_account(&app, "ana").await;
        app.accounts.fail_next(away());
        app.post(IMAGE).by(&ana).form(file(&images::png(9, 9))).send().await.expect(200);
        app.deliver_effects().await;
        assert_eq!((picture_at_provider(&app, "ana"), backlog(&app).await), (None, (1, 0)));
        let second = app.post(IMAGE).by(&ana).form(file(&images::png(8, 8))).send().await.expect(200);
        assert_eq!(payloads(t, effect::PICTURE_SYNC).await.len(), 1, "one effect waits for both");
        deliver_now(&app, t).await;
        assert_eq!(picture_at_provider(&app, "ana").as_deref(), second["picture"].as_str());
        assert_eq!(backlog(&app).await, (0, 0));
    }

    async fn med_29_a_sync_that_cannot_work_is_dead_and_one_that_may_is_tried_ten_times(t: TestDb) {
        let app = App::new(t).await;
        let upload = async |user: &user::Model| {
            app.post(IMAGE).by(user).form(file(&images::png(9, 9))).send().await.expect(200);
        };
        let unknown = app.world.user("unknown").await;
        upload(&unknown).await;
        app.deliver_effects().await;
        assert_eq!(backlog(&app).await, (0, 1), "the provider has no such account");
        let refused = with_account(&app, "refused").await;
        app.accounts.fail_next(IdentityError::Refused("403".into()));
        upload(&refused).await;
        app.deliver_effects().await;
        assert_eq!(backlog(&app).await, (0, 2));

        let ana = with_account(&app, "ana").await;
        upload(&ana).await;
        for attempt in 1..=10 {
            assert_eq!(backlog(&app).await, (1, 2), "before attempt {attempt}");
            app.accounts.fail_next(away());
            deliver_now(&app, t).await;
        }
        assert_eq!(backlog(&app).await, (0, 3));
    }

    async fn med_29_a_picture_that_waits_holds_up_no_change_of_role(t: TestDb) {
        let app = App::new(t).await;
        let ana = with_account(&app, "ana").await;
        app.post(IMAGE).by(&ana).form(file(&images::png(9, 9))).send().await.expect(200);
        app.accounts.fail_next(away());
        app.deliver_effects().await;
        let core = &app.services.core;
        core.effect(&core.db, effect::role_sync(ana.id)).await.unwrap();
        app.deliver_effects().await;
        assert_eq!(app.accounts.account("test|ana").unwrap().roles, ["Member"]);
    }

    async fn med_29_who_has_no_account_or_no_picture_is_not_told_of(t: TestDb) {
        let app = App::new(t).await;
        let ana = with_account(&app, "ana").await;
        app.post(IMAGE).by(&ana).form(file(&images::png(9, 9))).send().await.expect(200);
        app.delete(IMAGE).by(&ana).send().await.expect(204);
        app.deliver_effects().await;
        assert!(!app.accounts.calls().iter().any(|call| call.starts_with("set_picture")));

        let elsewhere = App::with(t, |change| change.ports.accounts = Arc::new(NoIdentityProvider)).await;
        let ben = elsewhere.world.user("ben").await;
        elsewhere.post(IMAGE).by(&ben).form(file(&images::png(9, 9))).send().await.expect(200);
        elsewhere.deliver_effects().await;
        assert_eq!(backlog(&elsewhere).await, (0, 0));
    }
}
