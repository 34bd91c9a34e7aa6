//! Dead effects are listed, sent again, and counted by the metrics.
use crate::process::{Server, execute, said};
use gymapi::{
    domain::kernel::outbox::Effect,
    ports::{CacheFront, MemoryCache},
    services::Core,
};
use std::{sync::Arc, time::Duration};
use testkit::{both, database::TestDb};

/// Writes effects of a kind that no worker delivers, so that they stay as they are.
async fn dead(t: &TestDb, errors: &[&str]) -> Vec<i64> {
    let core = Core::new(t.db.clone(), Arc::new(CacheFront::new(Arc::new(MemoryCache::new(1 << 20)))));
    let outbox = &core.stores.outbox;
    let mut ids = Vec::new();
    for (n, error) in errors.iter().enumerate() {
        let payload = serde_json::json!({ "password": "hunter2" });
        let aggregate = format!("account:{n}");
        let effect = Effect { gym: None, kind: "test.effect", aggregate, dedupe_key: None, payload };
        outbox.push(&core.db, effect).await.unwrap();
        let row =
            outbox.claim(&core.db, &["test.effect"], 1, "w", chrono::TimeDelta::seconds(60)).await.unwrap().remove(0);
        assert!(outbox.park(&core.db, row.id, "w", error).await.unwrap());
        ids.push(row.id.0);
    }
    ids
}

/// Waits until the metric has the value.
async fn metric(worker: &Server, name: &str, value: u64) {
    let line = format!("{name} {value}");
    let mut text = String::new();
    for _ in 0..150 {
        text = worker.get("/metrics").await.unwrap().1;
        if text.lines().any(|l| l == line) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("no '{line}' in\n{text}");
}

both! {
    async fn dead_effects_are_listed_without_secrets_and_sent_again(t: TestDb) {
        let cli = |arguments: &[&str]| said(&execute(&t.url, arguments));
        assert_eq!(cli(&["outbox", "dead"]), (true, "no dead effects".into(), String::new()));

        let ids = dead(t, &["401 Bearer hunter2\nrefused", "http://me:hunter2@x.test/ down", "gone"]).await;
        let (ok, table, _) = cli(&["outbox", "dead"]);
        assert!(ok && !table.contains("hunter2"), "{table}");
        let lines: Vec<Vec<&str>> = table.lines().map(|l| l.split_whitespace().collect()).collect();
        assert_eq!(lines[0], ["ID", "KIND", "AGGREGATE", "ATTEMPTS", "WRITTEN", "LAST", "ERROR"]);
        assert_eq!(lines[1][..4], [&ids[0].to_string(), "test.effect", "account:0", "1"]);
        assert_eq!(lines[1][6..], ["401", "Bearer", "***", "refused"]);
        assert_eq!(lines[2][6..], ["http://***@x.test/", "down"]);
        assert_eq!((lines.len(), lines[4].join(" ")), (5, "3 dead effects".into()));
        let (_, table, _) = cli(&["outbox", "dead", "--limit", "1"]);
        assert_eq!((table.lines().count(), table.lines().last().unwrap()), (3, "1 of 3 dead effects"));

        let (ok, _, error) = cli(&["outbox", "replay", "4711"]);
        assert!(!ok && error.contains("no dead effect has the id 4711"), "{error}");
        for wrong in [&["outbox", "replay"][..], &["outbox", "replay", "1", "--all"]] {
            assert!(!cli(wrong).0);
        }
        let first = ids[0].to_string();
        assert!(cli(&["outbox", "replay", &first]).0);
        assert!(!cli(&["outbox", "replay", &first]).0, "it is dead no more");
        let (ok, told, _) = cli(&["outbox", "replay", "--all"]);
        assert!(ok && told == "sent again by the next worker that looks: 2", "{told}");
        assert_eq!(cli(&["outbox", "dead"]).1, "no dead effects");
    }

    async fn the_metrics_tell_what_waits_now(t: TestDb) {
        let mut worker = Server::start(&t.url, &["work"]);
        worker.ready().await;
        metric(&worker, "gymapi_outbox_dead", 0).await;
        dead(t, &["no", "no"]).await;
        metric(&worker, "gymapi_outbox_dead", 2).await;
        assert!(said(&execute(&t.url, &["outbox", "replay", "--all"])).0);
        metric(&worker, "gymapi_outbox_dead", 0).await;
        metric(&worker, "gymapi_outbox_pending", 2).await;
        assert!(worker.stop().await.success());
    }
}
