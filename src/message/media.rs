//! Images, sounds and files within messages.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};

/// An image, sound or file, of which only what it is matters here.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Media {
    /// `image`, `audio`, `file`, `video`.
    pub kind: String,
    /// `image/png`
    pub media_type: Option<String>,
    /// A file's name or id.
    pub name: Option<String>,
    /// Where it is, if not in the message itself.
    pub url: Option<String>,
    /// How large it is.
    pub bytes: Option<u64>,
    /// A hash of its content, which distinguishes media of the same size.
    pub digest: u64,
}

impl Media {
    /// What a `data:` URI or an attachment of MLflow (3.11 on, `tracing/attachments.py`) holds.
    pub(crate) fn from_uri(uri: &str, kind: &str) -> Option<Self> {
        let of_type = |media_type: &str, kind: &str| match media_type.split('/').next() {
            Some(known @ ("image" | "audio" | "video")) => known.to_owned(),
            _ => kind.to_owned(),
        };
        if let Some(rest) = uri.strip_prefix("data:") {
            let (head, data) = rest.split_once(',')?;
            let media_type = head.split(';').next().filter(|name| name.contains('/'))?;
            let bytes = if head.ends_with(";base64") { base64_length(data) } else { data.len() as u64 };
            return Some(Self {
                kind: of_type(media_type, kind),
                media_type: Some(media_type.to_owned()),
                bytes: Some(bytes),
                digest: digest(data),
                ..Self::default()
            });
        }
        let rest = uri.strip_prefix("mlflow-attachment://")?;
        let (id, options) = rest.split_once('?').unwrap_or((rest, ""));
        let option = |key: &str| options.split('&').find_map(|pair| pair.strip_prefix(key)?.strip_prefix('='));
        let media_type = option("content_type").map(|name| name.replace("%2F", "/").replace("%2f", "/"));
        Some(Self {
            kind: of_type(media_type.as_deref().unwrap_or_default(), kind),
            media_type,
            name: Some(id.to_owned()),
            bytes: option("size").and_then(|size| size.parse().ok()),
            ..Self::default()
        })
    }

    pub(crate) fn of_base64(data: &str) -> Self {
        let known =
            KNOWN.iter().find(|(start, _)| data.starts_with(start)).map(|(_, media_type)| (*media_type).to_owned());
        Self { bytes: Some(base64_length(data)), media_type: known, digest: digest(data), ..Self::default() }
    }
}

/// How files of these types begin in base64.
const KNOWN: [(&str, &str); 5] = [
    ("iVBOR", "image/png"),
    ("/9j/", "image/jpeg"),
    ("R0lGOD", "image/gif"),
    ("UklGR", "image/webp"),
    ("JVBERi", "application/pdf"),
];

fn digest(data: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    data.hash(&mut hasher);
    hasher.finish()
}

/// The decoded length of a base64 text, in bytes.
fn base64_length(data: &str) -> u64 {
    let digits = data.trim_end_matches('=').len() as u64;
    digits * 3 / 4
}
