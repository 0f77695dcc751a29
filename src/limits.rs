//! What one input may cost at most, in one table: bytes, depth, time, rows, pages and threads.
//!
//! Whatever a store, a server, a file or an argument holds, it costs no more than this. What goes over a limit is a problem
//! or an error that names it, and never a shorter answer in silence.

use std::time::Duration;

// Bytes.

/// Bytes of a record, tag or assessment of a file store. MLflow cuts previews at 1,000 characters.
pub const RECORD_BYTES: u64 = 1 << 20;

/// Bytes of a file of spans, of an attachment, and of a document: nothing that MLflow writes comes near.
pub const FILE_BYTES: u64 = 2 << 30;

/// Bytes of a file of spans or a document that was packed: a few bytes may unpack to very many.
pub const UNPACKED_BYTES: u64 = 512 << 20;

/// Bytes of all documents of a folder together, which are held in memory.
pub const DOCUMENTS_BYTES: u64 = 4 << 30;

/// Bytes of a file of rules, prices, a baseline or certificates, and of a list of ids.
pub const SETTINGS_BYTES: u64 = 64 << 20;

/// Bytes of a database that is copied because it cannot be read in place.
pub const COPY_BYTES: u64 = 4 << 30;

/// Bytes of such a copy that is held in memory; a larger one is a temporary file.
pub const COPY_IN_MEMORY_BYTES: u64 = 64 << 20;

/// Bytes of one value in a database. A span that is larger is not shown.
pub const VALUE_BYTES: u32 = 256 << 20;

/// Bytes of one value of a record in a database: a preview, tag, entry of the metadata or assessment.
pub const RECORD_VALUE_BYTES: u32 = 16 << 20;

/// Bytes of a page of a server's list.
pub const PAGE_BYTES: u64 = 256 << 20;

/// Bytes of any other answer of a server.
pub const ANSWER_BYTES: u64 = 1 << 30;

/// Bytes that a packed answer of a server may unpack to. A longer one is asked for again, unpacked.
pub const UNPACKED_ANSWER_BYTES: u64 = 128 << 20;

/// Bytes of all answers of a server that are read at once, and of the traces they became until these are passed on. Above it
/// they are read one after the other.
pub const ANSWERS_BYTES: u64 = 512 << 20;

/// Characters of a server's message that are shown.
pub const MESSAGE_CHARS: usize = 500;

// Depth.

/// Levels of lists and maps in a record of a file store: what its parser accepts.
pub const RECORD_LEVELS: usize = 128;

/// Levels of lists and maps of OpenTelemetry that are followed. A server stops far before: its messages nest 100 deep at
/// most, and a map takes three of them.
pub const WIRE_LEVELS: usize = 200;

/// Levels of a folder of documents that are read: its own files, and those of the folders in it.
pub const FOLDER_LEVELS: usize = 2;

/// Levels of groups in a regular expression.
pub const REGEX_LEVELS: usize = 60;

// Time.

/// How long it may take to reach a server.
pub const CONNECT_TIME: Duration = Duration::from_secs(5);

/// How long one question to a server may take in all, repetitions included, unless the environment says otherwise.
pub const QUESTION_TIME: Duration = Duration::from_secs(30);

/// How long one read of a database may last. A writer that meets it looks again after 1, 3, 8, 18, 33 ms … (SQLite's busy
/// handler), so even on a busy machine its commit is held up far less than 100 ms.
pub const READ_TIME: Duration = Duration::from_millis(10);

/// Steps of SQLite's virtual machine in one read of a database, which are a minute's work. Counting a hundred million rows
/// of an index takes a fifth of them; a damaged or hostile tree of pages may have more rows than bytes.
pub const READ_STEPS: u64 = 5_000_000_000;

/// Steps back of MLflow's regular expressions in one text.
pub const REGEX_STEPS: usize = 50_000_000;

/// Steps back of the pattern of `--grep` in one text, which take about a second.
pub const GREP_STEPS: usize = 20_000_000;

/// How long all searches of one pattern with look-around or back-references may take, beyond
/// [`PATTERN_TIME_PER_BYTE`]. Patterns without them take time in proportion to the text, and are not bounded.
pub const PATTERN_TIME: Duration = Duration::from_secs(5);

/// What each byte of a text adds to [`PATTERN_TIME`]: several times what a pattern takes that does not go back.
pub const PATTERN_TIME_PER_BYTE: Duration = Duration::from_nanos(200);

/// Bytes of memory that a compiled regular expression may take.
pub const REGEX_BYTES: usize = 64 << 20;

// Rows and pages.

/// Conditions of one query. Each may be a look-up in another table for every trace, and SQLite takes time in proportion to
/// their square. MLflow cannot join more than 64 tables of its database.
pub const CONDITIONS: usize = 100;

/// Entries of a folder of documents that are looked at.
pub const FOLDER_ENTRIES: usize = 100_000;

/// Directives (`%TAG`) at the beginning of a record of a file store. MLflow writes none.
pub const RECORD_DIRECTIVES: usize = 16;

/// Positions of messages that attributes write as numbers (`gen_ai.prompt.7.role`): anybody may write any number.
pub const MESSAGE_POSITIONS: usize = 100_000;

/// Pages of a server's list of experiments: 200,000 experiments at 1,000 a page.
pub const EXPERIMENT_PAGES: usize = 200;

/// Pages of a server's list of traces: 10 million traces at 500 a page.
pub const TRACE_PAGES: usize = 20_000;

/// Pages in a row that are less than half full although the server names a next one. MLflow fills its pages; a proxy that
/// hides what a user may not see may thin out some.
pub const SPARSE_PAGES: usize = 100;

/// Redirects of a server that are followed.
pub const REDIRECTS: usize = 5;

// Threads.

/// Questions that are asked of a server at once.
pub const QUESTIONS_AT_ONCE: usize = 8;

/// Connections to a database that read at once.
pub const CONNECTIONS_AT_ONCE: usize = 4;

/// Bytes of address space that a thread may take: its stack, and what glibc reserves for what it allocates.
pub const THREAD_ADDRESS_BYTES: u64 = 136 << 20;

/// Bytes of address space that are left to the thread there is.
pub const OWN_ADDRESS_BYTES: u64 = 96 << 20;

#[cfg(test)]
mod tests {
    use super::*;

    /// A size as people write it.
    fn size(bytes: u64) -> String {
        if bytes >= 1 << 30 { format!("{} GiB", bytes >> 30) } else { format!("{} MiB", bytes >> 20) }
    }

    #[test]
    fn readers_are_given_these_limits() {
        let text = include_str!("../.github/SECURITY.md");
        for (what, limit) in [
            ("a record, tag or assessment", size(RECORD_BYTES)),
            ("levels of lists", RECORD_LEVELS.to_string()),
            ("a file of spans", size(FILE_BYTES)),
            ("a packed one", size(UNPACKED_BYTES)),
            ("all documents", size(DOCUMENTS_BYTES)),
            ("a file of rules", size(SETTINGS_BYTES)),
            ("a copy of a database", format!("{}; {}", size(COPY_IN_MEMORY_BYTES), size(COPY_BYTES))),
            ("levels and entries", format!("{FOLDER_LEVELS}; 100,000")),
            ("an answer of a server", format!("{}; {}", size(ANSWER_BYTES), size(PAGE_BYTES))),
            ("a packed answer", size(UNPACKED_ANSWER_BYTES)),
            ("all answers", size(ANSWERS_BYTES)),
        ] {
            let row = text.lines().find(|line| line.starts_with(&format!("| {what}")));
            assert!(row.is_some_and(|row| row.trim_end_matches([' ', '|']).ends_with(&limit)), "{what}: {limit}");
        }
        assert_eq!(FOLDER_ENTRIES, 100_000);
    }
}
