//! Makes Ctrl-Z stop the program only between reads. If stopped during a read, it would keep SQLite's lock, and MLflow
//! could not write until it continues.

use crate::signals;
use crate::store::thread_limit;
use std::sync::{Once, OnceLock, PoisonError, RwLock, RwLockReadGuard};
use std::time::{Duration, Instant};

/// Each read holds a shared lock. A thread with the exclusive lock knows that no read is open on any connection.
static READS: RwLock<()> = RwLock::new(());

/// Time after the first read before the thread that waits for Ctrl-Z is started. Shorter commands end before
/// anyone could press it.
const WATCH_AFTER: Duration = Duration::from_millis(5);

/// Begins a read, which lasts until the guard is dropped. Do not call it within a read.
pub(super) fn begin_read() -> RwLockReadGuard<'static, ()> {
    static FIRST: OnceLock<Instant> = OnceLock::new();
    if FIRST.get_or_init(Instant::now).elapsed() > WATCH_AFTER {
        watch_for_stop();
    }
    READS.read().unwrap_or_else(PoisonError::into_inner)
}

/// Starts the thread that waits for Ctrl-Z, once.
fn watch_for_stop() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        if thread_limit::spare_threads() > 0 {
            signals::on_suspend(|| {
                // Waits for open reads, and blocks new ones until the program continues.
                let _no_reads = READS.write();
                signals::suspend();
            });
        }
    });
}
