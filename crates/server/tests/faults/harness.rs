//! The server as a process of its own, over real servers, and what a test sees of it from outside.
use gymapi::{
    adapters::storage::{S3Options, S3Store},
    ports::ObjectStore,
};
use object_store::{aws::AmazonS3Builder, path::Path, signer::Signer as _};
use rustix::process::Signal;
use sea_orm::{ConnectionTrait, DbBackend, FromQueryResult, Statement};
use serde_json::{Value, json};
use std::{
    collections::BTreeMap,
    fs::File,
    path::PathBuf,
    process::{Child, Command, ExitStatus, Stdio},
    time::Duration,
};
use testkit::{database::Kind, database::TestDb, own, servers};
use tokio::time::{Instant, sleep};

/// How long a test waits for anything: generous, for a machine that builds at the same time.
pub const LIMIT: Duration = Duration::from_secs(60);

/// Waits until `look` finds something.
pub async fn until<T>(what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let begun = Instant::now();
    loop {
        if let Some(found) = look().await {
            return found;
        }
        assert!(begun.elapsed() < LIMIT, "{what} did not happen within {} s", LIMIT.as_secs());
        sleep(Duration::from_millis(50)).await;
    }
}

/// Which part of the server a process runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    Both,
    Serve,
    Work,
}

/// What the processes of one installation have in common: environment, and the folder with the development key.
pub struct Installation {
    pub folder: tempfile::TempDir,
    variables: BTreeMap<&'static str, String>,
    started: std::sync::atomic::AtomicU32,
}

impl Installation {
    /// With the demo world, over the given database; empty = the embedded one.
    pub fn over(database: &str) -> Self {
        let folder = tempfile::Builder::new().prefix("gymapi-faults-").tempdir().expect("a temporary folder");
        let this = Self { variables: BTreeMap::new(), started: Default::default(), folder };
        let data = this.folder.path().join("data").display().to_string();
        this.with("GYMAPI_DATA_DIR", data)
            .with("DATABASE_URL", database)
            // one issuer, whichever process is asked
            .with("GYMAPI_PUBLIC_URL", "http://gym.test")
            .with("GYMAPI_RATE_LIMITS", "false")
            .with("GYMAPI_LOG", "info,sea_orm_migration=warn")
    }

    pub fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.variables.insert(name, value.into());
        self
    }

    /// The command without its arguments. Nothing is inherited but the search path.
    pub fn command(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_gymapi-server"));
        command.env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default());
        command.envs(self.variables.iter().filter(|(_, value)| !value.is_empty()));
        command.current_dir(self.folder.path()).stdin(Stdio::null());
        command
    }

    /// A process that answers, or, of a worker, that runs.
    pub async fn start(&self, part: Part) -> Server {
        // another program may take the port between the look and the start: then it is looked for again
        for _ in 0..3 {
            let mut server = self.spawn(part);
            if part == Part::Work || server.is_ready().await {
                return server;
            }
            assert!(server.log().contains("is in use"), "it ended at once: {}", server.log());
        }
        panic!("no port was free for long enough");
    }

    fn spawn(&self, part: Part) -> Server {
        let port = own::free_port();
        let number = self.started.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        let log = self.folder.path().join(format!("{number}.log"));
        let output = File::create(&log).expect("a file for the log");
        let mut command = self.command();
        match part {
            Part::Both => &mut command,
            Part::Serve => command.arg("serve"),
            Part::Work => command.arg("work"),
        };
        command.env("GYMAPI_HTTP_ADDR", format!("127.0.0.1:{port}"));
        command.stdout(output.try_clone().expect("a second handle")).stderr(output);
        let child = command.spawn().expect("the server's binary starts");
        Server { child, base: format!("http://127.0.0.1:{port}"), log, client: client() }
    }
}

fn client() -> reqwest::Client {
    // a connection that a killed process left must not be used again
    reqwest::Client::builder().pool_max_idle_per_host(0).timeout(LIMIT).build().expect("a client")
}

/// One process. It is killed when the test ends.
pub struct Server {
    child: Child,
    pub base: String,
    log: PathBuf,
    pub client: reqwest::Client,
}

impl Server {
    /// Whether it became ready; false when it ended instead.
    async fn is_ready(&mut self) -> bool {
        let begun = Instant::now();
        while begun.elapsed() < LIMIT {
            if self.get("/health/ready", "").await.is_some_and(|a| a.status == 200) {
                return true;
            }
            if self.child.try_wait().expect("a child can be asked").is_some() {
                return false;
            }
            sleep(Duration::from_millis(50)).await;
        }
        panic!("the server did not become ready: {}", self.log());
    }

    pub fn log(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }

    /// `kill -9`
    pub fn kill(&mut self) {
        self.child.kill().expect("a child that was not waited for takes signals");
        self.child.wait().expect("a killed child ends");
    }

    /// Asks it to stop.
    pub fn terminate(&self) {
        own::signal(&self.child, Signal::TERM);
    }

    /// How it ended.
    pub async fn end(&mut self) -> ExitStatus {
        until("the end of the process", async || self.child.try_wait().expect("a child can be asked")).await
    }

    pub fn runs(&mut self) -> bool {
        self.child.try_wait().expect("a child can be asked").is_none()
    }

    /// A token of somebody of the demo world.
    pub async fn token(&self, email: &str) -> String {
        let asked = self.client.post(format!("{}/dev/token", self.base)).json(&json!({ "email": email }));
        let answer: Value = asked.send().await.expect("an answer").json().await.expect("JSON");
        answer["access_token"].as_str().expect("a token").to_owned()
    }

    /// `None` = no answer came.
    pub async fn get(&self, path: &str, token: &str) -> Option<Answer> {
        self.call(reqwest::Method::GET, path, token, None).await
    }

    pub async fn call(&self, method: reqwest::Method, path: &str, token: &str, body: Option<Value>) -> Option<Answer> {
        let mut request = self.client.request(method, format!("{}{path}", self.base)).header("x-gym-id", "1");
        if !token.is_empty() {
            request = request.bearer_auth(token);
        }
        if let Some(body) = body {
            request = request.json(&body);
        }
        Answer::of(request.send().await.ok()?).await
    }

    /// Replaces the caller's picture.
    pub async fn upload(&self, token: &str) -> Option<Answer> {
        let file = reqwest::multipart::Part::bytes(testkit::images::png(64, 48)).file_name("me.png");
        let form = reqwest::multipart::Form::new().part("file", file.mime_str("image/png").expect("a type"));
        let request = self.client.post(format!("{}/api/v1/users/profile/image", self.base)).bearer_auth(token);
        Answer::of(request.multipart(form).send().await.ok()?).await
    }

    /// The caller's own row.
    pub async fn profile(&self, token: &str) -> Value {
        let answer = self.get("/api/v1/users/profile", token).await.expect("an answer");
        assert_eq!(answer.status, 200, "{}", answer.body);
        answer.body
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if std::thread::panicking() {
            let log = self.log();
            let last: Vec<_> = log.lines().rev().take(20).collect();
            eprintln!("--- the last words of {}", self.log.display());
            last.iter().rev().for_each(|line| eprintln!("{line}"));
        }
    }
}

#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub retry_after: Option<String>,
    pub body: Value,
}

impl Answer {
    async fn of(response: reqwest::Response) -> Option<Self> {
        let retry_after = response.headers().get("retry-after").and_then(|v| v.to_str().ok()).map(str::to_owned);
        let status = response.status().as_u16();
        let text = response.text().await.ok()?;
        let body = serde_json::from_str(&text).unwrap_or(Value::String(text));
        Some(Self { status, retry_after, body })
    }

    /// True when it is the right answer, false when it is a clear 'not now'; anything else fails the test.
    pub fn is_right(&self) -> bool {
        if self.status == 503 {
            assert!(self.body["code"].is_string() && self.retry_after.is_some(), "an unclear 503: {self:?}");
            return false;
        }
        assert_eq!(self.status, 200, "{self:?}");
        true
    }
}

/// An effect as it lies in the outbox.
#[derive(Clone, Debug, PartialEq, Eq, FromQueryResult)]
pub struct Waiting {
    pub kind: String,
    pub status: String,
    pub attempts: i32,
}

/// Effects of these kinds, in the order in which they were written.
pub async fn outbox(db: &TestDb, kind: &str) -> Vec<Waiting> {
    let sql = "SELECT kind, status, attempts FROM outbox WHERE kind = $1 ORDER BY id";
    let statement = Statement::from_sql_and_values(DbBackend::Postgres, sql, [kind.into()]);
    Waiting::find_by_statement(statement).all(db.pool()).await.expect("the outbox")
}

pub async fn all_done(db: &TestDb, kind: &str) -> Option<()> {
    outbox(db, kind).await.iter().all(|effect| effect.status == "done").then_some(())
}

/// Lets so much time go by that every lease has run out.
pub async fn leases_run_out(db: &TestDb) {
    let sql = "UPDATE outbox SET leased_until = now() - interval '1 second' WHERE status = 'running'";
    db.pool().execute_unprepared(sql).await.expect("the outbox");
}

pub async fn database() -> Option<TestDb> {
    TestDb::open(Kind::Postgres, 2).await
}

/// A bucket of this test alone at the S3 stand-in.
pub struct Bucket {
    pub name: String,
    s3: servers::S3,
}

impl Bucket {
    pub async fn new() -> Option<Self> {
        let s3 = servers::s3()?;
        let name = format!("faults-{}", uuid::Uuid::new_v4().simple());
        let client = AmazonS3Builder::new()
            .with_endpoint(&s3.endpoint)
            .with_allow_http(true)
            .with_region("us-east-1")
            .with_access_key_id(&s3.access_key)
            .with_secret_access_key(&s3.secret_key)
            .with_bucket_name(&name)
            .build()
            .expect("a client of the bucket");
        let signed = client.signed_url(reqwest::Method::PUT, &Path::default(), LIMIT).await.expect("an address");
        let made = reqwest::Client::new().put(signed).send().await.expect("an answer");
        assert!(made.status().is_success(), "{:?}", made.text().await);
        Some(Self { name, s3 })
    }

    /// `host:port` of the store.
    pub fn host(&self) -> String {
        self.s3.endpoint.trim_start_matches("http://").trim_end_matches('/').to_owned()
    }

    /// An installation that keeps its pictures here, and reaches the store at `endpoint`.
    pub fn used_by(&self, installation: Installation, endpoint: &str) -> Installation {
        installation
            .with("GYMAPI_STORAGE_ENDPOINT", endpoint)
            .with("GYMAPI_STORAGE_ACCESS_KEY", self.s3.access_key.clone())
            .with("GYMAPI_STORAGE_SECRET_KEY", self.s3.secret_key.clone())
            .with("GYMAPI_STORAGE_PUBLIC_URL", "http://pictures.test")
            .with("PROFILE_IMAGE_BUCKET", self.name.clone())
    }

    /// What lies in it.
    pub async fn paths(&self) -> Vec<String> {
        let store = S3Store::new(S3Options {
            endpoint: self.s3.endpoint.clone(),
            region: "us-east-1".to_owned(),
            access_key: self.s3.access_key.clone(),
            secret_key: self.s3.secret_key.clone(),
            session_token: None,
            public_base_url: "http://pictures.test".to_owned(),
            buckets: vec![self.name.clone()],
            retry: Default::default(),
        });
        let objects = store.expect("a store").list(&self.name).await.expect("a list");
        objects.into_iter().map(|object| object.path).collect()
    }

    /// The path of the object behind a picture's address.
    pub fn path_of(&self, profile: &Value) -> Option<String> {
        let url = profile["picture"].as_str()?;
        url.strip_prefix(&format!("http://pictures.test/{}/", self.name)).map(str::to_owned)
    }
}
