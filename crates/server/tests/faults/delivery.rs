//! kill -9 between a commit and the delivery of its effects, and during a delivery.
use crate::harness::{Bucket, Installation, Part, Server, all_done, database, leases_run_out, outbox, until};
use testkit::{
    database::TestDb,
    gate::{Door, Gate},
};

const DELETION: &str = "storage.delete";
/// Which has nothing to do here, for nobody manages accounts: done as soon as a worker sees it.
const PICTURE: &str = "identity.picture";

/// A person has replaced their picture: the first object waits for its deletion. Returns its path and that of the
/// second.
async fn replaced(server: &Server, bucket: &Bucket) -> (String, String) {
    let token = server.token("owner@demo.gym").await;
    assert_eq!(server.upload(&token).await.unwrap().status, 200);
    let old = bucket.path_of(&server.profile(&token).await).unwrap();
    assert_eq!(server.upload(&token).await.unwrap().status, 200);
    (old, bucket.path_of(&server.profile(&token).await).unwrap())
}

async fn is_delivered(db: &TestDb, bucket: &Bucket, mut kept: Vec<String>) {
    until("the delivery", async || all_done(db, DELETION).await).await;
    kept.sort();
    assert_eq!(bucket.paths().await, kept);
    assert_eq!(outbox(db, DELETION).await.len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_effect_of_a_killed_process_is_delivered_by_the_next_worker() {
    let (Some(db), Some(bucket)) = (database().await, Bucket::new().await) else { return };
    let installation = bucket.used_by(Installation::over(&db.url), &format!("http://{}", bucket.host()));
    let mut server = installation.start(Part::Serve).await;
    let (old, new) = replaced(&server, &bucket).await;
    server.kill();
    assert_eq!(outbox(&db, DELETION).await[0].status, "pending");
    let mut both = [old, new.clone()];
    both.sort();
    assert_eq!(bucket.paths().await, both);

    let _worker = installation.start(Part::Work).await;
    is_delivered(&db, &bucket, vec![new]).await;
    db.close().await;
}

/// Whether the store has heard of the deletion or not: another worker takes over when the lease has run out, and not
/// before.
async fn killed_while(door: Door) {
    let (Some(db), Some(bucket)) = (database().await, Bucket::new().await) else { return };
    let gate = Gate::before(&bucket.host()).await;
    let installation = bucket.used_by(Installation::over(&db.url), &format!("http://{}", gate.addr));
    let server = installation.start(Part::Serve).await;
    let (_, new) = replaced(&server, &bucket).await;

    gate.set(door);
    let mut first = installation.start(Part::Work).await;
    until("a delivery", async || (gate.held() > 0).then_some(())).await;
    until("the first worker's other work", async || all_done(&db, PICTURE).await).await;
    first.kill();
    gate.set(Door::Open);

    let second = installation.start(Part::Work).await;
    let other = server.token("trainer1@demo.gym").await;
    assert_eq!(server.upload(&other).await.unwrap().status, 200);
    let other = bucket.path_of(&server.profile(&other).await).unwrap();
    until("the second worker's other work", async || all_done(&db, PICTURE).await).await;
    tokio::time::sleep(std::time::Duration::from_secs(2)).await;
    let effect = outbox(&db, DELETION).await.remove(0);
    assert_eq!((effect.status.as_str(), effect.attempts), ("running", 1), "the lease of the dead still holds");

    leases_run_out(&db).await;
    is_delivered(&db, &bucket, vec![new, other]).await;
    assert_eq!(outbox(&db, DELETION).await[0].attempts, 2);
    drop(second);
    db.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_delivery_that_did_not_arrive_when_its_worker_was_killed_is_made_again() {
    killed_while(Door::HoldsRequests).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_delivery_whose_answer_did_not_arrive_when_its_worker_was_killed_does_no_harm_twice() {
    killed_while(Door::HoldsAnswers).await;
}
