use super::PROFILE;
use serde_json::json;
use std::{
    cell::Cell,
    io::Write,
    sync::{Arc, Mutex},
};
use testkit::{
    app::App,
    database::{Kind, TestDb},
};
use tracing_subscriber::{Layer, filter::dynamic_filter_fn, fmt::MakeWriter, layer::SubscriberExt};

thread_local! {
    /// Whether what this thread logs is recorded: other tests may run beside this one.
    static RECORDING: Cell<bool> = const { Cell::new(false) };
}

/// Everything that is logged, down to the finest level.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.lock().unwrap()).into_owned()
    }
}

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend(bytes);
        Ok(bytes.len())
    }
    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Log {
    type Writer = Self;
    fn make_writer(&self) -> Self {
        self.clone()
    }
}

// on one thread, the one that is recorded
#[tokio::test]
async fn idn_9_no_token_and_no_secret_is_logged_not_even_a_part_of_one() {
    let log = Log::default();
    let everything = tracing_subscriber::fmt::layer().with_ansi(false).with_writer(log.clone());
    let recorded = everything.with_filter(dynamic_filter_fn(|_, _| RECORDING.get()));
    // for the whole process: a subscriber of one thread misses what another thread met first
    tracing::subscriber::set_global_default(tracing_subscriber::registry().with(recorded)).unwrap();
    RECORDING.set(true);
    let t = TestDb::open(Kind::Sqlite, 4).await.unwrap();
    let app = App::with(&t, |c| {
        c.settings.webhook_secret = Some("hook-S3cret-of-the-installation".into());
        c.settings.public_api_key = Some("api-S3cret-of-the-installation".into());
        c.settings.admin_secret_key = Some("admin-S3cret-of-the-installation".into());
    })
    .await;
    let ana = app.world.user("ana").await;
    let token = app.token(&ana);
    let expired = app.issuer.sign(&json!({
        "iss": "https://issuer.test/", "aud": "https://gymapi", "exp": 1, "sub": "test|ana",
    }));
    let broken = format!("{}x", token.trim_end_matches(|c: char| c != '.'));
    for bearer in [&token, &expired, &broken] {
        app.get(PROFILE).bearer(bearer).send().await;
    }
    app.get(PROFILE).header("authorization", "Basic YW5hOnMzY3JldC1wYXNzd29yZA==").send().await;
    let register = json!({
        "email": "eva@box.example", "password": "Passw0rd-of-eva", "first_name": "Eva", "last_name": "Box", "gym_name": "Box",
    });
    app.post("/api/v1/auth/register-gym-owner").header("idempotency-key", "k").json(register).send().await.expect(201);
    let hook = "/api/v1/auth/webhook/user-created";
    for secret in ["hook-S3cret-of-the-installation", "hook-S3cret-guessed"] {
        let call = app.post(hook).bearer(secret).header("x-auth0-hook-timestamp", "1");
        call.header("x-auth0-signature", "feedfacefeedfacefeedface").json(json!({})).send().await;
    }
    let check = json!({"email": "leo@box.example"});
    app.post("/api/v1/users/check-email-availability")
        .header("x-api-key", "api-S3cret-guessed")
        .json(check)
        .send()
        .await;
    let admin = json!({"secret_key": "admin-S3cret-guessed"});
    app.post("/api/v1/auth/create-platform-admin").by(&ana).json(admin).send().await;
    app.get("/api/v1/auth/callback?state=5ecret-state&code=5ecret-code").send().await;

    RECORDING.set(false);
    let text = log.text();
    assert!(text.contains("answered") && text.contains(PROFILE), "the log was taken: {text}");
    let mut secrets = vec!["S3cret", "5ecret", "Passw0rd-of-eva", "YW5hOnMzY3JldC1wYXNzd29yZA", "feedfacefeedface"];
    for token in [&token, &expired, &broken] {
        secrets.extend(token.split('.').filter(|part| part.len() > 16).map(|part| &part[..16]));
        secrets.extend(token.split('.').filter(|part| part.len() > 16).map(|part| &part[part.len() - 16..]));
    }
    for secret in secrets {
        let at = text.find(secret).map(|at| text[at.saturating_sub(300)..].chars().take(400).collect::<String>());
        assert!(at.is_none(), "{secret} is in the log: {}", at.unwrap_or_default());
    }
    t.close().await;
}
