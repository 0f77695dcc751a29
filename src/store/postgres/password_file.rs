//! Passwords in libpq's password file (PostgreSQL 17, "The Password File").

use super::keywords::Keywords;
use crate::files;
use crate::limits;
use crate::store::{Notice, Secret};
use std::path::{Path, PathBuf};

/// Finds the password for the first host that has one.
pub(super) fn find(
    keywords: &Keywords,
    home: Option<&Path>,
    hosts: &[(String, u16)],
    notices: &mut Vec<Notice>,
) -> Option<Secret> {
    let path = keywords.get("passfile").map(PathBuf::from).or_else(|| Some(home?.join(".pgpass")))?;
    let text = files::read_text(&path, limits::SETTINGS_BYTES).ok()?;
    if is_readable_by_others(&path) {
        let message = format!("ignored `{}`, which other users can read; `chmod 600` makes it usable", path.display());
        notices.push(Notice::Warning(message));
        return None;
    }
    let user = keywords.get("user")?;
    let database = keywords.get("dbname").unwrap_or(user);
    let password = |(host, port): &(String, u16)| {
        // Connections over a socket are those of `localhost`.
        let host = if host.starts_with('/') { "localhost" } else { host };
        text.lines().find_map(|line| password_of(line, &[host, &port.to_string(), database, user]))
    };
    hosts.iter().find_map(password).map(Secret::new)
}

/// Returns the password of a line `host:port:database:user:password`, if it is the one of these four values. `*` is any
/// value, and a backslash escapes a colon or backslash.
fn password_of(line: &str, wanted: &[&str; 4]) -> Option<String> {
    if line.starts_with('#') {
        return None;
    }
    let mut rest = line;
    for value in wanted {
        let (field, after) = next_field(rest)?;
        if field != "*" && field != **value {
            return None;
        }
        rest = after;
    }
    // The password is the last field.
    Some(next_field(&format!("{rest}:"))?.0).filter(|password| !password.is_empty())
}

/// Splits off the field before the next unescaped colon.
fn next_field(text: &str) -> Option<(String, &str)> {
    let (mut field, mut is_escaped) = (String::new(), false);
    for (at, c) in text.char_indices() {
        match c {
            '\\' if !is_escaped => {
                is_escaped = true;
                continue;
            }
            ':' if !is_escaped => return Some((field, &text[at + 1..])),
            _ => field.push(c),
        }
        is_escaped = false;
    }
    None
}

#[cfg(unix)]
fn is_readable_by_others(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    path.metadata().is_ok_and(|metadata| metadata.permissions().mode() & 0o077 != 0)
}

#[cfg(not(unix))]
const fn is_readable_by_others(_path: &Path) -> bool {
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_are_found_by_all_four_values() {
        let of = |line| password_of(line, &["db.example", "5432", "mlflow", "ada"]);
        assert_eq!(of("db.example:5432:mlflow:ada:secret").as_deref(), Some("secret"));
        assert_eq!(of("*:*:*:ada:a\\:b\\\\c").as_deref(), Some("a:b\\c"));
        assert_eq!(of("db.example:5433:mlflow:ada:secret"), None);
        assert_eq!(of("#db.example:5432:mlflow:ada:secret"), None);
        assert_eq!(of("db.example:5432:mlflow:ada:"), None);
        assert_eq!(of("db.example:5432:mlflow"), None);
    }
}
