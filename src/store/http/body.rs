//! Bodies of answers, and the memory that all of them may take together.

use super::secret::CredentialMask;
use crate::limits;
use flate2::read::MultiGzDecoder;
use std::io::Read;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Bytes that are read between two looks at the limits.
const STEP: u64 = 256 << 10;

/// The bytes of all answers that are in memory.
#[derive(Debug, Default)]
pub(super) struct MemoryBudget(AtomicU64);

/// The part of the budget that one reader takes, given back when it is dropped.
#[derive(Debug)]
pub(super) struct BudgetShare {
    budget: Arc<MemoryBudget>,
    bytes: u64,
    /// Whether it may take more than the budget has: at most one share at a time that does not wait for others.
    may_exceed: bool,
}

impl BudgetShare {
    /// For one of several readers.
    pub(super) fn limited(budget: &Arc<MemoryBudget>) -> Self {
        Self { budget: Arc::clone(budget), bytes: 0, may_exceed: false }
    }

    /// For the only reader, whose answer has no limit but its own.
    pub(super) fn unlimited(budget: &Arc<MemoryBudget>) -> Self {
        Self { budget: Arc::clone(budget), bytes: 0, may_exceed: true }
    }

    /// Takes more; false where the budget is spent.
    fn grow(&mut self, bytes: u64) -> bool {
        self.bytes += bytes;
        let others = self.budget.0.fetch_add(bytes, Ordering::Relaxed);
        self.may_exceed || others + bytes <= limits::ANSWERS_BYTES
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
    /// It is longer than this.
    Long(u64),
    /// It was sent packed, and unpacks to more than this.
    Packed(u64),
    /// Others that are read at the same time take what all may take together.
    Crowded,
    Broken(ureq::Error),
}

/// Reads a body of at most `most` bytes, and fewer where it is packed: a kilobyte may unpack to a megabyte. What it takes
/// is given back to the share unless all of it was read.
pub(super) fn read(
    body: impl Read,
    is_packed: bool,
    most: u64,
    share: &mut BudgetShare,
) -> Result<Vec<u8>, BodyReadError> {
    let before = share.bytes;
    let read = if is_packed {
        let most = most.min(limits::UNPACKED_ANSWER_BYTES);
        read_at_most(MultiGzDecoder::new(body), most, share).map_err(|stop| match stop {
            BodyReadError::Long(most) => BodyReadError::Packed(most),
            stop => stop,
        })
    } else {
        read_at_most(body, most, share)
    };
    if read.is_err() {
        share.shrink_to(before);
    }
    read
}

fn read_at_most(mut body: impl Read, most: u64, share: &mut BudgetShare) -> Result<Vec<u8>, BodyReadError> {
    let mut bytes = Vec::new();
    loop {
        let read =
            body.by_ref().take(STEP).read_to_end(&mut bytes).map_err(|error| BodyReadError::Broken(error.into()))?
                as u64;
        if bytes.len() as u64 > most {
            return Err(BodyReadError::Long(most));
        }
        if !share.grow(read) {
            return Err(BodyReadError::Crowded);
        }
        if read < STEP {
            return Ok(bytes);
        }
    }
}

/// The beginning of a body: the message of a refusal needs no more.
pub(super) fn read_beginning(body: impl Read, is_packed: bool) -> Result<Vec<u8>, BodyReadError> {
    let mut bytes = Vec::new();
    let most = 64 << 10;
    let read = if is_packed {
        MultiGzDecoder::new(body).take(most).read_to_end(&mut bytes)
    } else {
        body.take(most).read_to_end(&mut bytes)
    };
    read.map(|_| bytes).map_err(|error| BodyReadError::Broken(error.into()))
}

/// The body of an answer, with the part of the budget that it takes where no other owner holds it.
pub(super) struct Body {
    bytes: Vec<u8>,
    mask: Arc<CredentialMask>,
    share: Option<BudgetShare>,
}

impl Body {
    pub(super) fn new(bytes: Vec<u8>, mask: &Arc<CredentialMask>) -> Self {
        Self { bytes, mask: Arc::clone(mask), share: None }
    }

    /// Keeps a share for as long as the body is there.
    pub(super) fn keep(&mut self, share: BudgetShare) {
        self.share = Some(share);
    }

    /// What a decoder makes of the text, which is copied only where it is not UTF-8.
    ///
    /// # Errors
    /// Why it makes nothing of it, without credentials.
    pub(super) fn decode<T>(&self, decode: impl FnOnce(&str) -> Result<T, String>) -> Result<T, String> {
        decode(&String::from_utf8_lossy(&self.bytes)).map_err(|why| self.mask.line(&why))
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

    fn packed(bytes: u64) -> Vec<u8> {
        let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        std::io::copy(&mut zeros(bytes), &mut packer).unwrap();
        packer.finish().unwrap()
    }

    #[test]
    fn a_body_is_read_up_to_its_limit() {
        let budget = Arc::default();
        for (length, is_whole) in [(0, true), (1, true), (STEP, true), (3 * STEP, true), (3 * STEP + 1, false)] {
            let read = read(zeros(length), false, 3 * STEP, &mut share(&budget));
            assert_eq!(read.as_ref().is_ok_and(|bytes| bytes.len() as u64 == length), is_whole, "{length}");
            assert!(is_whole || matches!(read, Err(BodyReadError::Long(most)) if most == 3 * STEP));
        }
        assert_eq!(budget.0.load(Ordering::Relaxed), 0);
    }

    #[test]
    fn a_packed_body_is_unpacked_up_to_a_limit_of_its_own() {
        let budget = Arc::default();
        let small = packed(5 * STEP + 7);
        assert_eq!(read(&*small, true, u64::MAX, &mut share(&budget)).unwrap().len() as u64, 5 * STEP + 7);
        let stop = read(&*packed(limits::UNPACKED_ANSWER_BYTES + 1), true, u64::MAX, &mut share(&budget));
        assert!(matches!(stop, Err(BodyReadError::Packed(limits::UNPACKED_ANSWER_BYTES))), "{stop:?}");
        assert!(matches!(read(&b"no gzip"[..], true, u64::MAX, &mut share(&budget)), Err(BodyReadError::Broken(_))));
        assert_eq!(budget.0.load(Ordering::Relaxed), 0);
    }

    #[test]
    fn bodies_share_one_budget() {
        let budget = Arc::default();
        let (mut first, mut second, mut alone) = (share(&budget), share(&budget), BudgetShare::unlimited(&budget));
        assert!(first.grow(limits::ANSWERS_BYTES - STEP));
        assert!(matches!(read(zeros(2 * STEP), false, u64::MAX, &mut second), Err(BodyReadError::Crowded)));
        assert_eq!((second.bytes, budget.0.load(Ordering::Relaxed)), (0, limits::ANSWERS_BYTES - STEP));
        assert!(read(zeros(2 * STEP), false, u64::MAX, &mut alone).is_ok());
        drop((first, alone));
        assert!(read(zeros(2 * STEP), false, u64::MAX, &mut second).is_ok());
        drop(second);
        assert_eq!(budget.0.load(Ordering::Relaxed), 0);
    }
}
