//! kill -9 during an upload.
use crate::harness::{Bucket, Installation, Part, database, until};
use std::time::Duration;
use testkit::gate::{Door, Gate};
use tokio::{
    io::AsyncWriteExt,
    net::TcpStream,
    time::{sleep, timeout},
};

/// The old picture stands, whatever the store has heard of the new one, and the same upload succeeds afterwards.
async fn killed_while(door: Door) {
    let (Some(db), Some(bucket)) = (database().await, Bucket::new().await) else { return };
    let gate = Gate::before(&bucket.host()).await;
    let installation = bucket.used_by(Installation::over(&db.url), &format!("http://{}", gate.addr));
    let mut server = installation.start(Part::Both).await;
    let token = server.token("owner@demo.gym").await;
    assert_eq!(server.upload(&token).await.unwrap().status, 200);
    let old = bucket.path_of(&server.profile(&token).await).unwrap();

    gate.set(door);
    let interrupted = async { server.upload(&token).await.map(|answer| answer.status) };
    let held = until("the upload at the store", async || (gate.held() > 0).then_some(()));
    let answer = tokio::select! {
        answer = interrupted => Some(answer),
        () = held => None,
    };
    assert_eq!(answer, None, "it was answered before the store was");
    server.kill();
    gate.set(Door::Open);

    let server = installation.start(Part::Both).await;
    assert_eq!(bucket.path_of(&server.profile(&token).await), Some(old.clone()));
    assert!(bucket.paths().await.contains(&old), "the object of a picture that stands");
    assert_eq!(server.upload(&token).await.unwrap().status, 200);
    let new = bucket.path_of(&server.profile(&token).await).unwrap();
    until("the deletion of the old picture", async || (!bucket.paths().await.contains(&old)).then_some(())).await;
    assert!(bucket.paths().await.contains(&new));
    db.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_picture_that_did_not_reach_the_store_is_nowhere() {
    killed_while(Door::HoldsRequests).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_picture_that_reached_the_store_and_was_not_named_replaces_nothing() {
    killed_while(Door::HoldsAnswers).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn half_a_request_leaves_nothing_behind() {
    let installation = Installation::over("");
    let mut server = installation.start(Part::Both).await;
    let token = server.token("owner@demo.gym").await;
    let before = server.profile(&token).await;
    let address = server.base.trim_start_matches("http://").to_owned();
    let mut client = TcpStream::connect(&address).await.unwrap();
    let head = format!(
        "POST /api/v1/users/profile/image HTTP/1.1\r\nhost: {address}\r\nauthorization: Bearer {token}\r\n\
         content-type: multipart/form-data; boundary=b\r\ncontent-length: 1000000\r\n\r\n\
         --b\r\ncontent-disposition: form-data; name=\"file\"; filename=\"a.png\"\r\ncontent-type: image/png\r\n\r\n"
    );
    client.write_all(head.as_bytes()).await.unwrap();
    client.write_all(&testkit::images::png(200, 200)[..600]).await.unwrap();
    // it is being read while the server goes
    sleep(Duration::from_millis(300)).await;
    server.kill();
    drop(client);

    let server = timeout(crate::harness::LIMIT, installation.start(Part::Both)).await.unwrap();
    assert_eq!(server.profile(&token).await["picture"], before["picture"]);
    let media = installation.folder.path().join("data/media");
    let left = walk(&media);
    assert!(left.is_empty(), "{left:?}");
}

fn walk(folder: &std::path::Path) -> Vec<std::path::PathBuf> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    entries
        .flatten()
        .flat_map(|entry| if entry.path().is_dir() { walk(&entry.path()) } else { vec![entry.path()] })
        .collect()
}
