//! Tracking URIs. No message may show the password of one, however it is written.
#![no_main]

use mltrace::error::Error;
use mltrace::store::{self, Address, StoreEnvironment, resolve, without_credentials};
use std::path::{Path, PathBuf};

const PASSWORD: &str = "fuzz-secret-1";

libfuzzer_sys::fuzz_target!(|text: &str| {
    if text.len() > 300 || text.contains("secret") || is_folder_of_this_machine(text) {
        return;
    }
    let around = StoreEnvironment { cwd: PathBuf::from("/nonexistent"), ..StoreEnvironment::default() };
    let shown = without_credentials(text);
    assert_eq!(without_credentials(&shown), shown);
    opened(text, &around);
    for uri in [format!("https://kim:{PASSWORD}@{text}"), format!("http://kim:{PASSWORD}{text}@host:5000/x")] {
        assert!(!without_credentials(&uri).contains(PASSWORD), "{uri}");
        if let Some(error) = opened(&uri, &around) {
            assert!(!format!("{} {:?} {:?}", error.message, error.causes, error.hints).contains(PASSWORD), "{uri}");
        }
    }
});

/// Resolves a URI and makes the client of a server, which asks nothing of it yet.
fn opened(uri: &str, around: &StoreEnvironment) -> Option<Error> {
    match resolve(Some(uri), around) {
        Err(error) => Some(error.into()),
        Ok(resolved) if matches!(resolved.address, Address::Server(_)) => {
            match store::open(&resolved.address, around) {
                Err(error) => Some(error.into()),
                Ok(store) => {
                    assert!(!store.name().contains(PASSWORD), "{uri}");
                    None
                }
            }
        }
        Ok(_) => None,
    }
}

/// Whether a text names what is there: a folder would be searched for documents, and what is in it is no part of a run.
fn is_folder_of_this_machine(text: &str) -> bool {
    let decoded = text.replace("%2F", "/").replace("%2f", "/").replace("%2E", ".").replace("%2e", ".");
    [text, &decoded].iter().any(|text| {
        text.contains("..")
            || text.match_indices('/').any(|(at, _)| {
                text.get(at..).is_some_and(|rest| Path::new(rest.trim_end()).exists() || Path::new(rest).exists())
            })
    })
}
