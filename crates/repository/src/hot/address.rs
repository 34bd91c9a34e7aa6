//! Where the lines go: to the same database as the pool, said to another driver.
//!
//! What the pool's driver reads out of an address is taken from it, so that both understand the same. Whoever asks for
//! something that the lines cannot do as well (a certificate that is verified, or one of the client's own; statements
//! that are not kept, as poolers of connections want it) has none.
use super::{lines::LIMIT, tls::Encrypted};
use sea_orm::sqlx::postgres::{PgConnectOptions, PgSslMode};
use std::{future::Future, pin::Pin, str::FromStr, time::Duration};
use tokio_postgres::{Client, Config, Error, NoTls, config::SslMode};
use url::Url;

/// Everything that is needed to dial.
#[derive(Clone)]
pub(crate) struct Address {
    config: Config,
    plain: bool,
}

/// Runs as long as its connection stands.
pub(super) type Connection = Pin<Box<dyn Future<Output = Result<(), Error>> + Send>>;

/// Parameters of an address that the lines do not know.
const FOREIGN: [&str; 8] =
    ["sslcert", "ssl-cert", "sslkey", "ssl-key", "sslrootcert", "ssl-root-cert", "ssl-ca", "statement-cache-capacity"];

impl Address {
    /// `None` when no line can go there.
    pub(crate) fn of(url: &str, statement_timeout: Duration) -> Option<Self> {
        let parsed = Url::parse(url).ok().filter(|url| matches!(url.scheme(), "postgres" | "postgresql"))?;
        if parsed.query_pairs().any(|(name, _)| FOREIGN.contains(&&*name)) {
            return None;
        }
        let timeout = format!("{}ms", statement_timeout.as_millis());
        let known = PgConnectOptions::from_str(url).ok()?.options([("statement_timeout", timeout)]);
        let mode = match known.get_ssl_mode() {
            PgSslMode::Disable | PgSslMode::Allow => SslMode::Disable,
            PgSslMode::Prefer => SslMode::Prefer,
            PgSslMode::Require => SslMode::Require,
            PgSslMode::VerifyCa | PgSslMode::VerifyFull => return None,
        };
        let mut config = Config::new();
        config.user(known.get_username()).port(known.get_port()).ssl_mode(mode).application_name("gymapi lines");
        config.connect_timeout(LIMIT).tcp_user_timeout(LIMIT);
        match known.get_socket() {
            Some(folder) => config.host_path(folder),
            None => config.host(known.get_host()),
        };
        known.get_database().map(|database| config.dbname(database));
        known.get_options().map(|options| config.options(options));
        password(&parsed).map(|password| config.password(password));
        Some(Self { config, plain: mode == SslMode::Disable })
    }

    pub(super) async fn dial(&self) -> Result<(Client, Connection), Error> {
        if self.plain {
            let (client, connection) = self.config.connect(NoTls).await?;
            return Ok((client, Box::pin(connection)));
        }
        let (client, connection) = self.config.connect(Encrypted::new()).await?;
        Ok((client, Box::pin(connection)))
    }
}

/// The last one named counts, as for the pool.
fn password(url: &Url) -> Option<String> {
    let named = url.query_pairs().filter(|(name, _)| name == "password").last().map(|(_, value)| value.into_owned());
    let in_front = || {
        let password = percent_encoding::percent_decode_str(url.password()?);
        Some(password.decode_utf8().ok()?.into_owned())
    };
    named.or_else(in_front).or_else(|| std::env::var("PGPASSWORD").ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio_postgres::config::Host;

    fn of(url: &str) -> Option<Config> {
        Address::of(url, Duration::from_secs(30)).map(|address| address.config)
    }

    #[test]
    fn an_address_means_to_the_lines_what_it_means_to_the_pool() {
        let config = of("postgres://ana:p%40ss@db.example:6432/gym?options[search_path]=own").unwrap();
        assert_eq!((config.get_user(), config.get_dbname()), (Some("ana"), Some("gym")));
        assert_eq!(config.get_password(), Some(&b"p@ss"[..]));
        assert_eq!((config.get_hosts(), config.get_ports()), (&[Host::Tcp("db.example".into())][..], &[6432][..]));
        let options = config.get_options().unwrap();
        assert!(options.contains("search_path=own") && options.contains("statement_timeout=30000ms"), "{options}");
        let socket = of("postgresql://ana@%2Fvar%2Frun/gym?password=word").unwrap();
        assert_eq!(socket.get_hosts(), [Host::Unix("/var/run".into())]);
        assert_eq!(socket.get_password(), Some(&b"word"[..]));
    }

    #[test]
    fn a_line_is_as_safe_as_the_pool_or_is_not_there() {
        for (parameters, mode) in [
            ("", Some(SslMode::Prefer)),
            ("?sslmode=prefer", Some(SslMode::Prefer)),
            ("?sslmode=require", Some(SslMode::Require)),
            ("?sslmode=disable", Some(SslMode::Disable)),
            ("?sslmode=verify-ca", None),
            ("?sslmode=verify-full", None),
            ("?sslmode=require&sslcert=/own.pem&sslkey=/own.key", None),
            ("?sslrootcert=/ca.pem", None),
            ("?statement-cache-capacity=0", None),
        ] {
            let config = of(&format!("postgres://ana@db/gym{parameters}"));
            assert_eq!(config.map(|config| config.get_ssl_mode()), mode, "{parameters}");
        }
        assert!(of("sqlite://gym.db").is_none());
    }
}
