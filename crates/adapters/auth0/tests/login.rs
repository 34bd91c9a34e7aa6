//! The login flow.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests may panic")]
use gymapi_auth0::{Auth0Login, LoginOptions};
use ports::{
    OAuthProxy,
    identity::{Authorization, ClientSettings, Grant, OAuthError},
};
use serde_json::json;
use std::{collections::HashMap, time::Duration};
use wiremock::{
    Mock, MockServer, ResponseTemplate,
    matchers::{header, method, path},
};

fn options() -> LoginOptions {
    let settings = ClientSettings {
        domain: "gym.eu.auth0.com".into(),
        client_id: "web app".into(),
        audience: "https://gymapi".into(),
        callback_url: "https://app.example/cb".into(),
        allowed_redirect_uris: vec!["https://app.example/cb".into()],
    };
    LoginOptions::new(settings, "login-secret")
}

fn login() -> Auth0Login {
    Auth0Login::new(options()).unwrap()
}

fn code() -> Grant {
    Grant::AuthorizationCode {
        code: "co/de+1".into(),
        redirect_uri: "https://app.example/cb?a=1&b=2".into(),
        code_verifier: Some("veri~fier".into()),
    }
}

fn tokens() -> ResponseTemplate {
    ResponseTemplate::new(200)
        .set_body_json(json!({"access_token": "at", "token_type": "Bearer", "expires_in": 86400, "id_token": "it"}))
}

async fn vendor(answer: ResponseTemplate) -> (MockServer, Auth0Login) {
    let server = MockServer::start().await;
    let form = header("content-type", "application/x-www-form-urlencoded");
    let exchange = Mock::given(method("POST")).and(path("/oauth/token")).and(form);
    exchange.respond_with(answer).mount(&server).await;
    let options = LoginOptions { base_url: server.uri(), timeout: Duration::from_millis(500), ..options() };
    (server, Auth0Login::new(options).unwrap())
}

async fn form_sent(server: &MockServer) -> HashMap<String, String> {
    let asked = server.received_requests().await.unwrap();
    url::form_urlencoded::parse(&asked[0].body).into_owned().collect()
}

fn map<const N: usize>(pairs: [(&str, &str); N]) -> HashMap<String, String> {
    pairs.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

#[test]
fn idn_112_the_login_page_gets_its_parameters_in_order() {
    let request = Authorization { redirect_uri: "https://app.example/cb?a=1&b=ñ", state: "s+/=", pkce: None };
    let without = "https://gym.eu.auth0.com/authorize?audience=https%3A%2F%2Fgymapi&scope=openid%20profile%20email\
                   &response_type=code&client_id=web%20app\
                   &redirect_uri=https%3A%2F%2Fapp.example%2Fcb%3Fa%3D1%26b%3D%C3%B1&state=s%2B%2F%3D";
    assert_eq!(login().authorize_url(&request), without);
    let request = Authorization { pkce: Some(("Ab-_~", "S256")), ..request };
    let with = format!("{without}&code_challenge=Ab-_~&code_challenge_method=S256");
    assert_eq!(login().authorize_url(&request), with);
}

#[test]
fn the_logout_page_is_told_where_to_return() {
    assert_eq!(
        login().logout_url("https://app.example/bye?x=1"),
        "https://gym.eu.auth0.com/v2/logout?client_id=web%20app&returnTo=https%3A%2F%2Fapp.example%2Fbye%3Fx%3D1"
    );
}

#[tokio::test]
async fn idn_113_a_code_is_exchanged_with_the_servers_secret() {
    let (server, login) = vendor(tokens()).await;
    let set = login.exchange(code()).await.unwrap();
    assert_eq!((set.access_token.as_str(), set.token_type.as_str(), set.expires_in), ("at", "Bearer", 86400));
    assert_eq!((set.id_token.as_deref(), set.refresh_token), (Some("it"), None));
    let form = map([
        ("grant_type", "authorization_code"),
        ("client_id", "web app"),
        ("client_secret", "login-secret"),
        ("code", "co/de+1"),
        ("redirect_uri", "https://app.example/cb?a=1&b=2"),
        ("code_verifier", "veri~fier"),
    ]);
    assert_eq!(form_sent(&server).await, form);
}

#[tokio::test]
async fn idn_113_a_refresh_token_is_exchanged_with_the_servers_secret() {
    let (server, login) = vendor(tokens()).await;
    login.exchange(Grant::RefreshToken { refresh_token: "rt".into() }).await.unwrap();
    let form = map([
        ("grant_type", "refresh_token"),
        ("client_id", "web app"),
        ("client_secret", "login-secret"),
        ("refresh_token", "rt"),
    ]);
    assert_eq!(form_sent(&server).await, form);
}

#[tokio::test]
async fn refusals_and_faults_of_an_exchange_are_told_apart() {
    let refusal = json!({"error": "invalid_grant", "error_description": "Invalid authorization code"});
    let table = [
        (ResponseTemplate::new(400).set_body_json(refusal), OAuthError::Refused),
        (ResponseTemplate::new(401), OAuthError::Refused),
        (ResponseTemplate::new(403).set_body_string("<html>"), OAuthError::Refused),
        (ResponseTemplate::new(429), OAuthError::Unavailable),
        (ResponseTemplate::new(500), OAuthError::Unavailable),
        (ResponseTemplate::new(302).insert_header("location", "/login"), OAuthError::Unavailable),
        (ResponseTemplate::new(200).set_body_string("{"), OAuthError::Unavailable),
        (tokens().set_delay(Duration::from_secs(20)), OAuthError::Unavailable),
    ];
    for (answer, error) in table {
        let (_server, login) = vendor(answer).await;
        assert_eq!(login.exchange(code()).await.err(), Some(error));
    }
    let nowhere = LoginOptions { base_url: "http://127.0.0.1:1".into(), ..options() };
    assert_eq!(Auth0Login::new(nowhere).unwrap().exchange(code()).await.err(), Some(OAuthError::Unavailable));
}

#[test]
fn idn_9_the_secret_is_not_shown() {
    assert!(!format!("{:?}", options()).contains("login-secret"));
}
