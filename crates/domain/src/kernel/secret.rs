//! Comparing secrets, and making unguessable text.
use aws_lc_rs::{constant_time, hmac, rand};

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unset_secret_opens_nothing() {
        assert!(!equal("", ""));
        assert!(!equal("secret", "secre"));
        assert!(!equal("secret", "secretx"));
        assert!(equal("secret", "secret"));
    }

    #[test]
    fn the_hmac_is_that_of_rfc_4231() {
        assert_eq!(
            hmac_sha256_hex("Jefe", b"what do ya want for nothing?"),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
        );
    }
}
