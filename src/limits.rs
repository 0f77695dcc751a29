//! Limits on bytes, depth, time, rows, pages and threads.
//!
//! They apply to every store, server, file and argument. Input over a limit results in a problem or an error that names
//! the limit, never in silently truncated output.

use std::time::Duration;

// Bytes.

/// Bytes of a record, tag or assessment in a file store. MLflow truncates previews to 1,000 characters.
pub const RECORD_BYTES: u64 = 1 << 20;

/// Bytes of a spans file, an attachment or a document. Files written by MLflow are far smaller.
pub const FILE_BYTES: u64 = 2 << 30;

/// Decompressed bytes of a spans file or a document; bounds decompression bombs.
pub const UNPACKED_BYTES: u64 = 512 << 20;

/// Total bytes of the documents of a folder, which are held in memory.
pub const DOCUMENTS_BYTES: u64 = 4 << 30;

/// Bytes of a file of rules, prices, certificates or a baseline, and of a list of ids.
pub const SETTINGS_BYTES: u64 = 64 << 20;

/// Bytes of a database that is copied because it cannot be read in place.
pub const COPY_BYTES: u64 = 4 << 30;

/// Maximum bytes of a database copy in memory; a larger copy is a temporary file.
pub const COPY_IN_MEMORY_BYTES: u64 = 64 << 20;

/// Bytes of one value in a database. A larger span is not shown.
pub const VALUE_BYTES: u32 = 256 << 20;

/// Bytes of one value of a trace record in a database: a preview, tag, metadata value or assessment.
pub const RECORD_VALUE_BYTES: u32 = 16 << 20;

/// Bytes of a page of a list from a server.
pub const PAGE_BYTES: u64 = 256 << 20;

/// Bytes of any other response.
pub const RESPONSE_BYTES: u64 = 1 << 30;

/// Decompressed bytes of a compressed response. A larger one is requested again without compression.
pub const UNPACKED_RESPONSE_BYTES: u64 = 128 << 20;

/// Total bytes of concurrent responses, and of the traces decoded from them until these are consumed. Above it,
/// responses are read one after another.
pub const CONCURRENT_RESPONSES_BYTES: u64 = 512 << 20;

/// Characters of a server's error message that are shown.
pub const MESSAGE_CHARS: usize = 500;

// Depth.

/// Nested lists and maps in a record of a file store; the limit of its parser.
pub const RECORD_LEVELS: usize = 128;

/// Nested lists and maps in OTLP values. Servers stop far earlier: protobuf messages nest at most 100 deep, and a map
/// takes three levels.
pub const OTLP_LEVELS: usize = 200;

/// Levels of a document folder that are read: its own files, and those of its direct subfolders.
pub const FOLDER_LEVELS: usize = 2;

/// Nested groups in a regular expression.
pub const REGEX_LEVELS: usize = 60;

// Time.

/// Timeout for connecting to a server.
pub const CONNECT_TIME: Duration = Duration::from_secs(5);

/// Default timeout of a request, including retries. `MLFLOW_HTTP_REQUEST_TIMEOUT` overrides it.
pub const REQUEST_TIME: Duration = Duration::from_secs(30);

/// Time that a statement of a database server waits for a lock, such as that of a migration.
pub const DATABASE_LOCK_TIME: Duration = Duration::from_secs(5);

/// Time limit of a statement of a database server.
pub const DATABASE_STATEMENT_TIME: Duration = Duration::from_secs(120);

/// Maximum duration of one read transaction on a SQLite database. A writer that is blocked by it retries after 1, 3, 8, 18, 33
/// ms … (SQLite's busy handler), so even on a busy machine its commit is delayed far less than 100 ms.
pub const READ_TIME: Duration = Duration::from_millis(10);

/// Steps of SQLite's virtual machine in one read, about a minute's work. Counting 100 million rows of an index takes a
/// fifth of them. Needed because the page tree of a damaged or malicious database can have more rows than bytes.
pub const READ_STEPS: u64 = 5_000_000_000;

/// Backtracking steps of MLflow's regular expressions (`RLIKE`) in one text.
pub const REGEX_STEPS: usize = 50_000_000;

/// Backtracking steps of the `--grep` pattern in one text, about a second's work.
pub const GREP_STEPS: usize = 20_000_000;

/// Total time of all searches for one pattern with look-around or back-references, in addition to
/// [`PATTERN_TIME_PER_BYTE`]. Other patterns take linear time and are not bounded.
pub const PATTERN_TIME: Duration = Duration::from_secs(5);

/// Time that each byte of text adds to [`PATTERN_TIME`]: several times what a search without backtracking takes.
pub const PATTERN_TIME_PER_BYTE: Duration = Duration::from_nanos(200);

/// Bytes of memory of a compiled regular expression.
pub const REGEX_BYTES: usize = 64 << 20;

// Rows and pages.

/// Conditions of one query. Each may look up another table for every trace, and SQLite's time grows with the square of
/// their number. MLflow is limited to 64 joined tables.
pub const CONDITIONS: usize = 100;

/// Entries of a document folder that are examined.
pub const FOLDER_ENTRIES: usize = 100_000;

/// Directives (`%TAG`) at the start of a record of a file store. MLflow writes none.
pub const RECORD_DIRECTIVES: usize = 16;

/// Message indexes in attribute names (`gen_ai.prompt.7.role`), which are untrusted numbers.
pub const MESSAGE_POSITIONS: usize = 100_000;

/// Pages of a server's list of experiments: 200,000 experiments at 1,000 per page.
pub const EXPERIMENT_PAGES: usize = 200;

/// Pages of a server's list of traces: 10 million traces at 500 per page.
pub const TRACE_PAGES: usize = 20_000;

/// Consecutive pages that are less than half full although the server names a next page. MLflow fills its pages; a
/// proxy that hides entries by permission may thin out some.
pub const SPARSE_PAGES: usize = 100;

/// Redirects that are followed.
pub const REDIRECTS: usize = 5;

// Threads.

/// Concurrent requests to a server.
pub const CONCURRENT_REQUESTS: usize = 8;

/// Concurrent connections to a database.
pub const CONCURRENT_CONNECTIONS: usize = 4;

/// Bytes of address space that a thread may take: its stack and its glibc malloc arena.
pub const THREAD_ADDRESS_BYTES: u64 = 136 << 20;

/// Bytes of address space that are reserved for the thread that starts others.
pub const RESERVED_ADDRESS_BYTES: u64 = 96 << 20;

#[cfg(test)]
mod tests {
    use super::*;

    /// Formats a size as the security page writes it.
    fn size(bytes: u64) -> String {
        if bytes >= 1 << 30 { format!("{} GiB", bytes >> 30) } else { format!("{} MiB", bytes >> 20) }
    }

    #[test]
    fn the_security_page_states_these_limits() {
        let text = include_str!("manual/security.md");
        for (what, limit) in [
            ("a record, tag or assessment", size(RECORD_BYTES)),
            ("levels of lists", RECORD_LEVELS.to_string()),
            ("a file of spans", size(FILE_BYTES)),
            ("a compressed one", size(UNPACKED_BYTES)),
            ("all documents", size(DOCUMENTS_BYTES)),
            ("a file of rules", size(SETTINGS_BYTES)),
            ("a copy of a database", format!("{}; {}", size(COPY_IN_MEMORY_BYTES), size(COPY_BYTES))),
            ("levels and entries", format!("{FOLDER_LEVELS}; 100,000")),
            ("a response of a server", format!("{}; {}", size(RESPONSE_BYTES), size(PAGE_BYTES))),
            ("a compressed response", size(UNPACKED_RESPONSE_BYTES)),
            ("all responses", size(CONCURRENT_RESPONSES_BYTES)),
        ] {
            let row = text.lines().find(|line| line.starts_with(&format!("| {what}")));
            assert!(row.is_some_and(|row| row.trim_end_matches([' ', '|']).ends_with(&limit)), "{what}: {limit}");
        }
        assert_eq!(FOLDER_ENTRIES, 100_000);
    }
}
