//! Finds documents of traces and takes them apart: a file, a folder of them, or standard input.

use super::folder::{Folder, opening};
use crate::error::{Error, ErrorCode};
use crate::files::{AllowedFolders, bytes_of, read_named};
use crate::formats::{self, DocumentError, SpanBatch};
use crate::limits;
use crate::model::Problem;
use flate2::read::MultiGzDecoder;
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::io::{self, Read};
use std::ops::Range;
use std::path::{Path, PathBuf};

/// How gzip begins (RFC 1952).
const GZIP: [u8; 2] = [0x1f, 0x8b];

/// So much of a file tells whether it may be a document.
const HEAD_BYTES: usize = 4 << 10;

/// What is accepted, for errors.
pub(super) const ACCEPTED: &str =
    "OTLP (JSON, JSON lines, protobuf), MLflow's trace.json and traces of `mltrace trace show --json` are read";

/// What to do about output of mltrace that holds no whole trace.
const WRITES_READABLE: &str = "`mltrace trace show TRACE --json > t.json` writes a trace that can be read again";

/// Documents, and what they hold.
#[derive(Default)]
pub(super) struct Documents {
    /// Their bytes.
    pub(super) bytes: Vec<Vec<u8>>,
    /// What they hold, with the number of the document.
    pub(super) batches: Vec<(usize, SpanBatch)>,
    /// What could not be read.
    pub(super) problems: Vec<Problem>,
    /// Of a folder: how many of its files were read, and what was not.
    pub(super) folder: Option<FileCounts>,
}

/// What became of the files of a folder.
#[derive(Default)]
pub(super) struct FileCounts {
    /// Files that were read.
    pub(super) read: usize,
    /// Entries that were not, and why.
    pub(super) skipped: Vec<(PathBuf, &'static str)>,
    /// Stores of MLflow among them.
    pub(super) stores: Vec<PathBuf>,
}

impl Documents {
    /// A file that was named: it has to be a document.
    pub(super) fn of_file(path: &Path) -> crate::error::Result<Self> {
        let name = path.display();
        let unreadable = |error| Error::new(ErrorCode::StoreUnreadable, format!("cannot read `{name}`")).because(error);
        let bytes = read_named(path, limits::FILE_BYTES)
            .and_then(|bytes| unpacked(bytes, limits::UNPACKED_BYTES))
            .map_err(unreadable)?;
        Self::of_one(bytes, &format!("`{name}`"), Some(path))
    }

    /// Standard input.
    pub(super) fn of_stdin() -> crate::error::Result<Self> {
        let bytes = bytes_of(io::stdin().lock(), limits::FILE_BYTES)
            .and_then(|bytes| unpacked(bytes, limits::UNPACKED_BYTES))
            .map_err(|error| Error::new(ErrorCode::StoreUnreadable, "cannot read standard input").because(error))?;
        Self::of_one(bytes, "standard input", None)
    }

    fn of_one(bytes: Vec<u8>, name: &str, path: Option<&Path>) -> crate::error::Result<Self> {
        let mut documents = Self::default();
        let is_empty = bytes.trim_ascii().is_empty();
        documents.add(bytes, path).map_err(|why| match why {
            DocumentError::Summary(what) => {
                Error::new(ErrorCode::StoreUnreadable, format!("{name} holds {what}")).hint(WRITES_READABLE)
            }
            DocumentError::Signal(what) => {
                let message = format!("{name} holds {what}, and no traces");
                Error::new(ErrorCode::StoreUnreadable, message).hint(ACCEPTED)
            }
            DocumentError::Other(why) => {
                let message = if is_empty { format!("{name} is empty") } else { format!("{name} holds no traces") };
                Error::new(ErrorCode::StoreUnreadable, message).because(why).hint(ACCEPTED)
            }
        })?;
        Ok(documents)
    }

    /// The documents of a folder, in the order of their paths. What is none is skipped.
    pub(super) fn of_folder(path: &Path) -> Self {
        let Folder { files, skipped, stores, is_cut, unreadable } = Folder::list(path);
        let mut documents = Self { folder: Some(FileCounts { read: 0, skipped, stores }), ..Self::default() };
        for (path, error) in unreadable {
            let message = format!("a folder cannot be read: {error}");
            documents.problems.push(Problem::new("unreadable_folder", message).at(&path));
        }
        if is_cut {
            let message = "the folder has more entries than are looked at; the first are read";
            documents.problems.push(Problem::new("skipped_files", message).at(path));
        }
        let fence = AllowedFolders::around([path]);
        for path in files {
            documents.add_file(&path, &fence);
        }
        documents
    }

    /// Adds a file of a folder, if it looks like a document.
    fn add_file(&mut self, path: &Path, fence: &AllowedFolders) {
        let problem = match head(path) {
            Ok(head) if !formats::may_be_document(&head) => {
                if let Some(folder) = &mut self.folder {
                    folder.skipped.push((path.to_owned(), "no traces"));
                }
                return;
            }
            Ok(_) => {
                let read =
                    fence.read(path, limits::FILE_BYTES).and_then(|bytes| unpacked(bytes, limits::UNPACKED_BYTES));
                let read = read.and_then(|bytes| self.within_room(bytes, limits::DOCUMENTS_BYTES));
                let added = read.map_err(|error| DocumentError::Other(error.to_string()));
                let added = added.and_then(|bytes| self.add(bytes, Some(path)));
                match (added, &mut self.folder) {
                    (Ok(()), Some(folder)) => {
                        folder.read += 1;
                        return;
                    }
                    (Ok(()), None) => return,
                    (Err(DocumentError::Signal(what)), Some(folder)) => {
                        folder.skipped.push((path.to_owned(), what));
                        return;
                    }
                    (Err(why), _) => {
                        Problem::new("damaged_document", format!("a document of traces cannot be read: {why}"))
                    }
                }
            }
            Err(error) => Problem::new("unreadable_file", format!("a file cannot be read: {error}")),
        };
        self.problems.push(problem.at(path));
    }

    /// The bytes of a document, where those of all documents together are not too many with them.
    fn within_room(&self, bytes: Vec<u8>, most: u64) -> io::Result<Vec<u8>> {
        let held: u64 = self.bytes.iter().map(|bytes| bytes.len() as u64).sum();
        if held + bytes.len() as u64 <= most {
            return Ok(bytes);
        }
        Err(io::Error::other(format!("the documents of the folder have more than {most} bytes, which is the limit")))
    }

    /// Adds a document. Whatever is wrong with all of it is an error; what is wrong with a part is a problem.
    fn add(&mut self, bytes: Vec<u8>, path: Option<&Path>) -> Result<(), DocumentError> {
        if bytes.first() == Some(&0x0a) {
            match formats::batches_of_bytes(&bytes) {
                Ok(batches) => {
                    self.keep(bytes, batches);
                    return Ok(());
                }
                Err(signal @ DocumentError::Signal(_)) => return Err(signal),
                // A text may begin with an empty line.
                Err(_) => {}
            }
        }
        if !bytes.trim_ascii_start().starts_with(b"{") && !matches!(bytes.first(), Some(b'[' | 0xef)) {
            let is_empty = bytes.trim_ascii().is_empty();
            let why = if is_empty { "nothing is in it" } else { "neither JSON nor OTLP in bytes" };
            return Err(DocumentError::Other(why.to_owned()));
        }
        let text = String::from_utf8(bytes).unwrap_or_else(|error| {
            let message = "a document holds bytes that are not UTF-8; they are shown as U+FFFD";
            self.problems.push(at(Problem::new("not_utf8", message), path));
            String::from_utf8_lossy(error.as_bytes()).into_owned()
        });
        // Some programs of Windows begin every text with such a mark.
        let text = if text.starts_with('\u{feff}') { text.replacen('\u{feff}', " ", 1) } else { text };
        let first_line = text.trim_start().lines().next().unwrap_or_default();
        let is_lines = first_line.len() < text.trim().len() && formats::strict(first_line).is_ok();
        if !is_lines {
            match formats::strict(&text) {
                Ok(Cow::Borrowed(_)) => {
                    let batches = formats::batches_of_json(&text)?;
                    self.keep(text.into_bytes(), batches);
                    return Ok(());
                }
                Ok(Cow::Owned(strict)) => return self.add_strict(strict),
                Err(why) => {
                    if let Some(pieces) = concatenated(&text) {
                        return self.add_pieces(text, pieces, "document", path);
                    }
                    // The first of several lines may be the damaged one.
                    if !text.lines().skip(1).any(|line| formats::may_be_document(line.as_bytes())) {
                        return Err(why.into());
                    }
                }
            }
        }
        let lines = text.lines().map(|line| range(&text, line)).collect();
        self.add_pieces(text, lines, "line", path)
    }

    /// Adds JSON lines, or documents one behind another. Damaged ones cost one warning together.
    fn add_pieces(
        &mut self,
        text: String,
        pieces: Vec<Range<usize>>,
        noun: &str,
        path: Option<&Path>,
    ) -> Result<(), DocumentError> {
        let (mut kept, mut damaged, mut converted) = (Vec::new(), Vec::new(), Vec::new());
        let mut signal = None;
        for (at, piece) in pieces.into_iter().enumerate().filter(|(_, piece)| !text[piece.clone()].trim().is_empty()) {
            let read = formats::strict(&text[piece.clone()]).map_err(DocumentError::from);
            match read.and_then(|strict| Ok((formats::batches_of_json(&strict)?, strict))) {
                Ok((batches, Cow::Borrowed(_))) => {
                    kept.extend(batches.into_iter().map(|mut batch| {
                        batch.spans = batch.spans.into_iter().map(|place| place.behind(piece.start)).collect();
                        batch
                    }));
                }
                Ok((_, Cow::Owned(strict))) => converted.push(strict),
                Err(DocumentError::Signal(what)) => signal = Some(what),
                Err(why) => damaged.push((at + 1, why)),
            }
        }
        if kept.is_empty() && converted.is_empty() {
            if let Some(signal) = signal {
                return Err(DocumentError::Signal(signal));
            }
            return Err(damaged.into_iter().next().map_or_else(|| "no line of it".to_owned().into(), |(_, why)| why));
        }
        if let Some((first, why)) = damaged.first() {
            let message = match damaged.len() {
                1 => format!("{noun} {first} cannot be read: {why}"),
                count => format!("{count} {noun}s cannot be read, the first is {first}: {why}"),
            };
            self.problems.push(at(Problem::new("damaged_line", message), path));
        }
        self.keep(text.into_bytes(), kept);
        converted.into_iter().try_for_each(|strict| self.add_strict(strict))
    }

    fn add_strict(&mut self, text: String) -> Result<(), DocumentError> {
        let batches = formats::batches_of_json(&text)?;
        self.keep(text.into_bytes(), batches);
        Ok(())
    }

    fn keep(&mut self, bytes: Vec<u8>, batches: Vec<SpanBatch>) {
        let number = self.bytes.len();
        self.bytes.push(bytes);
        self.batches.extend(batches.into_iter().map(|batch| (number, batch)));
    }
}

/// The byte ranges of concatenated values, which may span several lines each; `None` where the text is something else.
fn concatenated(text: &str) -> Option<Vec<Range<usize>>> {
    let values = serde_json::Deserializer::from_str(text).into_iter::<&RawValue>();
    values.map(|value| value.ok().map(|raw| range(text, raw.get()))).collect()
}

/// The byte range of a part of a text.
fn range(text: &str, part: &str) -> Range<usize> {
    let start = part.as_ptr() as usize - text.as_ptr() as usize;
    start..start + part.len()
}

fn at(problem: Problem, path: Option<&Path>) -> Problem {
    match path {
        Some(path) => problem.at(path),
        None => problem,
    }
}

/// Whether a file that was named is worth reading as a document: it begins like one, or is JSON at all.
pub(in crate::store) fn may_be_document(path: &Path) -> bool {
    let is_json = |head: &[u8]| matches!(head.trim_ascii_start().first(), Some(b'{' | b'['));
    head(path).is_ok_and(|head| is_json(&head) || formats::may_be_document(&head))
}

/// Whether a folder holds a file that may be a document; if not, the commands that open the stores of MLflow in it.
///
/// # Errors
/// There is no such file.
pub(in crate::store) fn holds_documents(path: &Path) -> Result<(), Vec<String>> {
    let folder = Folder::list(path);
    let is_document = |path: &PathBuf| head(path).is_ok_and(|head| formats::may_be_document(&head));
    if folder.files.iter().any(is_document) {
        return Ok(());
    }
    Err(folder.stores.iter().map(|store| opening(store)).collect())
}

/// The beginning of a file, unpacked.
fn head(path: &Path) -> io::Result<Vec<u8>> {
    let mut head = Vec::with_capacity(HEAD_BYTES);
    std::fs::File::open(path)?.take(HEAD_BYTES as u64).read_to_end(&mut head)?;
    if !head.starts_with(&GZIP) {
        return Ok(head);
    }
    let mut unpacked = Vec::with_capacity(HEAD_BYTES);
    // The packed bytes end in the middle, which is an error behind what could be unpacked.
    let _ = MultiGzDecoder::new(&*head).take(HEAD_BYTES as u64).read_to_end(&mut unpacked);
    Ok(unpacked)
}

/// The bytes; unpacked, where they are packed, if they come to at most `most`.
fn unpacked(bytes: Vec<u8>, most: u64) -> io::Result<Vec<u8>> {
    if bytes.starts_with(&GZIP) { bytes_of(MultiGzDecoder::new(&*bytes), most) } else { Ok(bytes) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write as _;

    #[test]
    fn a_few_packed_bytes_do_not_become_very_many() {
        let mut writer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        writer.write_all(&[b' '; 10_000]).unwrap();
        let packed = writer.finish().unwrap();
        assert!(packed.len() < 100);
        assert_eq!(unpacked(packed.clone(), 10_000).unwrap().len(), 10_000);
        let why = unpacked(packed, 9_999).unwrap_err().to_string();
        assert_eq!(why, "it has more than 9999 bytes, which is the limit");
    }

    #[test]
    fn all_documents_of_a_folder_together_are_bounded() {
        let documents = Documents { bytes: vec![vec![0; 6], vec![0; 3]], ..Documents::default() };
        assert!(documents.within_room(vec![0; 1], 10).is_ok());
        let why = documents.within_room(vec![0; 2], 10).unwrap_err().to_string();
        assert_eq!(why, "the documents of the folder have more than 10 bytes, which is the limit");
    }
}
