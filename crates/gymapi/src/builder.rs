use crate::{DevLogin, readiness::Gauge};
use adapter_imaging::Imaging;
use adapter_oidc::DevIssuer;
use axum::Router;
use http_api::{AppState, Http, System};
use migrations::{Migrator, MigratorTrait};
use ports::{
    Cache, CacheFront, Chat, Clock, Counter, IdentityProvider, Mailer, MemoryCache, MemoryCounter, MemoryOneTimeStore,
    NoChat, NoIdentityProvider, NoPayments, NullMailer, NullPush, OAuthProxy, ObjectStore, OneTimeStore, Payments,
    Push, Queue, SystemClock, TokenVerifier, storage::NoObjectStore,
};
use repository::{Db, DbOptions, StoreError};
use services::{Core, Ports, Services, Settings, events::consumer::EventConsumer, kernel::relay::Relay};
use std::{sync::Arc, time::Duration};

#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// Who is who? Give the builder a verifier, or a development issuer.
    #[error("no token verifier was given")]
    NoVerifier,
    #[error("the database cannot be used")]
    Database(#[from] StoreError),
    #[error("the database cannot be migrated: {0}")]
    Migration(String),
    #[error("the scheduled jobs cannot be registered")]
    Jobs(#[source] services::Error),
}

/// Puts GymAPI together. What is not given is embedded: cache and counters in this process; no queue, so that
/// the relay does its work itself; no object store, no push service, no mail server, no chat service.
pub struct Builder {
    database: DbOptions,
    migrate: bool,
    cache: Arc<dyn Cache>,
    counter: Arc<dyn Counter>,
    one_time: Arc<dyn OneTimeStore>,
    queue: Option<Arc<dyn Queue>>,
    chat: Arc<dyn Chat>,
    objects: Arc<dyn ObjectStore>,
    push: Arc<dyn Push>,
    payments: Arc<dyn Payments>,
    mailer: Arc<dyn Mailer>,
    accounts: Arc<dyn IdentityProvider>,
    login: Option<Arc<dyn OAuthProxy>>,
    verifier: Option<Arc<dyn TokenVerifier>>,
    issuer: Option<Arc<DevIssuer>>,
    clock: Arc<dyn Clock>,
    settings: Settings,
    http: Http,
    metrics: Option<Arc<dyn Fn() -> String + Send + Sync>>,
    metrics_token: Option<String>,
    git_commit: &'static str,
}

impl Builder {
    /// Over this database: `postgres://…`, `sqlite://path?mode=rwc` or `sqlite::memory:`.
    pub fn new(database: DbOptions) -> Self {
        Self {
            database,
            migrate: true,
            cache: Arc::new(MemoryCache::new(64 << 20)),
            counter: Arc::new(MemoryCounter::default()),
            one_time: Arc::new(MemoryOneTimeStore::default()),
            queue: None,
            chat: Arc::new(NoChat),
            objects: Arc::new(NoObjectStore),
            push: Arc::new(NullPush),
            payments: Arc::new(NoPayments),
            mailer: Arc::new(NullMailer),
            accounts: Arc::new(NoIdentityProvider),
            login: None,
            verifier: None,
            issuer: None,
            clock: Arc::new(SystemClock),
            settings: Settings::default(),
            http: Http::default(),
            metrics: None,
            metrics_token: None,
            git_commit: "unknown",
        }
    }

    /// Whether the schema is brought up to date first (it is, unless told otherwise).
    pub fn migrate(mut self, migrate: bool) -> Self {
        self.migrate = migrate;
        self
    }
    pub fn cache(mut self, cache: Arc<dyn Cache>) -> Self {
        self.cache = cache;
        self
    }
    /// One store for cache, counters and one-time values, shared by all instances.
    pub fn shared_store<T: Cache + Counter + OneTimeStore>(mut self, store: Arc<T>) -> Self {
        self.cache = store.clone();
        self.counter = store.clone();
        self.one_time = store;
        self
    }
    /// What carries the work that events cause (EVT-70).
    pub fn queue(mut self, queue: Arc<dyn Queue>) -> Self {
        self.queue = Some(queue);
        self
    }
    /// Where events have their rooms.
    pub fn chat(mut self, chat: Arc<dyn Chat>) -> Self {
        self.chat = chat;
        self
    }
    pub fn objects(mut self, objects: Arc<dyn ObjectStore>) -> Self {
        self.objects = objects;
        self
    }
    /// What tells people's devices.
    pub fn push(mut self, push: Arc<dyn Push>) -> Self {
        self.push = push;
        self
    }
    /// What sends mails.
    pub fn mailer(mut self, mailer: Arc<dyn Mailer>) -> Self {
        self.mailer = mailer;
        self
    }
    /// What takes payments; without it paid events are refused.
    pub fn payments(mut self, payments: Arc<dyn Payments>) -> Self {
        self.payments = payments;
        self
    }
    /// Who checks the bearer tokens.
    pub fn verifier(mut self, verifier: Arc<dyn TokenVerifier>) -> Self {
        self.verifier = Some(verifier);
        self
    }
    /// The system is its own issuer, and hands a token to whoever asks at `/dev/token`. For development only.
    pub fn development_issuer(mut self, issuer: Arc<DevIssuer>) -> Self {
        self.verifier = Some(Arc::new(issuer.verifier()));
        self.issuer = Some(issuer);
        self
    }
    pub fn accounts(mut self, accounts: Arc<dyn IdentityProvider>) -> Self {
        self.accounts = accounts;
        self
    }
    pub fn login(mut self, login: Arc<dyn OAuthProxy>) -> Self {
        self.login = Some(login);
        self
    }
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }
    pub fn settings(mut self, settings: Settings) -> Self {
        self.settings = settings;
        self
    }
    pub fn http(mut self, http: Http) -> Self {
        self.http = http;
        self
    }
    /// What `/metrics` shows, and the token that opens it outside the private network.
    pub fn metrics(mut self, render: Arc<dyn Fn() -> String + Send + Sync>, token: Option<String>) -> Self {
        self.metrics = Some(render);
        self.metrics_token = token;
        self
    }
    pub fn git_commit(mut self, commit: &'static str) -> Self {
        self.git_commit = commit;
        self
    }

    /// Connects, migrates, and wires.
    pub async fn build(self) -> Result<GymApi, BuildError> {
        let verifier = self.verifier.ok_or(BuildError::NoVerifier)?;
        let memory = self.database.url.contains(":memory:");
        if self.migrate && !memory {
            migrate(&self.database).await?;
        }
        let db = Db::connect(self.database).await?;
        if self.migrate && memory {
            up(&db).await?;
        }
        let gauge = Gauge::new(db.clone());
        let mut core = Core::new(db, Arc::new(CacheFront::new(self.cache)));
        core.clock = self.clock;
        let ports = Ports {
            verifier,
            accounts: self.accounts,
            login: self.login,
            objects: self.objects,
            images: Arc::new(Imaging::new(std::thread::available_parallelism().map_or(1, Into::into))),
            counter: self.counter,
            one_time: self.one_time,
            push: self.push,
            payments: self.payments,
            mailer: self.mailer,
            chat: self.chat,
            queue: self.queue.clone(),
        };
        let services = Services::new(core, ports, self.settings);
        services.scheduler().register().await.map_err(BuildError::Jobs)?;
        let system = System {
            readiness: Arc::new(gauge.clone()),
            metrics: self.metrics,
            metrics_token: self.metrics_token,
            git_commit: self.git_commit,
            jwks: self.issuer.as_ref().map(|issuer| issuer.jwks()),
        };
        let state = AppState::new(&services, system);
        let (router, document) = http_api::router(state.clone(), &self.http);
        let dev_login = self.issuer.map(|issuer| DevLogin::new(issuer, services.core.clone()));
        let router = match &dev_login {
            Some(login) => login.clone().router().fallback_service(router),
            None => router,
        };
        gauge.migrated();
        let relay = services.relay();
        let consumer = services.consumer();
        Ok(GymApi { services, relay, consumer, state, router, document, gauge, queue: self.queue, dev_login })
    }
}

/// Brings the schema of a database up to date. Of any number of processes that ask at once, one does it and the others
/// wait until it is done, for as long as it takes.
pub async fn migrate(database: &DbOptions) -> Result<(), BuildError> {
    // on connections of their own, which are closed again: SQLite's settings belong to a connection, and PostgreSQL's
    // limit on a statement's time is not for one that builds an index. The lock takes one, the work the other.
    let connections = if database.url.starts_with("sqlite") { 1 } else { 2 };
    let options = DbOptions { max_connections: connections, statement_timeout: Duration::ZERO, ..database.clone() };
    let db = Db::connect(options).await?;
    let migrated = db.exclusively("migrate", up(&db)).await;
    db.close().await;
    migrated
}

async fn up(db: &Db) -> Result<(), BuildError> {
    match db.pool() {
        Some(pool) => Migrator::up(pool, None).await.map_err(|e| BuildError::Migration(e.to_string())),
        None => Ok(()),
    }
}

/// GymAPI, put together.
pub struct GymApi {
    services: Services,
    relay: Relay,
    consumer: Option<EventConsumer>,
    state: AppState,
    router: Router,
    document: serde_json::Value,
    gauge: Gauge,
    queue: Option<Arc<dyn Queue>>,
    dev_login: Option<DevLogin>,
}

impl GymApi {
    pub fn builder(database: DbOptions) -> Builder {
        Builder::new(database)
    }
    /// The use cases, for callers in this process.
    pub fn services(&self) -> &Services {
        &self.services
    }
    /// The API with its middleware: serve it, or nest it under a prefix of your own router.
    pub fn router(&self) -> Router {
        self.router.clone()
    }
    /// Health and metrics alone, for a process that only works.
    pub fn probes(&self) -> Router {
        http_api::probes(self.state.system.clone())
    }
    /// The state of the API's extractors, for operations of your own.
    pub fn state(&self) -> &AppState {
        &self.state
    }
    /// The OpenAPI document.
    pub fn document(&self) -> &serde_json::Value {
        &self.document
    }
    pub fn readiness(&self) -> &Gauge {
        &self.gauge
    }
    pub fn queue(&self) -> Option<&Arc<dyn Queue>> {
        self.queue.as_ref()
    }
    /// Tokens for anybody, in development.
    pub fn dev_login(&self) -> Option<&DevLogin> {
        self.dev_login.as_ref()
    }

    /// Delivers effects, works on the queue and runs scheduled jobs until `stop` is cancelled. Any number of instances may do so at once.
    pub async fn work(&self, stop: tokio_util::sync::CancellationToken) {
        let (scheduler, spool) = (self.services.scheduler(), self.services.spool());
        let consume = async {
            if let Some(consumer) = &self.consumer {
                consumer.run(stop.cancelled()).await;
            }
        };
        tokio::join!(
            self.relay.run(stop.cancelled()),
            consume,
            scheduler.run(stop.cancelled()),
            spool.run(stop.cancelled()),
        );
    }

    /// Hands back the effects that [`Self::work`] holds, when it is not waited for any longer: another instance then
    /// delivers them at once.
    pub async fn release(&self) {
        self.relay.release().await;
    }

    /// Closes the database, when nothing runs any more.
    pub async fn close(&self) {
        self.services.core.db.close().await;
    }
}
