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

/// `host:port` of an SMTP sink, and the address of its list of what it took.
pub fn smtp() -> Option<(String, String)> {
    Some((named("GYMAPI_TEST_SMTP_ADDR")?, named("GYMAPI_TEST_SMTP_API")?))
}
