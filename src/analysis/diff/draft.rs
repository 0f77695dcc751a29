//! Changes before they are reported, with the keys by which other spans recognize them.

use super::content::{Piece, PieceKey, is_distinctive, is_function_role, key_of};
use super::ids::mask_ids;
use super::structure::Difference;
use super::words::{MatchIds, diff_words};
use super::{Change, ChangedField, WordOp, WordRun};
use crate::json::Json;

/// A change before it is reported.
#[derive(Debug)]
pub(super) struct DraftChange {
    pub(super) change: Change,
    pub(super) identity: ChangeKey,
}

/// The keys by which a change is recognized at other spans.
#[derive(Debug)]
pub(super) enum ChangeKey {
    /// The same values.
    Values(PieceKey),
    /// The same texts, or the same replaced words.
    Texts {
        /// The text of the first trace, and that of the second.
        texts: [Option<Piece>; 2],
        /// Keys of the words before and after (0 for none), and whether either is distinctive.
        replacements: Vec<((PieceKey, PieceKey), bool)>,
    },
}

/// Values longer than this are compared word by word.
const MIN_WORD_DIFF_BYTES: usize = 40;

impl DraftChange {
    /// A changed value.
    pub(super) fn value(field: ChangedField, name: Option<&str>, a: Option<&str>, b: Option<&str>) -> Self {
        let identity = ChangeKey::Values(key_of((field, name, a.map(mask_ids), b.map(mask_ids))));
        let [name, a, b] = [name, a, b].map(|text| text.map(str::to_owned));
        Self { change: Change { field, name, a, b, words: Vec::new(), repeated: 0 }, identity }
    }

    /// A changed value, with a word diff if it is long.
    pub(super) fn value_with_words(field: ChangedField, name: Option<&str>, a: Option<&str>, b: Option<&str>) -> Self {
        let mut draft = Self::value(field, name, a, b);
        if let Some((a, b)) = a.zip(b).filter(|(a, b)| a.len().max(b.len()) > MIN_WORD_DIFF_BYTES) {
            draft.change.words = diff_words(a, b, MatchIds::Yes);
        }
        draft
    }

    /// A difference that no message shows, named by its path. It is recognized by its values alone.
    pub(super) fn from_difference(field: ChangedField, difference: &Difference) -> Self {
        let [a, b] = [&difference.a, &difference.b].map(|value| value.as_ref().map(Json::display));
        let identity = ChangeKey::Values(key_of(("structure", &a, &b)));
        Self { identity, ..Self::value_with_words(field, Some(&difference.path), a.as_deref(), b.as_deref()) }
    }

    /// A text that changed, or that only one trace has.
    pub(super) fn text(field: ChangedField, a: Option<&Piece>, b: Option<&Piece>) -> Self {
        let both = a.zip(b);
        let words = both.map(|(a, b)| diff_words(&a.text, &b.text, MatchIds::Yes)).unwrap_or_default();
        let identity =
            ChangeKey::Texts { texts: [a, b].map(Option::<&Piece>::cloned), replacements: replacements(&words) };
        let name = b.or(a).map(|piece| piece.name.clone()).filter(|name| !is_function_role(name));
        let [a, b] = [a, b].map(|piece| piece.map(|piece| piece.text.clone()));
        Self { change: Change { field, name, a, b, words, repeated: 0 }, identity }
    }
}

/// Returns the keys of replaced words, and whether they are distinctive.
fn replacements(words: &[WordRun]) -> Vec<((PieceKey, PieceKey), bool)> {
    let key = |run: &WordRun| key_of(mask_ids(run.text.trim()));
    let mut found: Vec<((PieceKey, PieceKey), bool)> = Vec::new();
    let mut follows_deletion = false;
    for run in words {
        let is_distinctive = is_distinctive(&run.text);
        match (run.op, found.last_mut()) {
            (WordOp::Equal, _) => {}
            (WordOp::Delete, _) => found.push(((key(run), 0), is_distinctive)),
            (WordOp::Insert, Some(last)) if follows_deletion => {
                *last = ((last.0.0, key(run)), last.1 || is_distinctive);
            }
            (WordOp::Insert, _) => found.push(((0, key(run)), is_distinctive)),
        }
        follows_deletion = run.op == WordOp::Delete;
    }
    found
}
