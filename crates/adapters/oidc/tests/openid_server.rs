//! Against a running OpenID server, found by discovery: oauth2-mock-server.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests may panic")]
use gymapi_oidc::{FetchError, JwksVerifier, KeySource, Options};
use ports::{TokenError, TokenVerifier};
use serde_json::Value;

struct Server {
    issuer: String,
    token_endpoint: String,
}

impl Server {
    async fn running() -> Option<Self> {
        let base = testkit::servers::named("GYMAPI_TEST_OIDC_URL")?;
        let address = format!("{}/.well-known/openid-configuration", base.trim_end_matches('/'));
        let document: Value = reqwest::get(address).await.unwrap().json().await.unwrap();
        let text = |name: &str| document[name].as_str().unwrap().to_owned();
        Some(Self { issuer: text("issuer"), token_endpoint: text("token_endpoint") })
    }

    async fn tokens(&self, form: &[(&str, &str)]) -> Value {
        let answer = reqwest::Client::new().post(&self.token_endpoint).form(form).send().await.unwrap();
        answer.error_for_status().unwrap().json().await.unwrap()
    }

    /// A machine's token. This server gives it the audience asked for, and no subject.
    async fn machine_token(&self, audience: &str) -> String {
        let form = [("grant_type", "client_credentials"), ("aud", audience), ("scope", "user:read")];
        self.tokens(&form).await["access_token"].as_str().unwrap().to_owned()
    }

    /// The token of a person who logged in. Its audience is the client.
    async fn persons_token(&self, client: &str) -> String {
        let form = [("grant_type", "password"), ("username", "ana"), ("client_id", client)];
        self.tokens(&form).await["id_token"].as_str().unwrap().to_owned()
    }

    fn verifier(&self, issuer: &str) -> JwksVerifier {
        JwksVerifier::new(Options::new(issuer, "https://gymapi", KeySource::Discovery)).unwrap()
    }
}

#[tokio::test]
async fn idn_3_and_4_keys_are_discovered_and_tokens_of_the_issuer_verified() {
    let Some(server) = Server::running().await else { return };
    let verifier = server.verifier(&server.issuer);
    let claims = verifier.verify(&server.persons_token("https://gymapi").await).await.unwrap();
    assert_eq!(claims.sub, "johndoe");
    let other = server.persons_token("https://other").await;
    assert_eq!(verifier.verify(&other).await, Err(TokenError::Claims("aud")));
    let nobodys = server.machine_token("https://gymapi").await;
    assert_eq!(verifier.verify(&nobodys).await, Err(TokenError::Claims("sub")));
}

#[tokio::test]
async fn a_discovery_document_of_another_issuer_is_not_believed() {
    let Some(server) = Server::running().await else { return };
    let verifier = server.verifier(&format!("{}/", server.issuer));
    assert!(matches!(verifier.warm_up().await, Err(FetchError::OtherIssuer)));
    let token = server.persons_token("https://gymapi").await;
    assert_eq!(verifier.verify(&token).await, Err(TokenError::Unavailable));
}
