//! What is sent to the management API, and what its answers mean.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests may panic")]
mod tenant;

use ports::{
    IdentityProvider,
    identity::{Account, IdentityError},
};
use serde_json::{Value, json};
use std::time::Duration;
use tenant::{ID, ID_ENCODED, SECRET, Tenant, new_account};
use wiremock::{
    Mock, ResponseTemplate,
    matchers::{header, path},
};

fn user() -> Value {
    json!({"user_id": "auth0|1", "email": "ana@example.com", "email_verified": true, "nickname": "ana"})
}

fn answer(status: u16, body: Value) -> ResponseTemplate {
    ResponseTemplate::new(status).set_body_json(body)
}

fn vendor_error(status: u16, message: &str) -> ResponseTemplate {
    answer(status, json!({"statusCode": status, "error": "Error", "message": message}))
}

#[tokio::test]
async fn an_account_is_created_unverified_with_the_fields_of_the_rules() {
    let tenant = Tenant::answering(answer(201, user())).await;
    let account = tenant.management().create(new_account()).await.unwrap();
    assert_eq!(account, Account { id: "auth0|1".into(), email: Some("ana@example.com".into()), email_verified: true });
    let (method, path, mut body) = tenant.calls().await.remove(0);
    assert_eq!((method.as_str(), path.as_str()), ("POST", "/users"));
    let date = body["app_metadata"]["registration_date"].take();
    assert!(date.as_str().unwrap().ends_with('Z'), "{date}");
    assert_eq!(
        body,
        json!({
            "email": "ana@example.com", "password": "Abcdefg1", "connection": "Username-Password-Authentication",
            "email_verified": false, "verify_email": true,
            "name": "Ana Ruiz", "given_name": "Ana", "family_name": "Ruiz",
            "user_metadata": {"phone": "+34600000000", "registration_type": "gym_owner"},
            "app_metadata": {"role": "ADMIN", "registration_date": null},
        })
    );
}

#[tokio::test]
async fn idn_61_a_changed_address_is_unverified_and_gets_its_mail() {
    let tenant = Tenant::answering(answer(200, user())).await;
    tenant.management().change_email(ID, "new@example.com").await.unwrap();
    let body = json!({"email": "new@example.com", "email_verified": false, "verify_email": true});
    assert_eq!(tenant.calls().await, [("PATCH".into(), format!("/users/{ID_ENCODED}"), body)]);
}

#[tokio::test]
async fn pictures_mails_and_reads_address_the_encoded_id() {
    let tenant = Tenant::answering(answer(200, user())).await;
    let management = tenant.management();
    management.set_picture(ID, "https://cdn.example/1.png").await.unwrap();
    management.send_verification(ID).await.unwrap();
    management.by_id(ID).await.unwrap();
    let path = format!("/users/{ID_ENCODED}");
    assert_eq!(
        tenant.calls().await,
        [
            ("PATCH".into(), path.clone(), json!({"picture": "https://cdn.example/1.png"})),
            ("POST".into(), "/jobs/verification-email".into(), json!({"user_id": ID})),
            ("GET".into(), path, Value::Null),
        ]
    );
}

#[tokio::test]
async fn idn_64_an_address_is_looked_up_encoded_and_in_lower_case() {
    let social = json!({"user_id": "google-oauth2|7", "email": "ana+x@example.com"});
    let tenant = Tenant::answering(answer(200, json!([social, user()]))).await;
    let found = tenant.management().by_email("Ana+X@example.com").await.unwrap().unwrap();
    assert_eq!(found.id, "auth0|1", "the account with a password comes first");
    assert_eq!(tenant.calls().await[0].1, "/users-by-email?email=ana%2Bx%40example.com");
    let tenant = Tenant::answering(answer(200, json!([]))).await;
    assert_eq!(tenant.management().by_email("a@b.c").await, Ok(None));
}

#[tokio::test]
async fn idn_66_what_is_gone_is_deleted() {
    for status in [204, 404] {
        let tenant = Tenant::answering(ResponseTemplate::new(status)).await;
        assert_eq!(tenant.management().delete(ID).await, Ok(()));
        assert_eq!(tenant.calls().await, [("DELETE".into(), format!("/users/{ID_ENCODED}"), Value::Null)]);
    }
    let tenant = Tenant::answering(ResponseTemplate::new(500)).await;
    assert!(matches!(tenant.management().delete(ID).await, Err(IdentityError::Unavailable { .. })));
}

#[tokio::test]
async fn idn_68_refusals_are_told_apart() {
    let table = [
        (vendor_error(409, "The user already exists."), IdentityError::Exists),
        (vendor_error(400, "PasswordStrengthError: Password is too weak"), IdentityError::WeakPassword),
        (vendor_error(400, "PasswordNoUserInfoError: Password contains user information"), IdentityError::WeakPassword),
        (vendor_error(400, "PasswordDictionaryError: Password is too common"), IdentityError::WeakPassword),
        (answer(400, json!({"code": "invalid_password", "message": "no"})), IdentityError::WeakPassword),
        (vendor_error(400, "Payload validation error"), IdentityError::Refused("400 Payload validation error".into())),
        (
            vendor_error(400, "bad value Abcdefg1 in password"),
            IdentityError::Refused("400 bad value *** in password".into()),
        ),
        (ResponseTemplate::new(400).set_body_string("<html>"), IdentityError::Refused("400".into())),
        (vendor_error(404, "no such connection"), IdentityError::NotFound),
    ];
    for (answer, error) in table {
        let tenant = Tenant::answering(answer).await;
        assert_eq!(tenant.management().create(new_account()).await, Err(error));
    }
}

#[tokio::test]
async fn a_taken_new_address_is_told_apart() {
    let tenant = Tenant::answering(vendor_error(400, "The specified new email already exists")).await;
    assert_eq!(tenant.management().change_email(ID, "b@c.d").await, Err(IdentityError::Exists));
}

#[tokio::test]
async fn idn_91_faults_are_worth_another_try_and_not_before_the_time_named() {
    let table = [
        (vendor_error(429, "Global limit").insert_header("retry-after", "17"), Some(17)),
        (vendor_error(429, "Global limit"), None),
        (ResponseTemplate::new(500), None),
        (ResponseTemplate::new(503).insert_header("retry-after", "3"), Some(3)),
        (ResponseTemplate::new(200).set_body_string("{\"user_id\":"), None),
        (answer(200, json!({"email": "a@b.c"})), None),
        (ResponseTemplate::new(302).insert_header("location", "/elsewhere"), None),
        (answer(200, user()).set_delay(Duration::from_secs(20)), None),
    ];
    for (answer, seconds) in table {
        let tenant = Tenant::answering(answer).await;
        let error = tenant.management().create(new_account()).await.unwrap_err();
        let IdentityError::Unavailable { retry_after, reason } = error else { panic!("{error:?}") };
        assert_eq!(retry_after.map(|d| d.as_secs()), seconds, "{reason}");
        assert!(!reason.contains("limit"), "the vendor's words stay outside: {reason}");
        assert_eq!(tenant.calls().await.len(), 1, "nothing is tried again here");
    }
}

#[tokio::test]
async fn idn_91_a_call_that_we_may_not_make_is_worth_no_second_try() {
    let tenant = Tenant::answering(vendor_error(403, "Insufficient scope, expected any of: update:users")).await;
    let management = tenant.management();
    let refused = [
        management.set_picture(ID, "https://x.test/a.png").await,
        management.delete(ID).await,
        management.by_id(ID).await.map(drop),
    ];
    for error in refused.map(Result::unwrap_err) {
        let IdentityError::Forbidden(words) = error else { panic!("{error:?}") };
        assert!(words.starts_with("403 Insufficient scope"), "{words}");
    }
}

#[tokio::test]
async fn idn_91_a_vendor_that_refuses_connections_is_unavailable() {
    let tenant = Tenant::start(3600).await;
    let mut options = tenant.options();
    options.api_url = "http://127.0.0.1:1/api/v2".into();
    let management = gymapi_auth0::Auth0Management::new(options).unwrap();
    assert!(matches!(management.by_id(ID).await, Err(IdentityError::Unavailable { retry_after: None, .. })));
}

#[tokio::test]
async fn idn_94_all_who_wait_share_one_token() {
    let tenant = Tenant::answering(answer(200, user())).await;
    let management = tenant.management();
    let reads = futures::future::join_all((0..20).map(|_| management.by_id(ID))).await;
    assert!(reads.iter().all(Result::is_ok));
    assert_eq!(tenant.tokens_given().await, 1);
    let asked = tenant.server.received_requests().await.unwrap();
    let request: Value = asked.iter().find(|r| r.url.path() == "/oauth/token").unwrap().body_json().unwrap();
    assert_eq!(
        request,
        json!({
            "grant_type": "client_credentials", "client_id": "management-client", "client_secret": SECRET,
            "audience": "https://gym.eu.auth0.com/api/v2/",
        })
    );
    let calls = asked.iter().filter(|r| r.url.path() != "/oauth/token");
    assert!(calls.into_iter().all(|r| r.headers["authorization"] == "Bearer management-token"));
}

#[tokio::test]
async fn idn_94_a_token_is_given_up_a_minute_before_its_end() {
    let tenant = Tenant::start(61).await;
    tenant.answer_all(answer(200, user())).await;
    let management = tenant.management();
    management.by_id(ID).await.unwrap();
    management.by_id(ID).await.unwrap();
    assert_eq!(tenant.tokens_given().await, 1);
    tokio::time::sleep(Duration::from_millis(1100)).await;
    management.by_id(ID).await.unwrap();
    assert_eq!(tenant.tokens_given().await, 2);
}

#[tokio::test]
async fn idn_94_no_token_means_unavailable() {
    let table = [
        answer(401, json!({"error": "access_denied"})),
        answer(403, json!({"error": "unauthorized_client"})),
        answer(400, json!({"error": "invalid_request"})),
        answer(404, json!({})),
        ResponseTemplate::new(500),
        answer(200, json!({"token_type": "Bearer"})),
        answer(429, json!({})).insert_header("retry-after", "9"),
    ];
    for token_answer in table {
        let tenant = Tenant::start(3600).await;
        Mock::given(path("/oauth/token")).respond_with(token_answer).with_priority(1).mount(&tenant.server).await;
        let error = tenant.management().by_id(ID).await.unwrap_err();
        assert!(matches!(error, IdentityError::Unavailable { .. }), "{error:?}");
        assert!(tenant.calls().await.is_empty());
    }
}

#[tokio::test]
async fn a_token_that_is_taken_no_longer_is_replaced_once() {
    let tenant = Tenant::answering(vendor_error(401, "Expired token")).await;
    let management = tenant.management();
    assert!(matches!(management.by_id(ID).await, Err(IdentityError::Unavailable { .. })));
    assert_eq!((tenant.calls().await.len(), tenant.tokens_given().await), (2, 2));
    let good = Mock::given(header("authorization", "Bearer management-token"));
    good.respond_with(answer(200, user())).with_priority(1).mount(&tenant.server).await;
    management.by_id(ID).await.unwrap();
}

#[tokio::test]
async fn idn_9_secrets_are_not_shown() {
    let tenant = Tenant::start(3600).await;
    assert!(!format!("{:?}", tenant.options()).contains(SECRET));
}
