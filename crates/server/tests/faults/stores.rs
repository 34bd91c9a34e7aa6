//! Storage and queue refuse for a while.
use crate::harness::{Bucket, Installation, Part, all_done, database, outbox, until};
use testkit::{
    gate::{Door, Gate},
    own::free_port,
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn med_21_while_storage_refuses_the_old_picture_stands_and_deletions_wait() {
    let (Some(db), Some(bucket)) = (database().await, Bucket::new().await) else { return };
    let gate = Gate::before(&bucket.host()).await;
    let installation = bucket.used_by(Installation::over(&db.url), &format!("http://{}", gate.addr));
    let server = installation.start(Part::Serve).await;
    let token = server.token("owner@demo.gym").await;
    for _ in 0..2 {
        assert_eq!(server.upload(&token).await.unwrap().status, 200);
    }
    let old = bucket.path_of(&server.profile(&token).await).unwrap();

    gate.set(Door::Shut);
    let _worker = installation.start(Part::Work).await;
    let answer = server.upload(&token).await.unwrap();
    assert_eq!((answer.status, &answer.body["code"]), (502, &"storage_failed".into()), "{answer:?}");
    assert_eq!(bucket.path_of(&server.profile(&token).await), Some(old.clone()));
    assert_eq!(server.get("/health/ready", "").await.unwrap().status, 200, "the rest works");
    let waits = async || {
        let deletions = outbox(&db, "storage.delete").await;
        deletions.iter().all(|e| e.attempts > 0 && e.status == "pending").then_some(deletions.len())
    };
    // of the picture that was replaced, and of the one whose upload failed: it may have arrived
    assert_eq!(until("deletions that wait", waits).await, 2);

    gate.set(Door::Open);
    assert_eq!(server.upload(&token).await.unwrap().status, 200);
    until("the deletions", async || all_done(&db, "storage.delete").await).await;
    assert_eq!(bucket.paths().await, [bucket.path_of(&server.profile(&token).await).unwrap()]);
    db.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_queue_that_is_not_there_keeps_nobody_from_working() {
    let Some(db) = database().await else { return };
    let endpoint = format!("http://127.0.0.1:{}", free_port());
    let installation = Installation::over(&db.url)
        .with("SQS_QUEUE_URL", format!("{endpoint}/000000000000/gym.fifo"))
        .with("SQS_ENDPOINT_URL", endpoint)
        .with("SQS_ACCESS_KEY", "a")
        .with("SQS_SECRET_KEY", "b");
    let server = installation.start(Part::Both).await;
    let token = server.token("owner@demo.gym").await;
    for _ in 0..2 {
        assert_eq!(server.upload(&token).await.unwrap().status, 200);
    }
    until("the effects", async || all_done(&db, "storage.delete").await).await;
    db.close().await;
}
