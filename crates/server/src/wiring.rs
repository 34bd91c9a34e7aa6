//! From configuration to a system: which adapter serves which port.
use crate::config::{Config, OneSignalApi};
use anyhow::{Context, bail};
use gymapi::{
    Builder, DbOptions, GymApi,
    adapters::{
        auth0::{Auth0Login, Auth0Management, LoginOptions, ManagementOptions},
        oidc::{DevIssuer, DevIssuerOptions, JwksVerifier, KeySource, Options},
        onesignal::{Api, OneSignal, OneSignalOptions},
        redis::RedisStore,
        smtp::{Login, SmtpMailer, SmtpOptions},
        sqs::{SqsOptions, SqsQueue},
        storage::{LocalStore, S3Options, S3Store, SupabaseAccess},
    },
    http::{Http, ProxyTrust},
    ports::{MemoryCache, identity::ClientSettings},
    services::{Settings, kernel::cache_key::CacheTtl},
};
use metrics_exporter_prometheus::PrometheusHandle;
use std::{path::Path, sync::Arc, time::Duration};

/// Where the files of the embedded store can be read.
pub const MEDIA: &str = "/media";

pub async fn build(config: &Config, metrics: PrometheusHandle) -> anyhow::Result<GymApi> {
    let mut builder = GymApi::builder(database(config)?)
        .migrate(config.database.migrate)
        .settings(settings(config))
        .http(http(config))
        .git_commit(option_env!("GYMAPI_GIT_COMMIT").unwrap_or("unknown"))
        .metrics(Arc::new(move || metrics.render()), some(&config.http.metrics_token));
    builder = shared_store(builder, config)?;
    builder = queue(builder, config);
    builder = objects(builder, config)?;
    builder = push(builder, config)?;
    builder = mailer(builder, config)?;
    builder = identity(builder, config)?;
    builder.build().await.with_context(|| unusable(config))
}

/// What is said when the database cannot be used.
pub fn unusable(config: &Config) -> String {
    match config.database.url.as_str() {
        "" => format!("the embedded database under {} cannot be used", config.data_dir.display()),
        url => {
            format!("the database {} cannot be used: is it running, and is database.url right?", without_password(url))
        }
    }
}

fn some(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.to_owned())
}

fn without_password(url: &str) -> String {
    match url::Url::parse(url) {
        Ok(mut url) => {
            let _ = url.set_password(None);
            url.to_string()
        }
        Err(_) => "of database.url".to_owned(),
    }
}

/// Makes the data folder, and proves that it can be written to.
pub fn prepare_data_dir(config: &Config) -> anyhow::Result<()> {
    let dir = &config.data_dir;
    std::fs::create_dir_all(dir).and_then(|()| tempfile::NamedTempFile::new_in(dir).map(drop)).with_context(|| {
        format!("the folder {} cannot be written to: choose another by GYMAPI_DATA_DIR", dir.display())
    })
}

pub fn database(config: &Config) -> anyhow::Result<DbOptions> {
    let url = match config.database.url.as_str() {
        "" => {
            prepare_data_dir(config)?;
            format!("sqlite://{}", config.data_dir.join("gymapi.db").display())
        }
        url if ["postgres://", "postgresql://", "sqlite:"].iter().any(|scheme| url.starts_with(scheme)) => {
            url.to_owned()
        }
        _ => bail!("database.url (DATABASE_URL) must start with postgres:// or sqlite:"),
    };
    Ok(DbOptions {
        max_connections: config.database.max_connections,
        hot_connections: config.database.hot_connections,
        statement_timeout: Duration::from_secs(config.database.statement_timeout),
        ..DbOptions::new(url)
    })
}

fn settings(config: &Config) -> Settings {
    let seconds = Duration::from_secs;
    Settings {
        cache_ttl: CacheTtl {
            user_membership: seconds(config.cache_ttl.user_membership),
            negative: seconds(config.cache_ttl.negative),
            gym_details: seconds(config.cache_ttl.gym_details),
            user_profile: seconds(config.cache_ttl.user_profile),
        },
        rate_limits: config.http.rate_limits,
        webhook_secret: some(&config.secrets.auth0_webhook_secret),
        public_api_key: some(&config.secrets.public_api_key),
        admin_secret_key: some(&config.secrets.admin_secret_key),
        worker_api_key: some(&config.secrets.worker_api_key),
        profile_image_bucket: config.storage.profile_image_bucket.clone(),
        gym_logo_bucket: config.storage.gym_logo_bucket.clone(),
        orphan_sweep_dry_run: config.media.orphan_sweep_dry_run,
        spool_folder: match config.media.spool_folder.as_os_str().is_empty() {
            true => Settings::default().spool_folder,
            false => config.media.spool_folder.clone(),
        },
        environment: config.environment.as_str().to_owned(),
        public_url: config.public_url(),
        ..Settings::default()
    }
}

fn http(config: &Config) -> Http {
    Http {
        request_timeout: Duration::from_secs(config.http.request_timeout),
        upload_timeout: Duration::from_secs(config.media.upload_timeout),
        max_in_flight: config.http.max_in_flight,
        max_body: config.http.max_body,
        cors_origins: config.http.cors_origins.clone(),
        proxy_trust: ProxyTrust {
            headers: config.http.trust_proxy_headers,
            proxies: config.http.trusted_proxies.clone(),
        },
        ..Http::default()
    }
}

fn shared_store(builder: Builder, config: &Config) -> anyhow::Result<Builder> {
    let redis = &config.redis;
    if redis.url.is_empty() {
        return Ok(builder.cache(Arc::new(MemoryCache::new(redis.memory))));
    }
    let store = RedisStore::connect(&redis.url, &redis.prefix, redis.connections)
        .context("redis.url (REDIS_URL) is not an address of a Redis: redis://… or, by TLS, rediss://…")?;
    Ok(builder.shared_store(Arc::new(store)))
}

fn queue(builder: Builder, config: &Config) -> Builder {
    match sqs(config) {
        Some(queue) => builder.queue(Arc::new(queue)),
        None => builder,
    }
}

/// `None` when no queue is configured.
pub fn sqs(config: &Config) -> Option<SqsQueue> {
    let queue = &config.queue;
    let options = SqsOptions {
        dead_letter_queue_url: some(&queue.dead_letter_url),
        endpoint_url: some(&queue.endpoint),
        access_key: some(&queue.access_key),
        secret_key: some(&queue.secret_key),
        ..SqsOptions::new(&queue.url, &queue.region)
    };
    (!queue.url.is_empty()).then(|| SqsQueue::connect(options))
}

fn objects(builder: Builder, config: &Config) -> anyhow::Result<Builder> {
    let storage = &config.storage;
    let buckets =
        [&storage.profile_image_bucket, &storage.gym_logo_bucket, &storage.posts_bucket, &storage.stories_bucket];
    let buckets: Vec<String> = buckets.into_iter().cloned().collect();
    let keys =
        || SupabaseAccess::Keys { access_key: storage.access_key.clone(), secret_key: storage.secret_key.clone() };
    let options = if !storage.supabase_url.is_empty() {
        S3Options::supabase(&storage.supabase_url, &storage.region, keys(), buckets)
    } else if !storage.endpoint.is_empty() {
        S3Options {
            endpoint: storage.endpoint.clone(),
            region: storage.region.clone(),
            access_key: storage.access_key.clone(),
            secret_key: storage.secret_key.clone(),
            session_token: None,
            public_base_url: some(&storage.public_url).unwrap_or_else(|| storage.endpoint.clone()),
            buckets,
            retry: Default::default(),
        }
    } else {
        let base = format!("{}{MEDIA}", config.public_url());
        let store = LocalStore::new(media_dir(&config.data_dir), &base, buckets).context("the file store")?;
        return Ok(builder.objects(Arc::new(store)));
    };
    Ok(builder.objects(Arc::new(S3Store::new(options).context("storage.endpoint cannot be used")?)))
}

/// The folder of the embedded file store.
pub fn media_dir(data_dir: &Path) -> std::path::PathBuf {
    data_dir.join("media")
}

/// Whether objects lie in files of this server.
pub fn serves_media(config: &Config) -> bool {
    config.storage.endpoint.is_empty() && config.storage.supabase_url.is_empty()
}

fn push(builder: Builder, config: &Config) -> anyhow::Result<Builder> {
    let onesignal = &config.onesignal;
    if !onesignal.is_complete() {
        tracing::warn!("no pushes are sent: ONESIGNAL_APP_ID and ONESIGNAL_REST_API_KEY are not both set");
        return Ok(builder);
    }
    let api = match onesignal.api {
        OneSignalApi::Current => Api::Current,
        OneSignalApi::Legacy => Api::Legacy,
    };
    let mut options = OneSignalOptions::new(api, &onesignal.app_id, onesignal.rest_api_key.as_str());
    if !onesignal.base_url.is_empty() {
        options.base_url = onesignal.base_url.trim_end_matches('/').to_owned();
    }
    let push = OneSignal::new(options).context("onesignal.rest_api_key (ONESIGNAL_REST_API_KEY) cannot be used")?;
    Ok(builder.push(Arc::new(push)))
}

fn mailer(builder: Builder, config: &Config) -> anyhow::Result<Builder> {
    let smtp = &config.smtp;
    if !smtp.is_complete() {
        tracing::warn!("no mails are sent: SMTP_HOST and EMAILS_FROM_EMAIL are not both set");
        return Ok(builder);
    }
    let options = SmtpOptions {
        port: smtp.port,
        login: some(&smtp.user).map(|user| Login { user, password: smtp.password.as_str().into() }),
        tls: smtp.tls,
        from_name: smtp.from_name.clone(),
        ..SmtpOptions::new(&smtp.host, &smtp.from_email)
    };
    let mailer = SmtpMailer::new(&options).context("smtp.from_email (EMAILS_FROM_EMAIL) or smtp.tls (SMTP_TLS)")?;
    Ok(builder.mailer(Arc::new(mailer)))
}

fn identity(builder: Builder, config: &Config) -> anyhow::Result<Builder> {
    let Some(issuer) = config.issuer() else { return development_issuer(builder, config) };
    let audience = config.auth.audience.as_str();
    let auth0 = &config.auth0;
    let options = if !config.auth.jwks_url.is_empty() {
        Options::new(issuer, audience, KeySource::Url(config.auth.jwks_url.clone()))
    } else if !auth0.domain.is_empty() {
        Options::auth0(&auth0.domain, audience)
    } else {
        Options::new(issuer, audience, KeySource::Discovery)
    };
    let builder = builder.verifier(Arc::new(JwksVerifier::new(options)?));
    if auth0.domain.is_empty() {
        return Ok(builder);
    }
    let client = ClientSettings {
        domain: auth0.domain.clone(),
        client_id: auth0.client_id.clone(),
        audience: audience.to_owned(),
        callback_url: auth0.callback_url.clone(),
        allowed_redirect_uris: auth0.allowed_redirect_uris.clone(),
    };
    let login = Auth0Login::new(LoginOptions::new(client, auth0.client_secret.as_str()))?;
    let builder = builder.login(Arc::new(login));
    if auth0.mgmt_client_id.is_empty() {
        return Ok(builder);
    }
    let mut options = ManagementOptions::new(&auth0.domain, &auth0.mgmt_client_id, auth0.mgmt_client_secret.as_str());
    if !auth0.mgmt_audience.is_empty() {
        options.audience.clone_from(&auth0.mgmt_audience);
    }
    Ok(builder.accounts(Arc::new(Auth0Management::new(options)?)))
}

/// The server as its own issuer. Production never comes here: its configuration names an issuer.
fn development_issuer(builder: Builder, config: &Config) -> anyhow::Result<Builder> {
    if config.is_production() {
        bail!("the development issuer never runs in production: set auth.issuer (OIDC_ISSUER) or AUTH0_DOMAIN");
    }
    prepare_data_dir(config)?;
    let options =
        DevIssuerOptions { issuer: format!("{}/", config.public_url()), audience: config.auth.audience.clone() };
    let issuer = DevIssuer::from_file(options, config.data_dir.join("dev-issuer.pem"))
        .context("the development issuer has no key")?;
    Ok(builder.development_issuer(Arc::new(issuer)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use gymapi::http::Http;

    fn config(toml: &str) -> Config {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), toml).unwrap();
        Config::load(Some(file.path())).unwrap()
    }

    #[test]
    fn media_m2_m3_the_media_settings_reach_those_that_obey_them() {
        let set = config(
            "[media]\nupload_timeout = 7\nspool_folder = \"/var/spool/gym\"\norphan_sweep_dry_run = true\n\
             [http]\nrequest_timeout = 5",
        );
        let (settings, http) = (settings(&set), http(&set));
        assert!(settings.orphan_sweep_dry_run);
        assert_eq!(settings.spool_folder, Path::new("/var/spool/gym"));
        assert_eq!((http.upload_timeout, http.request_timeout), (Duration::from_secs(7), Duration::from_secs(5)));
    }

    #[test]
    fn without_a_file_the_settings_are_those_of_an_embedding_application() {
        let (settings, http) = (settings(&config("")), http(&config("")));
        assert_eq!(settings.spool_folder, Settings::default().spool_folder);
        assert!(!settings.orphan_sweep_dry_run);
        assert_eq!((http.upload_timeout, http.max_body), (Http::default().upload_timeout, Http::default().max_body));
    }

    fn bare() -> Builder {
        GymApi::builder(DbOptions::new("sqlite::memory:"))
    }

    #[test]
    fn ntf_28_80_without_a_service_the_server_starts_and_a_wrong_value_is_named() {
        for toml in ["", "[onesignal]\napp_id = \"a\"", "[smtp]\nhost = \"mail.example\""] {
            let config = config(toml);
            push(bare(), &config)
                .and_then(|builder| mailer(builder, &config))
                .unwrap_or_else(|e| panic!("{toml}: {e:#}"));
        }
        let complete = "[onesignal]\napp_id = \"a\"\nrest_api_key = \"k\"\napi = \"legacy\"\n\
                        [smtp]\nhost = \"mail.example\"\nfrom_email = \"gym@example.org\"";
        let whole = config(complete);
        push(bare(), &whole).and_then(|builder| mailer(builder, &whole)).unwrap();
        let wrong = config("[smtp]\nhost = \"mail.example\"\nfrom_email = \"gym\"");
        let Err(error) = mailer(bare(), &wrong) else { panic!("accepted") };
        assert!(format!("{error:#}").contains("EMAILS_FROM_EMAIL"), "{error:#}");
        let wrong = config("[onesignal]\napp_id = \"a\"\nrest_api_key = \"a\\nb\"");
        let Err(error) = push(bare(), &wrong) else { panic!("accepted") };
        assert!(format!("{error:#}").contains("ONESIGNAL_REST_API_KEY"), "{error:#}");
    }

    #[test]
    fn a_redis_is_reached_by_tls_too_and_a_wrong_address_is_named() {
        let with = |url: &str| {
            let config = config(&format!("[redis]\nurl = \"{url}\""));
            shared_store(bare(), &config).map(drop)
        };
        for url in ["redis://cache:6379/1", "rediss://:secret@cache.example:6380/0"] {
            with(url).unwrap_or_else(|e| panic!("{url}: {e:#}"));
        }
        for url in ["http://cache", "cache:6379", "rediss://"] {
            let error = format!("{:#}", with(url).unwrap_err());
            assert!(error.contains("redis.url (REDIS_URL)"), "{url}: {error}");
        }
    }
}
