//! Ten thousand effects of mixed kinds, and four workers that are killed ten times each: whatever dies when, everything
//! arrives, and nothing that has a key is seen twice at the other end.
use crate::harness::{Installation, Part, Server, database, leases_run_out, until};
use axum::{
    Json, Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, StatusCode, Uri},
    response::{IntoResponse, Response},
    routing::post,
};
use gymapi::{
    adapters::sqs::{SqsOptions, SqsQueue},
    ports::{Queue, queue::Delivery},
};
use sea_orm::{ConnectionTrait, DbBackend, FromQueryResult, Statement};
use serde_json::{Value, json};
use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::{Arc, Mutex},
    time::Duration,
};
use testkit::{database::TestDb, servers};

const PUSHES: i64 = 2_500;
const MAILS: i64 = 160;
const MESSAGES: i64 = 7_340;
const WORKERS: usize = 4;
const KILLS: usize = 10;

/// Takes pushes as the vendor does: a key that was seen is answered as before, and sent to nobody.
#[derive(Clone, Default)]
struct Vendor {
    /// Keys in the order in which they first came.
    seen: Arc<Mutex<Vec<String>>>,
    calls: Arc<Mutex<usize>>,
}

async fn notifications(State(vendor): State<Vendor>, Json(body): Json<Value>) -> Json<Value> {
    let key = body["idempotency_key"].as_str().expect("a key").to_owned();
    *vendor.calls.lock().unwrap() += 1;
    let mut seen = vendor.seen.lock().unwrap();
    if !seen.contains(&key) {
        seen.push(key.clone());
    }
    Json(json!({ "id": key }))
}

/// Stands before the queue: workers send through it, and hear that there is nothing to receive, so that all they sent
/// can be looked at in the end.
#[derive(Clone)]
struct SendsOnly {
    queue: String,
    client: reqwest::Client,
}

async fn pass(State(before): State<SendsOnly>, uri: Uri, headers: HeaderMap, body: Bytes) -> Response {
    let target = headers.get("x-amz-target").and_then(|target| target.to_str().ok()).unwrap_or_default();
    if target.ends_with("ReceiveMessage") {
        tokio::time::sleep(Duration::from_secs(1)).await;
        return Json(json!({})).into_response();
    }
    let mut request = before.client.post(format!("{}{uri}", before.queue)).body(body.clone());
    for name in ["x-amz-target", "content-type", "authorization", "x-amz-date"] {
        if let Some(value) = headers.get(name) {
            request = request.header(name, value.clone());
        }
    }
    match request.send().await {
        Ok(answer) => {
            let status = StatusCode::from_u16(answer.status().as_u16()).unwrap();
            let kind = [("content-type", "application/x-amz-json-1.0")];
            (status, kind, answer.bytes().await.unwrap_or_default()).into_response()
        }
        Err(_) => StatusCode::BAD_GATEWAY.into_response(),
    }
}

async fn served(router: Router) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await });
    address
}

/// Writes the effects: pushes and mails of the demo gym's people, and requests for chats, several of each aggregate.
async fn write(db: &TestDb) {
    let notification = |n: i64, channel: &str| {
        format!(
            "WITH written AS (
                INSERT INTO notifications (gym_id, uuid, type, channel, status, titles, bodies, data, mail, expires_at,
                    recipients, correlation, created_at, updated_at)
                SELECT 1, gen_random_uuid(), 'event_updated', '{channel}', 'PENDING', '{{\"en\":\"a\",\"es\":\"a\"}}',
                    '{{\"en\":\"b\",\"es\":\"b\"}}', '{{}}',
                    '{{\"subject\": \"exactly once\", \"text\": \"b\", \"html\": \"<p>b</p>\"}}',
                    now() + interval '1 day', 1, 'exactly-once-' || n, now(), now()
                FROM generate_series(1, {n}) n RETURNING id, gym_id
             ), addressed AS (
                INSERT INTO notification_recipients (gym_id, notification_id, user_id, created_at, updated_at)
                SELECT gym_id, id, (SELECT min(user_id) FROM user_gyms WHERE gym_id = 1 AND is_active), now(), now()
                FROM written
             )
             INSERT INTO outbox (gym_id, kind, aggregate, payload, status, attempts, next_attempt_at, created_at)
             SELECT gym_id, 'notification.deliver', '{channel}:' || id % 250, jsonb_build_object('notification_id', id),
                'pending', 0, now(), now() FROM written ORDER BY id"
        )
    };
    for sql in [
        notification(PUSHES, "push"),
        notification(MAILS, "email"),
        format!(
            "INSERT INTO outbox (gym_id, kind, aggregate, payload, status, attempts, next_attempt_at, created_at)
             SELECT 1, 'events.chat_create', 'event-chat:' || 1000000 + n % 700,
                jsonb_build_object('event_id', 1000000 + n % 700, 'creator_id', 1, 'gym_id', 1, 'event_title',
                    'e' || n, 'first_message_chat', NULL),
                'pending', 0, now(), now() FROM generate_series(1, {MESSAGES}) n"
        ),
    ] {
        db.pool().execute_unprepared(&sql).await.unwrap_or_else(|e| panic!("{sql}: {e}"));
    }
}

#[derive(FromQueryResult)]
struct Effect {
    id: i64,
    aggregate: String,
    key: Option<String>,
    title: Option<String>,
}

/// The test's own effects, in the order in which they were written.
async fn effects(db: &TestDb, kind: &str) -> Vec<Effect> {
    let sql = "SELECT o.id, o.aggregate, n.uuid AS key, o.payload->>'event_title' AS title FROM outbox o
        LEFT JOIN notifications n ON n.id = (o.payload->>'notification_id')::bigint
        WHERE o.kind = $1 AND (n.correlation LIKE 'exactly-once-%' OR (o.payload->>'event_id')::bigint >= 1000000)
        ORDER BY o.id";
    let statement = Statement::from_sql_and_values(DbBackend::Postgres, sql, [kind.into()]);
    Effect::find_by_statement(statement).all(db.pool()).await.expect("the outbox")
}

async fn unfinished(db: &TestDb) -> i64 {
    let sql = "SELECT count(*) FROM outbox WHERE status <> 'done'";
    let row = db.pool().query_one_raw(Statement::from_string(DbBackend::Postgres, sql)).await;
    row.expect("the outbox").expect("a row").try_get_by_index(0).expect("a number")
}

/// Numbers that differ from run to run.
fn random(below: u64) -> u64 {
    (uuid::Uuid::new_v4().as_u128() % u128::from(below)) as u64
}

/// Everything that waits in the queue, in the order in which it is given out.
async fn taken(queue: &SqsQueue) -> Vec<Delivery> {
    let mut taken = Vec::new();
    let mut empty = 0;
    while empty < 3 {
        let some = queue.receive(10, Duration::from_secs(1)).await.expect("the queue answers");
        empty = if some.is_empty() { empty + 1 } else { 0 };
        for delivery in some {
            queue.acknowledge(&delivery.receipt).await.expect("it is ours");
            taken.push(delivery);
        }
    }
    taken
}

async fn mails(api: &str, sender: &str) -> Vec<String> {
    let all: Vec<Value> = reqwest::get(api).await.expect("the sink answers").json().await.expect("a list");
    let of_run = all.iter().filter(|mail| mail["raw"].as_str().is_some_and(|raw| raw.contains(sender)));
    of_run.map(|mail| mail["raw"].as_str().unwrap_or_default().to_owned()).collect()
}

async fn kill_and_start(installation: &Installation, workers: &mut [Server]) {
    for _ in 0..KILLS {
        for worker in workers.iter_mut() {
            tokio::time::sleep(Duration::from_millis(random(400))).await;
            worker.kill();
            *worker = installation.start(Part::Work).await;
        }
    }
}

/// Of each aggregate, the first arrivals stand in the order of the effects.
fn in_order(effects: &[Effect], arrived: &HashMap<&str, usize>, name: impl Fn(&Effect) -> Option<&str>) {
    let mut last: BTreeMap<&str, usize> = BTreeMap::new();
    for effect in effects {
        let name = name(effect).expect("what it is known by");
        let at = *arrived.get(name).unwrap_or_else(|| panic!("{name} of effect {} did not arrive", effect.id));
        let before = last.insert(&effect.aggregate, at);
        assert!(before.is_none_or(|before| before < at), "{name} of {} came too early", effect.aggregate);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn evt_70_ntf_24_ntf_25_whoever_dies_when_everything_arrives_once() {
    let Some(db) = database().await else { return };
    let (Some(sqs), Some((smtp, sink))) = (servers::sqs(), servers::smtp()) else { return };
    let options = SqsOptions {
        endpoint_url: Some(sqs.clone()),
        access_key: Some("test".into()),
        secret_key: Some("test".into()),
        ..SqsOptions::new("", "us-east-1")
    };
    let name = format!("exactly-once-{}", uuid::Uuid::new_v4().simple());
    let options = options.ensure_queues(&name, 3).await.expect("the queues are made");
    let vendor = Vendor::default();
    let push = served(Router::new().route("/notifications", post(notifications)).with_state(vendor.clone())).await;
    let before = SendsOnly { queue: sqs.trim_end_matches('/').to_owned(), client: reqwest::Client::new() };
    let gate = served(Router::new().fallback(pass).with_state(before)).await;
    let (host, port) = smtp.split_once(':').expect("host:port");
    let sender = format!("gym@{}.test", uuid::Uuid::new_v4().simple());
    let installation = Installation::over(&db.url)
        .with("ONESIGNAL_APP_ID", "00000000-0000-4000-8000-000000000000")
        .with("ONESIGNAL_REST_API_KEY", "key")
        .with("ONESIGNAL_BASE_URL", push)
        .with("SMTP_HOST", host)
        .with("SMTP_PORT", port)
        .with("SMTP_TLS", "false")
        .with("EMAILS_FROM_EMAIL", sender.clone())
        .with("SQS_QUEUE_URL", options.queue_url.clone())
        .with("SQS_ENDPOINT_URL", gate)
        .with("SQS_ACCESS_KEY", "test")
        .with("SQS_SECRET_KEY", "test");
    // makes the demo world, whose people are written to
    let mut first = installation.start(Part::Serve).await;
    first.kill();
    write(&db).await;

    let mut workers = Vec::new();
    for _ in 0..WORKERS {
        workers.push(installation.start(Part::Work).await);
    }
    kill_and_start(&installation, &mut workers).await;
    // what the dead held is free at once, instead of in two minutes
    workers.iter_mut().for_each(Server::kill);
    leases_run_out(&db).await;
    for worker in &mut workers {
        *worker = installation.start(Part::Work).await;
    }
    until("everything is delivered", async || (unfinished(&db).await == 0).then_some(())).await;
    drop(workers);

    let notified = effects(&db, "notification.deliver").await;
    assert_eq!(notified.len() as i64, PUSHES + MAILS);
    let (pushed, mailed): (Vec<_>, Vec<_>) = notified.into_iter().partition(|e| e.aggregate.starts_with("push:"));
    let seen = vendor.seen.lock().unwrap().clone();
    assert_eq!(seen.len() as i64, PUSHES, "of {} calls", vendor.calls.lock().unwrap());
    let arrived: HashMap<&str, usize> = seen.iter().enumerate().map(|(at, key)| (key.as_str(), at)).collect();
    in_order(&pushed, &arrived, |effect| effect.key.as_deref());

    let raw = mails(&sink, &sender).await;
    for effect in &mailed {
        let key = effect.key.as_deref().expect("a notification");
        assert!(raw.iter().any(|mail| mail.contains(key)), "no mail of {key}");
    }

    let asked = effects(&db, "events.chat_create").await;
    assert_eq!(asked.len() as i64, MESSAGES);
    let messages = taken(&SqsQueue::connect(options)).await;
    let titles: Vec<String> = messages
        .iter()
        .map(|message| {
            let body: Value = serde_json::from_str(&message.body).expect("JSON");
            body["event_data"]["event_title"].as_str().expect("a title").to_owned()
        })
        .collect();
    assert_eq!(titles.iter().collect::<BTreeSet<_>>().len(), titles.len(), "a message came twice");
    assert_eq!(titles.len() as i64, MESSAGES);
    let arrived: HashMap<&str, usize> = titles.iter().enumerate().map(|(at, title)| (title.as_str(), at)).collect();
    in_order(&asked, &arrived, |effect| effect.title.as_deref());
    db.close().await;
}
