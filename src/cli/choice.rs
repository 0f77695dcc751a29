//! Which store a command reads, and why.

use super::context::Context;
use crate::analysis::doctor::OtherStore;
use crate::error::Result;
use crate::model::StoreKind;
use crate::store::{self, Address, Notice, TraceStore};

/// Why a store was chosen.
#[derive(Debug)]
pub struct Choice {
    /// In words.
    pub why: String,
    /// The other store of the folder.
    other: Option<Address>,
    /// Whether MLflow would take that one, though it gives no traces.
    is_second: bool,
}

impl Context {
    /// Opens the store that the flags, the environment or MLflow's default name.
    ///
    /// # Errors
    /// When there is none, or it cannot be read.
    pub fn open_store(&self) -> Result<Box<dyn TraceStore>> {
        self.choose_store().map(|(store, _)| store)
    }

    /// The same, and why it is this one.
    ///
    /// # Errors
    /// When there is none, or it cannot be read.
    pub fn choose_store(&self) -> Result<(Box<dyn TraceStore>, Choice)> {
        let resolved = store::resolve(self.globals().tracking_uri.as_deref(), &self.environment.store)?;
        let opened = store::open(&resolved.address, &self.environment.store);
        // The default may be an empty left-over beside the store that is used.
        if let Some(other) = &resolved.other
            && opened.as_ref().map_or(Ok(true), |opened| opened.is_empty()).unwrap_or(true)
            && let Ok(second) = store::open(other, &self.environment.store)
            && !second.is_empty().unwrap_or(true)
        {
            let lack = if opened.is_ok() { "holds no traces" } else { "cannot be read" };
            let why = format!("`{}` {lack}", name(&resolved.address));
            self.note(&format!("{why}; reading `{}`", name(other)));
            return Ok((second, Choice { why, other: Some(resolved.address), is_second: true }));
        }
        let opened = opened?;
        for remark in opened.notices() {
            match remark {
                Notice::Note(text) => self.note(&text),
                Notice::Warning(text) => self.warning(&text),
                Notice::Detail(text) => self.verbose(&text),
            }
        }
        self.verbose(&format!("store `{}`: {}", opened.name(), resolved.why));
        Ok((opened, Choice { why: resolved.why, other: resolved.other, is_second: false }))
    }

    /// The store beside the one that was chosen. One that cannot be read is none, unless MLflow would take it.
    #[must_use]
    pub fn second_store(&self, choice: &Choice) -> Option<OtherStore> {
        let other = choice.other.as_ref()?;
        let is_empty = || store::open(other, &self.environment.store).and_then(|store| store.is_empty()).ok();
        Some(OtherStore {
            name: name(other),
            holds_traces: if choice.is_second { false } else { !is_empty()? },
            is_preferred: choice.is_second,
            kind: if matches!(other, Address::Files(_)) { StoreKind::Files } else { StoreKind::Sqlite },
        })
    }
}

/// What messages call the store at an address.
fn name(address: &Address) -> String {
    match address {
        Address::Sqlite(path) | Address::Files(path) | Address::Documents(path) => path.display().to_string(),
        Address::Server(uri) => store::without_credentials(uri),
        Address::Stdin => "-".to_owned(),
        Address::Demo => "demo:".to_owned(),
    }
}
