//! Several processes start at once on an empty database.
use crate::process::Server;
use sea_orm::{ConnectionTrait, Statement};
use testkit::database::{Kind, TestDb};

async fn count(t: &TestDb, table: &str) -> i64 {
    let sql = Statement::from_string(t.pool().get_database_backend(), format!("SELECT count(*) FROM {table}"));
    t.pool().query_one_raw(sql).await.unwrap().unwrap().try_get_by_index(0).unwrap()
}

async fn all_come_up(kind: Kind, processes: &[&[&str]]) {
    let Some(t) = TestDb::empty(kind, 2).await else { return };
    let mut servers: Vec<_> = processes.iter().map(|arguments| Server::start(&t.url, arguments)).collect();
    futures::future::join_all(servers.iter_mut().map(Server::ready)).await;
    assert_eq!(count(&t, "gyms").await, 3, "the demo world is made once");
    assert!(count(&t, "users").await > 100);
    for server in servers {
        assert!(server.stop().await.success());
    }
    t.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn several_that_start_at_once_on_an_empty_postgresql_all_come_up() {
    all_come_up(Kind::Postgres, &[&[], &[], &["serve"], &["work"], &["work"]]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn api_and_worker_that_start_at_once_on_one_new_file_both_come_up() {
    all_come_up(Kind::Sqlite, &[&["serve"], &["work"]]).await;
}
