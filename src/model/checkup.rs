//! What a store says of itself, beside the traces in it.

/// The kinds of stores.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StoreKind {
    /// A SQLite database.
    Sqlite,
    /// A file store (`mlruns`).
    Files,
    /// A tracking server.
    Server,
    /// Documents of traces.
    Documents,
    /// The sample compiled into the program.
    Sample,
}

impl StoreKind {
    /// The word of the JSON output.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Sqlite => "sqlite",
            Self::Files => "files",
            Self::Server => "server",
            Self::Documents => "documents",
            Self::Sample => "sample",
        }
    }
}

/// A revision of a database's schema, which MLflow compares with its own before it opens the database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Revision {
    /// Alembic's id.
    pub id: String,
    /// The releases of MLflow that have this schema, `3.5 to 3.7`; none where that is not known.
    pub releases: Option<&'static str>,
}

/// What a store says of itself.
#[derive(Clone, Debug)]
pub struct StoreInfo {
    /// What it is.
    pub kind: StoreKind,
    /// The revisions that a database says it has: one, unless something went wrong. None for other stores.
    pub revisions: Vec<Revision>,
    /// The release of MLflow that a server says it is of.
    pub server_release: Option<String>,
    /// How large it is, where that is told without looking at every file.
    pub bytes: Option<u64>,
}

impl StoreInfo {
    /// A store of a kind of which no more is known.
    #[must_use]
    pub const fn new(kind: StoreKind) -> Self {
        Self { kind, revisions: Vec::new(), server_release: None, bytes: None }
    }
}

/// The first two numbers of a release of MLflow, or of another package.
#[must_use]
pub fn release_of(text: &str) -> Option<(u32, u32)> {
    let mut numbers = text.split('.').map_while(|part| part.parse::<u32>().ok());
    numbers.next().zip(numbers.next())
}
