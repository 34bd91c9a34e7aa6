//! What happens while Redis is down, with a server of the test's own that is stopped and started again.
#![allow(clippy::unwrap_used, reason = "these are tests")]
use gymapi_redis::RedisStore;
use ports::{Cache, CacheFront, Counter, Ns, OneTimeStore};
use std::{
    net::{TcpListener, TcpStream},
    process::{Child, Command, Stdio},
    sync::Arc,
    time::{Duration, Instant},
};
use testkit::{cache_contract::Loads, servers};
use tokio::time::sleep;

const TTL: Duration = Duration::from_secs(60);
/// Longer than the front leaves a failed store alone.
const COOL_DOWN: Duration = Duration::from_millis(2_100);

struct Server {
    child: Child,
    port: u16,
}

impl Server {
    fn start(binary: &str, port: u16) -> Self {
        let child = Command::new(binary)
            .args(["--port", &port.to_string(), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"])
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let server = Self { child, port };
        for _ in 0..250 {
            if TcpStream::connect(("127.0.0.1", port)).is_ok() {
                return server;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        panic!("{binary} does not listen on port {port}");
    }
    fn on_a_free_port(binary: &str) -> Self {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        Self::start(binary, port)
    }
    fn store(&self) -> Arc<RedisStore> {
        Arc::new(RedisStore::connect(&format!("redis://127.0.0.1:{}", self.port), "gym", 2).unwrap())
    }
    /// Stops the process without ending it: connections stay open and nothing answers.
    fn freeze(&self, frozen: bool) {
        let signal = if frozen { "-STOP" } else { "-CONT" };
        let sent = Command::new("kill").args([signal, &self.child.id().to_string()]).status().unwrap();
        assert!(sent.success());
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn idn_95_reads_stay_right_and_fast_while_redis_is_down_and_recover() {
    let Some(binary) = servers::redis_binary() else { return };
    let server = Server::on_a_free_port(&binary);
    let (front, users, loads) = (CacheFront::new(server.store()), Ns::new("users", 1), Loads::default());
    assert_eq!(front.get_or_load(&users, "k", TTL, || loads.next()).await, Ok(1));
    assert_eq!(front.get_or_load(&users, "k", TTL, || loads.next()).await, Ok(1));

    let port = server.port;
    drop(server);
    // until the process notices, a copy of what was read last may stand in: it lives for seconds, the notice is due at
    // once
    let noticed = async {
        while front.get_or_load(&users, "k", TTL, || loads.next()).await == Ok(1) {
            sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(2), noticed).await.expect("the loss of Redis is noticed");
    let started = Instant::now();
    for i in 3..102 {
        assert_eq!(front.get_or_load(&users, "k", TTL, || loads.next()).await, Ok(i), "every read loads");
    }
    assert!(started.elapsed() < Duration::from_secs(1), "{:?}", started.elapsed());
    assert_eq!(front.clear_matching("users:*").await, 0, "IDN-98");

    let _server = Server::start(&binary, port);
    sleep(COOL_DOWN).await;
    assert_eq!(front.get_or_load(&users, "k", TTL, || loads.next()).await, Ok(102));
    assert_eq!(front.get_or_load(&users, "k", TTL, || loads.next()).await, Ok(102), "cached again");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn idn_100_a_namespace_whose_invalidation_failed_is_bypassed_until_it_went_through() {
    let Some(binary) = servers::redis_binary() else { return };
    let server = Server::on_a_free_port(&binary);
    let (front, users, loads) = (CacheFront::new(server.store()), Ns::new("users", 1), Loads::default());
    let neighbour = CacheFront::new(server.store());
    assert_eq!(front.get_or_load(&users, "k", TTL, || loads.next()).await, Ok(1));

    // frozen, not killed: it will wake up with the old value
    server.freeze(true);
    let started = Instant::now();
    front.invalidate(&users).await;
    assert!(started.elapsed() < Duration::from_secs(1), "{:?}", started.elapsed());
    assert_eq!(front.get_or_load(&users, "k", TTL, || loads.next()).await, Ok(2), "bypassed while it is down");

    server.freeze(false);
    sleep(COOL_DOWN).await;
    assert_eq!(front.get_or_load(&users, "k", TTL, || loads.next()).await, Ok(3), "and never the old value after");
    assert_eq!(front.get_or_load(&users, "k", TTL, || loads.next()).await, Ok(3));
    assert_eq!(neighbour.get_or_load(&users, "k", TTL, || loads.next()).await, Ok(3), "in no process");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_was_started_anew_is_noticed_without_an_error() {
    let Some(binary) = servers::redis_binary() else { return };
    let server = Server::on_a_free_port(&binary);
    let (store, users) = (server.store(), Ns::new("users", 1));
    for _ in 0..4 {
        store.get_many(&[(&users, "k")]).await.unwrap();
    }
    let port = server.port;
    drop(server);
    let _server = Server::start(&binary, port);
    for _ in 0..4 {
        store.get_many(&[(&users, "k")]).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_silent_server_fails_a_request_within_the_limit_and_is_used_again_when_it_answers() {
    let Some(binary) = servers::redis_binary() else { return };
    let server = Server::on_a_free_port(&binary);
    let store = server.store();
    store.ping().await.unwrap();
    store.ping().await.unwrap();
    server.freeze(true);
    let started = Instant::now();
    assert!(store.ping().await.is_err());
    assert!(started.elapsed() < Duration::from_millis(450), "{:?}", started.elapsed());
    server.freeze(false);
    for _ in 0..4 {
        store.ping().await.unwrap();
    }
}

#[tokio::test]
async fn a_store_is_made_while_the_server_is_down_and_says_so_when_asked() {
    let Some(binary) = servers::redis_binary() else { return };
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let store = RedisStore::connect(&format!("redis://127.0.0.1:{port}"), "gym", 2).unwrap();
    assert!(store.ping().await.is_err());
    assert!(store.slide("k", TTL).await.is_err());
    assert!(store.fixed("k", TTL).await.is_err());
    assert!(store.take("k").await.is_err());
    let _server = Server::start(&binary, port);
    store.ping().await.unwrap();
    assert_eq!(store.fixed("k", TTL).await.unwrap().count, 1.0);
}

#[test]
fn an_address_that_cannot_be_read_is_refused_at_once() {
    assert!(RedisStore::connect("localhost:6379", "gym", 2).is_err());
    assert!(RedisStore::connect("http://localhost", "gym", 2).is_err());
}
