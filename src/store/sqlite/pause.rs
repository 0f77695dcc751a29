//! Ctrl-Z stops the program between two reads. Stopped within one it would go on holding SQLite's lock, and MLflow could not
//! write until it goes on.

use std::sync::{PoisonError, RwLock, RwLockReadGuard};

/// Every read holds it shared; whoever holds it alone knows that none is open, on any connection.
static READS: RwLock<()> = RwLock::new(());

/// Begins a read, which lasts as long as what is returned. Must not be called again within one.
pub(super) fn begin_read() -> RwLockReadGuard<'static, ()> {
    READS.read().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(not(unix))]
pub(super) const fn watch() {}

/// Has a thread of its own wait for Ctrl-Z (`SIGTSTP`). Where none can be had, or the signal is ignored by whoever started the
/// program, all stays as the system has it.
#[cfg(unix)]
pub(super) fn watch() {
    static ONCE: std::sync::Once = std::sync::Once::new();
    ONCE.call_once(|| {
        if !is_ignored() && crate::store::room::for_threads() > 0 {
            let _ = std::thread::Builder::new().stack_size(STACK_BYTES).spawn(wait);
        }
    });
}

/// The thread calls little, and its stack counts as address space.
#[cfg(unix)]
const STACK_BYTES: usize = 256 << 10;

#[cfg(unix)]
fn wait() {
    use signal_hook::{consts::SIGTSTP, iterator::Signals, low_level};
    let Ok(mut signals) = Signals::new([SIGTSTP]) else { return };
    for signal in signals.forever() {
        // Waits for reads that are open and keeps others from beginning, until the program goes on.
        let _none_is_open = READS.write();
        let _ = low_level::emulate_default_handler(signal);
    }
}

/// Whether the program was started with the signal ignored, which Linux says.
#[cfg(unix)]
fn is_ignored() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or_default();
    mask >> (signal_hook::consts::SIGTSTP - 1) & 1 == 1
}
