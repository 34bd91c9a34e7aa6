use async_trait::async_trait;
use ports::{
    CacheError, MemoryOneTimeStore, OneTimeStore,
    identity::{Grant, OAuthError},
};
use serde_json::json;
use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
    time::Duration,
};
use testkit::{
    app::{Answer, App},
    both,
    database::TestDb,
    login::{CALLBACK, FakeLogin},
};

const WEB: &str = "https://web.test/cb?tenant=1";
const PHONE: &str = "fit.app://cb";

/// What is stored, and for how long; can be told to be down.
#[derive(Default)]
struct Watched {
    inner: MemoryOneTimeStore,
    kept: Mutex<Vec<(String, Duration)>>,
    down: std::sync::atomic::AtomicBool,
}

impl Watched {
    fn check(&self) -> Result<(), CacheError> {
        match self.down.load(std::sync::atomic::Ordering::Relaxed) {
            true => Err(CacheError::Unavailable("down".into())),
            false => Ok(()),
        }
    }
}

#[async_trait]
impl OneTimeStore for Watched {
    async fn put(&self, key: &str, value: String, ttl: Duration) -> Result<(), CacheError> {
        self.check()?;
        self.kept.lock().unwrap().push((key.to_owned(), ttl));
        self.inner.put(key, value, ttl).await
    }
    async fn take(&self, key: &str) -> Result<Option<String>, CacheError> {
        self.check()?;
        self.inner.take(key).await
    }
}

struct Flow {
    app: App,
    provider: Arc<FakeLogin>,
    states: Arc<Watched>,
}

async fn flow(t: &TestDb) -> Flow {
    let provider = Arc::new(FakeLogin::allowing(&[WEB, PHONE]));
    let states = Arc::new(Watched::default());
    let app = App::with(t, |change| {
        change.ports.login = Some(provider.clone());
        change.ports.one_time = states.clone();
        change.settings.public_url = "https://api.test/".into();
    })
    .await;
    Flow { app, provider, states }
}

impl Flow {
    async fn get(&self, operation: &str, query: &[(&str, &str)]) -> Answer {
        let query = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(query).finish();
        self.app.get(&format!("/api/v1/auth/{operation}?{query}")).send().await
    }
    async fn token(&self, body: serde_json::Value) -> Answer {
        self.app.post("/api/v1/auth/token").json(body).send().await
    }
    /// The redirect address of the last exchange.
    fn redirect_of_last(&self) -> String {
        match self.provider.exchanges().pop() {
            Some(Grant::AuthorizationCode { redirect_uri, .. }) => redirect_uri,
            _ => String::new(),
        }
    }
}

/// The query of an address.
fn query(address: &str) -> HashMap<String, String> {
    url::Url::parse(address).unwrap().query_pairs().into_owned().collect()
}

both! {
    async fn idn_110_only_addresses_of_the_list_letter_for_letter(t: TestDb) {
        let f = flow(t).await;
        for evil in ["https://evil.test/", "https://web.test/cb", "https://web.test/cb?tenant=1#x", "HTTPS://web.test/cb?tenant=1",
            "https://web.test/cb?tenant=1/../x", "fit.app://cb/", " fit.app://cb"]
        {
            for operation in ["login", "login-redirect", "logout"] {
                let answer = f.get(operation, &[("redirect_uri", evil)]).await;
                assert_eq!(answer.outcome(), (400, "redirect_not_allowed".into()), "{operation} {evil}");
            }
            let exchange = f.token(json!({"code": "c", "redirect_uri": evil})).await;
            assert_eq!(exchange.outcome(), (400, "redirect_not_allowed".into()), "{evil}");
            let config = f.get("config", &[("redirect_uri", evil)]).await.expect(200);
            assert_eq!(config["redirectUri"], CALLBACK);
        }
        assert!(f.provider.exchanges().is_empty());
        for good in [WEB, PHONE, CALLBACK] {
            assert_eq!(f.get("login", &[("redirect_uri", good)]).await.expect(200)["redirect_uri"], good);
            assert_eq!(f.get("config", &[("redirect_uri", good)]).await.expect(200)["redirectUri"], good);
            let out = f.get("logout", &[("redirect_uri", good)]).await.expect(200);
            assert_eq!(query(out["logout_url"].as_str().unwrap())["returnTo"], good);
            assert_eq!(out["redirect_uri"], good);
        }
        assert_eq!(f.get("logout", &[]).await.expect(200)["redirect_uri"], CALLBACK);
    }

    async fn idn_111_a_state_is_random_lives_ten_minutes_and_is_good_once(t: TestDb) {
        let f = flow(t).await;
        let one = f.get("login", &[]).await.expect(200)["state"].as_str().unwrap().to_owned();
        let two = f.get("login", &[]).await.expect(200)["state"].as_str().unwrap().to_owned();
        assert!(one != two && one.len() == 64 && one.bytes().all(|b| b.is_ascii_hexdigit()));
        let kept = f.states.kept.lock().unwrap().clone();
        assert_eq!(kept.first(), Some(&(format!("auth_state:{one}"), Duration::from_secs(600))));

        let back = f.get("callback", &[("state", &one), ("code", "c-1")]).await.expect(200);
        assert_eq!(back, json!({"code": "c-1", "state": one, "redirect_uri": CALLBACK}));
        for state in [one.as_str(), "", "unknown"] {
            let answer = f.get("callback", &[("state", state), ("code", "c-1")]).await;
            assert_eq!(answer.outcome(), (400, "invalid_state".into()), "{state}");
        }
        assert_eq!(f.get("callback", &[("code", "c-1")]).await.outcome(), (400, "invalid_state".into()));
        // of two who come back with one state, one is let through
        let pair = [("state", two.as_str()), ("code", "c-2")];
        let (a, b) = futures::join!(f.get("callback", &pair), f.get("callback", &pair));
        let mut statuses = [a.status.as_u16(), b.status.as_u16()];
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 400]);
    }

    async fn idn_111_a_vendor_error_uses_the_state_up(t: TestDb) {
        let f = flow(t).await;
        let state = f.get("login", &[]).await.expect(200)["state"].as_str().unwrap().to_owned();
        let query = [("state", state.as_str()), ("error", "access_denied"), ("error_description", "<b>no</b>")];
        let refused = f.get("callback", &query).await;
        assert!(!String::from_utf8_lossy(&refused.body).contains("<b>"));
        assert_eq!(refused.outcome(), (400, "login_refused".into()));
        let again = f.get("callback", &[("state", &state), ("code", "c")]).await;
        assert_eq!(again.outcome(), (400, "invalid_state".into()));

        let state = f.get("login", &[]).await.expect(200)["state"].as_str().unwrap().to_owned();
        assert_eq!(f.get("callback", &[("state", &state)]).await.outcome(), (400, "code_required".into()));
    }

    async fn idn_111_without_the_store_no_login_begins(t: TestDb) {
        let f = flow(t).await;
        f.states.down.store(true, std::sync::atomic::Ordering::Relaxed);
        assert_eq!(f.get("login", &[]).await.outcome(), (503, "unavailable".into()));
        assert_eq!(f.get("login-redirect", &[]).await.outcome(), (503, "unavailable".into()));
        assert_eq!(f.get("callback", &[("state", "s"), ("code", "c")]).await.outcome(), (503, "unavailable".into()));
        f.token(json!({"code": "c"})).await.expect(200);
    }

    async fn idn_112_the_login_page_is_asked_with_state_redirect_and_the_whole_pkce_pair(t: TestDb) {
        let f = flow(t).await;
        let pkce = [("redirect_uri", PHONE), ("code_challenge", "abc"), ("code_challenge_method", "S256")];
        let start = f.get("login", &pkce).await.expect(200);
        let asked = query(start["auth_url"].as_str().unwrap());
        assert_eq!((asked["redirect_uri"].as_str(), asked["state"].as_str()), (PHONE, start["state"].as_str().unwrap()));
        assert_eq!((asked["code_challenge"].as_str(), asked["code_challenge_method"].as_str()), ("abc", "S256"));
        for half in [("code_challenge", "abc"), ("code_challenge_method", "S256")] {
            let start = f.get("login", &[half]).await.expect(200);
            let asked = query(start["auth_url"].as_str().unwrap());
            assert!(!asked.contains_key("code_challenge") && !asked.contains_key("code_challenge_method"));
        }
    }

    async fn idn_112_a_browser_goes_to_the_page_and_comes_back_through_us(t: TestDb) {
        let f = flow(t).await;
        let away = f.get("login-redirect", &[("redirect_uri", WEB)]).await;
        assert_eq!(away.status, 307);
        let asked = query(away.header("location"));
        assert_eq!(asked["redirect_uri"], CALLBACK);
        let back = f.get("callback", &[("state", &asked["state"]), ("code", "c&1")]).await;
        assert_eq!(back.status, 307);
        assert!(back.header("location").starts_with(WEB), "{}", back.header("location"));
        let on = query(back.header("location"));
        assert_eq!((on["tenant"].as_str(), on["code"].as_str(), &on["state"]), ("1", "c&1", &asked["state"]));

        // the provider gave the code to our callback: that is what it must be told, also at a second try
        f.provider.fail_next(OAuthError::Unavailable);
        let body = json!({"code": "c&1", "redirect_uri": WEB});
        assert_eq!(f.token(body.clone()).await.outcome(), (503, "identity_provider_unavailable".into()));
        assert_eq!(f.redirect_of_last(), CALLBACK);
        f.token(body.clone()).await.expect(200);
        assert_eq!(f.redirect_of_last(), CALLBACK);
        // any other code was given to the address that is named
        f.token(json!({"code": "other", "redirect_uri": PHONE})).await.expect(200);
        assert_eq!(f.redirect_of_last(), PHONE);

        // with no application to go on to, the callback answers
        let away = f.get("login-redirect", &[]).await;
        let asked = query(away.header("location"));
        assert_eq!(f.get("callback", &[("state", &asked["state"]), ("code", "c")]).await.status, 200);
    }

    async fn idn_113_only_two_grants_pass_and_only_for_our_client(t: TestDb) {
        let f = flow(t).await;
        for (body, want) in [
            (json!({}), "code_required"),
            (json!({"code": ""}), "code_required"),
            (json!({"grant_type": "refresh_token", "code": "c"}), "refresh_token_required"),
            (json!({"grant_type": "client_credentials", "code": "c"}), "unsupported_grant_type"),
            (json!({"grant_type": "password", "code": "c"}), "unsupported_grant_type"),
            (json!({"code": "c", "client_id": "other"}), "invalid_client"),
        ] {
            let answer = f.token(body.clone()).await;
            assert_eq!(answer.outcome(), (400, want.into()), "{body}");
        }
        assert_eq!(f.app.post("/api/v1/auth/token").send().await.outcome(), (400, "code_required".into()));
        assert!(f.provider.exchanges().is_empty());

        let good = json!({"code": "c", "client_id": "client", "client_secret": "theirs", "code_verifier": "v"});
        let answer = f.token(good).await;
        assert_eq!(answer.header("cache-control"), "no-store");
        let want = json!({"access_token": "access", "token_type": "Bearer", "expires_in": 86_400, "id_token": "id"});
        assert_eq!(answer.expect(200), want);
        f.token(json!({"grant_type": "refresh_token", "refresh_token": "r", "client_secret": "theirs"})).await.expect(200);
        let sent = f.provider.exchanges();
        assert!(matches!(&sent[0], Grant::AuthorizationCode { code, redirect_uri, code_verifier }
            if code == "c" && redirect_uri == CALLBACK && code_verifier.as_deref() == Some("v")));
        assert!(matches!(&sent[1], Grant::RefreshToken { refresh_token } if refresh_token == "r"));

        f.provider.fail_next(OAuthError::Refused);
        assert_eq!(f.token(json!({"code": "c"})).await.outcome(), (400, "exchange_refused".into()));
        f.provider.fail_next(OAuthError::Unavailable);
        assert_eq!(f.token(json!({"code": "c"})).await.outcome(), (503, "identity_provider_unavailable".into()));
    }

    async fn idn_113_the_exchange_takes_json_or_a_form(t: TestDb) {
        let f = flow(t).await;
        let form = |body: &'static str| {
            let kind = "application/x-www-form-urlencoded; charset=utf-8";
            f.app.post("/api/v1/auth/token").header("content-type", kind).body(body).send()
        };
        form("grant_type=authorization_code&code=a%2Fb&redirect_uri=fit.app%3A%2F%2Fcb").await.expect(200);
        assert_eq!(f.redirect_of_last(), PHONE);
        assert_eq!(form("grant_type=password&username=x").await.outcome(), (400, "unsupported_grant_type".into()));
        assert_eq!(form("code=a&code=b").await.outcome(), (422, "validation_error".into()));
        // JSON is read whatever the request calls it
        f.app.post("/api/v1/auth/token").body(r#"{"code": "c"}"#).send().await.expect(200);
        assert_eq!(f.token(json!({"code": 7})).await.outcome(), (422, "validation_error".into()));
        let preflight = f.app.call(axum::http::Method::OPTIONS, "/api/v1/auth/token")
            .header("origin", "https://web.test").header("access-control-request-method", "POST").send().await;
        assert_eq!((preflight.status.as_u16(), preflight.header("access-control-allow-origin")), (200, "*"));
    }

    async fn idn_9_tokens_are_not_kept_for_a_repeated_idempotency_key(t: TestDb) {
        let f = flow(t).await;
        for _ in 0..2 {
            let call = f.app.post("/api/v1/auth/token").header("idempotency-key", "k").json(json!({"code": "c"}));
            let answer = call.send().await;
            assert_eq!((answer.status.as_u16(), answer.header("idempotency-replayed")), (200, ""));
        }
        assert_eq!(f.provider.exchanges().len(), 2);
    }

    async fn without_a_provider_the_login_is_not_configured(t: TestDb) {
        let app = App::new(t).await;
        for operation in ["login", "login-redirect", "callback?state=s&code=c", "config", "logout"] {
            let answer = app.get(&format!("/api/v1/auth/{operation}")).send().await;
            assert_eq!(answer.outcome(), (503, "login_not_configured".into()), "{operation}");
        }
        let answer = app.post("/api/v1/auth/token").json(json!({"code": "c"})).send().await;
        assert_eq!(answer.outcome(), (503, "login_not_configured".into()));
    }

    async fn the_configuration_names_what_a_client_needs(t: TestDb) {
        let f = flow(t).await;
        let want = json!({
            "domain": "login.test", "clientId": "client", "audience": "https://gymapi", "scope": "openid profile email",
            "redirectUri": CALLBACK, "allowedRedirectUris": [WEB, PHONE], "callbackUrl": CALLBACK,
            "useDirectCallback": true, "apiBaseUrl": "https://api.test",
        });
        assert_eq!(f.get("config", &[]).await.expect(200), want);
    }

    async fn a_token_shows_what_it_says(t: TestDb) {
        let app = App::new(t).await;
        let ana = app.world.user("ana").await;
        let get = async |operation: &str, scopes: &[&str]| {
            app.get(&format!("/api/v1/auth/{operation}")).by_with(&ana, scopes).send().await
        };
        let me = get("me", &["user:read"]).await.expect(200);
        assert_eq!(me, json!({
            "sub": "test|ana", "permissions": ["user:read"], "email": "ana@example.test", "email_verified": true,
            "name": null, "picture": null,
        }));
        let test = get("test-email", &["user:read"]).await.expect(200);
        assert_eq!(test, json!({
            "user": {"id": "test|ana", "email": "ana@example.test"}, "has_authorization_header": true,
            "header_type": "Bearer", "email_present": true,
        }));
        assert_eq!(get("get-user-email", &["user:read"]).await.expect(200), json!({"email": "ana@example.test"}));
        let check = get("check-permissions", &["user:read"]).await.expect(200);
        assert_eq!((&check["user"]["id"], &check["user"]["permissions"]), (&json!("test|ana"), &json!(["user:read"])));
        assert_eq!(check["user"]["raw_user_data"]["iss"], "https://issuer.test/");
        for operation in ["me", "test-email", "get-user-email", "check-permissions"] {
            assert_eq!(get(operation, &["user:write"]).await.outcome(), (403, "missing_scope".into()), "{operation}");
            let nobody = app.get(&format!("/api/v1/auth/{operation}")).send().await;
            assert_eq!(nobody.outcome(), (401, "not_authenticated".into()), "{operation}");
        }
        let silent = app.issuer.sign(&json!({
            "iss": "https://issuer.test/", "aud": "https://gymapi", "exp": chrono::Utc::now().timestamp() + 60,
            "sub": "test|ana", "scope": "user:read",
        }));
        let none = app.get("/api/v1/auth/get-user-email").bearer(&silent).send().await;
        assert_eq!(none.outcome(), (400, "no_email_in_token".into()));
        let test = app.get("/api/v1/auth/test-email").bearer(&silent).send().await.expect(200);
        assert_eq!(test["email_present"], false);
    }
}
