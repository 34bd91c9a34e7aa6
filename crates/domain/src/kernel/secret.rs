//! Comparing secrets, masking them, and making unguessable text.
use aws_lc_rs::{constant_time, digest, hmac, rand};
use regex::Regex;
use std::sync::LazyLock;

/// Equality in a time that does not depend on where the two differ. An empty expectation equals nothing: a secret
/// that is not configured never opens a door.
pub fn equal(expected: &str, given: &str) -> bool {
    !expected.is_empty() && constant_time::verify_slices_are_equal(expected.as_bytes(), given.as_bytes()).is_ok()
}

/// Hex HMAC-SHA256.
pub fn hmac_sha256_hex(key: &str, message: &[u8]) -> String {
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key.as_bytes()), message);
    hex::encode(tag.as_ref())
}

/// Hex SHA-256: what is kept of a token that only its holder knows.
pub fn sha256_hex(message: &[u8]) -> String {
    hex::encode(digest::digest(&digest::SHA256, message))
}

/// `bytes` random bytes as lower-case hex.
pub fn random_hex(bytes: usize) -> String {
    let mut buffer = vec![0; bytes];
    // the operating system's generator does not fail once the process runs; were it to, an empty text is refused by
    // every unique index and comparison that takes it
    if rand::fill(&mut buffer).is_err() {
        buffer.clear();
    }
    hex::encode(buffer)
}

/// What looks like a secret, and what stands in its place.
static SECRETS: LazyLock<Vec<(Regex, &str)>> = LazyLock::new(|| {
    [
        // the credentials of an address
        (r"://[^/\s@]*@", "://***@"),
        (r"(?i)\b(bearer|basic)\s+[\w.~+/=-]+", "$1 ***"),
        // a JSON web token
        (r"\beyJ[\w-]+\.[\w-]+\.[\w-]*", "***"),
        // the value of anything that is named a secret: `client_secret=…`, `"access_token": "…"`
        (
            r#"(?i)((?:password|passwd|secret|token|api[_-]?key|access[_-]?key|signature)["']?\s*[:=]\s*["']?)[^\s"'&,;}]+"#,
            "$1***",
        ),
    ]
    .into_iter()
    .filter_map(|(pattern, shown)| Some((Regex::new(pattern).ok()?, shown)))
    .collect()
});

/// A text of somebody else's making, such as an answer that an error quotes, with what looks like a secret masked.
pub fn masked(text: &str) -> String {
    SECRETS.iter().fold(text.to_owned(), |text, (secret, shown)| secret.replace_all(&text, *shown).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn idn_9_what_looks_like_a_secret_is_masked_and_the_rest_is_not() {
        for (text, shown) in [
            ("503 Service Unavailable: try later", "503 Service Unavailable: try later"),
            ("no account auth0|12 (404)", "no account auth0|12 (404)"),
            ("token expired at 12:00", "token expired at 12:00"),
            ("postgres://gym:hunter2@db:5432/gym refused", "postgres://***@db:5432/gym refused"),
            ("GET https://x.test/a?token=hunter2&page=2 failed", "GET https://x.test/a?token=***&page=2 failed"),
            ("https://s3.test/b/k?X-Amz-Signature=ab12 403", "https://s3.test/b/k?X-Amz-Signature=*** 403"),
            ("Authorization: Bearer hunter2 was refused", "Authorization: Bearer *** was refused"),
            ("{\"client_secret\": \"hunter2\", \"a\": 1}", "{\"client_secret\": \"***\", \"a\": 1}"),
            ("password: hunter2", "password: ***"),
            ("a bad SECRET='hunter2'; sorry", "a bad SECRET='***'; sorry"),
            ("got eyJhbGciOi.eyJzdWIi.c2ln back", "got *** back"),
        ] {
            assert_eq!(masked(text), shown);
        }
    }

    #[test]
    fn an_unset_secret_opens_nothing() {
        assert!(!equal("", ""));
        assert!(!equal("secret", "secre"));
        assert!(!equal("secret", "secretx"));
        assert!(equal("secret", "secret"));
    }

    #[test]
    fn the_digest_is_that_of_fips_180() {
        assert_eq!(sha256_hex(b"abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    }

    #[test]
    fn the_hmac_is_that_of_rfc_4231() {
        assert_eq!(
            hmac_sha256_hex("Jefe", b"what do ya want for nothing?"),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
        );
    }
}
