//! Several workers at once, one of which is killed while it holds a lease.
use crate::harness::{Installation, Part, all_done, database, leases_run_out, outbox, until};
use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{Uri, header},
    response::IntoResponse,
};
use sea_orm::ConnectionTrait;
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};
use tokio::sync::watch;

/// Takes S3's call that deletes many objects, counts what it was asked to delete, and may keep callers waiting.
#[derive(Clone)]
struct Store {
    calls: Arc<Mutex<Vec<Vec<String>>>>,
    answers: watch::Receiver<bool>,
}

async fn delete(State(store): State<Store>, uri: Uri, body: Bytes) -> impl IntoResponse {
    assert_eq!(uri.query(), Some("delete"), "{uri}");
    let text = String::from_utf8(body.to_vec()).unwrap();
    let keys: Vec<String> =
        text.split("<Key>").skip(1).map(|rest| rest.split("</Key>").next().unwrap().to_owned()).collect();
    store.calls.lock().unwrap().push(keys.clone());
    // that other calls are answered in the meantime is the point: this one waits by what held when it came
    let mut answers = store.answers;
    let _ = answers.wait_for(|answers| *answers).await;
    let deleted: String = keys.iter().map(|key| format!("<Deleted><Key>{key}</Key></Deleted>")).collect();
    ([(header::CONTENT_TYPE, "application/xml")], format!("<DeleteResult>{deleted}</DeleteResult>"))
}

impl Store {
    fn counts(&self) -> BTreeMap<String, usize> {
        let mut counts = BTreeMap::new();
        for key in self.calls.lock().unwrap().iter().flatten() {
            *counts.entry(key.clone()).or_default() += 1;
        }
        counts
    }
}

const KIND: &str = "storage.delete";
const EFFECTS: usize = 450;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_two_workers_deliver_one_effect_and_the_lease_of_a_dead_one_passes_on() {
    let Some(db) = database().await else { return };
    let (answer, answers) = watch::channel(false);
    let store = Store { calls: Default::default(), answers };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    let router = Router::new().fallback(delete).with_state(store.clone());
    tokio::spawn(async move { axum::serve(listener, router).await });

    let write = format!(
        "INSERT INTO outbox (kind, aggregate, dedupe_key, payload, status, attempts, next_attempt_at, created_at)
         SELECT '{KIND}', 'object:' || n, n, jsonb_build_object('bucket', 'pictures', 'path', 'user_1/' || n || '.png'),
            'pending', 0, now(), now() FROM generate_series(1, {EFFECTS}) n"
    );
    db.pool().execute_unprepared(&write).await.unwrap();

    let installation = Installation::over(&db.url)
        .with("GYMAPI_STORAGE_ENDPOINT", endpoint)
        .with("GYMAPI_STORAGE_ACCESS_KEY", "a")
        .with("GYMAPI_STORAGE_SECRET_KEY", "b")
        .with("PROFILE_IMAGE_BUCKET", "pictures");
    let mut dead = installation.start(Part::Work).await;
    until("the first call", async || (store.counts().len() == 100).then_some(())).await;
    let held: Vec<String> = store.counts().into_keys().collect();
    dead.kill();
    answer.send_replace(true);

    let workers = [installation.start(Part::Work).await, installation.start(Part::Work).await];
    let done = |effects: &[crate::harness::Waiting]| effects.iter().filter(|e| e.status == "done").count();
    until("what nobody holds", async || (done(&outbox(&db, KIND).await) == EFFECTS - 100).then_some(())).await;
    assert!(store.counts().values().all(|n| *n == 1), "{:?}", store.counts());
    assert_eq!(outbox(&db, KIND).await.iter().filter(|e| e.status == "running").count(), 100);

    leases_run_out(&db).await;
    until("what the dead one held", async || all_done(&db, KIND).await).await;
    for (key, n) in store.counts() {
        assert_eq!(n, if held.contains(&key) { 2 } else { 1 }, "{key}");
    }
    drop(workers);
    db.close().await;
}
