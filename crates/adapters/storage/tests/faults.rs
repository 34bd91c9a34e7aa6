//! A store that fails in every way that a store can: how often it is asked, and what comes of it.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use gymapi_storage::{RetryPolicy, S3Options, S3Store};
use ports::{
    ObjectStore, StorageError,
    storage::{ObjectBody, ObjectPath},
};
use std::{
    io::Write as _,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::{Duration, Instant},
};
use wiremock::{
    Mock, MockServer, Request, ResponseTemplate,
    matchers::{any, header, method, path, query_param},
};

fn store(endpoint: &str) -> S3Store {
    let retry = RetryPolicy {
        step: Duration::from_millis(20),
        image_timeout: Duration::from_millis(400),
        video_timeout: Duration::from_secs(5),
        ..RetryPolicy::default()
    };
    let options = S3Options {
        endpoint: endpoint.into(),
        region: "us-east-1".into(),
        access_key: "key".into(),
        secret_key: "secret".into(),
        session_token: None,
        public_base_url: "https://x.supabase.co/storage/v1/object/public".into(),
        buckets: vec!["gym_logo".into()],
        retry,
    };
    S3Store::new(options).unwrap()
}

async fn put(store: &S3Store) -> Result<(), StorageError> {
    let at = ObjectPath { bucket: "gym_logo".into(), path: "gym_7/logo ü.png".into() };
    store.put(&at, ObjectBody::Bytes("picture".into()), "image/png").await
}

/// What comes of a put when the server gives these answers one after the other, and how often it was asked.
async fn put_answered(answers: Vec<ResponseTemplate>) -> (Result<(), StorageError>, Vec<Request>) {
    let server = MockServer::start().await;
    for answer in answers {
        Mock::given(any()).respond_with(answer).up_to_n_times(1).mount(&server).await;
    }
    let result = put(&store(&server.uri())).await;
    (result, server.received_requests().await.unwrap())
}

fn stored() -> ResponseTemplate {
    ResponseTemplate::new(200).insert_header("etag", "\"e\"")
}

#[tokio::test]
async fn med_17_two_failures_and_a_success_are_three_attempts() {
    for status in [500, 503, 408, 429] {
        let failure = ResponseTemplate::new(status);
        let (result, asked) = put_answered(vec![failure.clone(), failure, stored()]).await;
        assert_eq!((result, asked.len()), (Ok(()), 3), "{status}");
        assert!(asked.iter().all(|request| request.body == b"picture"));
    }
}

#[tokio::test]
async fn med_19_three_failures_are_the_end() {
    let (result, asked) = put_answered(vec![ResponseTemplate::new(503); 4]).await;
    assert!(matches!(result, Err(StorageError::Failed(reason)) if reason.contains("503")));
    assert_eq!(asked.len(), 3);
}

#[tokio::test]
async fn med_18_other_refusals_are_not_tried_again() {
    for status in [400, 401, 403, 404, 409, 412, 413, 301] {
        let (result, asked) = put_answered(vec![ResponseTemplate::new(status), stored()]).await;
        assert!(matches!(result, Err(StorageError::Failed(_))), "{status}: {result:?}");
        assert_eq!(asked.len(), 1, "{status}");
    }
}

#[tokio::test]
async fn med_18_already_exists_on_a_later_attempt_is_a_success() {
    let supabase = r#"{"statusCode":"409","error":"Duplicate","code":"KeyAlreadyExists"}"#;
    let taken = [
        ResponseTemplate::new(409),
        ResponseTemplate::new(412),
        ResponseTemplate::new(400).set_body_string(supabase),
        ResponseTemplate::new(400).set_body_string("<Error><Code>KeyAlreadyExists</Code></Error>"),
    ];
    for taken in taken {
        let lost = ResponseTemplate::new(503);
        let (result, asked) = put_answered(vec![lost.clone(), taken.clone()]).await;
        assert_eq!((result, asked.len()), (Ok(()), 2));
        let (result, asked) = put_answered(vec![lost.clone(), lost, taken.clone()]).await;
        assert_eq!((result, asked.len()), (Ok(()), 3));
        let (result, asked) = put_answered(vec![taken]).await;
        assert!(result.is_err());
        assert_eq!(asked.len(), 1);
    }
}

#[tokio::test]
async fn med_18_a_refused_connection_is_tried_three_times() {
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", closed.local_addr().unwrap());
    drop(closed);
    let start = Instant::now();
    assert!(matches!(put(&store(&address)).await, Err(StorageError::Failed(_))));
    // 20 ms and 40 ms lie between three attempts
    assert!(start.elapsed() >= Duration::from_millis(60));
}

#[tokio::test]
async fn med_18_a_dropped_connection_is_tried_three_times() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let connections = Arc::new(AtomicU32::new(0));
    let counted = Arc::clone(&connections);
    let server = tokio::spawn(async move {
        while let Ok((connection, _)) = listener.accept().await {
            counted.fetch_add(1, Ordering::SeqCst);
            drop(connection);
        }
    });
    assert!(matches!(put(&store(&address)).await, Err(StorageError::Failed(_))));
    assert_eq!(connections.load(Ordering::SeqCst), 3);
    server.abort();
}

#[tokio::test]
async fn med_17_an_attempt_without_an_answer_is_given_up_and_tried_again() {
    let late = stored().set_delay(Duration::from_secs(2));
    let start = Instant::now();
    let (result, asked) = put_answered(vec![late.clone(), late, stored()]).await;
    assert_eq!((result, asked.len()), (Ok(()), 3));
    assert!(start.elapsed() < Duration::from_secs(2));
}

#[tokio::test]
async fn med_17_a_video_has_more_time_than_an_image() {
    let server = MockServer::start().await;
    Mock::given(any()).respond_with(stored().set_delay(Duration::from_millis(700))).mount(&server).await;
    let at = ObjectPath { bucket: "gym_logo".into(), path: "a.mp4".into() };
    let result = store(&server.uri()).put(&at, ObjectBody::Bytes("film".into()), "video/mp4").await;
    assert_eq!(result, Ok(()));
    assert_eq!(server.received_requests().await.unwrap().len(), 1);
}

#[tokio::test]
async fn med_18_a_busy_store_is_left_alone_as_long_as_it_asks() {
    let busy = ResponseTemplate::new(429).insert_header("retry-after", "1");
    let start = Instant::now();
    let (result, asked) = put_answered(vec![busy, stored()]).await;
    assert_eq!((result, asked.len()), (Ok(()), 2));
    assert!(start.elapsed() >= Duration::from_secs(1));
}

#[tokio::test]
async fn med_23_objects_are_put_for_good_and_never_over_others() {
    let server = MockServer::start().await;
    Mock::given(method("PUT"))
        .and(path("/gym_logo/gym_7/logo%20%C3%BC.png"))
        .and(header("content-type", "image/png"))
        .and(header("if-none-match", "*"))
        .respond_with(stored())
        .expect(1)
        .mount(&server)
        .await;
    assert_eq!(put(&store(&server.uri())).await, Ok(()));
    let asked = server.received_requests().await.unwrap();
    let cached: Vec<_> = asked[0].headers.get_all("cache-control").iter().collect();
    assert_eq!(cached, ["max-age=31536000, immutable"]);
}

/// A file of three parts.
fn film() -> tempfile::NamedTempFile {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(&vec![7; 17 * 1024 * 1024]).unwrap();
    file
}

async fn mount_multipart(server: &MockServer, part: ResponseTemplate) {
    Mock::given(method("HEAD")).respond_with(ResponseTemplate::new(404)).mount(server).await;
    let begun = "<InitiateMultipartUploadResult><Bucket>gym_logo</Bucket><Key>a.mp4</Key><UploadId>u1</UploadId>\
                 </InitiateMultipartUploadResult>";
    Mock::given(method("POST"))
        .and(query_param("uploads", ""))
        .respond_with(ResponseTemplate::new(200).set_body_string(begun))
        .mount(server)
        .await;
    Mock::given(method("PUT")).and(query_param("uploadId", "u1")).respond_with(part).mount(server).await;
    let done = "<CompleteMultipartUploadResult><ETag>\"e\"</ETag></CompleteMultipartUploadResult>";
    Mock::given(method("POST"))
        .and(query_param("uploadId", "u1"))
        .respond_with(ResponseTemplate::new(200).set_body_string(done))
        .mount(server)
        .await;
    Mock::given(method("DELETE"))
        .and(query_param("uploadId", "u1"))
        .respond_with(ResponseTemplate::new(204))
        .mount(server)
        .await;
}

async fn put_film(server: &MockServer) -> (Result<(), StorageError>, Vec<Request>) {
    let (film, at) = (film(), ObjectPath { bucket: "gym_logo".into(), path: "a.mp4".into() });
    let result = store(&server.uri()).put(&at, ObjectBody::File(film.path().to_owned()), "video/mp4").await;
    (result, server.received_requests().await.unwrap())
}

#[tokio::test]
async fn med_23_a_large_file_goes_in_parts_with_its_headers() {
    let server = MockServer::start().await;
    mount_multipart(&server, stored()).await;
    let (result, asked) = put_film(&server).await;
    assert_eq!(result, Ok(()));
    let parts: Vec<_> = asked.iter().filter(|r| r.method.as_str() == "PUT").map(|r| r.body.len()).collect();
    assert_eq!(parts, [8 * 1024 * 1024, 8 * 1024 * 1024, 1024 * 1024]);
    let begun = asked.iter().find(|r| r.url.query().is_some_and(|query| query.starts_with("uploads"))).unwrap();
    assert_eq!(begun.headers["content-type"], "video/mp4");
    assert_eq!(begun.headers["cache-control"], "max-age=31536000, immutable");
}

#[tokio::test]
async fn med_18_a_part_that_fails_fails_the_attempt_and_its_parts_are_taken_back() {
    for (status, attempts) in [(403, 1), (503, 3)] {
        let server = MockServer::start().await;
        mount_multipart(&server, ResponseTemplate::new(status)).await;
        let (result, asked) = put_film(&server).await;
        assert!(result.is_err());
        let count = |method: &str| asked.iter().filter(|r| r.method.as_str() == method).count();
        assert_eq!((count("PUT"), count("DELETE")), (attempts, attempts), "{status}");
    }
}

#[tokio::test]
async fn med_18_a_file_that_cannot_be_read_calls_nobody() {
    let server = MockServer::start().await;
    let at = ObjectPath { bucket: "gym_logo".into(), path: "a.mp4".into() };
    let result = store(&server.uri()).put(&at, ObjectBody::File("/nowhere/at/all".into()), "video/mp4").await;
    assert!(result.is_err());
    assert!(server.received_requests().await.unwrap().is_empty());
}

#[tokio::test]
async fn med_25_deleting_takes_a_hundred_paths_per_call() {
    let server = MockServer::start().await;
    let answer =
        ResponseTemplate::new(200).set_body_string("<DeleteResult><Deleted><Key>x</Key></Deleted></DeleteResult>");
    Mock::given(method("POST")).and(query_param("delete", "")).respond_with(answer).mount(&server).await;
    let paths: Vec<_> = (0..250).map(|i| format!("gym_1/{i}.png")).collect();
    assert_eq!(store(&server.uri()).delete("gym_logo", &paths).await, Ok(()));
    let asked = server.received_requests().await.unwrap();
    let keys = |request: &Request| String::from_utf8_lossy(&request.body).matches("<Key>").count();
    assert_eq!(asked.iter().map(keys).collect::<Vec<_>>(), [100, 100, 50]);
}

#[tokio::test]
async fn med_25_paths_that_the_call_for_many_leaves_are_deleted_one_by_one() {
    let part = "<DeleteResult><Deleted><Key>a.png</Key></Deleted><Error><Key>b.png</Key><Code>AccessDenied</Code>\
                <Message>no</Message></Error></DeleteResult>";
    let nameless = "<DeleteResult><Error><Key></Key><Code></Code><Message></Message></Error></DeleteResult>";
    for (status, body, left) in [
        (200, part, 1),
        (200, "<DeleteResult><Error></Error></DeleteResult>", 2),
        (200, nameless, 2),
        (200, "<DeleteResult></DeleteResult>", 2),
        (501, "", 2),
        (405, "", 2),
    ] {
        let server = MockServer::start().await;
        let answer = ResponseTemplate::new(status).set_body_string(body);
        Mock::given(method("POST")).and(query_param("delete", "")).respond_with(answer).mount(&server).await;
        Mock::given(method("DELETE")).respond_with(ResponseTemplate::new(404)).expect(left).mount(&server).await;
        let paths = ["a.png".into(), "b.png".into()];
        assert_eq!(store(&server.uri()).delete("gym_logo", &paths).await, Ok(()), "{status} {body}");
    }
}

#[tokio::test]
async fn med_27_a_failed_deletion_is_reported_after_one_call() {
    for status in [401, 403, 500, 503] {
        let server = MockServer::start().await;
        Mock::given(any()).respond_with(ResponseTemplate::new(status)).expect(1).mount(&server).await;
        let result = store(&server.uri()).delete("gym_logo", &["a.png".into(), "b.png".into()]).await;
        assert!(matches!(result, Err(StorageError::Failed(_))), "{status}: {result:?}");
    }
}

#[tokio::test]
async fn med_25_a_missing_bucket_does_not_count_as_deleted() {
    let server = MockServer::start().await;
    let missing = ResponseTemplate::new(404).set_body_string("<Error><Code>NoSuchBucket</Code></Error>");
    Mock::given(any()).respond_with(missing).mount(&server).await;
    let store = store(&server.uri());
    let result = store.delete("gym_logo", &["a.png".into()]).await;
    assert!(matches!(result, Err(StorageError::Failed(_))), "{result:?}");
    assert!(store.health().await.is_err());
}

#[tokio::test]
async fn med_26_buckets_that_are_not_configured_are_never_asked_for() {
    let server = MockServer::start().await;
    let store = store(&server.uri());
    assert!(store.delete("stories", &["a.png".into()]).await.is_err());
    assert!(store.list("stories").await.is_err());
    assert_eq!(store.delete("gym_logo", &["../stories/a.png".into()]).await, Ok(()));
    assert!(server.received_requests().await.unwrap().is_empty());
}
