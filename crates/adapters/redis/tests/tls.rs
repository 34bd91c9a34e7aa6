//! A Redis that speaks TLS only: the certificate is checked against those that the system trusts.
//!
//! What a process trusts is read from its environment, so the test runs its second half as a process of its own.
#![allow(clippy::unwrap_used, reason = "these are tests")]
use gymapi_redis::RedisStore;
use ports::Counter;
use std::{
    net::{TcpListener, TcpStream},
    path::Path,
    process::{Child, Command, Stdio},
    time::Duration,
};
use testkit::servers;

const ADDRESS: &str = "GYMAPI_TEST_TLS_ADDRESS";

struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Writes a certificate of 127.0.0.1 that signs itself, and its key.
fn certificate(folder: &Path) {
    let made = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
    std::fs::write(folder.join("certificate.pem"), made.cert.pem()).unwrap();
    std::fs::write(folder.join("key.pem"), made.signing_key.serialize_pem()).unwrap();
}

fn start(binary: &str, folder: &Path, port: u16) -> Server {
    let child = Command::new(binary)
        .args(["--port", "0", "--tls-port", &port.to_string(), "--bind", "127.0.0.1", "--save", ""])
        .args(["--tls-cert-file", "certificate.pem", "--tls-key-file", "key.pem", "--tls-auth-clients", "no"])
        .current_dir(folder)
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let server = Server(child);
    for _ in 0..250 {
        if TcpStream::connect(("127.0.0.1", port)).is_ok() {
            return server;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    panic!("{binary} does not listen on port {port}: was it built with TLS?");
}

/// Runs [`speaks`] in a process that trusts these certificates; whether it passed.
fn speaks_trusting(port: u16, certificates: &Path) -> bool {
    let child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "speaks", "--ignored"])
        .env(ADDRESS, format!("rediss://127.0.0.1:{port}"))
        .env("SSL_CERT_FILE", certificates)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    child.unwrap().success()
}

#[test]
fn a_redis_behind_tls_is_served_when_its_certificate_is_trusted_and_only_then() {
    let Some(binary) = servers::redis_binary() else { return };
    let folder = tempfile::tempdir().unwrap();
    certificate(folder.path());
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let _server = start(&binary, folder.path(), port);
    assert!(speaks_trusting(port, &folder.path().join("certificate.pem")));

    let stranger = tempfile::tempdir().unwrap();
    certificate(stranger.path());
    assert!(!speaks_trusting(port, &stranger.path().join("certificate.pem")), "a certificate of somebody else");
}

#[test]
fn checks_of_certificates_cannot_be_switched_off() {
    let Err(error) = RedisStore::connect("rediss://127.0.0.1:1/#insecure", "gym", 1) else { panic!("accepted") };
    assert!(error.to_string().contains("#insecure"), "{error}");
}

#[tokio::test]
#[ignore = "a part of `a_redis_behind_tls_is_served_…`, which runs it in an environment of its own"]
async fn speaks() {
    let store = RedisStore::connect(&std::env::var(ADDRESS).unwrap(), "tls", 2).unwrap();
    // the first connection reads the system's certificates, which may take longer than an answer may
    for _ in 0..5 {
        if store.ping().await.is_ok() {
            break;
        }
    }
    store.ping().await.unwrap();
    let hits = store.fixed("k", Duration::from_secs(60)).await.unwrap();
    assert!(hits.count >= 1.0);
}
