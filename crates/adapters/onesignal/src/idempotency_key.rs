//! What lets the vendor recognise a call that it has seen (NTF-25).
use uuid::Uuid;

/// For the part of this number of the message with this key: the key itself for the first part, and for each other one a
/// UUID that always comes out the same. Keys that are no UUID, which the vendor would not take, become one.
///
/// Version 3, by name: of the two versions that the vendor has always taken (3 and 4) the one that can be derived.
pub(crate) fn of_part(key: &str, part: usize) -> Uuid {
    let first = Uuid::parse_str(key).unwrap_or_else(|_| Uuid::new_v3(&Uuid::NAMESPACE_OID, key.as_bytes()));
    match part {
        0 => first,
        _ => Uuid::new_v3(&first, part.to_string().as_bytes()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    const KEY: &str = "3f0a9c1e-6f0b-4c51-9d55-0f2b7a1c8e42";

    #[test]
    fn ntf_25_each_part_has_a_key_of_its_own_that_never_changes() {
        assert_eq!(of_part(KEY, 0).to_string(), KEY);
        let keys: BTreeSet<_> = (0..100).map(|part| of_part(KEY, part)).collect();
        assert_eq!(keys.len(), 100);
        assert_eq!(of_part(KEY, 7), of_part(KEY, 7));
        assert_ne!(of_part(KEY, 7), of_part("00000000-6f0b-4c51-9d55-0f2b7a1c8e42", 7));
    }

    #[test]
    fn ntf_25_any_text_becomes_a_key_that_the_vendor_takes() {
        let key = of_part("notice:4711", 0);
        assert_eq!(key.get_version_num(), 3);
        assert_eq!(key, of_part("notice:4711", 0));
        assert_ne!(key, of_part("notice:4712", 0));
    }
}
