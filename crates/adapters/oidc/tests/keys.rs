//! When the issuer's keys are fetched, and what happens when they cannot be (IDN-3).
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests may panic")]
mod published;

use chrono::TimeDelta;
use gymapi_oidc::{DevIssuer, FetchError, JwksVerifier, Options};
use ports::{TokenError, TokenVerifier};
use published::{PublishedIssuer, verifier};
use serde_json::json;
use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};
use wiremock::ResponseTemplate;

/// Never the same twice, so that none is remembered.
fn token(key: &DevIssuer) -> String {
    static ISSUED: AtomicUsize = AtomicUsize::new(0);
    let name = format!("Ana {}", ISSUED.fetch_add(1, Ordering::Relaxed));
    key.issue("a@b.c", &name, "user:read", Duration::from_secs(1_000_000))
}

async fn until_fetched(issuer: &PublishedIssuer, times: usize) {
    let deadline = Instant::now() + Duration::from_secs(5);
    while issuer.fetches().await < times {
        assert!(Instant::now() < deadline, "no fetch came");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test]
async fn idn_3_first_tokens_share_one_fetch_and_keys_are_kept_for_an_hour() {
    let issuer = PublishedIssuer::start().await;
    issuer
        .answer_with(ResponseTemplate::new(200).set_body_json(issuer.key.jwks()).set_delay(Duration::from_millis(100)));
    let verifier = verifier(&issuer);
    let token = token(&issuer.key);
    let verdicts = futures::future::join_all((0..50).map(|_| verifier.verify(&token))).await;
    assert!(verdicts.iter().all(Result::is_ok));
    issuer.clock.advance(TimeDelta::seconds(2699));
    verifier.verify(&token).await.unwrap();
    assert_eq!(issuer.fetches().await, 1);
    issuer.clock.advance(TimeDelta::seconds(901));
    verifier.verify(&token).await.unwrap();
    assert_eq!(issuer.fetches().await, 2);
}

#[tokio::test]
async fn idn_3_ageing_keys_are_renewed_while_no_one_waits() {
    let issuer = PublishedIssuer::start().await;
    let verifier = verifier(&issuer);
    verifier.warm_up().await.unwrap();
    issuer.answer_with(ResponseTemplate::new(200).set_body_json(issuer.key.jwks()).set_delay(Duration::from_secs(1)));
    issuer.clock.advance(TimeDelta::seconds(2701));
    let start = Instant::now();
    for _ in 0..20 {
        verifier.verify(&token(&issuer.key)).await.unwrap();
    }
    assert!(start.elapsed() < Duration::from_millis(900), "{:?}", start.elapsed());
    until_fetched(&issuer, 2).await;
    assert_eq!(issuer.fetches().await, 2);
}

#[tokio::test]
async fn idn_3_a_rotated_key_costs_one_refresh() {
    let issuer = PublishedIssuer::start().await;
    let verifier = verifier(&issuer);
    verifier.warm_up().await.unwrap();
    let rotated = issuer.another_key();
    issuer.publish(&[&issuer.key, &rotated]);
    let verdicts = futures::future::join_all((0..20).map(|_| async { verifier.verify(&token(&rotated)).await })).await;
    assert!(verdicts.iter().all(Result::is_ok));
    verifier.verify(&token(&issuer.key)).await.unwrap();
    assert_eq!(issuer.fetches().await, 2);
}

#[tokio::test]
async fn idn_3_who_waited_for_a_refresh_starts_no_other() {
    let issuer = PublishedIssuer::start().await;
    let options = Options { forced_refresh_interval: Duration::ZERO, ..issuer.options() };
    let verifier = JwksVerifier::with_clock(options, Arc::new(issuer.clock.clone())).unwrap();
    verifier.warm_up().await.unwrap();
    let rotated = issuer.another_key();
    let jwks = rotated.jwks();
    issuer.answer_with(ResponseTemplate::new(200).set_body_json(jwks).set_delay(Duration::from_millis(100)));
    let verdicts = futures::future::join_all((0..20).map(|_| async { verifier.verify(&token(&rotated)).await })).await;
    assert!(verdicts.iter().all(Result::is_ok));
    assert_eq!(issuer.fetches().await, 2);
}

#[tokio::test]
async fn idn_3_a_flood_of_unknown_keys_costs_one_refresh_per_interval() {
    let issuer = PublishedIssuer::start().await;
    let verifier = verifier(&issuer);
    let stranger = issuer.another_key();
    for minute in 1..=3 {
        let verdicts =
            futures::future::join_all((0..100).map(|_| async { verifier.verify(&token(&stranger)).await })).await;
        assert!(verdicts.iter().all(|v| *v == Err(TokenError::UnknownKey)));
        issuer.clock.advance(TimeDelta::seconds(59));
        assert_eq!(verifier.verify(&token(&stranger)).await, Err(TokenError::UnknownKey));
        assert_eq!(issuer.fetches().await, 1 + minute, "the first fetch and one a minute");
        issuer.clock.advance(TimeDelta::seconds(1));
    }
}

#[tokio::test]
async fn idn_3_the_interval_counts_from_a_failed_refresh_too() {
    let issuer = PublishedIssuer::start().await;
    let options = Options { forced_refresh_interval: Duration::from_secs(10), ..issuer.options() };
    let verifier = JwksVerifier::with_clock(options, Arc::new(issuer.clock.clone())).unwrap();
    verifier.warm_up().await.unwrap();
    let rotated = issuer.another_key();
    issuer.answer_with(ResponseTemplate::new(503));
    assert_eq!(verifier.verify(&token(&rotated)).await, Err(TokenError::UnknownKey));
    issuer.publish(&[&rotated]);
    assert_eq!(verifier.verify(&token(&rotated)).await, Err(TokenError::UnknownKey));
    issuer.clock.advance(TimeDelta::seconds(10));
    verifier.verify(&token(&rotated)).await.unwrap();
    assert_eq!(issuer.fetches().await, 3);
}

#[tokio::test]
async fn idn_3_old_keys_stay_while_the_issuer_is_down() {
    let issuer = PublishedIssuer::start().await;
    let verifier = verifier(&issuer);
    verifier.warm_up().await.unwrap();
    let broken = [
        ResponseTemplate::new(500),
        ResponseTemplate::new(200).set_body_string("<html>"),
        ResponseTemplate::new(200).set_body_json(json!({"keys": []})),
        ResponseTemplate::new(302).insert_header("location", issuer.address().as_str()),
        ResponseTemplate::new(200).set_body_bytes(vec![b' '; 600 * 1024]),
    ];
    for (i, answer) in broken.into_iter().enumerate() {
        issuer.answer_with(answer);
        issuer.clock.advance(TimeDelta::seconds(3600));
        for _ in 0..5 {
            verifier.verify(&token(&issuer.key)).await.unwrap();
        }
        assert_eq!(issuer.fetches().await, 2 + i, "one attempt per retry interval");
    }
}

#[tokio::test]
async fn idn_3_without_any_keys_nobody_can_be_told_apart() {
    let issuer = PublishedIssuer::start().await;
    issuer.answer_with(ResponseTemplate::new(503));
    let verifier = verifier(&issuer);
    assert!(matches!(verifier.warm_up().await, Err(FetchError::Status(503))));
    for _ in 0..10 {
        assert_eq!(verifier.verify(&token(&issuer.key)).await, Err(TokenError::Unavailable));
    }
    assert_eq!(issuer.fetches().await, 1);
    issuer.publish(&[&issuer.key]);
    issuer.clock.advance(TimeDelta::seconds(5));
    verifier.verify(&token(&issuer.key)).await.unwrap();
}

#[tokio::test]
async fn idn_3_a_fetch_that_hangs_is_given_up() {
    let issuer = PublishedIssuer::start().await;
    issuer.answer_with(ResponseTemplate::new(200).set_body_json(issuer.key.jwks()).set_delay(Duration::from_secs(30)));
    let options = Options { fetch_timeout: Duration::from_millis(200), ..issuer.options() };
    let verifier = JwksVerifier::with_clock(options, Arc::new(issuer.clock.clone())).unwrap();
    let start = Instant::now();
    assert_eq!(verifier.verify(&token(&issuer.key)).await, Err(TokenError::Unavailable));
    assert!(start.elapsed() < Duration::from_secs(2), "{:?}", start.elapsed());
}

#[tokio::test]
async fn idn_3_a_fetch_outlives_the_request_that_caused_it() {
    let issuer = PublishedIssuer::start().await;
    let verifier = verifier(&issuer);
    verifier.warm_up().await.unwrap();
    let rotated = issuer.another_key();
    let jwks = rotated.jwks();
    issuer.answer_with(ResponseTemplate::new(200).set_body_json(jwks).set_delay(Duration::from_millis(300)));
    let cut_off = tokio::time::timeout(Duration::from_millis(50), verifier.verify(&token(&rotated))).await;
    assert!(cut_off.is_err());
    verifier.verify(&token(&rotated)).await.unwrap();
    assert_eq!(issuer.fetches().await, 2);
}

#[tokio::test]
async fn a_withdrawn_key_takes_its_remembered_tokens_with_it() {
    let issuer = PublishedIssuer::start().await;
    let verifier = verifier(&issuer);
    let (old, rotated) = (token(&issuer.key), issuer.another_key());
    verifier.verify(&old).await.unwrap();
    issuer.publish(&[&rotated]);
    verifier.verify(&old).await.unwrap();
    verifier.verify(&token(&rotated)).await.unwrap();
    assert_eq!(verifier.verify(&old).await, Err(TokenError::UnknownKey));
}
