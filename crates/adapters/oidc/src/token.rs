//! One token: its parts, its signature, its claims.
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::{DateTime, Utc};
use domain::identity::Claims;
use jsonwebtoken::{Algorithm, DecodingKey};
use ports::TokenError;
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Map, Value};

/// No issuer writes larger ones, and no header line carries them.
const MAX_LENGTH: usize = 16 * 1024;

/// A token taken apart; nothing of it is trusted yet.
pub(crate) struct Token<'a> {
    pub(crate) kid: String,
    signed: &'a str,
    payload: &'a str,
    signature: &'a str,
}

#[derive(Deserialize)]
struct Header {
    alg: String,
    kid: Option<String>,
    crit: Option<Value>,
}

impl<'a> Token<'a> {
    /// Reads the header: RS256 (IDN-2) and a key id (IDN-3).
    pub(crate) fn parse(token: &'a str) -> Result<Self, TokenError> {
        if token.len() > MAX_LENGTH {
            return Err(TokenError::Malformed);
        }
        let (signed, signature) = token.rsplit_once('.').ok_or(TokenError::Malformed)?;
        let (header, payload) = signed.split_once('.').ok_or(TokenError::Malformed)?;
        let header: Header = part(header)?;
        if header.alg != "RS256" {
            return Err(TokenError::Algorithm);
        }
        // Extensions that must be understood: none is (RFC 7515, 4.1.11).
        if header.crit.is_some() {
            return Err(TokenError::Malformed);
        }
        let kid = header.kid.filter(|kid| !kid.is_empty()).ok_or(TokenError::UnknownKey)?;
        Ok(Self { kid, signed, payload, signature })
    }

    /// The payload, once its signature is found good.
    pub(crate) fn payload(&self, key: &DecodingKey) -> Result<Map<String, Value>, TokenError> {
        match jsonwebtoken::crypto::verify(self.signature, self.signed.as_bytes(), key, Algorithm::RS256) {
            Ok(true) => part(self.payload),
            _ => Err(TokenError::Signature),
        }
    }
}

fn part<T: DeserializeOwned>(encoded: &str) -> Result<T, TokenError> {
    let bytes = URL_SAFE_NO_PAD.decode(encoded).map_err(|_| TokenError::Malformed)?;
    serde_json::from_slice(&bytes).map_err(|_| TokenError::Malformed)
}

/// What a token must say beyond its signature (IDN-4).
pub(crate) struct Expected {
    pub(crate) issuer: String,
    pub(crate) audience: String,
}

impl Expected {
    /// Checks the claims of a payload whose signature was good and reads them.
    pub(crate) fn claims(&self, payload: Map<String, Value>, now: DateTime<Utc>) -> Result<Claims, TokenError> {
        if payload.get("iss").and_then(Value::as_str) != Some(&self.issuer) {
            return Err(TokenError::Claims("iss"));
        }
        let is_ours = |aud: &Value| aud.as_str() == Some(&self.audience);
        if !payload.get("aud").is_some_and(|aud| is_ours(aud) || aud.as_array().is_some_and(|l| l.iter().any(is_ours)))
        {
            return Err(TokenError::Claims("aud"));
        }
        // Parts of a second count: a leeway of 0 is not one of 0.999 s.
        let now = now.timestamp_micros() as f64 / 1e6;
        if payload.get("exp").and_then(Value::as_f64).ok_or(TokenError::Claims("exp"))? <= now {
            return Err(TokenError::Expired);
        }
        if payload.get("nbf").is_some_and(|nbf| nbf.as_f64().is_none_or(|nbf| nbf > now)) {
            return Err(TokenError::Claims("nbf"));
        }
        match Claims::from_payload(payload) {
            Ok(Some(claims)) => Ok(claims),
            Ok(None) => Err(TokenError::Claims("sub")),
            Err(_) => Err(TokenError::ScopeShape),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn check(change: Value) -> Result<Claims, TokenError> {
        let now = DateTime::from_timestamp(1_000_000, 0).unwrap();
        let mut payload = json!({"iss": "https://issuer/", "aud": "gym", "sub": "a|1", "exp": 1_000_001});
        let members = payload.as_object_mut().unwrap();
        for (name, value) in change.as_object().unwrap() {
            if value == "absent" {
                members.remove(name)
            } else {
                members.insert(name.clone(), value.clone())
            };
        }
        let expected = Expected { issuer: "https://issuer/".into(), audience: "gym".into() };
        expected.claims(members.clone(), now)
    }

    #[test]
    fn idn_4_claims_are_checked_without_leeway() {
        use TokenError::{Claims, Expired};
        let table = [
            (json!({}), None),
            (json!({"iss": "https://issuer"}), Some(Claims("iss"))),
            (json!({"iss": "https://ISSUER/"}), Some(Claims("iss"))),
            (json!({"iss": ["https://issuer/"]}), Some(Claims("iss"))),
            (json!({"iss": "absent"}), Some(Claims("iss"))),
            (json!({"aud": ["other", "gym"]}), None),
            (json!({"aud": ["other"]}), Some(Claims("aud"))),
            (json!({"aud": []}), Some(Claims("aud"))),
            (json!({"aud": "gymnasium"}), Some(Claims("aud"))),
            (json!({"aud": {"gym": "gym"}}), Some(Claims("aud"))),
            (json!({"aud": "absent"}), Some(Claims("aud"))),
            (json!({"exp": 1_000_000.5}), None),
            (json!({"exp": 1_000_000}), Some(Expired)),
            (json!({"exp": 999_999}), Some(Expired)),
            (json!({"exp": -1}), Some(Expired)),
            (json!({"exp": "1000001"}), Some(Claims("exp"))),
            (json!({"exp": "absent"}), Some(Claims("exp"))),
            (json!({"exp": 1e300}), None),
            (json!({"nbf": 1_000_000}), None),
            (json!({"nbf": 1_000_001}), Some(Claims("nbf"))),
            (json!({"nbf": "soon"}), Some(Claims("nbf"))),
            (json!({"sub": ""}), Some(Claims("sub"))),
            (json!({"sub": 7}), Some(Claims("sub"))),
            (json!({"sub": "absent"}), Some(Claims("sub"))),
        ];
        for (change, refusal) in table {
            assert_eq!(check(change.clone()).err(), refusal, "{change}");
        }
    }

    #[test]
    fn idn_2_and_3_a_header_must_name_rs256_and_a_key() {
        let parse = |header: &str| {
            let token = format!("{}.e30.c2ln", URL_SAFE_NO_PAD.encode(header));
            Token::parse(&token).map(|t| t.kid).map_err(|e| e.clone())
        };
        assert_eq!(parse(r#"{"alg":"RS256","kid":"k"}"#), Ok("k".to_owned()));
        for alg in ["none", "None", "HS256", "RS384", "RS512", "PS256", "ES256", "rs256", ""] {
            assert_eq!(parse(&format!(r#"{{"alg":"{alg}","kid":"k"}}"#)), Err(TokenError::Algorithm), "{alg}");
        }
        assert_eq!(parse(r#"{"alg":"RS256"}"#), Err(TokenError::UnknownKey));
        assert_eq!(parse(r#"{"alg":"RS256","kid":""}"#), Err(TokenError::UnknownKey));
        assert_eq!(parse(r#"{"alg":"RS256","kid":7}"#), Err(TokenError::Malformed));
        assert_eq!(parse(r#"{"kid":"k"}"#), Err(TokenError::Malformed));
        assert_eq!(parse(r#"{"alg":"RS256","kid":"k","crit":["b64"]}"#), Err(TokenError::Malformed));
        assert_eq!(parse("no json"), Err(TokenError::Malformed));
    }

    #[test]
    fn what_is_no_token_is_malformed() {
        for text in ["", ".", "..", "a.b", "a.b.c", "a.b.c.d", "é.é.é", &"x".repeat(MAX_LENGTH + 1)] {
            assert_eq!(Token::parse(text).err(), Some(TokenError::Malformed), "{text:.20}");
        }
    }
}
