//! The code that a member shows at the door: `U{user_id}_{hash}` (ATT-1).
use crate::UserId;

/// A new code: 16 lower-case hex digits from the cryptographic generator.
pub fn generate(user: UserId) -> String {
    format!("U{user}_{}", crate::kernel::secret::random_hex(8))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn att_1_a_code_names_the_user_and_is_never_the_same_twice() {
        let (a, b) = (generate(UserId(42)), generate(UserId(42)));
        assert_ne!(a, b);
        let hash = a.strip_prefix("U42_").unwrap();
        assert!(hash.len() == 16 && hash.bytes().all(|c| c.is_ascii_hexdigit() && !c.is_ascii_uppercase()));
    }
}
