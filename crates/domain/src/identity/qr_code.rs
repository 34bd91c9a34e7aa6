//! The code that a member shows at the door: `U{user_id}_{hash}` (ATT-1).
use crate::UserId;

/// A new code: 16 lower-case hex digits from the cryptographic generator.
pub fn generate(user: UserId) -> String {
    format!("U{user}_{}", crate::kernel::secret::random_hex(8))
}

/// Whether a text has the shape of a code, of today (16 hex digits) or of former times (8). What has not is nobody's,
/// and need not be looked up (ATT-3).
pub fn is_well_formed(code: &str) -> bool {
    let Some((id, hash)) = code.strip_prefix('U').and_then(|rest| rest.split_once('_')) else { return false };
    let number = (1..=19).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_digit());
    let hex = hash.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
    number && hex && matches!(hash.len(), 8 | 16)
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
        assert!(is_well_formed(&a));
    }

    #[test]
    fn att_1_att_3_codes_of_both_times_have_their_shape_and_nothing_else_has() {
        assert!(is_well_formed("U42_0123abcd") && is_well_formed("U9223372036854775807_0123456789abcdef"));
        let long = format!("U42_{}", "a".repeat(10_240));
        for rubbish in [
            "",
            "U",
            "U42",
            "42",
            "U42_",
            "U42_x",
            "U_0123abcd",
            "U-1_0123abcd",
            "U42_0123ABCD",
            "u42_0123abcd",
            "UU42_0123abcd",
            "U42_0123abcd ",
            "U42_0123abc",
            "U42_0123abcd_0123abcd",
            "U42_0123abcde",
            "U42_0123abc\0",
            "U٤٢_0123abcd",
            long.as_str(),
        ] {
            assert!(!is_well_formed(rubbish), "{rubbish}");
        }
    }
}
