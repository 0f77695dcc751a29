//! The keywords of libpq: those of a tracking URI as SQLAlchemy reads it, completed by environment variables.

use crate::store::Secret;
use crate::store::error::PostgresSettingsError;
use percent_encoding::percent_decode_str;
use postgres::config::TargetSessionAttrs;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// The keywords of libpq that are used, and the environment variables that set them (PostgreSQL 17, "Database Connection
/// Control Functions" and "Environment Variables").
pub const POSTGRES_VARIABLES: [(&str, &str); 14] = [
    ("host", "PGHOST"),
    ("port", "PGPORT"),
    ("user", "PGUSER"),
    ("password", "PGPASSWORD"),
    ("passfile", "PGPASSFILE"),
    ("dbname", "PGDATABASE"),
    ("sslmode", "PGSSLMODE"),
    ("sslrootcert", "PGSSLROOTCERT"),
    ("sslcert", "PGSSLCERT"),
    ("sslkey", "PGSSLKEY"),
    ("options", "PGOPTIONS"),
    ("connect_timeout", "PGCONNECT_TIMEOUT"),
    ("application_name", "PGAPPNAME"),
    ("target_session_attrs", "PGTARGETSESSIONATTRS"),
];

/// The port of PostgreSQL.
const DEFAULT_PORT: u16 = 5432;

/// Settings for PostgreSQL from the environment.
#[derive(Clone, Debug, Default)]
pub struct PostgresSettings {
    /// The values of [`POSTGRES_VARIABLES`], by keyword.
    pub keywords: BTreeMap<&'static str, Secret>,
    /// The home folder, with `.pgpass` and `.postgresql/root.crt`.
    pub home: Option<PathBuf>,
}

/// The keywords of libpq with a value.
pub(super) struct Keywords {
    values: BTreeMap<String, String>,
    /// Keywords of the tracking URI that are not used.
    pub(super) unused: Vec<String>,
}

impl Keywords {
    /// Reads the keywords of a tracking URI. Those that are missing come from the environment.
    pub(super) fn new(uri: &str, env: &PostgresSettings) -> Result<Self, PostgresSettingsError> {
        let uri = ParsedUri::parse(uri)?;
        let from_env = env.keywords.iter().map(|(keyword, value)| ((*keyword).to_owned(), value.reveal().to_owned()));
        Ok(Self { values: from_env.chain(uri.keywords).collect(), unused: uri.unused })
    }

    pub(super) fn get(&self, keyword: &str) -> Option<&str> {
        self.values.get(keyword).map(String::as_str).filter(|value| !value.is_empty())
    }

    pub(super) fn parse<T: std::str::FromStr>(
        &self,
        keyword: &'static str,
        expected: &'static str,
    ) -> Result<Option<T>, PostgresSettingsError> {
        let parse = |value: &str| {
            let invalid = |_| PostgresSettingsError::InvalidValue { keyword, value: value.to_owned(), expected };
            value.trim().parse().map_err(invalid)
        };
        self.get(keyword).map(parse).transpose()
    }

    /// Returns which of several hosts is used.
    pub(super) fn session_attributes(&self) -> Result<TargetSessionAttrs, PostgresSettingsError> {
        const KEYWORD: &str = "target_session_attrs";
        match self.get(KEYWORD).unwrap_or("any") {
            "any" | "prefer-standby" => Ok(TargetSessionAttrs::Any),
            "read-write" | "primary" => Ok(TargetSessionAttrs::ReadWrite),
            "read-only" | "standby" => Ok(TargetSessionAttrs::ReadOnly),
            other => Err(PostgresSettingsError::InvalidValue {
                keyword: KEYWORD,
                value: other.to_owned(),
                expected: "any, read-write, read-only, primary, standby or prefer-standby",
            }),
        }
    }

    /// Returns the hosts and their ports: those of the URI or the environment, else where a local server listens.
    pub(super) fn hosts(&self) -> Result<Vec<(String, u16)>, PostgresSettingsError> {
        const EXPECTED: &str = "a number up to 65535";
        let invalid = |value: &str| PostgresSettingsError::InvalidValue {
            keyword: "port",
            value: value.to_owned(),
            expected: EXPECTED,
        };
        let parse = |port: &str| port.trim().parse::<u16>().map_err(|_| invalid(port));
        let ports: Vec<u16> =
            self.get("port").into_iter().flat_map(|ports| ports.split(',')).map(parse).collect::<Result<_, _>>()?;
        let hosts: Vec<&str> =
            self.get("host").map_or_else(|| vec![default_host()], |hosts| hosts.split(',').collect());
        hosts
            .into_iter()
            .enumerate()
            .map(|(at, host)| {
                let (host, port) = split_port(host);
                let port = port.map(parse).transpose()?.or_else(|| ports.get(at).or(ports.last()).copied());
                Ok((host.to_owned(), port.unwrap_or(DEFAULT_PORT)))
            })
            .collect()
    }
}

/// Returns where a local server listens: a folder with its socket (Debian's or the one of PostgreSQL), else this machine.
fn default_host() -> &'static str {
    let has_socket = |folder: &&str| Path::new(folder).join(format!(".s.PGSQL.{DEFAULT_PORT}")).exists();
    ["/var/run/postgresql", "/tmp"].into_iter().find(has_socket).unwrap_or("localhost")
}

/// Splits `host:port`, `[address]:port` or the path of a folder with a socket.
fn split_port(host: &str) -> (&str, Option<&str>) {
    if host.starts_with('/') {
        return (host, None);
    }
    if let Some((address, rest)) = host.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        return (address, rest.strip_prefix(':').filter(|port| !port.is_empty()));
    }
    match host.split_once(':') {
        // An address without brackets has several colons.
        Some((name, port)) if !port.contains(':') => (name, Some(port).filter(|port| !port.is_empty())),
        _ => (host, None),
    }
}

/// A tracking URI, `postgresql[+driver]://[user[:password]@][host[:port],…][/database][?keyword=value&…]`.
struct ParsedUri {
    /// Keywords of libpq.
    keywords: Vec<(String, String)>,
    /// Keywords that are not used.
    unused: Vec<String>,
}

impl ParsedUri {
    fn parse(uri: &str) -> Result<Self, PostgresSettingsError> {
        let (_, rest) = uri.split_once("://").ok_or(PostgresSettingsError::InvalidUri)?;
        let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
        let (authority, database) = rest.split_once('/').unwrap_or((rest, ""));
        // A `/` or `?` in a password has to be encoded.
        if database.contains('@') || query.contains('@') && !authority.contains('@') {
            return Err(PostgresSettingsError::InvalidUri);
        }
        let (user, hosts) = authority.rsplit_once('@').unwrap_or(("", authority));
        let (user, password) = user.split_once(':').unwrap_or((user, ""));
        let decoded = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
        let mut parsed = Self { keywords: Vec::new(), unused: Vec::new() };
        for (keyword, value) in [("user", user), ("password", password), ("host", hosts), ("dbname", database)] {
            if !value.is_empty() {
                parsed.keywords.push((keyword.to_owned(), decoded(value)));
            }
        }
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let (keyword, value) = pair.split_once('=').unwrap_or((pair, ""));
            parsed.add(&decoded(keyword), decoded(&value.replace('+', " ")));
        }
        Ok(parsed)
    }

    fn add(&mut self, keyword: &str, value: String) {
        // `ssl` is a keyword of asyncpg.
        let (keyword, value) = match (keyword, value.as_str()) {
            ("ssl", "true" | "True" | "1") => ("sslmode", "require".to_owned()),
            ("ssl", _) => ("sslmode", value),
            _ => (keyword, value),
        };
        if !POSTGRES_VARIABLES.iter().any(|(known, _)| *known == keyword) {
            return self.unused.push(keyword.to_owned());
        }
        // Several hosts are given as several values.
        match self.keywords.iter_mut().find(|(known, _)| known == keyword) {
            Some((_, hosts)) if keyword == "host" => *hosts = format!("{hosts},{value}"),
            Some((_, earlier)) => *earlier = value,
            None => self.keywords.push((keyword.to_owned(), value)),
        }
    }
}

/// Removes the password from a URI, for messages and commands to run.
pub(in crate::store) fn without_password(uri: &str) -> String {
    let (scheme, rest) = uri.split_once("://").unwrap_or(("postgresql", uri));
    let authority = &rest[..rest.find(['/', '?']).unwrap_or(rest.len())];
    let (user, rest) = match (authority.rfind('@'), rest.rfind('@')) {
        (Some(at), _) => (rest[..at].split(':').next().unwrap_or_default(), &rest[at + 1..]),
        // A password with a `/` or `?` that is not encoded.
        (None, Some(at)) => ("", &rest[at + 1..]),
        (None, None) => ("", rest),
    };
    let (hosts_and_database, query) = rest.split_once('?').unwrap_or((rest, ""));
    let at = if user.is_empty() { "" } else { "@" };
    let is_shown = |pair: &&str| !pair.is_empty() && !pair.to_ascii_lowercase().contains("passw");
    let query: Vec<&str> = query.split('&').filter(is_shown).collect();
    let mark = if query.is_empty() { "" } else { "?" };
    format!("{scheme}://{user}{at}{hosts_and_database}{mark}{}", query.join("&"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keywords(uri: &str, env: &[(&'static str, &str)]) -> Keywords {
        let env = env.iter().map(|(keyword, value)| (*keyword, Secret::new((*value).to_owned()))).collect();
        Keywords::new(uri, &PostgresSettings { keywords: env, home: None }).unwrap()
    }

    #[test]
    fn tracking_uris_are_read_as_by_sqlalchemy() {
        let all = keywords(
            "postgresql+psycopg2://ada:a%40b%2Fc@db.example:5433/ml%20flow?sslmode=require&options=-csearch_path%3Dtraces",
            &[("user", "eve"), ("application_name", "ci")],
        );
        let value = |keyword| all.get(keyword).unwrap();
        assert_eq!(value("user"), "ada");
        assert_eq!(value("password"), "a@b/c");
        assert_eq!(value("dbname"), "ml flow");
        assert_eq!(value("options"), "-csearch_path=traces");
        assert_eq!(value("application_name"), "ci");
        assert_eq!(all.hosts().unwrap(), [("db.example".to_owned(), 5433)]);
    }

    #[test]
    fn hosts_are_names_addresses_and_sockets() {
        let hosts = |uri| keywords(uri, &[("port", "6000")]).hosts().unwrap();
        let expected = |host: &str, port| (host.to_owned(), port);
        assert_eq!(hosts("postgresql://a:1,b/x"), [expected("a", 1), expected("b", 6000)]);
        assert_eq!(hosts("postgresql://[::1]:5433/x"), [expected("::1", 5433)]);
        assert_eq!(hosts("postgresql:///x?host=/run/a&port=7000"), [expected("/run/a", 7000)]);
        assert_eq!(hosts("postgresql:///x?host=a:1&host=b:2"), [expected("a", 1), expected("b", 2)]);
        assert!(keywords("postgresql://a:b/x", &[]).hosts().is_err());
    }

    #[test]
    fn passwords_are_not_shown() {
        assert_eq!(
            without_password("postgresql+psycopg://ada:secret@h:1/db?sslmode=require&password=secret"),
            "postgresql+psycopg://ada@h:1/db?sslmode=require"
        );
        assert_eq!(without_password("postgresql:///db"), "postgresql:///db");
        assert_eq!(without_password("postgresql://ada:a?b@h/db"), "postgresql://h/db");
        assert_eq!(without_password("postgresql:ada:secret@h"), "postgresql://postgresql@h");
    }
}
