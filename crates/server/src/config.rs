//! The configuration: one typed tree, from defaults, a TOML file and the environment, in this order.
mod environment;
mod masked;
mod messages;

pub use environment::VARIABLES;
pub use masked::masked;
pub use messages::{OneSignalApi, OneSignalConfig, SmtpConfig};

use config::{Config as Source, File, FileFormat};
use serde::{Deserialize, Serialize};
use std::{
    net::IpAddr,
    path::{Path, PathBuf},
};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Environment {
    Development,
    Production,
}

impl Environment {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Development => "development",
            Self::Production => "production",
        }
    }
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    pub environment: Environment,
    /// Where the embedded database, the files and the development key lie.
    pub data_dir: PathBuf,
    /// Fill an empty database with a small demo world.
    pub demo: bool,
    pub http: HttpConfig,
    pub database: DatabaseConfig,
    pub redis: RedisConfig,
    pub queue: QueueConfig,
    pub storage: StorageConfig,
    pub media: MediaConfig,
    pub auth: AuthConfig,
    pub auth0: Auth0Config,
    pub onesignal: OneSignalConfig,
    pub smtp: SmtpConfig,
    pub secrets: SecretsConfig,
    pub cache_ttl: CacheTtlConfig,
    pub telemetry: TelemetryConfig,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HttpConfig {
    /// `host:port` to listen on.
    pub addr: String,
    /// The address under which clients reach the API; empty = `http://{addr}`.
    pub public_url: String,
    /// Seconds.
    pub request_timeout: u64,
    pub max_in_flight: usize,
    /// Bytes of a body that is not an upload.
    pub max_body: usize,
    /// Origins that browsers may call from; empty = any.
    pub cors_origins: Vec<String>,
    pub trust_proxy_headers: bool,
    pub trusted_proxies: Vec<IpAddr>,
    pub rate_limits: bool,
    /// Opens `/metrics` outside the private network.
    pub metrics_token: String,
    /// Seconds that running requests get when the process is asked to stop.
    pub shutdown_limit: u64,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DatabaseConfig {
    /// Empty = SQLite under `data_dir`.
    pub url: String,
    pub max_connections: u32,
    /// How many of them all requests share for their most frequent reads: at most a quarter; PostgreSQL. 0 = none.
    pub hot_connections: u32,
    /// Seconds.
    pub statement_timeout: u64,
    /// Bring the schema up to date at the start.
    pub migrate: bool,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RedisConfig {
    /// Empty = cache and counters in this process.
    pub url: String,
    pub prefix: String,
    pub connections: usize,
    /// Bytes of the cache in this process, when there is no Redis.
    pub memory: u64,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct QueueConfig {
    /// Of an SQS FIFO queue; empty = none: the worker does the work itself.
    pub url: String,
    pub dead_letter_url: String,
    pub region: String,
    /// For stores that speak the protocol but are not AWS.
    pub endpoint: String,
    pub access_key: String,
    pub secret_key: String,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StorageConfig {
    /// Of an S3-compatible store; empty = files under `data_dir`.
    pub endpoint: String,
    pub region: String,
    pub access_key: String,
    pub secret_key: String,
    /// Where anyone may read the objects: `{public_url}/{bucket}/{path}`.
    pub public_url: String,
    /// A Supabase project, `https://….supabase.co`: its S3 endpoint and public addresses.
    pub supabase_url: String,
    pub profile_image_bucket: String,
    pub gym_logo_bucket: String,
    pub posts_bucket: String,
    pub stories_bucket: String,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MediaConfig {
    /// Seconds that an upload may take.
    pub upload_timeout: u64,
    /// Where uploads wait that are too large for memory, a folder of this instance's own; empty = in the system's
    /// folder for temporary files.
    pub spool_folder: PathBuf,
    /// Only tell what the orphan sweep would delete.
    pub orphan_sweep_dry_run: bool,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AuthConfig {
    /// `iss` of the tokens, exactly; empty = `https://{auth0.domain}/`, or the development issuer.
    pub issuer: String,
    pub audience: String,
    /// Where the issuer's keys are; empty = found by the issuer's discovery document.
    pub jwks_url: String,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Auth0Config {
    /// Empty = another issuer, or the development issuer.
    pub domain: String,
    pub client_id: String,
    pub client_secret: String,
    pub callback_url: String,
    pub allowed_redirect_uris: Vec<String>,
    /// The machine application that manages accounts; empty = accounts are managed elsewhere.
    pub mgmt_client_id: String,
    pub mgmt_client_secret: String,
    pub mgmt_audience: String,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SecretsConfig {
    /// What the identity provider's hooks prove themselves with; empty = refused.
    pub auth0_webhook_secret: String,
    /// Opens the address check; empty = refused.
    pub public_api_key: String,
    /// Opens the making of the first administrator; empty = closed.
    pub admin_secret_key: String,
    /// Opens the workers' operations; empty = refused.
    pub worker_api_key: String,
}

/// Seconds.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CacheTtlConfig {
    pub user_membership: u64,
    pub negative: u64,
    pub gym_details: u64,
    pub user_profile: u64,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TelemetryConfig {
    /// As in `info,gymapi_services=debug`.
    pub log: String,
    pub log_json: bool,
    /// An OpenTelemetry collector, `http://host:4318/v1/traces`; empty = no traces.
    pub otlp_endpoint: String,
}

/// What is wrong with the configuration, in words that say what to do.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct ConfigError(String);

const DEFAULTS: &str = include_str!("config/defaults.toml");

impl Config {
    /// Defaults, then the file, then the environment.
    pub fn load(file: Option<&Path>) -> Result<Self, ConfigError> {
        let mut source = Source::builder().add_source(File::from_str(DEFAULTS, FileFormat::Toml));
        if let Some(path) = file {
            let text = std::fs::read_to_string(path)
                .map_err(|e| ConfigError(format!("the configuration file {} cannot be read: {e}", path.display())))?;
            source = source.add_source(File::from_str(&text, FileFormat::Toml));
        }
        let error = |e: config::ConfigError| ConfigError(format!("the configuration is not valid: {e}"));
        for variable in VARIABLES {
            if let Ok(value) = std::env::var(variable.name) {
                source = variable.set(source, &value).map_err(error)?;
            }
        }
        let config: Self = source.build().and_then(Source::try_deserialize).map_err(error)?;
        config.check()?;
        Ok(config)
    }

    pub fn is_production(&self) -> bool {
        self.environment == Environment::Production
    }

    /// The issuer of the tokens; `None` = this server itself, for development.
    pub fn issuer(&self) -> Option<String> {
        match (self.auth.issuer.as_str(), self.auth0.domain.as_str()) {
            ("", "") => None,
            ("", domain) => Some(format!("https://{domain}/")),
            (issuer, _) => Some(issuer.to_owned()),
        }
    }

    /// Values that cannot work, and missing ones, name themselves.
    fn check(&self) -> Result<(), ConfigError> {
        let times = [
            (self.http.request_timeout, "http.request_timeout (GYMAPI_REQUEST_TIMEOUT)"),
            (self.media.upload_timeout, "media.upload_timeout (GYMAPI_UPLOAD_TIMEOUT)"),
        ];
        if let Some((_, name)) = times.iter().find(|(seconds, _)| !(1..=86_400).contains(seconds)) {
            return Err(ConfigError(format!("{name} must be between 1 and 86400 seconds")));
        }
        let mut missing = Vec::new();
        if self.is_production() {
            if self.issuer().is_none() {
                missing.push("auth.issuer (OIDC_ISSUER) or auth0.domain (AUTH0_DOMAIN)");
            }
            if self.database.url.is_empty() {
                missing.push("database.url (DATABASE_URL)");
            }
        }
        if self.auth.audience.is_empty() {
            missing.push("auth.audience (AUTH0_API_AUDIENCE)");
        }
        if !self.auth0.domain.is_empty() {
            let required = [
                (&self.auth0.client_id, "auth0.client_id (AUTH0_CLIENT_ID)"),
                (&self.auth0.client_secret, "auth0.client_secret (AUTH0_CLIENT_SECRET)"),
                (&self.auth0.callback_url, "auth0.callback_url (AUTH0_CALLBACK_URL)"),
            ];
            missing.extend(required.iter().filter(|(value, _)| value.is_empty()).map(|(_, name)| *name));
            if self.auth0.allowed_redirect_uris.is_empty() {
                missing.push("auth0.allowed_redirect_uris (AUTH0_ALLOWED_REDIRECT_URIS)");
            }
            if !self.auth0.mgmt_client_id.is_empty() && self.auth0.mgmt_client_secret.is_empty() {
                missing.push("auth0.mgmt_client_secret (AUTH0_MGMT_CLIENT_SECRET)");
            }
        }
        let s3 = !self.storage.endpoint.is_empty() || !self.storage.supabase_url.is_empty();
        if s3 && (self.storage.access_key.is_empty() || self.storage.secret_key.is_empty()) {
            missing.push("storage.access_key and storage.secret_key (GYMAPI_STORAGE_ACCESS_KEY, _SECRET_KEY)");
        }
        if !self.smtp.user.is_empty() && self.smtp.password.is_empty() {
            missing.push("smtp.password (SMTP_PASSWORD)");
        }
        if missing.is_empty() {
            return Ok(());
        }
        Err(ConfigError(format!("required configuration is missing: {}", missing.join("; "))))
    }

    pub fn public_url(&self) -> String {
        match self.http.public_url.as_str() {
            "" => format!("http://{}", self.http.addr),
            url => url.trim_end_matches('/').to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load(toml: &str) -> Result<Config, ConfigError> {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), toml).unwrap();
        Config::load(Some(file.path()))
    }

    #[test]
    fn the_defaults_are_complete() {
        let config = load("").unwrap();
        assert_eq!(config.http.addr, "127.0.0.1:8000");
        assert!(config.issuer().is_none());
    }

    #[test]
    fn idn_4_auth0_is_an_issuer_with_a_trailing_slash() {
        let config = load(
            "[auth0]\ndomain = \"t.eu.auth0.com\"\nclient_id = \"a\"\nclient_secret = \"b\"\ncallback_url = \"c\"\n\
             allowed_redirect_uris = [\"app://cb\"]",
        );
        assert_eq!(config.unwrap().issuer().as_deref(), Some("https://t.eu.auth0.com/"));
    }

    #[test]
    fn what_is_missing_names_itself_and_its_variable() {
        let error = load("environment = \"production\"").unwrap_err().to_string();
        assert!(error.contains("OIDC_ISSUER") && error.contains("DATABASE_URL"), "{error}");
        let error = load("[auth0]\ndomain = \"t.eu.auth0.com\"").unwrap_err().to_string();
        assert!(error.contains("AUTH0_CLIENT_SECRET") && error.contains("AUTH0_ALLOWED_REDIRECT_URIS"), "{error}");
        let error = load("[smtp]\nuser = \"gym\"").unwrap_err().to_string();
        assert!(error.contains("SMTP_PASSWORD"), "{error}");
    }

    #[test]
    fn a_time_out_of_nothing_is_refused() {
        let error = load("[media]\nupload_timeout = 0").unwrap_err().to_string();
        assert!(error.contains("GYMAPI_UPLOAD_TIMEOUT"), "{error}");
        let error = load("[http]\nrequest_timeout = 0").unwrap_err().to_string();
        assert!(error.contains("GYMAPI_REQUEST_TIMEOUT"), "{error}");
    }

    #[test]
    fn every_variable_sets_a_place_of_the_tree_and_the_media_ones_theirs() {
        let tree = toml::Value::try_from(load("").unwrap()).unwrap();
        for variable in VARIABLES {
            let place = variable.path.split('.').try_fold(&tree, |table, name| table.get(name));
            assert!(place.is_some(), "{} sets {}", variable.name, variable.path);
        }
        let mut source = Source::builder().add_source(File::from_str(DEFAULTS, FileFormat::Toml));
        for (name, value) in [
            ("GYMAPI_UPLOAD_TIMEOUT", "240"),
            ("GYMAPI_SPOOL_FOLDER", "/spool"),
            ("GYMAPI_ORPHAN_SWEEP_DRY_RUN", "true"),
        ] {
            let variable = VARIABLES.iter().find(|variable| variable.name == name).expect(name);
            source = variable.set(source, value).unwrap();
        }
        let config: Config = source.build().and_then(Source::try_deserialize).unwrap();
        let shown = masked(&config);
        for line in ["upload_timeout = 240", "spool_folder = \"/spool\"", "orphan_sweep_dry_run = true"] {
            assert!(shown.contains(line), "{shown}");
        }
    }

    #[test]
    fn a_name_that_is_not_known_is_refused() {
        assert!(load("[http]\nadress = \"x\"").unwrap_err().to_string().contains("adress"));
    }

    #[test]
    fn idn_9_secrets_are_masked_when_the_tree_is_shown() {
        let config = load(
            "[secrets]\nadmin_secret_key = \"hunter2\"\nworker_api_key = \"hunter2\"\n\
             [database]\nurl = \"postgres://me:hunter2@db/gym\"\n\
             [redis]\nurl = \"rediss://:hunter2@cache:6380\"\n[onesignal]\nrest_api_key = \"hunter2\"\n\
             [smtp]\npassword = \"hunter2\"",
        );
        let shown = masked(&config.unwrap());
        assert!(!shown.contains("hunter2"), "{shown}");
        assert!(shown.contains("postgres://me:***@db/gym"), "{shown}");
    }
}
