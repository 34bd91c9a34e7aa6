use config::{ConfigBuilder, ConfigError, builder::DefaultState};

/// An environment variable and the place in the tree that it sets.
pub struct Variable {
    pub name: &'static str,
    pub path: &'static str,
    list: bool,
}

impl Variable {
    pub(super) fn set(
        &self,
        source: ConfigBuilder<DefaultState>,
        value: &str,
    ) -> Result<ConfigBuilder<DefaultState>, ConfigError> {
        if self.list {
            let items: Vec<String> =
                value.split(',').map(str::trim).filter(|item| !item.is_empty()).map(str::to_owned).collect();
            return source.set_override(self.path, items);
        }
        source.set_override(self.path, value)
    }
}

const fn one(name: &'static str, path: &'static str) -> Variable {
    Variable { name, path, list: false }
}

/// Separated by commas.
const fn many(name: &'static str, path: &'static str) -> Variable {
    Variable { name, path, list: true }
}

/// Every variable that is read. Names that the replaced system used are kept.
pub const VARIABLES: &[Variable] = &[
    one("GYMAPI_ENVIRONMENT", "environment"),
    one("GYMAPI_DATA_DIR", "data_dir"),
    one("GYMAPI_DEMO", "demo"),
    one("GYMAPI_HTTP_ADDR", "http.addr"),
    one("GYMAPI_PUBLIC_URL", "http.public_url"),
    one("GYMAPI_REQUEST_TIMEOUT", "http.request_timeout"),
    one("GYMAPI_MAX_IN_FLIGHT", "http.max_in_flight"),
    one("GYMAPI_MAX_BODY", "http.max_body"),
    many("GYMAPI_CORS_ORIGINS", "http.cors_origins"),
    one("TRUST_PROXY_HEADERS", "http.trust_proxy_headers"),
    many("GYMAPI_TRUSTED_PROXIES", "http.trusted_proxies"),
    one("GYMAPI_RATE_LIMITS", "http.rate_limits"),
    one("GYMAPI_METRICS_TOKEN", "http.metrics_token"),
    one("GYMAPI_SHUTDOWN_LIMIT", "http.shutdown_limit"),
    one("DATABASE_URL", "database.url"),
    one("GYMAPI_DATABASE_CONNECTIONS", "database.max_connections"),
    one("GYMAPI_HOT_CONNECTIONS", "database.hot_connections"),
    one("GYMAPI_STATEMENT_TIMEOUT", "database.statement_timeout"),
    one("GYMAPI_MIGRATE", "database.migrate"),
    one("REDIS_URL", "redis.url"),
    one("GYMAPI_REDIS_PREFIX", "redis.prefix"),
    one("GYMAPI_REDIS_CONNECTIONS", "redis.connections"),
    one("SQS_QUEUE_URL", "queue.url"),
    one("SQS_DEAD_LETTER_QUEUE_URL", "queue.dead_letter_url"),
    one("AWS_REGION", "queue.region"),
    one("SQS_ENDPOINT_URL", "queue.endpoint"),
    one("SQS_ACCESS_KEY", "queue.access_key"),
    one("SQS_SECRET_KEY", "queue.secret_key"),
    one("GYMAPI_STORAGE_ENDPOINT", "storage.endpoint"),
    one("GYMAPI_STORAGE_REGION", "storage.region"),
    one("GYMAPI_STORAGE_ACCESS_KEY", "storage.access_key"),
    one("GYMAPI_STORAGE_SECRET_KEY", "storage.secret_key"),
    one("GYMAPI_STORAGE_PUBLIC_URL", "storage.public_url"),
    one("SUPABASE_URL", "storage.supabase_url"),
    one("PROFILE_IMAGE_BUCKET", "storage.profile_image_bucket"),
    one("GYM_LOGO_BUCKET", "storage.gym_logo_bucket"),
    one("POSTS_BUCKET", "storage.posts_bucket"),
    one("STORIES_BUCKET", "storage.stories_bucket"),
    one("GYMAPI_UPLOAD_TIMEOUT", "media.upload_timeout"),
    one("GYMAPI_SPOOL_FOLDER", "media.spool_folder"),
    one("GYMAPI_ORPHAN_SWEEP_DRY_RUN", "media.orphan_sweep_dry_run"),
    one("OIDC_ISSUER", "auth.issuer"),
    one("OIDC_JWKS_URL", "auth.jwks_url"),
    one("AUTH0_API_AUDIENCE", "auth.audience"),
    one("AUTH0_DOMAIN", "auth0.domain"),
    one("AUTH0_CLIENT_ID", "auth0.client_id"),
    one("AUTH0_CLIENT_SECRET", "auth0.client_secret"),
    one("AUTH0_CALLBACK_URL", "auth0.callback_url"),
    many("AUTH0_ALLOWED_REDIRECT_URIS", "auth0.allowed_redirect_uris"),
    one("AUTH0_MGMT_CLIENT_ID", "auth0.mgmt_client_id"),
    one("AUTH0_MGMT_CLIENT_SECRET", "auth0.mgmt_client_secret"),
    one("AUTH0_MGMT_AUDIENCE", "auth0.mgmt_audience"),
    one("ONESIGNAL_APP_ID", "onesignal.app_id"),
    one("ONESIGNAL_REST_API_KEY", "onesignal.rest_api_key"),
    one("ONESIGNAL_API", "onesignal.api"),
    one("ONESIGNAL_BASE_URL", "onesignal.base_url"),
    one("SMTP_HOST", "smtp.host"),
    one("SMTP_PORT", "smtp.port"),
    one("SMTP_USER", "smtp.user"),
    one("SMTP_PASSWORD", "smtp.password"),
    one("SMTP_TLS", "smtp.tls"),
    one("EMAILS_FROM_EMAIL", "smtp.from_email"),
    one("EMAILS_FROM_NAME", "smtp.from_name"),
    one("AUTH0_WEBHOOK_SECRET", "secrets.auth0_webhook_secret"),
    one("PUBLIC_API_KEY", "secrets.public_api_key"),
    one("ADMIN_SECRET_KEY", "secrets.admin_secret_key"),
    one("WORKER_API_KEY", "secrets.worker_api_key"),
    one("CACHE_TTL_USER_MEMBERSHIP", "cache_ttl.user_membership"),
    one("CACHE_TTL_NEGATIVE", "cache_ttl.negative"),
    one("CACHE_TTL_GYM_DETAILS", "cache_ttl.gym_details"),
    one("CACHE_TTL_USER_PROFILE", "cache_ttl.user_profile"),
    one("GYMAPI_LOG", "telemetry.log"),
    one("GYMAPI_LOG_JSON", "telemetry.log_json"),
    one("OTEL_EXPORTER_OTLP_ENDPOINT", "telemetry.otlp_endpoint"),
];
