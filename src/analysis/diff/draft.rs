//! A change before it is reported, with what it is recognized by at other spans.

use super::content::{Piece, PieceKey, is_distinctive, is_of_function, key_of};
use super::ids::normal;
use super::structure::Difference;
use super::words::{MatchIds, diff};
use super::{Change, ChangedField, WordOp, WordRun};
use crate::model::Json;

/// A change before it is reported.
#[derive(Debug)]
pub(super) struct DraftChange {
    pub(super) change: Change,
    pub(super) identity: ChangeKey,
}

/// What a change is recognized by at other spans.
#[derive(Debug)]
pub(super) enum ChangeKey {
    /// The same values.
    Values(PieceKey),
    /// The same texts, or the same words in place of others.
    Texts {
        /// The text of the first trace, and that of the second.
        texts: [Option<Piece>; 2],
        /// Words before and after, 0 for none, and whether they are distinctive.
        words: Vec<((PieceKey, PieceKey), bool)>,
    },
}

/// Values that are longer are compared word by word.
const LONG: usize = 40;

impl DraftChange {
    /// A value that is another.
    pub(super) fn value(field: ChangedField, name: Option<&str>, a: Option<&str>, b: Option<&str>) -> Self {
        let identity = ChangeKey::Values(key_of((field, name, a.map(normal), b.map(normal))));
        let [name, a, b] = [name, a, b].map(|text| text.map(str::to_owned));
        Self { change: Change { field, name, a, b, words: Vec::new(), repeated: 0 }, identity }
    }

    /// A value that is another, word by word where it is long.
    pub(super) fn wordy(field: ChangedField, name: Option<&str>, a: Option<&str>, b: Option<&str>) -> Self {
        let mut draft = Self::value(field, name, a, b);
        if let Some((a, b)) = a.zip(b).filter(|(a, b)| a.len().max(b.len()) > LONG) {
            draft.change.words = diff(a, b, MatchIds::Yes);
        }
        draft
    }

    /// A difference that no message shows, by its path. It is the same wherever the same values are.
    pub(super) fn structure(field: ChangedField, difference: &Difference) -> Self {
        let [a, b] = [&difference.a, &difference.b].map(|value| value.as_ref().map(Json::display));
        let identity = ChangeKey::Values(key_of(("structure", &a, &b)));
        Self { identity, ..Self::wordy(field, Some(&difference.path), a.as_deref(), b.as_deref()) }
    }

    /// A text that is another, or that only one of the traces has.
    pub(super) fn text(field: ChangedField, a: Option<&Piece>, b: Option<&Piece>) -> Self {
        let both = a.zip(b);
        let words = both.map(|(a, b)| diff(&a.text, &b.text, MatchIds::Yes)).unwrap_or_default();
        let identity = ChangeKey::Texts { texts: [a, b].map(Option::<&Piece>::cloned), words: replaced(&words) };
        let name = b.or(a).map(|piece| piece.name.clone()).filter(|name| !is_of_function(name));
        let [a, b] = [a, b].map(|piece| piece.map(|piece| piece.text.clone()));
        Self { change: Change { field, name, a, b, words, repeated: 0 }, identity }
    }
}

/// The words that stand in place of others, and whether they are distinctive.
fn replaced(words: &[WordRun]) -> Vec<((PieceKey, PieceKey), bool)> {
    let key = |run: &WordRun| key_of(normal(run.text.trim()));
    let mut found: Vec<((PieceKey, PieceKey), bool)> = Vec::new();
    let mut is_behind_deleted = false;
    for run in words {
        let is_distinctive = is_distinctive(&run.text);
        match (run.op, found.last_mut()) {
            (WordOp::Equal, _) => {}
            (WordOp::Delete, _) => found.push(((key(run), 0), is_distinctive)),
            (WordOp::Insert, Some(last)) if is_behind_deleted => {
                *last = ((last.0.0, key(run)), last.1 || is_distinctive);
            }
            (WordOp::Insert, _) => found.push(((0, key(run)), is_distinctive)),
        }
        is_behind_deleted = run.op == WordOp::Delete;
    }
    found
}
