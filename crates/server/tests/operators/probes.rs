//! A worker alone answers health and metrics, and nothing else.
use crate::process::{Server, execute, said};
use testkit::both;

both! {
    async fn a_worker_alone_answers_probes_and_nothing_else(t: TestDb) {
        let mut worker = Server::start(&t.url, &["work"]);
        worker.ready().await;
        let (status, body) = worker.get("/health/live").await.unwrap();
        assert_eq!((status, body.as_str()), (200, r#"{"status":"ok","missing":[]}"#));
        assert_eq!(worker.get("/metrics").await.unwrap().0, 200);
        for path in ["/", "/docs", "/openapi.json", "/api/v1/gyms/my", "/dev/token", "/media/x"] {
            assert_eq!(worker.get(path).await.unwrap().0, 404, "{path}");
        }
        // its address is taken like that of an API
        let taken = worker.url.trim_start_matches("http://").to_owned();
        let second = std::process::Command::new(env!("CARGO_BIN_EXE_gymapi-server"))
            .args(["work"])
            .env("DATABASE_URL", &t.url)
            .env("GYMAPI_HTTP_ADDR", &taken)
            .output()
            .unwrap();
        let (ok, _, error) = said(&second);
        assert!(!ok && error.contains(&format!("{taken} is in use")), "{error}");
        assert!(worker.stop().await.success());
    }

    async fn a_command_on_a_database_without_the_schema_says_so(t: TestDb) {
        use sea_orm::ConnectionTrait;
        t.pool().execute_unprepared("DROP TABLE outbox").await.unwrap();
        let (ok, told, error) = said(&execute(&t.url, &["outbox", "dead"]));
        assert!(!ok && told.is_empty() && error.contains("does this database have today's schema?"), "{error}");
        assert!(!error.contains("stack backtrace"));
    }
}
