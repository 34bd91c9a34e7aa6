//! Asked to stop, a process finishes what runs, within its limit, and hands its leases back.
use crate::harness::{Bucket, Installation, Part, all_done, database, outbox, until};
use testkit::gate::{Door, Gate};
use tokio::net::TcpStream;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_that_runs_is_answered_and_no_new_one_is_taken() {
    let (Some(db), Some(bucket)) = (database().await, Bucket::new().await) else { return };
    let gate = Gate::before(&bucket.host()).await;
    let installation = bucket.used_by(Installation::over(&db.url), &format!("http://{}", gate.addr));
    let mut server = installation.start(Part::Both).await;
    let token = server.token("owner@demo.gym").await;
    gate.set(Door::HoldsRequests);
    let address = server.base.trim_start_matches("http://").to_owned();
    let (client, base) = (server.client.clone(), server.base.clone());
    let upload = {
        let token = token.clone();
        tokio::spawn(async move {
            let file = reqwest::multipart::Part::bytes(testkit::images::png(64, 48)).file_name("me.png");
            let form = reqwest::multipart::Form::new().part("file", file.mime_str("image/png").unwrap());
            let request = client.post(format!("{base}/api/v1/users/profile/image")).bearer_auth(token).multipart(form);
            request.send().await.unwrap().status().as_u16()
        })
    };
    until("the upload at the store", async || (gate.held() > 0).then_some(())).await;
    server.terminate();
    until("the end of listening", async || TcpStream::connect(&address).await.is_err().then_some(())).await;
    assert!(server.runs() && !upload.is_finished());
    gate.set(Door::Open);
    assert_eq!(upload.await.unwrap(), 200);
    assert!(server.end().await.success());
    let server = installation.start(Part::Both).await;
    assert!(bucket.path_of(&server.profile(&token).await).is_some());
    db.close().await;
}

/// The worker is in the middle of a delivery when it is asked to stop.
async fn stopped_during_delivery(limit: &str, opens: bool) {
    let (Some(db), Some(bucket)) = (database().await, Bucket::new().await) else { return };
    let gate = Gate::before(&bucket.host()).await;
    let installation = bucket
        .used_by(Installation::over(&db.url), &format!("http://{}", gate.addr))
        .with("GYMAPI_SHUTDOWN_LIMIT", limit);
    let server = installation.start(Part::Serve).await;
    let token = server.token("owner@demo.gym").await;
    for _ in 0..2 {
        assert_eq!(server.upload(&token).await.unwrap().status, 200);
    }
    gate.set(Door::HoldsRequests);
    let mut worker = installation.start(Part::Work).await;
    until("a delivery", async || (gate.held() > 0).then_some(())).await;
    worker.terminate();
    if opens {
        gate.set(Door::Open);
        assert!(worker.end().await.success());
        assert_eq!(all_done(&db, "storage.delete").await, Some(()), "what ran was finished");
    } else {
        assert!(worker.end().await.success());
        gate.set(Door::Open);
        let _next = installation.start(Part::Work).await;
        until("the delivery by the next worker", async || all_done(&db, "storage.delete").await).await;
        assert_eq!(outbox(&db, "storage.delete").await[0].attempts, 2);
    }
    db.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_worker_finishes_the_delivery_that_runs() {
    stopped_during_delivery("25", true).await;
}

/// Its lease would hold for two minutes: the next worker does not wait for that.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_worker_whose_delivery_hangs_gives_its_lease_back_at_the_limit() {
    stopped_during_delivery("1", false).await;
}
