//! Reads and splits trace documents: a file, a folder of files, or standard input.

use super::folder::Folder;
use crate::files::{AllowedFolders, ReadFileError, read_all, read_named};
use crate::formats::{self, DocumentError, SpanBatch};
use crate::limits;
use crate::model::Problem;
use crate::store::error::StoreError;
use flate2::read::MultiGzDecoder;
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::io::{self, Read};
use std::ops::Range;
use std::path::{Path, PathBuf};

/// Magic number of gzip (RFC 1952).
const GZIP: [u8; 2] = [0x1f, 0x8b];

/// Bytes read to check whether a file may be a document.
const HEAD_BYTES: usize = 4 << 10;

/// Documents and their spans.
#[derive(Default)]
pub(super) struct Documents {
    /// Content of each document, decompressed.
    pub(super) bytes: Vec<Vec<u8>>,
    /// Spans in the documents, with the index of the document.
    pub(super) batches: Vec<(usize, SpanBatch)>,
    /// Documents and parts that could not be read.
    pub(super) problems: Vec<Problem>,
    /// Files read and skipped, if the source is a folder.
    pub(super) folder: Option<FileCounts>,
}

/// Files of a folder that were read or skipped.
#[derive(Default)]
pub(super) struct FileCounts {
    /// Number of files that were read.
    pub(super) read: usize,
    /// Skipped entries, with the reason.
    pub(super) skipped: Vec<(PathBuf, &'static str)>,
    /// MLflow stores in the folder.
    pub(super) stores: Vec<PathBuf>,
}

impl Documents {
    /// Reads a file, which must be a document.
    pub(super) fn from_file(path: &Path) -> Result<Self, StoreError> {
        let bytes = read_named(path, limits::FILE_BYTES)
            .and_then(|bytes| decompress(bytes, limits::UNPACKED_BYTES))
            .map_err(|source| StoreError::Unreadable { path: path.to_owned(), source })?;
        Self::from_bytes(bytes, Some(path))
    }

    /// Reads a stream, which has no path.
    pub(super) fn from_reader(reader: impl Read) -> Result<Self, StoreError> {
        let bytes = read_all(reader, limits::FILE_BYTES)
            .and_then(|bytes| decompress(bytes, limits::UNPACKED_BYTES))
            .map_err(StoreError::UnreadableStdin)?;
        Self::from_bytes(bytes, None)
    }

    fn from_bytes(bytes: Vec<u8>, path: Option<&Path>) -> Result<Self, StoreError> {
        let mut documents = Self::default();
        let is_empty = bytes.trim_ascii().is_empty();
        documents.add(bytes, path).map_err(|source| StoreError::NoTraces {
            path: path.map(Path::to_owned),
            is_empty,
            source,
        })?;
        Ok(documents)
    }

    /// Reads the documents in a folder, sorted by path. Other files are skipped.
    pub(super) fn from_folder(path: &Path) -> Self {
        let Folder { files, skipped, stores, is_truncated, unreadable } = Folder::list(path);
        let mut documents = Self { folder: Some(FileCounts { read: 0, skipped, stores }), ..Self::default() };
        for (path, error) in unreadable {
            let message = format!("cannot read a folder: {error}");
            documents.problems.push(Problem::new("unreadable_folder", message).at_path(&path));
        }
        if is_truncated {
            let message = "the folder has too many entries; only the first ones were read";
            documents.problems.push(Problem::new("skipped_files", message).at_path(path));
        }
        let allowed = AllowedFolders::new([path]);
        for path in files {
            documents.add_file(&path, &allowed);
        }
        documents
    }

    /// Adds a file of a folder, if it looks like a document.
    fn add_file(&mut self, path: &Path, allowed: &AllowedFolders) {
        let problem = match head(path) {
            Ok(head) if !formats::may_be_document(&head) => {
                if let Some(folder) = &mut self.folder {
                    folder.skipped.push((path.to_owned(), "no traces"));
                }
                return;
            }
            Ok(_) => {
                let read =
                    allowed.read(path, limits::FILE_BYTES).and_then(|bytes| decompress(bytes, limits::UNPACKED_BYTES));
                let added = read
                    .map_err(|error| error.to_string())
                    .and_then(|bytes| self.within_limit(bytes, limits::DOCUMENTS_BYTES))
                    .map_err(DocumentError::from)
                    .and_then(|bytes| self.add(bytes, Some(path)));
                match (added, &mut self.folder) {
                    (Ok(()), Some(folder)) => {
                        folder.read += 1;
                        return;
                    }
                    (Ok(()), None) => return,
                    (Err(DocumentError::Signal(content)), Some(folder)) => {
                        folder.skipped.push((path.to_owned(), content));
                        return;
                    }
                    (Err(reason), _) => {
                        Problem::new("damaged_document", format!("cannot read a trace document: {reason}"))
                    }
                }
            }
            Err(error) => Problem::new("unreadable_file", format!("cannot read a file: {error}")),
        };
        self.problems.push(problem.at_path(path));
    }

    /// Returns the bytes of a further document unless all documents together exceed the limit.
    fn within_limit(&self, bytes: Vec<u8>, max_bytes: u64) -> Result<Vec<u8>, String> {
        let total: u64 = self.bytes.iter().map(|bytes| bytes.len() as u64).sum();
        if total + bytes.len() as u64 <= max_bytes {
            return Ok(bytes);
        }
        Err(format!("the documents of the folder exceed the limit of {max_bytes} bytes"))
    }

    /// Adds a document. Returns an error if none of it can be read; damaged parts are added to the problems.
    fn add(&mut self, bytes: Vec<u8>, path: Option<&Path>) -> Result<(), DocumentError> {
        if bytes.first() == Some(&0x0a) {
            match formats::batches_from_bytes(&bytes) {
                Ok(batches) => {
                    self.push(bytes, batches);
                    return Ok(());
                }
                Err(signal @ DocumentError::Signal(_)) => return Err(signal),
                // JSON text may start with an empty line.
                Err(_) => {}
            }
        }
        if !bytes.trim_ascii_start().starts_with(b"{") && !matches!(bytes.first(), Some(b'[' | 0xef)) {
            return Err(DocumentError::Other("neither JSON nor binary OTLP".to_owned()));
        }
        let text = String::from_utf8(bytes).unwrap_or_else(|error| {
            let message = "a document contains invalid UTF-8, which is shown as U+FFFD";
            self.problems.push(with_path(Problem::new("not_utf8", message), path));
            String::from_utf8_lossy(error.as_bytes()).into_owned()
        });
        // Some Windows programs start text files with a byte order mark.
        let text = if text.starts_with('\u{feff}') { text.replacen('\u{feff}', " ", 1) } else { text };
        let first_line = text.trim_start().lines().next().unwrap_or_default();
        let is_lines = first_line.len() < text.trim().len() && formats::strict_json(first_line).is_ok();
        if !is_lines {
            match formats::strict_json(&text) {
                Ok(Cow::Borrowed(_)) => {
                    let batches = formats::batches_from_json(&text)?;
                    self.push(text.into_bytes(), batches);
                    return Ok(());
                }
                Ok(Cow::Owned(json)) => return self.add_strict(json),
                Err(reason) => {
                    if let Some(pieces) = split_concatenated(&text) {
                        return self.add_pieces(text, pieces, "document", path);
                    }
                    // JSON lines of which the first is damaged.
                    if !text.lines().skip(1).any(|line| formats::may_be_document(line.as_bytes())) {
                        return Err(reason.into());
                    }
                }
            }
        }
        let lines = text.lines().map(|line| subrange(&text, line)).collect();
        self.add_pieces(text, lines, "line", path)
    }

    /// Adds JSON lines or concatenated JSON values. Reports all damaged ones in one problem.
    fn add_pieces(
        &mut self,
        text: String,
        pieces: Vec<Range<usize>>,
        noun: &str,
        path: Option<&Path>,
    ) -> Result<(), DocumentError> {
        let (mut all_batches, mut damaged, mut converted) = (Vec::new(), Vec::new(), Vec::new());
        let mut signal = None;
        for (at, piece) in pieces.into_iter().enumerate().filter(|(_, piece)| !text[piece.clone()].trim().is_empty()) {
            let read = formats::strict_json(&text[piece.clone()]).map_err(DocumentError::from);
            match read.and_then(|json| Ok((formats::batches_from_json(&json)?, json))) {
                Ok((batches, Cow::Borrowed(_))) => {
                    all_batches.extend(batches.into_iter().map(|mut batch| {
                        batch.spans =
                            batch.spans.into_iter().map(|location| location.shifted_by(piece.start)).collect();
                        batch
                    }));
                }
                Ok((_, Cow::Owned(json))) => converted.push(json),
                Err(DocumentError::Signal(content)) => signal = Some(content),
                Err(reason) => damaged.push((at + 1, reason)),
            }
        }
        if all_batches.is_empty() && converted.is_empty() {
            if let Some(signal) = signal {
                return Err(DocumentError::Signal(signal));
            }
            return Err(damaged
                .into_iter()
                .next()
                .map_or_else(|| "no readable line".to_owned().into(), |(_, reason)| reason));
        }
        if let Some((first, reason)) = damaged.first() {
            let message = match damaged.len() {
                1 => format!("{noun} {first} cannot be read: {reason}"),
                count => format!("{count} {noun}s cannot be read, the first is {first}: {reason}"),
            };
            self.problems.push(with_path(Problem::new("damaged_line", message), path));
        }
        self.push(text.into_bytes(), all_batches);
        converted.into_iter().try_for_each(|json| self.add_strict(json))
    }

    fn add_strict(&mut self, text: String) -> Result<(), DocumentError> {
        let batches = formats::batches_from_json(&text)?;
        self.push(text.into_bytes(), batches);
        Ok(())
    }

    fn push(&mut self, bytes: Vec<u8>, batches: Vec<SpanBatch>) {
        let document = self.bytes.len();
        self.bytes.push(bytes);
        self.batches.extend(batches.into_iter().map(|batch| (document, batch)));
    }
}

/// Returns the byte ranges of concatenated JSON values; `None` if the text is anything else.
fn split_concatenated(text: &str) -> Option<Vec<Range<usize>>> {
    let values = serde_json::Deserializer::from_str(text).into_iter::<&RawValue>();
    values.map(|value| value.ok().map(|raw| subrange(text, raw.get()))).collect()
}

/// Returns the byte range of a slice of a text.
fn subrange(text: &str, part: &str) -> Range<usize> {
    let start = part.as_ptr() as usize - text.as_ptr() as usize;
    start..start + part.len()
}

fn with_path(problem: Problem, path: Option<&Path>) -> Problem {
    match path {
        Some(path) => problem.at_path(path),
        None => problem,
    }
}

/// Whether a file may be a document: it starts like one, or is JSON.
pub(in crate::store) fn may_be_document(path: &Path) -> bool {
    let is_json = |head: &[u8]| matches!(head.trim_ascii_start().first(), Some(b'{' | b'['));
    head(path).is_ok_and(|head| is_json(&head) || formats::may_be_document(&head))
}

/// Checks that a folder contains a file that may be a document.
///
/// # Errors
/// If there is none: the absolute paths of the MLflow stores in the folder.
pub(in crate::store) fn holds_documents(path: &Path) -> Result<(), Vec<PathBuf>> {
    let folder = Folder::list(path);
    let is_document = |path: &PathBuf| head(path).is_ok_and(|head| formats::may_be_document(&head));
    if folder.files.iter().any(is_document) {
        return Ok(());
    }
    Err(folder.stores.into_iter().map(|store| std::path::absolute(&store).unwrap_or(store)).collect())
}

/// Reads the first bytes of a file, decompressed.
fn head(path: &Path) -> io::Result<Vec<u8>> {
    let mut head = Vec::with_capacity(HEAD_BYTES);
    std::fs::File::open(path)?.take(HEAD_BYTES as u64).read_to_end(&mut head)?;
    if !head.starts_with(&GZIP) {
        return Ok(head);
    }
    let mut unpacked = Vec::with_capacity(HEAD_BYTES);
    // The error is expected: the compressed data is truncated.
    let _ = MultiGzDecoder::new(&*head).take(HEAD_BYTES as u64).read_to_end(&mut unpacked);
    Ok(unpacked)
}

/// Decompresses gzip data to at most `max_bytes`; returns other data unchanged.
fn decompress(bytes: Vec<u8>, max_bytes: u64) -> Result<Vec<u8>, ReadFileError> {
    if bytes.starts_with(&GZIP) { read_all(MultiGzDecoder::new(&*bytes), max_bytes) } else { Ok(bytes) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write as _;

    #[test]
    fn decompressed_size_is_limited() {
        let mut writer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        writer.write_all(&[b' '; 10_000]).unwrap();
        let compressed = writer.finish().unwrap();
        assert!(compressed.len() < 100);
        assert_eq!(decompress(compressed.clone(), 10_000).unwrap().len(), 10_000);
        let reason = decompress(compressed, 9_999).unwrap_err().to_string();
        assert_eq!(reason, "larger than the limit of 9999 bytes");
    }

    #[test]
    fn total_size_of_documents_is_limited() {
        let documents = Documents { bytes: vec![vec![0; 6], vec![0; 3]], ..Documents::default() };
        assert!(documents.within_limit(vec![0; 1], 10).is_ok());
        let reason = documents.within_limit(vec![0; 2], 10).unwrap_err();
        assert_eq!(reason, "the documents of the folder exceed the limit of 10 bytes");
    }
}
