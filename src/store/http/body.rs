//! Response bodies, and the memory that all of them may take together.

use super::mask::CredentialMask;
use crate::limits;
use flate2::read::MultiGzDecoder;
use std::io::Read;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Bytes read between two checks of the limits.
const CHUNK_BYTES: u64 = 256 << 10;

/// Total bytes of the response bodies in memory.
#[derive(Debug, Default)]
pub(super) struct MemoryBudget(AtomicU64);

/// Part of the budget that one reader uses; returned when dropped.
#[derive(Debug)]
pub(super) struct BudgetShare {
    budget: Arc<MemoryBudget>,
    bytes: u64,
    /// Whether it may exceed the budget. Only one such share may be in use at a time.
    is_unlimited: bool,
}

impl BudgetShare {
    /// Returns a share for one of several concurrent readers.
    pub(super) fn limited(budget: &Arc<MemoryBudget>) -> Self {
        Self { budget: Arc::clone(budget), bytes: 0, is_unlimited: false }
    }

    /// Returns a share for a sole reader, which is not bound by the budget.
    pub(super) fn unlimited(budget: &Arc<MemoryBudget>) -> Self {
        Self { budget: Arc::clone(budget), bytes: 0, is_unlimited: true }
    }

    /// Charges more bytes. Returns false if they exceed the budget.
    fn grow(&mut self, bytes: u64) -> bool {
        self.bytes += bytes;
        let others = self.budget.0.fetch_add(bytes, Ordering::Relaxed);
        self.is_unlimited || others + bytes <= limits::CONCURRENT_RESPONSES_BYTES
    }

    fn shrink_to(&mut self, bytes: u64) {
        let spare = self.bytes.saturating_sub(bytes);
        self.bytes -= spare;
        self.budget.0.fetch_sub(spare, Ordering::Relaxed);
    }
}

impl Drop for BudgetShare {
    fn drop(&mut self) {
        self.shrink_to(0);
    }
}

/// Why a body was not read to its end.
#[derive(Debug)]
pub(super) enum BodyReadError {
    /// Larger than this many bytes.
    TooLong(u64),
    /// Decompresses to more than this many bytes.
    TooLongUnpacked(u64),
    /// The budget shared with concurrent reads is used up.
    OverBudget,
    Failed(ureq::Error),
}

/// Reads a body of at most `max_bytes` bytes. A compressed body has a lower limit: a kilobyte may decompress to a
/// megabyte. On an error, the share is reset to its previous size.
pub(super) fn read(
    body: impl Read,
    is_gzip: bool,
    max_bytes: u64,
    share: &mut BudgetShare,
) -> Result<Vec<u8>, BodyReadError> {
    let before = share.bytes;
    let read = if is_gzip {
        let max_bytes = max_bytes.min(limits::UNPACKED_RESPONSE_BYTES);
        read_at_most(MultiGzDecoder::new(body), max_bytes, share).map_err(|reason| match reason {
            BodyReadError::TooLong(max_bytes) => BodyReadError::TooLongUnpacked(max_bytes),
            reason => reason,
        })
    } else {
        read_at_most(body, max_bytes, share)
    };
    if read.is_err() {
        share.shrink_to(before);
    }
    read
}

fn read_at_most(mut body: impl Read, max_bytes: u64, share: &mut BudgetShare) -> Result<Vec<u8>, BodyReadError> {
    let mut bytes = Vec::new();
    loop {
        let read = body
            .by_ref()
            .take(CHUNK_BYTES)
            .read_to_end(&mut bytes)
            .map_err(|error| BodyReadError::Failed(error.into()))? as u64;
        if bytes.len() as u64 > max_bytes {
            return Err(BodyReadError::TooLong(max_bytes));
        }
        if !share.grow(read) {
            return Err(BodyReadError::OverBudget);
        }
        if read < CHUNK_BYTES {
            return Ok(bytes);
        }
    }
}

/// Reads the first 64 KiB of a body, which suffice for an error message.
pub(super) fn read_prefix(body: impl Read, is_gzip: bool) -> Result<Vec<u8>, BodyReadError> {
    let mut bytes = Vec::new();
    let max_bytes = 64 << 10;
    let read = if is_gzip {
        MultiGzDecoder::new(body).take(max_bytes).read_to_end(&mut bytes)
    } else {
        body.take(max_bytes).read_to_end(&mut bytes)
    };
    read.map(|_| bytes).map_err(|error| BodyReadError::Failed(error.into()))
}

/// A response body, with its share of the budget unless another owner holds that.
pub(super) struct Body {
    bytes: Vec<u8>,
    mask: Arc<CredentialMask>,
    share: Option<BudgetShare>,
}

impl Body {
    pub(super) fn new(bytes: Vec<u8>, mask: &Arc<CredentialMask>) -> Self {
        Self { bytes, mask: Arc::clone(mask), share: None }
    }

    /// Holds a share for the lifetime of the body.
    pub(super) fn hold_share(&mut self, share: BudgetShare) {
        self.share = Some(share);
    }

    /// Decodes the text, which is copied only if it is not UTF-8.
    ///
    /// # Errors
    /// The error of the decoder, with credentials masked.
    pub(super) fn decode<T>(&self, decode: impl FnOnce(&str) -> Result<T, String>) -> Result<T, String> {
        decode(&String::from_utf8_lossy(&self.bytes)).map_err(|reason| self.mask.apply_to_message(&reason))
    }

    pub(super) fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn share(budget: &Arc<MemoryBudget>) -> BudgetShare {
        BudgetShare::limited(budget)
    }

    fn zeros(bytes: u64) -> impl Read {
        std::io::repeat(b'0').take(bytes)
    }

    fn compressed(bytes: u64) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        std::io::copy(&mut zeros(bytes), &mut encoder).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn a_body_is_read_up_to_its_limit() {
        let budget = Arc::default();
        for (length, is_whole) in
            [(0, true), (1, true), (CHUNK_BYTES, true), (3 * CHUNK_BYTES, true), (3 * CHUNK_BYTES + 1, false)]
        {
            let read = read(zeros(length), false, 3 * CHUNK_BYTES, &mut share(&budget));
            assert_eq!(read.as_ref().is_ok_and(|bytes| bytes.len() as u64 == length), is_whole, "{length}");
            assert!(is_whole || matches!(read, Err(BodyReadError::TooLong(max_bytes)) if max_bytes == 3 * CHUNK_BYTES));
        }
        assert_eq!(budget.0.load(Ordering::Relaxed), 0);
    }

    #[test]
    fn a_compressed_body_has_its_own_limit() {
        let budget = Arc::default();
        let small = compressed(5 * CHUNK_BYTES + 7);
        assert_eq!(read(&*small, true, u64::MAX, &mut share(&budget)).unwrap().len() as u64, 5 * CHUNK_BYTES + 7);
        let reason = read(&*compressed(limits::UNPACKED_RESPONSE_BYTES + 1), true, u64::MAX, &mut share(&budget));
        assert!(matches!(reason, Err(BodyReadError::TooLongUnpacked(limits::UNPACKED_RESPONSE_BYTES))), "{reason:?}");
        assert!(matches!(read(&b"no gzip"[..], true, u64::MAX, &mut share(&budget)), Err(BodyReadError::Failed(_))));
        assert_eq!(budget.0.load(Ordering::Relaxed), 0);
    }

    #[test]
    fn bodies_share_one_budget() {
        let budget = Arc::default();
        let (mut first, mut second, mut alone) = (share(&budget), share(&budget), BudgetShare::unlimited(&budget));
        assert!(first.grow(limits::CONCURRENT_RESPONSES_BYTES - CHUNK_BYTES));
        assert!(matches!(read(zeros(2 * CHUNK_BYTES), false, u64::MAX, &mut second), Err(BodyReadError::OverBudget)));
        assert_eq!(
            (second.bytes, budget.0.load(Ordering::Relaxed)),
            (0, limits::CONCURRENT_RESPONSES_BYTES - CHUNK_BYTES)
        );
        assert!(read(zeros(2 * CHUNK_BYTES), false, u64::MAX, &mut alone).is_ok());
        drop((first, alone));
        assert!(read(zeros(2 * CHUNK_BYTES), false, u64::MAX, &mut second).is_ok());
        drop(second);
        assert_eq!(budget.0.load(Ordering::Relaxed), 0);
    }
}
