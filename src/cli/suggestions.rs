//! "Did you mean" suggestions for names that do not exist.

use crate::error::{Error, ErrorCode};

/// Returns up to three names similar to `wanted`, the most similar first.
#[must_use]
pub fn nearest<'a>(wanted: &str, names: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let mut near: Vec<(f64, &str)> = names
        .map(|name| {
            let (a, b) = (wanted.to_lowercase(), name.to_lowercase());
            let contains = a.len() > 2 && (b.contains(&a) || a.contains(&b));
            (if contains { 1.0 } else { strsim::jaro_winkler(&a, &b) }, name)
        })
        .filter(|(likeness, _)| *likeness > 0.8)
        .collect();
    near.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.1.cmp(b.1)));
    near.dedup();
    near.into_iter().take(3).map(|(_, name)| name).collect()
}

/// Returns the error for a name that does not exist, with similar names as a hint. `noun` is the kind of object:
/// `span`.
#[must_use]
pub fn not_found<'a>(noun: &str, wanted: &str, names: impl Iterator<Item = &'a str>) -> Error {
    let error = Error::new(ErrorCode::NotFound, format!("no {noun} `{wanted}`"));
    let near = nearest(wanted, names);
    if near.is_empty() {
        error
    } else {
        error.hint(format!(
            "did you mean {}?",
            near.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(" or ")
        ))
    }
}
