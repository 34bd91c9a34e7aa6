//! The keys that an issuer publishes, as far as tokens may be signed with them.
use jsonwebtoken::DecodingKey;
use serde::Deserialize;
use serde_json::Value;
use std::collections::HashMap;

/// RS256 keys by key id.
#[derive(Default)]
pub(crate) struct KeySet(HashMap<String, PublicKey>);

struct PublicKey {
    modulus: String,
    exponent: String,
    decoding: DecodingKey,
}

/// A published key. Whatever else stands in the document is of no interest, and a key of a kind that is not known
/// here must not make the others unreadable.
#[derive(Deserialize)]
struct PublishedKey {
    kty: Option<String>,
    kid: Option<String>,
    alg: Option<String>,
    #[serde(rename = "use")]
    purpose: Option<String>,
    n: Option<String>,
    e: Option<String>,
}

impl KeySet {
    /// The usable keys of a JWKS document, `None` when it is no such document or holds none.
    pub(crate) fn from_jwks(document: &Value) -> Option<Self> {
        let keys: HashMap<_, _> = document.get("keys")?.as_array()?.iter().filter_map(usable).collect();
        (!keys.is_empty()).then_some(Self(keys))
    }

    pub(crate) fn get(&self, kid: &str) -> Option<&DecodingKey> {
        self.0.get(kid).map(|key| &key.decoding)
    }

    /// Whether every key of `earlier` is still here, unchanged: only then do signatures checked with it still stand.
    pub(crate) fn contains_all(&self, earlier: &Self) -> bool {
        earlier.0.iter().all(|(kid, old)| {
            self.0.get(kid).is_some_and(|new| new.modulus == old.modulus && new.exponent == old.exponent)
        })
    }
}

/// Only an RSA key that may sign with RS256 (IDN-2) and has an id (IDN-3).
fn usable(published: &Value) -> Option<(String, PublicKey)> {
    let key = PublishedKey::deserialize(published).ok()?;
    let may_sign = key.purpose.is_none_or(|p| p == "sig") && key.alg.is_none_or(|a| a == "RS256");
    if key.kty? != "RSA" || !may_sign {
        return None;
    }
    let (modulus, exponent) = (key.n?, key.e?);
    let decoding = DecodingKey::from_rsa_components(&modulus, &exponent).ok()?;
    Some((key.kid?, PublicKey { modulus, exponent, decoding }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn key(kid: &str, n: &str) -> Value {
        json!({"kty": "RSA", "kid": kid, "use": "sig", "alg": "RS256", "n": n, "e": "AQAB", "x5c": ["MIIC"]})
    }

    #[test]
    fn idn_2_only_keys_for_rs256_are_taken() {
        let mut encryption = key("enc", "sQ");
        encryption["use"] = json!("enc");
        let mut pss = key("pss", "sQ");
        pss["alg"] = json!("PS256");
        let secret = json!({"kty": "oct", "kid": "secret", "k": "c2VjcmV0"});
        let document = json!({"keys": [key("good", "sQ"), encryption, pss, secret, json!("noise"), json!({"kty": 1})]});
        let keys = KeySet::from_jwks(&document).unwrap();
        assert!(keys.get("good").is_some());
        for kid in ["enc", "pss", "secret"] {
            assert!(keys.get(kid).is_none(), "{kid}");
        }
    }

    #[test]
    fn a_document_without_usable_keys_is_no_key_set() {
        for document in [json!({}), json!({"keys": []}), json!([]), json!({"keys": [{"kty": "RSA", "n": "sQ"}]})] {
            assert!(KeySet::from_jwks(&document).is_none(), "{document}");
        }
    }

    #[test]
    fn a_key_that_changed_under_its_id_is_not_the_same() {
        let set = |keys: Value| KeySet::from_jwks(&json!({"keys": keys})).unwrap();
        let one = set(json!([key("a", "sQ")]));
        assert!(set(json!([key("a", "sQ"), key("b", "sQ")])).contains_all(&one));
        assert!(!set(json!([key("a", "sw")])).contains_all(&one));
        assert!(!set(json!([key("b", "sQ")])).contains_all(&one));
    }
}
