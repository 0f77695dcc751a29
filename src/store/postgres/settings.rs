//! How to connect to a database.

use super::keywords::{Keywords, PostgresSettings};
use super::password_file;
use super::tls;
use crate::limits;
use crate::store::error::PostgresSettingsError;
use crate::store::{Notice, Secret};
use postgres::config::SslMode;
use rustls::ClientConfig;
use std::sync::Arc;
use std::time::Duration;

/// How to connect to a database.
pub(super) struct Connection {
    pub(super) config: postgres::Config,
    pub(super) tls: Arc<ClientConfig>,
    /// What is said about the settings when the store is opened.
    pub(super) notices: Vec<Notice>,
}

impl Connection {
    /// Reads the settings.
    pub(super) fn new(uri: &str, env: &PostgresSettings) -> Result<Self, PostgresSettingsError> {
        let keywords = Keywords::new(uri, env)?;
        let mut notices: Vec<Notice> = keywords.unused.iter().map(unused_notice).collect();
        let mut config = postgres::Config::new();
        let hosts = keywords.hosts()?;
        for (host, port) in &hosts {
            config.host(host).port(*port);
        }
        if let Some(user) = keywords.get("user") {
            config.user(user);
        }
        let database = keywords.get("dbname").or(keywords.get("user"));
        if let Some(database) = database {
            config.dbname(database);
        }
        let password = match keywords.get("password") {
            Some(password) => Some(Secret::new(password.to_owned())),
            None => password_file::find(&keywords, env.home.as_deref(), &hosts, &mut notices),
        };
        if let Some(password) = password {
            config.password(password.reveal());
        }
        if let Some(options) = keywords.get("options") {
            config.options(options);
        }
        config.application_name(keywords.get("application_name").unwrap_or("mltrace"));
        let timeout = keywords.parse::<i64>("connect_timeout", "a number of seconds")?;
        match timeout.map(u64::try_from) {
            None => config.connect_timeout(limits::CONNECT_TIME),
            Some(Ok(seconds)) if seconds > 0 => config.connect_timeout(Duration::from_secs(seconds)),
            // No limit, as in libpq.
            Some(_) => &mut config,
        };
        config.target_session_attrs(keywords.session_attributes()?);
        let (mode, trust) = tls::mode_and_trust(&keywords, env.home.as_deref())?;
        // There is no TLS over a socket.
        let is_local = hosts.iter().all(|(host, _)| host.starts_with('/'));
        config.ssl_mode(if is_local { SslMode::Disable } else { mode });
        let tls = tls::config(&keywords, &trust)?;
        Ok(Self { config, tls, notices })
    }
}

fn unused_notice(keyword: &String) -> Notice {
    Notice::Note(format!("ignored `{keyword}` of the tracking URI"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_used_is_said() {
        let settings = Connection::new("postgresql://h/x?gssencmode=disable", &PostgresSettings::default()).unwrap();
        assert_eq!(settings.notices, [Notice::Note("ignored `gssencmode` of the tracking URI".to_owned())]);
        let invalid = |uri| Connection::new(uri, &PostgresSettings::default()).err().map(|error| error.to_string());
        assert_eq!(invalid("postgresql://h/x?sslmode=on").as_deref(), Some("invalid value `on` for `sslmode`"));
        assert_eq!(invalid("postgresql://ada:a/b@h/x").as_deref(), Some("invalid tracking URI"));
    }
}
