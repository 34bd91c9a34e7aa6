//! What cannot start says why, in one line, and how to mend it.
use crate::harness::{Installation, LIMIT};
use std::{net::TcpListener, process::Command, time::Duration};
use testkit::own::free_port;

/// Runs a command that must fail, and returns what it said.
fn refusal(command: &mut Command) -> String {
    let mut child = command
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .expect("the server's binary starts");
    let begun = std::time::Instant::now();
    while child.try_wait().unwrap().is_none() {
        if begun.elapsed() > LIMIT {
            child.kill().unwrap();
            panic!("it runs: {:?}", child.wait_with_output());
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    let output = child.wait_with_output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success(), "it ended well: {said}");
    assert_eq!(said.trim_end().lines().count(), 1, "{said}");
    assert!(said.starts_with("gymapi-server: ") && !said.contains("panicked") && !said.contains("stack"), "{said}");
    said
}

#[test]
fn a_port_in_use_is_named() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = taken.local_addr().unwrap().to_string();
    let installation = Installation::over("");
    let said = refusal(installation.command().env("GYMAPI_HTTP_ADDR", &addr));
    assert!(said.contains(&addr) && said.contains("GYMAPI_HTTP_ADDR"), "{said}");
}

#[test]
fn a_data_folder_that_cannot_be_written_is_named() {
    let installation = Installation::over("");
    // below a file there is no folder, not even for root
    let file = installation.folder.path().join("file");
    std::fs::write(&file, "").unwrap();
    let folder = file.join("data");
    let addr = format!("127.0.0.1:{}", free_port());
    let said = refusal(installation.command().env("GYMAPI_HTTP_ADDR", addr).env("GYMAPI_DATA_DIR", &folder));
    assert!(said.contains(&folder.display().to_string()) && said.contains("GYMAPI_DATA_DIR"), "{said}");
}

#[test]
fn a_database_that_is_not_there_is_named_without_its_password() {
    let place = format!("127.0.0.1:{}", free_port());
    let installation = Installation::over(&format!("postgres://gym:hunter2@{place}/gym"));
    for part in ["serve", "work"] {
        let mut command = installation.command();
        let said = refusal(command.arg(part).env("GYMAPI_HTTP_ADDR", format!("127.0.0.1:{}", free_port())));
        assert!(said.contains(&place) && !said.contains("hunter2"), "{said}");
    }
}

#[test]
fn a_damaged_embedded_database_is_named() {
    let installation = Installation::over("");
    let folder = installation.folder.path().join("data");
    std::fs::create_dir(&folder).unwrap();
    std::fs::write(folder.join("gymapi.db"), "this is no database ".repeat(500)).unwrap();
    let said = refusal(installation.command().env("GYMAPI_HTTP_ADDR", format!("127.0.0.1:{}", free_port())));
    assert!(said.contains(&folder.display().to_string()), "{said}");
}

#[test]
fn values_that_are_missing_or_wrong_name_themselves() {
    let cases = [
        (&[("AUTH0_DOMAIN", "gym.eu.auth0.com")][..], "AUTH0_CLIENT_SECRET"),
        (&[("GYMAPI_STORAGE_ENDPOINT", "http://127.0.0.1:1")], "GYMAPI_STORAGE_ACCESS_KEY"),
        (&[("DATABASE_URL", "mysql://127.0.0.1/gym")], "DATABASE_URL"),
        (&[("GYMAPI_REQUEST_TIMEOUT", "soon")], "http.request_timeout"),
        (&[("GYMAPI_ENVIRONMENT", "holiday")], "environment"),
        (&[("REDIS_URL", "no address")], "REDIS_URL"),
        (&[("ONESIGNAL_API", "oldest")], "onesignal.api"),
        (&[("SMTP_HOST", "mail.example"), ("EMAILS_FROM_EMAIL", "gym")], "EMAILS_FROM_EMAIL"),
        (&[("GYMAPI_LOG", "gymapi=loudly")], "GYMAPI_LOG"),
        (&[("GYMAPI_CONFIG", "/nowhere/gymapi.toml")], "/nowhere/gymapi.toml"),
    ];
    for (variables, name) in cases {
        let installation = Installation::over("");
        let mut command = installation.command();
        command.envs(variables.iter().copied()).env("GYMAPI_HTTP_ADDR", format!("127.0.0.1:{}", free_port()));
        let said = refusal(&mut command);
        assert!(said.contains(name), "{variables:?}: {said}");
    }
}

#[test]
fn the_development_issuer_does_not_start_in_production() {
    let installation = Installation::over("postgres://gym@127.0.0.1:1/gym").with("GYMAPI_ENVIRONMENT", "production");
    let said = refusal(installation.command().env("GYMAPI_HTTP_ADDR", format!("127.0.0.1:{}", free_port())));
    assert!(said.contains("OIDC_ISSUER") && said.contains("AUTH0_DOMAIN"), "{said}");
}
