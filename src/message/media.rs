//! Images, audio, video and files in messages.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};

/// The metadata of an image, audio, video or other file; its content is not stored.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Media {
    /// `image`, `audio`, `video` or `file`.
    pub kind: String,
    /// The MIME type: `image/png`.
    pub media_type: Option<String>,
    /// The file name or id.
    pub name: Option<String>,
    /// The URL, if the content is not in the message.
    pub url: Option<String>,
    /// The size in bytes.
    pub bytes: Option<u64>,
    /// A hash of the content, which distinguishes media of the same size.
    pub digest: u64,
}

impl Media {
    /// Reads a `data:` URI or a reference to an MLflow attachment (3.11 on, `tracing/attachments.py`).
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

    pub(crate) fn from_base64(data: &str) -> Self {
        let known = BASE64_PREFIXES
            .iter()
            .find(|(start, _)| data.starts_with(start))
            .map(|(_, media_type)| (*media_type).to_owned());
        Self { bytes: Some(base64_length(data)), media_type: known, digest: digest(data), ..Self::default() }
    }
}

/// Prefixes of files in base64, with their MIME types.
const BASE64_PREFIXES: [(&str, &str); 5] = [
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

/// Returns the decoded length of base64 text, in bytes.
fn base64_length(data: &str) -> u64 {
    let digits = data.trim_end_matches('=').len() as u64;
    digits * 3 / 4
}
