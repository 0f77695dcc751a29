//! Brings a copy of a database to its last whole transaction, as SQLite does when it opens one that a writer left behind.
//!
//! SQLite does it with files that have names, and a process that is killed meanwhile leaves them; a copy without a name
//! leaves nothing. The formats are those of <https://www.sqlite.org/fileformat2.html>, sections 3 and 4.

use crate::limits;
use std::fs::File;
use std::io::{Error, ErrorKind, Read, Result, Seek, SeekFrom, Write};

/// Bytes of the header of a `-wal` file, and of each of its frames.
const WAL_HEADER: usize = 32;
const FRAME_HEADER: usize = 24;

/// How a `-wal` file begins; the lowest bit is set where its checksums are of big-endian numbers.
const WAL_MAGIC: u32 = 0x377f_0682;

/// How each part of a `-journal` file begins, and how one ends that belongs to several databases.
const JOURNAL_MAGIC: [u8; 8] = [0xd9, 0xd5, 0x05, 0xf9, 0x20, 0xa1, 0x63, 0xd7];

/// Where the header of a database has the versions that a writer and a reader need: 2 means that there is a `-wal` file.
const VERSIONS: u64 = 18;

/// A copy of a database, in a file or in memory.
pub(super) trait DatabaseImage {
    /// Writes bytes at a place, behind the end too.
    fn write_at(&mut self, at: u64, bytes: &[u8]) -> Result<()>;

    /// Its size in bytes.
    fn size(&mut self) -> Result<u64>;

    /// Cuts it, or fills it up with zeros.
    fn resize(&mut self, size: u64) -> Result<()>;
}

impl DatabaseImage for File {
    fn write_at(&mut self, at: u64, bytes: &[u8]) -> Result<()> {
        self.seek(SeekFrom::Start(at))?;
        self.write_all(bytes)
    }

    fn size(&mut self) -> Result<u64> {
        self.seek(SeekFrom::End(0))
    }

    fn resize(&mut self, size: u64) -> Result<()> {
        self.set_len(size)
    }
}

impl DatabaseImage for Vec<u8> {
    fn write_at(&mut self, at: u64, bytes: &[u8]) -> Result<()> {
        let end = at + bytes.len() as u64;
        if (self.len() as u64) < end {
            DatabaseImage::resize(self, end)?;
        }
        self[at as usize..end as usize].copy_from_slice(bytes);
        Ok(())
    }

    fn size(&mut self) -> Result<u64> {
        Ok(self.len() as u64)
    }

    /// # Errors
    /// When it would be larger than any copy may be: a damaged page number is one.
    fn resize(&mut self, size: u64) -> Result<()> {
        if size > limits::COPY_IN_MEMORY_BYTES {
            return Err(Error::new(ErrorKind::InvalidData, "a page lies far behind the end of the database"));
        }
        Self::resize(self, size as usize, 0);
        Ok(())
    }
}

/// Takes the committed pages of a `-wal` file into a copy of its database.
///
/// # Errors
/// When either cannot be read or written.
pub(super) fn replay_wal(copy: &mut impl DatabaseImage, wal: &mut File) -> Result<()> {
    let mut header = [0; WAL_HEADER];
    // A file that is shorter, or whose header is damaged, holds no transaction.
    if let Some(mut frames) = fill(wal, &mut header)?.then(|| WalFrames::of(&header)).flatten() {
        let (mut count, mut committed, mut pages) = (0_u64, 0, 0);
        let mut page = vec![0; frames.page_size];
        while let Some(frame) = frames.next(wal, &mut page)? {
            count += 1;
            if frame.pages_after_commit > 0 {
                (committed, pages) = (count, frame.pages_after_commit);
            }
        }
        wal.seek(SeekFrom::Start(WAL_HEADER as u64))?;
        let mut header = [0; FRAME_HEADER];
        for _ in 0..committed {
            wal.read_exact(&mut header)?;
            wal.read_exact(&mut page)?;
            write_page(copy, number(&header, 0), &page)?;
        }
        if committed > 0 {
            copy.resize(u64::from(pages) * page.len() as u64)?;
        }
    }
    if copy.size()? > VERSIONS { copy.write_at(VERSIONS, &[1, 1]) } else { Ok(()) }
}

/// The frames of a `-wal` file, as far as they are whole.
struct WalFrames {
    page_size: usize,
    is_big_endian: bool,
    salt: [u8; 8],
    sum: [u32; 2],
}

/// One page of a `-wal` file.
struct WalFrame {
    /// The size of the database in pages, where a transaction ends with this page; else 0.
    pages_after_commit: u32,
}

impl WalFrames {
    /// Reads the header; `None` where it is damaged.
    fn of(header: &[u8; WAL_HEADER]) -> Option<Self> {
        let magic = number(header, 0);
        let page_size = page_size(number(header, 8)).filter(|_| magic & !1 == WAL_MAGIC)?;
        let mut salt = [0; 8];
        salt.copy_from_slice(&header[16..24]);
        let mut frames = Self { page_size, is_big_endian: magic & 1 == 1, salt, sum: [0, 0] };
        frames.add(&header[..24]);
        (frames.sum == [number(header, 24), number(header, 28)]).then_some(frames)
    }

    /// The next frame, and its page; `None` at the end, or where one was not written whole or belongs to an earlier round.
    fn next(&mut self, wal: &mut File, page: &mut [u8]) -> Result<Option<WalFrame>> {
        let mut header = [0; FRAME_HEADER];
        if !fill(wal, &mut header)? || !fill(wal, page)? {
            return Ok(None);
        }
        self.add(&header[..8]);
        self.add(page);
        let is_whole = header[8..16] == self.salt
            && self.sum == [number(&header, 16), number(&header, 20)]
            && number(&header, 0) > 0;
        Ok(is_whole.then(|| WalFrame { pages_after_commit: number(&header, 4) }))
    }

    /// Adds to the checksum, which is over all that comes before.
    fn add(&mut self, bytes: &[u8]) {
        let [mut first, mut second] = self.sum;
        let read = if self.is_big_endian { u32::from_be_bytes } else { u32::from_le_bytes };
        for pair in bytes.chunks_exact(8) {
            first = first.wrapping_add(read([pair[0], pair[1], pair[2], pair[3]])).wrapping_add(second);
            second = second.wrapping_add(read([pair[4], pair[5], pair[6], pair[7]])).wrapping_add(first);
        }
        self.sum = [first, second];
    }
}

/// Puts the pages that a `-journal` file has kept back into a copy of its database.
///
/// # Errors
/// When either cannot be read or written, or when the transaction is one over several databases.
pub(super) fn roll_back(copy: &mut impl DatabaseImage, journal: &mut File) -> Result<()> {
    let size = journal.seek(SeekFrom::End(0))?;
    if ends_with_magic(journal, size)? {
        return Err(Error::new(ErrorKind::Unsupported, "its unfinished transaction is one over several databases"));
    }
    let mut at = 0;
    while let Some(part) = JournalSegment::read(journal, at, size)? {
        if at == 0 {
            copy.resize(u64::from(part.pages_before) * part.page_size as u64)?;
        }
        let mut record = vec![0; part.page_size + 8];
        for _ in 0..part.records {
            if !fill(journal, &mut record)? {
                return Ok(());
            }
            let (page, sum) = record[4..].split_at(part.page_size);
            let number_of_page = number(&record, 0);
            // What follows was not written whole, so the database does not have what it would undo.
            if number_of_page == 0 || part.sum(page) != number(sum, 0) {
                return Ok(());
            }
            if number_of_page <= part.pages_before {
                write_page(copy, number_of_page, page)?;
            }
        }
        at = journal.stream_position()?.next_multiple_of(part.sector_size);
    }
    Ok(())
}

/// A part of a `-journal` file: a header in a sector of its own, and pages as they were.
struct JournalSegment {
    records: u64,
    nonce: u32,
    pages_before: u32,
    sector_size: u64,
    page_size: usize,
}

impl JournalSegment {
    /// Reads the header at a place; `None` where there is none.
    fn read(journal: &mut File, at: u64, size: u64) -> Result<Option<Self>> {
        let mut header = [0; 28];
        journal.seek(SeekFrom::Start(at))?;
        if !fill(journal, &mut header)? || header[..8] != JOURNAL_MAGIC {
            return Ok(None);
        }
        let sector_size = u64::from(number(&header, 20));
        let Some(page_size) = page_size(number(&header, 24)) else { return Ok(None) };
        if !sector_size.is_power_of_two() || !(32..=1 << 16).contains(&sector_size) {
            return Ok(None);
        }
        let begin = at + sector_size;
        journal.seek(SeekFrom::Start(begin))?;
        let records = match number(&header, 8) {
            // The writer was to fill it in at the end, and does not on some file systems.
            u32::MAX => size.saturating_sub(begin) / (page_size as u64 + 8),
            count => u64::from(count),
        };
        Ok(Some(Self {
            records,
            nonce: number(&header, 12),
            pages_before: number(&header, 16),
            sector_size,
            page_size,
        }))
    }

    /// The checksum of a page: every 200th byte from its end.
    fn sum(&self, page: &[u8]) -> u32 {
        let places = (1..page.len()).rev().skip(199).step_by(200);
        places.fold(self.nonce, |sum, at| sum.wrapping_add(u32::from(page[at])))
    }
}

fn ends_with_magic(journal: &mut File, size: u64) -> Result<bool> {
    let mut end = [0; 8];
    let Some(at) = size.checked_sub(8) else { return Ok(false) };
    journal.seek(SeekFrom::Start(at))?;
    Ok(fill(journal, &mut end)? && end == JOURNAL_MAGIC && size > 28)
}

fn write_page(copy: &mut impl DatabaseImage, number: u32, page: &[u8]) -> Result<()> {
    copy.write_at(u64::from(number.saturating_sub(1)) * page.len() as u64, page)
}

/// Fills a buffer; false where the file ends before.
fn fill(file: &mut File, buffer: &mut [u8]) -> Result<bool> {
    match file.read_exact(buffer) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == ErrorKind::UnexpectedEof => Ok(false),
        Err(error) => Err(error),
    }
}

/// A big-endian number.
fn number(bytes: &[u8], at: usize) -> u32 {
    u32::from_be_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
}

/// A size of pages that SQLite may use.
fn page_size(size: u32) -> Option<usize> {
    (size.is_power_of_two() && (512..=1 << 16).contains(&size)).then_some(size as usize)
}

#[cfg(test)]
mod tests;
