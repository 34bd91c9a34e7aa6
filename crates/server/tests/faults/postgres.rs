//! PostgreSQL is restarted under load, once in order and once as if it had crashed.
use crate::harness::{Installation, Part, Server, until};
use reqwest::Method;
use sea_orm::{ConnectionTrait, Database, DbBackend, Statement};
use serde_json::json;
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering::SeqCst},
    },
    time::Duration,
};
use testkit::own::{Postgres, Stop};

/// Writes rising numbers, and keeps the last one that was acknowledged.
struct Writer {
    token: String,
    sent: AtomicU64,
    acknowledged: AtomicU64,
}

async fn write(server: Arc<Server>, writer: Arc<Writer>, stop: Arc<AtomicBool>, refused: Arc<AtomicU64>) {
    while !stop.load(SeqCst) {
        let number = writer.sent.fetch_add(1, SeqCst) + 1;
        let body = json!({ "bio": format!("number {number}") });
        let answer = server.call(Method::PUT, "/api/v1/users/profile", &writer.token, Some(body)).await;
        if answer.expect("the server itself stays up").is_right() {
            writer.acknowledged.store(number, SeqCst);
        } else {
            refused.fetch_add(1, SeqCst);
        }
    }
}

async fn read(server: Arc<Server>, token: String, stop: Arc<AtomicBool>, right: Arc<AtomicU64>) {
    while !stop.load(SeqCst) {
        let answer = server.get("/api/v1/users/p/gym-participants?limit=5", &token).await;
        if answer.expect("the server itself stays up").is_right() {
            right.fetch_add(1, SeqCst);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restart_of_postgresql_loses_nothing_that_was_acknowledged() {
    let Some(mut postgres) = Postgres::start() else { return };
    let installation = Installation::over(&postgres.url());
    let server = Arc::new(installation.start(Part::Both).await);
    let (stop, refused, right) = (Arc::new(AtomicBool::new(false)), Arc::default(), Arc::new(AtomicU64::new(0)));
    let (mut writers, mut tasks) = (Vec::new(), Vec::new());
    for email in ["owner@demo.gym", "admin1@demo.gym", "trainer1@demo.gym", "member1@demo.gym"] {
        let writer = Arc::new(Writer { token: server.token(email).await, sent: 0.into(), acknowledged: 0.into() });
        tasks.push(tokio::spawn(write(server.clone(), writer.clone(), stop.clone(), Arc::clone(&refused))));
        tasks.push(tokio::spawn(read(server.clone(), writer.token.clone(), stop.clone(), right.clone())));
        writers.push(writer);
    }
    let uploader = server.token("owner@demo.gym").await;
    for how in [Stop::Fast, Stop::Immediate] {
        assert_eq!(server.upload(&uploader).await.unwrap().status, 200);
        let seen = right.load(SeqCst);
        until("load", async || (right.load(SeqCst) > seen + 20).then_some(())).await;
        let before = refused.load(SeqCst);
        postgres.stop(how);
        until("a refusal", async || (refused.load(SeqCst) > before).then_some(())).await;
        let ready = server.get("/health/ready", "").await.unwrap();
        assert_eq!(ready.status, 503, "{ready:?}");
        let upload = server.upload(&uploader).await.unwrap();
        assert!(!upload.is_right(), "{upload:?}");
        postgres.start_again();
        let acknowledged: Vec<_> = writers.iter().map(|w| w.acknowledged.load(SeqCst)).collect();
        let recovered = async || {
            let all = writers.iter().zip(&acknowledged).all(|(w, before)| w.acknowledged.load(SeqCst) > *before);
            all.then_some(())
        };
        until("the recovery of every writer", recovered).await;
        let ready = async || (server.get("/health/ready", "").await.unwrap().status == 200).then_some(());
        until("readiness", ready).await;
    }
    stop.store(true, SeqCst);
    for task in tasks {
        task.await.unwrap();
    }
    for writer in &writers {
        let bio = server.profile(&writer.token).await["bio"].as_str().unwrap().to_owned();
        let number: u64 = bio.trim_start_matches("number ").parse().unwrap();
        let (sent, acknowledged) = (writer.sent.load(SeqCst), writer.acknowledged.load(SeqCst));
        assert!((acknowledged..=sent).contains(&number), "{acknowledged} <= {number} <= {sent}");
    }
    // the picture of now exists, and what the uploads left to do is done
    let picture = server.profile(&uploader).await["picture"].as_str().unwrap().to_owned();
    let path = picture.strip_prefix("http://gym.test").unwrap();
    assert_eq!(server.get(path, "").await.unwrap().status, 200, "{picture}");
    let db = Database::connect(postgres.url()).await.unwrap();
    let waiting = Statement::from_string(DbBackend::Postgres, "SELECT 1 FROM outbox WHERE status <> 'done'");
    until("the effects", async || db.query_one_raw(waiting.clone()).await.unwrap().is_none().then_some(())).await;
    tokio::time::timeout(Duration::from_secs(10), db.close()).await.unwrap().unwrap();
}
