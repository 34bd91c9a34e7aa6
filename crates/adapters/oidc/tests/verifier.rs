//! Tokens against published keys: the lines 1 and 2 of the rules' list of edge cases.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests may panic")]
mod published;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::TimeDelta;
use ports::{TokenError, TokenVerifier};
use published::{AUDIENCE, ISSUER, PublishedIssuer, verifier};
use serde_json::{Value, json};
use std::time::Duration;

const HOUR: Duration = Duration::from_secs(3600);

/// A good payload with these members changed.
fn payload(issuer: &PublishedIssuer, change: Value) -> Value {
    let now = issuer.now();
    let mut payload = json!({"iss": ISSUER, "aud": AUDIENCE, "sub": "auth0|1", "exp": now + 600, "scope": "user:read"});
    payload.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
    payload
}

async fn verdict(change: Value) -> Result<Vec<String>, TokenError> {
    let issuer = PublishedIssuer::start().await;
    let token = issuer.key.sign(&payload(&issuer, change));
    verifier(&issuer).verify(&token).await.map(|claims| claims.scopes.as_slice().to_vec())
}

#[tokio::test]
async fn a_good_token_says_whose_it_is() {
    let issuer = PublishedIssuer::start().await;
    let claims = verifier(&issuer).verify(&issuer.key.issue("A@b.c", "Ana", "user:read", HOUR)).await.unwrap();
    assert_eq!(claims.sub, "dev|a@b.c");
    assert_eq!(
        (claims.email.as_deref(), claims.email_verified, claims.name.as_deref()),
        (Some("A@b.c"), true, Some("Ana"))
    );
    assert_eq!(claims.expires_at, issuer.now() + 3600);
    assert!(claims.scopes.grants("user_read"));
}

#[tokio::test]
async fn idn_2_unsigned_tokens_are_refused() {
    let issuer = PublishedIssuer::start().await;
    let encode = |part: Value| URL_SAFE_NO_PAD.encode(part.to_string());
    let header = encode(json!({"alg": "none", "typ": "JWT", "kid": issuer.kid()}));
    let token = format!("{header}.{}.", encode(payload(&issuer, json!({}))));
    assert_eq!(verifier(&issuer).verify(&token).await, Err(TokenError::Algorithm));
}

#[tokio::test]
async fn idn_2_the_public_key_is_no_hmac_secret() {
    let issuer = PublishedIssuer::start().await;
    let jwk = issuer.key.jwks()["keys"][0].clone();
    let modulus = URL_SAFE_NO_PAD.decode(jwk["n"].as_str().unwrap()).unwrap();
    for secret in [modulus, jwk["n"].as_str().unwrap().into(), jwk.to_string().into_bytes()] {
        let mut header = jsonwebtoken::Header::new(jsonwebtoken::Algorithm::HS256);
        header.kid = Some(issuer.kid());
        let key = jsonwebtoken::EncodingKey::from_secret(&secret);
        let hs256 = jsonwebtoken::encode(&header, &payload(&issuer, json!({})), &key).unwrap();
        assert_eq!(verifier(&issuer).verify(&hs256).await, Err(TokenError::Algorithm));
        // The same signature under a header that says RS256.
        let (signed, signature) = hs256.rsplit_once('.').unwrap();
        let header = json!({"alg": "RS256", "kid": issuer.kid()}).to_string();
        let rest = signed.split_once('.').unwrap().1;
        let disguised = format!("{}.{rest}.{signature}", URL_SAFE_NO_PAD.encode(header));
        assert_eq!(verifier(&issuer).verify(&disguised).await, Err(TokenError::Signature));
    }
}

#[tokio::test]
async fn a_changed_token_is_refused() {
    let issuer = PublishedIssuer::start().await;
    let verifier = verifier(&issuer);
    let good = issuer.key.sign(&payload(&issuer, json!({})));
    verifier.verify(&good).await.unwrap();
    let parts: Vec<&str> = good.split('.').collect();
    let other = URL_SAFE_NO_PAD.encode(payload(&issuer, json!({"sub": "auth0|2"})).to_string());
    assert_eq!(verifier.verify(&format!("{}.{other}.{}", parts[0], parts[2])).await, Err(TokenError::Signature));
    assert_eq!(verifier.verify(&format!("{}.{}.", parts[0], parts[1])).await, Err(TokenError::Signature));
    assert_eq!(verifier.verify(&format!("{good}=")).await, Err(TokenError::Signature));
    assert_eq!(verifier.verify("").await, Err(TokenError::Malformed));
    assert_eq!(verifier.verify("abc.def").await, Err(TokenError::Malformed));
}

#[tokio::test]
async fn another_key_under_the_published_id_is_refused() {
    let issuer = PublishedIssuer::start().await;
    let forger = PublishedIssuer::another_key(&issuer);
    let token = forger.sign(&payload(&issuer, json!({})));
    let (_, rest) = token.split_once('.').unwrap();
    let header = URL_SAFE_NO_PAD.encode(json!({"alg": "RS256", "kid": issuer.kid()}).to_string());
    // The signature covers the header, so sign what is sent.
    assert_eq!(verifier(&issuer).verify(&format!("{header}.{rest}")).await, Err(TokenError::Signature));
}

#[tokio::test]
async fn idn_4_issuer_audience_and_life_time() {
    use TokenError::{Claims, Expired};
    let now = chrono::Utc::now().timestamp();
    assert!(verdict(json!({})).await.is_ok());
    assert_eq!(verdict(json!({"iss": ISSUER.trim_end_matches('/')})).await, Err(Claims("iss")));
    assert!(verdict(json!({"aud": ["https://other", AUDIENCE]})).await.is_ok());
    assert_eq!(verdict(json!({"aud": "https://other"})).await, Err(Claims("aud")));
    assert_eq!(verdict(json!({"aud": ["https://other"]})).await, Err(Claims("aud")));
    assert_eq!(verdict(json!({"exp": now - 1})).await, Err(Expired));
    assert_eq!(verdict(json!({"exp": null})).await, Err(Claims("exp")));
    assert_eq!(verdict(json!({"nbf": now + 300})).await, Err(Claims("nbf")));
    assert!(verdict(json!({"nbf": now - 300})).await.is_ok());
}

#[tokio::test]
async fn idn_5_where_scopes_may_stand() {
    let scopes = |change| async { verdict(change).await.map(|s| s.join(" ")) };
    assert_eq!(scopes(json!({"scope": "openid user:read"})).await, Ok("openid user:read".into()));
    assert_eq!(scopes(json!({"scope": "", "permissions": ["user:read"]})).await, Ok("user:read".into()));
    assert_eq!(scopes(json!({"scope": "", "https://gymapi/permissions": ["user:read"]})).await, Ok("user:read".into()));
    assert_eq!(scopes(json!({"scope": "resource_read"})).await, Ok("resource_read".into()));
    assert_eq!(scopes(json!({"scope": ["user:read"]})).await, Err(TokenError::ScopeShape));
}

#[tokio::test]
async fn idn_8_the_email_may_be_namespaced_or_missing() {
    let issuer = PublishedIssuer::start().await;
    let verifier = verifier(&issuer);
    let token = issuer.key.sign(&payload(&issuer, json!({"https://gymapi/email": "a@b.c"})));
    assert_eq!(verifier.verify(&token).await.unwrap().email.as_deref(), Some("a@b.c"));
    let token = issuer.key.sign(&payload(&issuer, json!({})));
    assert_eq!(verifier.verify(&token).await.unwrap().email, None);
}

#[tokio::test]
async fn idn_9_no_refusal_shows_a_part_of_the_token() {
    let issuer = PublishedIssuer::start().await;
    let verifier = verifier(&issuer);
    for token in ["xyzzy.secret.plugh".to_owned(), issuer.key.sign(&payload(&issuer, json!({"iss": "very secret"})))] {
        let error = verifier.verify(&token).await.unwrap_err();
        for shown in [error.to_string(), format!("{error:?}")] {
            assert!(!shown.contains("secret") && !token.split('.').any(|part| shown.contains(part)), "{shown}");
        }
    }
}

#[tokio::test]
async fn a_remembered_token_expires_on_time() {
    let issuer = PublishedIssuer::start().await;
    let verifier = verifier(&issuer);
    let token = issuer.key.issue("a@b.c", "Ana", "", Duration::from_secs(10));
    let first = verifier.verify(&token).await.unwrap();
    let again = verifier.verify(&token).await.unwrap();
    assert!(std::sync::Arc::ptr_eq(&first, &again), "the second answer comes from memory");
    issuer.clock.advance(TimeDelta::seconds(9));
    assert!(verifier.verify(&token).await.is_ok());
    issuer.clock.advance(TimeDelta::seconds(1));
    assert_eq!(verifier.verify(&token).await, Err(TokenError::Expired));
}

#[tokio::test]
async fn a_token_is_remembered_for_a_minute() {
    let issuer = PublishedIssuer::start().await;
    let verifier = verifier(&issuer);
    let token = issuer.key.issue("a@b.c", "Ana", "", HOUR);
    let first = verifier.verify(&token).await.unwrap();
    issuer.clock.advance(TimeDelta::seconds(59));
    assert!(std::sync::Arc::ptr_eq(&first, &verifier.verify(&token).await.unwrap()));
    issuer.clock.advance(TimeDelta::seconds(1));
    assert!(!std::sync::Arc::ptr_eq(&first, &verifier.verify(&token).await.unwrap()));
}
