//! The server as its own issuer.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests may panic")]
use gymapi_oidc::{DevIssuer, DevIssuerOptions, KeyFileError};
use ports::{TokenError, TokenVerifier};
use serde_json::json;
use std::{fs, os::unix::fs::PermissionsExt, path::Path, time::Duration};

fn options() -> DevIssuerOptions {
    DevIssuerOptions { issuer: "http://localhost:8000/dev/".into(), audience: "https://gymapi".into() }
}

fn open(path: &Path) -> Result<DevIssuer, KeyFileError> {
    DevIssuer::from_file(options(), path)
}

fn closed(path: &Path, content: &[u8]) {
    fs::write(path, content).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o600)).unwrap();
}

#[tokio::test]
async fn tokens_survive_a_restart_and_the_key_is_its_owners_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("key.pem");
    let before = open(&path).unwrap();
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    let after = open(&path).unwrap();
    assert_eq!(before.jwks(), after.jwks());
    let token = before.issue("A@B.c", "Ana", "user:read resource:read", Duration::from_secs(60));
    let claims = after.verifier().verify(&token).await.unwrap();
    assert_eq!(
        (claims.sub.as_str(), claims.email.as_deref(), claims.email_verified),
        ("dev|a@b.c", Some("A@B.c"), true)
    );
    assert_eq!(claims.scopes.as_slice(), ["user:read", "resource:read"]);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "nothing is left beside the key");
}

#[tokio::test]
async fn its_verifier_refuses_what_a_real_one_refuses() {
    let issuer = DevIssuer::ephemeral(options()).unwrap();
    let verifier = issuer.verifier();
    assert_eq!(verifier.verify(&issuer.issue("a@b.c", "A", "", Duration::ZERO)).await, Err(TokenError::Expired));
    let stranger = DevIssuer::ephemeral(options()).unwrap().issue("a@b.c", "A", "", Duration::from_secs(60));
    assert_eq!(verifier.verify(&stranger).await, Err(TokenError::UnknownKey));
    let foreign =
        json!({"iss": "http://localhost:8000/dev", "aud": "https://gymapi", "sub": "x", "exp": 4_000_000_000_u64});
    assert_eq!(verifier.verify(&issuer.sign(&foreign)).await, Err(TokenError::Claims("iss")));
}

#[test]
fn processes_that_start_together_use_one_key() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("key.pem");
    let keys: Vec<_> = std::thread::scope(|scope| {
        let starts: Vec<_> = (0..4).map(|_| scope.spawn(|| open(&path).unwrap().jwks())).collect();
        starts.into_iter().map(|s| s.join().unwrap()).collect()
    });
    assert!(keys.windows(2).all(|pair| pair[0] == pair[1]));
}

#[test]
fn der_keys_are_read_too() {
    let folder = tempfile::tempdir().unwrap();
    let (pem, der) = (folder.path().join("key.pem"), folder.path().join("key.der"));
    let jwks = open(&pem).unwrap().jwks();
    let text = fs::read_to_string(&pem).unwrap();
    let body: String = text.lines().filter(|line| !line.starts_with("-----")).collect();
    use base64::{Engine, engine::general_purpose::STANDARD};
    closed(&der, &STANDARD.decode(body).unwrap());
    assert_eq!(open(&der).unwrap().jwks(), jwks);
}

#[test]
fn open_and_broken_key_files_are_refused_and_kept() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("key.pem");
    closed(&path, b"not a key");
    assert!(matches!(open(&path), Err(KeyFileError::NoKey { .. })));
    assert_eq!(fs::read(&path).unwrap(), b"not a key");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
    assert!(matches!(open(&path), Err(KeyFileError::Permissions { .. })));
    assert!(matches!(open(&folder.path().join("absent/key.pem")), Err(KeyFileError::File { .. })));
}
