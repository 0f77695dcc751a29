//! Recovers a copy of a database to its last complete transaction, as SQLite does after a writer crashed.
//!
//! SQLite recovers only named files, which remain if the process is killed in the meantime; an unnamed copy leaves
//! nothing behind. The formats are specified in <https://www.sqlite.org/fileformat2.html>, sections 3 and 4.

use crate::limits;
use std::fs::File;
use std::io::{Error, ErrorKind, Read, Result, Seek, SeekFrom, Write};

/// Sizes in bytes of the header of a `-wal` file, and of the header of each frame.
const WAL_HEADER: usize = 32;
const FRAME_HEADER: usize = 24;

/// The magic number of a `-wal` file. The lowest bit is set if its checksums use big-endian numbers.
const WAL_MAGIC: u32 = 0x377f_0682;

/// The magic number of each segment of a `-journal` file. Also the end of a journal that is part of a transaction over
/// several databases.
const JOURNAL_MAGIC: [u8; 8] = [0xd9, 0xd5, 0x05, 0xf9, 0x20, 0xa1, 0x63, 0xd7];

/// The offset of the write and read versions in the header of a database: 1 for a rollback journal, 2 for WAL.
const VERSIONS_OFFSET: u64 = 18;

/// A copy of a database, in a file or in memory.
pub(super) trait DatabaseImage {
    /// Writes bytes at an offset, which may be beyond the end.
    fn write_at(&mut self, at: u64, bytes: &[u8]) -> Result<()>;

    /// Returns the size in bytes.
    fn size(&mut self) -> Result<u64>;

    /// Truncates it, or extends it with zeros.
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
    /// When it exceeds the maximum size of a copy, for example because of a damaged page number.
    fn resize(&mut self, size: u64) -> Result<()> {
        if size > limits::COPY_IN_MEMORY_BYTES {
            return Err(Error::new(ErrorKind::InvalidData, "a page is far beyond the end of the database"));
        }
        Self::resize(self, size as usize, 0);
        Ok(())
    }
}

/// Writes the committed pages of a `-wal` file to a copy of its database.
///
/// # Errors
/// When either cannot be read or written.
pub(super) fn replay_wal(copy: &mut impl DatabaseImage, wal: &mut File) -> Result<()> {
    let mut header = [0; WAL_HEADER];
    // A shorter file, or one with a damaged header, contains no transaction.
    if let Some(mut frames) = try_read_exact(wal, &mut header)?.then(|| WalFrames::from_header(&header)).flatten() {
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
            write_page(copy, read_u32(&header, 0), &page)?;
        }
        if committed > 0 {
            copy.resize(u64::from(pages) * page.len() as u64)?;
        }
    }
    if copy.size()? > VERSIONS_OFFSET { copy.write_at(VERSIONS_OFFSET, &[1, 1]) } else { Ok(()) }
}

/// Reads the complete frames of a `-wal` file.
struct WalFrames {
    page_size: usize,
    is_big_endian: bool,
    salt: [u8; 8],
    checksum: [u32; 2],
}

/// One page of a `-wal` file.
struct WalFrame {
    /// The size of the database in pages if a transaction ends with this frame, else 0.
    pages_after_commit: u32,
}

impl WalFrames {
    /// Parses the file header. `None` if it is damaged.
    fn from_header(header: &[u8; WAL_HEADER]) -> Option<Self> {
        let magic = read_u32(header, 0);
        let page_size = valid_page_size(read_u32(header, 8)).filter(|_| magic & !1 == WAL_MAGIC)?;
        let mut salt = [0; 8];
        salt.copy_from_slice(&header[16..24]);
        let mut frames = Self { page_size, is_big_endian: magic & 1 == 1, salt, checksum: [0, 0] };
        frames.update_checksum(&header[..24]);
        (frames.checksum == [read_u32(header, 24), read_u32(header, 28)]).then_some(frames)
    }

    /// Reads the next frame and its page. `None` at the end, or if the frame is incomplete or from before the last
    /// checkpoint.
    fn next(&mut self, wal: &mut File, page: &mut [u8]) -> Result<Option<WalFrame>> {
        let mut header = [0; FRAME_HEADER];
        if !try_read_exact(wal, &mut header)? || !try_read_exact(wal, page)? {
            return Ok(None);
        }
        self.update_checksum(&header[..8]);
        self.update_checksum(page);
        let is_whole = header[8..16] == self.salt
            && self.checksum == [read_u32(&header, 16), read_u32(&header, 20)]
            && read_u32(&header, 0) > 0;
        Ok(is_whole.then(|| WalFrame { pages_after_commit: read_u32(&header, 4) }))
    }

    /// Updates the checksum, which is cumulative.
    fn update_checksum(&mut self, bytes: &[u8]) {
        let [mut first, mut second] = self.checksum;
        let read = if self.is_big_endian { u32::from_be_bytes } else { u32::from_le_bytes };
        for pair in bytes.chunks_exact(8) {
            first = first.wrapping_add(read([pair[0], pair[1], pair[2], pair[3]])).wrapping_add(second);
            second = second.wrapping_add(read([pair[4], pair[5], pair[6], pair[7]])).wrapping_add(first);
        }
        self.checksum = [first, second];
    }
}

/// Restores the pages saved in a `-journal` file in a copy of its database.
///
/// # Errors
/// When either cannot be read or written, or when the transaction spans several databases.
pub(super) fn roll_back(copy: &mut impl DatabaseImage, journal: &mut File) -> Result<()> {
    let size = journal.seek(SeekFrom::End(0))?;
    if ends_with_magic(journal, size)? {
        return Err(Error::new(ErrorKind::Unsupported, "its unfinished transaction spans several databases"));
    }
    let mut at = 0;
    while let Some(segment) = JournalSegment::read(journal, at, size)? {
        if at == 0 {
            copy.resize(u64::from(segment.pages_before) * segment.page_size as u64)?;
        }
        let mut record = vec![0; segment.page_size + 8];
        for _ in 0..segment.records {
            if !try_read_exact(journal, &mut record)? {
                return Ok(());
            }
            let (page, sum) = record[4..].split_at(segment.page_size);
            let page_number = read_u32(&record, 0);
            // This record is incomplete, so the changes that the rest would undo never reached the database.
            if page_number == 0 || segment.checksum(page) != read_u32(sum, 0) {
                return Ok(());
            }
            if page_number <= segment.pages_before {
                write_page(copy, page_number, page)?;
            }
        }
        at = journal.stream_position()?.next_multiple_of(segment.sector_size);
    }
    Ok(())
}

/// A segment of a `-journal` file: a header in its own sector, and the original pages.
struct JournalSegment {
    records: u64,
    nonce: u32,
    pages_before: u32,
    sector_size: u64,
    page_size: usize,
}

impl JournalSegment {
    /// Reads the segment header at an offset. `None` if there is no header.
    fn read(journal: &mut File, at: u64, size: u64) -> Result<Option<Self>> {
        let mut header = [0; 28];
        journal.seek(SeekFrom::Start(at))?;
        if !try_read_exact(journal, &mut header)? || header[..8] != JOURNAL_MAGIC {
            return Ok(None);
        }
        let sector_size = u64::from(read_u32(&header, 20));
        let Some(page_size) = valid_page_size(read_u32(&header, 24)) else { return Ok(None) };
        if !sector_size.is_power_of_two() || !(32..=1 << 16).contains(&sector_size) {
            return Ok(None);
        }
        let start = at + sector_size;
        journal.seek(SeekFrom::Start(start))?;
        let records = match read_u32(&header, 8) {
            // On some file systems, the writer does not fill in the count.
            u32::MAX => size.saturating_sub(start) / (page_size as u64 + 8),
            count => u64::from(count),
        };
        Ok(Some(Self {
            records,
            nonce: read_u32(&header, 12),
            pages_before: read_u32(&header, 16),
            sector_size,
            page_size,
        }))
    }

    /// Computes the checksum of a page, over every 200th byte from its end.
    fn checksum(&self, page: &[u8]) -> u32 {
        let sampled = (1..page.len()).rev().skip(199).step_by(200);
        sampled.fold(self.nonce, |sum, at| sum.wrapping_add(u32::from(page[at])))
    }
}

fn ends_with_magic(journal: &mut File, size: u64) -> Result<bool> {
    let mut end = [0; 8];
    let Some(at) = size.checked_sub(8) else { return Ok(false) };
    journal.seek(SeekFrom::Start(at))?;
    Ok(try_read_exact(journal, &mut end)? && end == JOURNAL_MAGIC && size > 28)
}

fn write_page(copy: &mut impl DatabaseImage, number: u32, page: &[u8]) -> Result<()> {
    copy.write_at(u64::from(number.saturating_sub(1)) * page.len() as u64, page)
}

/// Fills a buffer. Returns false if the file ends before.
fn try_read_exact(file: &mut File, buffer: &mut [u8]) -> Result<bool> {
    match file.read_exact(buffer) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == ErrorKind::UnexpectedEof => Ok(false),
        Err(error) => Err(error),
    }
}

/// Reads a big-endian number at an offset.
fn read_u32(bytes: &[u8], at: usize) -> u32 {
    u32::from_be_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
}

/// Returns the page size if SQLite supports it.
fn valid_page_size(size: u32) -> Option<usize> {
    (size.is_power_of_two() && (512..=1 << 16).contains(&size)).then_some(size as usize)
}

#[cfg(test)]
mod tests;
