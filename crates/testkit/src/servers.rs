//! The real servers that tests talk to.
//!
//! `cargo xtask test` starts them and names them in the environment. Where a variable is missing the test of that
//! server is skipped with a line that says so; under `GYMAPI_TEST_SERVERS=required` (which `cargo xtask test` sets
//! unless `--embedded` was asked for) a missing server fails the test.

/// The value of an environment variable that names a server, `None` when the server is not to be had and need not be.
///
/// # Panics
/// When servers are required and this one is missing.
pub fn named(variable: &str) -> Option<String> {
    match std::env::var(variable) {
        Ok(value) if !value.is_empty() => Some(value),
        _ if std::env::var("GYMAPI_TEST_SERVERS").as_deref() == Ok("required") => {
            panic!("{variable} is not set, and servers are required: run the tests by `cargo xtask test`")
        }
        _ => {
            eprintln!("skipped: {variable} is not set");
            None
        }
    }
}

/// `postgres://…` without a database name; the role may create databases.
pub fn postgres() -> Option<String> {
    named("GYMAPI_TEST_POSTGRES_URL")
}

/// `redis://127.0.0.1:port`
pub fn redis() -> Option<String> {
    named("GYMAPI_TEST_REDIS_URL")
}

/// The `redis-server` binary, for tests that stop and start one of their own.
pub fn redis_binary() -> Option<String> {
    named("GYMAPI_TEST_REDIS_BIN")
}

/// The `chromium` binary, for tests of pages.
pub fn chromium() -> Option<String> {
    named("GYMAPI_TEST_CHROMIUM")
}

/// The endpoint of an SQS stand-in; any credentials.
pub fn sqs() -> Option<String> {
    named("GYMAPI_TEST_SQS_URL")
}

/// An S3 stand-in that checks signatures.
pub struct S3 {
    pub endpoint: String,
    pub access_key: String,
    pub secret_key: String,
}

pub fn s3() -> Option<S3> {
    Some(S3 {
        endpoint: named("GYMAPI_TEST_S3_URL")?,
        access_key: named("GYMAPI_TEST_S3_ACCESS_KEY")?,
        secret_key: named("GYMAPI_TEST_S3_SECRET_KEY")?,
    })
}

/// `host:port` of an SMTP sink, and the address of its list of what it took: GET it for
/// `[{"from", "to", "subject", "text", "html", "raw"}]`, DELETE it to forget. A recipient such as
/// `refuse-550@example.com` is refused with that code, the message of one such as `spurn-554@example.com` too.
pub fn smtp() -> Option<(String, String)> {
    Some((named("GYMAPI_TEST_SMTP_ADDR")?, named("GYMAPI_TEST_SMTP_API")?))
}

/// The folder of `initdb`, `postgres` and `pg_ctl`, for tests that stop and start a server of their own. PostgreSQL
/// refuses to run as root.
pub fn postgres_binaries() -> Option<String> {
    named("GYMAPI_TEST_PG_BIN")
}

/// An OpenID issuer, `http://127.0.0.1:port`, which is also the `iss` of its tokens. Its endpoints are those of its
/// discovery document; `POST /token` merges the JSON object of the form field `claims` into the token.
pub fn oidc() -> Option<String> {
    named("GYMAPI_TEST_OIDC_URL")
}

/// A stand-in of Auth0's Management API that checks requests against the vendor's document and answers its examples.
/// Its paths lack `/api/v2`. Never required: the document belongs to the vendor and may be missing.
pub fn auth0() -> Option<String> {
    by_document("GYMAPI_TEST_AUTH0_URL")
}

/// A stand-in of OneSignal that checks requests against the vendor's document and answers its examples; a key such as
/// `answer-429` asks for another answer. Never required, as [`auth0`].
pub fn onesignal() -> Option<String> {
    by_document("GYMAPI_TEST_ONESIGNAL_URL")
}

fn by_document(variable: &str) -> Option<String> {
    let url = std::env::var(variable).ok().filter(|url| !url.is_empty());
    if url.is_none() {
        eprintln!("skipped: {variable} is not set");
    }
    url
}
