//! Properties of a store, apart from its traces.

/// The kind of a store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StoreKind {
    /// A SQLite database.
    Sqlite,
    /// A PostgreSQL database.
    Postgres,
    /// A file store (`mlruns`).
    Files,
    /// A tracking server.
    Server,
    /// Trace documents.
    Documents,
    /// The sample traces compiled into mltrace.
    Sample,
}

impl StoreKind {
    /// The name in JSON output.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Sqlite => "sqlite",
            Self::Postgres => "postgresql",
            Self::Files => "files",
            Self::Server => "server",
            Self::Documents => "documents",
            Self::Sample => "sample",
        }
    }
}

/// A database schema revision. MLflow compares it with its own before it opens the database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Revision {
    /// The Alembic revision id.
    pub id: String,
    /// The MLflow releases with this schema, such as `3.5 to 3.7`; `None` if unknown.
    pub releases: Option<&'static str>,
}

/// Properties of a store.
#[derive(Clone, Debug)]
pub struct StoreInfo {
    /// The kind of store.
    pub kind: StoreKind,
    /// The schema revisions recorded in a database: one, unless a migration went wrong. Empty for other stores.
    pub revisions: Vec<Revision>,
    /// The MLflow release that a server reports.
    pub server_release: Option<String>,
    /// The size in bytes, if it is known without reading every file.
    pub bytes: Option<u64>,
}

impl StoreInfo {
    /// Properties of which only the kind is known.
    #[must_use]
    pub const fn new(kind: StoreKind) -> Self {
        Self { kind, revisions: Vec::new(), server_release: None, bytes: None }
    }
}

/// Parses the major and minor version of a package release.
#[must_use]
pub fn parse_release(text: &str) -> Option<(u32, u32)> {
    let mut numbers = text.split('.').map_while(|part| part.parse::<u32>().ok());
    numbers.next().zip(numbers.next())
}
