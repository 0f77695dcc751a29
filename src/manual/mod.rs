//! Help topics: `mltrace help TOPIC` and the manual pages `mltrace-TOPIC(7)`. To add one: a Markdown file and a line below.

mod blocks;

pub use blocks::{Block, blocks};

/// A help topic.
#[derive(Clone, Copy, Debug)]
pub struct Topic {
    /// Its name on the command line.
    pub name: &'static str,
    /// What it is about, in a few words.
    pub summary: &'static str,
    /// Its text, in Markdown. The first line is its title.
    pub text: &'static str,
}

/// All topics, in the order of `mltrace help`.
pub const TOPICS: &[Topic] = &[
    topic("selecting", "names of traces, filters, order, number of rows", include_str!("selecting.md")),
    topic("filters", "MLflow's filter language", include_str!("filters.md")),
    topic("stores", "where traces are read from", include_str!("stores.md")),
    topic("servers", "tracking servers: variables, credentials, limits", include_str!("servers.md")),
    topic("tokens", "how calls and tokens are counted", include_str!("tokens.md")),
    topic("prices", "where costs come from", include_str!("prices.md")),
    topic("conversations", "conversations, sessions, failures", include_str!("conversations.md")),
    topic("comparing", "what trace diff compares", include_str!("comparing.md")),
    topic("gates", "check in CI: rules, baselines, reports", include_str!("gates.md")),
    topic("json", "JSON, CSV and ids: stability guarantees", include_str!("json.md")),
    topic("exit-codes", "exit codes and error codes", include_str!("exit-codes.md")),
    topic("security", "trust model, guarantees, limits", include_str!("security.md")),
];

const fn topic(name: &'static str, summary: &'static str, text: &'static str) -> Topic {
    Topic { name, summary, text }
}

/// The topic with this name.
#[must_use]
pub fn find(name: &str) -> Option<&'static Topic> {
    TOPICS.iter().find(|topic| topic.name == name)
}
