//! The choice of the store that a command reads.

use super::context::Context;
use crate::analysis::doctor::OtherStore;
use crate::error::Result;
use crate::model::StoreKind;
use crate::store::{self, Address, Notice, TraceStore, aggregates};

/// Which store was chosen, and why.
#[derive(Debug)]
pub struct Choice {
    /// Why, as a clause for messages.
    pub reason: String,
    /// The other store in the same folder.
    other: Option<Address>,
    /// Whether the chosen store is the fallback, because the one that MLflow would use has no traces or cannot be read.
    is_fallback: bool,
}

impl Context {
    /// Opens the store given by the flags, the environment or MLflow's default.
    ///
    /// # Errors
    /// When the store does not exist or cannot be read.
    pub fn open_store(&self) -> Result<Box<dyn TraceStore>> {
        self.choose_store().map(|(store, _)| store)
    }

    /// Opens the store and returns why it was chosen.
    ///
    /// # Errors
    /// When the store does not exist or cannot be read.
    pub fn choose_store(&self) -> Result<(Box<dyn TraceStore>, Choice)> {
        let resolved = store::resolve(self.globals().tracking_uri.as_deref(), &self.environment.store)?;
        let opened = store::open(&resolved.address, &self.environment.store);
        // MLflow's default may be an empty leftover beside the store in use.
        if let Some(other) = &resolved.fallback
            && opened.as_ref().map_or(Ok(true), |opened| aggregates::is_empty(&**opened)).unwrap_or(true)
            && let Ok(second) = store::open(other, &self.environment.store)
            && !aggregates::is_empty(&*second).unwrap_or(true)
        {
            let problem = if opened.is_ok() { "has no traces" } else { "cannot be read" };
            let reason = format!("`{}` {problem}", resolved.address.name());
            self.note(&format!("{reason}; reading `{}`", other.name()));
            return Ok((second, Choice { reason, other: Some(resolved.address), is_fallback: true }));
        }
        let opened = opened?;
        for notice in opened.notices() {
            match notice {
                Notice::Note(text) => self.note(&text),
                Notice::Warning(text) => self.warning(&text),
                Notice::Detail(text) => self.verbose(&text),
            }
        }
        self.verbose(&format!("store `{}`: {}", opened.name(), resolved.reason));
        Ok((opened, Choice { reason: resolved.reason, other: resolved.fallback, is_fallback: false }))
    }

    /// Returns the store beside the chosen one. Returns `None` if it cannot be read, unless MLflow would use it.
    #[must_use]
    pub fn other_store(&self, choice: &Choice) -> Option<OtherStore> {
        let other = choice.other.as_ref()?;
        let is_empty =
            || store::open(other, &self.environment.store).and_then(|store| aggregates::is_empty(&*store)).ok();
        Some(OtherStore {
            name: other.name(),
            has_traces: if choice.is_fallback { false } else { !is_empty()? },
            is_preferred: choice.is_fallback,
            kind: if matches!(other, Address::Files(_)) { StoreKind::Files } else { StoreKind::Sqlite },
        })
    }
}
